"""Forms of networks with smooth units: what they read like, and that they are the network."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
import sympy

import verify
from tests.support.seeds import seeds
from tests.support.smooth_nets import ALL, ELUS, Activation, random_spec
from verify.errors import EvidenceError
from verify.network import Builder, Network, Tensor, activations
from verify.network.builder import dense
from verify.rational import ends
from verify.search.budget import Budget
from verify.symbolic import SymbolicForm, agrees
from verify.symbolic.output import lines
from verify.symbolic.smooth import enclosure_of


def one_input(build: Callable[[Tensor], Tensor]) -> Network:
    builder = Builder((1,), "net")
    return builder.build(build(builder.input.named("x")))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (activations.elu, "exp(Min(0, x)) + Max(0, x) - 1"),
        (lambda x: activations.elu(x, "1/2"), "exp(Min(0, x))/2 + Max(0, x) - 1/2"),
        (lambda x: activations.selu(x, "3/2", 2), "3*exp(Min(0, x)) + 2*Max(0, x) - 3"),
        (lambda x: activations.celu(x, 2), "2*exp(Min(0, x/2)) + Max(0, x) - 2"),
        (activations.softplus, "log(exp(x) + 1)"),
        (lambda x: activations.softplus(-x), "log(1 + exp(-x))"),
        (activations.sigmoid, "1/(1 + exp(-x))"),
        (activations.tanh, "tanh(x)"),
        (activations.silu, "x/(1 + exp(-x))"),
        (activations.gelu, "x*(erf(sqrt(2)*x/2) + 1)/2"),
        (lambda x: activations.softplus(x) - activations.softplus(-x), "x"),
        (lambda x: activations.tanh(x) + activations.tanh(-x), "0"),
        (lambda x: activations.tanh(x.scaled(0).plus_number(1)), "tanh(1)"),
    ],
)
def test_max_forms(build: Callable[[Tensor], Tensor], expected: str) -> None:
    assert str(verify.symbolic_form(one_input(build), "all").max_form[0]) == expected


@pytest.mark.parametrize(
    ("build", "region", "expected"),
    [
        (activations.elu, "all", "Piecewise((x, x > 0), (exp(x) - 1, True))"),
        (activations.elu, "nonneg", "x"),
        (activations.elu, "box(-2, -1)", "exp(x) - 1"),
        (lambda x: activations.selu(x, "3/2", 2), "all", "Piecewise((2*x, x > 0), (3*exp(x) - 3, True))"),
        (lambda x: activations.celu(x, 2), "all", "Piecewise((x, x > 0), (2*exp(x/2) - 2, True))"),
        (lambda x: activations.elu(activations.elu(x)), "all", "Piecewise((x, x > 0), (exp(exp(x) - 1) - 1, True))"),
        (lambda x: activations.elu(x) - activations.elu(x), "all", "0"),
        (activations.softplus, "all", "log(exp(x) + 1)"),
    ],
)
def test_piecewise_forms(build: Callable[[Tensor], Tensor], region: str, expected: str) -> None:
    found = verify.symbolic_form(one_input(build), region)
    assert found.piecewise is not None and str(found.piecewise[0]) == expected


def test_two_units_make_four_branches_that_exclude_one_another() -> None:
    builder = Builder((2,), "two")
    network = builder.build(dense(activations.elu(dense(builder.input, [[1, -1], [1, 2]], [0, 1])), [[1, -2]]))
    found = verify.symbolic_form(network, "all")
    assert [len(output) for output in found.pieces] == [4]
    rng = random.Random(1)
    for _ in range(50):
        values = dict(zip(found.symbols, (sympy.Rational(rng.randint(-9, 9), 3) for _ in "xy"), strict=True))
        assert [bool(piece.condition.subs(values)) for piece in found.pieces[0]].count(True) == 1


@pytest.mark.parametrize("activation", ALL, ids=lambda a: a.name)
@pytest.mark.parametrize("seed", seeds(1, campaign=20))
def test_random_networks(seed: int, activation: Activation) -> None:
    """Compared with mpmath by way of SymPy's own evaluation, which shares nothing with the enclosures."""
    rng = random.Random(f"{activation.name} {seed}")
    for _ in range(3):
        spec = random_spec(rng, activation, 2)
        found = verify.symbolic_form(spec.network(), rng.choice(["all", "box(-1, 1)", "nonneg", "l1ball([0, 0], 1)"]))
        assert found.agreement is not None and found.agreement.points > 5 and found.agreement.digits == 60
        assert (activation not in ELUS) or found.piecewise is not None
        inserted = found.max_form[0]
        for symbol, definition in reversed(found.named):
            inserted = inserted.xreplace({symbol: definition})
        for x in ([Fraction(1, 4), Fraction(1, 3)], [Fraction(0), Fraction(0)]):
            values = {s: sympy.Rational(v.numerator, v.denominator) for s, v in zip(found.symbols, x, strict=True)}
            shown = [inserted] if found.piecewise is None else [inserted, found.piecewise[0]]
            for expression in shown:
                value = sympy.N(expression.subs(values), 40)
                with mpmath.workdps(40):
                    assert abs(mpmath.mpf(str(value)) - spec.values(x)[0]) < mpmath.mpf(10) ** -30


def test_a_wrong_form_is_not_shown() -> None:
    network = one_input(activations.elu)
    found = verify.symbolic_form(network, "all")
    x = found.symbols[0]
    tiny = sympy.Rational(1, 10**50)
    for change in ({"max_form": (found.max_form[0] + tiny,)}, {"piecewise": (sympy.exp(x) - 1,)}):
        wrong: SymbolicForm = replace(found, **change)  # type: ignore[arg-type]
        with pytest.raises(EvidenceError, match="'symbolic form'"):
            agrees(wrong, network, found.region, Budget(20))


def test_where_a_smooth_unit_decides_a_sign_there_is_no_piecewise_form() -> None:
    network = one_input(lambda x: activations.elu(activations.tanh(x.named("a")).plus_number("1/3").named("b")))
    found = verify.symbolic_form(network, "all")
    assert found.piecewise is None and "smooth unit" in found.reason
    assert found.agreement is not None and "digits" in found.agreement.sentence()


def test_enclosures_of_expressions() -> None:
    x = sympy.Symbol("x", real=True)
    for expression in (sympy.exp(1) * x, sympy.pi / x, sympy.sqrt(2) * x**3, sympy.log(2 * sympy.cosh(x))):
        low, high = ends(enclosure_of(expression, {x: Fraction(2, 3)}))
        wanted = sympy.N(expression.subs(x, sympy.Rational(2, 3)), 60)
        assert abs(Fraction(str(wanted)) - low) < Fraction(1, 10**55) and high - low < Fraction(1, 10**100)
    with pytest.raises(TypeError):
        enclosure_of(sympy.sin(x), {x: Fraction(1)})


@pytest.mark.parametrize("style", ["text", "latex", "mathml"])
def test_output_styles(style: str) -> None:
    found = verify.symbolic_form(one_input(activations.elu), "all")
    for kind in ("max", "piecewise", "derivation"):
        text = "\n".join(lines(found, kind, style))
        assert {"text": "exp", "latex": "e^{", "mathml": "<msup>"}[style] in text
    assert str(found.steps[0].before) == "Max(0, -x)"
