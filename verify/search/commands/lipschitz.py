"""The smallest Lipschitz constant on a region: exact where the pieces can be enumerated, else rigorous bounds.

The constant is the largest dual norm of the gradients of the cells (see ``verify.property.lipschitz``). Below it is
the largest of the cells seen so far; above it a bound on every entry of the Jacobian, by interval arithmetic on
rationals: the slope of a ReLU that may switch lies in [0, 1]. Of larger networks on boxes the parts are bounded more
closely (``verify.search.commands.steepest``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt, lcm

import numpy as np

from verify.errors import BudgetExceeded, PropertyError, RegionError
from verify.kernel.core.cell import cell_of
from verify.kernel.core.criteria import on_hull
from verify.kernel.evidence import Empty, Leaf
from verify.kernel.exact import AffineForm, Bits
from verify.network import Network
from verify.network.matrix import Matrix
from verify.property import Claim, Question, Vacuous
from verify.property.lipschitz import lipschitz
from verify.rational import Integers, Vector, exact_text, integer_array
from verify.region import L1Ball, Region
from verify.region.norms import NORMS, dual_measure
from verify.search.budget import Budget
from verify.search.commands.steepest import steepest
from verify.search.dividing.affine_parts import affine_parts
from verify.search.dividing.loop import Node
from verify.search.problem import Problem, is_empty, prepare
from verify.search.refuting.hunting import FEW_RELU
from verify.search.refuting.slopes import dual_norm
from verify.search.stability import stable_leaf

# Cells of larger networks are enumerated for so long, or such a part of the time; bounds of slopes get the rest.
CELLS_SECONDS, CELLS_SHARE = 10.0, 0.25
# Beyond this many multiplications, products of absolute weights replace intervals.
MAX_WORK = 1_000_000
# Lower and upper bounds of rows of values over a common denominator.
RowBounds = tuple[Integers, Integers, int]


@dataclass(frozen=True, eq=False)
class LipschitzConstant:
    """``lower <= constant <= upper`` (the squares of all three for the L2 norm); exact where they are equal.

    ``output`` and ``point``: the output and a point inside the cell whose gradient attains ``lower``. ``cells`` counts
    those looked at (that of an interior point twice, where there are several); ``reason`` says why the search ended
    early.
    """

    norm: str
    lower: Fraction
    upper: Fraction
    output: int
    point: Vector
    cells: int
    reason: str = ""

    @property
    def exact(self) -> bool:
        """Whether the constant is known exactly."""
        return self.lower == self.upper

    def text(self, value: Fraction) -> str:
        """A bound as text: ``p/q``, for the L2 norm ``sqrt(p/q)`` unless the root is rational."""
        if self.norm != "l2":
            return exact_text(value)
        root = rational_root(value)
        return f"sqrt({exact_text(value)})" if root is None else exact_text(root)


def rational_root(value: Fraction) -> Fraction | None:
    """The square root where it is rational."""
    root = Fraction(isqrt(value.numerator), isqrt(value.denominator))
    return root if root * root == value else None


def best_constant(network: Network, region: Region, norm: str, budget: Budget) -> LipschitzConstant:
    """The smallest K with |f_i(x) - f_i(y)| <= K ||x - y|| for all outputs i and x, y of the region, or bounds."""
    if norm not in NORMS:
        raise PropertyError(f"unknown norm {norm[:40]!r}; known: {', '.join(NORMS)}")
    network.require_piecewise_linear("a Lipschitz constant")
    if region.rows and is_empty(region, budget):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    questions = Claim(network, lipschitz("0", norm), region).questions()
    assert not isinstance(questions, Vacuous)
    question = questions[0]
    upper = max(dual_measure(norm, row) for row in jacobian_rows(network, region))
    lower, output, where, count, reason = Fraction(-1), 0, region.point(region.base.centre()), 0, ""
    cells_budget = budget
    if network.relu_count > FEW_RELU:
        share = budget.elapsed + min(CELLS_SECONDS, CELLS_SHARE * budget.remaining)
        cells_budget = replace(budget, seconds=share)
    try:
        for problem, interior, maps in _cells(question, cells_budget):
            count += 1
            for i, form in enumerate(maps):
                assert problem.question.slope is not None
                value = dual_norm(problem.question.slope, problem.question, form, cells_budget).value
                if value > lower:
                    lower, output = value, i
                    where = region.point(problem.embedded(interior).take(range(region.dimension)))
            if lower == upper:
                break  # no other cell can have more
        else:
            upper = lower
    except BudgetExceeded as stop:
        reason = str(stop)
    if reason and cells_budget is not budget:
        found, bound = steepest(network, region, norm, budget)
        if bound is not None:
            upper, reason = min(upper, bound), "the part of the time for looking at cells ran out"
        if found is not None and found.size > lower:
            lower, output, where = found.size, found.output, found.point
    return LipschitzConstant(norm, max(lower, Fraction(0)), upper, output, where, count, reason)


def _cells(question: Question, budget: Budget) -> Iterator[tuple[Problem, Vector, list[AffineForm]]]:
    """The cells of the question's region, each with a point inside and its maps: one where the pattern is stable."""
    problem = _prepared(question, budget, lift_first=False)
    found = stable_leaf(problem, budget)
    if isinstance(found, Leaf):
        forms = cell_of(problem.question.network, found.pattern).outputs()
        yield problem, problem.interior, [on_hull(form, problem.question.region.base) for form in forms]
        return
    if all(values.numerators.all() for values in problem.values):  # the interior point is inside a cell
        yield problem, problem.interior, [on_hull(f, problem.question.region.base) for f in problem.cell.outputs()]
    if isinstance(problem.question.region.base, L1Ball):
        problem = _prepared(question, budget, lift_first=True)
    for _, part in affine_parts(Node(), problem, budget):
        yield problem, part.interior, part.maps


def _prepared(question: Question, budget: Budget, *, lift_first: bool) -> Problem:
    problem = prepare(question, budget, lift_first=lift_first)
    if isinstance(problem, Empty):
        raise RegionError(f"region {question.region.text!r} is empty: no point satisfies all its constraints")
    return problem


def jacobian_rows(network: Network, region: Region) -> list[Vector]:
    """For each output the largest absolute values that the entries of its gradient can have on the region."""
    size = network.input_size
    if network.weight_count * size > MAX_WORK:
        return [_absolute_row(network, output) for output in range(network.output_size)]
    statuses = _statuses(network, region)
    unit = np.zeros((size, size), dtype=object)
    unit[np.arange(size), np.arange(size)] = 1
    known: dict[int, RowBounds] = {0: (unit, unit, 1)}
    for k, block in enumerate(network.blocks, start=1):
        low, high, scale = _weighted(block.inputs, known, np.zeros((block.size, size), dtype=object))
        if block.relu:
            on, off = statuses[k - 1] if statuses is not None else (np.zeros(block.size, dtype=bool),) * 2
            low = np.where(on[:, None], low, np.minimum(low, 0))
            high = np.where(on[:, None], high, np.maximum(high, 0))
            low, high = np.where(off[:, None], 0, low), np.where(off[:, None], 0, high)
        known[k] = low, high, scale
    low, high, scale = known[len(network.blocks)]
    return [Vector(row, scale) for row in np.maximum(np.abs(low), np.abs(high))]


def _weighted(inputs: tuple[tuple[int, Matrix], ...], known: dict[int, RowBounds], start: Integers) -> RowBounds:
    """Bounds of ``start + sum_s W_s y_s`` from bounds of y_s; the result has a denominator of its own."""
    low, high, scale = start, start, 1
    for source, matrix in inputs:
        below, above, their = known[source]
        numerators, own = matrix.integers
        up, down = np.maximum(numerators, 0), np.minimum(numerators, 0)
        least = matrix.integer_product(up, below) + matrix.integer_product(down, above)
        most = matrix.integer_product(up, above) + matrix.integer_product(down, below)
        common = lcm(scale, their * own)
        low = low * (common // scale) + least * (common // (their * own))
        high = high * (common // scale) + most * (common // (their * own))
        scale = common
    return low, high, scale


def _statuses(network: Network, region: Region) -> list[tuple[Bits, Bits]] | None:
    """Which units of each block are never negative and which never positive on the region, by interval arithmetic."""
    sides = _box_around(region)
    if sides is None:
        return None
    common = sides[0].denominator * sides[1].denominator
    known: dict[int, RowBounds] = {
        0: (sides[0].numerators * sides[1].denominator, sides[1].numerators * sides[0].denominator, common)
    }
    result = []
    for k, block in enumerate(network.blocks, start=1):
        low, high, scale = _weighted(block.inputs, known, integer_array([0] * block.size))
        bias = block.bias
        low = low * bias.denominator + bias.numerators * scale
        high = high * bias.denominator + bias.numerators * scale
        result.append((np.asarray(low >= 0, dtype=bool), np.asarray(high <= 0, dtype=bool)))
        if block.relu:
            low, high = np.maximum(low, 0), np.maximum(high, 0)
        known[k] = low, high, scale * bias.denominator
    return result


def _box_around(region: Region) -> tuple[Vector, Vector] | None:
    """The sides of a box around the region, where it is bounded and has no chart."""
    base = region.base
    if region.chart is not None or not base.is_bounded:
        return None
    if isinstance(base, L1Ball):
        step = Vector(integer_array([base.radius.numerator] * base.dimension), base.radius.denominator)
        return base.midpoint - step, base.midpoint + step
    return base.low, base.high


def _absolute_row(network: Network, output: int) -> Vector:
    """A row of the product of the layers' absolute weights, accumulated backwards."""
    last = len(network.blocks)
    seed = integer_array(int(i == output) for i in range(network.output_size))
    rows: dict[int, Vector] = {last: Vector(seed, 1)}
    for k in range(last, 0, -1):
        row = rows.pop(k, None)
        if row is None:
            continue
        for source, matrix in network.blocks[k - 1].inputs:
            numerators, denominator = matrix.transposed.integers
            back = Vector(
                matrix.transposed.integer_product(np.abs(numerators), row.numerators), denominator * row.denominator
            )
            rows[source] = rows[source] + back if source in rows else back
    return rows.get(0, Vector(integer_array([0] * network.input_size), 1))
