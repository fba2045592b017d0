"""Evidence: plain data that makes a verdict re-checkable without trusting whoever found it.

    ValueGap     an instance of the property whose terms do not cancel             -> REFUTED
    Rule         a theorem about the network's shape, named                        -> PROVED
    Nothing      the property quantifies over nothing on the region                -> PROVED, vacuous
    Cells        for each question a cover of the region by cells, with the        -> PROVED
                 affine map on each: one leaf for a stable pattern, a tree of
                 splits otherwise

``to_json`` and ``from_json`` are the only readers and writers of the serialized form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from verify.errors import EvidenceError, InputError
from verify.kernel.exact import AffineForm, Pattern
from verify.network import Network
from verify.property import Assignment
from verify.rational import Vector, exact_text, to_fraction, vector

# For a linear function that is nonnegative on a polyhedron: nonnegative weights of the polyhedron's rows.
Multipliers: TypeAlias = Mapping[int, Fraction]


@dataclass(frozen=True, eq=False)
class ValueGap:
    """Values of the property's variables at which output ``output`` breaks its formula."""

    assignment: Assignment
    output: int


@dataclass(frozen=True)
class Rule:
    """A rule of ``verify.kernel.rules``, by name."""

    name: str


@dataclass(frozen=True)
class Nothing:
    """There is nothing to quantify over; the kernel derives why from the claim."""


@dataclass(frozen=True, eq=False)
class Leaf:
    """One pattern holds on this part of the region (weakly, after the sign of each pre-activation).

    ``signs``: the pattern follows from the signs of weights, biases and inputs alone. Else units that no
    closed form settles have multipliers, keyed by (block, unit).
    """

    pattern: Pattern
    multipliers: Mapping[tuple[int, int], Multipliers] = field(default_factory=dict)
    signs: bool = False


@dataclass(frozen=True, eq=False)
class Split:
    """The part where ``form >= 0`` and the part where ``form <= 0``."""

    form: AffineForm
    above: Tree
    below: Tree


Tree: TypeAlias = Leaf | Split


@dataclass(frozen=True, eq=False)
class Equation:
    """``form = 0`` on the region, with multipliers for ``form >= 0`` and for ``-form >= 0``."""

    form: AffineForm
    above: Multipliers
    below: Multipliers


@dataclass(frozen=True, eq=False)
class Cover:
    """A proof of one question: equations of the affine hull, then a tree of cells in the hull's coordinates."""

    tree: Tree
    equations: tuple[Equation, ...] = ()
    lifted: bool = False


@dataclass(frozen=True, eq=False)
class Empty:
    """The question's region has no point: with these multipliers its rows add up to a contradiction."""

    multipliers: Multipliers
    lifted: bool = False


@dataclass(frozen=True, eq=False)
class Cells:
    """A proof of each question of the claim, in order."""

    proofs: tuple[Cover | Empty, ...]


Evidence: TypeAlias = ValueGap | Rule | Nothing | Cells


def to_json(evidence: Evidence) -> dict[str, Any]:
    """The evidence as plain data, rationals as strings, patterns as hexadecimal bit strings."""
    if isinstance(evidence, ValueGap):
        values = {
            name: value.strings() if isinstance(value, Vector) else exact_text(value)
            for name, value in evidence.assignment.items()
        }
        return {"kind": "value gap", "values": values, "output": evidence.output}
    if isinstance(evidence, Rule):
        return {"kind": "rule", "rule": evidence.name}
    if isinstance(evidence, Nothing):
        return {"kind": "nothing to quantify over"}
    return {"kind": "cells", "proofs": [_proof_to_json(proof) for proof in evidence.proofs]}


def _proof_to_json(proof: Cover | Empty) -> dict[str, Any]:
    if isinstance(proof, Empty):
        return {"empty": _multipliers_to_json(proof.multipliers), "lifted": proof.lifted}
    equations = [
        {
            "form": _form_to_json(e.form),
            "above": _multipliers_to_json(e.above),
            "below": _multipliers_to_json(e.below),
        }
        for e in proof.equations
    ]
    return {"equations": equations, "lifted": proof.lifted, "tree": _tree_to_json(proof.tree)}


def _tree_to_json(root: Tree) -> list[dict[str, Any]]:
    """The nodes in preorder, so that deep trees need no recursion."""
    nodes: list[dict[str, Any]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Split):
            nodes.append({"split": _form_to_json(node.form)})
            stack += [node.below, node.above]
            continue
        item: dict[str, Any] = {"cell": {str(k): np.packbits(bits).tobytes().hex() for k, bits in node.pattern.items()}}
        if node.signs:
            item["signs"] = True
        if node.multipliers:
            item["multipliers"] = {f"{k}:{i}": _multipliers_to_json(m) for (k, i), m in node.multipliers.items()}
        nodes.append(item)
    return nodes


def _form_to_json(form: AffineForm) -> list[str]:
    return [*form.coefficients.strings(), exact_text(form.constant)]


def _multipliers_to_json(multipliers: Multipliers) -> dict[str, str]:
    return {str(row): exact_text(value) for row, value in multipliers.items()}


def from_json(data: Any, networks: list[Network]) -> Evidence:
    """The evidence that ``to_json`` wrote; ``networks`` are those of the claim's questions (for pattern sizes).

    Anything malformed is an ``EvidenceError`` of the rule ``format``.
    """
    try:
        return _READERS[data["kind"]](data, networks)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"cannot be read: {error!r:.200}") from error


def _read_gap(data: Any, _: list[Network]) -> ValueGap:
    values = {str(n): _vector(v) if isinstance(v, list) else _rational(v) for n, v in data["values"].items()}
    output = data["output"]
    if type(output) is not int:
        raise TypeError(f"{output!r:.60} is not the number of an output")
    return ValueGap(values, output)


def _read_cells(data: Any, networks: list[Network]) -> Cells:
    proofs = data["proofs"]
    if len(proofs) != len(networks):
        raise ValueError(f"{len(proofs)} proofs for {len(networks)} questions")
    return Cells(tuple(_read_proof(item, network) for item, network in zip(proofs, networks, strict=True)))


_READERS: dict[str, Callable[[Any, list[Network]], Evidence]] = {
    "value gap": _read_gap,
    "rule": lambda data, _: Rule(str(data["rule"])),
    "nothing to quantify over": lambda data, _: Nothing(),
    "cells": _read_cells,
}


def _read_proof(data: Any, network: Network) -> Cover | Empty:
    lifted = _flag(data.get("lifted", False))
    if "empty" in data:
        return Empty(_multipliers(data["empty"]), lifted)
    equations = tuple(
        Equation(_form(item["form"]), _multipliers(item["above"]), _multipliers(item["below"]))
        for item in data["equations"]
    )
    return Cover(_read_tree(data["tree"], network), equations, lifted)


def _read_tree(nodes: Any, network: Network) -> Tree:
    """Rebuild the tree from its preorder, back to front: children stand on the stack when their split is met."""
    stack: list[Tree] = []
    for item in reversed(nodes):
        if "split" in item:
            above, below = stack.pop(), stack.pop()
            stack.append(Split(_form(item["split"]), above, below))
            continue
        multipliers = {}
        for key, value in item.get("multipliers", {}).items():
            block, unit = key.split(":")
            multipliers[int(block), int(unit)] = _multipliers(value)
        stack.append(Leaf(_read_pattern(item["cell"], network), multipliers, _flag(item.get("signs", False))))
    if len(stack) != 1:
        raise ValueError("the tree is not whole")
    return stack[0]


def _read_pattern(data: Any, network: Network) -> Pattern:
    pattern: Pattern = {}
    for k, block in network.relu_blocks():
        raw = np.frombuffer(bytes.fromhex(data[str(k)]), dtype=np.uint8)
        bits = np.unpackbits(raw)
        if len(bits) != -(-block.size // 8) * 8:
            raise ValueError(f"pattern of block {k} has {len(bits)} bits for {block.size} units")
        pattern[k] = bits[: block.size].astype(bool)
    return pattern


def _rational(value: Any) -> Fraction:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a rational in a string")
    return to_fraction(value)


def _vector(values: Any) -> Vector:
    return vector([_rational(value) for value in values])


def _form(values: Any) -> AffineForm:
    if not isinstance(values, list):
        raise TypeError(f"{values!r:.60} is not a list of coefficients and a constant")
    return AffineForm(_vector(values[:-1]), _rational(values[-1]))


def _multipliers(data: Any) -> dict[int, Fraction]:
    return {int(row): _rational(value) for row, value in data.items()}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r:.60} is not true or false")
    return value
