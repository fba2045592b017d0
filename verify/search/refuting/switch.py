"""Which units a counterexample crosses: where f bends on the way between the points of an instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise

from verify.errors import BudgetExceeded
from verify.network import Network
from verify.rational import Vector
from verify.search.budget import Budget
from verify.search.refuting.walk import stretches

# A walk through a large network costs one exact evaluation a stretch.
MAX_STRETCHES = 64
MAX_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class Switch:
    """The units that switch at ``point``, and the slopes of the output before and after.

    They are slopes by input ``coordinate``, or, where several coordinates change (None), along ``direction``, whose
    largest entry is 1 or -1.
    """

    units: tuple[str, ...]
    point: Vector
    direction: Vector
    coordinate: int | None
    before: Fraction
    after: Fraction


def switch_between(network: Network, points: Sequence[Vector], output: int, budget: Budget) -> Switch | None:
    """The first bend of an output on the segments from the first point to the others; None where none is found soon."""
    own = Budget(min(MAX_SECONDS, max(budget.remaining, 0.0)))
    start, *others = points
    try:
        for end in others:
            if end == start:
                continue
            for a, b in pairwise(islice(stretches(network, start, end, own), MAX_STRETCHES)):
                if a.slope[output] != b.slope[output]:
                    units = tuple(network.blocks[k - 1].unit_name(i) for k, i in a.switching)
                    return _described(units, start, end, a.end, a.slope[output], b.slope[output])
    except BudgetExceeded:
        return None
    return None


def _described(
    units: tuple[str, ...], start: Vector, end: Vector, at: Fraction, before: Fraction, after: Fraction
) -> Switch:
    """The switch at a parameter of the segment."""
    way = end - start
    step, coordinate = unit_step(way)
    slopes = (before / step, after / step) if step > 0 else (after / step, before / step)
    return Switch(units, start + way.scaled(at), way.scaled(1 / step), coordinate, *slopes)


def unit_step(way: Vector) -> tuple[Fraction, int | None]:
    """What to divide a way by, so that slopes along it have a unit; and its input, where only one changes.

    Then the quotient is that input's axis (the way may run against it); else its largest entry is 1 or -1.
    """
    changing = [j for j, value in enumerate(way.numerators.tolist()) if value]
    if len(changing) == 1:
        return way[changing[0]], changing[0]
    return max((abs(way[j]) for j in changing), default=Fraction(1)), None
