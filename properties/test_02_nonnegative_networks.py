"""Networks in which nothing is negative

“If weights, biases and inputs are all nonnegative, then ReLU never does anything.” This chapter makes a theorem of
that sentence. It is about whole *families* of networks: layers and sizes are fixed, and of the numbers in them only the
range is known, such as $W >= 0$. A claim about a family is a claim about every network in it, its *members*. It is
proved by rules about signs, layer after layer, or refuted by one member.

The *nonnegative orthant* is the set of inputs without a negative coordinate: the half-line $x >= 0$, a quarter of the
plane, one eighth of space.
"""

from __future__ import annotations

import random
from typing import Any

from properties import queries, samples
from properties.test_01_conv_relu import network
from verify.family import Family, FamilyResult, check_family, conv, dense, family, flatten, relu
from verify.family.conditions import additive_on_orthant, affine_on_moved_orthant
from verify.kernel.exact import evaluate
from verify.rational import zeros
from verify.region import box, nonnegative
from verify.symbolic.family import family_form
from verify.testing import Theorems

MEMBERS = 60
DEEP = """\
from verify.family import *
layers = [layer for _ in range(20) for layer in (conv(64, (3, 3), ">= 0", ">= 0", pads=(1, 1)), relu())]
nets = family((3, 32, 32), [*layers, flatten(), dense(10, "any", "any")])
check_family(nets, "affine", on="nonneg")"""


def deep(depth: int, channels: int) -> Family:
    """Convolutions with nonnegative weights and biases, ReLU after each, and a dense layer of any weights."""
    layers = [layer for _ in range(depth) for layer in (conv(channels, (3, 3), ">= 0", ">= 0", pads=(1, 1)), relu())]
    return family((3, 32, 32), [*layers, flatten(), dense(10, "any", "any")], "deep_nonnegative_conv_nets")


class Shortened:
    """A result about a deep family whose page shows the first and the last lines of the induction."""

    def __init__(self, result: FamilyResult, head: int, tail: int) -> None:
        self._result = result
        lines = result.lines
        dots = f"... and so on: {len(lines) - head - tail} lines that say the same of the layers between ..."
        self.lines = (*lines[:head], dots, *lines[-tail:])

    def __getattr__(self, name: str) -> Any:
        return getattr(self._result, name)


def test_nonnegative_conv_networks_of_any_depth_are_affine_on_the_nonnegative_orthant(theorem: Theorems) -> None:
    book = theorem(
        question="If no weight, no bias and no input is negative, does ReLU ever do anything?",
        answer="No: such a network is *affine* on nonnegative inputs, $f(x) = A x + c$, however deep it is.",
        statement="Take convolutions, dense layers, average pooling and ReLU in any number and of any size. If every"
        " weight and every bias of each layer that a ReLU follows is ≥ 0, then for all inputs $x >= 0$"
        " $$f(x) = A x + c$$ The layers after the last ReLU may hold any numbers.",
    )
    book.family(network("nonnegative_conv_nets"), "affine", on="nonneg").proved()
    result = check_family(deep(20, 64), "affine", on="nonneg")
    book.family(Shortened(result, 5, 3)).proved()
    book.proof("The input is nonnegative: that is the region.")
    book.proof(
        "A sum of nonnegative multiples of nonnegative numbers, plus a nonnegative bias, is nonnegative. So is the"
        " mean of a window, and so is what zero padding adds.",
        "Lemma 8",
    )
    book.proof(
        "ReLU of a nonnegative number is that number. The layer has done nothing but an affine map, and its result is"
        " nonnegative again: the next layer begins where this one began."
    )
    book.proof(
        "This is an induction over the layers. It never looks at a weight, only at signs, so it takes 20 layers of 64"
        " channels (about 700 000 weights, none of them given) in well under a second."
    )
    form = family_form(family(2, [dense(2, ">= 0", ">= 0"), relu(), dense(1, ">= 0", ">= 0"), relu()]))
    assert form.is_affine
    book.table(
        ["unit", "as written", "without ReLU", "why"],
        [
            [s.where, f"`{s.before}`", f"`{s.after}`" if len(str(s.after)) < 60 else "the same without `Max`", s.rule]
            for s in form.steps
        ],
        "The same for two inputs and two small layers with letters for weights, line by line, as the computer algebra"
        " system SymPy derives it from the assumption that no letter is negative.",
    )
    book.attested("SymPy", "the derivation in the table; the induction above it does not use it")
    book.try_it(
        "verify check properties/networks/nonnegative_conv_nets.toml affine --on nonneg", f"# 20 layers\n{DEEP}"
    )


def test_max_pooling_breaks_what_average_pooling_keeps(theorem: Theorems) -> None:
    book = theorem(
        question="May there be pooling between the layers?",
        answer="Average pooling, yes. Max-pooling is a nonlinear step of its own: nonnegative inputs do not tame it.",
        statement="With the mean of each window every member of the family is affine on the nonnegative orthant. With"
        " the *maximum* of each window some member is not: the larger of two nonnegative numbers is not an affine"
        " function of them.",
    )
    book.family(network("nonnegative_conv_nets"), "affine", on="nonneg").proved()
    book.family(network("nonnegative_conv_nets_with_max_pool"), "affine", on="nonneg").refuted()
    book.picture(
        book.claim("max", "affine", on="nonneg").refuted(), "The larger of two inputs: its map changes on the diagonal."
    )
    book.proof("A mean is a sum with nonnegative weights, so the theorem of the page before covers it.", "Lemma 8")
    book.proof(
        "$max(a, b) = b + relu(a - b)$: a maximum hides a ReLU behind a difference, and $a - b$ takes both signs."
    )


def test_a_nonnegative_network_is_additive_on_the_orthant_iff_f_of_0_is_0(theorem: Theorems) -> None:
    book = theorem(
        question="When is a nonnegative network not only affine but linear?",
        answer="Exactly when $f(0) = 0$: when no positive bias reaches the output.",
        statement="Let all weights and biases be nonnegative. On the nonnegative orthant"
        " $$f(x + y) = f(x) + f(y)$$ holds for all $x$ and $y$ if and only if $f(0) = 0$. It is then linear there.",
    )
    book.family(network("nets_without_bias"), "additive", on="nonneg").proved()
    book.family(network("nets_without_bias"), "linear", on="nonneg").proved()
    book.family(network("nets_with_bias"), "affine", on="nonneg").proved()
    book.family(network("nets_with_bias"), "additive", on="nonneg").refuted()
    rng = random.Random(1)
    nets = [samples.nonnegative_network(rng) for _ in range(MEMBERS)]
    counts = samples.compared(
        (additive_on_orthant(n), samples.holds(n, "additive", nonnegative(n.input_size))) for n in nets
    )
    for net in nets:
        assert additive_on_orthant(net) == evaluate(net, zeros(net.input_size)).is_zero()
    book.proof("By the first theorem of this chapter $f(x) = A x + c$ there, and $c = f(0)$.", "Lemma 8")
    book.proof("Then $f(x + y) - f(x) - f(y) = c - 2 c = -f(0)$: the same number for every $x$ and $y$.")
    book.proof("So one evaluation, at 0, decides. If it is 0, then $f(x) = A x$, which is linear.", "Lemma 3")
    book.table(
        ["$f(0)$", "random members", "additive, as the engine finds"],
        [["0", counts[True], "all of them"], ["not 0", counts[False], "none of them"]],
        f"The condition against the engine, which does not know it, on {MEMBERS} random members; every verdict of the"
        " engine was checked by the kernel.",
    )


def test_additive_iff_the_weights_are_nonnegative_is_false_both_ways(theorem: Theorems) -> None:
    book = theorem(
        question="“A network is additive for nonnegative inputs exactly if its weights are nonnegative.” True?",
        answer="False, and in both directions.",
        statement="There is a network with nonnegative weights that is not additive on the nonnegative orthant, and"
        " there"
        " is one with negative weights that is.",
    )
    biased = book.claim("thread_nonneg", "additive", on="nonneg").refuted()
    assert biased.counterexample == "f(0) = 4, but f(0) + f(0) = 4 + 4 = 8"
    book.claim(network("cancelling"), "additive", on="nonneg").proved()
    book.proof("*Nonnegative weights do not suffice.* A bias of 1 in four places: $f(0) = 4$, but $f(0) + f(0) = 8$.")
    book.proof(
        "*They are not needed.* $relu(x0 - x1) - relu(x1 - x0) = x0 - x1$ holds for all inputs, and is additive."
    )


def test_on_a_moved_orthant_it_is_affine_iff_no_unit_that_is_read_is_negative_at_the_corner(
    theorem: Theorems,
) -> None:
    book = theorem(
        question="And if the inputs may be a little negative, $x >= -c$?",
        answer="Then one point decides: the corner $x = -c$, where each unit of the first layer is smallest.",
        statement="Let all weights be nonnegative, the biases too except in the first layer, and $c >= 0$. Let $w$ be"
        " the"
        " weights and $b$ the bias of a unit of the first layer. $f$ is affine on the region $x >= -c$ if and only if"
        " every unit from which positive weights lead to the output has $w = 0$ or $$w · c <= b$$",
    )
    region = "box(-1, inf)"
    book.claim(network("moved_on"), "affine", on=region).proved()
    bent = book.claim(network("moved_bent"), "affine", on=region).refuted()
    book.claim(network("moved_unread"), "affine", on=region).proved()
    book.claim(network("moved_constant"), "affine", on=region).proved()
    book.attested(
        queries.moved_region(),
        "For one unit with two inputs the condition is necessary and sufficient, for *all* weights, biases and"
        " corners at once.",
    )
    book.picture(
        bent,
        "$relu(x0 + x1 + 1) + relu(2 x0 + 2)$ from the corner $(-1, -1)$. The first unit is off near the corner, and"
        " that makes a piece of its own.",
    )
    book.proof(
        "A unit $w · x + b$ with $w >= 0$ grows with every input. On $x >= -c$ it is smallest at the corner, where it"
        " is"
        " $b - w · c$."
    )
    book.proof(
        "If that is not negative, the unit is always on. If $w = 0$, the unit is constant. Either way ReLU does nothing"
        " that is not affine, and the later layers are those of the first theorem.",
        "Lemma 8",
    )
    book.proof(
        "Otherwise the unit is off at the corner and on far out. Then $relu(w · x + b)$ bends upwards. All other units"
        " bend upwards or not at all, and their positive weights cannot flatten the sum: $f$ is not affine."
    )
    book.proof(
        "If no positive path leads from the unit to the output, what it does is never seen. That is why the condition"
        " is about units that are read."
    )
    rng = random.Random(2)
    pairs = []
    for _ in range(MEMBERS):
        net = samples.nonnegative_network(rng, first_bias=-3)
        corner = [samples.number(rng, 0) for _ in range(net.input_size)]
        moved = box([-c for c in corner], [None] * len(corner))
        pairs.append((affine_on_moved_orthant(net, corner), samples.holds(net, "affine", moved)))
    counts = samples.compared(pairs)
    book.table(
        ["condition", "random members", "affine, as the engine finds"],
        [["holds", counts[True], "all of them"], ["fails", counts[False], "none of them"]],
        f"The condition against the engine on {MEMBERS} random members of one to three layers and random corners.",
    )


def test_a_moved_orthant_needs_neither_every_bias_large_nor_any_bias_positive(theorem: Theorems) -> None:
    book = theorem(
        question="“On $x >= -c$ a nonnegative network is affine exactly if no bias is negative.” True?",
        answer="False both ways: a bias of 0 can be too small, and a negative bias can be harmless.",
        statement="On $x >= -1$: a network with biases 1 and 2 is not affine, and one with the bias $-1$ is.",
    )
    region = "box(-1, inf)"
    bent = book.claim(network("moved_bent"), "affine", on=region).refuted()
    book.claim(network("moved_constant"), "affine", on=region).proved()
    book.proof(
        "With $w = (1, 1)$ and $c = (1, 1)$ the bias has to be at least $w · c = 2$. In the first network it is 1."
    )
    book.proof("The unit with bias $-1$ has $w = 0$. It is off everywhere, so it adds nothing anywhere.", "Lemma 1")
    assert bent.counterexample
