"""Checking a cover: each leaf's pattern holds on its part of the region, and the leaves' maps meet the criterion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.cell import Cell, cell_of
from verify.kernel.core.criteria import Map, Piece, check_equality, map_of
from verify.kernel.core.part import Part, is_empty
from verify.kernel.core.units import free_maps
from verify.kernel.evidence import Cover, Empty, Leaf, Tree
from verify.kernel.exact import Pattern
from verify.kernel.frames import in_hull
from verify.kernel.ledger import FLOAT_FILTER, Ledger
from verify.network import Network
from verify.property import Criterion, Question
from verify.property.base import INEQUALITIES
from verify.property.lifting import lift
from verify.region import HalfSpace, Region


def check_empty(question: Question, proof: Empty) -> None:
    """The constant -1 is nonnegative on the region, so the region has no point."""
    region = (lift(question) if proof.lifted else question).region
    if not is_empty(region.base, region.rows, proof.multipliers):
        raise EvidenceError("empty region", "the multipliers do not contradict the region's rows")


def check_cover(question: Question, proof: Cover, ledger: Ledger) -> None:
    """Check a proof of one question."""
    if question.criterion is Criterion.NEVER:
        raise EvidenceError("cells", "do not show that cases hold nowhere")
    if proof.lifted:
        question = lift(question)
    question = after_steps(in_hull(question, proof.equations), proof)
    if question.criterion is Criterion.THROUGH_ORIGIN and question.origin is None:
        raise EvidenceError("zero at the origin", "0 is not in the affine hull of the region: nothing to prove")
    alone = isinstance(proof.tree, Leaf) and question.criterion in (Criterion.AFFINE, Criterion.CONVEX)
    symbols = None
    if not question.network.is_piecewise_linear:
        from verify.kernel.smooth import Symbols, smooth_maps

        symbols, alone = Symbols(question.region.dimension), False
        if question.criterion is Criterion.CONVEX:
            question = replace(question, criterion=Criterion.AFFINE)  # one affine map is convex
        elif question.criterion in INEQUALITIES:
            raise EvidenceError("criterion", f"no rule for {question.criterion.name} of smooth units")
    first: list[Map] | None = None
    pieces: list[Piece] = []
    for leaf, rows in leaves(proof.tree, question.region):
        check_bits(question.network, leaf.pattern)
        if symbols is not None:
            maps = smooth_maps(question, rows, leaf, symbols, ledger)
        elif leaf.free is not None:
            check_bits(question.network, leaf.free)
            forms = free_maps(question.network, question.region.base, rows, leaf)
            maps = [map_of(question, form) for form in forms]
        else:
            cell = cell_of(question.network, leaf.pattern)
            check_leaf(question, rows, leaf, cell, ledger)
            maps = [] if alone else [map_of(question, form) for form in cell.outputs()]
        if alone:
            return  # one affine map is all that is asked
        if question.criterion in INEQUALITIES:
            pieces.append(Piece(Part(question.region.base, rows), leaf, [m.form for m in maps]))
        else:
            check_equality(question, maps, first)
            first = first or maps
    if pieces:
        from verify.kernel.inequalities import check_pieces

        check_pieces(question, pieces)


def after_steps(question: Question, proof: Cover) -> Question:
    """The question about the network that the proof's steps rewrite its network to (lemma 6)."""
    if proof.steps is None:
        return question
    from verify.kernel.rewriting import rewritten

    return replace(question, network=rewritten(question.network, proof.steps, question.region.base))


def leaves(tree: Tree, region: Region) -> Iterator[tuple[Leaf, tuple[HalfSpace, ...]]]:
    """The leaves, each with the rows that hold on it. A split covers: one of form >= 0, form <= 0 holds anywhere."""
    stack = [(tree, region.rows)]
    while stack:
        node, known = stack.pop()
        if isinstance(node, Leaf):
            yield node, known
            continue
        coefficients, constant = node.form.coefficients, node.form.constant
        if len(coefficients) != region.dimension:  # arrays of other lengths might still add up
            raise EvidenceError("split", f"{len(coefficients)} coefficients in {region.dimension} dimensions")
        stack.append((node.below, (*known, HalfSpace(coefficients, -constant))))
        stack.append((node.above, (*known, HalfSpace(-coefficients, constant))))


def check_bits(network: Network, pattern: Pattern) -> None:
    """A pattern holds one bit for each unit of each ReLU block."""
    for k, block in network.relu_blocks():
        bits = pattern.get(k)
        if bits is None or bits.shape != (block.size,) or bits.dtype != np.bool_:
            raise EvidenceError("pattern", f"{block.name} needs one bit for each of its {block.size} units")


def checked_cell(question: Question, rows: Sequence[HalfSpace], leaf: Leaf, ledger: Ledger) -> Cell:
    """The cell of a plain leaf: its pattern speaks of every unit, and holds weakly where the rows hold."""
    if leaf.free is not None or leaf.ceilings or leaf.witnesses:
        raise EvidenceError("cells", "a leaf says more than its pattern and the multipliers for it")
    check_bits(question.network, leaf.pattern)
    cell = cell_of(question.network, leaf.pattern)
    check_leaf(question, rows, leaf, cell, ledger)
    return cell


def check_leaf(question: Question, rows: Sequence[HalfSpace], leaf: Leaf, cell: Cell, ledger: Ledger) -> None:
    """Every unit's extension under the leaf's pattern keeps its weak sign where the rows hold (lemma 1)."""
    network, base = question.network, question.region.base
    if leaf.signs:
        from verify.kernel.facts.signs import pattern_by_signs

        forced = pattern_by_signs(network, base)
        if forced is None or any(not np.array_equal(forced[k], leaf.pattern[k]) for k, _ in network.relu_blocks()):
            raise EvidenceError("signs", "the signs of inputs, weights and biases do not force this pattern")
        return
    if cell.spread(base) is not None:
        ledger.add(FLOAT_FILTER)
    part = Part(base, rows, cell.beyond)
    for k, block in network.relu_blocks():
        on = leaf.pattern[k]
        for unit in np.flatnonzero(~cell.settled(k, base)).tolist():
            row, scale = cell.row(k, unit)
            shown = leaf.multipliers.get((k, unit), {})
            if not part.is_nonnegative(row, shown, 1 if on[unit] else -1, scale):
                raise EvidenceError(
                    "stable pattern",
                    f"{block.unit_name(unit)} is said to be {'on' if on[unit] else 'off'} on a part of the region,"
                    " but its sign there does not follow",
                )
