"""Convex: f((1-e) x + e y) <= (1-e) f(x) + e f(y); concave: the reverse. For every output."""

from __future__ import annotations

from fractions import Fraction

from verify.network import Network
from verify.network import matrix as matrices
from verify.network.combine import Copy, combination
from verify.property.affine import AFFINE
from verify.property.base import Absence, Criterion, Property, Question, Trivial, in_coordinates
from verify.property.instances import halfway, mixtures
from verify.rational import zeros
from verify.region import Region


def _reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
    """One question: no piece's map exceeds f anywhere on the region.

    Let a_L be the maps of the pieces of dimension dim P, whose union is P. If every a_L <= f on P, then f is the
    largest of them everywhere (it equals one of them at each point), and a largest of affine maps is convex.
    Conversely let f be convex, u in the relative interior of the piece L and y in P. For small e > 0 the point
    u + e (y - u) lies in the piece, so (1-e) f(u) + e a_L(y) = a_L(u + e (y - u)) = f(u + e (y - u)) <=
    (1-e) f(u) + e f(y), hence a_L(y) <= f(y).
    """
    local, domain, origin = in_coordinates(network, region)
    return [Question(local, domain, Criterion.CONVEX, origin, "convexity: f is the largest of its pieces' maps")]


def _reduce_concave(network: Network, region: Region, _: Network | None) -> list[Question]:
    """-f is convex."""
    local, domain, origin = in_coordinates(negated(network), region)
    return [Question(local, domain, Criterion.CONVEX, origin, "convexity: -f is the largest of its pieces' maps")]


def negated(network: Network) -> Network:
    """-f."""
    same = matrices.identity(network.input_size)
    return combination([Copy(Fraction(-1), network, same, zeros(network.input_size))], network.name)


CONVEX = Property(
    name="convex",
    formula="f((1-e) x + e y) <= (1-e) f(x) + e f(y), 0 <= e <= 1",
    variables=AFFINE.variables,
    instance=AFFINE.instance,
    reduce=_reduce,
    labels=AFFINE.labels,
    trivial=Trivial(Absence.NEVER),
    implied_by=(("convex",),),
    draw=mixtures,
    propose=halfway,
    relation="<= 0",
    definition="f((1 - e)*x + e*y) <= (1 - e)*f(x) + e*f(y) for x, y in P, 0 <= e <= 1",
)

CONCAVE = Property(
    name="concave",
    formula="f((1-e) x + e y) >= (1-e) f(x) + e f(y), 0 <= e <= 1",
    variables=AFFINE.variables,
    instance=AFFINE.instance,
    reduce=_reduce_concave,
    labels=AFFINE.labels,
    trivial=Trivial(Absence.NEVER),
    implied_by=(("concave",),),
    draw=mixtures,
    propose=halfway,
    relation=">= 0",
    definition="f((1 - e)*x + e*y) >= (1 - e)*f(x) + e*f(y) for x, y in P, 0 <= e <= 1",
)

PROPERTIES = (CONVEX, CONCAVE)
