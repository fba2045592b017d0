"""Writing a claim's report: the record that ``recheck`` reads, and the pages that a person reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from verify.errors import EngineDisagreement
from verify.report.folder import PAGES, ReportFolder, drop_pages, href
from verify.report.model import Link, Page, SecondOpinion
from verify.report.names import file_stem
from verify.report.record import Result, write_text


def write_report(
    folder: ReportFolder,
    result: Result,
    *,
    stem: str = "",
    title: str = "",
    test: str = "",
    fuzz: Mapping[str, Any] | None = None,
    theorem: Link | None = None,
) -> Path:
    """Write the record, the HTML and the Markdown page of a claim; returns the record's path.

    ``fuzz`` is what ``verify.fuzzing.record`` found, ``theorem`` the page that the claim is a part of. The record comes
    first: whatever happens to the pages, the evidence is kept. If Z3's second opinion or a random instance contradicts
    the verdict, all are written and then ``EngineDisagreement`` is raised.
    """
    from verify.report.compose import About, compose  # loads Z3

    stem = stem or file_stem(result)
    record = folder.record(stem)
    data = _recorded(record, result, title=title, test=test, fuzz=fuzz, theorem=theorem)
    page = compose(result, About(title, test, from_here(record), from_here(folder.page(stem)), fuzz, theorem))
    write_pages(folder, stem, page)
    if page.opinion is not None and page.opinion.agrees is False:
        _keep_disagreement(record, result, data, page.opinion)
    if page.fuzz is not None and page.fuzz.failure:
        raise EngineDisagreement(f"{page.fuzz.failure}; it is kept in {record}; please report this")
    return record


def write_pages(folder: ReportFolder, stem: str, page: Page) -> None:
    """Write the pages of a claim, and the lines that reproduce a refutation as a script."""
    path = folder.page(stem)
    record, index = href(folder.record(stem), path), href(folder.index, path)
    for ending, writer in PAGES.items():
        text = _writer(writer)(page, record, index)
        if text:
            write_text(path.with_suffix(ending), text)
        else:
            path.with_suffix(ending).unlink(missing_ok=True)


def _writer(name: str) -> Callable[[Page, str, str], str]:
    module, _, function = name.partition(".")
    found: Callable[[Page, str, str], str] = getattr(import_module(f"verify.report.{module}"), function)
    return found


def write_record(
    folder: ReportFolder, result: Result, *, stem: str, title: str = "", test: str = "", theorem: Link | None = None
) -> Path:
    """Write the record alone; pages of an earlier one of that name are removed. Returns its path."""
    record = folder.record(stem)
    _recorded(record, result, title=title, test=test, fuzz=None, theorem=theorem)
    drop_pages(folder, stem)
    return record


def _recorded(
    record: Path, result: Result, *, title: str, test: str, fuzz: Mapping[str, Any] | None, theorem: Link | None
) -> dict[str, Any]:
    extra = {
        "title": title,
        "test": test,
        "fuzz": dict(fuzz) if fuzz is not None else None,
        "theorem": theorem.text if theorem is not None else "",
    }
    data = result.record()
    data["unchecked"] |= {key: value for key, value in extra.items() if value}
    write_text(record, json.dumps(data, indent=1) + "\n")
    return data


def from_here(path: Path, here: Path | None = None) -> str:
    """The path as it is typed from the folder ``here``, by default the current one, if it lies below it."""
    here = (here or Path.cwd()).resolve()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)


def _keep_disagreement(record: Path, result: Result, data: dict[str, Any], opinion: SecondOpinion) -> None:
    both = {"query": opinion.query, "answer": opinion.answer, "model": opinion.model}
    data["unchecked"]["disagreement"] = both
    write_text(record, json.dumps(data, indent=1) + "\n")
    write_text(record.with_suffix(".smt2"), opinion.query)
    raise EngineDisagreement(
        f"{result!r}: we say {result.verdict.value}, Z3 answers {opinion.answer} to the literal query; both are kept"
        f" in {record} and {record.with_suffix('.smt2').name}; please report this"
    )
