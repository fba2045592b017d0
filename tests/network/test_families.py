"""Descriptions of families: ranges, shapes, members, plain data."""

from __future__ import annotations

import copy
import json
import random
from fractions import Fraction
from typing import Any

import pytest

from tests.support import random_families
from tests.support.seeds import seeds
from verify.errors import InputError, NetworkError
from verify.kernel.exact import evaluate
from verify.network.families import Range, conv, dense, description, family, flatten, member, relu
from verify.network.families.members import from_json as weights_from_json
from verify.network.families.members import to_json as weights_to_json
from verify.network.families.members import values_of
from verify.network.families.ranges import parse_range
from verify.network.families.terms import Terms
from verify.rational import vector

ONE = Fraction(1)


@pytest.mark.parametrize(
    ("text", "low", "high", "strict"),
    [
        ("any", None, None, False),
        (">= 0", 0, None, False),
        ("nonneg", 0, None, False),
        ("<= 0", None, 0, False),
        (">0", 0, None, True),
        ("< -1/2", None, "-1/2", True),
        ("= 0", 0, 0, False),
        ("== 1/3", "1/3", "1/3", False),
        ("in [0, 1]", 0, 1, False),
        ("in (0,1)", 0, 1, True),
        ("0.1", "1/10", "1/10", False),
    ],
)
def test_ranges(text: str, low: Any, high: Any, strict: bool) -> None:
    ends = [None if v is None else Fraction(v) for v in (low, high)]
    found = parse_range(text)
    assert found == Range(ends[0], ends[1], strict)
    assert parse_range(str(found)) == found


@pytest.mark.parametrize("text", [">= ", "> x", "in [1, 0]", "in (0, 0)", "in [0, 1", "", "some", ">= 0 0", ">= 1/0"])
def test_texts_that_are_no_ranges(text: str) -> None:
    with pytest.raises(InputError):
        parse_range(text)


def test_the_number_nearest_to_zero_is_in_the_range() -> None:
    ends = [None, *(Fraction(n, d) for n in range(-5, 6) for d in (1, 2, 3))]
    for low in ends:
        for high in ends:
            for strict in (False, True):
                if low is not None and high is not None and (low > high or (strict and low == high)):
                    continue
                allowed = Range(low, high, strict)
                assert allowed.contains(allowed.nearest_zero)
                assert not allowed.contains(Fraction(0)) or allowed.nearest_zero == 0


@pytest.mark.parametrize("seed", seeds(30, campaign=300))
def test_members_have_the_values_of_the_terms(seed: int) -> None:
    """The builder's network and the plain interpreter of the layers agree on every kind of layer."""
    rng = random.Random(seed)
    described = random_families.random_family(rng)
    terms = Terms(lambda z, _layer, _unit: max(z, Fraction(0)), lambda parts: sum(parts, Fraction(0)), Fraction)
    for _ in range(3):
        weights = random_families.random_weights(rng, described)
        x = [Fraction(rng.randint(-4, 4), rng.choice([1, 2, 3])) for _ in range(described.input_size)]
        network = member(described, weights)
        assert network.output_shape == described.shapes[-1]
        assert evaluate(network, vector(x)).fractions() == terms.outputs(described, values_of(described, weights), x)


@pytest.mark.parametrize("seed", range(40))
def test_families_and_members_survive_json(seed: int) -> None:
    rng = random.Random(seed)
    described = random_families.random_family(rng)
    again = description.from_json(json.loads(json.dumps(description.to_json(described))))
    assert again == described and again.digest == described.digest
    weights = random_families.random_weights(rng, described)
    read = weights_from_json(json.loads(json.dumps(weights_to_json(weights))))
    assert values_of(described, read) == values_of(described, weights)


def test_digests_tell_families_apart() -> None:
    first = family(2, [dense(1, ">= 0")])
    others = [family(2, [dense(1, "> 0")]), family(1, [dense(1, ">= 0")]), family(2, [dense(1, ">= 0"), relu()])]
    assert len({f.digest for f in [first, *others]}) == 4
    assert family(2, [dense(1, ">= 0")], "other").digest == first.digest


BAD: list[Any] = [None, True, -1, 0.5, "x", [], {}, [[]], [0], [-1], "1e99999999", {"kind": "dense"}]


def test_malformed_data_is_a_network_error() -> None:
    """Every value of the data replaced by every kind of nonsense: read as another family, or refused in one way."""
    data = description.to_json(family((1, 2, 2), [conv(1, (2, 2), [">= 0"], pads=(1, 0)), relu(), flatten(), dense(1)]))
    places: list[tuple[Any, ...]] = [("name",), ("input",), ("layers",)]
    places += [("layers", i, key) for i, layer in enumerate(data["layers"]) for key in layer]
    for place in places:
        for value in BAD:
            forged: Any = copy.deepcopy(data)
            inner = forged
            for key in place[:-1]:
                inner = inner[key]
            inner[place[-1]] = value
            try:
                read = description.from_json(forged)
            except NetworkError:
                continue
            assert isinstance(read, description.Family)
    for value in BAD:
        with pytest.raises(NetworkError):
            description.from_json(value)


def test_only_nonzero_weights_of_a_convolution_are_unrolled() -> None:
    described = family((3, 40, 40), [conv(64, (5, 5), ">= 0", pads=(2, 2)), relu()])
    network = member(described, {("conv1", "weight"): {0: ONE}})
    assert network.weight_count < 5000 + 64 * 1600
