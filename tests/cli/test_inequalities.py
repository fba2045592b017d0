"""Inequalities on the command line: sentences, records, recheck, pages, the Lipschitz constant."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli import call

Capture = pytest.CaptureFixture[str]

SENTENCES = [
    ("relu", "concave", "box(-1, 1)", "but 0 < 1/2"),
    ("max", "lipschitz 1/3 in linf", "box(-1, 1)", "1/3 * ||x - y||_inf = 1/3 * 1 = 1/3, but 1 > 1/3"),
    ("max", "lipschitz 1/2 in l2", "box(-1, 1)", "(1/2 * ||x - y||_2)^2 = 1/4 * 1 = 1/4, but 1^2 = 1 > 1/4"),
    ("max", "nonincreasing in 1", "box(-1, 1)", "but 1 > 0"),
    ("relu", "superadditive", "all", "f(0) = 0 and f(1) + f(-1) = 1 + 0 = 1, but 0 < 1"),
]


@pytest.mark.parametrize(("network", "name", "region", "ending"), SENTENCES)
def test_a_refuted_inequality(
    network: str, name: str, region: str, ending: str, tmp_path: Path, capsys: Capture
) -> None:
    found = call(capsys, "check", network, name, "--on", region, "--report", tmp_path, "--json")
    assert (found.status, found.json["verdict"]) == (1, "refuted")
    assert found.json["counterexample"]["sentence"].endswith(ending)
    (record,) = tmp_path.glob("*.json")
    assert call(capsys, "recheck", record).status == 0
    (page,) = (p for p in tmp_path.glob("*.html") if p.name != "index.html")
    text = page.read_text(encoding="utf-8")
    assert "so the claim is false" in text
    assert "says that this is 0" not in text
    assert ("‖" in text) == name.startswith("lipschitz")


PROVED = [
    ("max", "convex", "box(-1, 1)"),
    ("relu", "subadditive", "all"),
    ("clip", "monotone in 0", "all"),
    ("clip", "lipschitz 1 in l2", "box(-9, 9)"),
    ("thread", "lipschitz 18 in linf", "all"),
    ("relu", "concave", "box(-3, -1)"),
]


@pytest.mark.parametrize(("network", "name", "region"), PROVED)
def test_a_proved_inequality(network: str, name: str, region: str, tmp_path: Path, capsys: Capture) -> None:
    found = call(capsys, "check", network, name, "--on", region, "--report", tmp_path)
    assert (found.status, found.err) == (0, "")
    (record,) = tmp_path.glob("*.json")
    assert call(capsys, "recheck", record).status == 0
    data = json.loads(record.read_text(encoding="utf-8"))
    data["property"] = {"convex": "concave", "subadditive": "superadditive"}.get(name, "nonincreasing in 0")
    record.write_text(json.dumps(data), encoding="utf-8")
    if region != "box(-3, -1)":
        assert call(capsys, "recheck", record).status == 4


def test_an_inequality_that_says_nothing(capsys: Capture) -> None:
    found = call(capsys, "check", "max", "monotone in 0", "--on", "segment([0, 0], [1, 1])", "--json")
    assert (found.status, found.json["vacuous"]) == (0, True)


def test_the_literal_query(capsys: Capture) -> None:
    found = call(capsys, "check", "max", "lipschitz 2 in l1", "--show-smt")
    assert found.status == 0
    assert "; lipschitz 2 in l1: |f(x) - f(y)| <= 2 ||x - y||_1" in found.out


@pytest.mark.parametrize(
    ("name", "message"),
    [("lipschitz 2", "lipschitz K in linf|l1|l2"), ("monotone in 7", "max has 2 inputs"), ("convexe", "'convex'")],
)
def test_names_that_do_not_fit(name: str, message: str, capsys: Capture) -> None:
    found = call(capsys, "check", "max", name)
    assert found.status == 2
    assert message in found.err


def test_the_lipschitz_constant(capsys: Capture) -> None:
    found = call(capsys, "lipschitz", "max", "--on", "box(-1, 1)")
    assert (found.status, found.err) == (0, "")
    assert found.out.startswith("Lipschitz constant  1  (L-infinity norm)\n")
    root = call(capsys, "lipschitz", "max", "--on", "segment([0, 0], [1, 1])", "--norm", "l2", "--json").json
    assert (root["lower"], root["upper"], root["exact"]) == ("sqrt(1/2)", "sqrt(1/2)", True)


def test_bounds_only_have_their_own_status(capsys: Capture) -> None:
    found = call(capsys, "lipschitz", "examples/digits_conv.onnx", "--on", "box(0, 1)", "--timeout", "1", "--json")
    assert found.status == 3
    assert found.json["exact"] is False
    assert "ran out" in found.json["reason"]


def test_an_unknown_norm(capsys: Capture) -> None:
    found = call(capsys, "lipschitz", "max", "--norm", "l7")
    assert found.status == 2
    assert "linf, l1, l2" in found.err
