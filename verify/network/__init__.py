"""The canonical form of a network, the layers that lower to it, and float evaluation."""

from verify.network.builder import Builder, Tensor
from verify.network.network import Block, InputPart, Network

__all__ = ["Block", "Builder", "InputPart", "Network", "Tensor"]
