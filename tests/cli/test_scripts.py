"""What scripts build on: many records at once, --expect, the catalogue, python -m verify, what a check loads."""

from __future__ import annotations

import json
import subprocess
import sys
from ast import literal_eval
from pathlib import Path

import pytest

from tests.support.cli import ROOT, call
from verify.cli.group import HOMES
from verify.cli.properties import catalogue
from verify.property import find

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def records(tmp_path: Path, capsys: Capture) -> list[Path]:
    for prop, more in (("additive", []), ("convex", []), ("affine", ["--engine", "rules"])):
        call(capsys, "check", "relu", prop, "--report", tmp_path, *more)
    return sorted(tmp_path.glob("*.json"))


def test_many_records_are_replayed(records: list[Path], capsys: Capture) -> None:
    undecided, *decided = sorted(records, key=lambda path: "affine" not in path.name)
    assert call(capsys, "recheck", *decided).status == 0
    called = call(capsys, "recheck", *records)
    assert called.status == 3 and called.out.endswith("3 records: 2 replayed, 1 with nothing to replay\n")
    data = json.loads(decided[0].read_text(encoding="utf-8"))
    data["formula"] = "f(x) = 0"
    decided[0].write_text(json.dumps(data), encoding="utf-8")
    called = call(capsys, "recheck", *records, "nowhere.json", "--json")
    assert called.status == 4 and called.json["status"] == 4
    assert [r["replayed"] for r in called.json["records"]].count(True) == 1
    assert call(capsys, "recheck", undecided, "nowhere.json").status == 2
    assert call(capsys, "recheck", *records, "--network", "relu").status == 2
    assert call(capsys, "recheck").status == 2


@pytest.mark.parametrize(
    ("prop", "expect", "more", "status"),
    [
        ("convex", "proved", [], 0),
        ("convex", "refuted", [], 1),
        ("additive", "refuted", [], 0),
        ("additive", "proved", [], 1),
        ("affine", "refuted", ["--engine", "rules"], 3),
        ("affine", "maybe", [], 2),
        ("convx", "proved", [], 2),
    ],
)
def test_expect(capsys: Capture, prop: str, expect: str, more: list[str], status: int) -> None:
    assert call(capsys, "check", "relu", prop, "--expect", expect, *more).status == status


def test_work(capsys: Capture) -> None:
    assert call(capsys, "check", "maxpool", "convex", "--work", "2").status == 3
    for wrong in ("0", "-1", "x", "1.5"):
        assert call(capsys, "check", "relu", "convex", "--work", wrong).status == 2
    assert call(capsys, "check", "relu", "convex", "--work", "5", "--jobs", "2").status == 2


def test_the_catalogue(capsys: Capture) -> None:
    called = call(capsys, "properties", "--json")
    assert called.json["properties"] == catalogue()
    for entry in catalogue():
        if entry["name"].startswith("never"):
            continue
        name = entry["name"].replace("I", "0").replace("K", "1").replace("E", "1/2").partition("|")[0]
        assert find(name).name
    shown = call(capsys, "properties").out
    assert "no dead units" in shown and "zero_bias" in shown


def fresh(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_python_dash_m() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "verify", "check", "relu", "odd"], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 1


def test_help_loads_no_command_and_names_each() -> None:
    code = "import sys; from verify.cli.run import run; run(['--help']); print('numpy' in sys.modules)"
    *shown, loaded = fresh(code).splitlines()
    assert loaded == "False"
    named = [line.split()[0] for line in shown[shown.index("Commands:") + 1 :]]
    assert named == [*HOMES], "each on one line of 80 columns"


def test_a_small_check_loads_little() -> None:
    names = (
        *("numpy.ma", "email", "rich.table", "importlib.metadata", "multiprocessing", "verify.formats.vnnlib"),
        *("verify.kernel.families", "verify.network.families", "verify.report.model", "verify.cli.gate"),
        *(
            "verify.search.commands.compare",
            "verify.search.commands.explain",
            "verify.search.commands.radius",
            "verify.search.solver",
        ),
    )
    code = (
        "import sys; from verify.cli.run import run; run(['check', 'relu', 'additive']);"
        "tops = {name.partition('.')[0] for name in sys.modules} - sys.stdlib_module_names;"
        "print(sorted(top for top in tops if not top.startswith('_')));"
        "print(sorted({'.'.join(name.split('.')[:2]) for name in sys.modules if name.startswith('verify.')}));"
        f"print([name for name in {names!r} if name in sys.modules])"
    )
    others, own, heavy = fresh(code).splitlines()[-3:]
    assert set(literal_eval(others)) == {"click", "markupsafe", "numpy", "rich", "verify"}
    rooms = ("api", "cli", "errors", "formats", "formula", "kernel", "network", "property")
    assert set(literal_eval(own)) == {
        f"verify.{room}" for room in (*rooms, "digits", "rational", "region", "report", "search", "writing")
    }
    assert heavy == "[]"
