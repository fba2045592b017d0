"""How far two networks are from one another on a bounded base: affine forms (zonotopes) of f and of f - g, in float64.

A *form* encloses a vector v that depends on x: there are numbers e_j in [-1, 1], the *symbols*, that depend on x and
are shared by all forms, with ``|v - c - sum_j G_j e_j| <= r`` in each entry. Symbols are the coordinates of the base,
moved to [-1, 1], and one for each bend of a ReLU. Signs are kept, so that terms cancel as they do in the network;
intervals lose that (``verify.kernel.difference``).

1. *Affine maps.* z = W y + b and d = z - z' = W' (y - y') + (W - W') y + (b - b') are affine in the values y and the
   gaps y - y'. So c and every column G_j are multiplied like values, and the error obeys the recursion of
   ``verify.network.floats`` with |y| replaced by S = |c| + sum_j |G_j|: the column's own errors are at most
   gamma(n + 2) |W| |G_j| + (n + 2) eta, and they add up over the columns.
2. *ReLU of a value* with low <= z <= high. For any slope s in [0, 1], relu(z) - s z is at most m = max(-s low,
   (1 - s) high), its value at an end as it is convex, and at least 0: relu(z) >= z and relu(z) >= 0. So relu(z) lies
   within m / 2 of s z + m / 2: a new symbol with coefficient m / 2. Stable units are s = 1 or s = 0 with m = 0.
3. *ReLU of a gap* d. Where both units are on, relu(z) - relu(z') = d; where both are off, it is 0. Else it lies
   between 0 and d, since ReLU is nondecreasing with slopes of at most 1, hence within |d| / 2 of d / 2: half the form,
   and a new symbol with coefficient max |d| / 2.

Rounding: bounds that are computed entry by entry are moved to the next float outwards after each operation, sums of
nonnegative numbers are enlarged by their relative error gamma(n).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.exact import Bits
from verify.kernel.rows import gathered
from verify.network import Block, Network, floats
from verify.network import matrix as matrices
from verify.network.floats import SMALLEST_SUBNORMAL, UNIT_ROUNDOFF, gamma
from verify.network.matrix import Matrix
from verify.rational import Floats, nearest_float
from verify.region import Box
from verify.region.bases import Base

# Coefficients of some symbols, a row for each entry; dense, or sparse where they are a diagonal.
Columns: TypeAlias = Any
# Coefficients of the forms of one block.
MAX_COEFFICIENTS = 40_000_000


@dataclass(frozen=True, eq=False)
class Form:
    """Centre, coefficients by group of symbols, error: see the module docstring.

    Group 0 has the symbols of the base, k those of the values of block k, -k those of its gaps.
    """

    centre: Floats
    groups: Mapping[int, Columns]
    error: Floats

    @property
    def symbols(self) -> int:
        return sum(columns.shape[1] for columns in self.groups.values())

    def reach(self) -> Floats:
        """An upper bound of ``sum_j |G_j|``."""
        total = np.zeros(len(self.centre))
        for columns in self.groups.values():
            total = total + np.asarray(abs(columns).sum(axis=1))
        return np.asarray(total * (1 + 2 * gamma(self.symbols + 8)))

    def sides(self) -> tuple[Floats, Floats]:
        """Bounds of the entries."""
        radius = _up(self.reach() + self.error)
        return _down(self.centre - radius), _up(self.centre + radius)


@dataclass(frozen=True, eq=False)
class Pair:
    """The blocks of f, and blocks for the gaps f - g.

    A gap block reads values under their numbers, and the gap of source s as source ``~s``.
    """

    values: tuple[Block, ...]
    gaps: tuple[Block, ...]


def paired(first: Network, second: Network) -> Pair:
    """The pair of two networks whose blocks correspond."""
    if not (first.is_piecewise_linear and second.is_piecewise_linear):
        raise EvidenceError("difference", "bounds are for piecewise linear networks")
    shapes = [[(block.size, block.relu) for block in network.blocks] for network in (first, second)]
    if shapes[0] != shapes[1] or first.input_size != second.input_size:
        raise EvidenceError("difference", "affine forms need networks whose blocks correspond")
    gaps = tuple(_gap_block(mine, theirs) for mine, theirs in zip(first.blocks, second.blocks, strict=True))
    return Pair(first.blocks, gaps)


def _gap_block(mine: Block, theirs: Block) -> Block:
    """``z - z' = W' (y - y') + (W - W') y + (b - b')``; the gap of the input is zero."""
    own, other = _by_source(mine), _by_source(theirs)
    inputs = [(~source, matrix) for source, matrix in other.items() if source > 0]
    for source in sorted(own.keys() | other.keys()):
        matrix = _minus(own.get(source), other.get(source))
        if matrix.entry_count:
            inputs.append((source, matrix))
    return Block(mine.name, mine.shape, tuple(inputs), mine.bias - theirs.bias, relu=mine.relu)


def _by_source(block: Block) -> dict[int, Matrix]:
    """The block's matrices, those of one source added up."""
    found: dict[int, Matrix] = {}
    for source, matrix in block.inputs:
        found[source] = matrices.add(found[source], matrix) if source in found else matrix
    return found


def _minus(left: Matrix | None, right: Matrix | None) -> Matrix:
    """The exact difference; None stands for zero."""
    if right is None:
        if left is None:
            raise AssertionError("unreachable: left is not None")
        return left
    if left is None:
        return right.scaled(Fraction(-1))
    if left.is_binary64 and right.is_binary64 and np.array_equal(left.columns, right.columns):
        a, b = left.entries, right.entries
        change = a - b
        rounded = change - a
        # Zero if and only if the subtraction was exact (Knuth's two-sum of a and -b).
        lost = (a - (change - rounded)) - (b + rounded)
        if np.array_equal(left.row_starts, right.row_starts) and not np.any(lost):
            return matrices.from_triplets(left.row_of_entry, left.columns, change, left.shape)
    pieces = [(left.row_of_entry, left.columns, left.entries), (right.row_of_entry, right.columns, -right.entries)]
    return gathered(pieces, left.shape)


def form_bounds(pair: Pair, base: Base) -> list[Fraction | None]:
    """For each output an upper bound of |f - g| on the base; None where nothing is known."""
    nothing: list[Fraction | None] = [None] * pair.values[-1].size
    faithful = all(block.rounds_faithfully for block in (*pair.values, *pair.gaps))
    if not (base.is_bounded and floats.floats_are_ieee() and faithful):
        return nothing
    with np.errstate(all="ignore"):
        low, high = _last_gap(pair, base).sides()
    return [
        Fraction(float(size)) if np.isfinite(size) else None for size in np.maximum(np.abs(low), np.abs(high)).tolist()
    ]


def _last_gap(pair: Pair, base: Base) -> Form:
    """The form of f - g, block by block."""
    forms = {0: _of_base(base)}
    for k, (block, gap_block) in enumerate(zip(pair.values, pair.gaps, strict=True), start=1):
        value, gap = affine(block, forms), affine(gap_block, forms)
        if block.relu:
            value, gap = _after_relu(k, value, gap)
        forms[k], forms[~k] = value, gap
        for source in [s for s in forms if not _is_read(pair, s, k)]:
            del forms[source]
    return gap


def _is_read(pair: Pair, source: int, after: int) -> bool:
    """Whether a later block reads the source, or it is the newest one."""
    later = (*pair.values[after:], *pair.gaps[after:])
    return source in (after, ~after) or any(source == s for block in later for s, _ in block.inputs)


def _of_base(base: Base) -> Form:
    """The coordinates of the base; an L1 ball is enclosed in a box."""
    if isinstance(base, Box):
        centre, radii = base.centre().floats(), base.radii().floats()
        moves = np.array([n != 0 for n in base.radii().numerators.tolist()], dtype=bool)
    else:
        centre = base.midpoint.floats()
        radii = np.full(base.dimension, nearest_float(base.radius.numerator, base.radius.denominator))
        moves = np.ones(base.dimension, dtype=bool)
    # Both were rounded to nearest: the next float covers that.
    return Form(centre, {0: _diagonal(np.where(moves, _up(radii), 0.0))}, np.spacing(np.abs(centre)))


def affine(block: Block, forms: Mapping[int, Form]) -> Form:
    """The form of the block's pre-activations (1 of the module docstring)."""
    centre = block.bias_floats.copy()
    widths = {g: c.shape[1] for source, _ in block.inputs for g, c in forms[source].groups.items()}
    if block.size * sum(widths.values()) > MAX_COEFFICIENTS:
        raise TooLarge(f"{block.name}: affine forms take more than {MAX_COEFFICIENTS} coefficients")
    groups: dict[int, Columns] = {}
    for source, matrix in block.inputs:
        centre = centre + matrix.floats @ forms[source].centre
        for group, columns in forms[source].groups.items():
            product = matrix.fast_floats @ columns
            product = product if isinstance(product, np.ndarray) else product.toarray()
            groups[group] = groups[group] + product if group in groups else product
    errors = {source: forms[source].error for source, _ in block.inputs}
    sizes = {source: _up(np.abs(forms[source].centre) + forms[source].reach()) for source, _ in block.inputs}
    error = floats.linear_errors(block, errors, sizes, np.abs(block.bias_floats), UNIT_ROUNDOFF)
    count = sum(columns.shape[1] for columns in groups.values())
    return Form(centre, groups, _up(error + 2 * (count + 1) * (block.fan_in + 2) * SMALLEST_SUBNORMAL))


def _after_relu(k: int, value: Form, gap: Form) -> tuple[Form, Form]:
    """The forms of relu(z) and of relu(z) - relu(z') (2 and 3 of the module docstring)."""
    low, high = value.sides()
    gap_low, gap_high = gap.sides()
    low, high = np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)
    on = (low >= 0) & (_down(low - gap_high) >= 0)
    off = (high <= 0) & (_up(high - gap_low) <= 0)
    return _bent(k, value, low, high), _halved(k, gap, on, off, np.maximum(np.abs(gap_low), np.abs(gap_high)))


def _bent(k: int, value: Form, low: Floats, high: Floats) -> Form:
    switching = (low < 0) & (high > 0)
    slope = np.where(
        switching, np.clip(np.nan_to_num(high / (high - low), nan=1.0), 0, 1), np.where(low >= 0, 1.0, 0.0)
    )
    most = np.maximum(_up(-slope * low), _up(_up(1 - slope) * high))
    middle = np.where(switching, most / 2, 0.0)
    scaled = _scaled(value, slope)
    centre = scaled.centre + middle
    groups = {**scaled.groups, k: _diagonal(np.where(switching, _up(middle), 0.0))}
    error = np.where(switching, _up(scaled.error + np.spacing(np.abs(centre))), scaled.error)
    return Form(centre, groups, error)


def _halved(k: int, gap: Form, on: Bits, off: Bits, size: Floats) -> Form:
    scaled = _scaled(gap, np.where(on, 1.0, np.where(off, 0.0, 0.5)))
    fresh = np.where(on | off, 0.0, _up(size / 2))
    return Form(scaled.centre, {**scaled.groups, -k: _diagonal(fresh)}, scaled.error)


def _scaled(form: Form, slope: Floats) -> Form:
    """The form of ``slope * v``, for slopes in [0, 1]: each product has a relative error of at most u, or loses eta."""
    size = _up(np.abs(form.centre) + form.reach())
    rounding = _up(_up(2 * UNIT_ROUNDOFF * size) + (form.symbols + 1) * SMALLEST_SUBNORMAL)
    error = np.where(slope == 1, form.error, np.where(slope == 0, 0.0, _up(_up(slope * form.error) + rounding)))
    groups = {group: columns * slope[:, None] for group, columns in form.groups.items()}
    return Form(form.centre * slope, groups, error)


def _diagonal(values: Floats) -> Columns:
    """A column for each value that is not zero."""
    import scipy.sparse as sparse

    used = np.flatnonzero(values)
    return sparse.csr_array((values[used], (used, np.arange(len(used)))), shape=(len(values), len(used)))


def _up(values: Floats) -> Floats:
    """At least the exact value of the operation that gave these."""
    return np.asarray(np.nextafter(values, np.inf))


def _down(values: Floats) -> Floats:
    return np.asarray(np.nextafter(values, -np.inf))
