"""Subadditive: f(x + y) <= f(x) + f(y) whenever x, y and x + y lie in the region; superadditive: the reverse."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from verify.network import Network
from verify.property.additive import ADDITIVE
from verify.property.base import Assignment, Criterion, Property, Question, Vacuous, in_coordinates
from verify.property.copies import zero_on_copies
from verify.property.instances import Copies, Hint
from verify.region import Region


def _reduction(sign: int) -> Callable[[Network, Region, Network | None], list[Question] | Vacuous]:
    def reduce(network: Network, region: Region, _: Network | None) -> list[Question] | Vacuous:
        """The definition itself, as one question about three copies (lemma 5).

        It is vacuous when 0 is not in aff(P): x, y and x + y in aff(P) put x + y - (x + y) = 0 there (lemma 3). The
        one-copy question of ``additive`` has no analogue: relu(x) + 1 is subadditive, and x^2 cut into pieces is not.
        """
        local, domain, origin = in_coordinates(network, region)
        if origin is None:
            return Vacuous("no x, y of the region have x + y in it: 0 is not in its affine hull")
        parts = [(sign, (1, 1)), (-sign, (1, 0)), (-sign, (0, 1))]
        signs = "f(x+y) - f(x) - f(y)" if sign > 0 else "f(x) + f(y) - f(x+y)"
        lemma = f"lemma 5: {signs} is a network, and at most zero"
        return [zero_on_copies(local, domain, parts, 2, lemma, Criterion.NONPOSITIVE)]

    return reduce


def _propose(_: Region, hint: Hint) -> Iterator[Assignment]:
    if isinstance(hint, Copies):
        yield {"x": hint.points[0], "y": hint.points[1]}


SUBADDITIVE = Property(
    name="subadditive",
    formula="f(x + y) <= f(x) + f(y)",
    variables=ADDITIVE.variables,
    instance=ADDITIVE.instance,
    reduce=_reduction(1),
    labels=ADDITIVE.labels,
    trivial=ADDITIVE.trivial,
    implied_by=(("linear",), ("positively homogeneous", "convex")),
    draw=ADDITIVE.draw,
    propose=_propose,
    relation="<= 0",
    definition="f(x + y) <= f(x) + f(y) for x, y in P, x + y in P",
)

SUPERADDITIVE = Property(
    name="superadditive",
    formula="f(x + y) >= f(x) + f(y)",
    variables=ADDITIVE.variables,
    instance=ADDITIVE.instance,
    reduce=_reduction(-1),
    labels=ADDITIVE.labels,
    trivial=ADDITIVE.trivial,
    implied_by=(("linear",), ("positively homogeneous", "concave")),
    draw=ADDITIVE.draw,
    propose=_propose,
    relation=">= 0",
    definition="f(x + y) >= f(x) + f(y) for x, y in P, x + y in P",
)

PROPERTIES = (SUBADDITIVE, SUPERADDITIVE)
