"""The nested-Max form: units written out, sums that are a maximum written as one, repeated parts named.

``b + c*Max(0, a)`` is ``Max(b, b + c*a)`` for c > 0 (``Min`` for c < 0); it is written so where that is shorter: leaky
``x/10 + 9/10 Max(0, x)`` becomes ``Max(x/10, x)``, and the tree of a max-pool one ``Max`` of its window.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from verify.search.budget import Budget
from verify.symbolic.cells import FormTooLarge
from verify.symbolic.frame import Expr, Frame, expression, number
from verify.symbolic.smooth import applied, written
from verify.symbolic.units import ONE, LinearSum, Units, added

# Beyond this many nodes nobody reads the form.
MAX_NODES = 5000


@dataclass(frozen=True)
class Extreme:
    """The maximum, or the minimum, of its parts."""

    is_max: bool
    parts: tuple[NestedNode, ...]


@dataclass(frozen=True)
class Plain:
    """A sum over coordinates and units."""

    items: frozenset[tuple[int, Fraction]]


@dataclass(frozen=True)
class Applied:
    """A smooth function of its part."""

    function: str
    part: NestedNode


NestedNode = Extreme | Plain | Applied


@dataclass(frozen=True, eq=False)
class Nested:
    """Outputs in terms of the inputs and the ``named`` parts, each defined by the inputs and those before it."""

    outputs: tuple[Expr, ...]
    named: tuple[tuple[Expr, Expr], ...]


def unit_symbol(units: Units, unit: int) -> Expr:
    """``h1`` for unit 0: the same name in the form and in its derivation."""
    name = f"h{unit + 1}"
    return sympy.Symbol(name, nonnegative=True) if units.functions[unit] is None else sympy.Symbol(name, real=True)


class Writer:
    """Writes the sums of one ``Units`` as SymPy expressions."""

    def __init__(self, frame: Frame, units: Units, budget: Budget) -> None:
        self.frame, self.units, self.budget = frame, units, budget
        self.nodes: dict[frozenset[tuple[int, Fraction]], NestedNode] = {}
        self.names: dict[NestedNode, Expr] = {}
        self.expressions: dict[NestedNode, Expr] = {}

    def nested(self) -> Nested:
        """The outputs; units used more than once keep their names h1, h2, ..., other repeated maxima get m1, m2, ..."""
        tops = [self.node(z) for z in self.units.outputs]
        own = {self._definition(unit): unit for unit in range(len(self.units.arguments))}
        named: list[tuple[Expr, Expr]] = []
        maxima = 0
        for node in self._repeated(tops):
            definition = self.expression(node)
            maxima += node not in own
            symbol = unit_symbol(self.units, own[node]) if node in own else sympy.Symbol(f"m{maxima}", real=True)
            self.names[node] = symbol
            self.expressions[node] = symbol
            named.append((symbol, definition))
        return Nested(tuple(self.expression(top) for top in tops), tuple(named))

    def with_all_names(self) -> Writer:
        """A writer that knows the same nodes and writes every unit as its name."""
        other = Writer(self.frame, self.units, self.budget)
        other.nodes = self.nodes
        units = range(len(self.units.arguments))
        other.expressions = {self._definition(i): unit_symbol(self.units, i) for i in units}
        return other

    def node(self, z: LinearSum) -> NestedNode:
        """The sum as a node, with a maximum where that is shorter."""
        key = frozenset(z.items())
        if key not in self.nodes:
            self.budget.check()
            if len(self.nodes) > MAX_NODES:
                raise FormTooLarge(f"the form has more than {MAX_NODES} parts")
            self.nodes[key] = self._as_extreme(z) or Plain(key)
        return self.nodes[key]

    def _as_extreme(self, z: LinearSum) -> Extreme | None:
        size = self.units.inputs
        for j in sorted((j for j in z if j >= size and self.units.functions[j - size] is None), reverse=True):
            argument = self.units.arguments[j - size]
            rest = {i: c for i, c in z.items() if i != j}
            other = added([(Fraction(1), rest), (z[j], argument)])
            if rest and len(rest) + len(other) < len(z) + len(argument):
                return _extreme(z[j] > 0, [self.node(rest), self.node(other)])
        return None

    def _definition(self, unit: int) -> NestedNode:
        function = self.units.functions[unit]
        if function is not None:
            return Applied(function, self.node(self.units.arguments[unit]))
        return _extreme(True, [Plain(frozenset()), self.node(self.units.arguments[unit])])

    def _repeated(self, tops: Sequence[NestedNode]) -> list[NestedNode]:
        """Maxima that are written more than once, inner ones first."""
        counts: Counter[NestedNode] = Counter()
        finished: dict[NestedNode, None] = {}

        def visit(node: NestedNode) -> None:
            counts[node] += isinstance(node, Extreme | Applied)
            if node not in finished:
                for part in self._parts(node):
                    visit(part)
                finished[node] = None

        for top in tops:
            visit(top)
        return [node for node in finished if counts[node] > 1]

    def _parts(self, node: NestedNode) -> Sequence[NestedNode]:
        if isinstance(node, Extreme):
            return node.parts
        if isinstance(node, Applied):
            return [node.part]
        size = self.units.inputs
        return [self._definition(j) for j in sorted(j - size for j, _ in node.items if j >= size)]

    def expression(self, node: NestedNode) -> Expr:
        """The node in SymPy; nothing is simplified on the way."""
        if node not in self.expressions:
            if isinstance(node, Plain):
                self.expressions[node] = self.linear(dict(node.items))
            elif isinstance(node, Applied):
                self.expressions[node] = applied(node.function, self.expression(node.part))
            else:
                parts = [self.expression(part) for part in node.parts]
                self.expressions[node] = (sympy.Max if node.is_max else sympy.Min)(*parts, evaluate=False)
        return self.expressions[node]

    def linear(self, z: LinearSum) -> Expr:
        """A sum over coordinates and units."""
        size = self.units.inputs
        smooth = {
            j: unit
            for j, unit in self.units.smooth_units().items()
            if j in z and not isinstance(self.expressions.get(self._definition(j - size)), sympy.Symbol)
        }
        z, textbook = written(z, smooth, lambda argument: self.expression(self.node(argument)))
        places = {j: c for j, c in z.items() if 0 <= j < size}
        affine = expression(self.frame.in_x(places, z.get(ONE, Fraction(0))), self.frame.symbols)
        terms = [number(c) * self.expression(self._definition(j - size)) for j, c in sorted(z.items()) if j >= size]
        return sympy.Add(affine, *terms, *textbook)


def _extreme(is_max: bool, parts: Sequence[NestedNode]) -> Extreme:
    """Nested maxima become one."""
    flat: dict[NestedNode, None] = {}
    for part in parts:
        inner = part.parts if isinstance(part, Extreme) and part.is_max == is_max else (part,)
        flat.update(dict.fromkeys(inner))
    return Extreme(is_max, tuple(flat))
