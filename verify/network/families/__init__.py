"""Families of networks: layers whose weights are known only by their ranges, and the members of such a family."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from verify.network.families.description import Family, family
from verify.network.families.layers import Layer
from verify.network.families.ranges import Range

if TYPE_CHECKING:
    from verify.network.families.making import (
        absolute,
        add,
        average_pool,
        batch_norm,
        clip,
        conv,
        dense,
        flatten,
        leaky_relu,
        max_pool,
        pad,
        relu,
    )
    from verify.network.families.members import Weights, member

__all__ = [
    "Family",
    "Layer",
    "Range",
    "Weights",
    "absolute",
    "add",
    "average_pool",
    "batch_norm",
    "clip",
    "conv",
    "dense",
    "family",
    "flatten",
    "leaky_relu",
    "max_pool",
    "member",
    "pad",
    "relu",
]


def __getattr__(name: str) -> Any:
    """What makes layers and members is loaded when it is asked for."""
    if name not in __all__:
        raise AttributeError(f"module 'verify.network.families' has no attribute {name!r}")
    home = "members" if name in ("Weights", "member") else "making"
    return getattr(importlib.import_module(f"verify.network.families.{home}"), name)
