"""A smaller network that equals a given one on a region: rewritten (lemma 6), its ReLU fixed where none switches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from verify.errors import BudgetExceeded, NetworkError, RegionError
from verify.formats.onnx import from_model_bytes, stored_model
from verify.formats.onnx.writer import model_bytes
from verify.kernel.check import Verdict
from verify.kernel.evidence import Empty, Leaf
from verify.kernel.exact import Pattern
from verify.network import Network
from verify.property import Claim, Criterion, Question, find
from verify.property.base import in_coordinates
from verify.rational import Vector
from verify.region import Region, everything
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import Outcome
from verify.search.problem import prepare
from verify.search.rewriting import EXPANSION, shorter_network
from verify.search.stability import stable_leaf

# The engines that compare a network with a rewriting of it; more would only search where there is nothing to find.
PROVERS = ("rewriting", "stability")


@dataclass(frozen=True, eq=False)
class Simplified:
    """``network`` is what reading ``data``, an ONNX model, gives; ``claim`` says that it equals the given one.

    ``notes`` lists what could not be done, and why.
    """

    network: Network
    data: bytes
    claim: Claim
    outcome: Outcome
    notes: tuple[str, ...]


def simplify(network: Network, region: Region, budget: Budget, name: str = "simplified") -> Simplified:
    """The smallest network that is found, and the proof that it equals the given one on the region.

    Raises ``NetworkError`` where no exact ONNX file can be written and ``BudgetExceeded`` where nothing is proved.
    """
    network.require_piecewise_linear("simplify")
    candidates = sorted(_candidates(network, region, budget), key=lambda found: (found.relu_count, found.weight_count))
    notes: list[str] = []
    written = False
    for candidate in candidates:
        budget.check()
        try:
            data = _smallest_model(network, candidate)
        except NetworkError as error:
            notes.append(f"{candidate.relu_count} ReLU would do, but {error}")
            continue
        written = True
        again = from_model_bytes(data, name)
        claim = Claim(network, find("equivalent"), region, again)
        for engine in PROVERS:
            outcome = decide(claim, budget, engine)
            if outcome.verdict is Verdict.PROVED:
                return Simplified(again, data, claim, outcome, tuple(dict.fromkeys(notes)))
        notes.append(f"{candidate.relu_count} ReLU would do, but no proof was found: {outcome.reason}")
    if not written:
        raise NetworkError(f"{network.name}: no exact ONNX file can be written: {notes[-1]}")
    raise BudgetExceeded(notes[-1])


def _smallest_model(network: Network, candidate: Network) -> bytes:
    """The candidate as an ONNX model, or the file that the network came from if it has as few ReLU and fewer bytes.

    A candidate is written with unrolled convolutions, which is no gain where only a few weights disappear.
    """
    data = model_bytes(candidate)
    stored = stored_model(network) if candidate.relu_count == network.relu_count else None
    return data if stored is None or len(data) < len(stored) else stored


def _candidates(network: Network, region: Region, budget: Budget) -> Iterator[Network]:
    """Networks equal to the given one on the region; it is one of them itself."""
    yield network
    where = region if region.chart is None else everything(network.input_size)
    starts = [network]
    pattern = _stable_pattern(network, region, budget)
    if pattern is not None:
        starts.append(_fixed(network, pattern))
        yield starts[-1]
    for start in starts:
        for expansion in (EXPANSION, 0):
            found = shorter_network(start, where, budget, expansion=expansion)
            if found is not None:
                yield found


def _stable_pattern(network: Network, region: Region, budget: Budget) -> Pattern | None:
    """The pattern of the whole region, if there is only one; it is that of the network without chart too."""
    local, domain, origin = in_coordinates(network, region)
    problem = prepare(Question(local, domain, Criterion.AFFINE, origin, ""), budget)
    if isinstance(problem, Empty):
        raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    leaf = stable_leaf(problem, budget)
    if not isinstance(leaf, Leaf):
        return None
    shift = len(local.blocks) - len(network.blocks)  # a chart may come first, as a block of its own
    return {k - shift: bits for k, bits in leaf.pattern.items()}


def _fixed(network: Network, pattern: Pattern) -> Network:
    """The network with every ReLU replaced by what it does under the pattern."""
    blocks = []
    for k, block in enumerate(network.blocks, start=1):
        if block.relu:
            rows = np.where(pattern[k], np.arange(block.size), -1)
            inputs = tuple((source, matrix.select_rows(rows)) for source, matrix in block.inputs)
            bias = Vector(np.where(pattern[k], block.bias.numerators, 0), block.bias.denominator)
            block = replace(block, inputs=inputs, bias=bias, relu=False)
        blocks.append(block)
    return replace(network, blocks=tuple(blocks), source=None, file_digest=None)
