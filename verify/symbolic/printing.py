"""SymPy's printers with inputs in the order of their numbers: x2 before x10; LaTeX in lines that an editor shows."""

from __future__ import annotations

import re
import textwrap
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter
from sympy.printing.mathml import MathMLPresentationPrinter
from sympy.printing.str import StrPrinter

from verify.symbolic.frame import Expr

# Lines up to LONG stay as they are.
COLUMNS, LONG = 100, 180


class _Numbered:
    """Terms of a sum that are a number times a symbol change places among themselves, by the symbol's number."""

    def _as_ordered_terms(self, expr: Expr, order: str | None = None) -> list[Expr]:
        terms: list[Expr] = super()._as_ordered_terms(expr, order=order)  # type: ignore[misc]
        linear = [i for i, term in enumerate(terms) if term.as_coeff_Mul()[1].is_Symbol]
        ordered = sorted((terms[i] for i in linear), key=_number)
        for i, term in zip(linear, ordered, strict=True):
            terms[i] = term
        return terms


def _number(term: Expr) -> list[tuple[int, str]]:
    """``x10`` as x and 10."""
    parts = re.findall(r"\d+|\D+", str(term.as_coeff_Mul()[1]))
    return [(int(part), "") if part.isdigit() else (-1, part) for part in parts]


class _Text(_Numbered, StrPrinter):  # type: ignore[misc]
    """Plain text."""


class _Latex(_Numbered, LatexPrinter):  # type: ignore[misc]
    """LaTeX."""


class Presentation(_Numbered, MathMLPresentationPrinter):  # type: ignore[misc]
    """Presentation MathML with a brace for Piecewise, which SymPy prints as a word."""

    def _print_Piecewise(self, expr: Expr) -> Any:
        row, brace, table = (self.dom.createElement(tag) for tag in ("mrow", "mo", "mtable"))
        brace.appendChild(self.dom.createTextNode("{"))
        for value, condition in expr.args:
            otherwise = condition == sympy.true
            line = self.dom.createElement("mtr")
            for node in (self._print(value), self._words("otherwise") if otherwise else self._print(condition)):
                cell = self.dom.createElement("mtd")
                cell.appendChild(node)
                line.appendChild(cell)
            table.appendChild(line)
        row.appendChild(brace)
        row.appendChild(table)
        return row

    def _words(self, text: str) -> Any:
        node = self.dom.createElement("mtext")
        node.appendChild(self.dom.createTextNode(text))
        return node


def text(expr: Expr) -> str:
    """The expression as text that SymPy reads again."""
    return str(_Text().doprint(expr))


def latex(expr: Expr) -> str:
    """The expression in LaTeX, on one line."""
    return str(_Latex().doprint(expr))


def folded(line: str) -> str:
    """LaTeX with a line for each branch of its cases, none much longer than a screen; LaTeX reads it as before.

    Lines break where a space stands already, which LaTeX cannot tell from the end of a line.
    """
    if len(line) <= LONG:
        return line
    branches = re.sub(r"(?<= \\\\)\s*", "\n", line).split("\n")
    wrapped = [
        textwrap.wrap(part, COLUMNS, break_long_words=False, break_on_hyphens=False) or [""] for part in branches
    ]
    return "\n".join("\n  ".join(lines) for lines in wrapped)
