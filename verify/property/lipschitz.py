"""Lipschitz: |f(x) - f(y)| <= K ||x - y|| in the L-infinity, L1 or L2 norm. For every output."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from verify.errors import InputError, PropertyError
from verify.network import Network
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    PropertyFamily,
    Question,
    Slope,
    Term,
    Trivial,
    in_coordinates,
    point,
)
from verify.property.instances import pairs
from verify.rational import exact_text, parse_rational
from verify.region import Region
from verify.region.norms import NORMS, SUBSCRIPTS, measure, squared_if_l2

# How the language of claims writes them: it has no squares, and so not the L2 norm.
DISTANCES = {"linf": "max", "l1": "sum"}


def _instance(values: Assignment) -> list[Term]:
    """f(x) - f(y)."""
    return [Term(Fraction(1), point(values, "x")), Term(Fraction(-1), point(values, "y"))]


def _margin(norm: str, constant: Fraction) -> Callable[[Fraction, Assignment], Fraction]:
    def margin(total: Fraction, values: Assignment) -> Fraction:
        """|f(x) - f(y)| - K ||x - y||, or the difference of the squares of both for ``l2``."""
        distance = measure(norm, point(values, "x") - point(values, "y"))
        return squared_if_l2(norm, abs(total)) - squared_if_l2(norm, constant) * distance

    return margin


def _reduction(norm: str, constant: Fraction) -> Callable[[Network, Region, Network | None], list[Question]]:
    def reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
        """One question: on each piece of dimension dim P the gradient, as a functional on the directions of aff(P),
        has dual norm at most K.

        Inside such a piece f(x) - f(y) = g.(x - y) with x - y any small direction of aff(P), so the bound is needed.
        Conversely a generic segment of P is cut by the pieces into parts on which |f(x) - f(y)| <= K ||x - y||; the
        lengths of parts of one segment add up, and every segment of P is a limit of generic ones.
        """
        local, domain, origin = in_coordinates(network, region)
        directions = region.chart.directions if region.chart is not None else None
        slope = Slope(directions, norm=norm, constant=constant)
        lemma = "gradients: the constant bounds each piece's gradient in the dual norm"
        return [Question(local, domain, Criterion.LIPSCHITZ, origin, lemma, slope)]

    return reduce


def lipschitz(constant: str, norm: str) -> Property:
    """``lipschitz 3/2 in linf``."""
    try:
        value = parse_rational(constant)
    except InputError as error:
        raise PropertyError(f"lipschitz: {error}") from error
    if value < 0:
        raise PropertyError(f"lipschitz: the constant is {constant[:60]}; expected 0 or more")
    distance = DISTANCES.get(norm)
    factor = "" if value == 1 else f"{exact_text(value)} "
    return Property(
        name=f"lipschitz {exact_text(value)} in {norm}",
        formula=f"|f(x) - f(y)| <= {factor}||x - y||_{SUBSCRIPTS[norm]}",
        variables={"x": "point", "y": "point"},
        instance=_instance,
        reduce=_reduction(norm, value),
        labels=("x", "y"),
        trivial=Trivial(Absence.NEVER),
        draw=pairs,
        relation="<= 0",
        margin=_margin(norm, value),
        family="lipschitz",
        parameters={"norm": norm, "constant": value},
        definition=f"abs(f(x) - f(y)) <= {exact_text(value)}*{distance}(abs(x - y)) for x, y in P" if distance else "",
        predicate=f"Lipschitz with constant {exact_text(value)} in the {NORMS[norm]} norm",
    )


LIPSCHITZ = PropertyFamily(
    "lipschitz",
    "lipschitz K in linf|l1|l2",
    re.compile(r"lipschitz (\S+) in (linf|l1|l2)"),
    lipschitz,
    "|f(x) - f(y)| <= K ||x - y||",
)

PROPERTIES = (LIPSCHITZ,)
