"""Finding the boxes on which a bound of the kernel shows two networks to be close, or a point where they are not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple, TypeAlias

import numpy as np

from verify.digits import display
from verify.errors import EvidenceError, TooLarge
from verify.kernel.cuts import UNCUT
from verify.kernel.difference import bounds, boxes
from verify.kernel.evidence import Bounds, Cut, Difference, Empty, ValueGap
from verify.kernel.exact import AffineForm, evaluate
from verify.kernel.goals import goal_of
from verify.kernel.pairs import correspond, folded
from verify.property import Claim, Question
from verify.property.base import in_coordinates
from verify.rational import Vector, vector
from verify.region import Box, Region
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.dividing import cutting
from verify.search.dividing.loop import Halved, LeastFirst, Node, Open, divide
from verify.search.engines.base import Engine, Work
from verify.search.engines.bounds import cuts_long
from verify.search.problem import prepare
from verify.search.refuting.far_apart import NetworkPair, far_apart
from verify.search.refuting.finding import gap_at
from verify.search.refuting.points import own_rows

# A box is cut where that may help: at most so many times in all, and not with more coordinates than so many. Networks
# whose blocks do not correspond are left to rewriting and splitting.
MOST_CUTS, MOST_COORDINATES = 64, 16
# From so many weights on, affine forms are tried first.
MANY_WEIGHTS = 100_000

BoundsOf: TypeAlias = Callable[[Base], list[Fraction | None]]


def search_difference(
    claim: Claim, question: Question, budget: Budget
) -> tuple[Difference | Bounds | ValueGap | None, str]:
    """A point where the claim's networks differ by more than epsilon, or evidence that there is none.

    Without either, what is known of the largest difference.
    """
    assert claim.second is not None
    if cuts_long(claim):
        cutting.prepare(budget)
    local = in_coordinates(claim.network, claim.region), in_coordinates(claim.second, claim.region)
    pair = local[0][0], local[1][0]
    budget.report("difference: looking for a point ...")
    gap, lower = _attacked(claim, pair, local[0][1], question, budget)
    if gap is not None:
        return gap, ""
    budget.report("difference: bounds ...")
    found, upper = bounded(claim, pair, claim.region.base, budget)
    if found is not None:
        return found, ""
    above = "no upper bound was found" if upper is None else f"at most {display(upper)}"
    return None, f"the largest difference on the region is at least {display(lower)} and {above}"


def _attacked(
    claim: Claim, pair: NetworkPair, region: Region, question: Question, budget: Budget
) -> tuple[ValueGap | None, Fraction]:
    """A point that refutes the claim; the largest difference, exact, at the points that were tried."""
    problem = prepare(question, budget)
    if isinstance(problem, Empty):
        return None, Fraction(0)
    interior, lower = problem.embedded(problem.interior), Fraction(0)
    for t in [*far_apart(pair, region, interior, budget), interior]:
        budget.check()
        size = _distance(pair, t)
        if size > claim.property.parameters["epsilon"]:
            gap = gap_at(claim, {"x": claim.region.point(t)})
            if gap is not None:
                return gap, size
        lower = max(lower, size)
    return None, lower


def _distance(pair: NetworkPair, t: Vector) -> Fraction:
    gap = evaluate(pair[0], t) - evaluate(pair[1], t)
    return max(abs(value) for value in gap.fractions())


def bounded(
    claim: Claim, pair: NetworkPair, base: Base, budget: Budget
) -> tuple[Difference | Bounds | None, Fraction | None]:
    """Evidence that the bound of the claim's networks, which ``pair`` stands for, is small enough; the least bound.

    Intervals are tried before affine forms, which rest on float arithmetic, but after them where they are slow.
    """
    is_folded, epsilon = True, claim.property.parameters["epsilon"]
    try:
        pair = folded(pair[0], base), folded(pair[1], base)
    except TooLarge:
        is_folded = False
    is_large = any(network.weight_count > MANY_WEIGHTS for network in pair)
    can_cut = isinstance(base, Box) and base.dimension <= MOST_COORDINATES and correspond(*pair)
    can_cut = can_cut and not base.is_bounded  # else ``verify.search.engines.bounds`` cuts
    least: Fraction | None = None
    for plan in ("forms", "intervals") if is_large else ("intervals", "forms"):
        evidence: Difference | Bounds | None
        if plan == "forms":
            evidence, worst = _by_forms(claim, budget)
        else:
            evidence, worst = _by_intervals(pair, base, epsilon, is_folded, MOST_CUTS if can_cut else 0, budget)
        if evidence is not None:
            return evidence, worst
        if worst is not None:
            least = worst if least is None else min(least, worst)
    return None, least


class BoundedBox(NamedTuple):
    """A part of the base, and the bound that holds on it."""

    base: Base
    bound: Fraction


def _by_forms(claim: Claim, budget: Budget) -> tuple[Bounds | None, Fraction | None]:
    """Bounds by affine forms on the whole box: evidence if they settle the claim; what the difference is at most."""
    budget.check()
    try:
        goal = goal_of(claim, single=False)
        upper = goal.upper(goal.root[0][None], goal.root[1][None])
    except (EvidenceError, TooLarge):
        return None, None
    largest = float(upper[0, own_rows(goal)].max())
    worst = Fraction(largest) + claim.property.parameters["epsilon"] if np.isfinite(largest) else None
    return Bounds(UNCUT, False) if goal.settled(upper)[0] else None, worst


def _by_intervals(
    pair: NetworkPair, base: Base, epsilon: Fraction, is_folded: bool, most_cuts: int, budget: Budget
) -> tuple[Difference | None, Fraction | None]:
    """The same by intervals, cutting the box so many times at most."""

    def found(part: Base) -> list[Fraction | None]:
        return bounds(pair[0], pair[1], part)

    root, worst = Node(), _worst(found, base, budget)
    if worst is not None and worst > epsilon and most_cuts:
        worst = _refined(found, root, BoundedBox(base, worst), epsilon, most_cuts, budget)
    is_enough = worst is not None and worst <= epsilon
    return Difference(_preorder(root), is_folded) if is_enough else None, worst


def _worst(found: BoundsOf, base: Base, budget: Budget) -> Fraction | None:
    budget.check()
    values = found(base)
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _refined(found: BoundsOf, root: Node, whole: BoundedBox, epsilon: Fraction, cuts: int, budget: Budget) -> Fraction:
    """Cut the worst part in half along its longest side, again and again; the bound that holds on all parts."""
    left = iter(range(cuts))

    def look(box: BoundedBox) -> Halved[BoundedBox] | Fraction:
        """The bound, where it suffices or the cuts are used up: that of the worst part holds on all."""
        if box.bound <= epsilon or next(left, None) is None:
            return box.bound
        assert isinstance(box.base, Box)
        radii = box.base.radii().fractions()
        longest = int(np.argmax([float(radius) for radius in radii]))
        cut = longest, box.base.centre()[longest]
        # Where float arithmetic gives up on a part, the bound of the box around it holds.
        bounded = [(part, _worst(found, part, budget)) for part in boxes(box.base, [cut, None, None])]
        below, above = (BoundedBox(part, box.bound if bound is None else bound) for part, bound in bounded)
        coordinate = vector([int(j == longest) for j in range(box.base.dimension)])
        return Halved(AffineForm(coordinate, -cut[1]), (above, below))

    _, bound = next(divide(look, LeastFirst([Open(root, whole)], lambda box: -box.bound), budget))
    return bound


def _preorder(root: Node) -> tuple[Cut, ...]:
    """Coordinate and value of each cut, the part below it first; None for parts that were not cut."""
    cuts: list[Cut] = []
    stack = [root]
    while stack:
        node = stack.pop()
        stack += node.children
        if node.form is None:
            cuts.append(None)
        else:
            cuts.append((int(np.flatnonzero(node.form.coefficients.numerators)[0]), -node.form.constant))
    return tuple(cuts)


def _search(work: Work) -> Difference | Bounds | ValueGap | None:
    found, note = search_difference(work.claim, work.questions[0], work.budget)
    work.notes.append(note)
    return found


ENGINE = Engine(
    "difference",
    _search,
    lambda work: work.claim.property.family == "equivalent within" and not work.claim.has_smooth_units,
)
