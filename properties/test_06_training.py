"""What training does

A network can start with nonnegative weights, and then it is linear on the data box. Does gradient descent keep it so?
This chapter trains one on small images of digits and measures, after every epoch and in exact arithmetic, what has
become of it. The numbers are those of `examples/training.json`, which `python -m examples.train_nonnegative` writes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from examples import train_nonnegative as training
from verify.network import Network
from verify.region import ball
from verify.report.charts import chart
from verify.testing import Theorems

COMMAND = "python -m examples.train_nonnegative"
PYTHON = "from examples import train_nonnegative\ntrain_nonnegative.main()"


def recorded() -> dict[str, Any]:
    data = json.loads(training.FILE.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def percent(text: str) -> Fraction:
    """Of ``n/m``."""
    count, of = map(int, text.split("/"))
    return Fraction(100 * count, of)


def pairs(epochs: list[dict[str, Any]], values: Sequence[Any]) -> list[tuple[int, Any]]:
    return [(e["epoch"], value) for e, value in zip(epochs, values, strict=True)]


def untrained() -> Network:
    return training.network_of(training.rounded(training.initial()), "untrained_digits")


def trained() -> Network:
    return training.network_of(recorded()["last_weights"], "trained_digits")


def test_nonnegative_weights_make_the_untrained_network_linear_on_the_data_box(theorem: Theorems) -> None:
    book = theorem(
        question="Is the network linear before training?",
        answer="Yes: it starts with weights ≥ 0 and biases 0, so on the data box it is linear.",
        statement="The untrained network (convolution 3 × 3 with 4 channels, ReLU, dense layer; 256 ReLU, every"
        " weight the"
        " absolute value of a random number) is linear on the data box $[0, 1]^64$.",
    )
    book.claim(untrained(), "linear", on=training.BOX).proved()
    book.proof(
        "Nonnegative multiples of nonnegative pixels add up to something nonnegative: every ReLU is on.", "Lemma 8"
    )
    book.try_it(COMMAND, PYTHON)


def test_the_trained_network_is_not_affine_on_the_data_box(theorem: Theorems) -> None:
    epochs = recorded()["epochs"]
    second, last = epochs[1], epochs[-1]
    book = theorem(
        question="During training the weights become negative. Does the network stay affine?",
        answer=f"No: after one epoch {second['switching']} of its {second['relu']} ReLU switch on the data box, and"
        " an exact counterexample shows that the trained network is not affine there.",
        statement=f"After {last['epoch']} epochs the network is not affine on the data box $[0, 1]^64$.",
    )
    book.claim(trained(), "affine", on=training.BOX, outputs=[0]).refuted()
    negative = {name: [percent(e["negative"][name]) for e in epochs] for name in ("conv1", "dense")}
    book.figure(
        chart(
            "Negative weights by epoch",
            "epoch",
            "negative weights (% of the layer)",
            {name: pairs(epochs, values) for name, values in negative.items()},
        ),
        f"No weight is negative at first; after {last['epoch']} epochs"
        f" {last['negative']['conv1'].replace('/', ' of ')} are"
        f" in the convolution, and {last['negative']['dense'].replace('/', ' of ')} in the dense layer. Most of that"
        f" happens in the first epochs ({second['negative']['dense'].split('/')[0]} in the dense layer after the"
        " first).",
    )
    book.figure(
        chart(
            "Switching ReLU by epoch",
            "epoch",
            "ReLU that switch on the data box (number)",
            {"switching": pairs(epochs, [e["switching"] for e in epochs])},
        ),
        f"None of the {second['relu']} ReLU switches on the data box before training; afterwards up to"
        f" {max(e['switching'] for e in epochs)} do. The number does not grow steadily: a weight or bias of the"
        " convolution acts on up to 64 units at once.",
    )
    assert [e["undecided"] for e in epochs] == [0] * len(epochs)
    weights, biases = (second[key]["conv1"].replace("/", " of ") for key in ("negative", "negative_biases"))
    book.proof(
        "With nonnegative weights no ReLU can switch, however large they are. So something in the convolution has to"
        f" become negative before anything else can happen: in the first epoch {weights} weights do, and {biases}"
        " biases."
    )
    book.proof(
        "Negative weights in the dense layer alone would do nothing: no ReLU follows it, and it stays an affine map"
        " of what"
        " it gets."
    )
    book.try_it(COMMAND, PYTHON)


def test_training_shrinks_the_balls_on_which_the_network_is_affine(theorem: Theorems) -> None:
    data = recorded()
    epochs, images = data["epochs"], data["images"]
    radii = [Fraction(e["affine_radius"]) for e in epochs]
    cells, pieces = [e["cells"] for e in epochs], [e["pieces"] for e in epochs]
    book = theorem(
        question="How far does the network stay affine around an image?",
        answer=f"Less and less far: the median radius falls from {float(radii[0]):.3g} before training to"
        f" {float(radii[-1]):.3f} after {epochs[-1]['epoch']} epochs, in units of the pixels' range.",
        statement="The *affine radius* at an image is the largest $r$ such that the network is affine on all inputs"
        " whose"
        f" pixels differ from the image's by at most $r$. At {len(images)} test images (at half contrast,"
        " $1/4 + x/2$, so"
        " that they lie inside the data box) its exact medians are those of the table, and between them segments"
        " cross so"
        " many cells and affine pieces.",
        label="Measurement",
    )
    point = training.point_of(images[0])
    radius = training.radius_at(trained(), point)
    for network, size, word in ((untrained(), Fraction(1, 4), "1/4"), (trained(), radius, "the exact affine radius")):
        book.claim(network, "affine", on=ball(point, size, f"the ball of {word} around the first image")).proved()
    outside = ball(point, radius * Fraction(101, 100), "the ball that is 1 % larger")
    book.claim(trained(), "affine", on=outside).refuted()
    assert radii[-1] < radii[0]
    steady = all(a > b for a, b in pairwise(radii))
    book.figure(
        chart(
            "Affine radius by epoch", "epoch", "affine radius (pixels range from 0 to 1)", {"": pairs(epochs, radii)}
        ),
        f"The median of the exact affine radius at {len(images)}"
        f" images{', smaller after every epoch' if steady else ''}.",
    )
    same = " Here every crossing changes the map, so the two numbers agree." if cells == pieces else ""
    book.figure(
        chart(
            "Cells and pieces on segments by epoch",
            "epoch",
            "number on a segment",
            {"cells": pairs(epochs, cells), "affine pieces": pairs(epochs, pieces)},
        ),
        f"Medians over {len(training.pairs_of(data['digits']))} segments from one image to the next of another digit,"
        " counted"
        f" by an exact walk.{same} The number jumps up from {pieces[0]} and then varies; it does not follow"
        " the radius.",
    )
    planes, joined = [e["slice_cells"] for e in epochs], [e["slice_pieces"] for e in epochs]
    same = " There too every line changes the map." if planes == joined else ""
    book.figure(
        chart(
            "Cells and pieces on a slice by epoch",
            "epoch",
            "number on a triangle",
            {"cells": pairs(epochs, planes), "linear pieces": pairs(epochs, joined)},
        ),
        "Exact counts on the triangle whose corners are the first three images of different digits:"
        f" {planes[0]} cell before training, at most {max(planes)}, and {planes[-1]} at the end.{same}",
    )
    header = ["epoch", "accuracy", "switching ReLU", "affine radius", "cells", "pieces", "cells on the slice"]
    rows = [
        (
            e["epoch"],
            f"{e['accuracy']:.1%}",
            e["switching"],
            f"{float(r):.4f}",
            e["cells"],
            e["pieces"],
            e["slice_cells"],
        )
        for e, r in zip(epochs, radii, strict=True)
    ]
    book.table(header, rows, "All numbers but the accuracy are exact; the radius is shown rounded.")
    book.attested(
        "the script that trained the network",
        "The numbers of the epochs in between are those that it wrote to `examples/training.json`. The first and the"
        " last"
        " ones are measured again by a test.",
    )
    book.try_it(COMMAND, PYTHON)
