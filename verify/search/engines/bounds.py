"""Claims that bounds of values, differences or slopes on the parts of a box decide, or points that refute them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from verify.errors import BudgetExceeded, EvidenceError, TooLarge
from verify.kernel.evidence import Bounds, Unsafe, ValueGap
from verify.kernel.goals import GOALS, Goal, goal_of
from verify.property import Claim
from verify.property.base import GRADIENTS
from verify.region import Box
from verify.search.budget import Budget
from verify.search.dividing import sharing
from verify.search.dividing.at_units import UnitCuts
from verify.search.dividing.cutting import Search, prepare, rounds
from verify.search.engines.base import Engine, Work
from verify.search.refuting.hunting import FEW_RELU, Attack, Hunt
from verify.search.refuting.points import amounts

if TYPE_CHECKING:
    pass

# With more coordinates than this, cutting is hopeless.
MOST_COORDINATES = 16
# Networks with few ReLU are decided by other engines too: bounds get so many boxes before them.
FEW_BOXES = 1000
# The same of parts that are cut at units; those of larger networks get this part of the time.
FEW_PARTS, UNITS_SHARE = 32, 0.7
# Slopes of networks with more ReLU than other engines decide are bounded first, for a part of the time.
SLOPE_SHARE, SLOPE_SECONDS = 0.5, 60.0
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
            if named or hunt.pursue(search.promising, budget):
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
    return _narrowed(goal, single, few, budget)


def _narrowed(goal: Goal, single: bool, few: bool, budget: Budget) -> tuple[Bounds | None, str]:
    """The whole box once more, with lower slopes for each row, then cut at units."""
    budget.report("bounds: rows are carried back to the input ...")
    lasting = budget
    if budget.seconds is not None:
        lasting = replace(budget, seconds=budget.elapsed + UNITS_SHARE * budget.remaining)
    try:
        tree = UnitCuts(goal, budget)
        for _ in tree.rounds(lasting, -np.inf):
            budget.report(f"bounds: {tree.progress}")
            if few and len(tree.parts) > FEW_PARTS:
                break
    except TooLarge as error:
        return None, f"bounds: {error}"
    return (tree.evidence(single=single), "") if tree.largest == -np.inf else (None, f"bounds: {tree.progress}")


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
