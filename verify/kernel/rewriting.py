"""Lemma 6: an exact normal form of a network, replayed from a list of steps.

Every pre-activation is an exact sparse sum over *variables*: 1, the coordinates of the input, and the units kept so far
(with ReLU, with a smooth function, or with no activation). Going through the blocks in order, each unit is then

    off        its form is <= 0 on the region: it contributes nothing
    on         its form z is >= 0 on the region: it is z
    shared     z = c z_j with z_j the form of a unit kept before, c > 0: relu(z) = c relu(z_j)
    reflected  the same with c < 0: relu(z) = relu(-z) + z = |c| relu(z_j) + z
    constant   relu of a number
    kept       a new variable

and a unit without activation, or the z of a unit that is on or reflected, is put in as a sum (expanded), shared with a
multiple of it, or kept as a variable. By induction over the blocks every expression equals its unit at each point of
the region. A unit that the outputs do not depend on any more, directly or through others, is dropped.

What is *claimed* are the relations; each is checked here exactly. Constants, coordinates that the region pins,
cancellation, factors and what is dropped follow, and are derived here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from verify.errors import EvidenceError, NetworkError
from verify.kernel.core.laws import activation, at_constant, of_multiple
from verify.kernel.evidence import BlockSteps, Steps
from verify.kernel.exact import Bits
from verify.kernel.intervals import Intervals
from verify.kernel.rows import factors, gathered, weighted
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.matrix import Indices, Matrix, Triplets
from verify.rational import to_fraction, vector, zeros
from verify.region import Box
from verify.region.bases import Base

# What becomes of a unit, unless it is the number of a variable to share.
KEEP, OFF, ON = -1, -2, -3
# What becomes of a form that is needed as it is, unless it is the number of a variable to share.
NEW, EXPAND = -1, -2


@dataclass(frozen=True, eq=False)
class Group:
    """Variables of one block and one activation, with their forms; ``first`` is the number of the first one."""

    block: int
    activation: str
    rows: Matrix
    first: int

    @property
    def numbers(self) -> Indices:
        """The numbers of its variables."""
        return np.arange(self.first, self.first + self.rows.shape[0])


def rewritten(network: Network, steps: Steps, base: Base) -> Network:
    """The network after the steps, equal to the given one on the whole base; ``EvidenceError`` if a step is wrong."""
    if len(steps.blocks) != len(network.blocks) - 1:
        raise EvidenceError("rewriting", f"steps for {len(steps.blocks)} of {len(network.blocks) - 1} blocks")
    needs_bounds = any(np.any((step.units == ON) | (step.units == OFF)) for step in steps.blocks)
    replay = Replay(network, base, bounded=steps.bounded, with_intervals=needs_bounds)
    for k, step in enumerate(steps.blocks, start=1):
        replay.apply(k, replay.forms(k), step)
    return replay.result()


class Replay:
    """The variables kept so far, and the expression of each unit over them."""

    def __init__(self, network: Network, base: Base, *, bounded: bool, with_intervals: bool) -> None:
        if base.dimension != network.input_size:
            raise EvidenceError("rewriting", f"{network.input_size} inputs on a region of dimension {base.dimension}")
        self.network = network
        self.width = network.input_size + 1
        self.groups: list[Group] = []
        self.expressions: dict[int, Matrix] = {0: _coordinates(base)}
        self.intervals = Intervals.of_inputs(base, bounded=bounded) if with_intervals else None

    @property
    def count(self) -> int:
        """How many variables there are."""
        return self.width - self.network.input_size - 1

    def columns(self, variables: Indices) -> Indices:
        """The columns of variables."""
        return variables + self.network.input_size + 1

    def forms(self, k: int) -> Matrix:
        """The pre-activations of block k over the variables."""
        block = self.network.blocks[k - 1]
        return weighted([(m, self.expressions[s]) for s, m in block.inputs], block.bias, self.width)

    def apply(self, k: int, forms: Matrix, step: BlockSteps) -> None:
        """Check the steps of block k and write down the expressions of its units."""
        block = self.network.blocks[k - 1]
        pieces, constant = _constants(block, forms)
        needed = np.zeros(block.size, dtype=bool)
        if activation(block):
            pieces += self._units(k, forms, step.units, constant, needed)
        elif len(step.units):
            raise EvidenceError("rewriting", f"{block.name} has no activation, but steps for one")
        else:
            needed[:] = ~constant
        pieces += self._values(k, forms, np.flatnonzero(needed), step.values)
        self.expressions[k] = gathered(pieces, (block.size, self.width))
        for source in [s for s, last in self.network.last_use.items() if last == k]:
            self.expressions.pop(source, None)

    def _units(self, k: int, forms: Matrix, codes: Indices, constant: Bits, needed: Bits) -> list[Triplets]:
        """The parts of the expressions that the activation contributes; marks the units whose form is needed too."""
        block = self.network.blocks[k - 1]
        function = activation(block)
        if codes.shape != (block.size,) or np.any(codes < ON):
            raise EvidenceError("rewriting", f"{block.name} needs one step for each of its {block.size} units")
        free = ~constant
        if function != "relu" and np.any(codes[free] < KEEP):
            raise EvidenceError("rewriting", f"{block.name} has a smooth activation: no unit of it is on or off")
        kept = np.flatnonzero(free & (codes == KEEP))
        pieces = [self._new(k, function, forms, kept)]
        for code in (ON, OFF):
            claimed = np.flatnonzero(free & (codes == code))
            needed[claimed] = code == ON
            if len(claimed):
                self._check_sign(block, forms.select_rows(claimed), on=code == ON)
        shared = np.flatnonzero(free & (codes >= 0))
        values = []
        for unit, c in zip(shared, self._ratios(forms.select_rows(shared), codes[shared], function), strict=True):
            law = of_multiple(function, c)
            if law is None:
                raise EvidenceError("rewriting", f"{function} of a multiple is not a multiple")
            values.append(Fraction(law[0]))
            needed[unit] = law[1]
        pieces.append((shared, self.columns(codes[shared]), matrices.compact(values)))
        return pieces

    def _values(self, k: int, forms: Matrix, needed: Indices, codes: Indices) -> list[Triplets]:
        """The forms that are needed as they are: as sums, as multiples of variables, or as new variables."""
        if codes.shape != needed.shape or np.any(codes < EXPAND):
            name = self.network.blocks[k - 1].name
            raise EvidenceError("rewriting", f"{name} needs a step for each of {len(needed)} forms")
        pieces = [self._new(k, "", forms, needed[codes == NEW])]
        shared = codes >= 0
        ratio = self._ratios(forms.select_rows(needed[shared]), codes[shared], "")
        pieces.append((needed[shared], self.columns(codes[shared]), matrices.compact(ratio)))
        expanded = needed[codes == EXPAND]
        sums = forms.select_rows(expanded)
        pieces.append((expanded[sums.row_of_entry], sums.columns, sums.entries))
        return pieces

    def _new(self, k: int, activation: str, forms: Matrix, units: Indices) -> Triplets:
        """Keep these units of the block as variables."""
        rows = forms.select_rows(units)
        columns = self.columns(np.arange(self.count, self.count + len(units)))
        if not len(units):
            return units, columns, np.ones(0)
        self.groups.append(Group(k, activation, rows, self.count))
        self.width += len(units)
        if self.intervals is not None:
            bounds = self.intervals.of_rows(rows).rounded()
            if activation == "relu":
                bounds = bounds.clipped()
            elif activation:
                bounds = Intervals.nothing(len(units))
            self.intervals = self.intervals.followed_by(bounds)
        return units, columns, np.ones(len(units))

    def _check_sign(self, block: Block, rows: Matrix, *, on: bool) -> None:
        if self.intervals is None:
            raise AssertionError("unreachable: self.intervals is not None")
        bounds = self.intervals.of_rows(rows)
        if not np.all((bounds.low if on else bounds.top).are_nonnegative):
            word = "on" if on else "off"
            raise EvidenceError("rewriting", f"a unit of {block.name} is said to be {word}, which does not follow")

    def _ratios(self, rows: Matrix, variables: Indices, activation: str) -> list[Fraction]:
        """For each row the factor by which it is the form of the variable given for it, which has that activation."""
        result = [Fraction(0)] * len(variables)
        if np.any(variables >= self.count):
            raise EvidenceError("rewriting", f"variable {int(variables.max())} of {self.count} that there are")
        for group in self.groups:
            inside = np.flatnonzero((variables >= group.first) & (variables < group.first + group.rows.shape[0]))
            if not len(inside):
                continue
            if group.activation != activation:
                raise EvidenceError("rewriting", "a unit is shared with one that has another activation")
            theirs = group.rows.select_rows(variables[inside] - group.first)
            for place, factor in zip(inside.tolist(), factors(rows.select_rows(inside), theirs), strict=True):
                result[place] = factor
        return result

    def result(self) -> Network:
        """The rewritten network: the variables that the outputs depend on."""
        outputs = self.forms(len(self.network.blocks))
        used = np.zeros(self.width, dtype=bool)
        used[outputs.columns] = True
        for group in reversed(self.groups):
            alive = used[self.columns(group.numbers)]
            used[group.rows.columns[alive[group.rows.row_of_entry]]] = True
        return self._network(outputs, used)

    def _network(self, outputs: Matrix, used: Bits) -> Network:
        source = np.zeros(self.width, dtype=np.int64)  # the new block that each column is part of
        place = np.arange(-1, self.width - 1)  # and its place in it
        sizes, blocks = [self.network.input_size], []
        for group in self.groups:
            columns = self.columns(group.numbers)
            alive = np.flatnonzero(used[columns])
            if not len(alive):
                continue
            block = self.network.blocks[group.block - 1]
            name = block.name if group.activation == activation(block) else f"{block.name}.value"
            smooth = group.activation if group.activation not in ("", "relu") else None
            fresh = Block(name, (len(alive),), (), zeros(len(alive)), group.activation == "relu", smooth)
            blocks.append(_filled(fresh, group.rows.select_rows(alive), source, place, sizes))
            source[columns], place[columns] = len(blocks), np.cumsum(used[columns]) - 1
            sizes.append(len(alive))
        last = self.network.blocks[-1]
        blocks.append(_filled(last, outputs, source, place, sizes))
        old = self.network
        try:
            return Network(old.name, old.input_shape, old.output_shape, tuple(blocks), notes=old.notes)
        except NetworkError as error:
            raise EvidenceError("rewriting", str(error)) from error


def _coordinates(base: Base) -> Matrix:
    """The coordinates of the input as forms over (1, x): those that the base pins are constants."""
    size = base.dimension
    columns = np.arange(1, size + 1)
    entries: matrices.Entries = np.ones(size)
    if isinstance(base, Box) and base.pinned.any():
        columns = np.where(base.pinned, 0, columns)
        held = base.low.fractions()
        entries = matrices.compact([held[i] if base.pinned[i] else Fraction(1) for i in range(size)])
    return matrices.from_triplets(np.arange(size), columns, entries, (size, size + 1))


def _constants(block: Block, forms: Matrix) -> tuple[list[Triplets], Bits]:
    """Expressions of the units whose value is a rational number everywhere, and which those are."""
    mask = np.bincount(forms.row_of_entry, forms.columns > 0, block.size) == 0
    units = np.flatnonzero(mask)
    place = forms.columns == 0
    numbers = dict(zip(forms.row_of_entry[place].tolist(), forms.entries[place].tolist(), strict=True))
    known = [at_constant(activation(block), to_fraction(numbers.get(i, 0))) for i in units.tolist()]
    mask[units] = has_value = np.array([value is not None for value in known], dtype=bool)
    entries = matrices.compact([value for value in known if value is not None])
    return [(units[has_value], np.zeros(len(entries), dtype=np.int64), entries)], mask


def constants(block: Block, forms: Matrix) -> Bits:
    """The units of the block whose value is a known number everywhere."""
    return _constants(block, forms)[1]


def _filled(block: Block, rows: Matrix, source: Indices, place: Indices, sizes: Sequence[int]) -> Block:
    """The block with these forms as its affine map, their columns found in ``source`` and ``place``."""
    bias = [Fraction(0)] * rows.shape[0]
    constant = rows.columns == 0
    for i, value in zip(rows.row_of_entry[constant].tolist(), rows.entries[constant].tolist(), strict=True):
        bias[i] = to_fraction(value)
    inputs = []
    for s in sorted(set(source[rows.columns[~constant]].tolist())):  # np.unique would load numpy.ma
        chosen = ~constant & (source[rows.columns] == s)
        entries = rows.entries[chosen]
        if entries.dtype != np.float64:
            entries = matrices.compact(entries.tolist())
        part = (rows.row_of_entry[chosen], place[rows.columns[chosen]], entries)
        inputs.append((s, matrices.from_triplets(*part, (rows.shape[0], sizes[s]))))
    return replace(block, inputs=tuple(inputs), bias=vector(bias))
