"""The truth about a network near a point, found without the engines: plain fractions where the network is small."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.kernel.core.cell import cell_of
from verify.kernel.exact import evaluate, pattern_at
from verify.network import Network
from verify.rational import Vector, vector

# Products of fractions that the plain computation may take.
PLAIN_WORK = 200_000


@dataclass(frozen=True)
class Piece:
    """The affine map x -> A x + c that holds around a point: a row of A and one entry of c for each output."""

    slopes: list[list[Fraction]]
    constants: list[Fraction]

    def at(self, point: list[Fraction]) -> list[Fraction]:
        """Its values at a point."""
        return [dot(row, point) + c for row, c in zip(self.slopes, self.constants, strict=True)]


@dataclass(frozen=True)
class Crossing:
    """eps*, where the first ReLU switches, and the gradient of that unit, turned towards zero."""

    radius: Fraction
    towards: list[Fraction]


def dot(left: list[Fraction], right: list[Fraction]) -> Fraction:
    """The sum of products."""
    return sum((a * b for a, b in zip(left, right, strict=True) if a and b), Fraction(0))


def is_plain(network: Network) -> bool:
    """Whether the network is small enough for plain fractions."""
    return network.weight_count * (network.input_size + 1) <= PLAIN_WORK


def zero_piece(network: Network) -> Piece:
    """The map that is zero everywhere."""
    rows = range(network.output_size)
    return Piece([[Fraction(0)] * network.input_size for _ in rows], [Fraction(0) for _ in rows])


def piece_at(network: Network, centre: Vector) -> Piece:
    """The affine map of f around the centre."""
    if is_plain(network):
        last = plain_forms(network, centre)[-1]
        return Piece([row[:-1] for row in last], [row[-1] for row in last])
    forms = cell_of(network, pattern_at(network, centre)).outputs()
    return Piece([form.coefficients.fractions() for form in forms], [form.constant for form in forms])


def deviations_at(network: Network, point: list[Fraction], piece: Piece) -> list[Fraction]:
    """|f - (A x + c)| for each output at a point, exactly."""
    values = plain_value(network, point) if is_plain(network) else evaluate(network, vector(point)).fractions()
    return [abs(a - b) for a, b in zip(values, piece.at(point), strict=True)]


def plain_crossing(network: Network, centre: Vector) -> Crossing | None:
    """eps* = min |z| / ||gradient of z||_1 over the ReLU units; None where no unit depends on the input."""
    x = [*centre.fractions(), Fraction(1)]
    best: Crossing | None = None
    for block, forms in zip(network.blocks, plain_forms(network, centre), strict=True):
        for form in forms if block.relu else ():
            z, norm = dot(form, x), sum(map(abs, form[:-1]), Fraction(0))
            if norm and (best is None or abs(z) / norm < best.radius):
                best = Crossing(abs(z) / norm, [-a if z > 0 else a for a in form[:-1]])
    return best


def plain_forms(network: Network, centre: Vector) -> list[list[list[Fraction]]]:
    """For each block and unit the coefficients and the constant of its pre-activation around the centre."""
    size = network.input_size
    x = [*centre.fractions(), Fraction(1)]
    outputs = [[[Fraction(i == j) for j in range(size + 1)] for i in range(size)]]
    result = []
    for block in network.blocks:
        forms = [[Fraction(0)] * size + [b] for b in block.bias.fractions()]
        for source, matrix in block.inputs:
            rows, columns = matrix.row_of_entry.tolist(), matrix.columns.tolist()
            for row, column, weight in zip(rows, columns, matrix.fractions(), strict=True):
                forms[row] = [
                    a + weight * b if b else a for a, b in zip(forms[row], outputs[source][column], strict=True)
                ]
        result.append(forms)
        off = [Fraction(0)] * (size + 1)
        outputs.append([off if block.relu and dot(form, x) <= 0 else form for form in forms])
    return result


def plain_value(network: Network, point: list[Fraction]) -> list[Fraction]:
    """f at a point."""
    outputs = [point]
    for block in network.blocks:
        z = block.bias.fractions()
        for source, matrix in block.inputs:
            rows, columns = matrix.row_of_entry.tolist(), matrix.columns.tolist()
            for row, column, weight in zip(rows, columns, matrix.fractions(), strict=True):
                z[row] += weight * outputs[source][column]
        outputs.append([max(v, Fraction(0)) for v in z] if block.relu else z)
    return outputs[-1]


def float_crossing(network: Network, x: NDArray[np.float64]) -> float:
    """eps* in float64, from the Jacobian of every block by forward accumulation."""
    jacobians = {0: np.eye(len(x))}
    values = {0: x}
    best = np.inf
    for k, block in enumerate(network.blocks, start=1):
        z = block.bias.floats() + sum(matrix.floats @ values[source] for source, matrix in block.inputs)
        jacobian = np.asarray(sum(matrix.floats @ jacobians[source] for source, matrix in block.inputs))
        if block.relu:
            norms = np.abs(jacobian).sum(axis=1)
            used = norms > 0
            best = min(best, float((np.abs(z[used]) / norms[used]).min(initial=np.inf)))
            jacobian *= (z > 0)[:, None]
            z = np.maximum(z, 0)
        jacobians[k], values[k] = jacobian, z
        for source in [s for s, last in network.last_use.items() if last == k]:
            del jacobians[source]
    return best
