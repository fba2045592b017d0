"""Regions: boxes, balls, polyhedra, segments and slices, all exact."""

from verify.region.bases import Box, L1Ball
from verify.region.region import (
    Chart,
    HalfSpace,
    Region,
    ball,
    box,
    everything,
    intersection,
    l1_ball,
    nonnegative,
    polyhedron,
    segment,
    window,
)

__all__ = [
    "Box",
    "Chart",
    "HalfSpace",
    "L1Ball",
    "Region",
    "ball",
    "box",
    "everything",
    "intersection",
    "l1_ball",
    "nonnegative",
    "polyhedron",
    "segment",
    "window",
]
