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
from verify.kernel.axioms.backward import Narrowing, NoPoint
from verify.kernel.axioms.batches import Machine
from verify.kernel.axioms.forms import DOUBLE
from verify.kernel.check import Verdict
from verify.kernel.cuts import UNCUT, Cuts, Levels, between_levels
from verify.kernel.evidence import Bounds, LowerSlopes
from verify.kernel.exact import evaluate, preactivations
from verify.kernel.goals import goal_of
from verify.kernel.json import from_json
from verify.kernel.pairs import Pair, paired
from verify.network import Network
from verify.property import Claim, find
from verify.rational import Floats, Vector, vector
from verify.region import box
from verify.writing import to_json

NOT_CUT: Levels = {}


def any_slopes(machine: Machine, seed: int, often: float = 0.9, cut: Levels = NOT_CUT) -> tuple[LowerSlopes, ...]:
    """Random lines for some units of each block, and for the goal, and random multipliers of any sign."""
    rng, before, last = np.random.default_rng(seed), 0, len(machine.values) + 1
    found = []
    for k, bends in enumerate([*machine.relu, True], start=1):
        size = machine.values[k - 1].size if k < last else 0
        units = np.flatnonzero(rng.random(size) < 0.8)
        rows = 2 * len(units) if k < last else machine.goal.size
        if bends and rng.random() < often:
            cuts = sum(r < before + (size if bends and k < last else 0) for r in cut)
            multipliers = rng.normal(size=(rows, cuts)) * rng.choice([0.0, 1e-3, 1.0], size=(1, cuts))
            on = rng.random((rows, before)) < 0.5
            found.append(LowerSlopes(k, units, on, multipliers if cuts and rng.random() < 0.9 else None))
        before += size if bends else 0
    return tuple(found)


def narrowed(machine: Machine, low: Floats, high: Floats, seed: int, cut: Levels = NOT_CUT) -> tuple[Floats, Narrowing]:
    narrowing = Narrowing(machine, low, high, any_slopes(machine, seed, cut=cut), cut)
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
    return claim, Bounds(UNCUT, False, (slopes,))


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
    for changed in (Bounds(UNCUT, False), replace(evidence, slopes=(evidence.slopes[0][:1],))):
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
        judged(claim, replace(evidence, slopes=(change(evidence.slopes[0]),)))
    assert error.value.rule == "bounds"


def test_slopes_are_for_no_derivatives() -> None:
    claim, evidence = claim_and_evidence()
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
    data["slopes"][0][1] |= change
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


def exact_rows(first: Network, second: Network | None) -> Exact:
    """The rows of ``machine_of``: outputs, differences, inputs."""

    def exact(x: list[Fraction]) -> list[Fraction]:
        y = evaluate(first, vector(x))
        gaps = [] if second is None else (y - evaluate(second, vector(x))).fractions()
        return [*y.fractions(), *gaps, *x]

    return exact


def levels_at(rng: random.Random, points: list[list[Vector]], numbers: list[int]) -> dict[int, tuple[float, float]]:
    """Levels for some ReLU, often at or beside values that they take."""
    found = {}
    for r, k, i in [(r, *place) for r, place in enumerate(numbers_of(points, numbers)) if rng.random() < 0.4]:
        level = float(rng.choice(points)[k].fractions()[i]) + rng.choice([0.0, 0.0, 0.125, -0.25])
        found[r] = rng.choice([(-np.inf, level), (level, np.inf), (-np.inf, 0.0), (0.0, np.inf), (level, level + 0.5)])
    return found


def numbers_of(points: list[list[Vector]], bends: list[int]) -> list[tuple[int, int]]:
    return [(k, i) for k in bends for i in range(len(points[0][k].fractions()))]


def holds(z: list[Vector], places: list[tuple[int, int]], levels: Levels) -> bool:
    return all(low <= z[places[r][0]].fractions()[places[r][1]] <= high for r, (low, high) in levels.items())


@pytest.mark.parametrize("seeds", chunks(900, 24, 1, campaign=60))
def test_bounds_hold_on_parts_between_levels(seeds: range) -> None:
    """On residual, pooled, cancelling and dense networks: each unit, each gap, each unit of g, and each row, on whole
    boxes and on parts of them; a part that has a point is never found empty.
    """
    inside_parts = empty = sharper = 0
    for seed in seeds:
        rng = random.Random(seed)
        first = random_networks.network(seed)
        second = near.changed(first, CHANGES[rng.choice(list(CHANGES))](seed))
        machine = machine_of(
            Pair(first.blocks, ()) if seed % 4 == 0 else paired(first, second), first.input_size, DOUBLE
        )
        bends = [k for k, relu in enumerate(machine.relu) if relu]
        low, high = boxes(rng, first.input_size, 1.0)
        for i in range(len(low)):
            xs = inside(rng, low[i], high[i])
            mine, theirs = ([list(preactivations(net, vector(x))) for x in xs] for net in (first, second))
            levels = levels_at(rng, mine, bends) if rng.random() < 0.7 else {}
            reached = [n for n in range(len(xs)) if holds(mine[n], numbers_of(mine, bends), levels)]
            try:
                upper, narrowing = narrowed(machine, low[i], high[i], seed, levels)
            except NoPoint:
                assert not reached
                empty += 1
                continue
            plain = Narrowing(machine, low[i], high[i], (), {})
            machine.run(low[i][None], high[i][None], narrow=plain)
            sharper += sum(
                bool(np.any(sides.value[1] < plain.blocks[k].value[1])) for k, sides in narrowing.blocks.items()
            )
            exact = exact_rows(first, second if machine.gaps else None)
            for n in reached:
                inside_parts += bool(levels)
                for block, z, z_2 in zip(narrowing.blocks.values(), mine[n], theirs[n], strict=True):
                    for pair_of_sides, values in zip(block, (z, z - z_2, z_2), strict=True):
                        assert pair_of_sides is None or lies_between(pair_of_sides, values)
                for value, bound in zip(exact(xs[n]), upper.tolist(), strict=True):
                    assert not np.isfinite(bound) or value <= Fraction(bound)
    assert inside_parts > len(seeds) and sharper > len(seeds) and empty


def cut_evidence() -> tuple[Claim, Bounds]:
    """Unit 5 cut at 0, and again above at 1/2; every part has lines and multipliers."""
    claim, _ = claim_and_evidence()
    machine = goal_of(claim, single=False).machine
    cuts, levels = Cuts(np.array([6, 0, 6, 0, 0])), (0.0, 0.5)
    parts = between_levels(cuts, levels, machine.relu_count)
    return claim, Bounds(cuts, False, tuple(any_slopes(machine, 3, 1.0, part) for part in parts), levels)


def test_parts_prove_and_survive_json() -> None:
    claim, evidence = cut_evidence()
    assert any(slopes.multipliers is not None for part in evidence.slopes for slopes in part)
    data = to_json(evidence)
    again = from_json(data, [])
    assert to_json(again) == data and isinstance(again, Bounds) and again.levels == (0.0, 0.5)
    assert judged(claim, again).verdict is Verdict.PROVED
    worst = max(float(rows.max()) for rows in goal_of(claim, single=False).bounds(again)) + 100
    for factor, words in ((Fraction(1001, 1000), ""), (Fraction(9, 10), "do not settle")):
        closer = replace(claim, property=find(f"equivalent within {Fraction(worst) * factor}"))
        if not words:
            assert judged(closer, again).verdict is Verdict.PROVED
            continue
        with pytest.raises(EvidenceError, match=words):
            judged(closer, again)


FORGED: dict[str, Callable[[Bounds], Bounds]] = {
    "a part is missing": lambda e: replace(e, slopes=e.slopes[:-1]),
    "a part too many": lambda e: replace(e, slopes=(*e.slopes, e.slopes[-1])),
    "no slopes": lambda e: replace(e, slopes=()),
    "too few levels": lambda e: replace(e, levels=e.levels[:1]),
    "too many levels": lambda e: replace(e, levels=(*e.levels, 1.0)),
    "no such unit": lambda e: replace(e, cuts=Cuts(np.array([99, 0, 6, 0, 0]))),
    "a part without a word": lambda e: replace(e, cuts=Cuts(np.array([6, 0, 6, 0]))),
    "more nodes than parts": lambda e: replace(e, cuts=Cuts(np.array([6, 0, 6, 0, 0, 0]))),
    "multipliers of another part": lambda e: replace(e, slopes=(multiplied(e.slopes[0], 2), *e.slopes[1:])),
    "multipliers without cuts": lambda e: replace(e, cuts=UNCUT, levels=(), slopes=e.slopes[:1]),
}


def multiplied(part: tuple[LowerSlopes, ...], columns: int) -> tuple[LowerSlopes, ...]:
    return tuple(replace(each, multipliers=np.ones((len(each.on), columns))) for each in part)


@pytest.mark.parametrize("name", FORGED)
def test_forged_parts_are_rejected(name: str) -> None:
    claim, evidence = cut_evidence()
    with pytest.raises(EvidenceError) as error:
        judged(claim, FORGED[name](evidence))
    assert error.value.rule in ("bounds", "cuts")


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e30])
def test_odd_multipliers_prove_nothing_that_is_false(number: float) -> None:
    """Whatever is not finite bounds nothing."""
    claim, evidence = cut_evidence()
    odd = tuple(
        tuple(
            each if each.multipliers is None else replace(each, multipliers=np.full_like(each.multipliers, number))
            for each in part
        )
        for part in evidence.slopes
    )
    wrong = replace(claim, property=find("equivalent within 1/1000"))
    with pytest.raises(EvidenceError, match="do not settle"):
        judged(wrong, replace(evidence, slopes=odd))


@pytest.mark.parametrize(
    "change",
    [
        {"numbers": "AA"}, {"numbers": 5}, {"rows": -1}, {"rows": 1.0}, {"cuts": 2}, {"cuts": -1}, {"cuts": True}, {},
    ],
)  # fmt: skip
def test_malformed_multipliers_are_rejected(change: dict[str, object]) -> None:
    data = to_json(cut_evidence()[1])
    slopes = next(each for each in data["slopes"][0] if "multipliers" in each)
    slopes["multipliers"] = slopes["multipliers"] | change if change else None
    with pytest.raises(EvidenceError) as error:
        from_json(data, [])
    assert error.value.rule == "format"


@pytest.mark.parametrize("level", [0.5, "1/3", "1/0", "1e400", "nan", "x"])
def test_levels_are_floats(level: object) -> None:
    with pytest.raises(EvidenceError) as error:
        from_json(to_json(cut_evidence()[1]) | {"levels": ["0", level]}, [])
    assert error.value.rule == "format"
