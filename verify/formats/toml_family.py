"""Families of networks written as TOML: a network file in which weights are ranges such as ``">= 0"``.

``docs/families.md`` is the reference. Layers follow one another; ``add`` names the two that it adds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from verify.errors import InputError, NetworkError
from verify.formats import toml_values as values
from verify.formats.reading import decoded, is_file, read_bytes, shorten, shown
from verify.formats.toml import MAX_BYTES, MAX_LAYERS, named_after, parsed
from verify.formats.toml_values import TomlTable, suggestion
from verify.network.families import layers as kinds
from verify.network.families import making
from verify.network.families.description import Family
from verify.network.families.layers import Layer
from verify.network.families.ranges import Shape, is_range_text

_TOP_KEYS = ("name", "input", "layer")
_COMMON_KEYS = ("type", "name", "input", "inputs")
_RANGE_KEYS = ("weight", "bias", "scale", "shift", "slope")
_SIZE_KEYS = ("outputs", "channels")


@dataclass(frozen=True)
class Before:
    """The layer before: its name and the shape of its result."""

    name: str
    shape: Shape


def load_family(path: str | Path) -> Family:
    """The family that a TOML file describes; ``NetworkError``, one line, for anything else."""
    file = Path(path)
    try:
        return _family(parsed(_text(file)), named_after(file))
    except InputError as error:
        raise NetworkError(f"family file {shown(file)}: {shorten(str(error), 500)}") from error


def is_family(path: str | Path) -> bool:
    """Whether a TOML file describes a family: some weight is a range, or a layer gives its size in place of weights."""
    file = Path(path)
    if file.suffix.lower() != ".toml" or not is_file(file):
        return False
    try:
        layers = parsed(_text(file)).get("layer")
    except InputError:
        return False
    found = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
    return any(any(k in t for k in _SIZE_KEYS) or any(_has_range(t.get(k)) for k in _RANGE_KEYS) for t in found)


def _has_range(value: object) -> bool:
    if isinstance(value, list):
        return any(_has_range(item) for item in value)
    return isinstance(value, str) and is_range_text(value)


def _text(file: Path) -> str:
    data = read_bytes(file, MAX_BYTES, "family file", NetworkError)
    return decoded(data, file, "family file", NetworkError)


def _family(data: dict[str, object], stem: str) -> Family:
    top = TomlTable(data, "top level")
    top.check_keys(_TOP_KEYS)
    name = values.text(data.get("name", stem), top.what("name"))
    shape = whole = tuple(values.integers(top.get("input"), top.what("input"), 1))
    given = data.get("layer")
    if not isinstance(given, list) or not given or len(given) > MAX_LAYERS:
        raise NetworkError(f"expected 1 to {MAX_LAYERS} tables [[layer]], got {values.describe(given)}")
    layers: list[Layer] = []
    for number, table in enumerate(given, start=1):
        if not isinstance(table, dict):
            raise NetworkError(f"layer {number}: expected a table [[layer]], got {values.describe(table)}")
        layers.append(_layer(number, table, Before(layers[-1].name if layers else "input", shape)))
        shape = kinds.output_shape(layers[-1], shape)
    return Family(whole, tuple(layers), name)


def _layer(number: int, given: dict[str, object], before: Before) -> Layer:
    where = f"layer {number}"
    kind = values.text(TomlTable(given, where).get("type"), f"{where}: 'type'")
    if kind not in _LAYERS:
        raise NetworkError(f"{where}: a family has no layers of type {kind[:40]!r}; {suggestion(kind, _LAYERS)}")
    name = values.text(given.get("name", f"{kind}{number}"), f"{where}: 'name'")
    table = TomlTable({**given, "name": name}, f"{where} ({kind} {name!r})")
    build, keys = _LAYERS[kind]
    table.check_keys((*_COMMON_KEYS, *keys))
    if kind != "add":
        _check_input(table, before.name)
    try:
        layer = build(table, before)
        kinds.output_shape(layer, before.shape)
        return layer
    except InputError as error:
        message = str(error)
        raise NetworkError(message if message.startswith(table.where) else f"{table.where}: {message}") from error


def _check_input(table: TomlTable, before: str) -> None:
    if table.has("inputs") or table.values.get("input", before) != before:
        raise NetworkError(f"{table.where}: layers of a family follow one another; only 'add' names its inputs")


def _ranges(table: TomlTable, key: str, default: Any = 0) -> Any:
    """A range, a number or nested lists of them, as ``ranges.signs`` reads them."""
    return _checked(table.values.get(key, default), table.what(key))


def _checked(value: object, what: str) -> Any:
    if isinstance(value, list):
        return [_checked(item, what) for item in value]
    if isinstance(value, bool) or not isinstance(value, str | int | Fraction):
        raise NetworkError(f'{what}: expected a range such as ">= 0", or a number, got {values.describe(value)}')
    if isinstance(value, str) and len(value) > 200:
        raise NetworkError(f"{what}: a text of {len(value)} characters is no range")
    return value if isinstance(value, str) else values.number(value, what)


def _size(table: TomlTable, key: str) -> int:
    """The number of outputs: given, or the length of the list of weights."""
    weight = table.values.get("weight")
    if not table.has(key) and isinstance(weight, list):
        return len(weight)
    return values.integer(table.get(key), table.what(key), 1)


def _numbers(table: TomlTable, key: str, before: Before, least: int = 0) -> Shape:
    """One number for each spatial axis; one for all may be given."""
    found = tuple(values.integers(table.get(key), table.what(key), least)) if table.has(key) else ()
    return found * (len(before.shape) - 1) if len(found) == 1 else found


def _dense(table: TomlTable, _: Before) -> Layer:
    table.get("weight")
    return making.dense(
        _size(table, "outputs"), _ranges(table, "weight"), _ranges(table, "bias"), str(table.get("name"))
    )


def _conv(table: TomlTable, before: Before) -> Layer:
    table.get("weight")
    return making.conv(
        _size(table, "channels"),
        _numbers(table, "kernel", before, 1) or _kernel(table),
        _ranges(table, "weight"),
        _ranges(table, "bias"),
        strides=_numbers(table, "strides", before, 1),
        pads=_numbers(table, "pads", before),
        dilations=_numbers(table, "dilations", before, 1),
        groups=values.integer(table.values.get("groups", 1), table.what("groups"), 1),
        name=str(table.get("name")),
    )


def _kernel(table: TomlTable) -> Shape:
    """The window's shape from fully nested weights."""
    level: object = table.values.get("weight")
    found = []
    while isinstance(level, list) and level:
        found.append(len(level))
        level = level[0]
    if len(found) < 3:
        raise NetworkError(f"{table.where}: 'kernel' is missing")
    return tuple(found[2:])


def _batch_norm(table: TomlTable, _: Before) -> Layer:
    for key in ("scale", "shift"):
        table.get(key)
    return making.batch_norm(_ranges(table, "scale"), _ranges(table, "shift"), str(table.get("name")))


def _leaky(table: TomlTable, _: Before) -> Layer:
    table.get("slope")
    return making.leaky_relu(_ranges(table, "slope"), str(table.get("name")))


def _clip(table: TomlTable, _: Before) -> Layer:
    low, high = (values.number(table.get(key), table.what(key)) if table.has(key) else None for key in ("low", "high"))
    if low is None and high is None:
        raise NetworkError(f"{table.where}: 'low' and 'high' are missing; give at least one")
    return making.clip(low, high, str(table.get("name")))


def _pool(table: TomlTable, before: Before) -> Layer:
    table.get("kernel")
    made = making.max_pool if table.get("type") == "max_pool" else making.average_pool
    window = {key: _numbers(table, key, before, least) for key, least in (("kernel", 1), ("strides", 1), ("pads", 0))}
    layer = made(window["kernel"], window["strides"], window["pads"], name=str(table.get("name")))
    if table.has("count_include_pad"):
        counted = values.boolean(table.get("count_include_pad"), table.what("count_include_pad"))
        return making.average_pool(layer.kernel, layer.strides, layer.pads, counted, layer.name)
    return layer


def _pad(table: TomlTable, before: Before) -> Layer:
    table.get("pads")
    value = values.number(table.values.get("value", 0), table.what("value"))
    return making.pad(_numbers(table, "pads", before), value, str(table.get("name")))


def _add(table: TomlTable, before: Before) -> Layer:
    names = values.texts(table.get("inputs"), table.what("inputs"))
    if len(names) != 2 or before.name not in names:
        raise NetworkError(
            f"{table.what('inputs')}: expected two layers, one of them {before.name!r}, the layer before"
        )
    other = names[1] if names[0] == before.name else names[0]
    return making.add(other, str(table.get("name")))


_Build = Callable[[TomlTable, Before], Layer]
_WINDOW = ("kernel", "strides", "pads")
_LAYERS: dict[str, tuple[_Build, tuple[str, ...]]] = {
    "dense": (_dense, ("outputs", "weight", "bias")),
    "conv": (_conv, ("channels", "weight", "bias", *_WINDOW, "dilations", "groups")),
    "relu": (lambda table, _: making.relu(str(table.get("name"))), ()),
    "abs": (lambda table, _: making.absolute(str(table.get("name"))), ()),
    "leaky_relu": (_leaky, ("slope",)),
    "prelu": (_leaky, ("slope",)),
    "clip": (_clip, ("low", "high")),
    "batch_norm": (_batch_norm, ("scale", "shift")),
    "max_pool": (_pool, _WINDOW),
    "average_pool": (_pool, (*_WINDOW, "count_include_pad")),
    "global_average_pool": (lambda table, _: making.average_pool(name=str(table.get("name"))), ()),
    "flatten": (lambda table, _: making.flatten(str(table.get("name"))), ()),
    "pad": (_pad, ("pads", "value")),
    "add": (_add, ()),
}
LAYER_TYPES = tuple(_LAYERS)
