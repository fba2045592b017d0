"""Is a convolution followed by ReLU linear?

What people say about it, and what is true. Each page asks one popular question about one small network that can be
checked by hand, and says where the popular answer goes wrong.
"""

from __future__ import annotations

from pathlib import Path

from verify.report.files import from_here
from verify.testing import Theorems

NETWORKS = Path(__file__).parent / "networks"


def network(name: str) -> str:
    """The file of one of the networks of this book, as it is typed."""
    return from_here(NETWORKS / f"{name}.toml")


# "ReLU is not linear" - yes, but it is positively homogeneous.


def test_relu_is_neither_additive_nor_affine(theorem: Theorems) -> None:
    book = theorem(
        question="Is ReLU linear?",
        answer="No: $relu(-1) + relu(1) = 1$, but $relu(-1 + 1) = relu(0) = 0$.",
        statement="$relu : ℝ → ℝ$ is neither additive nor affine: there are $x$ and $y$ with"
        " $$relu(x + y) != relu(x) + relu(y)$$ and its graph has a kink at 0.",
    )
    additive = book.claim("relu", "additive", on="all").refuted()
    assert additive.counterexample == "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"
    affine = book.claim("relu", "affine", on="all").refuted()
    book.picture(affine, "The graph of relu. An affine function would follow the dotted chord.")
    book.proof("A linear function is additive. One pair $x, y$ with $f(x + y) != f(x) + f(y)$ is therefore enough.")
    book.proof("Take $x = -1$ and $y = 1$: ReLU cuts the $-1$ off before it can cancel the $1$.")


def test_relu_is_positively_homogeneous_but_not_homogeneous(theorem: Theorems) -> None:
    book = theorem(
        question="ReLU of twice an input is twice its ReLU. Does that make it linear?",
        answer="No: $relu(t x) = t relu(x)$ holds for $t >= 0$ only; a negative factor breaks it.",
        statement="$$relu(t x) = t relu(x), t >= 0$$ for every real $x$; for no $x != 0$ does it hold with $t = -1$.",
    )
    book.claim("relu", "positively homogeneous", on="all").proved()
    negative = book.claim("relu", "homogeneous", on="all").refuted()
    book.picture(negative, "Along each half-line from 0 the graph is straight; through 0 it is not.")
    book.proof("For $t >= 0$ the sign of $t x$ is that of $x$ (or $t x$ is 0), so ReLU takes the same branch.")
    book.proof(
        "With $t = -1$ the branches change places: of $relu(-x)$ and $-relu(x)$ one is 0 and the other is not, unless"
        " $x = 0$."
    )


def test_relu_is_neither_odd_nor_even(theorem: Theorems) -> None:
    book = theorem(
        question="Is ReLU at least symmetric?",
        answer="No: $relu(1) = 1$ and $relu(-1) = 0$ are neither opposite nor equal.",
        statement="ReLU is neither odd, $f(-x) = -f(x)$, as every linear function is, nor even, $f(-x) = f(x)$.",
    )
    odd = book.claim("relu", "odd", on="all").refuted()
    book.claim("relu", "even", on="all").refuted()
    book.picture(odd, "One point on each side of 0 refutes both symmetries.")


def test_relu_is_linear_where_its_input_is_nonnegative(theorem: Theorems) -> None:
    book = theorem(
        question="Is there a region where ReLU is linear?",
        answer="Yes: for nonnegative inputs it is the identity, $relu(x) = x$.",
        statement="On $x >= 0$, $$relu(x) = x$$ so $relu$ is linear there."
        " Linearity is a property of a function *on a region*.",
    )
    linear = book.claim("relu", "linear", on="nonneg").proved()
    book.picture(linear, "To the right of 0 there is no kink.")
    book.proof(
        "If no unit changes sides on a region, every ReLU there is either the identity or 0, both linear.", "Lemma 1"
    )


# The network of the question itself.


def test_conv_relu_with_a_negative_weight_is_not_linear_but_affine_on_a_small_box(theorem: Theorems) -> None:
    book = theorem(
        question="Is a convolution followed by ReLU linear?",
        answer="Not in general, not even for inputs in [0, 1]; but near 0 this one is affine.",
        statement="Let $f$ be the convolution with kernel (1, 2; −3, 1) and bias 1 on a 3 × 3 image, ReLU, and the"
        " sum of"
        " the four results. $f$ is not additive, and it is not affine on the box [0, 1]; on the box [0, 1/3] it is"
        " affine.",
    )
    book.claim("thread", "additive", on="all").refuted()
    bent = book.claim("thread", "affine", on="box(0, 1)").refuted()
    book.claim("thread", "affine", on="box(0, 1/3)").proved()
    book.picture(bent, "$f$ from x to y, two images in the box: an affine function would follow the dotted chord.")
    book.proof("Before ReLU each result is $1 + a + 2 b - 3 c + d$ for the four pixels $a, b, c, d$ under the kernel.")
    book.proof("On [0, 1] that becomes negative (take $c = 1$, the others 0): the unit switches off, and $f$ bends.")
    book.proof(
        "On [0, 1/3] it is at least $1 - 3 · 1/3 = 0$, so no unit ever switches off, and ReLU changes nothing.",
        "Lemma 1",
    )


# "If W, b, x are all >= 0 the network is linear" - it is affine, and additive only if f(0) = 0.


def test_nonnegative_conv_with_a_bias_is_affine_but_not_additive(theorem: Theorems) -> None:
    book = theorem(
        question="If all weights, biases and inputs are nonnegative, is the network linear?",
        answer="It is affine, $f(x) = A x + c$. It is linear only if $c = f(0) = 0$, and one positive bias can"
        " spoil that.",
        statement="For this convolution with weights ≥ 0 and one bias 1, $f$ is affine for nonnegative inputs, but"
        " $$f(x + y) != f(x) + f(y)$$ already for $x = y = 0$.",
    )
    biased = network("nonnegative_conv_bias")
    book.claim(biased, "affine", on="nonneg").proved()
    book.claim(biased, "additive", on="nonneg").refuted()
    book.proof(
        "Sums of nonnegative numbers are nonnegative: every unit is on everywhere, and ReLU is the identity.", "Lemma 8"
    )
    book.proof("The bias enters $f(x)$ and $f(y)$ once each, so it is counted twice on the right and once on the left.")


def test_nonnegative_conv_without_bias_is_linear(theorem: Theorems) -> None:
    book = theorem(
        question="And without biases?",
        answer="Then it is linear for nonnegative inputs: additive, and it commutes with every combination.",
        statement="For this convolution with weights ≥ 0 and no bias, $$f(a x + b y) = a f(x) + b f(y)$$ for all real"
        " $a$"
        " and $b$, whenever $x$, $y$ and $a x + b y$ are nonnegative.",
    )
    plain = network("nonnegative_conv")
    book.claim(plain, "additive", on="nonneg").proved()
    book.claim(plain, "superposition", on="nonneg").proved()
    book.proof("Every unit is on for nonnegative inputs, so $f(x) = A x + c$ there.", "Lemma 8")
    book.proof("Without biases $c = f(0) = 0$, and $A$ alone is linear.", "Lemma 3")


# "After the first ReLU all inputs are >= 0, so later ReLUs do nothing" - they act on W x + b, not on x.


def test_one_negative_weight_after_the_first_relu_suffices(theorem: Theorems) -> None:
    book = theorem(
        question="After the first ReLU everything is nonnegative. Do later ReLUs still matter?",
        answer="Yes: a later ReLU acts on $W h + b$, not on $h$, and one negative weight makes that negative.",
        statement="$$f(x) = relu(relu(x0) - relu(x1))$$ is not affine for nonnegative inputs.",
    )
    bent = book.claim(network("two_layers"), "affine", on="nonneg").refuted()
    book.picture(bent, "For nonnegative inputs: $f$ is $x0 - x1$ below the diagonal and 0 above it.")
    book.proof("For nonnegative inputs the first layer is the identity, so $f(x) = relu(x0 - x1)$.")
    book.proof("That has both signs: it is $x0 - x1$ where $x0 >= x1$, and 0 elsewhere.")


# "A negative weight makes it nonlinear" - neither necessary nor sufficient.


def test_no_weight_is_negative_and_yet_not_affine(theorem: Theorems) -> None:
    book = theorem(
        question="Does it take a negative weight to break linearity?",
        answer="No: a negative bias does it too, as in $relu(x - 1)$.",
        statement="$f(x) = relu(x - 1)$ has no negative weight, and it is not affine on $x >= 0$.",
    )
    bent = book.claim(network("shifted"), "affine", on="nonneg").refuted()
    book.picture(bent, "The kink is at 1, inside the region.")
    book.proof("The bias moves the kink from 0 to 1, from the edge of the region to its inside.")


def test_a_negative_weight_need_not_do_harm(theorem: Theorems) -> None:
    book = theorem(
        question="Does a negative weight make a network nonlinear?",
        answer="Not by itself: a large bias, a dead unit or an output weight 0 keeps the network affine.",
        statement="Three networks with a negative weight, each affine on its region: $relu(5 - x)$ on [0, 1];"
        " $relu(x) + relu(-x - 1)$ for $x >= 0$; $x0 + 0 · relu(x0 - x1)$ everywhere.",
    )
    kept_on = book.claim("dead", "affine", on="box(0, 1)").proved()
    book.claim(network("dead_unit"), "affine", on="nonneg").proved()
    book.claim("unused", "affine", on="all").proved()
    book.picture(kept_on, "$relu(5 - x)$ on [0, 1]: the slope is negative, but there is no kink before 5.")
    book.proof("$5 - x$ is at least 4 on [0, 1]: the unit is always on.", "Lemma 1")
    book.proof(
        "$-x - 1$ is at most $-1$ for $x >= 0$: the unit is always off, and its weight multiplies nothing.", "Lemma 1"
    )
    book.proof(
        "$relu(x0 - x1)$ does switch, but its output weight is 0. A switch matters only if the output notices.",
        "Lemma 2",
    )


# "max is nonlinear, so the composition is" - not a proof: relu(z) - relu(-z) = z.


def test_relu_of_z_minus_relu_of_minus_z_is_linear_and_odd(theorem: Theorems) -> None:
    book = theorem(
        question="ReLU is nonlinear, so is every network with a ReLU that switches?",
        answer="No: $relu(z) - relu(-z) = z$, although both units switch.",
        statement="With $z = x0 - 2 x1$, $$relu(z) - relu(-z) = z$$ so this network is linear on the whole plane.",
    )
    linear = book.claim("identity_pair", "linear", on="all").proved()
    book.claim("identity_pair", "odd", on="all").proved()
    book.picture(linear, "Both units switch on the line $x0 = 2 x1$: two cells, but one map, hence one colour.")
    book.proof("Where $z >= 0$ the difference is $z - 0$; where $z <= 0$ it is $0 - (-z)$. Both are $z$.")
    book.proof(
        "So “a nonlinear part makes the whole nonlinear” is no proof. Only a counterexample is one, or a change of"
        " the map"
        " that the output notices."
    )


def test_zero_biases_make_a_conv_net_positively_homogeneous(theorem: Theorems) -> None:
    book = theorem(
        question="What is left of linearity if only the biases are zero?",
        answer="Scaling: $f(t x) = t f(x)$ for every $t >= 0$, whatever the signs of the weights.",
        statement="Two convolutions with ReLU, weights of both signs and no biases: $$f(t x) = t f(x), t >= 0$$ for"
        " every"
        " input.",
    )
    book.claim("zero_bias", "positively homogeneous", on="all").proved()
    book.proof(
        "ReLU commutes with factors $t >= 0$, and so do convolutions without bias. A chain of such layers does too.",
        "Lemma 8",
    )
    book.proof("This holds for every network without biases, of any size: the rule looks at biases only.")


# Claims about nothing are flagged.


def test_additivity_on_a_segment_off_the_origin_is_vacuous(theorem: Theorems) -> None:
    book = theorem(
        question="Can a statement about sums be true because there are no sums?",
        answer="Yes, and this book flags it as *vacuous*: on a segment that misses 0, no $x + y$ stays inside.",
        statement="On the segment from (1, 0) to (0, 1), $max(x0, x1)$ is additive, for no two points of the segment"
        " have their sum on it.",
    )
    book.claim("max", "additive", on="segment([1, 0], [0, 1])").proved(vacuous=True)
    book.proof("Every point of the segment has $x0 + x1 = 1$; the sum of two of them has $x0 + x1 = 2$.")
