"""``verify symbolic``: what it prints, its exit status, and that nothing typed reaches SymPy's parser."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

import verify
from verify.cli.run import run
from verify.network import Builder
from verify.network.builder import relu
from verify.symbolic import output


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    assert run(["symbolic", *arguments]) == 0
    return capsys.readouterr().out.splitlines()


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    form, check = lines(capsys, "leaky")
    assert form == "f(x) = Piecewise((x, x > 0), (x/10, True))"
    assert check.startswith("checked: equal to the network at ")
    assert check.endswith(" exact points, and by Z3 on the whole region")


def test_max_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "clip", "--form", "max")[0] == "f(x) = Min(6, Max(0, x))"


def test_derivation(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines(capsys, "identity_pair", "--form", "derivation")[:3] == [
        "pair[0]: Max(0, x0 - 2*x1) = h1    (a ReLU unit gets a name)",
        "pair[1]: Max(0, -x0 + 2*x1) = h1 - x0 + 2*x1    (the negative of an earlier unit: Max(0, -z) = Max(0, z) - z)",
        "output[0]: h1 - (h1 - x0 + 2*x1) = x0 - 2*x1    (the last layer, collected)",
    ]


def test_latex(capsys: pytest.CaptureFixture[str]) -> None:
    form, check = lines(capsys, "leaky", "--latex")
    assert form == (
        r"f{\left(x \right)} = \begin{cases} x & \text{for}\: x > 0 \\\frac{x}{10} & \text{otherwise} \end{cases}"
    )
    assert check.startswith("% checked: ")


@pytest.mark.parametrize("kind", ["max", "piecewise", "derivation"])
@pytest.mark.parametrize("name", ["thread", "maxpool", "clip"])
def test_mathml_is_well_formed(capsys: pytest.CaptureFixture[str], name: str, kind: str) -> None:
    *forms, check = lines(capsys, name, "--mathml", "--form", kind, "--on", "nonneg")
    for form in forms:
        root = ElementTree.fromstring(f"<p>{form}</p>")
        assert root[-1].tag == "{http://www.w3.org/1998/Math/MathML}math"
        assert "piecewise" not in form
    assert check.startswith("<!-- checked: ")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads("\n".join(lines(capsys, "max", "--json")))
    assert data["outputs"] == ["Piecewise((x0, x0 > x1), (x1, True))"]
    assert data["form"] == "piecewise"
    assert data["pieces"] == [2]
    assert data["checked"]["proved"] is True
    assert data["network"]["name"] == "max"


def test_too_many_pieces(capsys: pytest.CaptureFixture[str]) -> None:
    found = lines(capsys, "thread", "--pieces", "5")
    assert found[0] == "no Piecewise form: 16 pieces, more than 5; the Max form:"
    assert found[1].count("Max(0, ") == 4


def test_too_large(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["symbolic", "examples/digits_conv.onnx", "--on", "box(0, 1)"]) == 3
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "of the 456 ReLU of digits_conv may change side on box(0, 1)" in error


def test_out_of_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["symbolic", "zero_bias", "--timeout", "1e-9"]) == 3
    assert "the time budget" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["relu", "--form", "sum"], "--form sum: expected max, piecewise or derivation"),
        (["relu", "--latex", "--json"], "exclude one another"),
        (["relu", "--pieces", "0"], "--pieces 0: expected a whole number"),
        (["relu", "--pieces", "1e3"], "--pieces 1e3: expected a whole number"),
        (["relu", "--outputs", "7"], "output [7]"),
        (["relu", "--on", "__import__('os')"], "region"),
        (["no such"], "no network"),
    ],
)
def test_bad_input(capsys: pytest.CaptureFixture[str], arguments: list[str], message: str) -> None:
    assert run(["symbolic", *arguments]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("style", ["text", "latex", "mathml"])
def test_names_of_layers_do_no_harm(style: str) -> None:
    net = Builder((1,), "names")
    form = verify.symbolic_form(net.build(relu(net.input.named("a --> <b> %\x1b[31m\nc"))))
    (step, *_) = output.lines(form, "derivation", style)
    assert "\x1b" not in step
    assert "\n" not in step
    if style == "mathml":
        ElementTree.fromstring(f"<p>{step}</p>")
