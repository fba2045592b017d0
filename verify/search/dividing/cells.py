"""Splitting: a complete decision by dividing the region along pre-activations that change sign on it.

Networks of moderate size are split on units that matter only (``verify.search.dividing.relevance``). For others take,
at each part, the pattern of an interior point. The topologically first unit that is not stable under it has a
pre-activation that is affine on the part (all before it are stable there), so it splits the part into two, both of
full dimension. A part without such a unit is a cell: a leaf, on which f has one affine map.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.core.cell import Cell, cell_of
from verify.kernel.core.criteria import on_hull
from verify.kernel.evidence import Leaf, Multipliers, Tree
from verify.kernel.exact import AffineForm, pattern_at
from verify.property import Criterion
from verify.rational import Vector, vector
from verify.region import HalfSpace
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.dividing.relevant_split import rows_of, split_where_it_matters
from verify.search.dividing.trees import tree_of
from verify.search.problem import Problem
from verify.search.refuting.crossing import findings_at
from verify.search.refuting.differences import differ, difference, slope_findings
from verify.search.refuting.finding import Finding
from verify.search.stability import Obstacle, settle

# An executor gets parts after so many seconds without one, at most so many at a time, in tasks of so many seconds.
ALONE_SECONDS, PARTS, TASK_SECONDS, WAKE_SECONDS = 1.0, 32, 2.0, 0.5


@dataclass(eq=False)
class _Part:
    """A part of the region still to be decided; ``result`` is filled in when its subtree is known."""

    rows: tuple[HalfSpace, ...]
    interior: Vector
    leaf: Leaf | None = None
    form: AffineForm | None = None
    children: list[_Part] = field(default_factory=list)


def split(problem: Problem, budget: Budget) -> Tree | list[Finding]:
    """A tree of parts with one map each that satisfy the criterion, or findings that refute it."""
    normal = rows_of(problem)
    return _split_into_cells(problem, budget) if normal is None else split_where_it_matters(problem, normal, budget)


def _split_into_cells(problem: Problem, budget: Budget) -> Tree | list[Finding]:
    """Parts that are cells, with all units stable."""
    root = _Part(problem.question.region.rows, problem.interior)
    first: tuple[list[AffineForm], Vector] | None = None
    for part, maps in _leaves(problem, root, budget):
        findings = list(findings_at(problem, part.interior)) + slope_findings(problem, maps, part.interior)
        if findings:
            return findings
        if first is None:
            first = maps, part.interior
        elif problem.question.criterion is not Criterion.THROUGH_ORIGIN and differ(maps, first[0]):
            return difference(problem, first[1], part.interior, budget)
    return tree_of(root)


class FoundCell(NamedTuple):
    """A cell: the rows that bound it, a point of its interior, and the affine maps of the outputs."""

    rows: tuple[HalfSpace, ...]
    interior: Vector
    maps: list[AffineForm]


def cells(problem: Problem, budget: Budget) -> Iterator[FoundCell]:
    """All cells of the region, none of them kept here; an executor gets parts to divide when it takes long."""
    stack = [_Part(problem.question.region.rows, problem.interior)]
    alone = budget.elapsed + ALONE_SECONDS
    while stack:
        gathers = budget.executor is not None and budget.elapsed > alone
        if gathers and len(stack) >= PARTS:
            yield from _shared(problem, stack, budget)
            return
        found, parts = _divided(problem, stack.pop(0 if gathers else -1), budget)
        stack += parts
        if found is not None:
            yield found


def _divided(problem: Problem, part: _Part, budget: Budget) -> tuple[FoundCell | None, list[_Part]]:
    """The part as a cell, or the two parts that it is divided into."""
    budget.check()
    base = problem.question.region.base
    cell, found = _cell_or_obstacle(problem, part, budget)
    if isinstance(found, Obstacle):
        _divide(part, cell, found, base)
        return None, part.children
    return FoundCell(part.rows, part.interior, [on_hull(form, base) for form in cell.outputs()]), []


def some_cells(
    problem: Problem, rows: tuple[HalfSpace, ...], interior: Vector, budget: Budget
) -> tuple[list[FoundCell], list[tuple[tuple[HalfSpace, ...], Vector]]]:
    """What a worker finds of a part in ``TASK_SECONDS``: cells, and rows and interior points of parts still open."""
    stack, began = [_Part(rows, interior)], time.monotonic()
    done: list[FoundCell] = []
    while stack and time.monotonic() - began < TASK_SECONDS:
        found, parts = _divided(problem, stack.pop(), budget)
        stack += parts
        done += [found] if found is not None else []
    return done, [(part.rows, part.interior) for part in stack]


def _shared(problem: Problem, stack: list[_Part], budget: Budget) -> Iterator[FoundCell]:
    """Let the executor divide the parts, a bounded number at a time; those that its workers leave open wait again."""
    assert budget.executor is not None
    waiting: set[Future[tuple[list[FoundCell], list[tuple[tuple[HalfSpace, ...], Vector]]]]] = set()
    count = 0
    try:
        while stack or waiting:
            while stack and len(waiting) < PARTS:
                part = stack.pop()
                left = Budget(None if budget.seconds is None else max(budget.remaining, 0.01))
                waiting.add(budget.executor.submit(some_cells, problem, part.rows, part.interior, left))
            done, waiting = wait(waiting, timeout=min(budget.remaining, WAKE_SECONDS), return_when=FIRST_COMPLETED)
            for future in done:
                found, parts = future.result()
                stack += [_Part(*part) for part in parts]
                count += len(found)
                yield from found
            budget.check()
            budget.report(f"{count} shared cells, {len(stack) + len(waiting)} parts open")
    except BrokenExecutor as error:
        raise BudgetExceeded("a worker process died") from error
    finally:
        for future in waiting:
            future.cancel()


@dataclass(eq=False)
class Divided:
    """A region being divided into cells: ``parts`` yields them with their maps, ``tree`` is whole when it has ended."""

    root: _Part
    parts: Iterator[tuple[_Part, list[AffineForm]]]

    def tree(self) -> Tree:
        """The finished tree."""
        return tree_of(self.root)

    def replace_leaves(self, new: Callable[[Leaf], Leaf]) -> None:
        """Put another leaf in place of each one."""
        stack = [self.root]
        while stack:
            part = stack.pop()
            stack += part.children
            if part.leaf is not None:
                part.leaf = new(part.leaf)


def divided(problem: Problem, budget: Budget) -> Divided:
    """The region of the problem, to be divided while ``parts`` is read."""
    root = _Part(problem.question.region.rows, problem.interior)
    return Divided(root, _leaves(problem, root, budget))


def _leaves(problem: Problem, root: _Part, budget: Budget) -> Iterator[tuple[_Part, list[AffineForm]]]:
    """Divide parts until they are cells; yields each with its affine maps."""
    base = problem.question.region.base
    stack, leaves = [root], 0
    while stack:
        budget.check()
        part = stack.pop()
        cell, found = _cell_or_obstacle(problem, part, budget)
        if isinstance(found, Obstacle):
            _divide(part, cell, found, base)
            stack += part.children
            continue
        part.leaf = Leaf(cell.pattern, found)
        leaves += 1
        if leaves % 100 == 0:
            budget.report(f"{leaves} cells, {len(stack)} parts open")
        yield part, [on_hull(form, base) for form in cell.outputs()]


def _cell_or_obstacle(
    problem: Problem, part: _Part, budget: Budget
) -> tuple[Cell, Obstacle | dict[tuple[int, int], Multipliers]]:
    """The cell of the part's interior point, and the first unstable unit or the proof that there is none."""
    network, base = problem.question.network, problem.question.region.base
    cell = cell_of(network, pattern_at(network, part.interior))
    multipliers: dict[tuple[int, int], Multipliers] = {}
    for k, _ in network.relu_blocks():
        for unit in np.flatnonzero(~cell.settled(k, base)).tolist():
            budget.check()
            found = settle(cell, k, unit, base, part.rows, budget)
            if isinstance(found, Obstacle):
                return cell, found
            if found:
                multipliers[k, unit] = found
    return cell, multipliers


def _divide(part: _Part, cell: Cell, obstacle: Obstacle, base: Base) -> None:
    """Split at the obstacle's hyperplane; sides get interior points on the line from the old one to the target."""
    form = cell.form(obstacle.block, obstacle.unit)
    here, there = form.at(part.interior), form.at(obstacle.target)
    direction = obstacle.target - part.interior
    # The form is affine along the line and zero at the parameter ``root``; beyond it lies the other side.
    root = here / (here - there)
    far = part.interior + direction.scaled((root + 1) / 2)
    near = part.interior
    if here == 0:
        far = part.interior + direction.scaled(Fraction(1, 2))
        near = _backwards(part, direction, base)
    above, below = (far, near) if there > 0 else (near, far)
    rows_above = (*part.rows, HalfSpace(-form.coefficients, form.constant))
    rows_below = (*part.rows, HalfSpace(form.coefficients, -form.constant))
    part.form = form
    part.children = [
        _Part(rows_above, rounded(above, base, rows_above)),
        _Part(rows_below, rounded(below, base, rows_below)),
    ]


def _backwards(part: _Part, direction: Vector, base: Base) -> Vector:
    """A relative interior point a little behind the old one (which is in the relative interior)."""
    step = Fraction(1)
    while True:
        candidate = part.interior - direction.scaled(step)
        if base.contains(candidate) and all(row.slack(candidate) >= 0 for row in part.rows):
            return part.interior - direction.scaled(step / 2)
        step /= 4


def rounded(point: Vector, base: Base, rows: Sequence[HalfSpace]) -> Vector:
    """The point itself, or a simpler one nearby that is still in the relative interior."""
    if point.denominator < 2**24:
        return point
    pinned = base.pinned
    for bits in (8, 16, 32, 64):
        rounded = [
            value if held else Fraction(round(value * 2**bits), 2**bits)
            for value, held in zip(point.fractions(), pinned, strict=True)
        ]
        candidate = vector(rounded)
        if base.has_inside(candidate) and all(row.slack(candidate) > 0 for row in rows):
            return candidate
    return point
