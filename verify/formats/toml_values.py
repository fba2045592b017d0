"""Values of a TOML table, read with a check of their kind."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import InputError, NetworkError
from verify.formats.halfspaces import MAX_BITS, bounded, check_common_denominator, exact
from verify.network.matrix import Entries, compact
from verify.rational import Vector, vector

MAX_INTEGER = 10_000_000


def suggestion(name: str, known: Iterable[str]) -> str:
    """``did you mean ...?``, or the list of what is known."""
    names = list(known)
    close = difflib.get_close_matches(name[:60], names, n=1)
    return f"did you mean '{close[0]}'?" if close else f"expected one of {', '.join(names)}"


def describe(value: object) -> str:
    """What a TOML value is, for ``got ...`` in a message."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, np.ndarray):
        return f"a tensor of shape {value.shape}"
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        return "an enormous integer"
    return str(value)[:60] if isinstance(value, Fraction) else repr(value)[:60]


def number(value: object, what: str) -> Fraction:
    """An exact number: an integer, a decimal, or a string such as "1/3"."""
    if isinstance(value, Fraction):
        return value
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return bounded(Fraction(value))
        if isinstance(value, str):
            return exact(value)
    except InputError as error:
        raise NetworkError(f"{what}: {error}") from error
    raise NetworkError(f"{what}: expected a number, got {describe(value)}")


def integer(value: object, what: str, least: int = 0) -> int:
    """An integer from ``least`` to ten million."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MAX_INTEGER:
        raise NetworkError(f"{what}: expected an integer from {least} to {MAX_INTEGER}, got {describe(value)}")
    return value


def boolean(value: object, what: str) -> bool:
    """``true`` or ``false``."""
    if not isinstance(value, bool):
        raise NetworkError(f"{what}: expected true or false, got {describe(value)}")
    return value


def text(value: object, what: str) -> str:
    """A short string on one line."""
    if not isinstance(value, str) or not value.isprintable() or not 0 < len(value) <= 200:
        raise NetworkError(f"{what}: expected a name, at most 200 characters on one line, got {describe(value)}")
    return value


def texts(value: object, what: str) -> list[str]:
    """A list of names."""
    if not isinstance(value, list):
        raise NetworkError(f"{what}: expected a list of layer names, got {describe(value)}")
    return [text(item, what) for item in value]


def integers(value: object, what: str, least: int = 0) -> list[int]:
    """A list of integers; one integer is a list of one."""
    items = value if isinstance(value, list) else [value]
    return [integer(item, what, least) for item in items]


def array(value: object, what: str) -> Entries:
    """Nested lists of numbers as an array, float64 where every number is a float64."""
    if isinstance(value, np.ndarray):  # a tensor of a checkpoint
        return value
    shape = _shape(value, what)
    flat = _checked(value, what, shape)
    return compact(flat).reshape(shape)


def numbers(value: object, what: str) -> tuple[tuple[int, ...], Vector]:
    """The shape and the numbers of nested lists; one number has the empty shape."""
    if isinstance(value, np.ndarray):
        return value.shape, vector(value.ravel().tolist())
    shape = _shape(value, what)
    return shape, vector(_checked(value, what, shape))


def _checked(value: object, what: str, shape: Sequence[int]) -> list[Fraction]:
    """The numbers in row-major order, with a common denominator of a sane size."""
    flat = _flat(value, what, shape)
    try:
        check_common_denominator(flat)
    except InputError as error:
        raise NetworkError(f"{what}: {error}") from error
    return flat


def _shape(value: object, what: str) -> tuple[int, ...]:
    """The lengths of the first list at each depth."""
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        if not value:
            raise NetworkError(f"{what}: an empty list; expected numbers")
        value = value[0]
    return tuple(shape)


def _flat(value: object, what: str, shape: Sequence[int]) -> list[Fraction]:
    """The numbers in row-major order; every list at one depth must be as long as the first one there."""
    if not shape:
        return [number(value, what)]
    if not isinstance(value, list) or len(value) != shape[0]:
        raise NetworkError(
            f"{what}: a ragged array; expected {shape[0]} entries as in its first row, got {describe(value)}"
        )
    return [item for part in value for item in _flat(part, what, shape[1:])]


@dataclass(frozen=True)
class TomlTable:
    """One TOML table and how messages call it; every value is read through ``get``."""

    values: dict[str, object]
    where: str

    def check_keys(self, known: Sequence[str]) -> None:
        """Refuse keys that have no meaning here."""
        for key in self.values:
            if key not in known:
                raise NetworkError(f"{self.where}: unknown key {key[:40]!r}; {suggestion(key, known)}")

    def what(self, key: str) -> str:
        """How a message calls the value of ``key``."""
        return f"{self.where}: '{key}'"

    def has(self, key: str) -> bool:
        return key in self.values

    def get(self, key: str) -> object:
        """The value of a key that must be there."""
        if key not in self.values:
            raise NetworkError(f"{self.where}: '{key}' is missing")
        return self.values[key]
