"""The campaign: no disagreement on the first claims, wrong verdicts are noticed, an interrupted run goes on."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks import reference
from benchmarks.campaign import Comparison, campaign, compare, counted, described, main, page
from benchmarks.claims import NAMES, drawn
from benchmarks.records import Log
from tests.support.judging import judged
from tests.support.seeds import chunks
from verify.kernel.check import Verdict
from verify.kernel.evidence import ValueGap
from verify.property import Claim, find
from verify.rational import vector
from verify.region import box, everything
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Attestation, Outcome

QUICK = 17


def agreeing(indices: range) -> list[Comparison]:
    found = [compare(0, index) for index in indices]
    assert [described(asdict(c), 0) for c in found if c.problem] == []
    return found


def test_the_first_claims() -> None:
    found = agreeing(range(QUICK))
    assert {c.property for c in found} == set(NAMES)
    assert {c.ours for c in found} >= {"proved", "refuted"}


@pytest.mark.campaign
@pytest.mark.parametrize("indices", chunks(QUICK, 100, 0, campaign=20))
def test_more_claims(indices: range) -> None:
    found = agreeing(indices)
    assert sum(c.theirs != reference.UNKNOWN for c in found) >= 90
    assert sum(c.ours != "unknown" for c in found) >= 90


def test_a_third_is_degenerate_and_claims_come_back() -> None:
    chosen = [drawn(3, index) for index in range(200)]
    assert sum(d.degeneracy != "none" for d in chosen) >= 200 // 3
    assert Counter(d.claim.property.key for d in chosen).most_common()[-1][1] >= 200 // len(NAMES)
    again = drawn(3, 17)
    assert again.claim.network.digest == chosen[17].claim.network.digest
    assert (again.style, again.kind) == (chosen[17].style, chosen[17].kind)


# What a wrong engine would look like.


class Refuting(Outcome):
    """An attestation that calls itself a refutation."""

    @property
    def verdict(self) -> Verdict:
        return Verdict.REFUTED


def proves_everything(claim: Claim, budget: Budget) -> Outcome:
    return Outcome(Attestation("nobody"), None, "wrong", (), budget.elapsed)


def refutes_everything(claim: Claim, budget: Budget) -> Outcome:
    return Refuting(Attestation("nobody"), None, "wrong", (), budget.elapsed)


def test_wrong_verdicts_are_noticed() -> None:
    for index in range(12):
        truth = compare(0, index)
        if truth.theirs == reference.FAILS:
            assert "has a counterexample" in compare(0, index, proves_everything).problem
        if truth.theirs == reference.HOLDS:
            assert "the definition holds" in compare(0, index, refutes_everything).problem


def test_a_verdict_without_evidence_is_noticed() -> None:
    index = next(i for i in range(40) if compare(0, i).theirs == reference.HOLDS)
    assert compare(0, index, proves_everything).problem == "a verdict without checked evidence"


def test_a_counterexample_for_another_claim_is_noticed() -> None:
    """Evidence with the right verdict, but points that break nothing."""

    def shifted(claim: Claim, budget: Budget) -> Outcome:
        outcome = decide(claim, budget)
        assert isinstance(outcome.evidence, ValueGap)
        same = {name: vector([0] * claim.network.input_size) for name in ("x", "y")}
        return replace(outcome, evidence=ValueGap({**outcome.evidence.assignment, **same}, outcome.evidence.output))

    index = next(
        i for i in range(200) if drawn(0, i).claim.property.key == "constant" and compare(0, i).ours == "refuted"
    )
    assert "plain fractions" in compare(0, index, shifted).problem


# The reference.


def test_linear_by_span_agrees_with_the_engines() -> None:
    found: Counter[str] = Counter()
    for index in range(0, 500, 17):  # claims about affine: ask them about linear
        claim = replace(drawn(0, index).claim, property=find("linear"))
        verdict = decide(claim, Budget(20), shrinking=False).verdict
        by_span = reference.linear_by_span(claim, 5)
        assert (verdict, by_span) in ((Verdict.PROVED, reference.HOLDS), (Verdict.REFUTED, reference.FAILS))
        found[by_span] += 1
    assert min(found[reference.HOLDS], found[reference.FAILS]) >= 3


def test_orthogonal_complement() -> None:
    rows = [[Fraction(1), Fraction(2), Fraction(3), Fraction(0)], [Fraction(2), Fraction(4), Fraction(7), Fraction(1)]]
    normals = reference.orthogonal_complement(rows, 4)
    assert len(normals) == 2
    assert all(sum(a * b for a, b in zip(row, n, strict=True)) == 0 for row in rows for n in normals)
    assert reference.orthogonal_complement(normals + rows, 4) == []


# Counterexamples of each formula.
ENOUGH = 3


def test_every_formula_knows_its_counterexample() -> None:
    """Each refutation that the kernel accepts is one by the written-out definition, and not for a region far away."""
    keys: Counter[str] = Counter()
    for index in range(340):
        claim = drawn(5, index).claim
        if keys[claim.property.key] == ENOUGH:
            continue
        outcome = decide(claim, Budget(20), shrinking=False)
        if not isinstance(outcome.evidence, ValueGap):
            continue
        evidence = outcome.evidence
        assert judged(claim, evidence).verdict is Verdict.REFUTED
        assert reference.refutes(claim, evidence.assignment, evidence.output)
        far = replace(claim, region=box([1000] * claim.region.ambient, [1001] * claim.region.ambient))
        assert not reference.refutes(far, evidence.assignment, evidence.output)
        keys[claim.property.key] += 1
    assert set(+keys) == set(NAMES)


# The run.


def silent(_: str) -> None:
    return None


@pytest.mark.slow
def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    log = Log(tmp_path / "campaign.jsonl")
    first = campaign(4, 0, 1, log, silent)
    with (tmp_path / "campaign.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"index":99,"prop')  # cut short
    lines: list[str] = []
    second = campaign(6, 0, 2, log, lines.append)
    assert lines == ["4 of 6 claims are in the log"]
    assert second[:4] == first
    assert sorted(record["index"] for record in second) == list(range(6))
    assert len((tmp_path / "campaign.jsonl").read_text().splitlines()) == 7


def test_exit_status_and_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--count", "2", "--seed", "0", "--jobs", "1", "--folder", str(tmp_path)]) == 0
    assert "disagreements: **0**" in (tmp_path / "campaign.md").read_text()
    path = tmp_path / "campaign.jsonl"
    header, *records = [json.loads(line) for line in path.read_text().splitlines()]
    records[0]["problem"] = "proved, but the definition has a counterexample"
    path.write_text("".join(json.dumps(r, separators=(",", ":")) + "\n" for r in (header, *records)))
    capsys.readouterr()
    assert main(["--count", "2", "--seed", "0", "--jobs", "1", "--folder", str(tmp_path)]) == 1
    assert f"python -m benchmarks.campaign --seed 0 --show {records[0]['index']}" in capsys.readouterr().out


def test_show_prints_one_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "0", "--show", "3"]) == 0
    assert "(check-sat)" in capsys.readouterr().out


def test_counts() -> None:
    base = Comparison(0, "affine", "tiny", "box", "network", "proved", "split", reference.HOLDS, "z3", 0.1, 0.1)
    unknown = replace(base, index=1, ours="unknown", theirs=reference.UNKNOWN)
    wrong = replace(base, index=2, property="odd", ours="refuted", problem="refuted, but the definition holds")
    records = [asdict(c) for c in (base, unknown, wrong)]
    assert counted(records, "property", "property")[2:] == [
        "| affine | 2 | 1 | 0 | 0 | 1 | 1 | 1 | 0 | 0 |",
        "| odd | 1 | 0 | 0 | 1 | 0 | 0 | 0 | 0 | 1 |",
        "| all | 3 | 1 | 0 | 1 | 1 | 1 | 1 | 0 | 1 |",
    ]
    assert "disagreements: **1**" in page(records, 0)


def test_everything_contains_the_far_box() -> None:
    """The far box above is not far for a claim on all of R^n: only the region decides."""
    index = next(i for i in range(100) if drawn(0, i).kind == "all" and compare(0, i).ours == "refuted")
    claim = drawn(0, index).claim
    evidence = decide(claim, Budget(20)).evidence
    assert isinstance(evidence, ValueGap)
    assert reference.refutes(
        replace(claim, region=everything(claim.region.ambient)), evidence.assignment, evidence.output
    )
