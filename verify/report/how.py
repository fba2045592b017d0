"""How a claim was proved, in one line, from its record alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def how_proved(record: Mapping[str, Any]) -> str:
    """``no ReLU of 4 changes side on the region``. ``KeyError`` or ``TypeError`` where it is no such record."""
    evidence = record["evidence"]
    if evidence["kind"] == "rule":
        return f"by the rule '{evidence['rule']}'"
    if evidence["kind"] == "difference":
        parts = sum(cut is None for cut in evidence["cuts"])
        where = f", on {parts} parts of the region" if parts > 1 else ""
        return f"interval bounds of f - g, layer by layer{where}"
    if evidence["kind"] == "bounds":
        parts = (int(evidence["nodes"]) + 1) // 2
        return "bounds by affine forms, layer by layer" + (f", on {parts} parts of the region" if parts > 1 else "")
    if evidence["kind"] == "reached units":
        points = len(evidence["points"])
        where = "one point" if points == 1 else f"one of {points} points"
        units = record["network"]["relu"]
        return f"{'the one' if units == 1 else f'each of {units}'} ReLU is on at {where}"
    if "proofs" not in evidence:
        return f"by evidence of the kind '{evidence['kind']}'"
    trees = [proof.get("tree", []) for proof in evidence["proofs"]]
    cells = sum(1 for tree in trees for node in tree if "cell" in node)
    relevant = any("free" in node for tree in trees for node in tree)
    units = sum(item["relu"] for item in record["names"].values()) if "names" in record else record["network"]["relu"]
    rewritten = [proof for proof in evidence["proofs"] if "rewriting" in proof]
    if rewritten and cells <= len(trees) and not relevant:
        left = sum(sum(proof["sizes"].values()) for proof in rewritten)
        if not left:
            return "rewritten exactly, no ReLU remains"
        return f"rewritten exactly, {left} ReLU remain{'s' if left == 1 else ''}, and none changes side on the region"
    if any(node.get("signs") for tree in trees for node in tree):
        return f"the signs of weights, biases and inputs fix {_all(units)}" if units else _none(0)
    if relevant and cells <= len(trees):
        return f"no ReLU of {units} that changes side on the region has an effect on the output"
    if relevant:
        return f"{cells} parts cover the region; on each, f is one affine map, and each satisfies the claim"
    if cells <= len(trees):
        return f"{_none(units)} on the region"
    return f"{cells} cells cover the region, and each satisfies the claim"


def proof_text(record: Mapping[str, Any]) -> str:
    """The same with the lemmas that reduce the claim: the line on the terminal, on the page and in the list of claims.

    A rule is a lemma itself, and that a claim is its own definition needs no words.
    """
    lemmas = [str(lemma) for lemma in record["lemmas"] if not str(lemma).startswith("definition")]
    reduced = f" ({'; '.join(lemmas)})" if lemmas and record["evidence"]["kind"] != "rule" else ""
    return f"{how_proved(record)}{reduced}"


def _all(units: int) -> str:
    """``all 4 ReLU``, ``the one ReLU``."""
    return "the one ReLU" if units == 1 else f"all {units} ReLU"


def _none(units: int) -> str:
    """``no ReLU of 4 changes side``."""
    if units < 2:
        return "the one ReLU does not change side" if units else "there is no ReLU to change side"
    return f"no ReLU of {units} changes side"
