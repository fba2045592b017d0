"""Why f is not affine, in a few sentences: which unit switches where, what that does to the slope, what follows."""

from __future__ import annotations

from collections.abc import Sequence

from verify.network import Network
from verify.rational import Vector, counted, display
from verify.report.points import point_text
from verify.search.explain import Break, Explanation

SHOWN_UNITS, SHORT = 3, 6


def listed(names: Sequence[str], most: int = SHOWN_UNITS) -> str:
    """``a, b, c and 4 more``."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def along(direction: Vector, coordinate: int | None) -> str:
    """What a slope is taken by: ``in x``, ``in x3``, ``along (1, 1/2)``; of many inputs the one that changes most."""
    if coordinate is not None:
        return f"in x{coordinate if len(direction) > 1 else ''}"
    if len(direction) <= SHORT:
        return f"along {point_text(direction)}"
    entries = direction.fractions()
    most = max(range(len(entries)), key=lambda j: abs(entries[j]))
    changing = sum(1 for entry in entries if entry)
    return f"along a direction that changes {changing} inputs, per unit of x{most},"


def story(network: Network, explanation: Explanation) -> list[str]:
    """From the region to the reason, one sentence a step."""
    if explanation.all_stable:
        return ["Every ReLU keeps its side on the region: the network is affine there."]
    bend = explanation.first_break
    if bend is None:
        return ["Some ReLU change side, but no bend of the output was met on the way to them."]
    output = f"output {bend.output}" if network.output_size > 1 else "the output"
    way = along(bend.direction, bend.coordinate)
    before, after = display(bend.slope_before), display(bend.slope_after)
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
