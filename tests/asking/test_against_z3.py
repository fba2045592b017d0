"""Random formulas over small random networks: the verdict is Z3's on the literal formula, and records replay."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest
import z3

from tests.support import random_claims
from tests.support.random_formulas import Formulas
from tests.support.seeds import chunks
from verify.asking import ask
from verify.errors import FormulaError
from verify.formula.tree import Implication
from verify.kernel.check import Verdict, judge
from verify.network import Network
from verify.report.recheck import recheck
from verify.report.record import Result
from verify.search.solver.formulas import negated_formula
from verify.search.solver.literal import interrupting

VERDICTS = {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED}


def asked(seed: int) -> tuple[str, Network, Network]:
    """A random formula and the networks f and g."""
    rng = random.Random(seed)
    inputs, outputs = rng.choice([1, 1, 2]), rng.choice([1, 1, 2])
    f, g = (random_claims.network(rng, inputs, outputs, name) for name in ("first", "second"))
    if rng.random() < 0.15:
        g = f
    return Formulas(rng, inputs, outputs).text(), f, g


def decided(seed: int, text: str, f: Network, g: Network) -> Result | None:
    """The result; None for formulas that are refused: sizes that do not fit, empty regions, too many cases."""
    try:
        return ask(f, text, to=g, timeout=60)
    except FormulaError as error:
        assert "open" not in str(error), f"seed {seed}: {text}"
        return None


def z3_on(result: Result, f: Network, g: Network, *, conditions_only: bool = False) -> str:
    claim = result.claim
    assert claim.property.asked is not None
    formula = claim.property.asked.formula
    while isinstance(formula.body, Implication):  # a premise is one more condition
        formula = replace(formula, body=formula.body.right, conditions=(*formula.conditions, formula.body.left))
    solver, _ = negated_formula(formula, {"f": f, "g": g})
    if conditions_only:
        bare, _ = negated_formula(formula, {"f": f, "g": g})
        solver = z3.Solver()
        solver.add(bare.assertions()[:-1])
    solver.set("timeout", 20_000)
    with interrupting(30):
        return str(solver.check())


def compare(seed: int, tmp_path: Path) -> str:
    """One formula both ways; returns what was seen."""
    text, f, g = asked(seed)
    result = decided(seed, text, f, g)
    if result is None or result.claim.property.asked is None:
        return "refused" if result is None else "catalogue"
    label = f"seed {seed}: {text} with f\n{f.canonical_digest} is {result!r} {result.outcome.reason}"
    assert result.verdict is not Verdict.UNKNOWN, label
    answer = z3_on(result, f, g)
    assert VERDICTS.get(answer, result.verdict) is result.verdict, f"Z3 says {answer}; {label}"
    if result.verdict is Verdict.PROVED and answer == "unsat":
        assert result.vacuous == (z3_on(result, f, g, conditions_only=True) == "unsat"), f"vacuous; {label}"
    evidence = result.outcome.evidence
    assert evidence is not None
    assert judge(result.claim, evidence, result.outcome.witness).verdict is result.verdict
    record = tmp_path / "record.json"
    record.write_text(json.dumps(result.to_json()))
    replayed = recheck(record)
    assert replayed.judgement is not None
    assert replayed.judgement.verdict is result.verdict
    if result.verdict is Verdict.REFUTED:
        assert result.counterexample
    return f"{result.verdict.value}{' vacuous' if result.vacuous else ''}"


@pytest.mark.parametrize("seeds", chunks(0, 30, 1, campaign=21))
def test_random_formulas(seeds: range, tmp_path: Path) -> None:
    seen = [compare(seed, tmp_path) for seed in seeds]
    assert {"proved", "refuted", "proved vacuous"} <= set(seen)
    assert seen.count("refused") < len(seeds) // 3
