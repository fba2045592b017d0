"""Choices as blocks: what ``choice`` found in pieces, written with ReLU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.formats.onnx import lowering
from verify.formats.onnx.call import Call, Condition, Value
from verify.formats.onnx.choice import Bent, Choice, JumpError, bent, in_order
from verify.formats.onnx.elements import Array
from verify.formats.onnx.univariate import UnitRow
from verify.network import matrix as matrices
from verify.network import paths
from verify.network.tensor import Builder, Tensor
from verify.rational import vector


def as_choice(call: Call, value: Value, origin: str) -> Choice:
    """Any value as an expression; activations are computed as they stand, as an implementation does."""
    if isinstance(value, Choice):
        return value
    if isinstance(value, Condition):
        kind = "positive" if value.strict else "not negative"
        compared = Choice(kind, value.shape, origin, units=value.gap)
        return Choice("not", value.shape, origin, (compared,)) if value.negated else compared
    if isinstance(value, np.ndarray) and value.dtype == np.bool_:
        return Choice("truth", value.shape, origin, truth=value)
    if isinstance(value, np.ndarray):
        return Choice("number", value.shape, origin, units=call.lifted(value, 0))
    lengths = sum((m.row_lengths for m in value.terms.values()), start=np.zeros(value.size, dtype=np.int64))
    plain = value if np.all(lengths <= 1) else lowering.settled(call, value)
    return Choice("number", value.shape, origin, units=plain)


def combined(call: Call, kind: str, values: Sequence[Value]) -> Choice:
    """An expression of several values, broadcast to one shape."""
    origin = next((value.origin for value in values if isinstance(value, Choice)), call.title)
    shape = lowering.common_shape(*values)
    parts = []
    for value in values:
        part = as_choice(call, value, origin)
        parts.append(part if part.shape == shape else part.moved(lambda places: np.broadcast_to(places, shape)))
    return Choice(kind, shape, origin if kind in ("add", "times") else call.title, tuple(parts))


def scaled(call: Call, value: Value, factors: Array) -> Choice:
    """The values times constants."""
    return combined(call, "times", [value, factors])


def sign(call: Call) -> Value:
    """-1, 0 or 1."""
    gap = lowering.settled(call, call.tensor(0))
    below = combined(call, "where", [Condition(gap, strict=False), np.array(0.0), np.array(-1.0)])
    return combined(call, "where", [Condition(gap, strict=True), np.array(1.0), below])


def equality(call: Call) -> Value:
    """Where two values, of which one is an activation, are the same."""
    gap = lowering.difference(call)
    return combined(call, "and", [Condition(gap, strict=False), -Condition(gap, strict=True)])


def logic(kind: str) -> Callable[[Call], Value]:
    """And, Or, Xor of comparisons."""
    return lambda call: combined(call, kind, [call.value(0), call.value(1)])


def counted(call: Call, value: Condition | Choice) -> Choice:
    """1 where it holds, else 0."""
    return combined(call, "where", [value, np.array(1.0), np.array(0.0)])


def settled(builder: Builder, choice: Choice, name: str) -> Tensor:
    """The values over units; ``JumpError`` where they jump."""
    if choice.logical:
        raise JumpError(f"{choice.origin}: a comparison of activations, whose values jump, is read as a number")
    if not choice.settled:
        try:
            found = bent(choice, builder)
        except JumpError:
            simpler = _partly_settled(builder, choice, name)
            if simpler is None:
                raise
            found = bent(simpler, builder)
        choice.settled.append(_written(builder, found, choice.shape, name))
    return choice.settled[0]


def _partly_settled(builder: Builder, choice: Choice, name: str) -> Choice | None:
    """The same where each part that is continuous alone became units; None if there is none."""
    known: dict[int, Choice] = {}
    changed = False
    for node in in_order(choice):
        parts = tuple(known[id(part)] for part in node.parts)
        result = replace(node, parts=parts, settled=[])
        if node is not choice and not node.logical and parts:
            try:
                units = _written(builder, bent(result, builder), node.shape, name)
            except JumpError:
                pass
            else:
                result = Choice("number", node.shape, node.origin, units=lowering.settled_as(builder, units, name))
                changed = True
        known[id(node)] = result
    return known[id(choice)] if changed else None


def _written(builder: Builder, found: list[Bent], shape: tuple[int, ...], name: str) -> Tensor:
    results: list[UnitRow] = []
    kinks: list[UnitRow] = []
    kinks_of: list[list[tuple[int, Fraction]]] = []
    for value in found:
        flat = next((k for k, (slope, _) in enumerate(value.pieces) if not slope), 0)
        slope, constant = value.pieces[flat]
        row = dict(value.rest)
        own = []
        if value.unit is not None:
            row[value.unit] = row.get(value.unit, Fraction(0)) + slope
            for k, cut in enumerate(value.cuts):
                side = 1 if k >= flat else -1
                own.append((len(kinks), value.pieces[k + 1][0] - value.pieces[k][0]))
                kinks.append(({value.unit: Fraction(side)}, -side * cut))
        results.append((row, constant))
        kinks_of.append(own)
    if kinks:
        pre = _from_rows(builder, kinks, (len(kinks),)).named(name)
        block = lowering.block_as(builder, pre, name, relu=True).terms
        source = next(iter(block))
        for (row, _), own in zip(results, kinks_of, strict=True):
            row.update({(source, index): step for index, step in own})
    written = _from_rows(builder, results, shape).named(name)
    slack = [value.slack for value in found]
    return written if not any(terms or constant for terms, constant in slack) else _rounding_on_the_way(written, slack)


def _rounding_on_the_way(written: Tensor, slack: list[UnitRow]) -> Tensor:
    """The values with what implementations round on the way: each size charged is that of one term of a sum."""
    charged = _from_rows(written.builder, slack, written.shape)
    own, more = (paths.each_alone(x.terms, x.bias) for x in (written, charged))
    return replace(written, paths=paths.added(own, more))


def _from_rows(builder: Builder, rows: list[UnitRow], shape: tuple[int, ...]) -> Tensor:
    """The tensor of these expressions."""
    entries: dict[int, list[tuple[int, int, Fraction]]] = {}
    for index, (row, _) in enumerate(rows):
        for (source, column), factor in row.items():
            entries.setdefault(source, []).append((index, column, factor))
    terms = {}
    for source, triplets in sorted(entries.items()):
        width = builder.blocks[source - 1].size if source else builder.input.size
        places = np.array([(i, j) for i, j, _ in triplets], dtype=np.int64)
        factors = matrices.compact([factor for *_, factor in triplets])
        terms[source] = matrices.from_triplets(places[:, 0], places[:, 1], factors, (len(rows), width))
    return Tensor(builder, shape, terms, vector([constant for _, constant in rows]))
