"""What depth does

A network is a chain: each layer works on what the layer before gives. Is a chain of affine pieces affine? Is a chain of
nonlinear pieces nonlinear? Both questions are about the same thing, the *range* of a layer: the set of values that it
takes on the region.
"""

from __future__ import annotations

import verify
from properties.graphs import graphs
from properties.test_01_conv_relu import network
from verify.testing import Theorems


def test_layers_that_are_affine_on_the_ranges_that_they_get_compose_to_an_affine_network(theorem: Theorems) -> None:
    book = theorem(
        question="When is a chain of layers affine?",
        answer="For one, when each layer is affine on what it actually gets: the range of the layer before.",
        statement="If $g$ is affine on the region and $h$ is affine on the range of $g$, then $h(g(x))$ is affine on"
        " the"
        " region. For $$g(x) = relu(x + 1)$$ and $$h(x) = relu(x - 1)$$ and the region $x >= 0$: the range of $g$ is"
        " $x >= 1$, and there $h$ is affine.",
    )
    book.claim(network("plus_one"), "affine", on="nonneg").proved()
    book.claim(network("minus_one"), "affine", on="box(1, inf)").proved()
    book.claim(network("minus_one"), "affine", on="nonneg").refuted()
    chain = book.claim(network("plus_one_minus_one"), "affine", on="nonneg").proved()
    book.picture(chain, "$relu(relu(x + 1) - 1)$ for $x >= 0$: it is just $x$.")
    book.proof("$h(g(x)) = C (A x + a) + c$ is affine: one affine map after another.")
    book.proof(
        "$h$ is not affine on all of $x >= 0$. What matters is only what reaches it: $relu(x + 1) >= 1$ for $x >= 0$."
    )


def test_each_layer_affine_on_the_same_region_is_not_enough(theorem: Theorems) -> None:
    book = theorem(
        question="“Each layer is affine on [0, 1], so the network is.” True?",
        answer="False: the second layer does not get [0, 1], it gets the range of the first.",
        statement="$g(x) = relu(2 x)$ and $h(x) = min(max(x, 0), 1)$ are both linear on [0, 1], and $h(g(x))$ is not"
        " even"
        " affine there.",
    )
    book.claim(network("double"), "linear", on="box(0, 1)").proved()
    book.claim(network("cut_at_one"), "linear", on="box(0, 1)").proved()
    chain = book.claim(network("double_then_cut"), "affine", on="box(0, 1)").refuted()
    book.picture(chain, "$min(max(relu(2 x), 0), 1)$ on [0, 1]: at $x = 1/2$ the second layer gets more than 1.")
    book.proof("On [0, 1] the first layer doubles, and the second does nothing.", "Lemma 1")
    book.proof("But the range of the first layer is [0, 2], and on [0, 2] the second layer has a kink at 1.")


def test_two_layers_neither_of_them_linear_can_make_a_linear_network(theorem: Theorems) -> None:
    book = theorem(
        question="Can two nonlinear layers make a linear network?",
        answer="Yes: the second layer can undo the bend of the first.",
        statement="Leaky ReLU with slope 2 below 0, and then leaky ReLU with slope 1/2: neither is affine, and one"
        " after"
        " the other they are the identity, $f(x) = x$, for every $x$.",
    )
    book.claim(network("steep"), "affine", on="all").refuted()
    book.claim(network("flat"), "affine", on="all").refuted()
    book.claim(network("steep_then_flat"), "linear", on="all").proved()
    nets = {
        "slope 2": verify.load(network("steep")),
        "slope 1/2": verify.load(network("flat")),
        "both": verify.load(network("steep_then_flat")),
    }
    book.figure(
        graphs("Two bends and their composition", nets, -2, 2),
        "The first layer bends one way, the second the other way, at the same place; together they are straight.",
    )
    book.proof("For $x >= 0$ both layers do nothing.")
    book.proof("For $x < 0$ the first gives $2 x$, which is still negative, so the second gives $1/2 · 2 x = x$.")
    book.proof("So “it contains a nonlinear layer” proves nothing. Only values of the whole network do.", "Lemma 2")


def test_two_relu_layers_neither_of_them_affine_can_make_a_linear_network(theorem: Theorems) -> None:
    book = theorem(
        question="Can two layers of ReLU alone, neither of them affine, make a linear network?",
        answer="Yes: what the second layer does off the range of the first is never seen.",
        statement="Let $g(x) = (relu(x), relu(-x))$ and $h(a, b) = 2 relu(a) - relu(b) - relu(a - b)$. $g$ is not"
        " affine, $h$"
        " is not affine even for nonnegative $a$ and $b$, and $h(g(x)) = x$ for every $x$.",
    )
    book.claim(network("parts"), "affine", on="all").refuted()
    join = book.claim(network("join"), "affine", on="nonneg").refuted()
    book.claim(network("parts_then_join"), "linear", on="all").proved()
    book.picture(join, "$h$ for nonnegative $a$ (across) and $b$ (up). The range of $g$ is only the two axes.")
    book.proof("The range of $g$ is the two half-axes: $relu(x)$ and $relu(-x)$ are never positive together.")
    book.proof("On the axis $b = 0$, $h = 2 a - a = a$, which is $x$ for $x >= 0$.")
    book.proof("On the axis $a = 0$, $h = -b$, which is $x$ again for $x <= 0$. Between the axes nobody looks.")


def test_a_linear_network_need_not_have_an_affine_layer(theorem: Theorems) -> None:
    book = theorem(
        question="“If the whole network is affine, each of its layers is affine on what it gets.” True?",
        answer="False: bends of different layers can cancel.",
        statement="$relu(x)$ and $relu(-x)$ bend at 0, and the second layer of the network of the page before bends"
        " too; the"
        " network is $f(x) = x$. So looking at each layer alone can prove a network affine, and cannot refute it.",
    )
    book.claim(network("parts"), "affine", on="segment([-1], [1])").refuted()
    book.claim(network("parts_then_join"), "affine", on="segment([-1], [1])").proved()
    book.claim(network("steep"), "affine", on="segment([-1], [1])").refuted()
    book.claim(network("steep_then_flat"), "affine", on="segment([-1], [1])").proved()
    book.proof("A layer is a part of a computation. “Affine” is said of the whole function on the region.", "Lemma 2")
