"""The canonical form of a network, the layers that lower to it, and float evaluation."""

from verify.network.network import Block, InputPart, Network
from verify.network.tensor import Builder, Tensor

__all__ = ["Block", "Builder", "InputPart", "Network", "Tensor"]
