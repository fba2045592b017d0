"""Deciding a claim: engines in order of cost; the kernel judges whatever they bring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from verify.errors import BudgetExceeded, EvidenceError, InputError, TooLarge
from verify.kernel.alignment import is_quantized
from verify.kernel.check import has_smooth_units, judge
from verify.kernel.criteria import check_equality, map_of
from verify.kernel.evidence import (
    Cells,
    Cover,
    Empty,
    Evidence,
    Falsehood,
    Nothing,
    Off,
    Rule,
    Tree,
    Unsafe,
    ValueGap,
)
from verify.kernel.exact import cell_of, is_small
from verify.kernel.formulas import Unsatisfiable
from verify.kernel.goals import GOALS, Bounds
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.kernel.rules import RULES
from verify.property import Claim, Criterion, Question, Vacuous
from verify.property.asked import asked_of, conditions_claim
from verify.property.base import INEQUALITIES
from verify.region import L1Ball
from verify.search.budget import Budget
from verify.search.engines.bounds import FEW_RELU, search_bounds
from verify.search.engines.difference import search_difference
from verify.search.engines.inequality import one_leaf, split_inequality
from verify.search.engines.quantized import search_quantized
from verify.search.engines.rewriting import rewritten_problem
from verify.search.engines.split import split
from verify.search.engines.units import search_units
from verify.search.outcome import Outcome, SearchInterrupted
from verify.search.problem import Problem, prepare
from verify.search.refuting.cases import falsehood_at
from verify.search.refuting.crossing import findings_along, findings_at, findings_towards, generic_start
from verify.search.refuting.finding import Finding, NonZero, proposals, refutation
from verify.search.refuting.nontrivial import witness_of
from verify.search.refuting.sampling import findings_at_random
from verify.search.refuting.shrink import shrink, shrink_falsehood
from verify.search.stability import Obstacle, stable_leaf


@dataclass(eq=False)
class Attempt:
    """What the engines share while they work on one question of a claim."""

    claim: Claim
    question: Question
    index: int
    budget: Budget
    problem: Problem | Empty | None = None
    obstacles: list[Obstacle] | None = None

    def ready(self) -> Problem | Empty:
        """The prepared problem, made once."""
        if self.problem is None:
            self.problem = prepare(self.question, self.budget)
        return self.problem

    def obstacles_of(self, problem: Problem) -> list[Obstacle]:
        """Units that are not stable, from the engine ``stability`` where it has run."""
        if self.obstacles is None:
            found = stable_leaf(problem, self.budget)
            self.obstacles = found if isinstance(found, list) else []
        return self.obstacles

    def refuted_by(self, problem: Problem, findings: Iterator[Finding]) -> ValueGap | Falsehood | None:
        """The first finding that the kernel accepts as an instance."""
        for finding in findings:
            if self.claim.property.asked is not None:
                false = falsehood_at(self.claim, problem.embedded(finding.v)) if isinstance(finding, NonZero) else None
                if false is not None:
                    return false
                continue
            gap = refutation(self.claim, proposals(self.claim, _embedded(problem, finding), self.index))
            if gap is not None:
                return gap
        return None


def _embedded(problem: Problem, finding: Finding) -> Finding:
    """The finding in the coordinates of the question as asked."""
    points = {name: problem.embedded(value) for name, value in vars(finding).items()}
    return type(finding)(**points)


Result = Cover | Empty | ValueGap | Falsehood | None


def _probe(attempt: Attempt, problem: Problem) -> Result:
    """Look at the piece around the interior point."""
    return attempt.refuted_by(problem, findings_at(problem, problem.interior))


def _stability(attempt: Attempt, problem: Problem) -> Result:
    found = stable_leaf(problem, attempt.budget)
    attempt.obstacles = found if isinstance(found, list) else []
    if isinstance(found, list):
        return None
    if problem.question.criterion in INEQUALITIES:
        return _concluded(attempt, problem, one_leaf(problem, found, attempt.budget))
    question = problem.question
    if question.criterion is Criterion.AFFINE:
        return problem.cover(found)
    try:
        outputs = cell_of(question.network, found.pattern).outputs()
        check_equality(question, [map_of(question, form) for form in outputs], None)
    except EvidenceError:
        return None  # one affine map, but not the right one: another engine finds where
    return problem.cover(found)


def _concluded(attempt: Attempt, problem: Problem, found: Tree | list[Finding]) -> Result:
    """A cover from a tree, a refutation from findings."""
    if isinstance(found, list):
        return attempt.refuted_by(problem, iter(found))
    return problem.cover(found)


def _rewriting(attempt: Attempt, problem: Problem) -> Result:
    """Go on with the rewritten network, if it has fewer ReLU; where nothing switches any more that decides."""
    shorter = rewritten_problem(problem, attempt.budget)
    if shorter is None:
        return None
    attempt.problem = shorter
    return _stability(attempt, shorter)


def _bend(attempt: Attempt, problem: Problem) -> Result:
    """Points towards each obstacle that stability left."""
    return attempt.refuted_by(problem, findings_towards(problem, attempt.obstacles_of(problem)))


def _crossing(attempt: Attempt, problem: Problem) -> Result:
    for obstacle in attempt.obstacles_of(problem):
        start = generic_start(problem, obstacle)
        walk = findings_along(problem, start, obstacle.target, attempt.budget)
        gap = attempt.refuted_by(problem, walk)
        if gap is not None:
            return gap
    return None


def _sampling(attempt: Attempt, problem: Problem) -> Result:
    return attempt.refuted_by(problem, findings_at_random(problem, attempt.budget))


def _split(attempt: Attempt, problem: Problem) -> Result:
    if isinstance(problem.question.region.base, L1Ball):
        lifted = prepare(attempt.question, attempt.budget, lift_first=True)
        if isinstance(lifted, Empty):
            return lifted
        shorter = None if problem.steps is None else rewritten_problem(lifted, attempt.budget)
        problem = shorter or lifted
    divide = split_inequality if problem.question.criterion in INEQUALITIES else split
    return _concluded(attempt, problem, divide(problem, attempt.budget))


ENGINES: dict[str, Callable[[Attempt, Problem], Result]] = {
    "probe": _probe,
    "stability": _stability,
    "bend": _bend,
    "rewriting": _rewriting,
    "crossing": _crossing,
    "sampling": _sampling,
    "split": _split,
}
ENGINE_NAMES = ("auto", "rules", *ENGINES, "difference", "bounds", "units", "smooth", "quantized", "z3")
# Slopes of networks with more ReLU than other engines decide are bounded first, for a part of the time.
SLOPES = ("nondecreasing", "nonincreasing", "lipschitz")
SLOPE_SHARE, SLOPE_SECONDS = 0.5, 60.0


def decide(claim: Claim, budget: Budget, engine: str = "auto", *, shrinking: bool = True) -> Outcome:
    """Decide the claim within the budget, with one engine or all of them in order."""
    if engine not in ENGINE_NAMES:
        raise InputError(f"unknown engine {engine!r}; known: {', '.join(ENGINE_NAMES)}")
    if claim.property.asked is not None:
        return _decide_formula(claim, budget, engine, shrinking=shrinking)
    tried: list[str] = []
    notes: list[str] = []
    try:
        witness = witness_of(claim, budget)
        if isinstance(witness, NoInstance):
            nothing = Nothing()
            judgement = judge(claim, nothing, witness)
            return Outcome(judgement, nothing, "reduction", (), budget.elapsed, witness=witness)
        questions = claim.questions()
        if isinstance(questions, Vacuous):
            raise AssertionError(f"the table of trivial instances differs from the reduction: {questions.reason}")
        if engine == "z3" and not has_smooth_units(claim):
            return _with_z3(claim, budget)
        found = _search(claim, questions, budget, engine, tried, notes)
        if found is None:
            reason = "the engines that were tried do not decide this claim"
            return _undecided(_joined(reason, notes), tried, budget)
        evidence, name = found
        if isinstance(evidence, ValueGap) and shrinking:
            evidence = shrink(claim, evidence, budget)
        proves = None if isinstance(evidence, ValueGap | Unsafe | Off) else witness
        judgement = judge(claim, evidence, proves)
        return Outcome(judgement, evidence, name, tuple(tried), budget.elapsed, witness=proves)
    except BudgetExceeded as stop:
        return _undecided(_joined(str(stop), notes), tried, budget)
    except KeyboardInterrupt as stop:
        raise SearchInterrupted(_undecided("interrupted", tried, budget)) from stop


def _decide_formula(claim: Claim, budget: Budget, engine: str, *, shrinking: bool) -> Outcome:
    """Decide a formula of the language; only a proof asks whether its conditions can be satisfied."""
    tried: list[str] = []
    try:
        if engine == "z3":
            return _with_z3(claim, budget)
        found = _search_formula(claim, budget, engine, tried)
        if found is None:
            return _undecided("the engines that were tried do not decide this formula", tried, budget)
        evidence, name = found
        if isinstance(evidence, Falsehood):
            evidence = shrink_falsehood(claim, evidence, budget) if shrinking else evidence
            return Outcome(judge(claim, evidence), evidence, name, tuple(tried), budget.elapsed)
        witness = _satisfied(claim, budget)
        if witness is None:
            return _undecided("proved, but whether its conditions can be satisfied is not known", tried, budget)
        proof = Nothing() if isinstance(witness, Unsatisfiable) else evidence
        judgement = judge(claim, proof, witness)
        return Outcome(judgement, proof, name, tuple(tried), budget.elapsed, witness=witness)
    except BudgetExceeded as stop:
        return _undecided(str(stop), tried, budget)
    except KeyboardInterrupt as stop:
        raise SearchInterrupted(_undecided("interrupted", tried, budget)) from stop


def _search_formula(claim: Claim, budget: Budget, engine: str, tried: list[str]) -> tuple[Evidence, str] | None:
    questions = claim.questions()
    assert not isinstance(questions, Vacuous)
    if engine not in ("auto", *ENGINES):
        raise InputError(f"engine {engine!r} is not for formulas; known: auto, {', '.join(ENGINES)}, z3")
    return _run(claim, questions, budget, _in_order(questions) if engine == "auto" else [engine], tried)


def _satisfied(claim: Claim, budget: Budget) -> Witness | Unsatisfiable | None:
    """Values that satisfy the conditions of a formula, or the proof that there are none."""
    found = _search_formula(conditions_claim(asked_of(claim)), budget, "auto", [])
    if found is None:
        return None
    evidence, _ = found
    if isinstance(evidence, Falsehood):
        return Instance(evidence.assignment)
    return Unsatisfiable(evidence) if isinstance(evidence, Cells) else None


def _joined(reason: str, notes: list[str]) -> str:
    """The reason and what is known, each once."""
    return "; ".join(dict.fromkeys(note for note in (reason, *notes) if note))


def _undecided(reason: str, tried: list[str], budget: Budget) -> Outcome:
    return Outcome(None, None, "", tuple(tried), budget.elapsed, reason)


def _with_z3(claim: Claim, budget: Budget) -> Outcome:
    if budget.work is not None:
        raise InputError("work counts steps of this package's engines; bound engine z3 by a timeout")
    from verify.search.solver.literal import decide_with_z3

    return decide_with_z3(claim, budget)


def _search(
    claim: Claim, questions: list[Question], budget: Budget, engine: str, tried: list[str], notes: list[str]
) -> tuple[Evidence, str] | None:
    """Evidence and the engine that found it; ``tried`` gets the engines run and ``notes`` what is known without it."""
    if is_quantized(claim):
        return _quantized(claim, budget, engine, tried, notes)
    if has_smooth_units(claim):
        return _smooth(claim, questions, budget, engine, tried)
    if questions[0].criterion is Criterion.POSITIVE_SOMEWHERE:
        return _units(claim, questions[0], budget, engine, tried, notes)
    if engine in ("auto", "rules"):
        tried.append("rules")
        rule = _by_rule(claim)
        if rule is not None:
            return rule, "rules"
    if claim.property.family == "equivalent within" and engine in ("auto", "difference"):
        tried.append("difference")
        near, note = search_difference(claim, questions[0], budget)
        if near is not None:
            return near, "difference"
        notes.append(note)
    bounded = _by_bounds(claim, budget, engine, tried, notes)
    if bounded is not None:
        return bounded, "bounds"
    if questions[0].criterion is Criterion.NEVER:
        return None
    names = _in_order(questions) if engine == "auto" else [engine] if engine in ENGINES else []
    return _run(claim, questions, budget, names, tried)


def _run(
    claim: Claim, questions: list[Question], budget: Budget, names: list[str], tried: list[str]
) -> tuple[Evidence, str] | None:
    """The named engines in order, each for every question that is open."""
    attempts = [Attempt(claim, question, i, budget) for i, question in enumerate(questions)]
    proofs: dict[int, Cover | Empty] = {}
    used = ""
    for name in names:
        tried.append(name)
        budget.report(f"{name} ...")
        for attempt in attempts:
            if attempt.index in proofs:
                continue
            budget.check()
            problem = attempt.ready()
            result = problem if isinstance(problem, Empty) else ENGINES[name](attempt, problem)
            if isinstance(result, ValueGap | Falsehood):
                return result, name
            if result is not None:
                proofs[attempt.index] = result
                used = name
        if len(proofs) == len(questions):
            return Cells(tuple(proofs[i] for i in range(len(questions)))), used
    return None


def _by_bounds(
    claim: Claim, budget: Budget, engine: str, tried: list[str], notes: list[str]
) -> Bounds | ValueGap | Unsafe | None:
    """What bounds on the parts of a box decide; slopes of small networks are left to the other engines."""
    slopes = claim.property.family in SLOPES
    cuts = engine == "difference" and claim.property.family == "equivalent within"  # what that engine leaves open
    if not (engine in ("auto", "bounds") or cuts) or claim.property.family not in GOALS:
        return None
    if engine == "auto" and slopes and claim.network.relu_count <= FEW_RELU:
        return None
    tried.append("bounds")
    own = budget
    if slopes and engine == "auto":
        own = replace(budget, seconds=budget.elapsed + min(SLOPE_SECONDS, SLOPE_SHARE * budget.remaining))
    try:
        found, note = search_bounds(claim, own)
    except BudgetExceeded as stop:
        budget.check()  # its share is used up, the whole may not be
        found, note = None, str(stop)
    notes.append(note)
    return found


def _in_order(questions: list[Question]) -> list[str]:
    """The engines by cost.

    Random points cost less than the stability of a large network. Copies of one network have much in common, so
    rewriting goes before stability there.
    """
    names = list(ENGINES)
    if not all(is_small(question.network) for question in questions):
        names.remove("sampling")
        names.insert(names.index("stability"), "sampling")
    copies = (Criterion.ZERO, Criterion.NONPOSITIVE, Criterion.NOWHERE)
    if any(question.criterion in copies for question in questions):
        names.remove("rewriting")
        names.insert(names.index("stability"), "rewriting")
    return names


def _smooth(
    claim: Claim, questions: list[Question], budget: Budget, engine: str, tried: list[str]
) -> tuple[Evidence, str] | None:
    if engine not in ("auto", "smooth"):
        raise InputError(f"engine {engine!r} is for piecewise linear networks; {claim.network.name} has smooth units")
    from verify.search.engines.smooth import search_smooth

    tried.append("smooth")
    found = search_smooth(claim, questions, budget)
    return (found, "smooth") if found is not None else None


def _quantized(
    claim: Claim, budget: Budget, engine: str, tried: list[str], notes: list[str]
) -> tuple[Evidence, str] | None:
    if engine not in ("auto", "quantized"):
        raise InputError(f"engine {engine!r} is for continuous networks; leave it out, or write 'quantized'")
    tried.append("quantized")

    def run(subject: Claim, questions: list[Question], own: Budget) -> Evidence | None:
        found = _run(subject, questions, own, _in_order(questions), [])
        return None if found is None else found[0]

    found, note = search_quantized(claim, budget, run)
    notes.append(note)
    return (found, "quantized") if found is not None else None


def _units(
    claim: Claim, question: Question, budget: Budget, engine: str, tried: list[str], notes: list[str]
) -> tuple[Evidence, str] | None:
    if engine not in ("auto", "units"):
        raise InputError(f"engine {engine!r} does not decide {claim.property.name!r}; leave it out, or write 'units'")
    tried.append("units")
    found, note = search_units(claim, question, budget)
    notes.append(note)
    return (found, "units") if found is not None else None


def _by_rule(claim: Claim) -> Rule | None:
    for name, rule in RULES.items():
        try:
            rule(claim)
        except (EvidenceError, TooLarge):
            continue
        return Rule(name)
    return None
