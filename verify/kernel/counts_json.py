"""Reading and writing the evidence of counts; the only place that knows its serialized form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verify.errors import EvidenceError, InputError
from verify.kernel.counts import Counts, Thin
from verify.kernel.evidence import Cover, multipliers_to_json, proof_to_json, read_multipliers, read_proof, read_vector
from verify.network import Network


def to_json(counts: Counts) -> dict[str, Any]:
    """The evidence as plain data, rationals as strings."""
    return {
        "kind": "counted cells",
        "cover": proof_to_json(counts.cover),
        "points": [point.strings() for point in counts.points],
        "joins": [[a, b, point.strings()] for a, b, point in counts.joins],
        "walls": _thin_to_json(counts.walls),
        "apart": _thin_to_json(counts.apart),
    }


def _thin_to_json(known: Mapping[tuple[int, int], Thin]) -> dict[str, list[Any]]:
    return {f"{a}:{b}": [row, multipliers_to_json(multipliers)] for (a, b), (row, multipliers) in known.items()}


def from_json(data: Any, network: Network) -> Counts:
    """What ``to_json`` wrote; anything malformed is an ``EvidenceError`` of the rule ``format``."""
    try:
        if data["kind"] != "counted cells":
            raise ValueError(f"evidence of kind {data['kind']!r:.40}; expected 'counted cells'")
        cover = read_proof(data["cover"], network)
        if not isinstance(cover, Cover):
            raise TypeError("an empty region has no cells to count")
        points = tuple(read_vector(point) for point in data["points"])
        joins = tuple((_whole(a), _whole(b), read_vector(point)) for a, b, point in data["joins"])
        return Counts(cover, points, joins, _read_thin(data["walls"]), _read_thin(data["apart"]))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"cannot be read: {error!r:.200}") from error


def _read_thin(data: Any) -> dict[tuple[int, int], Thin]:
    result: dict[tuple[int, int], Thin] = {}
    for key, (row, multipliers) in data.items():
        a, b = key.split(":")
        result[int(a), int(b)] = (None if row is None else _whole(row)), read_multipliers(multipliers)
    return result


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r:.60} is not a whole number")
    return value
