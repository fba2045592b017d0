"""A family of networks: fixed layers and sizes, and for every weight the range that it is taken from."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

from verify.errors import InputError, NetworkError
from verify.network.families import layers as kinds
from verify.network.families.layers import (
    Add,
    BatchNorm,
    Clip,
    Conv,
    Dense,
    Flatten,
    Layer,
    Leaky,
    Pad,
    Parameter,
    Pool,
)
from verify.network.families.ranges import Shape, signs, text
from verify.rational import counted, exact_text, to_fraction

MAX_LAYERS = 10_000
_CLASSES: dict[str, type[Any]] = {
    c.__name__.lower(): c for c in (Dense, Conv, BatchNorm, Leaky, Clip, Pool, Pad, Flatten, Add)
}
_RANGES = ("weight", "bias", "scale", "shift", "slope")
_NUMBERS = ("low", "high", "value")


@dataclass(frozen=True)
class Family:
    """All networks with these layers whose weights lie in the layers' ranges; every layer has a name."""

    input_shape: Shape
    layers: tuple[Layer, ...]
    name: str = "family"

    def __post_init__(self) -> None:
        if not self.input_shape or any(type(d) is not int or d < 1 for d in self.input_shape):
            raise NetworkError(f"{self.name}: input shape {self.input_shape}; expected positive integers")
        if not 0 < len(self.layers) <= MAX_LAYERS:
            raise NetworkError(f"{self.name}: {len(self.layers)} layers; expected 1 to {MAX_LAYERS}")
        _ = self.shapes

    def __repr__(self) -> str:
        return f"<Family {self.name}: {counted(self.input_size, 'input')}, {counted(len(self.layers), 'layer')}>"

    @cached_property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes of the input and of every layer's result."""
        found = {"input": self.input_shape}
        shape = self.input_shape
        result = [shape]
        for number, layer in enumerate(self.layers, start=1):
            where = f"layer {number} ({kinds.kind(layer)} {layer.name!r:.60})"
            if not layer.name or layer.name in found:
                raise NetworkError(f"{where}: each layer needs a name of its own ('input' is the network's)")
            if isinstance(layer, Add) and found.get(layer.other) != shape:
                known = f"of shape {found[layer.other]}" if layer.other in found else "that is not there"
                raise NetworkError(f"{where}: adds a layer {layer.other!r:.60} {known} to one of shape {shape}")
            try:
                after = kinds.output_shape(layer, shape)
                kinds.check_parameters(layer, shape)
            except NetworkError as error:
                raise NetworkError(f"{where}: {error}") from error
            shape = found[layer.name] = after
            result.append(shape)
        return tuple(result)

    @property
    def input_size(self) -> int:
        return math.prod(self.input_shape)

    @property
    def output_size(self) -> int:
        return math.prod(self.shapes[-1])

    @property
    def parameters(self) -> dict[tuple[str, str], Parameter]:
        """The tensors of weights by layer name and key, in the order of the layers."""
        return {
            (layer.name, key): parameter
            for layer, shape in zip(self.layers, self.shapes, strict=False)
            for key, parameter in kinds.parameters(layer, shape).items()
        }

    @property
    def weight_count(self) -> int:
        """How many numbers one member has."""
        return sum(math.prod(p.shape) for p in self.parameters.values())

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the description (without the family's name)."""
        plain = {key: value for key, value in to_json(self).items() if key != "name"}
        return hashlib.sha256(json.dumps(plain).encode()).hexdigest()


def family(input_shape: int | Sequence[int], layers: Sequence[Layer], name: str = "family") -> Family:
    """The family with these layers; those without a name get type and number (``conv1``, ``relu2``)."""
    shape = (input_shape,) if isinstance(input_shape, int) else tuple(input_shape)
    named = [layer if layer.name else replace(layer, name=f"{kinds.kind(layer)}{i}") for i, layer in _numbered(layers)]
    return Family(shape, tuple(named), name)


def _numbered(layers: Sequence[Layer]) -> list[tuple[int, Layer]]:
    return list(enumerate(layers, start=1))


def to_json(described: Family) -> dict[str, Any]:
    """The family as plain data, ranges as texts."""
    return {
        "name": described.name,
        "input": list(described.input_shape),
        "layers": [
            {"kind": type(layer).__name__.lower(), **{f.name: _plain(getattr(layer, f.name)) for f in fields(layer)}}
            for layer in described.layers
        ],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, tuple) and all(type(v) is int for v in value):
        return list(value)
    return value if isinstance(value, str | int | None) else text(value)


def from_json(data: Any) -> Family:
    """The family that ``to_json`` wrote; a malformed one is a ``NetworkError``."""
    try:
        layers = tuple(_layer(item) for item in data["layers"])
        return Family(_integers(data["input"]), layers, _text(data["name"]))
    except NetworkError:
        raise
    except (InputError, KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise NetworkError(f"malformed family data: {error!r:.200}") from error


def _layer(item: dict[str, Any]) -> Layer:
    made = _CLASSES[item["kind"]]
    names = {f.name for f in fields(made)}
    if set(item) != names | {"kind"}:
        raise ValueError(f"keys {sorted(item)} of a layer {item['kind']!r:.40}")
    layer: Layer = made(**{name: _value(name, item[name]) for name in names})
    return layer


def _value(name: str, value: Any) -> Any:
    """The value of one field, of the field's own type."""
    if name in _RANGES:
        return signs(value, name)
    if name in _NUMBERS:
        return None if value is None and name != "value" else to_fraction(_text(value))
    if name in ("name", "other"):
        return _text(value)
    if name in ("largest", "count_include_pad"):
        if not isinstance(value, bool):
            raise TypeError(f"{name} is {value!r:.40}")
        return value
    return _integers([value])[0] if name in ("outputs", "channels", "groups") else _integers(value)


def _integers(values: Any) -> Shape:
    if not isinstance(values, list) or not all(type(v) is int for v in values):
        raise TypeError(f"{values!r:.60} is not a list of integers")
    return tuple(values)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.60} is not a text")
    return value
