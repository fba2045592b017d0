"""Draw a lattice network: a maximum of minima of few affine functions, with many activation cells and few pieces.

    python examples/lattice.py docs/lattice.svg docs/volumes.svg

The second file, if named, gets a histogram of the volumes of its cells.

The network is made here, from eight planes with small whole numbers: f(x) = max over i of min over j in S_i of
a_j . x + b_j, every maximum and minimum as a tree of ReLU units. Each comparison that a tree makes switches a unit
somewhere; where the compared plane is not the one that wins in the end, nothing happens to f.
"""

from __future__ import annotations

import random
import sys
from functools import reduce
from pathlib import Path

import verify
from verify.arrangement import volume_histogram
from verify.network import Builder, Network, Tensor
from verify.network.builder import dense, maximum
from verify.report.pieces import picture
from verify.report.pieces_statistics import histogram

PLANES, TERMS, WIDTH, SEED = 8, 6, 4, 5


def lattice(planes: int = PLANES, terms: int = TERMS, width: int = WIDTH, seed: int = SEED) -> Network:
    """A two-level lattice of random planes over two inputs."""
    rng = random.Random(seed)
    builder = Builder((2,), "lattice")
    weights = [[rng.randint(-8, 8) for _ in range(2)] for _ in range(planes)]
    values = dense(builder.input, weights, [rng.randint(-6, 6) for _ in range(planes)])
    places = values.positions()
    minima = [
        -_greatest([-values.take(places[j : j + 1]) for j in rng.sample(range(planes), width)]) for _ in range(terms)
    ]
    return builder.build(_greatest(minima))


def _greatest(values: list[Tensor]) -> Tensor:
    """A balanced tree of maxima."""
    while len(values) > 1:
        pairs = [values[i : i + 2] for i in range(0, len(values), 2)]
        values = [reduce(maximum, pair) for pair in pairs]
    return values[0]


def main() -> None:
    """Write the picture to the first path given, the histogram to the second."""
    found = verify.pieces(lattice(), "box(-2, 2)")
    drawn = picture(found)
    Path(sys.argv[1]).write_text(drawn.document(), encoding="utf-8")
    print(drawn.caption)
    for path in sys.argv[2:3]:
        Path(path).write_text(histogram(volume_histogram(found)).document(), encoding="utf-8")


if __name__ == "__main__":
    main()
