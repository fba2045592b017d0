"""The canonical form itself: names, digests, selection of outputs, and its serialized form."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.network import reference
from tests.network.reference import exact
from verify.errors import NetworkError
from verify.network import Block, Builder, Network, examples
from verify.network import builder as layers
from verify.network import matrix as matrices
from verify.network.floats import evaluate
from verify.network.network import from_json, to_json, unit_name
from verify.rational import vector, zeros


def mixed() -> Network:
    """Three outputs, a skip connection, an irrational-looking weight and a long fraction."""
    net = Builder((1, 2, 2), "mixed")
    net.notes.append("a note")
    hidden = layers.relu(layers.conv(net.input, [[[[1, -2]]], [[["1/3", 0.1]]]], ["1/7", 0]).named("conv1"))
    skip = layers.dense(net.input, [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, -1]])
    return net.build((layers.dense(hidden, [[1, 2, 3, 4], [0, 0, 0, 0], [-1, 0, 0, 1]], [1, 2, 3]) + skip).named("out"))


ALL = [pytest.param(make, id=name) for name, make in [*examples.EXAMPLES.items(), ("mixed", mixed)]]


def points(network: Network, count: int = 5) -> list[list[int]]:
    rng = np.random.default_rng(0)
    return [rng.integers(-9, 10, network.input_size).tolist() for _ in range(count)]


@pytest.mark.parametrize("make", ALL)
def test_json_round_trip(make: Callable[[], Network]) -> None:
    network = make()
    text = json.dumps(to_json(network))
    again = from_json(json.loads(text))
    assert json.dumps(to_json(again)) == text
    assert again.canonical_digest == network.canonical_digest
    assert (again.name, again.input_shape, again.output_shape) == (
        network.name,
        network.input_shape,
        network.output_shape,
    )
    assert again.notes == network.notes
    for point in points(network):
        assert np.array_equal(reference.value(again, point), reference.value(network, point))


def test_json_keeps_numbers_of_any_length() -> None:
    net = Builder((1,))
    weight = Fraction(1, 3**12_000)
    network = net.build(layers.dense(net.input, [[weight]], [weight]))
    again = from_json(json.loads(json.dumps(to_json(network))))
    assert again.blocks[-1].inputs[0][1].fractions() == [weight]
    assert again.blocks[-1].bias[0] == weight


@pytest.mark.parametrize("make", ALL)
def test_float_evaluation_agrees_on_integers(make: Callable[[], Network]) -> None:
    """With entries that are no floats only up to rounding; elsewhere small integers make float64 exact."""
    network = make()
    is_exact = all(m.is_binary64 for block in network.blocks for _, m in block.inputs) and network.name != "mixed"
    for point in points(network):
        expected = reference.value(network, point).ravel()
        computed = [Fraction(v) for v in evaluate(network, np.array(point, dtype=float)).tolist()]
        if is_exact:
            assert computed == expected.tolist()
        else:
            # At most 20 operations on numbers below 1000: 20 * 1000 * 2**-53 with room to spare.
            assert max(abs(c - e) for c, e in zip(computed, expected.tolist(), strict=True)) < Fraction(1, 2**38)


def test_evaluate_takes_any_number_of_points() -> None:
    network = mixed()
    batch = np.random.default_rng(1).integers(-9, 10, (2, 3, 4)).astype(float)
    together = evaluate(network, batch)
    assert together.shape == (2, 3, 3)
    for place in np.ndindex(2, 3):
        assert np.array_equal(together[place], evaluate(network, batch[place]))


@pytest.mark.parametrize("outputs", [(0,), (2, 0), (1, 1), (0, 1, 2)])
def test_select_outputs(outputs: tuple[int, ...]) -> None:
    network = mixed()
    selected = network.select_outputs(outputs)
    assert selected.output_shape == (len(outputs),)
    for point in points(network):
        assert np.array_equal(reference.value(selected, point), reference.value(network, point)[list(outputs)])


@pytest.mark.parametrize("outputs", [(), (3,), (-1,), (0, 5)])
def test_select_outputs_that_are_not_there(outputs: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="expected 0 to 2"):
        mixed().select_outputs(outputs)


def test_selecting_outputs_forgets_the_file() -> None:
    selected = examples.get("relu").select_outputs((0,))
    assert (selected.source, selected.file_digest) == (None, None)


def test_counts() -> None:
    network = mixed()
    assert (network.input_size, network.output_size, network.relu_count) == (4, 3, 4)
    assert network.weight_count == 4 * 2 + 6 + 4
    assert repr(network) == "<Network mixed: 4 inputs, 4 ReLU, 3 outputs>"
    assert [k for k, _ in network.relu_blocks()] == [1]
    assert network.last_use == {0: 2, 1: 2}


def test_digest_is_of_the_function_not_of_the_names() -> None:
    def make(name: str, weight: int) -> Network:
        net = Builder((1,), name)
        return net.build(layers.dense(net.input, [[weight]]).named(name))

    assert make("a", 2).digest == make("b", 2).digest
    assert make("a", 2).digest != make("a", 3).digest
    assert len(make("a", 2).digest) == 64


@pytest.mark.parametrize(
    ("shape", "index", "expected"),
    [
        ((3, 4, 5), 2 * 20 + 3 * 5 + 4, "conv[channel 2, row 3, col 4]"),
        ((3, 4), 7, "conv[channel 1, position 3]"),
        ((6,), 5, "conv[5]"),
        ((2, 2, 2, 2), 15, "conv[1, 1, 1, 1]"),
        ((), 0, "conv[0]"),
    ],
)
def test_unit_names(shape: tuple[int, ...], index: int, expected: str) -> None:
    assert unit_name("conv", shape, index) == expected


# Networks that are none.


def block(inputs: dict[int, tuple[int, int]], size: int = 1, relu: bool = False) -> Block:
    parts = tuple((s, matrices.from_dense(np.ones(shape))) for s, shape in inputs.items())
    return Block("block", (size,), parts, zeros(size), relu)


@pytest.mark.parametrize(
    ("blocks", "message"),
    [
        ([], "needs blocks"),
        ([block({0: (1, 2)}, relu=True)], "the last one without activation"),
        ([block({0: (1, 3)})], "bad input 0"),
        ([block({0: (2, 2)})], "bad input 0"),
        ([block({1: (1, 1)})], "bad input 1"),
        ([block({-1: (1, 2)})], "bad input -1"),
        ([block({0: (2, 2)}, size=2)], r"output: shape \(1,\) does not hold 2 values"),
        ([Block("odd", (3,), (), zeros(1), False)], r"odd: shape \(3,\) does not hold 1 values"),
    ],
)
def test_blocks_must_fit(blocks: list[Block], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        Network("bad", (2,), (1,), tuple(blocks))


def damaged(path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    """The serialized network with one item replaced (or removed, for None)."""
    data = copy.deepcopy(to_json(mixed()))
    place: Any = data
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return data


FIRST = ("blocks", 0, "inputs", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("blocks",), None),
        (("blocks",), []),
        (("blocks",), 7),
        (("input_shape",), [3]),
        (("input_shape",), "abc"),
        (("output_shape",), [4]),
        (("blocks", 0, "bias"), ["1"]),
        (("blocks", 0, "bias"), ["1", "2", "3", "x"]),
        (("blocks", 0, "bias", 0), "1/0"),
        (("blocks", 0, "shape"), [5]),
        (("blocks", 1, "relu"), True),
        ((*FIRST, "source"), 1),
        ((*FIRST, "source"), -1),
        ((*FIRST, "source"), 9),
        ((*FIRST, "rows", 0), -1),
        ((*FIRST, "rows", 0), 99),
        ((*FIRST, "rows", 0), 10**30),
        ((*FIRST, "columns", 0), 4),
        ((*FIRST, "columns"), [0]),
        ((*FIRST, "entries", 0), "nan"),
        ((*FIRST, "entries"), None),
    ],
)
def test_malformed_data_is_a_network_error(path: tuple[str | int, ...], value: Any) -> None:
    with pytest.raises(NetworkError):
        from_json(damaged(path, value))


@pytest.mark.parametrize("data", [[], "text", None, {}])
def test_other_data_is_a_network_error(data: Any) -> None:
    with pytest.raises(NetworkError, match="malformed"):
        from_json(data)


def test_integer_form_is_over_one_denominator() -> None:
    first = mixed().blocks[0]
    parts, bias, denominator = first.integer_form
    (_, matrix, numerators), *_ = parts
    assert [Fraction(n, denominator) for n in numerators.tolist()] == matrix.fractions()
    assert [Fraction(n, denominator) for n in bias.tolist()] == first.bias.fractions()


def test_fan_in_counts_every_source_and_the_bias() -> None:
    net = Builder((3,))
    y = layers.relu(net.input)
    network = net.build(layers.dense(y, [[1, 1, 0], [0, 0, 0]]) + layers.dense(net.input, [[1, 1, 1], [0, 0, 1]]))
    assert [b.fan_in for b in network.blocks] == [2, 2 + 3 + 1]
    assert Block("empty", (0,), (), zeros(0), True).fan_in == 1
    assert Block("constant", (2,), (), vector([1, 2]), True).fan_in == 1


def test_exact_points_of_the_reference_are_fractions() -> None:
    assert reference.value(examples.get("leaky"), exact([-1])).tolist() == [Fraction(-1, 10)]
