"""A network computed in a floating-point precision, its sums in a random order: what an implementation may do."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import numpy as np

from verify.network import Network
from verify.rational import Floats, Vector


def computed(network: Network, x: Vector, dtype: str, rng: random.Random, *, fused: bool = False) -> Floats:
    """Outputs in ``dtype``: every operation rounds; ``fused`` rounds product and addition once."""
    kind = np.dtype(dtype).type
    outputs: list[list[Any]] = [[_rounded(v, kind) for v in x.fractions()]]
    with np.errstate(all="ignore"):
        for block in network.blocks:
            terms: list[list[tuple[Any, Any]]] = [[] for _ in range(block.size)]
            for source, matrix in block.inputs:
                places = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
                for row, column, weight in places:
                    terms[row].append((_rounded(weight, kind), outputs[source][column]))
            biases = [_rounded(b, kind) for b in block.bias.fractions()]
            sums = [(_fused if fused else _tree)(row, bias, kind, rng) for row, bias in zip(terms, biases, strict=True)]
            outputs.append([max(z, kind(0)) if block.relu and not np.isnan(z) else z for z in sums])
    return np.array(outputs[-1], dtype=np.float64)


def _rounded(value: Fraction, kind: Any) -> Any:
    try:
        return kind(value.numerator / value.denominator)
    except OverflowError:
        return kind(np.inf if value > 0 else -np.inf)


def _tree(terms: list[tuple[Any, Any]], bias: Any, kind: Any, rng: random.Random) -> Any:
    """Products and bias, two at a time, until one number is left."""
    values = [bias, *(w * y for w, y in terms)]
    while len(values) > 1:
        rng.shuffle(values)
        values.append(kind(values.pop() + values.pop()))
    return values[0]


def _fused(terms: list[tuple[Any, Any]], bias: Any, kind: Any, rng: random.Random) -> Any:
    """``total = round(w y + total)``, from the bias or to it."""
    late = rng.random() < 0.5
    total = kind(0) if late else bias
    for w, y in rng.sample(terms, len(terms)):
        if not (np.isfinite(w) and np.isfinite(y) and np.isfinite(total)):
            return kind(np.nan)
        total = _rounded(Fraction(float(w)) * Fraction(float(y)) + Fraction(float(total)), kind)
    return kind(total + bias) if late else total
