"""Lower slopes that search chooses: never below the largest difference, and sharper than forms alone."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest

from tests.support import random_networks
from tests.support.judging import judged
from tests.support.largest import exact_largest, largest_on_a_square, near, unit_box, within
from tests.support.seeds import chunks
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.cuts import UNCUT
from verify.kernel.evidence import Bounds
from verify.kernel.goals import Goal, goal_of
from verify.property import Claim, find
from verify.rational import Floats
from verify.region import box
from verify.search import lower_slopes
from verify.search.budget import Budget
from verify.search.commands.compare import closed, compare_networks
from verify.search.decide import decide
from verify.search.dividing import at_units
from verify.search.dividing.at_units import UnitCuts


def narrowed_bounds(goal: Goal, budget: Budget, parts: int = 1) -> tuple[Bounds, Floats]:
    tree = UnitCuts(goal, budget)
    for _ in tree.rounds(budget, 0.0) if parts > 1 else ():
        if len(tree.parts) >= parts:
            break
    return tree.evidence(single=False), tree.upper


CHANGES = (Fraction(0), Fraction(1, 100), Fraction(1, 2), Fraction(1, 10**30))


@pytest.mark.parametrize("seeds", chunks(81_000, 18, 1, campaign=300))
def test_a_bound_is_never_below_the_largest_difference(seeds: range) -> None:
    sharper = 0
    for seed in seeds:
        rng = random.Random(seed)
        inputs = rng.randint(1, 2)
        first, second = near(rng, inputs, rng.choice(CHANGES))
        whole = within(first, second, unit_box(inputs), Fraction(0))
        exact = exact_largest(whole) if inputs == 1 else largest_on_a_square(first, second)
        goal = goal_of(whole, single=False)
        evidence, upper = narrowed_bounds(goal, Budget(), 1 + seed % 6)
        plain = next(goal.bounds(Bounds(UNCUT, False))).max()
        bound = float(upper.max())
        assert Fraction(bound) >= exact and bound >= max(rows.max() for rows in goal.bounds(evidence))
        claim = within(first, second, unit_box(inputs), closed(bound))
        assert judged(claim, evidence).verdict is Verdict.PROVED
        if exact:
            with pytest.raises(EvidenceError, match="do not settle"):
                judged(within(first, second, unit_box(inputs), exact * (1 - Fraction(1, 2**40))), evidence)
        sharper += bound < float(plain) * (1 - 1e-6)
    assert sharper > (0 if seeds.start != 81_000 else len(seeds) // 8)  # fresh ones may have fewer


def many_inputs() -> Claim:
    """Output 0 of a network of 20 inputs stays below the most that forms, or slopes, show."""
    rng = random.Random(5)
    net = random_networks.chain(rng, [20, 12, 12, 8, 1])
    region = box([Fraction(-1, 8)] * 20, [Fraction(1, 8)] * 20)
    goal = goal_of(Claim(net, find("never -1*y0 <= -1000000"), region), single=False)
    plain = float(goal.upper(goal.root[0][None], goal.root[1][None])[0, 0]) + 1e6
    evidence, upper = narrowed_bounds(goal, Budget())
    assert evidence.slopes
    sharp = float(upper[0]) + 1e6
    assert sharp < 0.95 * plain
    level = Fraction((sharp + plain) / 2).limit_denominator(1000)
    return Claim(net, find(f"never -1*y0 <= {-level}"), region)


def test_what_has_many_inputs_is_proved_with_slopes() -> None:
    claim = many_inputs()
    outcome = decide(claim, Budget(seconds=30), "bounds")
    assert outcome.verdict is Verdict.PROVED
    assert isinstance(outcome.evidence, Bounds) and outcome.evidence.slopes
    with pytest.raises(EvidenceError, match="do not settle"):
        judged(claim, Bounds(UNCUT, outcome.evidence.single))


def test_compare_takes_the_smaller_bound() -> None:
    rng = random.Random(5)
    first, second = (
        random_networks.chain(rng, [20, 30, 30, 8, 1]) for _ in range(2)
    )  # more ReLU than are decided for smaller bounds
    found = compare_networks(first, second, box([-1] * 20, [1] * 20), Budget(seconds=5))
    assert found.outcome is not None and isinstance(found.outcome.evidence, Bounds) and found.outcome.evidence.slopes
    assert found.claim is not None and found.upper is not None
    goal = goal_of(within(first, second, found.claim.region, Fraction(0)), single=False)
    assert found.lower <= found.upper < goal.upper(goal.root[0][None], goal.root[1][None]).max()


def test_what_time_does_not_suffice_for_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time no block but the goal is narrowed, and with a little the units with the widest sides are."""
    claim = many_inputs()
    goal = goal_of(claim, single=False)
    monkeypatch.setattr(at_units, "SHARE", 0.0)
    monkeypatch.setattr(lower_slopes, "GROUP", 2)
    evidence, upper = narrowed_bounds(goal, Budget(seconds=30))
    assert [slopes.block for slopes in evidence.slopes[0]] == [5]
    assert upper[0] >= next(goal.bounds(evidence))[0, 0]
    with pytest.raises(BudgetExceeded):
        narrowed_bounds(goal, Budget(seconds=0))


def test_counted_work_takes_the_same_steps_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock is asked where work is counted, and work that is used up ends the search."""
    goal = goal_of(many_inputs(), single=False)
    quick, _ = narrowed_bounds(goal, Budget(work=1000))
    monkeypatch.setattr(Budget, "elapsed", property(lambda self: 1e9))
    slow, _ = narrowed_bounds(goal, Budget(work=1000))
    assert [s.on.tolist() for s in quick.slopes[0]] == [s.on.tolist() for s in slow.slopes[0]]
    with pytest.raises(BudgetExceeded, match="5 steps of work"):
        narrowed_bounds(goal, Budget(work=5))
