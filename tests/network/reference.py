"""Layers written out as loops over exact numbers, to compare the lowering with."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.network.network import Network, to_json

Array = NDArray[Any]


def exact(values: object) -> Array:
    """An object array of fractions of the same shape."""
    array = np.array(values, dtype=object)
    result = np.empty(array.shape, dtype=object)
    for place in np.ndindex(array.shape):
        number: Any = array[place]
        result[place] = Fraction(number)
    return result


def value(network: Network, point: object) -> Array:
    """The network at an exact point, from its serialized form: shares no arithmetic with ``Matrix``."""
    outputs = [exact(point).ravel().tolist()]
    for block in to_json(network)["blocks"]:
        z = [Fraction(text) for text in block["bias"]]
        for part in block["inputs"]:
            for row, column, entry in zip(part["rows"], part["columns"], part["entries"], strict=True):
                z[row] += Fraction(entry) * outputs[part["source"]][column]
        outputs.append([max(v, Fraction(0)) for v in z] if block["relu"] else z)
    return exact(outputs[-1]).reshape(network.output_shape)


def window_starts(
    space: int, kernel: int, stride: int, before: int, after: int, spread: int, ceil_mode: bool
) -> list[int]:
    """Where windows start along one dimension, counted from the first value that is not padding."""
    extent = spread * (kernel - 1) + 1
    starts = [s for s in range(-before, space + after) if (s + before) % stride == 0 and s + extent <= space + after]
    if ceil_mode and starts[-1] + extent < space + after:
        starts.append(starts[-1] + stride)  # one more window sees what is left
    if ceil_mode and starts[-1] >= space:
        starts.pop()  # but not one that starts in the padding at the end
    return starts


def windows(
    image: Array,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    ceil_mode: bool = False,
) -> tuple[tuple[int, ...], Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], Fraction | None]]]]]:
    """The output's shape, and for each output place the taps with their values (None in the padding).

    Taps beyond the padding, which only ceil mode reaches, are left out.
    """
    dims = image.ndim
    starts = [
        window_starts(image.shape[d], kernel[d], strides[d], pads[d], pads[dims + d], dilations[d], ceil_mode)
        for d in range(dims)
    ]

    def seen() -> Iterator[tuple[tuple[int, ...], list[tuple[tuple[int, ...], Fraction | None]]]]:
        for place in itertools.product(*(range(len(s)) for s in starts)):
            taps = []
            for tap in itertools.product(*(range(k) for k in kernel)):
                at = tuple(starts[d][place[d]] + tap[d] * dilations[d] for d in range(dims))
                if any(at[d] >= image.shape[d] + pads[dims + d] for d in range(dims)):
                    continue
                inside = all(0 <= at[d] < image.shape[d] for d in range(dims))
                taps.append((tap, image[at] if inside else None))
            yield place, taps

    return tuple(len(s) for s in starts), seen()


def conv(
    image: Array,
    weight: Array,
    bias: Array | None,
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    groups: int,
) -> Array:
    """Convolution of (channels, *space) with (outputs, channels / groups, *kernel)."""
    outputs, channels = weight.shape[:2]
    result: list[Array] = []
    for o in range(outputs):
        group = o // (outputs // groups)
        total: Any = 0 if bias is None else bias[o]
        for c in range(channels):
            shape, seen = windows(image[group * channels + c], weight.shape[2:], strides, pads, dilations)
            plane = np.empty(shape, dtype=object)
            for place, taps in seen:
                terms = (weight[(o, c, *tap)] * x for tap, x in taps if x is not None)
                plane[place] = sum(terms, Fraction(0))
            total = total + plane
        result.append(total)
    return np.stack(result)


def pool(
    image: Array,
    reduce: Callable[[list[Fraction], int], Fraction],
    kernel: Sequence[int],
    strides: Sequence[int],
    pads: Sequence[int],
    dilations: Sequence[int],
    ceil_mode: bool,
) -> Array:
    """``reduce(values inside the image, number of taps inside the padded image)`` over each window of each channel."""
    planes = []
    for channel in image:
        shape, seen = windows(channel, kernel, strides, pads, dilations, ceil_mode)
        plane = np.empty(shape, dtype=object)
        for place, taps in seen:
            plane[place] = reduce([x for _, x in taps if x is not None], len(taps))
        planes.append(plane)
    return np.stack(planes)
