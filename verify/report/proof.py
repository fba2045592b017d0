"""A proof as a chain of steps, read off the evidence; each step names the lemma that allows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from verify.kernel.check import Verdict
from verify.kernel.evidence import Cells, Cover, Empty, Leaf, Nothing, Rule, Tree
from verify.kernel.exact import cell_of
from verify.kernel.rules import RULES
from verify.property import Claim, Criterion, Question, Vacuous
from verify.report import mathml
from verify.report.drawing import counted
from verify.report.mathml import affine_form
from verify.report.model import Step
from verify.report.record import Result

CRITERIA = {
    Criterion.AFFINE: "every piece carries the same affine map",
    Criterion.LINEAR: "every piece carries the same map, and that map is linear",
    Criterion.CONSTANT: "every piece is the same constant",
    Criterion.ZERO: "every piece is zero",
    Criterion.THROUGH_ORIGIN: "every piece, extended, is zero at the origin",
}
STABLE = "Lemma 1: stable implies affine"
SIGNS = "Lemma 8: signs of weights, biases and inputs"
SPLIT = "Lemma 1 on each part"
FARKAS = "Farkas: a nonnegative combination of the constraints"


def steps(result: Result) -> list[Step]:
    """The steps of a proved claim, in order; none for other verdicts."""
    if result.verdict is not Verdict.PROVED:
        return []
    evidence = result.outcome.evidence
    if evidence is None:
        text = f"{result.outcome.attested or 'A solver'} answered that the negated claim has no solution."
        return [Step("A solver's word", "none: nothing to replay", text)]
    found = _rule(evidence) if isinstance(evidence, Rule) else _questions(result.claim, evidence)
    return [*found, Step("The kernel replays it", "", _replayed(evidence))]


def _replayed(evidence: object) -> str:
    arithmetic = "in exact arithmetic; what it had to assume is listed below"
    if isinstance(evidence, Cells):
        return f"Every pattern, multiplier and map above was recomputed and compared {arithmetic}."
    if isinstance(evidence, Nothing):
        return f"It derived this from the claim itself, {arithmetic}."
    return f"The conditions were checked on the whole network {arithmetic}."


def _rule(rule: Rule) -> list[Step]:
    theorem = (RULES[rule.name].__doc__ or rule.name) if rule.name in RULES else rule.name
    statement, _, proof = theorem.partition("\n\n")
    return [
        Step(f"The theorem '{rule.name}'", "Lemma 8: rules about a network's shape", _line(statement)),
        *([Step("Why it holds", "", _line(proof))] if proof.strip() else []),
    ]


def _line(text: str) -> str:
    return " ".join(text.replace("``", "").split())


def _questions(claim: Claim, evidence: object) -> list[Step]:
    questions = claim.questions()
    if isinstance(questions, Vacuous) or isinstance(evidence, Nothing):
        reason = questions.reason if isinstance(questions, Vacuous) else "there is nothing to quantify over"
        return [Step("Nothing to check", "The definition", _sentence(reason))]
    if not isinstance(evidence, Cells):
        return [Step("Evidence", "", f"Evidence of the kind {type(evidence).__name__}.")]
    found = []
    for i, (question, proof) in enumerate(zip(questions, evidence.proofs, strict=True), start=1):
        part = f"{i}. " if len(questions) > 1 else ""
        found += [_reduction(question, part), *_covered(question, proof)]
    return found


def _reduction(question: Question, part: str) -> Step:
    lemma, _, reason = question.lemma.partition(":")
    network = question.network
    text = (
        f"{_sentence(reason.strip() or question.lemma)} So it is enough that {CRITERIA[question.criterion]}, for a"
        f" network of {network.relu_count} ReLU on a region of dimension {question.region.dimension}."
    )
    named = re.fullmatch(r"lemma (\d+)", lemma)
    return Step(f"{part}What has to be shown", f"Lemma {named[1]}" if named else "The definition", text)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _covered(question: Question, proof: Cover | Empty) -> list[Step]:
    if isinstance(proof, Empty):
        weights = counted(len(proof.multipliers), "multiplier")
        text = f"With {weights} its constraints add up to a contradiction: it has no point."
        return [Step("The region of this question is empty", FARKAS, text)]
    found = []
    if proof.equations:
        text = f"{counted(len(proof.equations), 'equation')} of its affine hull, with multipliers for both directions."
        found.append(Step("The region is flat", FARKAS, text))
    tally = tallied(proof.tree)
    found.append(_one_pattern(question, proof, tally) if tally.splits == 0 else _many(tally))
    maps = f"Comparing the maps of the {tally.leaves} cells" if tally.splits else "Looking at the map of that one cell"
    found.append(Step("The maps", "The criterion", f"{maps}: {CRITERIA[question.criterion]}."))
    return found


def _one_pattern(question: Question, proof: Cover, tally: Tally) -> Step:
    leaf = proof.tree
    assert isinstance(leaf, Leaf)
    units = question.network.relu_count
    on = sum(int(bits.sum()) for bits in leaf.pattern.values())
    if leaf.signs:
        text = f"The signs of inputs, weights and biases alone force all {units} ReLU: {on} on, {units - on} off."
        return Step("One pattern holds everywhere", SIGNS, text)
    text = f"At an interior point {on} of {units} ReLU are on. Each pre-activation's affine extension keeps its sign"
    how = " on the whole region, in closed form."
    if tally.multipliers:
        how = f" on the whole region: {tally.multipliers} by nonnegative multipliers, the others in closed form."
    return Step("One pattern holds everywhere", STABLE, text + how)


def _many(tally: Tally) -> Step:
    text = (
        f"{counted(tally.splits, 'split')} into form ≥ 0 and form ≤ 0 cut the region into {tally.leaves} parts; every"
        f" point lies in one, by construction. On each part one pattern holds: for {tally.multipliers} pre-activations"
        " nonnegative multipliers of the part's constraints show it, for the others a closed form."
    )
    return Step(f"{tally.leaves} cells cover the region", SPLIT, text)


@dataclass(frozen=True)
class Tally:
    """The size of a tree of splits; ``multipliers`` counts the units that have some."""

    leaves: int
    splits: int
    multipliers: int


def tallied(tree: Tree) -> Tally:
    """Count leaves, splits and units with multipliers, without recursion."""
    leaves = splits = multipliers = 0
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            leaves += 1
            multipliers += len(node.multipliers)
        else:
            splits += 1
            stack += [node.below, node.above]
    return Tally(leaves, splits, multipliers)


def the_map(result: Result) -> Markup | None:
    """``f(x) = 2 x0 - x1 + 1`` on the region, for a proved claim that gives one short map."""
    claim, evidence = result.claim, result.outcome.evidence
    if not isinstance(evidence, Cells) or len(evidence.proofs) != 1 or claim.region.chart is not None:
        return None
    question, proof = claim.questions(), evidence.proofs[0]
    if isinstance(question, Vacuous) or not isinstance(proof, Cover) or proof.equations or proof.lifted:
        return None
    if question[0].criterion not in (Criterion.AFFINE, Criterion.LINEAR, Criterion.CONSTANT):
        return None
    if claim.network.output_size > 1 or not question[0].network.input_size == claim.network.input_size <= 1000:
        return None
    leaf = proof.tree
    while not isinstance(leaf, Leaf):
        leaf = leaf.above
    form = cell_of(question[0].network, leaf.pattern).outputs()[0]
    names = ["x"] if claim.network.input_size == 1 else [f"x{i}" for i in range(claim.network.input_size)]
    shown = affine_form(form.coefficients, form.constant, names)
    if shown is None:
        return None
    head = [mathml.identifier("f"), mathml.operator("("), mathml.identifier("x"), mathml.operator(")")]
    return mathml.math(*head, mathml.operator("="), shown)
