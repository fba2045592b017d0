"""Seeds of random tests: the same in every ``make test``, fresh ones in every ``make campaign``.

Fresh ones are collected only where ``VERIFY_SEED`` is set: there are thousands of them.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import settings

# Set by make campaign.
SEED = os.environ.get("VERIFY_SEED")
# Seeds of other runs do not overlap with these, nor with the fixed ones.
FRESH = (1 + int(SEED or 0)) * 1_000_000


def chunks(first: int, size: int, count: int, campaign: int = 0) -> list[Any]:
    """Parameters, each a range of ``size`` seeds: ``count`` from ``first`` on, and ``campaign`` fresh ones.

    The first range is always tried, the others of the fixed ones are marked ``slow``, the fresh ones ``campaign``. The
    id of each says its seeds, so that what fails can be repeated with the same ``VERIFY_SEED``.
    """
    fixed = range(first, first + size * count, size)
    fresh = range(FRESH + first, FRESH + first + size * campaign, size) if SEED else range(0)
    marked = [(start, [pytest.mark.slow] if start > first else []) for start in fixed]
    marked += [(start, [pytest.mark.campaign]) for start in fresh]
    return [pytest.param(range(a, a + size), id=f"{a}-{a + size - 1}", marks=marks) for a, marks in marked]


def fresh(count: int) -> range:
    """So many fresh seeds, for a test that is only run by ``make campaign`` and counts over all of them."""
    found = range(FRESH, FRESH + count)
    print(f"seeds {found.start} to {found.stop - 1}")
    return found


def seeds(count: int, campaign: int) -> list[Any]:
    """Parameters, each one seed: those below ``count`` always, and ``campaign`` fresh ones."""
    fresh = range(FRESH, FRESH + campaign) if SEED else range(0)
    return [*range(count), *(pytest.param(seed, marks=pytest.mark.campaign) for seed in fresh)]


def draws(count: int, **more: Any) -> settings:
    """Settings of a Hypothesis test that draws ``count`` examples in ``make test``, others in proportion."""
    return settings(max_examples=max(10, count * settings().max_examples // 50), deadline=None, **more)
