"""Copies of a network that differ a little, and the literal question in Z3 whether two networks differ by more."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import z3

from tests.support.naive import plain_blocks
from verify.kernel.check import Verdict
from verify.network import Network
from verify.network import matrix as matrices
from verify.rational import Floats, vector, vector_from_floats
from verify.region import Box
from verify.region.bases import Base

Change = Callable[[Fraction], Fraction]


def changed(network: Network, change: Change, name: str = "near") -> Network:
    """The network with every weight and bias replaced."""
    blocks = []
    for block in network.blocks:
        inputs = []
        for source, matrix in block.inputs:
            entries = matrices.compact([change(w) for w in matrix.fractions()])
            inputs.append((source, matrices.from_triplets(matrix.row_of_entry, matrix.columns, entries, matrix.shape)))
        bias = vector([change(b) for b in block.bias.fractions()])
        blocks.append(replace(block, inputs=tuple(inputs), bias=bias))
    return Network(name, network.input_shape, network.output_shape, tuple(blocks))


def one_ulp(seed: int) -> Change:
    """Each number to a binary32 one beside it; 0 and what binary32 does not hold stay."""
    rng = random.Random(seed)

    def step(value: Fraction) -> Fraction:
        if not 1e-30 < abs(value) < 1e30:
            return value
        return Fraction(float(np.nextafter(np.float32(float(value)), np.float32(rng.choice([-np.inf, np.inf])))))

    return step


def float_copy(network: Network, seed: int) -> Network:
    """``changed(network, one_ulp(seed))`` for large networks of floats, with other random choices."""
    rng = np.random.default_rng(seed)

    def step(values: Floats) -> Floats:
        ends = np.where(rng.random(values.shape) < 0.5, -np.inf, np.inf).astype(np.float32)
        return np.where(values == 0, 0.0, np.nextafter(values.astype(np.float32), ends).astype(np.float64))

    blocks = []
    for block in network.blocks:
        inputs = tuple((s, replace(m, entries=step(np.asarray(m.entries, dtype=np.float64)))) for s, m in block.inputs)
        blocks.append(replace(block, inputs=inputs, bias=vector_from_floats(step(block.bias_floats))))
    return Network("near", network.input_shape, network.output_shape, tuple(blocks))


def differ_by_more(first: Network, second: Network, base: Base, bounds: list[Fraction]) -> Verdict:
    """REFUTED where some output of some point of the box differs by more than its bound."""
    assert isinstance(base, Box)
    solver = z3.Solver()
    solver.set("timeout", 10_000)
    xs = [z3.Real(f"x{i}") for i in range(first.input_size)]
    for x, low, high in zip(xs, base.low.fractions(), base.high.fractions(), strict=True):
        solver.add(x >= z3.Q(*low.as_integer_ratio()), x <= z3.Q(*high.as_integer_ratio()))
    f, g = (outputs_in_z3(network, xs) for network in (first, second))
    es = [z3.Q(*bound.as_integer_ratio()) for bound in bounds]
    solver.add(z3.Or(*(z3.Or(a - b > e, b - a > e) for a, b, e in zip(f, g, es, strict=True))))
    answers = {"sat": Verdict.REFUTED, "unsat": Verdict.PROVED, "unknown": Verdict.UNKNOWN}
    return answers[str(solver.check())]


def outputs_in_z3(network: Network, xs: list[Any]) -> list[Any]:
    values, z = [xs], xs
    for block in plain_blocks(network):
        z = [z3.Q(*b.as_integer_ratio()) for b in block.bias]
        for source, row, column, weight in block.weights:
            z[row] = z[row] + z3.Q(*weight.as_integer_ratio()) * values[source][column]
        values.append([z3.If(v > 0, v, z3.RealVal(0)) for v in z] if block.relu else z)
    return z
