"""A network drawn from top to bottom: its layers, and what their units do on the region."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from markupsafe import Markup

from verify.errors import BudgetExceeded, RegionError
from verify.network import Network
from verify.network.smooth import SMOOTH
from verify.rational import counted
from verify.region import Region
from verify.rendering import shape_text
from verify.report.affine import weights
from verify.report.markup import clean, element
from verify.report.model import Drawing, LayerCount
from verify.report.story import story
from verify.search.budget import Budget
from verify.search.commands.explain import Explanation, explain

# One look at a network of this many weights takes seconds; only the drawing without counts is made then.
MAX_WEIGHTS = 400_000
MAX_LAYERS, MAX_LANES = 60, 12
BAR, LINE = 300, 15
Wire: TypeAlias = tuple[int, int]
STATES = ("on", "off", "switching", "undecided")


def drawing(network: Network, region: Region, seconds: float) -> Drawing:
    """The network with the counts of its units on the region, or without them and with a note that says why."""
    about = ", ".join(
        (counted(network.input_size, "input"), f"{network.relu_count} ReLU", counted(network.output_size, "output"))
    )
    explanation, note = _explained(network, region, seconds)
    counts = _counts(network, explanation) if explanation else {}
    figure = _figure(network, counts)
    if figure is None:
        note = f"{note} More than {MAX_LAYERS} layers: not drawn.".strip()
    if explanation is not None:
        note = " ".join([note, *story(network, explanation)]).strip()
    return Drawing(network.name, about, figure, tuple(counts.values()), note, tuple(weights(network)))


def _explained(network: Network, region: Region, seconds: float) -> tuple[Explanation | None, str]:
    if not network.is_piecewise_linear:
        what = "rounds its values" if network.is_quantized else "has smooth activations"
        return None, f"It {what}: what the units do on the region is not counted."
    if network.weight_count > MAX_WEIGHTS:
        return None, f"{network.weight_count} weights: run 'verify explain' for what the units do on the region."
    try:
        return explain(network, region, Budget(seconds)), ""
    except (BudgetExceeded, RegionError) as error:
        return None, f"What the units do on the region is left out: {error}."


def _counts(network: Network, explanation: Explanation) -> dict[int, LayerCount]:
    return {
        layer.block: LayerCount(
            layer.name,
            shape_text(network.blocks[layer.block - 1].shape),
            layer.size,
            layer.on,
            layer.off,
            layer.switching,
            layer.undecided,
        )
        for layer in explanation.layers
    }


def _sized(shape: Sequence[int], what: str) -> str:
    """``6 × 8 × 8 = 384 units``, ``3 units``."""
    said = counted(math.prod(shape), what)
    return f"{shape_text(shape)} = {said}" if len(shape) > 1 else said


@dataclass(frozen=True)
class _Row:
    """One layer of the drawing, before it is placed."""

    name: list[str]
    about: str
    sources: tuple[int, ...]
    count: LayerCount | None

    @property
    def height(self) -> int:
        return LINE * (len(self.name) + 1) + 14 + (24 if self.count else 0)


def _figure(network: Network, counts: dict[int, LayerCount]) -> Markup | None:
    if len(network.blocks) > MAX_LAYERS:
        return None
    rows = [_Row(["input"], _sized(network.input_shape, "number"), (), None)]
    for k, block in enumerate(network.blocks, start=1):
        kind = SMOOTH[block.smooth].text if block.smooth else block.kind
        about = f"{kind}, {_sized(block.shape, 'unit')}"
        sources = tuple(source for source, _ in block.inputs)
        name = clean(block.name)
        lines = textwrap.wrap(name, 44 if name.isascii() else 22) or [f"block {k}"]
        rows.append(_Row(lines, about, sources, counts.get(k)))
    tops = [0]
    for row in rows:
        tops.append(tops[-1] + row.height + 22)
    boxes = [part for row, top in zip(rows, tops, strict=False) for part in _box(row, top)]
    lanes = _lanes(rows)
    arrows = [part for k, row in enumerate(rows) for part in _arrows(k, row, rows, tops, lanes)]
    label = f"{network.name}: {len(network.blocks)} layers from the input at the top to the output at the bottom"
    return element(
        "svg",
        element("title", label),
        *arrows,
        *boxes,
        viewBox=f"0 0 {BAR + 42 + 9 * max(lanes.values(), default=0) + (2 if lanes else 0)} {tops[-1] - 20}",
        class_="network",
        role="img",
    )


def _box(row: _Row, top: int) -> list[Markup]:
    parts = [element("rect", x=1, y=top + 1, width=BAR + 40, height=row.height, rx=6, class_="layer")]
    y = top + LINE + 3
    for line in row.name:
        parts.append(element("text", line, x=14, y=y, class_="name"))
        y += LINE
    parts.append(element("text", row.about, x=14, y=y, class_="about"))
    if row.count is not None:
        parts += _bar(row.count, y + 8)
    return parts


def _bar(count: LayerCount, y: int) -> list[Markup]:
    """A bar split by what the units do, and the numbers under it."""
    numbers = {state: getattr(count, state) for state in STATES}
    parts, x = [], 14.0
    for state, number in numbers.items():
        width = number * (BAR + 12) / max(count.units, 1)
        if number:
            parts.append(element("rect", x=f"{x:.2f}", y=y, width=f"{width:.2f}", height=6, class_=state))
        x += width
    said = ", ".join(f"{number} {state}" for state, number in numbers.items() if number) or "no units"
    return [*parts, element("text", said, x=14, y=y + 20, class_="counts")]


def _arrows(k: int, row: _Row, rows: Sequence[_Row], tops: Sequence[int], lanes: Mapping[Wire, int]) -> list[Markup]:
    """A short arrow from the layer above; for earlier layers a line around the right side."""
    parts = []
    for source in row.sources:
        if source == k - 1:
            parts.append(_arrow(f"M60 {tops[source] + rows[source].height + 1}", tops[k] + 1, 60))
            continue
        y, there, side = tops[source] + 20, tops[k] + 20, BAR + 41
        parts.append(element("path", d=f"M{side} {y} H{side + 9 * lanes[source, k]} V{there} H{side}", class_="link"))
        tip = f"M{side + 6} {there - 4} L{side} {there} L{side + 6} {there + 4}"
        parts.append(element("path", d=tip, class_="link"))
    return parts


def _lanes(rows: Sequence[_Row]) -> dict[Wire, int]:
    """A lane for each line around the right side, short ones first, so that no two run over each other."""
    links = [(source, k) for k, row in enumerate(rows) for source in row.sources if source != k - 1]
    lanes: dict[Wire, int] = {}
    for begin, end in sorted(links, key=lambda link: (link[1] - link[0], link)):
        taken = {lane for (a, b), lane in lanes.items() if a <= end and begin <= b}
        lanes[begin, end] = next((lane for lane in range(1, MAX_LANES) if lane not in taken), MAX_LANES)
    return lanes


def _arrow(start: str, end: int, x: int) -> Markup:
    return element("path", d=f"{start} V{end} M{x - 4} {end - 6} L{x} {end} L{x + 4} {end - 6}", class_="link")
