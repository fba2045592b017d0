"""Asking in the language of claims: text, or Python expressions that become that text.

result = verify.ask("relu", "f(x + y) == f(x) + f(y) for x, y in box(0, 1)")
"""

from verify.asking.deciding import ask, asked_about, formula_claim
from verify.asking.symbols import Symbol, Symbolic, Truth, functions, variables

__all__ = ["Symbol", "Symbolic", "Truth", "ask", "asked_about", "formula_claim", "functions", "variables"]
