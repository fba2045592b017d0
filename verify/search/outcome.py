"""What a search ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verify.kernel.check import Judgement, TermValue, Verdict
from verify.kernel.evidence import Evidence, Unsatisfiable
from verify.kernel.instances import Witness
from verify.rational import Real


@dataclass(frozen=True)
class Attestation:
    """The word of a ``solver`` that the claim holds: no evidence, nothing that the kernel saw."""

    solver: str

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the verdict rests on."""
        return (f"{self.solver} answered unsat; no evidence was replayed",)


class Answered:
    """What follows from an ``answer``: what the kernel returned, a solver's word, or None for UNKNOWN.

    ``tried`` lists the engines run, ``reason`` says why there is no answer.
    """

    answer: Any
    engine: str
    tried: tuple[str, ...]
    seconds: float
    reason: str

    @property
    def verdict(self) -> Verdict:
        """PROVED, REFUTED or UNKNOWN."""
        if self.answer is None:
            return Verdict.UNKNOWN
        return Verdict.PROVED if isinstance(self.answer, Attestation) else Verdict(self.answer.verdict)

    @property
    def assurance(self) -> str | None:
        """``checked`` for what the kernel returned and nothing else, ``attested``, or None for UNKNOWN."""
        if self.answer is None:
            return None
        return "checked" if _of_the_kernel(self.answer) else "attested"

    @property
    def vacuous(self) -> bool:
        """Whether a proved claim has trivial instances only."""
        return _of_the_kernel(self.answer) and bool(self.answer.vacuous)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the verdict rests on beside exact arithmetic."""
        return tuple(self.answer.assumptions) if self.answer is not None else ()

    @property
    def attested(self) -> str:
        """The solver whose word the verdict is; empty where it is none."""
        return self.answer.solver if isinstance(self.answer, Attestation) else ""


def _of_the_kernel(answer: object) -> bool:
    """Whether the kernel returned it. What is about families is loaded only where there is one."""
    if isinstance(answer, Judgement | Attestation):
        return isinstance(answer, Judgement)
    from verify.kernel.families import FamilyJudgement

    return isinstance(answer, FamilyJudgement)


@dataclass(frozen=True, eq=False)
class Outcome(Answered):
    """The answer to a claim, with its evidence, or with the ``reason`` why there is none.

    ``witness`` is what a proof is about (``verify.kernel.instances``); ``tried`` lists the engines run. Of ``seconds``
    the kernel took ``checking`` to judge the evidence at the end.
    """

    answer: Judgement | Attestation | None
    evidence: Evidence | None
    engine: str
    tried: tuple[str, ...]
    seconds: float
    reason: str = ""
    witness: Witness | Unsatisfiable | None = None
    checking: float = 0.0

    @property
    def judgement(self) -> Judgement | None:
        """What the kernel found; None where nothing was replayed."""
        return self.answer if isinstance(self.answer, Judgement) else None

    @property
    def values(self) -> tuple[TermValue, ...]:
        """The terms of a refutation."""
        return self.answer.values if isinstance(self.answer, Judgement) else ()

    @property
    def gap(self) -> Real | None:
        """The number that breaks the formula of a refutation."""
        return self.answer.gap if isinstance(self.answer, Judgement) else None


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a search: ``outcome`` says what was known; ``verify.check`` adds the ``result``."""

    result: Any = None

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("interrupted")
        self.outcome = outcome
