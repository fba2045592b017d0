"""Text, LaTeX and MathML of a form or of its derivation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import sympy

from verify.errors import InputError
from verify.symbolic.derivation import DerivationStep
from verify.symbolic.form import SymbolicForm
from verify.symbolic.frame import Expr
from verify.symbolic.printing import Presentation, folded, latex, text

KINDS = ("max", "piecewise", "derivation")
STYLES = ("text", "latex", "mathml")


def lines(form: SymbolicForm, kind: str, style: str) -> list[str]:
    """The form, one equation (or step) a line."""
    if kind not in KINDS or style not in STYLES:
        raise InputError(f"form {kind!r} as {style!r}: expected {', '.join(KINDS)} as {', '.join(STYLES)}")
    if kind == "derivation":
        return [_STEPS[style](step) for step in form.steps]
    equations = [(output_name(form, i), value) for i, value in enumerate(shown(form, kind))]
    if kind == "max" or form.piecewise is None:
        equations += form.named
    return [_EQUATIONS[style](left, right) for left, right in equations]


def shown(form: SymbolicForm, kind: str) -> tuple[Expr, ...]:
    """The expressions of that kind; the Max form where there is no Piecewise form."""
    return form.piecewise if kind == "piecewise" and form.piecewise is not None else form.max_form


def output_name(form: SymbolicForm, output: int) -> Expr:
    """``f(x)`` for one output, else ``f0(x), f1(x), ...``."""
    name = "f" if len(form.max_form) == 1 else f"f{output}"
    return sympy.Function(name)(sympy.Symbol("x", real=True))


def mathml(left: Expr, right: Expr) -> str:
    """One equation as a ``math`` element, without entities that only HTML knows."""
    inner = Presentation().doprint(sympy.Eq(left, right, evaluate=False))
    plain = inner.replace("&InvisibleTimes;", "&#x2062;").replace("&ApplyFunction;", "&#x2061;")
    plain = plain.replace("<mo><</mo>", "<mo>&lt;</mo>").replace("<mo>></mo>", "<mo>&gt;</mo>")
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{plain}</math>'


def _text(left: Expr, right: Expr) -> str:
    return f"{text(left)} = {text(right)}"


def _latex(left: Expr, right: Expr) -> str:
    return folded(f"{latex(left)} = {latex(right)}")


def _text_step(step: DerivationStep) -> str:
    where = f"{step.where}: " if step.where else ""
    return f"{_printable(where)}{text(step.before)} = {text(step.after)}    ({step.rule})"


def _latex_step(step: DerivationStep) -> str:
    return f"{_latex(step.before, step.after)} % {_printable(step.where)}: {step.rule}"


def _mathml_step(step: DerivationStep) -> str:
    return as_comment(f"{step.where}: {step.rule}", "mathml") + mathml(step.before, step.after)


def _printable(name: str) -> str:
    """Layer names come from files: nothing in them may reach the terminal, or end a comment."""
    return "".join(c if c.isprintable() else "?" for c in name)


_EQUATIONS: dict[str, Callable[[Expr, Expr], str]] = {"text": _text, "latex": _latex, "mathml": mathml}
_STEPS: dict[str, Callable[[DerivationStep], str]] = {"text": _text_step, "latex": _latex_step, "mathml": _mathml_step}


def as_comment(remark: str, style: str) -> str:
    """A remark that the format ignores."""
    plain = _printable(remark)
    return {"latex": f"% {plain}", "mathml": f"<!-- {plain.replace('--', '- -')} -->"}.get(style, plain)


def to_json(form: SymbolicForm, kind: str) -> dict[str, Any]:
    """The form as plain data: text and LaTeX of every output, the named parts, the steps and the check."""
    expressions = shown(form, kind)
    agreement = form.agreement
    return {
        "region": form.region.text,
        "form": "max" if kind == "piecewise" and form.piecewise is None else kind,
        "reason": form.reason,
        "outputs": _strings(expressions),
        "latex": [latex(value) for value in expressions],
        "named": {text(name): text(value) for name, value in form.named},
        "pieces": [len(output) for output in form.pieces] or None,
        "steps": [
            {"where": s.where, "rule": s.rule, "before": text(s.before), "after": text(s.after)} for s in form.steps
        ],
        "checked": None
        if agreement is None
        else {"points": agreement.points, "z3": agreement.z3, "proved": agreement.is_proved},
    }


def _strings(values: Sequence[Expr]) -> list[str]:
    return [text(value) for value in values]
