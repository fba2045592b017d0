"""The network as exact sums over shared ReLU units: h1 = Max(0, ...), h2 = Max(0, ...), and the outputs.

One pass over the blocks in hull coordinates. Each ReLU unit meets the first rule that applies: its argument is a
constant; its argument keeps its sign on the region; it is a positive multiple of an earlier unit; it is a negative
multiple of one (``Max(0, -z) = Max(0, z) - z``); else it is new. Units that nothing reads are never written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from verify.kernel.exact import AffineForm, Bits
from verify.network import Block
from verify.network.smooth import SMOOTH
from verify.rational import vector
from verify.region import Box
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.geometry.lp import nonnegative
from verify.search.geometry.simplex import NegativeAt
from verify.symbolic.cells import PlainCell
from verify.symbolic.frame import Frame

# Keys of a sum: hull coordinates 0 to n - 1, then n + i for unit i; CONSTANT for the constant.
LinearSum = dict[int, Fraction]
ONE = -1
UnitSigns = dict[int, tuple[Bits, Bits]]

CONSTANT_RULE = "the ReLU of a constant is a constant"
ON_RULE = "the argument is >= 0 on the region: Max(0, z) = z"
OFF_RULE = "the argument is <= 0 on the region: Max(0, z) = 0"
MULTIPLE_RULE = "a positive multiple of an earlier unit: Max(0, c*z) = c*Max(0, z)"
TURNED_RULE = "as exp reads it: Max(0, z) = Max(0, -z) + z, and Max(0, -z) gets a name"
REFLECTED_RULE = "the negative of an earlier unit: Max(0, -z) = Max(0, z) - z"
NEW_RULE = "a ReLU unit gets a name"
NEW_SMOOTH_RULE = "a smooth unit gets a name"
KNOWN_RULE = "a smooth function has this value at 0"
SAME_RULE = "the same smooth function of the same argument as an earlier unit"
OPPOSITE_RULE = "an even or odd function of the opposite of an earlier unit's argument"


@dataclass(frozen=True)
class UnitStep:
    """What became of the unit called ``name``: Max(0, argument) = result, or the ``function`` of the argument."""

    rule: str
    name: str
    argument: LinearSum
    result: LinearSum
    function: str | None = None


@dataclass
class Units:
    """``arguments[i]`` is what unit i is the ReLU (or the smooth function ``functions[i]``) of; ``outputs`` are the
    network's, over coordinates and units.
    """

    inputs: int
    arguments: list[LinearSum] = field(default_factory=list)
    functions: list[str | None] = field(default_factory=list)
    outputs: list[LinearSum] = field(default_factory=list)
    steps: list[UnitStep] = field(default_factory=list)
    output_parts: list[list[tuple[Fraction, LinearSum]]] = field(default_factory=list)
    _known: dict[tuple[tuple[int, Fraction], ...], tuple[int, Fraction]] = field(default_factory=dict)
    _smooth: dict[tuple[str, frozenset[tuple[int, Fraction]]], int] = field(default_factory=dict)

    def relu(self, name: str, z: LinearSum, on: bool, off: bool, turned: bool = False) -> LinearSum:
        """The ReLU of z, by the first rule that applies; ``turned`` names Max(0, -z) if any."""
        rule, result = self._decided(z, on, off) or self._shared(z) or (self._turned(z) if turned else self._new(z))
        self.steps.append(UnitStep(rule, name, z, result))
        return result

    def smooth(self, name: str, function: str, z: LinearSum) -> LinearSum:
        """The smooth function of z: its value at 0, an earlier unit (or its opposite), or a new one."""
        about = SMOOTH[function]
        same = self._smooth.get((function, frozenset(z.items())))
        opposite = self._smooth.get((function, frozenset((j, -c) for j, c in z.items()))) if about.parity else None
        if not z and about.at_zero is not None:
            rule, result = KNOWN_RULE, {ONE: about.at_zero} if about.at_zero else {}
        elif same is not None:
            rule, result = SAME_RULE, {self.inputs + same: Fraction(1)}
        elif opposite is not None:
            rule, result = OPPOSITE_RULE, {self.inputs + opposite: Fraction(about.parity)}
        else:
            rule, result = NEW_SMOOTH_RULE, {self.inputs + len(self.arguments): Fraction(1)}
            self._smooth[function, frozenset(z.items())] = len(self.arguments)
            self.arguments.append(z)
            self.functions.append(function)
        self.steps.append(UnitStep(rule, name, z, result, function))
        return result

    def smooth_units(self) -> dict[int, tuple[str, LinearSum]]:
        """Function and argument of each smooth unit, by its key in sums."""
        pairs = enumerate(zip(self.functions, self.arguments, strict=True))
        return {self.inputs + i: (function, z) for i, (function, z) in pairs if function is not None}

    @staticmethod
    def _decided(z: LinearSum, on: bool, off: bool) -> tuple[str, LinearSum] | None:
        if not set(z) - {ONE}:
            value = max(z.get(ONE, Fraction(0)), Fraction(0))
            return CONSTANT_RULE, {ONE: value} if value else {}
        if on:
            return ON_RULE, z
        return (OFF_RULE, {}) if off else None

    def _shared(self, z: LinearSum) -> tuple[str, LinearSum] | None:
        key, size = primitive(z)
        if key in self._known:
            unit, scale = self._known[key]
            return MULTIPLE_RULE, {self.inputs + unit: size / scale}
        opposite, _ = primitive({j: -c for j, c in z.items()})
        if opposite in self._known:
            unit, scale = self._known[opposite]
            return REFLECTED_RULE, added([(Fraction(1), z), (size / scale, {self.inputs + unit: Fraction(1)})])
        return None

    def _turned(self, z: LinearSum) -> tuple[str, LinearSum]:
        _, unit = self._new({j: -c for j, c in z.items()})
        return TURNED_RULE, added([(Fraction(1), unit), (Fraction(1), z)])

    def _new(self, z: LinearSum) -> tuple[str, LinearSum]:
        key, size = primitive(z)
        self._known[key] = len(self.arguments), size
        self.arguments.append(z)
        self.functions.append(None)
        return NEW_RULE, {self.inputs + len(self.arguments) - 1: Fraction(1)}


def primitive(z: LinearSum) -> tuple[tuple[tuple[int, Fraction], ...], Fraction]:
    """The sum divided by the size of its first coefficient, and that size."""
    first = min(j for j in z if j != ONE)
    size = abs(z[first])
    return tuple(sorted((j, c / size) for j, c in z.items())), size


def added(parts: Iterable[tuple[Fraction, LinearSum]]) -> LinearSum:
    """A combination of sums, without zeros."""
    total: LinearSum = {}
    for factor, part in parts:
        for j, c in part.items():
            total[j] = total.get(j, Fraction(0)) + factor * c
    return {j: c for j, c in total.items() if c}


def lower(frame: Frame, signs: UnitSigns, budget: Budget) -> Units:
    """Walk through the blocks once. ``signs`` tells units known to stay on, or off, on the region."""
    network = frame.network
    units = Units(network.input_size)
    bounds = _Bounds(frame, units, budget)
    values: dict[int, list[LinearSum]] = {0: _start(frame)}
    turned = {s for block in network.blocks if block.smooth == "exp" for s, _ in block.inputs}
    for k, block in enumerate(network.blocks, start=1):
        parts = weighted_parts(block, values)
        sums = [added(row) for row in parts]
        if block.relu:
            on, off = signs.get(k, (np.zeros(block.size, dtype=bool),) * 2)
            values[k] = []
            for i, z in enumerate(sums):
                budget.check()
                is_on, is_off = bool(on[i]), bool(off[i])
                if not is_on and not is_off:
                    is_on, is_off = bounds.sign(z)
                values[k].append(units.relu(block.unit_name(i), z, is_on, is_off, k in turned))
        elif block.smooth is not None:
            values[k] = [units.smooth(block.unit_name(i), block.smooth, z) for i, z in enumerate(sums)]
        else:
            values[k] = sums
    units.outputs, units.output_parts = sums, parts
    return units


def _start(frame: Frame) -> list[LinearSum]:
    base = frame.domain.base
    pinned = {int(j): base.low[int(j)] for j in np.flatnonzero(base.pinned)} if isinstance(base, Box) else {}
    return [
        added([(Fraction(1), {ONE: pinned[j]} if j in pinned else {j: Fraction(1)})])
        for j in range(frame.network.input_size)
    ]


def weighted_parts(block: Block, values: dict[int, list[LinearSum]]) -> list[list[tuple[Fraction, LinearSum]]]:
    """For each unit of the block the sums that its pre-activation adds up, with their weights."""
    parts: list[list[tuple[Fraction, LinearSum]]] = [
        [(Fraction(1), {ONE: b} if b else {})] for b in block.bias.fractions()
    ]
    for source, matrix in block.inputs:
        for row, column, weight in zip(
            matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True
        ):
            parts[row].append((weight, values[source][column]))
    return parts


def signs_from_cells(frame: Frame, cells: Sequence[PlainCell]) -> UnitSigns:
    """Units that are on (off) in every cell: their argument is >= 0 (<= 0) on the whole region (no cells: unknown)."""
    if not cells:
        return {}
    result: UnitSigns = {}
    for k, _ in frame.network.relu_blocks():
        bits = np.stack([cell.pattern[k] for cell in cells])
        result[k] = np.asarray(bits.all(axis=0)), np.asarray(~bits.any(axis=0))
    return result


class _Bounds:
    """Sound exact bounds on sums: exact over the region for the inputs' part, an interval for each unit."""

    def __init__(self, frame: Frame, units: Units, budget: Budget) -> None:
        self.frame, self.units, self.budget = frame, units, budget
        self.upper: list[Fraction | None] = []

    def sign(self, z: LinearSum) -> tuple[bool, bool]:
        """Whether z >= 0, and whether z <= 0, is known to hold on the region."""
        low = self._lowest(z)
        if low is not None and low >= 0:
            return True, False
        high = self._lowest({j: -c for j, c in z.items()})
        if high is not None and high >= 0:
            return False, True
        if self.frame.domain.rows and max(z) < self.units.inputs and isinstance(self.frame.domain.base, Box):
            return self._keeps_sign(z), self._keeps_sign({j: -c for j, c in z.items()})
        return False, False

    def _keeps_sign(self, z: LinearSum) -> bool:
        base = self.frame.domain.base
        assert isinstance(base, Box)
        outcome = nonnegative(self._affine(z), base, self.frame.domain.rows, self.budget)
        return not isinstance(outcome, NegativeAt)

    def _affine(self, z: LinearSum) -> AffineForm:
        size = self.units.inputs
        values = [z.get(j, Fraction(0)) for j in range(size)]
        return AffineForm(vector(values), z.get(ONE, Fraction(0)))

    def _lowest(self, z: LinearSum) -> Fraction | None:
        """A lower bound; None where none is known."""
        form = self._affine({j: c for j, c in z.items() if j < self.units.inputs})
        total = _minimum(self.frame.domain.base, form)
        for j, c in z.items():
            if total is not None and j >= self.units.inputs:
                end = self._most(j - self.units.inputs) if c < 0 else self._least(j - self.units.inputs)
                total = None if end is None else total + c * end
        return total

    def _least(self, unit: int) -> Fraction | None:
        """A lower bound of a unit."""
        function = self.units.functions[unit]
        return Fraction(0) if function is None else SMOOTH[function].lowest

    def _most(self, unit: int) -> Fraction | None:
        """An upper bound of a unit."""
        while len(self.upper) <= unit:
            function = self.units.functions[len(self.upper)]
            if function is not None:
                self.upper.append(SMOOTH[function].highest)
                continue
            argument = self.units.arguments[len(self.upper)]
            low = self._lowest({j: -c for j, c in argument.items()})
            self.upper.append(None if low is None else max(-low, Fraction(0)))
        return self.upper[unit]


def _minimum(base: Base, form: AffineForm) -> Fraction | None:
    lowest = base.minimum(form.coefficients)
    return None if lowest is None else lowest + form.constant
