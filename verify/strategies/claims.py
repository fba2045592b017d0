"""A strategy for claims."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import note
from hypothesis import strategies as st

from verify.network import Network
from verify.property import CATALOGUE, Claim, find
from verify.strategies.networks import networks
from verify.strategies.regions import regions


@st.composite
def claims(
    draw: st.DrawFn,
    *,
    properties: Sequence[str] = tuple(CATALOGUE),
    network: st.SearchStrategy[Network] | None = None,
) -> Claim:
    """A property of a small network on a region; an ``equivalent`` claim compares it with itself or with another one.

    ``properties`` names those to choose from, ``network`` replaces ``networks()``.
    """
    name = draw(st.sampled_from(list(properties)))
    first = draw(networks() if network is None else network)
    second = None
    if find(name).needs_second:
        again = networks(inputs=first.input_size, outputs=first.output_size)
        second = draw(st.just(first) | again)
    region = draw(regions(first.input_size))
    note(f"{name} on {region.text}")
    return Claim(first, find(name), region, second)
