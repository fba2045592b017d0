"""Sliding windows of convolution and pooling: strides, dilations, pads and automatic pads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from verify.errors import NetworkError
from verify.formats.onnx.call import Call
from verify.formats.onnx.lowering import settled
from verify.network.tensor import Tensor


@dataclass(frozen=True)
class Window:
    """How a window slides over each spatial axis; ``pads`` are all starts, then all ends."""

    strides: list[int]
    dilations: list[int]
    pads: list[int]

    @property
    def arguments(self) -> dict[str, list[int]]:
        return {"strides": self.strides, "dilations": self.dilations, "pads": self.pads}


def images_of(call: Call) -> tuple[Tensor, int]:
    """The first input (images, channels, *space), settled, as (images * channels, *space), and the number of images.

    What works channel by channel, or on groups of channels, does not see which image a channel belongs to.
    """
    x = settled(call, call.tensor(0))
    if len(x.shape) < 3:
        raise NetworkError(f"a tensor of shape {x.shape}; expected (batch, channels, at least one spatial axis)")
    return x.reshape((x.shape[0] * x.shape[1], *x.shape[2:])), x.shape[0]


def separated(x: Tensor, images: int) -> Tensor:
    """(images * channels, *space) as (images, channels, *space)."""
    return x.reshape((images, x.shape[0] // images, *x.shape[1:]))


def window_attributes(call: Call, space: Sequence[int], kernel: Sequence[int]) -> Window:
    """The attributes that Conv, MaxPool and AveragePool share."""
    dims = len(space)
    strides = call.integers("strides", [1] * dims)
    dilations = call.integers("dilations", [1] * dims)
    pads = call.integers("pads", [0] * 2 * dims)
    mode = call.text("auto_pad", "NOTSET")
    if not len(kernel) == len(strides) == len(dilations) == dims or len(pads) != 2 * dims:
        raise NetworkError(f"kernel, strides, dilations or pads do not have one value for each of {dims} spatial axes")
    if min([*kernel, *strides, *dilations]) < 1 or min(pads) < 0:
        raise NetworkError("kernel, strides and dilations must be positive and pads not negative")
    if mode != "NOTSET":
        if any(pads):
            raise NetworkError(f"both pads and auto_pad {mode}; expected one of them")
        pads = _automatic_pads(mode, space, kernel, strides, dilations)
    return Window(strides, dilations, pads)


def _automatic_pads(
    mode: str, space: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[int]:
    """SAME keeps ``ceil(size / stride)`` places; an odd pad is at the end for UPPER, at the start for LOWER."""
    if mode == "VALID":
        return [0] * 2 * len(space)
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        raise NetworkError(f"auto_pad {mode}; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    starts, ends = [], []
    for size, taps, stride, dilation in zip(space, kernel, strides, dilations, strict=True):
        places = -(-size // stride)
        total = (places - 1) * stride + (taps - 1) * dilation + 1 - size
        if total < -1:
            raise NetworkError(
                f"auto_pad {mode} of a window narrower than its stride: implementations disagree; set pads"
            )
        total = max(total, 0)
        smaller, larger = total // 2, total - total // 2
        starts.append(smaller if mode == "SAME_UPPER" else larger)
        ends.append(larger if mode == "SAME_UPPER" else smaller)
    return starts + ends


def transposed_window(
    call: Call, space: Sequence[int], kernel: Sequence[int]
) -> tuple[tuple[list[int], list[int]], list[int], list[int]]:
    """ConvTranspose: (strides, dilations), what is cut off at each start, and the size of each axis of the result."""
    dims = len(space)
    strides, dilations = call.integers("strides", [1] * dims), call.integers("dilations", [1] * dims)
    extra, pads = call.integers("output_padding", [0] * dims), call.integers("pads", [0] * 2 * dims)
    wanted = call.integers("output_shape", [])
    mode = call.text("auto_pad", "NOTSET")
    if not len(strides) == len(dilations) == len(extra) == len(kernel) == dims or len(pads) != 2 * dims:
        raise NetworkError(f"strides, dilations, pads or kernel do not have one value for each of {dims} spatial axes")
    if min([*kernel, *strides, *dilations]) < 1 or min([*pads, *extra]) < 0:
        raise NetworkError("kernel, strides and dilations must be positive, pads and output_padding not negative")
    if any(more >= max(step, spread) for more, step, spread in zip(extra, strides, dilations, strict=True)):
        raise NetworkError(f"output_padding {extra}; expected less than the stride or the dilation")
    full = [
        step * (size - 1) + more + (taps - 1) * spread + 1
        for step, size, more, taps, spread in zip(strides, space, extra, kernel, dilations, strict=True)
    ]
    if mode not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise NetworkError(f"auto_pad {mode}; expected NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if mode.startswith("SAME") and not wanted:
        wanted = [size * step for size, step in zip(space, strides, strict=True)]
        if any(size > whole for size, whole in zip(wanted, full, strict=True)):
            raise NetworkError(
                f"auto_pad {mode} of a window narrower than its stride: implementations disagree; set output_shape"
            )
    if mode == "VALID" and not wanted:
        pads = [0] * 2 * dims
    if wanted:
        if len(wanted) == dims + 2:
            wanted = wanted[2:]
        if len(wanted) != dims:
            raise NetworkError(f"output_shape {wanted}; expected one size for each of {dims} spatial axes")
        totals = [max(whole - size, 0) for whole, size in zip(full, wanted, strict=True)]
        if any(
            size >= whole + max(step, spread)
            for whole, size, step, spread in zip(full, wanted, strides, dilations, strict=True)
        ):
            raise NetworkError(f"output_shape {wanted} is larger than the {full} that the window reaches")
        starts = [total - total // 2 if mode != "SAME_UPPER" else total // 2 for total in totals]
        return (strides, dilations), starts, wanted
    sizes = [whole - pads[d] - pads[dims + d] for d, whole in enumerate(full)]
    return (strides, dilations), pads[:dims], sizes
