"""Never: no point of the region satisfies one of several cases, each a list of linear inequalities over values.

``never 1*y0 <= -2 and 1*y0 + -1*y1 < 0 or 1*y1 > 5``: outputs of f are y0, y1, ..., those of a second network z0, z1,
..., inputs x0, x1, ... The cases say what must not happen, as VNN-LIB files do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from verify.errors import InputError, PropertyError
from verify.network import Network
from verify.network import matrix as matrices
from verify.property.base import (
    Absence,
    Assignment,
    Criterion,
    Property,
    PropertyFamily,
    Question,
    Term,
    Trivial,
    in_coordinates,
    point,
)
from verify.rational import exact_text, parse_rational, vector
from verify.region import Region

# An output of the first or the second network, or an input, by its letter and number.
NamedValue: TypeAlias = tuple[str, int]
OUTPUTS, INPUT = ("y", "z"), "x"
MOST_CASES, MOST_ROWS = 4096, 65536
_TERM = re.compile(r"(\S+?)\*([xyz])(\d{1,9})")
_ROW = re.compile(r"(.+?) (<=|<|>=|>) (\S+)")


@dataclass(frozen=True)
class Inequality:
    """``sum of factor * variable <= bound`` (``strict``: <)."""

    terms: tuple[tuple[NamedValue, Fraction], ...]
    bound: Fraction
    strict: bool

    def holds(self, values: Mapping[str, Sequence[Fraction]]) -> bool:
        """Whether it holds of these values, by letter."""
        total = sum((factor * values[name][index] for (name, index), factor in self.terms), Fraction(0))
        return total < self.bound if self.strict else total <= self.bound

    def __str__(self) -> str:
        terms = " + ".join(f"{exact_text(factor)}*{name}{index}" for (name, index), factor in self.terms)
        return f"{terms or '0*y0'} {'<' if self.strict else '<='} {exact_text(self.bound)}"


UnsafeCase: TypeAlias = tuple[Inequality, ...]


def case_holds(case: UnsafeCase, values: Mapping[str, Sequence[Fraction]]) -> bool:
    """Whether every inequality of the case holds."""
    return all(inequality.holds(values) for inequality in case)


def _instance(values: Assignment) -> list[Term]:
    """f(x) and g(x): the cases say what must not hold of them."""
    return [Term(Fraction(1), point(values, "x"))]


def _reduction(cases: Sequence[UnsafeCase]) -> Callable[[Network, Region, Network | None], list[Question]]:
    def reduce(network: Network, region: Region, _: Network | None) -> list[Question]:
        """One question: where each case is one strict inequality over outputs of f, ``L < 0`` holds nowhere if and
        only if -L is at most zero; else one that only bounds of the values answer.
        """
        local, domain, origin = in_coordinates(network, region)
        rows = [case[0] for case in cases if len(case) == 1 and case[0].strict]
        if len(rows) < len(cases) or any(name != "y" for row in rows for (name, _), _ in row.terms):
            return [Question(local, domain, Criterion.NEVER, origin, "no case holds at any point")]
        lemma = "an inequality that is strict holds nowhere if its negation holds everywhere"
        return [Question(_negated(local, rows), domain, Criterion.NONPOSITIVE, origin, lemma)]

    return reduce


def _negated(network: Network, rows: Sequence[Inequality]) -> Network:
    """``bound - sum`` of each row, multiplied into the last layer."""
    last, count = network.blocks[-1], len(rows)
    factors = np.zeros((count, last.size), dtype=object)
    factors[:] = Fraction(0)
    for i, row in enumerate(rows):
        for (_, j), factor in row.terms:
            factors[i, j] -= factor
    matrix = matrices.from_dense(factors)
    bias = matrix.product(last.bias) + vector([row.bound for row in rows])
    inputs = tuple((source, matrix.compose(weights)) for source, weights in last.inputs)
    end = replace(last, shape=(count,), inputs=inputs, bias=bias)
    return replace(network, blocks=(*network.blocks[:-1], end), output_shape=(count,), source=None, file_digest=None)


def _no_margin(_: Fraction, __: Assignment) -> Fraction:
    """No weighted sum of values breaks the formula: what does is a point at which a case holds."""
    return Fraction(0)


def never(cases: Sequence[UnsafeCase]) -> Property:
    """The property that none of the cases holds at a point of the region."""
    if not cases or len(cases) > MOST_CASES or sum(map(len, cases)) > MOST_ROWS or not all(cases):
        raise PropertyError(f"never: expected 1 to {MOST_CASES} cases of at least one inequality")
    name = "never " + " or ".join(" and ".join(map(str, case)) for case in cases)
    letters = {variable[0] for case in cases for row in case for variable, _ in row.terms}
    return Property(
        name=name,
        formula=f"not ({name.removeprefix('never ')})",
        variables={"x": "point"},
        instance=_instance,
        reduce=_reduction(cases),
        labels=("x",),
        trivial=Trivial(Absence.NEVER),
        margin=_no_margin,
        needs_second=OUTPUTS[1] in letters,
        family="never",
        parameters={"cases": tuple(tuple(case) for case in cases)},
        fits=_fits(cases),
        predicate="never in an unsafe case",
    )


def _fits(cases: Sequence[UnsafeCase]) -> Callable[[Network], None]:
    def fits(network: Network) -> None:
        sizes = {"y": network.output_size, "z": network.output_size, "x": network.input_size}
        for case in cases:
            for row in case:
                for (name, index), _ in row.terms:
                    if index >= sizes[name]:
                        raise PropertyError(f"never: there is no {name}{index}; {network.name} has {sizes[name]}")

    return fits


def parse_never(text: str) -> Property:
    """The property that a name says."""
    return never([tuple(_row(row) for row in case.split(" and ")) for case in text.split(" or ")])


def _row(text: str) -> Inequality:
    match = _ROW.fullmatch(text.strip())
    if match is None:
        raise PropertyError(f"never: {text[:60]!r} is no inequality such as 1*y0 + -1*y1 <= 2")
    terms: dict[NamedValue, Fraction] = {}
    sign = -1 if match[2].startswith(">") else 1
    try:
        bound = sign * parse_rational(match[3])
        for part in match[1].split(" + "):
            term = _TERM.fullmatch(part.strip())
            if term is None:
                raise PropertyError(f"never: {part[:60]!r} is no term such as -1/2*y0")
            variable = term[2], int(term[3])
            terms[variable] = terms.get(variable, Fraction(0)) + sign * parse_rational(term[1])
    except PropertyError:
        raise
    except InputError as error:
        raise PropertyError(f"never: {error}") from error
    kept = tuple((variable, factor) for variable, factor in sorted(terms.items()) if factor)
    return Inequality(kept, bound, strict="=" not in match[2])


NEVER = PropertyFamily(
    "never",
    "never F*y0 + F*y1 <= F and ... or ...",
    re.compile(r"never (.+)"),
    parse_never,
    "no x in P has y = f(x) in one of the cases",
)

PROPERTIES = (NEVER,)
