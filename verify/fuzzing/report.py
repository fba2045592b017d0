"""What fuzzing an implementation found."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from verify.digits import display
from verify.fuzzing.compare import Observation

SHOWN = 64


@dataclass(frozen=True, eq=False)
class FuzzReport:
    """The comparison of a function with an exact network at ``points`` points.

    ``largest_deviation`` and ``largest_ratio`` (deviation / bound) are maxima over all points; ``failure`` is the
    simplest point found where the function is wrong: outside the bound, or nothing that could be compared.
    ``exact_points`` counts points where the bound is 0: there every bit of the output counts. ``unjudged`` counts
    those where no bound is known (overflow).
    """

    network: str
    precision: str
    seed: int
    points: int
    exact_points: int
    unjudged: int
    largest_deviation: Fraction
    largest_ratio: float
    failure: Observation | None
    notes: tuple[str, ...] = ()

    @property
    def within_bound(self) -> bool:
        """Whether something was compared and every output lay within its bound."""
        return self.failure is None and self.points > self.unjudged

    def __str__(self) -> str:
        verdict = "within the bound" if self.within_bound else "NOT within the bound"
        if self.failure is not None and self.failure.problem:
            verdict = "FAILED"
        elif self.failure is None and not self.within_bound:
            verdict = "NOTHING could be judged"
        lines = [
            f"{self.network} in {self.precision}: {verdict} at {self.points} points (seed {self.seed})",
            f"  largest deviation {float_text(self.largest_deviation)}, largest deviation / bound"
            f" {self.largest_ratio:.3g}; bound 0 at {self.exact_points} points, none at {self.unjudged}",
        ]
        if self.failure is not None:
            lines += _described(self.failure)
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])

    def __repr__(self) -> str:
        return f"<FuzzReport {self.network}: {'within' if self.within_bound else 'not within'} the bound>"


def float_text(value: Fraction) -> str:
    """A number as a short float, or ``huge``."""
    try:
        return f"{float(value):.3g}"
    except OverflowError:
        return "huge"


def _described(failure: Observation) -> list[str]:
    entries = failure.point.fractions()
    lines = []
    if len(entries) <= SHOWN:
        lines.append(f"  at x = [{', '.join(display(v) for v in entries)}]")
    else:
        nonzero = [f"x[{i}] = {display(v)}" for i, v in enumerate(entries) if v]
        shown = ", ".join(nonzero[:SHOWN]) + (", ..." if len(nonzero) > SHOWN else "")
        lines.append(f"  at x = 0 but {shown}" if nonzero else "  at x = 0")
    if failure.problem:
        return [*lines, f"  the function {failure.problem}"]
    i = failure.output
    return [
        *lines,
        f"  output {i} is {float(failure.returned[i])!r}, exactly {display(failure.expected[i])}:"
        f" off by {float_text(failure.deviation)}, bound {failure.bound:.3g}",
    ]
