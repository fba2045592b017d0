"""The canonical form: a network is a short list of blocks.

Block ``k`` (counted from 1) computes ``z_k = sum_s W_ks y_s + b_k`` from the input ``y_0 = x`` and earlier
blocks, then ``y_k = relu(z_k)`` or ``y_k = z_k``. The output is the last block. Everything piecewise linear
is lowered to this (see ``builder``), so engines, kernel and encodings see nothing else. A block may also apply one
of the functions of ``smooth``, or round its values to steps (``quantizer``); what works on piecewise linear networks
only asks ``require_piecewise_linear`` first.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import InitVar, dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from verify.errors import InputError, NetworkError
from verify.network import matrix as matrices
from verify.network.matrix import Matrix
from verify.network.paths import Paths
from verify.rational import Floats, Vector, counted, exact_text, scaled_integers, vector, vector_from_floats

if TYPE_CHECKING:
    from verify.network.quantizer import Quantizer
    from verify.network.smooth import SmoothFunction


@dataclass(frozen=True, eq=False)
class Block:
    """One affine map and one activation (ReLU, the name of a function of ``smooth``, a quantizer, or none).

    ``inputs`` maps sources (0 is the network's input, k is block k) to matrices; ``shape`` is the tensor
    shape of the units and ``name`` the layer's name, both kept for messages. ``paths`` are the terms that weights and
    bias add up, given as ``summed``: of the block as it was read, so ``dataclasses.replace`` does not copy them.
    """

    name: str
    shape: tuple[int, ...]
    inputs: tuple[tuple[int, Matrix], ...]
    bias: Vector
    relu: bool
    smooth: str | None = None
    quantizer: Quantizer | None = None
    summed: InitVar[Paths | None] = None
    paths: Paths | None = field(init=False)

    def __post_init__(self, summed: Paths | None) -> None:
        object.__setattr__(self, "paths", summed)

    @property
    def size(self) -> int:
        return len(self.bias)

    @cached_property
    def fan_in(self) -> int:
        """The largest number of terms summed in a row, the bias included."""
        if not self.size:
            return 1
        return int(np.sum([m.row_lengths for _, m in self.inputs], axis=0).max()) + 1 if self.inputs else 1

    @cached_property
    def integer_form(self) -> tuple[list[tuple[int, Matrix, Any]], Any, int]:
        """``([(source, matrix, numerators)], bias numerators, denominator)`` over one denominator.

        Numerators of weights are int64 where all fit: multiply them by Python integers only, which never wrap.
        """
        parts = [(source, matrix, *matrix.short_integers) for source, matrix in self.inputs]
        common = math.lcm(self.bias.denominator, *(d for *_, d in parts))
        scaled = [(s, m, scaled_integers(numerators, common // d)) for s, m, numerators, d in parts]
        return scaled, self.bias.numerators * (common // self.bias.denominator), common

    @cached_property
    def bias_floats(self) -> Floats:
        """The bias rounded to the nearest float64."""
        return self.bias.floats()

    @cached_property
    def rounds_faithfully(self) -> bool:
        """Whether rounding weights and bias to float64 keeps a relative error of 2**-53 (no under- or overflow)."""
        rounded = [matrix.floats.data for _, matrix in self.inputs if not matrix.is_binary64]
        nonzero = np.array([n != 0 for n in self.bias.numerators.tolist()], dtype=bool)
        sizes = np.abs(np.concatenate([*rounded, self.bias_floats[nonzero]]))
        return bool(np.all((sizes > 2.0**-1000) & (sizes < 2.0**1000)))

    @property
    def is_piecewise_linear(self) -> bool:
        """Whether there is no activation but ReLU."""
        return self.smooth is None and self.quantizer is None

    @property
    def kind(self) -> str:
        """The activation in a word: ``ReLU``, ``quantized``, ``affine`` for none, or a smooth function's name."""
        return "ReLU" if self.relu else "quantized" if self.quantizer is not None else self.smooth or "affine"

    def unit_name(self, index: int) -> str:
        """A name such as ``conv2[channel 3, row 4, col 5]`` for the unit of that flat index."""
        return unit_name(self.name, self.shape, index)


@dataclass(frozen=True)
class InputPart:
    """One of several inputs of a file: its values are the coordinates from ``start`` on."""

    name: str
    shape: tuple[int, ...]
    start: int = 0

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True, eq=False)
class Network:
    """An exact piecewise linear function from R^n to R^m, n = ``input_size`` and m = ``output_size``.

    ``source`` says where the network can be loaded from again (a path or ``example:NAME``), ``None`` for
    one made in memory. ``notes`` lists what was rounded on the way in; reports print it as assumptions.

    What a file says beyond the function: ``inputs`` are its inputs, which together make x (empty: one without a
    name), ``output`` is the tensor that was chosen as the output, ``files`` are the name and SHA-256 of each other file
    that held weights, and ``remarks`` say what was read over or computed on the way in without changing the function.
    ``unbounded`` says what an implementation of the file rounds that no sum of the blocks shows: then nothing is known
    of how far it may be from the exact network.
    """

    name: str
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    blocks: tuple[Block, ...]
    source: str | None = None
    file_digest: str | None = None
    notes: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    output: str | None = None
    inputs: tuple[InputPart, ...] = ()
    remarks: tuple[str, ...] = ()
    unbounded: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.blocks or self.blocks[-1].kind != "affine":
            raise NetworkError("a network needs blocks, the last one without activation")
        for block in self.blocks:
            if block.smooth is not None and (block.relu or not _is_smooth_function(block.smooth)):
                raise NetworkError(f"block {block.name}: unknown activation {str(block.smooth)[:40]!r}")
            count = block.size if block.quantizer is None else len(block.quantizer.scale)
            if count != block.size or (block.quantizer is not None and (block.relu or block.smooth is not None)):
                raise NetworkError(f"block {block.name}: a quantizer of {count} values, or beside another activation")
        sizes = [self.input_size, *(block.size for block in self.blocks)]
        for index, block in enumerate(self.blocks, start=1):
            for source, matrix in block.inputs:
                if not 0 <= source < index or matrix.shape != (block.size, sizes[source]):
                    raise NetworkError(f"block {block.name}: bad input {source} of shape {matrix.shape}")
        shapes = [(block.name, block.shape, block.size) for block in self.blocks]
        for name, shape, size in [*shapes, ("output", self.output_shape, self.output_size)]:
            if math.prod(shape) != size:
                raise NetworkError(f"{name}: shape {shape} does not hold {size} values")
        if self.inputs and sum(part.size for part in self.inputs) != self.input_size:
            raise NetworkError(f"{self.name}: the inputs do not make {self.input_size} values together")

    def __repr__(self) -> str:
        ends = counted(self.input_size, "input"), counted(self.output_size, "output")
        return f"<Network {self.name}: {ends[0]}, {self.relu_count} ReLU, {ends[1]}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """For notebooks: the sizes, and a table of the layers."""
        from verify import rendering

        rows = ((b.name, rendering.shape_text(b.shape), b.kind) for b in self.blocks)
        sizes = f"input {rendering.shape_text(self.input_shape)}, output {rendering.shape_text(self.output_shape)}"
        counts = f"{self.relu_count} ReLU, {self.weight_count} weights"
        head = rendering.paragraph(f"{self.name}: {sizes}, {counts}")
        notes = "".join(rendering.paragraph(f"assumes: {note}") for note in self.notes)
        return rendering.bundle(
            repr(self), html=head + rendering.table(("layer", "shape", "kind"), rows, "layer") + notes
        )

    @property
    def input_size(self) -> int:
        return math.prod(self.input_shape)

    @property
    def output_size(self) -> int:
        return self.blocks[-1].size

    @property
    def relu_count(self) -> int:
        return sum(block.size for block in self.blocks if block.relu)

    @cached_property
    def is_piecewise_linear(self) -> bool:
        """Whether no block has another activation than ReLU."""
        return all(block.is_piecewise_linear for block in self.blocks)

    @cached_property
    def is_quantized(self) -> bool:
        """Whether a block rounds its values, so that the network is not continuous."""
        return any(block.quantizer is not None for block in self.blocks)

    def require_continuous(self, what: str) -> None:
        """Raise ``NetworkError`` where values are rounded; ``what`` is what cannot be done then."""
        for block in self.blocks:
            if block.quantizer is not None:
                raise NetworkError(
                    f"{self.name or 'the network'}: layer {block.name} rounds its values to steps (QuantizeLinear), so"
                    f" the network is not continuous; {what} is for continuous networks. 'equivalent within E' and"
                    " 'verify compare' take quantized ones"
                )

    def require_piecewise_linear(self, what: str) -> None:
        """Raise ``NetworkError`` where there is another activation than ReLU; ``what`` is what cannot be done then."""
        self.require_continuous(what)
        for block in self.blocks:
            if block.smooth is not None:
                name = self.name or "the network"
                raise NetworkError(
                    f"{name}: layer {block.name} has a smooth activation ({smooth_function(block.smooth).text}); {what}"
                    " is for piecewise linear networks only"
                )

    @property
    def weight_count(self) -> int:
        """Nonzero weights after unrolling, biases not counted."""
        return sum(matrix.entry_count for block in self.blocks for _, matrix in block.inputs)

    def relu_blocks(self) -> Iterator[tuple[int, Block]]:
        """The blocks with an activation, each with its number (from 1)."""
        return ((k, block) for k, block in enumerate(self.blocks, start=1) if block.relu)

    @cached_property
    def last_use(self) -> dict[int, int]:
        """For each source the last block that reads it (memory can be freed after)."""
        return {source: k for k, block in enumerate(self.blocks, start=1) for source, _ in block.inputs}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the file the network came from, else of its canonical form."""
        return self.file_digest or self.canonical_digest

    @cached_property
    def canonical_digest(self) -> str:
        """SHA-256 of the canonical form with the notes (names and the shapes of blocks left out)."""
        plain = to_json(self)
        for block in plain["blocks"]:
            del block["name"], block["shape"]
        text = json.dumps([plain["input_shape"], plain["output_shape"], plain["notes"], plain["blocks"]])
        return hashlib.sha256(text.encode()).hexdigest()

    def __call__(self, x: Any) -> Any:
        """The value at a point: exact for exact numbers, floats with a bound on their error for an array of floats.

        Exact numbers (integers, fractions, texts such as "1/3"; as many as inputs, in a flat sequence) give a tuple of
        fractions. An array of floats, of any shape with as many entries, gives ``(values, bounds)``: the exact value
        differs from ``values`` by ``bounds`` at most. Raises ``InputError`` for anything else.
        """
        from verify.network import floats

        is_array = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        point = vector_from_floats(np.asarray(x).ravel()) if is_array else _exact_point(x)
        if len(point) != self.input_size:
            raise InputError(f"{self.name} takes {self.input_size} numbers, {len(point)} are given")
        if is_array:
            run = floats.run(self, point)
            return run.values[-1], run.errors[-1]
        if not self.is_quantized:
            self.require_piecewise_linear("an exact value")
        outputs = {0: point}
        for k, block in enumerate(self.blocks, start=1):
            z = block.bias
            for source, matrix in block.inputs:
                z = z + matrix.product(outputs[source])
            if block.quantizer is not None:
                outputs[k] = block.quantizer.settled(z)[0]
            else:
                outputs[k] = Vector(np.maximum(z.numerators, 0), z.denominator) if block.relu else z
        return tuple(outputs[len(self.blocks)].fractions())

    def select_outputs(self, outputs: tuple[int, ...]) -> Network:
        """The network with only the given output coordinates."""
        bad = [o for o in outputs if not 0 <= o < self.output_size]
        if bad or not outputs:
            raise NetworkError(f"output {bad or 'list'} of {self.name}: expected 0 to {self.output_size - 1}")
        rows = np.array(outputs, dtype=np.int64)
        last = self.blocks[-1]
        inputs = tuple((s, m.select_rows(rows)) for s, m in last.inputs)
        paths = last.paths.take(rows) if last.paths else None
        final = Block(last.name, (len(outputs),), inputs, last.bias.take(outputs), relu=False, summed=paths)
        return replace(
            self,
            blocks=(*self.blocks[:-1], final),
            output_shape=(len(outputs),),
            source=None,
            file_digest=None,
        )


def smooth_function(name: str) -> SmoothFunction:
    """The function of that name; their file is loaded where a network has one."""
    from verify.network.smooth import SMOOTH

    return SMOOTH[name]


def _is_smooth_function(name: str) -> bool:
    from verify.network.smooth import SMOOTH

    return name in SMOOTH


def _exact_point(x: Any) -> Vector:
    """The numbers of a flat sequence, or one number."""
    if isinstance(x, np.ndarray):
        x = x.ravel()
    values = list(x) if isinstance(x, Iterable) and not isinstance(x, str) else [x]
    values = [int(value) if isinstance(value, np.integer) else value for value in values]
    if any(isinstance(value, bool) or not isinstance(value, int | float | Fraction | str) for value in values):
        raise InputError("a point is a flat sequence of numbers, such as [1, '1/2'], or an array of floats")
    return vector(values)


def unit_name(layer: str, shape: tuple[int, ...], index: int) -> str:
    """``layer[channel c, row r, col k]`` in 3-D, ``layer[channel c, position p]`` in 2-D, else ``layer[i]``."""
    labels = {3: ("channel", "row", "col"), 2: ("channel", "position")}.get(len(shape))
    position: tuple[Any, ...] = np.unravel_index(index, shape) if shape else (0,)
    if labels is None:
        return f"{layer}[{', '.join(str(int(p)) for p in position)}]"
    return f"{layer}[{', '.join(f'{label} {int(p)}' for label, p in zip(labels, position, strict=True))}]"


def to_json(network: Network) -> dict[str, Any]:
    """The canonical form as plain data, rationals as strings."""
    return {
        "name": network.name,
        "input_shape": list(network.input_shape),
        "output_shape": list(network.output_shape),
        "notes": list(network.notes),
        "blocks": [
            {
                "name": block.name,
                "shape": list(block.shape),
                "relu": block.relu,
                **({} if block.smooth is None else {"smooth": block.smooth}),
                **({} if block.quantizer is None else {"quantizer": block.quantizer.to_json()}),
                "bias": block.bias.strings(),
                "inputs": [
                    {
                        "source": source,
                        "rows": matrix.row_of_entry.tolist(),
                        "columns": matrix.columns.tolist(),
                        "entries": [exact_text(f) for f in matrix.fractions()],
                    }
                    for source, matrix in block.inputs
                ],
            }
            for block in network.blocks
        ],
    }


def from_json(data: dict[str, Any]) -> Network:
    """The network that ``to_json`` wrote; a malformed one is a ``NetworkError``."""
    try:
        sizes = [int(np.prod(data["input_shape"], dtype=np.int64))]
        blocks = []
        for item in data["blocks"]:
            bias = vector([str(text) for text in item["bias"]])
            sizes.append(len(bias))
            blocks.append(
                Block(
                    name=str(item["name"]),
                    shape=tuple(int(d) for d in item["shape"]),
                    inputs=tuple(_matrix_from_json(part, len(bias), sizes) for part in item["inputs"]),
                    bias=bias,
                    relu=bool(item["relu"]),
                    smooth=None if item.get("smooth") is None else str(item["smooth"]),
                    quantizer=_quantizer_from_json(item["quantizer"]) if "quantizer" in item else None,
                )
            )
        return Network(
            name=str(data["name"]),
            input_shape=tuple(int(d) for d in data["input_shape"]),
            output_shape=tuple(int(d) for d in data["output_shape"]),
            blocks=tuple(blocks),
            notes=tuple(str(note) for note in data.get("notes", ())),
        )
    except NetworkError:
        raise
    except (InputError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        raise NetworkError(f"malformed network data: {error!r}") from error


def _quantizer_from_json(data: dict[str, Any]) -> Quantizer:
    from verify.network.quantizer import Quantizer

    return Quantizer.from_json(data)


def _matrix_from_json(part: dict[str, Any], size: int, sizes: list[int]) -> tuple[int, Matrix]:
    source = int(part["source"])
    shape = (size, sizes[source])
    rows = np.array(part["rows"], dtype=np.int64)
    columns = np.array(part["columns"], dtype=np.int64)
    entries = matrices.as_entries(np.array([str(e) for e in part["entries"]], dtype=object))
    inside = np.all((rows >= 0) & (rows < shape[0]) & (columns >= 0) & (columns < shape[1])) if len(rows) else True
    if not len(rows) == len(columns) == len(entries) or not inside:
        raise NetworkError("malformed network data: a weight lies outside its matrix")
    return source, matrices.from_triplets(rows, columns, entries, shape)
