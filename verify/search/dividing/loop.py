"""The loop that divides a region into parts until each is settled.

What is different for each search is given to it: a *look* at one part, which says what is known of it or cuts it in
two, and the *order* in which parts are taken. What looking at a part takes (its rows and a point inside; the fold of
the part that it comes from; a distance) travels with the part. Boxes that floats bound by the thousand are the one
exception: ``verify.search.dividing.cutting`` takes them in arrays, with trees of numbers.
"""

from __future__ import annotations

import heapq
import itertools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from verify.kernel.evidence import Split, Tree
from verify.kernel.exact import AffineForm
from verify.search.budget import Budget

# What looking at a part takes, and what is known of a part that is settled.
P = TypeVar("P")
R = TypeVar("R")


@dataclass(eq=False)
class Node:
    """A part in the tree of splits: a leaf, or a tree that is finished, or the form that cut it and its two sides."""

    leaf: Tree | None = None
    form: AffineForm | None = None
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Open(Generic[P]):
    """A part still to be looked at, and its place in the tree. Nodes know no parents: a tree nobody holds is gone."""

    node: Node
    part: P


@dataclass(frozen=True, eq=False)
class Halved(Generic[P]):
    """A part was cut in two: where the form is >= 0, and where it is <= 0."""

    form: AffineForm
    sides: tuple[P, P]


class Order(ABC, Generic[P]):
    """The open parts: which comes next, and whether there is a reason to stop while some are open."""

    @abstractmethod
    def __len__(self) -> int:
        """How many are open."""

    @abstractmethod
    def take(self) -> Open[P]:
        """The next one, which is open no more."""

    @abstractmethod
    def add(self, parts: Sequence[Open[P]]) -> None:
        """The sides of the one that was taken last, the one above first."""

    def is_enough(self) -> bool:
        """Whether to stop."""
        return False


class DepthFirst(Order[P]):
    """The newest first, of two sides the one below: few parts are open at a time."""

    def __init__(self, parts: Sequence[Open[P]]) -> None:
        self.parts = list(parts)

    def __len__(self) -> int:
        return len(self.parts)

    def take(self) -> Open[P]:
        return self.parts.pop()

    def add(self, parts: Sequence[Open[P]]) -> None:
        self.parts += parts


class LeastFirst(Order[P]):
    """The part with the least key first, of equal ones the oldest."""

    def __init__(self, parts: Sequence[Open[P]], key: Callable[[P], Any]) -> None:
        self.key, self.numbers = key, itertools.count()
        self.heap: list[tuple[Any, int, Open[P]]] = []
        self.add(parts)

    def __len__(self) -> int:
        return len(self.heap)

    def take(self) -> Open[P]:
        return heapq.heappop(self.heap)[2]

    def add(self, parts: Sequence[Open[P]]) -> None:
        for item in parts:
            heapq.heappush(self.heap, (self.key(item.part), next(self.numbers), item))


def divide(look: Callable[[P], Halved[P] | R], order: Order[P], budget: Budget) -> Iterator[tuple[Node, R]]:
    """Look at open parts until none is left, or the order says that it is enough; yields those that are settled.

    Whoever reads fills in the node's leaf, if a tree is wanted. ``BudgetExceeded`` when the budget is used up: the
    parts that are open then are still in ``order``.
    """
    settled = 0
    while len(order) and not order.is_enough():
        budget.check()
        item = order.take()
        found = look(item.part)
        if isinstance(found, Halved):
            item.node.form, item.node.children = found.form, [Node(), Node()]
            order.add([Open(node, side) for node, side in zip(item.node.children, found.sides, strict=True)])
            continue
        settled += 1
        if settled % 100 == 0:
            budget.report(f"{settled} parts, {len(order)} open")
        yield item.node, found


def tree_of(root: Node) -> Tree:
    """The finished tree, built without recursion."""
    done: dict[int, Tree] = {}
    stack = [root]
    while stack:
        part = stack[-1]
        if part.leaf is not None:
            done[id(part)] = part.leaf
            stack.pop()
        elif all(id(child) in done for child in part.children):
            assert part.form is not None
            above, below = (done[id(child)] for child in part.children)
            done[id(part)] = Split(part.form, above, below)
            stack.pop()
        else:
            stack += [child for child in part.children if id(child) not in done]
    return done[id(root)]
