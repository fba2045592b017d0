"""Hypothesis strategies for networks, regions, points and claims, many of them degenerate on purpose.

    from hypothesis import given
    from verify import strategies

    @given(strategies.networks())
    def test_my_exporter(network): ...

Every number is an exact rational. Failing examples shrink to few units with small integer weights, and what was drawn
is printed with them. ``load_profile`` sets how many examples are tried: ``quick``, ``ci`` or ``campaign``.
"""

from verify.strategies.claims import claims
from verify.strategies.convolutions import conv_networks
from verify.strategies.networks import Activation, activations, describe, networks
from verify.strategies.profiles import PROFILES, load_profile
from verify.strategies.regions import points_in, regions

__all__ = [
    "PROFILES",
    "Activation",
    "activations",
    "claims",
    "conv_networks",
    "describe",
    "load_profile",
    "networks",
    "points_in",
    "regions",
]
