"""Trees of splits: from the parts of a finished search to evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from verify.kernel.evidence import Split, Tree
from verify.kernel.exact import AffineForm


class Node(Protocol):
    """A part that is a leaf, or was divided by a form into the parts above and below."""

    @property
    def leaf(self) -> Tree | None:
        """The leaf, if it is one, or a tree that is finished."""

    @property
    def form(self) -> AffineForm | None:
        """What divided it."""

    @property
    def children(self) -> Sequence[Node]:
        """The parts where the form is >= 0 and where it is <= 0."""


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
