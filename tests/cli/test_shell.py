"""``verify shell``: piped scripts, what a line can be, mistakes, completion, Ctrl-C, saved claims."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest

from tests.support.cli import Called, call
from tests.support.formulas import ROWS
from verify.cli import session as sessions
from verify.cli import shell as shells
from verify.cli.session import Session

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def piped(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> object:
    def run(script: str, *arguments: str) -> Called:
        monkeypatch.setattr("sys.stdin", io.StringIO(script))
        return call(capsys, "shell", *arguments)

    return run


@pytest.mark.parametrize("network", sorted({row.network for row in ROWS}))
def test_the_table_of_formulas(network: str, piped: object) -> None:
    rows = [row for row in ROWS if row.network == network][::4]
    second = next((row.second for row in rows if row.second), None)
    found = piped("\n".join(row.text for row in rows), network, *(["--to", second] if second else []))  # type: ignore[operator]
    verdicts = [line.split()[0].lower() for line in found.out.splitlines() if line[:1] not in ("", " ")]
    assert verdicts == [row.word for row in rows] != []
    assert found.status == 0


def test_a_session(piped: object, tmp_path: Path) -> None:
    script = f"""
# a comment
additive on box(0, 1)
on all
f(x) > 0 for x in box(1, 2)
on box(0, 2)
f([1/3])
-f(2) + 1/2
region box(-1, 2)
convex
explain
radius --at [3]
let g=abs
equivalent
f(x) <= g(x) for x in all
report {tmp_path}/pages
save {tmp_path}/claims.toml
network max
quit
never read
"""
    found = piped(script, "relu")  # type: ignore[operator]
    assert (found.status, found.err) == (0, "")
    firsts = [line for line in found.out.splitlines() if line and not line.startswith(" ")]
    assert firsts[:4] == [
        "PROVED  relu is additive on box(0, 1)",
        "REFUTED  relu is additive everywhere",
        "PROVED  f(x) > 0 for x in box(1, 2), where f is relu",
        "REFUTED  f(x) > 0 for x in box(0, 2), where f is relu",
    ]
    assert firsts[4:8] == ["1/3", "-3/2", "the region is box(-1, 2)", "PROVED  relu is convex on box(-1, 2)"]
    assert any(line.startswith("relu on box(-1, 2): 1 input") for line in firsts)
    assert "affine radius   3" in firsts
    assert firsts[-1] == "f is max: 2 inputs, 1 ReLU, 1 output"
    (page,) = (tmp_path / "pages").glob("relu*.html")
    assert str(page) in firsts
    claims = tomllib.loads((tmp_path / "claims.toml").read_text())["claim"]
    assert claims[1] == {"network": "relu", "property": "additive", "on": "all", "expect": "refuted"}
    assert claims[2] == {"network": "relu", "formula": "f(x) > 0 for x in box(1, 2)"}
    assert claims[-1] == {"network": "relu", "formula": "f(x) <= g(x) for x in all", "to": "abs"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("additve", "did you mean 'additive'"),
        ("f(x", "ends too early"),
        ("f(x)", "has no value here"),
        ("f([1, 2])", "f takes 1 entry"),
        ("on box(0, 1)", "no claim yet"),
        ("report x", "no claim yet"),
        ("open", "no claim yet"),
        ("save x.toml", "nothing to save"),
        ("equivalent", "let g=FILE"),
        ("let g", "NAME=FILE"),
        ("let g=nothere.onnx", "nothere.onnx"),
        ("network nothere.onnx", "nothere.onnx"),
        ("region bx(0, 1)", "did you mean 'box'"),
        ("lipschitz q in l1", "unexpected extra argument"),
        ("nondecreasing", "nondecreasing in I"),
        ("radius", "--at"),
        ("radius --at [1", "column"),
        ('explain "', "quotation"),
        ("explain --nonsense", "nonsense"),
        ("affine on", "on which region"),
    ],
)
def test_mistakes_are_said_and_the_shell_goes_on(line: str, words: str, piped: object) -> None:
    found = piped(f"{line}\naffine on box(0, 1)\n", "relu")  # type: ignore[operator]
    assert found.status == 2
    assert words in found.err
    assert "Traceback" not in found.err
    assert "PROVED  relu is affine on box(0, 1)" in found.out


def test_a_file_is_not_written_over(piped: object, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("mine")
    found = piped(f"affine\nsave {tmp_path}/a.toml\nsave {tmp_path}/a.txt\n", "relu")  # type: ignore[operator]
    assert found.status == 2
    assert (tmp_path / "a.toml").read_text() == "mine"
    assert not (tmp_path / "a.txt").exists()


def test_a_formula_with_other_conditions_is_not_repeated(piped: object) -> None:
    found = piped("f(x) >= 0 for x in all, x > 0\non box(0, 1)\n", "relu")  # type: ignore[operator]
    assert found.status == 2
    assert "write it out" in found.err


def test_a_network_that_is_not_there(capsys: Capture) -> None:
    assert call(capsys, "shell", "nothere.onnx").status == 2


def test_help_names_every_command_that_is_passed_on(piped: object) -> None:
    found = piped("help\n", "relu")  # type: ignore[operator]
    assert all(name in found.out for name in sessions.PASSED_ON)


def test_completion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.onnx").touch()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a.npy").touch()
    (tmp_path / "model.txt").touch()
    session = Session({"f": "thread", "g": "relu"})
    assert session.completions("addi") == ["additive"]
    assert session.completions("additive on bo") == ["box("]
    assert session.completions("explain con") == ["constant", "convex", "concave", "conv"]
    assert session.completions("network mod") == ["model.onnx", "models/"]
    assert session.completions("f(x) >= 0 for x in ball(models/") == ["models/a.npy"]
    assert session.completions("") == []
    assert session.completions("nothing/there") == []


def test_ctrl_c_stops_a_question_and_not_the_shell(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = iter(["slow", "affine on box(0, 1)", "quit"])
    session = Session({"f": "relu"})
    run = session.run

    def interrupted(line: str) -> None:
        if line == "slow":
            raise KeyboardInterrupt
        run(line)

    monkeypatch.setattr(session, "run", interrupted)
    monkeypatch.setattr(shells, "_reader", lambda _: lambda _: next(lines))
    assert shells._converse(session) == 0
    captured = capsys.readouterr()
    assert captured.err == "interrupted\n"
    assert "PROVED" in captured.out


def test_the_prompt_completes_and_reads() -> None:
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.completion import CompleteEvent
    from prompt_toolkit.document import Document
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from verify.cli.prompt import SessionCompleter, reader

    completer = SessionCompleter(Session({"f": "relu"}))
    (found,) = completer.get_completions(Document("f(x) >= 0 for x in nonn"), CompleteEvent())
    assert (found.text, found.start_position) == ("nonneg", -4)
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        read = reader(Session({"f": "relu"}))
        keys.send_text("affine\n")
        assert read("verify> ") == "affine"
