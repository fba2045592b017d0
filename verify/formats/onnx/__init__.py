"""ONNX files to the canonical form.

    file bytes --files--> model bytes --reader--> checked graph --translation--> Network

Operators are in ``operators`` (one table, one function each). Nothing outside the given file is ever read.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from verify.errors import InputError, NetworkError
from verify.formats.onnx.files import network_name, printable, read_model_bytes
from verify.formats.onnx.reader import read_graph
from verify.formats.onnx.translation import lower
from verify.network import Network

__all__ = ["from_model_bytes", "load_onnx", "stored_model"]


def load_onnx(path: str | Path) -> Network:
    """The exact network in an ``.onnx`` or ``.onnx.gz`` file; anything wrong is a ``NetworkError``."""
    file_bytes, model_bytes = read_model_bytes(Path(path))
    network = _network(model_bytes, network_name(Path(path)), str(path))
    return replace(network, source=str(path), file_digest=hashlib.sha256(file_bytes).hexdigest())


def from_model_bytes(data: bytes, name: str) -> Network:
    """The exact network in a serialized ONNX model."""
    return replace(_network(data, name, name), file_digest=hashlib.sha256(data).hexdigest())


def stored_model(network: Network) -> bytes | None:
    """The serialized model that the network was loaded from; None where there is no file that is still the same."""
    if network.source is None or not network.source.endswith((".onnx", ".onnx.gz")):
        return None
    try:
        file_bytes, model_bytes = read_model_bytes(Path(network.source))
    except NetworkError:
        return None
    return model_bytes if hashlib.sha256(file_bytes).hexdigest() == network.file_digest else None


def _network(data: bytes, name: str, where: str) -> Network:
    try:
        return lower(read_graph(data), name)
    except InputError as error:
        raise NetworkError(f"{printable(where, 500)}: {error}") from error
