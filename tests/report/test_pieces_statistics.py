"""Histograms of volumes in the terminal and as a picture."""

from __future__ import annotations

from fractions import Fraction
from xml.etree import ElementTree

from verify.arrangement import Volumes
from verify.report.pieces_statistics import MOST_BARS, MOST_LINES, histogram, volume_lines

SVG = "{http://www.w3.org/2000/svg}"


def volumes(buckets: dict[int, int], infinite: int = 0) -> Volumes:
    ends: list[Fraction | None] = [Fraction(2) ** k for k in sorted(buckets)]
    ends = ends or [None]
    return Volumes(buckets, infinite, ends[0], ends[-1])


def bars(found: Volumes) -> list[ElementTree.Element]:
    return ElementTree.fromstring(histogram(found).document()).findall(f"{SVG}rect")


def test_a_bar_for_each_power() -> None:
    found = bars(volumes({-3: 4, -1: 2}))
    assert [bar.findtext(f"{SVG}title") for bar in found] == [
        "2^-3 to 2^-2: 4 cells",
        "2^-2 to 2^-1: 0 cells",
        "2^-1 to 2^0: 2 cells",
    ]
    heights = [float(bar.attrib["height"]) for bar in found]
    assert heights[0] == 2 * heights[2] > heights[1] == 0


def test_powers_far_apart_share_bars_and_lines() -> None:
    found = volumes({-100_000: 1, -7: 2, 3: 5})
    assert 1 < len(bars(found)) <= MOST_BARS
    first, *lines = volume_lines(found)
    assert first.startswith("  volumes: ~") and 1 < len(lines) <= MOST_LINES
    assert [int(line.split()[3]) for line in (lines[0], lines[-1])] == [1, 7]
    assert all(not line.split()[4:] for line in lines[1:-1])


def test_infinite_cells() -> None:
    assert list(volume_lines(volumes({}, 3))) == ["  volumes: all 3 cells infinite"]
    assert next(volume_lines(volumes({0: 1}, 2))) == "  volumes: 1 to 1, 2 cells infinite"
    assert [bar.attrib["height"] for bar in bars(volumes({}, 3))] == ["0.00"]
    assert histogram(volumes({}, 3)).caption == "volumes: all 3 cells infinite"
