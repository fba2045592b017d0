"""How different are two networks at most and at least? ``python -m benchmarks compare [FOLDER] [--timeout S]``.

FOLDER (../shared/networks) holds the published networks of ``CASES`` and VNN-LIB boxes. Each is compared with a copy
whose every number is moved by one step of float32, up or down, and with one whose weights are rounded to int8 (one
scale for each tensor); the variants of the digits network come from ``examples/exports.py``. For each the smallest E
that ``verify compare`` proves in ``--timeout`` seconds, the largest difference that it finds, their ratio, and seconds
with the kernel's check. Balls are around one random point of [0, 1]^n. The page is ``results/compare.md``.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from benchmarks import markdown
from benchmarks.machine import machine
from examples import exports
from verify import api
from verify.rational import vector
from verify.region import Region, ball
from verify.search.commands.compare import Comparison

Array = NDArray[Any]
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "networks"
PAGE = Path(__file__).parent / "results" / "compare.md"
TIMEOUT = 100.0
# A network, and the boxes: VNN-LIB files, or radii of balls.
CASES = (
    ("acasxu_1_1", ("acasxu_prop_1.vnnlib", "acasxu_prop_3.vnnlib")),
    ("acasxu_3_3", ("acasxu_prop_1.vnnlib", "acasxu_prop_3.vnnlib")),
    ("mnistfc_256x4", ("1/100", "1/20")),
    ("cifar_resnet_2b", ("1/100", "1/20")),
)
TITLES = ("networks", "on", "at most (proved)", "at least (found)", "ratio", "seconds")


def one_step(values: Array, rng: np.random.Generator) -> Array:
    """Every number moved to one of its neighbours in its own type."""
    up = rng.random(values.shape) < 0.5
    return np.where(up, np.nextafter(values, np.inf), np.nextafter(values, -np.inf)).astype(values.dtype)


def int8(values: Array, rng: np.random.Generator) -> Array:
    """Weights rounded to 255 steps, one scale for the tensor; biases as they are."""
    if values.ndim < 2:
        return values
    scale = max(float(np.abs(values).max()), 1e-30) / 127
    return (np.round(values / scale) * scale).astype(values.dtype)


CHANGES: dict[str, Callable[[Array, np.random.Generator], Array]] = {"one step": one_step, "int8": int8}


def copy_of(path: Path, change: str) -> onnx.ModelProto:
    """The model with every initializer of floats changed."""
    model, rng = onnx.load(path), np.random.default_rng(0)
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype.kind == "f":
            tensor.CopyFrom(numpy_helper.from_array(CHANGES[change](values, rng), tensor.name))
    return model


def region_of(text: str, folder: Path, path: Path) -> Region:
    """The box of a VNN-LIB file, or a ball of this radius around a random point of [0, 1]^n."""
    network = api.load(path)
    if text.endswith(".vnnlib"):
        return api.parse_region(str(folder / text), network)
    centre = np.random.default_rng(0).random(network.input_size, dtype=np.float32)
    return ball(vector(centre.astype(float).tolist()), text)


def pairs(folder: Path, work: Path) -> Iterator[tuple[str, str, Path, Path, Region | str]]:
    """Names of the networks and of the box, both files, and the region."""
    for name, boxes in CASES:
        path = folder / f"{name}.onnx"
        if not path.exists():
            continue
        for change in CHANGES:
            second = work / f"{name}_{change.replace(' ', '_')}.onnx"
            second.write_bytes(copy_of(path, change).SerializeToString())
            for box in boxes:
                title = box.removesuffix(".vnnlib") if box.endswith(".vnnlib") else f"a ball of radius {box}"
                yield f"{name}, {change}", title, path, second, region_of(box, folder, path)
    region = f'ball("{(exports.HERE / "digits_point.npy").as_posix()}", {exports.RADIUS})'
    for one, other in exports.write_models(work):
        files = work / f"{one}.onnx", work / f"{other}.onnx"
        yield f"digits: {one}, {other}", f"a ball of radius {exports.RADIUS}", *files, region


def row(name: str, title: str, found: Comparison, seconds: float) -> tuple[str, ...]:
    """A line of the table."""
    upper, lower = found.upper, found.lower
    ratio = "1" if upper == lower else "" if upper is None or not lower else markdown.number(float(upper / lower))
    above, below = "" if upper is None else rounded(upper, ROUND_CEILING), rounded(lower, ROUND_FLOOR)
    return name, title, above, below, ratio, f"{seconds:.1f}"


def rounded(value: Fraction, way: str) -> str:
    """Two digits, rounded up where it is proved that nothing is larger, down where something so large was found."""
    exact = Context(prec=60, rounding=way).divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{float(Context(prec=2, rounding=way).plus(exact)):g}"


def main(arguments: list[str]) -> int:
    """Compare all pairs; status 1 if a difference beyond a proved bound is found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER)
    parser.add_argument("--timeout", type=float, default=TIMEOUT)
    options = parser.parse_args(arguments)
    rows: list[tuple[str, ...]] = []
    missing = [name for name, _ in CASES if not (options.folder / f"{name}.onnx").exists()]
    if missing:
        print(f"not in {options.folder}, and no page is written: {', '.join(missing)}", file=sys.stderr)
    wrong = False
    print("\n".join(markdown.table(TITLES, [])), flush=True)
    with tempfile.TemporaryDirectory() as work:
        for name, title, first, second, region in pairs(options.folder, Path(work)):
            started = time.monotonic()
            found = api.compare(first, second, region, timeout=options.timeout)
            wrong = wrong or (found.upper is not None and found.lower > found.upper)
            rows.append(row(name, title, found, time.monotonic() - started))
            print(markdown.line(rows[-1]), flush=True)
    if not missing:
        lines = [
            "# How different two networks are",
            "",
            f"`verify compare`, {options.timeout:g} s each, one process. Made by `python -m benchmarks compare`.",
            f"Mean load of the last 15 minutes at the end: {os.getloadavg()[2]:.1f}.",
            "",
            machine(),
            "",
            *markdown.table(TITLES, rows),
            "",
        ]
        PAGE.write_text("\n".join(lines), encoding="utf-8")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
