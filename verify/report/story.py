"""Why f is not affine, in a few sentences: which unit switches where, what that does to the slope, what follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from verify.digits import display_apart
from verify.network import Network
from verify.rational import Vector, counted
from verify.report.points import point_text

if TYPE_CHECKING:
    from verify.search.commands.explain import Break, Explanation

SHOWN_UNITS, SHORT = 3, 6


def listed(names: Sequence[str], most: int = SHOWN_UNITS) -> str:
    """``a, b, c and 4 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def input_name(network: Network, index: int) -> str:
    """``x``, ``x3``; ``x3 (image[1, 0])`` where the file has several inputs, or one with rows and columns."""
    text = f"x{index}" if network.input_size > 1 else "x"
    for part in network.inputs:
        if not part.start <= index < part.start + part.size:
            continue
        sides = sum(1 for size in part.shape if size > 1)
        if len(network.inputs) > 1 or sides > 1:
            place = np.unravel_index(index - part.start, part.shape) if part.shape else ()
            where = f"[{', '.join(str(int(i)) for i in place)}]" if len(place) else ""
            return f"{text} ({part.name}{where})"
    return text


def along(network: Network, direction: Vector, coordinate: int | None) -> str:
    """What a slope is taken by: ``in x``, ``in x3``, ``along (1, 1/2)``; of many inputs the one that changes most."""
    if coordinate is not None:
        return f"in {input_name(network, coordinate)}"
    if len(direction) <= SHORT:
        return f"along {point_text(direction)}"
    entries = direction.fractions()
    most = max(range(len(entries)), key=lambda j: abs(entries[j]))
    changing = sum(1 for entry in entries if entry)
    return f"along a direction that changes {counted(changing, 'input')}, per unit of {input_name(network, most)},"


def story(network: Network, explanation: Explanation) -> list[str]:
    """From the region to the reason, one sentence a step."""
    if not network.relu_count:
        return ["There is no ReLU: the network is affine everywhere."]
    if explanation.all_stable:
        return ["Every ReLU keeps its side on the region: the network is affine there."]
    bend = explanation.first_break
    if bend is None:
        return ["Some ReLU change side, but no bend of the output was met on the way to them."]
    output = f"output {bend.output}" if network.output_size > 1 else "the output"
    way = along(network, bend.direction, bend.coordinate)
    before, after = display_apart(bend.slope_before, bend.slope_after)
    return [
        f"Linearity breaks at x = {point_text(bend.point)}.",
        f"There {_switching(bend)}.",
        f"By this the slope of {output} {way} jumps from {before} to {after}.",
        "An affine function has one slope everywhere, so f is not affine on the region.",
    ]


def _switching(bend: Break) -> str:
    """``relu[0] turns on as x grows``; where several do different things, how many do which."""
    on, units = len(bend.turned_on), len(bend.units)
    way = "along that way" if bend.coordinate is None else f"as x{bend.coordinate if len(bend.point) > 1 else ''} grows"
    names = listed(bend.units)
    if on in (0, units):
        return f"{names} {'turns' if units == 1 else 'turn'} {'on' if on else 'off'} {way}"
    return f"{names} change side {way}: {counted(on, 'unit')} on, {units - on} off"
