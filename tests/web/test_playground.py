"""The small networks of the page against plain arithmetic, and states that do not fit."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

import verify
from tests.support.seeds import draws
from tests.web.client import BASE
from verify.errors import InputError
from verify.kernel.exact import evaluate
from verify.property import CATALOGUE
from verify.rational import exact_text, vector
from verify.search.budget import Budget
from verify.web.live import answer, toml, two_sides
from verify.web.playground import ACTIVATIONS, KERNEL, MODELS, State, read_state

NUMBERS = st.sampled_from(["0", "1", "-1", "0.5", "-3/7", "2", "1e-30", "-1e-9", "999999", "0.1"])
SMALL = st.sampled_from(["0", "1", "-1", "0.5", "-3/7", "2", "-2"])


@st.composite
def given_states(draw: st.DrawFn, numbers: st.SearchStrategy[str] = NUMBERS) -> dict[str, str]:
    name = draw(st.sampled_from(sorted(MODELS)))
    model = MODELS[name]
    width = KERNEL * KERNEL if model.image else model.inputs
    count = draw(st.integers(1, 4)) if model.summed else 1

    def listed(size: int) -> str:
        return ",".join(draw(numbers) for _ in range(size))

    sides = [sorted((draw(numbers), draw(numbers)), key=Fraction) for _ in range(model.inputs)]
    kind = draw(st.sampled_from(["box", "all", "nonneg", "point"]))
    low, high = [s[0] for s in sides], [s[1] if kind != "point" else s[0] for s in sides]
    if kind in ("all", "nonneg"):
        low, high = ["-inf" if kind == "all" else "0"] * model.inputs, ["inf"] * model.inputs
    wanted = draw(st.sampled_from(sorted(n for n, p in CATALOGUE.items() if not p.needs_second)))
    factor = draw(numbers)
    return {
        "model": name,
        "act": draw(st.sampled_from(sorted(ACTIVATIONS))),
        "slope": draw(numbers),
        "weights": ";".join(listed(width) for _ in range(count)),
        "bias": listed(count),
        "out": listed(count),
        "plus": draw(numbers),
        "low": ",".join(low),
        "high": ",".join(high),
        "x": listed(model.inputs),
        "y": listed(model.inputs),
        "property": wanted,
        "a": draw(numbers),
        "b": draw(numbers),
        "t": factor.lstrip("-") if wanted == "positively homogeneous" else factor,
        "e": draw(st.sampled_from(["0", "1/2", "1", "1/3"])),
    }


def activated(state: State, z: Fraction) -> Fraction:
    """The activation, written down again."""
    return {
        "relu": max(z, Fraction(0)),
        "leaky": z if z >= 0 else state.slope * z,
        "abs": abs(z),
        "hardtanh": min(max(z, Fraction(-1)), Fraction(1)),
        "identity": z,
    }[state.activation]


def plain_value(state: State, x: tuple[Fraction, ...]) -> Fraction:
    """f(x) by the formula that the page shows."""
    if state.kind.image:
        k = state.weights[0]
        total = Fraction(0)
        for row, column in product(range(2), repeat=2):
            z = sum(k[2 * i + j] * x[3 * (row + i) + column + j] for i in range(2) for j in range(2)) + state.bias[0]
            total += activated(state, z)
        return total
    units = [
        activated(state, sum((w * v for w, v in zip(row, x, strict=True)), Fraction(0)) + bias)
        for row, bias in zip(state.weights, state.bias, strict=True)
    ]
    if not state.kind.summed:
        return units[0]
    return sum((v * y for v, y in zip(state.out, units, strict=True)), Fraction(0)) + state.plus


@given(given_states())
@draws(60)
def test_networks_are_what_the_page_says(given: dict[str, str]) -> None:
    state = read_state(given)
    network = state.network()
    for x in (state.x, state.y):
        assert evaluate(network, vector(x)).fractions() == [plain_value(state, x)]


@given(given_states())
@draws(25)
def test_the_file_is_the_same_network(tmp_path_factory: pytest.TempPathFactory, given: dict[str, str]) -> None:
    state = read_state(given)
    path = tmp_path_factory.mktemp("toml") / "f.toml"
    path.write_text(toml(state))
    network = verify.load(path)
    assert evaluate(network, vector(state.x)).fractions() == [plain_value(state, state.x)]


@given(given_states())
@draws(60)
def test_both_sides_are_the_formula_at_the_points(given: dict[str, str]) -> None:
    state = read_state(given)
    sides = two_sides(state, state.network(), state.region())
    terms = state.wanted.instance(state.assignment())
    values = [plain_value(state, tuple(term.point.fractions())) for term in terms]
    assert list(sides.values) == values
    assert sides.left - sides.right == sum((t.factor * v for t, v in zip(terms, values, strict=True)), Fraction(0))
    relation = {"= 0": "__eq__", "<= 0": "__le__", ">= 0": "__ge__"}[state.wanted.relation]
    assert sides.holds is getattr(sides.left, relation)(sides.right)
    for label, term in zip(sides.labels, terms, strict=True):
        inside = all(
            (low is None or low <= v) and (high is None or v <= high)
            for low, v, high in zip(state.low, term.point.fractions(), state.high, strict=True)
        )
        assert inside or not term.factor or label in sides.outside


@given(given_states(SMALL))
@draws(30)
def test_answers_are_plain_data_and_agree_with_the_points(given: dict[str, str]) -> None:
    state = read_state(given)
    found = answer(state, None, Budget(2.0))  # raises EngineDisagreement where the points break what is proved
    assert json.loads(json.dumps(found)) == found
    sides = two_sides(state, state.network(), state.region())
    if not sides.outside and not sides.holds:
        assert found["verdict"] != "proved"
    assert (found["picture"]["svg"] == "") == ("view" not in found["picture"])


def test_the_picture_shows_every_break_and_the_gap() -> None:
    state = read_state({**BASE, "model": "hidden", "weights": "1;-1", "bias": "0,1", "out": "1,1"})
    found = answer(state, None, Budget(5.0))
    assert found["picture"]["svg"].count('class="break"') == 2
    assert [piece["where"] for piece in found["pieces"]] == ["x ≤ 0", "0 ≤ x ≤ 1", "x ≥ 1"]
    assert found["sides"]["left"]["value"] == "1" and found["sides"]["right"]["value"] == "7/2"
    for handle in ("x", "y", "low0", "high0"):
        assert f'data-handle="{handle}"' in found["picture"]["svg"]


def test_duplicate_units_that_cancel_leave_one_piece() -> None:
    state = read_state({**BASE, "model": "hidden", "weights": "1;1", "bias": "0,0", "out": "1,-1", "plus": "1/3"})
    found = answer(state, None, Budget(5.0))
    assert [piece["where"] for piece in found["pieces"]] == ["everywhere in the picture"]
    assert 'class="break"' not in found["picture"]["svg"]


def test_a_kept_window_stays() -> None:
    state = read_state(BASE)
    view = [Fraction(v) for v in ("-3", "7/2", "-1", "4")]
    assert answer(state, view, Budget(5.0))["picture"]["view"] == [exact_text(v) for v in view]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": "0.9", "y": "0.9"}, ["x + y leaves P", "literally", "these points refute it"]),
        ({"x": "0.1", "y": "0.2"}, ["Every argument lies in P", "holds"]),
        ({"x": "2", "y": "0.1"}, ["x lies outside P", "not about P"]),
    ],
)
def test_the_reading_that_decides_is_named(change: dict[str, str], words: list[str]) -> None:
    state = read_state({**BASE, "bias": "-1.5", "low": "0", "high": "1", **change})
    found = answer(state, None, Budget(5.0))
    assert found["verdict"] == "proved"
    assert all(word in found["reading"] for word in words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "lattice"}, ["model", "lattice", "neuron"]),
        ({"model": 3}, ["model", "expected text"]),
        ({"weights": "1,2"}, ["weights", "2 numbers", "needs 1"]),
        ({"weights": "1;2"}, ["weights", "2 rows"]),
        ({"weights": ""}, ["weights", "not a number"]),
        ({"weights": "nan"}, ["weights", "nan"]),
        ({"weights": "1e400"}, ["weights"]),
        ({"weights": "1/0"}, ["weights", "zero"]),
        ({"weights": "1" * 60}, ["weights", "60 characters"]),
        ({"bias": "1,1"}, ["bias"]),
        ({"low": "3"}, ["empty", "3", "2"]),
        ({"low": "inf"}, ["low"]),
        ({"property": "equivalent"}, ["property", "equivalent"]),
        ({"e": "2"}, ["e", "between 0 and 1"]),
        ({"property": "positively homogeneous", "t": "-1"}, ["t", "-1", "negative"]),
        ({"x": "1," * 500}, ["x"]),
        ({"slope": "<b>"}, ["slope", "<b>"]),
    ],
)
def test_wrong_states_get_one_clear_line(change: dict[str, object], words: list[str]) -> None:
    with pytest.raises(InputError) as error:
        read_state({**BASE, **change})
    assert all(word in str(error.value) for word in words), str(error.value)
    assert len(str(error.value)) < 400 and "\n" not in str(error.value)
