"""Covers for criteria that are inequalities: the leaves' witnesses, or findings against the inequality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.kernel.core.cell import cell_of
from verify.kernel.core.cover import leaves
from verify.kernel.core.criteria import on_hull
from verify.kernel.core.part import is_nonnegative
from verify.kernel.evidence import Leaf, Multipliers, Tree
from verify.kernel.exact import AffineForm
from verify.kernel.inequalities import distinct_forms
from verify.property import Criterion
from verify.property.slopes import axis_in_coordinates
from verify.rational import Vector, vector
from verify.region import Box, HalfSpace
from verify.region.norms import squared_if_l2
from verify.search.budget import Budget
from verify.search.dividing.affine_parts import affine_parts
from verify.search.dividing.cells import AffinePart
from verify.search.dividing.loop import Node, tree_of
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt
from verify.search.problem import Problem
from verify.search.refuting.cases import Witnesses, case_witnesses
from verify.search.refuting.crossing import findings_along
from verify.search.refuting.finding import Finding, NonZero
from verify.search.refuting.slopes import dual_norm, moves
from verify.search.stability import lowest_point


def one_leaf(problem: Problem, leaf: Leaf, budget: Budget) -> Leaf | list[Finding]:
    """The leaf of a stable pattern with its witnesses, or findings."""
    question = problem.question
    if question.criterion is Criterion.CONVEX:
        return leaf  # one affine map is convex
    maps = [on_hull(form, question.region.base) for form in cell_of(question.network, leaf.pattern).outputs()]
    found = _local(problem, AffinePart(question.region.rows, problem.interior, leaf, maps), budget)
    return found if isinstance(found, list) else replace(leaf, witnesses=found)


def split_inequality(problem: Problem, budget: Budget) -> Tree | list[Finding]:
    """A tree of parts with the witnesses that the inequality needs, or findings that refute it."""
    root, known = Node(), list[AffinePart]()
    nodes: dict[int, Node] = {}
    witnesses: dict[int, Witnesses] = {}
    for node, piece in affine_parts(root, problem, budget):
        if problem.question.criterion is Criterion.CONVEX:
            local: Witnesses | list[Finding] = _against_convexity(problem, known, piece, budget) or {}
        else:
            local = _local(problem, piece, budget)
        if isinstance(local, list):
            return local
        witnesses[id(piece.leaf)], nodes[id(piece.leaf)] = local, node
        known.append(piece)
    if problem.question.criterion is Criterion.CONVEX:
        # Witnesses are numbered in the order in which the kernel meets the maps.
        order = {id(leaf): i for i, (leaf, _) in enumerate(leaves(tree_of(root), problem.question.region))}
        known.sort(key=lambda piece: order[id(piece.leaf)])
        for output in range(problem.question.network.output_size):
            failed = _convex_in(problem, known, output, witnesses, budget)
            if failed:
                return failed
    for piece in known:
        nodes[id(piece.leaf)].leaf = replace(piece.leaf, witnesses=witnesses[id(piece.leaf)])
    return tree_of(root)


def _against_convexity(problem: Problem, known: list[AffinePart], new: AffinePart, budget: Budget) -> list[Finding]:
    """A map that exceeds f at the interior point of another piece: on the way there f bends the wrong way."""
    for old in known:
        for one, other in ((old, new), (new, old)):
            if any(a.at(other.interior) > b.at(other.interior) for a, b in zip(one.maps, other.maps, strict=True)):
                return list(findings_along(problem, one.interior, other.interior, budget))
    return []


def _convex_in(
    problem: Problem, pieces: list[AffinePart], output: int, witnesses: dict[int, Witnesses], budget: Budget
) -> list[Finding]:
    """Fill in the multipliers that show each piece's own map to be the largest on it; findings where it is not."""
    others = distinct_forms(piece.maps[output] for piece in pieces)
    owners = {id(form): piece for piece in reversed(pieces) for form in [piece.maps[output]]}
    for piece in pieces:
        budget.check()
        for index, other in enumerate(others):
            difference = piece.maps[output] - other
            if difference.is_zero():
                continue
            shown = _shown(problem, difference, piece.rows, budget)
            if isinstance(shown, Vector):
                return list(findings_along(problem, owners[id(other)].interior, shown, budget))
            if shown:
                witnesses[id(piece.leaf)][index, output] = shown
    return []


def _local(problem: Problem, piece: AffinePart, budget: Budget) -> Witnesses | list[Finding]:
    """Witnesses for a criterion that looks at one leaf at a time."""
    question, found = problem.question, Witnesses()
    slope = question.slope
    if question.criterion is Criterion.NOWHERE:
        shown_or_point = case_witnesses(question, piece.rows, piece.maps, budget)
        return [NonZero(shown_or_point)] if isinstance(shown_or_point, Vector) else shown_or_point
    for output, form in enumerate(piece.maps):
        budget.check()
        if question.criterion is Criterion.NONPOSITIVE:
            shown = _shown(problem, -form, piece.rows, budget)
            if isinstance(shown, Vector):
                return [NonZero(shown)]
            if shown:
                found[0, output] = shown
        elif question.criterion is Criterion.NONDECREASING and slope is not None:
            direction = axis_in_coordinates(slope, question.region.base)
            if direction is not None and form.coefficients.dot(direction) < 0:
                return list(moves(problem, piece.interior, direction, budget))
        elif slope is not None:
            norm = dual_norm(slope, question, form, budget)
            if norm.value > squared_if_l2(slope.norm, slope.constant):
                return list(moves(problem, piece.interior, norm.attained, budget))
            if norm.functional is not None:
                found[0, output] = _sparse(norm.functional)
    return found


def _sparse(values: Vector) -> dict[int, Fraction]:
    used = np.flatnonzero(np.asarray(values.numerators != 0, dtype=bool)).tolist()
    return {i: values[i] for i in used}


def _shown(problem: Problem, form: AffineForm, rows: Sequence[HalfSpace], budget: Budget) -> Multipliers | Vector:
    """Multipliers that show the form nonnegative where the rows hold, or a point there at which it is negative."""
    base = problem.question.region.base
    if is_nonnegative(form, base, rows, {}):
        return {}
    if not rows:
        return lowest_point(form, base)
    if not isinstance(base, Box):
        raise TypeError("half-spaces on an L1 ball need the lifted question")
    outcome = nonnegative(form, base, rows, budget)
    return vector(outcome.point) if isinstance(outcome, NegativeAt) else outcome.multipliers
