"""Evidence: plain data that makes a verdict re-checkable without trusting whoever found it.

    ValueGap     an instance of the property whose terms do not cancel             -> REFUTED
    Falsehood    values of a formula's names at which it is false                  -> REFUTED
    Rule         a theorem about the network's shape, named                        -> PROVED
    Nothing      the property quantifies over nothing on the region                -> PROVED, vacuous
    Cells        for each question a cover of the region by cells, with the        -> PROVED
                 affine map on each: one leaf for a stable pattern, a tree of
                 splits otherwise
    Difference   bounds of the difference of two networks are small, by intervals  -> PROVED
                 or by affine forms
    Reached      points at which the ReLU of the network are on, each at one       -> PROVED
    Off          a ReLU that is off on the whole region, with a cover that shows   -> REFUTED
    Bounds       a box cut into parts, on each of which bounds of values,          -> PROVED
                 differences or slopes settle the claim
    Unsafe       a point at which one of the cases of 'never' holds                -> REFUTED

``to_json`` and ``from_json`` are the only readers and writers of the serialized form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from verify.errors import EvidenceError, InputError
from verify.kernel import cuts, steps_json
from verify.kernel.difference import Cut, Difference
from verify.kernel.exact import AffineForm, Pattern
from verify.kernel.goals import Bounds
from verify.kernel.rewriting import Steps
from verify.network import Network
from verify.property import Assignment
from verify.property.units import unit_network, units
from verify.rational import Vector, exact_text, to_fraction, vector

# For a linear function that is nonnegative on a polyhedron: nonnegative weights of the polyhedron's rows.
Multipliers: TypeAlias = Mapping[int, Fraction]


@dataclass(frozen=True, eq=False)
class ValueGap:
    """Values of the property's variables at which output ``output`` breaks its formula."""

    assignment: Assignment
    output: int


@dataclass(frozen=True, eq=False)
class Falsehood:
    """Values of the names of a formula of the language, at which its conditions hold and its body does not."""

    assignment: Assignment


@dataclass(frozen=True)
class Rule:
    """A rule of ``verify.kernel.rules``, by name."""

    name: str


@dataclass(frozen=True)
class Nothing:
    """There is nothing to quantify over; the kernel derives why from the claim."""


@dataclass(frozen=True, eq=False)
class Ceiling:
    """``relu(z) <= slope z + offset`` on a part, with proofs that the right side is at least 0 and at least z.

    z is the unit's row divided by its content.
    """

    slope: Fraction
    offset: Fraction
    below: Multipliers
    above: Multipliers


@dataclass(frozen=True, eq=False)
class Leaf:
    """One pattern holds on this part of the region (weakly, after the sign of each pre-activation).

    ``signs``: the pattern follows from the signs of weights, biases and inputs alone. Else units that no
    closed form settles have multipliers, keyed by (block, unit). ``witnesses`` are what a criterion that is an
    inequality needs about this leaf's maps, keyed by (which, output), see ``verify.kernel.inequalities``.

    With ``free``, a mask of units that may switch on the part, the pattern speaks of the others only, and
    multipliers number the constraints of ``verify.kernel.relevance``; free units may have ``ceilings``.
    """

    pattern: Pattern
    multipliers: Mapping[tuple[int, int], Multipliers] = field(default_factory=dict)
    signs: bool = False
    witnesses: Mapping[tuple[int, int], Mapping[int, Fraction]] = field(default_factory=dict)
    free: Pattern | None = None
    ceilings: Mapping[tuple[int, int], Ceiling] = field(default_factory=dict)


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
    """A proof of one question: equations of the affine hull, then a tree of cells in the hull's coordinates.

    With ``steps``, the tree is about the network that they rewrite the question's network to (lemma 6).
    """

    tree: Tree
    equations: tuple[Equation, ...] = ()
    lifted: bool = False
    steps: Steps | None = None


@dataclass(frozen=True, eq=False)
class Empty:
    """The question's region has no point: with these multipliers its rows add up to a contradiction."""

    multipliers: Multipliers
    lifted: bool = False


@dataclass(frozen=True, eq=False)
class Cells:
    """A proof of each question of the claim, in order."""

    proofs: tuple[Cover | Empty, ...]


@dataclass(frozen=True, eq=False)
class Reached:
    """Points of the region (ambient): each ReLU is on at one of them."""

    points: tuple[Vector, ...]


@dataclass(frozen=True, eq=False)
class Off:
    """A ReLU of the question's network, (block, unit), and a proof that its pre-activation is at most zero there."""

    block: int
    unit: int
    proof: Cover


@dataclass(frozen=True, eq=False)
class Unsafe:
    """A point of the region at which the case of that number holds."""

    point: Vector
    case: int


Evidence: TypeAlias = ValueGap | Falsehood | Rule | Nothing | Cells | Difference | Bounds | Unsafe | Reached | Off


def to_json(evidence: Evidence) -> dict[str, Any]:
    """The evidence as plain data, rationals as strings, patterns as hexadecimal bit strings."""
    if isinstance(evidence, ValueGap):
        return {"kind": "value gap", "values": assignment_to_json(evidence.assignment), "output": evidence.output}
    if isinstance(evidence, Falsehood):
        return {"kind": "falsehood", "values": assignment_to_json(evidence.assignment)}
    if isinstance(evidence, Rule):
        return {"kind": "rule", "rule": evidence.name}
    if isinstance(evidence, Nothing):
        return {"kind": "nothing to quantify over"}
    if isinstance(evidence, Difference):
        parts = [None if cut is None else [cut[0], exact_text(cut[1])] for cut in evidence.cuts]
        forms = {"forms": True} if evidence.forms else {}
        return {"kind": "difference", "folded": evidence.folded, **forms, "cuts": parts}
    if isinstance(evidence, Bounds):
        tree = evidence.cuts
        shape = {"nodes": len(tree.nodes), "bits": tree.width}
        return {"kind": "bounds", "single": evidence.single, **shape, "cuts": tree.text()}
    if isinstance(evidence, Unsafe):
        return {"kind": "unsafe point", "point": evidence.point.strings(), "case": evidence.case}
    if isinstance(evidence, Reached):
        return {"kind": "reached units", "points": [point.strings() for point in evidence.points]}
    if isinstance(evidence, Off):
        return {
            "kind": "unit off",
            "block": evidence.block,
            "unit": evidence.unit,
            "proof": proof_to_json(evidence.proof),
        }
    return {"kind": "cells", "proofs": [proof_to_json(proof) for proof in evidence.proofs]}


def assignment_to_json(assignment: Assignment) -> dict[str, Any]:
    """Values by name, points as lists."""
    return {n: v.strings() if isinstance(v, Vector) else exact_text(v) for n, v in assignment.items()}


def read_assignment(data: Any) -> Assignment:
    """What ``assignment_to_json`` wrote."""
    return {str(n): read_vector(v) if isinstance(v, list) else read_rational(v) for n, v in data.items()}


def proof_to_json(proof: Cover | Empty) -> dict[str, Any]:
    """One proof of ``cells``."""
    if isinstance(proof, Empty):
        return {"empty": multipliers_to_json(proof.multipliers), "lifted": proof.lifted}
    equations = [equation_to_json(equation) for equation in proof.equations]
    data = {"equations": equations, "lifted": proof.lifted, "tree": _tree_to_json(proof.tree)}
    if proof.steps is not None:
        node = proof.tree
        while isinstance(node, Split):
            node = node.above
        data["rewriting"] = steps_json.to_json(proof.steps)
        data["sizes"] = {str(k): len(bits) for k, bits in node.pattern.items()}
    return data


def _tree_to_json(root: Tree) -> list[dict[str, Any]]:
    """The nodes in preorder, so that deep trees need no recursion."""
    nodes: list[dict[str, Any]] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if isinstance(node, Split):
            nodes.append({"split": form_to_json(node.form)})
            stack += [node.below, node.above]
            continue
        item: dict[str, Any] = {"cell": _pattern_to_json(node.pattern)}
        if node.signs:
            item["signs"] = True
        if node.multipliers:
            item["multipliers"] = {f"{k}:{i}": multipliers_to_json(m) for (k, i), m in node.multipliers.items()}
        if node.witnesses:
            item["witnesses"] = {f"{k}:{i}": multipliers_to_json(m) for (k, i), m in node.witnesses.items()}
        if node.free is not None:
            item["free"] = _pattern_to_json(node.free)
        if node.ceilings:
            item["ceilings"] = {f"{k}:{i}": _ceiling_to_json(ceiling) for (k, i), ceiling in node.ceilings.items()}
        nodes.append(item)
    return nodes


def _pattern_to_json(pattern: Pattern) -> dict[str, str]:
    return {str(k): np.packbits(bits).tobytes().hex() for k, bits in pattern.items()}


def _ceiling_to_json(ceiling: Ceiling) -> list[Any]:
    proofs = [multipliers_to_json(ceiling.below), multipliers_to_json(ceiling.above)]
    return [exact_text(ceiling.slope), exact_text(ceiling.offset), *proofs]


def equation_to_json(equation: Equation) -> dict[str, Any]:
    """An equation of a hull with its two proofs."""
    proofs = {"above": multipliers_to_json(equation.above), "below": multipliers_to_json(equation.below)}
    return {"form": form_to_json(equation.form), **proofs}


def form_to_json(form: AffineForm) -> list[str]:
    """Coefficients, then the constant."""
    return [*form.coefficients.strings(), exact_text(form.constant)]


def multipliers_to_json(multipliers: Multipliers) -> dict[str, str]:
    """Row numbers and factors."""
    return {str(row): exact_text(value) for row, value in multipliers.items()}


def from_json(data: Any, networks: list[Network]) -> Evidence:
    """The evidence that ``to_json`` wrote; ``networks`` are those of the claim's questions (for pattern sizes).

    Anything malformed is an ``EvidenceError`` of the rule ``format``.
    """
    try:
        return _READERS[data["kind"]](data, networks)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError) as error:
        raise EvidenceError("format", f"cannot be read: {error!r:.200}") from error


def read_gap(data: Any) -> ValueGap:
    """An instance from its data."""
    output = data["output"]
    if type(output) is not int:
        raise TypeError(f"{output!r:.60} is not the number of an output")
    return ValueGap(read_assignment(data["values"]), output)


def _read_cells(data: Any, networks: list[Network]) -> Cells:
    proofs = data["proofs"]
    if len(proofs) != len(networks):
        raise ValueError(f"{len(proofs)} proofs for {len(networks)} questions")
    return Cells(tuple(read_proof(item, network) for item, network in zip(proofs, networks, strict=True)))


def _read_difference(data: Any, _: list[Network]) -> Difference:
    parts = tuple(_read_cut(cut) for cut in data["cuts"])
    return Difference(parts, _flag(data["folded"]), _flag(data.get("forms", False)))


def _read_cut(data: Any) -> Cut:
    if data is None:
        return None
    coordinate, value = data
    if type(coordinate) is not int:
        raise TypeError(f"{coordinate!r:.60} is not the number of a coordinate")
    return coordinate, read_rational(value)


def _read_reached(data: Any, _: list[Network]) -> Reached:
    return Reached(tuple(read_vector(point) for point in data["points"]))


def _read_off(data: Any, networks: list[Network]) -> Off:
    block, unit = data["block"], data["unit"]
    if type(block) is not int or type(unit) is not int or (block, unit) not in set(units(networks[0])):
        raise ValueError(f"there is no ReLU {unit!r:.40} in block {block!r:.40}")
    proof = read_proof(data["proof"], unit_network(networks[0], block, unit))
    if not isinstance(proof, Cover):
        raise TypeError("an empty region shows nothing about a unit")
    return Off(block, unit, proof)


def _read_bounds(data: Any, _: list[Network]) -> Bounds:
    text, numbers = data["cuts"], (data["nodes"], data["bits"])
    if not isinstance(text, str) or any(type(number) is not int for number in numbers):
        raise TypeError("the nodes are a text, their number and their bits")
    return Bounds(cuts.read(text, *numbers), _flag(data["single"]))


def _read_unsafe(data: Any, _: list[Network]) -> Unsafe:
    if type(data["case"]) is not int:
        raise TypeError(f"{data['case']!r:.60} is not the number of a case")
    return Unsafe(read_vector(data["point"]), data["case"])


_READERS: dict[str, Callable[[Any, list[Network]], Evidence]] = {
    "value gap": lambda data, _: read_gap(data),
    "falsehood": lambda data, _: Falsehood(read_assignment(data["values"])),
    "rule": lambda data, _: Rule(str(data["rule"])),
    "nothing to quantify over": lambda data, _: Nothing(),
    "cells": _read_cells,
    "difference": _read_difference,
    "reached units": _read_reached,
    "unit off": _read_off,
    "bounds": _read_bounds,
    "unsafe point": _read_unsafe,
}


def read_proof(data: Any, network: Network) -> Cover | Empty:
    """What ``proof_to_json`` wrote about a question's network."""
    lifted = _flag(data.get("lifted", False))
    if "empty" in data:
        return Empty(read_multipliers(data["empty"]), lifted)
    equations = tuple(read_equation(item) for item in data["equations"])
    steps = None
    if "rewriting" in data:
        steps = steps_json.from_json(data["rewriting"], network)
        network = steps_json.sizes_from_json(data["sizes"], network)
    return Cover(_read_tree(data["tree"], network), equations, lifted, steps)


def _read_tree(nodes: Any, network: Network) -> Tree:
    """Rebuild the tree from its preorder, back to front: children stand on the stack when their split is met."""
    stack: list[Tree] = []
    for item in reversed(nodes):
        if "split" in item:
            above, below = stack.pop(), stack.pop()
            stack.append(Split(read_form(item["split"]), above, below))
            continue
        multipliers, witnesses = _keyed(item.get("multipliers", {})), _keyed(item.get("witnesses", {}))
        signs = _flag(item.get("signs", False))
        free = _read_pattern(item["free"], network) if "free" in item else None
        ceilings = _read_ceilings(item.get("ceilings", {}))
        stack.append(Leaf(_read_pattern(item["cell"], network), multipliers, signs, witnesses, free, ceilings))
    if len(stack) != 1:
        raise ValueError("the tree is not whole")
    return stack[0]


def _read_ceilings(data: Any) -> dict[tuple[int, int], Ceiling]:
    result = {}
    for key, (slope, offset, below, above) in data.items():
        block, unit = key.split(":")
        proofs = read_multipliers(below), read_multipliers(above)
        result[int(block), int(unit)] = Ceiling(read_rational(slope), read_rational(offset), *proofs)
    return result


def _keyed(data: Any) -> dict[tuple[int, int], Multipliers]:
    """Multipliers keyed by two numbers, written ``2:5``."""
    result: dict[tuple[int, int], Multipliers] = {}
    for key, value in data.items():
        first, second = key.split(":")
        result[int(first), int(second)] = read_multipliers(value)
    return result


def _read_pattern(data: Any, network: Network) -> Pattern:
    pattern: Pattern = {}
    for k, block in network.relu_blocks():
        raw = np.frombuffer(bytes.fromhex(data[str(k)]), dtype=np.uint8)
        bits = np.unpackbits(raw)
        if len(bits) != -(-block.size // 8) * 8:
            raise ValueError(f"pattern of block {k} has {len(bits)} bits for {block.size} units")
        pattern[k] = bits[: block.size].astype(bool)
    return pattern


def read_equation(item: Any) -> Equation:
    """What ``equation_to_json`` wrote."""
    return Equation(read_form(item["form"]), read_multipliers(item["above"]), read_multipliers(item["below"]))


def read_rational(value: Any) -> Fraction:
    """A rational from its text; ``TypeError`` for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a rational in a string")
    return to_fraction(value)


def read_vector(values: Any) -> Vector:
    """A vector from a list of texts."""
    return vector([read_rational(value) for value in values])


def read_form(values: Any) -> AffineForm:
    """What ``form_to_json`` wrote."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r:.60} is not a list of coefficients and a constant")
    return AffineForm(read_vector(values[:-1]), read_rational(values[-1]))


def read_multipliers(data: Any) -> dict[int, Fraction]:
    """What ``multipliers_to_json`` wrote."""
    return {int(row): read_rational(value) for row, value in data.items()}


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r:.60} is not true or false")
    return value
