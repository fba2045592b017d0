"""Rows carried back to the input: whatever lower slopes the evidence names, no exact value lies beyond the bounds."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import pytest

from tests.kernel.test_affine_forms import CHANGES, pair_of
from tests.kernel.test_batches import PRECISIONS, boxes, inside, machine_of, values_of
from tests.kernel.test_filter import WEIGHTS, scale_of
from tests.support import near, random_networks
from tests.support.judging import judged
from tests.support.seeds import chunks
from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms import backward
from verify.kernel.axioms.backward import Narrowing
from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import DOUBLE
from verify.kernel.check import Verdict
from verify.kernel.cuts import UNCUT, Cuts
from verify.kernel.difference import Pair, paired
from verify.kernel.evidence import Bounds, LowerSlopes
from verify.kernel.exact import preactivations
from verify.kernel.goals import goal_of
from verify.kernel.json import from_json
from verify.property import Claim, find
from verify.rational import Floats, Vector, vector
from verify.region import box
from verify.writing import to_json


def any_slopes(machine: Machine, seed: int, often: float = 0.9) -> dict[int, LowerSlopes]:
    """Random lines for some units of each block, and for the goal."""
    rng, before, last = np.random.default_rng(seed), 0, len(machine.values) + 1
    found = {}
    for k, bends in enumerate([*machine.relu, True], start=1):
        size = machine.values[k - 1].size if k < last else 0
        units = np.flatnonzero(rng.random(size) < 0.8)
        rows = 2 * len(units) if k < last else machine.goal.size
        if bends and rng.random() < often:
            found[k] = LowerSlopes(k, units, rng.random((rows, before)) < 0.5)
        before += size if bends else 0
    return found


def narrowed(machine: Machine, low: Floats, high: Floats, seed: int) -> tuple[Floats, Narrowing]:
    narrowing = Narrowing(machine, low, high, any_slopes(machine, seed))
    with np.errstate(all="ignore"):
        return narrowing.rows(machine.run(low[None], high[None], narrow=narrowing))[0], narrowing


Exact: TypeAlias = Callable[[list[Fraction]], list[Fraction]]


def check(machine: Machine, rng: random.Random, exact: Exact, size: int, scale: float) -> tuple[int, int]:
    """Exact rows at points of boxes against the bounds: how many were finite, and how many sharper than without."""
    finite = sharper = 0
    low, high = boxes(rng, size, scale)
    with np.errstate(all="ignore"):
        usable = np.all(np.isfinite(low)) and np.all(np.isfinite(high))
    for i in range(len(low) if usable else 0):
        upper, _ = narrowed(machine, low[i], high[i], rng.randrange(1 << 30))
        with np.errstate(all="ignore"):
            plain = machine.run(low[i][None], high[i][None]).sides()[1][0]
        sharper += int(np.count_nonzero(upper < plain))
        for x in inside(rng, low[i], high[i]):
            for j, value in enumerate(exact(x)):
                if np.isfinite(upper[j]):
                    finite += 1
                    assert value <= Fraction(float(upper[j]))
    return finite, sharper


def try_pair(seed: int, name: str, change: str) -> tuple[int, int]:
    rng = random.Random(seed)
    first, second = pair_of(seed, change, WEIGHTS[name])
    try:
        precision = PRECISIONS["double" if seed % 2 else "single"]
        machine = machine_of(paired(first, second), first.input_size, precision)
    except EvidenceError:
        return 0, 0
    exact = values_of(first, second)
    assert callable(exact)
    return check(machine, rng, exact, first.input_size, scale_of(rng, name)())


@pytest.mark.parametrize("name", WEIGHTS)
def test_values_and_differences_lie_within_the_bounds(name: str) -> None:
    is_odd = name in ("tiny thirds", "extreme")  # float32 columns do not hold them
    seeds = itertools.cycle((7, 9) if is_odd else (1, 2))
    tried = [try_pair(seed, name, change) for change, seed in zip(CHANGES, seeds, strict=False)]
    finite, sharper = (sum(counts) for counts in zip(*tried, strict=True))
    assert finite > 150 and sharper > 2


@pytest.mark.campaign
@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("seeds", chunks(3000, 20, 0, campaign=20))
def test_more_seeds(seeds: range, name: str) -> None:
    for seed in seeds:
        for change in CHANGES:
            try_pair(seed, name, change)


@pytest.mark.parametrize("seeds", chunks(500, 16, 1, campaign=40))
def test_sides_of_every_block_hold(seeds: range) -> None:
    """On residual, pooled, cancelling and dense networks too: each unit, each gap, and each unit of g."""
    sharper = 0
    for seed in seeds:
        rng = random.Random(seed)
        first = random_networks.network(seed)
        second = near.changed(first, CHANGES[rng.choice(list(CHANGES))](seed))
        machine = machine_of(
            Pair(first.blocks, ()) if seed % 4 == 0 else paired(first, second), first.input_size, DOUBLE
        )
        low, high = boxes(rng, first.input_size, 1.0)
        for i in range(len(low)):
            _, narrowing = narrowed(machine, low[i], high[i], seed)
            plain = Narrowing(machine, low[i], high[i], {})
            machine.run(low[i][None], high[i][None], narrow=plain)
            for k, sides in narrowing.blocks.items():
                sharper += int(np.any(sides.value[1] < plain.blocks[k].value[1]))
            for x in inside(rng, low[i], high[i]):
                mine, theirs = (preactivations(net, vector(x)) for net in (first, second))
                for block, z, z_2 in zip(narrowing.blocks.values(), mine, theirs, strict=True):
                    for pair_of_sides, exact in zip(block, (z, z - z_2, z_2), strict=True):
                        assert pair_of_sides is None or lies_between(pair_of_sides, exact)
    assert sharper > len(seeds)


def lies_between(sides: tuple[Floats, Floats], exact: Vector) -> bool:
    triples = zip(*(side.tolist() for side in sides), exact.fractions(), strict=True)
    return all((a == -np.inf or Fraction(a) <= v) and (b == np.inf or v <= Fraction(b)) for a, b, v in triples)


# Wide boxes and many inputs: there cutting is hopeless, and lower slopes are what is left.
WIDE = box([-1] * 3, [1] * 3)


def claim_and_evidence(epsilon: str = "100") -> tuple[Claim, Bounds]:
    rng = random.Random(3)
    first, second = (random_networks.chain(rng, [3, 4, 4, 2]) for _ in range(2))
    claim = Claim(first, find(f"equivalent within {epsilon}"), WIDE, second)
    slopes = any_slopes(goal_of(claim, single=False).machine, 0, often=1.0)
    assert len(slopes) == 3
    return claim, Bounds(UNCUT, False, tuple(slopes.values()))


def test_evidence_survives_json_and_is_canonical() -> None:
    claim, evidence = claim_and_evidence()
    data = to_json(evidence)
    again = from_json(data, [])
    assert to_json(again) == data
    assert judged(claim, again).verdict is Verdict.PROVED
    assert "slopes" not in to_json(Bounds(UNCUT, False))


def test_slopes_prove_what_forms_do_not() -> None:
    """Between what the slopes show and what the forms show, only the slopes prove."""
    claim, evidence = claim_and_evidence()
    goal = goal_of(claim, single=False)
    plain, sharp = (float(next(goal.bounds(e)).max()) + 100 for e in (Bounds(UNCUT, False), evidence))
    assert sharp < plain
    between = replace(claim, property=find(f"equivalent within {Fraction((plain + sharp) / 2)}"))
    assert judged(between, evidence).verdict is Verdict.PROVED
    for changed in (Bounds(UNCUT, False), replace(evidence, slopes=evidence.slopes[:1])):
        with pytest.raises(EvidenceError) as error:
            judged(between, changed)
        assert error.value.rule == "bounds"


@pytest.mark.parametrize(
    "change",
    [
        lambda slopes: slopes[::-1],
        lambda slopes: (*slopes, slopes[-1]),
        lambda slopes: (replace(slopes[0], block=0), *slopes[1:]),
        lambda slopes: (replace(slopes[0], block=9), *slopes[1:]),
        lambda slopes: (replace(slopes[0], units=slopes[0].units + 9), *slopes[1:]),
        lambda slopes: (replace(slopes[0], units=slopes[0].units - 9), *slopes[1:]),
        lambda slopes: (slopes[0], replace(slopes[1], units=slopes[1].units[:-1]), *slopes[2:]),
        lambda slopes: (slopes[0], replace(slopes[1], on=slopes[1].on[:, :-1]), *slopes[2:]),
        lambda slopes: (*slopes[:-1], replace(slopes[-1], on=slopes[-1].on[:-1])),
    ],
)
def test_forged_slopes_are_rejected(change: Callable[[tuple[LowerSlopes, ...]], tuple[LowerSlopes, ...]]) -> None:
    claim, evidence = claim_and_evidence()
    with pytest.raises(EvidenceError) as error:
        judged(claim, replace(evidence, slopes=change(evidence.slopes)))
    assert error.value.rule == "bounds"


def test_slopes_are_for_a_box_that_is_not_cut_and_for_no_derivatives() -> None:
    claim, evidence = claim_and_evidence()
    with pytest.raises(EvidenceError, match="not cut"):
        judged(claim, replace(evidence, cuts=Cuts(np.array([1, 0, 0]))))
    with pytest.raises(EvidenceError, match="values and differences"):
        judged(Claim(claim.network, find("lipschitz 1000 in linf"), WIDE), evidence)


@pytest.mark.parametrize(
    "change",
    [
        {"block": "2"}, {"block": 1.5}, {"units": [1, 0]}, {"units": [0, 0]}, {"units": [True]}, {"units": 3},
        {"rows": 3}, {"width": 1 << 40}, {"width": 1}, {"on": "AA"}, {"on": "***"}, {"on": 5},
    ],
)  # fmt: skip
def test_malformed_slopes_are_rejected(change: dict[str, object]) -> None:
    data = to_json(claim_and_evidence()[1])
    data["slopes"][1] |= change
    with pytest.raises(EvidenceError) as error:
        from_json(data, [])
    assert error.value.rule == "format"


def test_too_much_work_is_no_rejection(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, evidence = claim_and_evidence()
    monkeypatch.setattr(backward, "MOST_PRODUCTS", 10)
    with pytest.raises(TooLarge, match="more than 10 products"):
        judged(claim, evidence)


def test_rows_in_several_groups_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    claim, evidence = claim_and_evidence()
    goal = goal_of(claim, single=False)
    whole = next(goal.bounds(evidence))
    monkeypatch.setattr(backward, "MOST_COEFFICIENTS", 4)
    assert np.allclose(next(goal.bounds(evidence)), whole, rtol=1e-12)
