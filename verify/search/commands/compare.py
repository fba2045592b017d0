"""How far two networks are from one another on a box: the smallest bound proved and the largest difference found."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.errors import BudgetExceeded, EvidenceError, InputError, TooLarge
from verify.kernel.alignment import is_quantized
from verify.kernel.check import Verdict, judge
from verify.kernel.cuts import Cuts
from verify.kernel.difference import correspond, folded
from verify.kernel.evidence import Bounds
from verify.kernel.exact import evaluate
from verify.kernel.goals import Goal, goal_of
from verify.kernel.speed import in_threads
from verify.network import Network
from verify.network.loosening import loosened, radii
from verify.property import Claim, find
from verify.property.base import in_coordinates
from verify.property.within import equivalent_within
from verify.rational import Floats, Vector, concatenate, display, exact_text, short_above, zeros
from verify.region import Box, Region
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.dividing.tightening import Tightening
from verify.search.engines.bounds import FEW_RELU, MOST_COORDINATES, Hunt, fitting
from verify.search.engines.quantized import difference_at, far_points
from verify.search.outcome import Outcome
from verify.search.refuting.nontrivial import witness_of
from verify.search.refuting.points import amounts, inside

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
    equal = None if is_quantized(claim) else _equal(first, second, region, budget)
    if equal is not None:
        return equal
    found = _quantized_differences(claim, budget) if is_quantized(claim) else _differences(claim, budget)
    worst = max(range(len(found)), key=lambda j: found[j][0])
    lower, point = found[worst]
    upper, proof, reason = _proved(first, second, region, lower, budget)
    bounds = _by_output(proof, upper) if proof is not None else [upper] * len(found)
    rows = tuple((bound, value, x) for bound, (value, x) in zip(bounds, found, strict=True))
    layer, steps, unrounded = "", None, None
    if is_quantized(claim):
        unrounded = _without_rounding(claim, point)
    else:
        layer, steps = _origin(first, second, region, point)
    claim_of, outcome = proof or (None, None)
    return Comparison(upper, lower, point, rows, claim_of, outcome, layer, steps, reason, unrounded)


def _equal(first: Network, second: Network, region: Region, budget: Budget) -> Comparison | None:
    """Zero where the networks are the same function on the region."""
    share = None if budget.seconds is None else budget.elapsed + EQUAL_SHARE * budget.remaining
    claim = Claim(first, find("equivalent"), region, second)
    outcome = decide(claim, replace(budget, seconds=share or budget.elapsed + 10.0))
    if outcome.verdict is not Verdict.PROVED:
        return None
    zero, point = Fraction(0), region.point(region.base.centre())
    rows = tuple((zero, zero, point) for _ in range(first.output_size))
    return Comparison(zero, zero, point, rows, claim, outcome, "", None, "")


def _differences(claim: Claim, budget: Budget) -> list[tuple[Fraction, Vector]]:
    """For each output the largest difference found, exactly, and where."""
    centre = claim.region.base.centre()
    points = [centre] if claim.region.holds(centre) else []
    try:
        hunt = Largest(claim, goal_of(claim, single=False))
    except (EvidenceError, TooLarge):
        hunt = None  # the centre is what is known
    if hunt is not None:
        share = None if budget.seconds is None else budget.elapsed + POINTS_SHARE * budget.remaining
        with suppress(BudgetExceeded):
            hunt.attack(replace(budget, seconds=share))
        points += [t for t in (inside(hunt.goal, point) for point in hunt.furthest()) if claim.region.holds(t)]
    values = [_gaps(claim, claim.region.point(t)) for t in points]
    found = []
    for j in range(claim.network.output_size):
        best = max(range(len(points)), key=lambda i: values[i][j])
        found.append((values[best][j], claim.region.point(points[best])))
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
    """Keeps the best points for each case instead of judging them."""

    def __init__(self, claim: Claim, goal: Goal) -> None:
        super().__init__(claim, goal)
        self.best: list[Floats] = []

    def judge(self, points: Floats) -> bool:
        """Remember them."""
        self.best += list(points)
        self.best = self.best[-256:]
        return False

    def furthest(self) -> Floats:
        """Of these points the one for each row, one side of an output, that is furthest from holding, in floats.

        Exact values cost more than the whole search where networks are large.
        """
        points = np.array(self.best).reshape(len(self.best), len(self.goal.root[0]))
        if not len(points):
            return points
        found = np.nan_to_num(amounts(self.goal, points), nan=-np.inf)
        return np.asarray(points[np.unique(np.argmax(found, axis=0))])


def _gaps(claim: Claim, x: Vector) -> list[Fraction]:
    assert claim.second is not None
    return [abs(v) for v in (evaluate(claim.network, x) - evaluate(claim.second, x)).fractions()]


def _proved(
    first: Network, second: Network, region: Region, lower: Fraction, budget: Budget
) -> tuple[Fraction | None, tuple[Claim, Outcome] | None, str]:
    """The smallest bound proved, with its proof: first what one box gives, then smaller ones while time is left."""
    whole = Claim(first, equivalent_within("0"), region, second)
    started = budget.elapsed
    try:
        goal = goal_of(whole, single=False)
    except (EvidenceError, TooLarge) as error:
        return None, None, str(error)
    largest = goal.upper(goal.root[0][None], goal.root[1][None])[0].max()
    best: tuple[Fraction | None, tuple[Claim, Outcome] | None] = None, None
    if np.isfinite(largest) and budget.remaining > REPLAYED * (budget.elapsed - started):
        best = _bounded(whole, Cuts(np.zeros(1, dtype=np.int64)), largest, budget)
    if best[0] is not None and is_quantized(whole):
        return (*best, "")
    if first.relu_count <= FEW_RELU:
        return _by_deciding(whole, best, lower, largest, budget)
    if region.base.dimension > MOST_COORDINATES:
        return (*best, f"boxes of more than {MOST_COORDINATES} inputs are not cut")
    return _by_cutting(whole, best, lower, budget)


def _by_deciding(
    whole: Claim,
    best: tuple[Fraction | None, tuple[Claim, Outcome] | None],
    lower: Fraction,
    largest: float,
    budget: Budget,
) -> tuple[Fraction | None, tuple[Claim, Outcome] | None, str]:
    """Ask for smaller and smaller bounds, in parts of the largest difference found; all engines may answer."""
    reason, tried = "", [closed(largest)] if np.isfinite(largest) else []
    targets = [short_above(lower * factor) for factor in FACTORS if lower]
    tried += [target for target in targets if not tried or target < tried[0]]
    for k, target in enumerate(tried):
        if best[0] is not None and target >= best[0]:
            continue
        share = 1.0 if k == 0 else FIRST_SHARE
        seconds = None if budget.seconds is None else budget.elapsed + share * budget.remaining
        claim = replace(whole, property=equivalent_within(exact_text(target)))
        budget.report(f"compare: is the difference at most {float(target):.4g}? ...")
        outcome = decide(claim, replace(budget, seconds=seconds))
        if outcome.verdict is not Verdict.PROVED:
            reason = f"{float(target):.6g} was not decided: {outcome.reason}"
            if budget.remaining < 1:
                break
            continue
        best = _sharpened(claim, outcome, target)
    return (*best, reason)


def _by_cutting(
    whole: Claim, best: tuple[Fraction | None, tuple[Claim, Outcome] | None], lower: Fraction, budget: Budget
) -> tuple[Fraction | None, tuple[Claim, Outcome] | None, str]:
    """Cut the box where the bound is largest, for as long as the budget lasts, or until Ctrl-C."""
    near = replace(whole, property=equivalent_within(exact_text(short_above(lower * FACTORS[-1]))))
    single = bool(lower) and fitting(near)[1]
    tightening = Tightening(goal_of(whole, single=single))
    lasting = budget if budget.seconds is not None else replace(budget, seconds=budget.elapsed + CUTTING_SECONDS)
    ended = "more time makes the bound smaller"
    try:
        for _ in tightening.rounds(lasting, float(lower * FACTORS[-1])):
            parts = len(tightening.bound)
            budget.report(f"compare: at most {tightening.largest:.4g}, at least {float(lower):.4g}; {parts} parts")
    except BudgetExceeded as stop:
        ended = str(stop)
    except KeyboardInterrupt:
        ended = "interrupted"
    found = _bounded(whole, tightening.cuts(), tightening.largest, budget, single=single)
    if found[0] is not None and (best[0] is None or found[0] < best[0]):
        best = found
    is_near = best[0] is not None and best[0] <= lower * FACTORS[-1] * Fraction(1025, 1024)
    return (*best, "" if is_near else f"{len(tightening.bound)} parts; {ended}")


def closed(bound: float) -> Fraction:
    """A short number above a bound that floats gave, so that another order of summation confirms it."""
    return short_above(Fraction(max(float(bound), SMALLEST_BOUND)) * Fraction(1025, 1024))


def _bounded(
    whole: Claim, cuts: Cuts, bound: float, budget: Budget, *, single: bool = False
) -> tuple[Fraction | None, tuple[Claim, Outcome] | None]:
    """The bound that the parts of the box show, if the kernel says so too."""
    if not (np.isfinite(bound) and bound >= 0):
        return None, None
    target = closed(bound)
    claim, evidence = replace(whole, property=equivalent_within(exact_text(target))), Bounds(cuts, single)
    try:
        witness = witness_of(claim, budget)
        answer = judge(claim, evidence, witness)
    except (EvidenceError, BudgetExceeded):
        return None, None
    return target, (claim, Outcome(answer, evidence, "bounds", ("bounds",), budget.elapsed, witness=witness))


def _sharpened(claim: Claim, outcome: Outcome, target: Fraction) -> tuple[Fraction, tuple[Claim, Outcome]]:
    """The smaller bound that the same parts of the region show."""
    bounds = [bound for bound in _by_output((claim, outcome), target) if bound is not None]
    smaller = short_above(max(bounds, default=target))
    if smaller >= target or outcome.evidence is None:
        return target, (claim, outcome)
    closer = replace(claim, property=equivalent_within(exact_text(smaller)))
    try:
        judgement = judge(closer, outcome.evidence, outcome.witness)
    except EvidenceError:
        return target, (claim, outcome)
    return smaller, (closer, replace(outcome, answer=judgement))


def _by_output(proof: tuple[Claim, Outcome], upper: Fraction | None) -> list[Fraction | None]:
    """For each output the largest bound on any part of the proof's tree."""
    claim, outcome = proof
    size = claim.network.output_size
    evidence = outcome.evidence
    if not isinstance(evidence, Bounds) or upper is None:
        return [upper] * size
    goal = goal_of(claim, single=evidence.single)
    worst = np.full(2 * size, -np.inf)
    for rows in in_threads(lambda chunk: goal.upper(*chunk).max(axis=0), goal.chunks(evidence.cuts)):
        worst = np.maximum(worst, rows)
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
