"""One corpus of random claims, decided once: what replays, mutates, shrinks, fuzzes and explains them shares it.

The fixture ``corpus`` reaches every process of a run: an outcome that one has found is a file for the others.
"""

from __future__ import annotations

import os
import pickle
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.random_claims import claim
from verify.property import Claim
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome

# The seeds of the corpus are those below; others, as the fresh ones of a campaign, are decided where they are needed.
SIZE = 300
SECONDS = 60.0


@dataclass(frozen=True)
class Corpus:
    """The claims ``random_claims.claim(seed)``, and what ``decide`` says of them."""

    folder: Path
    known: dict[int, tuple[Claim, Outcome]] = field(default_factory=dict)

    def decided(self, seed: int) -> tuple[Claim, Outcome]:
        """The claim of that seed and its outcome, a counterexample being shrunk as the tool does."""
        if seed not in self.known:
            found = claim(seed)
            outcome = self._outcome(seed, found) if seed < SIZE else decide(found, Budget(SECONDS))
            if seed >= SIZE:
                return found, outcome
            self.known[seed] = found, outcome
        return self.known[seed]

    def result(self, seed: int) -> Result:
        """The same as ``verify.check`` returns it."""
        found, outcome = self.decided(seed)
        return Result(found, outcome, found.network, found.second)

    def _outcome(self, seed: int, found: Claim) -> Outcome:
        """From the file, if another process has made it. Two may decide the same claim at once: one file stays."""
        path = self.folder / f"{seed}.pickle"
        if path.exists():
            outcome = pickle.loads(path.read_bytes())
            assert isinstance(outcome, Outcome)
            return outcome
        outcome = decide(found, Budget(SECONDS))
        new = path.with_suffix(f".{os.getpid()}")
        new.write_bytes(pickle.dumps(outcome))
        new.rename(path)
        return outcome
