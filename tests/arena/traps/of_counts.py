"""Traps about counts of cells, pieces and maps, bounds with lower slopes, and quantized networks."""

from __future__ import annotations

from collections.abc import Callable

from tests.arena.traps.lies import Record, Trap, evidence, record


def _cover(change: Callable[[Record], object]) -> Callable[[Record], object]:
    return lambda d: change(d["evidence"]["cover"])


def _slopes(number: int, **changes: object) -> Callable[[Record], object]:
    return lambda d: d["evidence"]["slopes"][number].update(changes)


def _joined(d: Record) -> None:
    """Leaves of different maps, at a point of their common facet."""
    d["evidence"]["joins"].append([1, 3, ["2", "-3/2"]])
    d["pieces"] -= 1


def _through_a_corner(d: Record) -> None:
    """Leaves 0 and 3 meet in a corner; that they had one map is another lie."""
    d["evidence"]["joins"][0] = [0, 1, ["2", "0"]]


def _cut_twice(d: Record) -> None:
    """A cell in two halves, which have one pattern."""
    tree, points = d["evidence"]["cover"]["tree"], d["evidence"]["points"]
    tree[-1:] = [{"split": ["1", "0", "3/2"]}, tree[-1], tree[-1]]
    points[-1:] = [["-1/2", "-3/2"], ["-2", "-3/2"]]
    d["cells"] += 1


def _quantizer(**changes: object) -> Callable[[Record], object]:
    return lambda d: d["network"]["inline"]["blocks"][0]["quantizer"].update(changes)


TRAPS = [
    Trap("counts-cells-told-more", "counts-of-pieces", "cells", record(cells=9)),
    Trap("counts-pieces-told-fewer", "counts-of-pieces", "pieces", record(pieces=3)),
    Trap("counts-maps-told-more", "counts-of-pieces", "affine_maps", record(affine_maps=4)),
    Trap("counts-a-number-for-true", "counts-of-pieces", "cells", record(cells=8.0)),
    Trap("counts-of-a-join-too-few", "counts-of-pieces", "no common facet", lambda d: d["evidence"]["joins"].pop()),
    Trap("counts-joined-with-another-map", "counts-of-pieces", "join", _joined),
    Trap("counts-joined-at-a-corner", "counts-of-pieces", "join", _through_a_corner),
    Trap(
        "counts-joined-with-itself",
        "counts-of-pieces",
        "join",
        lambda d: d["evidence"]["joins"].append([0, 0, ["5/2", "1"]]),
    ),
    Trap("counts-without-walls", "counts-of-pieces", "no common facet", evidence(walls={})),
    Trap("counts-wall-of-no-split", "counts-of-pieces", "no common facet", evidence(walls={"0:7": [None, {}]})),
    Trap(
        "counts-wall-that-does-not-follow",
        "counts-of-pieces",
        "no common facet",
        evidence(walls={"0:0": [None, {"1": "1"}]}),
    ),
    Trap("counts-wall-by-its-own-split", "counts-of-pieces", "no common facet", evidence(walls={"0:0": [0, {}]})),
    Trap(
        "counts-point-on-a-boundary",
        "counts-of-pieces",
        "inner point",
        lambda d: d["evidence"]["points"].__setitem__(0, ["2", "1"]),
    ),
    Trap("counts-points-exchanged", "counts-of-pieces", "inner point", lambda d: d["evidence"]["points"].reverse()),
    Trap("counts-of-a-point-too-few", "counts-of-pieces", "inner point", lambda d: d["evidence"]["points"].pop()),
    Trap("counts-of-a-cell-cut-twice", "counts-of-pieces", "distinct patterns", _cut_twice),
    Trap("counts-lifted", "counts-of-pieces", "cells", _cover(lambda c: c.update(lifted=True))),
    Trap("counts-on-a-larger-region", "counts-of-pieces", "region", record(region="box(-4, 4)")),
    # Lower slopes.
    Trap("slopes-none", "bounds-with-lower-slopes", "bounds", lambda d: d["evidence"].pop("slopes")),
    Trap(
        "slopes-of-a-smaller-epsilon", "bounds-with-lower-slopes", "bounds", record(property="equivalent within 1/1000")
    ),
    Trap("slopes-of-no-block", "bounds-with-lower-slopes", "bounds", _slopes(0, block=7)),
    Trap("slopes-of-the-output", "bounds-with-lower-slopes", "bounds", _slopes(0, block=3)),
    Trap("slopes-of-the-input", "bounds-with-lower-slopes", "bounds", _slopes(0, block=0)),
    Trap("slopes-of-units-beyond", "bounds-with-lower-slopes", "bounds", _slopes(0, units=[0, 9])),
    Trap("slopes-of-units-turned", "bounds-with-lower-slopes", "format", _slopes(0, units=[1, 0])),
    Trap(
        "slopes-twice",
        "bounds-with-lower-slopes",
        "bounds",
        lambda d: d["evidence"]["slopes"].append(d["evidence"]["slopes"][0]),
    ),
    Trap("slopes-of-other-width", "bounds-with-lower-slopes", "format", _slopes(0, width=9)),
    Trap("slopes-with-bits-beyond", "bounds-with-lower-slopes", "format", _slopes(0, on="////")),
    Trap("slopes-of-a-box-that-is-cut", "bounds-with-lower-slopes", "bounds", evidence(nodes=3, bits=1, cuts="gA==")),
    # Quantized networks.
    Trap(
        "quantized-of-a-smaller-epsilon",
        "difference-of-quantized",
        "difference",
        record(property="equivalent within 1/4"),
    ),
    Trap("quantized-without-a-word", "difference-of-quantized", "ledger", record(ledger=[])),
    Trap("quantized-with-another-scale", "difference-of-quantized", "network", _quantizer(scale=["1/8", "1/8"])),
    Trap("quantized-without-roundoff", "difference-of-quantized", "network", _quantizer(roundoff="0")),
    Trap(
        "quantized-ends-exchanged", "difference-of-quantized", "format", _quantizer(low=["7", "7"], high=["-8", "-8"])
    ),
    Trap("quantized-and-equal", "difference-of-quantized", "format", record(property="equivalent")),
]
