"""Random ONNX graphs of supported operators, as Hypothesis strategies.

A graph is a chain of steps with side branches; each step is one operator (or the few nodes that belong together) on
what there is, with attributes and constants drawn. Shapes are ONNX' own inference. Constants are short fractions, so
that sums often cancel and ties happen.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import onnx.shape_inference
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
Pick = Callable[[Any], Any]

MAX_SIZE = 60


@dataclass
class Draft:
    """A graph that grows: ``shapes`` of its float values by name."""

    pick: Pick
    opset: int
    shapes: dict[str, tuple[int, ...]]
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)

    def chosen(self, *options: Any) -> Any:
        return self.pick(st.sampled_from(options))

    def integer(self, low: int, high: int) -> int:
        value: int = self.pick(st.integers(low, high))
        return value

    def flag(self) -> int:
        return self.integer(0, 1)

    def value(self) -> str:
        """One of the newest values."""
        names = list(self.shapes)
        return str(names[-1 - min(self.integer(0, 3), len(names) - 1)])

    def of_rank(self, *ranks: int) -> str | None:
        names = [name for name, shape in self.shapes.items() if len(shape) in ranks]
        return self.chosen(*names[-3:]) if names else None

    def stored(self, array: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = np.asarray(array)
        return name

    def weights(self, *shape: int) -> str:
        """Quarters from -2 to 2, or (``rough``) what a generator says."""
        size = math.prod(shape)
        seed = self.integer(0, 2**32 - 1)
        generator = np.random.default_rng(seed)
        values = generator.normal(size=size) if seed % 2 else generator.integers(-8, 9, size) / 4
        return self.stored(values.reshape(shape).astype(np.float32))

    def ints(self, *values: int) -> str:
        return self.stored(np.array(values, dtype=np.int64))

    def add(self, operator: str, *inputs: str, outputs: int = 1, **attributes: Any) -> str:
        names = [f"v{len(self.nodes)}_{k}" for k in range(outputs)]
        self.nodes.append(helper.make_node(operator, list(inputs), names, **attributes))
        return names[0]

    def model(self, output: str) -> onnx.ModelProto:
        graph = helper.make_graph(
            self.nodes,
            "g",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.shapes["x"])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
            [numpy_helper.from_array(array, name) for name, array in self.constants.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=8)

    def infer(self, output: str) -> tuple[int, ...] | None:
        """The shape of a new value; None where it is unknown, empty or large."""
        try:
            model = onnx.shape_inference.infer_shapes(self.model(output), strict_mode=True, data_prop=True)
        except Exception:  # what the standard's own inference refuses is no graph
            return None
        kind = model.graph.output[0].type.tensor_type
        if not kind.HasField("shape"):
            return None
        shape = tuple(d.dim_value if d.HasField("dim_value") else 0 for d in kind.shape.dim)
        return shape if 0 < math.prod(shape) <= MAX_SIZE else None


Step = Callable[[Draft], str | None]


def _elementwise(d: Draft) -> str:
    x = d.value()
    name = d.chosen("Relu", "Abs", "LeakyRelu", "Neg", "Identity", "HardSigmoid", "Clip", "PRelu", "Shrink")
    if name == "Clip":
        bounds = [d.weights() if d.flag() else "" for _ in range(2)]
        return d.add(name, x, *bounds)
    if name == "PRelu":
        # Slopes broadcast to the input alone: one of shape (1,) does not suit an input without axes.
        return d.add(name, x, d.weights(*(d.chosen((1,), d.shapes[x]) if d.shapes[x] else ())))
    if name == "Shrink":
        return d.add(name, x, bias=0.5, lambd=0.5)
    return d.add(name, x)


def _arithmetic(d: Draft) -> str:
    x, name = d.value(), d.chosen("Add", "Sub", "Mul", "Div", "Max", "Min", "Sum", "Mean")
    shape = d.shapes[x]
    if name in ("Mul", "Div") or d.flag():
        other = d.weights(*d.chosen(shape, shape[-1:], (1,)))
        if name == "Div":
            values = d.constants[other]
            d.constants[other] = np.where(values == 0, np.float32(1), values)
    else:
        other = d.value()
    return d.add(name, *((x, other) if name == "Div" or d.flag() else (other, x)))


def _product(d: Draft) -> str | None:
    x = d.value()
    if not d.shapes[x]:
        return None
    width, out = d.shapes[x][-1], d.integer(1, 3)
    name = d.chosen("MatMul", "Gemm", "Einsum")
    if name == "MatMul":
        return d.add(name, x, d.weights(width, out))
    if name == "Einsum":
        return d.add(name, x, d.weights(width, out), equation="...i,io->...o")
    if len(d.shapes[x]) != 2:
        return None
    turn = d.flag()
    return d.add(name, x, d.weights(*((out, width) if turn else (width, out))), d.weights(out), transB=turn, alpha=0.5)


def _cancelling(d: Draft) -> str | None:
    """One value several times, under weights that add up to 0 or nearly: what is read has one small weight."""
    x = d.value()
    shape = d.shapes[x]
    if not shape or shape[-1] > 4:
        return None
    width, kind = shape[-1], d.chosen("Gather", "Concat", "Tile", "Expand")
    if kind == "Gather":
        many = d.add(kind, x, d.ints(*(d.integer(0, width - 1) for _ in range(4))), axis=-1)
        width, copies = 1, 4
    elif kind == "Expand":
        tall = d.add(kind, d.add("Unsqueeze", x, d.ints(-2)), d.ints(*([1] * (len(shape) - 1)), 3, width))
        many, copies = d.add("Reshape", tall, d.ints(*shape[:-1], 3 * width)), 3
    elif kind == "Tile":
        many, copies = d.add(kind, x, d.ints(*([1] * (len(shape) - 1)), 3)), 3
    else:
        many, copies = d.add(kind, x, x, x, axis=-1), 3
    weights = d.weights(copies, width, 2)
    values = d.constants[weights]
    values[-1] = -values[:-1].sum(axis=0)
    d.constants[weights] = values.reshape(copies * width, 2)
    product = d.chosen("MatMul", "Einsum", "Mul")
    if product == "Einsum":
        return d.add(product, many, weights, equation="...i,io->...o")
    if product == "MatMul":
        return d.add(product, many, weights)
    d.constants[weights] = d.constants[weights][:, 0]
    scaled = d.add(product, many, weights)
    if d.opset >= 18 or d.flag():
        return d.add("ReduceSum", scaled, d.ints(-1), keepdims=1)
    return d.add("CumSum", scaled, d.stored(np.array(-1)))


def _convolution(d: Draft) -> str | None:
    x = d.of_rank(3, 4)
    if x is None:
        return None
    _, channels, *space = d.shapes[x]
    dims, out = len(space), d.integer(1, 2)
    kernel = [d.integer(1, min(2, n)) for n in space]
    strides, pads = [d.integer(1, 2) for _ in space], [d.integer(0, 1) for _ in range(2 * dims)]
    if d.flag():
        return d.add("Conv", x, d.weights(out, channels, *kernel), d.weights(out), strides=strides, pads=pads)
    name = d.chosen("MaxPool", "AveragePool", "ConvTranspose", "GlobalAveragePool", "GlobalMaxPool")
    if name == "ConvTranspose":
        return d.add(name, x, d.weights(channels, out, *kernel), strides=strides)
    if name.startswith("Global"):
        return d.add(name, x)
    pads = [min(pad, kernel[k % dims] - 1) for k, pad in enumerate(pads)]
    return d.add(name, x, kernel_shape=kernel, strides=strides, pads=pads)


def _reduction(d: Draft) -> str | None:
    x = d.value()
    rank = len(d.shapes[x])
    if not rank:
        return None
    name = d.chosen("ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "CumSum")
    axis = d.integer(-rank, rank - 1)
    if name == "CumSum":
        return d.add(name, x, d.stored(np.array(axis)), reverse=d.flag(), exclusive=d.flag())
    if d.opset >= 18 or name == "ReduceSum":
        return d.add(name, x, d.ints(axis), keepdims=d.flag())
    return d.add(name, x, axes=[axis], keepdims=d.flag())


def _moved(d: Draft) -> str | None:
    x = d.value()
    shape = d.shapes[x]
    rank = len(shape)
    if not rank:
        return d.add("Unsqueeze", x, d.ints(0))
    axis = d.integer(0, rank - 1)
    name = d.chosen("Transpose", "Reshape", "Flatten", "Slice", "Gather", "Concat", "Split", "Tile", "Expand", "Pad",
                    "Unsqueeze", "Trilu", "GatherND", "GatherElements", "Squeeze")  # fmt: skip
    if name == "Transpose":
        return d.add(name, x, perm=d.pick(st.permutations(range(rank))))
    if name == "Reshape":
        return d.add(name, x, d.ints(*d.chosen((-1,), (1, -1), (shape[0], -1), (-1, shape[-1]))))
    if name == "Flatten":
        return d.add(name, x, axis=axis)
    if name == "Slice":
        start = d.integer(-shape[axis], shape[axis] - 1)
        return d.add(name, x, d.ints(start), d.ints(2**40), d.ints(axis), d.ints(d.integer(1, 2)))
    if name == "Gather":
        return d.add(name, x, d.ints(*(d.integer(-shape[axis], shape[axis] - 1) for _ in range(2))), axis=axis)
    if name == "Concat":
        return d.add(name, x, d.weights(*shape) if d.flag() else x, axis=axis)
    if name == "Split":
        first = d.integer(0, shape[axis] - 1)
        return d.add(name, x, d.ints(shape[axis] - first, first), outputs=2, axis=axis)
    if name == "Tile":
        return d.add(name, x, d.ints(*(d.integer(1, 2) for _ in shape)))
    if name == "Expand":
        return d.add(name, x, d.ints(2, *([1] * rank)))
    if name == "Pad":
        widths = [d.integer(-1, 1) if size > 2 else d.integer(0, 1) for _ in range(2) for size in shape]
        return d.add(name, x, d.ints(*widths), d.weights())
    if name == "Unsqueeze":
        return d.add(name, x, d.ints(d.integer(-rank - 1, rank)))
    if name == "Trilu":
        return d.add(name, x, d.stored(np.array(d.integer(-1, 1))), upper=d.flag()) if rank > 1 else None
    if name == "GatherND":
        return d.add(name, x, d.stored(np.array([[d.integer(0, shape[0] - 1)] for _ in range(2)])))
    if name == "GatherElements":
        indices = np.full(shape, d.integer(-shape[axis], shape[axis] - 1))
        return d.add(name, x, d.stored(indices), axis=axis)
    return d.add(name, x)


def _choice(d: Draft) -> str | None:
    x = d.value()
    shape = d.shapes[x]
    kind = d.chosen("sort", "where", "mask", "threshold")
    if kind == "sort":
        if not shape or shape[-1] > 6:
            return None
        return d.add("TopK", x, d.ints(d.integer(1, shape[-1])), outputs=2, largest=d.flag())
    if kind == "mask":
        mask = np.array([d.flag() for _ in range(shape[-1] if shape else 1)], dtype=bool)
        return d.add("Where", d.stored(mask if shape else mask[0]), x, d.weights())
    limit = d.weights()
    zero = d.stored(np.float32(0)) if kind == "where" else limit
    compared = d.add(d.chosen("Greater", "Less", "LessOrEqual", "GreaterOrEqual"), x, zero)
    if kind == "threshold":
        return d.add("Where", compared, x, limit)
    return d.add("Where", compared, d.add("Mul", x, d.weights()), x)


def _resized(d: Draft) -> str | None:
    x = d.of_rank(3, 4)
    if x is None:
        return None
    scales = np.array([1, 1, *(d.chosen(1, 2, 0.5) for _ in d.shapes[x][2:])], np.float32)
    return d.add(
        "Resize", x, "", d.stored(scales), mode=d.chosen("nearest", "linear"),
        nearest_mode=d.chosen("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
        coordinate_transformation_mode=d.chosen("half_pixel", "asymmetric", "pytorch_half_pixel"),
    )  # fmt: skip


def _of_constants(d: Draft) -> str | None:
    """Weights that are computed: clamped, normalised, multiplied, shapes among them."""
    x = d.value()
    shape = d.shapes[x]
    if not shape:
        return None
    w = d.weights(shape[-1], shape[-1])
    kind = d.chosen("Relu", "Abs", "MatMul", "Transpose", "ReduceMax", "Clip", "Exp", "Softmax", "shape", "integers")
    if kind == "shape":
        part = d.add("Gather", d.add("Shape", x), d.ints(-1))
        return d.add("Mul", x, d.add("Cast", part, to=TensorProto.FLOAT))
    if kind == "integers":
        small = d.stored(np.array([d.integer(-128, 127)], np.int8))
        total = d.add(d.chosen("Add", "Mul", "Sub"), small, small) if d.opset >= 14 else small
        return d.add("Mul", x, d.add("Cast", total, to=TensorProto.FLOAT))
    if kind == "MatMul":
        made = d.add(kind, w, w)
    elif kind == "Clip":
        made = d.add(kind, w, d.stored(np.float32(0)))
    elif kind == "ReduceMax":
        return d.add("Sub", x, d.add(kind, w, keepdims=0))
    else:
        made = d.add(kind, w)
    return d.add("MatMul", x, made)


STEPS: list[Step] = [
    _elementwise, _elementwise, _arithmetic, _arithmetic, _product, _cancelling, _convolution, _convolution, _reduction,
    _moved, _moved, _choice, _resized, _of_constants, _of_constants,
]  # fmt: skip

SHAPES = [(1, 3), (4,), (2, 3), (1, 2, 4), (2, 1, 3), (1, 1, 3, 3), (1, 2, 2, 3), (2, 1, 2, 2)]


@st.composite
def graphs(draw: Any, most: int = 6) -> onnx.ModelProto:
    """A model from input ``x`` to one output that depends on it."""
    d = Draft(draw, draw(st.sampled_from([13, 14, 16, 17, 18, 19, 21])), {"x": draw(st.sampled_from(SHAPES))})
    last = "x"
    for _ in range(draw(st.integers(1, most))):
        nodes, constants = list(d.nodes), dict(d.constants)
        output = draw(st.sampled_from(STEPS))(d)
        shape = d.infer(output) if output else None
        if output is None or shape is None:
            d.nodes, d.constants = nodes, constants
        else:
            d.shapes[output] = shape
            last = output
    return d.model(last if last != "x" else d.add("Identity", "x"))
