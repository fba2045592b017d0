"""Watching a search for what refutes the criterion: values and maps of parts against the first map found."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from verify.kernel.core.part import Row, key
from verify.kernel.core.units import NormalForm
from verify.kernel.exact import AffineForm
from verify.network import floats
from verify.property import Criterion
from verify.property.instances import Offset
from verify.rational import Vector, integer_array, vector
from verify.search.budget import Budget
from verify.search.dividing.parts import HomogeneousPoint, PolyhedralPart, affine_form, value_at
from verify.search.dividing.relevance import Fold
from verify.search.problem import Problem
from verify.search.refuting.crossing import NOISE
from verify.search.refuting.differences import difference, slope_findings
from verify.search.refuting.finding import Finding, NonZero
from verify.search.refuting.sampling import points

# Random points at which values are compared with the first map.
LOOK_AHEAD = 64
# Criteria that look at each part by itself.
ALONE = (Criterion.ZERO, Criterion.THROUGH_ORIGIN)


class Watch:
    """Compares values and maps on parts with the criterion, and with the first map found."""

    def __init__(self, problem: Problem, normal: NormalForm) -> None:
        self.problem, self.normal = problem, normal
        self.reference: tuple[Sequence[Row], Vector] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether parts can be judged apart: there is a first map, or the criterion needs none."""
        return self.reference is not None or self.problem.question.criterion in ALONE

    def findings(self, there: Fold, part: PolyhedralPart, budget: Budget) -> list[Finding]:
        """Findings that refute the criterion where the part shows a violation."""
        criterion = self.problem.question.criterion
        if criterion is Criterion.ZERO:
            seen: list[Finding] = [
                NonZero(_point(p)) for p, values in zip(there.points, there.values, strict=True) if any(values)
            ]
            return seen or ([] if there.live else slope_findings(self.problem, self._maps(there), part.interior))
        if criterion is not Criterion.THROUGH_ORIGIN and self.reference is not None:
            outputs, start = self.reference
            for p, values in zip(there.points, there.values, strict=True):
                if [value_at(row, p) for row in outputs] != list(values):
                    return difference(self.problem, start, _point(p), budget)
        if there.live:
            return []
        if criterion is not Criterion.THROUGH_ORIGIN and self.reference is not None:
            differs = [key(a) != key(b) for a, b in zip(there.outputs, self.reference[0], strict=True)]
            return difference(self.problem, self.reference[1], part.interior, budget) if any(differs) else []
        self.reference = there.outputs, part.interior
        maps = self._maps(there)
        found: list[Finding] = []
        if criterion is Criterion.CONSTANT:
            found = slope_findings(self.problem, maps, part.interior)
        origin = self.problem.question.origin
        if criterion in (Criterion.LINEAR, Criterion.THROUGH_ORIGIN) and origin is not None:
            # A lifted question's origin has fewer coordinates than its maps; it is 0 then.
            at_origin = [m.constant if origin.is_zero() else m.at(origin) for m in maps]
            found = [Offset(part.interior)] if any(at_origin) else []
        return found or self._ahead(budget)

    def _ahead(self, budget: Budget) -> list[Finding]:
        """Findings at a point of the region at which f is, in floats, furthest from the first map."""
        if self.reference is None or self.problem.question.criterion in ALONE:
            return []
        outputs, start = self.reference
        share = Fraction(1, self.normal.denominator)
        maps = [affine_form({c: share * v for c, v in row.items()}, self.normal.size) for row in outputs]
        network, sample = self.problem.question.network, points(self.problem, LOOK_AHEAD)
        slopes = np.array([m.coefficients.floats() for m in maps])
        constants = vector([m.constant for m in maps]).floats()
        with np.errstate(all="ignore"):
            at = np.array([p.floats() for p in sample])
            expected = at @ slopes.T + constants
            gaps = np.abs(floats.evaluate(network, at) - expected).max(axis=1)
            i = int(np.argmax(np.nan_to_num(gaps)))
            here = floats.run(network, sample[i])
            rounding = NOISE * (np.abs(slopes) @ np.abs(at[i]) + np.abs(constants))
            is_far = np.any(np.abs(here.values[-1] - expected[i]) > 2 * here.errors[-1] + rounding)
        return difference(self.problem, start, sample[i], budget) if is_far else []

    def _maps(self, there: Fold) -> list[AffineForm]:
        return [affine_form(row, self.normal.size) for row in there.outputs]


def _point(p: HomogeneousPoint) -> Vector:
    return Vector(integer_array(p[:-1]), p[-1])
