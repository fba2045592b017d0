"""Cells and maps as data: exact in JSON, float64 in NPZ."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from verify.arrangement.counting import Pieces
from verify.arrangement.details import CellDetails, details
from verify.arrangement.enumerate import Arrangement
from verify.arrangement.merging import Labels, map_of
from verify.arrangement.streamed import StreamedCell
from verify.errors import InputError
from verify.kernel.exact import Pattern
from verify.network import Network
from verify.rational import exact_text


def exported(found: Pieces, name: str) -> bytes:
    """The file's content, by the end of its name: ``.json`` or ``.npz``."""
    if found.arrangement is None or found.labels is None:
        raise InputError(
            f"--export {name}: the region has {found.domain.dimension} dimensions; cells are kept up to 7 dimensions"
        )
    if name.endswith(".npz"):
        return _arrays(found.arrangement, found.labels)
    return (json.dumps(_data(found, found.arrangement, found.labels), indent=1) + "\n").encode()


def _data(found: Pieces, arrangement: Arrangement, labels: Labels) -> dict[str, Any]:
    network = found.domain.network
    first = np.unique(labels.maps, return_index=True)[1].tolist()
    maps = [map_of(found.domain, network, arrangement.pattern(cell)) for cell in first]
    return {
        "network": network.name,
        "region": found.domain.region.text,
        "coordinates": list(found.domain.free),
        "cells": found.cells,
        "pieces": found.pieces,
        "affine_maps": found.affine_maps,
        "maps": [[_map_strings(row) for row in rows] for rows in maps],
        "polytopes": [_cell(cell, arrangement, labels) for cell in details(arrangement, labels)],
    }


def _map_strings(row: tuple[int, ...]) -> list[str]:
    return [exact_text(Fraction(n, row[-1])) for n in row[:-1]]


def streamed_json(network: Network, cell: StreamedCell) -> dict[str, Any]:
    """A cell that comes alone, with its maps; null what the split tree does not tell."""
    vertices, rays = cell.vertices, cell.rays
    return {
        "on": _on(network, cell.pattern),
        "maps": [_map_strings(row) for row in cell.maps],
        "inside": [exact_text(v) for v in cell.inside],
        "half_spaces": [_integers(form) for form in cell.half_spaces],
        "vertices": None if vertices is None else [[exact_text(v) for v in point] for point in vertices],
        "rays": None if rays is None else [_integers(ray) for ray in rays],
        "volume": None if cell.volume is None else exact_text(cell.volume),
    }


def _integers(row: Sequence[int]) -> list[str]:
    return [exact_text(Fraction(n)) for n in row]


def _on(network: Network, pattern: Pattern) -> dict[str, list[int]]:
    """For each block the units that are on."""
    names = [block.name for block in network.blocks]
    return {f"{k} {names[k - 1]}".strip(): np.flatnonzero(bits).tolist() for k, bits in sorted(pattern.items())}


def _cell(cell: CellDetails, arrangement: Arrangement, labels: Labels) -> dict[str, Any]:
    blocks = arrangement.domain.network.blocks
    pattern = arrangement.pattern(cell.number)
    return {
        "cell": int(labels.cells[cell.number]),
        "piece": cell.piece,
        "map": cell.map,
        "vertices": [[exact_text(v) for v in point] for point in cell.vertices],
        "rays": [_integers(ray) for ray in cell.rays],
        "half_spaces": [_integers(form) for form in cell.half_spaces],
        "volume": None if cell.volume is None else exact_text(cell.volume),
        "on": _on(arrangement.domain.network, pattern),
        "neighbours": [
            {
                "polytope": other.cell,
                "switching": [blocks[k - 1].unit_name(unit) for k, unit in other.units],
                "effective": other.is_effective,
            }
            for other in cell.neighbours
        ],
    }


def _arrays(arrangement: Arrangement, labels: Labels) -> bytes:
    """``vertices`` are homogeneous; ``facet_pairs`` are the polytopes on both sides of each inner facet."""
    assert arrangement.outputs is not None
    top = arrangement.complex.levels[-1]
    stream = io.BytesIO()
    np.savez_compressed(
        stream,
        allow_pickle=False,
        vertices=arrangement.points.rows,
        vertex_errors=arrangement.errors.rows,
        cell=labels.cells,
        piece=labels.pieces,
        map=labels.maps,
        maps=np.moveaxis(arrangement.outputs.rows, 2, 0),
        map_errors=arrangement.outputs.errors.T,
        facet_pairs=labels.pairs,
        cell_facets=np.unique(np.stack([top.up.rows, top.down.rows], axis=1), axis=0),
        **{f"pattern_{k}": bits for k, bits in _patterns(arrangement).items()},
    )
    return stream.getvalue()


def _patterns(arrangement: Arrangement) -> dict[int, Any]:
    now = np.arange(arrangement.complex.cell_count, dtype=np.int32)
    found = {}
    for layer in reversed(arrangement.layers):
        found[layer.block] = layer.on(now)
        now = layer.parents[now]
    return found
