"""What a worker answers, asked in this process: networks, regions, hostile files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.formulas import ROWS, Row
from tests.support.outside import outside
from verify.cli.run import run
from verify.errors import FormulaError, VerifyError
from verify.web.worker import _message, _Reporter, ask, check, describe

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tab's folder, which is the worker's current one."""
    folder = tmp_path / "desk"
    (folder / "jobs").mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def source(name: str) -> dict[str, Any]:
    return {"name": name, "path": name, "given": name.startswith("example:")}


def asked(desk: Path, network: str, property: str, region: str, to: str = "") -> dict[str, Any]:
    files = [path.name for path in desk.iterdir() if path.is_file()]
    request: dict[str, Any] = {
        "network": source(network),
        "to": source(to) if to else None,
        "property": property,
        "region": region,
    }
    request |= {"outputs": None, "files": files, "seconds": 60.0, "folder": str(desk / "jobs")}
    try:
        return check(request, _Reporter(io.StringIO()))
    except VerifyError as error:
        return {"error": _message(error)}


def claimed(desk: Path, formula: str, network: str, to: str = "") -> dict[str, Any]:
    files = [path.name for path in desk.iterdir() if path.is_file()]
    request = {"network": source(network), "to": source(to) if to else None, "formula": formula, "files": files}
    return ask(request | {"seconds": 60.0, "folder": str(desk / "jobs")}, _Reporter(io.StringIO()))


def described(name: str) -> dict[str, Any]:
    try:
        return describe({"network": source(name)}, _Reporter(io.StringIO()))
    except VerifyError as error:
        return {"error": _message(error)}


def test_two_networks(desk: Path) -> None:
    found = asked(desk, "example:relu", "equivalent", "nonneg", to="example:abs")
    assert found["verdict"] == "proved" and "equivalent to abs" in found["question"]
    assert "--to" in asked(desk, "example:relu", "equivalent", "nonneg")["error"]


@pytest.mark.parametrize("row", ROWS[::4], ids=lambda row: row.text)
def test_formulas_with_known_verdicts(desk: Path, row: Row, capsys: pytest.CaptureFixture[str]) -> None:
    to = f"example:{row.second}" if row.second else ""
    found = claimed(desk, row.text, f"example:{row.network}", to)
    assert (found["verdict"], found["vacuous"], found["alarm"]) == (row.word, row.is_vacuous, "")
    assert {"claim.json", "claim.html"} <= set(found["files"])
    assert bool(found["sentence"]) == (row.verdict == "r")
    assert run(["recheck", str(desk / "jobs" / "claim.json")]) == 0, capsys.readouterr().out


def test_a_mistake_in_a_formula_is_drawn(desk: Path) -> None:
    with pytest.raises(FormulaError) as caught:
        claimed(desk, "f(x) >= 0 for x in bx(0, 1)", "example:relu")
    formula, caret, message, example = caught.value.drawn.splitlines()
    assert formula[caret.index("^") :].startswith("bx") and "did you mean 'box'" in message and "for example" in example


@pytest.mark.parametrize("name", ["/etc/x.npy", "../x.npy", "y.npy", '"../x.npy"'])
def test_formulas_name_this_tabs_files_only(desk: Path, name: str) -> None:
    np.save(desk.parent / "x.npy", np.array([0.25]))
    np.save(desk / "x.npy", np.array([0.25]))
    for formula in (f"f(x) >= 0 for x in ball({name}, 1)", f"f(x) >= 0 for x in all & box(0, {name}), x > 0"):
        with pytest.raises(FormulaError, match="is not here; drop it"):
            claimed(desk, formula, "example:relu")
    assert claimed(desk, "f(x) == x for x in ball(x.npy, 1/4)", "example:relu")["verdict"] == "proved"


def test_names_that_try_to_be_markup(desk: Path) -> None:
    layer = f'[[layer]]\nname = "{EVIL}"\ntype = "dense"\nweight = [[1]]\n'
    (desk / "x.toml").write_text(f'name = "{EVIL}"\ninput = [1]\n{layer}[[layer]]\ntype = "relu"\n')
    assert described("x.toml")["name"] == EVIL  # as text, in JSON
    assert asked(desk, "x.toml", "affine", "all")["verdict"] == "refuted"
    page = (desk / "jobs" / "claim.html").read_text()
    assert "<script" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bad.onnx", b"\x00\x01 not protobuf"),
        ("bomb.onnx.gz", b"\x1f\x8b" + bytes(50)),
        ("bad.toml", b"[" * 5000),
        ("empty.onnx", b""),
    ],
)
def test_damaged_files_are_told_in_one_line(desk: Path, name: str, data: bytes) -> None:
    (desk / name).write_bytes(data)
    error = described(name)["error"]
    assert name in error and "\n" not in error


@pytest.mark.parametrize("name", ["/etc/x.npy", "../x.npy", "y.npy", "x.npy/../x.npy"])
def test_regions_name_this_tabs_files_only(desk: Path, name: str) -> None:
    (desk.parent / "x.npy").write_bytes(b"secret")
    np.save(desk / "x.npy", np.array([0.25]))
    for region in (f'ball("{name}", 1)', f"all & box(0, '{name}')", f"segment([0], '{name}')", f"{name[:-4]}.vnnlib"):
        assert "is not here; drop it" in asked(desk, "example:relu", "affine", region)["error"], region


def test_a_point_that_was_dropped_is_a_region(desk: Path) -> None:
    np.save(desk / "x.npy", np.array([0.25]))
    assert asked(desk, "example:relu", "affine", "ball(x.npy, 1/4)")["verdict"] == "proved"
    assert asked(desk, "example:relu", "affine", 'ball("x.npy", 1/2)')["verdict"] == "refuted"


def test_a_record_names_the_file_and_no_folder(desk: Path) -> None:
    (desk / "x.toml").write_text('input = [1]\n[[layer]]\ntype = "relu"\n')
    asked(desk, "x.toml", "affine", "all")
    text = (desk / "jobs" / "claim.json").read_text()
    assert json.loads(text)["network"]["source"] == "x.toml" and str(desk) not in text


@pytest.mark.networks
def test_a_published_network(desk: Path) -> None:
    (desk / "acasxu_1_1.onnx").write_bytes(outside("networks/acasxu_1_1.onnx").read_bytes())
    assert described("acasxu_1_1.onnx")["relu"] == 300
    assert asked(desk, "acasxu_1_1.onnx", "affine", "box(-1/2, 1/2)")["verdict"] == "refuted"
