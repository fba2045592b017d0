"""Affine forms of a block's units on many cells at once, in float64 with a bound on their errors.

Every form is over homogeneous coordinates (t, w), so a bias is the coefficient of w. The error bound is that of
``verify.network.floats`` applied to each coefficient: with ``e`` a bound on the errors of a source's forms,

    |W| e + gamma(n + 2) (|W| (|y| + 2 e) + |b|) + (n + 2) eta

and |y| the largest coefficient of each unit's form. It is computed in floating point itself, hence the enlargement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.arrangement.complex import Ids
from verify.arrangement.domain import Domain
from verify.errors import BudgetExceeded
from verify.network import Block
from verify.network.floats import SMALLEST_SUBNORMAL, gamma
from verify.rational import Floats, nearest_float
from verify.region.bases import Mask

# Bytes that the forms of one block may take.
MOST_BYTES = 6 * 2**30
# Bytes of forms that are multiplied out at a time: few enough for a core's cache.
CHUNK = 2**20
# Cells whose bits are looked at at a time.
BITS = 4096
# A matrix with fewer nonzero entries than one in so many is multiplied as a sparse one.
SPARSE = 16


@dataclass(frozen=True, eq=False)
class Forms:
    """``rows`` of shape (units, coordinates + 1, cells); ``errors`` (units, cells) bounds each coefficient's error."""

    rows: Floats
    errors: Floats


@dataclass(frozen=True, eq=False)
class FormSource:
    """What later blocks read, on the cells of now: the forms on cells of which those are parts, zero where off.

    Cell i has the forms of cell ``cells[i]`` and the packed bits in row ``lines[i]`` of ``bits`` (None: no activation).
    Nothing is multiplied out before it is read, and then for some cells at a time.
    """

    forms: Forms
    cells: Ids
    bits: NDArray[np.uint8] | None = None
    lines: Ids | None = None

    def of_cells(self, cells: Ids) -> FormSource:
        """The same on other cells, each part of one of these."""
        return FormSource(self.forms, self.cells[cells], self.bits, None if self.lines is None else self.lines[cells])

    def part(self, cells: Ids) -> FormSource:
        """The same on some of the cells, with no other forms."""
        used, places = np.unique(self.cells[cells], return_inverse=True)
        forms = Forms(self.forms.rows[:, :, used], self.forms.errors[:, used])
        if self.bits is None or self.lines is None:
            return FormSource(forms, places.astype(np.int32))
        lines = np.arange(len(cells), dtype=np.int32)
        return FormSource(forms, places.astype(np.int32), self.bits[self.lines[cells]], lines)

    def on(self, chosen: slice) -> Mask:
        """Which units are on, on some of the cells, shape (cells, units)."""
        assert self.bits is not None and self.lines is not None
        return np.unpackbits(self.bits[self.lines[chosen]], axis=1, count=len(self.forms.rows)).astype(bool)

    def some(self, chosen: slice) -> Forms:
        """The forms themselves on some of the cells."""
        cells = self.cells[chosen]
        rows, errors = np.take(self.forms.rows, cells, axis=2), np.take(self.forms.errors, cells, axis=1)
        if self.bits is not None:
            mask = self.on(chosen).T.astype(np.float64)
            with np.errstate(invalid="ignore"):  # what overflowed becomes NaN, of which nothing is ever decided
                rows *= mask[:, None, :]
                errors *= mask
        return Forms(rows, errors)


def inputs(domain: Domain) -> Forms:
    """The network's inputs as forms, on a single cell."""
    pinned = domain.pinned_values()
    rows = np.zeros((len(pinned), domain.dimension + 1, 1))
    errors = np.zeros((len(pinned), 1))
    for place, j in enumerate(domain.free):
        rows[j, place, 0] = 1.0
    for j, value in enumerate(pinned):
        if value is not None:
            rows[j, -1, 0] = nearest_float(value.numerator, value.denominator)
            errors[j, 0] = np.abs(rows[j, -1, 0]) * 2.0**-52 + SMALLEST_SUBNORMAL
    return Forms(rows, errors)


def preactivations(block: Block, sources: dict[int, FormSource], cells: int, width: int) -> Forms:
    """The forms of a block's pre-activations on so many cells, over so many homogeneous coordinates."""
    if block.size * cells * width * 8 > MOST_BYTES:
        raise BudgetExceeded(f"the affine maps of {block.name} on {cells} cells do not fit in memory")
    found = Forms(np.empty((block.size, width, cells)), np.empty((block.size, cells)))
    read = [_read(matrix.fast_floats, sources[s], cells) for s, matrix in block.inputs]
    most = max((part.units for part in read), default=1)
    step = max(CHUNK // (8 * width * max(most, block.size, 1)), 1)
    for begin in range(0, cells, step):
        chosen = slice(begin, min(begin + step, cells))
        part = _some(block, read, chosen, width)
        found.rows[:, :, chosen], found.errors[:, chosen] = part.rows, part.errors
    return found


@dataclass(frozen=True, eq=False)
class _Read:
    """What a block reads of a source on all cells alike, and the source's units that are multiplied out on each.

    Where all cells have the same forms, they differ only in units that are on in some and off in others.
    """

    source: FormSource
    weights: Any
    alike: tuple[Forms, Any] | None = None
    differing: Mask | None = None

    @property
    def units(self) -> int:
        """How many units are multiplied out."""
        return len(self.source.forms.rows) if self.differing is None else int(self.differing.sum())

    def parts(self, chosen: slice) -> Iterator[tuple[Forms, Any]]:
        """Forms on some of the cells (or on one, for all) and the weights that they have."""
        if self.alike is None or self.differing is None:
            yield self.source.some(chosen), self.weights
            return
        yield self.alike
        forms, mask = self.source.forms, self.source.on(chosen)[:, self.differing].T.astype(np.float64)
        with np.errstate(invalid="ignore"):
            yield (
                Forms(forms.rows[self.differing] * mask[:, None, :], forms.errors[self.differing] * mask),
                self.weights[:, self.differing],
            )


def _read(weights: Any, source: FormSource, cells: int) -> _Read:
    if source.bits is None or source.forms.rows.shape[2] != 1:
        return _Read(source, weights)
    some, all_ = np.zeros((2, len(source.forms.rows)), dtype=bool)
    all_[:] = True
    for begin in range(0, cells, BITS):
        on = source.on(slice(begin, min(begin + BITS, cells)))
        some |= on.any(axis=0)
        all_ &= on.all(axis=0)
    return _Read(
        source, weights, (Forms(source.forms.rows[all_], source.forms.errors[all_]), weights[:, all_]), some & ~all_
    )


def _some(block: Block, read: Sequence[_Read], chosen: slice, width: int) -> Forms:
    cells = chosen.stop - chosen.start
    rows = np.zeros((block.size, width, cells))
    rows[:, -1] = block.bias_floats[:, None]
    relative = gamma(block.fan_in + 2)
    errors: Floats = np.repeat(relative * np.abs(block.bias_floats)[:, None], cells, axis=1)
    with np.errstate(over="ignore", invalid="ignore"):
        for given, weights in (part for source in read for part in source.parts(chosen)):
            flat = given.rows.reshape(len(given.rows), math.prod(given.rows.shape[1:]))
            rows += np.asarray(weights @ flat).reshape(block.size, width, -1)
            carried = np.abs(given.rows).max(axis=1, initial=0.0) * relative
            carried += given.errors * (1 + 2 * relative)
            errors += np.asarray(abs(weights) @ carried)
        errors += (block.fan_in + 2) * SMALLEST_SUBNORMAL
        errors *= 1 + 2 * gamma(block.fan_in + 16)
    if not block.rounds_faithfully:
        errors[:] = np.inf
    return Forms(rows, errors)


def nonzero(block: Block, source: int) -> Any:
    """1 where a unit of the block reads a unit of the source, shape (units, its units); sparse if most are 0."""
    weights = next(m for s, m in block.inputs if s == source).absolute_floats
    read = (weights > 0).astype(np.float32)
    return read if read.nnz * SPARSE < weights.shape[0] * weights.shape[1] else read.toarray()
