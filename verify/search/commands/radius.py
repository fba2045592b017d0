"""Radii: the largest L-infinity balls around a point on which the pattern is constant, and on which f is affine.

The pattern radius is ``min_i |z_i(x)| / sum_j |J_ij|``, exactly (closed form of lemma 1). If f bends at the first
crossing, the affine radius is the same number. If not, growing balls are split, nearest parts first, until one with
another affine map is met (``verify.search.commands.nearest``). It is never smaller: on the pattern's ball f has one
map.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify import rendering
from verify.digits import display
from verify.errors import BudgetExceeded, RegionError, TooLarge
from verify.kernel.core.cell import Cell, cell_of
from verify.kernel.exact import AffineForm, pattern_of, preactivations
from verify.network import Network
from verify.property import Criterion, Question
from verify.rational import Vector, counted, exact_text, vector, zeros
from verify.region import ball, everything
from verify.search.budget import Budget
from verify.search.commands.nearest import Within, nearest_other_map
from verify.search.dividing.equality import split_equality
from verify.search.problem import Problem
from verify.search.refuting.walk import stretches
from verify.search.spreads import lower_ratio


@dataclass(frozen=True)
class Infinite:
    """A radius without bound."""

    def __str__(self) -> str:
        return "inf"


Radius = Fraction | Infinite


@dataclass(frozen=True)
class Radii:
    """The two radii (None where not decided) and the units, as (block, unit), that set the pattern radius.

    Where the affine radius is not decided, it is ``at_least`` that much, and ``reason`` says what was in the way.
    ``names`` are the units' names.
    """

    pattern: Radius
    affine: Radius | None
    units: tuple[tuple[int, int], ...]
    reason: str = ""
    at_least: Fraction | None = None
    names: tuple[str, ...] = ()

    def __repr__(self) -> str:
        affine = f"at least {_text(self.at_least or self.pattern)}" if self.affine is None else _text(self.affine)
        return f"<Radii: pattern {_text(self.pattern)}, affine {affine}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: both radii, and what happens there."""
        there = ", ".join(self.names[:3]) + (f" and {len(self.names) - 3} more" if len(self.names) > 3 else "")
        if self.affine is None:
            affine, note = f"at least {_text(self.at_least or self.pattern)}", self.reason
        else:
            affine = _text(self.affine)
            note = "f bends there" if self.affine != self.pattern else "f bends at that first crossing"
            note = "f is affine everywhere" if isinstance(self.affine, Infinite) else note
        first = f"{there} reach{'es' if len(self.names) == 1 else ''} zero" if there else "no unit ever switches"
        rows = (("pattern radius", _text(self.pattern), first), ("affine radius", affine, note))
        return rendering.bundle(
            repr(self), html=rendering.table(("", "exact", "there"), rows, "row"), latex=self._latex()
        )

    def _latex(self) -> str:
        pattern, sign = _latex(self.pattern), "\\ge" if self.affine is None else "="
        affine = _latex(self.affine if self.affine is not None else self.at_least or self.pattern)
        return f"$r_{{\\text{{pattern}}}} = {pattern},\\quad r_{{\\text{{affine}}}} {sign} {affine}$"


def _text(value: Radius) -> str:
    """The number, exactly where that is short."""
    if isinstance(value, Infinite):
        return "inf"
    exact = exact_text(value)
    return exact if len(exact) <= 40 else display(value)


def _latex(value: Radius) -> str:
    if isinstance(value, Infinite):
        return "\\infty"
    if value.denominator == 1 or len(exact_text(value)) > 40:
        return _text(value).replace("~", "\\approx ")
    return f"\\frac{{{value.numerator}}}{{{value.denominator}}}"


def radii(network: Network, x: Vector, budget: Budget) -> Radii:
    """Both radii at x, exactly."""
    found = _radii(network, x, budget)
    return replace(found, names=tuple(network.blocks[block - 1].unit_name(unit) for block, unit in found.units))


def _radii(network: Network, x: Vector, budget: Budget) -> Radii:
    if len(x) != network.input_size:
        raise RegionError(
            f"the point has {counted(len(x), 'coordinate')}; {network.name} has {counted(network.input_size, 'input')}"
        )
    network.require_piecewise_linear("the radius of a pattern or of an affine map")
    values = preactivations(network, x)
    cell = cell_of(network, pattern_of(network, values))
    pattern, units = pattern_radius(cell, x, values, budget)
    if isinstance(pattern, Infinite):
        return Radii(pattern, pattern, ())
    if _bends_at_first_crossing(network, x, [cell.form(*unit) for unit in units], pattern, budget):
        return Radii(pattern, pattern, units)
    try:
        return Radii(pattern, _nearest_other_piece(network, x, pattern, budget), units)
    except Within as stop:
        return Radii(pattern, None, units, str(stop), max(pattern, stop.radius))
    except TooLarge:
        reason = f"{network.name} is too large for exact rows of its units, which a first crossing without effect needs"
        return Radii(pattern, None, units, reason, pattern)
    except BudgetExceeded as stop:
        return Radii(pattern, None, units, str(stop), pattern)


def pattern_radius(
    cell: Cell, x: Vector, values: list[Vector], budget: Budget
) -> tuple[Radius, tuple[tuple[int, int], ...]]:
    """The exact pattern radius and the units that reach zero there."""
    best: Fraction | None = None
    units: list[tuple[int, int]] = []
    for lower, block, unit in _by_distance(cell, x):
        if best is not None and lower > best:
            break
        budget.check()
        gradient = cell.form(block, unit).coefficients
        norm = Fraction(sum(abs(n) for n in gradient.numerators.tolist()), gradient.denominator)
        if not norm:
            continue
        ratio = abs(values[block - 1][unit]) / norm
        if best is None or ratio < best:
            best, units = ratio, [(block, unit)]
        elif ratio == best:
            units.append((block, unit))
    return (Infinite() if best is None else best), tuple(units)


def _by_distance(cell: Cell, x: Vector) -> Iterator[tuple[float, int, int]]:
    """Units with lower bounds of their distance from zero, nearest first; bounds are 0 where exact work is cheap."""
    bounds = cell.spread(ball(x, 1).base)
    candidates: list[tuple[float, int, int]] = []
    for k, block in cell.network.relu_blocks():
        lower = lower_ratio(bounds, k) if bounds is not None else np.zeros(block.size)
        candidates += [(float(lower[i]), k, int(i)) for i in np.flatnonzero(cell.depends[k - 1])]
    return iter(sorted(candidates))


def _bends_at_first_crossing(
    network: Network, x: Vector, forms: list[AffineForm], radius: Fraction, budget: Budget
) -> bool:
    """Whether the slope of f changes where the ball touches a hyperplane; units that share a corner share a walk."""
    corners = set()
    for form in forms:
        towards = -1 if form.at(x) > 0 else 1
        corners.add(tuple(towards * ((c > 0) - (c < 0)) for c in form.coefficients.numerators.tolist()))
    return any(_bends(network, x, vector(corner), radius, budget) for corner in sorted(corners))


def _bends(network: Network, x: Vector, direction: Vector, radius: Fraction, budget: Budget) -> bool:
    """Whether the slope of f along the direction changes exactly at the boundary of the ball of that radius."""
    margin = radius / 2 if radius else Fraction(1, 2**20)
    start, end = x + direction.scaled(radius - margin), x + direction.scaled(radius + margin)
    before = None
    for stretch in stretches(network, start, end, budget):
        if stretch.begin == Fraction(1, 2):
            return before is not None and before != stretch.slope
        if stretch.begin > Fraction(1, 2):
            return False
        before = stretch.slope
    return False


# Balls of so many sizes, each a multiple of the last, are searched before all of R^n is asked about.
GROWTH, GROWTH_STEPS = 16, 4


def _nearest_other_piece(network: Network, x: Vector, pattern: Fraction, budget: Budget) -> Radius:
    """The distance of the nearest part with another affine map than around x."""
    reach, within = 4 * pattern if pattern else Fraction(1, 16), Fraction(0)
    for step in itertools.count():
        budget.report(f"parts within {display(reach)}")
        try:
            found = nearest_other_map(network, x, reach, budget)
            if found is not None:
                return found
            within = reach
            if step == GROWTH_STEPS and _is_affine(network, budget):
                break
        except BudgetExceeded as stop:
            raise Within(str(stop), max(within, getattr(stop, "radius", within))) from stop
        reach *= GROWTH
    return Infinite()


def _is_affine(network: Network, budget: Budget) -> bool:
    """Whether f is affine on all of R^n."""
    size = network.input_size
    question = Question(network, everything(size), Criterion.AFFINE, zeros(size), "")
    return not isinstance(split_equality(Problem(question, zeros(size), size), budget), list)
