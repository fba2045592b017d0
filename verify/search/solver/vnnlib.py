"""A claim as ONNX networks and VNN-LIB 1.0 files that other verifiers read: a point at which it fails is asked for.

Claims about pieces, which VNN-LIB cannot say, become claims about values by the proofs of their properties: f is
continuous, so it is affine, convex or concave if it is so in the middle of any two points (``literal.MIDDLE``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from verify.digits import decimal_text
from verify.errors import InputError
from verify.formats.onnx.writer import model_bytes
from verify.network import Block, Network
from verify.network import matrix as matrices
from verify.network.combine import Copy, combination, pick
from verify.property import Claim, Criterion, Question, Vacuous
from verify.property.copies import WeightedCopy, arguments_inside, zero_on_copies
from verify.property.equivalent import EQUIVALENT
from verify.property.lifting import lift
from verify.property.slopes import axis_in_coordinates
from verify.rational import Vector, counted, exact_text, vector, zeros
from verify.region import Box, HalfSpace, Region, ball
from verify.region.region import lifted
from verify.search.budget import Budget
from verify.search.problem import relative_interior

HALF, ONE = Fraction(1, 2), Fraction(1)
MIDDLE = ((ONE, (HALF, HALF)), (-HALF, (1, 0)), (-HALF, (0, 1)))
APART = ((ONE, (1, 0)), (-ONE, (0, 1)))
# 2^k - 1 and 2^-k are binary64 numbers.
MAX_POWER = 50
# What the list of instances gives a tool for each.
SECONDS = 300


def exported(claim: Claim, margin: Fraction) -> list[tuple[str, bytes]]:
    """Files by name: for each question a network and a property file, and the list of them.

    The claim fails if a question has a point where a value passes its bound; files ask for points where it does by
    ``margin``. ``NetworkError`` where ONNX does not hold a number exactly, ``InputError`` for what VNN-LIB cannot say.
    """
    for network in claim.networks:
        network.require_piecewise_linear("a question for other verifiers")
    bound = claim.property.parameters.get("epsilon", Fraction(0))
    questions = [lift(question) for question in _questions(claim)]
    files: list[tuple[str, bytes]] = []
    instances = ""
    for number, question in enumerate(questions, start=1):
        stem, which = (f"claim-{number}", f"{number} of {len(questions)}") if len(questions) > 1 else ("claim", "")
        text = _text(claim, question, bound, margin, which)
        files += [
            (f"{stem}.onnx", model_bytes(question.network)),
            (f"{stem}.vnnlib", text.encode("utf-8", "backslashreplace")),
        ]
        instances += f"{stem}.onnx,{stem}.vnnlib,{SECONDS}\n"
    return [*files, ("instances.csv", instances.encode())]


def _questions(claim: Claim) -> Iterator[Question]:
    """Questions with the criteria ZERO and NONPOSITIVE that are equivalent to the claim."""
    if "epsilon" in claim.property.parameters:  # the bound is for the property file: ONNX may not hold it
        [same] = EQUIVALENT.reduce(claim.network, claim.region, claim.second)  # type: ignore[misc]
        yield replace(same, lemma=f"f(x) - g(x) is at most {exact_text(claim.property.parameters['epsilon'])} in size")
        return
    asked = claim.questions()
    if isinstance(asked, Vacuous):
        raise InputError(f"{claim.property.name!r} holds of every network here, nothing is to ask: {asked.reason}")
    for question in asked:
        match question.criterion:
            case Criterion.ZERO | Criterion.NONPOSITIVE:
                yield question
            case Criterion.AFFINE | Criterion.LINEAR:
                yield _on_pairs(question, MIDDLE, Criterion.ZERO, "f(x/2 + y/2) - f(x)/2 - f(y)/2 is zero")
                if question.criterion is Criterion.LINEAR:
                    yield from _at_origin(question)
            case Criterion.CONVEX:
                what = "f(x/2 + y/2) - f(x)/2 - f(y)/2 is at most zero"
                what += " (-f for f)" if claim.property.relation == ">= 0" else ""
                yield _on_pairs(question, MIDDLE, Criterion.NONPOSITIVE, what)
            case Criterion.CONSTANT:
                yield _on_pairs(question, APART, Criterion.ZERO, "f(x) - f(y) is zero")
            case Criterion.NONDECREASING:
                yield _along_axis(question)
            case Criterion.LIPSCHITZ if question.slope is not None and question.slope.norm != "l2":
                yield _steep(question)
            case _:
                raise InputError(
                    f"{claim.property.name[:80]!r} on this region is no question about single values, which is all that"
                    f" is written as VNN-LIB ({question.criterion.value})"
                )


def _on_pairs(question: Question, parts: Sequence[WeightedCopy], criterion: Criterion, what: str) -> Question:
    """``sum_i c_i f(a_i x + b_i y)`` for x, y in the region; by convexity the other arguments are in it too."""
    network, region = question.network, question.region
    size, extra = region.dimension, 2 * lifted(region)[1]
    domain = arguments_inside(region, [pick(2, w, size, extra) for w in ((1, 0), (0, 1))])
    copies = [
        Copy(Fraction(c), network, pick(2, w, size, extra), zeros(size), f"{i}.") for i, (c, w) in enumerate(parts, 1)
    ]
    return _asked(combination(copies, network.name), domain, criterion, what)


def _at_origin(question: Question) -> Iterator[Question]:
    """The value at 0 of f, where f is affine: (f(t x) - t f(x)) / (1 - t) for any t but 1, here 1 - 2^-k.

    If 0 is in the affine hull, x and t x lie in the region for some k and x. If it is not, nothing need be asked.
    """
    region = question.region
    if question.origin is None:
        return
    if region.contains_origin:
        yield _asked(question.network, ball(zeros(region.dimension), 0), Criterion.ZERO, "f(0) is zero")
        return
    whole = lift(question).region
    found = relative_interior(whole, Budget())
    if not isinstance(found, tuple):
        return  # no points, which the other question says too
    point, equations = found[0].take(range(region.dimension)), found[1]
    for k in range(1, MAX_POWER):
        t = 1 - Fraction(1, 2**k)
        if region.holds(point.scaled(t)):
            what = f"(f(t x) - t f(x)) / (1 - t) is zero for t = {t}"
            yield zero_on_copies(question.network, region, [(2**k, (t,)), (1 - 2**k, (1,))], 1, what)
            return
    own = [e.form for e in equations if e.form.coefficients.take(range(len(point), whole.dimension)).is_zero()]
    if not any(form.constant for form in own):
        raise InputError("0 may lie in the affine hull of the region, too far to ask for the value there; ask 'affine'")


def _along_axis(question: Question) -> Question:
    """``f(x) - f(x + t d)`` for x, x + t d in the region and t >= 0; d is the axis."""
    network, region, slope = question.network, question.region, question.slope
    axis = axis_in_coordinates(slope, region.base) if slope is not None else None
    if axis is None or slope is None:
        raise AssertionError("unreachable: the claim is vacuous")
    size, extra = region.dimension, 2 * lifted(region)[1]
    first = pick(1, (1,), size, 1 + extra)
    step = matrices.from_triplets(
        np.arange(size), np.full(size, size), matrices.as_entries(_objects(axis.fractions())), first.shape
    )
    second = matrices.add(first, step)
    forward = HalfSpace(_unit(size + 1 + extra, size, -1), Fraction(0))
    domain = arguments_inside(region, [first, second], [forward])
    copies = [
        Copy(ONE, network, first, zeros(size), "f(x)."),
        Copy(-ONE, network, second, zeros(size), "f(x + t e)."),
    ]
    moved = "+ t e" if slope.sign > 0 else "- t e"
    what = f"f(x) - f(x {moved}) is at most zero, e the axis {slope.axis} and t >= 0 (X_{size})"
    return _asked(combination(copies, network.name), domain, Criterion.NONPOSITIVE, what)


def _steep(question: Question) -> Question:
    """``f(x) - f(y) - sum s`` where every ``K |x_j - y_j|`` is at most s_j (at most s for the norm linf).

    Exchanging x and y changes the sign of the difference, so that one sign is enough.
    """
    network, region, slope = question.network, question.region, question.slope
    assert slope is not None
    size, one = region.dimension, slope.norm == "linf"
    directions = slope.directions or matrices.identity(size)
    ambient = directions.shape[0]
    sums, extra = 1 if one else ambient, 2 * lifted(region)[1]
    total = 2 * size + sums + extra
    x, y = (pick(2, w, size, sums + extra) for w in ((1, 0), (0, 1)))
    apart = directions.compose(matrices.add(x, y.scaled(-ONE))).scaled(slope.constant)
    rows = []
    for j in range(ambient):
        entries = apart.select_rows(np.array([j])).transposed.product(vector([1]))
        limit = _unit(total, 2 * size + (0 if one else j), 1)
        rows += [HalfSpace(entries - limit, Fraction(0)), HalfSpace(-entries - limit, Fraction(0))]
    count = network.output_size
    ones = matrices.from_dense(_objects([ONE] * (count * sums)).reshape(count, sums))
    sum_of = Network("distance", (sums,), network.output_shape, (
        Block("distance", network.output_shape, ((0, ones),), zeros(count), relu=False),
    ))  # fmt: skip
    lengths = matrices.selection(np.arange(2 * size, 2 * size + sums), total)
    copies = [
        Copy(ONE, network, x, zeros(size), "f(x)."),
        Copy(-ONE, network, y, zeros(size), "f(y)."),
        Copy(-ONE, sum_of, lengths, zeros(sums)),
    ]
    domain = arguments_inside(region, [x, y], rows)
    what = f"f(x) - f(y) - s is at most zero, s >= {exact_text(slope.constant)} |x - y| (X_{2 * size}"
    what += ")" if one else f" and {sums - 1} more, which are added up)"
    return _asked(combination(copies, network.name), domain, Criterion.NONPOSITIVE, what)


def _asked(network: Network, region: Region, criterion: Criterion, what: str) -> Question:
    return Question(network, region, criterion, None, what)


def _unit(size: int, index: int, value: int) -> Vector:
    unit = zeros(size)
    unit.numerators[index] = value
    return unit


def _objects(values: Sequence[Fraction]) -> NDArray[np.object_]:
    return np.array([*values, None], dtype=object)[:-1]


def _text(claim: Claim, question: Question, bound: Fraction, margin: Fraction, which: str) -> str:
    """The property file: declarations, the region of inputs, and a disjunction over outputs."""
    region, outputs = question.region, question.network.output_size
    assert isinstance(region.base, Box)
    names = [f"X_{i}" for i in range(region.dimension)]
    lines = [f"(declare-const {name} Real)" for name in [*names, *(f"Y_{i}" for i in range(outputs))]]
    for side, mask, symbol in (
        (region.base.low, region.base.low_finite, ">="),
        (region.base.high, region.base.high_finite, "<="),
    ):
        bounds = zip(names, side.fractions(), mask.tolist(), strict=True)
        lines += [f"(assert ({symbol} {name} {_number(value)}))" for name, value, finite in bounds if finite]
    lines += [f"(assert {_half_space(row, names)})" for row in region.rows]
    equal = "=" if margin else ""
    cases = [f"(>{equal} Y_{i} {_number(bound + margin)})" for i in range(outputs)]
    if question.criterion is Criterion.ZERO:
        cases += [f"(<{equal} Y_{i} {_number(-bound - margin)})" for i in range(outputs)]
    lines += [f"(assert {cases[0]})"] if len(cases) == 1 else ["(assert (or", *(f" (and {c})" for c in cases), "))"]
    notes = _notes(claim, question, margin, which)
    if not (region.base.low_finite.all() and region.base.high_finite.all()):
        notes.append("some inputs have no bound: few tools take that")
    if region.rows:
        notes.append("some constraints are about several inputs: tools for boxes do not take that")
    if any("(/ " in line for line in lines):
        notes.append("numbers without finite decimals are quotients (/ p q): some tools do not take that")
    return "\n".join([*(f"; {' '.join(note.split())}" for note in notes), *lines, ""])


def _notes(claim: Claim, question: Question, margin: Fraction, which: str) -> list[str]:
    """What the file asks, and what its answers mean."""
    size, points = claim.region.dimension, [n for n in "xy" if re.search(rf"\b{n}\b", question.lemma)] or ["x"]
    inputs = f"{' and '.join(points)}, " + ("each " if len(points) > 1 else "") + counted(size, "coordinate")
    inputs += "" if claim.region.chart is None else " within the region"
    inputs += "; then what the constraints need" if question.region.dimension > len(points) * size else ""
    notes = [f"{claim.property.name} on {claim.region.text or 'a region'}: {claim.property.formula}"]
    notes += [f"{letter}: {n.name}, sha256 {n.digest}" for letter, n in zip("fg", claim.networks, strict=False)]
    notes += [f"question {which}: the claim fails if one of them is sat"] if which else []
    notes += [
        f"asked: {question.lemma}",
        f"inputs: {inputs}",
        "sat: the claim fails at that point",
    ]
    if margin:
        notes.append(f"unsat: no value is out by {exact_text(margin)} or more; that does not prove the claim")
    else:
        notes.append("unsat: " + ("the claim holds if all are" if which else "the claim holds"))
    return notes


def _half_space(row: HalfSpace, names: Sequence[str]) -> str:
    """``a x <= b`` in integers."""
    slack, _ = row.row
    terms = [f"(* {-value}.0 {names[j]})" for j, value in slack.items() if j >= 0]
    left = f"(+ {' '.join(terms)})" if len(terms) > 1 else "".join(terms) or "0.0"
    return f"(<= {left} {slack.get(-1, 0)}.0)"


def _number(value: Fraction) -> str:
    return decimal_text(value) or f"(/ {value.numerator}.0 {value.denominator}.0)"
