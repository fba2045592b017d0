"""Points of a region, found exactly: a point inside it, and how far the region goes from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from verify.digits import simplest_between
from verify.errors import RegionError
from verify.kernel.evidence import Empty
from verify.network import Builder
from verify.property import Criterion, Question
from verify.rational import Vector, vector
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare

OptionalSides = tuple[Fraction | None, Fraction | None]


@dataclass(frozen=True, eq=False)
class Inside:
    """A region in the coordinates of its affine hull, where it has an interior."""

    region: Region
    problem: Problem
    sides: tuple[OptionalSides, ...]

    @property
    def middle(self) -> Vector:
        """A point of the relative interior, in hull coordinates."""
        return self.problem.interior

    def reached(self, target: Sequence[Fraction]) -> Vector:
        """The ambient point of the region closest to ``target`` (hull coordinates) on the way from the middle.

        The target's coordinates are cut to their sides first.
        """
        cut = vector([_cut(value, side) for value, side in zip(target, self.sides, strict=True)])
        domain, start = self.problem.question.region, self.middle
        share = Fraction(1)
        for row in domain.rows:
            here, there = row.slack(start), row.slack(cut)
            if there < 0:
                share = min(share, here / (here - there))
        if not isinstance(domain.base, Box):
            size = sum((abs(v) for v in (cut - start).fractions()), Fraction(0))
            share = min(share, domain.base.radius / size) if size else share
        return self.ambient(start + (cut - start).scaled(share))

    def ambient(self, t: Vector) -> Vector:
        """The point of the space that the region lies in."""
        embedded = self.problem.embedded(t)
        return self.region.point(embedded.take(range(self.region.dimension)))

    def simplest(self) -> list[Fraction]:
        """In each coordinate the simplest number of its side: 0, else a small integer, else a short fraction."""
        return [
            simplest_between(low if low is not None else _below(high), high if high is not None else _below(low, -1))
            for low, high in self.sides
        ]


def _below(bound: Fraction | None, sign: int = 1) -> Fraction:
    """A number on the open end of a side that reaches 0 where it can."""
    return min(bound or Fraction(0), Fraction(0)) - 1 if sign > 0 else max(bound or Fraction(0), Fraction(0)) + 1


def _cut(value: Fraction, side: OptionalSides) -> Fraction:
    low, high = side
    if low is not None and value < low:
        return low
    return high if high is not None and value > high else value


def inside(region: Region, budget: Budget | None = None) -> Inside:
    """The region made ready; ``RegionError`` if it has no point."""
    net = Builder((region.dimension,), "nothing")
    plain = Region(region.base, region.rows, text=region.text)
    question = Question(net.build(net.input), plain, Criterion.ZERO, None, "")
    problem = prepare(question, budget or Budget())
    if isinstance(problem, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    return Inside(region, problem, tuple(_sides(problem.question.region.base)))


def _sides(base: object) -> list[OptionalSides]:
    if isinstance(base, Box):
        lows, highs = base.low.fractions(), base.high.fractions()
        return [
            (low if has_low else None, high if has_high else None)
            for low, high, has_low, has_high in zip(lows, highs, base.low_finite, base.high_finite, strict=True)
        ]
    centre, radius = base.midpoint.fractions(), base.radius  # type: ignore[attr-defined]
    return [(c - radius, c + radius) for c in centre]
