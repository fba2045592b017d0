"""Train a convolutional network from nonnegative weights, and measure after every epoch what training does to it.

    python -m examples.train_nonnegative

writes ``training.json`` beside this file. The network is conv 3 x 3 (4 channels) + ReLU + dense on scikit-learn's 8 x 8
digits: 256 ReLU, 10 classes. It starts with weights >= 0 and biases 0, where it is linear on the data box [0, 1]^64.
After each epoch the weights are rounded to multiples of 1/1024 (a copy; training goes on with the others) and the
network that they make is measured exactly:

- how many weights are negative;
- how many ReLU switch somewhere on the data box (``verify.explain``; with one layer its bounds are exact);
- the median affine radius at 16 test images (``verify.radius``), at half contrast, so that they lie inside the box;
- the medians of cells and affine pieces on the segments from each to the next of another digit (an exact walk);
- the cells and linear pieces on the triangle of the first three images of different digits (an exact subdivision).

Fixed seeds; a few seconds. Another machine may round a sum in training differently, so only what is computed from given
weights is the same everywhere; the last weights are kept in the file for that.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import verify
from examples import train_digits
from examples.train_digits import Parameters
from verify.arrangement import count
from verify.arrangement.statistics import spanned
from verify.digits import display
from verify.network import Builder, Network
from verify.network.builder import conv, dense, relu
from verify.rational import Vector, exact_text, vector
from verify.search.budget import Budget
from verify.search.commands.radius import Infinite
from verify.search.refuting.walk import stretches

FILE = Path(__file__).resolve().parent / "training.json"
CHANNELS, UNIT, EPOCHS, IMAGES = 4, 1024, 12, 16
BOX = "box(0, 1)"


def initial() -> Parameters:
    """He initialisation, every weight by its absolute value."""
    rng = np.random.default_rng(3)
    parameters: Parameters = {}
    for name, shape in {"conv1": (CHANNELS, 1, 3, 3), "dense": (10, 64 * CHANNELS)}.items():
        parameters[f"{name}.weight"] = np.abs(rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape))
        parameters[f"{name}.bias"] = np.zeros(shape[0])
    return parameters


def rounded(parameters: Parameters) -> dict[str, Any]:
    """The parameters as whole multiples of 1/1024, in nested lists of integers."""
    return {name: np.rint(value * UNIT).astype(int).tolist() for name, value in parameters.items()}


def unrounded(weights: dict[str, Any]) -> Parameters:
    """The floats that whole multiples of 1/1024 are, exactly."""
    return {name: np.array(value) / UNIT for name, value in weights.items()}


def network_of(weights: dict[str, Any], name: str = "digits_nonnegative") -> Network:
    """The exact network."""
    p = unrounded(weights)
    builder = Builder((1, 8, 8), name)
    hidden = relu(conv(builder.input.named("conv1"), p["conv1.weight"], p["conv1.bias"], pads=[1, 1, 1, 1]))
    return builder.build(dense(hidden.flatten(), p["dense.weight"], p["dense.bias"]))


def point_of(image: Sequence[int]) -> Vector:
    """An image (pixels from 0 to 16) at half contrast, 1/4 + image/2: inside the data box."""
    return vector([Fraction(1, 4) + Fraction(pixel, 32) for pixel in image])


def vector_of(image: Sequence[int]) -> Vector:
    """An image as a point of the data box."""
    return vector([Fraction(pixel, 16) for pixel in image])


def pairs_of(labels: Sequence[int]) -> list[tuple[int, int]]:
    """Each image but the last ones with the next image of another digit."""
    following = (
        (i, next((j for j in range(i, len(labels)) if labels[j] != labels[i]), None)) for i in range(len(labels))
    )
    return [(i, j) for i, j in following if j is not None]


def corners_of(labels: Sequence[int]) -> list[int]:
    """The first three images of different digits."""
    return sorted({label: i for i, label in reversed(list(enumerate(labels)))}.values())[:3]


def statistics_of(weights: dict[str, Any], images: list[list[int]], labels: list[int]) -> dict[str, Any]:
    """Everything that is measured exactly of one network: radii at the images, cells and pieces between them."""
    network = network_of(weights)
    layers = verify.explain(network, BOX).layers
    radii = [radius_at(network, point_of(image)) for image in images]
    ways = [(vector_of(images[i]), vector_of(images[j])) for i, j in pairs_of(labels)]
    counts = [counts_between(network, start, end) for start, end in ways]
    whole = count(network, spanned(tuple(vector_of(images[i]) for i in corners_of(labels))), Budget())
    return {
        "negative": {name: share_negative(weights[f"{name}.weight"]) for name in ("conv1", "dense")},
        "negative_biases": {name: share_negative(weights[f"{name}.bias"]) for name in ("conv1", "dense")},
        "relu": sum(layer.size for layer in layers),
        "switching": sum(layer.switching for layer in layers),
        "undecided": sum(layer.undecided for layer in layers),
        "affine_radius": exact_text(statistics.median(radii)),
        "cells": statistics.median_low(cells for cells, _ in counts),
        "pieces": statistics.median_low(pieces for _, pieces in counts),
        "slice_cells": whole.cells,
        "slice_pieces": whole.pieces,
    }


def counts_between(network: Network, start: Vector, end: Vector) -> tuple[int, int]:
    """How many cells, and how many affine pieces, the segment crosses; exactly."""
    slopes = [stretch.slope for stretch in stretches(network, start, end, Budget())]
    return len(slopes), 1 + sum(a != b for a, b in pairwise(slopes))


def share_negative(weights: Any) -> str:
    """``n/m``: how many of how many are negative, not reduced."""
    array = np.array(weights)
    return f"{int((array < 0).sum())}/{array.size}"


def radius_at(network: Network, point: Vector) -> Fraction:
    """The exact affine radius at a point; the networks of this script always have a finite one."""
    found = verify.radius(network, point).affine
    if found is None or isinstance(found, Infinite):
        raise RuntimeError(f"no finite affine radius at {point.strings()[:4]}...: {found}")
    return found


def main() -> None:
    """Train, measure after each epoch, print and write."""
    x, labels, test_x, test_labels = train_digits.load()
    parameters = initial()
    images = np.rint(test_x[:IMAGES] * 16).astype(int).reshape(IMAGES, -1).tolist()
    digits = test_labels[:IMAGES].tolist()
    epochs: list[dict[str, Any]] = []

    def measure(epoch: int) -> None:
        weights = rounded(parameters)
        accuracy = train_digits.accuracy(unrounded(weights), test_x, test_labels)
        epochs.append({"epoch": epoch, "accuracy": accuracy, **statistics_of(weights, images, digits)})
        print(said(epochs[-1]))
        sys.stdout.flush()

    measure(0)
    train_digits.train(parameters, x, labels, EPOCHS, after=measure)
    data = {
        "images": images,
        "digits": digits,
        "unit": UNIT,
        "epochs": epochs,
        "last_weights": rounded(parameters),
    }
    FILE.write_text(
        json.dumps(data).replace('{"epoch"', '\n{"epoch"').replace('"last_weights"', '\n"last_weights"') + "\n"
    )


def said(epoch: dict[str, Any]) -> str:
    """One line for the terminal."""
    negative = " ".join(f"{name} {share}" for name, share in epoch["negative"].items())
    radius = display(Fraction(epoch["affine_radius"]))
    return (
        f"epoch {epoch['epoch']:2}: accuracy {epoch['accuracy']:.1%}, negative weights {negative},"
        f" switching {epoch['switching']} of {epoch['relu']} ReLU, affine radius {radius},"
        f" segments {epoch['cells']} cells, {epoch['pieces']} pieces,"
        f" slice {epoch['slice_cells']} cells, {epoch['slice_pieces']} pieces"
    )


if __name__ == "__main__":
    main()
