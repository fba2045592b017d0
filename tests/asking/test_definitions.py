"""The catalogue written in the language: each formula is recognised, and means in Z3 what ``check`` decides."""

from __future__ import annotations

import random

import pytest
import z3

from tests.support import random_claims
from tests.support.seeds import chunks
from verify.api import load
from verify.asking import formula_claim
from verify.asking.definitions import DEFINITIONS, ON_CONES, WITH_NUMBER, is_cone, is_everything
from verify.formats.expressions import parse_region
from verify.formats.formulas import parse_formula
from verify.kernel.check import Verdict
from verify.network import Network
from verify.property import CATALOGUE, Claim, find
from verify.region import Region
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.formula_smt import negated_formula
from verify.search.smt import SYMBOLIC, literal_query

NUMBERED = [(name.format("1/2"), text.format("1/2")) for name, text in WITH_NUMBER]
ALL = [*DEFINITIONS, *NUMBERED]


@pytest.mark.parametrize(("name", "text"), ALL)
def test_each_definition_is_that_property(name: str, text: str) -> None:
    second = "max" if "g(" in text else None
    claim = formula_claim("max", text.replace("P", "box(-1, 2)"), to=second)
    assert claim.property.name == name
    assert (claim.second is not None) == ("g(" in text)
    assert claim.region.text == "box(-1, 2)"


def test_every_property_of_the_catalogue_is_defined() -> None:
    assert {name for name, _ in DEFINITIONS} | {"superposition"} == set(
        CATALOGUE
    )  # which is 'linear' on convex regions


REWRITTEN = [
    ("f(a + c) - f(c) == f(a) for a in box(0, 1), c in box(0, 1), c + a in box(0, 1)", "additive"),
    ("f(x) + f(y) == f(y + x) for x, y, y + x in box(0, 1)", "additive"),
    ("f(x) + f(y) >= f(y + x) for x, y in nonneg", "subadditive"),
    ("f(u) + f(v) == f(v + u) for u, v in where(x0 <= 0)", "additive"),
    ("f(u) + f(v) == f(v + u) for u, v in where(x0 <= 1)", None),
    ("f(u) + f(v) == f(v + u) for u, v in box(0, 1)", None),
    ("f(s*x)/2 == s*f(x)/2 for 0 <= s, x in all", "positively homogeneous"),
    ("s*f(x) - f(x*s) == 0 for x in all, s in all", "homogeneous"),
    ("f(x/2 + y/2) == f(x)/2 + f(y)/2 for x, y in box(0, 1)", None),
    ("f(x) == f(y) for x in box(0, 1), y in box(0, 2)", None),
    ("g(x) == f(x) for x in all", "equivalent"),
    ("1/20 >= abs(g(x) - f(x)) for x in box(0, 1)", "equivalent within 1/20"),
    ("f(x) == f(y) for x, y in all, x >= 0", None),
    ("f(x)[0] == f(y)[0] for x, y in all", None),
]


@pytest.mark.parametrize(("text", "name"), REWRITTEN)
def test_formulas_are_compared_by_their_normal_form(text: str, name: str | None) -> None:
    claim = formula_claim("relu", text, to="abs" if "g(" in text else None)
    assert claim.property.name == (name or "asked")


@pytest.mark.parametrize(
    ("text", "cone", "whole"),
    [
        ("all", True, True),
        ("nonneg", True, False),
        ("nonpos", True, False),
        ("where(x0 <= x1)", True, False),
        ("where(x0 <= x1 + 1)", False, False),
        ("box(0, 1)", False, False),
        ("box(-inf, 1)", False, False),
        ("box([0, 0], [inf, 0])", True, False),
        ("l1ball(0, 1)", False, False),
        ("slice(0, [[1, 1]], 0, inf)", False, False),
    ],
)
def test_cones(text: str, cone: bool, whole: bool) -> None:
    region = parse_region(text, 2)
    assert (is_cone(region), is_everything(region)) == (cone, whole)


def z3_says(text: str, f: Network, g: Network, region: Region) -> Verdict | None:
    sizes = (f.input_size, f.output_size)
    formula = parse_formula(text, {"f": sizes, "g": sizes}, regions={"P": region})
    return answered(negated_formula(formula, {"f": f, "g": g})[0])


def answered(solver: z3.Solver) -> Verdict | None:
    solver.set("rlimit", 3_000_000)
    return {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED}.get(str(solver.check()))


@pytest.mark.parametrize("seeds", chunks(0, 40, 1, campaign=20))
def test_definition_and_reduction_agree(seeds: range) -> None:
    """The definition in the language, the literal query of ``check --show-smt`` and the engines' verdict are the same.

    Formulas with products of unknowns are tried too: where Z3 gives no answer, nothing is compared.
    """
    compared = queries = 0
    for seed in seeds:
        rng = random.Random(seed)
        size = rng.choice([1, 1, 2])
        f, g = (random_claims.network(rng, size, 1, name) for name in ("first", "second"))
        region = random_claims.region(rng, size)
        name, text = ALL[seed % len(ALL)]
        if is_cone(region) and rng.random() < 0.5:
            name, text = ON_CONES[seed % len(ON_CONES)]
        claim = Claim(f, find(name), region, g if "g(" in text else None)
        outcome = decide(claim, Budget(20))
        answer = z3_says(text, f, g, region)
        if claim.property.key in SYMBOLIC:
            literal = answered(literal_query(claim)[0])
            queries += literal is not None and answer is not None
            assert literal is None or answer is None or literal is answer, f"seed {seed}: {name} on {region.text}"
        if answer is not None and outcome.verdict is not Verdict.UNKNOWN:
            compared += 1
            assert outcome.verdict is answer, f"seed {seed}: {name} on {region.text}"
    assert compared > len(seeds) // 2 and queries > len(seeds) // 3


def test_a_built_in_network_is_what_its_name_says() -> None:
    assert formula_claim(load("relu"), "f(x) == f(y) for x, y in all").network.name == "relu"
