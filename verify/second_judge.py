"""A second judge: reads a record of format 2 and checks it again, sharing no code with the rest of this project.

    python second_judge.py RECORD.json...        one line for each: accepted, rejected, declined, or cannot be read

Standard library only, rational numbers only (``fractions``). It does what ``docs/evidence.md`` and
``docs/formats.md`` say, and is to be read from top to bottom: records and numbers, forms and regions, networks
(canonical form, TOML, ONNX), what is claimed, and the kinds of evidence. Speed is no aim. Whatever it does not check
completely, it *declines by name*.

Exit status: 4 a record is rejected, 2 one cannot be read, 3 one is declined (the first that applies), else 0.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import json
import math
import re
import stat
import struct
import sys
import tomllib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction as Q
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeAlias


class Rejected(Exception):
    """The record says something that does not follow; ``rule`` names what it breaks."""

    def __init__(self, rule: str, why: str) -> None:
        super().__init__(f"{rule}: {why}")
        self.rule = rule


class Declined(Exception):
    """The record may be right, and this judge does not check it."""


class Unreadable(Exception):
    """A file that is missing or is not what it should be."""


def require(holds: bool, rule: str, why: str) -> None:
    """Reject the record under this rule unless it holds."""
    if not holds:
        raise Rejected(rule, why)


class Work:
    """How many products of numbers one record may still cost."""

    LIMIT = 20_000_000
    left = LIMIT

    @classmethod
    def spend(cls, count: int) -> None:
        cls.left -= count
        if cls.left < 0:
            raise Declined(f"more than {cls.LIMIT} products of rational numbers")


# ---------------------------------------------------------------------------------------------- records and numbers


def read_json(data: bytes) -> Any:
    """Strict JSON: no key twice, no NaN, no long numbers outside strings."""

    def unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
        require(len(dict(pairs)) == len(pairs), "duplicate key", "a key stands twice in one object")
        return dict(pairs)

    def constant(word: str) -> NoReturn:
        raise Rejected("number", f"{word} is no number")

    def whole(text: str) -> int:
        require(len(text.lstrip("-")) <= 18, "number", "an integer of more than 18 digits")
        return int(text)

    def decimal(text: str) -> float:
        require(len(text) <= 40, "number", "a decimal of more than 40 characters")
        return float(text)

    try:
        return json.loads(
            data.decode(), object_pairs_hook=unique, parse_constant=constant, parse_int=whole, parse_float=decimal
        )
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error!s:.100}") from error


def same(a: Any, b: Any) -> bool:
    """Equal JSON values, types included."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def keys(data: Any, needed: Iterable[str], optional: Iterable[str] = (), rule: str = "evidence") -> dict[str, Any]:
    """The object, which has these keys and no others."""
    require(isinstance(data, dict), rule, "an object was expected")
    missing, unknown = set(needed) - set(data), set(data) - set(needed) - set(optional)
    require(not missing and not unknown, rule, f"keys {sorted(missing | unknown)!r:.100} are missing or unknown")
    found: dict[str, Any] = data
    return found


def listed(data: Any, rule: str = "format") -> list[Any]:
    """The list, or a rejection."""
    require(isinstance(data, list), rule, "a list was expected")
    found: list[Any] = data
    return found


RATIONAL = re.compile(r"(-?)(0|[1-9][0-9]*)(?:/([1-9][0-9]*))?")


def rational(value: Any) -> Q:
    """A number as records write it: ``p`` or ``p/q`` in lowest terms."""
    found = RATIONAL.fullmatch(value) if isinstance(value, str) and len(value) <= 100_000 else None
    if found is None:
        raise Rejected("format", f"{value!r:.60} is not a rational number as records write it")
    number = Q(int(Decimal(found[2])), int(Decimal(found[3] or 1)))
    number = -number if found[1] else number
    require(written(number) == value, "format", f"{value!r:.60} is not in lowest terms")
    return number


def written(number: Q) -> str:
    """The text of a number, of any length."""
    top, bottom = (format(Decimal(part), "f") for part in number.as_integer_ratio())
    return top if bottom == "1" else f"{top}/{bottom}"


def vector(data: Any) -> list[Q]:
    """A list of rationals."""
    return [rational(value) for value in listed(data)]


def decimal_number(text: str) -> Q:
    """A number that a person wrote: ``0.1`` is one tenth."""
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", text, re.ASCII) or len(text) > 4200:
        raise Unreadable(f"{text[:40]!r} is not a number that is read here")
    return Q(Decimal(text))


# ------------------------------------------------------------------------------------------------ forms and regions

# A form is a sum of coefficients times variables. The variable (0, j) is coordinate j, (k, i) is unit i of block k, and
# ONE is the constant. Coefficients that are zero are left out.
Key: TypeAlias = tuple[int, int]
Form: TypeAlias = dict[Key, Q]
Multipliers: TypeAlias = Mapping[int, Q]
ONE: Key = (-1, 0)
ZERO = Q(0)


def add(target: Form, factor: Q, source: Form) -> None:
    """``target += factor * source``."""
    Work.spend(len(source))
    if factor:
        for key, value in source.items():
            total = target.get(key, ZERO) + factor * value
            if total:
                target[key] = total
            else:
                del target[key]


def total(*parts: tuple[Q | int, Form]) -> Form:
    """A sum of forms with factors."""
    result: Form = {}
    for factor, form in parts:
        add(result, Q(factor), form)
    return result


def negative(form: Form) -> Form:
    """The form times -1."""
    return {key: -value for key, value in form.items()}


def put(row: Form, values: Mapping[Key, Form]) -> Form:
    """The row with the values put in for the variables that have one."""
    result: Form = {}
    for key, weight in row.items():
        add(result, weight, values.get(key, {key: Q(1)}))
    return result


def at(form: Form, point: Sequence[Q]) -> Q:
    """The value of a form of coordinates at a point; coordinates beyond the point's count as 0."""
    found = form.get(ONE, ZERO)
    return found + sum((v * point[key[1]] for key, v in form.items() if key[0] == 0 and key[1] < len(point)), ZERO)


def form_of(coefficients: Sequence[Q], constant: Q) -> Form:
    """The form with these coefficients of coordinates, and a constant."""
    form = {(0, j): value for j, value in enumerate(coefficients) if value}
    return form | ({ONE: constant} if constant else {})


def echelon(rows: Sequence[Sequence[Q]], columns: int) -> tuple[list[list[Q]], list[int]]:
    """Reduced row echelon form by the first columns, and the pivots."""
    done, pivots = [list(row) for row in rows], list[int]()
    for column in range(columns):
        place = len(pivots)
        found = next((r for r in range(place, len(done)) if done[r][column]), None)
        if found is None:
            continue
        done[place], done[found] = done[found], done[place]
        done[place] = [value / done[place][column] for value in done[place]]
        for r in range(len(done)):
            if r != place and done[r][column]:
                Work.spend(len(done[r]))
                done[r] = [a - done[r][column] * b for a, b in zip(done[r], done[place], strict=True)]
        pivots.append(column)
    return done, pivots


def solution(columns: Sequence[Sequence[Q]], target: Sequence[Q]) -> list[Q] | None:
    """An x with ``sum_j x_j columns[j] = target``, variables that are free being 0; None where there is none."""
    width = len(columns)
    rows, pivots = echelon([[*(c[i] for c in columns), value] for i, value in enumerate(target)], width)
    if any(row[width] for row in rows[len(pivots) :]):
        return None
    found = [ZERO] * width
    for row, pivot in zip(rows, pivots, strict=False):
        found[pivot] = row[width]
    return found


@dataclass
class Region:
    """Coordinates t in a box (sides None where infinite) or an L1 ball, with ``rows``: forms that are >= 0.

    With a chart the points are ``origin + sum_j t_j directions[j]``.
    """

    low: list[Q | None]
    high: list[Q | None]
    rows: list[Form]
    centre: list[Q] | None = None
    radius: Q = ZERO
    origin: list[Q] | None = None
    directions: list[list[Q]] = field(default_factory=list)

    @property
    def dimension(self) -> int:
        return len(self.low)

    @property
    def ambient(self) -> int:
        return self.dimension if self.origin is None else len(self.origin)

    @property
    def pinned(self) -> dict[int, Q]:
        """The coordinates whose sides coincide."""
        return {j: a for j, (a, b) in enumerate(zip(self.low, self.high, strict=True)) if a is not None and a == b}

    def least(self, form: Form) -> Q | None:
        """The minimum of a form over box or ball; None for minus infinity."""
        constant = form.get(ONE, ZERO)
        if self.centre is not None:
            steepest = max((abs(v) for key, v in form.items() if key != ONE), default=ZERO)
            return at(form, self.centre) - self.radius * steepest
        for key, value in form.items():
            if key != ONE:
                side = self.low[key[1]] if value > 0 else self.high[key[1]]
                if side is None:
                    return None
                constant += value * side
        return constant

    def holds(self, t: Sequence[Q]) -> bool:
        if self.centre is not None:
            inside = sum((abs(a - b) for a, b in zip(t, self.centre, strict=True)), ZERO) <= self.radius
        else:
            sides = zip(self.low, t, self.high, strict=True)
            inside = all((a is None or a <= v) and (b is None or v <= b) for a, v, b in sides)
        return inside and all(at(row, t) >= 0 for row in self.rows)

    def contains(self, x: Sequence[Q]) -> bool:
        """Whether an ambient point lies in the region."""
        if len(x) != self.ambient:
            return False
        if self.origin is None:
            return self.holds(x)
        t = solution(self.directions, [a - b for a, b in zip(x, self.origin, strict=True)])
        return t is not None and self.holds(t)

    @property
    def origin_in_hull(self) -> bool:
        """Whether 0 satisfies the equations of chart and pinned sides."""
        return not (self.origin and any(self.origin)) and not any(self.pinned.values())

    @property
    def contains_origin(self) -> bool:
        return self.origin_in_hull and self.holds([ZERO] * self.dimension)

    def follows(self, form: Form, rows: Sequence[Form], multipliers: Multipliers) -> bool:
        """Whether ``form >= 0`` follows: less multiples of the rows, its minimum over box or ball is >= 0."""
        rest = dict(form)
        for index, factor in multipliers.items():
            if factor < 0 or not 0 <= index < len(rows):
                return False
            add(rest, -factor, rows[index])
        least = self.least(rest)
        return least is not None and least >= 0

    def half_spaces(self) -> list[Form]:
        """Low sides, high sides, rows; of a box."""
        lows = [total((1, {(0, j): Q(1)}), (-a, {ONE: Q(1)})) for j, a in enumerate(self.low) if a is not None]
        highs = [total((-1, {(0, j): Q(1)}), (b, {ONE: Q(1)})) for j, b in enumerate(self.high) if b is not None]
        return [*lows, *highs, *self.rows]

    def lifted_rows(self) -> tuple[list[Form], int]:
        """Rows in coordinates (t, s) for an L1 ball, and the number of coordinates s."""
        if self.centre is None:
            return self.half_spaces(), 0
        n, rows = self.dimension, list[Form]()
        for j, c in enumerate(self.centre):
            rows += [form_of([ZERO] * j + [-s] + [ZERO] * (n - 1) + [Q(1)], s * c) for s in (Q(1), Q(-1))]
        rows.append(form_of([ZERO] * n + [Q(-1)] * n, self.radius))
        return [*rows, *self.rows], n


def polyhedron(dimension: int, rows: Iterable[Form]) -> Region:
    """Rows in one coordinate become sides; a pair of sides that would be empty stays, as the last rows."""
    sides: tuple[list[Q | None], list[Q | None]] = ([None] * dimension, [None] * dimension)
    kept: list[Form] = []
    for row in rows:
        used = [key for key in row if key != ONE]
        if len(used) != 1:
            if used or row.get(ONE, ZERO) < 0:
                kept.append(row)
            continue
        j, slope = used[0][1], row[used[0]]
        limit, side = -row.get(ONE, ZERO) / slope, sides[0 if slope > 0 else 1]
        known = side[j]
        side[j] = limit if known is None else max(limit, known) if slope > 0 else min(limit, known)
    for j in range(dimension):
        a, b = sides[0][j], sides[1][j]
        if a is not None and b is not None and a > b:
            unit = {(0, j): Q(1)}
            kept += [total((-1, unit), (b, {ONE: Q(1)})), total((1, unit), (-a, {ONE: Q(1)}))]
            sides[0][j] = sides[1][j] = None
    return Region(*sides, kept)


def window(origin: list[Q], directions: list[list[Q]], low: list[Q | None], high: list[Q | None]) -> Region:
    """A slice; one through 0 has the origin 0."""
    independent = len(echelon(directions, len(origin))[1]) == len(directions)
    require(independent, "region", "the directions are linearly dependent")
    moved = solution(directions, origin)
    if moved is not None:
        low = [None if a is None else a + m for a, m in zip(low, moved, strict=True)]
        high = [None if b is None else b + m for b, m in zip(high, moved, strict=True)]
        origin = [ZERO] * len(origin)
    return Region(low, high, [], origin=origin, directions=directions)


def read_region(data: Any) -> Region:
    """The region of ``region_data``, which must be written as records write it."""
    require(isinstance(data, dict) and data.get("kind") in ("box", "l1"), "region_data", "neither a box nor a ball")
    if data["kind"] == "l1":
        keys(data, ("kind", "centre", "radius", "rows"), rule="region_data")
        centre, radius = vector(data["centre"]), rational(data["radius"])
        require(radius > 0, "region_data", "the radius of a ball is positive")
        region = Region([None] * len(centre), [None] * len(centre), [], centre, radius)
    else:
        chart = ("origin", "directions") if "origin" in data or "directions" in data else ()
        keys(data, ("kind", "low", "high", "rows", *chart), rule="region_data")
        low, high = ([None if v is None else rational(v) for v in listed(data[side])] for side in ("low", "high"))
        require(len(low) == len(high), "region_data", "the sides differ in number")
        pairs = zip(low, high, strict=True)
        require(all(a is None or b is None or a <= b for a, b in pairs), "region_data", "an empty side")
        region = Region(low, high, [])
        if chart:
            origin, directions = vector(data["origin"]), [vector(d) for d in listed(data["directions"])]
            fits = len(directions) == len(low) and all(len(d) == len(origin) for d in directions)
            require(fits, "region_data", "directions of the wrong number or length")
            region = window(origin, directions, low, high)
            require((region.origin, region.low) == (origin, low), "region_data", "a plane through 0 has the origin 0")
    for item in listed(data["rows"]):
        row = vector(item)
        require(len(row) == region.dimension + 1, "region_data", "a row of the wrong length")
        region.rows.append(form_of([-a for a in row[:-1]], row[-1]))
    return region


class RegionText:
    """The region that an expression such as ``box(-1, 1) & where(x0 <= x1)`` means (``docs/formats.md``)."""

    def __init__(self, text: str, dimension: int) -> None:
        self.text, self.place, self.n = text, 0, dimension

    def wrong(self) -> NoReturn:
        if any(not c.isascii() and not c.isalpha() for c in self.text):
            raise Declined("a region written with signs such as a pasted minus")
        raise Rejected("region", f"{self.text!r:.80} is not an expression for a region (at {self.place})")

    def take(self, pattern: str, needed: bool = False) -> str:
        """The next token if it matches."""
        space = re.compile(r"\s*").match(self.text, self.place)
        start = space.end() if space else self.place
        found = re.compile(pattern).match(self.text, start)
        if found is None and needed:
            self.wrong()
        self.place = found.end() if found else self.place
        return found[0] if found else ""

    def whole(self) -> Region:
        region = self.region()
        if self.take(r"$") or self.place != len(self.text) or self.text != self.text.strip():
            self.wrong()
        return region

    def region(self) -> Region:
        parts = [self.part()]
        while self.take("&"):
            parts.append(self.part())
        return reduce(self.meet, parts)

    def meet(self, left: Region, right: Region) -> Region:
        if left.origin is None and left.centre is None and right.origin is None and right.centre is None:
            sides = [*left.half_spaces()[: -len(left.rows) or None], *right.half_spaces()[: -len(right.rows) or None]]
            found = polyhedron(self.n, sides)
            return Region(found.low, found.high, [*found.rows, *left.rows, *right.rows])
        if right.origin is not None or right.centre is not None:
            left, right = right, left
        if right.origin is not None or right.centre is not None:
            self.wrong()
        rows = right.half_spaces()
        if left.origin is not None:
            chart = chart_rows(left)
            rows = [put(row, {(0, i): form for i, form in enumerate(chart)}) for row in rows]
        left.rows += rows
        return left

    def part(self) -> Region:
        if self.take(r"\("):
            region = self.region()
            self.take(r"\)", needed=True)
            return region
        if self.take(r"""["']|[^\s()\[\],&'"<>=]+\.(npy|vnnlib)"""):
            raise Declined("a region that is read from a file")
        name, arguments = self.take(r"[A-Za-z_][A-Za-z_0-9]*", needed=True), list[Any]()
        if name == "where":
            return self.where()
        if self.take(r"\(") and not self.take(r"\)"):
            arguments = self.items(r"\)")
        builders: dict[str, tuple[int, Callable[..., Region]]] = {
            "all": (0, lambda: Region([None] * self.n, [None] * self.n, [])),
            "nonneg": (0, lambda: Region([ZERO] * self.n, [None] * self.n, [])),
            "nonpos": (0, lambda: Region([None] * self.n, [ZERO] * self.n, [])),
            "box": (2, lambda a, b: Region(self.sides(a, -1, self.n), self.sides(b, 1, self.n), [])),
            "ball": (2, lambda c, r: self.ball(self.point(c), self.number(r))),
            "l1ball": (2, lambda c, r: self.l1ball(self.point(c), self.number(r))),
            "segment": (2, lambda a, b: self.segment(self.point(a), self.point(b))),
            "slice": (4, self.slice),
        }
        if name not in builders or builders[name][0] != len(arguments):
            self.wrong()
        region = builders[name][1](*arguments)
        if any(a is not None and b is not None and a > b for a, b in zip(region.low, region.high, strict=True)):
            self.wrong()
        return region

    def items(self, end: str) -> list[Any]:
        """Arguments or entries up to the closing bracket."""
        found = [self.argument()]
        while not self.take(end):
            self.take(",", needed=True)
            found.append(self.argument())
        return found

    def argument(self) -> Any:
        """A list, a number, or an infinity as a text."""
        if self.take(r"\["):
            return [] if self.take(r"\]") else self.items(r"\]")
        if self.take(r"""["']|[^\s()\[\],&'"<>=]+\.(npy|vnnlib)"""):
            raise Declined("a region that is read from a file")
        infinity = self.take(r"([+-]\s*)?inf\b")
        if infinity:
            return infinity
        number = self.take(r"([+-]\s*)?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?(\s*/\s*\d+)?", needed=True)
        top, _, bottom = re.sub(r"\s", "", number).partition("/")
        if bottom and not int(bottom):
            self.wrong()
        return decimal_number(top) / decimal_number(bottom or "1")

    def number(self, value: Any) -> Q:
        return value if isinstance(value, Q) else self.wrong()

    def flat(self, value: Any) -> list[Any]:
        if not isinstance(value, list):
            return [value]
        if len({len(v) if isinstance(v, list) else -1 for v in value}) > 1:
            self.wrong()
        return [item for part in value for item in self.flat(part)]

    def entries(self, value: Any, count: int) -> list[Any]:
        found = self.flat(value) if isinstance(value, list) else [value] * count
        return found if len(found) == count else self.wrong()

    def point(self, value: Any) -> list[Q]:
        return [self.number(v) for v in self.entries(value, self.n)]

    def sides(self, value: Any, sign: int, count: int) -> list[Q | None]:
        found = self.entries(value, count)
        if any(not isinstance(v, Q) and v.startswith("-") != (sign < 0) for v in found):
            self.wrong()
        return [v if isinstance(v, Q) else None for v in found]

    def ball(self, centre: list[Q], radius: Q) -> Region:
        return Region([c - radius for c in centre], [c + radius for c in centre], [])

    def l1ball(self, centre: list[Q], radius: Q) -> Region:
        if radius <= 0:
            return self.ball(centre, radius)
        return Region([None] * self.n, [None] * self.n, [], centre, radius)

    def segment(self, start: list[Q], end: list[Q]) -> Region:
        if start == end:
            return self.ball(start, ZERO)
        return window(start, [[b - a for a, b in zip(start, end, strict=True)]], [ZERO], [Q(1)])

    def slice(self, origin: Any, directions: Any, low: Any, high: Any) -> Region:
        if not isinstance(directions, list) or not directions or any(isinstance(d, Q | str) for d in directions):
            self.wrong()
        columns, count = [self.point(d) for d in directions], len(directions)
        return window(self.point(origin), columns, self.sides(low, -1, count), self.sides(high, 1, count))

    def where(self) -> Region:
        rows: list[Form] = []
        self.take(r"\(", needed=True)
        while True:
            left = self.sum()
            symbol = self.take(r"<=|>=|==", needed=True)
            while symbol:
                right = self.sum()
                gap = total((1, right), (-1, left))
                rows += [gap] if symbol != ">=" else []
                rows += [negative(gap)] if symbol != "<=" else []
                left, symbol = right, self.take(r"<=|>=|==")
            if self.take(r"\)"):
                return polyhedron(self.n, rows)
            self.take(",", needed=True)

    def sum(self) -> Form:
        result = self.product()
        while sign := self.take(r"[+-]"):
            result = total((1, result), (1 if sign == "+" else -1, self.product()))
        return result

    def product(self) -> Form:
        result = self.factor()
        while symbol := self.take(r"[*/]"):
            other = self.factor()
            if symbol == "/":
                other = {ONE: 1 / other[ONE]} if set(other) == {ONE} else self.wrong()
            if set(result) <= {ONE}:
                result, other = other, result
            if not set(other) <= {ONE}:
                self.wrong()
            result = total((other.get(ONE, ZERO), result))
        return result

    def factor(self) -> Form:
        sign = 1
        while symbol := self.take(r"[+-]"):
            sign = -sign if symbol == "-" else sign
        if self.take(r"\("):
            found = self.sum()
            self.take(r"\)", needed=True)
        elif name := self.take(r"x[0-9]{1,9}(?![A-Za-z_0-9])"):
            found = {(0, int(name[1:])): Q(1)} if int(name[1:]) < self.n else self.wrong()
        elif self.take(r"[A-Za-z_]"):
            raise Declined("a region that names inputs of the network")
        else:
            found = form_of([], decimal_number(self.take(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", needed=True)))
        return total((sign, found))


def chart_rows(region: Region) -> list[Form]:
    """The ambient coordinates as forms of the chart's."""
    return [form_of([d[i] for d in region.directions], value) for i, value in enumerate(region.origin or [])]


# --------------------------------------------------------------------------------- networks: the canonical form


class Block(NamedTuple):
    """Pre-activations as forms of the input and of earlier blocks, then ReLU, a smooth function, or nothing."""

    rows: list[Form]
    relu: bool
    smooth: str | None = None


@dataclass
class Network:
    """Blocks, numbered from 1; the last one is the output."""

    inputs: int
    blocks: list[Block]
    notes: list[str] = field(default_factory=list)
    name: str | None = None

    @property
    def outputs(self) -> int:
        return len(self.blocks[-1].rows)

    @property
    def weights(self) -> int:
        return sum(len(row) - (ONE in row) for block in self.blocks for row in block.rows)

    def relu_blocks(self) -> list[tuple[int, int]]:
        """Number and size of each ReLU block."""
        return [(k, len(block.rows)) for k, block in enumerate(self.blocks, 1) if block.relu]

    def require_relu(self) -> None:
        for block in self.blocks:
            if block.smooth is not None:
                raise Declined(f"a proof about a network with {block.smooth}")

    def forms(self, pattern: Mapping[int, Sequence[bool]]) -> list[list[Form]]:
        """The pre-activations of each block under a pattern, as forms of the input."""
        known: dict[Key, Form] = {}
        result = []
        for k, block in enumerate(self.blocks, 1):
            rows = [put(row, known) for row in block.rows]
            known |= {(k, i): row if not block.relu or pattern[k][i] else {} for i, row in enumerate(rows)}
            result.append(rows)
        return result


def shifted(row: Form, shift: int) -> Form:
    """The row with blocks renumbered; with a shift the input is block ``shift`` if that is a block of its own."""
    return {key if key == ONE else (key[0] + shift, key[1]): value for key, value in row.items()}


def joined(inputs: int, copies: Sequence[tuple[Network, Sequence[Form]]]) -> tuple[list[Block], list[int]]:
    """The blocks of copies one after the other, each after its own map of the input, and where each ends.

    A map that only selects and scales coordinates is put into the copy's rows; any other becomes a block.
    """
    blocks: list[Block] = []
    ends = []
    for network, argument in copies:
        direct = all(len(row) <= 1 and ONE not in row for row in argument)
        if not direct:
            blocks.append(Block(list(argument), relu=False))
        shift, start = len(blocks), {(0, j): form for j, form in enumerate(argument)}
        for block in network.blocks:
            rows = []
            for row in block.rows:
                own = {key: w for key, w in row.items() if key[0] == 0}
                rest = shifted({key: w for key, w in row.items() if key[0] != 0}, shift)
                rows.append(put(own, start) | rest if direct else shifted(own, shift) | rest)
            blocks.append(Block(rows, block.relu, block.smooth))
        ends.append(len(blocks))
    return blocks, ends


def composed(network: Network, argument: Sequence[Form], inputs: int) -> Network:
    """``t -> network(argument(t))``."""
    return Network(inputs, joined(inputs, [(network, argument)])[0])


def combination(copies: Sequence[tuple[Q | int, Network, Sequence[Form]]], inputs: int) -> Network:
    """``sum_i factor_i network_i(argument_i)``."""
    blocks, ends = joined(inputs, [(network, argument) for _, network, argument in copies])
    outputs = range(copies[0][1].outputs)
    last = [
        total(*((factor, {(end, o): Q(1)}) for (factor, _, _), end in zip(copies, ends, strict=True))) for o in outputs
    ]
    return Network(inputs, [*blocks, Block(last, relu=False)])


def identity(size: int) -> list[Form]:
    """Each coordinate as a form."""
    return [{(0, j): Q(1)} for j in range(size)]


def canonical_digest(input_shape: Any, output_shape: Any, notes: Any, blocks: Any) -> str:
    """SHA-256 of a network that has no file."""
    return hashlib.sha256(json.dumps([input_shape, output_shape, notes, blocks]).encode()).hexdigest()


def inline_network(data: Any) -> tuple[Network, str]:
    """The network that stands in the record, and its digest."""
    keys(data, ("name", "input_shape", "output_shape", "notes", "blocks"), rule="network")
    sizes, blocks, plain = [count_of(data["input_shape"])], list[Block](), []
    require(all(isinstance(v, str) for v in [data["name"], *listed(data["notes"])]), "network", "a text was expected")
    for number, item in enumerate(listed(data["blocks"]), 1):
        if "quantizer" in item:
            raise Declined("a network that rounds its values")
        keys(item, ("name", "shape", "relu", "bias", "inputs"), ("smooth",), "network")
        bias = vector(item["bias"])
        rows: list[Form] = [{ONE: b} if b else {} for b in bias]
        named = isinstance(item["name"], str) and type(item["relu"]) is bool
        require(
            named and count_of(item["shape"]) == len(bias), "network", "a block that is not written as it should be"
        )
        smooth = item.get("smooth")
        require("smooth" not in item or (isinstance(smooth, str) and not item["relu"]), "network", "an activation")
        seen: set[int] = set()
        for part in listed(item["inputs"]):
            keys(part, ("source", "rows", "columns", "entries"), rule="network")
            source, entries = part["source"], vector(part["entries"])
            require(type(source) is int and 0 <= source < number, "network", "a block reads one that is not before it")
            if source in seen:
                raise Declined("a block that reads another one twice")
            seen.add(source)
            places = list(zip(listed(part["rows"]), listed(part["columns"]), strict=True)) if _even(part) else []
            require(len(places) == len(entries), "network", "rows, columns and entries differ in number")
            for (i, j), entry in zip(places, entries, strict=True):
                inside = type(i) is type(j) is int and 0 <= i < len(bias) and 0 <= j < sizes[source]
                require(inside and bool(entry), "network", "an entry outside its matrix, or zero")
                rows[i][source, j] = entry
            require(places == sorted(set(places)), "network", "entries are not sorted")
        sizes.append(len(bias))
        blocks.append(Block(rows, item["relu"], smooth))
        order = ("relu", *(["smooth"] if "smooth" in item else []), "bias")
        parts = [{key: part[key] for key in ("source", "rows", "columns", "entries")} for part in item["inputs"]]
        plain.append({key: item[key] for key in order} | {"inputs": parts})
    require(bool(blocks) and not blocks[-1].relu and blocks[-1].smooth is None, "network", "no output block")
    require(count_of(data["output_shape"]) == sizes[-1], "network", "the output's shape does not hold its values")
    digest = canonical_digest(data["input_shape"], data["output_shape"], data["notes"], plain)
    return Network(sizes[0], blocks, data["notes"], data["name"]), digest


def _even(part: Any) -> bool:
    return len(listed(part["rows"])) == len(listed(part["columns"]))


def count_of(shape: Any) -> int:
    """How many values a shape holds."""
    require(all(type(d) is int and d >= 0 for d in listed(shape)), "network", "a shape is a list of sizes")
    return math.prod(shape)


# ------------------------------------------------------------------------- networks: layers that lower to that form


@dataclass
class Tensor:
    """Values in row-major order, each a form of the input and of the blocks made so far.

    ``sources`` are the blocks that were read for them, also where weights of zero left nothing of one. ``merged``: some
    weight, or constant, is a sum of several, of which an implementation rounds each.
    """

    blocks: list[Block]
    shape: tuple[int, ...]
    rows: list[Form]
    sources: frozenset[int]
    merged: bool = False

    def with_rows(self, rows: list[Form], shape: Sequence[int] | None = None) -> Tensor:
        wanted = tuple(shape) if shape is not None else self.shape
        return Tensor(self.blocks, wanted, rows, self.sources, self.merged)

    def reshape(self, shape: Sequence[int]) -> Tensor:
        if math.prod(shape) != len(self.rows):
            raise Unreadable(f"shape {self.shape} cannot become {tuple(shape)}")
        return self.with_rows(self.rows, shape)

    def take(self, places: Sequence[int], shape: Sequence[int]) -> Tensor:
        """Values at flat places, -1 being zero."""
        return self.with_rows([self.rows[p] if p >= 0 else {} for p in places], shape)

    def block(self, *, relu: bool, smooth: str | None = None) -> Tensor:
        """These values as the pre-activations of a new block; the tensor of its results."""
        self.blocks.append(Block(self.rows, relu, smooth))
        number = len(self.blocks)
        rows: list[Form] = [{(number, i): Q(1)} for i in range(len(self.rows))]
        return Tensor(self.blocks, self.shape, rows, frozenset([number]))

    def has_constant(self) -> bool:
        return any(ONE in row for row in self.rows)

    def simple(self) -> Tensor:
        """At most one unit of each block in a value, each once, and no constant: else these values become a block."""
        mixed = any(len({key[0] for key in row}) < len(row) for row in self.rows)
        return self.block(relu=False) if mixed or self.merged or self.has_constant() else self

    def is_settled(self) -> bool:
        """Whether every value is plus or minus one unit, or zero."""
        return not self.merged and not self.has_constant() and self.are_signs()

    def are_signs(self) -> bool:
        """Whether every value is plus or minus one unit, or zero, but for its constant."""
        weights = ([w for key, w in row.items() if key != ONE] for row in self.rows)
        return all(len(row) <= 1 and all(abs(w) == 1 for w in row) for row in weights)

    def settled(self) -> Tensor:
        return self if self.is_settled() else self.block(relu=False)

    def apply(self, matrix: Iterable[Mapping[int, Q]], shape: Sequence[int], bias: Sequence[Q] | None = None) -> Tensor:
        """Rows of place -> weight times the values, plus the bias."""
        start = self.simple()
        rows, merged = [], False
        for i, weights in enumerate(matrix):
            row: Form = {ONE: bias[i]} if bias is not None and bias[i] else {}
            count = 0
            for place, weight in weights.items():
                add(row, weight, start.rows[place])
                count += len(start.rows[place]) if weight else 0
            merged = merged or len(row.keys() - {ONE}) < count
            rows.append(row)
        return replace(start.with_rows(rows, shape), merged=merged)

    def scaled(self, factors: Q | Sequence[Q]) -> Tensor:
        """Times one number, or each value times its own by a layer."""
        if isinstance(factors, Q):
            return self.with_rows([total((factors, row)) for row in self.rows])
        return self.apply([{i: f} for i, f in enumerate(factors)], self.shape)

    def plus(self, constants: Sequence[Q]) -> Tensor:
        start = self.simple() if self.has_constant() else self
        return start.with_rows([total((1, r), (c, {ONE: Q(1)})) for r, c in zip(start.rows, constants, strict=True)])

    def minus(self, other: Tensor) -> Tensor:
        return self.sum(other, -1)

    def sum(self, other: Tensor, sign: int = 1) -> Tensor:
        if self.shape != other.shape:
            raise Unreadable(f"shapes {self.shape} and {other.shape} cannot be added")
        rows = [total((1, a), (sign, b)) for a, b in zip(self.rows, other.rows, strict=True)]
        pairs = list(zip(self.rows, other.rows, strict=True))
        twice = any(a.keys() & b.keys() - {ONE} for a, b in pairs) and not (self.are_signs() and other.are_signs())
        constants = self.has_constant() and other.has_constant()
        merged = self.merged or other.merged or twice or constants
        return Tensor(self.blocks, self.shape, rows, self.sources | other.sources, merged)

    def relu(self) -> Tensor:
        return self.block(relu=True)

    def leaky(self, slopes: Q | Sequence[Q]) -> Tensor:
        """``s x + (1 - s) relu(x)``."""
        start = self.simple()
        rest = 1 - slopes if isinstance(slopes, Q) else [1 - s for s in slopes]
        left = start.scaled(slopes)
        return left.sum(start.relu().scaled(rest))

    def elu(self, alpha: Q, rate: Q = Q(1)) -> Tensor:
        """``relu(z) + alpha (exp(-rate relu(-z)) - 1)``."""
        z = self.simple()
        below = z.scaled(Q(-1)).relu().scaled(-rate)
        above = z.relu()
        return above.sum(below.block(relu=False, smooth="exp").scaled(alpha)).plus([-alpha] * len(self.rows))

    def celu(self, alpha: Q) -> Tensor:
        """ELU with the rate 1 / alpha."""
        if not alpha:
            raise Unreadable("celu with alpha 0")
        return self.elu(alpha, 1 / alpha)

    def sigmoid(self) -> Tensor:
        """``1/2 + tanh(z/2)/2``."""
        half = Q(1, 2)
        return self.scaled(half).block(relu=False, smooth="tanh").scaled(half).plus([half] * len(self.rows))

    def even_part(self, function: str) -> Tensor:
        """``z/2`` and an even function of z."""
        z = self.simple()
        return z.scaled(Q(1, 2)).sum(z.block(relu=False, smooth=function))

    def maximum(self, other: Tensor) -> Tensor:
        """``y + relu(x - y)``."""
        x, y = self.simple(), other.simple()
        return y.sum(x.minus(y).relu())

    def minimum(self, other: Tensor) -> Tensor:
        """``x - relu(x - y)``."""
        x, y = self.simple(), other.simple()
        return x.minus(x.minus(y).relu())

    def clip(self, low: Q | None, high: Q | None) -> Tensor:
        result, count = self.simple(), len(self.rows)
        if low is not None:
            result = result.plus([-low] * count).relu().plus([low] * count)
        if high is not None:
            result = result.scaled(Q(-1)).plus([high] * count).relu().scaled(Q(-1)).plus([high] * count)
        return result

    def network(self, inputs: int, notes: Sequence[str] = (), name: str | None = None) -> Network:
        self.block(relu=False)
        return Network(inputs, self.blocks, list(dict.fromkeys(notes)), name)


def input_tensor(shape: Sequence[int]) -> Tensor:
    """The network's input."""
    return Tensor([], tuple(shape), identity(math.prod(shape)), frozenset([0]))


def places(shape: Sequence[int]) -> Iterable[tuple[int, ...]]:
    """The multi-indices of a shape in row-major order."""
    return itertools.product(*map(range, shape))


def flat(index: Sequence[int], shape: Sequence[int]) -> int:
    """The flat place of a multi-index."""
    return reduce(lambda total, pair: total * pair[1] + pair[0], zip(index, shape, strict=True), 0)


def transposed(shape: Sequence[int], axes: Sequence[int]) -> tuple[list[int], list[int]]:
    """The flat places of a transposition, and its shape."""
    new = [shape[a] for a in axes]
    back = [axes.index(a) for a in range(len(axes))]
    return [flat([index[b] for b in back], shape) for index in places(new)], new


def broadcast(old: Sequence[int], shape: Sequence[int]) -> list[int]:
    """The flat places of values repeated along new axes and axes of size 1."""
    skip = len(shape) - len(old)
    fits = skip >= 0 and all(a in (1, b) for a, b in zip(old, shape[skip:], strict=True))
    if not fits:
        raise Unreadable(f"shape {tuple(old)} does not broadcast to {tuple(shape)}")
    return [
        flat([0 if size == 1 else i for i, size in zip(index[skip:], old, strict=True)], old) for index in places(shape)
    ]


def concatenated(parts: Sequence[Tensor], axis: int) -> Tensor:
    """The tensors one after the other along an axis."""
    shape = list(parts[0].shape)
    rows: dict[tuple[int, ...], Form] = {}
    offset = 0
    for part in parts:
        if len(part.shape) != len(shape) or [*part.shape[:axis], *part.shape[axis + 1 :]] != [
            *shape[:axis],
            *shape[axis + 1 :],
        ]:
            raise Unreadable("tensors of different shapes cannot be joined")
        for index, row in zip(places(part.shape), part.rows, strict=True):
            rows[(*index[:axis], index[axis] + offset, *index[axis + 1 :])] = row
        offset += part.shape[axis]
    shape[axis] = offset
    sources = frozenset().union(*(part.sources for part in parts))
    merged = any(part.merged for part in parts)
    return Tensor(parts[0].blocks, tuple(shape), [rows[index] for index in places(shape)], sources, merged)


class Window(NamedTuple):
    """A sliding window over the spatial axes; ``pads`` are all starts, then all ends."""

    kernel: Sequence[int]
    strides: Sequence[int]
    pads: Sequence[int]
    dilations: Sequence[int]
    ceil_mode: bool = False

    def over(self, space: Sequence[int]) -> tuple[list[int], list[list[int]]]:
        """The output's spatial shape, and for each of its places the flat places seen (-1: padding)."""
        dims, out, seen = len(space), [], []
        lengths = {len(self.kernel), len(self.strides), len(self.dilations), len(self.pads) // 2}
        if lengths != {dims} or min([*self.kernel, *self.strides, *self.dilations]) < 1 or min(self.pads) < 0:
            raise Unreadable("a window that does not fit its tensor")
        for d in range(dims):
            room = space[d] + self.pads[d] + self.pads[dims + d] - self.dilations[d] * (self.kernel[d] - 1) - 1
            if room < 0:
                raise Unreadable("a window larger than its tensor")
            count = (-(-room // self.strides[d]) if self.ceil_mode else room // self.strides[d]) + 1
            if self.ceil_mode and (count - 1) * self.strides[d] >= space[d] + self.pads[d]:
                count -= 1  # a window that starts in the padding at the end is not counted
            out.append(count)
        for place in places(out):
            Work.spend(math.prod(self.kernel))
            corner = [p * s - b for p, s, b in zip(place, self.strides, self.pads, strict=False)]
            row = []
            for tap in places(self.kernel):
                index = [c + t * d for c, t, d in zip(corner, tap, self.dilations, strict=True)]
                inside = all(0 <= i < size for i, size in zip(index, space, strict=True))
                row.append(flat(index, space) if inside else -1)
            seen.append(row)
        return out, seen

    def padded_counts(self, space: Sequence[int]) -> list[int]:
        """How many places of each window lie inside the padded image."""
        dims = len(space)
        out, _ = self.over(space)
        counts = []
        for place in places(out):
            inside = [
                sum(
                    place[d] * self.strides[d] + t * self.dilations[d] < space[d] + self.pads[d] + self.pads[dims + d]
                    for t in range(self.kernel[d])
                )
                for d in range(dims)
            ]
            counts.append(math.prod(inside))
        return counts


def conv(
    x: Tensor, weight: tuple[Sequence[int], Sequence[Q]], bias: Sequence[Q] | None, window: Window, groups: int
) -> Tensor:
    """Convolution of x (channels, space...) with weights (outputs, channels / groups, kernel...)."""
    (outputs, channels, *_), flat_weight = weight
    if groups < 1 or channels * groups != x.shape[0] or outputs % groups or (bias is not None and len(bias) != outputs):
        raise Unreadable("a convolution whose weights do not fit its tensor")
    out, seen = window.over(x.shape[1:])
    image, taps = math.prod(x.shape[1:]), math.prod(window.kernel)
    matrix = []
    for o in range(outputs):
        first = o // (outputs // groups) * channels
        for row in seen:
            Work.spend(channels * taps)
            weights: dict[int, Q] = {}
            for c in range(channels):
                for tap, place in enumerate(row):
                    w = flat_weight[(o * channels + c) * taps + tap]
                    if place >= 0 and w:
                        weights[(first + c) * image + place] = w
            matrix.append(weights)
    offsets = [bias[o] for o in range(outputs) for _ in seen] if bias is not None else None
    return x.apply(matrix, [outputs, *out], offsets)


def average_pool(x: Tensor, window: Window, *, count_padding: bool = False) -> Tensor:
    """The mean of each window; with ``count_padding`` places in the padding count as zeros."""
    out, seen = window.over(x.shape[1:])
    image, matrix = math.prod(x.shape[1:]), list[dict[int, Q]]()
    counts = window.padded_counts(x.shape[1:]) if count_padding else [sum(p >= 0 for p in row) for row in seen]
    if not all(counts):
        raise Unreadable("a window that lies in the padding")
    for c in range(x.shape[0]):
        matrix += [{c * image + p: Q(1, n) for p in row if p >= 0} for row, n in zip(seen, counts, strict=True)]
    return x.apply(matrix, [x.shape[0], *out])


def max_pool(x: Tensor, window: Window) -> Tensor:
    """Neighbouring taps in pairs, ``max(a, b) = b + relu(a - b)``, until one is left; padding is a tap inside."""
    out, seen = window.over(x.shape[1:])
    if any(max(row) < 0 for row in seen):
        raise Unreadable("a window that lies in the padding")
    seen = [[p if p >= 0 else next(q for q in row if q >= 0) for p in row] for row in seen]
    base, image, shape = x.simple(), math.prod(x.shape[1:]), [x.shape[0], *out]
    level = [
        base.take([c * image + row[tap] for c in range(x.shape[0]) for row in seen], shape)
        for tap in range(math.prod(window.kernel))
    ]
    while len(level) > 1:
        paired = [a.maximum(b) for a, b in zip(level[0::2], level[1::2], strict=False)]
        level = paired + (level[-1:] if len(level) % 2 else [])
    return level[0]


def dense(x: Tensor, weight: Sequence[Sequence[int]], bias: Sequence[int] | None = None) -> Tensor:
    """A matrix of integers times the values, plus a bias."""
    rows = [{j: Q(w) for j, w in enumerate(row) if w} for row in weight]
    return x.apply(rows, [len(rows)], [Q(b) for b in bias] if bias is not None else None)


def square(x: Tensor, *kernels: Sequence[Sequence[int]], bias: Sequence[int] | None = None) -> Tensor:
    """A convolution with 2 x 2 kernels, each listed as one row for each input channel."""
    numbers = [Q(w) for kernel in kernels for channel in kernel for w in channel]
    shape = (len(kernels), len(kernels[0]), 2, 2)
    return conv(x, (shape, numbers), [Q(b) for b in bias] if bias else None, Window([2, 2], [1, 1], [0] * 4, [1, 1]), 1)


def example(name: str) -> tuple[Network, str]:
    """A built-in example, and its digest."""

    def thread(x: Tensor, *kernel: int) -> Tensor:
        return dense(square(x, [kernel], bias=[1]).relu(), [[1, 1, 1, 1]])

    def pooled(x: Tensor) -> Tensor:
        result = max_pool(square(x, [[1, -1, 0, 1]]).simple(), Window([2, 2], [1, 1], [0] * 4, [1, 1]))
        return result.reshape([len(result.rows)])

    def zero_bias(x: Tensor) -> Tensor:
        first = square(x, [[1, -1, 2, 0]], [[-1, 1, 0, 1]]).relu()
        return dense(square(first, [[1, 0, -1, 1], [-2, 1, 1, 0]]).relu(), [[1]])

    examples: dict[str, tuple[list[int], Callable[[Tensor], Tensor]]] = {
        "relu": ([1], Tensor.relu),
        "identity_pair": ([2], lambda x: dense(dense(x, [[1, -2], [-1, 2]]).relu(), [[1, -1]])),
        "abs": ([1], lambda x: x.leaky(Q(-1))),
        "max": ([2], lambda x: x.take([0], [1]).maximum(x.take([1], [1]))),
        "leaky": ([1], lambda x: x.leaky(Q(1, 10))),
        "thread": ([1, 3, 3], lambda x: thread(x, 1, 2, -3, 1)),
        "thread_nonneg": ([1, 3, 3], lambda x: thread(x, 1, 2, 3, 1)),
        "dead": ([1], lambda x: dense(x, [[-1]], [5]).relu()),
        "unused": ([2], lambda x: x.take([0], [1]).sum(dense(dense(x, [[1, -1]]).relu(), [[0]]))),
        "maxpool": ([1, 3, 3], pooled),
        "clip": ([1], lambda x: x.clip(ZERO, Q(6))),
        "zero_bias": ([1, 3, 3], zero_bias),
    }
    if name not in examples:
        raise Declined(f"the built-in example {name[:40]!r}")
    shape, build = examples[name]
    tensor = build(input_tensor(shape))
    network = tensor.network(math.prod(shape), name=name)
    blocks = []
    for block in network.blocks:
        inputs = []
        for source in sorted({key[0] for row in block.rows for key in row if key != ONE}):
            entries = sorted((i, j, w) for i, row in enumerate(block.rows) for (s, j), w in row.items() if s == source)
            columns = {name: [e[place] for e in entries] for place, name in enumerate(("rows", "columns"))}
            inputs.append({"source": source, **columns, "entries": [written(e[2]) for e in entries]})
        bias = [written(row.get(ONE, ZERO)) for row in block.rows]
        blocks.append({"relu": block.relu, "bias": bias, "inputs": inputs})
    return network, canonical_digest(shape, list(tensor.shape), [], blocks)


# --------------------------------------------------------------------------------- networks: TOML (docs/formats.md)


class Table:
    """One ``[[layer]]`` of a file and the tensor that it works on."""

    def __init__(self, data: dict[str, Any], tensors: Mapping[str, Tensor], last: str) -> None:
        self.data, self.read = data, {"type", "name", "input", "inputs"}
        if "input" in data and "inputs" in data:
            raise Unreadable("both 'input' and 'inputs'")
        self.names = data["inputs"] if "inputs" in data else [data.get("input", last)]
        if not isinstance(self.names, list) or any(not isinstance(n, str) or n not in tensors for n in self.names):
            raise Unreadable("a layer reads one that is not before it")
        self.arguments = [tensors[name] for name in self.names]
        self.x = self.arguments[0]

    def get(self, key: str, default: Any = None) -> Any:
        self.read.add(key)
        value = self.data.get(key, default)
        if value is None:
            raise Unreadable(f"a layer lacks {key!r}")
        return value

    def has(self, key: str) -> bool:
        self.read.add(key)
        return key in self.data

    def number(self, key: str) -> Q:
        return toml_number(self.get(key))

    def integers(self, key: str, default: Any = None) -> list[int]:
        value = self.get(key, default)
        found = value if isinstance(value, list) else [value]
        if any(type(v) is not int or not 0 <= v <= 10_000_000 for v in found):
            raise Unreadable(f"{key!r} is not a list of integers")
        return found

    def flag(self, key: str) -> bool:
        value = self.get(key, False)
        if type(value) is not bool:
            raise Unreadable(f"{key!r} is neither true nor false")
        return value

    def array(self, key: str) -> tuple[list[int], list[Q]]:
        """Shape and numbers of nested lists."""
        value, shape = self.get(key), list[int]()
        level = value
        while isinstance(level, list):
            if not level:
                raise Unreadable(f"{key!r} has an empty list")
            shape.append(len(level))
            level = level[0]

        def numbers(part: Any, rest: Sequence[int]) -> list[Q]:
            if not rest:
                return [toml_number(part)]
            if not isinstance(part, list) or len(part) != rest[0]:
                raise Unreadable(f"{key!r} is ragged")
            return [number for item in part for number in numbers(item, rest[1:])]

        return shape, numbers(value, shape)

    def spread(self, key: str) -> list[Q]:
        """One number for each value: from one, one a channel, or one a value."""
        shape, numbers = self.array(key)
        if tuple(shape) == self.x.shape:
            return numbers
        if tuple(shape) not in ((), self.x.shape[:1]):
            raise Unreadable(f"{key!r} has shape {shape}")
        return [number for number in numbers for _ in range(len(self.x.rows) // len(numbers))]

    def bias(self, size: int) -> list[Q] | None:
        if not self.has("bias"):
            return None
        shape, numbers = self.array("bias")
        return numbers if shape == [size] else self.fail()

    def fail(self) -> NoReturn:
        raise Unreadable(f"a layer {self.data.get('type')!r:.40} that does not fit its tensor")

    def axes(self, key: str, default: Any, sides: int = 1) -> list[int]:
        """One integer a spatial axis; one stands for all, and of pads one an axis for both sides."""
        dims = len(self.x.shape) - 1
        found = self.integers(key, default)
        found = found * dims if len(found) == 1 else found
        found = found * 2 if sides == 2 and len(found) == dims else found
        return found if len(found) == sides * dims and dims > 0 else self.fail()

    def window(self, kernel: list[int] | None = None) -> Window:
        pool = kernel is None
        kernel = self.axes("kernel", None) if kernel is None else kernel
        strides = self.axes("strides", kernel if pool else 1)
        ceil_mode = pool and self.flag("ceil_mode")
        return Window(kernel, strides, self.axes("pads", 0, 2), self.axes("dilations", 1), ceil_mode)

    def dense(self) -> Tensor:
        shape, numbers = self.array("weight")
        if len(shape) != 2 or shape[1] != len(self.x.rows):
            self.fail()
        rows = [dict(enumerate(numbers[i * shape[1] : (i + 1) * shape[1]])) for i in range(shape[0])]
        return self.x.apply(rows, shape[:1], self.bias(shape[0]))

    def conv(self) -> Tensor:
        shape, numbers = self.array("weight")
        if len(shape) != len(self.x.shape) + 1 or len(shape) < 3:
            self.fail()
        groups = self.integers("groups", 1)
        return conv(self.x, (shape, numbers), self.bias(shape[0]), self.window(shape[2:]), groups[0])

    def transpose(self) -> Tensor:
        axes = self.integers("axes")
        if sorted(axes) != list(range(len(self.x.shape))):
            self.fail()
        return self.x.take(*transposed(self.x.shape, axes))

    def pad(self) -> Tensor:
        vector_like = len(self.x.shape) < 2
        if vector_like:
            self.x = self.x.reshape([1, *self.x.shape])
        space, pads = self.x.shape[1:], self.axes("pads", None, 2)
        starts, ends = pads[: len(space)], pads[len(space) :]
        shape = [self.x.shape[0], *(a + size + b for a, size, b in zip(starts, space, ends, strict=True))]
        found = []
        for channel, *index in places(shape):
            Work.spend(1)
            inner = [i - a for i, a in zip(index, starts, strict=True)]
            inside = all(0 <= i < size for i, size in zip(inner, space, strict=True))
            found.append(flat([channel, *inner], self.x.shape) if inside else -1)
        value = self.number("value") if self.has("value") else ZERO
        padded = self.x.take(found, shape).plus([ZERO if p >= 0 else value for p in found])
        return padded.reshape([len(found)]) if vector_like else padded

    def clip(self) -> Tensor:
        low, high = (self.number(key) if self.has(key) else None for key in ("low", "high"))
        if (low is None and high is None) or (low is not None and high is not None and low > high):
            self.fail()
        return self.x.clip(low, high)

    def optional(self, key: str, default: str) -> Q:
        """A number, or its default."""
        return toml_number(self.get(key, default))

    def gelu(self) -> Tensor:
        functions = {"none": "gelu_even", "tanh": "gelu_tanh_even"}
        which = self.get("approximate", "none")
        return self.x.even_part(functions[which]) if which in functions else self.fail()

    def concat(self) -> Tensor:
        axis = self.integers("axis", 0)[0]
        if any(axis >= len(x.shape) for x in self.arguments):
            self.fail()
        return concatenated(self.arguments, axis)

    def folded(self, step: Callable[[Tensor, Tensor], Tensor], *, simple: bool = False) -> Tensor:
        if len(self.arguments) < 2:
            self.fail()
        return reduce(step, [x.simple() if simple else x for x in self.arguments])


SELU = ("1.6732632423543772848170429916717", "1.0507009873554804934193349852946")

LAYERS: dict[str, Callable[[Table], Tensor]] = {
    "dense": Table.dense,
    "conv": Table.conv,
    "relu": lambda t: t.x.relu(),
    "abs": lambda t: t.x.leaky(Q(-1)),
    "leaky_relu": lambda t: t.x.leaky(t.number("slope")),
    "prelu": lambda t: t.x.leaky(t.spread("slope")),
    "clip": Table.clip,
    "max_pool": lambda t: max_pool(t.x.simple(), t.window()),
    "average_pool": lambda t: average_pool(t.x, t.window(), count_padding=t.flag("count_include_pad")),
    "global_average_pool": lambda t: average_pool(t.x, whole_image(t.x)),
    "batch_norm": lambda t: t.x.scaled(t.spread("scale")).plus(t.spread("shift")),
    "scale": lambda t: t.x.scaled(t.spread("factor")),
    "add_constant": lambda t: t.x.plus(t.spread("value")),
    "flatten": lambda t: t.x.reshape([len(t.x.rows)]),
    "reshape": lambda t: t.x.reshape(t.integers("shape")),
    "transpose": Table.transpose,
    "pad": Table.pad,
    "add": lambda t: t.folded(Tensor.sum),
    "subtract": lambda t: t.folded(Tensor.minus) if len(t.arguments) == 2 else t.fail(),
    "concat": Table.concat,
    "maximum": lambda t: t.folded(Tensor.maximum, simple=True),
    "minimum": lambda t: t.folded(Tensor.minimum, simple=True),
    "elu": lambda t: t.x.elu(t.optional("alpha", "1")),
    "celu": lambda t: t.x.celu(t.optional("alpha", "1")),
    "selu": lambda t: t.x.elu(t.optional("alpha", SELU[0])).scaled(t.optional("scale", SELU[1])),
    "softplus": lambda t: t.x.even_part("logcosh"),
    "sigmoid": lambda t: t.x.sigmoid(),
    "tanh": lambda t: t.x.block(relu=False, smooth="tanh"),
    "silu": lambda t: t.x.even_part("silu_even"),
    "gelu": Table.gelu,
}
SEVERAL = ("add", "subtract", "concat", "maximum", "minimum")


def whole_image(x: Tensor) -> Window:
    """One window over all places."""
    dims = len(x.shape) - 1
    return Window(x.shape[1:], [1] * dims, [0] * 2 * dims, [1] * dims)


def toml_number(value: Any) -> Q:
    """An exact number: an integer, a decimal, or a text such as 1/3."""
    if isinstance(value, Q):
        return value
    if type(value) is int:
        return Q(value)
    if not isinstance(value, str):
        raise Unreadable(f"{value!r:.40} is not a number")
    top, slash, bottom = value.strip().partition("/")
    if slash and not (re.fullmatch(r"[+-]?\d+", top, re.ASCII) and re.fullmatch(r"\d*[1-9]\d*", bottom, re.ASCII)):
        raise Unreadable(f"{value!r:.40} is not a number")
    return decimal_number(top) / decimal_number(bottom or "1")


def toml_network(data: bytes) -> Network:
    """A network file: every number exact, each layer after those that it reads."""
    try:
        file = tomllib.loads(data.decode(), parse_float=lambda text: decimal_number(text.replace("_", "")))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not TOML: {error!s:.100}") from error
    if not set(file) <= {"name", "input", "layer"} or not isinstance(file.get("layer"), list) or not file["layer"]:
        raise Unreadable("not a network file")
    top = Table({"shape": file.get("input"), "input": "none"}, {"none": input_tensor([1])}, "")
    shape, tensors, last = top.integers("shape"), dict[str, Tensor](), "input"
    if not shape or math.prod(shape) == 0:
        raise Unreadable("an input without values")
    tensors["input"] = input_tensor(shape)
    used = {"input"}
    for number, layer in enumerate(file["layer"], 1):
        kind = layer.get("type") if isinstance(layer, dict) else None
        name = layer.get("name", f"{kind}{number}") if isinstance(layer, dict) else ""
        if kind not in LAYERS or not isinstance(name, str) or not name or name in tensors:
            raise Unreadable(f"layer {number}: its type or its name")
        table = Table(layer, tensors, last)
        if len(table.arguments) != 1 and kind not in SEVERAL:
            table.fail()
        used |= set(table.names)
        tensors[name] = LAYERS[kind](table)
        if not set(layer) <= table.read:
            raise Unreadable(f"layer {number}: an unknown key")
        last = name
    if set(tensors) - used - {last}:
        raise Unreadable("a layer that nothing uses")
    return tensors[last].network(math.prod(shape), name=file.get("name"))


# ------------------------------------------------------------------------------------------------- networks: ONNX


def varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of protobuf, and the place after it."""
    value = shift = 0
    while True:
        if place >= len(data) or shift > 63:
            raise Unreadable("damaged protobuf data")
        byte = data[place]
        value |= (byte & 127) << shift
        place, shift = place + 1, shift + 7
        if byte < 128:
            return value, place


class Message:
    """The fields of one protobuf message: number -> values (integers, or bytes)."""

    def __init__(self, data: bytes) -> None:
        self.fields: dict[int, list[int | bytes]] = {}
        place = 0
        while place < len(data):
            tag, place = varint(data, place)
            wire = tag & 7
            if wire == 0:
                value: int | bytes
                value, place = varint(data, place)
            elif wire in (1, 2, 5):
                length = {1: 8, 5: 4}.get(wire, 0)
                if wire == 2:
                    length, place = varint(data, place)
                value = data[place : place + length]
                if len(value) < length:
                    raise Unreadable("damaged protobuf data")
                place += length
            else:
                raise Unreadable("damaged protobuf data")
            self.fields.setdefault(tag >> 3, []).append(value)

    def all(self, number: int) -> list[bytes]:
        found = self.fields.get(number, [])
        if any(isinstance(value, int) for value in found):
            raise Unreadable("damaged protobuf data")
        return [value for value in found if isinstance(value, bytes)]

    def message(self, number: int) -> Message | None:
        found = self.all(number)
        if len(found) > 1:
            raise Declined("a protobuf message in several parts")
        return Message(found[0]) if found else None

    def text(self, number: int) -> str:
        return (self.all(number) or [b""])[-1].decode("utf-8", "replace")

    def texts(self, number: int) -> list[str]:
        return [value.decode("utf-8", "replace") for value in self.all(number)]

    def integer(self, number: int, default: int = 0) -> int:
        return ([default, *self.integers(number)])[-1]

    def integers(self, number: int) -> list[int]:
        """Signed integers, packed or not."""
        found = []
        for value in self.fields.get(number, []):
            if isinstance(value, int):
                found.append(value)
                continue
            place = 0
            while place < len(value):
                item, place = varint(value, place)
                found.append(item)
        return [value - (1 << 64) if value >= 1 << 63 else value for value in found]

    def floats(self, number: int, code: str = "f") -> list[float]:
        data = b"".join(self.all(number))
        return [value for (value,) in struct.iter_unpack(f"<{code}", data)]


class Array(NamedTuple):
    """A constant: its shape, and floats as the rationals that they are, or integers."""

    shape: tuple[int, ...]
    numbers: list[Q]
    whole: bool


def stored(tensor: Message) -> Array:
    """A TensorProto."""
    shape, kind, raw = tuple(tensor.integers(1)), tensor.integer(2), b"".join(tensor.all(9))
    if tensor.all(13) or tensor.integer(14):
        raise Declined("an ONNX tensor that is stored in another file")
    codes = {1: ("f", 4), 11: ("d", 10), 10: ("e", 0), 6: ("i", 5), 7: ("q", 7)}
    if kind not in codes:
        raise Declined(f"an ONNX tensor of element type {kind}")
    code, place = codes[kind]
    try:
        if raw or not place:
            values: Sequence[float] = [v for (v,) in struct.iter_unpack(f"<{code}", raw)]
        else:
            values = tensor.floats(place, code) if kind in (1, 11) else tensor.integers(place)
    except struct.error as error:
        raise Unreadable("an ONNX tensor of another length") from error
    if not all(math.isfinite(v) for v in values):
        raise Declined("an ONNX tensor with an infinity")
    if len(values) != math.prod(shape) or any(size < 0 for size in shape):
        raise Unreadable("an ONNX tensor of another shape")
    return Array(shape, [Q(v) for v in values], kind in (6, 7))


@dataclass
class Node:
    """One operator call. Attributes that are not asked for are declined, as they may mean something."""

    message: Message
    name: str
    opset: int
    notes: list[str]
    values: list[Tensor | Array | None] = field(default_factory=list)
    read: set[str] = field(default_factory=set)

    @property
    def kind(self) -> str:
        return self.message.text(4)

    def attribute(self, name: str) -> Message | None:
        self.read.add(name)
        return next((a for a in map(Message, self.message.all(5)) if a.text(1) == name), None)

    def integer(self, name: str, default: int) -> int:
        found = self.attribute(name)
        return found.integer(3) if found else default

    def integers(self, name: str, default: Sequence[int]) -> list[int]:
        found = self.attribute(name)
        return found.integers(8) if found else list(default)

    def number(self, name: str, default: float) -> Q:
        """A float32 attribute; defaults are rounded to float32 too."""
        found = self.attribute(name)
        value = ([default] + (found.floats(2) if found else []))[-1]
        if not math.isfinite(value):
            raise Declined(f"an attribute {name} that is not finite")
        return Q(*struct.unpack("<f", struct.pack("<f", value))[0].as_integer_ratio())

    def value(self, index: int) -> Tensor | Array:
        value = self.values[index] if index < len(self.values) else None
        if value is None:
            raise Unreadable(f"{self.kind} lacks input {index}")
        return value

    def tensor(self, index: int) -> Tensor:
        value = self.value(index)
        if not isinstance(value, Tensor):
            raise Declined(f"{self.kind} of a constant")
        return value

    def array(self, index: int, *, whole: bool = False) -> Array:
        value = self.value(index)
        if not isinstance(value, Array) or value.whole != whole:
            raise Declined(f"{self.kind} whose input {index} is no constant of that kind")
        return value

    def has(self, index: int) -> bool:
        return index < len(self.values) and self.values[index] is not None

    # Steps that operators share.

    def plus_constant(self, x: Tensor, constant: Array, sign: Q | int = 1) -> Tensor:
        shape = common_shape(x.shape, constant.shape)
        start = x.settled() if x.has_constant() else x
        repeated = start.take(broadcast(start.shape, shape), shape)
        return repeated.plus([sign * constant.numbers[p] for p in broadcast(constant.shape, shape)])

    def times_constant(self, x: Tensor, factors: Array) -> Tensor:
        shape = common_shape(x.shape, factors.shape)
        start = x.settled()
        start = start.take(broadcast(start.shape, shape), shape)
        if len(factors.numbers) == 1:
            return start.scaled(factors.numbers[0])
        return start.scaled([factors.numbers[p] for p in broadcast(factors.shape, shape)])

    def plus(self, x: Tensor, y: Tensor) -> Tensor:
        shape = common_shape(x.shape, y.shape)
        shared = bool(x.sources & y.sources) and not (x.is_settled() and y.is_settled())
        if shared or (x.has_constant() and y.has_constant()):
            if y.is_settled():
                x = x.settled()
            else:
                y = y.settled()
        return x.take(broadcast(x.shape, shape), shape).sum(y.take(broadcast(y.shape, shape), shape))

    def product(self, x: Tensor, weights: Array, *, weights_first: bool = False) -> Tensor:
        """A matrix times a vector or a matrix, either way round; axes before the last two may be of size 1."""
        start = x.settled()
        matrix = len(start.shape) > 1
        if (
            len(weights.shape) != 2
            or not start.shape
            or (weights_first and not matrix)
            or math.prod(start.shape[:-2]) != 1
        ):
            raise Declined(f"{self.kind} of shapes {start.shape} and {weights.shape}")
        rows, inner = (start.shape[-2] if matrix else 1), start.shape[-1]
        a, b = weights.shape
        if (rows if weights_first else inner) != (b if weights_first else a):
            raise Unreadable(f"{self.kind} of shapes {start.shape} and {weights.shape}")
        if weights_first:
            pairs = [(i, c) for i in range(a) for c in range(inner)]
            taps = [{k * inner + c: weights.numbers[i * b + k] for k in range(b)} for i, c in pairs]
            return start.apply(taps, [*start.shape[:-2], a, inner])
        pairs = [(r, j) for r in range(rows) for j in range(b)]
        taps = [{r * inner + k: weights.numbers[k * b + j] for k in range(inner)} for r, j in pairs]
        return start.apply(taps, [*start.shape[:-1], b])

    def image(self) -> Tensor:
        x = self.tensor(0).settled()
        if len(x.shape) < 3 or x.shape[0] != 1:
            raise Unreadable(f"{self.kind} of a tensor of shape {x.shape}")
        return x.reshape(x.shape[1:])

    def window(self, x: Tensor, kernel: Sequence[int] | None = None) -> Window:
        dims, auto = len(x.shape) - 1, self.attribute("auto_pad")
        if auto and auto.text(4) not in ("", "NOTSET"):
            raise Declined(f"auto_pad {auto.text(4)[:20]}")
        given = self.integers("kernel_shape", kernel or [])
        if kernel is not None and given != list(kernel):
            raise Unreadable("kernel_shape is not that of the weights")
        strides, dilations = (self.integers(name, [1] * dims) for name in ("strides", "dilations"))
        ceil_mode = kernel is None and bool(self.integer("ceil_mode", 0))
        return Window(given, strides, self.integers("pads", [0] * 2 * dims), dilations, ceil_mode)

    # The operators.

    def conv(self) -> Tensor:
        weight, bias = self.array(1), self.array(2).numbers if self.has(2) else None
        x = self.image()
        if len(weight.shape) != len(x.shape) + 1:
            raise Unreadable("weights that do not fit an image")
        window = self.window(x, weight.shape[2:])
        result = conv(x, (weight.shape, weight.numbers), bias, window, self.integer("group", 1))
        return result.reshape([1, *result.shape])

    def gemm(self) -> Tensor:
        alpha, beta = self.number("alpha", 1.0), self.number("beta", 1.0)
        sides = [self.value(0), self.value(1)]
        for place, flag in enumerate(("transA", "transB")):
            side = sides[place]
            if len(side.shape) != 2:
                raise Unreadable("Gemm of a tensor that is no matrix")
            if self.integer(flag, 0):
                order, shape = transposed(side.shape, [1, 0])
                if isinstance(side, Tensor):
                    sides[place] = side.take(order, shape)
                else:
                    sides[place] = Array(tuple(shape), [side.numbers[p] for p in order], side.whole)
        a, b = sides
        if isinstance(a, Tensor) and isinstance(b, Array):
            result = self.product(a, b)
        elif isinstance(a, Array) and isinstance(b, Tensor):
            result = self.product(b, a, weights_first=True)
        else:
            raise Declined("Gemm of two constants or of two activations")
        result = result.scaled(alpha)
        if not self.has(2):
            return result
        addend = self.value(2)
        if common_shape(result.shape, addend.shape) != list(result.shape):
            raise Unreadable("C does not fit")
        if isinstance(addend, Tensor):
            return self.plus(result, addend if beta == 1 else addend.settled().scaled(beta))
        return self.plus_constant(result, addend, beta)

    def matmul(self) -> Tensor:
        if isinstance(self.value(1), Tensor):
            return self.product(self.tensor(1), self.array(0), weights_first=True)
        return self.product(self.tensor(0), self.array(1))

    def add(self) -> Tensor:
        left, right = self.value(0), self.value(1)
        if isinstance(left, Tensor):
            return self.plus(left, right) if isinstance(right, Tensor) else self.plus_constant(left, self.array(1))
        return self.plus_constant(self.tensor(1), self.array(0))

    def sub(self) -> Tensor:
        right = self.value(1)
        if isinstance(right, Array):
            return self.plus_constant(self.tensor(0), self.array(1), -1)
        self.values[1] = right.scaled(Q(-1))
        return self.add()

    def mul(self) -> Tensor:
        if isinstance(self.value(0), Tensor):
            return self.times_constant(self.tensor(0), self.array(1))
        return self.times_constant(self.tensor(1), self.array(0))

    def batch_normalization(self) -> Tensor:
        """``scale (x - mean) + B`` with ``scale = gamma / sqrt(variance + epsilon)``, rounded if it must be."""
        x, (gamma, shift, mean, variance) = self.tensor(0), (self.array(i) for i in range(1, 5))
        epsilon = self.number("epsilon", 1e-5)
        self.attribute("momentum")
        if self.integer("training_mode", 0) or not self.integer("spatial", 1) or len(x.shape) < 2:
            raise Declined("BatchNormalization in training, or for each place")
        roots, exact = [], True
        for value in variance.numbers:
            radicand = value + epsilon
            if radicand <= 0:
                raise Unreadable("a variance that is not positive")
            top, bottom = radicand.denominator, radicand.numerator
            if math.isqrt(top) ** 2 == top and math.isqrt(bottom) ** 2 == bottom:
                roots.append(Q(math.isqrt(top), math.isqrt(bottom)))
            else:
                exact, bits = False, 400 + max(bottom.bit_length() - top.bit_length(), 0)
                roots.append(Q(math.isqrt((top << 2 * bits) // bottom), 1 << bits))
        scale = [g * root for g, root in zip(gamma.numbers, roots, strict=True)]
        if not exact:
            self.notes.append(f"batch-norm scale of {self.name} rounded to binary64")
            scale = [Q(float(value)) for value in scale]
        shape = (x.shape[1], *[1] * (len(x.shape) - 2))
        if not len(scale) == len(shift.numbers) == len(mean.numbers) == x.shape[1]:
            raise Unreadable("statistics that do not fit")
        centred = self.plus_constant(x, Array(shape, mean.numbers, False), -1)
        return self.plus_constant(
            self.times_constant(centred, Array(shape, scale, False)), Array(shape, shift.numbers, False)
        )

    def max_pool(self) -> Tensor:
        self.attribute("storage_order")
        x = self.image()
        result = max_pool(x, self.window(x))
        return result.reshape([1, *result.shape])

    def average_pool(self) -> Tensor:
        x = self.image()
        result = average_pool(x, self.window(x), count_padding=bool(self.integer("count_include_pad", 0)))
        return result.reshape([1, *result.shape])

    def shaped(self, shape: Sequence[int]) -> Tensor | Array:
        value = self.value(0)
        if isinstance(value, Tensor):
            return value.reshape(shape)
        return Array(tuple(shape), value.numbers, value.whole)

    def flatten(self) -> Tensor | Array:
        shape, axis = self.value(0).shape, self.integer("axis", 1)
        if not -len(shape) <= axis <= len(shape):
            raise Unreadable("Flatten at an axis that is not there")
        axis = axis if axis >= 0 else axis + len(shape)
        return self.shaped([math.prod(shape[:axis]), math.prod(shape[axis:])])

    def reshape_to(self) -> Tensor | Array:
        shape, wanted = self.value(0).shape, [int(v) for v in self.array(1, whole=True).numbers]
        if self.integer("allowzero", 0):
            raise Declined("Reshape with allowzero")
        if any(size == 0 and axis >= len(shape) for axis, size in enumerate(wanted)):
            raise Unreadable("Reshape keeps an axis that is not there")
        sizes = [shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
        known = math.prod(size for size in sizes if size != -1)
        if sizes.count(-1) == 1 and known:
            sizes[sizes.index(-1)] = math.prod(shape) // known
        if min(sizes, default=0) < 0 or math.prod(sizes) != math.prod(shape):
            raise Unreadable("Reshape to a shape of another size")
        return self.shaped(sizes)

    def transpose(self) -> Tensor | Array:
        value = self.value(0)
        perm = self.integers("perm", list(reversed(range(len(value.shape)))))
        if sorted(perm) != list(range(len(value.shape))):
            raise Unreadable("Transpose by what is no order of the axes")
        order, shape = transposed(value.shape, perm)
        if isinstance(value, Tensor):
            return value.take(order, shape)
        return Array(tuple(shape), [value.numbers[p] for p in order], value.whole)

    def concat(self) -> Tensor:
        parts = [self.tensor(i) for i in range(len(self.values))]
        axis, rank = self.integer("axis", 10**6), len(parts[0].shape)
        if not -rank <= axis < rank:
            raise Unreadable("Concat along an axis that is not there")
        return concatenated(parts, axis % rank)

    def constant(self) -> Array:
        value = self.attribute("value")
        tensor = value.message(5) if value else None
        if tensor is None:
            raise Declined("Constant that is not stored as a tensor")
        return stored(tensor)


OPERATORS: dict[str, Callable[[Node], Tensor | Array]] = {
    "Add": Node.add,
    "AveragePool": Node.average_pool,
    "BatchNormalization": Node.batch_normalization,
    "Concat": Node.concat,
    "Constant": Node.constant,
    "Conv": Node.conv,
    "Flatten": Node.flatten,
    "Gemm": Node.gemm,
    "Identity": lambda n: n.value(0),
    "LeakyRelu": lambda n: n.tensor(0).settled().leaky(n.number("alpha", 0.01)),
    "MatMul": Node.matmul,
    "MaxPool": Node.max_pool,
    "Mul": Node.mul,
    "Relu": lambda n: n.tensor(0).relu(),
    "Reshape": Node.reshape_to,
    "Sub": Node.sub,
    "Transpose": Node.transpose,
}


def common_shape(a: Sequence[int], b: Sequence[int]) -> list[int]:
    """The shape that two shapes broadcast to."""
    longer = max(len(a), len(b))
    pairs = zip([1] * (longer - len(a)) + list(a), [1] * (longer - len(b)) + list(b), strict=True)
    return [y if x == 1 else x for x, y in pairs]


def onnx_network(data: bytes) -> Network:
    """The model's graph, lowered node by node in the order in which the output needs them."""
    try:
        data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable("damaged gzip data") from error
    model = Message(data)
    graph = model.message(7)
    if graph is None or graph.all(15):
        raise Declined("an ONNX model without a graph, or with sparse tensors")
    imports = [Message(entry) for entry in model.all(8)]
    opset = next((m.integer(2) for m in imports if m.text(1) in ("", "ai.onnx")), 1)
    if not 7 <= opset <= 28:
        raise Declined(f"ONNX operator set {opset}")
    initializers = {m.text(8): m for m in map(Message, graph.all(5))}
    inputs = [m for m in map(Message, graph.all(11)) if m.text(1) not in initializers]
    outputs = [Message(entry).text(1) for entry in graph.all(12)]
    if len(inputs) != 1 or len(outputs) != 1:
        raise Declined("an ONNX model with several inputs or outputs")
    shape = input_shape(inputs[0])
    nodes = ordered(graph, {inputs[0].text(1), *initializers}, outputs[0], opset)
    uses = Counter([*(name for node in nodes for name in node.message.texts(1)), outputs[0]])
    inner = shape[1:] if len(shape) > 1 and shape[0] == 1 else shape
    values: dict[str, Tensor | Array] = {inputs[0].text(1): input_tensor(inner).reshape(shape)}
    for node in nodes:
        for name in node.message.texts(1):
            if name in initializers and name not in values:
                values[name] = stored(initializers[name])
        node.values = [values.get(name) for name in node.message.texts(1)]
        result = OPERATORS[node.kind](node)
        unread = {Message(a).text(1) for a in node.message.all(5)} - node.read
        if unread:
            raise Declined(f"attribute {sorted(unread)[0][:40]} of {node.kind}")
        name = node.message.texts(2)[0]
        values[name] = result.settled() if isinstance(result, Tensor) and uses[name] > 1 else result
    output = values.get(outputs[0])
    if not isinstance(output, Tensor) or not nodes:
        raise Declined("an ONNX model whose output is not computed by an operator")
    return output.network(math.prod(shape), nodes[0].notes)


def input_shape(value: Message) -> list[int]:
    """The shape of the input, 1 for an open batch axis."""
    kind = value.message(2)
    tensor = kind.message(1) if kind else None
    sizes = tensor.message(2) if tensor else None
    if tensor is None or sizes is None or tensor.integer(1) not in (1, 10, 11):
        raise Declined("an ONNX input that is no tensor of floats with a shape")
    shape = [Message(d).integer(1) for d in sizes.all(1)]
    if shape and shape[0] == 0:
        shape[0] = 1
    if not all(size > 0 for size in shape) or (len(shape) > 1 and shape[0] > 1):
        raise Declined("an ONNX input with open axes or a batch")
    return shape


def ordered(graph: Message, given: set[str], output: str, opset: int) -> list[Node]:
    """The nodes that the output needs, each after the nodes of its first input, of its second, and so on."""
    counts, taken, notes = Counter[str](), set[str](), list[str]()
    producer: dict[str, Node] = {}
    for message in map(Message, graph.all(1)):
        kind, results = message.text(4), message.texts(2)
        counts[kind] += 1
        own = message.text(3) or next((name for name in results if not name.isdigit()), "")
        own = own or f"{kind.lower()}{counts[kind]}"
        name = base = "".join(c if c.isprintable() else "?" for c in own[:120])
        copy = 1
        while name in taken:
            copy += 1
            name = f"{base}#{copy}"
        taken.add(name)
        for result in filter(None, results):
            if result in producer or result in given:
                raise Unreadable("a value that is computed twice")
            producer[result] = Node(message, name, opset, notes)
    order: list[Node] = []
    state: dict[int, bool] = {}
    stack: list[tuple[str, bool]] = [(output, False)]
    while stack:
        name, finished = stack.pop()
        node = producer.get(name)
        if name in given:
            continue
        if node is None:
            raise Unreadable(f"{name[:40]!r} is not computed anywhere")
        if name != node.message.texts(2)[0] or len(list(filter(None, node.message.texts(2)))) > 1:
            raise Declined(f"{node.kind} with several outputs")
        if node.message.text(7) not in ("", "ai.onnx") or node.kind not in OPERATORS:
            raise Declined(f"the operator {node.kind[:40]}")
        if finished:
            state[id(node)] = True
            order.append(node)
        elif id(node) not in state:
            state[id(node)] = False
            stack.append((name, True))
            stack += [(key, False) for key in reversed(node.message.texts(1)) if key]
        elif not state[id(node)]:
            raise Unreadable("a graph with a cycle")
    return order


# ------------------------------------------------------------------------------------------------ what is claimed


@dataclass
class Slope:
    """Ambient directions of the coordinates (None: they are ambient); an axis with a sign, or a norm and a bound."""

    directions: list[list[Q]] | None
    axis: int = 0
    sign: int = 1
    norm: str = ""
    bound: Q = ZERO

    def free_columns(self, region: Region) -> tuple[list[int], list[list[Q]]]:
        """The coordinates that are not pinned, and their ambient directions."""
        n = region.dimension
        free = [j for j in range(n) if j not in region.pinned]
        columns = self.directions or [[Q(int(i == j)) for i in range(n)] for j in range(n)]
        return free, [columns[j] for j in free]

    def axis_direction(self, region: Region) -> dict[int, Q] | None:
        """The direction, in free coordinates, that is the axis times the sign; None where there is none."""
        free, columns = self.free_columns(region)
        size = len(self.directions[0]) if self.directions else region.dimension
        found = solution(columns, [Q(self.sign * int(i == self.axis)) for i in range(size)])
        return None if found is None else dict(zip(free, found, strict=True))


@dataclass
class Question:
    """Does every piece of the network on the region (which has no chart) meet the criterion?"""

    network: Network
    region: Region
    criterion: str
    origin: list[Q] | None
    lemma: str
    slope: Slope | None = None


Terms: TypeAlias = list[tuple[Q, list[Q], bool]]
Values: TypeAlias = Mapping[str, list[Q] | Q]

# Property -> variables (points in capitals), relation, when it is vacuous, what makes an instance trivial.
NEVER, ORIGIN, HULL, SUM, AXIS = "never", "origin", "hull", "sum", "axis"
PROPERTIES: dict[str, tuple[str, str, str, tuple[str, int] | None]] = {
    "affine": ("XYe", "=", NEVER, None),
    "convex": ("XYe", "<", NEVER, None),
    "concave": ("XYe", ">", NEVER, None),
    "linear": ("XYab", "=", NEVER, None),
    "superposition": ("XYab", "=", NEVER, None),
    "constant": ("XY", "=", NEVER, None),
    "lipschitz": ("XY", "<", NEVER, None),
    "equivalent": ("X", "=", NEVER, None),
    "equivalent within": ("X", "<", NEVER, None),
    "additive": ("XY", "=", SUM, None),
    "subadditive": ("XY", "<", SUM, None),
    "superadditive": ("XY", ">", SUM, None),
    "odd": ("X", "=", ORIGIN, None),
    "even": ("X", "=", ORIGIN, None),
    "homogeneous": ("Xt", "=", HULL, ("t", 1)),
    "positively homogeneous": ("Xt", "=", HULL, ("t", 1)),
    "nondecreasing": ("Xt", ">", AXIS, ("t", 0)),
    "nonincreasing": ("Xt", "<", AXIS, ("t", 0)),
}
VACUOUS = {
    NEVER: "",
    ORIGIN: "0 is not in the region",
    HULL: "0 is not in the affine hull of the region, and t = 1 alone says nothing",
    SUM: "no x, y of the region have x + y in it",
    AXIS: "no two points of the region differ in that input alone, and t = 0 alone says nothing",
}


@dataclass
class Claim:
    """A property of f (and g) on a region; ``key`` is the property without its parameters."""

    key: str
    f: Network
    g: Network | None
    region: Region
    axis: int = 0
    norm: str = ""
    bound: Q = ZERO

    def terms(self, values: Values) -> Terms:
        """The terms of an instance."""
        x, y = values["x"], values.get("y", [])
        if not (isinstance(x, list) and isinstance(y, list)):
            raise Rejected("instance", "a point was expected")
        number = {name: value for name, value in values.items() if isinstance(value, Q)}
        e, t, a, b = (number.get(name, ZERO) for name in "etab")

        def mix(p: Q | int, q: Q | int) -> list[Q]:
            return [p * v + q * w for v, w in itertools.zip_longest(x, y, fillvalue=ZERO)]

        key = self.key
        if key in ("affine", "convex", "concave"):
            require(0 <= e <= 1, "instance", "e lies between 0 and 1")
            return [(Q(1), mix(1 - e, e), False), (e - 1, x, False), (-e, y, False)]
        if key in ("linear", "superposition"):
            return [(Q(1), mix(a, b), False), (-a, x, False), (-b, y, False)]
        if key in ("additive", "subadditive", "superadditive"):
            return [(Q(1), mix(1, 1), False), (Q(-1), x, False), (Q(-1), y, False)]
        if key in ("constant", "lipschitz"):
            return [(Q(1), x, False), (Q(-1), y, False)]
        if key in ("odd", "even"):
            return [(Q(1), mix(-1, 0), False), (Q(1 if key == "odd" else -1), x, False)]
        if key in ("homogeneous", "positively homogeneous"):
            require(key == "homogeneous" or t >= 0, "instance", "t is not negative")
            return [(Q(1), mix(t, 0), False), (-t, x, False)]
        if key in ("nondecreasing", "nonincreasing"):
            require(t >= 0, "instance", "t is not negative")
            return [(Q(1), [v + t * int(i == self.axis) for i, v in enumerate(x)], False), (Q(-1), x, False)]
        return [(Q(1), x, False), (Q(-1), x, True)]

    def gap(self, total_: Q, values: Values) -> Q:
        """What the relation is about."""
        x, y = values["x"], values.get("y", [])
        if self.key == "equivalent within":
            return abs(total_) - self.bound
        if self.key != "lipschitz" or not (isinstance(x, list) and isinstance(y, list)):
            return total_
        distance = norm_of(self.norm, [a - b for a, b in zip(x, y, strict=True)])
        return power(self.norm, abs(total_)) - power(self.norm, self.bound) * distance

    def checked_terms(self, values: Values) -> Terms:
        """The terms of an instance whose variables are those of the property and whose points lie in the region."""
        variables = PROPERTIES[self.key][0]
        require(set(values) == set(variables.lower()), "instance", "not the variables of the property")
        for name, value in values.items():
            fits = (
                isinstance(value, Q) if name in variables else isinstance(value, list) and len(value) == self.f.inputs
            )
            require(fits, "instance", f"{name} is of the wrong kind or length")
        terms = self.terms(values)
        require(
            all(self.region.contains(p) for _, p, _ in terms), "instance", "an argument of f lies outside the region"
        )
        return terms

    def questions(self) -> list[Question] | str:
        """What must hold of the pieces, or why there is nothing to ask."""
        region = self.region
        origin = [ZERO] * region.dimension if region.origin_in_hull else None
        plain = Region(region.low, region.high, region.rows, region.centre, region.radius)
        chart = region.directions if region.origin is not None else None

        def local(network: Network) -> Network:
            return network if chart is None else composed(network, chart_rows(region), region.dimension)

        def one(network: Network, criterion: str, lemma: str, slope: Slope | None = None) -> list[Question]:
            return [Question(local(network), plain, criterion, origin, lemma, slope)]

        def copies(lemma: str, variables: int, criterion: str, *parts: tuple[int, tuple[Q | int, ...]]) -> Question:
            f, n = local(self.f), region.dimension
            domain = arguments_inside(plain, region.contains_origin, [w for _, w in parts], variables)
            picked = [(Q(c), f, [picked_row(w, n, i) for i in range(n)]) for c, w in parts]
            network = combination(picked, domain.dimension)
            return Question(network, domain, criterion, [ZERO] * domain.dimension, lemma)

        key = self.key
        if key == "affine":
            return one(self.f, "affine", "definition: one affine map on all pieces")
        if key in ("linear", "superposition"):
            return one(self.f, "linear", "lemma 3: one affine map, zero at the origin")
        if key == "constant":
            return one(self.f, "constant", "definition: one constant on all pieces")
        if key in ("additive", "subadditive", "superadditive"):
            if origin is None:
                return "no x, y of the region have x + y in it: 0 is not in its affine hull"
            if key == "additive" and region.contains_origin:
                return one(self.f, "linear", "lemma 3: with 0 in the region, additive means linear")
            s = -1 if key == "superadditive" else 1
            text = "f(x+y) - f(x) - f(y)" if s > 0 else "f(x) + f(y) - f(x+y)"
            end = "zero" if key == "additive" else "a network, and at most zero"
            criterion = "zero" if key == "additive" else "nonpositive"
            return [copies(f"lemma 5: {text} is {end}", 2, criterion, (s, (1, 1)), (-s, (1, 0)), (-s, (0, 1)))]
        if key in ("odd", "even"):
            if not region.contains_origin:
                return "no x of the region has -x in it: 0 is not in the region"
            lemma = f"lemma 5: f(-x) = {'-' if key == 'odd' else ''}f(x) as one network that must vanish"
            return [copies(lemma, 1, "zero", (1, (-1,)), (1 if key == "odd" else -1, (1,)))]
        if key in ("homogeneous", "positively homogeneous"):
            if origin is None:
                return "x and t x both lie in the region only for t = 1: 0 is not in its affine hull"
            if not region.contains_origin:
                lemma = "lemma 4: as 0 is not in the region, each piece must vanish at the origin (Euler)"
                return one(self.f, "through the origin", lemma)
            half = "lemma 4: f(x/2) = f(x)/2 decides, as 0 is in the region"
            found = [copies(half, 1, "zero", (2, (Q(1, 2),)), (-1, (1,)))]
            if key == "homogeneous":
                found.append(copies("lemma 4: f(-x) = -f(x) where both are inside", 1, "zero", (1, (1,)), (1, (-1,))))
            return found
        if key in ("nondecreasing", "nonincreasing"):
            slope = Slope(chart, self.axis, -1 if key == "nonincreasing" else 1)
            if slope.axis_direction(plain) is None:
                return f"x and x + t e{self.axis} both lie in the region only for t = 0"
            return one(self.f, "nondecreasing", "slopes: each piece's slope along the axis has one sign", slope)
        if key == "lipschitz":
            slope = Slope(chart, norm=self.norm, bound=self.bound)
            return one(self.f, key, "gradients: the constant bounds each piece's gradient in the dual norm", slope)
        n = self.f.inputs
        if key == "convex":
            return one(self.f, key, "convexity: f is the largest of its pieces' maps")
        if key == "concave":
            turned = combination([(-1, self.f, identity(n))], n)
            return one(turned, "convex", "convexity: -f is the largest of its pieces' maps")
        if self.g is None:
            raise Rejected("format", "the property compares two networks")
        difference = combination([(1, self.f, identity(n)), (-1, self.g, identity(n))], n)
        if key == "equivalent":
            return one(difference, "zero", "lemma 5: f - g is zero")
        last, less = difference.blocks[-1].rows, {ONE: Q(1)}
        both = [
            *(total((1, r), (-self.bound, less)) for r in last),
            *(total((-1, r), (-self.bound, less)) for r in last),
        ]
        sides = Network(n, [*difference.blocks[:-1], Block(both, relu=False)])
        return one(sides, "nonpositive", "lemma 5: f - g - e and g - f - e are at most zero")


def norm_of(norm: str, v: Sequence[Q]) -> Q:
    """The norm of a vector; of l2 the square."""
    sizes = [abs(value) for value in v]
    return max(sizes, default=ZERO) if norm == "linf" else sum((s if norm == "l1" else s * s for s in sizes), ZERO)


def power(norm: str, value: Q) -> Q:
    """What is compared with ``norm_of``: the value, or for l2 its square."""
    return value * value if norm == "l2" else value


def picked_row(weights: Sequence[Q | int], n: int, i: int) -> Form:
    """Coordinate i of ``sum_j weights[j] v_j`` for stacked v_j of length n."""
    return {(0, j * n + i): Q(w) for j, w in enumerate(weights) if w}


def arguments_inside(region: Region, has_origin: bool, weights: Sequence[Sequence[Q | int]], variables: int) -> Region:
    """All v for which each weighted sum of the v_j lies in the region; the coordinates of lifted balls come last."""
    n = region.dimension
    if region.centre is not None:
        symmetric = not any(region.centre)
    else:
        sides = zip(region.low, region.high, strict=True)
        symmetric = all((a is None) == (b is None) and (a is None or b is None or a == -b) for a, b in sides)
    kept = {
        Q(1),
        *([Q(1, 2)] if has_origin else []),
        *([Q(-1)] if has_origin and symmetric and not region.rows else []),
    }
    if variables == 1 and all(Q(w[0]) in kept for w in weights):
        return region
    rows, extra = region.lifted_rows()
    result = []
    for i, w in enumerate(weights):
        own = variables * n + i * extra
        argument = {(0, j): picked_row(w, n, j) for j in range(n)}
        argument |= {(0, n + j): {(0, own + j): Q(1)} for j in range(extra)}
        result += [put(row, argument) for row in rows]
    return polyhedron(variables * n + len(weights) * extra, result)


def lift(question: Question) -> Question:
    """The question with an L1 ball as a polyhedron in coordinates (t, s), of which the network reads t."""
    region = question.region
    if region.centre is None:
        return question
    rows, n = region.lifted_rows()
    slope = question.slope
    if slope is not None:
        size = len(slope.directions[0]) if slope.directions else n
        columns = slope.directions or [[Q(int(i == j)) for i in range(n)] for j in range(n)]
        slope = Slope([*columns, *[[ZERO] * size for _ in range(n)]], slope.axis, slope.sign, slope.norm, slope.bound)
    network = Network(2 * n, question.network.blocks)
    return Question(network, polyhedron(2 * n, rows), question.criterion, question.origin, question.lemma, slope)


# ------------------------------------------------------------------------------------------------ evidence: cells


def multipliers(data: Any) -> dict[int, Q]:
    """Row numbers and factors."""
    require(isinstance(data, dict), "format", "multipliers are an object")
    require(all(re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", key) for key in data), "format", "a row is a number")
    return {int(key): rational(value) for key, value in data.items()}


def keyed(data: Any) -> dict[Key, Any]:
    """An object whose keys are pairs such as ``2:5``."""
    require(isinstance(data, dict) and bool(data), "evidence", "an empty object is left out")
    number = "(0|[1-9][0-9]{0,17})"
    require(all(re.fullmatch(f"{number}:{number}", key) for key in data), "format", "a key is a pair such as 2:5")
    return {(int(key.split(":")[0]), int(key.split(":")[1])): value for key, value in data.items()}


def bits_of(data: Any, sizes: Sequence[tuple[int, int]], rule: str = "pattern") -> dict[int, list[bool]]:
    """One bit for each unit of each ReLU block."""
    keys(data, [str(k) for k, _ in sizes], rule=rule)
    found = {}
    for k, size in sizes:
        text, length = data[str(k)], -(-size // 8)
        fits = isinstance(text, str) and re.fullmatch(f"[0-9a-f]{{{2 * length}}}", text)
        require(bool(fits), rule, f"block {k} needs one bit for each of its {size} units")
        bits = [bool(byte >> 7 - i & 1) for byte in bytes.fromhex(text) for i in range(8)]
        require(not any(bits[size:]), rule, "bits beyond the last unit are 0")
        found[k] = bits[:size]
    return found


def form_from(data: Any, dimension: int, rule: str) -> Form:
    """A form from its list of numbers."""
    numbers = vector(data)
    require(len(numbers) == dimension + 1, rule, f"a form of {len(numbers)} numbers in {dimension} dimensions")
    return form_of(numbers[:-1], numbers[-1])


def checked_equation(item: Any, region: Region) -> Form:
    """A form that is zero on the region."""
    keys(item, ("form", "above", "below"))
    form = form_from(item["form"], region.dimension, "equation")
    for signed, side in ((form, "above"), (negative(form), "below")):
        holds = region.follows(signed, region.rows, multipliers(item[side]))
        require(holds, "equation", "a claimed equation of the region's hull does not follow")
    return form


def in_hull(question: Question, equations: Sequence[Any]) -> Question:
    """The question in the coordinates that the equations leave free."""
    region, n = question.region, question.region.dimension
    if not equations:
        return question
    require(region.centre is None, "equation", "of an L1 ball, they need the ball lifted")
    forms = [checked_equation(item, region) for item in equations]
    rows, pivots = echelon([[*(f.get((0, j), ZERO) for j in range(n)), -f.get(ONE, ZERO)] for f in forms], n)
    require(not any(row[n] for row in rows[len(pivots) :]), "equation", "the equations contradict one another")
    free = [j for j in range(n) if j not in pivots]
    values: dict[Key, Form] = {(0, j): {(0, place): Q(1)} for place, j in enumerate(free)}
    for row, pivot in zip(rows, pivots, strict=False):
        values[0, pivot] = form_of([-row[j] for j in free], row[n])
    inside = polyhedron(len(free), [put(row, values) for row in region.half_spaces()])
    blocks = [Block([put(row, values) for row in b.rows], b.relu, b.smooth) for b in question.network.blocks]
    columns = [[values[0, i].get((0, place), ZERO) for i in range(n)] for place in range(len(free))]
    origin, slope = question.origin, question.slope
    if origin is not None:
        kept = range(len(origin))
        target = [origin[i] - values[0, i].get(ONE, ZERO) for i in kept]
        origin = solution([[column[i] for i in kept] for column in columns], target)
    if slope is not None:
        old = slope.directions
        if old is not None:
            columns = [[sum((c[i] * old[i][a] for i in range(n)), ZERO) for a in range(len(old[0]))] for c in columns]
        slope = Slope(columns, slope.axis, slope.sign, slope.norm, slope.bound)
    return Question(Network(len(free), blocks), inside, question.criterion, origin, question.lemma, slope)


def tree_leaves(nodes: Any, region: Region) -> tuple[list[tuple[dict[str, Any], list[Form]]], bool]:
    """Each leaf with the rows that hold on it, and whether there are splits."""
    waiting, found, several = [list(region.rows)], [], False
    for node in listed(nodes, "tree"):
        require(bool(waiting), "tree", "there are nodes after the last part")
        rows = waiting.pop()
        if isinstance(node, dict) and "split" in node:
            keys(node, ("split",))
            several, form = True, form_from(node["split"], region.dimension, "split")
            waiting += [[*rows, negative(form)], [*rows, form]]
        else:
            keys(node, ("cell",), ("signs", "multipliers", "witnesses", "free", "ceilings"))
            require(node.get("signs", True) is True, "evidence", "'signs' is true or left out")
            found.append((node, rows))
    require(not waiting and bool(found), "tree", "a part of the region has no leaf")
    return found, several


class Leaf(NamedTuple):
    """The outputs' maps on a part, the rows there, and the multipliers for a criterion that is an inequality."""

    maps: list[Form]
    rows: list[Form]
    witnesses: dict[Key, dict[int, Q]]


def check_proof(question: Question, proof: Any) -> None:
    """One question: its region is empty, or is covered by leaves whose maps meet the criterion."""
    require(isinstance(proof, dict) and type(proof.get("lifted")) is bool, "format", "'lifted' is true or false")
    if proof["lifted"]:
        question = lift(question)
    if "empty" in proof:
        keys(proof, ("empty", "lifted"))
        empty = question.region.follows({ONE: Q(-1)}, question.region.rows, multipliers(proof["empty"]))
        require(empty, "empty region", "the multipliers do not contradict the region's rows")
        return
    steps = ("rewriting", "sizes") if "rewriting" in proof or "sizes" in proof else ()
    keys(proof, ("equations", "lifted", "tree", *steps))
    question.network.require_relu()
    question = in_hull(question, listed(proof["equations"]))
    if steps:
        question.network = rewritten(question.network, proof["rewriting"], question.region)
        sizes = {str(k): size for k, size in question.network.relu_blocks()}
        require(same(proof["sizes"], sizes), "rewriting", "'sizes' are those of the ReLU blocks after the rewriting")
    network, region, slope = question.network, question.region, question.slope
    through = question.criterion == "through the origin"
    require(not through or question.origin is not None, "zero at the origin", "0 is not in the affine hull")
    if question.criterion == "nondecreasing":
        along = slope is not None and slope.axis_direction(region) is not None
        require(along, "slope", "the axis is no direction of the region")
    nodes, several = tree_leaves(proof["tree"], region)
    pinned: dict[Key, Form] = {(0, j): form_of([], value) for j, value in region.pinned.items()}
    leaves, sizes_ = [], network.relu_blocks()
    for node, rows in nodes:
        pattern = bits_of(node["cell"], sizes_)
        proofs = {key: multipliers(m) for key, m in keyed(node["multipliers"]).items()} if "multipliers" in node else {}
        witnesses = {key: multipliers(m) for key, m in keyed(node["witnesses"]).items()} if "witnesses" in node else {}
        if "ceilings" in node and "free" not in node:
            raise Declined("ceilings in a leaf without free units")
        if "free" in node:
            require("signs" not in node, "relevance", "free units and signs do not go together")
            maps = free_leaf(question, rows, pattern, proofs, node)
        else:
            maps = stable_leaf(question, rows, pattern, proofs, "signs" in node, several)
        raw = maps
        if through or (question.criterion == "linear" and question.origin is not None):
            zero = all(at(form, question.origin or []) == 0 for form in raw)
            require(zero, "zero at the origin", "a piece, extended, is not zero at the origin")
        leaves.append(Leaf([put(form, pinned) for form in maps], rows, witnesses))
    check_criterion(question, leaves, several)


def stable_leaf(
    question: Question,
    rows: list[Form],
    pattern: dict[int, list[bool]],
    proofs: Mapping[Key, Multipliers],
    signs: bool,
    several: bool,
) -> list[Form]:
    """The maps of a leaf on which every unit keeps its side."""
    network, region = question.network, question.region
    if signs:
        require(forced_pattern(network, region) == pattern, "signs", "the signs do not force this pattern")
        if question.criterion in ("affine", "convex") and not several:
            return [{} for _ in network.blocks[-1].rows]  # the map itself is not asked for
    if network.weights * (network.inputs + 1) > 1_000_000:
        raise Declined("exact forms of a network of more than 1000000 weights times coordinates")
    forms = network.forms(pattern)
    for k, bits in pattern.items() if not signs else ():
        for i, (form, on) in enumerate(zip(forms[k - 1], bits, strict=True)):
            signed = form if on else negative(form)
            least = region.least(signed)
            if least is None or least < 0:
                holds = region.follows(signed, rows, proofs.get((k, i), {}))
                require(holds, "stable pattern", f"the side of unit {i} of block {k} does not follow")
    return forms[-1]


def forced_pattern(network: Network, region: Region) -> dict[int, list[bool]] | None:
    """The pattern that the signs of inputs, weights and biases force; None where they do not."""
    if region.centre is not None:
        return None
    sides = enumerate(zip(region.low, region.high, strict=True))
    known = {(0, j): (a is not None and a >= 0, b is not None and b <= 0) for j, (a, b) in sides}
    known[ONE] = (True, False)
    pattern: dict[int, list[bool]] = {}
    for k, block in enumerate(network.blocks, 1):
        signs = [
            tuple(all(known[key][w < 0 if up else w > 0] for key, w in row.items()) for up in (True, False))
            for row in block.rows
        ]
        if block.relu:
            if not all(up or down for up, down in signs):
                return None
            pattern[k] = [not down for _, down in signs]
        known |= {(k, i): (up or block.relu, down) for i, (up, down) in enumerate(signs)}
    return pattern


def check_criterion(question: Question, leaves: Sequence[Leaf], several: bool) -> None:
    """Do the maps of the leaves, which cover the region, meet the criterion?"""
    criterion, region, first = question.criterion, question.region, leaves[0].maps
    if criterion == "zero":
        require(all(not form for leaf in leaves for form in leaf.maps), "zero", "a piece is not zero")
    elif criterion == "through the origin":
        return
    elif criterion in ("affine", "linear", "constant"):
        require(all(leaf.maps == first for leaf in leaves), "one map", "two pieces have different maps")
        flat_ = criterion != "constant" or all(set(form) <= {ONE} for form in first)
        require(flat_, "constant", "a piece is not constant")
    elif criterion == "convex":
        for output in range(len(first)):
            others: list[Form] = []
            for leaf in leaves:
                others += [leaf.maps[output]] if leaf.maps[output] not in others else []
            for leaf in leaves:
                for index, other in enumerate(others):
                    excess, proof = total((1, leaf.maps[output]), (-1, other)), leaf.witnesses.get((index, output), {})
                    holds = not excess or region.follows(excess, leaf.rows, proof)
                    require(holds, "inequality", "it does not follow that a piece is the largest on its part")
    elif criterion == "nonpositive":
        for leaf in leaves:
            for output, form in enumerate(leaf.maps):
                holds = region.follows(negative(form), leaf.rows, leaf.witnesses.get((0, output), {}))
                require(holds, "inequality", "it does not follow that a piece is at most zero")
    elif question.slope is None:
        raise Rejected("slope", "the question is about slopes and does not say which")
    elif criterion == "nondecreasing":
        along = question.slope.axis_direction(region) or {}
        slopes = [sum((form.get((0, j), ZERO) * v for j, v in along.items()), ZERO) for f in leaves for form in f.maps]
        require(all(slope >= 0 for slope in slopes), "slope", "a piece decreases along the axis")
    else:
        check_gradients(question.slope, region, leaves)


def check_gradients(slope: Slope, region: Region, leaves: Sequence[Leaf]) -> None:
    """Each gradient extends to an ambient functional whose dual norm is at most the bound."""
    free, columns = slope.free_columns(region)
    size = len(slope.directions[0]) if slope.directions else region.dimension
    dual = {"linf": "l1", "l1": "linf", "l2": "l2"}[slope.norm]
    for leaf in leaves:
        for output, form in enumerate(leaf.maps):
            gradient = [form.get((0, j), ZERO) for j in free]
            witness = leaf.witnesses.get((0, output))
            if witness is None and slope.directions is None:
                functional = gradient
            else:
                witness = witness or {}
                require(
                    all(0 <= i < size for i in witness), "slope", "a functional with a coordinate that is not there"
                )
                functional = [witness.get(i, ZERO) for i in range(size)]
                along = [sum((a * b for a, b in zip(functional, column, strict=True)), ZERO) for column in columns]
                require(along == gradient, "slope", "the functional is not the gradient on the region's directions")
            bounded = norm_of(dual, functional) <= power(slope.norm, slope.bound)
            require(bounded, "slope", "the constant does not bound a gradient")


# -------------------------------------------------------------------------------- evidence: leaves with free units


def primitive(row: Form) -> tuple[Q, Form]:
    """The row as a positive number times coprime integers."""
    bottom = math.lcm(*(v.denominator for v in row.values()))
    top = math.gcd(*(v.numerator * (bottom // v.denominator) for v in row.values()))
    factor = Q(top, bottom)
    return factor, {key: v / factor for key, v in row.items()}


class Relaxation:
    """What is known of coordinates and of values (-2, i) of units that are left open, on a part of a box.

    ``constraints`` are forms that are >= 0: the part's rows, then for each open value y = relu(z) the two ``y - z`` and
    its ceiling less y (nothing where it has none).
    """

    def __init__(self, region: Region, rows: Sequence[Form]) -> None:
        self.low: dict[Key, Q | None] = {(0, j): v for j, v in enumerate(region.low)}
        self.high: dict[Key, Q | None] = {(0, j): v for j, v in enumerate(region.high)}
        self.constraints = list(rows)
        self.open: dict[Key, Form] = {}
        self.known: dict[frozenset[tuple[Key, Q]], Key] = {}

    def least(self, form: Form) -> Q | None:
        """The least value that the sides allow."""
        found = form.get(ONE, ZERO)
        for key, value in form.items():
            if key != ONE:
                side = self.low[key] if value > 0 else self.high[key]
                if side is None:
                    return None
                found += value * side
        return found

    def follows(self, form: Form, proof: Multipliers) -> bool:
        rest = dict(form)
        for index, factor in proof.items():
            if factor < 0 or not 0 <= index < len(self.constraints):
                return False
            add(rest, -factor, self.constraints[index])
        least = self.least(rest)
        return least is not None and least >= 0

    def relu(self, row: Form) -> tuple[Form, Key | None]:
        """``relu(row)`` as a row, and the new open value if there is one: equal and opposite rows share theirs."""
        if set(row) <= {ONE}:
            return (dict(row) if row.get(ONE, ZERO) > 0 else {}), None
        factor, z = primitive(row)
        key = self.known.get(frozenset(z.items()))
        if key is not None:
            return {key: factor}, None
        key = self.known.get(frozenset(negative(z).items()))
        if key is not None:  # relu(-z) = relu(z) - z
            return total((1, row), (factor, {key: Q(1)})), None
        key = (-2, len(self.open))
        down = self.least(negative(z))
        self.known[frozenset(z.items())], self.open[key] = key, z
        self.low[key], self.high[key] = ZERO, None if down is None else max(ZERO, -down)
        self.constraints += [total((1, {key: Q(1)}), (-1, z)), {}]
        return {key: factor}, key


def open_units(network: Network, region: Region) -> tuple[list[tuple[Key, Key, Form]], list[Form]]:
    """Units that the box leaves open and the outputs need: (block and unit, value, row), and the outputs' rows."""
    box = Relaxation(region, [])
    values: dict[Key, Form] = {(0, j): form_of([], value) for j, value in region.pinned.items()}
    units: list[tuple[Key, Key, Form]] = []
    rows: list[Form] = []
    for k, block in enumerate(network.blocks, 1):
        rows = [put(row, values) for row in block.rows]
        for i, row in enumerate(rows):
            values[k, i] = row
            if block.relu:
                least, most = box.least(row), box.least(negative(row))
                if least is not None and least >= 0:
                    continue
                new = None
                values[k, i], new = ({}, None) if most is not None and most >= 0 else box.relu(row)
                if new is not None:
                    units.append(((k, i), new, box.open[new]))
    needed = {key for row in rows for key in row if key[0] == -2}
    for _, value, row in reversed(units):
        needed |= {key for key in row if key[0] == -2} if value in needed else set()
    return [unit for unit in units if unit[1] in needed], rows


def free_leaf(
    question: Question,
    rows: Sequence[Form],
    pattern: Mapping[int, Sequence[bool]],
    proofs: Mapping[Key, Multipliers],
    node: Mapping[str, Any],
) -> list[Form]:
    """The maps of a leaf on which some units may switch: no output may depend on their values."""
    network, region = question.network, question.region
    require(region.centre is None, "relevance", "free units need a region in box form")
    free = bits_of(node["free"], network.relu_blocks(), "relevance")
    ceilings = keyed(node["ceilings"]) if "ceilings" in node else {}
    for item in ceilings.values():
        require(isinstance(item, list) and len(item) == 4, "format", "a ceiling has a slope, an offset and two proofs")
    read = {key: (rational(s), rational(o), multipliers(b), multipliers(a)) for key, (s, o, b, a) in ceilings.items()}
    units, outputs = open_units(network, region)
    part, values = Relaxation(region, rows), dict[Key, Form]()
    for (k, i), value, original in units:
        row = put(original, values)
        if free[k][i] or set(row) <= {ONE}:
            values[value], new = part.relu(row)
            # An open value keeps its own numbering: put in later, it must not be taken for a value of the box.
            if new is not None and (k, i) in read:
                slope, offset, below, above = read[k, i]
                line = total((slope, part.open[new]), (offset, {ONE: Q(1)}))
                over = total((1, line), (-1, part.open[new]))
                holds = 0 <= slope <= 1 and part.follows(line, below) and part.follows(over, above)
                require(holds, "relevance", "a claimed upper bound of a free unit does not follow")
                part.constraints[2 * new[1] + len(rows) + 1] = total((1, line), (-1, {new: Q(1)}))
            continue
        on = pattern[k][i]
        holds = part.follows(row if on else negative(row), proofs.get((k, i), {}))
        require(holds, "relevance", f"the side of unit {i} of block {k} does not follow")
        values[value] = row if on else {}
    maps = [put(row, values) for row in outputs]
    require(all(key[0] != -2 for form in maps for key in form), "relevance", "an output depends on a free unit")
    return maps


# ------------------------------------------------------------------------------------------ evidence: rewriting


def line_of(text: Any, most: int) -> list[int]:
    """The numbers of a line: ``5``, ``-1*20`` (twenty times), ``7+4`` (7, 8, 9, 10); written as short as can be."""
    require(isinstance(text, str), "format", "a line of numbers")
    found: list[int] = []
    for word in text.split():
        match = re.fullmatch(r"(-?\d{1,9})(?:([*+])(\d{1,9}))?", word, re.ASCII)
        if match is None or len(found) + int(match[3] or 1) > most:
            raise Rejected("format", "a line of numbers that are too many, or none")
        first, count = int(match[1]), int(match[3] or 1)
        found += range(first, first + count) if match[2] == "+" else [first] * count
    words, place = [], 0
    while place < len(found):
        runs = []
        for sign, step in (("*", 0), ("+", 1)):
            end = place + 1
            while end < len(found) and found[end] == found[end - 1] + step:
                end += 1
            runs.append((end - place, sign))
        count, sign = runs[0] if runs[0][0] >= runs[1][0] else runs[1]
        words.append(f"{found[place]}{sign}{count}" if count > 1 else f"{found[place]}")
        place += count
    require(" ".join(words) == text, "evidence", "a line of numbers that is not written as it should be")
    return found


Interval: TypeAlias = tuple[Q | None, Q | None]


def span(row: Form, known: Mapping[Key, Interval]) -> Interval:
    """The interval of a form over intervals of its variables."""
    low: Q | None = ZERO
    high: Q | None = ZERO
    Work.spend(len(row))
    for key, w in row.items():
        a, b = known[key] if w > 0 else known[key][::-1]
        low = None if low is None or a is None else low + w * a
        high = None if high is None or b is None else high + w * b
    return low, high


def coordinates(region: Region, *, bounded: bool = True) -> dict[Key, Interval]:
    """Intervals of the coordinates and of the constant 1."""
    one: dict[Key, Interval] = {ONE: (Q(1), Q(1))}
    if not bounded:
        return one | {(0, j): (None, None) for j in range(region.dimension)}
    if region.centre is not None:
        return one | {(0, j): (c - region.radius, c + region.radius) for j, c in enumerate(region.centre)}
    return one | {(0, j): sides for j, sides in enumerate(zip(region.low, region.high, strict=True))}


class Variables:
    """What a rewriting keeps, in order: variable (-2, v) is a form of coordinates and earlier ones, or its relu."""

    def __init__(self, bounds: dict[Key, Interval]) -> None:
        self.rows: list[tuple[int, bool, Form]] = []
        self.bounds = bounds

    def new(self, block: int, relu: bool, form: Form) -> Form:
        key = (-2, len(self.rows))
        self.rows.append((block, relu, form))
        low, high = span(form, self.bounds)
        if relu:
            low, high = max(low or ZERO, ZERO), None if high is None else max(high, ZERO)
        self.bounds[key] = low, high
        return {key: Q(1)}

    def ratio(self, form: Form, code: int, relu: bool) -> Q:
        """The number by which the form is the form of a variable of that activation."""
        require(
            code < len(self.rows) and self.rows[code][1] == relu, "rewriting", "no such variable of that activation"
        )
        theirs = self.rows[code][2]
        require(
            bool(form) and form.keys() == theirs.keys(), "rewriting", "a unit is not a multiple of the one it shares"
        )
        key = next(iter(form))
        ratio = form[key] / theirs[key]
        multiple = all(value == ratio * theirs[key] for key, value in form.items())
        require(multiple, "rewriting", "a unit is not a multiple of the one it shares")
        return ratio


KEEP, OFF, ON, EXPAND = -1, -2, -3, -2


def rewritten(network: Network, data: Any, region: Region) -> Network:
    """The network after the steps, which equals the given one on box or ball (lemma 6)."""
    keys(data, ("bounded", "blocks"))
    require(type(data["bounded"]) is bool, "format", "'bounded' is true or false")
    steps = listed(data["blocks"])
    require(len(steps) == len(network.blocks) - 1, "rewriting", "steps for each block but the last")
    kept = Variables(coordinates(region, bounded=data["bounded"]))
    values: dict[Key, Form] = {(0, j): form_of([], value) for j, value in region.pinned.items()}
    for k, (block, step) in enumerate(zip(network.blocks, steps, strict=False), 1):
        require(isinstance(step, list) and len(step) == 2, "format", "two lines of steps for a block")
        units, others = (line_of(line, len(block.rows)) for line in step)
        rows = [put(row, values) for row in block.rows]
        relu, found, needed = block.relu, dict[int, Form](), list[int]()
        require(len(units) == (len(rows) if relu else 0), "rewriting", "one step for each unit of a ReLU block")
        require(min(units, default=0) >= ON, "rewriting", "a step that there is none of")
        moving = [i for i, row in enumerate(rows) if not set(row) <= {ONE}]
        for i in set(range(len(rows))) - set(moving):
            found[i] = {} if relu and rows[i].get(ONE, ZERO) < 0 else rows[i]
        if not relu:
            needed = moving
        for i in moving if relu else ():
            if units[i] == KEEP:
                found[i] = kept.new(k, True, rows[i])
        for i in moving if relu else ():
            code = units[i]
            if code == KEEP:
                continue
            found[i] = {}
            if code in (ON, OFF):
                low, high = span(rows[i], kept.bounds)
                holds = low is not None and low >= 0 if code == ON else high is not None and high <= 0
                require(holds, "rewriting", f"the side of unit {i} of block {k} does not follow")
            else:
                ratio = kept.ratio(rows[i], code, True)
                found[i] = {(-2, code): abs(ratio)}
            if code == ON or (code >= 0 and ratio < 0):
                needed.append(i)
        require(len(others) == len(needed) and min(others, default=0) >= EXPAND, "rewriting", "a step for each form")
        whole: dict[int, Form] = {}
        for i, code in zip(needed, others, strict=True):
            if code == KEEP:
                whole[i] = kept.new(k, False, rows[i])
        for i, code in zip(needed, others, strict=True):
            if code == EXPAND:
                whole[i] = rows[i]
            elif code >= 0:
                whole[i] = {(-2, code): kept.ratio(rows[i], code, False)}
            found[i] = total((1, found.get(i, {})), (1, whole[i]))
        values |= {(k, i): form for i, form in found.items()}
    return with_variables(network, kept, [put(row, values) for row in network.blocks[-1].rows])


def with_variables(network: Network, kept: Variables, outputs: list[Form]) -> Network:
    """A block for each block and activation whose variables the outputs need."""
    needed = {key for row in outputs for key in row}
    for place in reversed(range(len(kept.rows))):
        needed |= set(kept.rows[place][2]) if (-2, place) in needed else set()
    blocks: list[Block] = []
    renamed: dict[Key, Form] = {}
    groups = itertools.groupby(range(len(kept.rows)), key=lambda v: kept.rows[v][:2])
    for (_, relu), members in groups:
        alive = [v for v in members if (-2, v) in needed]
        if alive:
            blocks.append(Block([put(kept.rows[v][2], renamed) for v in alive], relu))
            renamed |= {(-2, v): {(len(blocks), i): Q(1)} for i, v in enumerate(alive)}
    blocks.append(Block([put(row, renamed) for row in outputs], relu=False))
    return Network(network.inputs, blocks, network.notes)


# ------------------------------------------------------------------------------------- evidence: rules, differences


def check_rule(claim: Claim, name: Any) -> None:
    """A theorem about the signs of weights; inputs, sums and ReLU keep what it says."""
    if name == "sum of units":
        raise Declined("the rule 'sum of units', which is about smooth units")
    conditions: dict[str, tuple[tuple[str, ...], bool]] = {
        "zero biases": (("positively homogeneous",), True),
        "curvature": (("convex", "concave"), False),
        "sublinear": (("subadditive", "superadditive"), True),
        "monotone weights": (("nondecreasing", "nonincreasing"), False),
        "absolute weights": (("lipschitz",), False),
    }
    if not isinstance(name, str) or name not in conditions:
        raise Rejected("rule", f"there is no rule {name!r:.60}")
    proves, biasless = conditions[name]
    claim.f.require_relu()
    require(claim.key in proves, name, f"does not prove {claim.key!r}")
    biases = any(ONE in row for block in claim.f.blocks for row in block.rows)
    require(not (biasless and biases), name, "a bias is not zero")
    first = claim.key in ("convex", "subadditive", "nondecreasing")
    if name == "absolute weights":
        bounds: dict[Key, Q] = {(0, j): Q(1) for j in range(claim.f.inputs)} | {ONE: ZERO}
        for k, block in enumerate(claim.f.blocks, 1):
            sums = [sum((abs(w) * bounds[key] for key, w in row.items()), ZERO) for row in block.rows]
            bounds |= {(k, i): value for i, value in enumerate(sums)}
        require(max(sums) <= claim.bound, name, "the absolute weights say nothing of an output")
    elif name != "zero biases":
        slopes = name == "monotone weights"
        known = {(0, j): (True, not slopes or j != claim.axis) for j in range(claim.f.inputs)} | {ONE: (True, True)}
        for k, block in enumerate(claim.f.blocks, 1):
            facts = [
                (
                    all(known[key][w < 0] for key, w in row.items()),
                    all(known[key][w > 0] for key, w in row.items()) and (slopes or not block.relu),
                )
                for row in block.rows
            ]
            known |= {(k, i): fact for i, fact in enumerate(facts)}
        require(all(fact[0 if first else 1] for fact in facts), name, "the signs of weights say nothing of an output")


def check_difference(claim: Claim, evidence: dict[str, Any]) -> None:
    """On each part of a box, intervals of ``f - g`` stay within the bound."""
    keys(evidence, ("kind", "folded", "cuts"))
    require(type(evidence["folded"]) is bool, "format", "true or false")
    if claim.key != "equivalent within" or claim.g is None:
        raise Rejected("difference", f"does not prove {claim.key!r}")
    region, networks = claim.region, [claim.f, claim.g]
    for network in networks:
        network.require_relu()
    if region.origin is not None:
        networks = [composed(network, chart_rows(region), region.dimension) for network in networks]
    if evidence["folded"]:
        networks = [folded(network, region) for network in networks]
    plain = Region(region.low, region.high, [], region.centre, region.radius)
    for part in parts_of(plain, listed(evidence["cuts"])):
        for low, high in difference(networks[0], networks[1], coordinates(part)):
            within = low is not None and high is not None and max(abs(low), abs(high)) <= claim.bound
            require(within, "difference", "the bound on a part of the region exceeds the claim's")


def folded(network: Network, region: Region) -> Network:
    """Layers without activation multiplied into those that read them."""
    values: dict[Key, Form] = {(0, j): form_of([], value) for j, value in region.pinned.items()}
    kept = Variables(coordinates(region, bounded=False))
    for k, block in enumerate(network.blocks[:-1], 1):
        for i, row in enumerate([put(row, values) for row in block.rows]):
            constant = set(row) <= {ONE}
            if constant:
                values[k, i] = {} if block.relu and row.get(ONE, ZERO) < 0 else row
            else:
                values[k, i] = kept.new(k, True, row) if block.relu else row
    return with_variables(network, kept, [put(row, values) for row in network.blocks[-1].rows])


def parts_of(box: Region, cuts: Sequence[Any]) -> Iterable[Region]:
    """The boxes that the cuts leave, in preorder, the one below the value first."""
    waiting = [box]
    for cut in cuts:
        require(bool(waiting), "difference", "more cuts than parts")
        part = waiting.pop()
        if cut is None:
            yield part
            continue
        require(
            isinstance(cut, list) and len(cut) == 2 and type(cut[0]) is int, "format", "a cut is [coordinate, value]"
        )
        j, value = cut[0], rational(cut[1])
        require(part.centre is None and 0 <= j < part.dimension, "difference", "only coordinates of a box can be cut")
        low, high = list(part.low), list(part.high)
        a, b = low[j], high[j]
        inside = (a is None or a <= value) and (b is None or value <= b)
        require(inside, "difference", "a part is cut at a value that it does not have")
        low[j] = high[j] = value
        waiting += [Region(low, part.high, []), Region(part.low, high, [])]
    require(not waiting, "difference", "the cuts leave a part without a word")


def difference(f: Network, g: Network, inputs: dict[Key, Interval]) -> list[Interval]:
    """Intervals of the outputs' differences: block by block where blocks correspond, else of the two apart."""
    shapes = [[(len(block.rows), block.relu) for block in network.blocks] for network in (f, g)]
    if shapes[0] != shapes[1]:
        sides = []
        for network in (f, g):
            known = dict(inputs)
            for k, block in enumerate(network.blocks, 1):
                spans = [span(row, known) for row in block.rows]
                known |= {(k, i): clipped(z) if block.relu else z for i, z in enumerate(spans)}
            sides.append(spans)
        return [less(a, b) for a, b in zip(*sides, strict=True)]
    known, gaps = dict(inputs), dict[Key, Interval]({key: (ZERO, ZERO) for key in inputs})
    changes: list[Interval] = []
    # z - z' = W' (y - y') + (W - W') y + (b - b')
    for k, (mine, theirs) in enumerate(zip(f.blocks, g.blocks, strict=True), 1):
        changes = []
        for i, (own, other) in enumerate(zip(mine.rows, theirs.rows, strict=True)):
            z, moved, direct = span(own, known), span(other, gaps), span(total((1, own), (-1, other)), known)
            change: Interval = plus(moved[0], direct[0]), plus(moved[1], direct[1])
            if mine.relu:
                second = less(z, change)
                low, high = change
                if _never(z, second, 1):
                    change = (ZERO, ZERO)
                elif not _never(z, second, 0):
                    change = None if low is None else min(low, ZERO), None if high is None else max(high, ZERO)
            changes.append(change)
            known[k, i], gaps[k, i] = clipped(z) if mine.relu else z, change
    return changes


def _never(a: Interval, b: Interval, side: int) -> bool:
    """Whether both are never negative (side 0), or never positive (side 1)."""
    values = a[side], b[side]
    return all(v is not None and (v <= 0 if side else v >= 0) for v in values)


def plus(a: Q | None, b: Q | None) -> Q | None:
    """The sum, or None where a side is infinite."""
    return None if a is None or b is None else a + b


def less(a: Interval, b: Interval) -> Interval:
    """The interval of a difference."""
    return plus(a[0], None if b[1] is None else -b[1]), plus(a[1], None if b[0] is None else -b[0])


def clipped(z: Interval) -> Interval:
    """The interval of ``relu(z)``."""
    return max(z[0] or ZERO, ZERO), None if z[1] is None else max(z[1], ZERO)


# ------------------------------------------------------------------------------------- smooth units: enclosures

# Bounds of positive numbers are integers over 2^BITS. Records hold enclosures of at most 512 bits of precision.
BITS = 2400
Bounds: TypeAlias = tuple[int, int]


def of_rational(value: Q) -> Bounds:
    """A number that is not negative."""
    scaled = value * (1 << BITS)
    return math.floor(scaled), math.ceil(scaled)


def times(a: Bounds, b: Bounds) -> Bounds:
    """The product."""
    return a[0] * b[0] >> BITS, -(-a[1] * b[1] >> BITS)


def over(a: Bounds, b: Bounds) -> Bounds:
    """The quotient."""
    return (a[0] << BITS) // b[1], -((-a[1] << BITS) // b[0])


def series(first: Bounds, factor: Bounds, ratio: Callable[[int], Q]) -> Bounds:
    """The sum of positive terms, each the one before times ``factor`` and ``ratio(n)``, n = 1, 2, ...

    It ends where a term is below the grid and each further one is less than half of the one before. (Ratios fall, or
    stay below 1 while the factor is below 1/2.)
    """
    low, high, term, n = first[0], first[1], first, 0
    while True:
        n += 1
        r = ratio(n)
        term = times(term, factor)
        term = term[0] * r.numerator // r.denominator, -(-term[1] * r.numerator // r.denominator)
        low, high = low + term[0], high + term[1]
        if term[1] <= 1 and 2 * factor[1] * r.numerator < r.denominator << BITS:
            return low, high + 2 * term[1]


def exp_bounds(x: Q) -> Bounds:
    """``exp(x)``: a power series in ``|x| / 2^k``, squared k times."""
    if abs(x) > 500:
        raise Declined("exp of a number beyond 500")
    k = math.ceil(abs(x)).bit_length() + 8
    one = of_rational(Q(1))
    found = series(one, of_rational(abs(x) / (1 << k)), lambda n: Q(1, n))
    for _ in range(k):
        found = times(found, found)
    return found if x >= 0 else over(one, found)


def log1p_bounds(u: Bounds) -> Bounds:
    """``log(1 + u) = 2 (s + s^3/3 + s^5/5 + ...)`` with ``s = u / (2 + u)``, for u of at most 1."""
    two = 2 << BITS
    s = over((u[0], u[0]), (two + u[0], two + u[0]))[0], over((u[1], u[1]), (two + u[1], two + u[1]))[1]
    low, high = series(s, times(s, s), lambda n: Q(2 * n - 1, 2 * n + 1))
    return 2 * low, 2 * high


def tanh_bounds(z: Bounds) -> Bounds:
    """``(1 - v) / (1 + v)`` with ``v = exp(-2 z)``, for z that is not negative."""
    one = 1 << BITS
    ends = [exp_bounds(Q(-2 * end, one)) for end in z]
    least, most = ends[0][1], ends[1][0]
    low = over((max(one - least, 0),) * 2, (one + least, one + least))[0]
    return low, over((one - most, one - most), (one + most, one + most))[1]


def root_of_two_over_pi() -> Bounds:
    """``sqrt(2 / pi)``, pi by Machin's formula."""

    def arctan(m: int) -> Bounds:
        total_, power_, n = 0, (1 << BITS) // m, 0
        while power_:
            total_ += power_ // (2 * n + 1) * (-1 if n % 2 else 1)
            power_, n = power_ // (m * m), n + 1
        return total_ - 3 * n - 3, total_ + 3 * n + 3  # each step loses less than 3 units

    five, other = arctan(5), arctan(239)
    pi = 16 * five[0] - 4 * other[1], 16 * five[1] - 4 * other[0]
    ratio = over((2 << BITS, 2 << BITS), pi)
    return math.isqrt(ratio[0] << BITS), math.isqrt(ratio[1] << BITS) + 1


def smooth_value(name: str, z: Q) -> Bounds:
    """The function at a point that is not negative (exp: at any)."""
    if name == "exp":
        return exp_bounds(z)
    x, one = of_rational(z), 1 << BITS
    if name == "tanh":
        return tanh_bounds(x)
    if name == "logcosh":  # z/2 + log(1 + exp(-z))
        rest = log1p_bounds(exp_bounds(-z))
        return x[0] // 2 + rest[0], -(-x[1] // 2) + rest[1]
    if name == "silu_even":  # z tanh(z/2) / 2
        low, high = times(x, tanh_bounds(of_rational(z / 2)))
    elif name == "gelu_even":  # z erf(z / sqrt 2) / 2 = z^2 sqrt(2/pi) exp(-z^2/2) (1 + z^2/3 + z^4/15 + ...) / 2
        square_ = of_rational(z * z)
        sum_ = series((one, one), square_, lambda n: Q(1, 2 * n + 1))
        low, high = times(times(square_, root_of_two_over_pi()), times(exp_bounds(-z * z / 2), sum_))
    elif name == "gelu_tanh_even":  # z tanh(sqrt(2/pi) (z + 0.044715 z^3)) / 2
        inner = times(root_of_two_over_pi(), of_rational(z + Q(44715, 1000000) * z**3))
        low, high = times(x, tanh_bounds(inner))
    else:
        raise Declined(f"a network with {name}")
    return low // 2, -(-high // 2)


def smooth_span(name: str, low: Q, high: Q) -> tuple[Q, Q]:
    """Bounds of the function: exp and tanh increase, the even ones increase with ``|z|``."""
    if low == high == 0 and name != "logcosh":
        exact = Q(int(name == "exp"))
        return exact, exact
    if name == "tanh" and low < 0:
        least = -smooth_span(name, -low, -low)[1]
        return least, -smooth_span(name, -high, -high)[0] if high <= 0 else smooth_span(name, high, high)[1]
    if name not in ("exp", "tanh"):
        sizes = abs(low), abs(high)
        low, high = ZERO if low <= 0 <= high else min(sizes), max(sizes)
    return Q(smooth_value(name, low)[0], 1 << BITS), Q(smooth_value(name, high)[1], 1 << BITS)


def enclosed(network: Network, x: Sequence[Q]) -> list[tuple[Q, Q]]:
    """Bounds of the outputs at a point; a value that depends on no smooth unit is exact."""
    known = {(0, j): (value, value) for j, value in enumerate(x)} | {ONE: (Q(1), Q(1))}
    outputs: list[tuple[Q, Q]] = []
    for k, block in enumerate(network.blocks, 1):
        Work.spend(sum(map(len, block.rows)))
        outputs = []
        for i, row in enumerate(block.rows):
            low = sum((w * known[key][w < 0] for key, w in row.items()), ZERO)
            high = sum((w * known[key][w > 0] for key, w in row.items()), ZERO)
            outputs.append((low, high))
            if block.smooth is not None:
                low, high = smooth_span(block.smooth, low, high)
            known[k, i] = (max(low, ZERO), max(high, ZERO)) if block.relu else (low, high)
    return outputs


def told(text: Any, low: Q, high: Q) -> str:
    """What the record must say of a number: the number, or an enclosure around the one that was found here."""
    if low == high:
        return written(low)
    found = re.fullmatch(r"\[(\S+), (\S+)\]", text) if isinstance(text, str) else None
    if found is not None and rational(found[1]) <= low and high <= rational(found[2]):
        return str(text)
    raise Rejected("counterexample", f"{text!r:.60} is no enclosure of the value")


# ------------------------------------------------------------------------------------------------- the whole record


def assignment(data: Any) -> dict[str, list[Q] | Q]:
    """Values of variables."""
    require(isinstance(data, dict), "format", "values of variables are an object")
    return {name: vector(value) if isinstance(value, list) else rational(value) for name, value in data.items()}


def check_gap(claim: Claim, evidence: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """A refutation; returns what the record's counterexample must be."""
    keys(evidence, ("kind", "values", "output"))
    output, values, outputs = evidence["output"], assignment(evidence["values"]), record["outputs"]
    require(type(output) is int and 0 <= output < claim.f.outputs, "value gap", "there is no such output")
    terms, points, sums = claim.checked_terms(values), [], (ZERO, ZERO)
    said = keys(record["counterexample"], ("output", "points", "gap"), rule="counterexample")
    require(len(listed(said["points"])) == len(terms), "counterexample", "a point for each term")
    for (factor, point, second), item in zip(terms, said["points"], strict=True):
        network = claim.g if second else claim.f
        if network is None:
            raise Rejected("instance", "there is no second network")
        low, high = enclosed(network, point)[output]
        sums = sums[0] + factor * (low if factor > 0 else high), sums[1] + factor * (high if factor > 0 else low)
        where, texts = "second" if second else "first", [written(v) for v in point]
        shown = told(item.get("value") if isinstance(item, dict) else None, low, high)
        points.append({"factor": written(factor), "network": where, "point": texts, "value": shown})
    gaps = sorted(claim.gap(end, values) for end in sums)
    relation, one_sign = PROPERTIES[claim.key][1], sums[0] == sums[1] or sums[0] > 0 or sums[1] < 0
    broken = one_sign and all({"=": gap != 0, "<": gap > 0, ">": gap < 0}[relation] for gap in gaps)
    require(broken, "value gap", "the instance satisfies the formula")
    number = outputs[output] if outputs else output
    return {"output": number, "points": points, "gap": told(said["gap"], gaps[0], gaps[1])}


def is_vacuous(claim: Claim, data: Any) -> bool:
    """Whether there are trivial instances only, as ``nontrivial`` shows."""
    require(isinstance(data, dict), "instances", "a proof needs an instance, or a certificate that there is none")
    _, _, absence, trivial = PROPERTIES[claim.key]
    region = claim.region
    if "instance" in data:
        keys(data, ("instance",), rule="nontrivial")
        values = assignment(data["instance"])
        claim.checked_terms(values)
        require(trivial is None or values[trivial[0]] != trivial[1], "trivial instance", "it holds for every f")
        return False
    keys(data, ("none",), rule="nontrivial")
    none = keys(data["none"], ("point",), ("equation", "multipliers"), "nontrivial")
    require(region.contains(vector(none["point"])), "empty region", "the point is not in the region")
    proof = multipliers(none["multipliers"]) if "multipliers" in none else None
    form = None
    if "equation" in none and absence in (HULL, AXIS):
        form = checked_equation(none["equation"], region)
    elif "equation" in none:
        raise Declined("an equation beside a certificate that does not need one")
    plain = Region(region.low, region.high, region.rows, region.centre, region.radius)
    if absence == ORIGIN:
        absent = not region.contains_origin
    elif absence == HULL:
        absent = not region.origin_in_hull or (form is not None and form.get(ONE, ZERO) != 0)
    elif absence == AXIS:
        along = Slope(region.directions if region.origin is not None else None, claim.axis).axis_direction(plain)
        moved = sum((v * form.get((0, j), ZERO) for j, v in (along or {}).items()), ZERO) if form else ZERO
        absent = along is None or moved != 0
    elif absence == SUM:
        absent = not region.origin_in_hull
        if not absent and proof is not None:
            sums = arguments_inside(plain, region.contains_origin, [(1, 1), (1, 0), (0, 1)], 2)
            absent = sums.follows({ONE: Q(-1)}, sums.rows, proof)
    else:
        absent = False
    require(absent, "no instance", "it does not follow that there are trivial instances only")
    return True


FOLDERS = PARTS = 8


def located(name: str, record: Path, digest: str) -> bytes:
    """The bytes of the file that has the digest: as written, or below a folder above the record."""
    parts = Path(name).parts[1:] if Path(name).is_absolute() else Path(name).parts
    candidates = [Path(name)]
    for folder in record.absolute().parents[:FOLDERS]:
        candidates += [folder.joinpath(*parts[i:]) for i in range(max(0, len(parts) - PARTS), len(parts))]
    found = False
    for candidate in candidates:
        try:
            data = candidate.read_bytes() if candidate.is_file() else None
        except (OSError, ValueError):
            data = None
        if data is not None and hashlib.sha256(data).hexdigest() == digest:
            return data
        found = found or data is not None
    require(not found, "network", f"{name[:100]!r} is another file than the one that the record is about")
    raise Unreadable(f"the file {name[:100]!r} is not there")


def stem(source: str) -> str:
    """The name that a network has from its file."""
    name = Path(source).name
    if name.lower().endswith(".toml"):
        name = name[: -len(".toml")]
    else:
        name = name.removesuffix(".gz").removesuffix(".onnx") or name
    return "".join(c if c.isprintable() else "?" for c in name[:200])


def read_network(entry: Any, record: Path) -> Network:
    """The network of an entry, whose digest, name and sizes must be right."""
    keys(entry, ("name", "source", "sha256", "files", "output", "inputs", "outputs", "relu"), ("inline",), "network")
    source, digest = entry["source"], entry["sha256"]
    texts = isinstance(digest, str) and isinstance(entry["name"], str) and (source is None or isinstance(source, str))
    require(texts, "network", "a text was expected")
    if entry["files"] != {} or entry["output"] is not None:
        raise Declined("a network of several files, or with a chosen output tensor")
    if "inline" in entry:
        require(source is None, "network", "it is in the record, and a file is named as well")
        network, found = inline_network(entry["inline"])
        require(found == digest, "network", "its digest is not that of the record")
        require(network.weights <= 200_000, "network", "too large to stand in a record")
    elif source is None:
        raise Unreadable("the record does not say where its network is")
    elif source.startswith("example:"):
        network, found = example(source.removeprefix("example:"))
        require(found == digest, "network", "its digest is not that of the record")
    else:
        data, lower = located(source, record, digest), source.lower()
        if lower.endswith(".toml"):
            network = toml_network(data)
        elif lower.endswith((".onnx", ".onnx.gz")):
            network = onnx_network(data)
        else:
            raise Declined("a network in a file of another kind")
        network.name = network.name or stem(source)
    sizes = {"inputs": network.inputs, "outputs": network.outputs, "relu": sum(n for _, n in network.relu_blocks())}
    require(
        all(same(entry[key], size) for key, size in sizes.items()), "network", "its sizes are not those of the record"
    )
    require(entry["name"] == network.name, "network", "its name is not that of the record")
    return network


def selected(network: Network, outputs: Sequence[int] | None) -> Network:
    """The network with the chosen outputs."""
    if outputs is None:
        return network
    rows = network.blocks[-1].rows
    require(bool(outputs) and all(0 <= o < len(rows) for o in outputs), "format", "an output that is not there")
    return Network(
        network.inputs, [*network.blocks[:-1], Block([rows[o] for o in outputs], False)], network.notes, network.name
    )


def read_claim(record: dict[str, Any], path: Path) -> Claim:
    """Networks, region and property of a record."""
    f = read_network(record["network"], path)
    g = read_network(record["second"], path) if record["second"] is not None else None
    outputs = record["outputs"]
    wrong = outputs is not None and not (isinstance(outputs, list) and all(type(o) is int for o in outputs))
    require(not wrong, "format", "outputs are a list of numbers")
    f, g = selected(f, outputs), selected(g, outputs) if g is not None else None
    region = read_region(record["region_data"])
    require(region.ambient == f.inputs, "format", "the region has other dimensions than the network has inputs")
    require(f.outputs > 0, "network", "it has no outputs")
    claim = Claim("", f, g, region)
    name = record["property"]
    require(isinstance(name, str), "property", "a text was expected")
    if name in PROPERTIES and name not in ("lipschitz", "equivalent within", "nondecreasing", "nonincreasing"):
        claim.key = name
    elif match := re.fullmatch(r"(nondecreasing|nonincreasing) in (0|[1-9][0-9]{0,8})", name):
        claim.key, claim.axis = match[1], int(match[2])
        require(claim.axis < f.inputs, "property", "there is no such input")
    elif match := re.fullmatch(r"lipschitz (\S+) in (linf|l1|l2)", name):
        claim.key, claim.bound, claim.norm = "lipschitz", rational(match[1]), match[2]
    elif match := re.fullmatch(r"equivalent within (\S+)", name):
        claim.key, claim.bound = "equivalent within", rational(match[1])
    else:  # also one that is newer than this judge, if it is any
        raise Declined(f"the property {name!r:.60}")
    require(claim.bound >= 0, "property", "a bound is not negative")
    two = claim.key.startswith("equivalent")
    require(two == (g is not None), "format", "a second network for 'equivalent' and for nothing else")
    require(g is None or (g.inputs, g.outputs) == (f.inputs, f.outputs), "format", "the networks differ in size")
    return claim


COMMON = {
    *("format", "kind", "verdict", "assurance", "vacuous", "property", "region", "region_data", "region_files"),
    *("evidence", "nontrivial", "counterexample", "ledger", "unchecked", "network", "second", "outputs", "lemmas"),
}
# Evidence that this judge does not check.
OTHER_KINDS = ("bounds", "falsehood", "reached units", "unit off", "unsafe point")
# What ``verify check --json`` prints in addition.
PRINTED = {"formula", "sentence", "engine", "tried", "reason", "seconds"}


def check_region_text(record: dict[str, Any], region: Region) -> None:
    """The expression means the region of the data."""
    text, files = record["region"], record["region_files"]
    require(isinstance(text, str) and isinstance(files, dict), "region", "a text, and an object of files")
    if files:
        raise Declined("a region that is read from a file")
    plain = json.dumps(record["region_data"], sort_keys=True)
    if text == f"a region given in Python, sha256 {hashlib.sha256(plain.encode()).hexdigest()[:16]}":
        return
    try:
        meant = RegionText(text, region.ambient).whole()
    except (Unreadable, ValueError, ArithmeticError, RecursionError) as error:
        raise Rejected("region", f"{text!r:.80} is not an expression for a region") from error
    require(meant == region, "region", f"{text!r:.80} does not mean the region of this record")


def judge(path: Path) -> None:
    """Accepts the record by returning; raises ``Rejected``, ``Declined`` or ``Unreadable``."""
    Work.left = Work.LIMIT
    try:
        if stat.S_ISCHR(path.stat().st_mode):
            raise Unreadable("is a device")
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    record = read_json(data)
    if not isinstance(record, dict):
        raise Unreadable("not a record")
    try:
        judge_record(record, path)
    except RecursionError as error:
        raise Declined("nesting that is too deep") from error


def judge_record(record: dict[str, Any], path: Path) -> None:
    """The whole record: everything that it states is what its evidence shows."""
    require(same(record.get("format"), 2), "format", "format 2 was expected")
    if record.get("kind") in ("family", "formula", "counts"):
        raise Declined("a record of counts" if record["kind"] == "counts" else f"a record about a {record['kind']}")
    require(record.get("kind") == "claim", "kind", "neither a claim nor a family")
    keys(record, COMMON, PRINTED, "keys")
    if set(record) & set(PRINTED):
        raise Declined("the object that --json prints; this judge reads what --report writes")
    evidence = record["evidence"]
    require(isinstance(record["unchecked"], dict), "format", "'unchecked' is an object")
    if isinstance(evidence, dict) and evidence.get("kind") in OTHER_KINDS:
        raise Declined(f"evidence of the kind {evidence['kind']!r}")
    if evidence is None and (record["verdict"], record["assurance"]) in (("unknown", None), ("proved", "attested")):
        raise Declined("nothing to replay: the verdict is unknown, or a solver's word")
    require(isinstance(evidence, dict), "evidence", "there is none")
    claim = read_claim(record, path)
    check_region_text(record, claim.region)
    ledger = [f"{n.name}: {note}" for n in (claim.f, claim.g) if n is not None for note in n.notes]
    expected: dict[str, Any] = {"assurance": "checked", "ledger": list(dict.fromkeys(ledger)), "counterexample": None}
    questions, kind = claim.questions(), evidence.get("kind")
    if kind == "value gap":
        require(record["nontrivial"] is None, "nontrivial", "it stands beside proofs only")
        expected |= {"verdict": "refuted", "vacuous": False}
        expected["counterexample"] = check_gap(claim, evidence, record)
        if any(block.smooth for network in (claim.f, claim.g) if network is not None for block in network.blocks):
            ledger.append("values of smooth units were enclosed by the ball arithmetic of Arb (python-flint)")
            expected["ledger"] = list(dict.fromkeys(ledger))
    else:
        vacuous = is_vacuous(claim, record["nontrivial"])
        expected |= {"verdict": "proved", "vacuous": vacuous}
        if kind == "nothing to quantify over":
            keys(evidence, ("kind",))
            require(vacuous, "nothing to quantify over", "the claim has instances to check")
        elif kind == "rule":
            keys(evidence, ("kind", "rule"))
            check_rule(claim, evidence["rule"])
        elif kind == "cells":
            keys(evidence, ("kind", "proofs"))
            proofs = listed(evidence["proofs"])
            if isinstance(questions, str):
                raise Rejected("cells", "the claim has no questions")
            require(0 < len(questions) == len(proofs), "cells", "one proof for each question")
            for question, proof in zip(questions, proofs, strict=True):
                check_proof(question, proof)
        elif kind == "difference":
            check_difference(claim, evidence)
        else:
            raise Declined(f"evidence of the kind {kind!r:.40}")
    lemmas = [questions] if isinstance(questions, str) else [question.lemma for question in questions]
    if expected["vacuous"] and not isinstance(questions, str):
        lemmas = [VACUOUS[PROPERTIES[claim.key][2]]]
    expected["lemmas"] = lemmas
    for key, value in expected.items():
        require(same(record[key], value), key, f"the record's {key} is not what its evidence shows")


STATUS = {"accepted": 0, "rejected": 4, "cannot be read": 2, "declined": 3}


def opinion(path: Path) -> tuple[str, str]:
    """What the judge says of a record, and why."""
    try:
        judge(path)
    except Rejected as error:
        return "rejected", str(error)
    except Declined as error:
        return "declined", str(error)
    except (Unreadable, MemoryError) as error:
        return "cannot be read", str(error)
    return "accepted", ""


def run(paths: Sequence[str], show: Callable[[str], object]) -> int:
    """Judge the records, show a line for each, and return the exit status."""
    if not paths:
        raise ValueError("no record to judge")
    words = []
    for path in paths:
        word, why = opinion(Path(path))
        words.append(word)
        show(f"{word}  {path}{': ' if why else ''}{why}")
    return next(STATUS[word] for word in ("rejected", "cannot be read", "declined", "accepted") if word in words)


def main() -> int:
    """The command."""
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    return run(sys.argv[1:], print)


if __name__ == "__main__":
    sys.exit(main())
