"""Is a negative number to blame?

The second question is often put like this: is it a negative weight, bias or input, in every equation, that makes a
network nonlinear? For nonnegative inputs a negative number somewhere is *necessary*. It is not *sufficient*. This
chapter says what exactly decides.

A unit *switches* on a region if its argument, the number that goes into its ReLU, is positive at some point of the
region and negative at another. A unit whose argument is nowhere positive is *dead* there.
"""

from __future__ import annotations

import random
from fractions import Fraction

from properties import queries, samples
from properties.test_01_conv_relu import network
from verify.family.conditions import bending_units, one_layer_is_affine
from verify.family.smallest import smallest_with_one_negative_weight
from verify.formats.files import load
from verify.network import Network
from verify.region import box, nonnegative
from verify.testing import Theorems

MEMBERS = 80
SMALLEST = """\
from verify.family.smallest import smallest_with_one_negative_weight
found = smallest_with_one_negative_weight(biases={biases})
print(found.weights, found.biases, found.outputs, len(found.smaller))"""


def test_not_affine_on_the_orthant_implies_a_negative_weight_or_bias(theorem: Theorems) -> None:
    book = theorem(
        question="A conv + ReLU network is not affine for nonnegative inputs. Must something in it be negative?",
        answer="Yes: some weight *or some bias* of a layer before a ReLU. A bias alone can do it.",
        statement="If $f$ is not affine on the nonnegative orthant, then some weight or bias of a layer that a ReLU"
        " follows is negative. Neither half of “weight or bias” can be left out.",
    )
    book.family(network("nets_with_bias"), "affine", on="nonneg").proved()
    book.family(network("nets_with_any_bias"), "affine", on="nonneg").refuted()
    book.family(network("nets_with_any_weight"), "affine", on="nonneg").refuted()
    by_bias = book.claim(network("shifted"), "affine", on="nonneg").refuted()
    book.picture(by_bias, "$relu(x - 1)$: no weight is negative, the bias is. The kink is inside the region.")
    book.proof(
        "This is the first theorem of the chapter before, read backwards: if nothing is negative, $f$ is affine.",
        "Lemma 8",
    )
    book.proof("*Weights alone are not enough to look at:* with weights ≥ 0 and free biases some member is not affine.")
    book.proof("*Nor are biases alone:* with biases ≥ 0 and free weights some member is not affine.")


def test_a_negative_number_need_not_break_anything(theorem: Theorems) -> None:
    book = theorem(
        question="And the other way round: does a negative weight make the network nonlinear?",
        answer="No: the unit may be dead, or another unit may cancel it.",
        statement="Two networks with negative weights that are affine on the nonnegative orthant:"
        " $$f(x) = relu(x) + relu(-x - 1)$$ where the second unit is dead, and"
        " $$f(x) = relu(x0 - x1) - relu(x1 - x0)$$ where both units switch and the output is $x0 - x1$.",
    )
    book.claim(network("dead_unit"), "affine", on="nonneg").proved()
    cancels = book.claim(network("cancelling"), "affine", on="nonneg").proved()
    book.family(network("units_off"), "constant", on="nonneg").proved()
    book.picture(cancels, "Both units switch on the diagonal, and yet there is one map, hence one colour.")
    book.proof("$-x - 1$ is negative for every $x >= 0$. The unit gives 0 wherever we look.", "Lemma 1")
    book.proof("Indeed a unit without a positive number in it, $w <= 0$ and $b <= 0$, is 0 on the whole orthant.")
    book.proof("$relu(z) - relu(-z) = z$, whatever $z$ is: where one unit goes off, the other takes over.", "Lemma 6")


def test_a_large_bias_helps_on_a_bounded_box_but_never_on_the_orthant(theorem: Theorems) -> None:
    book = theorem(
        question="Does a large bias make a negative weight harmless?",
        answer="On a bounded box, yes. On the whole orthant never: a negative weight wins far out.",
        statement="$relu(5 - x)$ is affine on [0, 1], and not on $x >= 0$. In general, for every $w < 0$, $relu(w x +"
        " b)$"
        " is not affine on $x >= 0$ for any $b > 0$, and is 0 there for every $b <= 0$.",
    )
    book.claim("dead", "affine", on="box(0, 1)").proved()
    far = book.claim("dead", "affine", on="nonneg").refuted()
    book.attested(queries.negative_weight_on_the_half_line(), "The general statement, for all $w < 0$ and all $b$.")
    book.picture(
        far, "$relu(5 - x)$ for $x >= 0$: the bias only moves the kink to 5. It cannot move it out of the region."
    )
    book.proof("On [0, 1] the argument $5 - x$ is at least 4: the unit is on.", "Lemma 1")
    book.proof("For $x > 5$ it is negative. A positive bias $b$ puts the kink at $x = -b/w$, which is positive.")


def test_one_conv_relu_layer_is_affine_on_a_box_iff_no_argument_takes_both_signs(theorem: Theorems) -> None:
    book = theorem(
        question="What exactly decides for one convolution followed by ReLU?",
        answer="The smallest and the largest value of each unit's argument on the box: both signs, or not.",
        statement="Let the inputs range over a box, coordinate $j$ from $l$ to $u$ (each $j$ has its own). For a unit"
        " with weights $w$ and bias $b$ add up $w l$ for the positive weights, $w u$ for the negative ones, and $b$:"
        " that is the *least* value of its argument. The other way round gives the *greatest*. The layer"
        " $relu(W x + b)$ is affine on the box if and only if for each unit the least value is ≥ 0 or the greatest is"
        " ≤ 0. The same holds for $f$ if an affine layer with positive weights reads every unit.",
    )
    third = book.claim("thread", "affine", on="box(0, 1/3)").proved()
    more = book.claim("thread", "affine", on="box(0, 0.34)").refuted()
    assert third.result.network.name == more.result.network.name
    book.claim("dead", "affine", on="box(0, 5)").proved()
    over = book.claim("dead", "affine", on="box(0, 6)").refuted()
    book.attested(
        queries.one_unit_on_an_interval(),
        "The condition for one unit on an interval, for all weights, biases and ends.",
    )
    book.picture(over, "$relu(5 - x)$ on [0, 6]: the least value of $5 - x$ is $-1$, the greatest is 5.")
    book.proof(
        "A sum $w · x + b$ over a box is least where each coordinate is as small as it may be if its weight is"
        " positive,"
        " and as large as it may be if its weight is negative. No solver is needed."
    )
    book.proof("If the least value is ≥ 0 or the greatest is ≤ 0, ReLU is the identity or 0: affine.", "Lemma 1")
    book.proof(
        "If not, the argument is positive here and negative there. On the segment between, $relu$ bends upwards; sums"
        " of"
        " upward bends with positive weights bend upwards too."
    )
    book.proof(
        "For the network of the question, kernel (1, 2; −3, 1) and bias 1, the least value on $[0, u]$ is $1 - 3 u$:"
        " not"
        " negative exactly for $u <= 1/3$."
    )
    rng = random.Random(3)
    pairs = []
    for _ in range(MEMBERS):
        net = samples.convolution(rng)
        region = box([0] * net.input_size, [Fraction(rng.randint(1, 4), 2)] * net.input_size)
        condition = one_layer_is_affine(net, region)
        if len(net.blocks) == 1:
            assert condition == (bending_units(net, region) == [])
        pairs.append((condition, samples.holds(net, "affine", region)))
    counts = samples.compared(pairs)
    book.table(
        ["condition", "random convolutions", "affine, as the engine finds"],
        [["holds", counts[True], "all of them"], ["fails", counts[False], "none of them"]],
        f"{MEMBERS} random convolutions on boxes [0, h], with output layers of any signs: for those, the condition of"
        f" the"
        " next page.",
    )


def test_with_an_output_layer_of_any_signs_only_the_sum_over_each_hyperplane_counts(theorem: Theorems) -> None:
    book = theorem(
        question="And what decides for a ReLU layer that is read with weights of both signs?",
        answer="Then units may cancel: on every kink the weighted slopes of the units that bend there must add up to"
        " 0.",
        statement="Let $f$ be one ReLU layer and an output layer with weights $v$. Group the units that take both"
        " signs on"
        " the box by the place where their argument is 0: units $s h$ of one group are multiples of one function $h$."
        " $f$ is affine on the box if and only if for every group and every output the sum of $v$ times the absolute"
        " value of $s$ is 0.",
    )
    book.claim(network("cancelling"), "affine", on="all").proved()
    book.claim(network("cancelling_scaled"), "affine", on="all").proved()
    badly = book.claim(network("cancelling_badly"), "affine", on="nonneg").refuted()
    book.picture(badly, "$2 relu(x0 - x1) - 2 relu(2 x1 - 2 x0)$: on the diagonal $2 · 1 - 2 · 2$ is not 0.")
    book.proof(
        "$relu(s h) = s relu(h)$ for $s > 0$. For $s < 0$ it is $-s (relu(h) - h)$, since $relu(-h) = relu(h) - h$."
    )
    book.proof(
        "So the units of a group add up to an affine function and $k relu(h)$, where $k$ is the sum in question."
    )
    book.proof(
        "If some $k$ is not 0, take a point of that kink that lies on no other one. There the slope of $f$ changes by"
        " $k$"
        " times that of $h$, and nothing can hide it."
    )
    rng = random.Random(4)
    pairs = []
    for _ in range(MEMBERS):
        net = samples.one_hidden_layer(rng)
        region = samples.random_box(rng, net.input_size)
        pairs.append((one_layer_is_affine(net, region), samples.holds(net, "affine", region)))
    counts = samples.compared(pairs)
    book.table(
        ["condition", "random networks", "affine, as the engine finds"],
        [["holds", counts[True], "all of them"], ["fails", counts[False], "none of them"]],
        f"{MEMBERS} random networks in which units are multiples of one another, on random boxes.",
    )


def test_affine_exactly_if_no_unit_switches_is_false_for_networks(theorem: Theorems) -> None:
    book = theorem(
        question="“A network is affine exactly if none of its units switches.” True?",
        answer="Half of it: no switch, then affine. But a network with switching units can be affine too.",
        statement="In $$relu(x0 - x1) - relu(x1 - x0) = x0 - x1$$ both units switch, and it is linear everywhere.",
    )
    book.claim("relu", "affine", on="nonneg").proved()
    book.claim(network("cancelling"), "linear", on="all").proved()
    book.proof("No switch means one map for the whole region.", "Lemma 1")
    book.proof("A switch matters only if the output's map changes with it. Here the two changes cancel.", "Lemma 2")


def test_one_negative_weight_in_one_channel_is_enough(theorem: Theorems) -> None:
    book = theorem(
        question="Must there be a negative number “in every equation”?",
        answer="No: one negative weight in one channel is enough.",
        statement="A convolution with three channels and twelve weights, eleven of them nonnegative, biases ≥ 0, read"
        " with"
        " nonnegative weights: it is not affine on the nonnegative orthant. With 0 in place of the one negative weight"
        " it is.",
    )
    book.claim(network("one_zero_weight"), "affine", on="nonneg").proved()
    bent = book.claim(network("one_negative_weight"), "affine", on="nonneg").refuted()
    book.family(network("nets_with_one_free_number"), "affine", on="nonneg").refuted()
    book.picture(bent, "Along one segment of images: the single kink comes from the one negative weight.")
    book.proof("The two channels without a negative weight are affine, and stay so.", "Lemma 8")
    book.proof(
        "In the third channel the argument takes both signs, so it bends upwards, and an affine function plus an upward"
        " bend is not affine."
    )


def _stated(net: Network) -> tuple[str, str]:
    """The network as a formula, and its size."""
    row, bias = net.blocks[0].inputs[0][1].fractions(), net.blocks[0].bias[0]
    out = net.blocks[1].inputs[0][1].fractions()[0]
    names = ["x"] if net.input_size == 1 else [f"x{j}" for j in range(len(row))]
    terms = [
        f"{'-' if w < 0 else '+'} {'' if abs(w) == 1 else f'{abs(w)} '}{x}" for w, x in zip(row, names, strict=True)
    ]
    if bias:
        terms.append(f"+ {bias}")
    text = " ".join(terms).removeprefix("+ ")
    text = f"-{text[2:]}" if text.startswith("- ") else text
    total = sum(abs(w) for w in row) + bias + out
    return f"${'' if out == 1 else f'{out} '}relu({text})$", str(total)


def test_the_smallest_network_that_one_negative_weight_breaks_is_relu_of_1_minus_x(theorem: Theorems) -> None:
    book = theorem(
        question="What is the smallest network that one negative weight breaks?",
        answer="$relu(1 - x)$; without biases it is $relu(x1 - x0)$.",
        statement="Among networks with one hidden layer and integers ≥ 0, but for one negative weight: no network"
        " without a"
        " ReLU, and none with one ReLU whose integers add up to less than 3 in size, fails to be affine on the"
        " nonnegative orthant. $relu(1 - x)$ does, with sum 3. Without biases the smallest is $relu(x1 - x0)$.",
    )
    book.family(network("no_relu"), "affine", on="all").proved()
    rows = []
    for biases in (True, False):
        found = smallest_with_one_negative_weight(biases=biases)
        for net in found.smaller:
            assert samples.holds(net, "affine", nonnegative(net.input_size))
            rows.append([*_stated(net), "yes" if biases else "no", "affine: the unit is dead"])
        file = network("one_minus_x" if biases else "x1_minus_x0")
        assert [list(m.fractions()) for b in load(file).blocks for _, m in b.inputs] == [
            [w for row in found.weights for w in row],
            list(found.outputs),
        ]
        shown = book.claim(file, "affine", on="nonneg").refuted()
        rows.append([*_stated(found.network), "yes" if biases else "no", "*not affine*"])
        assert (found.weights, found.biases) == ((((-1,),), (1,)) if biases else (((-1, 1),), (0,)))
        book.picture(
            shown,
            "$relu(1 - x)$ for $x >= 0$."
            if biases
            else "$relu(x1 - x0)$ for nonnegative inputs: two cells, two maps, with the diagonal between them.",
        )
    book.table(
        ["network", "sum of sizes", "biases allowed", "on the orthant"],
        rows,
        "Every network that the search meets, in the order of its search: by the sum of the sizes of all integers. The"
        " kernel has checked each verdict.",
    )
    book.proof("Without a ReLU there is nothing but affine layers.")
    book.proof(
        "With one unit, size is the sum of the absolute values of all integers, weights, bias and output weight. The"
        " search lists them all, smallest first, and an exact procedure decides each."
    )
    book.proof(
        "Below the smallest one every unit has $w <= 0$ and bias 0: it is dead. The engine and the kernel agree on"
        " each."
    )
    book.try_it(
        "verify check properties/networks/one_minus_x.toml affine --on nonneg\n"
        "verify check properties/networks/x1_minus_x0.toml affine --on nonneg",
        "\n".join([SMALLEST.format(biases=True), SMALLEST.format(biases=False).partition("\n")[2]]),
    )


def test_the_smallest_broken_network_has_one_unit_and_not_two(theorem: Theorems) -> None:
    book = theorem(
        question="“It takes two units that disagree to break linearity.” True?",
        answer="False: one unit is enough, and even one input.",
        statement="$relu(5 - x)$ and $relu(x - 1)$ are networks with one unit, and neither is affine on $x >= 0$.",
    )
    for name in ("dead", network("shifted")):
        assert load(name).relu_count == 1
        book.claim(name, "affine", on="nonneg").refuted()
    book.proof("The only number of units with which nothing can break is none.")
