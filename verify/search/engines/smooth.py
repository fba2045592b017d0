"""Claims about networks with smooth units: proved where they stay on a linear branch, are dead or cancel; refuted
at a rational point in ball arithmetic.

Proof: divide the region along ReLU pre-activations that do not depend on a smooth unit, until under each pattern every
ReLU keeps its sign for all values that smooth units may take (``verify.kernel.smooth``). Refutation: simple instances
of the property; where the proof fails, what f does on the part on which it fails; then random instances.

For one hidden layer of ELU or SELU this decides (lemma 12): on a part that fails f is real analytic and not affine, so
all but a null set of pairs of its points show it; and where two parts have different maps, f bends between them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np

from verify.errors import BudgetExceeded, EvidenceError, TooLarge
from verify.kernel.axioms.balls import preactivation_bounds
from verify.kernel.check import PRECISIONS
from verify.kernel.core.criteria import Map, check_equality
from verify.kernel.evidence import Cells, Cover, Empty, Leaf, Multipliers, Rule, Split, Tree, ValueGap
from verify.kernel.exact import AffineForm, Bits, Pattern
from verify.kernel.facts.rules import RULES, SMOOTH_RULES
from verify.kernel.smooth import SmoothCell, Symbols, maps_of
from verify.network import Network
from verify.property import Assignment, Claim, Criterion, Question
from verify.property.base import INEQUALITIES
from verify.property.instances import Bend, Change, Offset
from verify.rational import Vector, concatenate, ends, vector, zeros
from verify.region import Box, HalfSpace, L1Ball
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.engines.base import Engine
from verify.search.problem import Problem, prepare
from verify.search.refuting.finding import Finding, NonZero, gap_at, proposals
from verify.search.refuting.instances import instances
from verify.search.stability import Obstacle, settle

# Instances tried before and after a proof is attempted, and the numbers tried for its variables.
FEW, MANY = 60, 3000
# Pairs of points tried on a part where no proof is found, and how often the way to another part is halved.
TURNS, HALVINGS, MAX_KINKS = 12, 64, 16
SMALLEST_STEP = Fraction(1, 2**400)


def search_smooth(claim: Claim, questions: list[Question], budget: Budget) -> Cells | Rule | ValueGap | None:
    """Evidence for or against the claim, or None."""
    candidates = instances(claim, budget)
    gap = _first_gap(claim, itertools.islice(candidates, FEW), budget)
    if gap is not None:
        return gap
    for name in SMOOTH_RULES:
        if _applies(name, claim):
            return Rule(name)
    proofs: list[Cover | Empty] = []
    for index, question in enumerate(questions):
        lift_first = isinstance(question.region.base, L1Ball)
        problem = prepare(question, budget, lift_first=lift_first)
        proof = problem if isinstance(problem, Empty) else _cover(problem, budget)
        if not isinstance(proof, Cover | Empty):
            assert not isinstance(problem, Empty)
            gap = _refuted(claim, problem, proof, index, budget)
            return gap or _first_gap(claim, itertools.islice(candidates, MANY), budget, PRECISIONS[:1])
        proofs.append(proof)
    return Cells(tuple(proofs))


def _applies(name: str, claim: Claim) -> bool:
    try:
        RULES[name](claim)
    except (EvidenceError, TooLarge):
        return False
    return True


def _refuted(
    claim: Claim, problem: Problem, findings: Iterator[Finding], index: int, budget: Budget
) -> ValueGap | None:
    """The first finding, in the problem's coordinates, that gives an instance which breaks the formula."""
    for finding in findings:
        budget.check()
        points = {name: problem.embedded(value) for name, value in vars(finding).items()}
        gap = _first_gap(claim, proposals(claim, type(finding)(**points), index), budget)
        if gap is not None:
            return gap
    return None


def _first_gap(
    claim: Claim, assignments: Iterator[Assignment], budget: Budget, precisions: Sequence[int] = PRECISIONS
) -> ValueGap | None:
    for assignment in assignments:
        budget.check()
        gap = gap_at(claim, assignment, precisions)
        if gap is not None:
            return gap
    return None


@dataclass(eq=False)
class _Part:
    """A part of the region still to be decided."""

    rows: tuple[HalfSpace, ...]
    interior: Vector
    leaf: Leaf | None = None
    form: AffineForm | None = None
    children: list[_Part] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Settled:
    """A part on which one pattern holds: multipliers for the units that need them, None where no proof is found."""

    part: _Part
    pattern: Pattern
    cell: SmoothCell
    multipliers: dict[tuple[int, int], Multipliers] | None


def _divided(problem: Problem, root: _Part, symbols: Symbols, budget: Budget) -> Iterator[Settled]:
    """Divide the root until one pattern holds on each part, or until a smooth unit decides which one does."""
    base = problem.question.region.base
    assert isinstance(base, Box)
    stack = [root]
    while stack:
        budget.check()
        part = stack.pop()
        pattern = pattern_guess(problem.question.network, part.interior)
        cell = SmoothCell(problem.question.network, pattern, base, symbols)
        found = _settled(cell, part, base, budget)
        if not isinstance(found, Obstacle):
            yield Settled(part, pattern, cell, found)
        elif _divide(part, cell, found, base):
            stack += part.children
        else:
            yield Settled(part, pattern, cell, None)


def symbolic_parts(
    problem: Problem, symbols: Symbols, budget: Budget
) -> Iterator[tuple[tuple[HalfSpace, ...], Settled]]:
    """The parts with the rows that bound them; multipliers are None where a smooth unit decides the pattern."""
    root = _Part(problem.question.region.rows, problem.interior)
    return ((found.part.rows, found) for found in _divided(problem, root, symbols, budget))


def _cover(problem: Problem, budget: Budget) -> Cover | Iterator[Finding]:
    """A proof of the question, or what speaks against it on the part where the proof fails."""
    question, base = problem.question, problem.question.region.base
    assert isinstance(base, Box)
    symbols = Symbols(question.region.dimension)
    root = _Part(question.region.rows, problem.interior)
    first: tuple[list[Map], Vector] | None = None
    for found in _divided(problem, root, symbols, budget):
        maps = None if found.multipliers is None else _met(question, found.cell, symbols, first[0] if first else None)
        if found.multipliers is None or maps is None:
            if question.criterion in INEQUALITIES:
                return _at_kinks(problem, found.part, found.cell)
            return _against(problem, found.part, first[1] if first else None)
        first = first or (maps, found.part.interior)
        found.part.leaf = Leaf(found.pattern, found.multipliers)
    return problem.cover(_tree(root))


def _met(question: Question, cell: SmoothCell, symbols: Symbols, first: list[Map] | None) -> list[Map] | None:
    """The maps of a part if the kernel will accept it; one affine map is convex."""
    if question.criterion is Criterion.CONVEX:
        question = replace(question, criterion=Criterion.AFFINE)
    try:
        maps = maps_of(question, cell, symbols)
        check_equality(question, maps, first)
    except EvidenceError:
        return None
    return maps


def _against(problem: Problem, part: _Part, other: Vector | None) -> Iterator[Finding]:
    """What f may do on the part that the criterion excludes; ``other`` lies in a part with one affine map."""
    base, rng = problem.question.region.base, random.Random(0)
    for turn in range(TURNS):
        p, q = (_nearby(part, base, rng) for _ in range(2))
        if turn == 0:
            p = part.interior
        yield from (NonZero(p), Offset(p), Change(p, q), Bend(p, q), Bend(part.interior, q))
        if other is None:
            continue
        # If f is a at ``other`` and around, and not a at p, one of these middles lies off its chord: else f(m) differs
        # from a(m) in the first middle m, and so on for ever nearer ones, which at last lie in the other part.
        yield Change(other, p)
        for halvings in range(HALVINGS):
            yield Bend(other, other + (p - other).scaled(Fraction(1, 2**halvings)))


def _at_kinks(problem: Problem, part: _Part, cell: SmoothCell) -> Iterator[Finding]:
    """Points around the places where ReLU switch, ever nearer: there a slope may fall, or rise for a moment only."""
    base, rng, size = problem.question.region.base, random.Random(0), len(part.interior)
    whole = _Part(problem.question.region.rows, problem.interior)
    forms = [
        cell.form(k, unit)
        for k, block in problem.question.network.relu_blocks()
        for unit in range(min(block.size, MAX_KINKS))
    ]
    plain = [AffineForm(f.coefficients.take(range(size)), f.constant) for f in forms if not _has_symbols(f, size)]
    for _ in range(TURNS):
        p, q = _nearby(whole, base, rng), _nearby(whole, base, rng)
        yield from (NonZero(p), Change(p, q), Bend(p, q))
        for form in plain[:MAX_KINKS]:
            here, there = form.at(p), form.at(q)
            if here * there >= 0:
                continue
            share = here / (here - there)
            kink, reach = p + (q - p).scaled(share), (q - p).scaled(min(share, 1 - share))
            for halvings in range(0, HALVINGS, 3):
                step = reach.scaled(Fraction(1, 2**halvings))
                yield from (Bend(kink - step, kink + step), Change(kink, kink + step), Change(kink, kink - step))


def _has_symbols(form: AffineForm, size: int) -> bool:
    return any(form.coefficients.numerators[size:].tolist())


def _nearby(part: _Part, base: Base, rng: random.Random) -> Vector:
    """A random point of the part, in a random direction from its interior point as far as a power of two goes."""
    size = len(part.interior)
    direction = vector([Fraction(rng.randint(-64, 64), 64) for _ in range(size)])
    if isinstance(base, Box):
        direction = Vector(np.where(base.pinned, 0, direction.numerators), direction.denominator)
    step = Fraction(4)
    while not _holds(part.interior + direction.scaled(step), part.rows, base):
        step /= 4
        if step < SMALLEST_STEP:
            return part.interior
    return part.interior + direction.scaled(step)


def pattern_guess(network: Network, x: Vector) -> Pattern:
    """Which ReLU are on at x, by the middle of their enclosures; whether it holds on a part is checked there."""
    try:
        bounds = preactivation_bounds(network, x)
    except OverflowError as error:
        raise BudgetExceeded(f"at a point of the region {error}") from error
    return {k: np.array([sum(ends(z)) > 0 for z in bounds[k - 1]], dtype=bool) for k, _ in network.relu_blocks()}


def _settled(cell: SmoothCell, part: _Part, base: Box, budget: Budget) -> Obstacle | dict[tuple[int, int], Multipliers]:
    """Multipliers for the units that need them, or the first unit that does not keep its sign."""
    wide, rows = _with_symbols(cell, base, part.rows)
    multipliers: dict[tuple[int, int], Multipliers] = {}
    for k, _ in cell.network.relu_blocks():
        for unit in np.flatnonzero(~cell.settled(k, base)).tolist():
            found = settle(cell, k, unit, wide, rows, budget)
            if isinstance(found, Obstacle):
                return found
            if found:
                multipliers[k, unit] = found
    return multipliers


def _with_symbols(cell: SmoothCell, base: Box, rows: Sequence[HalfSpace]) -> tuple[Box, list[HalfSpace]]:
    """The box with a side for each symbol, and the rows in its coordinates."""
    low, low_finite = _longer(base.low, base.low_finite, [side for side, _ in cell.beyond])
    high, high_finite = _longer(base.high, base.high_finite, [side for _, side in cell.beyond])
    nothing = zeros(len(cell.beyond))
    return Box(low, high, low_finite, high_finite), [
        HalfSpace(concatenate([row.coefficients, nothing]), row.bound) for row in rows
    ]


def _longer(values: Vector, finite: Bits, more: Sequence[Fraction | None]) -> tuple[Vector, Bits]:
    known = np.array([side is not None for side in more], dtype=bool)
    return concatenate([values, vector([side or 0 for side in more])]), np.concatenate([finite, known])


def _divide(part: _Part, cell: SmoothCell, obstacle: Obstacle, base: Box) -> bool:
    """Split at the obstacle's hyperplane; False where that is none, as a smooth unit is in its equation."""
    extended = cell.form(obstacle.block, obstacle.unit)
    size = base.dimension
    values = extended.coefficients.fractions()
    if any(values[size:]):
        return False
    form = AffineForm(vector(values[:size]), extended.constant)
    direction = obstacle.target.take(range(size)) - part.interior
    here, there = form.at(part.interior), form.at(part.interior + direction)
    if here == 0:
        step = Fraction(1, 2)
        while not _holds(part.interior - direction.scaled(2 * step), part.rows, base):
            step /= 4
        near, far = part.interior - direction.scaled(step), part.interior + direction.scaled(Fraction(1, 2))
    else:
        near, far = part.interior, part.interior + direction.scaled((here / (here - there) + 1) / 2)
    above, below = (far, near) if there > 0 else (near, far)
    part.form = form
    part.children = [
        _Part((*part.rows, HalfSpace(-form.coefficients, form.constant)), above),
        _Part((*part.rows, HalfSpace(form.coefficients, -form.constant)), below),
    ]
    return True


def _holds(point: Vector, rows: tuple[HalfSpace, ...], base: Base) -> bool:
    return base.contains(point) and all(row.slack(point) >= 0 for row in rows)


def _tree(part: _Part) -> Tree:
    if part.leaf is not None:
        return part.leaf
    assert part.form is not None
    return Split(part.form, _tree(part.children[0]), _tree(part.children[1]))


ENGINE = Engine(
    "smooth",
    lambda work: search_smooth(work.claim, work.questions, work.budget),
    lambda work: work.claim.has_smooth_units,
)
