"""Finding the boxes on which the interval bounds of ``verify.kernel.difference`` show two networks to be close."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.difference import Cut, Difference, bounds, boxes, correspond, folded
from verify.kernel.evidence import Empty
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.property import Claim, Question
from verify.property.base import in_coordinates
from verify.rational import display
from verify.region import Box
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.problem import Problem, prepare
from verify.search.sampling import points

# A box is cut where that may help: at most so many times in all, and not with more coordinates than so many. Networks
# whose blocks do not correspond are left to rewriting and splitting.
MOST_CUTS, MOST_COORDINATES = 64, 16
# Points at which the difference is evaluated exactly.
SAMPLES = 7


@dataclass
class Node:
    """A part of the box, how it was cut and its parts."""

    base: Base
    cut: Cut = None
    parts: list[Node] = field(default_factory=list)


def search_difference(claim: Claim, question: Question, budget: Budget) -> tuple[Difference | None, str]:
    """Evidence that the claim's networks differ by at most epsilon; else what is known of the largest difference."""
    assert claim.second is not None
    base, epsilon = claim.region.base, claim.property.parameters["epsilon"]
    pair = [in_coordinates(network, claim.region)[0] for network in (claim.network, claim.second)]
    is_folded = True
    try:
        pair = [folded(network, base) for network in pair]
    except EvidenceError:
        is_folded = False
    worst = _worst(pair, base, budget)
    root = Node(base)
    can_cut = isinstance(base, Box) and base.dimension <= MOST_COORDINATES and correspond(*pair)
    if worst is not None and worst > epsilon and can_cut:
        worst = _refined(pair, root, worst, epsilon, budget)
    if worst is None or worst > epsilon:
        return None, _known(pair, question, worst, budget)
    return Difference(_preorder(root), is_folded), ""


def _worst(pair: list[Network], base: Base, budget: Budget) -> Fraction | None:
    budget.check()
    found = bounds(pair[0], pair[1], base)
    known = [value for value in found if value is not None]
    return max(known) if len(known) == len(found) else None


def _refined(pair: list[Network], root: Node, worst: Fraction, epsilon: Fraction, budget: Budget) -> Fraction:
    """Cut the worst part in half along its longest side, again and again; the bound that holds on all parts."""
    order = itertools.count()
    heap = [(-worst, next(order), root)]
    for _ in range(MOST_CUTS):
        if -heap[0][0] <= epsilon:
            break
        node = heapq.heappop(heap)[2]
        assert isinstance(node.base, Box)
        radii = node.base.radii().fractions()
        longest = int(np.argmax([float(radius) for radius in radii]))
        node.cut = longest, node.base.centre()[longest]
        below, above = boxes(node.base, [node.cut, None, None])
        node.parts = [Node(below), Node(above)]
        for part in node.parts:
            bound = _worst(pair, part.base, budget)
            assert bound is not None  # the box around it has one
            heapq.heappush(heap, (-bound, next(order), part))
    return -heap[0][0]


def _preorder(root: Node) -> tuple[Cut, ...]:
    cuts, stack = [], [root]
    while stack:
        node = stack.pop()
        cuts.append(node.cut)
        stack += reversed(node.parts)
    return tuple(cuts)


def _known(pair: list[Network], question: Question, upper: Fraction | None, budget: Budget) -> str:
    """Both bounds of the largest difference: at a few points exactly, and on the whole region by intervals."""
    problem = prepare(question, budget)
    lower = Fraction(0)
    for t in [] if isinstance(problem, Empty) else [problem.interior, *points(problem, SAMPLES)]:
        budget.check()
        assert isinstance(problem, Problem)
        x = problem.embedded(t)
        gap = evaluate(pair[0], x) - evaluate(pair[1], x)
        lower = max([lower, *(abs(value) for value in gap.fractions())])
    above = "no upper bound was found" if upper is None else f"at most {display(upper)}"
    return f"the largest difference on the region is at least {display(lower)} and {above}"
