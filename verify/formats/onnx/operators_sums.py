"""Einsum with one activation, Col2Im, and the linear operators of ai.onnx.ml."""

from __future__ import annotations

import itertools
import math
import re
from fractions import Fraction

import numpy as np

from verify.errors import NetworkError
from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Value
from verify.formats.onnx.constants import checked_shape
from verify.formats.onnx.elements import Array
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.matrix import exact_products
from verify.network.tensor import Tensor


def einsum(call: Call) -> Value:
    """A sum of products by the names of axes: one operand may be an activation, the others are constant."""
    values = call.values()
    terms, out = _equation(call.text("equation", ""), [len(value.shape) for value in values])
    if all(isinstance(value, np.ndarray) and value.dtype.kind in "iu" for value in values):
        raise NetworkError("of integers; expected floats")
    if len(values) > 4:
        call.builder.unbounded.append(f"{call.name} multiplies more than three constants for each weight")
    active = [k for k, value in enumerate(values) if not isinstance(value, np.ndarray)]
    if len(active) > 1:
        raise NetworkError("a product of two activations is not piecewise linear")
    chosen = active[0] if active else 0
    x = lowering.settled(call, call.tensor(chosen))
    sizes = _sizes(terms, [value.shape for value in values])
    if any(letter not in sizes for letter in out) or len(set(out)) < len(out):
        raise NetworkError("an axis of the result is in no operand, or is there twice")
    letters = list(sizes)
    full = tuple(sizes[letter] for letter in letters)
    layers.check_entry_count(full)
    grid = dict(zip(letters, np.indices(full, sparse=True), strict=True))

    def spread(array: Array, term: list[str]) -> Array:
        index = tuple(grid[letter] if n > 1 else 0 * grid[letter] for letter, n in zip(term, array.shape, strict=True))
        return np.broadcast_to(array[index], full).ravel()

    entries: Array = np.ones(math.prod(full))
    for k, term in enumerate(terms):
        if k != chosen:
            entries = exact_products(entries, matrices.as_entries(spread(call.weights(k), term)))
    shape = checked_shape([sizes[letter] for letter in out], "result")
    rows = spread(np.arange(math.prod(shape)).reshape(shape), out)
    columns = spread(x.positions(), terms[chosen])
    return x.summed(rows, columns, entries, shape)


def _equation(text: str, ranks: list[int]) -> tuple[list[list[str]], list[str]]:
    """The names of the axes of each operand and of the result; ``...`` stands for axes ``.0``, ``.1``, ..."""
    compact = text.replace(" ", "")
    if not re.fullmatch(r"[A-Za-z.,]*(->[A-Za-z.]*)?", compact):
        raise NetworkError(f"equation '{text}' is not of names of axes, commas and one ->")
    left, arrow, right = compact.partition("->")
    parts = left.split(",")
    if len(parts) != len(ranks):
        raise NetworkError(f"equation '{text}' for {len(ranks)} operands")
    extra = [rank - len(part.replace("...", "")) for part, rank in zip(parts, ranks, strict=True)]
    for part, more in zip(parts, extra, strict=True):
        if more < 0 or (more and "..." not in part) or "." in part.replace("...", "", 1):
            raise NetworkError(f"equation '{text}' does not fit operands of {ranks} axes")
    widest = max([more for part, more in zip(parts, extra, strict=True) if "..." in part], default=0)
    terms = [_names(part, widest, more) for part, more in zip(parts, extra, strict=True)]
    if arrow:
        return terms, _names(right, widest, widest)
    once = sorted(c for c in set(left) if c.isalpha() and left.count(c) == 1)
    return terms, [*(f".{k}" for k in range(widest)), *once]


def _names(part: str, widest: int, more: int) -> list[str]:
    before, dots, after = part.partition("...")
    if "." in before + after:
        raise NetworkError("an equation with dots that are not three")
    middle = [f".{k}" for k in range(widest - more, widest)] if dots else []
    return [*before, *middle, *after]


def _sizes(terms: list[list[str]], shapes: list[tuple[int, ...]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        for letter, size in zip(term, shape, strict=True):
            known = sizes.setdefault(letter, size)
            if known != size and letter[0] == "." and 1 in (known, size):
                sizes[letter] = max(known, size)
            elif known != size:
                raise NetworkError(f"axis {letter} has sizes {known} and {size}")
    return sizes


def column_to_image(call: Call) -> Value:
    """Blocks (images, channels * taps, blocks) added up at their places in an image."""
    x = lowering.settled(call, call.tensor(0))
    size, block = call.indices(1), call.indices(2)
    dims = len(size)
    strides, dilations = call.integers("strides", [1] * dims), call.integers("dilations", [1] * dims)
    pads = call.integers("pads", [0] * 2 * dims)
    taps = math.prod(block)
    if len(x.shape) != 3 or len(block) != dims or not taps or x.shape[1] % max(taps, 1) or min([*size, *block]) < 1:
        raise NetworkError(f"blocks of shape {x.shape}, block_shape {block} for image_shape {size}")
    images, channels = x.shape[0], x.shape[1] // taps
    padded = [n + pads[d] + pads[dims + d] for d, n in enumerate(size)]
    checked_shape((images, channels, *padded), "result")
    windows, valid = layers.window_positions(size, block, strides, pads, dilations, name=call.name)
    blocks = math.prod(windows.shape[:dims])
    if blocks != x.shape[2]:
        raise NetworkError(f"{x.shape[2]} blocks; expected {blocks}")
    windows, valid = windows.reshape(blocks, taps).T, valid.reshape(blocks, taps).T
    area = math.prod(size)
    source = x.positions().reshape(images * channels, taps, blocks)
    target = np.arange(images * channels)[:, None, None] * area + windows
    mask = np.broadcast_to(valid, source.shape)
    matrix = matrices.from_triplets(
        target[mask], source[mask], np.ones(int(mask.sum())), (images * channels * area, x.size)
    )
    return x.apply(matrix, (images, channels, *size))


def scaler(call: Call) -> Value:
    """``(X - offset) * scale``, both one number or one for each feature (the last axis)."""
    x = call.tensor(0)
    parts = [call.numbers("offset"), call.numbers("scale")]
    if len(parts[0]) != len(parts[1]) or any(len(part) not in (1, x.shape[-1] if x.shape else 1) for part in parts):
        raise NetworkError(f"{len(parts[0])} offsets and {len(parts[1])} scales for a tensor of shape {x.shape}")
    offset, scale = (call.finite(part) for part in parts)
    _note_narrower(call)
    return lowering.times_constant(call, lowering.plus_constant(call, x, -offset), scale)


def linear_regressor(call: Call) -> Value:
    """``X C^T + intercepts``, a row of coefficients for each target."""
    x = call.tensor(0)
    targets = call.integer("targets", 1)
    coefficients = call.finite(call.numbers("coefficients"))
    if call.text("post_transform", "NONE") != "NONE":
        raise NetworkError("post_transform is not piecewise linear; expected NONE")
    if len(x.shape) not in (1, 2) or targets < 1 or len(coefficients) != targets * x.shape[-1]:
        raise NetworkError(f"{len(coefficients)} coefficients for {targets} targets of a tensor of shape {x.shape}")
    rows = x if len(x.shape) == 2 else x.reshape((1, *x.shape))
    result = lowering.product(call, rows, coefficients.reshape(targets, -1).T)
    _note_narrower(call)
    if not call.given("intercepts"):
        return result
    intercepts = call.finite(call.numbers("intercepts"))
    if len(intercepts) != targets:
        raise NetworkError(f"{len(intercepts)} intercepts for {targets} targets")
    return lowering.plus_constant(call, result, intercepts)


def _note_narrower(call: Call) -> None:
    import onnx

    if call.types[0] == onnx.TensorProto.DOUBLE:
        call.rounds(f"{call.name} gives float of double, taken as exact; an implementation rounds")


def affine_grid(call: Call) -> Value:
    """The places of a grid under affine maps of it: linear in the maps."""
    theta, size = call.tensor(0), call.indices(1)
    aligned = call.flag("align_corners")
    space = size[2:]
    if len(space) not in (2, 3) or theta.shape != (size[0], len(space), len(space) + 1):
        raise NetworkError(f"maps of shape {theta.shape} for the size {size[:10]}")
    checked_shape((size[0], *space, len(space)), "result")

    def line(n: int) -> list[Fraction]:
        if aligned:
            return [Fraction(2 * k, n - 1) - 1 if n > 1 else Fraction(0) for k in range(n)]
        return [Fraction(2 * k + 1, n) - 1 for k in range(n)]

    points = [[*reversed(point), Fraction(1)] for point in itertools.product(*(line(n) for n in space))]
    weights = matrices.compact([v for point in points for v in point]).reshape(len(points), -1)
    turned = theta.take(np.swapaxes(theta.positions(), 1, 2))
    result: Tensor = lowering.product(call, turned, weights, weights_first=True)
    return result.reshape((size[0], *space, len(space)))
