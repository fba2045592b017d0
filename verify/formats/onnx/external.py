"""Weights that a model keeps in other files of its own folder.

Read are regular files inside the folder of the model, reached without links of any kind; each is read once, and its
digest is that of the bytes that were used. Everything else that a model may name is refused before it is opened.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import onnx
import onnx.helper

from verify.errors import NetworkError
from verify.formats.beside import MAX_BYTES, checked_name, read_beside
from verify.formats.onnx.files import printable
from verify.formats.onnx.functions import label_of

_KEYS = {"location", "offset", "length", "checksum", "basepath"}
# Element types that share bytes.
_PACKED_BITS = {
    getattr(onnx.TensorProto, name): bits
    for name, bits in (("INT4", 4), ("UINT4", 4), ("FLOAT4E2M1", 4), ("INT2", 2), ("UINT2", 2))
    if hasattr(onnx.TensorProto, name)
}


def with_external_data(model: onnx.ModelProto, folder: Path | None) -> tuple[tuple[str, str], ...]:
    """Put the values of tensors that are stored in other files into the model.

    Returns the name (relative to the folder) and SHA-256 of each file that was read. Without a folder (a model that
    came as bytes) nothing is read. Raises ``NetworkError`` for whatever is not a plain file of that folder, or does not
    hold what the model says.
    """
    files = _Files(folder)
    for what, tensor in _tensors(model):
        stored_outside = tensor.data_location == onnx.TensorProto.EXTERNAL
        if stored_outside:
            tensor.raw_data = files.values(tensor, what)
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]
        elif tensor.external_data:
            raise NetworkError(f"{what} names another file, but says that its values are in the model: which?")
    return tuple(sorted((name, file.digest) for name, file in files.read.items()))


def _tensors(model: onnx.ModelProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    """Every stored tensor, and what to call it."""
    yield from _graph_tensors(model.graph)
    for function in model.functions:
        yield from _node_tensors(function.node)
        name = printable(function.name)
        yield from _attribute_tensors(function.attribute_proto, f"local function '{name}'")


def _graph_tensors(graph: onnx.GraphProto) -> Iterator[tuple[str, onnx.TensorProto]]:
    for tensor in graph.initializer:
        yield f"initializer '{printable(tensor.name)}'", tensor
    for sparse in graph.sparse_initializer:
        what = f"initializer '{printable(sparse.values.name)}'"
        yield from ((what, sparse.values), (what, sparse.indices))
    yield from _node_tensors(graph.node)


def _node_tensors(nodes: Iterator[onnx.NodeProto] | list[onnx.NodeProto]) -> Iterator[tuple[str, onnx.TensorProto]]:
    for node in nodes:
        yield from _attribute_tensors(node.attribute, f"node '{printable(label_of(node))}'")


def _attribute_tensors(
    attributes: Iterator[onnx.AttributeProto] | list[onnx.AttributeProto], owner: str
) -> Iterator[tuple[str, onnx.TensorProto]]:
    for attribute in attributes:
        what = f"{printable(attribute.name)} of {owner}"
        tensors = [attribute.t] if attribute.HasField("t") else []
        sparse = [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
        for part in (*sparse, *attribute.sparse_tensors):
            tensors += [part.values, part.indices]
        yield from ((what, tensor) for tensor in (*tensors, *attribute.tensors))
        graphs = [attribute.g] if attribute.HasField("g") else []
        for graph in (*graphs, *attribute.graphs):
            yield from _graph_tensors(graph)


@dataclass(frozen=True)
class _File:
    data: bytes
    digest: str


@dataclass
class _Files:
    """The files read so far, by their name in the folder."""

    folder: Path | None
    read: dict[str, _File] = field(default_factory=dict)
    copied: int = 0

    def values(self, tensor: onnx.TensorProto, what: str) -> bytes:
        """The bytes of one tensor."""
        entries = {entry.key: entry.value for entry in tensor.external_data}
        if len(entries) < len(tensor.external_data) or not entries.keys() <= _KEYS:
            odd = next(iter(sorted(entries.keys() - _KEYS)), "a key twice")
            raise NetworkError(f"{what} is stored in another file with {printable(odd)!r}; expected location, offset "
                               "and length, once each")  # fmt: skip
        if tensor.raw_data or any(getattr(tensor, name) for name in _FIELDS):
            raise NetworkError(f"{what} has values in the model and in another file; expected one of them")
        if self.folder is None:
            raise NetworkError(f"{what} is stored in another file, and a model given as bytes has no folder")
        location = printable(entries.get("location", ""), 200)
        place = f"{what}, stored in another file ({location!r})"
        name = checked_name(entries.get("location", ""), place)
        size, offset = _byte_count(tensor, place), _number(entries.get("offset", "0"), "offset", place)
        stated = _number(entries["length"], "length", place) if "length" in entries else size
        if stated != size:
            raise NetworkError(f"{place}: length {stated}; shape and element type make {size} bytes")
        self.copied += size
        if self.copied > MAX_BYTES:
            raise NetworkError(f"{place}: more than {MAX_BYTES} bytes of weights in other files, the most supported")
        if name not in self.read:
            data = read_beside(self.folder, name, place, MAX_BYTES - sum(len(file.data) for file in self.read.values()))
            self.read[name] = _File(data, hashlib.sha256(data).hexdigest())
        data = self.read[name].data
        if "checksum" in entries and hashlib.sha1(data).hexdigest() != entries["checksum"].lower():
            raise NetworkError(f"{place}: the file's SHA-1 is not the checksum in the model; fetch both again")
        if offset + size > len(data):
            raise NetworkError(f"{place}: bytes {offset} to {offset + size} of a file of {len(data)}; fetch it again")
        return data[offset : offset + size]


_FIELDS = ("float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")


def _number(text: str, key: str, place: str) -> int:
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise NetworkError(f"{place}: {key} {printable(text, 40)!r}; expected a number of bytes")
    return int(text)


def _byte_count(tensor: onnx.TensorProto, place: str) -> int:
    """How many bytes the tensor takes."""
    kind = tensor.data_type
    if kind == onnx.TensorProto.STRING or kind not in onnx.TensorProto.DataType.values() or not kind:
        raise NetworkError(f"{place}: element type {kind} cannot be stored in another file")
    count = 1
    for size in tensor.dims:
        count *= size
        if size < 0 or count > 8 * MAX_BYTES:
            raise NetworkError(f"{place}: shape {tuple(tensor.dims)[:8]}; expected sizes >= 0 that fit in memory")
    bits = _PACKED_BITS.get(kind) or 8 * int(onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize)
    return -(-count * bits // 8)
