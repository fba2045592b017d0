"""Scaling and adding

A linear function passes two tests: $f(t x) = t f(x)$ and $f(x + y) = f(x) + f(y)$. ReLU networks fail them in different
ways, and often they keep half of a test. This chapter sorts the halves.

$f$ is *positively homogeneous* if $f(t x) = t f(x)$ for $t >= 0$, and *homogeneous* if that holds for negative $t$ too.
It is *odd* if $f(-x) = -f(x)$. It is *convex* if its graph never rises above its chords, *subadditive* if
$f(x + y) <= f(x) + f(y)$, and *superadditive* if the sign is turned round.
"""

from __future__ import annotations

from fractions import Fraction

import verify
from properties import queries
from properties.graphs import graphs
from properties.test_01_conv_relu import network
from verify.testing import Theorems


def test_without_biases_every_network_is_positively_homogeneous(theorem: Theorems) -> None:
    book = theorem(
        question="What do networks without biases keep, whatever their weights?",
        answer="Scaling by numbers that are not negative: twice the image, twice the output.",
        statement="If no layer has a bias, then for *any* weights, negative ones included,"
        " $$f(t x) = t f(x), t >= 0$$ for every $x$. Leaky ReLU of any slope, max-pooling and zero padding may take"
        " part.",
    )
    book.family(network("bias_free_nets"), "positively homogeneous", on="all").proved()
    book.family(network("any_weights"), "positively homogeneous", on="all").refuted()
    book.proof("A convolution or dense layer without bias commutes with every factor: $W (t x) = t W x$.")
    book.proof(
        "ReLU, leaky ReLU and maximum commute with factors $t >= 0$: such a factor changes no sign and no order. Zero"
        " padding scales too, since $t · 0 = 0$.",
        "Lemma 8",
    )
    book.proof("With a bias it fails at once: if the output's bias is 1, then $f(0) = 1$, but $0 · f(0) = 0$.")


def test_a_positively_homogeneous_network_is_homogeneous_iff_it_is_odd(theorem: Theorems) -> None:
    book = theorem(
        question="Do networks without biases keep scaling by negative numbers too?",
        answer="That works exactly for odd networks, and an odd network need not be linear.",
        statement="Let $f(t x) = t f(x)$ for all $t >= 0$. Then it holds for all real $t$ if and only if"
        " $f(-x) = -f(x)$ for all $x$. ReLU is not odd. With $g(x) = relu(x0 - relu(x1))$ the network"
        " $$f(x) = g(x) - g(-x)$$ is odd, so it passes the scaling test for every real $t$; and yet it is not"
        " additive.",
    )
    book.family(network("bias_free_nets"), "homogeneous", on="all").refuted()
    relu = book.claim("relu", "homogeneous", on="all").refuted()
    assert relu.counterexample == "f(-1) = 0, but -f(1) = -1"
    odd = network("odd_not_linear")
    book.claim(odd, "odd", on="all").proved()
    book.claim(odd, "homogeneous", on="all").proved()
    bent = book.claim(odd, "additive", on="all").refuted()
    book.picture(bent, "The odd network: each map comes back, turned by half a turn, on the other side of 0.")
    book.proof("Take $t = -1$: homogeneous implies odd.")
    book.proof("If $f$ is odd and $t < 0$, then $f(t x) = -f(-t x) = t f(x)$, since $-t > 0$.", "Lemma 4")
    book.proof(
        "In the network, $-x$ exchanges $g(x)$ and $g(-x)$, so the sign of the difference turns round: it is odd."
    )
    book.proof("It is not additive: at (1, 1) and (0, −1) it is 0, at their sum (1, 0) it is 1.")


def test_the_linear_combination_argument_decides_for_nonnegative_numbers_only(theorem: Theorems) -> None:
    book = theorem(
        question="Comparing the layer at a linear combination with the same combination of its values: what does that"
        " show?",
        answer="If nothing is negative, the two are equal exactly when $(s + t - 1) b = 0$. Otherwise it shows nothing"
        " until numbers are put in.",
        statement="Let $W, b, x, y, s, t >= 0$. Then $$relu(W (s x + t y) + b) = s relu(W x + b) + t relu(W y + b)$$"
        " if and"
        " only if $(s + t - 1) b = 0$. So the layer passes every linear combination if and only if $b = 0$, and every"
        " average, $s + t = 1$, for all $b$: it is linear, or else affine.",
    )
    book.attested(queries.linear_combination(), "The statement for one unit and all nonnegative numbers at once.")
    book.family(network("layers_without_bias"), "superposition", on="nonneg").proved()
    book.family(network("layers_with_bias"), "superposition", on="nonneg").refuted()
    book.family(network("layers_with_bias"), "affine", on="nonneg").proved()
    book.family(network("layers_of_any_sign"), "affine", on="nonneg").refuted()
    book.claim(network("cancelling"), "superposition", on="all").proved()
    book.proof("If nothing is negative, each ReLU can be left out.", "Lemma 8")
    book.proof("Left stands $s W x + t W y + b$, right $s W x + t W y + (s + t) b$. The difference is $(s + t - 1) b$.")
    book.proof(
        "*What it shows:* a nonnegative layer is affine, and linear only without bias. That is the popular claim, and"
        " its"
        " correction."
    )
    book.proof(
        "*What it does not show:* that two sides that look different are different. With negative numbers the ReLU"
        " stay in"
        " the formula. Then one has to find $x$ and $y$ where the *values* differ, as the machine does here."
    )
    book.proof(
        "*Nor does it reach beyond one layer:* in $relu(x0 - x1) - relu(x1 - x0)$ no unit passes the test, and the"
        " whole"
        " passes it."
    )


def test_a_network_is_convex_if_all_weights_after_the_first_layer_are_nonnegative(theorem: Theorems) -> None:
    book = theorem(
        question="Which networks bend upwards only?",
        answer="Those whose weights after the first layer are nonnegative, whatever the first layer and the biases"
        " are.",
        statement="If every weight after the first layer is nonnegative, the output layer's included, then every output"
        " is convex: $$f((1-e) x + e y) <= (1-e) f(x) + e f(y), 0 <= e <= 1$$ If weights of the first layer are"
        " nonnegative as well, $f$ also never falls when an input grows.",
    )
    book.family(network("later_weights_nonnegative"), "convex", on="all").proved()
    book.family(network("all_weights_nonnegative"), "nondecreasing in 0", on="all").proved()
    book.family(network("later_weights_nonnegative"), "nondecreasing in 0", on="all").refuted()
    book.family(network("any_weights"), "convex", on="all").refuted()
    up = book.claim(network("valley"), "convex", on="all").proved()
    down = book.claim(network("dome"), "convex", on="all").refuted()
    book.picture(up, "$relu(x - 1) + relu(-x - 1)$: only upward bends.")
    book.picture(down, "$-relu(x) - relu(-x)$: a negative output weight turns the bend round.")
    book.proof("An affine function is convex. The larger of two convex functions is convex, so ReLU keeps convexity.")
    book.proof("Sums with nonnegative weights keep it too, and so does adding any bias.", "Lemma 8")
    book.proof("One negative weight after a ReLU turns a bend downwards; the machine names the smallest such member.")


def test_without_biases_convex_networks_are_subadditive_and_not_superadditive(theorem: Theorems) -> None:
    book = theorem(
        question="If $f(x + y) = f(x) + f(y)$ fails, does at least an inequality hold?",
        answer="Often: without biases and with nonnegative weights after the first layer, $f(x + y)$ is never the"
        " larger.",
        statement="If no layer has a bias and every weight after the first layer is nonnegative, then for all $x$, $y$"
        " $$f(x + y) <= f(x) + f(y)$$ The reverse inequality fails for ReLU itself. With biases, or with negative"
        " weights"
        " after the first layer, both may fail.",
    )
    plain = network("later_weights_nonnegative_no_bias")
    book.family(plain, "subadditive", on="all").proved()
    book.family(plain, "superadditive", on="all").refuted()
    book.family(network("any_weights_no_bias"), "subadditive", on="all").refuted()
    sub = book.claim("relu", "superadditive", on="all").refuted()
    assert sub.counterexample == "f(0) = 0 and f(1) + f(-1) = 1 + 0 = 1, but 0 < 1"
    book.claim(network("valley"), "subadditive", on="all").refuted()
    book.claim(network("valley"), "superadditive", on="all").refuted()
    book.proof("Such an $f$ is convex and positively homogeneous, by the theorems before.", "Lemma 8")
    book.proof("Twice the midpoint: $f(x + y) = 2 f((x + y)/2)$, and convexity puts that below $f(x) + f(y)$.")
    book.proof("With a bias the first step fails: $relu(x - 1)$ at 2 is 1, but at 1 and 1 it is 0 and 0.")
    book.claim(network("shifted"), "subadditive", on="all").refuted()


def test_the_lipschitz_constant_is_at_most_the_product_of_the_layers_norms_and_may_be_less(theorem: Theorems) -> None:
    book = theorem(
        question="How fast can the output of a ReLU network change?",
        answer="At most by a constant factor, the steepest of its finitely many slopes; the product of the layers'"
        " norms"
        " can be larger.",
        statement="Let $||x - y||_inf$ be the largest difference of a coordinate. A ReLU network satisfies"
        " $$|f(x) - f(y)| <= K ||x - y||_inf$$ where $K$ is the largest sum of absolute slopes of any piece, and no"
        " smaller $K$ will do. The *norm* of a layer is the largest sum of absolute weights in a row. For"
        " $relu(x) + relu(-x)$ the norms are 1 and 2, their product is 2, but $K = 1$. For the network of the question"
        " on [0, 1] they are 7 and 4, their product is 28, but $K = 18$.",
    )
    both = network("both_sides")
    book.claim(both, "lipschitz 1 in linf", on="all").proved()
    steep = book.claim(both, "lipschitz 9/10 in linf", on="all").refuted()
    book.claim("relu", "lipschitz 1 in linf", on="all").proved()
    book.claim("thread", "lipschitz 18 in linf", on="box(0, 1)").proved()
    book.claim("thread", "lipschitz 17 in linf", on="box(0, 1)").refuted()
    found = verify.lipschitz("thread", "box(0, 1)")
    assert found.exact and found.lower == Fraction(18)
    book.picture(steep, "$relu(x) + relu(-x)$: both units are never on together, so their slopes never add up.")
    book.proof(
        "On a piece $f(x) = A x + c$, and $A (x - y)$ is at most the sum of the absolute slopes times $||x - y||_inf$."
    )
    book.proof("A segment from $x$ to $y$ passes through finitely many pieces; the changes along it add up.")
    book.proof("Inside the steepest piece the bound is reached: go along the signs of its slopes.")


def test_convexity_is_not_free(theorem: Theorems) -> None:
    book = theorem(
        question="“ReLU is convex, so every ReLU network is.” True?",
        answer="False: a negative weight after a ReLU bends downwards. Nor does convexity make a network subadditive.",
        statement="$-relu(x) - relu(-x)$ is not convex, and the convex $relu(x - 1) + relu(-x - 1)$ is not"
        " subadditive.",
    )
    book.claim("relu", "convex", on="all").proved()
    book.claim(network("dome"), "convex", on="all").refuted()
    book.claim(network("valley"), "convex", on="all").proved()
    above = book.claim(network("valley"), "subadditive", on="all").refuted()
    nets = {"convex": verify.load(network("valley")), "not convex": verify.load(network("dome"))}
    book.figure(
        graphs("A convex network and one that is not", nets, -3, 3),
        "The chord from $x$ to $y$ lies above the solid graph for any two points, and below the dashed one for $-1$"
        " and 1.",
    )
    book.proof("A sum of convex functions with weights ≥ 0 is convex. With a weight $-1$ it is concave.")
    book.proof("Subadditive needs more than convex: scaling, which a bias destroys.", "Lemma 8")
    assert above.counterexample
