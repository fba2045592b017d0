"""The serialized form of all evidence (docs/evidence.md): the only reader. ``verify.writing`` is the only writer.

Each dataclass of ``verify.kernel.evidence`` is an object of its fields, of their declared types; those that have their
default are left out. Rationals are strings, patterns hexadecimal bit strings, trees lists of nodes in preorder, so that
deep ones need no recursion. What is read is checked for its type here, for its meaning where it is replayed.
"""

from __future__ import annotations

import dataclasses
import functools
import re
import types
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from verify.errors import EvidenceError, InputError
from verify.kernel.evidence import (
    KINDS,
    BlockSteps,
    Bounds,
    Ceiling,
    Cells,
    Counts,
    Cover,
    Empty,
    Equation,
    Evidence,
    Leaf,
    LowerSlopes,
    Nothing,
    Off,
    Split,
    Steps,
    Tree,
    Unsatisfiable,
    ValueGap,
)
from verify.kernel.exact import AffineForm, Pattern
from verify.kernel.instances import Instance, NoInstance, Witness
from verify.network import Network
from verify.network.matrix import Indices
from verify.property import Assignment
from verify.rational import Vector, to_fraction, vector

if TYPE_CHECKING:
    from verify.kernel.families import FamilyEvidence

Data = dict[str, Any]
Read: TypeAlias = Callable[[Any], Any]
# Lower slopes of one block: 16 MiB.
MOST_SLOPES = 1 << 27
T = TypeVar("T")

# Keys that are not the names of their fields.
_KEYS = {"assignment": "values", "pattern": "cell", "Rule.name": "rule", "Empty.multipliers": "empty"}
# Written although it is the default.
ALWAYS = "lifted"


class Field(NamedTuple):
    """A field of a dataclass; ``hint`` is the type of what is written for it."""

    key: str
    name: str
    hint: Any
    optional: bool
    default: Any


def _fields(kind: type[Any]) -> list[Field]:
    hints, found = get_type_hints(kind), []
    for field in dataclasses.fields(kind):
        key = _KEYS.get(f"{kind.__name__}.{field.name}") or _KEYS.get(field.name, field.name)
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        hint = _present(hints[field.name]) if default is None else hints[field.name]
        found.append(Field(key, field.name, hint, default is not dataclasses.MISSING, default))
    return found


def _present(hint: Any) -> Any:
    """The type of what is not None."""
    return next(part for part in get_args(hint) if part is not types.NoneType)


# The dataclasses that are written field by field.
FIELDS: dict[Any, list[Field]] = {
    kind: _fields(kind)
    for kind in (*KINDS.values(), Ceiling, Counts, Empty, Equation, Leaf, NoInstance)
    if kind is not Bounds
}


def read_rational(value: Any) -> Fraction:
    """A rational from its text; ``TypeError`` for anything else."""
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a rational in a string")
    return to_fraction(value)


def read_vector(values: Any) -> Vector:
    """A vector from a list of texts."""
    return vector([read_rational(value) for value in values])


def read_assignment(data: Any) -> Assignment:
    """Values by name, points as lists."""
    return {str(n): read_vector(v) if isinstance(v, list) else read_rational(v) for n, v in data.items()}


def _read_form(values: Any) -> AffineForm:
    """Coefficients, then the constant."""
    if not isinstance(values, list):
        raise TypeError(f"{values!r:.60} is not a list of coefficients and a constant")
    return AffineForm(read_vector(values[:-1]), read_rational(values[-1]))


def _typed(wanted: type[T], value: Any) -> T:
    """A value that is written as it is, of exactly this type."""
    if type(value) is not wanted:
        raise TypeError(f"{value!r:.60} is not of type {wanted.__name__}")
    return value


def _pair(text: str) -> tuple[int, int]:
    first, second = text.split(":")
    return int(first), int(second)


_PLAIN: dict[Any, Read] = {
    Fraction: read_rational,
    Vector: read_vector,
    AffineForm: _read_form,
    Assignment: read_assignment,
    int: functools.partial(_typed, int),
    bool: functools.partial(_typed, bool),
    str: str,
}
_READ_KEYS: dict[Any, Read] = {int: int, tuple[int, int]: _pair}


class _Reader:
    """Reads values of declared types; covers are those of a network, patterns of blocks with these sizes."""

    def __init__(self, network: Network | None = None, sizes: Mapping[int, int] | None = None) -> None:
        self.network, self.sizes = network, sizes
        if sizes is None and network is not None:
            self.sizes = {k: block.size for k, block in network.relu_blocks()}
        self.known: dict[Any, Read] = {**_PLAIN, Pattern: self.pattern, Cover: self.cover}

    def of(self, hint: Any) -> Read:
        """What reads values of a type."""
        if hint not in self.known:
            self.known[hint] = self._made(hint)
        return self.known[hint]

    def _made(self, hint: Any) -> Read:
        origin, parts = get_origin(hint), get_args(hint)
        if types.NoneType in parts:
            there = self.of(_present(hint))
            return lambda data: None if data is None else there(data)
        if origin is tuple and parts[-1] is Ellipsis:
            item = self.of(parts[0])
            return lambda data: tuple(map(item, data))
        if origin is Mapping:
            key, value = _READ_KEYS[parts[0]], self.of(parts[1])
            return lambda data: {key(k): value(v) for k, v in data.items()}
        if origin is tuple:
            return self._tuple(parts)
        if hint is Ceiling:
            numbers = self._tuple([field.hint for field in FIELDS[Ceiling]])
            return lambda data: Ceiling(*numbers(data))
        known = [(f.key, f.name, f.optional, self.of(f.hint)) for f in FIELDS[hint]]
        return lambda data: hint(**{n: read(data[key]) for key, n, may, read in known if not may or key in data})

    def _tuple(self, hints: Any) -> Read:
        items = [self.of(hint) for hint in hints]
        return lambda data: tuple(read(v) for read, v in zip(items, data, strict=True))

    def pattern(self, data: Any) -> Pattern:
        """A bit for each unit of each ReLU block."""
        pattern: Pattern = {}
        for k, size in (self.sizes or {}).items():
            bits = np.unpackbits(np.frombuffer(bytes.fromhex(data[str(k)]), dtype=np.uint8))
            if len(bits) != -(-size // 8) * 8:
                raise ValueError(f"pattern of block {k} has {len(bits)} bits for {size} units")
            pattern[k] = bits[:size].astype(bool)
        return pattern

    def cover(self, data: Any) -> Cover:
        """A cover; its patterns are those of the rewritten network where there are steps."""
        reader, steps, lifted = self, None, _typed(bool, data.get(ALWAYS, False))
        equations = self.of(tuple[Equation, ...])(data["equations"])
        if "rewriting" in data:
            steps = _read_steps(data["rewriting"], self.network)
            reader = _Reader(sizes=_read_sizes(data["sizes"], self.network))
        return Cover(reader.tree(data["tree"]), equations, lifted, steps)

    def tree(self, nodes: Any) -> Tree:
        """Back to front: children stand on the stack when their split is met."""
        stack, leaf = list[Tree](), self.of(Leaf)
        for item in reversed(nodes):
            is_split = "split" in item
            stack.append(Split(_read_form(item["split"]), stack.pop(), stack.pop()) if is_split else leaf(item))
        if len(stack) != 1:
            raise ValueError("the tree is not whole")
        return stack[0]


def read_proof(data: Any, network: Network) -> Cover | Empty:
    """One proof of ``cells`` about a question's network."""
    if "empty" in data:
        return read_plain(Empty, {ALWAYS: False, **data})
    return _Reader(network).cover(data)


def read_plain(kind: type[T], data: Any) -> T:
    """Evidence of a kind in which no cover is."""
    return _Reader().of(kind)(data)  # type: ignore[no-any-return]


# Steps of a rewriting: each list of numbers is a line of words, ``5``, ``-1*20`` (the same number twenty times) or
# ``7+4`` (7, 8, 9, 10).

_WORD = re.compile(r"(-?\d{1,9})(?:([*+])(\d{1,9}))?")


def _read_steps(data: Any, network: Network | None) -> Steps:
    blocks = data["blocks"]
    if network is None or not isinstance(blocks, list) or len(blocks) != len(network.blocks) - 1:
        raise ValueError("steps of a rewriting do not fit the network's blocks")
    found = [
        BlockSteps(_numbers(units, block.size), _numbers(values, block.size))
        for (units, values), block in zip(blocks, network.blocks[:-1], strict=True)
    ]
    return Steps(tuple(found), _typed(bool, data["bounded"]))


def _read_sizes(data: Any, network: Network | None) -> dict[int, int]:
    """The sizes of the rewritten network's ReLU blocks by their numbers."""
    sizes = {int(k): size for k, size in data.items()}
    for k, size in sizes.items():
        if network is None or type(size) is not int or not 0 <= size <= network.relu_count:
            raise ValueError(f"{size!r:.20} units in block {k}")
        if not 0 < k <= 2 * len(network.blocks):
            raise ValueError(f"there is no block {k}")
    return dict(sorted(sizes.items()))


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


# Whole evidence, and what stands beside it under ``nontrivial``.

_UNREADABLE = (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError, InputError)


def _guarded(read: Callable[[], T], words: str = "") -> T:
    """What is malformed is an ``EvidenceError`` of the rule ``format``."""
    try:
        return read()
    except _UNREADABLE as error:
        raise EvidenceError("format", f"{words}cannot be read: {error!r:.200}") from error


def from_json(data: Any, networks: list[Network]) -> Evidence:
    """The evidence that was written; ``networks`` are those of the claim's questions (for pattern sizes)."""
    return _guarded(lambda: _evidence(data, networks))


def _evidence(data: Any, networks: list[Network]) -> Evidence:
    kind = KINDS[data["kind"]]
    if kind is Cells:
        if len(data["proofs"]) != len(networks):
            raise ValueError(f"{len(data['proofs'])} proofs for {len(networks)} questions")
        return Cells(tuple(map(read_proof, data["proofs"], networks)))
    if kind is Off:
        from verify.property.units import unit_network, units

        place = _typed(int, data["block"]), _typed(int, data["unit"])
        if place not in set(units(networks[0])):
            raise ValueError(f"there is no ReLU {place[1]!r:.40} in block {place[0]!r:.40}")
        return Off(*place, _Reader(unit_network(networks[0], *place)).cover(data["proof"]))
    if kind is Bounds:
        from verify.kernel import cuts

        nodes, bits = _typed(int, data["nodes"]), _typed(int, data["bits"])
        tree = cuts.read(_typed(str, data["cuts"]), nodes, bits)
        return Bounds(tree, _typed(bool, data["single"]), tuple(map(_read_slopes, data.get("slopes", ()))))
    return read_plain(kind, data)  # type: ignore[no-any-return]


def _read_slopes(data: Any) -> LowerSlopes:
    from verify.kernel import cuts

    units = [_typed(int, unit) for unit in data["units"]]
    rows, width = _typed(int, data["rows"]), _typed(int, data["width"])
    if units != sorted(set(units)) or rows * width > MOST_SLOPES:
        raise ValueError(f"units that are not in order, or more than {MOST_SLOPES} slopes")
    on = cuts.read_bits(_typed(str, data["on"]), rows * width).reshape(rows, width)
    return LowerSlopes(_typed(int, data["block"]), np.array(units, dtype=np.int64), on)


def read_witness(data: Any) -> Witness | None:
    """``{"instance": values}`` or ``{"none": certificate}``."""
    if data is None:
        return None

    def read() -> Witness:
        if "instance" in data:
            return Instance(read_assignment(data["instance"]))
        return read_plain(NoInstance, data["none"])

    return _guarded(read, "the witness ")


def read_formula_witness(data: Any, networks: list[Network]) -> Witness | Unsatisfiable | None:
    """The same of a formula, or ``{"unsatisfiable": evidence}``.

    ``networks`` are those of the question whether its conditions ever hold.
    """
    if not isinstance(data, dict) or "unsatisfiable" not in data:
        return read_witness(data)
    evidence = from_json(data["unsatisfiable"], networks)
    if not isinstance(evidence, Cells):
        raise EvidenceError("format", "that conditions never hold is shown by cells")
    return Unsatisfiable(evidence)


def read_counts(data: Any, network: Network) -> Counts:
    """The evidence of counts that was written."""

    def read() -> Counts:
        if data["kind"] != Counts.kind:
            raise ValueError(f"evidence of kind {data['kind']!r:.40}; expected {Counts.kind!r}")
        return _Reader(network).of(Counts)(data)  # type: ignore[no-any-return]

    return _guarded(read)


def read_family(data: Any) -> FamilyEvidence:
    """The evidence of a claim about a family."""
    from verify.kernel.families import Member, SignRules

    def read() -> FamilyEvidence:
        kind = data["kind"]
        if kind in ("sign rules", Nothing.kind):
            return SignRules() if kind == "sign rules" else Nothing()
        if kind != "member" or data["gap"]["kind"] != ValueGap.kind:
            raise ValueError(f"{kind!r:.40} is no kind of evidence about a family, or the member's is no value gap")
        from verify.network.families import members

        return Member(members.from_json(data["weights"]), read_plain(ValueGap, data["gap"]))

    return _guarded(read)
