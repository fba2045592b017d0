"""The book: theorems in chapters, read from the data that was written beside their pages."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from verify.report.theorem import Chapter


@dataclass(frozen=True)
class Card:
    """One theorem in the list: its page, question and answer, and what it rests on.

    ``attested`` are statements that nothing replays; claims that are only attested are listed with the claims.
    """

    stem: str
    question: str
    answer: str
    support: str
    chapter: Chapter
    book: Chapter
    test: str
    line: int
    failed: bool
    attested: tuple[str, ...]


def read_card(path: Path) -> Card:
    """The theorem's entry; ``ValueError`` where the file is not the data of a theorem."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return _card(path.stem, data)
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"not the data of a theorem: {error!r}") from error


def _card(stem: str, data: dict[str, Any]) -> Card:
    return Card(
        stem=stem,
        question=str(data["question"]),
        answer=str(data["answer"]),
        support=str(data["support"]),
        chapter=_chapter(data["chapter"]),
        book=_chapter(data["book"]),
        test=str(data["test"]),
        line=int(data["line"]),
        failed=bool(data["failed"]),
        attested=tuple(
            str(part["statement"])
            for part in data["parts"]
            if part["assurance"] == "attested" and part["kind"] != "claim"
        ),
    )


def _chapter(data: dict[str, Any]) -> Chapter:
    return Chapter(str(data["title"]), tuple(map(str, data["intro"])), str(data["file"]))


def read_cards(paths: Iterable[Path]) -> tuple[list[Card], list[str]]:
    """Theorems in the order of their files and tests, and the names of files that cannot be read."""
    cards, unreadable = [], []
    for path in paths:
        try:
            cards.append(read_card(path))
        except (OSError, ValueError):
            unreadable.append(path.name)
    return sorted(cards, key=lambda card: (card.chapter.file, card.line, card.test, card.stem)), unreadable


def in_chapters(cards: Iterable[Card]) -> list[tuple[Chapter, list[Card]]]:
    """The theorems by chapter, both in the order of the cards."""
    groups: dict[tuple[str, str], list[Card]] = {}
    for card in cards:
        groups.setdefault((card.chapter.file, card.chapter.title), []).append(card)
    return [(found[0].chapter, found) for found in groups.values()]
