"""Proved claims against random instances: whatever said "proved" of a claim that an instance breaks is named."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from verify.errors import PropertyError, RegionError, WrongVerdict
from verify.fuzzing.points import random_point
from verify.kernel.check import Verdict, evaluated_instance, surely_broken
from verify.network import floats
from verify.property import CATALOGUE, Assignment, Claim
from verify.rational import Real, Vector, exact_text
from verify.report.record import Result
from verify.search.refuting.inside import Inside, inside

# Networks with more weights are evaluated in float64 first, and exactly only where its error bound decides nothing.
EXACT_WEIGHTS = 20_000


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
    try:
        ready = inside(claim.region)
    except RegionError:
        if not result.vacuous:
            raise
        return VerdictFuzz(0, 0, "the region is empty: there is no instance to try")
    found = in_floats = 0
    for _ in range(examples):
        for assignment in _instances(claim, ready, rng):
            if not _is_instance(claim, assignment):
                continue
            found += 1
            if result.vacuous and not claim.property.trivial.holds(assignment):
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
    if claim.property.draw is None:
        raise PropertyError(f"no instances of {claim.property.name!r} can be drawn; known: {', '.join(drawn())}")
    yield from claim.property.draw(random_point(ready, rng), random_point(ready, rng), rng)


def drawn() -> list[str]:
    """The properties whose instances can be drawn."""
    return [name for name, each in CATALOGUE.items() if each.draw is not None]
