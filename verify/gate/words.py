"""A gate's outcome in words, shared by all formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from verify.gate.decide import Found, Status
from verify.gate.files import ClaimsProblem
from verify.gate.run import Gate

SAYS: dict[Status, str] = {
    "internal": "internal error",
    "bad input": "bad input",
    "unexpected": "not as expected",
    "undecided": "undecided",
    "expected": "as expected",
}
# Worst first; formats with a limit keep the first ones.
WORST: tuple[Status, ...] = ("internal", "bad input", "unexpected", "undecided", "expected")


@dataclass(frozen=True)
class Annotation:
    """Something to report: a case that is not as expected, or a mistake in a claims file."""

    status: Status
    file: str
    line: int
    id: str
    message: str
    found: Found | None = None

    @property
    def title(self) -> str:
        """The claim in words, with the reason why it is there."""
        if self.found is None:
            return "The claims file cannot be used"
        return self.found.case.why or self.found.case.statement

    @property
    def text(self) -> str:
        """All that a person needs on one page: the claim, why it is there, what was found, how to see it again."""
        if self.found is None:
            return self.message
        case = self.found.case
        why = f" ({case.why})" if case.why else ""
        return f"{case.statement}{why}: {self.message}. Again: {self.found.command or 'verify gate'}"


def problem_finding(problem: ClaimsProblem) -> Annotation:
    """A mistake in a claims file."""
    return Annotation("bad input", problem.file, problem.line, "", problem.message)


def finding_of(found: Found) -> Annotation:
    """What was found of a case."""
    return Annotation(found.status, found.case.file, found.case.line, found.case.id, found.message, found)


def findings(gate: Gate) -> list[Annotation]:
    """Everything that is not as expected, worst first, then in the order of the files."""
    found = [problem_finding(problem) for problem in gate.problems]
    found += [finding_of(item) for item in gate.in_order() if item.status != "expected"]
    return sorted(found, key=lambda finding: WORST.index(finding.status))


def summary(gate: Gate) -> str:
    """``12 claims: 10 as expected, 1 not as expected, 1 undecided``."""
    if gate.problems:
        count = len(gate.problems)
        return f"{counted(count, 'mistake')} in the claims files; nothing was decided"
    if not gate.cases:
        same = f": {counted(gate.unchanged, 'claim')}, none of them changed" if gate.unchanged else ""
        return f"no claim to decide{same}" if same else "no claim found"
    parts = [f"{count} {SAYS[status]}" for status, count in reversed(gate.counts.items()) if count]
    left = len(gate.cases) - len(gate.found)
    parts += [f"{left} not decided on"] if left else []
    parts += [f"{gate.unchanged} unchanged and left out"] if gate.unchanged else []
    return f"{counted(len(gate.cases), 'claim')}: {', '.join(parts)}"


def costs(gate: Gate) -> str:
    """Where the time went: the search for evidence, and the kernel's check of it."""
    return f"of all claims together: search {gate.searching:.1f} s, kernel {gate.checking:.1f} s"


def counted(number: int, what: str) -> str:
    """``1 claim``, ``2 claims``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def limited(items: Iterable[Annotation], most: int) -> tuple[list[Annotation], int]:
    """The first ones, and how many are left out."""
    everything = list(items)
    return everything[:most], max(0, len(everything) - most)


def clean(text: str) -> Iterator[str]:
    """The characters that XML can hold; others as a replacement sign."""
    for char in text:
        ok = char in "\t\n\r" or "\x20" <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char > "\uffff"
        yield char if ok else "\ufffd"
