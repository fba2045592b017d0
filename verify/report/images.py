"""Image-shaped inputs drawn as images: the points of a counterexample, how they differ, and what a unit looks at."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from verify.digits import display
from verify.kernel.evidence import Falsehood, ValueGap
from verify.network import Network
from verify.rational import Floats, Vector, counted
from verify.report.markup import element
from verify.report.model import Figure
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.refuting.switch import switch_between

MIN_SIDE, MAX_SIDE = 6, 512
# Flat inputs of this many numbers are drawn as squares of one channel; 3072 are three channels of 32 x 32.
SQUARES, COLOURED = (64, 196, 256, 784, 1024, 4096), (3072, 12288)
PAPER, ROOM, LINE = 150, 16, 22


@dataclass(frozen=True)
class ImageShape:
    """Channels (1 or 3), rows and columns of an input; ``guessed`` where the file says only how many numbers it has."""

    channels: int
    height: int
    width: int
    guessed: bool = False

    def __str__(self) -> str:
        size = f"{self.height} × {self.width}"
        return size if self.channels == 1 else f"3 × {size}"


def image_shape(network: Network) -> ImageShape | None:
    """How the network's input is an image, if it is one."""
    sides = [size for size in network.input_shape if size != 1]
    if len(sides) == 2 or (len(sides) == 3 and sides[0] == 3):
        height, width = sides[-2:]
        if min(height, width) >= MIN_SIDE and max(height, width) <= MAX_SIDE:
            return ImageShape(3 if len(sides) == 3 else 1, height, width)
    if len(sides) == 1 and sides[0] in SQUARES:
        side = math.isqrt(sides[0])
        return ImageShape(1, side, side, guessed=True)
    if len(sides) == 1 and sides[0] in COLOURED:
        side = math.isqrt(sides[0] // 3)
        return ImageShape(3, side, side, guessed=True)
    return None


def images(result: Result) -> list[Figure]:
    """The points of a refutation as images, their difference, and the receptive field of the unit that switches."""
    network, evidence = result.claim.network, result.outcome.evidence
    if result.claim.property.asked is not None and isinstance(evidence, Falsehood):
        network = result.claim.property.asked.networks["f"]
    shape = image_shape(network)
    if shape is None or not isinstance(evidence, ValueGap | Falsehood):
        return []
    named = [(n, v) for n, v in evidence.assignment.items() if isinstance(v, Vector) and len(v) == network.input_size]
    points = [(name, _floats(value)) for name, value in named]
    if not points:
        return []
    low = min(float(values.min()) for _, values in points)
    high = max(float(values.max()) for _, values in points)
    if low == high:  # one colour, named by a scale that holds it
        low, high = min(low, 0.0), max(high, 1.0)
    panels = [(name, _picture(_grey(values, low, high), shape)) for name, values in points]
    notes = [f"Black is {low:.6g}, white is {high:.6g}."]
    if len(points) > 1 and named[0][1] != named[1][1]:
        (first, x), (second, y) = points[:2]
        panels.append(
            (f"{second} - {first}", _picture(_signed(y - x, shape), ImageShape(3, shape.height, shape.width)))
        )
        exact = [abs(a - b) for a, b in zip(named[1][1].fractions(), named[0][1].fractions(), strict=True)]
        changed = sum(1 for d in exact if d)
        differ = f"{changed} of {len(exact)} numbers {'differs' if changed == 1 else 'differ'}"
        notes.append(
            f"{differ}, by at most {display(max(exact), 12)}; of the difference the largest is drawn red where it is"
            " positive, blue where it is negative."
        )
    seen = _field(result, network) if isinstance(evidence, ValueGap) else None
    if seen is not None:
        name, field, reads = seen
        panels.append(("what the unit sees", _picture(_framed(points[0][1], low, high, field, shape), _rgb(shape))))
        notes.append(f"{name} switches between these points; what it reads ({counted(reads, 'number')}) is not dimmed.")
    how = f"the input's {network.input_size} numbers as {shape}, row by row" if shape.guessed else f"inputs of {shape}"
    caption = f"The points of the counterexample as images: {how}."
    return [Figure(_strip(panels, shape), caption, tuple(notes))]


def _rgb(shape: ImageShape) -> ImageShape:
    return ImageShape(3, shape.height, shape.width)


def _floats(point: Vector) -> Floats:
    return np.array([float(v) if abs(v) < 10**300 else math.copysign(1e300, v) for v in point.fractions()])


def _grey(values: Floats, low: float, high: float) -> Floats:
    """Values between 0 and 1."""
    return (values - low) / (high - low)


def _signed(change: Floats, shape: ImageShape) -> Floats:
    """Red for more, blue for less, as three channels: of several channels the largest change counts."""
    parts = change.reshape(shape.channels, -1)
    largest = parts[np.abs(parts).argmax(axis=0), np.arange(parts.shape[1])]
    top = float(np.abs(largest).max()) or 1.0
    share = largest / top
    # A small change is still seen: half of the colour is there as soon as there is any.
    strength = np.where(share != 0, 0.35 + 0.65 * np.abs(share), 0.0)
    more, less = np.where(share > 0, strength, 0.0), np.where(share < 0, strength, 0.0)
    return np.concatenate([1 - less, 1 - more - less, 1 - more])


def _framed(values: Floats, low: float, high: float, field: NDArray[np.bool_], shape: ImageShape) -> Floats:
    """The image, dimmed towards grey outside the field; in three channels."""
    grey = _grey(values, low, high).reshape(shape.channels, -1)
    colours = np.repeat(grey, 3, axis=0) if shape.channels == 1 else grey
    inside = field.reshape(shape.channels, -1).any(axis=0)
    tinted = np.stack([colours[0] * 0.75 + 0.25, colours[1] * 0.75 + 0.12, colours[2] * 0.75])
    return np.where(inside, tinted, 0.72 + 0.12 * colours).ravel()


def _field(result: Result, network: Network) -> tuple[str, NDArray[np.bool_], int] | None:
    """The unit that switches between the points, and the inputs that reach it."""
    evidence = result.outcome.evidence
    if not isinstance(evidence, ValueGap) or result.claim.second is not None or not network.is_piecewise_linear:
        return None
    ends = [value.point for value in result.outcome.values if value.factor]
    found = switch_between(network, ends[1:] if len(ends) == 3 else ends, evidence.output, Budget()) if ends else None
    if found is None:
        return None
    name = found.units[0]
    for k, block in enumerate(network.blocks, start=1):
        for unit in range(block.size) if block.relu else ():
            if block.unit_name(unit) == name:
                field = receptive_field(network, k, unit)
                return name, field, int(field.sum())
    return None


def receptive_field(network: Network, block: int, unit: int) -> NDArray[np.bool_]:
    """Which inputs a unit's value can depend on: those from which a chain of weights other than zero leads there."""
    needed = {k: np.zeros(b.size, dtype=bool) for k, b in enumerate(network.blocks, start=1)}
    needed[0] = np.zeros(network.input_size, dtype=bool)
    needed[block][unit] = True
    for k in range(block, 0, -1):
        for source, matrix in network.blocks[k - 1].inputs:
            needed[source][matrix.columns[needed[k][matrix.row_of_entry]]] = True
    return needed[0]


def _picture(values: Floats, shape: ImageShape) -> Markup:
    """An ``image`` element with a PNG inside; its place is set by the strip."""
    pixels = np.clip(np.rint(values * 255), 0, 255).astype(np.uint8).reshape(shape.channels, shape.height, shape.width)
    data = base64.b64encode(png(pixels)).decode()
    width, height = _size(shape)
    return element(
        "image", href=f"data:image/png;base64,{data}", width=width, height=height, class_="pixels",
        preserveAspectRatio="none",
    )  # fmt: skip


def _size(shape: ImageShape) -> tuple[int, int]:
    scale = PAPER / max(shape.height, shape.width)
    return round(shape.width * scale), round(shape.height * scale)


def _strip(panels: list[tuple[str, Markup]], shape: ImageShape) -> Markup:
    """The images side by side under their names, two in a row: one alone has the same size."""
    width, height = _size(shape)
    columns = 2
    parts = [element("title", f"Images: {', '.join(name for name, _ in panels)}")]
    for i, (name, image) in enumerate(panels):
        x, y = (i % columns) * (width + ROOM), (i // columns) * (height + LINE + ROOM)
        frame = element("rect", x=0, y=0, width=width, height=height, class_="edge")
        parts.append(element("text", name, x=x, y=y + 14, class_="name"))
        parts.append(element("g", image, frame, transform=f"translate({x} {y + LINE})"))
    rows = -(-len(panels) // columns)
    box = f"-1 0 {columns * (width + ROOM) - ROOM + 2} {rows * (height + LINE + ROOM) - ROOM + 2}"
    return element("svg", *parts, viewBox=box, class_="images", role="img")


def png(pixels: NDArray[np.uint8]) -> bytes:
    """The file of an image of shape (1 or 3, height, width): eight bits a channel, no filter."""
    channels, height, width = pixels.shape
    rows = np.ascontiguousarray(pixels.transpose(1, 2, 0)).reshape(height, width * channels)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
