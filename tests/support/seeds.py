"""Seeds of random tests: the same in every ``make test``, fresh ones in every ``make campaign``."""

from __future__ import annotations

import os
from typing import Any

import pytest

# Set by make campaign; seeds of other runs do not overlap with these, nor with the fixed ones.
FRESH = (1 + int(os.environ.get("VERIFY_SEED", "0"))) * 1_000_000


def chunks(first: int, size: int, count: int, campaign: int = 0) -> list[Any]:
    """Parameters, each a range of ``size`` seeds: ``count`` from ``first`` on, and ``campaign`` fresh ones.

    The first range is always tried, the others of the fixed ones are marked ``slow``, the fresh ones ``campaign``. The
    id of each says its seeds, so that what fails can be repeated with the same ``VERIFY_SEED``.
    """
    fixed = range(first, first + size * count, size)
    fresh = range(FRESH + first, FRESH + first + size * campaign, size)
    marked = [(start, [pytest.mark.slow] if start > first else []) for start in fixed]
    marked += [(start, [pytest.mark.campaign]) for start in fresh]
    return [pytest.param(range(a, a + size), id=f"{a}-{a + size - 1}", marks=marks) for a, marks in marked]
