"""The flag ``vacuous`` against Z3 on 'there is an instance that is not trivial', on regions of every dimension."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import z3

from tests.support.seeds import fresh
from verify.errors import EvidenceError, RegionError
from verify.formats.expressions import parse_region
from verify.kernel.instances import Instance, NoInstance, Witness, is_vacuous
from verify.kernel.json import read_witness
from verify.network import Network
from verify.network.network import Block
from verify.property import Claim, find
from verify.rational import zeros
from verify.search.budget import Budget
from verify.search.refuting.nontrivial import witness_of
from verify.search.solver.encoding import inside
from verify.writing import witness_to_json

PROPERTIES = ("odd", "even", "additive", "subadditive", "homogeneous", "positively homogeneous", "affine", "constant")
MONOTONE = ("nondecreasing in 0", "nonincreasing in 1")


def nought(size: int) -> Network:
    return Network("zero", (size,), (1,), (Block("output", (1,), (), zeros(1), relu=False),))


def drawn(rng: random.Random) -> Claim:
    """A claim about 0 on a region that is often of lower dimension, a point, empty, or flat in a chart."""
    size = rng.randint(2, 3)

    def form() -> str:
        return " + ".join(f"{rng.randint(-2, 2)}*x{i}" for i in range(size))

    def vector() -> str:
        return f"[{', '.join(str(rng.randint(-2, 2)) for _ in range(size))}]"

    low = rng.randint(-2, 1)
    bases = ["all", "nonneg", "nonpos", f"box({low}, {low + rng.choice([0, 1, 3])})", f"l1ball({vector()}, 1)"]
    direction = f"[{', '.join(str(rng.randint(-1, 1)) for _ in range(size - 1))}, 1]"
    bases.append(f"slice({vector()}, [{direction}], -1, {rng.choice(['1', 'inf'])})")
    rows = [f"{form()} {rng.choice(['<=', '>=', '==', '=='])} {rng.choice(['0', '1', '-1', '1/2'])}" for _ in range(2)]
    parts = [rng.choice(bases), *(f"where({row})" for row in rows[: rng.randint(0, 2)])]
    region = parse_region(" & ".join(parts), size)
    return Claim(nought(size), find(rng.choice([*PROPERTIES, *MONOTONE, *MONOTONE])), region)


def has_instance(claim: Claim) -> bool:
    """Z3: some values of the variables keep every argument in the region and are not trivial."""
    solver, size, key = z3.Solver(), claim.network.input_size, claim.property.key
    x, y = ([z3.Real(f"{name}{i}") for i in range(size)] for name in "xy")
    points = [x]
    if key in ("odd", "even"):
        points.append([-v for v in x])
    elif key in ("additive", "subadditive"):
        points += [y, [a + b for a, b in zip(x, y, strict=True)]]
    elif "homogeneous" in key:
        t = z3.Real("t")
        solver.add(t != 1, *([t >= 0] if "positively" in key else []))
        points.append([t * v for v in x])
    elif key.startswith("non"):
        axis = claim.property.parameters["axis"]
        solver.add(*(a == b for i, (a, b) in enumerate(zip(x, y, strict=True)) if i != axis), x[axis] < y[axis])
        points.append(y)
    for number, point in enumerate(points):
        solver.add(*inside(claim.region, point, f"p{number}"))
    answer = solver.check()
    assert answer != z3.unknown
    return bool(answer == z3.sat)


def compared(seeds: range) -> tuple[int, int]:
    """How many claims were compared, and how many of them are vacuous because of rows alone."""
    total, vacuous = 0, 0
    for seed in seeds:
        try:
            claim = drawn(random.Random(seed))
            witness = witness_of(claim, Budget())
        except RegionError:
            continue
        again = read_witness(witness_to_json(witness))
        assert is_vacuous(claim, again) != has_instance(claim), (seed, claim.property.name, claim.region.text)
        total += 1
        vacuous += isinstance(again, NoInstance) and (again.equation or again.multipliers) is not None
        refused(claim, witness)
    return total, vacuous


def refused(claim: Claim, witness: Witness) -> None:
    """What says the opposite, or leaves something out, is not accepted."""
    if isinstance(witness, Instance):
        point = next(v for v in witness.assignment.values() if not isinstance(v, Fraction))
        with pytest.raises(EvidenceError, match="'no instance'"):
            is_vacuous(claim, NoInstance(point))
        for name in witness.assignment:
            rest = {key: value for key, value in witness.assignment.items() if key != name}
            with pytest.raises(EvidenceError, match="'instance'"):
                is_vacuous(claim, Instance(rest))
        return
    values = {n: witness.point if kind == "point" else Fraction(1) for n, kind in claim.property.variables.items()}
    if "t" in values and claim.property.key.startswith("non"):
        values["t"] = Fraction(0)
    with pytest.raises(EvidenceError, match=r"'instance'|'trivial instance'"):
        is_vacuous(claim, Instance(values))
    if witness.equation is not None:
        with pytest.raises(EvidenceError, match="'equation'"):
            is_vacuous(claim, replace(witness, equation=replace(witness.equation, above={}, below={})))
    if witness.multipliers:
        with pytest.raises(EvidenceError, match="'no instance'"):
            is_vacuous(claim, replace(witness, multipliers={}))


def test_vacuous_is_what_z3_says() -> None:
    total, vacuous = compared(range(120))
    assert total > 60
    assert vacuous > 5


@pytest.mark.campaign
def test_vacuous_is_what_z3_says_of_many() -> None:
    total, vacuous = compared(fresh(4000))
    assert total > 2000
    assert vacuous > 160


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("nondecreasing in 0", "nonpos & where(x0 + x1 >= 0)"),
        ("nondecreasing in 0", "where(2*x0 - x1 == 0)"),
        ("nondecreasing in 0", "slice([0, 0], [[3, 0]], 0, 1) & where(x0 == 1/2)"),
        ("nonincreasing in 1", "where(x0 - x1 == 0)"),
        ("positively homogeneous", "where(x0 + x1 == 1/2)"),
        ("nondecreasing in 1", "l1ball(0, 1) & where(x0 >= 1)"),
        ("homogeneous", "l1ball(0, 1) & where(x0 >= 1)"),
        ("subadditive", "box(1, 2) & where(x0 + x1 >= 5/2)"),
    ],
)
def test_only_trivial_instances(name: str, text: str) -> None:
    claim = Claim(nought(2), find(name), parse_region(text, 2))
    assert is_vacuous(claim, witness_of(claim, Budget()))
    assert not has_instance(claim)
