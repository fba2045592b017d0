"""What a search ends with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from verify.kernel.check import Judgement, Verdict
from verify.kernel.evidence import Evidence


@dataclass(frozen=True, eq=False)
class Outcome:
    """The answer to a claim: evidence judged by the kernel, a solver's word, or UNKNOWN with the reason.

    ``attested`` names the solver whose word a verdict without evidence rests on; ``tried`` lists the engines run.
    """

    judgement: Judgement
    evidence: Evidence | None
    engine: str
    tried: tuple[str, ...]
    seconds: float
    reason: str = ""
    attested: str = ""

    @property
    def assurance(self) -> str | None:
        """``checked``, ``attested``, or None for UNKNOWN."""
        if self.judgement.verdict is Verdict.UNKNOWN:
            return None
        return "attested" if self.attested else "checked"


class SearchInterrupted(KeyboardInterrupt):
    """Ctrl-C during a search: ``outcome`` says what was known; ``verify.check`` adds the ``result``."""

    result: Any = None

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("interrupted")
        self.outcome = outcome
