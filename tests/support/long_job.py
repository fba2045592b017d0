"""A claim that no engine decides in a short time: two networks that compute one maximum in different orders.

Rewriting does not identify them, and their cells are too many to list quickly.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

INPUTS, PARTS = 8, 20


def write_pair(folder: Path) -> tuple[Path, Path]:
    """Write ``first.toml`` and ``second.toml``: equal functions, the maximum of the same 20 affine ones."""
    order = list(range(PARTS))
    first, second = folder / "first.toml", folder / "second.toml"
    first.write_text(_text(order))
    random.Random(1).shuffle(order)
    second.write_text(_text(order))
    return first, second


def _text(order: Sequence[int]) -> str:
    rng = random.Random(0)
    lines = [f"input = {INPUTS}"]
    for i in range(PARTS):
        weight = [rng.randint(-9, 9) for _ in range(INPUTS)]
        lines += ["[[layer]]", 'type = "dense"', f'name = "d{i}"', 'input = "input"']
        lines += [f"weight = [{weight}]", f"bias = [{rng.randint(-9, 9)}]"]
    names = ", ".join(f'"d{i}"' for i in order)
    lines += ["[[layer]]", 'type = "maximum"', f"inputs = [{names}]"]
    return "\n".join(lines) + "\n"
