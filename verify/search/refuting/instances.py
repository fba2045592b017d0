"""Instances of a claim's property to try, the simplest first."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from verify.property import Assignment, Claim
from verify.rational import Vector, vector, zeros
from verify.search.budget import Budget
from verify.search.refuting.inside import inside
from verify.search.stability import moved

# Instances made of simple points only, and the numbers tried for variables that are numbers.
SIMPLE = 30
NUMBERS = tuple(Fraction(text) for text in ("1/2", "0", "2", "-1", "1/4", "3", "3/4", "1/3", "-1/2", "1"))


def instances(claim: Claim, budget: Budget) -> Iterator[Assignment]:
    """Values for the property's variables, the simplest first; not all of them have their arguments in the region."""
    rng = random.Random(0)
    simple = _simple_points(claim, budget)
    kinds = claim.property.variables
    yield from itertools.islice(_combinations(kinds, simple), SIMPLE)
    ready = inside(claim.region, budget)
    radius = [_reach(side) for side in ready.sides]
    while True:
        target = [
            m + Fraction(rng.randint(-16, 16), 16) * r for m, r in zip(ready.middle.fractions(), radius, strict=True)
        ]
        simple.append(ready.reached(target))
        yield {
            name: _random_point(simple, rng) if kind == "point" else rng.choice(NUMBERS) for name, kind in kinds.items()
        }


def _reach(side: tuple[Fraction | None, Fraction | None]) -> Fraction:
    low, high = side
    return (high - low) / 2 if low is not None and high is not None else Fraction(4)


def _random_point(points: list[Vector], rng: random.Random) -> Vector:
    point = rng.choice(points[-64:]) if rng.random() < 0.8 else rng.choice(points)
    return point.scaled(Fraction(1, 2)) if rng.random() < 0.3 else point


def _combinations(kinds: Mapping[str, str], points: list[Vector]) -> Iterator[Assignment]:
    choices: list[Sequence[Vector | Fraction]] = [points if kind == "point" else NUMBERS[:5] for kind in kinds.values()]
    for values in itertools.product(*choices):
        yield dict(zip(kinds, values, strict=True))


def _simple_points(claim: Claim, budget: Budget) -> list[Vector]:
    """The interior point, 0, unit vectors and their opposites, as far as they lie in the region."""
    ready = inside(claim.region, budget)
    size = claim.network.input_size
    found = [ready.ambient(ready.middle)]
    steps = [zeros(size), *(moved(zeros(size), j, Fraction(s)) for j in range(min(size, 8)) for s in (1, -1))]
    steps += [vector([s] * size) for s in (1, -1, 2)]
    found += [point for point in steps if claim.region.contains(point)]
    return list(dict.fromkeys(found))
