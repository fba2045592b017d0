"""Random exact points of boxes."""

from __future__ import annotations

import random
from fractions import Fraction

from verify.rational import Vector, vector

STEPS = 64


def in_ball(rng: random.Random, centre: Vector, radius: Fraction) -> Vector:
    """A point of the closed L-infinity ball, now and then one of its corners."""
    corner = rng.random() < 0.25
    steps = [rng.choice([-STEPS, STEPS]) if corner else rng.randint(-STEPS, STEPS) for _ in range(len(centre))]
    return centre + vector([radius * Fraction(step, STEPS) for step in steps])


def point(rng: random.Random, size: int, largest: int = 3) -> Vector:
    """A point with small rational coordinates."""
    return vector([Fraction(rng.randint(-largest * 8, largest * 8), rng.choice([8, 9])) for _ in range(size)])
