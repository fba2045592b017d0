"""Smooth activations in floating point, in TOML files, and in records that are replayed."""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import verify
from tests.support.cli import call
from tests.support.smooth_nets import ALL, Activation, random_spec
from verify.errors import InputError
from verify.kernel.axioms.balls import enclosures
from verify.network import Builder, Network, activations, floats
from verify.network.builder import dense
from verify.network.floats import FLOAT32_ROUNDOFF, LIBRARY_ASSUMPTION, UNIT_ROUNDOFF
from verify.network.rounding import PRECISIONS, RoundingBound
from verify.network.smooth import SMOOTH
from verify.rational import ends, vector

ERF = np.vectorize(math.erf, otypes=[np.float64])
Array = Any
TEXTBOOK: dict[str, tuple[Callable[[Any], Any], Callable[[Array], Array]]] = {
    "elu": (activations.elu, lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0)))),
    "softplus": (activations.softplus, lambda z: np.logaddexp(z, z.dtype.type(0))),
    "sigmoid": (activations.sigmoid, lambda z: 1 / (1 + np.exp(-z))),
    "tanh": (activations.tanh, np.tanh),
    "silu": (activations.silu, lambda z: z / (1 + np.exp(-z))),
    "gelu": (activations.gelu, lambda z: z * (1 + ERF(z / math.sqrt(2)).astype(z.dtype)) / 2),
}
W1, B1, W2 = np.array([[1, -1], [0.5, 0.25], [3, 1.0]]), np.array([0, 0.1, -1]), np.array([[1, -2, 0.5]])


def two_layers(name: str) -> Network:
    builder = Builder((2,), name)
    return builder.build(dense(TEXTBOOK[name][0](dense(builder.input, W1, B1)), W2))


@pytest.mark.parametrize("roundoff", [UNIT_ROUNDOFF, FLOAT32_ROUNDOFF])
@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
def test_float_values_lie_within_their_bound(activation: Activation, roundoff: float) -> None:
    rng = random.Random(activation.name)
    for _ in range(15):
        network = random_spec(rng, activation, 2, 2).network()
        x = vector([Fraction(rng.randint(-60, 60), rng.choice([1, 3, 8])) for _ in range(2)])
        found = floats.run(network, x, roundoff)
        assert np.all(np.isfinite(found.errors[-1]))
        for value, error, exact in zip(found.values[-1], found.errors[-1], enclosures(network, x, 256), strict=True):
            low, high = ends(exact)
            assert low - Fraction(error) <= Fraction(float(value)) <= high + Fraction(error)
            assert error < (1e-3 if roundoff == FLOAT32_ROUNDOFF else 1e-9) * (1 + abs(value))
        batch = floats.evaluate(network, np.array([x.floats()]))
        assert np.all(np.abs(batch[0] - found.values[-1]) <= found.errors[-1])


@pytest.mark.parametrize("name", SMOOTH)
def test_the_slope_bounds_differences(name: str) -> None:
    function = SMOOTH[name]
    points = np.linspace(-12, 12, 4801)
    slopes = np.abs(np.diff(function.floats(points))) / np.diff(points)
    if function.slope is None:
        assert name == "exp"
    else:
        assert 0.4 * function.slope < slopes.max() <= function.slope * (1 + 1e-9)
    if function.lowest is not None:
        assert function.floats(points).min() >= float(function.lowest)
    if function.highest is not None:
        assert function.floats(points).max() <= float(function.highest)
    sign = {1: 1, -1: -1, 0: 0}[function.parity]
    if sign:
        np.testing.assert_allclose(function.floats(-points), sign * function.floats(points), rtol=1e-12, atol=1e-15)


def test_an_overflow_has_no_bound() -> None:
    builder = Builder((1,), "exp")
    network = builder.build(activations.smooth(builder.input, "exp"))
    assert floats.run(network, vector([1000])).errors[-1].tolist() == [math.inf]


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("name", TEXTBOOK)
def test_fuzzing_an_implementation(name: str, precision: str) -> None:
    network, function = two_layers(name), TEXTBOOK[name][1]
    weights = [array.astype(precision) for array in (W1, B1, W2)]

    def right(x: Array) -> Array:
        return weights[2] @ function(weights[0] @ x + weights[1])

    with np.errstate(over="ignore"):
        good = verify.fuzz(network, right, "box(-10, 10)", precision=precision, examples=60)
        wrong = verify.fuzz(network, lambda x: right(x) * (1 + 1e-3), "box(-10, 10)", precision=precision, examples=60)
    assert good.failure is None and good.unjudged == 0
    assert LIBRARY_ASSUMPTION in good.notes
    assert wrong.failure is not None


def test_what_has_no_bound_for_smooth_networks_says_so() -> None:
    with pytest.raises(InputError, match="float64 and float32 only"):
        verify.fuzz(two_layers("tanh"), lambda x: x, "box(0, 1)", precision="float16")
    with pytest.raises(InputError, match="smooth activation"):
        RoundingBound(two_layers("tanh"), PRECISIONS["float64"])


LAYERS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "elu": ('type = "elu"', activations.elu),
    "elu alpha": ('type = "elu"\nalpha = "1/3"', lambda x: activations.elu(x, "1/3")),
    "celu": ('type = "celu"\nalpha = 2', lambda x: activations.celu(x, 2)),
    "selu": ('type = "selu"', activations.selu),
    "selu constants": ('type = "selu"\nalpha = 2\nscale = 0.5', lambda x: activations.selu(x, 2, "1/2")),
    "softplus": ('type = "softplus"', activations.softplus),
    "sigmoid": ('type = "sigmoid"', activations.sigmoid),
    "tanh": ('type = "tanh"', activations.tanh),
    "silu": ('type = "silu"', activations.silu),
    "gelu": ('type = "gelu"', activations.gelu),
    "gelu tanh": ('type = "gelu"\napproximate = "tanh"', lambda x: activations.gelu(x, "tanh")),
}


def toml(layer: str, folder: Path) -> Path:
    path = folder / "net.toml"
    path.write_text(
        f'name = "net"\ninput = [2]\n[[layer]]\ntype = "dense"\nweight = [[1, -1], [0.5, 2]]\nbias = [0, 1]\n'
        f'[[layer]]\n{layer}\n[[layer]]\ntype = "dense"\nweight = [[1, -3]]\n'
    )
    return path


@pytest.mark.parametrize("name", LAYERS)
def test_toml_layers(name: str, tmp_path: Path) -> None:
    text, build = LAYERS[name]
    loaded = verify.load(toml(text, tmp_path))
    builder = Builder((2,), "net")
    hidden = build(dense(builder.input, [[1, -1], ["1/2", 2]], [0, 1]))
    wanted = builder.build(dense(hidden, [[1, -3]]))
    for text_of_point in ("0 0", "1 2", "-3/7 5", "-4 -4"):
        x = vector(text_of_point.split())
        assert enclosures(loaded, x) == enclosures(wanted, x)


@pytest.mark.parametrize(
    "text", ['type = "celu"\nalpha = 0', 'type = "gelu"\napproximate = "fast"', 'type = "tanh"\nalpha = 1']
)
def test_bad_toml_layers(text: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        verify.load(toml(text, tmp_path))


@pytest.mark.parametrize(("formula", "region"), [("affine", "all"), ("convex", "all")])
def test_records_are_replayed_in_a_fresh_process(
    formula: str, region: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = toml('type = "elu"', tmp_path)
    network = verify.load(path)
    result = verify.check(network, formula, region, timeout=30)
    record = tmp_path / "record.json"
    record.write_text(json.dumps(result.to_json()))
    code = "import sys; from verify.cli import main; sys.argv[1:] = ['recheck', sys.argv[1]]; main()"
    done = subprocess.run([sys.executable, "-c", code, str(record)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads(record.read_text())
    data["verdict"] = "proved" if data["verdict"] == "refuted" else "refuted"
    record.write_text(json.dumps(data))
    assert call(capsys, "recheck", record).status == 4


def test_a_value_as_a_reader_sees_it() -> None:
    builder = Builder((1,), "t")
    result = verify.check(builder.build(activations.tanh(builder.input)), "linear", "box(0, 1)", timeout=30)
    assert result.counterexample is not None and "~" in result.counterexample
    assert any("Arb" in note for note in result.outcome.assumptions)
