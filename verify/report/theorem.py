"""What the page of a theorem says: plain data that every writer shows in its own way.

A theorem is a question and its answer, a statement, and what carries it: claims that engines decided, claims about
families, statements that something else attests, and steps in words. Texts may hold formulas, see
``verify.report.prose``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from verify.rational import counted
from verify.report.model import Figure, ProofStep

FORMAT = 1
# Data of theorems live in a folder of their own: every ``*.json`` beside the pages is a record to replay.


@dataclass(frozen=True)
class Chapter:
    """Theorems of one file: a title, an introduction in paragraphs, the file."""

    title: str
    intro: tuple[str, ...] = ()
    file: str = ""


@dataclass(frozen=True)
class TheoremPart:
    """One thing that carries a theorem.

    ``kind`` is ``claim``, ``family`` or ``attested``; ``line`` is why, in one line of text or arithmetic; ``stem``
    names the record and the pages beside the theorem's, if there are any; ``record`` a record without pages.
    """

    kind: str
    statement: str
    verdict: str
    assurance: str
    line: str = ""
    lines: tuple[str, ...] = ()
    vacuous: bool = False
    stem: str = ""
    record: str = ""
    map: Markup | None = None


@dataclass(frozen=True)
class Table:
    """Rows of text under a header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


@dataclass(frozen=True)
class Try:
    """Lines to type: on the command line and in Python."""

    command: str = ""
    python: str = ""


@dataclass(frozen=True)
class Theorem:
    """Everything that the page of one theorem shows; ``sources`` are files that it names, with what is in them."""

    stem: str
    question: str
    answer: str
    statement: str
    chapter: Chapter
    book: Chapter
    test: str
    parts: tuple[TheoremPart, ...] = ()
    steps: tuple[ProofStep, ...] = ()
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    tries: tuple[Try, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    line: int = 0
    label: str = "Theorem"
    failed: bool = False
    versions: tuple[tuple[str, str], ...] = field(default=())

    @property
    def support(self) -> str:
        """What carries it, counted."""
        return support(self.parts, self.steps)

    @property
    def command(self) -> str:
        """Every command line to try."""
        return "\n".join(t.command for t in self.tries if t.command)

    @property
    def python(self) -> str:
        """All lines of Python to try, each import once."""
        lines: list[str] = []
        for line in (line for t in self.tries for line in t.python.splitlines()):
            if not (line.startswith(("import ", "from ")) and line in lines):
                lines.append(line)
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """What the book's list of theorems is made from."""
        return {
            "format": FORMAT,
            "kind": "theorem",
            "question": self.question,
            "answer": self.answer,
            "statement": self.statement,
            "chapter": vars(self.chapter),
            "book": vars(self.book),
            "test": self.test,
            "line": self.line,
            "failed": self.failed,
            "support": self.support,
            "parts": [
                {
                    "kind": part.kind,
                    "statement": part.statement,
                    "verdict": part.verdict,
                    "assurance": part.assurance,
                    "vacuous": part.vacuous,
                    "record": f"{part.stem}.json" if part.stem else part.record or None,
                }
                for part in self.parts
            ],
        }


NOUNS = {
    "claim": ("claim", "claims"),
    "family": ("family of networks", "families of networks"),
    "attested": ("statement", "statements"),
}
HOW = {"checked": "checked by the kernel", "attested": "attested", "": "left open"}


def support(parts: Sequence[TheoremPart], steps: Sequence[ProofStep]) -> str:
    """``2 claims checked by the kernel, 1 statement attested, 3 steps in words``."""
    counts = Counter((part.assurance, part.kind) for part in parts)
    said = [
        f"{counts[how, kind]} {nouns[counts[how, kind] > 1]} {word}"
        for how, word in HOW.items()
        for kind, nouns in NOUNS.items()
        if counts[how, kind]
    ]
    return ", ".join([*said, *([f"{counted(len(steps), 'step')} in words"] if steps else [])]) or "nothing"
