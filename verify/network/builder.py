"""Layers on tensors, lowered to blocks of the canonical form: all of them by name.

net = Builder((1, 4, 4), "mine")
y = conv(net.input, kernel, bias, pads=(1, 1)).named("conv1")
network = net.build(dense(relu(y).flatten(), w, b))

Windows and smooth activations are loaded when they are asked for: a network that has none is read without them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from verify.network.layers import (
    absolute,
    check_entry_count,
    clip,
    concatenated,
    dense,
    leaky_relu,
    maximum,
    minimum,
    multiplied,
    relu,
)

if TYPE_CHECKING:
    from verify.network.activations import SELU_ALPHA, SELU_SCALE, celu, elu, gelu, selu, sigmoid, silu, softplus, tanh
    from verify.network.windows import average_pool, conv, max_pool, window_positions

__all__ = [
    "SELU_ALPHA",
    "SELU_SCALE",
    "absolute",
    "average_pool",
    "celu",
    "check_entry_count",
    "clip",
    "concatenated",
    "conv",
    "dense",
    "elu",
    "gelu",
    "leaky_relu",
    "max_pool",
    "maximum",
    "minimum",
    "multiplied",
    "relu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "tanh",
    "window_positions",
]
_WINDOWS = ("average_pool", "conv", "max_pool", "window_positions")


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'verify.network.builder' has no attribute {name!r}")
    home = importlib.import_module(f"verify.network.{'windows' if name in _WINDOWS else 'activations'}")
    return getattr(home, name)
