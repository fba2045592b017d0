"""The recorded training: its first and last epochs are measured again, and what the book says of it is in the file."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from examples import train_digits
from examples import train_nonnegative as training
from verify.kernel.exact import evaluate
from verify.rational import vector


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    found = json.loads(training.FILE.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("which", [0, -1])
def test_an_epoch_measured_again(data: dict[str, Any], which: int) -> None:
    weights = data["last_weights"] if which else training.rounded(training.initial())
    measured = training.statistics_of(weights, data["images"], data["digits"])
    epoch = data["epochs"][which]
    assert measured == {key: epoch[key] for key in measured}
    assert {*epoch} - {*measured} == {"epoch", "accuracy"}


def test_it_starts_nonnegative_and_affine(data: dict[str, Any]) -> None:
    first = data["epochs"][0]
    assert first["negative"] == {"conv1": "0/36", "dense": "0/2560"}
    assert (first["switching"], first["cells"], first["pieces"]) == (0, 1, 1)
    assert (first["slice_cells"], first["slice_pieces"]) == (1, 1)


def test_every_epoch_is_there_and_cells_hold_pieces(data: dict[str, Any]) -> None:
    epochs = data["epochs"]
    assert [e["epoch"] for e in epochs] == list(range(training.EPOCHS + 1))
    assert all(1 <= e["pieces"] <= e["cells"] for e in epochs)
    assert all(1 <= e["slice_pieces"] <= e["slice_cells"] for e in epochs)
    assert all(e["switching"] + e["undecided"] <= e["relu"] == 256 for e in epochs)
    assert all(Fraction(e["affine_radius"]) > 0 for e in epochs)


def test_the_exact_network_is_the_one_that_is_trained(data: dict[str, Any]) -> None:
    weights = data["last_weights"]
    network = training.network_of(weights)
    # Weights are multiples of 1/1024 below 8, pixels of 1/16: float64 holds every product and sum exactly.
    images = np.array(data["images"]).reshape(-1, 1, 8, 8) / 16
    scores = train_digits.forward(training.unrounded(weights), images)[-1]
    for image, row in zip(data["images"], scores, strict=True):
        assert evaluate(network, training.vector_of(image)) == vector(row.tolist())


def test_gradients_of_one_convolution_match_differences() -> None:
    rng = np.random.default_rng(0)
    parameters = training.initial()
    x, labels = rng.random((4, 1, 8, 8)), np.array([1, 2, 3, 4])

    def loss() -> float:
        scores = train_digits.forward(parameters, x)[-1]
        shifted = scores - scores.max(axis=1, keepdims=True)
        return float(-np.mean((shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))[np.arange(4), labels]))

    slopes = train_digits.gradients(parameters, x, labels)
    assert slopes.keys() == parameters.keys()
    for name, slope in slopes.items():
        place = tuple(int(n) // 2 for n in slope.shape)
        before = parameters[name][place]
        # Central differences: an error of order step^2 from the third derivative, of order eps / step from rounding;
        # at step 1e-4 both lie far below a hundredth of the larger of the slope and one thousandth.
        step = 1e-4
        values = []
        for sign in (1, -1):
            parameters[name][place] = before + sign * step
            values.append(loss())
        parameters[name][place] = before
        assert abs((values[0] - values[1]) / (2 * step) - slope[place]) < 0.01 * max(abs(slope[place]), 1e-3), name


def test_pairs_are_of_different_digits() -> None:
    assert training.pairs_of([1, 1, 2, 2, 1, 1]) == [(0, 2), (1, 2), (2, 4), (3, 4)]


def test_the_slice_has_images_of_three_digits() -> None:
    assert training.corners_of([5, 5, 2, 5, 2, 7, 1]) == [0, 2, 5]


def test_the_data_are_the_test_images(data: dict[str, Any]) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn, which has the images, is a development dependency")
    _, _, images, labels = train_digits.load()
    assert (images[: training.IMAGES] * 16).reshape(training.IMAGES, -1).tolist() == data["images"]
    assert labels[: training.IMAGES].tolist() == data["digits"]
