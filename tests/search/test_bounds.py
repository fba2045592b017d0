"""Claims decided by bounds on parts of a box: verdicts against exact enumeration, evidence against forgeries."""

from __future__ import annotations

import functools
import pickle
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from tests.support import random_claims
from tests.support.judging import judged
from tests.support.largest import breaks, exact_largest, largest_on_a_square, near, unit_box, within
from tests.support.seeds import chunks, seeds
from verify.errors import BudgetExceeded, EvidenceError
from verify.kernel.check import Verdict
from verify.kernel.cuts import Cuts, leaves, read
from verify.kernel.evidence import Bounds, Cells, Cover, Evidence, Rule, Unsafe, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.facts.rules import RULES
from verify.kernel.goals import goal_of
from verify.kernel.json import from_json
from verify.property import Claim, find
from verify.property.never import Inequality, never
from verify.rational import vector
from verify.region import box
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.dividing.cutting import Search, rounds
from verify.search.engines.bounds import search_bounds
from verify.search.refuting.hunting import Attack, Hunt
from verify.writing import to_json


@pytest.mark.parametrize("seeds", chunks(0, 3, 1, campaign=1700))
def test_pairs_around_the_largest_difference(seeds: range) -> None:
    """Never wrong at the largest difference itself, 2^-60 below and above it, nor far from it."""
    for seed in seeds:
        rng = random.Random(seed)
        first, second = near(rng, 1, rng.choice([Fraction(0), Fraction(1, 100), Fraction(1, 2), Fraction(1, 10**30)]))
        whole = within(first, second, unit_box(1), Fraction(0))
        largest = exact_largest(whole)
        for epsilon in (largest, largest - Fraction(1, 2**60), largest + Fraction(1, 2**60), 2 * largest, largest / 2):
            if epsilon < 0:
                continue
            claim = within(first, second, unit_box(1), epsilon)
            found, _ = search_bounds(claim, Budget())
            if found is not None:
                expected = Verdict.PROVED if largest <= epsilon else Verdict.REFUTED
                assert judged(claim, found).verdict is expected, (seed, epsilon)
            outcome = decide(claim, Budget(20), shrinking=False)
            assert outcome.verdict in (Verdict.UNKNOWN, Verdict.PROVED if largest <= epsilon else Verdict.REFUTED)


@pytest.mark.parametrize("seeds", chunks(0, 3, 1, campaign=1700))
def test_pairs_of_two_inputs_around_the_largest_difference(seeds: range) -> None:
    """Polygons on which both networks are affine have the largest difference at their corners."""
    for seed in seeds:
        rng = random.Random(seed)
        first, second = near(rng, 2, rng.choice([Fraction(0), Fraction(1, 100), Fraction(1, 2), Fraction(1, 10**30)]))
        largest = largest_on_a_square(first, second)
        for epsilon in rng.sample(
            [largest, largest - Fraction(1, 2**60), largest + Fraction(1, 2**60), largest / 2], 2
        ):
            if epsilon >= 0:
                expected = Verdict.PROVED if largest <= epsilon else Verdict.REFUTED
                outcome = decide(within(first, second, unit_box(2), epsilon), Budget(20), shrinking=False)
                assert outcome.verdict in (Verdict.UNKNOWN, expected), (seed, epsilon)


@pytest.mark.parametrize("seeds", chunks(0, 3, 1, campaign=1600))
def test_inequalities_are_never_wrong(seeds: range) -> None:
    """``never`` with thresholds around the exact extreme values of a network of one input."""
    for seed in seeds:
        rng = random.Random(seed)
        net, _ = near(rng, 1, Fraction(0))
        points = sorted(breaks(net))
        highest = max(evaluate(net, vector([x])).fractions()[0] for x in points)
        for shift in (Fraction(0), Fraction(1, 2**60), Fraction(-1, 2**60), Fraction(1, 3), Fraction(-1, 3)):
            for strict in (False, True):
                # y0 > t, or y0 >= t, as -y0 < -t.
                unsafe = Inequality(((("y", 0), Fraction(-1)),), -(highest + shift), strict)
                claim = Claim(net, never([(unsafe,)]), unit_box(1))
                holds = shift > 0 or (strict and shift == 0)
                outcome = decide(claim, Budget(20), shrinking=False)
                assert outcome.verdict in (Verdict.UNKNOWN, Verdict.PROVED if holds else Verdict.REFUTED), (seed, shift)
                if abs(shift) == Fraction(1, 3):
                    assert outcome.verdict is not Verdict.UNKNOWN


@pytest.mark.parametrize("seed", seeds(4, campaign=60))
def test_slopes_agree_with_the_other_engines(seed: int) -> None:
    rng = random.Random(seed)
    net = random_claims.network(rng, 2, 1)
    for family in ("nondecreasing", "nonincreasing"):
        claim = Claim(net, find(f"{family} in {rng.randint(0, 1)}"), unit_box(2))
        found, _ = search_bounds(claim, Budget())
        if found is not None:
            assert judged(claim, found).verdict is decide(claim, Budget(30), "split", shrinking=False).verdict


@functools.cache
def proof(leaves: int = 5, tighter: Fraction = Fraction(3, 4)) -> tuple[Claim, Bounds]:
    """A pair that needs several parts for a bound so much tighter than that of the root, and its evidence."""
    region = unit_box(2)
    for seed in range(40):
        first, second = near(random.Random(seed), 2, Fraction(1, 8))
        if first.relu_count < 3:
            continue
        goal = goal_of(within(first, second, region, Fraction(0)), single=False)
        root = Fraction(float(goal.upper(goal.root[0][None], goal.root[1][None]).max()))
        claim = within(first, second, region, root * tighter)
        found, _ = search_bounds(claim, Budget())
        if isinstance(found, Bounds) and found.cuts.leaves >= leaves:
            return claim, found
    raise AssertionError("no pair needs several parts")


def test_the_evidence_survives_json_and_is_canonical() -> None:
    claim, evidence = proof()
    data = to_json(evidence)
    again = from_json(data, [])
    assert to_json(again) == data
    assert judged(claim, again).verdict is Verdict.PROVED
    assert len(data["cuts"]) <= 4 * len(evidence.cuts.nodes)


def forged(nodes: list[int]) -> Bounds:
    return Bounds(Cuts(np.array(nodes, dtype=np.int64)), single=True)


@pytest.mark.parametrize(
    ("nodes", "rule"),
    [([], "cuts"), ([0, 0], "cuts"), ([1, 0], "cuts"), ([3, 0, 0], "cuts"), ([9, 0, 0], "cuts"), ([0], "bounds")],
)
def test_forged_trees_are_rejected(nodes: list[int], rule: str) -> None:
    with pytest.raises(EvidenceError) as error:
        judged(proof()[0], forged(nodes))
    assert error.value.rule == rule


def test_every_tree_cut_short_is_rejected() -> None:
    """Without the cuts below a node the bounds do not suffice, or the tree is not whole."""
    claim, evidence = proof()
    nodes = evidence.cuts.nodes.tolist()
    for k, node in enumerate(nodes):
        if node:
            with pytest.raises(EvidenceError, match="'cuts'"):
                judged(claim, replace(evidence, cuts=Cuts(np.array([*nodes[:k], 0, *nodes[k + 1 :]]))))


@pytest.mark.parametrize(
    "change",
    [
        {"nodes": 1}, {"nodes": 0}, {"nodes": 1 << 40}, {"nodes": True}, {"bits": 1}, {"bits": 3}, {"bits": 99},
        {"cuts": "AAAA"}, {"cuts": "***"}, {"cuts": 5}, {"cuts": ""}, {"single": 1}, {"single": None},
    ],
)  # fmt: skip
def test_malformed_data_is_rejected(change: dict[str, object]) -> None:
    with pytest.raises(EvidenceError) as error:
        from_json(to_json(proof()[1]) | change, [])
    assert error.value.rule == "format"


def test_trees_of_random_cuts_cover_the_box() -> None:
    rng = random.Random(3)
    for _ in range(50):
        nodes: list[int] = []
        stack = 1
        while stack:
            node = rng.choice([0, 0, 1, 2, 3]) if len(nodes) < 30 else 0
            nodes.append(node)
            stack += 1 if node else -1
        cuts = Cuts(np.array(nodes))
        assert np.array_equal(read(to_json(Bounds(cuts, False))["cuts"], len(nodes), cuts.width).nodes, cuts.nodes)
        low, high = np.array([-1.0, 0.1, 5e-324]), np.array([1.0, 0.1000001, 1e-300])
        parts = list(leaves(cuts, low, high))
        for _ in range(20):
            x = low + (high - low) * np.array([rng.random() for _ in range(3)])
            assert any(np.all(a <= x) and np.all(x <= b) for a, b in parts)


def test_bounds_prove_nothing_about_other_properties() -> None:
    claim, evidence = proof()
    other = Claim(claim.network, find("affine"), claim.region)
    with pytest.raises(EvidenceError) as error:
        judged(other, evidence)
    assert error.value.rule == "bounds"


def test_nothing_but_bounds_and_points_decides_never() -> None:
    net = near(random.Random(1), 1, Fraction(0))[0]
    safe = never([(Inequality(((("y", 0), Fraction(1)),), Fraction(-(10**6)), strict=False),)])
    claim = Claim(net, safe, unit_box(1))
    assert decide(claim, Budget(10)).verdict is Verdict.PROVED
    x = vector([Fraction(0)])
    tries: list[tuple[Evidence, str]] = [(Rule(name), name) for name in RULES]
    tries += [(ValueGap({"x": x}, 0), "value gap")]
    places = ((x, 0), (x, 1), (x, -1), (vector([2]), 0), (vector([0, 0]), 0))
    tries += [(Unsafe(*place), "unsafe point") for place in places]
    cells = decide(Claim(net, find("affine"), box([0], [0])), Budget(10)).evidence
    assert isinstance(cells, Cells) and isinstance(cells.proofs[0], Cover)
    for evidence, rule in [*tries, (cells, "cells")]:
        with pytest.raises(EvidenceError, match=f"'{rule}'"):
            judged(claim, evidence)


def test_names_of_never_are_read_back() -> None:
    for text in ("never 1*y0 + -1/2*y1 <= 3 and 1*x0 < -1e-3 or 2*y0 > 5", "never -1*z0 + 1*y0 >= 0"):
        made = find(text)
        assert find(made.name).name == made.name


def test_workers_find_what_one_process_finds() -> None:
    """Trees from a worker are put into the tree of the whole."""
    claim, _ = proof()
    goal_search = search_bounds(claim, Budget())[0]
    assert isinstance(goal_search, Bounds)
    from verify.search.dividing import cutting, sharing

    goal = goal_of(claim, single=True)
    alone, sharing.ALONE_SECONDS, tasks, cutting.TASKS = sharing.ALONE_SECONDS, -1.0, cutting.TASKS, 1
    try:
        with ThreadPoolExecutor(2) as pool:
            low, high = (np.repeat(side[None], 1, axis=0) for side in goal.root)
            search = Search.of(goal, low, high, np.ones(1))
            search.round()
            while len(search.open) < 4 and len(search.open):
                search.round()
            for _ in rounds(search, Budget(executor=pool), np.inf):
                pass
    finally:
        sharing.ALONE_SECONDS, cutting.TASKS = alone, tasks
    assert judged(claim, Bounds(search.cuts(), single=True)).verdict is Verdict.PROVED


def test_a_worker_looks_for_points() -> None:
    """It gets the goal as data, and what it names is judged here."""
    first, second = near(random.Random(2), 2, Fraction(1, 2))
    largest = largest_on_a_square(first, second)
    assert largest > 0
    for epsilon, is_broken in ((largest / 2, True), (2 * largest, False)):
        claim = within(first, second, unit_box(2), epsilon)
        goal = pickle.loads(pickle.dumps(goal_of(claim, single=True)))
        hunt = Hunt(claim, goal)
        with ThreadPoolExecutor(1) as pool:
            attack = Attack(hunt, Budget(), pool)
        assert attack.has_arrived() is attack.has_arrived() is is_broken
        if is_broken:
            assert hunt.found is not None and judged(claim, hunt.found).verdict is Verdict.REFUTED


def test_the_time_of_a_worker_that_looks_for_points_ends_the_search() -> None:
    claim = within(*near(random.Random(2), 2, Fraction(1, 2)), unit_box(2), Fraction(9))
    with ThreadPoolExecutor(1) as pool:
        attack = Attack(Hunt(claim, goal_of(claim, single=True)), Budget(-1.0), pool)
    with pytest.raises(BudgetExceeded):
        attack.has_arrived()


def test_the_deadline_says_what_is_known() -> None:
    claim, _ = proof()
    with pytest.raises(BudgetExceeded):
        search_bounds(claim, Budget(1e-9))
