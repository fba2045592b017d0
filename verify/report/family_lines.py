"""The induction over the layers of a family in words: one line for each layer and each set of facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from verify.errors import EvidenceError
from verify.kernel.facts.induction import Step
from verify.kernel.facts.layer_rules import Channels
from verify.kernel.facts.values import ALL, IMPLIED, Facts
from verify.kernel.families import FamilyEvidence, SignRules
from verify.kernel.interval import Interval
from verify.network.families import layers as kinds
from verify.network.families.layers import Add, Clip, Flatten, Layer, Leaky, Pad, Pool
from verify.network.families.ranges import Shape, holds_all
from verify.rational import exact_text
from verify.region import Region
from verify.writing import family_to_json

SHOWN_CHANNELS = 4


@dataclass(frozen=True)
class ProofLine:
    """``layer``: these facts hold of these channels of its result, for all members, ``why``."""

    layer: str
    channels: str
    facts: tuple[str, ...]
    values: str
    why: str

    def to_json(self) -> dict[str, Any]:
        return {**vars(self), "facts": list(self.facts)}

    def __str__(self) -> str:
        where = f"{self.layer} {self.channels}".strip()
        known = ", ".join(self.facts) or "nothing but its values"
        return f"{where}: {known}; values in {self.values}    ({self.why})"


def lines_of(steps: Sequence[Step], region: Region) -> tuple[ProofLine, ...]:
    """The lines of an induction over the region."""
    found: list[ProofLine] = []
    for step in steps:
        if step.layer is None:
            found += _of_channels("input", step.after, f"coordinates of {region.text or 'the region'}")
        else:
            found += _of_channels(step.layer.name, step.after, why(step.layer, step.before, step.shape))
    return tuple(found)


def check_lines(data: Any, steps: Sequence[Step], region: Region) -> None:
    """``EvidenceError`` unless the evidence of a record, sign rules, has the lines of this induction."""
    if data.get("lines") != [line.to_json() for line in lines_of(steps, region)]:
        raise EvidenceError("sign rules", "the lines are not those of the induction")


def evidence_json(evidence: FamilyEvidence, steps: Sequence[Step], region: Region) -> dict[str, Any]:
    """The evidence as records have it: with the lines that the kernel derives from the family."""
    lines = [line.to_json() for line in lines_of(steps, region)]
    return {**family_to_json(evidence), **({"lines": lines} if isinstance(evidence, SignRules) else {})}


def _interval(values: Interval) -> str:
    low, high = (exact_text(end) if isinstance(end, Fraction) else str(end) for end in (values.low, values.high))
    return f"[{low}, {high}]"


def _of_channels(layer: str, x: Channels, reason: str) -> list[ProofLine]:
    """One line for each set of facts that some channel has."""
    groups: dict[Facts, list[int]] = {}
    for channel, v in enumerate(x.facts):
        groups.setdefault(v, []).append(channel)
    return [
        ProofLine(layer, _channels(places, len(x.facts)), shown(v), _interval(v.values), reason)
        for v, places in groups.items()
    ]


def _channels(places: list[int], count: int) -> str:
    if len(places) == count:
        return ""
    listed = ", ".join(map(str, places[:SHOWN_CHANNELS]))
    more = f" and {len(places) - SHOWN_CHANNELS} more" if len(places) > SHOWN_CHANNELS else ""
    return f"[{listed}{more}]"


def shown(v: Facts) -> tuple[str, ...]:
    """The facts in a fixed order, without those that follow from another one."""
    implied = {name for strong in v.holds for name in IMPLIED.get(strong, ())}
    implied |= {name for strong in implied for name in IMPLIED.get(strong, ())}
    return tuple(name for name in ALL if name in v.holds and name not in implied)


def why(layer: Layer, x: Channels, shape: Shape) -> str:
    """The rule in words."""
    match layer:
        case Leaky():
            return _activation(layer, x.merged, shape)
        case Clip():
            return "clip is nondecreasing; it does nothing to values inside its ends"
        case Pool(largest=True):
            return "a maximum keeps constant, even, positively homogeneous, convex and monotone functions"
        case Pool():
            return "a mean keeps every kind of function"
        case Pad():
            return f"the border is the constant {layer.value}"
        case Add():
            return f"a sum with {layer.other}, weights 1"
        case Flatten():
            return "the same values"
    given = kinds.parameters(layer, shape)
    named = (f"{key} {holds_all(p.ranges, p.shape)}" for key, p in given.items())
    return f"a weighted sum, {', '.join(named)}"


def _activation(layer: Leaky, z: Facts, shape: Shape) -> str:
    fixed = kinds.fixed_slope(layer)
    name = kinds.kind(layer).replace("_", " ")
    slope = "" if name != "leaky relu" else f", slope {holds_all(layer.slope, (shape[0],))}"
    if z.values.low >= 0:
        return f"the argument is >= 0: {name} does nothing{slope}"
    if z.values.high <= 0:
        return f"the argument is <= 0: {name} multiplies by its slope{slope or f' {fixed}'}"
    return f"the sign of the argument is not known: {name} keeps what its shape keeps{slope}"
