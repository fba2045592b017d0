"""The norms in which distances are measured, exactly: L-infinity, L1, and the square of L2."""

from __future__ import annotations

from fractions import Fraction

from verify.rational import Vector

NORMS = {"linf": "L-infinity", "l1": "L1", "l2": "L2"}
# How the formula writes them.
SUBSCRIPTS = {"linf": "inf", "l1": "1", "l2": "2"}


def measure(norm: str, v: Vector) -> Fraction:
    """``||v||``; for ``l2`` its square, which is rational."""
    sizes = [abs(value) for value in v.fractions()]
    if norm == "linf":
        return max(sizes, default=Fraction(0))
    return sum((s if norm == "l1" else s * s for s in sizes), Fraction(0))


def dual_measure(norm: str, v: Vector) -> Fraction:
    """The dual norm of ``v``; for ``l2`` its square."""
    return measure({"linf": "l1", "l1": "linf", "l2": "l2"}[norm], v)


def squared_if_l2(norm: str, value: Fraction) -> Fraction:
    """The number that ``measure`` is compared with: ``value``, or its square for ``l2``."""
    return value * value if norm == "l2" else value
