"""The ledger: every assumption that a verdict rests on, printed by every report."""

from __future__ import annotations

from dataclasses import dataclass, field

FLOAT_FILTER = (
    "signs of pre-activations were decided in float64 with a proved error bound; this assumes IEEE 754 binary64"
    " arithmetic, rounding to nearest, with gradual underflow, in NumPy, SciPy and their BLAS"
)

FLOAT_BOUNDS = (
    "values, differences or slopes were bounded in floats (columns of affine forms in float32 or float64) with a proved"
    " error bound; this assumes IEEE 754 arithmetic, rounding to nearest, with gradual underflow, in NumPy, SciPy and"
    " their BLAS"
)

QUANTIZED = (
    "QuantizeLinear rounds the exact quotient (ties to even, saturating) or the quotient rounded to the type of its"
    " scale: a proof holds for both, a refutation is at a point where both give the same integers"
)

BALL_ARITHMETIC = "values of smooth units were enclosed by the ball arithmetic of Arb (python-flint)"


@dataclass
class Ledger:
    """Assumptions in the order in which they were made, each once."""

    entries: list[str] = field(default_factory=list)

    def add(self, assumption: str) -> None:
        """Record an assumption."""
        if assumption not in self.entries:
            self.entries.append(assumption)
