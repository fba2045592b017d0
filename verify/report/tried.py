"""What trying random instances of a verdict gave, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verify.rational import counted
from verify.report.model import Tried

NOTHING = {
    "the verdict is refuted": "Nothing to try: a refutation is one instance, which the kernel evaluates each time.",
    "the verdict is unknown": "Nothing to try: there is no verdict.",
}


def tried(fuzz: Mapping[str, Any] | None) -> Tried | None:
    """The record's ``fuzz`` entry as a report shows it; see ``verify.fuzzing.record``."""
    if fuzz is None:
        return None
    if fuzz.get("failure"):
        return Tried("An instance breaks this claim.", str(fuzz["failure"]))
    reason = str(fuzz.get("reason") or "")
    if reason:
        return Tried(NOTHING.get(reason, f"Nothing was tried: {reason}."))
    draws = f"{counted(int(fuzz.get('examples', 0)), 'draw')}, seed {fuzz.get('seed', 0)}"
    instances = int(fuzz.get("instances", 0))
    if not instances:
        return Tried(f"No draw gave an instance of the formula on the region ({draws}).")
    text = f"{counted(instances, 'random instance')} of the formula on the region ({draws}): none breaks it."
    rounded = int(fuzz.get("in_floats", 0))
    if rounded:
        text += f" For {rounded} of them that was decided in float64, within its error bound; for the others exactly."
    return Tried(text)
