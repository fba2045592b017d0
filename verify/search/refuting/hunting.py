"""Points that refute what bounds are about: random ones, and steps along gradients from those that come nearest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from fractions import Fraction
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.errors import BudgetExceeded
from verify.kernel.evidence import Unsafe, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.goals import Goal
from verify.property import Claim
from verify.property.instances import Change
from verify.property.never import case_holds
from verify.rational import Floats, Vector, vector_from_floats
from verify.search.budget import Budget
from verify.search.refuting.finding import gap_at, proposals, refutation
from verify.search.refuting.points import amounts, gradients, inside, margins, own_rows, portion_of, steepest

if TYPE_CHECKING:
    from concurrent.futures import Executor

# Points (N, n), for each the case that holds most nearly, and how nearly.
Promising: TypeAlias = tuple[Floats, NDArray[np.int64], Floats]
# Networks with so few ReLU are decided by other engines too, and get so many points before them.
FEW_RELU, FEW_POINTS = 64, 1 << 11
# Random points; the best for each case climb for so many steps, with the first step in parts of the box.
POINTS, CLIMBERS, STEPS, FIRST_STEP = 1 << 17, 48, 60, 0.05
# Of the search's own promising points so many climb now and then; in between so many times as long passes.
PURSUED, PURSUE_SHARE = 96, 12.0
# Points that are judged exactly, at most, each time that floats name some.
JUDGED = 4


class Climber(ABC):
    """Looks for points at which a case of the goal holds in floats; ends with the first that are judged to refute."""

    def __init__(self, goal: Goal, *, is_small: bool) -> None:
        self.goal, self.is_small = goal, is_small

    @abstractmethod
    def judge(self, points: Floats) -> bool:
        """Whether one of the points refutes."""

    def margins(self, points: Floats) -> Floats:
        """For points (N, n) and each case (N, C) how much all its rows hold: what climbing raises."""
        return margins(self.goal, points)

    def attack(self, budget: Budget) -> bool:
        """Random points, then steps along gradients from the best ones."""
        rng, (low, high), machine = np.random.default_rng(0), self.goal.root, self.goal.machine
        best: list[Floats] = []
        sizes: list[Floats] = []
        work = sum(step.block.size * step.terms for step in (*machine.values, *machine.gaps))
        work *= 1 if machine.directions is None else max(1, machine.directions.size)
        portion = portion_of(self.goal)
        count = FEW_POINTS if self.is_small else int(min(POINTS, max(portion, 2**31 // max(work, 1))))
        for _ in range(max(1, count // portion)):
            budget.check()
            share = rng.random((min(portion, count), len(low)))
            corner = rng.random(share.shape) < rng.choice([0.0, 0.3, 0.7], size=(len(share), 1))
            points = low + (high - low) * np.where(corner, np.round(share), share)
            found = np.nan_to_num(self.margins(points), nan=-np.inf)
            leaders = np.unique(np.argsort(-found, axis=0)[: CLIMBERS // 4])
            best.append(points[leaders])
            sizes.append(found[leaders])
            if self._names(points, found.max(axis=1)):
                return True
        points, found = np.concatenate(best), np.concatenate(sizes)
        if machine.directions is not None and not machine.directions.size:
            return False
        chosen = [np.argsort(-found[:, c])[:CLIMBERS] for c in range(min(found.shape[1], 64))]
        cases = np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])
        return self._climb(points[np.concatenate(chosen)], cases, budget, rng)

    def _climb(self, points: Floats, cases: np.ndarray, budget: Budget, rng: np.random.Generator) -> bool:
        low, high = self.goal.root
        every, steps = np.arange(len(points)), np.full((len(points), 1), FIRST_STEP)
        values = self.margins(points)[every, cases]
        for turn in range(STEPS):
            budget.check()
            flat = self.goal.machine.directions is not None  # slopes of slopes are 0
            slopes = np.zeros_like(points) if flat else gradients(self.goal, points, self.seeds(points, cases))
            if flat or turn % 3 == 2:
                moves = rng.standard_normal(points.shape)
            elif turn % 3:
                moves = np.sign(slopes) * (rng.random(points.shape) < 0.6)
            else:
                scaled = slopes * (high - low)
                moves = scaled / np.maximum(np.abs(scaled).max(axis=1, keepdims=True), 1e-300)
            tried = np.clip(points + steps * moves * (high - low), low, high)
            found = self.margins(tried)[every, cases]
            better = found > values
            points, values = np.where(better[:, None], tried, points), np.where(better, found, values)
            steps *= np.where(better, 1.3, 0.75)[:, None]
            if np.any(better & (values >= 0)) and self._names(points, values):
                return True
        return False

    def seeds(self, points: Floats, cases: np.ndarray) -> Floats:
        """For each point the row of its case that climbing raises: the one that is furthest from holding."""
        if all(len(case) == 1 for case in self.goal.cases):
            return np.asarray(np.eye(len(self.goal.strict))[np.array(own_rows(self.goal))[cases]])
        found = amounts(self.goal, points)
        seeds = np.zeros_like(found)
        for c in np.unique(cases):
            rows, mine = np.array(self.goal.cases[c]), np.flatnonzero(cases == c)
            seeds[mine, rows[np.argmin(found[np.ix_(mine, rows)], axis=1)]] = 1.0
        return seeds

    def _names(self, points: Floats, values: Floats) -> bool:
        order = np.argsort(-values)[:JUDGED]
        return self.judge(points[order[values[order] >= 0]])


class Hunt(Climber):
    """What floats name is judged exactly; ``found`` then says how it refutes the claim."""

    def __init__(self, claim: Claim, goal: Goal) -> None:
        super().__init__(goal, is_small=claim.network.relu_count <= FEW_RELU)
        self.claim = claim
        self.found: ValueGap | Unsafe | None = None
        self._next = 0.0

    def judge(self, points: Floats) -> bool:
        """Whether one of the first points refutes."""
        for point in points[:JUDGED]:
            t = inside(self.goal, point)
            if not self.claim.region.holds(t):
                continue
            found = self._evidence(t)
            if found is not None:
                self.found = found
                return True
        return False

    def _evidence(self, t: Vector) -> ValueGap | Unsafe | None:
        claim = self.claim
        x = claim.region.point(t)
        if claim.property.family == "never":
            return _witness(claim, x)
        if claim.property.family == "equivalent within":
            return gap_at(claim, {"x": x})
        return self._change(t)

    def _change(self, t: Vector) -> ValueGap | None:
        """Two points along the axis, or the steepest direction, near t, nearer and nearer until the slope shows."""
        directions, base = self.goal.machine.directions, self.goal.base
        assert directions is not None
        toward, step = base.centre() - t, vector_from_floats(directions.centre)
        if directions.size:
            radii = [radius for radius in base.radii().fractions() if radius]
            step = vector_from_floats(steepest(self.goal, t.floats()[None])[0]).scaled(min(radii, default=Fraction(0)))
        length = Fraction(1, 8)
        for _ in range(12):
            p = t + toward.scaled(length) if directions.size else t
            for q in (p + step.scaled(length), p - step.scaled(length)):
                if self.claim.region.holds(q):
                    gap = refutation(self.claim, proposals(self.claim, Change(p, q), 0))
                    if gap is not None:
                        return gap
            length /= 8
        return None

    def pursue(self, promising: list[Promising], budget: Budget) -> bool:
        """Climb from the most promising points, now and then; they are taken."""
        if budget.elapsed < self._next or not promising or self.goal.machine.directions is not None:
            return False
        points, cases, values = (np.concatenate(parts) for parts in zip(*promising, strict=True))
        promising.clear()
        best = np.argsort(-values)[:PURSUED]
        started = budget.elapsed
        found = self._climb(points[best], cases[best], budget, np.random.default_rng(1))
        self._next = budget.elapsed + PURSUE_SHARE * (budget.elapsed - started)
        return found


class Scout(Climber):
    """An attack in a worker, which has no claim: the points that floats name first are judged by who asked."""

    named: Floats = np.zeros((0, 0))

    def judge(self, points: Floats) -> bool:
        """Somebody else does."""
        self.named = points
        return True


def scouted(goal: Goal, budget: Budget) -> Floats:
    """The points (N, n), if any, that an attack names."""
    scout = Scout(goal, is_small=False)
    scout.attack(budget)
    return scout.named


class Attack:
    """``Hunt.attack``: at once, or by a worker while boxes are cut."""

    def __init__(self, hunt: Hunt, budget: Budget, pool: Executor | None) -> None:
        self._hunt = hunt
        self._future = None if pool is None else pool.submit(scouted, hunt.goal, budget)
        self.succeeded = pool is None and hunt.attack(budget)

    def has_arrived(self) -> bool:
        """Whether it has succeeded by now."""
        if self._future is not None and self._future.done():
            future, self._future = self._future, None
            try:
                self.succeeded = self._hunt.judge(future.result())
            except BrokenExecutor as error:
                raise BudgetExceeded("a worker process died") from error
        return self.succeeded

    def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._future is not None:
            self._future.cancel()


def _witness(claim: Claim, x: Vector) -> Unsafe | None:
    """The first case that holds at the point, judged by the kernel."""
    values = {"x": x.fractions(), "y": evaluate(claim.network, x).fractions()}
    if claim.second is not None:
        values["z"] = evaluate(claim.second, x).fractions()
    cases: Sequence[Sequence[object]] = claim.property.parameters["cases"]
    for number, case in enumerate(cases):
        if case_holds(case, values):  # type: ignore[arg-type]
            return Unsafe(x, number)
    return None
