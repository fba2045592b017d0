"""A formula of the language as a property of the network that holds both sides of all its comparisons.

Where the formula fails exactly if some output is not zero (or is positive), the criteria ZERO and NONPOSITIVE ask that,
so that every engine for them applies. All other formulas ask NOWHERE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from verify.errors import PropertyError
from verify.formula.lowering import Lowered, Sign, lowered
from verify.formula.tree import Application, Compare, Constant, Formula, walk
from verify.network import Network
from verify.network import matrix as matrices
from verify.property.base import Absence, Asked, Assignment, Criterion, Property, Question, Term, Trivial
from verify.property.catalogue import Claim

NAME = "asked"


def asked_claim(formula: Formula, networks: Mapping[str, Network]) -> Claim:
    """The claim that a formula holds; raises ``FormulaMistake`` where it is not decided.

    Networks that it does not call are no part of the claim; f is, whose inputs its conditions may be about.
    """
    found = lowered(formula, networks)
    asks = questions(found)
    called = {"f"} | {node.function for node in walk(*formula.statements()) if isinstance(node, Application)}
    asked = Asked(formula, {name: network for name, network in networks.items() if name in called}, found)
    wanted = Property(
        name=NAME,
        formula=formula.text,
        variables={},
        instance=_no_instance,
        reduce=lambda *_: asks,
        labels=(),
        trivial=Trivial(Absence.NEVER),
        predicate=f"such that {formula.text}",
        asked=asked,
    )
    return Claim(found.network, wanted, found.region)


def asked_of(claim: Claim) -> Asked:
    """The formula that a claim is about."""
    if claim.property.asked is None:
        raise PropertyError(f"{claim.property.name!r} is a property of the catalogue, not a formula")
    return claim.property.asked


def conditions_claim(asked: Asked) -> Claim:
    """That the conditions of a formula, premises of its body among them, never hold: they imply 1 <= 0."""
    conditions, _ = asked.formula.with_premises()
    never = Compare(Constant(Fraction(1)), "<=", Constant(Fraction(0)))
    return asked_claim(replace(asked.formula, body=never, conditions=tuple(conditions)), asked.networks)


def _no_instance(_: Assignment) -> list[Term]:
    """A formula is refuted by values of its names, not by a sum of values that should be zero."""
    raise PropertyError("a formula of the language has no terms; it is false at values of its names")


def questions(found: Lowered) -> list[Question]:
    """At most one question about outputs that vanish and one about outputs that are not positive; else one of cases.

    If every case is one strict sign ``s h > 0``, the formula says that all these ``s h`` are at most 0 on the region;
    where both signs of an output occur, that it is zero.
    """
    if not all(not case.given and len(case.broken) == 1 and case.broken[0].strict for case in found.cases):
        lemma = "cases: in none of the ways in which the formula would be false is there a point"
        return [Question(found.network, found.region, Criterion.NOWHERE, None, lemma, cases=found.cases)]
    signs = [case.broken[0] for case in found.cases]
    ways: dict[int, set[int]] = {}
    for sign in signs:
        ways.setdefault(sign.output, set()).add(sign.sign)
    zero = [Sign(output, 1, True) for output, both in ways.items() if len(both) == 2]
    below = [sign for sign in signs if len(ways[sign.output]) == 1]
    result = []
    if zero:
        lemma = "lemma 5: the difference of both sides is one network, and zero"
        result.append(Question(picked(found.network, zero), found.region, Criterion.ZERO, None, lemma))
    if below:
        lemma = "lemma 5: the difference of both sides is one network, and at most zero"
        result.append(Question(picked(found.network, below), found.region, Criterion.NONPOSITIVE, None, lemma))
    return result


def picked(network: Network, signs: Sequence[Sign]) -> Network:
    """The outputs ``s h_i``, in order."""
    last = network.blocks[-1]
    rows, columns = np.arange(len(signs)), np.array([sign.output for sign in signs])
    entries = np.array([float(sign.sign) for sign in signs])
    matrix = matrices.from_triplets(rows, columns, entries, (len(signs), last.size))
    inputs = tuple((source, matrix.compose(weights)) for source, weights in last.inputs)
    final = replace(last, shape=(len(signs),), inputs=inputs, bias=matrix.product(last.bias))
    return replace(network, blocks=(*network.blocks[:-1], final), output_shape=(len(signs),))
