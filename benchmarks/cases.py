"""The networks and boxes of the decision benchmark, and the truth about each, found without the engines.

A network comes with a centre x0; eps* is the radius of the largest box around x0 on which no ReLU switches, so f is
affine on every box of radius up to eps*. Beyond it f is not affine if it differs, at some point of the box, from the
affine map A x + c that holds around x0; the corner towards the unit that switches first is tried. A pair net reads
each hidden unit only through relu(z) - relu(-z) = z, and so is affine on every box.

For small networks all of this is computed here with plain fractions. For large ones eps* comes from
``verify.radius`` and is checked against a float64 Jacobian, the values come from the kernel's exact evaluation.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import verify
from verify.kernel.exact import cell_of, evaluate, pattern_at
from verify.network import Builder, Network
from verify.network.builder import Tensor, conv, dense, relu
from verify.rational import Vector, vector
from verify.region import Region, ball

NETWORKS = Path(os.environ.get("VERIFY_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))

# Radii of the boxes, as multiples of eps*.
KINDS = {"affine": Fraction(19, 20), "x2": Fraction(2), "near": Fraction(10001, 10000)}

# Products of fractions that the plain computation may take.
PLAIN_WORK = 200_000
# eps* from a float64 Jacobian and the exact one agree this well, or the benchmark stops.
FLOAT_AGREEMENT = 1e-6


@dataclass(frozen=True)
class Subject:
    """One network of the benchmark and the point in the middle of its boxes."""

    name: str
    load: Callable[[], Network]
    centre: Callable[[], Vector]
    file: Path | None = None
    is_pair: bool = False
    is_large: bool = False

    @property
    def kinds(self) -> tuple[str, ...]:
        """The boxes on which it is measured."""
        return ("box(-1, 1)",) if self.is_pair else tuple(KINDS)


@dataclass(frozen=True)
class Case:
    """A network on one box, with the truth about it.

    ``deviation`` is of f from its affine map at a corner of the box, ``output`` the one that deviates most beyond it.
    """

    subject: str
    kind: str
    relus: int
    radius: Fraction
    is_affine: bool
    deviation: float
    output: int
    truth_by: str

    @property
    def name(self) -> str:
        return f"{self.subject} {self.kind}"


@dataclass(frozen=True)
class Piece:
    """The affine map x -> A x + c that holds around a point: a row of A and one entry of c for each output."""

    slopes: list[list[Fraction]]
    constants: list[Fraction]

    def at(self, point: list[Fraction]) -> list[Fraction]:
        """Its values at a point."""
        return [_dot(row, point) + c for row, c in zip(self.slopes, self.constants, strict=True)]


@dataclass(frozen=True)
class Crossing:
    """eps*, the gradient of the unit that switches there, turned towards zero, and how eps* was found."""

    radius: Fraction
    towards: list[Fraction]
    found_by: str


def _dot(left: list[Fraction], right: list[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(left, right, strict=True) if a and b), Fraction(0))


# Networks.


def _normal(rng: np.random.Generator, scale: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return rng.normal(0, scale, shape).astype(np.float32)


def mlp(sizes: tuple[int, ...], seed: int) -> Network:
    """Dense layers with ReLU between them, random weights rounded to float32."""
    rng = np.random.default_rng(seed)
    net = Builder((sizes[0],), "mlp")
    x = net.input
    for i, (inputs, outputs) in enumerate(pairwise(sizes)):
        x = relu(x.named(f"relu{i}")) if i else x
        x = dense(x, _normal(rng, (2 / inputs) ** 0.5, (outputs, inputs)), _normal(rng, 0.5, (outputs,)))
    return net.build(x)


def pair(sizes: tuple[int, ...], seed: int) -> Network:
    """The same shape, but each hidden layer holds z and -z, and is read only as relu(z) - relu(-z) = z."""
    rng = np.random.default_rng(seed)
    net = Builder((sizes[0],), "pair")
    x, inputs = net.input, sizes[0]
    for i, size in enumerate(sizes[1:]):
        is_last = i == len(sizes) - 2
        outputs = size if is_last else size // 2
        weight, bias = _normal(rng, (2 / inputs) ** 0.5, (outputs, inputs)), _normal(rng, 0.5, (outputs,))
        if i:
            x, weight = relu(x.named(f"relu{i}")), np.concatenate([weight, -weight], axis=1)
        if not is_last:
            weight, bias = np.concatenate([weight, -weight]), np.concatenate([bias, -bias])
        x, inputs = dense(x, weight, bias), outputs
    return net.build(x)


def small_conv(seed: int) -> Network:
    """Input 1 x 6 x 6, two 3 x 3 convolutions (48 and 32 ReLU), one output."""
    rng = np.random.default_rng(seed)
    net = Builder((1, 6, 6), "conv")
    first = _conv(rng, net.input, 3).named("conv1")
    second = _conv(rng, relu(first), 8).named("conv2")
    return net.build(dense(relu(second).flatten(), _normal(rng, 0.25, (1, 32)), _normal(rng, 0.5, (1,))))


def _conv(rng: np.random.Generator, x: Tensor, channels: int) -> Tensor:
    inputs = x.shape[0]
    return conv(x, _normal(rng, (2 / (9 * inputs)) ** 0.5, (channels, inputs, 3, 3)), _normal(rng, 0.5, (channels,)))


def _random_point(size: int, low: float, high: float) -> Vector:
    values = np.random.default_rng(1).uniform(low, high, size).astype(np.float32)
    return vector(values.tolist())


def _origin(size: int) -> Vector:
    return vector([0] * size)


def _made(name: str, make: Callable[[], Network], size: int) -> Subject:
    return Subject(name, make, partial(_random_point, size, -1, 1))


def _pair(sizes: tuple[int, ...], seed: int) -> Subject:
    name = "pair " + "-".join(map(str, sizes))
    return Subject(name, partial(pair, sizes, seed), partial(_origin, sizes[0]), is_pair=True)


def _real(name: str, size: int, low: float, high: float, *, is_large: bool = True) -> Subject:
    file = NETWORKS / f"{name}.onnx"
    return Subject(name, partial(verify.load, file), partial(_random_point, size, low, high), file, is_large=is_large)


SUBJECTS = {
    subject.name: subject
    for subject in (
        _made("mlp 2-8-1", partial(mlp, (2, 8, 1), 0), 2),
        _made("mlp 4-16-16-1", partial(mlp, (4, 16, 16, 1), 0), 4),
        _made("mlp 8-32-32-2", partial(mlp, (8, 32, 32, 2), 0), 8),
        _made("conv 1x6x6", partial(small_conv, 0), 36),
        _pair((2, 8, 1), 1),
        _pair((4, 8, 8, 1), 1),
        _pair((4, 16, 16, 1), 0),
        _real("acasxu_1_1", 5, -0.5, 0.5, is_large=False),
        _real("mnistfc_256x4", 784, 0, 1),
        _real("mnistcnn", 784, 0, 1),
        _real("cifar_deep_kw", 3072, 0, 1),
        _real("cifar_resnet_2b", 3072, 0, 1),
    )
}
QUICK = ("mlp 2-8-1", "mlp 4-16-16-1", "pair 2-8-1", "acasxu_1_1")


def region_of(case: Case) -> Region:
    """The case's box, exactly."""
    return ball(SUBJECTS[case.subject].centre(), case.radius)


# The truth.


def cases_of(name: str) -> list[Case]:
    """The subject's boxes with the truth about each."""
    subject = SUBJECTS[name]
    network = subject.load()
    if subject.is_pair:
        _check_pair(network, subject.centre())
        return [Case(name, subject.kinds[0], network.relu_count, Fraction(1), True, 0.0, 0, "construction")]
    centre = subject.centre()
    crossing, piece = crossing_at(network, centre), piece_at(network, centre)
    return [_case(subject, kind, network, crossing, piece) for kind in subject.kinds]


def _case(subject: Subject, kind: str, network: Network, crossing: Crossing, piece: Piece) -> Case:
    # A binary64 radius: short for exact tools, and the same number for tools that only know floats.
    radius = Fraction(float(crossing.radius * KINDS[kind]))
    deviations = deviations_at(network, _corner(subject, crossing, radius), piece)
    is_affine = radius <= crossing.radius
    if is_affine != (max(deviations) == 0):
        raise RuntimeError(f"{subject.name} {kind}: eps* and the value at the corner disagree")
    beyond = deviations_at(network, _corner(subject, crossing, 2 * crossing.radius), piece)
    most, largest = beyond.index(max(beyond)), float(max(deviations))
    return Case(subject.name, kind, network.relu_count, radius, is_affine, largest, most, crossing.found_by)


def _corner(subject: Subject, crossing: Crossing, radius: Fraction) -> list[Fraction]:
    """The point of the box where the unit that switches first is farthest beyond zero."""
    signs = [(slope > 0) - (slope < 0) for slope in crossing.towards]
    return [x + radius * sign for x, sign in zip(subject.centre().fractions(), signs, strict=True)]


def _check_pair(network: Network, origin: Vector) -> None:
    """Every unit switches on [-1, 1]^n (f is affine, so its pre-activations are), and a corner is as it must be."""
    for block, forms in zip(network.blocks, plain_forms(network, origin), strict=True):
        if block.relu and any(abs(form[-1]) >= sum(map(abs, form[:-1])) for form in forms):
            raise RuntimeError(f"{network.name}: a ReLU of {block.name} does not switch; choose another seed")
    corner = [Fraction(1), *[Fraction(-1)] * (network.input_size - 1)]
    if any(deviations_at(network, corner, piece_at(network, origin))):
        raise RuntimeError(f"{network.name} is not affine")


def is_plain(network: Network) -> bool:
    """Whether the network is small enough for plain fractions."""
    return network.weight_count * (network.input_size + 1) <= PLAIN_WORK


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


def crossing_at(network: Network, centre: Vector) -> Crossing:
    """eps* = min |z| / ||gradient of z||_1 over the ReLU units, and the gradient of the nearest."""
    if is_plain(network):
        return _plain_crossing(network, centre)
    radii = verify.radius(network, centre)
    if not isinstance(radii.pattern, Fraction) or radii.affine != radii.pattern:
        raise RuntimeError(f"{network.name}: the affine radius is not the pattern radius; choose another centre")
    approximate = _float_crossing(network, centre.floats())
    if abs(approximate / float(radii.pattern) - 1) > FLOAT_AGREEMENT:
        raise RuntimeError(f"{network.name}: eps* is {float(radii.pattern)}, by a float64 Jacobian {approximate}")
    form = cell_of(network, pattern_at(network, centre)).form(*radii.units[0])
    sign = -1 if form.at(centre) > 0 else 1
    return Crossing(radii.pattern, form.coefficients.scaled(Fraction(sign)).fractions(), "verify.radius, float64")


def _plain_crossing(network: Network, centre: Vector) -> Crossing:
    x = [*centre.fractions(), Fraction(1)]
    best: tuple[Fraction, list[Fraction]] | None = None
    for block, forms in zip(network.blocks, plain_forms(network, centre), strict=True):
        for form in forms if block.relu else ():
            z, norm = _dot(form, x), sum(map(abs, form[:-1]), Fraction(0))
            if norm and (best is None or abs(z) / norm < best[0]):
                best = abs(z) / norm, [-a if z > 0 else a for a in form[:-1]]
    if best is None:
        raise RuntimeError(f"{network.name}: no ReLU depends on the input")
    return Crossing(*best, "fractions")


# Plain fractions, one product after the other.


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
        outputs.append([off if block.relu and _dot(form, x) <= 0 else form for form in forms])
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


def _float_crossing(network: Network, x: NDArray[np.float64]) -> float:
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
