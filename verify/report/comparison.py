"""An inequality that an instance breaks, as two sides with their values: ``f(1) = 3 and ... = 2, but 3 > 2``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from verify.digits import display, display_apart
from verify.kernel.check import TermValue
from verify.property import Assignment, Property
from verify.property.base import point
from verify.rational import Real, ends
from verify.region.norms import SUBSCRIPTS, measure, squared_if_l2
from verify.report.sums import sum_text

# A value of f with its factor and how the call is written.
Called = tuple[Fraction, TermValue, str]


def is_comparison(formula: Property) -> bool:
    """Whether the formula of the property compares two sides that ``comparison`` can write out."""
    return formula.relation != "= 0" and (formula.margin is None or formula.key == "lipschitz")


def comparison(formula: Property, assignment: Assignment, values: Sequence[Called]) -> str:
    """Both sides with their numbers, and how they compare: the terms, of which the first stands alone."""
    if formula.key == "lipschitz":
        return _lipschitz(formula, assignment, values)
    left = [item for item in values[:1] if item[0]]
    right = [(-factor, value, call) for factor, value, call in values[1:] if factor]
    return _against(_side(left), _side(right), {"<= 0": ">", ">= 0": "<", "= 0": "!="}[formula.relation])


def _against(left: tuple[str, Real], right: tuple[str, Real], sign: str) -> str:
    numbers = display_apart(left[1], right[1])
    text = f"{left[0]} and {right[0]}, but {numbers[0]} {sign} {numbers[1]}"
    if any("~" in n for n in numbers):
        difference = left[1] + Fraction(-1) * right[1]
        text += f" (they differ by {display(difference, 24)})"
    return text


def _side(parts: Sequence[Called]) -> tuple[str, Real]:
    """``1/2 * f(0) + 1/2 * f(2) = 0 + 1 = 1`` and its value."""
    total: Real = sum((factor * value.value for factor, value, _ in parts), Fraction(0))
    if not parts:
        return "the other side is 0", total
    names = sum_text([(factor, call) for factor, _, call in parts])
    numbers = sum_text([(factor, display(value.value)) for factor, value, _ in parts])
    shown = display(total)
    return f"{names} = {shown}" if numbers == shown else f"{names} = {numbers} = {shown}", total


def _lipschitz(formula: Property, assignment: Assignment, values: Sequence[Called]) -> str:
    """``f(1) - f(0) = 3 - 0 = 3 and 2 * ||x - y||_inf = 2 * 1 = 2``; squares of both for the L2 norm."""
    norm, constant = formula.parameters["norm"], formula.parameters["constant"]
    total = sum((factor * value.value for factor, value, _ in values), Fraction(0))
    if ends(total)[1] < 0:  # the formula is about the absolute value
        values = [(-factor, value, call) for factor, value, call in reversed(values)]
    left, size = _side(values)
    distance = measure(norm, point(assignment, "x") - point(assignment, "y"))
    bound = squared_if_l2(norm, constant) * distance
    length = f"||x - y||_{SUBSCRIPTS[norm]}"
    if norm != "l2":
        right = f"{display(constant)} * {length} = {_product(constant, distance, bound)}"
        return _against((left, size), (right, bound), ">")
    squared = squared_if_l2(norm, size) if isinstance(size, Fraction) else size
    right = f"({display(constant)} * {length})^2 = {_product(constant * constant, distance, bound)}"
    if not isinstance(squared, Fraction):
        return f"{left} and {right}, whose root is smaller"
    return f"{left} and {right}, but {_squared(abs(ends(size)[0]))} = {display(squared)} > {display(bound)}"


def _squared(value: Fraction) -> str:
    """``3^2``, ``(1/2)^2``."""
    text = display(value)
    return f"{text}^2" if text.isdigit() else f"({text})^2"


def _product(factor: Fraction, distance: Fraction, bound: Fraction) -> str:
    """``2 * 1 = 2``."""
    return f"{display(factor)} * {display(distance)} = {display(bound)}"
