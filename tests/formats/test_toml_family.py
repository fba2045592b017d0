"""Families in TOML files: what is read, how mistakes are told, which files are families."""

from __future__ import annotations

from pathlib import Path

import pytest

from verify.errors import NetworkError
from verify.formats.toml import load_toml
from verify.formats.toml_family import LAYER_TYPES, is_family, load_family
from verify.network.families import (
    add,
    average_pool,
    batch_norm,
    clip,
    conv,
    dense,
    family,
    flatten,
    leaky_relu,
    max_pool,
    member,
    pad,
    relu,
)


def write(folder: Path, text: str) -> Path:
    path = folder / "nets.toml"
    path.write_text(text)
    return path


def layers(*tables: str, shape: str = "[1, 4, 4]") -> str:
    return f"input = {shape}\n" + "".join(f"[[layer]]\n{table}\n" for table in tables)


EVERYTHING = layers(
    'type = "pad"\npads = 1\nvalue = "1/2"',
    'type = "conv"\nchannels = 2\nkernel = 3\nweight = ">= 0"\nbias = ["<= 0", 0.5]\nstrides = 1\npads = 1',
    'type = "batch_norm"\nscale = ">= 0"\nshift = "any"',
    'type = "leaky_relu"\nslope = "in [0, 1]"\nname = "act"',
    'type = "conv"\nweight = [[[[1, ">= 0"]]], [[["any", "= 0"]]]]\ngroups = 2\npads = [0, 0, 0, 1]',
    'type = "add"\ninputs = ["act", "conv5"]',
    'type = "max_pool"\nkernel = 2',
    'type = "abs"',
    'type = "prelu"\nslope = [0, "any"]',
    'type = "clip"\nlow = -1\nhigh = 6',
    'type = "average_pool"\nkernel = [1, 3]\nstrides = 1\npads = [0, 1]\ncount_include_pad = true',
    'type = "global_average_pool"',
    'type = "flatten"',
    'type = "dense"\noutputs = 3\nweight = "any"\nbias = [1, "2/3", "> 0"]',
    'type = "relu"',
)


def test_every_layer(tmp_path: Path) -> None:
    described = load_family(write(tmp_path, EVERYTHING))
    assert {line.split('"')[1] for line in EVERYTHING.splitlines() if line.startswith("type")} == set(LAYER_TYPES)
    expected = family(
        (1, 4, 4),
        [
            pad((1, 1), "1/2", "pad1"),
            conv(2, (3, 3), ">= 0", ["<= 0", "1/2"], strides=(1, 1), pads=(1, 1), name="conv2"),
            batch_norm(">= 0", "any", "batch_norm3"),
            leaky_relu("in [0, 1]", "act"),
            conv(2, (1, 2), [[[[1, ">= 0"]]], [[["any", 0]]]], 0, groups=2, pads=(0, 0, 0, 1), name="conv5"),
            add("act", "add6"),
            max_pool((2, 2), name="max_pool7"),
            leaky_relu(-1, "abs8"),
            leaky_relu([0, "any"], "prelu9"),
            clip(-1, 6, "clip10"),
            average_pool((1, 3), (1, 1), (0, 1), True, "average_pool11"),
            average_pool(name="global_average_pool12"),
            flatten("flatten13"),
            dense(3, "any", [1, "2/3", "> 0"], "dense14"),
            relu("relu15"),
        ],
        "nets",
    )
    assert described == expected
    assert member(described, {}).output_size == 3


def test_which_files_are_families(tmp_path: Path) -> None:
    assert is_family(write(tmp_path, EVERYTHING))
    network = write(tmp_path, layers('type = "dense"\nweight = [[1, "1/3"]]', 'type = "relu"', shape="2"))
    assert not is_family(network) and load_toml(network).relu_count == 1
    assert load_family(network).weight_count == 3  # a family of one network
    assert not is_family(write(tmp_path, "input = ["))
    assert not is_family(tmp_path / "none.toml") and not is_family("relu")


CONV = 'type = "conv"\nchannels = 2\nweight = ">= 0"\n'
MISTAKES = [
    (layers('type = "conv"\nweight = ">= 0"\nkernel = 3'), "layer 1 (conv 'conv1'): 'channels' is missing"),
    (layers(CONV), "'kernel' is missing"),
    (layers(CONV + "kernel = 9"), "a kernel of shape (9, 9) on a space of shape (4, 4)"),
    (layers(CONV + 'kernel = 3\nbias = ">> 0"'), "'>> 0' is not a number"),
    (layers(CONV + "kernel = 3\nbias = [1, 2, 3]"), "the signs do not have the shape of the weights"),
    (layers(CONV + "kernel = 3\nbias = [[1], 2]"), "nested deeper"),
    (layers(CONV + "kernel = 3\ngroups = 2"), "2 groups on 1 channels"),
    (layers(CONV + "kernel = 3\ngroups = 0"), "expected an integer from 1"),
    (layers('type = "dense"\noutputs = 1\nweight = "in [2, 1]"'), "is empty"),
    (layers('type = "dense"\noutputs = 1\nweight = "in [1, 2)"'), "both ends are in the range"),
    (layers('type = "dense"\noutputs = 1\nweight = true'), "expected a range such as"),
    (layers('type = "dense"\noutputs = 1\nweights = "any"'), "unknown key 'weights'; did you mean 'weight'?"),
    (layers('type = "dense"\noutputs = 0\nweight = "any"'), "expected an integer from 1"),
    (layers('type = "dens"'), "no layers of type 'dens'; did you mean 'dense'?"),
    (layers('type = "relu"\ninput = "input"', 'type = "relu"\ninput = "input"'), "follow one another"),
    (layers('type = "add"\ninputs = ["input", "relu9"]'), "adds a layer 'relu9' that is not there"),
    (
        layers('type = "flatten"', 'type = "add"\ninputs = ["flatten1", "input"]'),
        "of shape (1, 4, 4) to one of",
    ),
    (layers('type = "relu"\nname = "a"', 'type = "relu"\nname = "a"'), "needs a name of its own"),
    (layers('type = "clip"'), "'low' and 'high' are missing"),
    (layers('type = "clip"\nlow = 2\nhigh = 1'), "the lower end 2 is above the upper end 1"),
    (layers('type = "max_pool"\nkernel = 2\npads = 2'), "pads must be smaller than the window"),
    (layers('type = "max_pool"\nkernel = 2', shape="3"), "pooling needs a tensor of shape (channels, *space)"),
    ("input = 2", "expected 1 to 10000 tables [[layer]]"),
    ("input = 0\n[[layer]]\ntype = 'relu'", "expected an integer from 1"),
    ("layer = [1]\ninput = 1", "expected a table [[layer]]"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_told_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        load_family(write(tmp_path, text))
    told = str(caught.value)
    assert told.startswith("family file ") and "\n" not in told
    assert message in told
