"""A formula that is the definition of a property of the catalogue is decided as that property.

Two formulas are the same here if they have one normal form, up to the names of what is quantified: sides of a
comparison are brought together, products are multiplied out, terms and conditions are sorted.

On a convex cone K (a box whose sides are 0 or infinite, cut by half-spaces through 0) conditions may be left out:
x, y in K and t >= 0 put t x and x + y into K. On all of R^n every argument is inside, and "in all" is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from verify.formats.formulas import parse_formula
from verify.formula.tree import (
    Application,
    Apply,
    Compare,
    Constant,
    Entry,
    Every,
    Expression,
    Formula,
    Listing,
    Membership,
    Name,
    Product,
    Statement,
    Sum,
    names_of,
    walk,
)
from verify.network import Network
from verify.property import CATALOGUE, Claim, find
from verify.rational import exact_text
from verify.region import Box, Region, everything

# Of two properties with one definition (linear, superposition) the first.
DEFINITIONS: tuple[tuple[str, str], ...] = tuple(
    {wanted.definition: (wanted.name, wanted.definition) for wanted in reversed([*CATALOGUE.values()])}.values()
)
# With a number: it is found among those of the formula.
WITH_NUMBER = ("equivalent within {0}", "lipschitz {0} in linf", "lipschitz {0} in l1")
# Without the conditions that a cone, or all of R^n, makes true.
ON_CONES: tuple[tuple[str, str], ...] = tuple(
    (name, CATALOGUE[name].definition.replace(", x + y in P", "").replace(", t*x in P", ""))
    for name in ("additive", "subadditive", "superadditive", "positively homogeneous")
)
MAX_NAMES, MAX_NUMBERS = 4, 8

# A polynomial: from its monomials (sorted factors) to their coefficients.
Polynomial = dict[tuple[str, ...], Fraction]


def as_property(formula: Formula, networks: Mapping[str, Network]) -> Claim | None:
    """The claim about a property of the catalogue that the formula is; None where it is none."""
    members = [node for node in walk(*formula.conditions) if isinstance(node, Membership)]
    places = {node.text: formula.regions[node.index] for node in members if not _is_trivial(formula, node)}
    used = list(dict.fromkeys(node.function for node in walk(*formula.statements()) if isinstance(node, Application)))
    if len(places) > 1 or not 1 <= len(used) <= 2 or len(formula.variables) > MAX_NAMES:
        return None
    first, second = networks[used[0]], networks[used[-1]]
    place, region = next(iter(places.items()), ("all", everything(first.input_size)))
    sizes = (first.input_size, first.output_size)
    if region.ambient != first.input_size or (second.input_size, second.output_size) != sizes:
        return None
    for order in itertools.permutations(used):
        functions = dict(zip(order, "fg", strict=False))
        wanted = list(normal_forms(formula, functions, place))
        for name, text in _candidates(formula, region, len(used)):
            definition = parse_formula(text, {"f": sizes, "g": sizes}, regions={"P": region})
            if next(normal_forms(definition, {"f": "f", "g": "g"}, "P")) in wanted:
                pair = [networks[o] for o in order]
                return Claim(pair[0], find(name), region, pair[1] if len(pair) > 1 else None)
    return None


def _candidates(formula: Formula, region: Region, networks: int) -> Iterator[tuple[str, str]]:
    """Properties and their definitions that may be meant."""
    yield from (pair for pair in DEFINITIONS if ("g(" in pair[1]) == (networks == 2))
    if networks == 1 and is_cone(region):
        yield from ON_CONES
    numbers = dict.fromkeys(
        abs(value) for node in walk(formula.body) for value in _numbers(node) if value and networks <= 2
    )
    for value in list(numbers)[:MAX_NUMBERS]:
        for wanted in (find(name.format(exact_text(value))) for name in WITH_NUMBER):
            if wanted.needs_second == (networks == 2):
                yield wanted.name, wanted.definition


def _numbers(node: object) -> list[Fraction]:
    if isinstance(node, Constant):
        return [node.value]
    return [node.factor] if isinstance(node, Product) else []


def is_cone(region: Region) -> bool:
    """Whether the region is a box with sides 0 or infinite, cut by half-spaces through 0."""
    base = region.base
    if region.chart is not None or not isinstance(base, Box) or any(row.bound for row in region.rows):
        return False
    return base.low.is_zero() and base.high.is_zero()  # an infinite side is stored as 0


def _is_trivial(formula: Formula, node: Membership) -> bool:
    return is_everything(formula.regions[node.index])


def is_everything(region: Region) -> bool:
    """Whether the region is all of R^n; conditions that say so are left out."""
    base = region.base
    if region.chart is not None or region.rows or not isinstance(base, Box):
        return False
    return not (base.low_finite.any() or base.high_finite.any())


def normal_forms(formula: Formula, functions: Mapping[str, str], place: str) -> Iterator[object]:
    """The formula's normal form, for each way to call its names ``v0``, ``v1``, ... in the order of definitions."""
    names = names_of(*formula.statements())
    for order in itertools.permutations(range(len(names))):
        renamed = {name: f"v{i}" for name, i in zip(names, order, strict=True)}
        try:
            form = _Normal(formula, renamed, functions, place)
            yield form.statement(formula.body), frozenset(form.conditions(formula.conditions))
        except NotNormal:
            return


class NotNormal(Exception):
    """The formula is more than one comparison: none of the catalogue's."""


@dataclass(frozen=True)
class _Normal:
    formula: Formula
    names: Mapping[str, str]
    functions: Mapping[str, str]
    place: str

    def conditions(self, nodes: tuple[Statement, ...]) -> Iterator[object]:
        for node in nodes:
            if isinstance(node, Every):
                yield from self.conditions(node.parts)
            elif not (isinstance(node, Membership) and _is_trivial(self.formula, node)):
                yield self.statement(node)

    def statement(self, node: Statement) -> object:
        if isinstance(node, Membership):
            return "in", "P" if node.text == self.place else node.text, _text(self.polynomial(node.point))
        if not isinstance(node, Compare) or node.symbol == "!=":
            raise NotNormal
        total = _plus(self.polynomial(node.left), self.polynomial(node.right), Fraction(-1))
        symbol = node.symbol
        if symbol in (">=", ">"):
            total, symbol = _scaled(total, Fraction(-1)), {">=": "<=", ">": "<"}[symbol]
        leading = total[min(total)] if total else Fraction(1)
        return symbol, _text(_scaled(total, 1 / (leading if symbol == "==" else abs(leading))))

    def polynomial(self, node: Expression) -> Polynomial:
        match node:
            case Constant():
                return {(): node.value} if node.value else {}
            case Name():
                return {(self.names[node.name],): Fraction(1)}
            case Sum():
                total: Polynomial = {}
                for sign, term in node.terms:
                    total = _plus(total, self.polynomial(term), Fraction(sign))
                return total
            case Product():
                result: Polynomial = {(): node.factor}
                for part in node.parts:
                    result = _times(result, self.polynomial(part))
                return result
            case Application():
                return {(f"{self.functions[node.function]}({_text(self.polynomial(node.argument))})",): Fraction(1)}
            case Apply():
                arguments = [_text(self.polynomial(argument)) for argument in node.arguments]
                if node.function == "abs":  # |z| = |-z|
                    opposite = _text(_scaled(self.polynomial(node.arguments[0]), Fraction(-1)))
                    arguments = [min(arguments[0], opposite)]
                return {(f"{node.function}({', '.join(arguments)})",): Fraction(1)}
            case Listing() | Entry():
                raise NotNormal


def _plus(left: Polynomial, right: Polynomial, factor: Fraction) -> Polynomial:
    total = dict(left)
    for key, value in right.items():
        total[key] = total.get(key, Fraction(0)) + factor * value
    return {key: value for key, value in total.items() if value}


def _scaled(polynomial: Polynomial, factor: Fraction) -> Polynomial:
    return {key: factor * value for key, value in polynomial.items()}


def _times(left: Polynomial, right: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for (a, x), (b, y) in itertools.product(left.items(), right.items()):
        total = _plus(total, {tuple(sorted(a + b)): x * y}, Fraction(1))
    return total


def _text(polynomial: Polynomial) -> str:
    """The polynomial as text, terms sorted."""
    return " + ".join(f"{exact_text(value)}*{'*'.join(key)}" for key, value in sorted(polynomial.items()))
