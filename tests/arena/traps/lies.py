"""What a trap is, and how lies are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Record = dict[str, Any]


class Trap(NamedTuple):
    """``lie`` changes a copy of the honest record ``base``, or returns the text of what stands in its place."""

    name: str
    base: str
    rule: str
    lie: Callable[[Record], object]


def evidence(**changes: Any) -> Callable[[Record], object]:
    """Other entries of the evidence."""
    return lambda d: d["evidence"].update(changes)


def record(**changes: Any) -> Callable[[Record], object]:
    """Other entries of the record."""
    return lambda d: d.update(changes)


def proof(d: Record, index: int = 0) -> Record:
    """The proof of a question."""
    found: Record = d["evidence"]["proofs"][index]
    return found


def tree(d: Record) -> list[Record]:
    """The nodes of the first proof."""
    found: list[Record] = proof(d)["tree"]
    return found


def leaf(number: int = 0, **changes: Any) -> Callable[[Record], object]:
    """Other entries of a leaf."""
    return lambda d: leaves(d)[number].update(changes)


def leaves(d: Record) -> list[Record]:
    """The leaves of the first proof."""
    return [node for node in tree(d) if "cell" in node]


def text(change: Callable[[str], str]) -> Callable[[Record], object]:
    """A change of the file itself."""
    return lambda d: change(json.dumps(d, indent=1))


def swap(items: list[Any], i: int, j: int) -> None:
    """Exchange two entries."""
    items[i], items[j] = items[j], items[i]


def value(name: str, *new: Any) -> Callable[[Record], object]:
    """Another value of a variable of a gap."""
    return lambda d: d["evidence"]["values"].update({name: new[0]})
