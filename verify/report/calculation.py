"""A refutation as lines of Python that need nothing of this package: NumPy with exact fractions, or onnxruntime."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from verify.kernel.evidence import ValueGap
from verify.network import Network
from verify.network.matrix import Matrix
from verify.rational import Vector, exact_text, nearest_float
from verify.report.record import Result

# Networks with more weights than this are run from their file; points with more entries that are not zero are left out.
MAX_WEIGHTS, MAX_PLACES, MAX_ENTRIES = 60, 400, 100
_RUNNER = """\
def network(path):
    session = onnxruntime.InferenceSession(path)
    given = session.get_inputs()[0]
    shape = [d if isinstance(d, int) else 1 for d in given.shape]
    kind = np.float64 if "double" in given.type else np.float32
    return lambda x: session.run(None, {given.name: np.array(x, kind).reshape(shape)})[0].ravel()"""


def calculation(result: Result) -> list[str]:
    """The lines; none where the claim was not refuted by values, or where they would be too long to paste."""
    evidence, values = result.outcome.evidence, result.outcome.values
    networks = {"f": result.network} | ({"g": result.second} if result.second is not None else {})
    if not isinstance(evidence, ValueGap) or not values or not all(isinstance(v.value, Fraction) for v in values):
        return []
    written = _written(networks)
    lines = written or _run(networks)
    points = [point_line(f"p{i}", value.point, exact=bool(written)) for i, value in enumerate(values)]
    if not lines or not all(points):
        return []
    output = result.outputs[evidence.output] if result.outputs else evidence.output
    labels = result.claim.property.labels
    shown = [f"{line}  # {label}" for line, label in zip(points, labels, strict=True)]
    calls = [f"{'g' if v.second else 'f'}(p{i})[{output}]" for i, v in enumerate(values)]
    exact = [f"{call} is {exact_text(v.value)}" for call, v in zip(calls, values, strict=True)]
    return [*lines, *shown, f"print({', '.join(calls)})", f"# exactly: {'; '.join(exact)}"]


def point_line(name: str, point: Vector, *, exact: bool) -> str:
    """``x = np.zeros(64); x[[3, 14]] = [1, 0.5]``; empty for a point with too many entries that are not zero."""
    entries = point.fractions()
    filled = [i for i, entry in enumerate(entries) if entry]
    if len(filled) > MAX_ENTRIES:
        return ""
    number = _exact if exact else _decimal
    if len(entries) <= 6 or len(filled) > len(entries) // 2:
        return f"{name} = np.array([{', '.join(map(number, entries))}]{', object' if exact else ''})"
    zeros = f"{name} = np.zeros({len(entries)}{', object' if exact else ''})"
    return f"{zeros}; {name}[{filled}] = [{', '.join(number(entries[i]) for i in filled)}]" if filled else zeros


def changed_line(name: str, point: Vector, other: str, known: Vector) -> str:
    """``y = x.copy(); y[[4]] = [0.5]``: a point as another with some entries changed."""
    differing = [i for i, (a, b) in enumerate(zip(point.fractions(), known.fractions(), strict=True)) if a != b]
    if len(differing) > MAX_ENTRIES:
        return ""
    return f"{name} = {other}.copy(); {name}[{differing}] = [{', '.join(_decimal(point[i]) for i in differing)}]"


def _exact(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"F({value.numerator}, {value.denominator})"


def _decimal(value: Fraction) -> str:
    """A decimal where that is exact, else the quotient, which Python rounds."""
    if value.denominator == 1:
        return str(value.numerator)
    near = nearest_float(value.numerator, value.denominator)
    return repr(near) if Fraction(near) == value else f"{value.numerator}/{value.denominator}"


def _run(networks: dict[str, Network]) -> list[str]:
    """The networks from their ONNX files; nothing where one has none."""
    sources = {name: network.source or "" for name, network in networks.items()}
    if not all(Path(source).suffix == ".onnx" for source in sources.values()):
        return []
    made = [f"{name} = network({source!r})" for name, source in sources.items()]
    return ["import onnxruntime", "import numpy as np", *_RUNNER.splitlines(), *made]


def _written(networks: dict[str, Network]) -> list[str]:
    """Small networks with their exact weights; nothing where one is large or smooth."""
    if not all(_is_short(network) for network in networks.values()):
        return []
    lines = ["import numpy as np", "from fractions import Fraction as F"]
    for name, network in networks.items():
        lines.append(f"def {name}(x):")
        for k, block in enumerate(network.blocks, start=1):
            terms = [f"{_matrix(matrix)} @ {f'y{source}' if source else 'x'}" for source, matrix in block.inputs]
            total = " + ".join([*terms, _array(f"[{', '.join(map(_exact, block.bias.fractions()))}]")])
            lines.append(f"    y{k} = {f'np.maximum({total}, 0)' if block.relu else total}")
        lines.append(f"    return y{len(network.blocks)}")
    return lines


def _is_short(network: Network) -> bool:
    places = sum(matrix.shape[0] * matrix.shape[1] for block in network.blocks for _, matrix in block.inputs)
    return network.weight_count <= MAX_WEIGHTS and places <= MAX_PLACES and network.is_piecewise_linear


def _matrix(matrix: Matrix) -> str:
    rows = [["0"] * matrix.shape[1] for _ in range(matrix.shape[0])]
    for row, column, entry in zip(
        matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True
    ):
        rows[row][column] = _exact(entry)
    listed = ", ".join(f"[{', '.join(row)}]" for row in rows)
    return _array(f"[{listed}]")


def _array(text: str) -> str:
    return f"np.array({text}, object)"
