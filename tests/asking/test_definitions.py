"""The catalogue written in the language: each formula is recognised, and means in Z3 what ``check`` decides."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import z3

from tests.support import random_claims
from tests.support.seeds import chunks
from verify.api import load
from verify.asking import formula_claim
from verify.asking.definitions import DEFINITIONS, ON_CONES, WITH_NUMBER, is_cone, is_everything
from verify.formats.expressions import parse_region
from verify.formats.formulas import parse_formula
from verify.formula.truth import Meaning
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.property import CATALOGUE, Claim, Property, find
from verify.rational import Vector, vector
from verify.region import Region, everything
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.refuting.finding import gap_at
from verify.search.solver.formulas import negated_formula
from verify.search.solver.literal import MIDDLE, has_query, literal_formula, literal_query

NUMBERED = [(name.format("1/2"), find(name.format("1/2")).definition) for name in WITH_NUMBER]
ALL = [*DEFINITIONS, *NUMBERED]


@pytest.mark.parametrize(("name", "text"), ALL)
def test_each_definition_is_that_property(name: str, text: str) -> None:
    second = "max" if "g(" in text else None
    claim = formula_claim("max", text.replace("P", "box(-1, 2)"), to=second)
    assert claim.property.name == name
    assert (claim.second is not None) == ("g(" in text)
    assert claim.region.text == "box(-1, 2)"


def test_every_property_of_the_catalogue_is_defined() -> None:
    assert all(wanted.definition for wanted in CATALOGUE.values())
    names = {name for name, _ in DEFINITIONS}
    assert names | {"superposition"} == set(CATALOGUE)  # which is 'linear' on convex regions


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
        if has_query(claim.property):
            literal = answered(literal_query(claim)[0])
            queries += literal is not None and answer is not None
            assert literal is None or answer is None or literal is answer, f"seed {seed}: {name} on {region.text}"
        if answer is not None and outcome.verdict is not Verdict.UNKNOWN:
            compared += 1
            assert outcome.verdict is answer, f"seed {seed}: {name} on {region.text}"
    assert compared > len(seeds) // 2 and queries > len(seeds) // 3


STEPS = [
    find(name) for name in ("nondecreasing in 0", "nonincreasing in 0", "lipschitz 1/2 in linf", "lipschitz 1 in l1")
]


@pytest.mark.parametrize("wanted", [*CATALOGUE.values(), *STEPS, find("equivalent within 1/2")], ids=lambda p: p.name)
@pytest.mark.parametrize("seeds", chunks(0, 24, 1, campaign=40))
def test_an_instance_breaks_the_property_where_its_definition_is_false(seeds: range, wanted: Property) -> None:
    """What the kernel evaluates is written apart from the definition; here both are evaluated at random values."""
    broken = 0
    for seed in seeds:
        rng = random.Random(seed)
        size = rng.choice([1, 2])
        f, g = (random_claims.network(rng, size, 1, name) for name in ("first", "second"))
        region = everything(size) if seed % 2 else random_claims.region(rng, size)
        claim = Claim(f, wanted, region, g if wanted.needs_second else None)
        values = assignment(rng, wanted, size)
        formula = literal_formula(wanted, claim.region, 1)
        networks = {"f": f, "g": g}
        meaning = Meaning(formula, {"f": size, "g": size}, values, lambda n, x, known=networks: evaluate(known[n], x))  # type: ignore[misc]
        assert (gap_at(claim, values) is None) == meaning.is_true(), f"seed {seed}: {values} on {claim.region.text}"
        broken += not meaning.is_true()
    assert 0 < broken < len(seeds)


def assignment(rng: random.Random, wanted: Property, size: int) -> dict[str, Vector | Fraction]:
    """Small values for the property's variables; e is the middle."""

    def value() -> Fraction:
        return Fraction(rng.randint(-4, 4), rng.choice([1, 2, 4]))

    found: dict[str, Vector | Fraction] = {
        name: vector([value() for _ in range(size)]) if kind == "point" else value()
        for name, kind in wanted.variables.items()
    }
    return found | ({"e": MIDDLE} if "e" in found else {})


def test_a_built_in_network_is_what_its_name_says() -> None:
    assert formula_claim(load("relu"), "f(x) == f(y) for x, y in all").network.name == "relu"
