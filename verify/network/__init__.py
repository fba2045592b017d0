"""The canonical form of a network, the layers that lower to it, and float evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from verify.network.network import Block, InputPart, Network

if TYPE_CHECKING:
    from verify.network.tensor import Builder, Tensor

__all__ = ["Block", "Builder", "InputPart", "Network", "Tensor"]


def __getattr__(name: str) -> Any:
    """What makes networks is loaded when it is asked for."""
    if name not in ("Builder", "Tensor"):
        raise AttributeError(f"module 'verify.network' has no attribute {name!r}")
    from verify.network import tensor

    return getattr(tensor, name)
