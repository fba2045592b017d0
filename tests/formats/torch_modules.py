"""What is read of small PyTorch modules, exported by ``benchmarks/torch_modules.py`` with both exporters.

``python -m tests.formats.torch_modules`` prints the table of ``docs/modules.md``.
"""

from __future__ import annotations

import json
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

ARCHIVE = Path(__file__).with_suffix(".zip")
EXPORTERS = ("torchscript", "dynamo")
NOT_EXPORTED = "not exported"


def judged(data: bytes, recorded: dict[str, Any], output: str | None = None) -> str:
    """``agrees``, ``WRONG``, or why the model is refused."""
    try:
        network = from_model_bytes(data, "m", output)
    except NetworkError as error:
        return str(error).removeprefix("m: ")
    for point, value in zip(recorded["points"], recorded["values"], strict=True):
        exact = vector_from_floats(np.array(point, dtype=np.float32))
        theirs, ours = (run(network, exact, roundoff) for roundoff in (FLOAT32_ROUNDOFF, UNIT_ROUNDOFF))
        # PyTorch's own sums are those of an implementation in float32, as the exported file's are.
        bound = theirs.errors[-1] + ours.errors[-1]
        expected = np.array(value, dtype=np.float64)
        if expected.shape != bound.shape or not np.all(np.abs(expected - ours.values[-1]) <= bound):
            return "WRONG"
    return "agrees"


@cache
def results() -> dict[str, dict[str, str]]:
    """Module -> exporter -> verdict."""
    found: dict[str, dict[str, str]] = {}
    with zipfile.ZipFile(ARCHIVE) as archive:
        recorded = json.loads(archive.read("modules.json"))
        for name, entry in recorded.items():
            found[name] = {}
            for exporter in EXPORTERS:
                file = entry["files"][exporter]
                output = first_output(archive.read(file)) if file else None
                found[name][exporter] = judged(archive.read(file), entry, output) if file else NOT_EXPORTED
    return found


def first_output(data: bytes) -> str:
    """The first output's name; a recurrent layer has its state as the second."""
    import onnx

    return str(onnx.load_model_from_string(data).graph.output[0].name)


def markdown() -> str:
    """The table: one row for each module."""
    rows = ["| module | TorchScript exporter | dynamo exporter |", "|---|---|---|"]
    for name, verdicts in results().items():
        cells = [verdicts[exporter] for exporter in EXPORTERS]
        if cells[0] == cells[1]:
            cells[1] = "the same" if cells[0] != "agrees" else cells[0]
        rows.append(f"| {name} | {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    print(markdown())
