"""Finding the steps of a rewriting (lemma 6). The kernel checks each of them; see ``verify.kernel.rewriting``."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace

import numpy as np

from verify.errors import EvidenceError, TooLarge
from verify.kernel.evidence import BlockSteps, Steps
from verify.kernel.exact import Bits
from verify.kernel.rewriting import EXPAND, KEEP, OFF, ON, Replay, constants
from verify.network import Network
from verify.network.matrix import Indices, Matrix
from verify.network.smooth import SMOOTH
from verify.region import Region
from verify.region.bases import Base
from verify.search.budget import Budget
from verify.search.fingerprints import fingerprints
from verify.search.problem import Problem

# Networks of more weights are rewritten without regard to the region's finite sides: exact bounds would cost more.
BOUNDS_WEIGHTS = 600_000
# Forms are put in as sums while a block's products with those who read them are at most so many, ...
EXPANSION = 20_000
# ... or so many with so many entries in the end, where all numbers are short.
SHORT_EXPANSION, SHORT_RESULT = 60_000_000, 4_000_000


def simplified(network: Network, region: Region, budget: Budget) -> Network:
    """A network equal to the given one on the region (in its coordinates), rewritten; the same one where that fails."""
    found = _found(network, region.base, budget)
    return network if found is None else found[1]


def shorter_network(
    network: Network, region: Region, budget: Budget, *, expansion: int | None = None
) -> Network | None:
    """The rewritten network, sums put in with at most so many products a block; None where it cannot be rewritten."""
    found = _found(network, region.base, budget, expansion)
    return None if found is None else found[1]


def rewritten_problem(problem: Problem, budget: Budget) -> Problem | None:
    """The problem about the rewritten network; None where no ReLU disappears."""
    question = problem.question
    found = _found(question.network, question.region.base, budget) if problem.steps is None else None
    if found is None or found[1].relu_count >= question.network.relu_count:
        return None
    steps, shorter = found
    return replace(problem, question=replace(question, network=shorter), steps=steps)


def rewrite(network: Network, where: Region | Base, budget: Budget) -> Steps | None:
    """Steps that the kernel accepts for this network on the region; None where it cannot be rewritten."""
    found = _found(network, where.base if isinstance(where, Region) else where, budget)
    return None if found is None else found[0]


def _found(network: Network, base: Base, budget: Budget, expansion: int | None = None) -> tuple[Steps, Network] | None:
    """The steps, and the network that they lead to."""
    use_sides = network.weight_count <= BOUNDS_WEIGHTS
    replay = Replay(network, base, bounded=use_sides, with_intervals=True)
    memory = _Memory()
    found = []
    try:
        for k in range(1, len(network.blocks)):
            budget.check()
            forms = replay.forms(k)
            step = _steps(replay, memory, network, k, forms, expansion)
            replay.apply(k, forms, step)
            found.append(step)
        return Steps(tuple(found), use_sides), replay.result()
    except (EvidenceError, TooLarge):
        return None  # sums too long to be written out, or two rows with one fingerprint that are no multiples


@dataclass
class _Memory:
    """For each activation the variables kept so far, by their forms' fingerprints."""

    known: dict[str, dict[Hashable, tuple[int, bool]]] = field(default_factory=dict)

    def shares(self, activation: str, forms: Matrix, units: Indices, first: int) -> tuple[Indices, Bits]:
        """For each of the units the variable that it can share, or KEEP; and whether with a negative factor.

        New variables get the numbers from ``first`` on, in the order of the units. Smooth units share only what is
        equal, or opposite where the function has a parity.
        """
        table = self.known.setdefault(activation, {})
        rows = forms.select_rows(units)
        leading = rows.entries[rows.row_starts[:-1]].tolist() if len(units) else []
        codes, negative = np.full(len(units), KEEP), np.zeros(len(units), dtype=bool)
        for i, (word, entry) in enumerate(zip(fingerprints(rows).tolist(), leading, strict=True)):
            key: Hashable = word
            if activation in SMOOTH:
                key = word, abs(entry) if SMOOTH[activation].parity else entry
            if key in table:
                codes[i], negative[i] = table[key][0], table[key][1] != (entry < 0)
            else:
                table[key] = first, entry < 0
                first += 1
        return codes, negative


def _steps(
    replay: Replay, memory: _Memory, network: Network, k: int, forms: Matrix, expansion: int | None
) -> BlockSteps:
    block = network.blocks[k - 1]
    constant = constants(block, forms)
    needed = ~constant
    codes = np.zeros(0, dtype=np.int64)
    count = replay.count
    if block.relu:
        codes, needed = _relu_units(replay, memory, forms, constant)
        count += int(np.count_nonzero((codes == KEEP) & ~constant))
    elif block.smooth is not None:
        open_units = np.flatnonzero(needed)
        codes, needed = np.full(block.size, KEEP), np.zeros(block.size, dtype=bool)
        codes[open_units] = memory.shares(block.smooth, forms, open_units, count)[0]
        count += int(np.count_nonzero(codes[open_units] == KEEP))
    units = np.flatnonzero(needed)
    values = np.full(len(units), EXPAND)
    kept = np.flatnonzero(~_expanded(network, k, forms, units, expansion))
    values[kept] = memory.shares("", forms, units[kept], count)[0]
    return BlockSteps(codes, values)


def _relu_units(replay: Replay, memory: _Memory, forms: Matrix, constant: Bits) -> tuple[Indices, Bits]:
    """The fate of each unit, and which forms are needed beside."""
    codes = np.full(forms.shape[0], KEEP)
    assert replay.intervals is not None
    bounds = replay.intervals.of_rows(forms)
    on, off = bounds.low.are_nonnegative & ~constant, bounds.top.are_nonnegative & ~constant
    codes[on], codes[off] = ON, OFF
    open_units = np.flatnonzero(~(constant | on | off))
    codes[open_units], negative = memory.shares("relu", forms, open_units, replay.count)
    on[open_units[negative]] = True
    return codes, on


def _is_short(matrix: Matrix) -> bool:
    """Whether the numbers are integers below 2^22 times one power of two: sums of 2^9 products of such are exact."""
    numerators = matrix.short_integers[0]
    is_short = matrix.is_binary64 and numerators.dtype == np.int64
    return is_short and int(np.abs(numerators).max(initial=0)) < 1 << 22


def _expanded(network: Network, k: int, forms: Matrix, units: Indices, expansion: int | None) -> Bits:
    """Which of the forms to put in as sums: all where that is cheap, else those that make nothing longer.

    ``expansion`` takes the place of the limits of this module.
    """
    readers, short, result = np.zeros(forms.shape[0], dtype=np.int64), True, 0
    for block in network.blocks[k:]:
        for source, matrix in block.inputs:
            if source == k:
                readers += np.bincount(matrix.columns, minlength=forms.shape[0])
                short = short and _is_short(matrix)
                result += matrix.shape[0] * forms.shape[1]
    lengths = forms.row_lengths[units]
    cost = int(np.dot(readers[units], lengths))
    is_cheap = cost <= SHORT_EXPANSION and result <= SHORT_RESULT and short and _is_short(forms)
    if cost <= (EXPANSION if expansion is None else expansion) or (expansion is None and is_cheap):
        return np.ones(len(units), dtype=bool)
    return np.asarray(readers[units] * lengths <= 2 * (readers[units] + lengths), dtype=bool)
