"""The command that decides every claim of the claims files."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from verify.cli.gate_display import GateDisplay
from verify.cli.options import bounded, limit_memory, number
from verify.cli.workers import count, pool_of
from verify.errors import InputError
from verify.gate import github, gitlab, junit, markdown, sarif
from verify.gate.cache import FOLDER
from verify.gate.changed import changed_cases
from verify.gate.cluster import Cluster, connected
from verify.gate.decide import Found
from verify.gate.files import ClaimsError, claims_files
from verify.gate.plan import Case, cases_of
from verify.gate.run import Gate, run_all
from verify.gate.select import selected
from verify.gate.work import GateWork, stem_of
from verify.report.folder import ReportFolder, prune, take
from verify.report.record import check_apart, write_text

INTERRUPTED = 130
# Without --jobs, processes are started when this one has worked for so long and there is more to do.
PATIENCE = 2.0
# So many claims are printed at a time.
LISTED = 10_000
# What is written of a run for others to read: each is an option of this name, with this help.
FORMATS: dict[str, tuple[Callable[[Gate], str], str]] = {
    "junit": (junit.junit, "Write JUnit XML."),
    "sarif": (sarif.sarif, "Write SARIF 2.1.0."),
    "gitlab": (gitlab.gitlab, "Write GitLab's code quality JSON."),
    "markdown": (markdown.markdown, "Write a summary in Markdown."),
}


def _formats(command: Callable[..., int]) -> Callable[..., int]:
    """An option for each of the formats, in their order."""
    for name, (_, said) in reversed(FORMATS.items()):
        command = click.option(f"--{name}", metavar="FILE", help=said)(command)
    return command


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("-k", "expression", metavar="WORDS", help="Only claims whose name has the words (and, or, not).")
@click.option("--changed-since", metavar="REV", help="Only claims whose text, network or data changed since.")
@click.option("--list", "only_list", is_flag=True, help="Print the claims and stop.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first claim that is not as expected.")
@click.option("--jobs", metavar="N", default="auto", show_default=True, help="Processes that decide claims.")
@click.option("--executor", "address", metavar="dask://HOST:PORT", help="A cluster whose workers decide the claims.")
@click.option("--report", "folder", metavar="DIR", help="Write a record for each claim, pages, and a list, there.")
@click.option(
    "--pages",
    default="failed",
    show_default=True,
    metavar="WHICH",
    help="The claims that get a page: none, failed (whatever is not as expected), all.",
)
@click.option(
    "--cache", "cache_folder", metavar="DIR", default=FOLDER, show_default=True, help="Where evidence is kept."
)
@click.option("--no-cache", is_flag=True, help="Neither use nor keep evidence.")
@_formats
@click.option("-v", "--verbose", is_flag=True, help="Show every claim, also where there are many.")
@bounded
def gate(
    paths: tuple[str, ...],
    expression: str | None,
    changed_since: str | None,
    only_list: bool,
    fail_fast: bool,
    jobs: str,
    address: str | None,
    folder: str | None,
    pages: str,
    cache_folder: str,
    no_cache: bool,
    verbose: bool,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
    **files: str | None,
) -> int:
    """Decide every claim in the TOML files of PATH (files or folders; the current folder by default).

    Exit status: 0 all as expected; else the first that applies of 4 internal error, 2 bad input or no claim found,
    1 some claim is not as expected, 3 some claim is undecided.
    """
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    if pages not in ("none", "failed", "all"):
        raise InputError(f"--pages {pages[:40]}: expected none, failed or all")
    wanted = {name: Path(file) for name, file in files.items() if file is not None}
    for name, file in wanted.items():
        _check_writable(f"--{name}", file)
    display = GateDisplay(verbose=verbose, quiet=as_json)
    try:
        claims = claims_files(paths)
        check_apart({f"--{name}": file for name, file in wanted.items()}, claims)
        state = _planned(claims, expression, changed_since)
    except ClaimsError as error:
        state = Gate([], problems=error.problems)
    if only_list and not state.problems:
        return _listed(state, as_json=as_json)
    cluster = connected(address) if address is not None and state.cases else None
    if folder is not None:
        take(ReportFolder(Path(folder), apart=True), map(stem_of, state.cases))
    whole = not (paths or expression or changed_since or fail_fast)
    work = GateWork(Path(folder) if folder is not None else None, pages, None if no_cache else Path(cache_folder))  # type: ignore[arg-type]
    status = _decide(state, work, display, jobs=jobs, seconds=seconds, fail_fast=fail_fast, cluster=cluster)
    if folder is not None and not state.problems:
        _index(Path(folder), state, whole=whole and status != INTERRUPTED)
    _write(state, wanted, as_json=as_json)
    if as_json:
        click.echo(json.dumps(as_data(state), indent=1))
    else:
        display.end(state, folder)
    return status


def _planned(claims: Sequence[Path], expression: str | None, revision: str | None) -> Gate:
    cases = cases_of(claims)
    chosen = selected(cases, expression) if expression is not None else cases
    if cases and not chosen:
        raise InputError(f"-k {str(expression)[:60]!r}: none of the {len(cases)} claims has such a name; see --list")
    changed = changed_cases(chosen, revision) if revision is not None and chosen else chosen
    return Gate(changed, unchanged=len(chosen) - len(changed))


def _decide(
    state: Gate,
    work: GateWork,
    display: GateDisplay,
    *,
    jobs: str,
    seconds: float | None,
    fail_fast: bool,
    cluster: Cluster | None,
) -> int:
    """Decide all cases of the gate; returns its exit status."""
    started, before = time.monotonic(), set(multiprocessing.active_children())
    if cluster is None:
        found = _found(state.cases, work, display, jobs, seconds)
    else:
        found = cluster.run(state.cases, work, seconds, display.starts)
    try:
        with display.progress(state):
            for item in found:
                state.found.append(item)
                display.found(state, item)
                if fail_fast and item.status in ("unexpected", "bad input", "internal"):
                    break
    except KeyboardInterrupt:
        state.interrupted = True
    finally:
        with suppress(KeyboardInterrupt):
            found.close()
        for process in set(multiprocessing.active_children()) - before:
            process.kill()  # what still runs is of no use any more
        state.seconds = time.monotonic() - started
    return INTERRUPTED if state.interrupted else state.status


def _found(
    cases: Sequence[Case], work: GateWork, display: GateDisplay, jobs: str, seconds: float | None
) -> Generator[Found]:
    """What is found of each case; by ``auto`` in this process first, and in several when that takes long."""
    started, done = time.monotonic(), 0
    if jobs == "auto":
        for found in run_all(cases, work, seconds=seconds, starts=display.starts):
            yield found
            done += 1
            if time.monotonic() - started > PATIENCE and count(jobs, len(cases) - done) > 1:
                break
    left = cases[done:]
    if not left:
        return
    width = count(jobs, len(left))
    passed = time.monotonic() - started
    remaining = None if seconds is None else max(seconds - passed, 0.0)
    make = (lambda: pool_of(width)) if width > 1 else None
    yield from run_all(left, work, make, width, remaining, display.starts)


def _listed(state: Gate, *, as_json: bool) -> int:
    if as_json:
        listed = [{"file": c.file, "line": c.line, "id": c.id, "claim": c.statement} for c in state.cases]
        click.echo(json.dumps({"claims": listed}, indent=1))
    else:
        for start in range(0, len(state.cases), LISTED):
            some = state.cases[start : start + LISTED]
            click.echo("\n".join(f"{case.file}:{case.line}: {case.id}" for case in some))
        click.echo(f"{len(state.cases)} claim{'' if len(state.cases) == 1 else 's'}")
    return 0 if state.cases or state.unchanged else 2


def _index(folder: Path, state: Gate, *, whole: bool) -> None:
    """The list of claims; after a whole run records of claims that no longer exist go."""
    from verify.report.index import write_index

    records = [folder / found.page for found in state.in_order() if found.page]
    report = ReportFolder(folder, apart=True)
    if whole:
        prune(report, records, tests=False, claims=True)
    failed = frozenset(f.case.key for f in state.found if f.status != "expected")
    write_index(report, records, failed=failed)


def _write(state: Gate, wanted: dict[str, Path], *, as_json: bool) -> None:
    for name, path in wanted.items():
        write_text(path, FORMATS[name][0](state))
    if os.environ.get("GITHUB_ACTIONS") == "true":
        for line in github.workflow_commands(state):
            click.echo(line, err=as_json)
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(markdown.markdown(state))


def _check_writable(option: str, file: Path) -> None:
    """Fail before the work, not after it."""
    try:
        if file.is_dir():
            raise InputError(f"{option} {file}: is a folder; name a file to write")
        file.parent.mkdir(parents=True, exist_ok=True)
        probe = file.parent / f".{file.name}.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{option} {str(file)[:200]}: {reason}; name a file that can be written") from error


def as_data(state: Gate) -> dict[str, Any]:
    """What ``--json`` prints."""
    return {
        "status": state.status,
        "counts": {status.replace(" ", "_"): number for status, number in state.counts.items()},
        "unchanged": state.unchanged,
        "interrupted": state.interrupted,
        "seconds": round(state.seconds, 3),
        "search_seconds": round(state.searching, 6),
        "kernel_seconds": round(state.checking, 6),
        "problems": [{"file": p.file, "line": p.line, "message": p.message} for p in state.problems],
        "claims": [_claim(found) for found in state.in_order()],
    }


def _claim(found: Found) -> dict[str, Any]:
    case: Case = found.case
    return {
        "file": case.file,
        "line": case.line,
        "id": case.id,
        "claim": case.statement,
        "why": case.why,
        "expect": case.expect,
        "status": found.status.replace(" ", "_"),
        "verdict": found.verdict,
        "assurance": found.assurance,
        "vacuous": found.vacuous,
        "counterexample": found.counterexample or None,
        "message": found.message,
        "cached": found.cached,
        "note": found.note or None,
        "seconds": found.seconds,
        "search_seconds": found.searching,
        "kernel_seconds": found.checking,
        "command": found.command,
        "record": found.page or None,
    }
