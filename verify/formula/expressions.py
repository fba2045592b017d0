"""Expressions of a formula as tensors of one network: the two sides of comparisons, arguments of regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.formula.tree import (
    Application,
    Apply,
    Compare,
    Constant,
    Entry,
    Expression,
    FormulaMistake,
    Listing,
    Name,
    Product,
    Sum,
    text_of,
)
from verify.network import Network
from verify.network import matrix as matrices
from verify.network.builder import absolute, maximum, minimum
from verify.network.combine import applied
from verify.network.matrix import Matrix
from verify.network.tensor import Builder, Tensor
from verify.rational import Vector, vector


class Expressions:
    """Expressions over the input of ``builder``; ``names`` has the affine map from there to each name's value."""

    def __init__(
        self, builder: Builder, networks: Mapping[str, Network], names: Mapping[str, tuple[Matrix, Vector]]
    ) -> None:
        self.builder, self.networks, self.names = builder, networks, names
        self.calls: dict[str, Tensor] = {}

    def difference(self, node: Compare) -> Tensor:
        """The left side minus the right one, each entry."""
        left, right = self._spread([self.tensor(node.left), self.tensor(node.right)])
        return left - right

    def vector(self, node: Expression, size: int) -> Tensor:
        """The expression; a number is repeated to that size."""
        return _broadcast(self.tensor(node), size)

    def _spread(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        size = max(tensor.size for tensor in tensors)
        return [_broadcast(tensor, size) for tensor in tensors]

    def tensor(self, node: Expression) -> Tensor:
        """The expression over the inputs and blocks of the network, as a flat vector."""
        match node:
            case Constant():
                return constant(self.builder, [node.value])
            case Listing():
                return constant(self.builder, node.values)
            case Name():
                matrix, offset = self.names[node.name]
                return self.builder.input.apply(matrix, (len(offset),), offset)
            case Sum():
                terms = self._spread([self.tensor(term).scaled(sign) for sign, term in node.terms])
                total = terms[0]
                for term in terms[1:]:
                    total = total + term
                return total
            case Product():
                return self._product(node)
            case Application():
                return self._call(node)
            case Entry():
                return self.tensor(node.vector).take(np.array([node.index]))
            case Apply():
                return self._applied(node)

    def _product(self, node: Product) -> Tensor:
        """Of the parts at most one is more than a number: what a network is at a known point is not computed here."""
        parts = [self.tensor(part) for part in node.parts]
        moving = [part for part in parts if part.terms]
        if len(moving) > 1:
            raise FormulaMistake(node.place, f"{text_of(node)} multiplies the value of a network; write the number")
        result = moving[0] if moving else constant(self.builder, [Fraction(1)])
        for tensor in (part for part in parts if not part.terms):
            result, factors = self._spread([result, tensor])
            diagonal = np.arange(result.size)
            entries = matrices.compact(factors.bias.fractions())
            scale = matrices.from_triplets(diagonal, diagonal, entries, (result.size, result.size))
            terms = {s: scale.compose(m) for s, m in result.terms.items()}
            result = replace(result, terms=terms, bias=scale.product(result.bias), paths=None)
        return result.scaled(node.factor)

    def _call(self, node: Application) -> Tensor:
        network, key = self.networks[node.function], text_of(node)
        if key not in self.calls:
            argument = self.vector(node.argument, network.input_size)
            self.calls[key] = applied(network, argument, f"{key}.").flatten()
        return self.calls[key]

    def _applied(self, node: Apply) -> Tensor:
        tensors = self._spread([self.tensor(argument) for argument in node.arguments])
        if node.function == "abs":
            return absolute(tensors[0].named(text_of(node)))
        if node.function == "sum":
            return total_of(tensors[0])
        if node.over_entries:
            tensors = [tensors[0].take(np.array([i])) for i in range(tensors[0].size)]
        choose = maximum if node.function == "max" else minimum
        while len(tensors) > 1:
            pairs = [choose(a.named(text_of(node)), b) for a, b in zip(tensors[0::2], tensors[1::2], strict=False)]
            tensors = pairs + (tensors[-1:] if len(tensors) % 2 else [])
        return tensors[0]


def constant(builder: Builder, values: Sequence[Fraction]) -> Tensor:
    """A vector of numbers."""
    return Tensor(builder, (len(values),), {}, vector(values))


def _broadcast(tensor: Tensor, size: int) -> Tensor:
    return tensor if tensor.size == size else tensor.take(np.zeros(size, dtype=np.int64))


def total_of(tensor: Tensor) -> Tensor:
    """The sum of the entries."""
    ones = matrices.from_dense(np.ones((1, tensor.size)))
    return replace(
        tensor,
        shape=(1,),
        terms={s: ones.compose(m) for s, m in tensor.terms.items()},
        paths=None,
        bias=ones.product(tensor.bias),
    )
