"""Upper bounds on the number of activation cells that follow from the sizes of the layers alone."""

from __future__ import annotations

from math import comb

from verify.network import Network


def montufar_bound(network: Network, dimension: int) -> int:
    """The product over layers of ``sum_{j <= r} C(n, j)``, n the units that a layer has (Montufar 2017, Zaslavsky).

    On a cell of the earlier layers a layer reads affine functions of rank r at most: no more than the region's
    dimension, than the units that an earlier layer has, and than the ranks of all that is read together. So n
    hyperplanes divide the cell as n hyperplanes divide a space of r dimensions, into that many parts at most.
    """
    ranks, bound = {0: dimension}, 1
    for k, block in enumerate(network.blocks, start=1):
        rank = min(dimension, sum(ranks[source] for source, _ in block.inputs))
        if block.relu:
            bound *= sum(comb(block.size, j) for j in range(min(rank, block.size) + 1))
        ranks[k] = min(rank, block.size)
    return bound
