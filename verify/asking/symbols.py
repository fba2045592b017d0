"""The language in Python: ``f(x + y) == f(x) + f(y)`` with names that stand for themselves.

    f, = functions("f")
    x, y = variables("x y")
    verify.ask("relu", (f(x + y) == f(x) + f(y)).forall(x.isin("box(0, 1)"), y.isin("box(0, 1)")))

Expressions only write text in the language; ``verify.ask`` reads it, as it reads all other text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn, TypeAlias

from verify.errors import FormulaError
from verify.rational import exact_text, to_fraction
from verify.region import Region

_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
Operand: TypeAlias = "Symbolic | int | float | Fraction | str | list[Any]"


@dataclass(frozen=True, eq=False)
class Symbolic:
    """An expression: its text, and the regions that it names."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __add__(self, other: Operand) -> Symbolic:
        return Symbolic(f"({self} + {_written(other)})")

    def __radd__(self, other: Operand) -> Symbolic:
        return Symbolic(f"({_written(other)} + {self})")

    def __sub__(self, other: Operand) -> Symbolic:
        return Symbolic(f"({self} - {_written(other)})")

    def __rsub__(self, other: Operand) -> Symbolic:
        return Symbolic(f"({_written(other)} - {self})")

    def __mul__(self, other: Operand) -> Symbolic:
        return Symbolic(f"{self}*{_written(other)}")

    def __rmul__(self, other: Operand) -> Symbolic:
        return Symbolic(f"{_written(other)}*{self}")

    def __truediv__(self, other: Operand) -> Symbolic:
        return Symbolic(f"{self}/{_written(other)}")

    def __neg__(self) -> Symbolic:
        return Symbolic(f"(-{self})")

    def __abs__(self) -> Symbolic:
        return Symbolic(f"abs({self})")

    def __getitem__(self, index: int) -> Symbolic:
        return Symbolic(f"{self}[{int(index)}]")

    def __iter__(self) -> NoReturn:
        raise FormulaError(f"{self} is a vector of unknown length; name its entries, {self}[0], {self}[1]")

    def __bool__(self) -> NoReturn:
        raise FormulaError(f"{self} is not true or false; write (a <= b) & (b <= c) for a <= b <= c")

    def __eq__(self, other: object) -> Truth:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Truth:  # type: ignore[override]
        return self._compared("!=", other)

    __hash__ = object.__hash__

    def __le__(self, other: Operand) -> Truth:
        return self._compared("<=", other)

    def __lt__(self, other: Operand) -> Truth:
        return self._compared("<", other)

    def __ge__(self, other: Operand) -> Truth:
        return self._compared(">=", other)

    def __gt__(self, other: Operand) -> Truth:
        return self._compared(">", other)

    def _compared(self, symbol: str, other: Any) -> Truth:
        return Truth(f"{self} {symbol} {_written(other)}")

    def isin(self, region: str | Region) -> Truth:
        """That the value lies in a region, given as text or as a ``Region``."""
        if isinstance(region, str):
            return Truth(f"{self} in {region}")
        name = f"P{id(region)}"
        return Truth(f"{self} in {name}", {name: region})


@dataclass(frozen=True, eq=False)
class Symbol(Symbolic):
    """A network by the name that it is bound to, or ``max``, ``min``, ``sum``: calling it makes an expression."""

    def __call__(self, *arguments: Operand) -> Symbolic:
        return Symbolic(f"{self}({', '.join(_written(argument) for argument in arguments)})")


@dataclass(frozen=True, eq=False)
class Truth:
    """A statement: ``&``, ``|``, ``~`` and ``>>`` are and, or, not and implies; ``forall`` adds conditions."""

    text: str
    regions: Mapping[str, Region] = field(default_factory=dict)
    quantified: bool = False

    def __str__(self) -> str:
        return self.text

    def __and__(self, other: Truth) -> Truth:
        return self._joined("and", other)

    def __or__(self, other: Truth) -> Truth:
        return self._joined("or", other)

    def __rshift__(self, other: Truth) -> Truth:
        return self._joined("=>", other)

    def __invert__(self) -> Truth:
        self._check_open()
        return Truth(f"not ({self})", self.regions)

    def __bool__(self) -> NoReturn:
        raise FormulaError(
            f"{self} is not true or false by itself; join statements with &, |, ~ and >>, and ask verify.ask"
        )

    def _joined(self, word: str, other: Truth) -> Truth:
        self._check_open()
        other._check_open()
        return Truth(f"({self}) {word} ({other})", {**self.regions, **other.regions})

    def _check_open(self) -> None:
        if self.quantified:
            raise FormulaError(f"{self} has its conditions already; join statements before forall")

    def forall(self, *conditions: Truth) -> Truth:
        """The statement for all values that satisfy the conditions."""
        self._check_open()
        regions = dict(self.regions)
        for condition in conditions:
            condition._check_open()
            regions |= condition.regions
        return Truth(f"{self} for {', '.join(str(condition) for condition in conditions)}", regions, True)


def variables(names: str) -> list[Symbolic]:
    """Make names to quantify over from a text that lists them, such as "x y"."""
    return [Symbolic(_name(name)) for name in names.replace(",", " ").split()]


def functions(names: str) -> list[Symbol]:
    """Make names of networks from a text that lists them, such as "f g"; calling one makes an expression.

    So are ``max``, ``min`` and ``sum``, which take values as in the language.
    """
    return [Symbol(_name(name)) for name in names.replace(",", " ").split()]


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise FormulaError(f"{text[:60]!r} is not a name; expected letters, digits and _")
    return text


def _written(value: Any) -> str:
    if isinstance(value, Symbolic):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(exact_text(to_fraction(v)) for v in value)}]"
    return f"({exact_text(to_fraction(value))})"
