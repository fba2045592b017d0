"""The serialized form of all evidence (docs/evidence.md): the only reader and writer.

Each kind is a table of fields: key, attribute, codec. A *codec* writes a value as plain data and reads it again; what
it reads is checked for its type here, for its meaning where the evidence is replayed. Rationals are strings, patterns
hexadecimal bit strings, trees lists of nodes in preorder, so that deep ones need no recursion.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from verify.errors import EvidenceError, InputError
from verify.kernel import evidence as kinds
from verify.kernel.evidence import (
    Bounds,
    Ceiling,
    Cells,
    Counts,
    Cover,
    Cut,
    Empty,
    Evidence,
    Leaf,
    LowerSlopes,
    Nothing,
    Off,
    Split,
    Steps,
    Tree,
    Unsatisfiable,
)
from verify.kernel.exact import AffineForm, Pattern
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.network import Block, Network
from verify.network.matrix import Indices
from verify.property import Assignment
from verify.rational import Vector, exact_text, to_fraction, vector, zeros

if TYPE_CHECKING:
    from verify.kernel.families import FamilyEvidence

Data = dict[str, Any]
# Lower slopes of one block: 16 MiB.
MOST_SLOPES = 1 << 27
T = TypeVar("T")


class Codec(NamedTuple):
    """How values of one type are written and read; what is ``optional`` is left out where it is the default."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    optional: bool = False
    default: Any = None


# Keys that are not the names of their attributes.
_ATTRIBUTES = {"values": "assignment", "rule": "name", "cell": "pattern", "empty": "multipliers"}


def _object(kind: Callable[..., Any], **codecs: Codec) -> Codec:
    """Objects of one kind: a codec for each key."""
    fields = [(key, _ATTRIBUTES.get(key, key), codec) for key, codec in codecs.items()]

    def write(value: object) -> Data:
        found = [(key, codec, getattr(value, name)) for key, name, codec in fields]
        return {key: codec.write(v) for key, codec, v in found if not codec.optional or v != codec.default}

    def read(data: Any) -> Any:
        return kind(**{n: codec.read(data[key]) for key, n, codec in fields if not codec.optional or key in data})

    return Codec(write, read)


def _optional(codec: Codec, default: Any = None) -> Codec:
    return codec._replace(optional=True, default=default)


def _typed(wanted: type, words: str) -> Codec:
    """Values that are written as they are: of exactly this type."""

    def read(value: Any) -> Any:
        if type(value) is not wanted:
            raise TypeError(f"{value!r:.60} is not {words}")
        return value

    return Codec(lambda value: value, read)


def _list(item: Codec) -> Codec:
    return Codec(lambda values: [item.write(v) for v in values], lambda data: tuple(item.read(v) for v in data))


def _tuple(*items: Codec) -> Codec:
    return Codec(
        lambda values: [c.write(v) for c, v in zip(items, values, strict=True)],
        lambda data: tuple(c.read(v) for c, v in zip(items, data, strict=True)),
    )


def _or_none(codec: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else codec.write(value),
        lambda data: None if data is None else codec.read(data),
    )


def _pair(text: str) -> tuple[int, int]:
    first, second = text.split(":")
    return int(first), int(second)


def _by_pair(codec: Codec) -> Codec:
    """Values by two numbers, which are written ``2:5``."""
    return Codec(
        lambda values: {f"{a}:{b}": codec.write(v) for (a, b), v in values.items()},
        lambda data: {_pair(key): codec.read(v) for key, v in data.items()},
    )


def read_rational(value: Any) -> Fraction:
    """A rational from its text; ``TypeError`` for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a rational in a string")
    return to_fraction(value)


def read_vector(values: Any) -> Vector:
    """A vector from a list of texts."""
    return vector([read_rational(value) for value in values])


def assignment_to_json(assignment: Assignment) -> Data:
    """Values by name, points as lists."""
    return {n: v.strings() if isinstance(v, Vector) else exact_text(v) for n, v in assignment.items()}


def read_assignment(data: Any) -> Assignment:
    """What ``assignment_to_json`` wrote."""
    return {str(n): read_vector(v) if isinstance(v, list) else read_rational(v) for n, v in data.items()}


def _read_form(values: Any) -> AffineForm:
    """Coefficients, then the constant."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r:.60} is not a list of coefficients and a constant")
    return AffineForm(read_vector(values[:-1]), read_rational(values[-1]))


WHOLE, FLAG = _typed(int, "a whole number"), _typed(bool, "true or false")
RATIONAL = Codec(exact_text, read_rational)
VECTOR = Codec(lambda value: value.strings(), read_vector)
FORM = Codec(lambda form: [*form.coefficients.strings(), exact_text(form.constant)], _read_form)
MULTIPLIERS = Codec(
    lambda value: {str(row): exact_text(weight) for row, weight in value.items()},
    lambda data: {int(row): read_rational(weight) for row, weight in data.items()},
)
ASSIGNMENT = Codec(assignment_to_json, read_assignment)
EQUATION = _object(kinds.Equation, form=FORM, above=MULTIPLIERS, below=MULTIPLIERS)
GAP = _object(kinds.ValueGap, values=ASSIGNMENT, output=WHOLE)
EMPTY = _object(Empty, empty=MULTIPLIERS, lifted=FLAG)
_CEILING = _tuple(RATIONAL, RATIONAL, MULTIPLIERS, MULTIPLIERS)
CEILING = Codec(lambda c: _CEILING.write((c.slope, c.offset, c.below, c.above)), lambda d: Ceiling(*_CEILING.read(d)))
THIN = _tuple(_or_none(WHOLE), MULTIPLIERS)


# Covers: patterns are read with the sizes of a network's blocks.


def _pattern(network: Network) -> Codec:
    def read(data: Any) -> Pattern:
        pattern: Pattern = {}
        for k, block in network.relu_blocks():
            bits = np.unpackbits(np.frombuffer(bytes.fromhex(data[str(k)]), dtype=np.uint8))
            if len(bits) != -(-block.size // 8) * 8:
                raise ValueError(f"pattern of block {k} has {len(bits)} bits for {block.size} units")
            pattern[k] = bits[: block.size].astype(bool)
        return pattern

    return Codec(lambda pattern: {str(k): np.packbits(bits).tobytes().hex() for k, bits in pattern.items()}, read)


def _leaf(network: Network) -> Codec:
    pattern, by_unit = _pattern(network), _optional(_by_pair(MULTIPLIERS), {})
    return _object(
        Leaf,
        cell=pattern,
        signs=_optional(FLAG, False),
        multipliers=by_unit,
        witnesses=by_unit,
        free=_optional(pattern),
        ceilings=_optional(_by_pair(CEILING), {}),
    )


def _tree(network: Network) -> Codec:
    leaf = _leaf(network)

    def write(root: Tree) -> list[Data]:
        nodes, stack = [], [root]
        while stack:
            node = stack.pop()
            if isinstance(node, Split):
                nodes.append({"split": FORM.write(node.form)})
                stack += [node.below, node.above]
            else:
                nodes.append(leaf.write(node))
        return nodes

    def read(nodes: Any) -> Tree:
        """Back to front: children stand on the stack when their split is met."""
        stack: list[Tree] = []
        for item in reversed(nodes):
            stack.append(
                Split(FORM.read(item["split"]), stack.pop(), stack.pop()) if "split" in item else leaf.read(item)
            )
        if len(stack) != 1:
            raise ValueError("the tree is not whole")
        return stack[0]

    return Codec(write, read)


_NO_NETWORK = Network("none", (1,), (1,), (Block("", (1,), (), zeros(1), relu=False),))


def proof_to_json(proof: Cover | Empty) -> Data:
    """One proof of ``cells``."""
    if isinstance(proof, Empty):
        return EMPTY.write(proof)  # type: ignore[no-any-return]
    data = {"equations": _list(EQUATION).write(proof.equations), "lifted": proof.lifted}
    data["tree"] = _tree(_NO_NETWORK).write(proof.tree)
    if proof.steps is not None:
        node = proof.tree
        while isinstance(node, Split):
            node = node.above
        data["rewriting"] = _steps_to_json(proof.steps)
        data["sizes"] = {str(k): len(bits) for k, bits in node.pattern.items()}
    return data


def read_proof(data: Any, network: Network) -> Cover | Empty:
    """What ``proof_to_json`` wrote about a question's network."""
    if "empty" in data:
        return EMPTY.read({"lifted": False, **data})  # type: ignore[no-any-return]
    lifted, steps = FLAG.read(data.get("lifted", False)), None
    equations = _list(EQUATION).read(data["equations"])
    if "rewriting" in data:
        steps = _read_steps(data["rewriting"], network)
        network = _sized(data["sizes"], network)
    return Cover(_tree(network).read(data["tree"]), equations, lifted, steps)


# Steps of a rewriting: each list of numbers is a line of words, ``5``, ``-1*20`` (the same number twenty times) or
# ``7+4`` (7, 8, 9, 10).

_WORD = re.compile(r"(-?\d{1,9})(?:([*+])(\d{1,9}))?")


def _steps_to_json(steps: Steps) -> Data:
    blocks = [[_line(step.units.tolist()), _line(step.values.tolist())] for step in steps.blocks]
    return {"bounded": steps.bounded, "blocks": blocks}


def _read_steps(data: Any, network: Network) -> Steps:
    blocks = data["blocks"]
    if not isinstance(blocks, list) or len(blocks) != len(network.blocks) - 1:
        raise ValueError("steps of a rewriting do not fit the network's blocks")
    found = [
        kinds.BlockSteps(_numbers(units, block.size), _numbers(values, block.size))
        for (units, values), block in zip(blocks, network.blocks[:-1], strict=True)
    ]
    return Steps(tuple(found), FLAG.read(data["bounded"]))


def _sized(data: Any, network: Network) -> Network:
    """A network whose ReLU blocks have these sizes, keyed by block number: what patterns are read with."""
    sizes = {int(k): size for k, size in data.items()}
    for k, size in sizes.items():
        if type(size) is not int or not 0 <= size <= network.relu_count or not 0 < k <= 2 * len(network.blocks):
            raise ValueError(f"{size!r:.20} units in block {k}")
    blocks = [
        Block("", (sizes.get(k, 0),), (), zeros(sizes.get(k, 0)), relu=k in sizes)
        for k in range(1, max(sizes, default=0) + 1)
    ]
    return Network("sizes", network.input_shape, (1,), (*blocks, *_NO_NETWORK.blocks))


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


def _numbers(line: Any, most: int) -> Indices:
    """The numbers of a line, at most so many."""
    parts, total = [np.zeros(0, dtype=np.int64)], 0
    for word in line.split():
        match = _WORD.fullmatch(word)
        if match is None:
            raise ValueError(f"{word!r:.20} is not a step")
        value, sign, count = int(match[1]), match[2], int(match[3] or 1)
        total += count
        if total > most:
            raise ValueError(f"more than {most} steps for a block")
        parts.append(np.arange(value, value + count) if sign == "+" else np.full(count, value, dtype=np.int64))
    return np.concatenate(parts)


# Kinds that need the networks of the claim's questions, or more than a table.


def _read_cells(data: Any, networks: list[Network]) -> Cells:
    if len(data["proofs"]) != len(networks):
        raise ValueError(f"{len(data['proofs'])} proofs for {len(networks)} questions")
    return Cells(tuple(map(read_proof, data["proofs"], networks)))


def _read_off(data: Any, networks: list[Network]) -> Off:
    from verify.property.units import unit_network, units

    block, unit = WHOLE.read(data["block"]), WHOLE.read(data["unit"])
    if (block, unit) not in set(units(networks[0])):
        raise ValueError(f"there is no ReLU {unit!r:.40} in block {block!r:.40}")
    proof = read_proof(data["proof"], unit_network(networks[0], block, unit))
    if not isinstance(proof, Cover):
        raise TypeError("an empty region shows nothing about a unit")
    return Off(block, unit, proof)


def _write_bounds(evidence: Bounds) -> Data:
    tree = evidence.cuts
    found = {"single": evidence.single, "nodes": len(tree.nodes), "bits": tree.width, "cuts": tree.text()}
    return found | ({"slopes": [_write_slopes(slopes) for slopes in evidence.slopes]} if evidence.slopes else {})


def _write_slopes(slopes: LowerSlopes) -> Data:
    from verify.kernel import cuts

    on = slopes.on
    rows = {"rows": on.shape[0], "width": on.shape[1], "on": cuts.bits_text(on.ravel())}
    return {"block": slopes.block, "units": [int(unit) for unit in slopes.units]} | rows


def _read_slopes(data: Any) -> LowerSlopes:
    from verify.kernel import cuts

    units = [WHOLE.read(unit) for unit in data["units"]]
    rows, width = WHOLE.read(data["rows"]), WHOLE.read(data["width"])
    if units != sorted(set(units)) or rows * width > MOST_SLOPES:
        raise ValueError(f"units that are not in order, or more than {MOST_SLOPES} slopes")
    on = cuts.read_bits(_typed(str, "a text").read(data["on"]), rows * width).reshape(rows, width)
    return LowerSlopes(WHOLE.read(data["block"]), np.array(units, dtype=np.int64), on)


def _read_bounds(data: Any) -> Bounds:
    from verify.kernel import cuts

    tree = cuts.read(_typed(str, "a text").read(data["cuts"]), WHOLE.read(data["nodes"]), WHOLE.read(data["bits"]))
    return Bounds(tree, FLAG.read(data["single"]), tuple(map(_read_slopes, data["slopes"])) if "slopes" in data else ())


def _read_cut(data: Any) -> Cut:
    coordinate, value = data
    return WHOLE.read(coordinate), read_rational(value)


_CUT = _or_none(Codec(lambda cut: [cut[0], exact_text(cut[1])], _read_cut))
_PLAIN: dict[str, tuple[type[Any], Codec]] = {
    "value gap": (kinds.ValueGap, GAP),
    "falsehood": (kinds.Falsehood, _object(kinds.Falsehood, values=ASSIGNMENT)),
    "rule": (kinds.Rule, _object(kinds.Rule, rule=Codec(str, str))),
    "nothing to quantify over": (Nothing, _object(Nothing)),
    "difference": (
        kinds.Difference,
        _object(kinds.Difference, folded=FLAG, cuts=_list(_CUT)),
    ),
    "bounds": (Bounds, Codec(_write_bounds, _read_bounds)),
    "unsafe point": (kinds.Unsafe, _object(kinds.Unsafe, point=VECTOR, case=WHOLE)),
    "reached units": (kinds.Reached, _object(kinds.Reached, points=_list(VECTOR))),
}
_KIND_OF = {kind: name for name, (kind, _) in _PLAIN.items()}
_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError)


def _guarded(read: Callable[[], T], words: str = "") -> T:
    """What is malformed is an ``EvidenceError`` of the rule ``format``."""
    try:
        return read()
    except _UNREADABLE as error:
        raise EvidenceError("format", f"{words}cannot be read: {error!r:.200}") from error


def to_json(evidence: Evidence) -> Data:
    """The evidence as plain data."""
    if isinstance(evidence, Cells):
        return {"kind": "cells", "proofs": [proof_to_json(proof) for proof in evidence.proofs]}
    if isinstance(evidence, Off):
        place = {"block": evidence.block, "unit": evidence.unit}
        return {"kind": "unit off", **place, "proof": proof_to_json(evidence.proof)}
    kind = _KIND_OF[type(evidence)]
    return {"kind": kind, **_PLAIN[kind][1].write(evidence)}


def from_json(data: Any, networks: list[Network]) -> Evidence:
    """The evidence that ``to_json`` wrote; ``networks`` are those of the claim's questions (for pattern sizes)."""

    def read() -> Evidence:
        if data["kind"] == "cells":
            return _read_cells(data, networks)
        if data["kind"] == "unit off":
            return _read_off(data, networks)
        return _PLAIN[data["kind"]][1].read(data)  # type: ignore[no-any-return]

    return _guarded(read)


# What stands beside the evidence of a proof, under ``nontrivial``.

_NONE = _object(NoInstance, point=VECTOR, equation=_optional(EQUATION), multipliers=_optional(MULTIPLIERS))


def witness_to_json(witness: Witness | Unsatisfiable) -> Data:
    """``{"instance": values}``, ``{"none": certificate}`` or, of a formula, ``{"unsatisfiable": evidence}``."""
    if isinstance(witness, Unsatisfiable):
        return {"unsatisfiable": to_json(witness.evidence)}
    if isinstance(witness, Instance):
        return {"instance": assignment_to_json(witness.assignment)}
    return {"none": _NONE.write(witness)}


def read_witness(data: Any) -> Witness | None:
    """The witness that ``witness_to_json`` wrote."""
    if data is None:
        return None

    def read() -> Witness:
        return Instance(read_assignment(data["instance"])) if "instance" in data else _NONE.read(data["none"])

    return _guarded(read, "the witness ")


def read_formula_witness(data: Any, networks: list[Network]) -> Witness | Unsatisfiable | None:
    """The same of a formula; ``networks`` are those of the question whether its conditions ever hold."""
    if not isinstance(data, dict) or "unsatisfiable" not in data:
        return read_witness(data)
    evidence = from_json(data["unsatisfiable"], networks)
    if not isinstance(evidence, Cells):
        raise EvidenceError("format", "that conditions never hold is shown by cells")
    return Unsatisfiable(evidence)


# Counts of cells, and families.


def _counts(network: Network) -> Codec:
    return _object(
        Counts,
        cover=Codec(proof_to_json, lambda data: _cover(read_proof(data, network))),
        points=_list(VECTOR),
        joins=_list(_tuple(WHOLE, WHOLE, VECTOR)),
        walls=_by_pair(THIN),
        apart=_by_pair(THIN),
    )


def _cover(proof: Cover | Empty) -> Cover:
    if not isinstance(proof, Cover):
        raise TypeError("an empty region has no cells to count")
    return proof


def counts_to_json(counts: Counts) -> Data:
    """The evidence of counts as plain data."""
    return {"kind": "counted cells", **_counts(_NO_NETWORK).write(counts)}


def read_counts(data: Any, network: Network) -> Counts:
    """What ``counts_to_json`` wrote."""

    def read() -> Counts:
        if data["kind"] != "counted cells":
            raise ValueError(f"evidence of kind {data['kind']!r:.40}; expected 'counted cells'")
        return _counts(network).read(data)  # type: ignore[no-any-return]

    return _guarded(read)


def family_to_json(evidence: FamilyEvidence) -> Data:
    """The evidence of a claim about a family as plain data."""
    from verify.kernel.families import Member, SignRules  # claims about one network load nothing of families
    from verify.network.families import members

    if isinstance(evidence, SignRules):
        return {"kind": "sign rules"}
    if isinstance(evidence, Member):
        return {"kind": "member", "weights": members.to_json(evidence.weights), "gap": to_json(evidence.gap)}
    return to_json(evidence)


def read_family(data: Any) -> FamilyEvidence:
    """What ``family_to_json`` wrote."""
    from verify.kernel.families import Member, SignRules
    from verify.network.families import members

    def read() -> FamilyEvidence:
        kind = data["kind"]
        if kind in ("sign rules", "nothing to quantify over"):
            return SignRules() if kind == "sign rules" else Nothing()
        if kind != "member" or data["gap"]["kind"] != "value gap":
            raise ValueError(f"{kind!r:.40} is no kind of evidence about a family, or the member's is no value gap")
        return Member(members.from_json(data["weights"]), GAP.read(data["gap"]))

    return _guarded(read)
