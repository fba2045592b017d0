"""The steps from the layers to the forms, one rule per line; both sides of a step are equal on the region."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sympy

from verify.symbolic.frame import Expr, number
from verify.symbolic.nested import Nested, Writer, unit_symbol
from verify.symbolic.smooth import applied
from verify.symbolic.units import UnitStep

MERGE_RULE = "b + c*Max(0, a) is Max(b, b + c*a) for c > 0, Min(b, b + c*a) for c < 0"
OUTPUT_RULE = "the last layer, collected"
INSERT_RULE = "units written out"
PIECES_RULE = "one branch for each affine map on the region"
SMOOTH_PIECES_RULE = "one branch for each formula on the region"


@dataclass(frozen=True)
class DerivationStep:
    """``before = after`` by ``rule``; ``where`` names the unit or output."""

    rule: str
    before: Expr
    after: Expr
    where: str = ""


def derivation(
    writer: Writer, nested: Nested, output_names: tuple[str, ...], piecewise: tuple[Expr, ...] | None
) -> tuple[DerivationStep, ...]:
    """All steps, in the order of the layers."""
    named = writer.with_all_names()
    return tuple(_steps(named, nested, output_names, piecewise))


def _steps(
    writer: Writer, nested: Nested, output_names: tuple[str, ...], piecewise: tuple[Expr, ...] | None
) -> Iterator[DerivationStep]:
    for step in writer.units.steps:
        yield _unit_step(writer, step)
    for i, name in enumerate(output_names):
        yield from _output_steps(writer, i, name, nested.outputs[i])
        if piecewise is not None and piecewise[i] != nested.outputs[i]:
            rule = SMOOTH_PIECES_RULE if writer.units.smooth_units() else PIECES_RULE
            yield DerivationStep(rule, nested.outputs[i], piecewise[i], name)


def _output_steps(writer: Writer, output: int, name: str, final: Expr) -> Iterator[DerivationStep]:
    """From the last layer as it stands to the nested form, leaving out steps that change nothing."""
    total = writer.units.outputs[output]
    raw = [_product(number(w), writer.linear(z)) for w, z in writer.units.output_parts[output] if z]
    before, collected = sympy.Add(*raw, evaluate=False), writer.linear(total)
    if str(before) != str(collected):
        yield DerivationStep(OUTPUT_RULE, before, collected, name)
    merged = writer.expression(writer.node(total))
    if merged != collected:
        yield DerivationStep(MERGE_RULE, collected, merged, name)
    if final != merged:
        yield DerivationStep(INSERT_RULE, merged, final, name)


def _product(factor: Expr, value: Expr) -> Expr:
    return value if factor == 1 else sympy.Mul(factor, value, evaluate=False)


def _unit_step(writer: Writer, step: UnitStep) -> DerivationStep:
    argument = writer.linear(step.argument)
    function = step.function
    before = sympy.Max(0, argument, evaluate=False) if function is None else applied(function, argument)
    return DerivationStep(step.rule, before, writer.linear(step.result), step.name)


def definitions(writer: Writer) -> dict[Expr, Expr]:
    """What each name of a derivation stands for: ``h1`` and the ReLU (or smooth function) it is."""
    named, units = writer.with_all_names(), writer.units
    result = {}
    for i, (z, function) in enumerate(zip(units.arguments, units.functions, strict=True)):
        argument = named.linear(z)
        value = sympy.Max(0, argument, evaluate=False) if function is None else applied(function, argument)
        result[unit_symbol(units, i)] = value
    return result
