"""``python -m benchmarks.jacobian``: deciding an affine ball, beside propagating the Jacobian once in float64.

Any method that looks at every unit's gradient needs the Jacobian of all pre-activations, a product of sparse matrices
with dense ones. The float64 product by the best library call is the yardstick: this project's exact decision (search,
evidence, check by the kernel) should take at most ``RATIO`` times as long, in less than ``MEMORY`` MB.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray

from benchmarks import markdown
from benchmarks.cases import Case, cases_of
from benchmarks.machine import machine
from benchmarks.measure import Measured, Ready, run
from benchmarks.peers import Answer, repeated, verify_claim
from benchmarks.subjects import SUBJECTS
from verify.network import Network

RESULTS = Path(__file__).parent / "results"
RATIO, MEMORY = 3.0, 1024.0
REPEATS = 3
CAP = 600.0

Floats = NDArray[np.float64]


def propagated(network: Network, bits: dict[int, NDArray[np.bool_]], columns: Floats, *, dense: bool) -> Floats:
    """The Jacobian of the output times ``columns``; on the way that of every pre-activation is computed."""
    jacobians = {0: columns}
    result = columns
    for k, block in enumerate(network.blocks, start=1):
        result = np.zeros((block.size, columns.shape[1]))
        for source, matrix in block.inputs:
            result += (matrix.fast_floats if dense else matrix.floats) @ jacobians[source]
        if k in bits:
            result *= bits[k][:, None]
        jacobians[k] = result
        for source in [s for s, last in network.last_use.items() if last == k]:
            del jacobians[source]
    return result


def in_chunks(network: Network, bits: dict[int, NDArray[np.bool_]], width: int, *, dense: bool) -> Floats:
    """The same for the unit vectors, ``width`` at a time."""
    size = network.input_size
    parts = []
    for start in range(0, size, width):
        columns = np.zeros((size, min(width, size - start)))
        np.fill_diagonal(columns[start:], 1.0)
        parts.append(propagated(network, bits, columns, dense=dense))
    return np.concatenate(parts, axis=1)


def all_sparse(network: Network, bits: dict[int, NDArray[np.bool_]]) -> Any:
    """The same with every Jacobian sparse; units that are off take their zeros along."""
    jacobians: dict[int, Any] = {0: sparse.eye_array(network.input_size, format="csr")}
    for k, block in enumerate(network.blocks, start=1):
        parts = [matrix.floats @ jacobians[source] for source, matrix in block.inputs]
        jacobians[k] = sum(parts[1:], parts[0])
        if k in bits:
            jacobians[k] = sparse.diags_array(bits[k].astype(np.float64), format="csr") @ jacobians[k]
        for source in [s for s, last in network.last_use.items() if last == k]:
            del jacobians[source]
    return jacobians[len(network.blocks)]


# How the library is called: columns at a time (0: all), and whether matrices that are not sparse are dense ones.
WAYS: dict[str, tuple[int, bool]] = {
    "SciPy sparse @ dense": (0, False),
    "SciPy sparse @ dense, 64 columns at a time": (64, False),
    "SciPy sparse @ dense, 256 columns at a time": (256, False),
    "SciPy sparse or NumPy BLAS, 64 columns at a time": (64, True),
    "SciPy sparse or NumPy BLAS, 256 columns at a time": (256, True),
    "SciPy sparse or NumPy BLAS": (0, True),
}
SPARSE = "SciPy sparse @ sparse"


def float_seconds(name: str, way: str, ready: Ready) -> float:
    """The median time of propagating the Jacobian once; matrices are ready, the pattern is known."""
    network = SUBJECTS[name].load()
    bits = float_pattern(network, SUBJECTS[name].centre(network).floats())
    once: Callable[[], Any] = partial(all_sparse, network, bits)
    if way in WAYS:
        width, dense = WAYS[way]
        once = partial(in_chunks, network, bits, width or network.input_size, dense=dense)
    once()
    ready()
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        once()
        times.append(time.perf_counter() - start)
    return median(times)


def float_pattern(network: Network, x: Floats) -> dict[int, NDArray[np.bool_]]:
    """Which units are on at x, in float64."""
    values, bits = {0: x}, {}
    for k, block in enumerate(network.blocks, start=1):
        z = block.bias_floats + sum(matrix.floats @ values[source] for source, matrix in block.inputs)
        if block.relu:
            bits[k] = z > 0
        values[k] = np.maximum(z, 0) if block.relu else z
    return bits


def measured(name: str, say: Callable[[str], None]) -> list[str]:
    """The section about one network."""
    cases: Measured[list[Case]] = run(partial(_cases, name), CAP)
    if cases.result is None:
        return [f"{name}: {cases.failure}"]
    case = cases.result[0]
    ours: Measured[Answer] = run(partial(_ours, case), CAP)
    if ours.result is None:
        return [f"{name}: not decided: {ours.failure}"]
    floats: dict[str, Measured[float]] = {}
    for way in (*WAYS, SPARSE):
        floats[way] = run(partial(float_seconds, name, way), CAP)
        say(f"{name}: {way}: {floats[way].result} {floats[way].failure}")
    return _section(case, ours.result, ours.memory or 0.0, floats)


def _cases(name: str, ready: Ready) -> list[Case]:
    ready()
    return cases_of(name)


def _ours(case: Case, ready: Ready) -> Answer:
    return repeated(lambda: verify_claim(case, CAP, ready))


def _section(case: Case, ours: Answer, memory: float, floats: dict[str, Measured[float]]) -> list[str]:
    times = {way: m.result for way, m in floats.items() if m.result is not None}
    best = min(times, key=lambda way: times[way])
    ratio = ours.seconds / times[best]
    verdict = {True: "proved", False: "refuted", None: "undecided"}[ours.holds]
    rows = [
        [f"**this project: affine on the ball, {verdict}, {ours.assurance}**", f"{ours.seconds:.3f}", f"{memory:,.0f}"]
    ]
    rows += [
        [way, f"{times[way]:.3f}" if way in times else m.failure, f"{m.memory or 0:,.0f}"] for way, m in floats.items()
    ]
    met = "met" if ours.holds and ratio <= RATIO and memory < MEMORY else "NOT met"
    return [
        f"## {case.subject}",
        "",
        f"{case.inputs:,} inputs, {case.relus:,} ReLU, radius {_radius(case):.3e}.",
        "",
        *markdown.table(["", "seconds", "peak MB"], rows),
        "",
        f"Ratio to the best library call ({best}): **{ratio:.2f}** (target: at most {RATIO:g}); peak memory"
        f" {memory:,.0f} MB (target: below {MEMORY:,.0f}). Target {met}.",
    ]


def _radius(case: Case) -> float:
    numerator, _, denominator = (case.radius or "0").partition("/")
    return int(numerator) / int(denominator or 1)


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jacobian", description=__doc__)
    parser.add_argument("network", nargs="*", default=["cifar_resnet_2b"], help="default: cifar_resnet_2b")
    parser.add_argument("--dry", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.network if name not in SUBJECTS]
    if unknown:
        parser.error(f"unknown network {unknown[0]!r}; known: {', '.join(SUBJECTS)}")
    lines = ["# The Jacobian as a limit", "", machine(), "", *_legend()]
    for name in options.network:
        missing = SUBJECTS[name].missing
        section = [f"{name}: skipped, {missing}"] if missing else measured(name, partial(print, file=sys.stderr))
        lines += ["", *section]
    text = "\n".join(lines) + "\n"
    print(text)
    if not options.dry:
        (RESULTS / "jacobian.md").write_text(text, encoding="utf-8")
    return 0


def _legend() -> list[str]:
    return [
        "Deciding that the network is affine on the closed ball of its affine radius (exact; evidence and its check",
        "by the kernel included), beside one float64 propagation of the Jacobian of all pre-activations, which",
        f"decides nothing. Median of {REPEATS} runs or more, each row in a process of its own, network and matrices",
        "loaded before; the pattern is given to the library, found by this project. Peak memory includes Python and",
        "the network.",
    ]


if __name__ == "__main__":
    sys.exit(main())
