"""Forged records: honest ones of this format with one lie each, and the rule that rejects it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import verify
from tests.support.cli import call
from verify.network import Builder
from verify.network.builder import dense, relu
from verify.region import box

Capture = pytest.CaptureFixture[str]
Record = dict[str, Any]
HEAD = 'input = 2\n[[layer]]\ntype = "dense"\nweight = {}\n[[layer]]\ntype = "relu"\n[[layer]]\ntype = "dense"\n'
F = HEAD.format("[[1, -2], [-1, 2]]") + "weight = [[1, -1]]\n"  # affine
G = HEAD.format("[[1, -2], [1, 1]]") + "weight = [[1, -1], [1, 1]]\n"  # not affine


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "f.toml").write_text(F)
    (tmp_path / "g.toml").write_text(G)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def honest(*claim: Any, **options: Any) -> Record:
    record: Record = json.loads(json.dumps(verify.check(*claim, **options).record()))
    return record


def verdict_on(record: Record | str, capsys: Capture) -> tuple[int, str]:
    """The exit status of ``recheck``, and the rule that rejects the record."""
    Path("record.json").write_text(record if isinstance(record, str) else json.dumps(record))
    found = call(capsys, "recheck", "record.json")
    return found.status, found.err.split("'")[1] if "rejected by" in found.err else found.err


LIES: list[tuple[str, Callable[[Record], object]]] = [
    ("assurance", lambda d: d.update(assurance="attested")),
    ("vacuous", lambda d: d.update(vacuous=0)),
    ("vacuous", lambda d: d.update(vacuous=True)),
    ("format", lambda d: d.update(format=1)),
    ("format", lambda d: d.update(format=99)),
    ("format", lambda d: d.update(format=2.0)),
    ("format", lambda d: d.update(format=True)),
    ("kind", lambda d: d.update(kind="belief")),
    ("keys", lambda d: d.update(formula2="f = 0")),
    ("keys", lambda d: d.pop("ledger")),
    ("verdict", lambda d: d.update(verdict="refuted")),
    ("evidence", lambda d: d.update(verdict="refuted", evidence=None)),
    ("assurance", lambda d: d.update(evidence=None)),
    ("lemmas", lambda d: d.update(lemmas=[])),
    ("ledger", lambda d: d.update(ledger=["nothing"])),
    ("property", lambda d: d.update(property="Affine")),
    ("format", lambda d: d.update(outputs=[True])),
    ("format", lambda d: d.update(outputs=[0.9])),
    ("region", lambda d: d.update(region="\u0430ll")),
    ("region", lambda d: d.update(region="box(-inf, inf")),
    ("region", lambda d: d.update(region="nonneg")),
    ("region", lambda d: d.update(region="")),
    ("region_files", lambda d: d.update(region_files={"a.vnnlib": "0" * 64})),
    ("format", lambda d: d["region_data"].update(text="all")),
    ("format", lambda d: d["region_data"].update(rows=[["1", "0", "-1"], ["-1", "0", 0]])),
    ("instance", lambda d: d["region_data"].update(rows=[["1", "0", "-1"], ["-1", "0", "0"]])),
    ("instances", lambda d: d.update(nontrivial=None)),
    ("nontrivial", lambda d: d["nontrivial"].update(none={})),
    ("format", lambda d: d.update(nontrivial={"instance": {"x": [0, 0]}})),
    ("instance", lambda d: d["nontrivial"]["instance"].update(e="1" + "0" * 5000)),
    ("network", lambda d: d["network"].update(relu=0)),
    ("network", lambda d: d["network"].update(inputs="2")),
    ("network", lambda d: d["network"].update(name="g")),
    ("network", lambda d: d["network"].update(files={"w.bin": "0"})),
    ("network", lambda d: d["network"].update(extra=1)),
    ("network", lambda d: d["network"].update(source="g.toml")),
    ("network", lambda d: d["network"].update(inline={})),
    ("format", lambda d: d.update(second=d["network"])),
    ("evidence", lambda d: d["evidence"].update(note="sure")),
    ("counterexample", lambda d: d.update(counterexample={})),
    ("formula", lambda d: d.update(formula="f(x) = 0")),
    ("engine", lambda d: d.update(engine="trust me")),
]


@pytest.mark.parametrize("number", range(len(LIES)))
def test_a_lie_in_a_proof_is_rejected(number: int, folder: Path, capsys: Capture) -> None:
    rule, lie = LIES[number]
    record = honest("f.toml", "affine")
    lie(record)
    assert verdict_on(record, capsys) == (4, rule)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('{"verdict": "refuted", "verdict": "proved"}', "duplicate key"),
        ('{"format": NaN}', "number"),
        ('{"format": -Infinity}', "number"),
        ('{"format": ' + "9" * 30 + "}", "number"),
        ('{"format": 0.' + "1" * 100 + "}", "number"),
    ],
)
def test_json_that_says_two_things(text: str, rule: str, folder: Path, capsys: Capture) -> None:
    assert verdict_on(text, capsys) == (4, rule)


def test_the_honest_records_are_accepted(folder: Path, capsys: Capture) -> None:
    for claim in (("f.toml", "affine"), ("g.toml", "affine"), ("g.toml", "odd", "box(1, 2)"), ("g.toml", "convex")):
        result = verify.check(*claim)
        assert verdict_on(result.record(), capsys) == (0, "")
        assert verdict_on(result.to_json(), capsys) == (0, "")


def test_a_vacuous_claim_is_not_passed_off_as_another(folder: Path, capsys: Capture) -> None:
    record = honest("g.toml", "odd", "box(1, 2)")
    assert record["vacuous"] is True
    assert verdict_on(record | {"region": "\u0430ll"}, capsys) == (4, "region")
    assert verdict_on(record | {"vacuous": False}, capsys) == (4, "vacuous")


def test_the_sentence_of_a_counterexample_is_compared(folder: Path, capsys: Capture) -> None:
    shown: Record = json.loads(json.dumps(verify.check("g.toml", "affine").to_json()))
    shown["counterexample"]["sentence"] += "!"
    assert verdict_on(shown, capsys) == (4, "counterexample")


def with_notes() -> Record:
    builder = Builder((2,), "n")
    network = builder.build(dense(relu(dense(builder.input, [[1, -2], [-1, 2]])), [[1, -1]]))
    object.__setattr__(network, "notes", ("scale of bn rounded to binary64",))
    return honest(network, "affine")


def test_the_ledger_of_an_inline_network(folder: Path, capsys: Capture) -> None:
    record = with_notes()
    assert record["ledger"] == ["n: scale of bn rounded to binary64"]
    assert verdict_on(record, capsys) == (0, "")
    record["network"]["inline"]["notes"] = []
    record["ledger"] = []
    assert verdict_on(record, capsys) == (4, "network")


def test_an_inline_network_over_a_source(folder: Path, capsys: Capture) -> None:
    record = with_notes()
    record["network"]["source"] = "g.toml"
    assert verdict_on(record, capsys) == (4, "network")


def test_regions_made_in_python(folder: Path, capsys: Capture) -> None:
    record = honest("f.toml", "affine", box([-1, -1], [1, 1]))
    assert record["region"].startswith("a region given in Python, sha256 ")
    assert verdict_on(record, capsys) == (0, "")
    record["region"] = record["region"][:-1] + ("0" if record["region"][-1] != "0" else "1")
    assert verdict_on(record, capsys) == (4, "region")


def test_region_files_go_by_their_digest(folder: Path, capsys: Capture) -> None:
    file = folder / "p.vnnlib"
    bounds = "".join(f"(declare-const X_{i} Real)(assert (<= X_{i} 1))(assert (>= X_{i} 0))" for i in range(2))
    file.write_text(bounds)
    record = honest("f.toml", "affine", "p.vnnlib")
    assert verdict_on(record, capsys) == (0, "")
    file.write_text(bounds.replace("<= X_1 1", "<= X_1 9"))
    assert verdict_on(record, capsys) == (4, "region_files")
    file.unlink()
    assert verdict_on(record, capsys) == (0, "")  # the data of the record are the region
    assert "not compared: the file 'p.vnnlib'" in call(capsys, "recheck", "record.json").out


def test_records_move_with_their_folder(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    for source in ("f.toml", str(folder / "f.toml")):
        (folder / "reports").mkdir(exist_ok=True)
        (folder / "reports" / "r.json").write_text(json.dumps(honest(source, "affine")))
        moved = folder.parent / f"moved{len(source)}"
        shutil.copytree(folder, moved)
        kept = (folder / "f.toml").read_text()
        (folder / "f.toml").unlink()
        monkeypatch.chdir("/")
        assert call(capsys, "recheck", moved / "reports" / "r.json").status == 0
        monkeypatch.chdir(folder)
        (folder / "f.toml").write_text(kept)


def test_another_file_need_not_be_a_network(folder: Path, capsys: Capture) -> None:
    record = honest("f.toml", "affine")
    (folder / "f.toml").write_text("")
    assert verdict_on(record, capsys) == (4, "network")
