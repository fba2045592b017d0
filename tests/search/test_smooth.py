"""Claims about networks with smooth units: the table of activations, what cancels, lemma 12 against dense sampling."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable
from fractions import Fraction

import mpmath
import pytest

import verify
from tests.support.judging import judged
from tests.support.seeds import chunks
from tests.support.smooth_nets import ELUS, Activation, Spec, random_spec, real
from verify.kernel import Verdict
from verify.kernel.check import evaluated_instance
from verify.kernel.evidence import ValueGap
from verify.network import Builder, Network, Tensor, activations
from verify.network import builder as layers
from verify.property import Claim, find
from verify.rational import Vector, ends, vector
from verify.region import (
    HalfSpace,
    Region,
    ball,
    box,
    everything,
    intersection,
    l1_ball,
    nonnegative,
    polyhedron,
    segment,
)
from verify.search.budget import Budget
from verify.search.decide import decide

Build = Callable[[Tensor], Tensor]

ACTIVATIONS: dict[str, Build] = {
    "relu": layers.relu,
    "leaky relu": lambda x: layers.leaky_relu(x, "1/10"),
    "prelu": lambda x: layers.leaky_relu(x, "-1/4"),
    "relu6": lambda x: layers.clip(x, 0, 6),
    "hard tanh": lambda x: layers.clip(x, -1, 1),
    "abs": layers.absolute,
    "elu": activations.elu,
    "selu": activations.selu,
    "celu": lambda x: activations.celu(x, 2),
    "softplus": activations.softplus,
    "sigmoid": activations.sigmoid,
    "tanh": activations.tanh,
    "gelu": activations.gelu,
    "silu": activations.silu,
}

COLUMNS = (
    ("additive", "all"),
    ("positively homogeneous", "all"),
    ("odd", "all"),
    ("convex", "all"),
    ("affine", "nonneg"),
    ("affine", "box(-inf, 0)"),
)

# By hand. ReLU, leaky ReLU with slope s <= 1 and abs are the maximum of two linear maps, and clips of them bend twice
# (the inner bend of hard tanh is at -1: it is not affine on either side). ELU's slope at 0 is alpha on the left and 1
# on the right, so it is convex for alpha <= 1 (CELU: always 1 on both sides) and not for SELU's alpha of 1.67.
# Softplus'' = sigmoid' > 0; the others bend both ways. tanh is odd; sigmoid is 1/2, not 0, at 0.
YES, NO = True, False
TABLE: dict[str, tuple[bool, ...]] = {
    #             additive, pos. hom., odd, convex, x >= 0, x <= 0
    "relu": (NO, YES, NO, YES, YES, YES),
    "leaky relu": (NO, YES, NO, YES, YES, YES),
    "prelu": (NO, YES, NO, YES, YES, YES),
    "relu6": (NO, NO, NO, NO, NO, YES),
    "hard tanh": (NO, NO, YES, NO, NO, NO),
    "abs": (NO, YES, NO, YES, YES, YES),
    "elu": (NO, NO, NO, YES, YES, NO),
    "selu": (NO, NO, NO, NO, YES, NO),
    "celu": (NO, NO, NO, YES, YES, NO),
    "softplus": (NO, NO, NO, YES, NO, NO),
    "sigmoid": (NO, NO, NO, NO, NO, NO),
    "tanh": (NO, NO, YES, NO, NO, NO),
    "gelu": (NO, NO, NO, NO, NO, NO),
    "silu": (NO, NO, NO, NO, NO, NO),
}


def one_input(build: Build, name: str = "net") -> Network:
    builder = Builder((1,), name)
    return builder.build(build(builder.input.named("x")))


@pytest.mark.parametrize("name", TABLE)
def test_the_table_of_activations(name: str) -> None:
    network = one_input(ACTIVATIONS[name], name)
    for (formula, region), expected in zip(COLUMNS, TABLE[name], strict=True):
        result = verify.check(network, formula, region, timeout=60)
        assert result.verdict is (Verdict.PROVED if expected else Verdict.REFUTED), (name, formula, region)
        assert result.assurance == "checked"


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("formula", ["linear", "constant", "homogeneous", "even", "concave"])
def test_every_other_cell_is_decided(name: str, formula: str) -> None:
    for region in ("all", "box(-inf, 0)", "box(0, 0)", "box(1, 2)"):
        result = verify.check(one_input(ACTIVATIONS[name], name), formula, region, timeout=60)
        assert result.verdict is not Verdict.UNKNOWN, (name, formula, region)
        assert result.assurance == "checked"


def test_tanh_is_convex_on_the_left_and_concave_on_the_right() -> None:
    for name in ("tanh", "sigmoid"):
        network = one_input(ACTIVATIONS[name], name)
        for formula, region, expected in (
            ("convex", "box(-inf, 0)", Verdict.PROVED),
            ("concave", "nonneg", Verdict.PROVED),
            ("convex", "nonneg", Verdict.REFUTED),
            ("nondecreasing in 0", "all", Verdict.PROVED),
            ("nonincreasing in 0", "all", Verdict.REFUTED),
        ):
            assert verify.check(network, formula, region, timeout=60).verdict is expected, (name, formula, region)


@pytest.mark.parametrize("alpha", ["2", "1.001", "1.0000000001"])
def test_a_convexity_that_breaks_at_the_kink_only(alpha: str) -> None:
    result = verify.check(one_input(lambda x: activations.elu(x, alpha)), "convex", timeout=60)
    assert result.verdict is Verdict.REFUTED


def cancelling() -> dict[str, tuple[Build, str]]:
    def both(f: Build, sign: int) -> Build:
        def build(x: Tensor) -> Tensor:
            z = layers.dense(x, [[1, -2]], [1]).named("z")
            return f(z) + f(-z).scaled(sign)

        return build

    def same(f: Build) -> Build:
        def build(x: Tensor) -> Tensor:
            z = layers.dense(x, [[3, 1]], ["1/7"]).named("z")
            return f(z) - f(layers.dense(x, [[3, 1]], ["1/7"]).named("w"))

        return build

    smooth = {k: ACTIVATIONS[k] for k in ("elu", "selu", "celu", "softplus", "sigmoid", "tanh", "gelu", "silu")}
    pairs = {f"{k}(z) - {k}(z)": (same(f), "linear") for k, f in smooth.items()}
    pairs |= {f"{k}(z) - {k}(-z) = z": (both(smooth[k], -1), "affine") for k in ("softplus", "silu", "gelu")}
    pairs["gelu tanh"] = both(lambda x: activations.gelu(x, "tanh"), -1), "affine"
    pairs["tanh(z) + tanh(-z) = 0"] = both(activations.tanh, 1), "linear"
    pairs["sigmoid(z) + sigmoid(-z) = 1"] = both(activations.sigmoid, 1), "constant"
    return pairs


@pytest.mark.parametrize("name", cancelling())
def test_pairs_that_cancel(name: str) -> None:
    build, formula = cancelling()[name]
    builder = Builder((2,), "pair")
    network = builder.build(build(builder.input))
    assert verify.check(network, formula, "all", timeout=30).verdict is Verdict.PROVED
    assert verify.check(network, formula, "l1ball([1, 1], 2)", timeout=30).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", ["elu", "selu", "celu"])
def test_pairs_that_do_not_cancel(name: str) -> None:
    """ELU has no parity: elu(z) - elu(-z) bends, by little near 0."""
    network = one_input(lambda x: ACTIVATIONS[name](x.named("p")) - ACTIVATIONS[name](-x))
    for region in ("all", "box(-1e-20, 1e-20)"):
        assert verify.check(network, "affine", region, timeout=30).verdict is Verdict.REFUTED


def test_a_copy_with_permuted_hidden_units_is_equivalent() -> None:
    rng = random.Random(5)
    for activation in ELUS:
        spec = random_spec(rng, activation, 2, 2)
        order = list(range(len(spec.weights)))[::-1]
        permuted = Spec(
            activation,
            [spec.weights[i] for i in order],
            [spec.biases[i] for i in order],
            [[row[i] for i in order] for row in spec.output],
            spec.skip,
            spec.constants,
        )
        claim = Claim(spec.network("f"), find("equivalent"), everything(2), permuted.network("g"))
        assert decide(claim, Budget(30)).verdict is Verdict.PROVED
        moved = Spec(activation, spec.weights, spec.biases, spec.output, spec.skip, [c + 1 for c in spec.constants])
        other = Claim(spec.network("f"), find("equivalent"), everything(2), moved.network("g"))
        assert decide(other, Budget(30)).verdict is Verdict.REFUTED


def test_units_equal_on_the_hull_only() -> None:
    """elu(x0 + x1) - elu(2 x0) cancels where x0 = x1."""
    builder = Builder((2,), "hull")
    network = builder.build(
        activations.elu(layers.dense(builder.input, [[1, 1]])) - activations.elu(layers.dense(builder.input, [[2, 0]]))
    )
    rows = [HalfSpace(vector([1, -1]), Fraction(0)), HalfSpace(vector([-1, 1]), Fraction(0))]
    flat = polyhedron(2, rows, "x0 = x1")
    for region in (segment(vector([-3, -3]), vector([5, 5])), flat):
        assert decide(Claim(network, find("constant"), region), Budget(30)).verdict is Verdict.PROVED
    assert verify.check(network, "affine", timeout=30).verdict is Verdict.REFUTED


def test_smooth_after_smooth() -> None:
    deep = one_input(lambda x: activations.elu(activations.elu(x.named("a")).named("b")))
    assert verify.check(deep, "linear", "nonneg", timeout=30).verdict is Verdict.PROVED
    assert verify.check(deep, "affine", "all", timeout=30).verdict is Verdict.REFUTED
    dead = one_input(
        lambda x: layers.relu(activations.elu(x.named("a")).plus_number(1).named("b")) - activations.elu(x)
    )
    assert verify.check(dead, "constant", "nonneg", timeout=30).verdict is Verdict.PROVED
    residual = one_input(lambda x: x + layers.relu(activations.sigmoid(x.named("a")).plus_number(-1).named("b")))
    assert verify.check(residual, "linear", "all", timeout=30).verdict is Verdict.PROVED


NAMES = (
    "affine",
    "linear",
    "constant",
    "additive",
    "positively homogeneous",
    "homogeneous",
    "superposition",
    "odd",
    "even",
    "equivalent",
)


def random_region(rng: random.Random, size: int) -> Region:
    def point() -> Vector:
        return vector([rng.choice(["0", "1", "-1", "2", "1/2", "1e-30"]) for _ in range(size)])

    rows = [HalfSpace(point(), Fraction(rng.choice([0, 1]))), HalfSpace(vector([1] * size), Fraction(1))]
    flat = [HalfSpace(vector([s] * size), Fraction(s)) for s in (1, -1)]
    return rng.choice(
        [
            everything(size),
            nonnegative(size),
            box([0] * size, [1] * size),
            box([-1] * size, [1] * size),
            box([1] * size, [2] * size),
            box(point().fractions(), [2] * size),
            box([rng.choice([0, 1])] * size, [1] * size),
            ball(point(), Fraction(rng.choice([0, 1]))),
            segment(point(), point()),
            l1_ball(point(), Fraction(1)),
            polyhedron(size, rows),
            polyhedron(size, flat),
            intersection(nonnegative(size), polyhedron(size, rows)),
        ]
    )


def sampled_gap(claim: Claim, specs: dict[bool, Spec], rng: random.Random, verdict_values: list[Vector]) -> mpmath.mpf:
    """The largest gap of random instances, evaluated from the definition in mpmath."""
    largest = mpmath.mpf(0)
    numbers = [Fraction(n, 4) for n in range(-8, 9)]
    for _ in range(60):
        values: dict[str, Vector | Fraction] = {
            name: rng.choice(verdict_values) if kind == "point" else rng.choice(numbers)
            for name, kind in claim.property.variables.items()
        }
        try:
            terms = [term for term, _ in evaluated_instance(claim, values, 64)]
        except verify.VerifyError:
            continue
        with mpmath.workdps(60):
            for i in range(claim.network.output_size):
                total = sum(
                    (real(t.factor) * specs[t.second].values(t.point.fractions())[i] for t in terms), mpmath.mpf(0)
                )
                largest = max(largest, abs(total))
    return largest


def _points(region: Region, rng: random.Random) -> list[Vector]:
    from verify.search.refuting.inside import inside

    ready = inside(region)
    size = len(ready.sides)
    found = [ready.ambient(ready.middle)]
    for _ in range(24):
        found.append(ready.reached([Fraction(rng.randint(-12, 12), 4) for _ in range(size)]))
    return found + [p.scaled(Fraction(1, 2)) for p in found]


def _one_layer(count: int, seed: int) -> Counter[str]:
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    for _ in range(count):
        activation: Activation = rng.choice(ELUS)
        size = rng.choice([1, 1, 2, 2, 3])
        outputs = rng.choice([1, 1, 2])
        name = rng.choice(NAMES)
        specs = {False: random_spec(rng, activation, size, outputs)}
        specs[True] = random_spec(rng, activation, size, outputs) if rng.random() < 0.4 else specs[False]
        try:
            region = random_region(rng, size)
            second = specs[True].network("g") if name == "equivalent" else None
            claim = Claim(specs[False].network("f"), find(name), region, second)
            outcome = decide(claim, Budget(60), shrinking=rng.random() < 0.1)
        except verify.errors.InputError as error:
            assert "empty" in str(error) or "segment" in str(error), error
            continue
        verdict = outcome.verdict
        found[verdict.value] += 1
        assert verdict is not Verdict.UNKNOWN, (specs, name, region.text, outcome.reason)
        if verdict is Verdict.PROVED:
            gap = sampled_gap(claim, specs, rng, _points(region, rng))
            assert gap < mpmath.mpf(10) ** -45, (specs, name, gap)
            continue
        assert outcome.evidence is not None and isinstance(outcome.evidence, ValueGap)
        terms = [t for t, _ in evaluated_instance(claim, outcome.evidence.assignment, 64)]
        with mpmath.workdps(400):
            i = outcome.evidence.output
            low, high = ends(judged(claim, outcome.evidence).gap or Fraction(0))
            assert low > 0 or high < 0
            total = sum((real(t.factor) * specs[t.second].values(t.point.fractions())[i] for t in terms), mpmath.mpf(0))
            assert real(low) - mpmath.mpf(10) ** -55 <= total <= real(high) + mpmath.mpf(10) ** -55
    return found


@pytest.mark.parametrize("seeds", chunks(11, 1, 1, campaign=10))
def test_one_hidden_layer_of_elu_is_decided(seeds: range) -> None:
    found = _one_layer(40, seeds.start)
    assert seeds.start != 11 or (found["proved"] > 5 and found["refuted"] > 6)  # fresh ones may have fewer


def test_nearly_cancelling_groups_are_not_affine() -> None:
    """C is 1e-30, or the unit switches at -1e30, or its form is 1e-30 z."""
    for weight, factor, bias in itertools.product(["1", "1e-30"], ["1", "1e-30"], ["0", "1e-9"]):
        network = one_input(lambda x, w=weight, f=factor, b=bias: activations.elu(x.scaled(w).plus_number(b)).scaled(f))  # type: ignore[misc]
        assert verify.check(network, "affine", timeout=60).verdict is Verdict.REFUTED, (weight, factor, bias)
        on = "box(0, inf)" if bias == "0" else "box(-1e-9, inf)"
        assert verify.check(network, "affine", on, timeout=60).verdict is Verdict.PROVED


def test_other_engines_refuse_with_one_message() -> None:
    network = one_input(activations.tanh, "bent")
    for engine in ("split", "z3", "stability"):
        with pytest.raises(verify.errors.InputError, match="smooth units"):
            verify.check(network, "affine", engine=engine)
    from verify.search.solver.literal import smt_text

    with pytest.raises(verify.errors.InputError, match="SMT"):
        smt_text(Claim(network, find("affine"), everything(1)))
    for call in (lambda: verify.explain(network, "all"), lambda: verify.radius(network, [0])):
        with pytest.raises(verify.errors.InputError, match="piecewise linear networks only"):
            call()
