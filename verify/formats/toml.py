"""Networks written as TOML, every number exact: ``0.1`` is one tenth and ``"1/3"`` is a third.

``docs/formats.md`` is the reference; the layer types are in ``toml_layers``.
"""

from __future__ import annotations

import hashlib
import math
import re
import tomllib
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from verify.errors import InputError, NetworkError
from verify.formats import toml_values as values
from verify.formats.halfspaces import exact
from verify.formats.reading import decoded, read_bytes, shorten, shown
from verify.formats.toml_checkpoint import with_checkpoint
from verify.formats.toml_layers import ACTIVATIONS, LAYERS, LayerType
from verify.formats.toml_values import TomlTable, suggestion
from verify.network.network import Network
from verify.network.tensor import Builder, Tensor
from verify.rational import counted

MAX_BYTES = 8 * 2**20
MAX_NESTING = 50
MAX_LAYERS = 10_000
MAX_INPUTS = 1_000_000
_TOP_KEYS = ("name", "input", "layer", "weights")
_COMMON_KEYS = ("type", "name", "input", "inputs")

_WORD = r"(?:[\w-]++|\"[^\"\n]*+\"|'[^'\n]*+')"
# Strings and comments are skipped; brackets are counted; long dotted keys, which tomllib reads in cubic time, found.
_SCAN = re.compile(
    rf"(?P<dotted>(?<![\w-]){_WORD}(?:[ \t]*+\.[ \t]*+{_WORD}){{16}})"
    r"|\"\"\"(?:[^\\]|\\.)*?(?:\"\"\"|\Z)|'''.*?(?:'''|\Z)"
    r"|\"(?:[^\"\\\n]|\\[^\n])*+\"?|'[^'\n]*+'?|#[^\n]*+"
    r"|(?P<open>[\[{])|(?P<close>[\]}])",
    re.DOTALL,
)


def load_toml(path: str | Path) -> Network:
    """The network that a TOML file describes.

    Raises ``NetworkError``, one line with file, layer and key, for anything that is not such a file.
    """
    file = Path(path)
    data = read_bytes(file, MAX_BYTES, "network file", NetworkError)
    text = decoded(data, file, "network file", NetworkError)
    try:
        network = _network(parsed(text), named_after(file), file.parent)
    except InputError as error:
        raise NetworkError(f"network file {shown(file)}: {shorten(str(error), 500)}") from error
    except MemoryError as error:
        raise NetworkError(f"network file {shown(file)}: too large for the memory of this machine") from error
    return replace(network, source=str(path), file_digest=hashlib.sha256(data).hexdigest())


def parsed(text: str) -> dict[str, object]:
    """The tables of the file; decimals become fractions."""
    _check_nesting(text)
    try:
        return tomllib.loads(text, parse_float=_decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise NetworkError(f"not valid TOML: {str(error) or 'nested too deep'}") from error
    except ValueError as error:
        raise NetworkError(
            "a value cannot be read: an integer of thousands of digits, or an impossible date"
        ) from error


def _check_nesting(text: str) -> None:
    """Refuse what a recursive parser cannot read, before it tries."""
    depth = 0
    for match in _SCAN.finditer(text):
        depth += (match["open"] is not None) - (match["close"] is not None)
        if depth > MAX_NESTING or match["dotted"]:
            line = text.count("\n", 0, match.start()) + 1
            what = "a key of more than 16 parts" if match["dotted"] else f"brackets nested more than {MAX_NESTING} deep"
            raise NetworkError(f"line {line}: {what}")


def _decimal(text: str) -> Fraction:
    if text.lstrip("+-") in ("inf", "nan"):
        raise NetworkError(f"{text} is not a finite number; only finite numbers are read")
    return exact(text.replace("_", ""))


def weights_file(path: str | Path) -> str | None:
    """The checkpoint that a TOML file names, as it names it; None where it names none or cannot be read."""
    try:
        data = read_bytes(Path(path), MAX_BYTES, "network file", NetworkError)
        named = parsed(decoded(data, Path(path), "network file", NetworkError)).get("weights")
    except InputError:
        return None
    return named if isinstance(named, str) else None


def named_after(file: Path) -> str:
    """The name of a network that has none of its own: that of a file need not be text, this one is."""
    return "".join(c if c.isprintable() else "?" for c in file.stem[:200])


def _network(data: dict[str, object], stem: str, folder: Path) -> Network:
    top = TomlTable(data, "top level")
    top.check_keys(_TOP_KEYS)
    name = values.text(data.get("name", stem), top.what("name"))
    shape = values.integers(top.get("input"), top.what("input"), 1)
    if not 0 < math.prod(shape) <= MAX_INPUTS or not shape:
        raise NetworkError(f"'input' is {shape}; expected a shape such as [1, 4, 4] of at most {MAX_INPUTS} values")
    layers = data.get("layer")
    if not isinstance(layers, list) or not layers or len(layers) > MAX_LAYERS:
        raise NetworkError(f"expected 1 to {MAX_LAYERS} tables [[layer]], got {values.describe(layers)}")
    files: tuple[tuple[str, str], ...] = ()
    if top.has("weights"):
        layers, files = with_checkpoint(layers, values.text(top.get("weights"), top.what("weights")), folder)
    builder = Builder(tuple(shape), name)
    wiring = _Wiring({"input": builder.input})
    for number, layer in enumerate(layers, start=1):
        if not isinstance(layer, dict):
            raise NetworkError(f"layer {number}: expected a table [[layer]], got {values.describe(layer)}")
        wiring.add(number, layer)
    return replace(builder.build(wiring.output()), files=files)


@dataclass
class _Wiring:
    """The tensors built so far by layer name, and which of them a later layer has used."""

    tensors: dict[str, Tensor]
    used: set[str] = field(default_factory=set)
    last: str = "input"

    def add(self, number: int, layer: dict[str, object]) -> None:
        """Build one layer."""
        where = f"layer {number}"
        kind = values.text(TomlTable(layer, where).get("type"), f"{where}: 'type'")
        if kind not in LAYERS:
            raise NetworkError(f"{where}: unknown type {kind[:40]!r}; {suggestion(kind, LAYERS)}")
        name = values.text(layer.get("name", f"{kind}{number}"), f"{where}: 'name'")
        where = f"layer {number} ({kind} {name!r})"
        if name in self.tensors:
            raise NetworkError(f"{where}: the name is taken; each layer needs its own ('input' is the network's)")
        table = TomlTable({**layer, "name": name}, where)
        table.check_keys((*_COMMON_KEYS, *LAYERS[kind].keys))
        self.tensors[name] = self.built(table, LAYERS[kind], kind, named="name" in layer)
        self.last = name

    def built(self, table: TomlTable, layer: LayerType, kind: str, named: bool) -> Tensor:
        name = str(table.get("name"))
        arguments = self.arguments(table, layer)
        # Units are called after the layer whose result they switch, unless the activation has a name.
        if kind in ACTIVATIONS:
            own = name if named or arguments[0].name == "input" else arguments[0].name
            arguments = [x.named(own) for x in arguments]
        else:
            own = name
        try:
            return layer.build(table, arguments).named(own)
        except InputError as error:
            message = str(error)
            raise NetworkError(message if message.startswith(table.where) else f"{table.where}: {message}") from error

    def arguments(self, table: TomlTable, layer: LayerType) -> list[Tensor]:
        """The tensors that a layer works on: those it names, else the layer before it."""
        if table.has("input") and table.has("inputs"):
            raise NetworkError(f"{table.where}: both 'input' and 'inputs'; give one of them")
        names = [self.last]
        if table.has("input"):
            names = [values.text(table.get("input"), table.what("input"))]
        elif table.has("inputs"):
            names = values.texts(table.get("inputs"), table.what("inputs"))
        wrong = len(names) < 2 if layer.arguments is None else len(names) != layer.arguments
        if wrong:
            count = "two or more" if layer.arguments is None else str(layer.arguments)
            raise NetworkError(
                f"{table.where}: {counted(len(names), 'input')}; expected {count}, named by 'input' or 'inputs'"
            )
        for name in names:
            if name not in self.tensors:
                raise NetworkError(f"{table.where}: no earlier layer {name[:40]!r}; {suggestion(name, self.tensors)}")
        self.used.update(names)
        return [self.tensors[name] for name in names]

    def output(self) -> Tensor:
        """The last layer's tensor; every other layer must have been used."""
        for name in self.tensors:
            if name not in self.used and name not in (self.last, "input"):
                raise NetworkError(f"no layer uses the result of {name!r}; only the last layer is the output")
        return self.tensors[self.last]
