"""Checking claims about families of networks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from verify.errors import InputError
from verify.formats import expressions
from verify.formats.toml_family import load_family
from verify.kernel.families import FamilyClaim
from verify.network.families import Family
from verify.property import find
from verify.region import Region, box, everything
from verify.region.region import to_json as region_json
from verify.report.family_record import FamilyResult
from verify.report.record_json import region_text
from verify.search.budget import Budget
from verify.search.families.decide import decide_family

__all__ = ["check_family", "family_claim", "load_family", "symbolic_lines"]

MAX_SYMBOLS = 60


def family_claim(family: str | Path | Family, property: str, on: str | Region = "nonneg") -> FamilyClaim:
    """The claim that ``check_family`` decides, with its arguments."""
    described = family if isinstance(family, Family) else load_family(family)
    named = replace(on, text=region_text(on)) if isinstance(on, Region) else None  # the lines of a proof name it
    region = named or expressions.parse_region(str(on), described.input_size)
    return FamilyClaim(described, find(property), region)


def symbolic_lines(claim: FamilyClaim) -> tuple[str, ...]:
    """The derivation of a small family in SymPy, one ReLU a line, then the outputs; nothing for a large one.

    Inputs have one sign, so only the orthants, and all of R^n, have such a derivation.
    """
    region, size = claim.region, claim.family.input_size
    signs = {
        "nonneg": box([0] * size, [None] * size),
        "nonpos": box([None] * size, [0] * size),
        "any": everything(size),
    }
    inputs = next((word for word, same in signs.items() if region_json(region) == region_json(same)), None)
    if inputs is None or claim.family.weight_count > MAX_SYMBOLS:
        return ()
    from verify.symbolic import family_form

    form = family_form(claim.family, inputs)
    steps = [f"{step.where}: {step.before} = {step.after}    ({step.rule})" for step in form.steps]
    return (*steps, *(f"f(x)[{i}] = {output}" for i, output in enumerate(form.outputs)))


def check_family(
    family: str | Path | Family,
    property: str,
    on: str | Region = "nonneg",
    *,
    timeout: float | None = None,
    engine: str = "auto",
    cross_check: bool = False,
    report: Callable[[str], None] | None = None,
) -> FamilyResult:
    """Decide whether every network of the family has the property on the region.

    PROVED comes from rules about signs that the kernel replays (or, for very small families, on Z3's word), REFUTED
    from one member with a counterexample. ``cross_check`` also puts the literal claim about a small family to Z3 and
    raises ``EngineDisagreement`` where the answers differ. Raises ``InputError`` for bad input.
    """
    if timeout is not None and not timeout > 0:
        raise InputError(f"timeout is {timeout} s; expected a positive number")
    budget = Budget(timeout) if report is None else Budget(timeout, report)
    claim = family_claim(family, property, on)
    outcome = decide_family(claim, budget, engine)
    if cross_check:
        from verify.search.families.literal import cross_checked

        cross_checked(claim, outcome.verdict, budget)
    return FamilyResult(claim, outcome)
