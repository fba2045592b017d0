"""The small networks of the page: a state of plain strings, as it stands in the page's address, read exactly.

Every number is text (``0.1`` is one tenth), so a link holds the exact weights. Entries are separated by commas, rows of
a matrix by semicolons.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from markupsafe import Markup

from verify.errors import InputError
from verify.network import Builder, Network
from verify.network.builder import absolute, clip, conv, dense, leaky_relu, relu
from verify.network.tensor import Tensor
from verify.property import CATALOGUE, Property
from verify.rational import Vector, counted, exact_text, parse_rational, vector
from verify.region import Region, box
from verify.report import mathml
from verify.report.markup import element, join
from verify.report.places import PLACES

Coordinates: TypeAlias = tuple[Fraction, ...]

MAX_CHARACTERS, MAX_DIGITS, MAX_SIZE, MAX_UNITS = 48, 40, 10**6, 4
IMAGE, KERNEL = 3, 2


@dataclass(frozen=True)
class Model:
    """A kind of small network: its inputs, and whether its units are summed with weights of their own."""

    title: str
    inputs: int
    summed: bool = False
    image: bool = False


MODELS = {
    "neuron": Model("One neuron, one input", 1),
    "plane": Model("One neuron, two inputs", 2),
    "hidden": Model("A hidden layer, one input", 1, summed=True),
    "surface": Model("A hidden layer, two inputs", 2, summed=True),
    "conv": Model("A convolution on a 3 × 3 image", IMAGE * IMAGE, image=True),
}
ACTIVATIONS: dict[str, tuple[str, Callable[[Tensor, Fraction], Tensor]]] = {
    "relu": ("relu", lambda z, _: relu(z)),
    "leaky": ("leaky", leaky_relu),
    "abs": ("abs", lambda z, _: absolute(z)),
    "hardtanh": ("clip", lambda z, _: clip(z, -1, 1)),
    "identity": ("", lambda z, _: z),
}
PROPERTIES = tuple(name for name, p in CATALOGUE.items() if not p.needs_second)
FACTORS = {"a": Fraction(1), "b": Fraction(1), "t": Fraction(2), "e": Fraction(1, 2)}


@dataclass(frozen=True)
class State:
    """A small network, a region, two points and a property, all exact; infinite sides of the region are None."""

    model: str
    activation: str
    slope: Fraction
    weights: tuple[Coordinates, ...]
    bias: Coordinates
    out: Coordinates
    plus: Fraction
    low: tuple[Fraction | None, ...]
    high: tuple[Fraction | None, ...]
    x: Coordinates
    y: Coordinates
    wanted: Property
    factors: Mapping[str, Fraction] = field(default_factory=dict)

    @property
    def kind(self) -> Model:
        return MODELS[self.model]

    def network(self) -> Network:
        """The network in canonical form; it has one output."""
        kind = self.kind
        net = Builder((1, IMAGE, IMAGE) if kind.image else (kind.inputs,), "f")
        if kind.image:
            rows = [list(self.weights[0][i : i + KERNEL]) for i in range(0, KERNEL * KERNEL, KERNEL)]
            z = conv(net.input, [[rows]], list(self.bias)).named("conv")
        else:
            z = dense(net.input, [list(row) for row in self.weights], list(self.bias)).named("neuron")
        y = ACTIVATIONS[self.activation][1](z, self.slope).flatten()
        if kind.image or kind.summed:
            factors = [1] * y.size if kind.image else list(self.out)
            y = dense(y, [factors], [self.plus])
        return net.build(y.named("output"))

    def region(self) -> Region:
        """The box, which may have infinite sides."""
        return box(list(self.low), list(self.high), self.region_text())

    def region_text(self) -> str:
        """The region as an expression that the command line reads."""
        if all(v is None for v in (*self.low, *self.high)):
            return "all"
        if all(v is None for v in self.high) and not any(v is None or v for v in self.low):
            return "nonneg"
        ends = []
        for side, infinity in ((self.low, "-inf"), (self.high, "inf")):
            texts = [infinity if v is None else exact_text(v) for v in side]
            ends.append(texts[0] if len(set(texts)) == 1 else f"[{', '.join(texts)}]")
        return f"box({ends[0]}, {ends[1]})"

    def place(self) -> str:
        """The region in a sentence: ``everywhere``, ``on [-2, 2] × [0, 1]``."""
        text = self.region_text()
        if text in PLACES:
            return PLACES[text]
        sides = [
            f"{'(-∞' if a is None else f'[{exact_text(a)}'}, {'∞)' if b is None else f'{exact_text(b)}]'}"
            for a, b in zip(self.low, self.high, strict=True)
        ]
        if len(sides) == 1 or len(set(sides)) > 1:
            return f"on {' × '.join(sides)}".replace("-", "\u2212")
        return f"for {'pixels' if self.kind.image else 'inputs'} in {sides[0]}".replace("-", "\u2212")

    def assignment(self) -> dict[str, Vector | Fraction]:
        """The variables of the property at the points of the page."""
        points = {"x": vector(self.x), "y": vector(self.y)}
        return {
            name: points[name] if kind == "point" else self.factors[name]
            for name, kind in self.wanted.variables.items()
        }


def read_state(given: Mapping[str, object]) -> State:
    """The state that these strings describe; ``InputError`` names the one that does not fit."""
    model = _choice(given, "model", MODELS)
    kind = MODELS[model]
    width = KERNEL * KERNEL if kind.image else kind.inputs
    weights = tuple(_numbers(row, "weights", width) for row in _text(given, "weights").split(";"))
    most = MAX_UNITS if kind.summed else 1
    if len(weights) > most:
        raise InputError(f"weights: {len(weights)} rows; this network has at most {most}")
    low, high = (_sides(_text(given, key), key, kind.inputs) for key in ("low", "high"))
    for a, b in zip(low, high, strict=True):
        if a is not None and b is not None and a > b:
            raise InputError(
                f"the region is empty: its low side {exact_text(a)} is above its high side {exact_text(b)}"
            )
    return State(
        model=model,
        activation=_choice(given, "act", ACTIVATIONS),
        slope=_number(_text(given, "slope"), "slope"),
        weights=weights,
        bias=_numbers(_text(given, "bias"), "bias", len(weights)),
        out=_numbers(_text(given, "out"), "out", len(weights)) if kind.summed else (),
        plus=_number(_text(given, "plus"), "plus") if kind.summed else Fraction(0),
        low=low,
        high=high,
        x=_numbers(_text(given, "x"), "x", kind.inputs),
        y=_numbers(_text(given, "y"), "y", kind.inputs),
        wanted=CATALOGUE[_choice(given, "property", PROPERTIES)],
        factors={name: _factor(given, name, default) for name, default in FACTORS.items()},
    )


def _text(given: Mapping[str, object], key: str) -> str:
    value = given.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key}: expected text, got {'nothing' if value is None else type(value).__name__}")
    return value


def _choice(given: Mapping[str, object], key: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    value = _text(given, key)
    if value not in known:
        raise InputError(f"{key}: {value[:40]!r}; expected one of {', '.join(known)}")
    return value


def _number(text: str, what: str) -> Fraction:
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"{what}: a number of {len(text)} characters; at most {MAX_CHARACTERS} are read here")
    try:
        value = parse_rational(text)
    except InputError as error:
        raise InputError(f"{what}: {error}") from error
    if abs(value) > MAX_SIZE or value.denominator > 10**MAX_DIGITS:
        raise InputError(f"{what}: {text[:40]}; this page takes sizes up to {MAX_SIZE} and {MAX_DIGITS} digits")
    return value


def _numbers(text: str, what: str, count: int) -> Coordinates:
    parts = text.split(",", MAX_UNITS * IMAGE * IMAGE)
    if len(parts) != count:
        raise InputError(f"{what}: {len(parts)} numbers; this network needs {count}")
    return tuple(_number(part, what) for part in parts)


def _sides(text: str, key: str, count: int) -> tuple[Fraction | None, ...]:
    infinity = "-inf" if key == "low" else "inf"
    parts = text.split(",", IMAGE * IMAGE)
    if len(parts) != count:
        raise InputError(f"{key}: {counted(len(parts), 'number')}; this region has {counted(count, 'coordinate')}")
    return tuple(None if part.strip() == infinity else _number(part, key) for part in parts)


def _factor(given: Mapping[str, object], name: str, default: Fraction) -> Fraction:
    value = _number(_text(given, name), name) if name in given else default
    if name == "e" and not 0 <= value <= 1:
        raise InputError(f"e: {exact_text(value)}; a mixing factor lies between 0 and 1")
    if name == "t" and value < 0 and given.get("property") == "positively homogeneous":
        raise InputError(f"t: {exact_text(value)} is negative; positive homogeneity is about t >= 0")
    return value


# The formula, as a person writes it.


def formula(state: State) -> Markup:
    """``f(x) = 2 relu(x - 1) - relu(x + 1) + 3`` with the exact weights."""
    names = ["x"] if state.kind.inputs == 1 else [f"x{i}" for i in range(state.kind.inputs)]
    head = [mathml.identifier("f"), mathml.operator("("), mathml.identifier("x"), mathml.operator(")")]
    head.append(mathml.operator("="))
    if state.kind.image:
        convolved = element("msub", element("mrow", *_bracketed(mathml.identifier("K"), _STAR, _X)), element("mi", "i"))
        total = [element("munder", mathml.operator("∑"), element("mi", "i"))]
        total += _applied(state, [convolved, *_added(state.bias[0])])
        kernel = mathml.math(mathml.identifier("K"), mathml.operator("="), _kernel(state))
        return join([mathml.math(*head, *total), kernel], ", ")
    parts: list[Markup] = []
    for i, row in enumerate(state.weights):
        factor = state.out[i] if state.kind.summed else Fraction(1)
        if not factor:
            continue
        parts += mathml.signed(factor, first=not parts)
        parts += [mathml.number(abs(factor)), mathml.operator("·")] if abs(factor) != 1 else []
        form = mathml.affine_form(vector(row), state.bias[i], names)
        inner = [form] if form is not None else [mathml.identifier(f"z{i}")]
        parts += _applied(state, inner)
    if state.plus or not parts:
        parts += _added(state.plus, first=not parts)
    return mathml.math(*head, *parts)


_STAR, _X = element("mo", "\u2217"), mathml.identifier("x")


def _bracketed(*parts: Markup) -> list[Markup]:
    return [mathml.operator("("), *parts, mathml.operator(")")]


def _kernel(state: State) -> Markup:
    entries = [element("mtd", mathml.number(v)) for v in state.weights[0]]
    table = element("mtable", element("mtr", *entries[:KERNEL]), element("mtr", *entries[KERNEL:]))
    return element("mrow", element("mo", "("), table, element("mo", ")"))


def _applied(state: State, inner: list[Markup]) -> list[Markup]:
    name = ACTIVATIONS[state.activation][0]
    return [*([mathml.identifier(name)] if name else []), *_bracketed(*inner)]


def _added(value: Fraction, *, first: bool = False) -> list[Markup]:
    if not value and not first:
        return []
    return [*mathml.signed(value, first=first), mathml.number(abs(value))]
