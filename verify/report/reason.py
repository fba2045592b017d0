"""Why a verdict holds: sentences from the input to the reason. Terminal, page and Markdown show the same ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from verify.digits import display, display_apart
from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Rule, ValueGap
from verify.kernel.exact import preactivations
from verify.network import Network
from verify.property import Vacuous
from verify.property.trivial import why_vacuous
from verify.rational import Enclosure, Real, Vector
from verify.report import words
from verify.report.criteria import CRITERIA
from verify.report.how import how_proved, proof_text
from verify.report.points import point_text
from verify.report.record import Result
from verify.report.story import along, listed
from verify.search.budget import Budget
from verify.search.refuting.switch import Switch, switch_between

# Beyond this many weights no pre-activations are computed for a sentence; that many terms make a condition too long.
MAX_WEIGHTS, MAX_TERMS = 100_000, 4


def reasons(result: Result) -> list[str]:
    """The chain; empty where nothing is to be said beyond the answer."""
    if result.verdict is Verdict.UNKNOWN:
        return []
    if result.verdict is Verdict.PROVED:
        return _proved(result)
    evidence = result.outcome.evidence
    points = [value.point for value in result.outcome.values if value.factor]
    if isinstance(evidence, ValueGap) and result.claim.second is None:
        return _bent(result, points, evidence.output)
    if isinstance(evidence, ValueGap):
        return [f"The two networks were evaluated exactly at the points of one instance; {_broken(result)}."]
    return []  # of a formula the sentence itself goes from the values to what is false


def proof_line(result: Result) -> str:
    """Why a proved claim holds, in one line."""
    if result.vacuous:
        return f"vacuous: {why_vacuous(result.claim)}"
    if result.assurance == "attested":
        return f"attested by {result.outcome.attested}; no evidence to replay"
    return proof_text(result.record())


def _proved(result: Result) -> list[str]:
    """How, what follows for the pieces of f, and why that is the claim."""
    evidence = result.outcome.evidence
    if result.vacuous or result.assurance == "attested":
        return []
    if isinstance(evidence, Rule):
        from verify.report.proof import steps  # drawn and written proofs, which few short answers need

        found = [steps(result)[0].text]
    else:
        found = [words.sentence(how_proved(result.record()))]
    questions = result.claim.questions()
    if isinstance(questions, Vacuous) or not isinstance(evidence, Cells | Rule):
        return found
    if result.claim.has_smooth_units:  # criteria speak of affine pieces
        return found
    for question in questions:
        lemma, _, reason = question.lemma.partition(":")
        follows = CRITERIA[question.criterion]
        if lemma.startswith("lemma"):
            found.append(f"So {follows}; that is the claim by {lemma}: {reason.strip()}.")
        else:
            found.append(f"So {follows}, which is what {result.claim.property.words!r} means.")
    return list(dict.fromkeys(found))


def _bent(result: Result, points: list[Vector], output: int) -> list[str]:
    """Which unit switches between the points of an instance, what that does to the slope, what follows."""
    network = result.claim.network
    if not network.is_piecewise_linear or not points:
        return [f"The values are enclosed in balls that tell them apart; {_broken(result)}."]
    # The mixed point of 'affine' comes first; f bends between the two others.
    found = switch_between(network, points[1:] if len(points) == 3 else points, output, Budget())
    if found is not None:
        return [*_switched(result, found, output), f"So {_broken(result)}."]
    if _one_piece(network, points):
        where = "At this point" if all(p == points[0] for p in points) else "Between these points"
        what = "f is taken from one affine piece" if where == "At this point" else "no ReLU changes side"
        return [f"{where} {what}: the map there already breaks the formula; {_broken(result)}."]
    return [f"One instance decides: {_broken(result)}."]


def _switched(result: Result, found: Switch, output: int) -> list[str]:
    network = result.claim.network
    units, way = listed(found.units), along(network, found.direction, found.coordinate)
    verb = "switches" if len(found.units) == 1 else "switch"
    shown = result.outputs[output] if result.outputs else output
    of = f"output {shown}" if result.network.output_size > 1 else "the output"
    when = _when(network, found.units[0]) if len(found.units) == 1 else ""
    before, after = display_apart(found.before, found.after)
    return [
        f"{units} {verb} at {point_text(found.point)}{when}.",
        f"This changes the slope of {of} {way} from {before} to {after}.",
    ]


def _when(network: Network, name: str) -> str:
    """``: it is on where x0 - 2*x1 > 1``, for a unit that reads few inputs and nothing else."""
    for block in network.blocks:
        for unit in range(block.size) if block.relu else ():
            if block.unit_name(unit) != name:
                continue
            if [source for source, _ in block.inputs] != [0]:
                return ""
            row = block.inputs[0][1].select_rows(np.array([unit]))
            terms = list(zip(row.columns.tolist(), row.fractions(), strict=True))
            if not 0 < len(terms) <= MAX_TERMS:
                return ""
            return f": it is on where {_sum(terms, network.input_size)} > {display(-block.bias[unit])}"
    return ""


def _sum(terms: list[tuple[int, Fraction]], size: int) -> str:
    text = ""
    for column, weight in terms:
        sign = ("-" if weight < 0 else "") if not text else (" - " if weight < 0 else " + ")
        factor = "" if abs(weight) == 1 else f"{display(abs(weight))} "
        text += f"{sign}{factor}x{column if size > 1 else ''}"
    return text


def _broken(result: Result) -> str:
    """What the instance shows, with the number that breaks the formula."""
    gap, relation = result.outcome.gap, result.claim.property.relation
    if gap is None:
        return "the formula fails"
    size: Real = gap if isinstance(gap, Enclosure) else abs(gap)
    return f"the {'formula' if relation == '= 0' else 'inequality'} fails by {display(size, 12)}"


def _one_piece(network: Network, points: list[Vector]) -> bool:
    """Whether every ReLU keeps its weak side at all the points: then f is affine between them (lemma 1)."""
    if network.weight_count > MAX_WEIGHTS:
        return False
    runs = [preactivations(network, point) for point in points]
    for k, block in enumerate(network.blocks):
        if block.relu:
            signs = [run[k].numerators for run in runs]
            if any(max(column) > 0 > min(column) for column in zip(*(s.tolist() for s in signs), strict=True)):
                return False
    return True
