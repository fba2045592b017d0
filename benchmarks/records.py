"""Results as lines of JSON, written as they come: an interrupted run goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Log:
    """A file of records. The first is the header: settings and machine.

    A run with another header starts anew; the old file is kept beside it, as ``*.old.jsonl``.
    """

    path: Path | None

    def records(self, header: Record) -> list[Record]:
        """The records of an earlier run with this header; where there is none, the file is begun."""
        if self.path is None:
            return []
        lines = self._lines()
        if lines and lines[0] == header:
            return lines[1:]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if lines:
            self.path.replace(self.path.with_suffix(".old.jsonl"))
        self.path.write_text(_line(header), encoding="utf-8")
        return []

    def add(self, record: Record) -> None:
        """Append one record; it is on disk when this returns."""
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(_line(record))

    def _lines(self) -> list[Record]:
        """What can be read; a last line that an interrupt cut short is dropped from the file."""
        if self.path is None or not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        return [json.loads(line) for line in whole.splitlines()]


def keyed(records: list[Record], key: Callable[[Record], Any]) -> dict[Any, Record]:
    """Records by key, the last of each."""
    return {key(record): record for record in records}


def _line(record: Record) -> str:
    return json.dumps(record, separators=(",", ":")) + "\n"
