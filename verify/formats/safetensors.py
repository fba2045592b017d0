"""Safetensors files: a header in JSON, then raw numbers. Nothing is executed and nothing is unpickled.

The format (https://huggingface.co/docs/safetensors): eight bytes with the size of the header, the header, the numbers
of all tensors without gaps. Everything that the format rules out is refused, so that a file means one thing only.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.rational import Floats

MAX_HEADER = 25_000_000
MAX_NESTING = 8
# Element types whose every number is a float64.
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
# Further types that a file may hold beside the weights (counters and masks); they cannot be used.
OTHER_SIZES = {"BOOL": 1, "U8": 1, "I8": 1, "I16": 2, "U16": 2, "I32": 4, "U32": 4, "I64": 8, "U64": 8}


@dataclass(frozen=True)
class Stored:
    """Where a tensor's numbers are, counted from the end of the header."""

    kind: str
    shape: tuple[int, ...]
    start: int
    end: int


class Checkpoint:
    """The tensors of one file, by name."""

    def __init__(self, data: bytes, where: str) -> None:
        """Read the header; ``where`` is what messages call the file. Raises ``NetworkError``."""
        self.where = where
        size = self._header_size(data)
        self.numbers = memoryview(data)[8 + size :]
        self.tensors = self._tensors(data[8 : 8 + size])
        self._check_layout()

    @property
    def floating(self) -> list[str]:
        """The names of the tensors that can be used."""
        return [name for name, stored in self.tensors.items() if stored.kind in SIZES]

    def array(self, name: str) -> Floats:
        """The tensor of that name, every number exactly as it is stored."""
        if name not in self.tensors:
            from verify.formats.toml_values import suggestion

            raise NetworkError(f"{self.where}: no tensor {name[:80]!r}; {suggestion(name, list(self.tensors)[:50])}")
        stored = self.tensors[name]
        if stored.kind not in SIZES:
            raise NetworkError(f"{self.where}: {name[:80]!r} is of type {stored.kind}; expected {', '.join(SIZES)}")
        values = _decoded(self.numbers[stored.start : stored.end], stored.kind)
        if not np.all(np.isfinite(values)):
            raise NetworkError(f"{self.where}: {name[:80]!r} has an infinite or undefined number")
        return values.reshape(stored.shape)

    def _header_size(self, data: bytes) -> int:
        if data.startswith((b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")):
            raise self._wrong("a pickle or an archive such as torch.save writes (never loaded); use safetensors")
        size = int.from_bytes(data[:8], "little")
        if len(data) < 10 or not 2 <= size <= min(len(data) - 8, MAX_HEADER):
            raise self._wrong(f"not a safetensors file: a header of {size} bytes in a file of {len(data)}")
        return size

    def _tensors(self, header: bytes) -> dict[str, Stored]:
        if not header.startswith(b"{"):
            raise self._wrong("the header is not a JSON object")
        try:
            text = header.decode("utf-8")
            if _depth(text) > MAX_NESTING:
                raise self._wrong(f"a header nested more than {MAX_NESTING} deep")
            given = json.loads(
                text, object_pairs_hook=self._unique, parse_float=self._no_float, parse_constant=self._no_float
            )
        except (ValueError, RecursionError) as error:
            raise self._wrong(f"the header is not valid JSON: {str(error)[:120]}") from error
        metadata = given.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise self._wrong("'__metadata__' is not a table of texts")
        return {name: self._stored(name, entry) for name, entry in given.items()}

    def _stored(self, name: str, entry: Any) -> Stored:
        what = f"tensor {name[:80]!r}"
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            raise self._wrong(f"{what}: expected 'dtype', 'shape' and 'data_offsets'")
        kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        size = (SIZES | OTHER_SIZES).get(kind) if isinstance(kind, str) else None
        if size is None:
            raise self._wrong(f"{what}: unknown dtype {kind!r:.40}; known: {', '.join(SIZES)}")
        if not _naturals(shape) or not _naturals(offsets) or len(offsets) != 2 or len(shape) > 32:
            raise self._wrong(f"{what}: 'shape' and 'data_offsets' must be whole numbers from 0 on, two offsets")
        start, end = offsets
        if end - start != math.prod(shape) * size or end > len(self.numbers):
            raise self._wrong(
                f"{what}: bytes {start} to {end} of {len(self.numbers)}; shape {shape!s:.60} of {kind} takes "
                f"{math.prod(shape) * size}"
            )
        return Stored(kind, tuple(shape), start, end)

    def _check_layout(self) -> None:
        """Tensors follow one another: no byte is used twice, and none is hidden."""
        reached = 0
        for stored in sorted(self.tensors.values(), key=lambda t: (t.start, t.end)):
            if stored.start != reached:
                raise self._wrong(f"byte {min(reached, stored.start)} of the numbers is used twice or not at all")
            reached = stored.end
        if reached != len(self.numbers):
            raise self._wrong(f"{len(self.numbers) - reached} bytes after the last tensor")

    def _unique(self, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise self._wrong(f"the header has {key[:80]!r} twice")
            found[key] = value
        return found

    def _no_float(self, text: str) -> Any:
        raise self._wrong(f"the header has the number {text[:40]}; expected whole numbers")

    def _wrong(self, what: str) -> NetworkError:
        return NetworkError(f"{self.where}: {what}")


def _naturals(value: Any) -> bool:
    return isinstance(value, list) and all(type(v) is int and 0 <= v < 2**48 for v in value)


def _depth(text: str) -> int:
    """An upper bound on how deep the brackets nest; brackets inside of names count as well."""
    depth = most = 0
    for character in text:
        if character in "[{":
            depth += 1
            most = max(most, depth)
        elif character in "]}":
            depth -= 1
    return most


def _decoded(data: memoryview, kind: str) -> Floats:
    """Little-endian numbers as float64, which holds each of them exactly."""
    if kind == "BF16":  # the upper half of a float32
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32).astype(np.float64)
    return np.frombuffer(data, {"F64": "<f8", "F32": "<f4", "F16": "<f2"}[kind]).astype(np.float64)
