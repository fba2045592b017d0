"""The ``theorem`` fixture: a test states a theorem, checks what carries it, and leaves a page of the book.

    def test_relu_is_not_additive(theorem):
        book = theorem(
            question="Is ReLU linear?",
            answer="No: $relu(-1) + relu(1) = 1$, but $relu(0) = 0$.",
            statement="There are $x$ and $y$ with $$relu(x + y) != relu(x) + relu(y)$$",
        )
        found = book.claim("relu", "additive", on="all").refuted()
        book.picture(found, "The graph of relu.")

All texts may hold formulas in dollar signs and code in backticks, see ``verify.report.prose``.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

from verify import api
from verify.errors import InputError
from verify.report import reproduce
from verify.report.files import from_here
from verify.report.folder import THEOREMS, ReportFolder
from verify.report.model import Figure, Link, ProofStep
from verify.report.names import readable_name
from verify.report.prose import plain
from verify.report.record import Result, write_text
from verify.report.theorem import Table, Theorem, TheoremPart, Try
from verify.report.theorem_files import is_drawing, part_of, picture_of, write_theorem
from verify.testing.chapters import book_of, chapter_of
from verify.testing.claims import Asserted, CheckedClaim, Claims
from verify.testing.session import ReportSession

MAX_BYTES = 4000


class Book:
    """One theorem in the making: what a test shows, in the order in which it shows it."""

    def __init__(self, theorem: Theorem, claims: Claims, folder: ReportFolder) -> None:
        self.theorem, self._claims, self._folder = theorem, claims, folder
        self._generated: list[Try] = []
        self._replays: list[str] = []
        self._sources: dict[str, str] = {}
        self._families = 0

    def claim(self, network: Any, property: str, on: Any = "all", **options: Any) -> CheckedClaim:
        """Decide a claim as the ``claim`` fixture does; it becomes a part of the theorem."""
        with self._claims.session.in_root():
            return self._claim(api.check(network, property, on, **options))

    def _claim(self, result: Result) -> CheckedClaim:
        link = Link(f"../theorems/{self.theorem.stem}.html", plain(self.theorem.question))
        found = self._claims.decided(result, link)
        self._generated.append(Try(reproduce.command(result), reproduce.python(result)))
        self._sources |= sources_of(result)
        if found.record is not None:
            self._part(part_of(result, found.record.stem))
            if not self._generated[-1].command and result.assurance == "checked":
                self._replays.append(reproduce.recheck(from_here(found.record)))
        return found

    def family(self, family: Any, property: str = "", on: Any = "nonneg", **options: Any) -> Asserted:
        """Decide a claim about a family of networks (``verify.check_family``), or take one that was decided.

        Any object with ``verdict``, ``assurance``, ``statement`` (the claim), ``sentence`` (the answer) and ``lines``
        (why, line by line) will do; its ``record()``, if it has one, is kept beside the pages.
        """
        from verify.family import check_family

        with self._claims.session.in_root():
            result = check_family(family, property, on, **options) if property else family
            return self._family(family, property, on, result)

    def _family(self, family: Any, property: str, on: Any, result: Any) -> Asserted:
        self._families += 1
        record = ""
        if hasattr(result, "record"):
            record = f"{self.theorem.stem}-family-{self._families}.json"
            text = json.dumps(result.record(), indent=1) + "\n"
            self._claims.session.keep(lambda: write_text(self._folder.record(Path(record).stem), text))
        verdict = str(getattr(result.verdict, "value", result.verdict))
        lines = tuple(map(str, result.lines))
        statement, answer = str(result.statement), str(result.sentence)
        assurance = result.assurance or ""
        self._part(TheoremPart("family", statement, verdict, assurance, line=answer, lines=lines, record=record))
        if isinstance(family, str | Path) and isinstance(on, str):
            self._generated.append(Try(*reproduce.family(str(family), property, on)))
            self._sources |= short_texts([Path(family)])
        elif record and assurance == "checked":
            self._replays.append(reproduce.recheck(from_here(self._folder.record(Path(record).stem))))
        return Asserted(result)

    def attested(self, by: str, what: str) -> None:
        """Something that neither the kernel nor an engine shows: who says so, and what."""
        self._part(TheoremPart("attested", what, "", "attested", line=f"On the word of: {plain(by)}"))

    def proof(self, text: str, lemma: str = "", title: str = "") -> None:
        """A step in words, and the lemma that allows it."""
        self._add(steps=(*self.theorem.steps, ProofStep(title, lemma, text)))

    def figure(self, svg: Markup, caption: str, notes: Sequence[str] = ()) -> None:
        """A drawing that this package made (``verify.report.plots``, ``verify.report.charts``), under a caption."""
        if not is_drawing(svg):
            raise InputError(
                f"figure: expected a drawing made by verify.report (an svg element), got {type(svg).__name__}"
            )
        self._add(figures=(*self.theorem.figures, Figure(svg, caption, tuple(notes))))

    def picture(self, found: CheckedClaim, caption: str = "") -> None:
        """The plot of a claim, as on its own page; raises ``InputError`` where it has none."""
        picture = picture_of(found.result, caption)
        if picture is None:
            raise InputError(f"picture: there is no plot of {found.result!r}; leave it out, or give a figure")
        self._add(figures=(*self.theorem.figures, picture))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "") -> None:
        """A table; every row has one cell for each of the header's."""
        cells = tuple(tuple(map(str, row)) for row in rows)
        for i, row in enumerate(cells, 1):
            if len(row) != len(header):
                raise InputError(f"table: row {i} has {len(row)} cells, the header has {len(header)}")
        self._add(tables=(*self.theorem.tables, Table(tuple(header), cells, caption)))

    def try_it(self, command: str = "", python: str = "") -> None:
        """Lines to type, in place of those that the claims give."""
        self._add(tries=(*self.theorem.tries, Try(command, python)))

    def finished(self, *, failed: bool) -> Theorem:
        """The theorem as it is written."""
        replays = Try("\n".join(self._replays))
        tries = self.theorem.tries or (*self._generated, replays)
        sources = tuple(self._sources.items())
        return replace(self.theorem, tries=tries, sources=sources, failed=failed, versions=reproduce.versions())

    def _part(self, part: TheoremPart) -> None:
        self._add(parts=(*self.theorem.parts, part))

    def _add(self, **changed: Any) -> None:
        self.theorem = replace(self.theorem, **changed)


def sources_of(result: Result) -> dict[str, str]:
    """The text of the claim's networks that are short TOML files, by their names."""
    networks = [network for network in (result.network, result.second) if network is not None]
    return short_texts([Path(n.source) for n in networks if n.source and n.source.endswith(".toml")])


def short_texts(paths: Sequence[Path]) -> dict[str, str]:
    """The texts of the files that are short, by their names."""
    short = [path for path in paths if path.is_file() and path.stat().st_size <= MAX_BYTES]
    return {from_here(path): path.read_text(encoding="utf-8").strip() for path in short}


class Theorems:
    """Begins a theorem's page; ``finish`` writes the pages when the test is over."""

    def __init__(self, request: pytest.FixtureRequest, session: ReportSession) -> None:
        self._request, self._session, self._folder = request, session, session.report
        self._claims = Claims(request, session)
        self._books: list[Book] = []

    def __call__(self, *, question: str, answer: str, statement: str, label: str = "Theorem") -> Book:
        """Begin a theorem: its question and its answer in one sentence each, and what exactly is true.

        ``label`` stands over the statement: ``Measurement`` is more honest over one that rests on recorded numbers.
        """
        node = self._request.node
        name = re.sub(r"^test_", "", node.name)
        count = f"-{len(self._books) + 1}" if self._books else ""
        stem = f"{readable_name(name, node.nodeid)}{count}"
        chapter, book = chapter_of(self._request), book_of(self._request)
        line = node.location[1] or 0
        theorem = Theorem(stem, question, answer, statement, chapter, book, node.nodeid, line=line, label=label)
        self._books.append(Book(theorem, self._claims, self._folder))
        return self._books[-1]

    def finish(self, *, failed: bool) -> None:
        """Write the page of every theorem that was begun, and tell the controller; fail where a claim was left open."""
        for book in self._books:
            theorem = book.finished(failed=failed)
            data = self._session.keep(functools.partial(write_theorem, self._folder, theorem))
            if data is not None:
                self._request.node.user_properties.append(("theorem", f"{THEOREMS}/{data.name}"))
        if not failed:
            self._claims.finish()
