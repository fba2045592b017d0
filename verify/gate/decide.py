"""Deciding one case: what is found, as plain data that travels between processes."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from verify import api
from verify.errors import EngineDisagreement, EvidenceError, InputError, TooLarge, VerifyError
from verify.family import check_family
from verify.formats.toml_family import is_family
from verify.gate.cache import key_of, recalled, remember, replayed
from verify.gate.plan import Case
from verify.network import Network
from verify.property import Claim
from verify.report.record import Result
from verify.search.decide import decide

Status: TypeAlias = Literal["expected", "unexpected", "undecided", "bad input", "internal"]
# The exit status of a gate is that of its first status here that occurs.
STATUSES: dict[Status, int] = {"internal": 4, "bad input": 2, "unexpected": 1, "undecided": 3, "expected": 0}


@dataclass(frozen=True)
class Found:
    """What became of a case: ``message`` says in one line why, ``record`` is what ``verify recheck`` reads.

    Of the ``seconds`` engines took ``searching`` and the kernel ``checking`` to judge what they found, in processes or
    on a cluster too; the rest is reading files. ``page`` names the record in the report folder, where one was written.
    ``network`` is the digest of the network.
    """

    case: Case
    status: Status
    message: str
    verdict: str = "unknown"
    assurance: str | None = None
    vacuous: bool = False
    counterexample: str = ""
    seconds: float = 0.0
    searching: float = 0.0
    checking: float = 0.0
    command: str = ""
    network: str = ""
    cached: bool = False
    note: str = ""
    record: dict[str, Any] | None = field(default=None, repr=False)
    page: str = ""


@dataclass(frozen=True)
class Decided:
    """What was found, with the result itself where there is one: pages are made of it, in the same process."""

    found: Found
    result: Any = None


def decide_case(case: Case, seconds: float | None = None, cache: Path | None = None) -> Decided:
    """Decide a case, within ``seconds`` if that is less than its own time. No error leaves this but an interrupt.

    Evidence is taken from the folder ``cache`` if the kernel accepts it, and kept there.
    """
    return _guarded(case, lambda: _result(case, _least(case.timeout, seconds), cache))


def decide_with(case: Case, record: dict[str, Any], cache: Path | None = None) -> Decided:
    """The case with evidence that somebody else found: judged by the kernel, about the files that are here."""
    return _guarded(case, lambda: _given(case, record, cache))


def _given(case: Case, record: dict[str, Any], cache: Path | None) -> tuple[Any, bool, str]:
    claim, first, second = _claim(case)
    try:
        outcome = replayed(record, claim)
    except (TooLarge, KeyError, TypeError, ValueError, AttributeError) as error:
        raise EvidenceError("evidence", f"evidence that came from elsewhere cannot be read ({error!s:.120})") from error
    result = Result(claim, outcome, first, second, case.outputs)
    note = "" if cache is None else _remembered(cache, key_of(claim, first, second, case.outputs), result)
    return result, False, note


def recalled_case(case: Case, cache: Path | None) -> tuple[Decided | None, str]:
    """What the folder ``cache`` knows of a case, replayed; None where it knows nothing, with what is wrong with it."""
    if cache is None or case.engine != "auto" or is_family(case.network):
        return None, ""
    started = time.monotonic()
    try:
        claim, first, second = _claim(case)
        known = recalled(cache, key_of(claim, first, second, case.outputs), claim)
    except (VerifyError, MemoryError):
        return None, ""  # a mistake in the case is reported where it is decided
    except Exception as error:
        return Decided(_failed(case, "internal", _bug(error), started)), ""
    if known.outcome is None:
        return None, known.complaint
    result = Result(claim, known.outcome, first, second, case.outputs)
    seconds = round(time.monotonic() - started, 6)
    return Decided(replace(judged(case, result), cached=True, seconds=seconds), result), ""


def _guarded(case: Case, decide: Callable[[], tuple[Any, bool, str]]) -> Decided:
    started = time.monotonic()
    try:
        result, cached, note = decide()
    except InputError as error:
        return Decided(_failed(case, "bad input", str(error), started))
    except (EvidenceError, EngineDisagreement) as error:
        return Decided(_failed(case, "internal", str(error), started))
    except MemoryError:
        return Decided(_failed(case, "undecided", "out of memory: no verdict", started))
    except VerifyError as error:
        return Decided(_failed(case, "undecided", f"not decided: {error}", started))
    except Exception as error:
        return Decided(_failed(case, "internal", _bug(error), started))
    seconds_taken = round(time.monotonic() - started, 6)
    return Decided(replace(judged(case, result), cached=cached, note=note, seconds=seconds_taken), result)


def _bug(error: Exception) -> str:
    return f"internal error: {type(error).__name__}: {error}; please report this"


def _least(own: float | None, left: float | None) -> float | None:
    return min((value for value in (own, left) if value is not None), default=None)


def _failed(case: Case, status: Status, message: str, started: float) -> Found:
    text = " ".join(message.split())[:600]
    return Found(case, status, text, seconds=round(time.monotonic() - started, 6), command=command(case))


def _result(case: Case, seconds: float | None, cache: Path | None) -> tuple[Any, bool, str]:
    """What ``verify.check`` or ``check_family`` says, whether the cache knew it, what was wrong with the cache."""
    if is_family(case.network):
        given = [key for key in ("formula", "to", "output", "outputs", "work") if getattr(case, key) is not None]
        if given:
            raise InputError(f"{case.network}: a family of networks; {given[0]!r} is for one network")
        found = check_family(case.network, case.property, case.on, timeout=seconds, engine=case.engine)
        return found, False, ""
    claim, first, second = _claim(case)
    key, note = "", ""
    if cache is not None and case.engine == "auto":
        key = key_of(claim, first, second, case.outputs)
        known = recalled(cache, key, claim)
        if known.outcome is not None:
            return Result(claim, known.outcome, first, second, case.outputs), True, ""
        note = known.complaint
    budget = replace(api.make_budget(seconds, None), work=case.work)
    result = Result(claim, decide(claim, budget, case.engine), first, second, case.outputs)
    if cache is not None and key:
        note = _remembered(cache, key, result) or note
    return result, False, note


def _claim(case: Case) -> tuple[Claim, Network, Network | None]:
    """The claim, and the whole networks that it is about."""
    first = loaded(case.network, case.output)
    second = loaded(case.to, case.to_output) if case.to is not None else None
    if case.formula is not None:
        from verify.asking import asked_about  # brings the grammar of formulas

        return asked_about(first, case.formula, to=second, let={name: loaded(file) for name, file in case.let})
    claim = api.make_claim(first, case.property, case.on, to=second, outputs=case.outputs)
    return claim, first, second


def _remembered(cache: Path, key: str, result: Result) -> str:
    """File the result; a cache that cannot be written to is no reason to fail."""
    try:
        remember(cache, key, result)
    except OSError as error:
        return f"the cache {cache} cannot be written to: {error.strerror or error}"
    return ""


def loaded(name: str, output: str | None = None) -> Network:
    """The network; the last few files are remembered, as many claims are about one network."""
    path = Path(name)
    try:
        known = path.stat()
    except (OSError, ValueError):
        return api.load(name, output)
    return _loaded(name, output, known.st_mtime_ns, known.st_size)


@functools.lru_cache(maxsize=4)
def _loaded(name: str, output: str | None, changed: int, size: int) -> Network:
    del changed, size  # only there to tell versions of the file apart
    return api.load(name, output)


def judged(case: Case, result: Any) -> Found:
    """Whether the result is what the case expects."""
    verdict, assurance = str(result.verdict.value), result.assurance
    counterexample = str(result.counterexample or "") if isinstance(result, Result) else ""
    status, message = _compared(case, result, verdict, counterexample)
    whole, checking = float(result.outcome.seconds), float(result.outcome.checking)
    return Found(
        case,
        status,
        " ".join(message.split())[:2000],
        verdict,
        assurance,
        bool(result.vacuous),
        counterexample,
        seconds=round(whole, 6),
        searching=round(max(0.0, whole - checking), 6),
        checking=round(checking, 6),
        command=command(case),
        network=result.network.digest if isinstance(result, Result) else "",
        record=result.record(),
    )


def _compared(case: Case, result: Any, verdict: str, counterexample: str) -> tuple[Status, str]:
    if verdict == "unknown":
        reason = result.outcome.reason or "no engine found an answer"
        return "undecided", f"not decided: {reason}"
    if verdict != case.expect:
        what = counterexample or ("its proof was replayed" if result.assurance == "checked" else "on a solver's word")
        if not isinstance(result, Result):
            what = str(result.sentence)
        return "unexpected", f"expected {case.expect}, found {verdict}: {what}"
    if result.assurance != "checked" and case.assurance == "checked":
        return "unexpected", f"{verdict}, but only attested by a solver; write assurance = 'attested' if that will do"
    if result.vacuous and not case.vacuous:
        lemmas = "; ".join(map(str, result.to_json().get("lemmas") or ())) or "nothing to quantify over"
        return "unexpected", f"{verdict}, but vacuous ({lemmas}); write vacuous = true if that is meant"
    return "expected", counterexample or verdict


def command(case: Case) -> str:
    """The command that decides the claim again."""
    import shlex

    if case.formula is not None:
        parts = ["verify", "ask", case.network, case.formula]
    else:
        parts = ["verify", "check", case.network, case.property, "--on", case.on]
    parts += ["--to", case.to] if case.to else []
    for name, network in case.let:
        parts += ["--let", f"{name}={network}"]
    parts += ["--output", case.output] if case.output else []
    parts += ["--to-output", case.to_output] if case.to_output else []
    parts += ["--outputs", ",".join(map(str, case.outputs))] if case.outputs else []
    parts += ["--engine", case.engine] if case.engine != "auto" else []
    parts += ["--work", str(case.work)] if case.work is not None else []
    parts += ["--timeout", f"{case.timeout:g}"] if case.timeout is not None else []
    return shlex.join(parts)


def without_record(found: Found) -> Found:
    """The same without its evidence, which may be large."""
    return replace(found, record=None)
