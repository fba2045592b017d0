"""Strategies for small fully connected networks and their activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from hypothesis import note
from hypothesis import strategies as st

from verify.network import Builder, Network, Tensor
from verify.network.builder import absolute, clip, dense, leaky_relu, maximum, minimum, relu
from verify.rational import exact_text

DrawnRow: TypeAlias = list[Fraction]
DrawnLayer: TypeAlias = tuple[list[DrawnRow], DrawnRow]


def _from(*texts: str | int) -> st.SearchStrategy[Fraction]:
    """One of these numbers: a single choice, so that a failing network shrinks in few steps; zero comes first."""
    return st.sampled_from([Fraction(text) for text in texts])


WHOLE_NUMBERS = (0, 1, -1, 2, -2, 3, -3, 4, -4)
SHORT_FRACTIONS = ("1/2", "-1/2", "1/3", "-1/3", "3/2", "-3/2", "2/3", "-5/3", 0)
WHOLE = _from(*WHOLE_NUMBERS)
PLAIN = _from(*WHOLE_NUMBERS, *SHORT_FRACTIONS)
TERNARY = _from(0, 1, -1)
NEGATIVE = _from(0, -1, -2, -3)
TINY = _from(*WHOLE_NUMBERS, *["1e-30", "-1e-30"] * 2)
ZERO = st.just(Fraction(0))

# Weights and biases of each style of network; simpler ones first, since failures shrink towards the first.
STYLES: dict[str, tuple[st.SearchStrategy[Fraction], st.SearchStrategy[Fraction]]] = {
    "plain": (PLAIN, PLAIN),
    "without biases": (PLAIN, ZERO),
    "ternary": (TERNARY, TERNARY),
    "tiny": (TINY, TINY),
    "dead": (NEGATIVE, NEGATIVE),
    "cancelling": (PLAIN, PLAIN),
}


@dataclass(frozen=True)
class Activation:
    """A piecewise linear activation, by name."""

    name: str
    apply: Callable[[Tensor], Tensor]

    def __repr__(self) -> str:
        return self.name


RELU = Activation("relu", relu)


def _leaky(slope: Fraction) -> Activation:
    return Activation(f"leaky_relu({slope})", lambda x: leaky_relu(x, slope))


def _clip(low: int, high: int) -> Activation:
    return Activation(f"clip({low}, {high})", lambda x: clip(x, low, high))


def _folded(name: str, combine: Callable[[Tensor, Tensor], Tensor]) -> Activation:
    """The maximum or minimum of each value and the one before it."""
    return Activation(name, lambda x: combine(x, x.take((x.positions() - 1) % x.size)))


def activations() -> st.SearchStrategy[Activation]:
    """ReLU, leaky ReLU (negative slopes and slopes above 1 too), absolute value, clip (also low > high), max, min.

    ``activation.apply`` takes a ``Tensor`` of ``verify.Builder`` and gives another.
    """
    slopes = st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 10), Fraction(-1), Fraction(2)])
    return st.one_of(
        st.just(RELU),
        slopes.map(_leaky),
        st.just(Activation("absolute", absolute)),
        st.builds(_clip, st.integers(-2, 2), st.integers(-2, 6)),
        st.sampled_from([_folded("maximum", maximum), _folded("minimum", minimum)]),
    )


@dataclass(frozen=True)
class _Related:
    """A unit made from an earlier one: its row times a factor, its bias too, then shifted."""

    factor: Fraction
    index: int
    shift: Fraction


RELATED = st.builds(
    _Related,
    st.sampled_from([Fraction(n) for n in (1, -1, 2, 0, -2)] + [Fraction(1, 3)]),
    st.integers(0, 3),
    st.sampled_from([Fraction(0), Fraction(0), Fraction(1), Fraction("1e-30")]),
)
DrawnUnit: TypeAlias = tuple[DrawnRow, Fraction] | _Related


def _unit(width: int, style: str) -> st.SearchStrategy[DrawnUnit]:
    weight, bias = STYLES[style]
    fresh = st.tuples(st.lists(weight, min_size=width, max_size=width), bias)
    return st.one_of(fresh, fresh, RELATED)


def _layer(units: list[DrawnUnit], width: int) -> DrawnLayer:
    """Weights and biases; a related unit with nothing before it is zero, and weights beyond the width are left out."""
    rows: list[DrawnRow] = []
    biases: DrawnRow = []
    for unit in units:
        if isinstance(unit, tuple):
            row, bias = unit[0][:width], unit[1]
        elif rows:
            other = unit.index % len(rows)
            row, bias = [unit.factor * w for w in rows[other]], unit.factor * biases[other] + unit.shift
        else:
            row, bias = [Fraction(0)] * width, unit.shift
        rows.append(row)
        biases.append(bias)
    return rows, biases


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    inputs: int | None = None,
    outputs: int | None = None,
    max_layers: int = 2,
    max_units: int = 4,
    activation: st.SearchStrategy[Activation] | None = None,
) -> Network:
    """Fully connected networks with ``max_layers`` hidden layers at most, of ``max_units`` units each.

    A good part has duplicate, negated, rescaled, shifted or zero units, ternary weights, biases of 1e-30, layers that
    never turn on, pairs that cancel, or a path around the hidden layers. ReLU is the activation most of the time.
    """
    size = draw(st.integers(1, 3)) if inputs is None else inputs
    width = draw(st.integers(1, 2)) if outputs is None else outputs
    chosen = activation if activation is not None else st.one_of(st.just(RELU), st.just(RELU), activations())
    style = draw(st.sampled_from(list(STYLES)))
    # As many numbers are drawn whatever the sizes, so that sizes shrink without disturbing what follows.
    widest, most_outputs = max(size, max_units, 3), max(width, 2)
    builder = Builder((size,), "drawn")
    x = builder.input
    for layer in range(1, max_layers):
        if not draw(st.sampled_from([False, False, True])):
            break
        units = draw(st.lists(_unit(widest, style), min_size=1, max_size=max_units))
        x = draw(chosen).apply(dense(x.named(f"hidden{layer}"), *_layer(units, x.size)))
    # Each unit of the last hidden layer carries its outgoing weights, so that it shrinks away as a whole.
    weight = st.lists(PLAIN if style == "dead" else STYLES[style][0], min_size=most_outputs, max_size=most_outputs)
    last = draw(st.lists(st.tuples(_unit(widest, style), weight), min_size=1, max_size=max_units))
    rows, biases = _layer([unit for unit, _ in last], x.size)
    outgoing = [weights[:width] for _, weights in last]
    if style == "cancelling":  # v relu(z) - v relu(-z) = v z: switches that change nothing
        rows, biases = [*rows, *([-w for w in row] for row in rows)], [*biases, *(-b for b in biases)]
        outgoing = [*outgoing, *([-v for v in weights] for weights in outgoing)]
    hidden = draw(chosen).apply(dense(x.named("hidden"), rows, biases))
    shift = draw(st.lists(STYLES[style][1], min_size=most_outputs, max_size=most_outputs))[:width]
    result = dense(hidden.named("output"), [list(column) for column in zip(*outgoing, strict=True)], shift)
    if draw(st.sampled_from([False, False, False, True])):
        around = st.lists(WHOLE, min_size=size, max_size=size)
        result = result + dense(builder.input, draw(st.lists(around, min_size=width, max_size=width)))
    network = builder.build(result)
    note(describe(network))
    return network


def describe(network: Network) -> str:
    """The network's canonical form, one line for each block: what a failing test prints."""
    lines = [repr(network)]
    names = ["x", *(f"y{k}" for k in range(1, len(network.blocks) + 1))]
    for k, block in enumerate(network.blocks, start=1):
        sums: list[list[str]] = [[] for _ in range(block.size)]
        for source, matrix in block.inputs:
            entries = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
            for row, column, weight in entries:
                sums[row].append(f"{exact_text(weight)} {names[source]}[{column}]")
        for i, (terms, bias) in enumerate(zip(sums, block.bias.fractions(), strict=True)):
            if bias or not terms:
                terms.append(exact_text(bias))
            total = " + ".join(terms)
            function = "relu" if block.relu else block.smooth
            lines.append(f"  {names[k]}[{i}] = {f'{function}({total})' if function else total}")
    return "\n".join(lines)
