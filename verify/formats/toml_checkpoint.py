"""An architecture in TOML whose numbers are in a safetensors file: ``weight = {tensor = "conv1.weight"}``."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from verify.errors import NetworkError
from verify.formats.beside import MAX_BYTES, checked_name, read_beside
from verify.formats.safetensors import Checkpoint

Files = tuple[tuple[str, str], ...]


def with_checkpoint(layers: list[Any], named: str, folder: Path) -> tuple[list[Any], Files]:
    """The layers with the tensors that they name in their places, and the file's name and digest.

    The file is a plain one in the network's folder or below. A tensor of the file that no layer names is refused:
    most often a layer was forgotten. Tensors that are not floating-point numbers are exempt.
    """
    where = f"'weights' = {named[:120]!r}"
    data = read_beside(folder, checked_name(named, where), where, MAX_BYTES)
    checkpoint, used = Checkpoint(data, where), set[str]()

    def filled(layer: Any, number: int) -> Any:
        if not isinstance(layer, dict):
            return layer  # the reader of layers says what is wrong with it
        return {key: _tensor(checkpoint, value, f"layer {number}: {key[:40]!r}", used) for key, value in layer.items()}

    found = [filled(layer, number) for number, layer in enumerate(layers, start=1)]
    left = [name for name in checkpoint.floating if name not in used]
    if left:
        raise NetworkError(f"{where}: no layer uses the tensor {left[0][:80]!r} ({len(left)} such tensors)")
    return found, ((named, hashlib.sha256(data).hexdigest()),)


def _tensor(checkpoint: Checkpoint, value: Any, what: str, used: set[str]) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) != {"tensor"} or not isinstance(value["tensor"], str):
        raise NetworkError(f"{what}: a table; expected numbers, or {{tensor = 'name'}}")
    used.add(value["tensor"])
    return checkpoint.array(value["tensor"])
