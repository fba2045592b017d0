"""Presentation MathML, written by hand: no script, no font to load.

Formulas of the catalogue are plain text such as ``f(x + y) = f(x) + f(y)``. ``formula`` turns any such text into
rows that a browser may break between, so that long ones fit a phone.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from markupsafe import Markup

from verify.digits import display
from verify.property import Claim
from verify.rational import Vector, exact_text
from verify.region import Box, Region
from verify.report.markup import element, join

_TOKEN = re.compile(r"\s*(\d+/\d+|\d+(?:\.\d+)?|[A-Za-z_]\w*|<=|>=|!=|==|->|\|\||\S)")
_OPERATORS = {"<=": "≤", ">=": "≥", "!=": "≠", "==": "=", "->": "→", "-": "−", "*": "·", "||": "‖"}
_RELATIONS = ("=", "==", "<=", ">=", "!=")
_APPLY, _TIMES = "\u2061", "\u2062"
MAX_SHOWN = 6


def math(*children: Markup) -> Markup:
    """A formula as one ``math`` element."""
    return element("math", element("mrow", *children))


def identifier(text: str) -> Markup:
    """``x``, ``x0`` with its index below, or a longer word upright."""
    match = re.fullmatch(r"([A-Za-z])_?(\d+)", text)
    if match:
        return element("msub", element("mi", match[1]), element("mn", match[2]))
    return element("mi", text) if len(text) == 1 else element("mtext", text)


def operator(text: str) -> Markup:
    """An operator sign; a relation keeps its space on both sides even where a line begins with it."""
    form, stretchy = "infix" if text in _RELATIONS else None, "false" if text in ("(", ")", "[", "]") else None
    return element("mo", _OPERATORS.get(text, text), form=form, stretchy=stretchy)


def number(value: Fraction) -> Markup:
    """A rational: an integer, a fraction, or where both are long a decimal after a tilde."""
    text = exact_text(abs(value))
    sign = [operator("-")] if value < 0 else []
    if len(text) > 24:
        return element("mrow", element("mn", display(value, 0)))
    if value.denominator == 1:
        body = element("mn", text)
    else:
        body = element("mfrac", *(element("mn", part) for part in text.split("/")))
    return element("mrow", *sign, body) if sign else body


def formula(text: str) -> list[Markup]:
    """The formula in pieces, broken before relations and after commas that stand outside parentheses."""
    pieces: list[list[Markup]] = [[]]
    previous, depth = "", 0
    for token in _TOKEN.findall(text):
        depth += (token == "(") - (token == ")")
        if depth == 0 and token in _RELATIONS and not _in_chain(pieces):
            pieces.append([])
        if previous == "^" and len(pieces[-1]) > 1:
            pieces[-1][-2:] = [element("msup", pieces[-1][-2], _token(token))]
        elif token.startswith("_") and len(token) > 1 and pieces[-1]:  # ||x||_2, ||x||_inf
            index = element("mo", "∞") if token == "_inf" else _token(token[1:])
            pieces[-1][-1:] = [element("msub", pieces[-1][-1], index)]
        else:
            sign = token in ("-", "+") and previous in ("", "(", ",", "[", *_RELATIONS)
            shown = element("mo", _OPERATORS.get(token, token), form="prefix") if sign else _token(token)
            pieces[-1] += [*_between(previous, token), shown]
        if depth == 0 and token == ",":
            pieces.append([])
        previous = token
    return [math(*piece) for piece in pieces if piece]


def _in_chain(pieces: Sequence[Sequence[Markup]]) -> bool:
    """Whether this is a side condition such as ``0 <= e <= 1``, which stays whole."""
    return len(pieces) > 1 and len(pieces[-2]) > 0 and pieces[-2][-1] == operator(",")


def _between(left: str, right: str) -> list[Markup]:
    """The invisible sign between two things that stand side by side."""
    ends = bool(left) and (left[-1].isalnum() or left == ")")
    if not ends or not (right[0].isalnum() or right == "("):
        return []
    if right == "(" and left in ("f", "g", "h", "relu", "max", "min", "exp", "tanh"):
        return [element("mo", _APPLY)]
    words = (len(left) > 1 and left.isalpha()) or (len(right) > 1 and right.isalpha())
    return [element("mspace", width="0.35em")] if words else [element("mo", _TIMES)]


def _token(token: str) -> Markup:
    if token[0].isdigit():
        return number(Fraction(token))
    return identifier(token) if token[0].isalpha() or token[0] == "_" else operator(token)


def affine_form(coefficients: Vector, constant: Fraction, names: Sequence[str]) -> Markup | None:
    """``1/2 x0 - x1 + 3``; None where that would be too long to read."""
    terms = [(value, name) for value, name in zip(coefficients.fractions(), names, strict=True) if value]
    if len(terms) > MAX_SHOWN or any(len(exact_text(v)) > 16 for v in (*(t[0] for t in terms), constant)):
        return None
    parts: list[Markup] = []
    for value, name in terms:
        parts += signed(value, first=not parts)
        if abs(value) != 1:
            parts += [number(abs(value)), element("mo", _TIMES)]
        parts.append(identifier(name))
    if constant or not parts:
        parts += [*signed(constant, first=not parts), number(abs(constant))]
    return element("mrow", *parts)


def signed(value: Fraction, *, first: bool) -> list[Markup]:
    """The sign before a term of a sum; the first one has none where it is positive."""
    if first:
        return [operator("-")] if value < 0 else []
    return [operator("-" if value < 0 else "+")]


def region(where: Region) -> Markup:
    """The set P, where a short formula says it; else the expression as it was written."""
    base, space = where.base, _power(element("mi", "ℝ"), where.ambient)
    plain = where.chart is None and not where.rows and isinstance(base, Box)
    if not plain or not isinstance(base, Box):
        return element("mtext", where.text or "a region given in Python")
    if not base.low_finite.any() and not base.high_finite.any():
        return space
    if not base.high_finite.any() and base.low_finite.all() and base.low.is_zero():
        index = element("mrow", operator(">="), element("mn", "0"))
        real = element("mi", "ℝ")
        if where.ambient == 1:
            return element("msub", real, index)
        return element("msubsup", real, index, element("mn", str(where.ambient)))
    sides = set(zip(base.low.fractions(), base.high.fractions(), strict=True))
    if base.is_bounded and len(sides) == 1 and all(len(exact_text(v)) <= 24 for v in next(iter(sides))):
        low, high = next(iter(sides))
        interval = [operator("["), number(low), operator(","), number(high), operator("]")]
        return _power(element("mrow", *interval), where.ambient)
    return element("mtext", where.text or "a region given in Python")


def _power(base: Markup, exponent: int) -> Markup:
    return base if exponent == 1 else element("msup", base, element("mn", str(exponent)))


def quantifier(claim: Claim) -> Markup:
    """``for all x, y in R^n and e in R with every argument of f in P``."""
    points = [name for name, kind in claim.property.variables.items() if kind == "point"]
    numbers = [name for name, kind in claim.property.variables.items() if kind != "point"]
    groups = []
    for names, space in ((points, _power(element("mi", "ℝ"), claim.network.input_size)), (numbers, element("mi", "ℝ"))):
        if names:
            listed = [part for name in names for part in (operator(","), identifier(name))][1:]
            groups.append(math(*listed, operator("∈"), space))
    return join(groups, ", ")


def function_type(claim: Claim) -> Markup:
    """``f : R^n -> R^m``."""
    real, asked = element("mi", "ℝ"), claim.property.asked
    if asked is not None:
        sizes = {name: (_power(real, n.input_size), _power(real, n.output_size)) for name, n in asked.networks.items()}
        kinds = [math(identifier(name), operator(":"), a, operator("->"), b) for name, (a, b) in sizes.items()]
        return join(kinds, ", ")
    return typed("f" if claim.second is None else "fg", claim.network.input_size, claim.network.output_size)


def typed(names: str, inputs: int, outputs: int) -> Markup:
    """``f : R^n -> R^m``; a letter for each function."""
    real = element("mi", "ℝ")
    source, target = _power(real, inputs), _power(real, outputs)
    name = join([part for letter in names for part in (operator(","), identifier(letter))][1:])
    return math(name, operator(":"), source, operator("->"), target)
