"""What the campaign compares with: Z3 on the literal definition, and the definition itself in plain fractions.

Nothing here uses the reductions, the engines or the kernel: networks are evaluated by ``tests.support.naive``, whether
a point lies in a region is asked of Z3's encoding, and each formula is written out once more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import z3

from tests.support import naive
from verify.network import Network
from verify.property import Assignment, Claim
from verify.rational import Vector
from verify.region import Region
from verify.search.solver.encoding import encoded, inside
from verify.search.solver.literal import interrupting, literal_query

Point = list[Fraction]
Values = dict[str, Any]  # a list of fractions for a point, a fraction for a number

HOLDS, FAILS, UNKNOWN = "holds", "fails", "unknown"


def answer(claim: Claim, cap: float) -> tuple[str, str]:
    """``holds``, ``fails`` or ``unknown``, and by which method."""
    solver, _ = literal_query(claim)
    said = solved(solver, cap)
    if said is UNKNOWN and claim.property.key in ("linear", "superposition"):
        return linear_by_span(claim, cap), "span"
    return said, "z3"


def solved(solver: Any, cap: float) -> str:
    """Whether what the solver holds (a negated claim) has no model."""
    solver.set("timeout", max(1, int(cap * 1000)))
    with interrupting(cap + 1):
        status = str(solver.check())
    return {"unsat": HOLDS, "sat": FAILS}.get(status, UNKNOWN)


def linear_by_span(claim: Claim, cap: float) -> str:
    """Linear by a query without products: f(sum_i t_i p_i) = sum_i t_i f(p_i) for points p_i of P that span its span.

    f is linear on P if and only if there is a linear A with f = A on P, and f(p_i) = A p_i settles A on the span. It
    is the same as superposition: linear on P implies it, and superposition on P gives f(x) = sum t_i f(p_i) for
    two points at a time; for more points than two this uses the project's lemma 3.
    """
    solver = z3.Solver()
    basis = _spanning_points(claim.region, cap)
    if basis is None:
        return UNKNOWN
    t = [z3.Real(f"t_{i}") for i in range(len(basis))]
    x = [z3.Sum([z3.RealVal(0), *(_real(p[j]) * s for p, s in zip(basis, t, strict=True))]) for j in _axes(claim)]
    solver.add(*inside(claim.region, x, "x"))
    images = [values_at(claim.network, p) for p in basis]
    differences = [
        f != z3.Sum([z3.RealVal(0), *(_real(v[k]) * s for v, s in zip(images, t, strict=True))])
        for k, f in enumerate(encoded(claim.network, x, solver, "n"))
    ]
    solver.add(z3.Or(differences))
    return solved(solver, cap)


def _axes(claim: Claim) -> range:
    return range(claim.network.input_size)


def _spanning_points(region: Region, cap: float) -> list[Point] | None:
    """Linearly independent points of the region with the same linear span as the region."""
    basis: list[Point] = []
    while True:
        solver = z3.Solver()
        x = [z3.Real(f"x_{j}") for j in range(region.ambient)]
        solver.add(*inside(region, x, "x"))
        normals = orthogonal_complement(basis, region.ambient)
        solver.add(z3.Or([z3.Sum([_real(n) * v for n, v in zip(row, x, strict=True)]) != 0 for row in normals]))
        said = solved(solver, cap)
        if said is not FAILS:
            return basis if said is HOLDS else None
        model = solver.model()
        basis.append([_fraction(model.eval(v, model_completion=True)) for v in x])


def orthogonal_complement(rows: Sequence[Point], size: int) -> list[Point]:
    """A basis of the vectors orthogonal to all rows, by Gauss-Jordan elimination."""
    work = [list(row) for row in rows]
    pivots: list[int] = []
    for column in range(size):
        rank = len(pivots)
        pivot = next((i for i in range(rank, len(work)) if work[i][column]), None)
        if pivot is None:
            continue
        work[rank], work[pivot] = work[pivot], work[rank]
        work[rank] = [v / work[rank][column] for v in work[rank]]
        for i, row in enumerate(work):
            if i != rank and row[column]:
                work[i] = [a - row[column] * b for a, b in zip(row, work[rank], strict=True)]
        pivots.append(column)
    result = []
    for free in (j for j in range(size) if j not in pivots):
        vector = [Fraction(int(j == free)) for j in range(size)]
        for i, column in enumerate(pivots):
            vector[column] = -work[i][free]
        result.append(vector)
    return result


def _real(value: Fraction) -> Any:
    return z3.RealVal(str(value))


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.numerator_as_long()), int(value.denominator_as_long()))


# A counterexample, by the definition.


def refutes(claim: Claim, assignment: Assignment, output: int) -> bool:
    """Whether these values of the variables break the formula in that output, every argument of f in the region."""
    values = {k: v.fractions() if isinstance(v, Vector) else v for k, v in assignment.items()}
    arguments, breaks = FORMULAS[claim.property.key]
    points = arguments(values, claim)
    if not all(_is_inside(claim.region, point) for point in points):
        return False
    images = [values_at(claim.network, point)[output] for point in points]
    if claim.second is not None:
        images.append(values_at(claim.second, points[0])[output])
    return breaks(images, values, claim)


def values_at(network: Network, point: Point) -> Point:
    """f at a point."""
    return naive.preactivations(network, point)[-1]


def _is_inside(region: Region, point: Point) -> bool:
    solver = z3.Solver()
    solver.add(*inside(region, [_real(v) for v in point], "p"))
    return str(solver.check()) == "sat"


def _mixed(a: Fraction, x: Point, b: Fraction, y: Point) -> Point:
    return [a * u + b * v for u, v in zip(x, y, strict=True)]


def _chord(v: Values, _: Claim) -> list[Point]:
    return [_mixed(1 - v["e"], v["x"], v["e"], v["y"]), v["x"], v["y"]]


def _above_chord(f: Point, v: Values) -> Fraction | None:
    """f between x and y, minus the chord; None where e is not in [0, 1]."""
    return f[0] - (1 - v["e"]) * f[1] - v["e"] * f[2] if 0 <= v["e"] <= 1 else None


def _sum(v: Values, _: Claim) -> list[Point]:
    return [_mixed(Fraction(1), v["x"], Fraction(1), v["y"]), v["x"], v["y"]]


def _two(v: Values, _: Claim) -> list[Point]:
    return [v["x"], v["y"]]


def _scaled(v: Values, _: Claim) -> list[Point]:
    return [[v["t"] * u for u in v["x"]], v["x"]]


def _mirrored(v: Values, _: Claim) -> list[Point]:
    return [v["x"], [-u for u in v["x"]]]


def _stepped(v: Values, claim: Claim) -> list[Point]:
    axis = claim.property.parameters["axis"]
    return [[u + v["t"] * (j == axis) for j, u in enumerate(v["x"])], v["x"]]


def _too_steep(f: Point, v: Values, claim: Claim) -> bool:
    norm, constant = claim.property.parameters["norm"], claim.property.parameters["constant"]
    steps = [abs(a - b) for a, b in zip(v["x"], v["y"], strict=True)]
    if norm == "l2":
        return bool((f[0] - f[1]) ** 2 > constant**2 * sum(s * s for s in steps))
    return bool(abs(f[0] - f[1]) > constant * (sum(steps) if norm == "l1" else max(steps)))


Formula = tuple[Callable[[Values, Claim], list[Point]], Callable[[Point, Values, Claim], bool]]

# The arguments of f, and whether its values there break the formula.
FORMULAS: dict[str, Formula] = {
    "affine": (_chord, lambda f, v, _: bool(_above_chord(f, v))),
    "convex": (_chord, lambda f, v, _: (_above_chord(f, v) or 0) > 0),
    "concave": (_chord, lambda f, v, _: (_above_chord(f, v) or 0) < 0),
    "linear": (
        lambda v, _: [_mixed(v["a"], v["x"], v["b"], v["y"]), v["x"], v["y"]],
        lambda f, v, _: f[0] != v["a"] * f[1] + v["b"] * f[2],
    ),
    "constant": (_two, lambda f, v, _: f[0] != f[1]),
    "additive": (_sum, lambda f, v, _: f[0] != f[1] + f[2]),
    "subadditive": (_sum, lambda f, v, _: f[0] > f[1] + f[2]),
    "superadditive": (_sum, lambda f, v, _: f[0] < f[1] + f[2]),
    "homogeneous": (_scaled, lambda f, v, _: f[0] != v["t"] * f[1]),
    "positively homogeneous": (_scaled, lambda f, v, _: v["t"] >= 0 and f[0] != v["t"] * f[1]),
    "odd": (_mirrored, lambda f, v, _: f[1] != -f[0]),
    "even": (_mirrored, lambda f, v, _: f[1] != f[0]),
    "equivalent": (lambda v, _: [v["x"]], lambda f, v, _: f[0] != f[1]),
    "nondecreasing": (_stepped, lambda f, v, _: v["t"] >= 0 and f[0] < f[1]),
    "nonincreasing": (_stepped, lambda f, v, _: v["t"] >= 0 and f[0] > f[1]),
    "lipschitz": (_two, _too_steep),
}
FORMULAS["superposition"] = FORMULAS["linear"]
