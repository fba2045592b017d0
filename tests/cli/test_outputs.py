"""``--output`` and ``--to-output`` in every command that takes a network."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import onnx
import pytest

from tests.formats.onnx_models import model, node
from tests.support.cli import Called, call
from verify.web.server import Server

Capture = pytest.CaptureFixture[str]
PROPERTY = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (<= 0 X_0 1))(assert (>= Y_0 1.5))"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Outputs y = |x| and z = 2 |x|."""
    proto = model([node("Abs", "x"), node("Add", "y y", "z")], (1, 1), outputs=("y", "z"))
    onnx.save(proto, tmp_path / "net.onnx")
    (tmp_path / "p.vnnlib").write_text(PROPERTY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        ["check", "net.onnx", "affine", "--on", "box(0, 1)"],
        ["ask", "net.onnx", "f(x) >= 0 for x in box(0, 1)"],
        ["show", "net.onnx"],
        ["explain", "net.onnx", "--on", "box(0, 1)"],
        ["radius", "net.onnx", "--at", "1/2"],
        ["lipschitz", "net.onnx", "--on", "box(0, 1)"],
        ["pieces", "net.onnx", "--on", "box(0, 1)"],
        ["symbolic", "net.onnx", "--on", "box(0, 1)"],
        ["export", "net.onnx", "odd", "--on", "box(-1, 1)", "--smtlib", "odd.smt2"],
        ["simplify", "net.onnx", "--on", "box(0, 1)", "-o", "small.onnx"],
        ["init", "net.onnx", "--timeout", "1"],
        ["compare", "net.onnx", "net.onnx", "--to-output", "y", "--on", "box(0, 1)"],
        ["vnnlib", "net.onnx", "p.vnnlib"],
    ],
    ids=lambda command: command[0],
)
def test_every_command(command: list[str], here: Path, capsys: Capture) -> None:
    missing = call(capsys, *command)
    assert missing.status == 2 and "--output" in missing.err and "z" in missing.err
    wrong = call(capsys, *command, "--output", "nowhere")
    assert wrong.status == 2 and "nowhere" in wrong.err and wrong.err.count("\n") == 1
    found = call(capsys, *command, "--output", "z")
    assert (found.status, found.err) == (0 if command[0] != "vnnlib" else 1, "")


def test_compare_of_two_outputs(here: Path, capsys: Capture) -> None:
    words = ["compare", "net.onnx", "net.onnx", "--on", "box(0, 1)", "--output", "z"]
    assert "at least 1 (found)" in call(capsys, *words, "--to-output", "y").out
    assert "at most 0 (proved)" in call(capsys, *words, "--to-output", "z").out


def test_vnnlib_decides_for_the_output(here: Path, capsys: Capture) -> None:
    assert call(capsys, "vnnlib", "net.onnx", "p.vnnlib", "--output", "y").out.startswith("unsat")
    assert call(capsys, "vnnlib", "net.onnx", "p.vnnlib", "--output", "z").out.startswith("sat")
    found = call(capsys, "vnnlib", "net.onnx", "p.vnnlib", "--output", "y", "--output", "z")
    assert found.status == 2 and "2 outputs for 1 networks" in found.err


def test_first_claims_name_the_output(here: Path, capsys: Capture) -> None:
    assert call(capsys, "init", "net.onnx", "--timeout", "1", "--output", "z").status == 0
    assert 'output = "z"' in (here / "verify.toml").read_text()
    assert call(capsys, "gate", "verify.toml").status == 0


def test_shell(here: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    def piped(script: str, *options: str) -> Called:
        monkeypatch.setattr("sys.stdin", io.StringIO(script))
        return call(capsys, "shell", "net.onnx", *options)

    assert piped("f(3)").status == 2
    assert "no second network" in piped("f(3)", "--output", "z", "--to-output", "y").err
    both = ["--output", "z", "--to", "net.onnx", "--to-output", "y"]
    lines = ["f(3)", "g(3)", "f(x) == 2*g(x) for x in box(-1, 1)", "affine on box(0, 1)", "equivalent on box(1, 2)"]
    found = piped("\n".join([*lines, "show", "save s.toml"]), *both)
    assert (found.status, found.err) == (0, "") and found.out.startswith("6\n3\nPROVED")
    claims = tomllib.loads((here / "s.toml").read_text())["claim"]
    chosen = [(claim["output"], claim.get("to_output")) for claim in claims]
    assert chosen == [("z", "y"), ("z", None), ("z", "y")]
    assert call(capsys, "gate", "s.toml").status == 0
    # Another network has its own output.
    assert piped("network relu\nf(3)", "--output", "z").out.endswith("\n3\n")


def test_serve(here: Path, capsys: Capture) -> None:
    assert "of which network" in call(capsys, "serve", "--output", "z").err
    assert "--output" in call(capsys, "serve", "net.onnx").err
    assert "nowhere" in call(capsys, "serve", "net.onnx", "--output", "nowhere").err
    server = Server(0, "net.onnx", None, "z")
    try:
        desk = server.desks.new()
        assert (desk.given, desk.output) == ({"net.onnx": str(here / "net.onnx")}, "z")
    finally:
        server.close()
