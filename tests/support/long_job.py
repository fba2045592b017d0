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
    return "\n".join(_parts() + _maximum("largest", order)) + "\n"


def _parts() -> list[str]:
    rng = random.Random(0)
    lines = [f"input = {INPUTS}"]
    for i in range(PARTS):
        weight = [rng.randint(-9, 9) for _ in range(INPUTS)]
        lines += ["[[layer]]", 'type = "dense"', f'name = "d{i}"', 'input = "input"']
        lines += [f"weight = [{weight}]", f"bias = [{rng.randint(-9, 9)}]"]
    return lines


def _maximum(name: str, order: Sequence[int]) -> list[str]:
    inputs = ", ".join(f'"d{i}"' for i in order)
    return ["[[layer]]", 'type = "maximum"', f'name = "{name}"', f"inputs = [{inputs}]"]


def write_difference(folder: Path) -> Path:
    """Write ``zero.toml``: one maximum minus the other, the zero function behind many switches without effect."""
    order = list(range(PARTS))
    shuffled = random.Random(1).sample(order, PARTS)
    lines = _parts() + _maximum("left", order) + _maximum("right", shuffled)
    lines += ["[[layer]]", 'type = "subtract"', 'inputs = ["left", "right"]']
    path = folder / "zero.toml"
    path.write_text("\n".join(lines) + "\n")
    return path
