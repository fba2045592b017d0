"""How far two networks are from one another on a box: the smallest bound proved and the largest difference found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.digits import display, short_above
from verify.errors import BudgetExceeded, EvidenceError, InputError, TooLarge
from verify.kernel.check import Verdict, judge
from verify.kernel.cuts import UNCUT
from verify.kernel.difference import correspond, folded
from verify.kernel.evidence import Bounds, ValueGap
from verify.kernel.exact import evaluate
from verify.kernel.goals import Goal, goal_of
from verify.network import Network
from verify.network.loosening import loosened, radii
from verify.property import Claim, find
from verify.property.base import in_coordinates
from verify.property.within import equivalent_within
from verify.rational import Floats, Vector, concatenate, exact_text, zeros
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.dividing.tightening import Tightening
from verify.search.engines.bounds import MOST_COORDINATES, fitting
from verify.search.engines.quantized import difference_at, far_points
from verify.search.lower_slopes import narrowed_bounds
from verify.search.outcome import Outcome
from verify.search.refuting.hunting import FEW_RELU, Hunt
from verify.search.refuting.nontrivial import some_point, witness_of
from verify.search.refuting.points import amounts, inside, own_rows

# Shares of the time: whether the networks are equal, the search for a point, and the first attempt at a bound.
EQUAL_SHARE, POINTS_SHARE, FIRST_SHARE = 0.1, 0.3, 0.5
# The kernel bounds the whole box once more: this many times as long as the first time must be left.
REPLAYED = 1.25
# Bounds have floats of their own size beside them when they are checked.
SMALLEST_BOUND = 2.0**-500
# How long boxes are cut where no time is given.
CUTTING_SECONDS = 60.0
# Bounds that are tried, in parts of the largest difference found, largest first.
FACTORS = (Fraction(16), Fraction(8), Fraction(4), Fraction(2), Fraction(3, 2), Fraction(5, 4), Fraction(11, 10))
# Weights that differ by no more than so many steps of float32 differ by rounding, as exports and folding do.
ROUNDING_STEPS = 64


@dataclass(frozen=True, eq=False)
class Comparison:
    """``upper`` bounds |f - g| on the region for every output (None: no bound), ``lower`` is the largest one found.

    ``by_output`` has for each output the bound that the same parts of the region give, and the largest difference at
    the points that were tried, with the point. ``claim`` and ``outcome`` are the proof of ``upper``. ``layer`` is the
    name of the layer whose change moves the outputs most at the worst point; ``steps`` the most that a weight or bias
    differs by, in steps of float32 (None where layers do not correspond). ``unrounded``, where a network is quantized:
    the difference at the point when quantized values are clipped, but not rounded.
    """

    upper: Fraction | None
    lower: Fraction
    point: Vector
    by_output: tuple[tuple[Fraction | None, Fraction, Vector], ...]
    claim: Claim | None
    outcome: Outcome | None
    layer: str
    steps: Fraction | None
    reason: str
    unrounded: Fraction | None = None

    @property
    def is_rounding(self) -> bool | None:
        """Whether the weights differ by rounding only; None where that is not known."""
        return None if self.steps is None else self.steps <= ROUNDING_STEPS

    @property
    def cause(self) -> str:
        """Wrong export or rounding? In a line."""
        if self.upper == 0:
            return "the networks are the same function there"
        if self.unrounded is not None:
            return (
                "quantized activations: with their values clipped and not rounded, the difference at that point is"
                f" {display(self.unrounded, 0)}"
            )
        if self.steps is None:
            return "rounding or a wrong export? the layers do not correspond"
        k = f"{float(self.steps):.4g}"
        if self.is_rounding:
            return f"rounding: every weight and bias is within k = {k} steps of float32 of the other's"
        return f"not rounding alone: a weight or bias differs by k = {k} steps of float32"


def compare_networks(first: Network, second: Network, region: Region, budget: Budget) -> Comparison:
    """Compare within the budget; what is known when it ends is returned."""
    claim = Claim(first, equivalent_within("0"), region, second)
    equal = None if claim.is_quantized else _equal(first, second, region, budget)
    if isinstance(equal, Comparison):
        return equal
    found = _quantized_differences(claim, budget) if claim.is_quantized else _differences(claim, equal, budget)
    worst = max(range(len(found)), key=lambda j: found[j][0])
    lower, point = found[worst]
    proof, reason = _proved(claim, lower, budget)
    bounds = [None] * len(found) if proof is None else _by_output(proof)
    rows = tuple((bound, value, x) for bound, (value, x) in zip(bounds, found, strict=True))
    layer, steps, unrounded = "", None, None
    if claim.is_quantized:
        unrounded = _without_rounding(claim, point)
    else:
        layer, steps = _origin(first, second, region, point)
    upper, closest, outcome = (None, None, None) if proof is None else (proof.bound, proof.claim, proof.outcome)
    return Comparison(upper, lower, point, rows, closest, outcome, layer, steps, reason, unrounded)


def _equal(first: Network, second: Network, region: Region, budget: Budget) -> Comparison | Vector | None:
    """Zero where the networks are the same function on the region; else a point at which they differ, or None."""
    share = None if budget.seconds is None else budget.elapsed + EQUAL_SHARE * budget.remaining
    claim = Claim(first, find("equivalent"), region, second)
    outcome = decide(claim, replace(budget, seconds=share or budget.elapsed + 10.0))
    if isinstance(outcome.evidence, ValueGap):
        point = outcome.evidence.assignment["x"]
        return point if isinstance(point, Vector) else None
    if outcome.verdict is not Verdict.PROVED:
        return None
    zero, point = Fraction(0), region.point(some_point(region, budget))
    rows = tuple((zero, zero, point) for _ in range(first.output_size))
    return Comparison(zero, zero, point, rows, claim, outcome, "", None, "")


def _differences(claim: Claim, known: Vector | None, budget: Budget) -> list[tuple[Fraction, Vector]]:
    """For each output the largest difference found, exactly, and where; at ``known`` they differ."""
    points = [some_point(claim.region, budget)]
    try:
        hunt = Largest(claim, goal_of(claim, single=False))
    except (EvidenceError, TooLarge):
        hunt = None  # the centre is what is known
    if hunt is not None:
        share = None if budget.seconds is None else budget.elapsed + POINTS_SHARE * budget.remaining
        with suppress(BudgetExceeded):
            hunt.attack(replace(budget, seconds=share))
        points += [t for t in (inside(hunt.goal, point) for point in hunt.furthest()) if claim.region.holds(t)]
    places = [*(claim.region.point(t) for t in points), *([] if known is None else [known])]
    values = [_gaps(claim, x) for x in places]
    found = []
    for j in range(claim.network.output_size):
        best = max(range(len(places)), key=lambda i: values[i][j])
        found.append((values[best][j], places[best]))
    return found


def _quantized_differences(claim: Claim, budget: Budget) -> list[tuple[Fraction, Vector]]:
    """``_differences`` where values are rounded; ``InputError`` where every point that was tried is near a tie."""
    points = [claim.region.point(t) for t in far_points(claim, witness_of(claim, budget), budget)]
    known = [(values, x) for x in points if (values := difference_at(claim, x))]
    if not known:
        raise InputError("compare: every point that was tried is near a tie of a quantizer; choose another region")
    best = [max(range(len(known)), key=lambda i: known[i][0][j]) for j in range(claim.network.output_size)]
    return [(known[i][0][j], known[i][1]) for j, i in enumerate(best)]


def _without_rounding(claim: Claim, x: Vector) -> Fraction:
    """The largest difference at x of the networks whose quantized values are clipped, but not rounded."""
    assert claim.second is not None
    networks = [loosened(network, 0, len(radii(network))) for network in (claim.network, claim.second)]
    points = [concatenate([x, zeros(network.input_size - len(x))]) for network in networks]
    mine, theirs = (evaluate(network, point) for network, point in zip(networks, points, strict=True))
    return max(abs(value) for value in (mine - theirs).fractions())


class Largest(Hunt):
    """Keeps the points at which the differences are largest instead of judging them; the region comes first."""

    def __init__(self, claim: Claim, goal: Goal) -> None:
        super().__init__(claim, goal)
        self.best: list[Floats] = []
        self.own, self.around = own_rows(goal), list(goal.cases[0][:-1])

    def judge(self, points: Floats) -> bool:
        """Remember them."""
        self.best += list(points)
        self.best = self.best[-256:]
        return False

    def margins(self, points: Floats) -> Floats:
        """The differences in the region; outside, how far a row of the region is from holding."""
        found = amounts(self.goal, points)
        beyond = found[:, self.around].min(axis=1, initial=0.0)[:, None]
        return np.where(beyond < 0, beyond, found[:, self.own])

    def seeds(self, points: Floats, cases: np.ndarray) -> Floats:
        """The difference in the region; outside, the row of it that is furthest from holding."""
        found, every = amounts(self.goal, points), np.arange(len(points))
        rows = np.array(self.own)[cases]
        if self.around:
            beyond = found[:, self.around]
            rows = np.where(beyond.min(axis=1) < 0, np.array(self.around)[beyond.argmin(axis=1)], rows)
        seeds = np.zeros_like(found)
        seeds[every, rows] = 1.0
        return seeds

    def furthest(self) -> Floats:
        """Of these points the one for each side of an output at which it is furthest away, in floats.

        Exact values cost more than the whole search where networks are large.
        """
        points = np.array(self.best).reshape(len(self.best), len(self.goal.root[0]))
        if not len(points):
            return points
        found = np.nan_to_num(self.margins(points), nan=-np.inf)
        return np.asarray(points[np.unique(np.argmax(found, axis=0))])


def _gaps(claim: Claim, x: Vector) -> list[Fraction]:
    assert claim.second is not None
    return [abs(v) for v in (evaluate(claim.network, x) - evaluate(claim.second, x)).fractions()]


@dataclass(frozen=True, eq=False)
class ProvedBound:
    """A bound of |f - g|, the claim that it is one, and its proof."""

    bound: Fraction
    claim: Claim
    outcome: Outcome


def _proved(whole: Claim, lower: Fraction, budget: Budget) -> tuple[ProvedBound | None, str]:
    """The smallest bound proved: first what one box gives, then smaller ones while time is left."""
    started = budget.elapsed
    try:
        goal = goal_of(whole, single=False)
        largest = float(goal.upper(goal.root[0][None], goal.root[1][None])[0, own_rows(goal)].max())
    except (EvidenceError, TooLarge) as error:
        is_open = isinstance(whole.region.base, Box) and not whole.region.base.is_bounded
        reason = (
            "the region is unbounded; bounds are for boxes with finite sides"
            if is_open
            else getattr(error, "message", str(error))
        )
        if not lower or whole.is_quantized or whole.network.relu_count > FEW_RELU:
            return None, reason
        best, _ = _by_deciding(whole, None, lower, np.inf, budget)
        return best, "" if _is_near(best, lower) else reason
    best = None
    if budget.remaining > REPLAYED * (budget.elapsed - started):
        best = _bounded(whole, Bounds(UNCUT, False), largest, budget)
    if best is not None and whole.is_quantized:
        return best, ""
    if whole.network.relu_count <= FEW_RELU:
        return _by_deciding(whole, best, lower, largest, budget)
    if whole.region.dimension > MOST_COORDINATES:
        if not _is_near(best, lower):
            best = _narrowed(whole, best, goal, budget)
        return best, "" if _is_near(best, lower) else f"boxes of more than {MOST_COORDINATES} inputs are not cut"
    return _by_cutting(whole, best, lower, budget)


def _narrowed(whole: Claim, best: ProvedBound | None, goal: Goal, budget: Budget) -> ProvedBound | None:
    """What lower slopes for each row prove on the whole box, where that is less."""
    budget.report("compare: rows are carried back to the input ...")
    try:
        evidence, upper = narrowed_bounds(goal, budget, single=False)
    except (BudgetExceeded, TooLarge):
        return best
    found = _bounded(whole, evidence, float(upper[own_rows(goal)].max()), budget)
    return found if found is not None and (best is None or found.bound < best.bound) else best


def _by_deciding(
    whole: Claim, best: ProvedBound | None, lower: Fraction, largest: float, budget: Budget
) -> tuple[ProvedBound | None, str]:
    """Ask for smaller and smaller bounds, in parts of the largest difference found; all engines may answer."""
    reason, tried = "", [closed(largest)] if np.isfinite(largest) else []
    targets = [short_above(lower * factor) for factor in FACTORS if lower]
    tried += [target for target in targets if not tried or target < tried[0]]
    for k, target in enumerate(tried):
        if best is not None and target >= best.bound:
            continue
        share = 1.0 if k == 0 else FIRST_SHARE
        seconds = None if budget.seconds is None else budget.elapsed + share * budget.remaining
        claim = _within(whole, target)
        budget.report(f"compare: is the difference at most {float(target):.4g}? ...")
        try:
            outcome = decide(claim, replace(budget, seconds=seconds))
        except KeyboardInterrupt:
            reason = "interrupted"
            break
        if outcome.verdict is not Verdict.PROVED:
            is_exceeded = outcome.verdict is Verdict.REFUTED
            reason = f"{float(target):.6g} " + ("is exceeded" if is_exceeded else f"was not decided: {outcome.reason}")
            if budget.remaining < 1:
                break
            continue
        best = _sharpened(ProvedBound(target, claim, outcome))
    return best, reason


def _by_cutting(
    whole: Claim, best: ProvedBound | None, lower: Fraction, budget: Budget
) -> tuple[ProvedBound | None, str]:
    """Cut the box where the bound is largest, for as long as the budget lasts, or until Ctrl-C."""
    enough = lower * FACTORS[-1]
    single = bool(lower) and fitting(_within(whole, short_above(enough)))[1]
    tightening = Tightening(goal_of(whole, single=single))
    lasting = budget if budget.seconds is not None else replace(budget, seconds=budget.elapsed + CUTTING_SECONDS)
    ended = "more time makes the bound smaller"
    try:
        for _ in tightening.rounds(lasting, float(enough)):
            parts = len(tightening.bound)
            budget.report(f"compare: at most {tightening.largest:.4g}, at least {float(lower):.4g}; {parts} parts")
    except BudgetExceeded as stop:
        ended = str(stop)
    except KeyboardInterrupt:
        ended = "interrupted"
    found = _bounded(whole, Bounds(tightening.cuts(), single), tightening.largest, budget)
    if found is not None and (best is None or found.bound < best.bound):
        best = found
    return best, "" if _is_near(best, lower) else f"{len(tightening.bound)} parts; {ended}"


def _is_near(best: ProvedBound | None, lower: Fraction) -> bool:
    """Whether the bound is near enough to the largest difference found."""
    return best is not None and best.bound <= closed(float(lower * FACTORS[-1]))


def _within(whole: Claim, bound: Fraction) -> Claim:
    return replace(whole, property=equivalent_within(exact_text(bound)))


def closed(bound: float) -> Fraction:
    """A short number above a bound that floats gave, so that another order of summation confirms it."""
    return short_above(Fraction(max(bound, SMALLEST_BOUND)) * Fraction(1025, 1024))


def _bounded(whole: Claim, evidence: Bounds, bound: float, budget: Budget) -> ProvedBound | None:
    """The bound that the evidence shows, if the kernel says so too."""
    if not (np.isfinite(bound) and bound >= 0):
        return None
    target = closed(bound)
    claim = _within(whole, target)
    try:
        witness = witness_of(claim, budget)
        answer = judge(claim, evidence, witness)
    except (EvidenceError, BudgetExceeded):
        return None
    outcome = Outcome(answer, evidence, "bounds", ("bounds",), budget.elapsed, witness=witness)
    return ProvedBound(target, claim, outcome)


def _sharpened(proof: ProvedBound) -> ProvedBound:
    """The smaller bound that the same parts of the region show."""
    smaller = short_above(max(_by_output(proof), default=proof.bound))
    evidence = proof.outcome.evidence
    if smaller >= proof.bound or evidence is None:
        return proof
    closer = _within(proof.claim, smaller)
    try:
        judgement = judge(closer, evidence, proof.outcome.witness)
    except EvidenceError:
        return proof
    return ProvedBound(smaller, closer, replace(proof.outcome, answer=judgement))


def _by_output(proof: ProvedBound) -> list[Fraction]:
    """For each output the largest bound on any part of the proof's tree."""
    size, evidence, upper = proof.claim.network.output_size, proof.outcome.evidence, proof.bound
    if not isinstance(evidence, Bounds):
        return [upper] * size
    goal = goal_of(proof.claim, single=evidence.single)
    worst = np.full(2 * size, -np.inf)
    for rows in goal.bounds(evidence):
        worst = np.maximum(worst, rows[:, own_rows(goal)].max(axis=0))
    sides = [Fraction(float(v)) + upper for v in worst.tolist()]
    return [min(upper, max(sides[j], sides[j + size], Fraction(0))) for j in range(size)]


def _origin(first: Network, second: Network, region: Region, point: Vector) -> tuple[str, Fraction | None]:
    """The layer that moves the outputs most at the point when it is exchanged; the largest change in float32 steps."""
    base = region.base
    plain = pair = [in_coordinates(network, region)[0] for network in (first, second)]
    try:
        with suppress(TooLarge):  # then the layers are compared as they are
            pair = [folded(network, base) for network in plain]
    except EvidenceError:
        return "", None
    if not correspond(*pair):  # folding drops units that are constant in one network only
        pair = plain
    if not correspond(*pair) or not isinstance(base, Box):
        return "", None
    steps = _steps(*pair)
    t = point if region.chart is None else region.chart.coordinates(point)
    if t is None:
        return "", steps
    before, sizes = evaluate(pair[0], t), []
    for k, block in enumerate(pair[0].blocks):
        mixed = replace(pair[0], blocks=(*pair[1].blocks[: k + 1], *pair[0].blocks[k + 1 :]))
        after = evaluate(mixed, t)
        sizes.append((max(abs(v) for v in (after - before).fractions()), block.name))
        before = after
    return max(sizes, key=lambda item: item[0])[1], steps


def _or_zeros(values: Floats | None, other: Floats | None) -> Floats:
    if values is not None:
        return values
    assert other is not None
    return np.zeros_like(other)


def _steps(first: Network, second: Network) -> Fraction | None:
    """The most that a weight or bias of layers that correspond differs by, in steps of float32."""
    most = 0.0
    for mine, theirs in zip(first.blocks, second.blocks, strict=True):
        pairs = [(mine.bias_floats, theirs.bias_floats)]
        weights = [{source: matrix.floats.toarray().ravel() for source, matrix in b.inputs} for b in (mine, theirs)]
        for source in weights[0].keys() | weights[1].keys():
            left, right = (of.get(source) for of in weights)
            # What only one of the layers reads has the weight zero in the other one.
            pairs.append((_or_zeros(left, right), _or_zeros(right, left)))
        for a, b in pairs:
            size = np.maximum(np.abs(a), np.abs(b)).astype(np.float32)
            step = np.maximum(np.spacing(size).astype(np.float64), 2.0**-149)
            most = max(most, float(np.max(np.abs(a - b) / step, initial=0.0)))
    return Fraction(most).limit_denominator(1000) if np.isfinite(most) else None
