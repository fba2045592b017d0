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
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.axioms.balls import PRECISIONS
from verify.kernel.check import has_smooth_units
from verify.kernel.core.criteria import Map, check_equality
from verify.kernel.evidence import Cells, Cover, Empty, Leaf, Rule, ValueGap
from verify.kernel.exact import AffineForm
from verify.kernel.facts.rules import RULES, SMOOTH_RULES
from verify.kernel.smooth import Resolved, Symbols, maps_of
from verify.property import Assignment, Claim, Criterion, Question
from verify.property.base import INEQUALITIES
from verify.property.instances import Bend, Change, Offset
from verify.rational import Vector, vector
from verify.region import Box, L1Ball
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.dividing.cells import whole_region
from verify.search.dividing.halves import Bounded
from verify.search.dividing.loop import Node, tree_of
from verify.search.dividing.patterned import patterned_parts
from verify.search.engines.base import Engine
from verify.search.problem import Problem, prepare
from verify.search.refuting.finding import Finding, NonZero, gap_at, proposals
from verify.search.refuting.instances import instances

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


def _cover(problem: Problem, budget: Budget) -> Cover | Iterator[Finding]:
    """A proof of the question, or what speaks against it on the part where the proof fails."""
    question, base = problem.question, problem.question.region.base
    assert isinstance(base, Box)
    symbols = Symbols(question.region.dimension)
    root = Node()
    first: tuple[list[Map], Vector] | None = None
    for node, found in patterned_parts(root, problem, symbols, budget):
        maps = None if found.multipliers is None else maps_of(question, found.resolved, symbols)
        if found.multipliers is None or maps is None or not _meets(question, maps, first[0] if first else None):
            if question.criterion in INEQUALITIES:
                return _at_kinks(problem, found.resolved)
            return _against(problem, found.part, first[1] if first else None)
        first = first or (maps, found.part.interior)
        node.leaf = Leaf(found.pattern, found.multipliers)
    return problem.cover(tree_of(root))


def _meets(question: Question, maps: list[Map], first: list[Map] | None) -> bool:
    """Whether the kernel will accept a part with these maps; one affine map is convex."""
    if question.criterion is Criterion.CONVEX:
        question = replace(question, criterion=Criterion.AFFINE)
    try:
        check_equality(question, maps, first)
    except EvidenceError:
        return False
    return True


def _against(problem: Problem, part: Bounded, other: Vector | None) -> Iterator[Finding]:
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


def _at_kinks(problem: Problem, resolved: Resolved) -> Iterator[Finding]:
    """Points around the places where ReLU switch, ever nearer: there a slope may fall, or rise for a moment only."""
    base, rng, whole = problem.question.region.base, random.Random(0), whole_region(problem)
    size = len(whole.interior)
    forms = [
        resolved.cell.form(k, unit)
        for k, block in resolved.question.network.relu_blocks()
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


def _nearby(part: Bounded, base: Base, rng: random.Random) -> Vector:
    """A random point of the part, in a random direction from its interior point as far as a power of two goes."""
    size = len(part.interior)
    direction = vector([Fraction(rng.randint(-64, 64), 64) for _ in range(size)])
    if isinstance(base, Box):
        direction = Vector(np.where(base.pinned, 0, direction.numerators), direction.denominator)
    step = Fraction(4)
    while not part.holds(part.interior + direction.scaled(step), base):
        step /= 4
        if step < SMALLEST_STEP:
            return part.interior
    return part.interior + direction.scaled(step)


ENGINE = Engine(
    "smooth",
    lambda work: search_smooth(work.claim, work.questions, work.budget),
    lambda work: has_smooth_units(work.claim),
)
