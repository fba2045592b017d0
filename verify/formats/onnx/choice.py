"""Values that may jump on their own and are continuous together: comparisons, Sign, Where, and arithmetic on them.

``Where(|x| > l, x - l Sign(x), 0)`` is the soft shrinkage: no single operator of it is continuous, all are. Such a
value is kept as an expression (``Choice``) until something else than arithmetic, comparison logic or moving reads it.
Then it is settled, value by value: every comparison must depend on one unit t alone, over whatever lies between. Its
pieces in t are found exactly; if they agree at each border, the value is a line in t, and ReLUs of +-(t - border), and
what all pieces have in common; if not, the jump is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.errors import NetworkError
from verify.formats.onnx.univariate import Lines, UnitPlace, UnitRow, samples
from verify.network.tensor import Builder, Tensor

# Expressions nested in each other, and values of a tensor times the expressions it is made of.
DEEPEST = 60
# Units that are tried, each deciding the one before.
MOST_CANDIDATES = 8
MOST_STEPS = 1_000_000


class JumpError(NetworkError):
    """A choice that is not continuous; the message names the node that made it."""


@dataclass(frozen=True, eq=False)
class Choice:
    """An expression of one ``kind`` over ``parts``: numbers, or where ``logical`` true or false.

    ``units`` (kinds "number", "positive" and "not negative") are expressions over units; ``truth`` (kind "truth") is a
    constant. ``origin`` names the node that made it.
    """

    kind: str
    shape: tuple[int, ...]
    origin: str
    parts: tuple[Choice, ...] = ()
    units: Tensor | None = None
    truth: NDArray[np.bool_] | None = None
    settled: list[Tensor] = field(default_factory=list)

    @property
    def logical(self) -> bool:
        return self.kind not in ("number", "where", "add", "times") or (self.kind == "where" and self.parts[1].logical)

    def reshape(self, shape: tuple[int, ...]) -> Choice:
        """The same values in another shape."""
        return self.moved(lambda places: places.reshape(shape))

    def moved(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Choice:
        """The values rearranged, as ``change`` rearranges an array of their places."""
        places = change(np.arange(int(np.prod(self.shape, dtype=np.int64))).reshape(self.shape))
        known: dict[int, Choice] = {}
        for node in in_order(self):
            known[id(node)] = Choice(
                node.kind,
                places.shape,
                node.origin,
                tuple(known[id(part)] for part in node.parts),
                None if node.units is None else node.units.take(places),
                None if node.truth is None else node.truth.ravel()[places],
            )
        return known[id(self)]


def in_order(choice: Choice) -> list[Choice]:
    """Every expression inside, once, parts first."""
    found: dict[int, Choice] = {}

    def visit(node: Choice, depth: int) -> None:
        if depth > DEEPEST:
            raise NetworkError(f"choices between choices, deeper than {DEEPEST}")
        if id(node) not in found:
            for part in node.parts:
                visit(part, depth + 1)
            found[id(node)] = node

    visit(choice, 0)
    return list(found.values())


def rows_of(x: Tensor) -> Iterator[UnitRow]:
    """Each value as exact coefficients of units and a constant."""
    rows: list[dict[UnitPlace, Fraction]] = [{} for _ in range(x.size)]
    for source, matrix in x.terms.items():
        for row, column, entry in zip(
            matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True
        ):
            rows[row][source, column] = entry
    yield from zip(rows, x.bias.fractions(), strict=True)


@dataclass
class Bent:
    """``rest + pieces(t)``: t is a unit, pieces are (slope, constant) between ``cuts``, equal at them.

    ``slack`` are sizes of what an implementation adds up on the way, as a row of weights >= 0.
    """

    unit: UnitPlace | None
    cuts: list[Fraction]
    pieces: list[tuple[Fraction, Fraction]]
    rest: dict[UnitPlace, Fraction]
    slack: UnitRow


def bent(choice: Choice, builder: Builder) -> list[Bent]:
    """Each value in pieces; ``JumpError`` where it jumps or is not known not to."""
    order = in_order(choice)
    size = int(np.prod(choice.shape, dtype=np.int64))
    if size * len(order) > MOST_STEPS:
        raise NetworkError(
            f"a choice of {size} values from {len(order)} expressions; the most is {MOST_STEPS} together"
        )
    rows = {id(node): list(rows_of(node.units)) for node in order if node.units is not None}
    known: dict[Any, tuple[Bent, list[UnitPlace]]] = {}
    lines = Lines(builder.blocks)
    return [
        _one(choice, order, {key: each[place] for key, each in rows.items()}, place, lines, known)
        for place in range(size)
    ]


def _one(
    choice: Choice,
    order: list[Choice],
    rows: dict[int, UnitRow],
    place: int,
    lines: Lines,
    known: dict[Any, tuple[Bent, list[UnitPlace]]],
) -> Bent:
    """One value over the nearest unit that works: that which decides the comparisons, or one before it."""
    gaps = [rows[id(node)] for node in order if node.units is not None and node.logical]
    unit = lines.common({key for row in gaps for key in row[0]})
    error = None
    for _ in range(MOST_CANDIDATES):
        try:
            places = list(dict.fromkeys(key for row in rows.values() for key in row[0]))
            pattern = _pattern(unit, places, order, rows, place, lines)
            if pattern not in known:
                known[pattern] = _over(unit, choice, order, rows, place, lines), places
            return _renamed(*known[pattern], unit, places)
        except JumpError as found:
            error = found if error is None or _GENERAL in str(error) else error
        unit = lines.before(unit)
        if unit is None:
            break
    assert error is not None
    raise error


def _pattern(
    unit: UnitPlace | None,
    places: list[UnitPlace],
    order: list[Choice],
    rows: dict[int, UnitRow],
    place: int,
    lines: Lines,
) -> Any:
    """All that the pieces depend on, whatever the units are called: most values of a tensor are of a few patterns."""
    number = {key: k for k, key in enumerate(places)}
    units = tuple((lines.of_unit(key, unit), key == unit, lines.is_exact(key, unit)) for key in places)
    local = tuple((*((number[k], f) for k, f in row[0].items()), row[1]) for row in rows.values())
    truths = tuple(bool(node.truth.ravel()[place]) for node in order if node.truth is not None)
    return unit is None, units, local, truths


def _renamed(value: Bent, before: list[UnitPlace], unit: UnitPlace | None, places: list[UnitPlace]) -> Bent:
    """The pieces of one value for another of the same pattern."""
    if before is places:
        return value
    new = dict(zip(before, places, strict=True))
    rest = {new[key]: factor for key, factor in value.rest.items()}
    slack = {new[key]: size for key, size in value.slack[0].items()}, value.slack[1]
    return Bent(unit, value.cuts, value.pieces, rest, slack)


def _over(
    unit: UnitPlace | None, choice: Choice, order: list[Choice], rows: dict[int, UnitRow], place: int, lines: Lines
) -> Bent:
    gaps = [rows[id(node)] for node in order if node.units is not None and node.logical]
    borders = [None if unit is None and gap[0] else lines.of_row(gap, unit) for gap in gaps]
    if any(border is None for border in borders):
        raise JumpError(f"{choice.origin}: {_GENERAL}")
    known = [border for border in borders if border is not None]
    cuts = {cut for border in known for cut in (*border.cuts, *border.zeros())}
    numbers = [rows[id(node)] for node in order if node.kind == "number"]
    for key in {key for row in numbers for key in row[0]}:
        line = lines.of_unit(key, unit) if unit is not None else None
        cuts.update(line.cuts if line is not None else ())
    ordered = sorted(cuts)
    points = samples(ordered)
    slack: dict[UnitPlace | None, Fraction] = {}
    found = [_value(choice, order, rows, place, lines, unit, point, slack) for point in points]
    reduced = [lines.reduced(row, unit, point) for row, point in zip(found, points, strict=True)]
    rest = reduced[0][1]
    for k, cut in enumerate(ordered):
        left, here, right = (reduced[2 * k + step] for step in range(3))
        heights = [slope * cut + constant for (slope, constant), _ in (left, here, right)]
        if len(set(heights)) > 1 or any(piece[1] != rest for piece in (left, here, right)):
            raise JumpError(f"{choice.origin}: {_jump(lines, unit, cut, found[2 * k : 2 * k + 3])}")
    pieces = [piece for piece, _ in reduced[::2]]
    kept = [k for k in range(len(ordered)) if pieces[k] != pieces[k + 1]]
    result = Bent(
        unit, [ordered[k] for k in kept], [pieces[0], *(pieces[k + 1] for k in kept)], rest, ({}, Fraction(0))
    )
    for row in found:
        lines.inexact(row, unit, Fraction(1), slack)
    _charge_borders(result, gaps, known, lines, slack)
    number = slack.pop(None, Fraction(0))
    result.slack = ({key: size for key, size in slack.items() if key is not None and size}, number)
    return result


def _charge_borders(
    result: Bent, gaps: list[UnitRow], borders: list[Any], lines: Lines, slack: dict[UnitPlace | None, Fraction]
) -> None:
    """A comparison of rounded values changes its mind a little beside the border: what that can change."""
    steps = sum((abs(a[0] - b[0]) for a, b in zip(result.pieces, result.pieces[1:], strict=False)), Fraction(0))
    for gap, border in zip(gaps, borders, strict=True):
        slopes = [abs(slope) for slope, _ in border.pieces if slope]
        if slopes and steps:
            own: dict[UnitPlace | None, Fraction] = {}
            lines.inexact(gap, result.unit, steps / min(slopes), own)
            for key, size in own.items():
                slack[key] = slack.get(key, Fraction(0)) + size


def _value(
    choice: Choice,
    order: list[Choice],
    rows: dict[int, UnitRow],
    place: int,
    lines: Lines,
    unit: UnitPlace | None,
    point: Fraction,
    slack: dict[UnitPlace | None, Fraction],
) -> UnitRow:
    """The chosen expression where t is ``point``."""
    found: dict[int, Any] = {}

    def value(node: Choice) -> Any:
        if id(node) not in found:
            found[id(node)] = compute(node)
        return found[id(node)]

    def compute(node: Choice) -> Any:
        if node.kind == "truth":
            assert node.truth is not None
            return bool(node.truth.ravel()[place])
        if node.kind == "number":
            return rows[id(node)]
        if node.kind in ("positive", "not negative"):
            line = lines.of_row(rows[id(node)], unit)
            height = line.value(point) if line is not None else Fraction(0)
            return height > 0 or (height == 0 and node.kind == "not negative")
        if node.kind == "not":
            return not value(node.parts[0])
        if node.kind == "where":
            return value(node.parts[1] if value(node.parts[0]) else node.parts[2])
        left, right = value(node.parts[0]), value(node.parts[1])
        if node.kind in _LOGIC:
            return _LOGIC[node.kind](left, right)
        if node.kind == "times" and left[0] and right[0]:
            raise JumpError(f"{node.origin}: a product of two activations is not piecewise linear")
        return _plus(left, right, slack) if node.kind == "add" else _times(left, right, slack)

    result: UnitRow = value(choice)
    return result


_LOGIC: dict[str, Callable[[bool, bool], bool]] = {
    "and": lambda a, b: a and b,
    "or": lambda a, b: a or b,
    "xor": lambda a, b: a != b,
}
_GENERAL = (
    "a choice between values that differ by no multiple of what is compared: it has a jump or is not known to be"
    " continuous"
)


def _plus(left: UnitRow, right: UnitRow, slack: dict[UnitPlace | None, Fraction]) -> UnitRow:
    if not right[0] and not right[1]:
        return left
    if not left[0] and not left[1]:
        return right
    row = {key: left[0].get(key, Fraction(0)) + right[0].get(key, Fraction(0)) for key in {**left[0], **right[0]}}
    total = {key: factor for key, factor in row.items() if factor}, left[1] + right[1]
    # One term and one constant are what the result's own sum rounds; anything else is charged.
    if len(left[0]) + len(right[0]) > 1 or (left[1] and right[1]):
        _charge(left, slack)
        _charge(right, slack)
    return total


def _times(left: UnitRow, right: UnitRow, slack: dict[UnitPlace | None, Fraction]) -> UnitRow:
    factor, row = (left[1], right) if not left[0] else (right[1], left)
    result = {key: factor * value for key, value in row[0].items() if factor}, factor * row[1]
    if abs(factor) not in (0, 1) and row[0]:
        _charge(result, slack)
    return result


def _charge(row: UnitRow, slack: dict[UnitPlace | None, Fraction]) -> None:
    for key, factor in [*row[0].items(), (None, row[1])]:
        slack[key] = slack.get(key, Fraction(0)) + abs(factor)


def _jump(lines: Lines, unit: UnitPlace | None, cut: Fraction, found: list[UnitRow]) -> str:
    """The size of the jump, in floats where there are smooth functions."""
    if unit is None:
        return _GENERAL
    left, here, right = (lines.number(row, unit, cut) for row in found)
    if left is None or here is None or right is None or left == here == right:
        return _GENERAL
    size = max(abs(right - left), abs(here - left), abs(right - here))
    where = f"input {unit[1]}" if not unit[0] else lines.blocks[unit[0] - 1].unit_name(unit[1])
    return (
        f"the chosen values differ by {float(size):.3g} where {where} is {float(cut):.6g}: the network has a jump"
        " there, and is not piecewise linear and continuous"
    )
