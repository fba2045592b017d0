"""The table of formulas with known verdicts, asked in Python, and each against Z3 on the literal formula."""

from __future__ import annotations

import pytest
import z3

from tests.support.formulas import ROWS, Row
from verify.api import load
from verify.asking import ask
from verify.formats.formulas import parse_formula
from verify.search.solver.formulas import negated_formula


def test_there_are_enough_of_them() -> None:
    assert len(ROWS) >= 80
    assert len({(row.network, row.text) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.network}: {row.text}")
def test_verdicts(row: Row) -> None:
    result = ask(row.network, row.text, to=row.second, timeout=60)
    assert (result.verdict.value, result.vacuous) == (row.word, row.is_vacuous)
    assert (result.counterexample is not None) == (row.word == "refuted")
    assert result.assurance == "checked"


@pytest.mark.parametrize("row", [r for r in ROWS if "*f(" not in r.text or "t" not in r.text], ids=lambda row: row.text)
def test_against_the_literal_formula(row: Row) -> None:
    networks = {"f": load(row.network), **({"g": load(row.second)} if row.second else {})}
    formula = parse_formula(row.text, {name: (n.input_size, n.output_size) for name, n in networks.items()})
    solver, _ = negated_formula(formula, networks)
    solver.set("rlimit", 3_000_000)
    answer = solver.check()
    assert answer in (z3.unknown, {"proved": z3.unsat, "refuted": z3.sat}[row.word])
