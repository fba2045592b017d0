"""Where people run it: streams that are closed or know few characters, folders in the wrong place, pasted signs."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import PATIENCE, PROGRAM, call, environment
from verify.cli.run import run
from verify.cli.streams import usable_streams

Capture = pytest.CaptureFixture[str]
LONG = "ré_" + "a_very_long_name_" * 4 + "of_a_layer"
RELU = f'input = 1\n[[layer]]\ntype = "relu"\nname = "{LONG}"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nét.toml").write_text(RELU, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def shell(line: str, **extra: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line in which $V is the program."""
    script = f'V() {{ "{PROGRAM[0]}" -c "{PROGRAM[2]}" "$@"; }}; {line}'
    env = {**environment(), **extra}
    return subprocess.run(["bash", "-c", script], env=env, capture_output=True, timeout=PATIENCE, check=False)


def told(monkeypatch: pytest.MonkeyPatch, encoding: str, *arguments: str) -> tuple[int, str, str]:
    """Status and what was written to standard output and error in that encoding, as a process would begin."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        usable_streams()
        status = run(arguments)
        for stream in streams:
            stream.flush()
    out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)
    return status, out, err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "utf-16"])
@pytest.mark.parametrize("arguments", [("check", "nét.toml", "affine", "--on", "nonneg"), ("explain", "nét.toml")])
def test_encodings_of_standard_output(
    encoding: str, arguments: tuple[str, ...], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    status, out, err = told(monkeypatch, encoding, *arguments)
    assert (status, err.strip("\ufeff")) == (0, "")
    assert ("n\\xe9t" if encoding == "ascii" else "nét") in out
    assert "\N{HORIZONTAL ELLIPSIS}" not in out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_encodings_of_standard_error(encoding: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status, out, err = told(monkeypatch, encoding, "check", "nix\N{SNOWMAN}.toml", "affine")
    assert (status, out) == (2, "")
    assert "\\u2603" in err and "no such file" in err


def test_names_that_are_not_utf_8(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode(b"n\xe9t.toml")
    Path(name).write_text(RELU, encoding="utf-8")
    status, out, _ = told(monkeypatch, "utf-8", "check", name, "affine", "--on", "nonneg", "--report", "out")
    assert status == 0 and "n?t is affine" in out
    (record,) = (here / "out").glob("*.json")
    assert told(monkeypatch, "utf-8", "recheck", str(record))[0] == 0


def test_in_a_process_of_its_own(here: Path) -> None:
    done = shell("V check nét.toml affine --on nonneg", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"PROVED  n\\xe9t is affine for nonnegative inputs\n")


@pytest.mark.parametrize(
    ("closed", "arguments", "status", "written"),
    [
        ("2>&-", "relu affine", 1, b"REFUTED"),
        (">&-", "relu affine --on nonneg", 0, b""),
        ("<&- >&- 2>&-", "relu affine --on nonneg --report out", 0, b""),
        ("2>&-", "nix.toml affine", 2, b""),
    ],
)
def test_closed_streams(closed: str, arguments: str, status: int, written: bytes, here: Path) -> None:
    done = shell(f"V check {arguments} {closed}")
    assert (done.returncode, done.stdout[:7], done.stderr) == (status, written, b"")
    for record in (here / "out").glob("*.json"):
        assert json.loads(record.read_bytes())["verdict"] == "proved"


FOLDERS = [
    (["check", "folder", "affine"], "is a folder"),
    (["check", "folder.onnx", "affine"], "is a folder"),
    (["check", "folder.onnx.gz", "affine"], "is a folder"),
    (["check", "folder.toml", "affine"], "is a folder"),
    (["explain", "folder.toml"], "is a folder"),
    (["check", "relu", "affine", "--on", "folder.vnnlib"], "is a folder"),
    (["check", "relu", "affine", "--on", "ball(folder.npy, 1)"], "is a folder"),
    (["radius", "relu", "--at", "folder.npy"], "is a folder"),
    (["recheck", "folder"], "is a folder"),
    (["simplify", "relu", "-o", "folder.onnx"], "is a folder"),
    (["check", "relu", "affine", "--report", "file"], "file: "),
    (["check", "relu", "affine", "--report", "file/below"], "file/below: "),
    (["check", "relu", "affine", "--report", "/proc/none"], "/proc/none: "),
    (["simplify", "relu", "-o", "missing/dir/x.onnx"], "missing/dir: there is no such folder"),
    (["simplify", "relu", "-o", "file/x.onnx"], "is not a folder"),
    (["simplify", "relu", "-o", "/proc/x.onnx"], "cannot be written"),
]


@pytest.mark.parametrize(("arguments", "part"), FOLDERS, ids=[" ".join(f[0]) for f in FOLDERS])
def test_folders_and_files_in_the_wrong_place(arguments: list[str], part: str, here: Path, capsys: Capture) -> None:
    for name in ("folder", "folder.onnx", "folder.onnx.gz", "folder.toml", "folder.vnnlib", "folder.npy"):
        (here / name).mkdir()
    (here / "file").write_text("")
    found = call(capsys, *arguments)
    assert (found.status, found.out) == (2, "")
    assert part in found.err and found.err.count("\n") == 1 and "did you mean" not in found.err
    assert not (here / "missing").exists()


PASTED = [
    (["check", "relu", "affine", "--on", "box(\N{MINUS SIGN}1, 1)"], 1, "box(-1, 1)"),
    (["radius", "relu", "--at", "[\N{MINUS SIGN}1]"], 0, "pattern radius  1"),
    (["ask", "relu", "f(x) >= \N{MINUS SIGN}1 for x in box(\N{MINUS SIGN}1, 1)"], 0, "f(x) >= -1 for x in box(-1, 1)"),
    (["ask", "relu", "f(x) \N{MINUS SIGN} x >= 0 for x in all"], 0, "f(x) - x >= 0"),
    (["check", "relu", "affine", "--on", "box(0,\r1)"], 0, "relu is affine on box(0, 1)"),
    (["check", "relu", "equivalent within 1e\N{MINUS SIGN}3", "--to", "relu"], 0, "within 1/1000"),
    (["check", "relu", "lipschitz 1 in linf", "--on", "where(x0 >= \N{MINUS SIGN}1)"], 0, "x0 >= -1"),
]


@pytest.mark.parametrize(("arguments", "status", "part"), PASTED, ids=[p[2] for p in PASTED])
def test_pasted_minus(arguments: list[str], status: int, part: str, capsys: Capture) -> None:
    found = call(capsys, *arguments)
    assert (found.status, found.err) == (status, "")
    assert part in found.out and "\N{MINUS SIGN}" not in found.out


@pytest.mark.parametrize(
    ("property", "part"),
    [
        ("linear on nonneg", "'linear' --on nonneg"),
        ("Positively-Homogeneous on box(-1, 1)", "'positively homogeneous' --on 'box(-1, 1)'"),
        ("nondecreasing in 0 on all", "'nondecreasing in 0' --on all"),
        ("lipschitz 1/2 in linf on box(0, 1)", "'lipschitz 1/2 in linf' --on 'box(0, 1)'"),
    ],
)
def test_region_inside_the_property(property: str, part: str, capsys: Capture) -> None:
    found = call(capsys, "check", "relu", property)
    assert found.status == 2
    assert f"the region is given apart: {part}" in found.err
    assert "given apart" not in call(capsys, "check", "relu", "liner on nonneg").err


@pytest.mark.parametrize(
    "line",
    ["properties", "show relu", "check relu affine", "explain relu --on all", "gate --no-cache", "recheck r.json"],
)
def test_a_closed_pipe_is_no_verdict(line: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """``verify gate | head``: neither 0 nor 1, whoever writes."""
    (here / "verify.toml").write_text('[[claim]]\nnetwork = "relu"\nproperty = "convex"\n', encoding="utf-8")
    (here / "r.json").write_text(call(capsys, "check", "relu", "convex", "--json").out, encoding="utf-8")
    reader, writer = os.pipe()
    os.close(reader)
    with monkeypatch.context() as patch, open(writer, "w", encoding="utf-8") as closed:
        patch.setattr(sys, "stdout", closed)
        assert run(line.split()) == 130


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("gate --no-cache --junit verify.toml", "is what is read"),
        ("gate . --no-cache --sarif ./verify.toml", "is what is read"),
        ("init nét.toml -o ./nét.toml --force", "is what is read"),
        ("simplify s.onnx -o link.onnx", "is what is read"),
        ("pieces relu --export e.json --record ./e.json", "--export and --record are both"),
    ],
)
def test_nothing_that_is_read_is_written_over(line: str, part: str, here: Path, capsys: Capture) -> None:
    (here / "verify.toml").write_text('[[claim]]\nnetwork = "relu"\nproperty = "convex"\n', encoding="utf-8")
    assert call(capsys, "simplify", "relu", "-o", "s.onnx").status == 0
    (here / "link.onnx").symlink_to("s.onnx")
    before = {path.name: path.read_bytes() for path in here.iterdir()}
    called = call(capsys, *line.split())
    assert called.status == 2 and part in called.err
    assert {path.name: path.read_bytes() for path in here.iterdir()} == before
