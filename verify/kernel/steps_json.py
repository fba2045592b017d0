"""The steps of a rewriting as plain data: each list of numbers is a line of words.

``5`` is one number, ``-1*20`` the same number twenty times, ``7+4`` the four numbers 7, 8, 9, 10.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from verify.kernel.rewriting import BlockSteps, Steps
from verify.network import Block, Network
from verify.network.matrix import Indices
from verify.rational import zeros

_WORD = re.compile(r"(-?\d{1,9})(?:([*+])(\d{1,9}))?")


def to_json(steps: Steps) -> dict[str, Any]:
    """The steps as plain data."""
    blocks = [[_line(step.units.tolist()), _line(step.values.tolist())] for step in steps.blocks]
    return {"bounded": steps.bounded, "blocks": blocks}


def from_json(data: Any, network: Network) -> Steps:
    """The steps that ``to_json`` wrote, for this network; ``ValueError`` or ``TypeError`` for anything else."""
    bounded, blocks = data["bounded"], data["blocks"]
    if not isinstance(bounded, bool) or not isinstance(blocks, list) or len(blocks) != len(network.blocks) - 1:
        raise ValueError("steps of a rewriting do not fit the network's blocks")
    found = [
        BlockSteps(_numbers(units, block.size), _numbers(values, block.size))
        for (units, values), block in zip(blocks, network.blocks[:-1], strict=True)
    ]
    return Steps(tuple(found), bounded)


def sizes_from_json(data: Any, network: Network) -> Network:
    """A network whose ReLU blocks have these sizes, keyed by block number: what patterns are read with."""
    sizes = {int(k): size for k, size in data.items()}
    for k, size in sizes.items():
        if type(size) is not int or not 0 <= size <= network.relu_count or not 0 < k <= 2 * len(network.blocks):
            raise ValueError(f"{size!r:.20} units in block {k}")
    blocks = [
        Block("", (sizes.get(k, 0),), (), zeros(sizes.get(k, 0)), relu=k in sizes)
        for k in range(1, max(sizes, default=0) + 1)
    ]
    end = Block("", (1,), (), zeros(1), relu=False)
    return Network("sizes", network.input_shape, (1,), (*blocks, end))


def _line(numbers: list[int]) -> str:
    return " ".join(f"{value}{sign}{count}" if count > 1 else f"{value}" for value, sign, count in _runs(numbers))


def _runs(numbers: list[int]) -> list[tuple[int, str, int]]:
    """(first number, ``*`` or ``+``, length) of runs that together are the list."""
    runs, place = [], 0
    while place < len(numbers):
        best = (numbers[place], "*", 1)
        for sign, step in (("*", 0), ("+", 1)):
            end = place + 1
            while end < len(numbers) and numbers[end] == numbers[end - 1] + step:
                end += 1
            if end - place > best[2]:
                best = numbers[place], sign, end - place
        runs.append(best)
        place += best[2]
    return runs


def _numbers(line: Any, most: int) -> Indices:
    """The numbers of a line, at most so many."""
    parts, total = [np.zeros(0, dtype=np.int64)], 0
    for word in line.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r:.20} is not a step")
        value, sign, count = int(match[1]), match[2], int(match[3] or 1)
        total += count
        if total > most:
            raise ValueError(f"more than {most} steps for a block")
        parts.append(np.arange(value, value + count) if sign == "+" else np.full(count, value, dtype=np.int64))
    return np.concatenate(parts)
