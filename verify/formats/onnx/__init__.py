"""ONNX files to the canonical form.

    file bytes --files--> model bytes --reader--> checked graph --translation--> Network

Operators are in ``operators`` (one table, one function each). Nothing is read but the given file and, where it says
that weights are there, plain files of the same folder (``external``).
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


def load_onnx(path: str | Path, output: str | None = None) -> Network:
    """The exact network in an ``.onnx`` or ``.onnx.gz`` file; anything wrong is a ``NetworkError``.

    ``output`` is the name of the tensor to take as the output; a model with one output needs none.
    """
    file = Path(path)
    file_bytes, model_bytes = read_model_bytes(file)
    network = _network(model_bytes, network_name(file), str(path), output, file.parent)
    return replace(network, source=str(path), file_digest=hashlib.sha256(file_bytes).hexdigest())


def from_model_bytes(data: bytes, name: str, output: str | None = None) -> Network:
    """The exact network in a serialized ONNX model, which must hold all of its weights."""
    return replace(_network(data, name, name, output, None), file_digest=hashlib.sha256(data).hexdigest())


def stored_model(network: Network) -> bytes | None:
    """The serialized model that the network was loaded from; None where there is no file that is still the same."""
    if network.source is None or not network.source.endswith((".onnx", ".onnx.gz")):
        return None
    if network.output is not None or network.files:  # the file alone is another network, or none
        return None
    try:
        file_bytes, model_bytes = read_model_bytes(Path(network.source))
    except NetworkError:
        return None
    return model_bytes if hashlib.sha256(file_bytes).hexdigest() == network.file_digest else None


def _network(data: bytes, name: str, where: str, output: str | None, folder: Path | None) -> Network:
    try:
        full_name = name if output is None else f"{name}:{printable(output)}"
        return replace(lower(read_graph(data, output, folder), full_name), output=output)
    except InputError as error:
        raise NetworkError(f"{printable(where, 500)}: {error}") from error
