"""The TOML network file: every layer type against its definition, and every mistake in one line."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.support.seeds import draws
from verify.errors import InputError, NetworkError
from verify.formats.toml import load_toml
from verify.network.floats import evaluate
from verify.network.network import Network


def read(folder: Path, text: str) -> Network:
    path = folder / "net.toml"
    path.write_text(text)
    return load_toml(path)


def refusal(folder: Path, text: str | bytes) -> str:
    path = folder / "net.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(NetworkError) as caught:
        load_toml(path)
    message = str(caught.value)
    assert "\n" not in message
    assert "net.toml" in message
    assert len(message) < 900
    return message


def layers(shape: str, *tables: str) -> str:
    return f"input = {shape}\n" + "\n".join(f"[[layer]]\n{table}" for table in tables)


IMAGE = np.array([[[1, -2, 3], [-4, 5, -6], [7, -8, 9]], [[0, 1, 0], [2, 0, -2], [0, -1, 0]]], dtype=np.float64)
ROW = np.array([1.0, -2.0, 3.0, -4.0])
RELU_ROW = np.maximum(ROW, 0)
PATCHES = np.lib.stride_tricks.sliding_window_view(IMAGE, (2, 2), axis=(1, 2))
HALVES = np.array([[[[1, 0], [0, -1]], [[0.5, 0], [0, 0]]]])

VECTOR_LAYERS = [
    ("type = 'dense'\nweight = [[1, 2, 0, 0], [0, 0, 0.5, '1/4']]\nbias = [1, 0]", [-2, 0.5]),
    ("type = 'relu'", RELU_ROW),
    ("type = 'abs'", abs(ROW)),
    ("type = 'leaky_relu'\nslope = 0.25", [1, -0.5, 3, -1]),
    ("type = 'prelu'\nslope = [1, 0.5, 0, 2]", [1, -1, 3, -8]),
    ("type = 'prelu'\nslope = 0.5", [1, -1, 3, -2]),
    ("type = 'clip'\nlow = -1\nhigh = 2", np.clip(ROW, -1, 2)),
    ("type = 'clip'\nhigh = 2", np.minimum(ROW, 2)),
    ("type = 'scale'\nfactor = [1, 2, 3, 4]", ROW * [1, 2, 3, 4]),
    ("type = 'scale'\nfactor = -0.5", ROW * -0.5),
    ("type = 'batch_norm'\nscale = [1, 2, 3, 4]\nshift = 1", ROW * [1, 2, 3, 4] + 1),
    ("type = 'add_constant'\nvalue = [1, 0, 0, -1]", [2, -2, 3, -5]),
    ("type = 'pad'\npads = [1, 2]\nvalue = 0.5", [0.5, *ROW, 0.5, 0.5]),
    ("type = 'reshape'\nshape = [2, 2]\n[[layer]]\ntype = 'transpose'\naxes = [1, 0]", ROW[[0, 2, 1, 3]]),
    ("type = 'concat'\ninputs = ['input', 'input']", [*ROW, *ROW]),
]
RESIDUAL_LAYERS = [
    ("type = 'add'\ninputs = ['r', 'input']", RELU_ROW + ROW),
    ("type = 'add'\ninputs = ['r', 'input', 'r']", 2 * RELU_ROW + ROW),
    ("type = 'subtract'\ninputs = ['r', 'input']", RELU_ROW - ROW),
    ("type = 'subtract'\ninputs = ['input', 'r']", ROW - RELU_ROW),
    ("type = 'maximum'\ninputs = ['r', 'input']", RELU_ROW),
    ("type = 'minimum'\ninputs = ['r', 'input']", ROW),
    ("type = 'concat'\ninputs = ['r', 'input']\naxis = 0", [*RELU_ROW, *ROW]),
]
IMAGE_LAYERS = [
    (f"type = 'conv'\nweight = {HALVES.tolist()}\nbias = [1]", np.einsum("cijkl,ockl->oij", PATCHES, HALVES) + 1),
    (f"type = 'conv'\nweight = {HALVES.tolist()}\nstrides = 2\npads = [0, 0, 1, 1]", [[[-4, 3], [15, 9]]]),
    ("type = 'conv'\nweight = [[[[2]]], [[[-1]]]]\ngroups = 2\ndilations = 3", IMAGE * [[[2]], [[-1]]]),
    ("type = 'max_pool'\nkernel = 2\nstrides = [1, 1]", PATCHES.max(axis=(3, 4))),
    ("type = 'max_pool'\nkernel = 2\nceil_mode = true", [[[5, 3], [7, 9]], [[2, 0], [0, 0]]]),
    ("type = 'average_pool'\nkernel = [2, 2]\nstrides = 1", PATCHES.mean(axis=(3, 4))),
    ("type = 'average_pool'\nkernel = 3\npads = 1\ncount_include_pad = true\nstrides = 3", [[[0]], [[3 / 9]]]),
    ("type = 'global_average_pool'", IMAGE.mean(axis=(1, 2))),
    ("type = 'batch_norm'\nscale = [2, 3]\nshift = [1, 0]", IMAGE * [[[2]], [[3]]] + [[[1]], [[0]]]),
    ("type = 'pad'\npads = [0, 1]", np.pad(IMAGE, [(0, 0), (0, 0), (1, 1)])),
    ("type = 'pad'\npads = [1, 0, 0, 1]\nvalue = -1", np.pad(IMAGE, [(0, 0), (1, 0), (0, 1)], constant_values=-1)),
    ("type = 'transpose'\naxes = [2, 0, 1]", IMAGE.transpose(2, 0, 1)),
    ("type = 'concat'\ninputs = ['input', 'input']\naxis = 2", np.concatenate([IMAGE, IMAGE], axis=2)),
    ("type = 'flatten'", IMAGE.ravel()),
]


def assert_computes(network: Network, point: NDArray[np.float64], expected: object) -> None:
    wanted = np.asarray(expected, dtype=np.float64)
    np.testing.assert_allclose(evaluate(network, point.ravel()), wanted.ravel(), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("table", "expected"), VECTOR_LAYERS)
def test_vector_layers(tmp_path: Path, table: str, expected: object) -> None:
    assert_computes(read(tmp_path, layers("4", table)), ROW, expected)


@pytest.mark.parametrize(("table", "expected"), RESIDUAL_LAYERS)
def test_residual_layers(tmp_path: Path, table: str, expected: object) -> None:
    assert_computes(read(tmp_path, layers("[4]", "type = 'relu'\nname = 'r'", table)), ROW, expected)


@pytest.mark.parametrize(("table", "expected"), IMAGE_LAYERS)
def test_image_layers(tmp_path: Path, table: str, expected: object) -> None:
    if "pads = [0, 0, 1, 1]" in table:
        padded = np.pad(IMAGE, [(0, 0), (0, 1), (0, 1)])
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 2), axis=(1, 2))[:, ::2, ::2]
        expected = np.einsum("cijkl,ockl->oij", windows, HALVES)
    if "'average_pool'\nkernel = 3" in table:
        expected = [[[IMAGE[c, :2, :2].sum() / 9]] for c in range(2)]
    network = read(tmp_path, layers("[2, 3, 3]", table))
    assert_computes(network, IMAGE, expected)


def test_numbers_are_exact(tmp_path: Path) -> None:
    weight = "[[0.1, '1/3', 1e-30, -7, 1_0.5, '0.1']]"
    network = read(tmp_path, layers("6", f"type = 'dense'\nweight = {weight}\nbias = [0.3]"))
    block = network.blocks[-1]
    expected = [Fraction(1, 10), Fraction(1, 3), Fraction(1, 10**30), -7, Fraction(21, 2), Fraction(1, 10)]
    assert block.inputs[0][1].fractions() == expected
    assert block.bias.fractions() == [Fraction(3, 10)]


def test_what_the_network_knows_of_its_file(tmp_path: Path) -> None:
    text = layers("[1, 4]", "type = 'relu'")
    network = read(tmp_path, text)
    assert (network.name, network.input_shape) == ("net", (1, 4))
    assert network.source == str(tmp_path / "net.toml")
    assert network.file_digest == hashlib.sha256(text.encode()).hexdigest()
    assert read(tmp_path, f"name = 'mine'\n{text}").name == "mine"


def test_units_are_called_after_the_layer_that_they_switch(tmp_path: Path) -> None:
    dense = "type = 'dense'\nname = 'hidden'\nweight = [[1]]"
    unnamed = read(tmp_path, layers("1", dense, "type = 'relu'"))
    assert [block.name for block in unnamed.blocks if block.relu] == ["hidden"]
    named = read(tmp_path, layers("1", dense, "type = 'relu'\nname = 'act'"))
    assert [block.name for block in named.blocks if block.relu] == ["act"]
    first = read(tmp_path, layers("1", "type = 'relu'", "type = 'dense'\ninput = 'relu1'\nweight = [[1]]"))
    assert [block.name for block in first.blocks if block.relu] == ["relu1"]


RELU = "type = 'relu'"
REFUSED = [
    ("", "'input' is missing"),
    ("input = 1", "[[layer]]"),
    ("input = 1\nlayer = 3", "[[layer]], got 3"),
    ("input = 1\nlayer = [3]", "layer 1: expected a table"),
    ("input = 1\nlayers = 3", "unknown key 'layers'; did you mean 'layer'?"),
    (layers("[]", RELU), "expected a shape"),
    (layers("0", RELU), "expected an integer from 1"),
    (layers("[1.5]", RELU), "expected an integer"),
    (layers("true", RELU), "expected an integer"),
    (layers("[100000, 100000]", RELU), "at most 1000000 values"),
    ("name = 3\n" + layers("1", RELU), "expected a name"),
    ('name = "a\\nb"\n' + layers("1", RELU), "on one line"),
    (layers("1", "name = 'x'"), "layer 1: 'type' is missing"),
    (layers("1", "type = 'rleu'"), "layer 1: unknown type 'rleu'; did you mean 'relu'?"),
    (layers("1", "type = 'relu'\nslop = 1"), "layer 1 (relu 'relu1'): unknown key 'slop'; expected one of type, name"),
    (layers("1", "type = 'leaky_relu'\nslop = 1"), "did you mean 'slope'?"),
    (layers("1", "type = 'leaky_relu'"), "layer 1 (leaky_relu 'leaky_relu1'): 'slope' is missing"),
    (layers("1", "type = 'leaky_relu'\nslope = 'abc'"), "'slope': 'abc' is not a number"),
    (layers("1", "type = 'leaky_relu'\nslope = [1]"), "expected a number, got a list of 1"),
    (layers("1", "type = 'leaky_relu'\nslope = true"), "expected a number, got True"),
    (layers("1", "type = 'leaky_relu'\nslope = 1979-05-27"), "expected a number, got"),
    (layers("1", "type = 'leaky_relu'\nslope = inf"), "inf is not a finite number"),
    (layers("1", "type = 'leaky_relu'\nslope = -nan"), "-nan is not a finite number"),
    (layers("1", "type = 'leaky_relu'\nslope = 1e9999"), "exponents are limited"),
    (layers("1", "type = 'leaky_relu'\nslope = " + "9" * 5000), "thousands of digits"),
    (layers("1", "type = 'leaky_relu'\nslope = 0x" + "f" * 5000), "more than 4200 digits"),
    (layers("0x" + "f" * 5000, RELU), "an enormous integer"),
    (layers("1", RELU, "type = 'relu'\nname = 'relu1'"), "the name is taken"),
    (layers("1", "type = 'relu'\nname = 'input'"), "the name is taken"),
    (layers("1", RELU, "type = 'relu'\ninput = 'relu2'"), "no earlier layer 'relu2'; did you mean 'relu1'?"),
    (layers("1", RELU, "type = 'relu'\ninput = 'input'"), "no layer uses the result of 'relu1'"),
    (layers("1", "type = 'relu'\ninput = 'input'\ninputs = ['input']"), "both 'input' and 'inputs'"),
    (layers("1", "type = 'relu'\ninputs = ['input', 'input']"), "2 inputs; expected 1"),
    (layers("1", "type = 'relu'\ninputs = 'input'"), "expected a list of layer names"),
    (layers("1", "type = 'add'"), "1 input; expected two or more"),
    (layers("1", "type = 'subtract'\ninputs = ['input']"), "1 input; expected 2"),
    (layers("2", "type = 'dense'\nweight = [[1]]"), "'weight' has shape (1, 1); expected (outputs, 2)"),
    (layers("2", "type = 'dense'\nweight = [1, 1]"), "expected (outputs, 2)"),
    (layers("2", "type = 'dense'\nweight = [[1, 2], [3]]"), "a ragged array; expected 2 entries"),
    (layers("2", "type = 'dense'\nweight = [[1, 2], 3]"), "a ragged array"),
    (layers("2", "type = 'dense'\nweight = [[1, [2]]]"), "expected a number, got a list"),
    (layers("2", "type = 'dense'\nweight = [[]]"), "an empty list"),
    (layers("2", "type = 'dense'\nweight = {a = 1}"), "expected a number, got a table"),
    (layers("2", "type = 'dense'\nweight = [[1, 1]]\nbias = [1, 2]"), "'bias' has shape (2,); expected (1,)"),
    (layers("2", "type = 'conv'\nweight = [[[[1]]]]"), "for an input of shape (2,)"),
    (layers("[1, 2, 2]", "type = 'conv'\nweight = [[[[1]]]]\ngroups = 0"), "expected an integer from 1"),
    (layers("[1, 2, 2]", "type = 'conv'\nweight = [[[[1]]]]\nstrides = [1, 1, 1]"), "'strides' has 3 integers"),
    (layers("[1, 2, 2]", "type = 'conv'\nweight = [[[[1]]]]\npads = -1"), "expected an integer from 0"),
    (layers("[1, 2, 2]", "type = 'conv'\nweight = [[[[1]]]]\npads = [1, 1, 1]"), "expected 2 or 4 (starts, then ends)"),
    (layers("[1, 2, 2]", "type = 'conv'\nweight = [[[[1], [1], [1]]]]"), "kernel of extent 3 on 2 places"),
    (layers("[1, 2, 2]", "type = 'max_pool'"), "'kernel' is missing"),
    (layers("[1, 2, 2]", "type = 'max_pool'\nkernel = 1\npads = 9999999"), "unrolls to more than"),
    (layers("[1, 2, 2]", "type = 'max_pool'\nkernel = 9999999"), "max_pool"),
    (layers("[1, 2, 2]", "type = 'max_pool'\nkernel = 1\nceil_mode = 1"), "expected true or false, got 1"),
    (layers("2", "type = 'max_pool'\nkernel = 2"), "put a reshape before it"),
    (layers("2", "type = 'global_average_pool'"), "needs an input of shape (channels, *space)"),
    (layers("2", "type = 'clip'"), "'low' and 'high' are missing"),
    (layers("2", "type = 'clip'\nlow = 1\nhigh = 0"), "'low' is above 'high'"),
    (layers("2", "type = 'scale'\nfactor = [1, 2, 3]"), "expected one number, a list of 2 (one a channel)"),
    (layers("2", "type = 'reshape'\nshape = [3]"), "does not hold the 2 values"),
    (layers("1", "type = 'reshape'\nshape = []"), "does not hold"),
    (layers("2", "type = 'transpose'\naxes = [1]"), "not an order of the axes 0 to 0"),
    (layers("2", "type = 'pad'\npads = 9999999"), "more than 2000000 values"),
    (layers("2", "type = 'pad'"), "'pads' is missing"),
    (layers("2", "type = 'concat'\ninputs = ['input', 'input']\naxis = 1"), "cannot be joined along axis 1"),
    (
        layers("2", RELU, "type = 'reshape'\nshape = [1, 2]", "type = 'add'\ninputs = ['relu1', 'reshape2']"),
        "inputs of shapes (2,), (1, 2); expected equal shapes",
    ),
    (layers("1", *[RELU] * 10_001), "expected 1 to 10000 tables"),
    ("input = x", "not valid TOML: Invalid value (at line 1, column 9)"),
    ("input = 1\ninput = 2", "not valid TOML"),
    ("a = 2020-02-31", "not valid TOML"),
    (b"input = 1\n# \xff", "line 2: not UTF-8"),
    (b"\x00", "not valid TOML"),
    ("input = " + "[" * 1_000_000, "nested more than 50 deep"),
    ("input = " + "{a=" * 1_000_000, "nested more than 50 deep"),
    ("a" + ".a" * 1_000_000 + " = 1", "a key of more than 16 parts"),
    ("a" + ' . "a"' * 100_000 + " = 1", "a key of more than 16 parts"),
    ('a = """' + '\\"""' * 100_000, "not valid TOML"),
    (b"a" * (100 * 2**20), "larger than 8 MiB"),
]


@pytest.mark.parametrize(("text", "part"), REFUSED, ids=lambda value: str(value[-60:])[:50])
def test_refused(tmp_path: Path, text: str | bytes, part: str) -> None:
    assert part in refusal(tmp_path, text)


def test_brackets_in_strings_and_comments_do_not_count(tmp_path: Path) -> None:
    brackets = "[" * 200
    text = f"# {brackets} '\n" + layers("1", f"type = 'relu' # {brackets}\nname = 'a{brackets[:99]}'")
    assert read(tmp_path, text).relu_count == 1


def test_doubling_is_refused(tmp_path: Path) -> None:
    tables = ["type = 'flatten'\nname = 'a0'"]
    tables += [f"type = 'concat'\nname = 'a{i + 1}'\ninputs = ['a{i}', 'a{i}']" for i in range(40)]
    assert "more than 2000000 values" in refusal(tmp_path, layers("1000", *tables))


def test_missing_files(tmp_path: Path) -> None:
    for path, part in ((tmp_path / "none.toml", "no such file"), (tmp_path, "is a folder")):
        with pytest.raises(NetworkError, match=part):
            load_toml(path)


NUMBERS = st.one_of(
    st.integers(-(10**20), 10**20).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=12, min_value=-(10**9), max_value=10**9).map(str),
    st.fractions(max_denominator=10**6).map(str),
)


@given(st.lists(NUMBERS, min_size=1, max_size=5))
@draws(40)
def test_numbers_round_trip(tmp_path_factory: pytest.TempPathFactory, numbers: list[str]) -> None:
    written = [f"'{n}'" if "/" in n else n for n in numbers]
    text = layers("1", f"type = 'dense'\nweight = {[[0]] * len(numbers)}\nbias = [{', '.join(written)}]")
    network = read(tmp_path_factory.getbasetemp(), text)
    assert network.blocks[-1].bias.fractions() == [Fraction(n) for n in numbers]


LINES = """input = 2|[[layer]]|type = 'relu'|type = 'dense'|weight = [[1, 2]]|name = 'a'|inputs = ['a']|type = 'add'
|[layer]|a.b = 1|layer = [{}]|bias = [nan]|type = {}|\x07|input = 'é'"""
WORDS = st.sampled_from(LINES.split("|"))


@given(st.one_of(st.text(max_size=40), st.lists(WORDS, max_size=10).map("\n".join)))
@draws(150)
def test_junk_is_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    try:
        read(tmp_path_factory.getbasetemp(), text.encode("utf-8", "replace").decode())
    except InputError as error:
        assert "\n" not in str(error)
