"""Is a proposed form equal to the network? Exactly, at chosen points, and by Z3 on the whole region.

The points are inside every cell, on and beside the boundaries between cells, and random. Z3 is asked for a point of
the region at which the form and the network differ; that there is none is attested, it leaves no proof to replay.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from verify.errors import EvidenceError
from verify.kernel.balls import enclosures, preactivation_bounds
from verify.kernel.exact import evaluate, preactivations
from verify.network import Network
from verify.rational import Real, Vector, ends, vector
from verify.region import Region
from verify.search.budget import Budget
from verify.search.refuting.sampling import points
from verify.symbolic.exact import to_z3, value_of
from verify.symbolic.form import Agreement, SymbolicForm
from verify.symbolic.frame import Expr, Frame
from verify.symbolic.smooth import BITS, enclosure_of

# Forms with smooth units are compared to this many digits.
DIGITS = 60
RANDOM_POINTS = 24
SEGMENTS = 40
# Seconds that Z3 gets when there is no time budget.
Z3_SECONDS = 10.0


def agrees(form: SymbolicForm, network: Network, region: Region, budget: Budget) -> Agreement:
    """Compare every form with the network; a difference is an ``EvidenceError``: no form is shown unchecked."""
    count = 0
    for x in dict.fromkeys(chosen_points(form)):
        if count and budget.remaining <= 0:
            break
        difference = difference_at(form, network, x)
        if difference is not None:
            raise EvidenceError("symbolic form", difference)
        count += 1
    if not network.is_piecewise_linear:
        return Agreement(count, "it has no query for smooth units", DIGITS)
    return Agreement(count, _by_z3(form, network, region, budget))


def checked(form: SymbolicForm, budget: Budget) -> SymbolicForm:
    """The form with its agreement filled in."""
    return replace(form, agreement=agrees(form, form.network, form.region, budget))


def difference_at(form: SymbolicForm, network: Network, x: Vector) -> str | None:
    """None where every form has the network's exact values at x, else what differs."""
    if not network.is_piecewise_linear:
        return _smooth_difference_at(form, network, x)
    expected = evaluate(network, x).fractions()
    values = dict(zip(form.symbols, x.fractions(), strict=True))
    known = with_named(form.named, values)
    for output, wanted in enumerate(expected):
        got = {"Max": value_of(form.max_form[output], known)}
        if form.piecewise is not None:
            got["Piecewise"] = value_of(form.piecewise[output], values)
        for kind, value in got.items():
            if value != wanted:
                place = ", ".join(x.strings())
                return f"the {kind} form of output {output} is {value} at ({place}), the network is {wanted} there"
    return None


def _smooth_difference_at(form: SymbolicForm, network: Network, x: Vector) -> str | None:
    """None where all enclosures meet and are narrow enough for ``DIGITS`` digits."""
    values = dict(zip(form.symbols, x.fractions(), strict=True))
    place = ", ".join(x.strings())
    for output, wanted in enumerate(enclosures(network, x, BITS)):
        forms = {"Max": _with_named_inserted(form, output)}
        if form.piecewise is not None:
            forms["Piecewise"] = form.piecewise[output]
        low, high = ends(wanted)
        for kind, expression in forms.items():
            got = enclosure_of(expression, values)
            from_, to = ends(got)
            size = max(abs(low), abs(high), Fraction(1))
            if max(low, from_) > min(high, to) or max(high, to) - min(low, from_) > size / 10**DIGITS:
                return f"the {kind} form of output {output} is {got} at ({place}), the network is {wanted} there"
    return None


def _with_named_inserted(form: SymbolicForm, output: int) -> Expr:
    """The Max form with its named parts written out."""
    result = form.max_form[output]
    for symbol, definition in reversed(form.named):
        result = result.xreplace({symbol: definition})
    return result


def with_named(named: Sequence[tuple[Expr, Expr]], values: Mapping[Expr, Fraction]) -> dict[Expr, Fraction]:
    """The values, and those of the named parts in order."""
    known = dict(values)
    for symbol, definition in named:
        known[symbol] = value_of(definition, known)
    return known


def chosen_points(form: SymbolicForm, seed: int = 0) -> Iterator[Vector]:
    """Inputs inside cells, on and beside boundaries, and random ones; all of them in the region."""
    frame = form.frame
    inside = [cell.interior for cell in form.cells] or [frame.problem.interior]
    sample = points(frame.problem, RANDOM_POINTS, seed)
    rng = random.Random(seed)
    for t in inside:
        yield frame.ambient(t)
    for t in sample:
        yield frame.ambient(t)
    ends = inside + sample
    for _ in range(SEGMENTS if len(ends) > 1 else 0):
        start, end = rng.sample(ends, 2)
        for t in _around_zero(frame, start, end, rng):
            yield frame.ambient(t)


def _around_zero(frame: Frame, start: Vector, end: Vector, rng: random.Random) -> Iterator[Vector]:
    """Where a ReLU of the first layers that change reaches zero between two points, and just beside it."""
    crossings = []
    left, right = _values(frame, start), _values(frame, end)
    for k, _ in frame.network.relu_blocks():
        for a, b in zip(left[k - 1], right[k - 1], strict=True):
            if isinstance(a, Fraction) and isinstance(b, Fraction) and a * b < 0:
                crossings.append(a / (a - b))
    if not crossings:
        yield (start + end).scaled(Fraction(1, 2))
        return
    at, direction = rng.choice(crossings), end - start
    for step in (at, at * (1 - Fraction(1, 1000)), at + (1 - at) * Fraction(1, 1000)):
        yield start + direction.scaled(step)


def _values(frame: Frame, t: Vector) -> Sequence[Sequence[Real]]:
    """Pre-activations, exact where no smooth unit is in them."""
    if frame.network.is_piecewise_linear:
        return [z.fractions() for z in preactivations(frame.network, t)]
    return preactivation_bounds(frame.network, t)


def _by_z3(form: SymbolicForm, network: Network, region: Region, budget: Budget) -> str:
    """``equal``, or why there is no answer."""
    import z3

    from verify.search.solver.encoding import encoded, inside
    from verify.search.solver.literal import interrupting

    seconds = min(budget.remaining, Z3_SECONDS) if budget.seconds is None else budget.remaining
    if seconds <= 0:
        return "no time left"
    solver = z3.Solver()
    variables = [z3.Real(symbol.name) for symbol in form.symbols]
    solver.add(*inside(region, variables, "region"))
    outputs = encoded(network, variables, solver, "net")
    solver.add(z3.Or(_differences(form, dict(zip(form.symbols, variables, strict=True)), outputs)))
    solver.set("timeout", max(1, int(seconds * 1000)))
    with interrupting(seconds + 1):
        status = solver.check()
    if status == z3.sat:
        return _replayed(form, network, solver.model(), variables)
    return "equal" if status == z3.unsat else f"{status}: {solver.reason_unknown()}"


def _differences(form: SymbolicForm, known: dict[Expr, Any], outputs: Sequence[Any]) -> list[Any]:
    for symbol, definition in form.named:
        known[symbol] = to_z3(definition, known)
    forms = [form.max_form] if form.piecewise is None else [form.max_form, form.piecewise]
    return [to_z3(e, known) != out for each in forms for e, out in zip(each, outputs, strict=True)]


def _replayed(form: SymbolicForm, network: Network, model: Any, variables: Sequence[Any]) -> str:
    """A model is only believed if the exact values differ there."""
    numbers = [model.eval(v, model_completion=True) for v in variables]
    x = vector([Fraction(int(n.numerator_as_long()), int(n.denominator_as_long())) for n in numbers])
    difference = difference_at(form, network, x)
    if difference is not None:
        raise EvidenceError("symbolic form", difference)
    return "its counterexample does not replay"
