"""Draw the exact linear pieces of the digits network on a two-dimensional slice through one image.

    python examples/picture.py docs/pieces.svg

Every polygon is one activation cell; colours show the direction of the gradient of the first output. The dot in
the middle is the image itself.
"""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import verify
from verify.formats.expressions import parse_point
from verify.rational import Vector, vector
from verify.region import window
from verify.report.pieces import LEFT, RIGHT, TOP, WIDTH, picture

ROOT = Path(__file__).resolve().parent
REACH = Fraction(1, 12)


def directions(size: int) -> list[Vector]:
    """Two plain directions: the left half of the image gets brighter, and the upper half."""
    side = int(size**0.5)
    left = [Fraction(int(i % side < side // 2)) for i in range(size)]
    upper = [Fraction(int(i // side < side // 2)) for i in range(size)]
    return [vector(left), vector(upper)]


def main() -> None:
    """Write the picture to the path given."""
    network = verify.load(ROOT / "digits_conv.onnx")
    centre = parse_point(str(ROOT / "digits_point.npy"), network.input_size)
    region = window(centre, directions(len(centre)), [-REACH, -REACH], [REACH, REACH])
    drawn = picture(verify.pieces(network, region))
    half = (WIDTH - LEFT - RIGHT) / 2
    dot = f'<circle cx="{LEFT + half:.0f}" cy="{TOP + half:.0f}" r="4" fill="#111" stroke="#fff"/>'
    Path(sys.argv[1]).write_text(drawn.document().replace("</svg>", f"{dot}</svg>"), encoding="utf-8")
    print(drawn.caption)


if __name__ == "__main__":
    main()
