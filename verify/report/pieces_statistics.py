"""Volumes of cells and counts on random segments and slices, as data and for the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from verify.arrangement.statistics import Samples, Volumes
from verify.rational import counted, display, exact_text

COUNTS = {"cells": "activation cells", "pieces": "linear pieces", "affine_maps": "affine maps"}
# Lines of a histogram, and the longest bar.
MOST_LINES, BAR = 16, 24


def volumes_json(found: Volumes | str) -> dict[str, Any]:
    """``buckets`` by their exponents k: that many cells have a volume in [2^k, 2^(k + 1)); or why there are none."""
    if not isinstance(found, Volumes):
        return {"buckets": None, "infinite": None, "smallest": None, "largest": None, "reason": found}
    ends = {"smallest": found.smallest, "largest": found.largest}
    return {
        "buckets": {str(k): number for k, number in found.buckets.items()},
        "infinite": found.infinite,
        **{name: None if value is None else exact_text(value) for name, value in ends.items()},
        "reason": "",
    }


def samples_json(found: Samples) -> dict[str, Any]:
    """All counts, and the mean, least and largest of each."""
    every = {name: list(found.of(name)) for name in COUNTS}
    return {
        "asked": found.asked,
        "counted": len(found.found),
        "seed": found.seed,
        "reason": found.reason,
        **{
            name: {"mean": exact_text(found.mean(name)), "min": min(each), "max": max(each), "each": each}
            if each
            else None
            for name, each in every.items()
        },
    }


def volume_lines(found: Volumes | str | None) -> Iterator[str]:
    """The histogram, with as many powers of two to a line as it takes to be short."""
    if not isinstance(found, Volumes):
        if found:
            yield f"  volumes: {found}"
        return
    if found.smallest is None or found.largest is None:
        yield f"  volumes: all {counted(found.infinite, 'cell')} infinite"
        return
    rest = f", {counted(found.infinite, 'cell')} infinite" if found.infinite else ""
    yield f"  volumes: {display(found.smallest, 12)} to {display(found.largest, 12)}{rest}"
    low, high = min(found.buckets), max(found.buckets)
    step = -(-(high - low + 1) // MOST_LINES)
    rows = [
        (k, sum(number for power, number in found.buckets.items() if k <= power < k + step))
        for k in range(low, high + 1, step)
    ]
    most = max(number for _, number in rows)
    names = [f"2^{k} to 2^{k + step}" for k, _ in rows]
    widths = max(map(len, names)), len(str(most))
    for name, (_, number) in zip(names, rows, strict=True):
        bar = "#" * max(round(BAR * number / most), int(number > 0))
        yield f"    {name:<{widths[0]}}  {number:>{widths[1]}} {bar}".rstrip()


def sample_lines(found: Samples) -> Iterator[str]:
    """Mean, least and largest count."""
    asked = f" of {found.asked}" if found.reason else ""
    name = found.kind[:-1]
    yield f"  {len(found.found)}{asked} random {name if found.asked == 1 else found.kind} (seed {found.seed})"
    if found.found:
        rows = [("", "mean", "min", "max")]
        for key, text in COUNTS.items():
            values = found.of(key)
            rows.append((text, f"{float(found.mean(key)):.4g}", str(min(values)), str(max(values))))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        for row in rows:
            yield f"    {row[0]:<{widths[0]}}" + "".join(f"  {row[i]:>{widths[i]}}" for i in (1, 2, 3))
    if found.reason:
        yield f"    not all counted: {found.reason}"
