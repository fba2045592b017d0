"""Evidence as plain data: the only writer (docs/evidence.md; ``verify.kernel.json`` reads it).

Nothing that is proved rests on it: what was written is read and judged like what anybody else wrote.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from verify.kernel.evidence import Bounds, Ceiling, Counts, Cover, Evidence, LowerSlopes, Split, Unsatisfiable
from verify.kernel.exact import AffineForm
from verify.kernel.instances import Instance, Witness
from verify.kernel.json import ALWAYS, FIELDS, Data
from verify.property import Assignment
from verify.rational import Vector, exact_text

if TYPE_CHECKING:
    from verify.kernel.families import FamilyEvidence


def written(value: Any) -> Any:
    """Evidence, or a part of it, as plain data."""
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, Vector):
        return value.strings()
    if isinstance(value, AffineForm):
        return [*value.coefficients.strings(), exact_text(value.constant)]
    if isinstance(value, np.ndarray):
        return np.packbits(value).tobytes().hex()
    if isinstance(value, Mapping):
        return {":".join(map(str, k)) if isinstance(k, tuple) else str(k): written(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [written(item) for item in value]
    if isinstance(value, Cover):
        return _written_cover(value)
    if isinstance(value, Bounds):
        tree = value.cuts
        nodes = (tree.nodes[:, None] >> np.arange(tree.width)[::-1]) & 1
        parts = {"single": value.single, "nodes": len(nodes), "bits": tree.width, "cuts": bits_text(nodes)}
        return parts | ({"slopes": [_written_slopes(slopes) for slopes in value.slopes]} if value.slopes else {})
    if isinstance(value, Ceiling):
        return [written(getattr(value, field.name)) for field in FIELDS[Ceiling]]
    if type(value) in FIELDS:
        found = [(field, getattr(value, field.name)) for field in FIELDS[type(value)]]
        return {f.key: written(v) for f, v in found if f.key == ALWAYS or not f.optional or v != f.default}
    if not isinstance(value, bool | int | str | None):
        raise TypeError(f"{value!r:.60} is not written in evidence")
    return value


def bits_text(bits: NDArray[Any]) -> str:
    """Bits, row by row, as base64 of bytes, filled up with zeros."""
    return base64.b64encode(np.packbits(bits.astype(bool)).tobytes()).decode("ascii")


def _written_slopes(slopes: LowerSlopes) -> Data:
    on = slopes.on
    rows = {"rows": on.shape[0], "width": on.shape[1], "on": bits_text(on)}
    return {"block": slopes.block, "units": [int(unit) for unit in slopes.units]} | rows


def _written_cover(cover: Cover) -> Data:
    nodes, stack = [], [cover.tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Split):
            nodes.append({"split": written(node.form)})
            stack += [node.below, node.above]
        else:
            last = node
            nodes.append(written(node))
    data = {"equations": written(cover.equations), "lifted": cover.lifted, "tree": nodes}
    if cover.steps is not None:
        blocks = [[_line(step.units.tolist()), _line(step.values.tolist())] for step in cover.steps.blocks]
        data["rewriting"] = {"bounded": cover.steps.bounded, "blocks": blocks}
        data["sizes"] = {str(k): len(bits) for k, bits in last.pattern.items()}
    return data


def _line(numbers: list[int]) -> str:
    """Runs of one number or of consecutive ones, the longest from each place on."""
    words, place = [], 0
    while place < len(numbers):
        best = (f"{numbers[place]}", 1)
        for sign, step in (("*", 0), ("+", 1)):
            end = place + 1
            while end < len(numbers) and numbers[end] == numbers[end - 1] + step:
                end += 1
            if end - place > best[1]:
                best = f"{numbers[place]}{sign}{end - place}", end - place
        words.append(best[0])
        place += best[1]
    return " ".join(words)


def assignment_to_json(assignment: Assignment) -> Data:
    """Values by name, points as lists."""
    return written(assignment)  # type: ignore[no-any-return]


def to_json(evidence: Evidence | Counts) -> Data:
    """The evidence as plain data."""
    return {"kind": evidence.kind, **written(evidence)}


def witness_to_json(witness: Witness | Unsatisfiable) -> Data:
    """``{"instance": values}``, ``{"none": certificate}`` or, of a formula, ``{"unsatisfiable": evidence}``."""
    if isinstance(witness, Unsatisfiable):
        return {"unsatisfiable": to_json(witness.evidence)}
    if isinstance(witness, Instance):
        return {"instance": written(witness.assignment)}
    return {"none": written(witness)}


def family_to_json(evidence: FamilyEvidence) -> Data:
    """The evidence of a claim about a family as plain data."""
    from verify.kernel.families import Member, SignRules  # claims about one network load nothing of families

    if isinstance(evidence, SignRules):
        return {"kind": "sign rules"}
    if isinstance(evidence, Member):
        from verify.network.families import members

        return {"kind": "member", "weights": members.to_json(evidence.weights), "gap": to_json(evidence.gap)}
    return to_json(evidence)
