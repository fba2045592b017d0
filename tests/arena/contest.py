"""Put a checker to the records of the arena and count what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.arena.honest import ARENA

# What a checker says of a record, by the exit status of ``verify recheck``.
WORDS = {0: "accepted", 4: "rejected", 3: "declined", 2: "rejected"}
FOLDERS = ("accepted", "rejected")


@dataclass
class Score:
    """How often a checker said what; ``wrong`` are the records of which it said the opposite of what is true."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def table(self) -> str:
        """One line for each folder, and the names of what is wrong."""
        lines = [f"{'':20}{'accepted':>10}{'rejected':>10}{'declined':>10}{'wrong':>10}"]
        for truth in FOLDERS:
            said = [self.counts[truth, word] for word in ("accepted", "rejected", "declined", "wrong")]
            lines.append(f"to be {truth:14}" + "".join(f"{count:>10}" for count in said))
        return "\n".join([*lines, *(f"wrong: {name}" for name in self.wrong)])


def files() -> Iterator[tuple[str, Path]]:
    """Each record, and what is to be said of it."""
    for truth in FOLDERS:
        for path in sorted((ARENA / "records" / truth).glob("*.json")):
            yield truth, path


def contest(checker: Callable[[Path], str]) -> Score:
    """The score of a checker that says ``accepted``, ``rejected`` or ``declined``; anything else is wrong."""
    score = Score()
    for truth, path in files():
        word = checker(path)
        if word not in (truth, "declined"):
            score.wrong.append(f"{truth}/{path.stem}: {word}")
            word = "wrong"
        score.counts[truth, word] += 1
    return score
