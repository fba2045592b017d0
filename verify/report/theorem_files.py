"""Writing a theorem: its page as HTML and Markdown, and the data from which the book lists it."""

from __future__ import annotations

import json
from pathlib import Path

from markupsafe import Markup

from verify.report import words
from verify.report.affine import the_map
from verify.report.folder import ReportFolder
from verify.report.html import theorem_page
from verify.report.model import Figure
from verify.report.plots import figures
from verify.report.proof import gist
from verify.report.record import Result, write_text
from verify.report.theorem import Theorem, TheoremPart
from verify.report.theorem_markdown import text_of

# A picture that was asked for is not left out on a busy machine: cells and breaks are bounded in number anyway.
SECONDS = 60.0


def part_of(result: Result, stem: str) -> TheoremPart:
    """A decided claim as a part of a theorem; ``stem`` names its record and its pages."""
    line = result.counterexample or gist(result) or result.outcome.reason
    shown = the_map(result)
    return TheoremPart(
        kind="claim",
        statement=words.statement(result),
        verdict=result.verdict.value,
        assurance=result.assurance or "",
        line=line,
        vacuous=result.vacuous,
        stem=stem,
        map=shown.formula if shown is not None and not shown.entries else None,
    )


def picture_of(result: Result, caption: str = "") -> Figure | None:
    """The plot of a decided claim under a caption of one's own; None where there is no plot of it."""
    found, _ = figures(result, SECONDS)
    if not found:
        return None
    plot = found[0]
    return Figure(plot.svg, caption or plot.caption, plot.notes if not caption else (), plot.legend)


def write_theorem(folder: ReportFolder, theorem: Theorem) -> Path:
    """Write page and data of a theorem; returns the path of its data."""
    page = folder.theorem(theorem.stem)
    write_text(page, theorem_page(theorem))
    write_text(page.with_suffix(".md"), text_of(theorem))
    data = page.with_suffix(".json")
    write_text(data, json.dumps(theorem.to_json(), indent=1) + "\n")
    return data


def is_drawing(svg: object) -> bool:
    """Whether this is a drawing made by this package: markup, one ``svg`` element."""
    return isinstance(svg, Markup) and svg.startswith("<svg")
