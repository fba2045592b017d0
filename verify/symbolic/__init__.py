"""Networks as SymPy expressions: nested Max, Piecewise with one branch per affine map, and the steps that lead there.

    form = symbolic_form(network, region, Budget(10))
    form.max_form, form.piecewise, form.steps
    agrees(form, network, region, Budget(10))      # exact points and Z3

Nothing that a user typed is parsed by SymPy: every expression is built from exact numbers and symbols.
"""

from verify.symbolic.agree import agrees, checked
from verify.symbolic.cells import FormTooLarge
from verify.symbolic.derivation import DerivationStep
from verify.symbolic.family import FamilyForm, family_form
from verify.symbolic.form import MAX_PIECES, Agreement, SymbolicForm, symbolic_form
from verify.symbolic.frame import input_symbols

__all__ = [
    "MAX_PIECES",
    "Agreement",
    "DerivationStep",
    "FamilyForm",
    "FormTooLarge",
    "SymbolicForm",
    "agrees",
    "checked",
    "family_form",
    "input_symbols",
    "symbolic_form",
]
