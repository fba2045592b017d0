"""Other activations

ReLU is not the only function that networks use between their layers. *Leaky ReLU* has a small slope below 0, and in
*PReLU* that slope is learnt. *ReLU6* and *hard tanh* are cut off on both sides. *ELU*, *SELU* and *CELU* have an
exponential below 0. *Softplus*, *sigmoid*, *tanh*, *GELU* and *SiLU* are smooth: there is no kink to be found anywhere.

Values such as $e^x$ are hardly ever rational. Where the machine says that two sides of a formula differ, it has
computed an interval around each and found the intervals apart. It never compares rounded numbers.
"""

from __future__ import annotations

import pytest

import verify
from properties import queries
from properties.graphs import graphs
from properties.test_01_conv_relu import network
from verify.report.names import readable_name
from verify.testing import Book, Theorems

NAMES = {
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU, slope 1/10",
    "relu6": "ReLU6",
    "hard_tanh": "hard tanh",
    "abs": "$|x|$",
    "elu": "ELU",
    "selu": "SELU",
    "celu": "CELU, alpha 2",
    "softplus": "softplus",
    "sigmoid": "sigmoid",
    "tanh": "tanh",
    "gelu": "GELU",
    "silu": "SiLU",
}
COLUMNS = {
    "additive": ("additive", "all"),
    "positively homogeneous": ("positively homogeneous", "all"),
    "odd": ("odd", "all"),
    "convex": ("convex", "all"),
    "affine on $x >= 0$": ("affine", "nonneg"),
    "affine on $x <= 0$": ("affine", "nonpos"),
}
# What the table must say: + proved, - refuted.
EXPECTED = {
    "relu": "-+-+++",
    "leaky_relu": "-+-+++",
    "relu6": "-----+",
    "hard_tanh": "--+---",
    "abs": "-+-+++",
    "elu": "---++-",
    "selu": "----+-",
    "celu": "---++-",
    "softplus": "---+--",
    "sigmoid": "------",
    "tanh": "--+---",
    "gelu": "------",
    "silu": "------",
}
PRELU = "test_prelu_is_linear_iff_its_slope_is_1_and_convex_iff_it_is_at_most_1"


def activation(name: str) -> str:
    return network(f"activations/{name}")


def decided(book: Book, name: str, property: str, on: str, expected: str) -> str:
    """One claim with the verdict that is expected, as a word that links to its page."""
    found = book.claim(activation(name), property, on=on)
    if expected == "+":
        found.proved()
    else:
        found.refuted()
    assert found.record is not None
    return f"[{'yes' if expected == '+' else 'no'}]({found.record.stem}.html)"


def test_activations_are_lines_and_curves_joined_at_known_places(theorem: Theorems) -> None:
    book = theorem(
        question="What do the activations look like?",
        answer="Some are made of lines, some of a line and a curve, and some are curved everywhere.",
        statement="ReLU6 is affine on each of $x <= 0$, [0, 6] and $x >= 6$, and ELU on $x >= 0$. ELU is not affine"
        " on any"
        " interval below 0, such as $[-1/1000, 0]$, and softplus is not affine even on [100, 101], where it differs"
        " from"
        " $x$ by less than 10 to the power −43.",
    )
    groups: list[tuple[str, tuple[str, ...], int, int, list[tuple[str, int, int]]]] = [
        ("Lines only, one kink", ("relu", "leaky_relu", "abs"), -3, 3, [("kink", 0, 0)]),
        (
            "Lines only, two kinks",
            ("relu6", "hard_tanh"),
            -3,
            8,
            [("0", 0, 0), ("6", 6, 6), ("1", 1, 1), ("−1", -1, -1)],
        ),
        ("A curve and a line", ("elu", "selu", "celu"), -4, 2, [("branch at 0", 0, 0)]),
        ("Curves without a straight piece", ("softplus", "sigmoid", "tanh"), -4, 4, []),
        ("Curves that dip below 0", ("gelu", "silu"), -5, 3, []),
    ]
    captions = (
        "The slope jumps at 0, and nowhere else.",
        "ReLU6 has kinks at 0 and 6, hard tanh at −1 and 1.",
        "To the right of 0 a line; to the left an exponential that tends to a constant. ELU and CELU join without a"
        " kink;"
        " SELU has one at 0.",
        "Softplus tends to 0 on the left and to $x$ on the right. It reaches neither.",
        "GELU and SiLU fall a little before they rise.",
    )
    for (title, names, low, high, marks), caption in zip(groups, captions, strict=True):
        nets = {NAMES[n].partition(",")[0].replace("$", ""): verify.load(activation(n)) for n in names}
        book.figure(graphs(title, nets, low, high, marks), caption)
    for on in ("nonpos", "box(0, 6)", "box(6, inf)"):
        book.claim(activation("relu6"), "affine", on=on).proved()
    book.claim(activation("elu"), "affine", on="nonneg").proved()
    book.claim(activation("elu"), "affine", on="box(-1/1000, 0)").refuted()
    book.claim(activation("softplus"), "affine", on="box(100, 101)").refuted()
    book.proof("On a line between kinks there is one slope: affine.", "Lemma 1")
    book.proof("An exponential is curved on every interval, however short; so is softplus, however far out.")


def test_table_of_activations_and_properties(theorem: Theorems, request: pytest.FixtureRequest) -> None:
    book = theorem(
        question="Which activations are additive, homogeneous, odd, convex, or affine on half of the line?",
        answer="None is additive; only those with straight halves scale; only hard tanh and tanh are odd.",
        statement="Each cell of the table below is a theorem. “Yes” was proved for all real inputs, “no” refuted by"
        " numbers"
        " that are shown.",
    )
    rows = []
    for name, label in NAMES.items():
        verdicts = zip(COLUMNS.values(), EXPECTED[name], strict=True)
        rows.append([label, *(decided(book, name, property, on, sign) for (property, on), sign in verdicts)])
    for _, (property, on) in COLUMNS.items():
        family = book.family(network("prelu_any_slope"), property, on=on)
        if property in ("additive", "odd", "convex"):
            family.refuted()
        else:
            family.proved()
    file = request.node.nodeid.rpartition("::")[0]
    page = f"theorem-{readable_name(PRELU.removeprefix('test_'), f'{file}::{PRELU}')}.html"
    answers = ("slope 1 only", "yes", "slope 1 only", "slope ≤ 1", "yes", "yes")
    rows.insert(2, ["PReLU, any slope", *(f"[{answer}]({page})" for answer in answers)])
    book.table(
        ["activation", *COLUMNS],
        rows,
        "Every word leads to the page of its claim, where the proof or the counterexample stands. All claims are"
        " checked by"
        " the kernel. On half of the line, “affine” means: on all of that half.",
    )
    book.proof("*Additive* functions that are continuous are linear, so no curve and no kink survives.", "Lemma 3")
    book.proof(
        "*Positively homogeneous*: each half of the graph is a straight line from 0. A cut at 6 or an exponential"
        " does not"
        " scale."
    )
    book.proof("*Odd*: the graph turned by half a turn about 0 is the same graph.")
    book.proof(
        "*Convex*: the slope never falls. SELU's slope does, at 0: it is about 1.76 just below and about 1.05 above."
        " GELU and SiLU dip, and their slope exceeds 1 before it returns to 1."
    )


def test_prelu_is_linear_iff_its_slope_is_1_and_convex_iff_it_is_at_most_1(theorem: Theorems) -> None:
    book = theorem(
        question="PReLU learns its slope. For which slopes is it linear?",
        answer="For slope 1 only, where it does nothing.",
        statement="Let $f(x) = x$ for $x >= 0$ and $f(x) = s x$ for $x < 0$. $f$ is linear if and only if $s = 1$. It"
        " is"
        " convex if and only if $s <= 1$, concave if and only if $s >= 1$, and positively homogeneous for every $s$.",
    )
    book.family(network("prelu_slope_1"), "linear", on="all").proved()
    book.family(network("prelu_any_slope"), "linear", on="all").refuted()
    book.attested(
        queries.prelu_slope(),
        "For every slope other than 1: $f(1) + f(-1)$ is not $f(0)$, and $f(-1)$ is not $-f(1)$; and for slopes above 1"
        " the midpoint of $-1$ and 1 lies above the chord.",
    )
    book.family(network("prelu_slope_nonnegative"), "linear", on="all").refuted()
    book.family(network("prelu_slope_at_most_1"), "convex", on="all").proved()
    book.family(network("prelu_slope_at_least_1"), "convex", on="all").refuted()
    book.family(network("prelu_slope_at_least_1"), "concave", on="all").proved()
    book.family(network("prelu_any_slope"), "positively homogeneous", on="all").proved()
    book.family(network("prelu_slope_1"), "odd", on="all").proved()
    book.family(network("prelu_any_slope"), "odd", on="all").refuted()
    for half in ("nonneg", "nonpos"):
        book.family(network("prelu_any_slope"), "affine", on=half).proved()
    nets = {"s = 0": "relu", "s = 1/2": "flat", "s = 1": "prelu_slope_1", "s = 2": "steep"}
    files = {key: activation(name) if name == "relu" else network(name) for key, name in nets.items()}
    book.figure(
        graphs("PReLU for four slopes", {key: verify.load(file) for key, file in files.items()}, -2, 2),
        "All agree for $x >= 0$. Only slope 1 goes straight on.",
    )
    book.proof("$f(1) + f(-1) = 1 - s$, but $f(1 + (-1)) = f(0) = 0$. So a linear $f$ has $s = 1$.")
    book.proof(
        "For $s <= 1$, $f(x) = max(x, s x)$, a maximum of lines: convex. For $s >= 1$ it is the minimum.", "Lemma 8"
    )
    book.proof("A slope that is merely nonnegative is not enough: slope 0 is ReLU.")


def test_elu_and_selu_are_linear_on_the_right_half_line_and_on_no_other(theorem: Theorems) -> None:
    book = theorem(
        question="Are ELU and SELU linear anywhere?",
        answer="On $x >= 0$ they are linear, like ReLU; on $x <= 0$ and everywhere they are not even affine.",
        statement="ELU and SELU are additive, homogeneous and affine on $x >= 0$. On $x <= 0$ and on the whole line"
        " they"
        " are none of these.",
    )
    regions = {"$x >= 0$": "nonneg", "$x <= 0$": "nonpos", "everywhere": "all"}
    properties = ("additive", "homogeneous", "affine")
    rows = [
        [
            NAMES[name],
            shown,
            *(decided(book, name, property, on, "+" if on == "nonneg" else "-") for property in properties),
        ]
        for name in ("elu", "selu")
        for shown, on in regions.items()
    ]
    book.table(["activation", "region", *properties], rows, "Proved or refuted by the machine, with its evidence.")
    nets = {NAMES[name]: verify.load(activation(name)) for name in ("relu", "elu", "selu")}
    book.figure(
        graphs("ELU and SELU beside ReLU", nets, -4, 2, [("branch at 0", 0, 0)]),
        "To the right of 0 all three are lines.",
    )
    book.proof("For $x >= 0$ ELU is $x$, and SELU is $x$ times a constant.", "Lemma 1")
    book.proof(
        "For $x < 0$ ELU is $e^x - 1$. At $-1$ and $-1$ the sum is about $-1.26$, at $-2$ the value is about $-0.86$."
    )
    book.proof("The machine encloses the difference in an interval that does not contain 0. That settles it.")


def test_one_layer_of_elu_is_affine_iff_the_exponentials_cancel_and_the_kinks_do(theorem: Theorems) -> None:
    book = theorem(
        question="Can units with ELU cancel, as units with ReLU can?",
        answer="Yes, but exponentials cancel only against exponentials of the same argument.",
        statement="Let $f$ be one layer of ELU and an affine output layer. $f$ is affine on a region if and only if,"
        " for units with the same argument taken together, the exponentials that occur there add up to 0, and what"
        " remains, a ReLU network, is affine. Let $E$ be ELU with alpha 1 and $F$ ELU with alpha 2. Then"
        " $$F(x) - 2 E(x) + relu(x) = 0$$ for every $x$; but $E(x) - 1/2 E(2 x)$ is not affine.",
    )
    book.claim(network("elu_cancelling"), "constant", on="all").proved()
    book.claim(network("elu_two_rates"), "affine", on="all").refuted()
    book.claim(network("elu_two_rates"), "affine", on="nonneg").proved()
    book.claim(network("elu_shifted"), "affine", on="box(-1, inf)").proved()
    book.claim(network("elu_shifted"), "affine", on="box(-2, inf)").refuted()
    nets = {"elu(x) − elu(2x)/2": verify.load(network("elu_two_rates"))}
    book.figure(
        graphs("Two exponentials that do not cancel", nets, -6, 2),
        "$E(x) - 1/2 E(2 x)$: 0 on the right, and on the left a curve. The exponentials of $x$ and of $2 x$ are"
        " different functions.",
    )
    book.proof(
        "With alpha $a$, ELU is $relu(z) + a (exp(-relu(-z)) - 1)$: a ReLU part, and an exponential where $z < 0$.",
        "Lemma 12",
    )
    book.proof(
        "Exponentials of different arguments are linearly independent: no combination of them is affine unless every"
        " factor is 0.",
        "Lemma 12",
    )
    book.proof("A unit whose argument never becomes negative has no exponential: $E(x + 1)$ on $x >= -1$ is $x + 1$.")


def test_smooth_does_not_mean_almost_linear(theorem: Theorems) -> None:
    book = theorem(
        question="Softplus, GELU and SiLU have no kink. Are they nearly linear, then?",
        answer="No, they are nowhere affine; and yet $f(x) - f(-x) = x$ holds for each of them, exactly.",
        statement="For softplus, GELU and SiLU $$f(x) - f(-x) = x$$ for every $x$. None of them is affine, on the"
        " whole line"
        " or on a half of it, or on [10, 11].",
    )
    for name in ("softplus", "gelu", "silu"):
        book.claim(network(f"{name}_pair"), "linear", on="all").proved()
        book.claim(network(f"{name}_pair"), "equivalent", on="all", to=network("identity")).proved()
        book.claim(activation(name), "affine", on="nonneg").refuted()
        book.claim(activation(name), "affine", on="box(10, 11)").refuted()
    nets = {NAMES[name]: verify.load(activation(name)) for name in ("softplus", "gelu", "silu", "relu")}
    book.figure(
        graphs("Smooth relatives of ReLU", nets, -4, 4),
        "All come close to ReLU far out. Close is not equal: on no interval is one of the curves straight.",
    )
    book.proof("Each is $x/2$ plus an *even* function, one with $g(-x) = g(x)$. In $f(x) - f(-x)$ that part drops out.")
    book.proof("SiLU: $x/(1 + exp(-x))$ is $x/2 + x/2 tanh(x/2)$, and the second term is even.")
    book.proof(
        "So these pairs behave like $relu(x) - relu(-x) = x$. Smooth units can cancel exactly, and alone they are never"
        " affine."
    )


def test_tanh_is_odd_but_affine_on_no_interval(theorem: Theorems) -> None:
    book = theorem(
        question="“tanh is odd and nearly the identity near 0, so it is linear there.” True?",
        answer="False on every interval, and odd is not linear.",
        statement="tanh is odd, and not affine even on $[-1/1000, 1/1000]$. Hard tanh is linear on $[-1, 1]$, and not"
        " on"
        " $[-2, 2]$.",
    )
    book.claim(activation("tanh"), "odd", on="all").proved()
    book.claim(activation("tanh"), "affine", on="box(-1/1000, 1/1000)").refuted()
    book.claim(activation("hard_tanh"), "linear", on="box(-1, 1)").proved()
    hard = book.claim(activation("hard_tanh"), "affine", on="box(-2, 2)").refuted()
    book.picture(hard, "Hard tanh on $[-2, 2]$: odd, straight in the middle, and cut off on both sides.")
    book.proof(
        "“Nearly” is not a property. The difference from a line near 0 is tiny, and the interval around it excludes 0."
    )
