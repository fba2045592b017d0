"""A complex of convex polytopes that is cut, unit by unit, by the zero set of a continuous piecewise linear function.

The complex fills the closure of a region of R^d in projective space: a vertex is a ray (x, w), w >= 0, of homogeneous
coordinates, and lies at infinity where w = 0. Faces of every dimension are kept with their boundaries, so nothing is
assumed about the position of what cuts them.

*Why cutting face by face is right.* A pre-activation z is continuous, and affine on each cell of the complex (all
earlier units have cut it). With homogeneous coordinates it is ``w z(x / w)``, which extends to w = 0: a ReLU network
differs from the same network without biases by a bounded amount. On a face f that is in two cells both forms
agree, so the signs of z at the vertices of f decide, whichever cell is asked, whether f is cut; the pieces of a complex
that is face to face are face to face again. Where z takes both strict signs on a face f of dimension q, the new
face f0 = f & {z = 0} has dimension q - 1. Its facets are g & {z = 0} for the facets g of f that are cut, and the
faces h of f of dimension q - 2 that lie in {z = 0} (each of them is a face of f & {z = 0} of the right dimension;
conversely a facet of f0 is the intersection of {z = 0} with a facet g of f, and g is either cut or meets
{z = 0} in a face of its own; g itself cannot lie in {z = 0}, which passes through the inside of f).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from verify.region.bases import Mask

Ids: TypeAlias = NDArray[np.int32]
Signs: TypeAlias = NDArray[np.int8]


class Growing:
    """Rows of an array that grows in place."""

    def __init__(self, rows: NDArray[Any]) -> None:
        self._store = rows
        self.size = len(rows)

    @property
    def rows(self) -> NDArray[Any]:
        """The rows so far: a view, which later growth may leave behind."""
        return self._store[: self.size]

    def extend(self, more: NDArray[Any]) -> None:
        """Append rows."""
        size = self.size + len(more)
        if size > len(self._store):
            bigger = np.empty((max(size, self.size * 3 // 2 + 16), *self._store.shape[1:]), self._store.dtype)
            bigger[: self.size] = self.rows
            self._store = bigger
        self._store[self.size : size] = more
        self.size = size


@dataclass(eq=False)
class Faces:
    """The faces of one dimension q.

    ``up[i]`` is a face that has ``down[i]``, of dimension q - 1, in its boundary. ``tight`` lists for each face the
    d - q forms whose common zeros are its affine hull, ``home`` one cell that it is a face of.
    """

    up: Growing
    down: Growing
    tight: Growing
    home: Growing

    @property
    def count(self) -> int:
        """Number of faces."""
        return self.tight.size


@dataclass(frozen=True, eq=False)
class ComplexCut:
    """What one cut did: the faces that were divided, of each dimension; ``is_on`` says where z > 0 now.

    New faces of a dimension are the minus parts of those divided, and then what is between the parts of those divided
    of the next dimension, both in the order of what was divided. ``edges`` holds, for each new vertex, the two vertices
    of the edge that it divides.
    """

    divided: list[Ids]
    is_on: Mask
    edges: Ids

    @property
    def cells(self) -> Ids:
        """The cells that were divided; their minus parts are the new cells."""
        return self.divided[-1]


class Complex:
    """``levels[q]`` are the faces of dimension q; level 0 has no boundary."""

    def __init__(self, levels: list[Faces]) -> None:
        self.levels = levels
        self.dimension = len(levels) - 1

    @property
    def vertex_count(self) -> int:
        """Number of vertices, those at infinity included."""
        return self.levels[0].count

    @property
    def cell_count(self) -> int:
        """Number of cells."""
        return self.levels[-1].count

    def sides(self, signs: Signs) -> tuple[list[Mask], list[Mask]]:
        """For each dimension: which faces have a vertex of positive, and of negative sign.

        Every cut asks this of all faces, hence ``take`` and ``compress``, which are faster than indexing with masks.
        """
        above, below = [signs > 0], [signs < 0]
        for level in self.levels[1:]:
            for known in (above, below):
                found = np.zeros(level.count, dtype=bool)
                found[level.up.rows.compress(known[-1].take(level.down.rows))] = True
                known.append(found)
        return above, below

    def cut(self, signs: Signs, new_forms: Callable[[Ids], int]) -> ComplexCut:
        """Divide every face on which the signs of the vertices differ strictly.

        ``new_forms(cells)`` is told which cells are divided, and returns the number of the first of their forms.
        Parts on the plus side keep the numbers of the faces that they are part of.
        """
        above, below = self.sides(signs)
        cells = np.flatnonzero(above[-1] & below[-1]).astype(np.int32)
        if not len(cells):
            return ComplexCut([cells] * len(self.levels), above[-1], np.zeros((0, 2), dtype=np.int32))
        return _Cutting(self, above, below, new_forms(cells)).run()

    def part(self, cells: Mask) -> tuple[Complex, list[Ids]]:
        """The complex of some of the cells, faces numbered anew in the old order; and the old numbers of all faces."""
        keep: list[Mask] = [cells]
        for level in reversed(self.levels[1:]):
            below = np.zeros(self.levels[len(self.levels) - 1 - len(keep)].count, dtype=bool)
            below[level.down.rows[keep[0][level.up.rows]]] = True
            keep.insert(0, below)
        numbers = [np.cumsum(mask, dtype=np.int32) - 1 for mask in keep]
        levels: list[Faces] = []
        for q, (level, mask) in enumerate(zip(self.levels, keep, strict=True)):
            pairs = mask[level.up.rows] if q else np.zeros(0, dtype=bool)
            up = numbers[q][level.up.rows[pairs]].astype(np.int32)
            down = numbers[q - 1][level.down.rows[pairs]].astype(np.int32)
            home = np.zeros(int(mask.sum()), dtype=np.int32)
            levels.append(Faces(Growing(up), Growing(down), Growing(level.tight.rows[mask]), Growing(home)))
        result = Complex(levels)
        result.find_homes()
        return result, [np.flatnonzero(mask).astype(np.int32) for mask in keep]

    def find_homes(self) -> None:
        """Choose for each face a cell that it is a face of."""
        top = self.levels[-1]
        top.home.rows[:] = np.arange(top.count, dtype=np.int32)
        for q in range(self.dimension, 0, -1):
            level, below = self.levels[q], self.levels[q - 1]
            below.home.rows[level.down.rows] = level.home.rows[level.up.rows]

    def edge_ends(self) -> Ids:
        """The two vertices of each edge, shape (edges, 2)."""
        edges = self.levels[1]
        order = np.argsort(edges.up.rows, kind="stable")
        return np.asarray(edges.down.rows[order].reshape(-1, 2), dtype=np.int32)

    def neighbours(self) -> tuple[Ids, Ids]:
        """The facets inside the region, and for each the two cells that share it, in order, shape (facets, 2)."""
        top = self.levels[-1]
        order = np.argsort(top.down.rows, kind="stable")
        facets, cells = top.down.rows[order], top.up.rows[order]
        first = np.flatnonzero(facets[1:] == facets[:-1])
        return facets[first], np.sort(np.stack([cells[first], cells[first + 1]], axis=1), axis=1)


class _Cutting:
    """One cut. On each level the minus parts of divided faces are numbered first, then the faces between parts."""

    def __init__(self, complex_: Complex, above: list[Mask], below: list[Mask], first_form: int) -> None:
        self.levels, self.top = complex_.levels, complex_.dimension
        self.above, self.below = above, below
        self.is_divided = [a & b for a, b in zip(above, below, strict=True)]
        self.divided: list[Ids] = [np.flatnonzero(mask).astype(np.int32) for mask in self.is_divided]
        counts = [level.count for level in self.levels]
        self.pairs = [level.up.size for level in self.levels]
        self.minus: list[Ids] = []
        self.between: list[Ids] = []
        for q, chosen in enumerate(self.divided):
            minus = np.full(counts[q], -1, dtype=np.int32)
            minus[chosen] = counts[q] + np.arange(len(chosen), dtype=np.int32)
            self.minus.append(minus)
            between = np.full(counts[q], -1, dtype=np.int32)
            if q:
                between[chosen] = counts[q - 1] + len(self.divided[q - 1]) + np.arange(len(chosen), dtype=np.int32)
            self.between.append(between)
        self.forms = np.full(counts[-1], -1, dtype=np.int32)
        self.forms[self.divided[-1]] = first_form + np.arange(len(self.divided[-1]), dtype=np.int32)

    def run(self) -> ComplexCut:
        homes = [level.home.rows[chosen] for level, chosen in zip(self.levels, self.divided, strict=True)]
        # Dividing a level reads the pairs of the level below as they were: hence from the top down.
        edges = self._ends()
        for q in range(self.top, 0, -1):
            self._divide(q)
        for q in range(self.top):
            self._rehouse(q)
        for q in range(self.top + 1):
            self._number(q, homes)
        is_on = np.concatenate([self.above[-1], np.zeros(len(self.divided[-1]), dtype=bool)])
        return ComplexCut(self.divided, is_on, edges)

    def _ends(self) -> Ids:
        """The two vertices of each divided edge."""
        edges = self.levels[1]
        pairs = np.flatnonzero(self.is_divided[1].take(edges.up.rows))
        order = np.argsort(edges.up.rows[pairs], kind="stable")
        return np.asarray(edges.down.rows[pairs[order]].reshape(-1, 2), dtype=np.int32)

    def _divide(self, q: int) -> None:
        """Share the boundaries of the divided faces of dimension q out to their parts, and bound what is between."""
        level, chosen = self.levels[q], self.divided[q]
        pairs = np.flatnonzero(self.is_divided[q].take(level.up.rows[: self.pairs[q]]))
        faces, parts = level.up.rows[pairs], level.down.rows[pairs]
        cut = self.is_divided[q - 1][parts]
        if q > 1:
            self._bound(q, faces, parts, cut)
        moved = self.below[q - 1][parts] & ~cut
        level.up.rows[pairs[moved]] = self.minus[q][faces[moved]]
        between, minus = self.between[q][chosen], self.minus[q][chosen]
        level.up.extend(np.concatenate([self.minus[q][faces[cut]], chosen, minus]))
        level.down.extend(np.concatenate([self.minus[q - 1][parts[cut]], between, between]))

    def _bound(self, q: int, faces: Ids, parts: Ids, cut: Mask) -> None:
        """The boundaries of the faces of dimension q - 1 between the parts of divided faces of dimension q."""
        below = self.levels[q - 1]
        up = [self.between[q][faces[cut]]]
        down = [self.between[q - 1][parts[cut]]]
        zero = ~(self.above[q - 2] | self.below[q - 2])
        if zero.any():
            flat = np.flatnonzero(zero[below.down.rows[: self.pairs[q - 1]]])
            order = flat[np.argsort(below.up.rows[flat], kind="stable")]
            owners = below.up.rows[order]
            starts, ends = np.searchsorted(owners, parts, "left"), np.searchsorted(owners, parts, "right")
            lengths = ends - starts
            which = np.repeat(np.arange(len(parts)), lengths)
            offsets = np.arange(len(which)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            ridges = below.down.rows[order[starts[which] + offsets]]
            found = np.unique(np.stack([self.between[q][faces[which]], ridges], axis=1), axis=0)
            up.append(found[:, 0])
            down.append(found[:, 1])
        below.up.extend(np.concatenate(up))
        below.down.extend(np.concatenate(down))

    def _rehouse(self, q: int) -> None:
        """Faces on the minus side of a divided cell that was their home go with its minus part."""
        home = self.levels[q].home.rows
        moved = np.flatnonzero(self.is_divided[-1].take(home))
        moved = moved[self.below[q][moved] & ~self.above[q][moved]]
        home[moved] = self.minus[-1][home[moved]]

    def _number(self, q: int, homes: list[Ids]) -> None:
        """Enter the minus parts of this dimension, then the faces between parts of the next."""
        level = self.levels[q]
        top = q == self.top
        level.tight.extend(level.tight.rows[self.divided[q]])
        level.home.extend(self.minus[q][self.divided[q]] if top else self.minus[-1][homes[q]])
        if top:
            return
        home = homes[q + 1]
        parents = self.levels[q + 1].tight.rows[self.divided[q + 1]]
        level.tight.extend(np.concatenate([parents, self.forms[home][:, None]], axis=1))
        level.home.extend(home)
