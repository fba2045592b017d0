"""Claims that two networks, of which one rounds its values, are close.

A point refutes if they differ there, rounded as the standard says; it is looked for by steps along the gradient of the
networks without their roundings. A proof is one about all errors of the roundings (``verify.kernel.alignment``), by the
bounds of the kernel, of which only the coordinates of the region are cut, else by the engines of piecewise linear ones.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.digits import display
from verify.errors import BudgetExceeded, EvidenceError, TooLarge
from verify.kernel.alignment import continuous
from verify.kernel.evidence import Bounds, Cells, Evidence, ValueGap
from verify.kernel.instances import Instance, Witness
from verify.kernel.rounded import settled_values
from verify.property import Claim, Vacuous
from verify.property.base import in_coordinates, point
from verify.property.quantized import loosened_pair
from verify.rational import Vector, vector
from verify.region import Box
from verify.search.budget import Budget
from verify.search.dividing.cutting import Search, rounds
from verify.search.engines import rewriting, split, stability
from verify.search.engines.base import Engine, Work
from verify.search.engines.bounds import MOST_COORDINATES, fitting, progress
from verify.search.engines.difference import bounded
from verify.search.refuting.far_apart import far_apart
from verify.search.refuting.finding import gap_at

# A point near a tie is moved so many times, by these parts of the way to a random point of the region.
MOVES, MOVED = 12, (Fraction(1, 1 << 20), Fraction(1, 1 << 14), Fraction(1, 1 << 9))
# Cells are looked for where all networks together have at most so many ReLU.
FEW_RELU = 64


def search_quantized(claim: Claim, known: Witness, budget: Budget) -> tuple[Evidence | None, str]:
    """A refutation or a proof, or what is known of the largest difference."""
    budget.report("quantized: looking for a point ...")
    gap, lower = _attacked(claim, known, budget)
    if gap is not None:
        return gap, ""
    least = f"the largest difference on the region is at least {display(lower)}"
    subject = continuous(claim)
    assert subject.second is not None
    budget.report("quantized: bounds for all errors of the roundings ...")
    pair = subject.network, subject.second
    try:
        found: Evidence | None
        found, upper = bounded(claim, pair, subject.region.base, budget)
    except (EvidenceError, TooLarge):
        found, upper = None, None
    above = "no upper bound was found" if upper is None else f"at most {display(upper)}"
    if found is None:
        found = _by_cuts(claim, subject, budget)
    if found is None and sum(network.relu_count for network in pair) <= FEW_RELU:
        found = _by_cells(claim, budget)
    return found, "" if found is not None else f"{least} and {above}, for all errors of the roundings"


def _attacked(claim: Claim, known: Witness, budget: Budget) -> tuple[ValueGap | None, Fraction]:
    """A point at which the networks differ by more, and the largest difference, exact, at the points tried."""
    lower, epsilon = Fraction(0), claim.property.parameters["epsilon"]
    for t in far_points(claim, known, budget):
        budget.check()
        size = max(difference_at(claim, claim.region.point(t)), default=Fraction(0))
        lower = max(lower, size)
        if size > epsilon:
            gap = gap_at(claim, {"x": claim.region.point(t)})
            if gap is not None:
                return gap, size
    return None, lower


def difference_at(claim: Claim, x: Vector) -> list[Fraction]:
    """|f - g| for each output at a point, [] at a tie."""
    assert claim.second is not None
    try:
        values = settled_values(claim.network, x) - settled_values(claim.second, x)
    except EvidenceError:
        return []
    return [abs(value) for value in values.fractions()]


def far_points(claim: Claim, known: Witness, budget: Budget) -> list[Vector]:
    """Points of the region, in its coordinates, at which the networks differ much, and others near each.

    ``known`` has a point of the region.
    """
    assert claim.second is not None
    region, inside = claim.region, claim.region.base.centre()
    if not region.holds(inside) and isinstance(known, Instance):
        x = point(known.assignment, "x")
        inside = x if region.chart is None else region.chart.coordinates(x) or inside
    local = in_coordinates(claim.network, region)[0], in_coordinates(claim.second, region)[0]
    found = far_apart(local, in_coordinates(claim.network, region)[1], inside, budget)
    rng, base = np.random.default_rng(2), region.base
    sides = base.radii() if isinstance(base, Box) else vector([base.radius / base.dimension] * base.dimension)
    points = []
    for t in [*found, inside]:
        points.append(t)
        for move in range(MOVES):
            other = vector(
                [s * Fraction(n, 1 << 12) for s, n in zip(sides.fractions(), _whole(rng, len(sides)), strict=True)]
            )
            points.append(t + (base.centre() + other - t).scaled(MOVED[move % len(MOVED)]))
    return [t for t in points if region.holds(t)]


def _whole(rng: np.random.Generator, size: int) -> list[int]:
    return [int(n) for n in rng.integers(-(1 << 12), (1 << 12) + 1, size)]


def _by_cuts(claim: Claim, subject: Claim, budget: Budget) -> Bounds | None:
    """The parts of the region on which the kernel's bounds settle the claim."""
    base = subject.region.base
    if not isinstance(base, Box) or not base.is_bounded:
        return None
    try:
        goal, single = fitting(subject)
    except EvidenceError:
        return None
    size = claim.region.dimension
    search = Search.of(goal, goal.root[0][None], goal.root[1][None], np.ones(1), movable=size)
    most = np.inf if size <= MOST_COORDINATES else 2
    if sum(n.relu_count for n in (subject.network, subject.second) if n is not None) <= FEW_RELU:
        most = min(most, 1000)
    try:
        for _ in rounds(search, budget, most):
            budget.report(f"quantized: {progress(search)}")
            if search.least > 0 and len(search.nodes) > 1000:
                return None  # the errors of the roundings, in the worst case, break the claim
    except BudgetExceeded as stop:
        stop.args = (f"{stop}; quantized: {progress(search)}",)
        raise
    return Bounds(search.cuts(), single) if not len(search.open) else None


def _by_cells(claim: Claim, budget: Budget) -> Cells | None:
    """Cells of the networks with all errors as inputs."""
    assert claim.second is not None
    first, region, second = loosened_pair(claim.network, claim.region, claim.second)
    questions = claim.questions()
    assert not isinstance(questions, Vacuous)
    work = Work(Claim(first, claim.property, region, second), questions, budget)
    for engine in (rewriting.ENGINE, stability.ENGINE, split.ENGINE):
        found = engine.search(work)
        if found is not None:
            return found if isinstance(found, Cells) else None
    return None


def _search(work: Work) -> Evidence | None:
    if work.instance is None:  # a formula, which is refused before
        return None
    found, note = search_quantized(work.claim, work.instance, work.budget)
    work.notes.append(note)
    return found


ENGINE = Engine("quantized", _search, lambda work: work.claim.is_quantized)
