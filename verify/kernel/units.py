"""No dead units: points at which the ReLU are on, or a ReLU that is off on the whole region."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from verify.errors import EvidenceError
from verify.kernel.core.cover import check_cover
from verify.kernel.evidence import Off, Reached
from verify.kernel.exact import preactivations
from verify.kernel.ledger import Ledger
from verify.property import Claim, Criterion, Question, Vacuous
from verify.property.units import NO_DEAD_UNITS, unit_network, units


def _question(claim: Claim, rule: str) -> Question:
    """The claim's only question; the evidence is for claims of this one property."""
    if claim.property.name != NO_DEAD_UNITS.name:
        raise EvidenceError(rule, f"does not decide {claim.property.name!r}")
    questions = claim.questions()
    if isinstance(questions, Vacuous) or len(questions) != 1:
        raise EvidenceError(rule, "the claim is not one question about its units")
    return questions[0]


def check_reached(claim: Claim, evidence: Reached, _: Ledger) -> None:
    """Evaluate every pre-activation exactly at every point; together they must be positive for each ReLU."""
    _question(claim, "reached units")
    network = claim.network
    reached = {k: np.zeros(block.size, dtype=bool) for k, block in network.relu_blocks()}
    for point in evidence.points:
        if len(point) != network.input_size or not claim.region.contains(point):
            raise EvidenceError("reached units", "a point lies outside the region")
        values = preactivations(network, point)
        for k, mask in reached.items():
            mask |= np.asarray(values[k - 1].numerators > 0, dtype=bool)
    for k, mask in reached.items():
        if not mask.all():
            name = network.blocks[k - 1].unit_name(int(np.argmin(mask)))
            raise EvidenceError("reached units", f"{name} is on at none of the points")


def check_off(claim: Claim, evidence: Off, ledger: Ledger) -> None:
    """The cover shows that the unit's pre-activation is at most zero on the region (criterion NONPOSITIVE)."""
    question = _question(claim, "unit off")
    if (evidence.block, evidence.unit) not in set(units(question.network)):
        raise EvidenceError("unit off", f"there is no ReLU {evidence.unit} in block {evidence.block}")
    alone = unit_network(question.network, evidence.block, evidence.unit)
    check_cover(replace(question, network=alone, criterion=Criterion.NONPOSITIVE), evidence.proof, ledger)
