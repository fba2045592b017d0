"""The traps: for each an honest record, one lie, and the rule of the kernel that must reject it."""

from __future__ import annotations

from tests.arena.traps import of_bounds, of_cells, of_counts, of_formulas, of_instances, of_records
from tests.arena.traps.lies import Trap

__all__ = ["TRAPS", "Trap"]

TRAPS = [
    *of_records.TRAPS,
    *of_instances.TRAPS,
    *of_cells.TRAPS,
    *of_bounds.TRAPS,
    *of_counts.TRAPS,
    *of_formulas.TRAPS,
]
