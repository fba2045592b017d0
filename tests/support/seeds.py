"""Seeds of random tests: the same in every ``make test``, fresh ones in every ``make campaign``."""

from __future__ import annotations

import os
from typing import Any

import pytest

# Set by make campaign; seeds of other runs do not overlap with these, nor with the fixed ones.
FRESH = (1 + int(os.environ.get("VERIFY_SEED", "0"))) * 1_000_000


def chunks(first: int, size: int, count: int, campaign: int = 0) -> list[Any]:
    """Parameters, each a range of ``size`` seeds: ``count`` from ``first`` on, and ``campaign`` fresh ones.

    The fresh ones carry the marker ``campaign``; the id of each says its seeds, so that what fails can be repeated
    with the same ``VERIFY_SEED``.
    """
    fixed = [range(start, start + size) for start in range(first, first + size * count, size)]
    fresh = [range(start, start + size) for start in range(FRESH + first, FRESH + first + size * campaign, size)]
    return [pytest.param(seeds, id=f"{seeds.start}-{seeds.stop - 1}") for seeds in fixed] + [
        pytest.param(seeds, id=f"{seeds.start}-{seeds.stop - 1}", marks=pytest.mark.campaign) for seeds in fresh
    ]
