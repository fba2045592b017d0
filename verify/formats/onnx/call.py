"""One operator call: its arguments and attributes, checked as they are read."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import onnx
import onnx.helper

from verify.errors import NetworkError
from verify.formats.onnx.choice import Choice
from verify.formats.onnx.constants import is_float, sparse_array, stored_array
from verify.formats.onnx.elements import Array
from verify.formats.onnx.files import printable
from verify.network.tensor import Builder, Tensor, exact_vector


@dataclass(frozen=True)
class Condition:
    """Where each value of ``gap`` is positive (``strict``) or at least 0, or (``negated``) where it is not."""

    gap: Tensor
    strict: bool
    negated: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return self.gap.shape

    def reshape(self, shape: Sequence[int]) -> Condition:
        """The same conditions in another shape."""
        return replace(self, gap=self.gap.reshape(shape))

    def __neg__(self) -> Condition:
        return replace(self, negated=not self.negated)


Value: TypeAlias = Tensor | Array | Condition | Choice


@dataclass(eq=False)
class Call:
    """A node with the values of its inputs (``None`` where an optional one is left out) and their element types.

    ``imports`` are the operator sets where the node stands. ``doubtful`` says which inputs are constants that an
    implementation may hold rounded.
    """

    node: onnx.NodeProto
    name: str
    imports: Mapping[str, int]
    builder: Builder
    inputs: Sequence[Value | None]
    types: Sequence[int]
    doubtful: Sequence[bool] = ()
    _read: set[str] = field(default_factory=set)

    @property
    def opset(self) -> int:
        """The operator set of the node's own domain."""
        return self.imports["" if self.node.domain == "ai.onnx" else self.node.domain]

    @property
    def title(self) -> str:
        """How messages name the node."""
        return f"{printable(self.node.op_type)} node '{self.name}'"

    def rounds(self, note: str) -> None:
        """Note what an implementation rounds that no sum of the network shows: its errors are not bounded then."""
        self.builder.notes.append(note)
        self.builder.unbounded.append(note)

    # Arguments.

    def has(self, index: int) -> bool:
        """Whether that input is given."""
        return index < len(self.inputs) and self.inputs[index] is not None

    def value(self, index: int) -> Value:
        """The input, an activation or a constant."""
        value = self.inputs[index] if index < len(self.inputs) else None
        if value is None:
            raise NetworkError(f"input {index} is missing")
        return value

    def values(self) -> list[Value]:
        """Every input of an operator that takes any number of them."""
        if not self.inputs:
            raise NetworkError("no inputs; expected at least one")
        return [self.value(index) for index in range(len(self.inputs))]

    def tensor(self, index: int) -> Tensor:
        """The input as an activation; a float constant becomes one that does not depend on the network's input."""
        return self.lifted(self.value(index), index)

    def lifted(self, value: Value, index: int) -> Tensor:
        """A float constant as an expression without terms."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Condition | Choice):
            raise NetworkError(f"{self._label(index)} is a condition on the network's input; only Where takes one")
        return Tensor(self.builder, value.shape, {}, exact_vector(self.finite(value, self._label(index))))

    def array(self, index: int, role: str = "a constant") -> Array:
        """The input, which must be a constant (of any type, infinities included)."""
        value = self.value(index)
        if not isinstance(value, np.ndarray):
            raise NetworkError(f"{self._label(index)} depends on the network's input; expected {role}")
        return value

    def weights(self, index: int) -> Array:
        """The input, which must be a constant of finite floats."""
        array = self.array(index, "constant weights (a product of two activations is not piecewise linear)")
        return self.finite(array, self._label(index))

    def indices(self, index: int) -> list[int]:
        """The input, which must be a constant list of integers."""
        array = self.array(index, "constant integers")
        if array.dtype.kind not in "iu" or array.ndim > 1:
            raise NetworkError(f"{self._label(index)} is not a list of integers")
        return [int(value) for value in array.ravel()]

    def is_whole(self, index: int) -> bool:
        """Whether the input is a constant of integers."""
        value = self.value(index)
        return isinstance(value, np.ndarray) and value.dtype.kind in "iu"

    def certain(self, index: int) -> Array:
        """The input, a constant on which the result depends with jumps: no implementation may hold another value."""
        array = self.array(index)
        if index < len(self.doubtful) and self.doubtful[index]:
            raise NetworkError(
                f"{self._label(index)} is a constant that implementations round, and the result jumps with it"
            )
        return array

    def finite(self, array: Array, label: str = "a constant") -> Array:
        """The same constant, which must be of finite floats."""
        if not is_float(array):
            raise NetworkError(f"{label} holds {array.dtype}; expected floats")
        if array.dtype == np.float64 and not np.all(np.isfinite(array)):
            raise NetworkError(f"{label} holds an infinity; a network needs finite weights")
        return array

    def _label(self, index: int) -> str:
        return f"input {index} '{printable(self.node.input[index])}'"

    # Attributes. Those that no operator function reads are refused: they could change the meaning.

    def integer(self, name: str, default: int | None = None) -> int:
        """An integer attribute."""
        return int(self._attribute(name, onnx.AttributeProto.INT, default))

    def flag(self, name: str, default: bool = False) -> bool:
        """An integer attribute that is 0 or 1."""
        value = self.integer(name, int(default))
        if value not in (0, 1):
            raise NetworkError(f"attribute '{name}' is {value}; expected 0 or 1")
        return bool(value)

    def integers(self, name: str, default: Sequence[int] | None = None) -> list[int]:
        """A list of integers."""
        return [int(v) for v in self._attribute(name, onnx.AttributeProto.INTS, default)]

    def number(self, name: str, default: float | None = None) -> float:
        """A float attribute: the value of the stored float32, so defaults are rounded to it as well."""
        value = float(self._attribute(name, onnx.AttributeProto.FLOAT, default))
        if np.isnan(value):
            raise NetworkError(f"attribute '{name}' is NaN")
        if np.isinf(value) and name not in ("min", "max"):  # as bounds, infinities are none
            raise NetworkError(f"attribute '{name}' is {value}; expected a finite number")
        return float(np.float32(value))

    def numbers(self, name: str) -> Array:
        """A list of floats, as a constant."""
        return np.array(self._attribute(name, onnx.AttributeProto.FLOATS, None), dtype=np.float64)

    def text(self, name: str, default: str) -> str:
        """A string attribute."""
        value = self._attribute(name, onnx.AttributeProto.STRING, default)
        return printable(value.decode("utf-8", "replace")) if isinstance(value, bytes) else str(value)

    def texts(self, name: str, default: Sequence[str]) -> list[str]:
        """A list of strings."""
        values = self._attribute(name, onnx.AttributeProto.STRINGS, default)
        return [printable(v.decode("utf-8", "replace")) if isinstance(v, bytes) else str(v) for v in values]

    def stored(self, name: str) -> Array:
        """A tensor attribute."""
        return stored_array(self._attribute(name, onnx.AttributeProto.TENSOR, None), f"attribute '{name}'")

    def stored_sparse(self, name: str) -> Array:
        """A sparse tensor attribute."""
        return sparse_array(self._attribute(name, onnx.AttributeProto.SPARSE_TENSOR, None), f"attribute '{name}'")

    def given(self, name: str) -> bool:
        """Whether the attribute is written down."""
        return any(a.name == name for a in self.node.attribute)

    def ignore(self, *names: str) -> None:
        """Attributes that do not change the values of the outputs supported here."""
        self._read.update(names)

    def _attribute(self, name: str, kind: int, default: Any) -> Any:
        self._read.add(name)
        for attribute in self.node.attribute:
            if attribute.name == name:
                if attribute.type != kind:
                    raise NetworkError(f"attribute '{name}' has the wrong type")
                return onnx.helper.get_attribute_value(attribute)
        if default is None:
            raise NetworkError(f"attribute '{name}' is missing")
        return default

    def check_all_read(self) -> None:
        """Refuse attributes that the operator function did not look at."""
        unread = sorted({printable(a.name) for a in self.node.attribute} - self._read)
        if unread:
            raise NetworkError(f"attribute '{unread[0]}' is not supported in operator set {self.opset}; remove it")

    # Names of blocks.

    def fresh(self, x: Tensor) -> Tensor:
        """``x`` under a name that no block has yet: its own (the layer with the weights), else this node's."""
        return freshly_named(self.builder, x, self.name)


def freshly_named(builder: Builder, x: Tensor, name: str) -> Tensor:
    """``x`` under its own name if no block has it yet, else under ``name``, with a number if need be."""
    used = builder.used_names()
    own = itertools.chain([x.name, name], (f"{name}.{k}" for k in itertools.count(builder.first_number(name))))
    return x.named(next(candidate for candidate in own if candidate not in used and candidate not in ("", "input")))


def axis_of(axis: int, rank: int) -> int:
    """The axis counted from the front."""
    if not -rank <= axis < rank:
        raise NetworkError(f"axis {axis} of a tensor with {rank} axes")
    return axis % rank


def axes_of(axes: Sequence[int], rank: int) -> list[int]:
    """The axes counted from the front, each at most once."""
    result = [axis_of(axis, rank) for axis in axes]
    if len(set(result)) < len(result):
        raise NetworkError(f"axes {list(axes)[:10]} repeat an axis")
    return result


def stated_axes(call: Call, input_since: int) -> list[int]:
    """The axes of an operator that takes them as an attribute before that operator set, as an input since."""
    if call.opset < input_since:
        return call.integers("axes", [])
    return call.indices(1) if call.has(1) else []
