"""Random instances on claim pages: what was tried is said, the same every time, and a failure is never silent."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import verify
from tests.test_fuzz_verdict import forged
from verify import api
from verify.cli.run import run
from verify.errors import EngineDisagreement
from verify.fuzzing import record as fuzz_records
from verify.fuzzing.record import FEWEST, WORK, fuzz_record
from verify.network import Builder, examples
from verify.network.builder import dense, relu
from verify.property import Claim, find
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.record import Result
from verify.report.tried import tried


def text_of(result: Result) -> str:
    found = tried(fuzz_record(result))
    assert found is not None and not found.failure
    return found.text


def test_proved_claims_are_tried() -> None:
    result = verify.check("identity_pair", "linear", on="all")
    data = fuzz_record(result)
    assert data["instances"] > data["examples"] == 100
    assert data == fuzz_record(result)
    assert text_of(result).endswith("of the formula on the region (100 draws, seed 0): none breaks it.")


def test_what_has_nothing_to_try_says_why() -> None:
    assert "a refutation is one instance" in text_of(verify.check("relu", "affine"))
    assert "no verdict" in text_of(verify.check("relu", "affine", engine="rules"))
    assert "No draw gave an instance" in text_of(verify.check("max", "additive", on="segment([1, 0], [0, 1])"))


def test_an_unknown_property_has_no_instances_to_draw() -> None:
    net = examples.get("relu")
    odd = find("odd")
    claim = Claim(net, replace(odd, name="chaotic", draw=None), api.parse_region("nonneg", net))
    data = fuzz_record(forged(claim))
    assert data["examples"] == 0 and "chaotic" in data["reason"]


def test_large_networks_are_left_out_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    result = verify.check("thread_nonneg", "affine", on="nonneg")
    monkeypatch.setattr(fuzz_records, "WORK", FEWEST * 20 - 1)
    assert fuzz_record(result)["examples"] == 0
    assert "20 weights are too many for a report" in text_of(result)
    monkeypatch.setattr(fuzz_records, "WORK", FEWEST * 20)
    assert fuzz_record(result)["examples"] == FEWEST


def test_what_float64_decides_is_said() -> None:
    rng = np.random.default_rng(0)
    net = Builder((150,), "wide")
    hidden = relu(dense(net.input, rng.integers(0, 9, (150, 150)) / 8))
    wide = net.build(dense(hidden, rng.normal(size=(1, 150))))
    assert FEWEST * wide.weight_count < WORK
    text = text_of(verify.check(wide, "linear", on="nonneg"))
    assert "decided in float64, within its error bound" in text


def liar() -> Result:
    net = examples.get("relu")
    return forged(Claim(net, find("affine"), api.parse_region("all", net)))


def test_a_broken_verdict_is_kept_and_raised(tmp_path: Path) -> None:
    fuzz = fuzz_record(liar())
    assert "liar (attested) is wrong about" in fuzz["failure"]
    with pytest.raises(EngineDisagreement, match=r"liar \(attested\) is wrong .* it is kept in .*claim\.json"):
        write_report(ReportFolder(tmp_path), liar(), stem="claim", fuzz=fuzz)
    assert {path.name for path in tmp_path.iterdir()} == {"claim.json", "claim.html", "claim.md"}
    assert json.loads((tmp_path / "claim.json").read_text())["unchecked"]["fuzz"] == fuzz
    assert "A random instance breaks this claim" in (tmp_path / "claim.html").read_text()
    assert "**An internal error:**" in (tmp_path / "claim.md").read_text()


def test_the_command_line_writes_what_was_tried(tmp_path: Path) -> None:
    assert run(["check", "relu", "linear", "--on", "nonneg", "--report", str(tmp_path)]) == 0
    [path] = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["unchecked"]["fuzz"]["instances"] > 0
    assert run(["recheck", str(path)]) == 0


def test_a_broken_verdict_is_an_internal_error_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "check", lambda *_, **__: liar())
    assert run(["check", "relu", "affine", "--report", str(tmp_path)]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "is wrong about" in captured.err
    assert (tmp_path / "index.html").is_file()
