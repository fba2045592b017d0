"""What pages and the terminal say of a proof that two networks are close, and that its record replays."""

from __future__ import annotations

from pathlib import Path

import pytest

import verify
from verify.kernel.check import Verdict
from verify.kernel.ledger import FLOAT_BOUNDS
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.report.proof import FORMS, NEAR, steps
from verify.report.reason import proof_line
from verify.report.recheck import recheck
from verify.report.record import write_json


def doubled(name: str, slope: float) -> Network:
    """Two equal units whose difference is 0."""
    builder = Builder((1,), name)
    return builder.build(dense(relu(dense(builder.input, [[slope], [slope]], [8, 8])), [[64, -64]]))


@pytest.mark.parametrize(
    ("epsilon", "lemma", "words"),
    [("1/1000", NEAR, "interval bounds of f - g"), ("1e-6", FORMS, "bounds by affine forms")],
)
def test_both_bounds_are_told_apart(epsilon: str, lemma: str, words: str, tmp_path: Path) -> None:
    f, g = doubled("f", 1.0), doubled("g", 1.0 + 2.0**-20)
    result = verify.check(f, f"equivalent within {epsilon}", on="box(-1, 1)", to=g, engine="difference")
    assert proof_line(result).startswith(words)
    assert lemma in [step.lemma for step in steps(result)]
    assert (FLOAT_BOUNDS in result.outcome.assumptions) is (lemma == FORMS)
    record = tmp_path / "record.json"
    write_json(record, result)
    found = recheck(record)
    assert found.judgement is not None and found.judgement.verdict is Verdict.PROVED
    assert found.judgement.assumptions == result.outcome.assumptions
