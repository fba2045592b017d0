"""Claims that bounds of values, differences or slopes on the parts of a box decide, or points that refute them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from verify.errors import BudgetExceeded, EvidenceError, TooLarge
from verify.kernel.evidence import Bounds, Unsafe, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.goals import GOALS, Goal, goal_of
from verify.property import Claim
from verify.property.base import GRADIENTS
from verify.property.instances import Change
from verify.property.never import case_holds
from verify.rational import Floats, Vector, vector_from_floats
from verify.region import Box
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.cutting import Search, prepare, rounds
from verify.search.engines.base import Engine, Work
from verify.search.lower_slopes import narrowed_bounds
from verify.search.refuting.finding import gap_at, proposals, refutation
from verify.search.refuting.points import amounts, gradients, inside, margins, own_rows, portion_of, steepest

if TYPE_CHECKING:
    from concurrent.futures import Executor

# With more coordinates than this, cutting is hopeless.
MOST_COORDINATES = 16
# Networks with so few ReLU are decided by other engines too: bounds get so many boxes and points before them.
FEW_RELU, FEW_BOXES, FEW_POINTS = 64, 1000, 1 << 11
# Random points; the best for each case climb for so many steps, with the first step in parts of the box.
POINTS, CLIMBERS, STEPS, FIRST_STEP = 1 << 17, 48, 60, 0.05
# Of the search's own promising points so many climb now and then; in between so many times as long passes.
PURSUED, PURSUE_SHARE = 96, 12.0
# Slopes of networks with more ReLU than other engines decide are bounded first, for a part of the time.
SLOPE_SHARE, SLOPE_SECONDS = 0.5, 60.0
# Points that are judged exactly, at most, each time that floats name some.
JUDGED = 4
# Errors of float32 columns may be this part of what has to be shown, at a small box in the middle.
SINGLE_ERROR, SMALL_BOX = 0.01, 2.0**-6


def search_bounds(claim: Claim, budget: Budget) -> tuple[Bounds | ValueGap | Unsafe | None, str]:
    """A refutation, or the parts of the region on which bounds settle the claim, or what is known without either."""
    base = claim.region.base
    if not isinstance(base, Box) or not base.is_bounded:
        return None, ""
    try:
        goal, single = fitting(claim)
    except (EvidenceError, TooLarge):
        return None, ""
    hunt = Hunt(claim, goal)
    few, can_cut = claim.network.relu_count <= FEW_RELU, base.dimension <= MOST_COORDINATES
    if cuts_long(claim):
        prepare(budget)
    budget.report("bounds: looking for a point ...")
    attack = Attack(hunt, budget, sharing.processes(budget) if cuts_long(claim) else None)
    if attack.succeeded:
        return hunt.found, ""
    search = Search.of(goal, goal.root[0][None], goal.root[1][None], np.ones(1))
    most = FEW_BOXES if few else np.inf
    try:
        for _ in rounds(search, budget, most if can_cut else 2):
            named = attack.has_arrived() or any(hunt.judge(points) for points in search.suspects)
            if named or hunt.pursue(search, budget):
                return hunt.found, ""
            search.suspects.clear()
            budget.report(f"bounds: {progress(search)}")
    except (BudgetExceeded, KeyboardInterrupt) as stop:
        stop.args = (f"{stop}; bounds: {progress(search)}",) if isinstance(stop, BudgetExceeded) else stop.args
        raise
    finally:
        attack.stop()
    if not len(search.open):
        return Bounds(search.cuts(), single), ""
    if can_cut or goal.machine.directions is not None:
        return None, f"bounds: {progress(search)}"
    return _narrowed(goal, single, budget)


def _narrowed(goal: Goal, single: bool, budget: Budget) -> tuple[Bounds | None, str]:
    """The whole box once more, with lower slopes for each row."""
    budget.report("bounds: rows are carried back to the input ...")
    try:
        evidence, upper = narrowed_bounds(goal, budget, single=single)
    except TooLarge as error:
        return None, f"bounds: {error}"
    settled = goal.settled_cases(upper[None])[0]
    if settled.all():
        return evidence, ""
    return None, f"bounds: {np.count_nonzero(settled)} of {len(settled)} cases proved on the whole box"


def cuts_long(claim: Claim) -> bool:
    """Whether boxes may be cut for long, so that workers are worth their start."""
    base = claim.region.base
    bounded = isinstance(base, Box) and base.is_bounded and base.dimension <= MOST_COORDINATES
    return bounded and claim.network.relu_count > FEW_RELU


def progress(search: Search) -> str:
    """How far a search is, in words."""
    return f"{100 * search.proved:.4g} % of the volume proved, {len(search.open)} parts open"


def fitting(claim: Claim) -> tuple[Goal, bool]:
    """The goal with columns in float32 where their rounding is small beside what has to be shown, else in float64."""
    try:
        goal = goal_of(claim, single=True)
    except EvidenceError:
        return goal_of(claim, single=False), False
    low, high = goal.root
    centre, radius = (low + high) / 2, (high - low) / 2 * SMALL_BOX
    small = goal.machine.run((centre - radius)[None], (centre + radius)[None])
    scale = np.maximum(np.abs(goal.machine.goal.bias), np.abs(amounts(goal, centre[None])[0]))
    if np.all(small.error[0] <= SINGLE_ERROR * scale):
        return goal, True
    return goal_of(claim, single=False), False


class Hunt:
    """Looks for points that refute a claim; what floats name is judged exactly."""

    def __init__(self, claim: Claim, goal: Goal) -> None:
        self.claim, self.goal = claim, goal
        self.is_small = claim.network.relu_count <= FEW_RELU
        self.found: ValueGap | Unsafe | None = None
        self.next = 0.0

    def judge(self, points: Floats) -> bool:
        """Whether one of the points refutes; ``found`` then says how."""
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

    def pursue(self, search: Search, budget: Budget) -> bool:
        """Climb from the most promising points of the search, now and then."""
        if budget.elapsed < self.next or not search.promising or self.goal.machine.directions is not None:
            return False
        points, cases, values = (np.concatenate(parts) for parts in zip(*search.promising, strict=True))
        search.promising.clear()
        best = np.argsort(-values)[:PURSUED]
        started = budget.elapsed
        found = self._climb(points[best], cases[best], budget, np.random.default_rng(1))
        self.next = budget.elapsed + PURSUE_SHARE * (budget.elapsed - started)
        return found

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


class Scout(Hunt):
    """An attack in a worker, which has no claim: it ends with the first points that floats name."""

    def __init__(self, goal: Goal) -> None:
        self.goal, self.is_small = goal, False
        self.named = np.zeros((0, 0))

    def judge(self, points: Floats) -> bool:
        """Somebody else does."""
        self.named = points
        return True


def scouted(goal: Goal, budget: Budget) -> Floats:
    """The points (N, n), if any, that an attack names."""
    scout = Scout(goal)
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


def _fits(work: Work) -> bool:
    return work.claim.property.family in GOALS and not work.claim.has_smooth_units


def _about_slopes(work: Work) -> bool:
    return work.questions[0].criterion in GRADIENTS


def _tried(work: Work) -> bool:
    """Slopes of small networks are left to the other engines."""
    return not _about_slopes(work) or work.claim.network.relu_count > FEW_RELU


def _search(work: Work) -> Bounds | ValueGap | Unsafe | None:
    budget = work.budget
    if _about_slopes(work) and not work.named:
        budget = replace(budget, seconds=budget.elapsed + min(SLOPE_SECONDS, SLOPE_SHARE * budget.remaining))
    try:
        found, note = search_bounds(work.claim, budget)
    except BudgetExceeded as stop:
        work.budget.check()  # its share is used up, the whole may not be
        found, note = None, str(stop)
    work.notes.append(note)
    return found


ENGINE = Engine("bounds", _search, _fits, _tried)
