"""One question about a network file, answered in a process of its own: ``python -m verify.web.worker``.

One JSON object on standard input; lines of JSON on standard output: ``{"progress": ...}``, at last an answer or
``{"error": ...}``. The current folder is the tab's; regions may name its files and no others.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from verify.errors import BudgetExceeded, EngineDisagreement, FormulaError, InputError, RegionError, VerifyError
from verify.network import Network

if TYPE_CHECKING:
    from verify.report.record import Result

QUIET = 0.15


def main() -> int:
    """Answer the request on standard input."""
    out = sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints is no answer
    try:
        request = json.loads(sys.stdin.read())
        _limit(int(request["memory"]))
        answer = ACTIONS[request["action"]](request, _Reporter(out))
    except (VerifyError, MemoryError, OSError) as error:
        answer = {"error": _message(error)}
        if isinstance(error, FormulaError):
            answer["drawn"] = error.drawn
    except Exception as error:
        answer = {"error": f"internal error: {type(error).__name__}: {error}"}
    _say(out, answer)
    return 0


class _Reporter:
    """Lines of progress, not too many of them."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.last = out, 0.0

    def __call__(self, text: str) -> None:
        if time.monotonic() - self.last >= QUIET:
            self.last = time.monotonic()
            _say(self.out, {"progress": text})


def _say(out: TextIO, data: dict[str, Any]) -> None:
    out.write(json.dumps(data) + "\n")
    out.flush()


def _message(error: BaseException) -> str:
    if isinstance(error, MemoryError):
        return "out of memory: no verdict; ask about a smaller network or region"
    if isinstance(error, BudgetExceeded):
        return f"not decided: {error}"
    if isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror or error}"
    return " ".join(str(error).split())[:600]


def _limit(mebibytes: int) -> None:
    import resource

    size = mebibytes * 2**20
    highest = resource.getrlimit(resource.RLIMIT_AS)[1]
    if highest == resource.RLIM_INFINITY or size < highest:
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


# What can be asked.


def describe(request: dict[str, Any], report: _Reporter) -> dict[str, Any]:
    """What a network is: its sizes and layers."""
    network = _load(request["network"], report)
    return {
        "name": network.name,
        "input": list(network.input_shape),
        "inputs": network.input_size,
        "output": list(network.output_shape),
        "outputs": network.output_size,
        "relu": network.relu_count,
        "weights": network.weight_count,
        "smooth": not network.is_piecewise_linear,
        "layers": [{"name": block.name, "units": block.size, "kind": block.kind} for block in network.blocks[:60]],
        "notes": list(network.notes),
    }


def check(request: dict[str, Any], report: _Reporter) -> dict[str, Any]:
    """Decide a claim, write its record and page, and say what they say."""
    from verify import api

    network, second = _networks(request, report)
    _check_files(request["region"], request["files"])
    result = api.check(
        network,
        request["property"],
        request["region"],
        to=second,
        outputs=request["outputs"],
        timeout=request["seconds"],
        report=report,
    )
    return _told(result, request, report)


def ask(request: dict[str, Any], report: _Reporter) -> dict[str, Any]:
    """Decide a formula of the language, in which g is the second network, and say the same of it."""
    from verify import asking

    network, second = _networks(request, report)
    _check_files_of_formula(request["formula"], request["files"])
    result = asking.ask(network, request["formula"], to=second, timeout=request["seconds"], report=report)
    return _told(result, request, report)


def _networks(request: dict[str, Any], report: _Reporter) -> tuple[Network, Network | None]:
    first = _load(request["network"], report)
    return first, _load(request["to"], report) if request["to"] else None


def _told(result: Result, request: dict[str, Any], report: _Reporter) -> dict[str, Any]:
    """The answer for the page; record and page of the result are written."""
    from verify.fuzzing.record import fuzz_record
    from verify.report import words
    from verify.report.files import write_report
    from verify.report.folder import ReportFolder
    from verify.report.proof import gist

    report.last = 0.0
    report("writing the evidence and the page")
    folder, alarm = Path(request["folder"]), ""
    try:
        write_report(ReportFolder(folder), result, stem="claim", fuzz=fuzz_record(result))
    except EngineDisagreement as error:
        alarm = str(error)
    return {
        "verdict": result.verdict.value,
        "assurance": result.assurance or "",
        "vacuous": result.vacuous,
        "question": words.question(result),
        "answer": words.answer(result),
        "sentence": result.counterexample or "",
        "why": gist(result) if result.verdict.value == "proved" else "",
        "formula": result.claim.property.formula,
        "engine": result.outcome.engine or "",
        "tried": list(result.outcome.tried),
        "engine_seconds": round(result.outcome.seconds, 3),
        "ledger": list(result.outcome.assumptions),
        "alarm": alarm,
        "files": sorted(path.name for path in folder.iterdir()),
    }


def _load(source: dict[str, Any], report: _Reporter) -> Network:
    from verify.api import load

    report.last = 0.0
    report(f"reading {source['name']}")
    network = load(source["path"], source.get("output"))
    shown = source["name"]
    # A record that is downloaded is replayed beside the file, wherever that lies: its name is what counts.
    return network if network.source is None or source["given"] else replace(network, source=shown)


def _check_files(text: str, files: list[str]) -> None:
    """A region may name the tab's own files only."""
    from verify.formats.syntax import located, parse

    with located(text):
        tree = parse(text, "region")
    for token in _tokens(tree):
        name = token[1:-1] if token.type == "STRING" else str(token)
        if token.type in ("FILE", "STRING") and name not in files:
            raise InputError(
                f"region file {name[:80]!r} is not here; drop it on the page first, and write its name alone"
            )


def _check_files_of_formula(text: str, files: list[str]) -> None:
    """The same for every region in a formula; one that cannot be read is left to the formula's reader."""
    from verify.formats.formula_syntax import cut_regions
    from verify.formats.formulas import drawn
    from verify.formula.tree import FormulaMistake

    with drawn(text):
        for place, region in cut_regions(text)[1]:
            try:
                _check_files(region, files)
            except RegionError:
                continue
            except InputError as error:
                raise FormulaMistake(place, str(error)) from error


def _tokens(tree: Any) -> Iterator[Any]:
    for child in tree.children:
        if hasattr(child, "children"):
            yield from _tokens(child)
        elif child is not None:
            yield child


ACTIONS = {"describe": describe, "check": check, "ask": ask}


if __name__ == "__main__":
    sys.exit(main())
