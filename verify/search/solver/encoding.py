"""Networks and regions as terms of Z3."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import z3

from verify.network import Network
from verify.rational import exact_text
from verify.region import Box
from verify.region.region import Region

Reals = list[Any]


def encoded(network: Network, inputs: Sequence[Any], solver: Any, prefix: str) -> Reals:
    """The network's outputs as Z3 terms; every pre-activation gets a variable of its own."""
    network.require_piecewise_linear("an encoding in linear arithmetic")
    values: dict[int, Reals] = {0: list(inputs)}
    for k, block in enumerate(network.blocks, start=1):
        sums: list[list[Any]] = [[real(b)] for b in block.bias.fractions()]
        for source, matrix in block.inputs:
            rows, columns = matrix.row_of_entry.tolist(), matrix.columns.tolist()
            for row, column, weight in zip(rows, columns, matrix.fractions(), strict=True):
                sums[row].append(real(weight) * values[source][column])
        outputs = []
        for i, parts in enumerate(sums):
            z = z3.Real(f"{prefix}_{k}_{i}")
            solver.add(z == total(parts))
            outputs.append(z3.If(z > 0, z, z3.RealVal(0)) if block.relu else z)
        values[k] = outputs
    return values[len(network.blocks)]


def inside(region: Region, point: Sequence[Any], prefix: str) -> list[Any]:
    """Z3 constraints that the (ambient) point lies in the region."""
    constraints = []
    t = list(point)
    if region.chart is not None:
        t = [z3.Real(f"{prefix}_c{j}") for j in range(region.dimension)]
        sums = [[real(o)] for o in region.chart.origin.fractions()]
        directions = region.chart.directions
        for row, column, value in zip(
            directions.row_of_entry.tolist(), directions.columns.tolist(), directions.fractions(), strict=True
        ):
            sums[row].append(real(value) * t[column])
        constraints += [x == total(parts) for x, parts in zip(point, sums, strict=True)]
    base = region.base
    if isinstance(base, Box):
        for j, (low, high) in enumerate(zip(base.low.fractions(), base.high.fractions(), strict=True)):
            if base.low_finite[j]:
                constraints.append(t[j] >= real(low))
            if base.high_finite[j]:
                constraints.append(t[j] <= real(high))
    else:
        gaps = [z3.Abs(x - real(c)) for x, c in zip(t, base.midpoint.fractions(), strict=True)]
        constraints.append(total(gaps) <= real(base.radius))
    for row in region.rows:
        left = total([real(a) * x for a, x in zip(row.coefficients.fractions(), t, strict=True) if a])
        constraints.append(left <= real(row.bound))
    return constraints


def real(value: Fraction) -> Any:
    """The number as a term."""
    return z3.RealVal(exact_text(value))


def total(terms: Reals) -> Any:
    """The sum; SMT-LIB has none of fewer than two terms."""
    if len(terms) == 1:
        return terms[0]
    return z3.Sum(terms) if terms else z3.RealVal(0)
