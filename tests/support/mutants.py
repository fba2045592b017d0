"""Random changes of a record: one place, one mistake."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

Place = tuple[Any, Any]
# Where a change tells something about checking evidence; elsewhere every change is found by comparing.
PARTS = (
    "evidence",
    "evidence",
    "evidence",
    "region_data",
    "nontrivial",
    "network",
    "outputs",
    "counterexample",
    "property",
)
PROPERTIES = (
    *(
        "affine",
        "linear",
        "constant",
        "additive",
        "homogeneous",
        "positively homogeneous",
        "superposition",
        "odd",
        "even",
    ),
    *("convex", "concave", "subadditive", "superadditive", "nondecreasing in 0", "nonincreasing in 0"),
    *("lipschitz 1 in linf", "lipschitz 2 in l2", "lipschitz 9 in l1"),
)


def mutant(rng: random.Random, record: dict[str, Any]) -> dict[str, Any]:
    """A copy of the record with one change."""
    data = copy.deepcopy(record)
    part = rng.choice([name for name in PARTS if data.get(name) is not None])
    if part == "property":
        data["property"] = rng.choice(PROPERTIES)
        return data
    places = list(_places(data, part))
    holder, key = rng.choice(places)
    holder[key] = _changed(rng, holder[key])
    return data


def _places(holder: Any, key: Any) -> Iterator[Place]:
    """The places below one, itself first."""
    yield holder, key
    value = holder[key]
    if isinstance(value, dict):
        for name in value:
            yield from _places(value, name)
    if isinstance(value, list):
        for index in range(len(value)):
            yield from _places(value, index)


def _changed(rng: random.Random, value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + rng.choice([-1, 1])
    if isinstance(value, str):
        return _changed_text(rng, value)
    if isinstance(value, list):
        return _changed_list(rng, list(value))
    if isinstance(value, dict):
        return _changed_object(rng, dict(value))
    return rng.choice([False, 0, "0", {}, []])


def _changed_text(rng: random.Random, text: str) -> str:
    if re.fullmatch(r"-?\d+(/\d+)?", text) and rng.random() < 0.9:
        step = rng.choice([Fraction(1), Fraction(-1), Fraction(1, 2), Fraction(1, 1000), Fraction(-1, 10**9)])
        return str(rng.choice([Fraction(text) + step, -Fraction(text), Fraction(text) * 2, Fraction(0)]))
    if re.fullmatch(r"([0-9a-f]{2})+", text):
        place = rng.randrange(len(text))
        return text[:place] + rng.choice("0123456789abcdef") + text[place + 1 :]
    return rng.choice([text + " ", text[:-1], text.upper(), "-1", "0", ""])


def _changed_list(rng: random.Random, items: list[Any]) -> list[Any]:
    if not items:
        return [{}]
    i, j = rng.randrange(len(items)), rng.randrange(len(items))
    what = rng.randrange(4)
    if what == 0:
        del items[i]
    elif what == 1:
        items.insert(i, copy.deepcopy(items[j]))
    elif what == 2:
        items[i], items[j] = items[j], items[i]
    else:
        items.reverse()
    return items


def _changed_object(rng: random.Random, data: dict[str, Any]) -> dict[str, Any]:
    if not data:
        return {"0": "1"}
    one, other = rng.choice(list(data)), rng.choice(list(data))
    what = rng.randrange(3)
    if what == 0:
        del data[one]
    elif what == 1:
        data[one], data[other] = data[other], data[one]
    else:
        data[rng.choice(["0", "1", "2", "1:0", "2:1", "note", "free", "signs"])] = copy.deepcopy(data[one])
    return data
