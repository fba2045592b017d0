"""A counterexample worked line by line, so that it can be typed into a calculator."""

from __future__ import annotations

from fractions import Fraction

from verify.digits import display
from verify.kernel.check import TermValue
from verify.kernel.evidence import Falsehood, ValueGap
from verify.kernel.exact import preactivations
from verify.kernel.formulas import meaning
from verify.network import Network
from verify.network.network import Block
from verify.property.base import Asked
from verify.rational import Real, Vector, exact_text, vector
from verify.report.comparison import comparison, is_comparison
from verify.report.falsehood import called_text, entries_text, says, sentence
from verify.report.model import Counterexample, Evaluation, ShownNumber, ShownVariable
from verify.report.points import point_text
from verify.report.record import Result
from verify.report.sentence import call_text
from verify.report.sums import sum_text

# Beyond this many weights, the value of every unit on the way is no reading matter.
MAX_WEIGHTS, MAX_RELU = 60, 12


def number(value: Real) -> ShownNumber:
    """The exact text and a short one."""
    return ShownNumber(exact_text(value), display(value))


def counterexample(result: Result) -> Counterexample | None:
    """The refutation with every value written out; None unless the claim was refuted by an instance."""
    evidence, judgement = result.outcome.evidence, result.outcome.judgement
    if isinstance(evidence, Falsehood) and result.claim.property.asked is not None:
        return _false_formula(result.claim.property.asked, evidence)
    if not isinstance(evidence, ValueGap) or judgement is None or judgement.gap is None:
        return None
    output = result.outputs[evidence.output] if result.outputs else evidence.output
    index = f"[{output}]" if result.network.output_size > 1 else ""
    labels = result.claim.property.labels
    calls = [call_text(v, label, index) for v, label in zip(judgement.values, labels, strict=True)]
    evaluations = [
        _evaluation(result, value, call, index)
        for value, call in zip(judgement.values, calls, strict=True)
        if value.factor
    ]
    factors = [(v.factor, call, display(v.value)) for v, call in zip(judgement.values, calls, strict=True) if v.factor]
    names = sum_text([(factor, call) for factor, call, _ in factors])
    numbers = sum_text([(factor, value) for factor, _, value in factors])
    total = number(judgement.gap)
    combination = f"{names} = {numbers}" + (f" = {total.short}" if numbers != total.short else "")
    says = "The formula says that this is 0. It is not, so the claim is false."
    wanted = result.claim.property
    rounded_equation = wanted.relation == "= 0" and "~" in numbers
    if is_comparison(wanted) or rounded_equation:
        called = [(v.factor, v, call) for v, call in zip(judgement.values, calls, strict=True)]
        combination = comparison(wanted, evidence.assignment, called)
        sign = {"<= 0": "at most", ">= 0": "at least", "= 0": "equal to"}[wanted.relation]
        says = f"The formula says that the first is {sign} the second. It is not, so the claim is false."
    variables = tuple(_variable(name, value) for name, value in evidence.assignment.items())
    return Counterexample(result.counterexample or "", variables, tuple(evaluations), combination, total, says)


def _false_formula(asked: Asked, evidence: Falsehood) -> Counterexample:
    """A formula that is false at values of its names, with the networks' values there."""
    found = meaning(asked, evidence.assignment)
    text = sentence(found, evidence.assignment)
    lines = []
    for (name, x), value in found.calls.items():
        entries = ShownNumber(entries_text(value), entries_text(value))
        shown = found.written[name, x], called_text(found, (name, x))
        lines.append(Evaluation(*shown, entries, tuple(workings(asked.networks[name], vector(x)))))
    variables = tuple(_variable(name, value) for name, value in evidence.assignment.items())
    said = "; ".join(says(found, asked.formula.body))
    return Counterexample(text, variables, tuple(lines), said, ShownNumber("", ""), "So the formula is false there.")


def _variable(name: str, value: Vector | Fraction) -> ShownVariable:
    if isinstance(value, Vector):
        return ShownVariable(name, point_text(value), tuple(value.strings()))
    return ShownVariable(name, display(value), (exact_text(value),))


def _evaluation(result: Result, value: TermValue, call: str, index: str) -> Evaluation:
    network = result.claim.second if value.second and result.claim.second is not None else result.claim.network
    return Evaluation(call, call_text(value, None, index), number(value.value), tuple(workings(network, value.point)))


def workings(network: Network, point: Vector) -> list[str]:
    """``hidden[0] = relu(-1 * 2 + 5) = relu(3) = 3`` for every unit of a small network, in order."""
    if network.weight_count > MAX_WEIGHTS or network.relu_count > MAX_RELU:
        return []
    if not network.is_piecewise_linear:
        return []
    known: dict[int, list[Fraction]] = {0: point.fractions()}
    lines = []
    for k, (block, z) in enumerate(zip(network.blocks, preactivations(network, point), strict=True), start=1):
        values = [max(v, Fraction(0)) if block.relu else v for v in z.fractions()]
        known[k] = values
        for unit in range(block.size):
            lines.append(_unit_line(block, unit, known, z[unit], values[unit]))
    return lines


def _unit_line(block: Block, unit: int, known: dict[int, list[Fraction]], z: Fraction, y: Fraction) -> str:
    terms = [
        (weight, known[source][column])
        for source, matrix in block.inputs
        for row, column, weight in zip(
            matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True
        )
        if row == unit
    ]
    bias = block.bias[unit]
    products = [f"{'' if weight == 1 else f'{_plain(weight)} * '}{_plain(value)}" for weight, value in terms]
    products += [_plain(bias)] if bias or not products else []
    total = " + ".join(products) if len(products) > 1 else _bare(products[0])
    name = block.unit_name(unit)
    if block.relu:
        middle = "" if total == display(z) else f"relu({display(z)}) = "
        return f"{name} = relu({total}) = {middle}{display(y)}"
    return f"{name} = {total}" + (f" = {display(z)}" if total != display(z) else "")


def _bare(product: str) -> str:
    """The product without parentheses around all of it."""
    return product[1:-1] if product.startswith("(") and product.count("(") == 1 and product.endswith(")") else product


def _plain(value: Fraction) -> str:
    text = display(value)
    return f"({text})" if text.startswith(("-", "~-")) else text
