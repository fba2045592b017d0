"""The language of claims: syntax trees, what sizes their parts have, what they mean, and how they become questions.

``verify.formats.formulas`` reads text into these trees, ``verify.formula.python`` makes them with operators.
"""

from verify.formula.tree import Formula, FormulaMistake, Variable

__all__ = ["Formula", "FormulaMistake", "Variable"]
