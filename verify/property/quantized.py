"""Claims about quantized networks: proved for all values of what their roundings add, which become further inputs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.network import Network
from verify.network import matrix as matrices
from verify.network.loosening import loosened, radii
from verify.rational import Vector, concatenate, vector, zeros
from verify.region import Box, HalfSpace, Region
from verify.region.bases import Base, L1Ball
from verify.region.region import Chart


def loosened_pair(first: Network, region: Region, second: Network) -> tuple[Network, Region, Network]:
    """Both networks as functions of (x, e), and the region times the box of e: the first one's, then the other's."""
    mine, theirs = radii(first), radii(second)
    width = len(mine) + len(theirs)
    networks = loosened(first, 0, width), loosened(second, len(mine), width)
    return networks[0], with_errors(region, concatenate([mine, theirs])), networks[1]


def with_errors(region: Region, sizes: Vector) -> Region:
    """The points (x, e) with x in the region (an L1 ball: in the box around it) and ``|e| <= sizes``."""
    count, base = len(sizes), with_sides(region.base, sizes)
    rows = tuple(HalfSpace(concatenate([row.coefficients, zeros(count)]), row.bound) for row in region.rows)
    if region.chart is None:
        return Region(base, rows, text=region.text)
    directions, origin = region.chart.directions, concatenate([region.chart.origin, zeros(count)])
    places = np.arange(count)
    longer = matrices.from_triplets(
        np.concatenate([directions.row_of_entry, places + directions.shape[0]]),
        np.concatenate([directions.columns, places + directions.shape[1]]),
        matrices.joined([directions.entries, np.ones(count)]),
        (directions.shape[0] + count, directions.shape[1] + count),
    )
    return Region(base, rows, Chart(origin, longer), region.text)


def with_sides(base: Base, sizes: Vector) -> Box:
    """The box of (t, e) with t in the base and ``|e| <= sizes``."""
    box = base if isinstance(base, Box) else _around(base)
    known = np.ones(len(sizes), dtype=bool)
    return replace(
        box,
        low=concatenate([box.low, -sizes]),
        high=concatenate([box.high, sizes]),
        low_finite=np.concatenate([box.low_finite, known]),
        high_finite=np.concatenate([box.high_finite, known]),
    )


def _around(base: L1Ball) -> Box:
    centre, known = base.midpoint, np.ones(base.dimension, dtype=bool)
    spread = vector([base.radius] * base.dimension)
    return Box(centre - spread, centre + spread, known, known)
