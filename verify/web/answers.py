"""What the server answers: one function a question, plain data in and out."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from verify.errors import BudgetExceeded, InputError
from verify.formats.formula_syntax import EXAMPLES
from verify.network import examples
from verify.property import CATALOGUE
from verify.property.catalogue import FAMILIES
from verify.rational import parse_rational
from verify.report.names import readable_name
from verify.search.budget import Budget
from verify.web.desks import ENDINGS, MAX_FILE, NETWORKS, Desk, Desks
from verify.web.jobs import MOST_SECONDS, Jobs
from verify.web.live import SECONDS, answer, survey
from verify.web.playground import ACTIVATIONS, MAX_UNITS, MODELS, PROPERTIES, read_state

MAX_TEXT, MAX_TABS = 4000, 256
# Shown under the field for formulas: each is right for a network with one input.
FORMULAS = [text for text in EXAMPLES if not re.search(r"\[|image", text)][:6]
BOOK_ENDINGS = (".html", ".json", ".md", ".smt2")


@dataclass(frozen=True)
class Download:
    """A file to send, and its name as a download."""

    path: Path
    download: str


class Answers:
    """Questions by address; ``book`` is a folder of reports."""

    def __init__(self, desks: Desks, jobs: Jobs, network: str | None, book: Path | None) -> None:
        self.desks, self.jobs = desks, jobs
        self.given = Path(network).name if network else ""
        self.book = book.resolve() if book is not None else None
        self.questions: Mapping[str, Callable[[dict[str, Any]], Any]] = {
            "/api/play": self.play,
            "/api/survey": self.survey,
            "/api/desk": self.desk,
            "/api/ask": self.ask,
            "/api/cancel": self.cancel,
        }
        self._latest = Latest()

    def setup(self) -> dict[str, Any]:
        """What the page must know to draw its controls."""
        return {
            "models": {
                name: {"title": m.title, "inputs": m.inputs, "summed": m.summed, "image": m.image}
                for name, m in MODELS.items()
            },
            "activations": list(ACTIVATIONS),
            "properties": {name: sorted(CATALOGUE[name].variables) for name in PROPERTIES},
            "second": [name for name, p in CATALOGUE.items() if p.needs_second],
            "formulas": FORMULAS,
            "families": [family.usage for family in FAMILIES.values()],
            "most_units": MAX_UNITS,
            "examples": [{"name": name, "about": _about(name)} for name in examples.names()],
            "given": self.given,
            "endings": list(ENDINGS),
            "networks": list(NETWORKS),
            "most_bytes": MAX_FILE,
            "most_seconds": MOST_SECONDS,
            "book": self.book is not None,
        }

    # Small networks, at once.

    def play(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The picture and the verdict of one state."""
        state, view = read_state(asked), _view(asked.get("view"))
        with self._latest.turn(_tab(asked), "play") as turn:
            return answer(state, view, turn.part(SECONDS))

    def survey(self, asked: dict[str, Any]) -> dict[str, Any]:
        """The verdicts on every property of one state."""
        state = read_state(asked)
        with self._latest.turn(_tab(asked), "survey") as turn:
            return {"properties": survey(state, turn.part)}

    # Files.

    def desk(self, _: dict[str, Any]) -> dict[str, Any]:
        """A place for a tab's files."""
        desk = self.desks.new(self.jobs.busy_desks)
        return {"desk": desk.name, "files": desk.files}

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Start a worker: ``action`` is describe, check (a property) or ask (a formula)."""
        desk = self._desk(asked)
        action = _string(asked, "action")
        request: dict[str, Any] = {"action": action, "network": _source(desk, _string(asked, "network"))}
        if action not in ("describe", "check", "ask"):
            raise InputError(f"action: {action[:40]!r}; expected describe, check or ask")
        if action != "describe":
            other = _string(asked, "to", "")
            request["to"] = _source(desk, other) if other else None
            request["files"] = [name for name in desk.files if name not in desk.given]
        if action == "check":
            request |= {
                "property": _string(asked, "property"),
                "region": _string(asked, "region"),
                "outputs": _outputs(_string(asked, "outputs", "")),
            }
        elif action == "ask":
            request["formula"] = _string(asked, "formula")
        return self.jobs.start(desk, request, _seconds(asked.get("seconds", 60))).to_json()

    def job(self, name: str) -> dict[str, Any]:
        """What is known of a job."""
        job = self.jobs.find(name)
        if job is None:
            raise InputError("no such question; it was asked too long ago, or of another server")
        return job.to_json()

    def cancel(self, asked: dict[str, Any]) -> dict[str, Any]:
        """End a job."""
        job = self.jobs.find(_string(asked, "job"))
        if job is None:
            raise InputError("no such question to cancel")
        self.jobs.cancel(job)
        return job.to_json()

    def job_file(self, path: str) -> Download:
        """A file that a job wrote."""
        name, _, file = path.partition("/")
        job = self.jobs.find(name)
        if job is None or file not in {p.name for p in job.folder.iterdir()}:
            raise InputError("no such file; the question was asked too long ago, or it has no answer yet")
        words = f"{job.answer.get('question', 'claim')}".removesuffix("?")
        return Download(job.folder / file, readable_name(words, name) + Path(file).suffix)

    def book_file(self, path: str) -> Download:
        """A page of the book."""
        if self.book is None:
            raise InputError("there is no book here; start with 'verify serve --book FOLDER', a folder of reports")
        file = self.book / (path or "index.html")
        if ".." in Path(path).parts or file.suffix not in BOOK_ENDINGS or "\0" in path:
            raise InputError("no such page in the book")
        if not file.resolve().is_relative_to(self.book) or not file.is_file():
            raise InputError("no such page in the book; 'make test' and 'verify check --report' write pages")
        return Download(file, file.name)

    def _desk(self, asked: dict[str, Any]) -> Desk:
        desk = self.desks.find(_string(asked, "desk"))
        if desk is None:
            raise InputError("this tab's files are gone; reload the page")
        return desk


class Turn:
    """One computation for a tab, in parts with a budget each; given up, the part at work runs out of time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._budget: Budget | None = None
        self._over = False

    def part(self, seconds: float) -> Budget:
        """A budget for the next part; ``BudgetExceeded`` when a newer question has come."""
        with self._lock:
            if self._over:
                raise BudgetExceeded("a newer question has come")
            self._budget = Budget(seconds)
            return self._budget

    def give_up(self) -> None:
        """End it as soon as it looks at its budget."""
        with self._lock:
            self._over = True
            if self._budget is not None:
                self._budget.seconds = 0.0


class Latest:
    """One computation at a time, and of each tab only the newest; a new picture also ends the tab's survey."""

    def __init__(self) -> None:
        self._lock, self._work = threading.Lock(), threading.Lock()
        self._turns: dict[tuple[str, str], Turn] = {}

    @contextmanager
    def turn(self, tab: str, kind: str) -> Iterator[Turn]:
        """Wait for this computation's turn."""
        mine = Turn()
        with self._lock:
            for key in ((tab, "play"), (tab, "survey")) if kind == "play" else ((tab, kind),):
                if key in self._turns:
                    self._turns.pop(key).give_up()
            self._turns[tab, kind] = mine
            while len(self._turns) > MAX_TABS:
                del self._turns[next(iter(self._turns))]
        with self._work:
            yield mine


# Reading what the page sends.


def _about(name: str) -> str:
    return " ".join((examples.EXAMPLES[name].__doc__ or "").replace("``", "").split())


def _tab(asked: dict[str, Any]) -> str:
    return _string(asked, "tab", "")[:64]


def _string(asked: dict[str, Any], key: str, default: str | None = None) -> str:
    value = asked.get(key, default)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InputError(f"{key}: expected a text of at most {MAX_TEXT} characters")
    return value


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or not 0 < value <= MOST_SECONDS:
        raise InputError(f"seconds: expected a number up to {MOST_SECONDS}; longer questions go to the command line")
    return float(value)


def _outputs(text: str) -> list[int] | None:
    parts = [part.strip() for part in text.split(",")] if text.strip() else []
    if not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise InputError(f"outputs: {text[:40]!r}; expected numbers such as 0,2")
    return [int(part) for part in parts] or None


def _view(value: object) -> list[Fraction] | None:
    """The window of the picture that is to be kept."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 4 or not all(isinstance(v, str) and len(v) < 100 for v in value):
        raise InputError("view: expected four numbers as text")
    found = [parse_rational(v) for v in value]
    if found[0] >= found[1] or found[2] >= found[3]:
        raise InputError("view: an empty window")
    if any(abs(v) > 10**24 or v.denominator > 10**60 for v in found):
        raise InputError("view: a number out of range")
    return found


def _source(desk: Desk, name: str) -> dict[str, Any]:
    """Where a worker finds a network: an example, or a file of the tab."""
    if name.startswith("example:"):
        return {"name": name, "path": name, "given": True}
    given = name in desk.given
    return {"name": name, "path": desk.path(name), "given": given, "output": desk.output if given else None}
