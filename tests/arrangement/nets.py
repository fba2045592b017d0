"""Networks of the reference counts, and others that are hard to count."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from verify.network import Builder, Network
from verify.network.builder import dense, relu


def reference(sizes: Sequence[int], seed: int) -> Network:
    """Dense float32 weights: ``normal(0, sqrt(2/m))`` and biases ``normal(0, 1/2)``, layer by layer."""
    rng = np.random.default_rng(seed)
    layers = []
    for m, n in pairwise(sizes):
        weights = rng.normal(0, np.sqrt(2 / m), (n, m)).astype(np.float32)
        bias = rng.normal(0, 0.5, (n,)).astype(np.float32)
        layers.append((weights.astype(float).tolist(), bias.astype(float).tolist()))
    return chain(layers)


def chain(layers: Sequence[tuple[Any, Any]]) -> Network:
    """Dense layers with ReLU behind all but the last."""
    builder = Builder((len(layers[0][0][0]),), "chain")
    x = builder.input
    for place, (weights, bias) in enumerate(layers, start=1):
        x = dense(x.named(f"dense{place}"), weights, bias)
        x = relu(x) if place < len(layers) else x
    return builder.build(x)


def degenerate(path: Path) -> dict[str, tuple[Network, int, int]]:
    """The networks of a file of layers in hexadecimal floats, each with its numbers of cells and of maps."""
    found = {}
    for name, net in json.loads(path.read_text(encoding="utf-8")).items():
        layers = [
            ([[float.fromhex(v) for v in row] for row in layer["W"]], [float.fromhex(v) for v in layer["b"]])
            for layer in net["layers"]
        ]
        found[name] = (chain(layers), net["cells"], net["distinct_affine_maps"])
    return found
