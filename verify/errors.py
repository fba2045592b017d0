"""Every error this package raises on purpose.

VerifyError
├── InputError              the user's input is at fault (exit status 2)
│   ├── NetworkError        a network file or construction
│   ├── RegionError         a region expression, or a region that does not fit
│   ├── PropertyError       an unknown property, or one used wrongly
│   └── FormulaError        a formula of the language that cannot be read, or that is not decided
├── EvidenceError           the kernel rejects a piece of evidence (exit status 4)
├── EngineDisagreement      two engines decide one claim in opposite ways (exit status 4)
├── WrongVerdict            an instance breaks a claim that was called proved: a defect of this package
└── BudgetExceeded          time or memory ran out; carries no verdict (exit status 3)
    └── TooLarge            more work than the kernel does in one check; says nothing about the evidence

Each message is one line: what, where, expected, got, what to do.
"""

from __future__ import annotations


class VerifyError(Exception):
    """Base of every error raised on purpose."""


class InputError(VerifyError):
    """Bad input from the user."""


class NetworkError(InputError):
    """A network that cannot be read, built or represented."""


class RegionError(InputError):
    """A region that cannot be read, is empty, or does not fit the network."""


class PropertyError(InputError):
    """An unknown property, or one that lacks its second network."""


class FormulaError(InputError):
    """A formula that cannot be read; ``drawn`` has the text, a caret below the mistake, and an example."""

    def __init__(self, message: str, drawn: str = "") -> None:
        super().__init__(message)
        self.drawn = drawn

    def __reduce__(self) -> tuple[type[FormulaError], tuple[str, str]]:
        """Errors travel between processes, and are made there from what this one was made from."""
        return type(self), (str(self), self.drawn)


class EvidenceError(VerifyError):
    """Evidence that the kernel does not accept.

    ``rule`` names the check that failed, so that tests can tell one rejection from another.
    """

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(f"evidence rejected by '{rule}': {message}")
        self.rule, self.message = rule, message

    def __reduce__(self) -> tuple[type[EvidenceError], tuple[str, str]]:
        """Errors travel between processes, and are made there from what this one was made from."""
        return type(self), (self.rule, self.message)


class EngineDisagreement(VerifyError):
    """Two engines decide the same claim in opposite ways: one of them is wrong, and neither is to be trusted here."""


class WrongVerdict(VerifyError):
    """A claim was called proved and an instance breaks it; the message names the engine."""


class BudgetExceeded(VerifyError):
    """The time budget ran out before the work was done."""


class TooLarge(BudgetExceeded):
    """Checking would take more work than a stated limit: the evidence is neither accepted nor rejected."""
