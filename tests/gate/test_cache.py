"""The evidence cache: hits are replayed, and what the kernel does not accept is reported and replaced."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.gate.conftest import Write
from verify.gate import decide
from verify.gate.decide import Found, decide_case, recalled_case
from verify.gate.plan import cases_of

CLAIM = '[[claim]]\nnetwork = "{}"\nproperty = "{}"\n'


def decided(write: Write, text: str, cache: Path) -> Found:
    [case] = cases_of([write(text)])
    return decide_case(case, cache=cache).found


@pytest.mark.parametrize(
    ("network", "prop"), [("relu", "additive"), ("maxpool", "convex"), ("zero_bias", "positively homogeneous")]
)
def test_the_second_time_evidence_is_replayed(
    claims: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: str, prop: str
) -> None:
    first = decided(claims, CLAIM.format(network, prop), tmp_path / "cache")
    monkeypatch.setattr("verify.gate.decide.api.check", lambda *_, **__: pytest.fail("it was searched again"))
    second = decided(claims, CLAIM.format(network, prop), tmp_path / "cache")
    assert (first.cached, second.cached) == (False, True)
    assert (first.verdict, first.counterexample, first.assurance) == (
        second.verdict,
        second.counterexample,
        second.assurance,
    )


def broken_json(text: str) -> str:
    return text[: len(text) // 2]


def another_point(text: str) -> str:
    data = json.loads(text)
    data["evidence"]["values"]["x"] = ["0"]
    data["evidence"]["values"]["y"] = ["0"]
    return json.dumps(data)


def other(**named: Any) -> Callable[[str], str]:
    def changed(text: str) -> str:
        return json.dumps(json.loads(text) | named)

    return changed


@pytest.mark.parametrize(
    "spoiled",
    [
        broken_json,
        another_point,
        other(evidence=None),
        other(evidence={"kind": "rule", "rule": "zero biases"}),
        other(evidence={"kind": "nothing to quantify over"}),
        other(evidence={"kind": "cells", "proofs": []}),
        other(evidence=[[[]]]),
        other(unchecked=3),
        lambda text: "[" * 100_000,
        lambda text: "\x00",
        lambda text: "",
    ],
)
def test_spoiled_entries_are_reported_and_replaced(
    claims: Write, tmp_path: Path, spoiled: Callable[[str], str]
) -> None:
    cache, text = tmp_path / "cache", CLAIM.format("relu", "additive")
    decided(claims, text, cache)
    [entry] = cache.glob("*/*.json")
    good = entry.read_text(encoding="utf-8")
    entry.write_text(spoiled(good), encoding="utf-8")
    found = decided(claims, text, cache)
    assert not found.cached and found.verdict == "refuted" and "it is replaced" in found.note
    assert decided(claims, text, cache).cached


def test_a_lying_entry_changes_no_verdict(claims: Write, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    decided(claims, CLAIM.format("relu", "convex"), cache)
    [lie] = cache.glob("*/*.json")
    decided(claims, CLAIM.format("relu", "concave"), cache)
    [entry] = [path for path in cache.glob("*/*.json") if path != lie]
    entry.write_text(lie.read_text(encoding="utf-8"), encoding="utf-8")
    found = decided(claims, CLAIM.format("relu", "concave"), cache)
    assert found.verdict == "refuted" and not found.cached


def test_other_claims_have_other_entries(claims: Write, tmp_path: Path) -> None:
    texts = [
        CLAIM.format("max", "convex"),
        CLAIM.format("max", "convex") + 'on = "box(0, 1)"\n',
        CLAIM.format("max", "convex") + "outputs = 0\n",
        CLAIM.format("abs", "convex"),
    ]
    assert not any(decided(claims, text, tmp_path / "cache").cached for text in texts)
    assert all(decided(claims, text, tmp_path / "cache").cached for text in texts)


def test_undecided_and_attested_claims_are_not_kept(claims: Write, tmp_path: Path) -> None:
    for more in ('engine = "z3"\n', "work = 1\n"):
        decided(claims, CLAIM.format("maxpool", "convex") + more, tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("*/*"))


def test_a_cache_that_cannot_be_written(claims: Write) -> None:
    found = decided(claims, CLAIM.format("relu", "convex"), Path("/proc/nowhere"))
    assert found.status == "expected" and "cannot be written" in found.note


def test_only_mistakes_of_the_case_are_left_to_where_it_is_decided(
    claims: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[[claim]]\nnetwork = "{n}"\nproperty = "convex"\neach.n = ["relu", "nowhere.onnx"]\n'
    known, missing = cases_of([claims(text)])
    assert recalled_case(known, tmp_path) == recalled_case(missing, tmp_path) == (None, "")

    def broken(_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(decide, "_claim", broken)
    found, _ = recalled_case(known, tmp_path)
    assert found is not None and found.found.status == "internal"
    assert "ZeroDivisionError: a bug" in found.found.message
