"""Answers about the small networks of the page, at once: verdict, the two sides of the formula, picture, pieces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import scipy.sparse  # noqa: F401 answers need it, and the first has one second too

from verify.digits import display
from verify.errors import EngineDisagreement
from verify.kernel.check import Verdict
from verify.kernel.evidence import Rule
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.property import CATALOGUE, Claim, Property
from verify.rational import Vector, exact_text
from verify.region import Region
from verify.report import mathml
from verify.report.points import point_text
from verify.report.proof import gist, steps
from verify.report.record import Result
from verify.report.sums import sum_text
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.web.pictures import LivePicture, picture
from verify.web.playground import PROPERTIES, State, formula

# A slider should not wait: what takes longer is left undecided, and the page says so.
SECONDS, SURVEY_SECONDS = 1.0, 0.75


@dataclass(frozen=True, eq=False)
class FormulaSides:
    """The formula at the points of the page: its first term against the rest of it.

    ``outside`` names the arguments that leave the region; ``holds`` is about these values alone.
    """

    labels: tuple[str, ...]
    points: tuple[Vector, ...]
    values: tuple[Fraction, ...]
    left: Fraction
    right: Fraction
    holds: bool
    outside: tuple[str, ...]


def answer(state: State, view: Sequence[Fraction] | None, budget: Budget) -> dict[str, Any]:
    """Everything that the page shows of a state; ``view`` keeps the picture's window while something is dragged."""
    network, region = state.network(), state.region()
    result = _decided(network, state.wanted, region, budget)
    sides = two_sides(state, network, region)
    if result.verdict is Verdict.PROVED and not sides.outside and not sides.holds:
        raise EngineDisagreement(f"{result!r}, and yet the points of the page break it; please report this link")
    drawn = picture(state, network, sides.labels, sides.points, sides.values, sides.right, view, budget)
    return {
        "formula": str(formula(state)),
        "statement": [str(piece) for piece in mathml.formula(state.wanted.formula)],
        "question": f"Is f {state.wanted.words} {state.place()}?",
        "region": state.region_text(),
        **_verdict(result),
        "sides": _sides_json(state, sides),
        "reading": reading(state, sides),
        "picture": drawn.to_json(),
        "pieces": _pieces(drawn),
        "command": f"verify check NETWORK.toml {state.wanted.name!r} --on '{state.region_text()}'",
        "toml": toml(state),
    }


def survey(state: State, make_budget: Callable[[float], Budget]) -> list[dict[str, Any]]:
    """The verdict on every property of the page."""
    network, region = state.network(), state.region()
    found = []
    for name in PROPERTIES:
        result = _decided(network, CATALOGUE[name], region, make_budget(SURVEY_SECONDS))
        found.append({"name": name, **_verdict(result)})
    return found


def _decided(network: Network, wanted: Property, region: Region, budget: Budget) -> Result:
    claim = Claim(network, wanted, region)
    return Result(claim, decide(claim, budget, "auto"), network)


def _verdict(result: Result) -> dict[str, Any]:
    why = ""
    if result.verdict is Verdict.PROVED:
        why = gist(result)
        if isinstance(result.outcome.evidence, Rule):
            why = steps(result)[0].text
    elif result.verdict is Verdict.UNKNOWN:
        why = f"{result.outcome.reason}; ask on the command line, without a time limit"
    return {
        "verdict": result.verdict.value,
        "assurance": result.assurance or "",
        "vacuous": result.vacuous,
        "sentence": result.counterexample or "",
        "why": why,
        "engine": result.outcome.engine or "",
    }


# The two sides.


def two_sides(state: State, network: Network, region: Region) -> FormulaSides:
    """The exact values of f at the arguments of the formula."""
    wanted = state.wanted
    assignment = state.assignment()
    terms = wanted.instance(assignment)
    values = [evaluate(network, term.point)[0] for term in terms]
    total = sum((term.factor * value for term, value in zip(terms, values, strict=True)), Fraction(0))
    first = terms[0].factor * values[0]
    outside = [
        label
        for label, term in zip(wanted.labels, terms, strict=True)
        if term.factor and not region.contains(term.point)
    ]
    return FormulaSides(
        wanted.labels,
        tuple(term.point for term in terms),
        tuple(values),
        first,
        first - total,
        not wanted.broken(wanted.gap(total, assignment)),
        tuple(outside),
    )


def _sides_json(state: State, sides: FormulaSides) -> dict[str, Any]:
    terms = state.wanted.instance(state.assignment())
    calls = [f"f({label})" for label in sides.labels]
    rest = [(-term.factor, call) for term, call in zip(terms, calls, strict=True)][1:]
    numbers = [(-term.factor, display(value)) for term, value in zip(terms, sides.values, strict=True)][1:]
    rest, numbers = ([(f, t) for f, t in part if f] for part in (rest, numbers))
    sign = {"= 0": "=", "<= 0": "≤", ">= 0": "≥"}[state.wanted.relation]
    return {
        "arguments": [
            {"label": label, "at": point_text(point), "value": display(value), "inside": label not in sides.outside}
            | ({"entries": [display(v, 6) for v in point.fractions()]} if state.kind.image else {})
            for label, point, value in zip(sides.labels, sides.points, sides.values, strict=True)
        ],
        "left": {"text": calls[0], "value": display(sides.left)},
        "right": {
            "text": sum_text(rest) if rest else "0",
            "numbers": sum_text(numbers) if numbers else "0",
            "value": display(sides.right),
        },
        "sign": sign if sides.holds else {"=": "≠", "≤": ">", "≥": "<"}[sign],
        "holds": sides.holds,
        "gap": display(sides.left - sides.right),
    }


def reading(state: State, sides: FormulaSides) -> str:
    """Whether these points say something about the claim, and which reading of it decides."""
    free = [name for name, kind in state.wanted.variables.items() if kind == "point"]
    moved = [label for label in sides.outside if label not in free]
    strays = [label for label in sides.outside if label in free]
    verb = "leaves" if len(sides.outside) == 1 else "leave"
    if strays:
        also = f" (and so {_does(moved)} {_listed(moved)})" if moved else ""
        return (
            f"{_listed(strays)} {'lies' if len(strays) == 1 else 'lie'} outside P{also}: these points are not about P."
        )
    if moved:
        literal = "holds for these points too" if sides.holds else "is false: these points refute it"
        return (
            f"{_listed(moved)} {verb} P. The verdict above keeps every argument of f inside P, so these points do not"
            f" count for it. Read literally, with only {_listed(free)} in P, the formula {literal}."
        )
    if sides.holds:
        return "Every argument lies in P, and the formula holds here. One instance proves nothing; the verdict does."
    return "Every argument lies in P, and the formula fails: these points alone refute the claim, in both readings."


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names)


def _does(names: Sequence[str]) -> str:
    return "does" if len(names) == 1 else "do"


# Pieces.


def _pieces(drawn: LivePicture) -> list[dict[str, str]]:
    return [{"where": where, "map": str(shown), "colour": colour} for where, shown, colour in drawn.pieces]


# The same network as a file.


def toml(state: State) -> str:
    """The network as a file that the command line reads."""
    lines = ['name = "f"', f"input = {[1, 3, 3] if state.kind.image else [state.kind.inputs]}", "", "[[layer]]"]
    if state.kind.image:
        row = [_quoted(v) for v in state.weights[0]]
        lines += ['type = "conv"', f"weight = [[[[{row[0]}, {row[1]}], [{row[2]}, {row[3]}]]]]"]
    else:
        lines += ['type = "dense"', f"weight = [{', '.join(_row(row) for row in state.weights)}]"]
    lines.append(f"bias = {_row(state.bias)}")
    lines += {
        "relu": ["", "[[layer]]", 'type = "relu"'],
        "leaky": ["", "[[layer]]", 'type = "leaky_relu"', f"slope = {_quoted(state.slope)}"],
        "abs": ["", "[[layer]]", 'type = "abs"'],
        "hardtanh": ["", "[[layer]]", 'type = "clip"', "low = -1", "high = 1"],
        "identity": [],
    }[state.activation]
    if state.kind.image:
        lines += ["", "[[layer]]", 'type = "flatten"', "", "[[layer]]", 'type = "dense"', "weight = [[1, 1, 1, 1]]"]
    elif state.kind.summed:
        lines += ["", "[[layer]]", 'type = "dense"', f"weight = [{_row(state.out)}]", f"bias = [{_quoted(state.plus)}]"]
    return "\n".join(lines) + "\n"


def _row(values: Sequence[Fraction]) -> str:
    return f"[{', '.join(_quoted(v) for v in values)}]"


def _quoted(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f'"{exact_text(value)}"'
