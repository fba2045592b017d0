"""Which names are vectors and which are numbers, and whether sizes fit.

A name is a vector if it is (part of) an argument of a network or is added to, or compared with, a vector. It is a
number if it multiplies a vector. A number beside a vector counts for every entry. What stays open is a mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from verify.formula.tree import (
    Application,
    Apply,
    Compare,
    Constant,
    Entry,
    Expression,
    FormulaMistake,
    Listing,
    Membership,
    Name,
    Product,
    Statement,
    Sum,
    text_of,
    walk,
)

# A positive size is that of a vector; these two stand for a number, and for one that is known beforehand.
NUMBER, SIZELESS = 0, -1
# Inputs and outputs of each network, by the name that it is bound to.
Functions = Mapping[str, tuple[int, int]]


def sizes_of(statements: Sequence[Statement], functions: Functions) -> dict[str, int]:
    """The size of each name (0: a number); raises ``FormulaMistake`` where sizes do not fit or stay open."""
    found = _Sizes(functions)
    for found.beside in (False, True):  # what multiplies is a number, whatever it is added to further on
        changed = True
        while changed:
            before = len(found.sizes)
            for statement in statements:
                for node in walk(statement):
                    found.look(node)
            changed = len(found.sizes) != before
    checked = CheckedSizes(found.sizes, functions)
    for statement in statements:
        for node in walk(statement):
            checked.statement(node)
    return found.sizes


class _Sizes:
    """Sizes found so far; ``beside`` says whether standing beside a vector counts already."""

    def __init__(self, functions: Functions) -> None:
        self.functions, self.sizes = functions, dict[str, int]()
        self.beside = False

    def look(self, node: object) -> None:
        """Learn from one node."""
        if isinstance(node, Compare):
            self.common([node.left, node.right])
        elif isinstance(node, Membership):
            self.of(node.point)
        elif isinstance(node, Application):
            self.of(node)

    def of(self, node: Expression) -> int | None:
        """The size of an expression; None where it is open."""
        match node:
            case Constant():
                return SIZELESS
            case Listing():
                return len(node.values)
            case Name():
                return self.sizes.get(node.name)
            case Sum():
                return self.common([term for _, term in node.terms])
            case Product():
                return self.product(node)
            case Application():
                inputs, outputs = self.functions[node.function]
                self.of(node.argument)
                self.push(node.argument, inputs)
                return outputs
            case Entry():
                self.of(node.vector)
                return NUMBER
            case Apply():
                found = self.common(node.arguments)
                return NUMBER if node.over_entries else found

    def common(self, parts: Sequence[Expression]) -> int | None:
        """The size of parts that are added or compared."""
        sizes = [self.of(part) for part in parts]
        vectors = [size for size in sizes if size is not None and size > 0]
        if not vectors and None in sizes and NUMBER not in sizes:
            return None
        size = vectors[0] if vectors else NUMBER if NUMBER in sizes else SIZELESS
        if self.beside and size != SIZELESS:
            for part, known in zip(parts, sizes, strict=True):
                if known is None:
                    self.push(part, size)
        return size if vectors or None not in sizes else None

    def product(self, node: Product) -> int | None:
        sizes = [self.of(part) for part in node.parts]
        vectors = [size for size in sizes if size is not None and size > 0]
        if vectors:
            for part, size in zip(node.parts, sizes, strict=True):
                if size is None:
                    self.push(part, NUMBER)
            return vectors[0]
        return None if None in sizes else NUMBER

    def push(self, node: Expression, size: int) -> None:
        """Learn that an expression has this size."""
        match node:
            case Name():
                self.sizes.setdefault(node.name, size)
            case Sum():
                for _, term in node.terms:
                    if self.of(term) is None:
                        self.push(term, size)
            case Apply() if not node.over_entries:
                for argument in node.arguments:
                    if self.of(argument) is None:
                        self.push(argument, size)
            case Product():
                unknown = [part for part in node.parts if self.of(part) is None]
                if len(unknown) == 1:
                    self.push(unknown[0], size)


class CheckedSizes:
    """Sizes of expressions when those of names are known; mistakes where they do not fit."""

    def __init__(self, sizes: Mapping[str, int], functions: Functions) -> None:
        self.sizes, self.functions = sizes, functions

    def statement(self, node: object) -> None:
        """Check the expressions that stand directly in a statement."""
        if isinstance(node, Compare):
            self.common([node.left, node.right], node.place)
        elif isinstance(node, Membership) and self.of(node.point) == SIZELESS:
            raise FormulaMistake(node.place, f"{text_of(node.point)} is a number; a region holds vectors: [1, 0]")

    def of(self, node: Expression) -> int:
        """The size of an expression."""
        match node:
            case Constant():
                return SIZELESS
            case Listing():
                return len(node.values)
            case Name():
                if node.name not in self.sizes:
                    message = (
                        f"{node.name} may be a vector or a number; it is a vector if it is an argument (f({node.name}))"
                    )
                    raise FormulaMistake(node.place, f"{message} or is added to one, a number if it multiplies one")
                return self.sizes[node.name]
            case Sum():
                return self.common([term for _, term in node.terms], node.place)
            case Product():
                return self.product(node)
            case Application():
                return self.call(node)
            case Entry():
                return self.entry(node)
            case Apply():
                size = self.common(node.arguments, node.place)
                return NUMBER if node.over_entries else size

    def common(self, parts: Sequence[Expression], place: int) -> int:
        sizes = [self.of(part) for part in parts]
        largest = max(sizes)
        for part, size in zip(parts, sizes, strict=True):
            if size not in (SIZELESS, NUMBER, largest):
                other = parts[sizes.index(largest)]
                words = f"{text_of(other)} has {_entries(largest)}, {text_of(part)} has {_entries(size)}"
                raise FormulaMistake(part.place or place, f"{words}; pick entries of it, such as {text_of(part)}[0]")
        return largest

    def product(self, node: Product) -> int:
        sizes = [self.of(part) for part in node.parts]
        vectors = [part for part, size in zip(node.parts, sizes, strict=True) if size > 0]
        if len(vectors) > 1:
            both = f"{text_of(vectors[0])} and {text_of(vectors[1])} are vectors"
            raise FormulaMistake(node.place, f"{both}; a product is of a vector and numbers")
        return max(sizes)

    def call(self, node: Application) -> int:
        inputs, outputs = self.functions[node.function]
        size = self.of(node.argument)
        if size not in (inputs, SIZELESS) and not (size == NUMBER and inputs == 1):
            got = "a number" if size == NUMBER else _entries(size)
            words = f"{node.function} takes {_entries(inputs)}, and {text_of(node.argument)} has {got}"
            raise FormulaMistake(node.argument.place, words.replace("has a number", "is a number"))
        return outputs

    def entry(self, node: Entry) -> int:
        size = self.of(node.vector)
        if size <= 0:
            raise FormulaMistake(node.vector.place, f"{text_of(node.vector)} is a number; only vectors have entries")
        if node.index >= size:
            last = "only [0]" if size == 1 else f"[0] to [{size - 1}]"
            raise FormulaMistake(node.place, f"{text_of(node.vector)} has {last}, not [{node.index}]")
        return NUMBER


def _entries(size: int) -> str:
    return f"{size} {'entry' if size == 1 else 'entries'}"
