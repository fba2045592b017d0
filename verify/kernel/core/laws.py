"""The laws of the functions of units, phi: relu, a smooth one, or none (``""``)."""

from __future__ import annotations

from fractions import Fraction

from verify.network.network import Block, smooth_function


def activation(block: Block) -> str:
    """The function of the block's units: ``relu``, a smooth one by name, or ``""``."""
    return "relu" if block.relu else block.smooth or ""


def at_constant(function: str, value: Fraction) -> Fraction | None:
    """Phi of a number, where it is known: a smooth function's at 0."""
    if function in ("", "relu"):
        return max(value, Fraction(0)) if function else value
    return smooth_function(function).at_zero if value == 0 else None


def of_multiple(function: str, c: Fraction | int) -> tuple[Fraction | int, bool] | None:
    """``phi(c z) = a phi(z)``, plus c z where the second is True, for c not 0; None where that is no multiple.

    relu(c z) = c relu(z) for c > 0, and relu(-z) = relu(z) - z. Smooth functions are odd, even or neither.
    """
    if not function or (function == "relu" and c > 0):
        return c, False
    if function == "relu":
        return -c, True
    if c == 1:
        return 1, False
    parity = smooth_function(function).parity
    return (parity, False) if c == -1 and parity else None
