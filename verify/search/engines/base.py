"""What an engine is: a name, the claims that it can decide, and a search for evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from verify.kernel.check import has_smooth_units
from verify.kernel.evidence import Cells, Cover, Empty, Evidence, Falsehood, Tree, ValueGap
from verify.kernel.instances import Instance
from verify.property import Claim, Criterion, Question
from verify.search.budget import Budget
from verify.search.outcome import Attestation
from verify.search.problem import Problem, prepare
from verify.search.refuting.cases import falsehood_at
from verify.search.refuting.finding import Finding, NonZero, proposals, refutation
from verify.search.stability import Obstacle, stable_leaf

EngineResult = Cover | Empty | ValueGap | Falsehood | None


@dataclass(eq=False)
class Attempt:
    """What the engines share while they work on one question of a claim."""

    claim: Claim
    question: Question
    index: int
    budget: Budget
    problem: Problem | Empty | None = None
    obstacles: list[Obstacle] | None = None
    proof: Cover | Empty | None = None

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

    def concluded(self, problem: Problem, found: Tree | list[Finding]) -> EngineResult:
        """A cover from a tree, a refutation from findings."""
        if isinstance(found, list):
            return self.refuted_by(problem, iter(found))
        return problem.cover(found)


def _embedded(problem: Problem, finding: Finding) -> Finding:
    """The finding in the coordinates of the question as asked."""
    points = {name: problem.embedded(value) for name, value in vars(finding).items()}
    return type(finding)(**points)


@dataclass(eq=False)
class Work:
    """A claim with its questions, and what the engines before this one found out about them.

    ``named``: somebody asked for one engine. ``notes`` say what is known without evidence. ``instance`` is the
    nontrivial one that a proof will carry; None for formulas.
    """

    claim: Claim
    questions: list[Question]
    budget: Budget
    named: bool = False
    notes: list[str] = field(default_factory=list)
    instance: Instance | None = None
    attempts: list[Attempt] = field(init=False)

    def __post_init__(self) -> None:
        self.attempts = [Attempt(self.claim, q, i, self.budget) for i, q in enumerate(self.questions)]


@dataclass(frozen=True)
class Engine:
    """One way to decide claims. ``fits``: which ones it can; ``tried``: those for which it is worth its time unasked.

    ``search`` returns evidence, which is not believed before the kernel has judged it, a solver's word, or None.
    """

    name: str
    search: Callable[[Work], Evidence | Attestation | None]
    fits: Callable[[Work], bool]
    tried: Callable[[Work], bool] = lambda work: True


def of_questions(name: str, search: Callable[[Attempt, Problem], EngineResult]) -> Engine:
    """An engine that answers one question at a time: the claim is proved when all of its questions are."""

    def search_all(work: Work) -> Evidence | None:
        for attempt in work.attempts:
            if attempt.proof is not None:
                continue
            work.budget.check()
            problem = attempt.ready()
            found = problem if isinstance(problem, Empty) else search(attempt, problem)
            if isinstance(found, ValueGap | Falsehood):
                return found
            attempt.proof = found
        proofs = [attempt.proof for attempt in work.attempts if attempt.proof is not None]
        return Cells(tuple(proofs)) if len(proofs) == len(work.attempts) else None

    return Engine(name, search_all, _about_pieces)


def _about_pieces(work: Work) -> bool:
    """Whether the claim is about the affine maps on the pieces of a piecewise linear network."""
    others = (Criterion.NEVER, Criterion.POSITIVE_SOMEWHERE)
    return not has_smooth_units(work.claim) and all(q.criterion not in others for q in work.questions)


def of_catalogue(work: Work) -> bool:
    """Whether the claim is a property of the catalogue about piecewise linear networks, not about single units."""
    units = any(question.criterion is Criterion.POSITIVE_SOMEWHERE for question in work.questions)
    return not (units or work.claim.property.asked is not None or has_smooth_units(work.claim))
