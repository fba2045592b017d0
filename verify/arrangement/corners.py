"""Multipliers from corners: the least value of an affine form on a polytope is at a corner.

There the form's gradient is a nonnegative combination of the rows that are tight. Of d of them that are independent
it is one combination, which exact linear algebra finds; where the least value is not zero, short factors near it do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, islice

import numpy as np

from verify.arrangement.domain import Domain
from verify.arrangement.exact import IntegerForm, columns_of
from verify.arrangement.facets import without
from verify.kernel.core.part import is_nonnegative
from verify.kernel.counts import direction, slack_of
from verify.kernel.evidence import Thin
from verify.kernel.exact import AffineForm
from verify.rational import Integers
from verify.region import Box, HalfSpace
from verify.search.geometry.lp import solve

# Sets of tight rows at a corner that are tried, and bits of the factors that are tried first.
MOST_SETS, SHORT_BITS = 24, 16


@dataclass(frozen=True, eq=False)
class Corners:
    """Corners of a polytope of the domain as columns of homogeneous integers, weights w last; w is 0 at infinity."""

    domain: Domain
    columns: Integers

    @staticmethod
    def of(domain: Domain, points: Sequence[IntegerForm]) -> Corners:
        """The corners from homogeneous points over the free coordinates."""
        columns = np.array(points, dtype=object).reshape(len(points), domain.dimension + 1).T
        start, factor = columns_of(domain, columns)
        return Corners(domain, np.concatenate([start, columns[-1:] * factor]))

    def values(self, form: AffineForm) -> Integers:
        """A positive multiple of the form (times the weight) at each corner; one multiple for all."""
        denominator = form.coefficients.denominator * form.constant.denominator
        numerators = form.coefficients.numerators * form.constant.denominator
        constant = form.constant.numerator * (denominator // form.constant.denominator)
        return np.asarray(np.append(numerators, constant).dot(self.columns))

    def least(self, form: AffineForm) -> tuple[int, bool] | None:
        """A finite corner at which the form is least, and whether it is zero there; None without finite corners."""
        values, weights = self.values(form).tolist(), self.columns[-1].tolist()
        finite = [i for i, w in enumerate(weights) if w]
        if not finite:
            return None
        best = min(finite, key=lambda i: Fraction(values[i], weights[i]))
        return best, values[best] == 0

    def multipliers(self, form: AffineForm, rows: Sequence[HalfSpace], usable: Sequence[int]) -> _Factors | None:
        """Factors of some of the usable rows that show ``form >= (its least value)``, or None."""
        found = self.least(form)
        if found is None:
            return None
        corner, zero = found
        domain, base = self.domain, self.domain.base
        column = self.columns[:, corner]
        tight = [i for i in usable if _slack_at(rows[i], column) == 0]
        sides = [(j, sign) for j in domain.free for sign in _sides_at(base, j, column)]
        target = [form.coefficients[j] for j in domain.free]
        candidates: list[tuple[int, list[Fraction]]] = [
            (i, [-rows[i].coefficients[j] for j in domain.free]) for i in tight
        ]
        candidates += [(-1, [Fraction(sign * int(j == k)) for k in domain.free]) for j, sign in sides]
        for chosen in islice(combinations(candidates, domain.dimension), MOST_SETS):
            factors = solve([[normal[i] for _, normal in chosen] for i in range(domain.dimension)], target)
            if factors is not None and all(f >= 0 for f in factors):
                kept = {row: f for (row, _), f in zip(chosen, factors, strict=True) if row >= 0 and f}
                return _Factors(kept, zero)
        return None

    def shown(self, form: AffineForm, rows: Sequence[HalfSpace]) -> dict[int, Fraction] | None:
        """Multipliers of the rows that show ``form >= 0``, short ones where they do; None where corners do not tell."""
        base = self.domain.base
        found = self.multipliers(form, rows, range(len(rows)))
        if found is None:
            return None
        if not found.at_zero:
            short = {row: _rounded(value) for row, value in found.factors.items()}
            if is_nonnegative(form, base, rows, short):
                return short
        return found.factors if is_nonnegative(form, base, rows, found.factors) else None

    def facing(self, rows: Sequence[HalfSpace], number: int) -> Thin | bool | None:
        """What shows that a row is no facet of the polytope; False if it is one, None where corners do not tell."""
        base = self.domain.base
        slack = slack_of(rows[number], base)
        facing = direction(slack)
        values = self.values(slack).tolist()
        on_it = [i for i, value in enumerate(values) if not value]
        if len(on_it) >= self.domain.dimension and self._rank(on_it) == self.domain.dimension:
            return False
        usable = [i for i, row in enumerate(rows) if direction(slack_of(row, base)) != facing]
        found = self.multipliers(slack, rows, usable)
        if found is None:
            return None
        corner, zero = self.least(slack) or (0, True)
        if zero:
            witness = next(iter(found.factors), None)
            return None if witness is None else without({**found.factors, len(rows): Fraction(1)}, witness)
        scale = slack.coefficients.denominator * slack.constant.denominator * self.columns[-1, corner]
        least = Fraction(values[corner], int(scale))
        return None, {row: value / least for row, value in ({**found.factors, len(rows): Fraction(1)}).items()}

    def _rank(self, chosen: list[int]) -> int:
        from flint import fmpz_mat

        part = self.columns[:, chosen]
        return int(fmpz_mat(part.shape[0], part.shape[1], [int(n) for n in part.flatten()]).rank())


@dataclass(frozen=True)
class _Factors:
    """Factors of rows, and whether the form's least value is zero."""

    factors: dict[int, Fraction]
    at_zero: bool


def _slack_at(row: HalfSpace, column: Integers) -> int:
    """A positive multiple of the slack at a homogeneous point."""
    numerators, denominator = row.coefficients.numerators, row.coefficients.denominator
    bound = row.bound
    return int(bound.numerator * denominator * column[-1] - bound.denominator * numerators.dot(column[:-1]))


def _sides_at(base: Box, j: int, column: Integers) -> list[int]:
    """1 where the point is on the low side of the coordinate, -1 on the high side: the slack's slope."""
    found = []
    if base.low_finite[j] and base.low[j] * column[-1] == column[j]:
        found.append(1)
    if base.high_finite[j] and base.high[j] * column[-1] == column[j]:
        found.append(-1)
    return found


def _rounded(value: Fraction) -> Fraction:
    """Nearby, of few bits."""
    shift = SHORT_BITS - value.numerator.bit_length() + value.denominator.bit_length()
    scale = Fraction(2) ** shift
    return Fraction(round(value * scale)) / scale
