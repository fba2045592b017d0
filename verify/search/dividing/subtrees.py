"""Dividing parts of a region until each has one affine map, here or by the workers of an executor.

A part, with the fold of the part that it comes from, is all that deciding it needs: the tree of its own parts takes
its place in the tree of the whole. So parts can be decided in any order and anywhere, and the evidence is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait
from dataclasses import dataclass, field

from verify.errors import BudgetExceeded
from verify.kernel.evidence import Leaf, Tree
from verify.kernel.exact import AffineForm
from verify.region import Box
from verify.search.budget import Budget
from verify.search.dividing.parts import Part, affine_form
from verify.search.dividing.relevance import Fold, fold, leaf
from verify.search.dividing.trees import tree_of
from verify.search.dividing.watch import Watch
from verify.search.refuting.finding import Finding

# An executor gets parts only after so many seconds without one, and then at least so many parts.
ALONE_SECONDS, PARTS = 1.0, 32
# How often a search that waits for workers looks at the clock.
WAKE_SECONDS = 0.5


@dataclass(eq=False)
class Node:
    """How a part was decided: a leaf, or the finished tree of it, or what cut it in two."""

    leaf: Tree | None = None
    form: AffineForm | None = None
    children: list[Node] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class Open:
    """A part still to be decided: its node, and the fold of the part that it comes from."""

    node: Node
    part: Part
    around: Fold


def divide(watch: Watch, stack: list[Open], budget: Budget, alone: float | None = None) -> list[Finding]:
    """Decide the open parts, depth first; findings where one refutes.

    After ``alone`` seconds, when there is a map to compare with, parts are cut breadth first until there are enough to
    be handed out; those are left in ``stack``.
    """
    problem, normal = watch.problem, watch.normal
    base = problem.question.region.base
    assert isinstance(base, Box)
    leaves, started = 0, budget.elapsed
    while stack:
        budget.check()
        gathers = alone is not None and watch.is_ready and budget.elapsed - started > alone
        if gathers and len(stack) >= PARTS:
            return []
        item = stack.pop(0 if gathers else -1)
        node, part = item.node, item.part
        here = fold(item.around, part, budget)
        findings = watch.findings(here, part, budget)
        if findings:
            return findings
        while not here.live and node.leaf is None:
            proof = leaf(problem.question.network, base, normal, here, part)
            if isinstance(proof, Leaf):
                node.leaf = proof
            else:
                here = fold(proof, part, budget, look=False)
        if node.leaf is None:
            row = here.live[0][1]
            node.form, node.children = affine_form(row, normal.size), [Node(), Node()]
            stack += [Open(child, side, here) for child, side in zip(node.children, part.cut(row), strict=True)]
            continue
        leaves += 1
        if leaves % 100 == 0:
            budget.report(f"{leaves} parts, {len(stack)} open")
    return []


@dataclass(frozen=True, eq=False)
class Task:
    """A part with all that deciding it needs; it can be pickled."""

    watch: Watch
    part: Part
    around: Fold
    budget: Budget


def subtree(task: Task) -> Tree | list[Finding]:
    """The finished tree of the part, or findings."""
    root = Node()
    return divide(task.watch, [Open(root, task.part, task.around)], task.budget) or tree_of(root)


def hand_out(watch: Watch, stack: Sequence[Open], budget: Budget) -> list[Finding]:
    """Let the budget's executor decide the open parts; the first findings end it.

    ``BudgetExceeded`` where time runs out, or a worker dies: a part without a tree leaves the question open.
    """
    if not stack or budget.executor is None:
        return []
    futures = {budget.executor.submit(subtree, Task(watch, item.part, item.around, budget)): item for item in stack}
    waiting = set(futures)
    try:
        while waiting:
            done, waiting = wait(waiting, timeout=min(budget.remaining, WAKE_SECONDS), return_when=FIRST_COMPLETED)
            for future in done:
                result = future.result()
                if isinstance(result, list):
                    return result
                futures[future].node.leaf = result
            budget.check()
            budget.report(f"{len(waiting)} of {len(futures)} shared parts open")
    except BudgetExceeded:
        budget.check()  # a worker's deadline is this one, but it knows only what was left
        raise
    except BrokenExecutor as error:
        raise BudgetExceeded("a worker process died") from error
    finally:
        for future in waiting:
            future.cancel()
    return []
