"""No dead units: points of the region at which each ReLU is on, or a ReLU that is off on all of it."""

from __future__ import annotations

import numpy as np

from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Cover, Off, Reached, ValueGap
from verify.network import Network, floats
from verify.property import Claim, Criterion, Question
from verify.property.units import AT_MOST_ZERO, unit_network
from verify.rational import Vector
from verify.search.budget import Budget
from verify.search.engines.base import Engine, Work
from verify.search.problem import Problem, prepare
from verify.search.refuting.sampling import points

POINTS = 64
UnitIndex = tuple[int, int]


class _Open:
    """The ReLU that are not known to be on anywhere, and the points that were kept for the others."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.masks = {k: np.ones(block.size, dtype=bool) for k, block in network.relu_blocks()}
        self.points: list[Vector] = []

    def visit(self, point: Vector) -> None:
        """Keep the point if a ReLU is on there that was open; float64 with its error bound says which are."""
        run = floats.run(self.network, point)
        self._close(point, {k: run.values[k - 1] > run.errors[k - 1] for k in self.masks})

    def reached(self, point: Vector, unit: UnitIndex) -> None:
        """Keep a point at which the unit is on in exact arithmetic."""
        block, index = unit
        mask = np.zeros(self.masks[block].shape, dtype=bool)
        mask[index] = True
        self._close(point, {block: mask})
        self.visit(point)

    def _close(self, point: Vector, on: dict[int, np.ndarray[tuple[int, ...], np.dtype[np.bool_]]]) -> None:
        if any(bool((self.masks[k] & mask).any()) for k, mask in on.items()):
            self.points.append(point)
        for k, mask in on.items():
            self.masks[k] &= ~mask

    @property
    def units(self) -> list[UnitIndex]:
        return [(k, int(i)) for k, mask in self.masks.items() for i in np.flatnonzero(mask)]


def search_units(claim: Claim, question: Question, budget: Budget) -> tuple[Reached | Off | None, str]:
    """Evidence for or against the claim, or None and which units are open.

    Random points close most units. Each of the others is a claim of its own, that its pre-activation is at most zero:
    first stability is tried on all of them, as one dead unit is enough, then every engine.
    """
    problem = prepare(question, budget)
    assert isinstance(problem, Problem), "the region was found to be empty before"
    open_units = _Open(claim.network)
    for local in [problem.interior, *points(problem, POINTS)]:
        budget.check()
        open_units.visit(claim.region.point(problem.embedded(local)))
    for engine in ("stability", "auto"):
        for unit in open_units.units:
            budget.check()
            if not open_units.masks[unit[0]][unit[1]]:
                continue  # a point that was found for another unit has closed it
            budget.report(f"is {claim.network.blocks[unit[0] - 1].unit_name(unit[1])} off?")
            found = _decided(claim, question, unit, engine, budget)
            if isinstance(found, Off):
                return found, ""
            if found is not None:
                open_units.reached(found, unit)
    left = open_units.units
    if not left:
        return Reached(tuple(open_units.points)), ""
    names = [claim.network.blocks[k - 1].unit_name(i) for k, i in left[:3]]
    return None, f"open for {len(left)} ReLU: {', '.join(names)}{', ...' if len(left) > 3 else ''}"


def _decided(claim: Claim, question: Question, unit: UnitIndex, engine: str, budget: Budget) -> Off | Vector | None:
    """The proof that the unit is off on the region, a point where it is on, or None."""
    from verify.search.decide import decide

    block, index = unit
    alone = Claim(unit_network(claim.network, block, index), AT_MOST_ZERO, claim.region)
    outcome = decide(alone, budget, engine, shrinking=False)
    evidence = outcome.evidence
    if outcome.verdict is Verdict.PROVED and isinstance(evidence, Cells):
        proof = evidence.proofs[0]
        # In the coordinates of a chart there may be one more block, before the others.
        shift = len(question.network.blocks) - len(claim.network.blocks)
        return Off(block + shift, index, proof) if isinstance(proof, Cover) else None
    if isinstance(evidence, ValueGap):
        point = evidence.assignment["x"]
        return point if isinstance(point, Vector) else None
    return None


def _search(work: Work) -> Reached | Off | None:
    found, note = search_units(work.claim, work.questions[0], work.budget)
    work.notes.append(note)
    return found


ENGINE = Engine("units", _search, lambda work: all(q.criterion is Criterion.POSITIVE_SOMEWHERE for q in work.questions))
