"""Which published networks are read: loads, agrees with ONNX Runtime within the derived bound, or is refused and why.

    python -m benchmarks.reading FOLDER

prints the table of ``docs/networks.md`` for the ``.onnx`` and ``.onnx.gz`` files of a folder.
"""

from __future__ import annotations

import gzip
import sys
from pathlib import Path

import numpy as np

from tests.formats.onnx_models import Array, assert_agrees, random_points, separated, session
from verify.errors import NetworkError
from verify.formats.onnx import load_onnx
from verify.network import Network
from verify.network.floats import UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

HEAD = "| file | inputs | ReLU | outputs | what happens |\n|---|---|---|---|---|"


def row(path: Path, folder: Path) -> str:
    """One line of the table."""
    name = str(path.relative_to(folder))
    try:
        network = load_onnx(path)
    except NetworkError as error:
        reason = str(error).removeprefix(f"{path}: ").replace("|", "\\|")
        return f"| `{name}` | | | | refused: {reason} |"
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    inputs = " + ".join(" x ".join(map(str, part.shape)) or "1" for part in network.inputs)
    start = f"| `{name}` | {inputs} | {network.relu_count} | {network.output_size} |"
    points = random_points((network.input_size,), 3)
    points.append(np.zeros(network.input_size, np.float32))
    try:
        assert_agrees(network, data, points)
    except AssertionError:
        return f"{start} **differs from ONNX Runtime by more than the bound** |"
    notes = f"; {len(network.notes)} notes" if network.notes else ""
    return f"{start} agrees, to {largest_difference(network, data, points):.1g} of the largest value{notes} |"


def largest_difference(network: Network, data: bytes, points: list[Array]) -> float:
    """Between ONNX Runtime and the exact network (in float64), relative to the largest value."""
    runtime = session(data)
    entries = runtime.get_inputs()
    gap = size = 0.0
    for point in points:
        (given,) = runtime.run(None, separated(network, entries, point))
        exact = run(network, vector_from_floats(point), UNIT_ROUNDOFF).values[-1]
        gap = max(gap, float(np.abs(given.ravel() - exact).max()))
        size = max(size, float(np.abs(exact).max()))
    return gap / size


def main(arguments: list[str]) -> None:
    """Print the table."""
    folder = Path(arguments[0])
    print(HEAD)
    for path in sorted([*folder.rglob("*.onnx"), *folder.rglob("*.onnx.gz")]):
        print(row(path, folder), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
