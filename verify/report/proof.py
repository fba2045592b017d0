"""A proof as a chain of steps, read off the evidence; each step names the lemma that allows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from verify.kernel.check import Verdict
from verify.kernel.evidence import Bounds, Cells, Cover, Difference, Empty, Leaf, Nothing, Off, Reached, Rule, Tree
from verify.kernel.facts.rules import RULES
from verify.kernel.rewriting import OFF, ON
from verify.property import Claim, Criterion, Question, Vacuous
from verify.property.trivial import why_vacuous
from verify.property.units import unit_network
from verify.rational import counted
from verify.report import words
from verify.report.criteria import CRITERIA
from verify.report.model import ProofStep
from verify.report.record import Result

STABLE = "Lemma 1: stable implies affine"
SIGNS = "Lemma 8: signs of weights, biases and inputs"
SPLIT = "Lemma 1 on each part"
FARKAS = "Farkas: a nonnegative combination of the constraints"
REWRITTEN = "Lemma 6: an exact normal form"
RELEVANCE = "Lemma 7: relevance"
SHAPE = "Lemma 8: rules about a network's shape"
SMOOTH_UNITS = "Lemma 12: smooth units"
SMOOTH_TEXT = (
    "The value of each smooth unit is a number of which only its bounds are used, and which units have the same one"
    " (exp(0) is 1). No map below depends on such a number, but perhaps on that of a unit with a constant argument."
)
NEAR = "Interval bounds of the difference"
FORMS = "Bounds by affine forms"
WORD = "none: nothing to replay"
REACHED = "Exact values"


def steps(result: Result) -> list[ProofStep]:
    """The steps of a proved claim, or of a proof that a unit is dead, in order; none for other verdicts."""
    if isinstance(result.outcome.evidence, Off):
        return _off(result.claim, result.outcome.evidence)
    if result.verdict is not Verdict.PROVED:
        return []
    evidence = result.outcome.evidence
    if evidence is None:
        text = f"{result.outcome.attested or 'A solver'} answered that the negated claim has no solution."
        return [ProofStep("A solver's word", WORD, text)]
    found = _rule(evidence) if isinstance(evidence, Rule) else _questions(result.claim, evidence)
    return [*found, ProofStep("The kernel replays it", "", _replayed(evidence))]


def gist(result: Result) -> str:
    """Why a proved claim holds, in one line: the titles of the steps that carry it."""
    found = steps(result)
    if result.vacuous:
        return found[0].text
    carrying = (REWRITTEN, RELEVANCE, STABLE, SIGNS, SPLIT, FARKAS, SHAPE, NEAR, FORMS, REACHED, WORD)
    titles = dict.fromkeys(step.title for step in found if step.lemma in carrying)
    return "; ".join(title if i == 0 else title[:1].lower() + title[1:] for i, title in enumerate(titles))


def _replayed(evidence: object) -> str:
    arithmetic = "in exact arithmetic; what it had to assume is listed below"
    if isinstance(evidence, Cells):
        return f"Every pattern, multiplier and map above was recomputed and compared {arithmetic}."
    if isinstance(evidence, Nothing):
        return f"It checked this against the region itself, {arithmetic}."
    return f"The conditions were checked on the whole network {arithmetic}."


def _rule(rule: Rule) -> list[ProofStep]:
    theorem = (RULES[rule.name].__doc__ or rule.name) if rule.name in RULES else rule.name
    statement, _, proof = theorem.partition("\n\n")
    return [
        ProofStep(f"The theorem '{rule.name}'", SHAPE, _line(statement)),
        *([ProofStep("Why it holds", "", _line(proof))] if proof.strip() else []),
    ]


def _line(text: str) -> str:
    return " ".join(text.replace("``", "").split())


def _questions(claim: Claim, evidence: object) -> list[ProofStep]:
    questions = claim.questions()
    if isinstance(questions, Vacuous) or isinstance(evidence, Nothing):
        return [ProofStep("Nothing to check", "The definition", words.sentence(why_vacuous(claim)))]
    if isinstance(evidence, Difference):
        return [_reduction(questions[0], ""), _near(evidence)]
    if isinstance(evidence, Bounds):
        return [_reduction(questions[0], ""), _bounds(evidence)]
    if isinstance(evidence, Reached):
        return [_reduction(questions[0], ""), _reached(claim, evidence)]
    if not isinstance(evidence, Cells):
        return [ProofStep("Evidence", "", f"Evidence of the kind {type(evidence).__name__}.")]
    found = []
    for i, (question, proof) in enumerate(zip(questions, evidence.proofs, strict=True), start=1):
        part = f"{i}. " if len(questions) > 1 else ""
        found += [_reduction(question, part), *_covered(question, proof)]
    return found


def _near(evidence: Difference) -> ProofStep:
    parts = sum(cut is None for cut in evidence.cuts)
    text = (
        f"Layer by layer, z - z' = W' (y - y') + (W - W') y + (b - b') is bounded by exact intervals,"
        f" and ReLU moves a difference only towards 0. The bound suffices on {counted(parts, 'part')} of the region."
    )
    return ProofStep("The two networks are close", NEAR, text)


def _bounds(evidence: Bounds) -> ProofStep:
    text = (
        "Layer by layer, values, differences or slopes are bounded by affine forms in common variables, in floats with"
        f" a proved error. On {counted(evidence.cuts.leaves, 'part')} of the region the bounds settle the claim."
    )
    return ProofStep("Bounds settle it", FORMS, text)


def _off(claim: Claim, evidence: Off) -> list[ProofStep]:
    questions = claim.questions()
    assert not isinstance(questions, Vacuous)
    alone = unit_network(questions[0].network, evidence.block, evidence.unit)
    question = replace(questions[0], network=alone, criterion=Criterion.NONPOSITIVE)
    text = f"{alone.blocks[-1].name} is dead if its pre-activation, as a network of its own, is nowhere positive."
    shown = ProofStep("What has to be shown", "The definition", text)
    return [shown, *_covered(question, evidence.proof), ProofStep("The kernel replays it", "", _replayed(Cells(())))]


def _reached(claim: Claim, evidence: Reached) -> ProofStep:
    where, units = counted(len(evidence.points), "point"), claim.network.relu_count
    text = (
        f"At {where} of the region every pre-activation was evaluated; each of the {units} ReLU is on at one of them."
    )
    return ProofStep("Points at which they are on", REACHED, text)


def _reduction(question: Question, part: str) -> ProofStep:
    lemma, _, reason = question.lemma.partition(":")
    network = question.network
    named = re.fullmatch(r"lemma (\d+)", lemma)
    start = f"{words.sentence(reason.strip() or question.lemma)} So it" if named else "It"
    text = (
        f"{start} is enough that {CRITERIA[question.criterion]}, for a"
        f" network of {network.relu_count} ReLU on a region of dimension {question.region.dimension}."
    )
    return ProofStep(f"{part}What has to be shown", f"Lemma {named[1]}" if named else "The definition", text)


def _covered(question: Question, proof: Cover | Empty) -> list[ProofStep]:
    if isinstance(proof, Empty):
        weights = counted(len(proof.multipliers), "multiplier")
        text = f"With {weights} its constraints add up to a contradiction: it has no point."
        return [ProofStep("The region of this question is empty", FARKAS, text)]
    found = []
    if proof.equations:
        text = f"{counted(len(proof.equations), 'equation')} of its affine hull, with multipliers for both directions."
        found.append(ProofStep("The region is flat", FARKAS, text))
    if proof.steps is not None:
        found.append(_rewritten(question, proof))
    tally = tallied(proof.tree)
    found.append(_one_pattern(proof, tally) if tally.splits == 0 else _many(tally))
    if not question.network.is_piecewise_linear:
        found.append(ProofStep("Smooth units count as unknown numbers", SMOOTH_UNITS, SMOOTH_TEXT))
    maps = f"Comparing the maps of the {tally.leaves} cells" if tally.splits else "Looking at the map of that one cell"
    found.append(ProofStep("The maps", "The criterion", f"{maps}: {CRITERIA[question.criterion]}."))
    return found


def _rewritten(question: Question, proof: Cover) -> ProofStep:
    assert proof.steps is not None
    before, after = question.network.relu_count, sum(len(bits) for bits in _first_leaf(proof.tree).pattern.values())
    codes = [code for step in proof.steps.blocks for code in step.units.tolist()]
    shared, fixed = sum(code >= 0 for code in codes), sum(code in (ON, OFF) for code in codes)
    text = (
        f"Of {before} ReLU, {shared} are multiples of others and {fixed} keep their side; the rest of those that are"
        f" gone do not reach the output or are constants. {after} remain, and the function on the region is the same."
    )
    return ProofStep("The network is rewritten", REWRITTEN, text)


def _first_leaf(tree: Tree) -> Leaf:
    while not isinstance(tree, Leaf):
        tree = tree.above
    return tree


def _one_pattern(proof: Cover, tally: Tally) -> ProofStep:
    leaf = proof.tree
    assert isinstance(leaf, Leaf)
    units = sum(len(bits) for bits in leaf.pattern.values())
    if not units:
        return ProofStep("One pattern holds everywhere", STABLE, "No ReLU is left: the network is one affine map.")
    if tally.free:
        text = (
            f"{tally.free} of {units} ReLU may switch, but their values cancel in the outputs; the others keep their"
            " side"
            f" on the whole region ({tally.multipliers} of them by nonnegative multipliers)."
        )
        return ProofStep("What switches has no effect", RELEVANCE, text)
    on = sum(int(bits.sum()) for bits in leaf.pattern.values())
    if leaf.signs:
        text = f"The signs of inputs, weights and biases alone force all {units} ReLU: {on} on, {units - on} off."
        return ProofStep("One pattern holds everywhere", SIGNS, text)
    text = f"At an interior point {on} of {units} ReLU are on. Each pre-activation's affine extension keeps its sign"
    how = " on the whole region, in closed form."
    if tally.multipliers:
        how = f" on the whole region: {tally.multipliers} by nonnegative multipliers, the others in closed form."
    return ProofStep("One pattern holds everywhere", STABLE, text + how)


def _many(tally: Tally) -> ProofStep:
    text = (
        f"{counted(tally.splits, 'split')} into form ≥ 0 and form ≤ 0 cut the region into {tally.leaves} parts; every"
        f" point lies in one, by construction. On each part one pattern holds: for {tally.multipliers} pre-activations"
        " nonnegative multipliers of the part's constraints show it, for the others a closed form."
    )
    if tally.free:
        text += f" {tally.free} times a unit is left open, because its value cancels in the outputs there (lemma 7)."
    return ProofStep(f"{tally.leaves} cells cover the region", SPLIT, text)


@dataclass(frozen=True)
class Tally:
    """The size of a tree of splits; ``multipliers`` counts units that have some, ``free`` those that may switch."""

    leaves: int
    splits: int
    multipliers: int
    free: int


def tallied(tree: Tree) -> Tally:
    """Count leaves, splits and units with multipliers, without recursion."""
    leaves = splits = multipliers = free = 0
    stack = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, Leaf):
            leaves += 1
            multipliers += len(node.multipliers)
            free += sum(int(mask.sum()) for mask in (node.free or {}).values())
        else:
            splits += 1
            stack += [node.below, node.above]
    return Tally(leaves, splits, multipliers, free)
