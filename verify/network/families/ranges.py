"""What is known of a weight: a range of numbers, such as ``>= 0``; one for a whole tensor or one for each entry."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from verify.errors import InputError, NetworkError
from verify.rational import Number, exact_text, to_fraction

Shape: TypeAlias = tuple[int, ...]
MAX_LISTED = 1_000_000


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to ``high`` (None: no end there); ``strict`` leaves the ends out."""

    low: Fraction | None = None
    high: Fraction | None = None
    strict: bool = False

    def __post_init__(self) -> None:
        if self.low is not None and self.high is not None and self.low > self.high:
            raise NetworkError(f"the range {self.low} to {self.high} is empty")
        if self.strict and self.low is not None and self.low == self.high:
            raise NetworkError(f"no number is both above and below {self.low}")

    def contains(self, value: Fraction) -> bool:
        """Whether the number is in the range."""
        if self.strict and value in (self.low, self.high):
            return False
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    @property
    def is_zero(self) -> bool:
        """Whether 0 is the only number in it."""
        return self.low == self.high == 0

    @property
    def nearest_zero(self) -> Fraction:
        """A number in the range with as small a size as is simple to write."""
        candidates: list[Fraction] = [Fraction(0)]
        for end in (self.low, self.high):
            if end is not None:
                candidates += [end, Fraction(math.floor(end) + 1), Fraction(math.ceil(end) - 1)]
        if self.low is not None and self.high is not None:
            candidates.append((self.low + self.high) / 2)
        return min((c for c in candidates if self.contains(c)), key=lambda c: (abs(c), c < 0))

    def __str__(self) -> str:
        if self.low is not None and self.low == self.high:
            return f"= {exact_text(self.low)}"
        sign = "" if self.strict else "="
        if self.low is not None and self.high is not None:
            brackets = "()" if self.strict else "[]"
            return f"in {brackets[0]}{exact_text(self.low)}, {exact_text(self.high)}{brackets[1]}"
        if self.low is not None:
            return f">{sign} {exact_text(self.low)}"
        return f"<{sign} {exact_text(self.high)}" if self.high is not None else "any"


SignTree: TypeAlias = Range | tuple["SignTree", ...]
Given: TypeAlias = Range | Number | Sequence["Given"]

ZERO = Range(Fraction(0), Fraction(0))
ANY = Range()
WORDS: dict[str, Range] = {
    "any": ANY,
    "nonneg": Range(low=Fraction(0)),
    "nonpos": Range(high=Fraction(0)),
    "positive": Range(low=Fraction(0), strict=True),
    "negative": Range(high=Fraction(0), strict=True),
}
_COMPARED = re.compile(r"(>=|<=|>|<|==?)\s*(\S+)")
_BETWEEN = re.compile(r"in\s*([\[(])\s*(\S+)\s*,\s*(\S+?)\s*([\])])")


def parse_range(text: str) -> Range:
    """``any``, ``>= 0``, ``< 1/2``, ``= 3``, ``in [0, 1]``, ``nonneg`` and the other words, or a number."""
    plain = " ".join(text.split())
    if plain in WORDS:
        return WORDS[plain]
    if match := _COMPARED.fullmatch(plain):
        value, strict = to_fraction(match[2]), match[1] in "<>"
        if match[1].startswith("="):
            return Range(value, value)
        return Range(low=value, strict=strict) if match[1].startswith(">") else Range(high=value, strict=strict)
    if match := _BETWEEN.fullmatch(plain):
        if (match[1] == "[") != (match[4] == "]"):
            raise InputError(f"{plain[:60]!r}: both ends are in the range, or neither is")
        return Range(to_fraction(match[2]), to_fraction(match[3]), strict=match[1] == "(")
    value = to_fraction(plain)
    return Range(value, value)


def is_range_text(text: str) -> bool:
    """Whether a text is a range, and not merely a number such as ``1/3``."""
    plain = " ".join(text.split())
    return plain in WORDS or plain.startswith((">", "<", "=", "in ", "in[", "in("))


def signs(given: Given, what: str = "weight") -> SignTree:
    """The ranges that were given: one, or nested lists of them."""
    try:
        if isinstance(given, Range):
            return given
        if isinstance(given, str):
            return parse_range(given)
        if isinstance(given, int | float | Fraction) and not isinstance(given, bool):
            return Range(to_fraction(given), to_fraction(given))
    except InputError as error:
        raise NetworkError(f"{what}: {error}") from error
    if not isinstance(given, Sequence):
        raise NetworkError(f"{what}: {str(given)[:60]!r} is neither a range, a number nor a list of them")
    return tuple(signs(item, what) for item in given)


def check_shape(given: SignTree, shape: Shape, what: str) -> None:
    """Lists are as long as the axes that they stand for; one range may stand for all that is below it."""
    if isinstance(given, Range):
        return
    if not shape:
        raise NetworkError(f"{what}: the signs are nested deeper than the weights")
    if len(given) != shape[0]:
        raise NetworkError(f"{what}: the signs do not have the shape of the weights; expected {shape[0]} at a level")
    for item in given:
        check_shape(item, shape[1:], what)


def below(given: SignTree, index: int) -> SignTree:
    """The part of one index of the first axis."""
    return given if isinstance(given, Range) else given[index]


def at(given: SignTree, place: Sequence[int]) -> Range:
    """The range of one entry."""
    for index in place:
        given = below(given, index)
    assert isinstance(given, Range)
    return given


def leaves(given: SignTree, shape: Shape) -> Iterator[tuple[Range, int]]:
    """The ranges of all entries in row-major order, each with how many entries in a row have it."""
    if isinstance(given, Range):
        yield given, math.prod(shape)
    else:
        for item in given:
            yield from leaves(item, shape[1:])


def flat(given: SignTree, shape: Shape) -> list[Range]:
    """The range of every entry, row-major."""
    if math.prod(shape) > MAX_LISTED:
        raise NetworkError(f"a tensor of shape {shape} has too many weights to list one by one")
    return list(itertools.chain.from_iterable([r] * count for r, count in leaves(given, shape)))


def text(given: SignTree) -> object:
    """The ranges as plain data: a text, or nested lists of texts."""
    return str(given) if isinstance(given, Range) else [text(item) for item in given]


def holds_all(given: SignTree, shape: Shape) -> str:
    """``>= 0`` where one range covers all entries, else how many there are."""
    found = list(dict.fromkeys(str(r) for r, count in leaves(given, shape) if count))
    return found[0] if len(found) == 1 else f"{' or '.join(found[:3])}{' ...' if len(found) > 3 else ''}, by entry"
