"""Networks with symbolic weights: what is known of their signs decides which ReLU fall away, for all such weights.

    family_form(2, [dense_layer(2, "nonneg", "nonneg"), dense_layer(1, "any", "any", relu=False)])

A sign is one of the words of ``SIGNS``, or an exact number; one for the whole layer, or a nested list of them in the
shape of the weights. A ReLU whose argument SymPy's assumptions show to be >= 0 (<= 0) becomes the argument (0).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from verify.errors import NetworkError
from verify.rational import to_fraction
from verify.symbolic.derivation import Step
from verify.symbolic.frame import Expr, number

SIGNS: dict[str, dict[str, bool]] = {
    "any": {"real": True},
    "nonneg": {"nonnegative": True},
    "nonpos": {"nonpositive": True},
    "positive": {"positive": True},
    "negative": {"negative": True},
}
NONNEGATIVE_RULE = "no term is negative: Max(0, z) = z"
NONPOSITIVE_RULE = "no term is positive: Max(0, z) = 0"
UNKNOWN_RULE = "the sign is not known: the ReLU stays"
MAX_WEIGHTS = 2000

Shape = tuple[int, ...]
Signs = Any  # a word, a number, or nested lists of them


@dataclass(frozen=True)
class FamilyLayer:
    """A layer: ``kernel`` is None for a dense one, else the size of the window (no padding, stride 1)."""

    outputs: int
    weight: Signs
    bias: Signs
    relu: bool
    kernel: Shape | None = None


def dense_layer(outputs: int, weight: Signs = "any", bias: Signs = 0, *, relu: bool = True) -> FamilyLayer:
    """A dense layer; ``weight`` has the shape (outputs, inputs), ``bias`` (outputs,)."""
    return FamilyLayer(outputs, weight, bias, relu)


def conv_layer(
    channels: int, kernel: Sequence[int], weight: Signs = "any", bias: Signs = 0, *, relu: bool = True
) -> FamilyLayer:
    """A convolution without padding, stride 1; ``weight`` has the shape (channels, input channels, *kernel)."""
    return FamilyLayer(channels, weight, bias, relu, tuple(kernel))


@dataclass(frozen=True)
class Family:
    """The outputs for all weights of the given signs and all inputs of the given sign, and how they came about."""

    outputs: tuple[Expr, ...]
    steps: tuple[Step, ...]
    inputs: tuple[Expr, ...]
    weights: tuple[tuple[Expr, ...], ...]
    biases: tuple[tuple[Expr, ...], ...]

    @property
    def is_affine(self) -> bool:
        """Whether no ReLU is left: every network of the family is affine on the inputs of that sign."""
        return not any(output.has(sympy.Max) for output in self.outputs)


def family_form(input_shape: int | Sequence[int], layers: Sequence[FamilyLayer], inputs: str = "nonneg") -> Family:
    """The outputs of the family; ``inputs`` is the sign of every input. A dense layer flattens what comes in."""
    shape: Shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
    names = ["x"] if math.prod(shape) == 1 else [f"x{j}" for j in range(math.prod(shape))]
    start = values = [sympy.Symbol(name, **_assumptions(inputs)) for name in names]
    steps: list[Step] = []
    weights, biases = [], []
    for k, layer in enumerate(layers, start=1):
        weight_shape, out = _shapes(layer, shape, k)
        own = _symbols(f"w{k}", weight_shape, layer.weight)
        offsets = _symbols(f"b{k}", (layer.outputs,), layer.bias)
        sums = _sums(layer, values, shape, out, own, offsets)
        values = [_relu(z, f"layer {k}[{i}]", steps) for i, z in enumerate(sums)] if layer.relu else sums
        shape = out
        weights.append(tuple(own))
        biases.append(tuple(offsets))
    return Family(tuple(values), tuple(steps), tuple(start), tuple(weights), tuple(biases))


def _shapes(layer: FamilyLayer, shape: Shape, k: int) -> tuple[Shape, Shape]:
    """The shape of the weights and of the result."""
    weight: Shape
    out: Shape
    if layer.kernel is None:
        weight, out = (layer.outputs, math.prod(shape)), (layer.outputs,)
    else:
        room = tuple(s - size + 1 for s, size in zip(shape[1:], layer.kernel, strict=False))
        if len(layer.kernel) != len(shape) - 1 or min(room, default=0) < 1:
            raise NetworkError(f"layer {k}: a kernel of shape {layer.kernel} on a tensor of shape {shape}")
        weight, out = (layer.outputs, shape[0], *layer.kernel), (layer.outputs, *room)
    if layer.outputs < 1 or math.prod(weight) > MAX_WEIGHTS:
        raise NetworkError(f"layer {k}: {math.prod(weight)} weights; expected 1 to {MAX_WEIGHTS}")
    return weight, out


def _symbols(name: str, shape: Shape, signs: Signs) -> list[Expr]:
    """The entries of a tensor in row-major order: symbols with their assumptions, or numbers."""
    result = []
    for place in itertools.product(*map(range, shape)):
        sign = signs
        for index in place:
            if isinstance(sign, list | tuple):
                if index >= len(sign):
                    raise NetworkError(f"{name}: the signs do not have the shape {shape}")
                sign = sign[index]
        label = name if math.prod(shape) == 1 else "_".join([name, *map(str, place)])
        result.append(_entry(label, sign))
    return result


def _entry(name: str, sign: Signs) -> Expr:
    if isinstance(sign, str) and sign in SIGNS:
        return sympy.Symbol(name, **SIGNS[sign])
    if isinstance(sign, list | tuple):
        raise NetworkError(f"{name}: the signs are nested deeper than the weights")
    return number(to_fraction(sign))


def _assumptions(sign: str) -> dict[str, bool]:
    if sign not in SIGNS:
        raise NetworkError(f"sign {sign!r}: expected one of {', '.join(SIGNS)}")
    return SIGNS[sign]


def _sums(
    layer: FamilyLayer, values: list[Expr], shape: Shape, out: Shape, weights: list[Expr], biases: list[Expr]
) -> list[Expr]:
    """Weighted sums of the values, row by row."""
    if layer.kernel is None:
        width = len(values)
        rows = [weights[i * width : (i + 1) * width] for i in range(layer.outputs)]
        return [_sum(row, values, b) for row, b in zip(rows, biases, strict=True)]
    taps = list(itertools.product(range(shape[0]), *map(range, layer.kernel)))
    result = []
    for channel, *corner in itertools.product(*map(range, out)):
        seen = [values[_flat((c, *(a + d for a, d in zip(corner, tap, strict=True))), shape)] for c, *tap in taps]
        result.append(_sum(weights[channel * len(taps) : (channel + 1) * len(taps)], seen, biases[channel]))
    return result


def _flat(place: Sequence[int], shape: Shape) -> int:
    position = 0
    for index, size in zip(place, shape, strict=True):
        position = position * size + index
    return position


def _sum(weights: Sequence[Expr], values: Sequence[Expr], bias: Expr) -> Expr:
    return sympy.Add(*(w * v for w, v in zip(weights, values, strict=True)), bias)


def _relu(z: Expr, where: str, steps: list[Step]) -> Expr:
    """The ReLU of z, without Max where the sign is known."""
    before = sympy.Max(0, z, evaluate=False)
    if z.is_nonnegative:
        rule, after = NONNEGATIVE_RULE, z
    elif z.is_nonpositive:
        rule, after = NONPOSITIVE_RULE, sympy.Integer(0)
    else:
        rule, after = UNKNOWN_RULE, before
    steps.append(Step(rule, before, after, where))
    return after
