"""Proved claims against random instances: whatever said "proved" of a claim that an instance breaks is named."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import PropertyError, WrongVerdict
from verify.fuzzing.points import random_point
from verify.kernel.check import Verdict, evaluated_instance, surely_broken
from verify.network import floats
from verify.property import Assignment, Claim
from verify.property.trivial import trivial
from verify.rational import Real, Vector, exact_text, vector, zeros
from verify.report.record import Result
from verify.search.geometry.inside import Inside, inside

# Networks with more weights are evaluated in float64 first, and exactly only where its error bound decides nothing.
EXACT_WEIGHTS = 20_000
HALF = Fraction(1, 2)
FACTORS = [Fraction(n) for n in (-2, -1, 0, 1, 2, 3)] + [HALF, -HALF, Fraction(1, 3), Fraction(7, 8), Fraction(9, 8)]


@dataclass(frozen=True)
class VerdictFuzz:
    """How many instances were found in the region, and how many of them only float64 with its bound decided."""

    instances: int
    in_floats: int
    reason: str = ""


def fuzz_verdict(result: Result, examples: int = 1000, seed: int = 0) -> VerdictFuzz:
    """Try random instances of a proved claim; ``WrongVerdict`` names the engine that proved what an instance breaks.

    A vacuous claim is wrong if it has an instance that is not trivial. Verdicts other than PROVED have nothing to try:
    a refutation is one instance, which the kernel evaluates whenever it is checked.
    """
    if result.verdict is not Verdict.PROVED:
        return VerdictFuzz(0, 0, f"the verdict is {result.verdict.value}")
    claim, rng = result.claim, random.Random(seed)
    ready = inside(claim.region)
    found = in_floats = 0
    for _ in range(examples):
        for assignment in _instances(claim, ready, rng):
            if not _is_instance(claim, assignment):
                continue
            found += 1
            if result.vacuous and not trivial(claim).holds(assignment):
                raise WrongVerdict(_accusation(result, assignment, "the claim is not vacuous: it has an instance"))
            if _surely_small(claim, assignment):
                in_floats += 1
                continue
            gaps = _gaps(claim, assignment)
            if any(surely_broken(claim, assignment, gap) for gap in gaps):
                wanted = "not to 0" if claim.property.relation == "= 0" else f"which breaks {claim.property.formula}"
                raise WrongVerdict(_accusation(result, assignment, f"its terms add up to {_shown(gaps)}, {wanted}"))
    return VerdictFuzz(found, in_floats)


def _accusation(result: Result, assignment: Assignment, what: str) -> str:
    values = ", ".join(
        f"{name} = [{', '.join(value.strings())}]" if isinstance(value, Vector) else f"{name} = {exact_text(value)}"
        for name, value in assignment.items()
    )
    liar = f"{result.outcome.engine or 'unknown engine'} ({result.assurance})"
    return f"{liar} is wrong about {result!r}: at {values} {what}"


def _shown(gaps: list[Real]) -> str:
    return ", ".join(exact_text(gap) for gap in gaps)


def _is_instance(claim: Claim, assignment: Assignment) -> bool:
    return all(claim.region.contains(term.point) for term in claim.property.instance(assignment))


def _gaps(claim: Claim, assignment: Assignment) -> list[Real]:
    """What the terms add up to for each output: exactly, or enclosed for networks with smooth units."""
    totals: list[Real] = [Fraction(0)] * claim.network.output_size
    for term, outputs in evaluated_instance(claim, assignment):
        totals = [total + term.factor * value for total, value in zip(totals, outputs, strict=True)]
    return totals


def _surely_small(claim: Claim, assignment: Assignment) -> bool:
    """For large networks: whether the terms fulfil the formula as far as float64 with its error bound can tell."""
    if claim.network.weight_count <= EXACT_WEIGHTS or claim.property.margin is not None:
        return False
    total, allowed = np.zeros(claim.network.output_size), np.zeros(claim.network.output_size)
    for term in claim.property.instance(assignment):
        network = claim.second if term.second and claim.second is not None else claim.network
        run, factor = floats.run(network, term.point), float(term.factor)
        total += factor * run.values[-1]
        allowed += abs(factor) * (run.errors[-1] + 8 * floats.UNIT_ROUNDOFF * np.abs(run.values[-1]))
    if claim.property.relation != "= 0":
        return bool(np.all((total if claim.property.relation == "<= 0" else -total) <= allowed))
    return bool(np.all(np.abs(total) <= allowed))


def _instances(claim: Claim, ready: Inside, rng: random.Random) -> Iterator[Assignment]:
    """Values for the property's variables; some have arguments outside the region, and are no instances."""
    make = INSTANCES.get(claim.property.key)
    if make is None:
        raise PropertyError(f"no instances of {claim.property.name!r} can be drawn; known: {', '.join(INSTANCES)}")
    yield from make(random_point(ready, rng), random_point(ready, rng), rng)


def _affine(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    yield {"x": p, "y": q, "e": Fraction(rng.randint(0, 8), 8)}


def _superposition(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Combinations between p and q, beyond them, towards 0, and freely."""
    e, a, b = Fraction(rng.randint(-2, 10), 8), rng.choice(FACTORS), rng.choice(FACTORS)
    yield {"x": p, "y": q, "a": 1 - e, "b": e}
    yield {"x": p, "y": q, "a": a, "b": b}
    yield {"x": p, "y": q, "a": abs(a) / 8, "b": abs(b) / 8}
    if b:  # the combination is q itself
        yield {"x": p, "y": (q - p.scaled(a)).scaled(1 / b), "a": a, "b": b}


def _additive(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    yield {"x": p, "y": q}
    yield {"x": p, "y": q - p}
    yield {"x": p.scaled(HALF), "y": q.scaled(HALF)}


def _scalings(factors: list[Fraction]) -> Callable[[Vector, Vector, random.Random], Iterator[Assignment]]:
    def instances(p: Vector, _: Vector, rng: random.Random) -> Iterator[Assignment]:
        yield {"x": p, "t": rng.choice(factors)}
        yield {"x": p, "t": Fraction(rng.randint(0, 64), 64)}
        yield {"x": p, "t": Fraction(rng.randint(48, 80), 64)}

    return instances


def _mirrored(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    yield {"x": zeros(len(p))}
    for power in (0, 1, 3, 6):
        yield {"x": p.scaled(Fraction(1, 2**power))}


def _steps(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Steps as long as the points are apart in some coordinate, and shorter ones."""
    apart = abs(rng.choice((q - p).fractions())) if len(p) else Fraction(0)
    for factor in (Fraction(1), HALF, Fraction(1, 16), Fraction(1, 1024)):
        yield {"x": p, "t": apart * factor}
    yield {"x": p, "t": abs(rng.choice(FACTORS))}


def _pairs(p: Vector, q: Vector, rng: random.Random) -> Iterator[Assignment]:
    """Points far apart, close together, and apart in one coordinate only."""
    yield {"x": p, "y": q}
    yield {"x": p, "y": p + (q - p).scaled(Fraction(1, 2 ** rng.randint(1, 12)))}
    if len(p):
        mixed = p.fractions()
        j = rng.randrange(len(p))
        mixed[j] = q[j]
        yield {"x": p, "y": vector(mixed)}


INSTANCES: dict[str, Callable[[Vector, Vector, random.Random], Iterator[Assignment]]] = {
    "affine": _affine,
    "linear": _superposition,
    "superposition": _superposition,
    "constant": lambda p, q, _: iter([{"x": p, "y": q}]),
    "additive": _additive,
    "homogeneous": _scalings(FACTORS),
    "positively homogeneous": _scalings([f for f in FACTORS if f >= 0]),
    "odd": _mirrored,
    "even": _mirrored,
    "equivalent": lambda p, _, __: iter([{"x": p}]),
    "convex": _affine,
    "concave": _affine,
    "subadditive": _additive,
    "superadditive": _additive,
    "nondecreasing": _steps,
    "nonincreasing": _steps,
    "lipschitz": _pairs,
}
