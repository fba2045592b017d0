"""Parts on which one pattern of the ReLU holds, whatever values smooth units take.

The region is divided along pre-activations that do not depend on a smooth unit (``verify.kernel.smooth`` writes those
that do over a symbol for each), until under the pattern of an interior point every ReLU keeps its sign.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from verify.errors import BudgetExceeded
from verify.kernel.axioms.balls import preactivation_bounds
from verify.kernel.evidence import Multipliers
from verify.kernel.exact import AffineForm, Pattern
from verify.kernel.smooth import Resolved, Symbols, resolve
from verify.network import Network
from verify.rational import Vector, ends
from verify.search.budget import Budget
from verify.search.dividing.cells import whole_region
from verify.search.dividing.halves import Bounded, halves
from verify.search.dividing.loop import DepthFirst, Halved, Node, Open, divide
from verify.search.problem import Problem
from verify.search.stability import Obstacle, settle_all


@dataclass(frozen=True, eq=False)
class Patterned:
    """A part and the pattern at a point inside: multipliers for the units that need them.

    They are None where the sign of a ReLU depends on the value of a smooth unit, so that no proof is found.
    """

    part: Bounded
    pattern: Pattern
    resolved: Resolved
    multipliers: dict[tuple[int, int], Multipliers] | None


def patterned_parts(root: Node, problem: Problem, symbols: Symbols, budget: Budget) -> Iterator[tuple[Node, Patterned]]:
    """The parts of the region, as the tree of ``root`` divides it."""
    question = problem.question

    def look(part: Bounded) -> Halved[Bounded] | Patterned:
        pattern = pattern_guess(question.network, part.interior)
        resolved = resolve(question, pattern, symbols)
        found = settle_all(resolved.cell, resolved.question.region.base, resolved.rows(part.rows), budget)
        if not isinstance(found, Obstacle):
            return Patterned(part, pattern, resolved, found)
        size = question.region.dimension
        form = resolved.cell.form(found.block, found.unit)
        plain = AffineForm(form.coefficients.take(range(size)), form.constant)
        target = found.target.take(range(size))
        # No hyperplane where a smooth unit is in the equation, or where the guess was wrong at the interior point.
        if any(form.coefficients.numerators[size:].tolist()) or plain.at(part.interior) * plain.at(target) > 0:
            return Patterned(part, pattern, resolved, None)
        return Halved(plain, halves(part, plain, target, question.region.base))

    return divide(look, DepthFirst([Open(root, whole_region(problem))]), budget)


def pattern_guess(network: Network, x: Vector) -> Pattern:
    """Which ReLU are on at x, by the middle of their enclosures; whether it holds on a part is checked there."""
    try:
        bounds = preactivation_bounds(network, x)
    except OverflowError as error:
        raise BudgetExceeded(f"at a point of the region {error}") from error
    return {k: np.array([sum(ends(z)) > 0 for z in bounds[k - 1]], dtype=bool) for k, _ in network.relu_blocks()}
