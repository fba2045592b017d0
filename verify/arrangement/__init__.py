"""Exact linear regions: activation cells, the linear pieces that they form, and their affine maps.

    found = count(network, region, Budget(60))
    found.cells, found.pieces, found.affine_maps

Cells are those of the network as lowered (``docs/pieces.md`` says what that means for max-pooling), of full dimension
in the region's affine hull.
"""

from verify.arrangement.counting import CountInterrupted, Pieces, average_degree, count
from verify.arrangement.statistics import Samples, Volumes, samples, volume_histogram

__all__ = [
    "CountInterrupted", "Pieces", "Samples", "Volumes", "average_degree", "count", "samples", "volume_histogram",
]  # fmt: skip
