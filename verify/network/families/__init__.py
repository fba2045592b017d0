"""Families of networks: layers whose weights are known only by their ranges, and the members of such a family."""

from verify.network.families.description import Family, family
from verify.network.families.layers import Layer
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
from verify.network.families.ranges import Range

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
