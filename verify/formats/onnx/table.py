"""The table of operators in ``docs/formats.md``: ``python -m verify.formats.onnx.table`` prints it."""

from __future__ import annotations

from collections.abc import Iterator

import onnx.defs

from verify.formats.onnx.operators import CONTROL, OPERATORS, Operator
from verify.formats.onnx.reader import NEWEST_OPSET, OLDEST_OPSET

_HOW = {
    "affine": "affine",
    "piecewise linear": "piecewise linear",
    "smooth": "smooth",
    "moves values": "moves values",
    "constants": "refused",
}


def markdown() -> str:
    """One row for each operator: operator sets, how it is read of activations, and what is asked of it."""
    rows = ["| operator | operator sets | on activations | with |", "|---|---|---|---|"]
    entries = {**OPERATORS, **{name: Operator("run in place", None, None, text) for name, text in CONTROL.items()}}
    for name in sorted(entries, key=str.lower):
        operator = entries[name]
        sets = _sets(name)
        rows.append(
            f"| {name} | {sets} | {_HOW.get(operator.kind, operator.kind)} | {operator.remark} |".replace("|  |", "| |")
        )
    return "\n".join(rows)


def _sets(name: str) -> str:
    """The operator sets in which the operator exists, of those that are read."""
    domain, _, own = name.rpartition(".")
    history = sorted((s.since_version, s.deprecated) for s in _history(own, domain))
    first = history[0][0]
    gone = [version for version, deprecated in history if deprecated]
    if domain:
        return f"{first} on"
    return f"{max(first, OLDEST_OPSET)} to {gone[0] - 1 if gone else NEWEST_OPSET}"


def _history(name: str, domain: str) -> Iterator[onnx.defs.OpSchema]:
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.name == name and schema.domain == domain:
            yield schema


if __name__ == "__main__":
    print(markdown())
