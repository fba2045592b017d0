"""The complex of a region from those of its parts.

Parts are sets of cells of one complex, which further units have cut in each part by itself. *Why the result is that of
one process:* on a face that is in two parts, both find the same signs (they are exact, and a pre-activation is one
function), so both divide it in the same way. A unit divides a face at most once, so (unit, face, minus part or what is
between) names each new face, and faces of two parts are the same exactly if their names are. Unit by unit, new faces
are numbered in the order in which one process numbers them: by what they are part of. No coordinates are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from verify.arrangement.complex import Complex, Faces, Growing, Ids
from verify.arrangement.enumerate import Arrangement, CuttingLayer
from verify.arrangement.forms import Forms

# For each unit (block, number) that divided something the faces that it divided, of each dimension.
History: TypeAlias = dict[tuple[int, int], list[Ids]]


@dataclass(frozen=True, eq=False)
class Finished:
    """What was made of a part: its complex, and what is known of vertices, forms, new layers and outputs."""

    complex: Complex
    points: Growing
    errors: Growing
    form_rows: Growing
    form_errors: Growing
    form_sources: Growing
    layers: list[CuttingLayer]
    outputs: Forms
    history: History


def join(found: Arrangement, parts: Sequence[Finished], faces: Sequence[list[Ids]]) -> History:
    """Let the arrangement go on to where its parts are: every cell is in one; ``faces`` are their numbers in it.

    Returns what each unit divides in it.
    """
    before = [level.count for level in found.complex.levels]
    numbers, history = _numbered(before, parts, faces)
    counts = [max(int(mine[q].max()) + 1 for mine in numbers) for q in range(len(before))]
    cells = [mine[-1] for mine in numbers]
    forms = [_forms_in_whole(found, mine, len(old[-1])) for mine, old in zip(cells, faces, strict=True)]
    found.complex = _joined_complex(counts, parts, numbers, forms)
    found.points = _put(counts[0], [part.points for part in parts], [mine[0] for mine in numbers])
    found.errors = _put(counts[0], [part.errors for part in parts], [mine[0] for mine in numbers])
    _join_forms(found, parts, forms, cells)
    _join_layers(found, parts, cells)
    rows = np.empty((*parts[0].outputs.rows.shape[:2], counts[-1]))
    errors = np.empty((len(rows), counts[-1]))
    for part, mine in zip(parts, cells, strict=True):
        rows[:, :, mine], errors[:, mine] = part.outputs.rows, part.outputs.errors
    found.outputs = Forms(rows, errors)
    return history


def _numbered(
    before: Sequence[int], parts: Sequence[Finished], faces: Sequence[list[Ids]]
) -> tuple[list[list[Ids]], History]:
    """For each part and dimension the number in the whole of every face; and what is divided in the whole."""
    counts, top = list(before), len(before) - 1
    numbers = [[Growing(old) for old in mine] for mine in faces]
    history: History = {}
    for step in sorted({step for part in parts for step in part.history}):
        cuts = [
            (mine, [known.rows[cut] for known, cut in zip(mine, part.history[step], strict=True)])
            for mine, part in zip(numbers, parts, strict=True)
            if step in part.history
        ]
        every = [np.unique(np.concatenate([divided[q] for _, divided in cuts])) for q in range(top + 1)]
        history[step] = every
        for mine, divided in cuts:
            for q in range(top + 1):
                mine[q].extend(counts[q] + np.searchsorted(every[q], divided[q]))
                if q < top:
                    mine[q].extend(counts[q] + len(every[q]) + np.searchsorted(every[q + 1], divided[q + 1]))
        for q in range(top + 1):
            counts[q] += len(every[q]) + (len(every[q + 1]) if q < top else 0)
    return [[known.rows.copy() for known in mine] for mine in numbers], history


def _forms_in_whole(found: Arrangement, cells: Ids, before: int) -> Ids:
    """The number in the whole of each form: every cell that is divided, and so each new cell, brings one in turn."""
    known = found.form_rows.size
    new = known + cells[before:] - found.complex.cell_count
    return np.concatenate([np.arange(known, dtype=np.int32), new]).astype(np.int32)


def _joined_complex(
    counts: Sequence[int], parts: Sequence[Finished], numbers: Sequence[list[Ids]], forms: Sequence[Ids]
) -> Complex:
    """All faces, each once, with the boundary that the first of its parts knows."""
    levels: list[Faces] = []
    for q, count in enumerate(counts):
        owner = np.empty(count, dtype=np.int32)
        tight = np.empty((count, len(counts) - 1 - q), dtype=np.int32)
        for place in reversed(range(len(parts))):
            mine = numbers[place][q]
            owner[mine] = place
            tight[mine] = forms[place][parts[place].complex.levels[q].tight.rows]
        up, down = [np.zeros(0, dtype=np.int32)], [np.zeros(0, dtype=np.int32)]
        for place, part in enumerate(parts if q else ()):
            level = part.complex.levels[q]
            faces = numbers[place][q][level.up.rows]
            own = owner[faces] == place
            up.append(faces[own])
            down.append(numbers[place][q - 1][level.down.rows[own]])
        pairs = Growing(np.concatenate(up)), Growing(np.concatenate(down))
        levels.append(Faces(*pairs, Growing(tight), Growing(np.zeros(count, dtype=np.int32))))
    result = Complex(levels)
    result.find_homes()
    return result


def _put(size: int, parts: Sequence[Growing], numbers: Sequence[Ids]) -> Growing:
    """Rows of all parts in their places; what several have, the first has."""
    rows = np.empty((size, *parts[0].rows.shape[1:]), dtype=parts[0].rows.dtype)
    for part, mine in zip(reversed(parts), reversed(numbers), strict=True):
        rows[mine] = part.rows
    return Growing(rows)


def _join_forms(found: Arrangement, parts: Sequence[Finished], forms: Sequence[Ids], cells: Sequence[Ids]) -> None:
    """What is known of each form; its source names the layers before it, and a cell of the last of them."""
    size = max(int(mine.max()) + 1 for mine in forms)
    given, layer = len(found.given), len(found.layers)
    sources = []
    for part, mine in zip(parts, cells, strict=True):
        rows = part.form_sources.rows.copy()
        later = rows[:, 0] > layer  # before that, cells have the numbers of the whole
        rows[later, 3] = mine[rows[later, 3]]
        sources.append(Growing(rows))
    found.form_rows = _put(size, [part.form_rows for part in parts], forms)
    found.form_errors = _put(size, [part.form_errors for part in parts], forms)
    found.form_sources = _put(size - given, sources, [mine[given:] - given for mine in forms])


def _join_layers(found: Arrangement, parts: Sequence[Finished], cells: Sequence[Ids]) -> None:
    """Bits and parents of the blocks that were cut in parts, the first of them begun before."""
    for place, layers in enumerate(zip(*(part.layers for part in parts), strict=True)):
        size = sum(len(layer.bits) for layer in layers)
        bits = np.empty((size, layers[0].bits.shape[1]), dtype=np.uint8)
        parents = np.empty(size, dtype=np.int32)
        for layer, mine in zip(layers, cells, strict=True):
            now = mine[: len(layer.bits)]
            bits[now] = layer.bits
            parents[now] = mine[layer.parents] if place else layer.parents
        found.layers.append(CuttingLayer(layers[0].block, layers[0].size, bits, parents))
