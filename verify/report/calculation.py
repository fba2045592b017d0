"""A refutation as lines of Python that need nothing of this package: NumPy with exact fractions, or onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from verify.kernel.check import Judgement
from verify.kernel.evidence import Falsehood, ValueGap
from verify.kernel.formulas import meaning
from verify.network import Network
from verify.network.matrix import Matrix
from verify.property import Property
from verify.property.base import Asked
from verify.rational import Real, Vector, exact_text, nearest_float, vector
from verify.report.record import Result

# Small networks are written as matrices, others run from their file, or their weights are listed, so many at most.
MAX_WEIGHTS, MAX_PLACES, MAX_LISTED = 60, 400, 200_000
# Points that differ in at most so many entries are written as changes of one another.
MAX_CHANGES = 12
_RUNNER = """\
def network(path, output):
    session = onnxruntime.InferenceSession(path)
    given = session.get_inputs()
    def run(x):
        start, feed = 0, {}
        for part in given:
            shape = [d if isinstance(d, int) else 1 for d in part.shape]
            kind = np.float64 if "double" in part.type else np.float32
            size = int(np.prod(shape))
            feed[part.name] = np.array(x[start:start + size], kind).reshape(shape)
            start += size
        return session.run(output and [output], feed)[0].ravel()
    return run
"""
# What the runtime makes of quantized graphs by default gives other numbers.
_AS_WRITTEN = """\
as_written = onnxruntime.SessionOptions()
as_written.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
"""
# The smooth functions in floats, by the names of ``verify.network.smooth``.
SMOOTH_LINES = {
    "exp": "exp(z)",
    "tanh": "tanh(z)",
    "logcosh": "log(2 * cosh(z / 2))",
    "silu_even": "z * tanh(z / 2) / 2",
    "gelu_even": "z * erf(z / sqrt(2)) / 2",
    "gelu_tanh_even": "z * tanh(sqrt(2 / pi) * (z + 0.044715 * z**3)) / 2",
    "erf": "erf(z)",
    "erf_even": "z * erf(z) / 2",
}
_LISTED = """\
def layer(y, rows, bias, relu):
    z = [c + sum(w * y[s][j] for s, j, w in row) for row, c in zip(rows, bias)]
    return [max(v, F(0)) for v in z] if relu else z
"""


@dataclass(frozen=True, eq=False)
class NetworkValue:
    """One value of a network: its name there, the point, what the formula calls the point, and the values known.

    ``output`` is the entry that counts; None means all of them.
    """

    name: str
    point: Vector
    label: str
    values: tuple[Real, ...]
    output: int | None

    @property
    def text(self) -> str:
        return "" if self.output is None else f"[{self.output}]"


def calculation(result: Result) -> list[str]:
    """The lines; none where the claim was not refuted by values, or where the network cannot be written."""
    evidence, asked = result.outcome.evidence, result.claim.property.asked
    if isinstance(evidence, Falsehood) and asked is not None:
        return lines_of(dict(asked.networks), _asked_calls(asked, evidence))
    networks = {"f": result.network} | ({"g": result.second} if result.second is not None else {})
    return lines_of(networks, gap_calls(result.claim.property, evidence, result.outcome.judgement, result.outputs))


def gap_calls(
    formula: Property, evidence: object, judgement: Judgement | None, outputs: Sequence[int] | None
) -> list[NetworkValue]:
    """The values of a refutation; none for another verdict."""
    if not isinstance(evidence, ValueGap) or judgement is None:
        return []
    output = outputs[evidence.output] if outputs else evidence.output
    return [
        NetworkValue("g" if v.second else "f", v.point, label, (v.value,), output)
        for v, label in zip(judgement.values, formula.labels, strict=True)
    ]


def _asked_calls(asked: Asked, evidence: Falsehood) -> list[NetworkValue]:
    found = meaning(asked, evidence.assignment)
    found.holds(asked.formula.body)  # asks for every value on the way
    return [
        NetworkValue(name, vector(x), found.written[name, x], tuple(values), None)
        for (name, x), values in found.calls.items()
    ]


def lines_of(networks: Mapping[str, Network], calls: Sequence[NetworkValue]) -> list[str]:
    """The networks, the points, and a line that prints the values; nothing where a network cannot be written."""
    if not calls:
        return []
    made = _written(networks) or _run(networks) or _listed(networks)
    if not made:
        return []
    exact = not any("onnxruntime" in line for line in made[:1])
    shown: list[str] = []
    for i, call in enumerate(calls):
        line = changed_line(f"p{i}", call.point, "p0", calls[0].point, exact=exact) if i else ""
        shown.append(f"{line or point_line(f'p{i}', call.point, exact=exact)}  # {' '.join(call.label.split())}")
    texts = [f"{call.name}(p{i}){call.text}" for i, call in enumerate(calls)]
    known = [f"{text} is {', '.join(map(exact_text, call.values))}" for text, call in zip(texts, calls, strict=True)]
    return [*made, *shown, f"print({', '.join(texts)})", f"# exactly: {'; '.join(known)}"]


def point_line(name: str, point: Vector, *, exact: bool) -> str:
    """``x = np.zeros(64); x[[3, 14]] = [1, 0.5]``: a point, by the entries that are not zero where they are few."""
    entries = point.fractions()
    filled = [i for i, entry in enumerate(entries) if entry]
    number = _exact if exact else _decimal
    if len(entries) <= 6 or len(filled) > len(entries) // 2:
        return f"{name} = np.array([{', '.join(map(number, entries))}]{', object' if exact else ''})"
    zeros = f"{name} = np.zeros({len(entries)}{', object' if exact else ''})"
    return f"{zeros}; {name}[{filled}] = [{', '.join(number(entries[i]) for i in filled)}]" if filled else zeros


def changed_line(name: str, point: Vector, other: str, known: Vector, *, exact: bool = False) -> str:
    """``y = x.copy(); y[[4]] = [0.5]``: a long point as another with a few entries changed; empty where many are."""
    entries = point.fractions()
    if len(point) != len(known) or len(point) <= 6:
        return ""
    differing = [i for i, (a, b) in enumerate(zip(entries, known.fractions(), strict=True)) if a != b]
    if len(differing) > MAX_CHANGES:
        return ""
    number = _exact if exact else _decimal
    changes = f"; {name}[{differing}] = [{', '.join(number(entries[i]) for i in differing)}]" if differing else ""
    return f"{name} = {other}.copy(){changes}"


def _exact(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"F({value.numerator}, {value.denominator})"


def _decimal(value: Fraction) -> str:
    """A decimal where that is exact, else the quotient, which Python rounds."""
    if value.denominator == 1:
        return str(value.numerator)
    near = nearest_float(value.numerator, value.denominator)
    return repr(near) if Fraction(near) == value else f"{value.numerator}/{value.denominator}"


def _run(networks: Mapping[str, Network]) -> list[str]:
    """The networks from their ONNX files; nothing where one has none."""
    sources = {name: network.source or "" for name, network in networks.items()}
    if not all(Path(source).suffix == ".onnx" for source in sources.values()):
        return []
    made = [f"{name} = network({source!r}, {networks[name].output!r})" for name, source in sources.items()]
    runner = _RUNNER
    if any(network.is_quantized for network in networks.values()):
        runner = _RUNNER.replace("InferenceSession(path)", "InferenceSession(path, as_written)")
        runner = f"{_AS_WRITTEN}{runner}"
    return ["import onnxruntime", "import numpy as np", *runner.split("\n"), *made]


def _written(networks: Mapping[str, Network]) -> list[str]:
    """Small networks with their exact weights as matrices; nothing where one is large or smooth."""
    if not all(is_short(network) for network in networks.values()):
        return []
    lines = ["import numpy as np", "from fractions import Fraction as F"]
    for name, network in networks.items():
        lines.append(f"def {name}(x):")
        for k, block in enumerate(network.blocks, start=1):
            terms = [f"{_matrix(matrix)} @ {f'y{source}' if source else 'x'}" for source, matrix in block.inputs]
            total = " + ".join([*terms, _array(f"[{', '.join(map(_exact, block.bias.fractions()))}]")])
            lines.append(f"    y{k} = {f'np.maximum({total}, 0)' if block.relu else total}")
        lines += [f"    return y{len(network.blocks)}", ""]  # the empty line ends the function at a prompt
    return lines


def _listed(networks: Mapping[str, Network]) -> list[str]:
    """Networks without ONNX files with all of their weights, unit by unit; nothing where they are too many."""
    if not all(n.weight_count <= MAX_LISTED for n in networks.values()):
        return []
    lines = ["import numpy as np", "from fractions import Fraction as F", *_LISTED.split("\n")]
    smooth = dict.fromkeys(block.smooth for n in networks.values() for block in n.blocks if block.smooth)
    lines += ["from math import cosh, erf, exp, log, pi, sqrt, tanh"] if smooth else []
    for name, network in networks.items():
        lines += [f"def {name}(x):", "    y = [list(x)]"]
        for block in network.blocks:
            rows: list[list[str]] = [[] for _ in range(block.size)]
            for source, matrix in block.inputs:
                entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
                for row, column, weight in entries:
                    rows[row].append(f"({source}, {column}, {_exact(weight)})")
            listed = ", ".join(f"[{', '.join(row)}]" for row in rows)
            bias = ", ".join(map(_exact, block.bias.fractions()))
            lines.append(f"    y.append(layer(y, [{listed}], [{bias}], {block.relu}))")
            lines += [f"    y[-1] = [{SMOOTH_LINES[block.smooth]} for z in map(float, y[-1])]"] if block.smooth else []
        lines += ["    return y[-1]", ""]
    return lines


def is_short(network: Network) -> bool:
    """Whether a network's weights may be written in a few lines."""
    places = sum(matrix.shape[0] * matrix.shape[1] for block in network.blocks for _, matrix in block.inputs)
    return network.weight_count <= MAX_WEIGHTS and places <= MAX_PLACES and network.is_piecewise_linear


def _matrix(matrix: Matrix) -> str:
    rows = dense(matrix)
    listed = ", ".join(f"[{', '.join(map(_exact, row))}]" for row in rows)
    return _array(f"[{listed}]")


def dense(matrix: Matrix) -> list[list[Fraction]]:
    """The rows of a small matrix, zeros included."""
    rows = [[Fraction(0)] * matrix.shape[1] for _ in range(matrix.shape[0])]
    entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
    for row, column, entry in entries:
        rows[row][column] = entry
    return rows


def _array(text: str) -> str:
    return f"np.array({text}, object)"
