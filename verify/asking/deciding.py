"""``ask``: from a formula and the networks that its names are bound to, to a result like that of ``verify.check``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from verify.api import load, make_budget, steps
from verify.asking.definitions import as_property
from verify.asking.symbols import Truth
from verify.errors import InputError, RegionError
from verify.formats.formulas import drawn, parse_formula
from verify.formats.toml_family import is_family
from verify.formula.tree import FUNCTIONS
from verify.network import Network
from verify.property import Claim
from verify.property.asked import asked_claim
from verify.region import Region
from verify.report.record import Result
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.outcome import SearchInterrupted
from verify.search.problem import is_empty

NetworkSource: TypeAlias = str | Path | Network
_NAME = re.compile(r"[A-Za-z_][A-Za-z_0-9]{0,59}")
_RESERVED = (*FUNCTIONS, "for", "in", "and", "or", "not", "all", "nonneg", "nonpos", "where")


def ask(
    network: NetworkSource,
    formula: str | Truth,
    *,
    to: NetworkSource | None = None,
    let: Mapping[str, NetworkSource | Region] | None = None,
    base_dir: Path | None = None,
    timeout: float | None = None,
    engine: str = "auto",
    report: Callable[[str], None] | None = None,
    executor: Executor | None = None,
    work: int | None = None,
) -> Result:
    """Decide whether a formula holds; in it ``f`` is ``network``, ``g`` is ``to``, and ``let`` binds further names.

    ``let`` maps names to networks, or to regions that stand after ``in``. File names in the formula are relative to
    ``base_dir`` (the current folder by default). ``timeout`` (seconds) and ``work`` (counted steps) bound it as in
    ``check``. The formula is read literally: f is defined everywhere, and nothing
    keeps its arguments in a region but the conditions. Where it is the definition of a property of the catalogue, the
    result is that of ``verify.check``. Raises ``FormulaError``, which draws the place of a mistake.
    """
    budget = replace(make_budget(timeout, report), executor=executor, work=steps(work))
    claim, first, second = asked_about(network, formula, to=to, let=let, base_dir=base_dir)
    try:
        return Result(claim, decide(claim, budget, engine), first, second)
    except SearchInterrupted as stop:
        stop.result = Result(claim, stop.outcome, first, second)
        raise


def formula_claim(
    network: NetworkSource,
    formula: str | Truth,
    *,
    to: NetworkSource | None = None,
    let: Mapping[str, NetworkSource | Region] | None = None,
) -> Claim:
    """The claim that ``ask`` decides: about a property of the catalogue, or a formula."""
    return asked_about(network, formula, to=to, let=let)[0]


def asked_about(
    network: NetworkSource,
    formula: str | Truth,
    *,
    to: NetworkSource | None = None,
    let: Mapping[str, NetworkSource | Region] | None = None,
    base_dir: Path | None = None,
) -> tuple[Claim, Network, Network | None]:
    """The claim that ``ask`` decides, and the one or two networks that its ``Result`` is about."""
    claim, networks = _claim(str(formula), _bound(network, formula, to, let), base_dir)
    if claim.property.asked is None:
        return claim, claim.network, claim.second
    return claim, networks["f"], networks.get("g")


def _bound(
    network: NetworkSource,
    formula: str | Truth,
    to: NetworkSource | None,
    let: Mapping[str, NetworkSource | Region] | None,
) -> dict[str, NetworkSource | Region]:
    """What each name stands for."""
    bound: dict[str, NetworkSource | Region] = {"f": network}
    if to is not None:
        bound["g"] = to
    for name, value in {**(formula.regions if isinstance(formula, Truth) else {}), **(let or {})}.items():
        if not _NAME.fullmatch(name) or name in _RESERVED:
            raise InputError(f"{name[:60]!r} cannot be bound to anything; expected a name such as g")
        if name in bound:
            raise InputError(f"{name} is bound twice; f is the first network, g the one given with --to")
        bound[name] = value
    for source in bound.values():
        if isinstance(source, str | Path) and is_family(str(source)):
            raise InputError(
                f"{source}: a family of networks; formulas are about one network, 'verify check' knows families"
            )
    return bound


def _claim(
    text: str, bound: Mapping[str, NetworkSource | Region], base_dir: Path | None
) -> tuple[Claim, dict[str, Network]]:
    networks = {name: load(value) for name, value in bound.items() if not isinstance(value, Region)}
    places = {name: value for name, value in bound.items() if isinstance(value, Region)}
    sizes = {name: (loaded.input_size, loaded.output_size) for name, loaded in networks.items()}
    parsed = parse_formula(text, sizes, regions=places, base_dir=base_dir)
    for region in parsed.regions:
        if region.rows and is_empty(region, Budget()):
            raise RegionError(f"region {region.text!r} is empty: no point satisfies all its constraints")
    with drawn(text):
        known = as_property(parsed, networks)
        if known is not None:
            return known, networks
        return asked_claim(parsed, networks), networks
