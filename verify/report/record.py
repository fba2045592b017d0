"""The record of one checked claim, and the object that ``--json`` prints."""

from __future__ import annotations

import json
import os
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from verify.errors import InputError
from verify.kernel.check import Verdict
from verify.network import Network
from verify.property import Claim
from verify.report.record_json import (
    FORMAT,
    claim_json,
    evidence_json,
    printed,
    refuted_json,
    shown_json,
    stated_json,
    unchecked_json,
)
from verify.report.sentence import refutation_sentence
from verify.search.outcome import Answered, Outcome


def no_truth_value(result: object) -> NoReturn:
    """For ``__bool__``: a refuted claim would count as true."""
    raise TypeError(f"{result!r} has no truth value; compare its verdict: result.verdict is verify.Verdict.PROVED")


def no_comparison(result: object, other: object) -> bool:
    """For ``__eq__``: results are the same or not; with a text or a verdict the answer would always be no."""
    if isinstance(other, str | bool | Verdict):
        raise TypeError(f"{result!r} is compared with {other!r}; write result.verdict is verify.Verdict.PROVED")
    return result is other


class BaseResult(ABC):
    """What results have in common, whatever their claim is about: the verdict and the record."""

    outcome: Answered

    @property
    def verdict(self) -> Verdict:
        """PROVED (of a family: for every member), REFUTED (by one of them) or UNKNOWN."""
        return self.outcome.verdict

    @property
    def assurance(self) -> str | None:
        """``checked`` (the kernel replayed the evidence), ``attested`` (a solver's word) or None."""
        return self.outcome.assurance

    @property
    def vacuous(self) -> bool:
        """Whether a proved claim has nothing (or only trivial instances) to quantify over."""
        return self.outcome.vacuous

    @abstractmethod
    def _stated(self, answer: dict[str, Any], ledger: tuple[str, ...]) -> dict[str, Any]:
        """What the record states of the claim, its evidence and its counterexample."""

    def record(self) -> dict[str, Any]:
        """The record that is written to a file."""
        outcome = self.outcome
        return {
            "format": FORMAT,
            **self._stated(
                {"verdict": outcome.verdict.value, "assurance": outcome.assurance, "vacuous": outcome.vacuous},
                () if outcome.attested else outcome.assumptions,
            ),
            "unchecked": unchecked_json(
                outcome.engine, outcome.tried, outcome.reason, outcome.seconds, outcome.attested
            ),
        }

    __bool__ = no_truth_value
    __eq__ = no_comparison
    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class Result(BaseResult):
    """A claim and its outcome, with what is needed to state it again."""

    claim: Claim
    outcome: Outcome
    network: Network
    second: Network | None = None
    outputs: tuple[int, ...] | None = None

    @property
    def counterexample(self) -> str | None:
        """The refutation as one line of arithmetic."""
        outcome, size = self.outcome, self.network.output_size
        return refutation_sentence(self.claim, outcome.evidence, outcome.judgement, self.outputs, size)

    def __repr__(self) -> str:
        claim = self.claim
        if claim.property.asked is not None:
            return f"<{self.verdict.name}: {claim.property.formula}>"
        return f"<{self.verdict.name}: {self.network.name} {claim.property.name} on {claim.region.text}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks."""
        from verify.report.notebook import mimebundle

        return mimebundle(self)

    def save(self, folder: str | Path) -> Path:
        """Write the record, which ``verify recheck`` reads, to a file of its own in the folder; returns its path."""
        from verify.report.names import file_stem

        path = Path(folder) / f"{file_stem(self)}.json"
        try:
            write_json(path, self)
        except OSError as error:
            raise InputError(f"{folder}: {error.strerror or error}; name a folder to write to") from error
        return path

    def _stated(self, answer: dict[str, Any], ledger: tuple[str, ...]) -> dict[str, Any]:
        claim, outcome = self.claim, self.outcome
        return stated_json(
            answer,
            claim_json(claim, self.network, self.second, self.outputs, vacuous=self.vacuous),
            evidence_json(outcome.evidence, outcome.witness),
            refuted_json(claim, outcome.evidence, outcome.judgement, self.outputs),
            ledger,
        )

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints: the record and the prose about it. ``recheck`` reads it too."""
        outcome = self.outcome
        shown = shown_json(self.claim, self.network, self.outputs, outcome.evidence, outcome.judgement)
        return printed(self.record(), shown)


def check_writable(path: Path, option: str) -> None:
    """Raise ``InputError``, before any work is done, where no file can be written at ``path``; no folder is made."""
    folder = path.parent
    if path.is_dir():
        raise InputError(f"{option} {path}: is a folder; name a file to write")
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "there is no such folder; make it first"
        raise InputError(f"{option} {path}: {folder}: {what}")
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise InputError(
            f"{option} {path}: cannot be written ({error.strerror or error}); name another file"
        ) from error


def check_apart(outputs: Mapping[str, Path], inputs: Iterable[str | Path]) -> None:
    """Raise ``InputError`` where two of the files to write are one, or one of them is read."""
    known: dict[str, str] = {}
    read = {os.path.realpath(path) for path in inputs}
    for option, path in outputs.items():
        place = os.path.realpath(path)
        if place in read:
            raise InputError(f"{option} {str(path)[:200]}: is what is read; name another file to write")
        first = known.setdefault(place, option)
        if first != option:
            raise InputError(f"{first} and {option} are both {str(path)[:200]}; name a file for each")


def write_text(path: Path, text: str) -> None:
    """Write a whole file or nothing: a temporary file beside it is renamed over it.

    Names of files that are not UTF-8 come as lone surrogates, which are written as escapes.
    """
    _write(path, text.encode("utf-8", "backslashreplace"))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_bytes(path: Path, data: bytes) -> None:
    """``write_text`` for bytes."""
    _write(path, data)


def write_json(path: Path, result: BaseResult) -> None:
    """Write the record as JSON."""
    write_text(path, json.dumps(result.record(), indent=1) + "\n")
