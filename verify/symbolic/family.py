"""Families in SymPy: symbols for weights, and what is known of their signs decides which ReLU fall away.

    family_form(family(2, [dense(2, ">= 0", ">= 0"), relu(), dense(1, "any", "any")]))

A ReLU whose argument SymPy's assumptions show to be >= 0 (<= 0) becomes the argument (0), for all such weights at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy

from verify.errors import NetworkError
from verify.network.families import Family, Range
from verify.network.families.layers import Parameter
from verify.network.families.ranges import WORDS, flat
from verify.network.families.terms import Terms
from verify.symbolic.derivation import DerivationStep
from verify.symbolic.frame import Expr, number

NONNEGATIVE_RULE = "no term is negative: Max(0, z) = z"
NONPOSITIVE_RULE = "no term is positive: Max(0, z) = 0"
UNKNOWN_RULE = "the sign is not known: the ReLU stays"
MAX_WEIGHTS = 2000
LETTERS = {"weight": "w", "bias": "b", "scale": "w", "shift": "b", "slope": "s"}


@dataclass(frozen=True)
class FamilyForm:
    """The outputs for all weights of the given signs and all inputs of the given sign, and how they came about.

    ``weights`` has the symbols (or numbers) of each tensor in row-major order, by layer name and key.
    """

    outputs: tuple[Expr, ...]
    steps: tuple[DerivationStep, ...]
    inputs: tuple[Expr, ...]
    weights: dict[tuple[str, str], tuple[Expr, ...]]

    @property
    def is_affine(self) -> bool:
        """Whether no ReLU is left: every network of the family is affine on the inputs of that sign."""
        return not any(output.has(sympy.Max) for output in self.outputs)


def family_form(family: Family, inputs: str = "nonneg") -> FamilyForm:
    """The outputs of a small family; ``inputs`` is the sign of every input, one of the words of ``ranges.WORDS``."""
    if inputs not in WORDS:
        raise NetworkError(f"sign {inputs!r}: expected one of {', '.join(WORDS)}")
    if family.weight_count > MAX_WEIGHTS:
        raise NetworkError(
            f"{family.name}: {family.weight_count} weights; at most {MAX_WEIGHTS} are written as symbols"
        )
    size = family.input_size
    start = [_entry("x" if size == 1 else f"x{j}", WORDS[inputs]) for j in range(size)]
    weights: dict[tuple[str, str], tuple[Expr, ...]] = {}
    numbered = {name: k for k, name in enumerate(dict.fromkeys(name for name, _ in family.parameters), start=1)}
    for (name, key), parameter in family.parameters.items():
        weights[name, key] = _symbols(f"{LETTERS[key]}{numbered[name]}", parameter)
    steps: list[DerivationStep] = []

    def relu(z: Expr, layer: str, unit: int) -> Expr:
        return _relu(z, f"{layer}[{unit}]", steps)

    def total(terms: Sequence[Expr]) -> Expr:
        return sympy.Add(*terms)

    outputs = Terms(relu, total, number).outputs(family, weights, start)
    return FamilyForm(tuple(outputs), tuple(steps), tuple(start), weights)


def _symbols(name: str, parameter: Parameter) -> tuple[Expr, ...]:
    """The entries of a tensor in row-major order: symbols with their assumptions, or numbers."""
    count = math.prod(parameter.shape)
    labels = [name if count == 1 else "_".join([name, *map(str, _indices(i, parameter.shape))]) for i in range(count)]
    return tuple(_entry(label, r) for label, r in zip(labels, flat(parameter.ranges, parameter.shape), strict=True))


def _indices(place: int, shape: tuple[int, ...]) -> list[int]:
    found = []
    for size in reversed(shape):
        place, index = divmod(place, size)
        found.append(index)
    return found[::-1]


def _entry(name: str, allowed: Range) -> Expr:
    """The number where there is only one, else a symbol of known sign."""
    if allowed.low is not None and allowed.low == allowed.high:
        return number(allowed.low)
    return sympy.Symbol(name, **_assumptions(allowed))


def _assumptions(allowed: Range) -> dict[str, bool]:
    zero = Fraction(0)
    if allowed.low is not None and allowed.low >= zero:
        return {"nonnegative": True} if allowed.contains(zero) else {"positive": True}
    if allowed.high is not None and allowed.high <= zero:
        return {"nonpositive": True} if allowed.contains(zero) else {"negative": True}
    return {"real": True}


def _relu(z: Expr, where: str, steps: list[DerivationStep]) -> Expr:
    """The ReLU of z, without Max where the sign is known."""
    before = sympy.Max(0, z, evaluate=False)
    if z.is_nonnegative:
        rule, after = NONNEGATIVE_RULE, z
    elif z.is_nonpositive:
        rule, after = NONPOSITIVE_RULE, sympy.Integer(0)
    else:
        rule, after = UNKNOWN_RULE, before
    steps.append(DerivationStep(rule, before, after, where))
    return after
