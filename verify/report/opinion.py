"""A second opinion on small claims: Z3's answer to the literal query, beside ours.

Z3 gets a fixed amount of work rather than of time, so that the same claim has the same report every time.
"""

from __future__ import annotations

from typing import Any

import z3

from verify.kernel.check import Verdict
from verify.property import Claim
from verify.report.model import SecondOpinion
from verify.report.record import Result
from verify.search.solver.literal import has_query, interrupting, literal_query, smt_text

MAX_RELU, MAX_INPUTS = 12, 3
WORK, SECONDS = 1_000_000, 2.0
VERDICTS = {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED}


def is_small(claim: Claim) -> bool:
    """Whether all copies of the networks in the formula together have few ReLU, and f few inputs."""
    networks = (
        [claim.network, claim.second] if claim.second is not None else [claim.network] * len(claim.property.labels)
    )
    if claim.has_smooth_units:
        return False
    if claim.property.asked is not None:
        return claim.network.relu_count <= MAX_RELU and claim.network.input_size <= 2 * MAX_INPUTS
    units = sum(network.relu_count for network in networks if network is not None)
    return has_query(claim.property) and units <= MAX_RELU and claim.network.input_size <= MAX_INPUTS


def second_opinion(result: Result) -> SecondOpinion | None:
    """The query, Z3's answer, and whether it agrees (None: Z3 does not decide, or we did not)."""
    claim = result.claim
    if not is_small(claim):
        return None
    query = smt_text(claim)
    if result.outcome.attested or result.outcome.engine == "z3":
        return SecondOpinion(query, "not asked again: the verdict itself is Z3's", None)
    answer, model = ask(claim)
    verdict = VERDICTS.get(answer.partition(" ")[0])
    agrees = None if verdict is None or result.verdict is Verdict.UNKNOWN else verdict is result.verdict
    return SecondOpinion(query, answer, agrees, model)


def ask(claim: Claim) -> tuple[str, str]:
    """Z3's answer to the literal query, and its model if it has one."""
    solver, variables = literal_query(claim)
    solver.set("rlimit", WORK)
    solver.set("timeout", int(SECONDS * 1000))
    try:
        with interrupting(SECONDS + 1):
            status = solver.check()
    except z3.Z3Exception as error:
        return f"unknown ({error})", ""
    if status == z3.unknown:
        return "unknown (it ran out of the work allowed)", ""
    return str(status), _model(solver.model(), variables) if status == z3.sat else ""


def _model(model: Any, variables: dict[str, Any]) -> str:
    values = []
    for name, variable in variables.items():
        parts = variable if isinstance(variable, list) else [variable]
        shown = [str(model.eval(part, model_completion=True)) for part in parts]
        values.append(f"{name} = {shown[0] if len(shown) == 1 else '(' + ', '.join(shown) + ')'}")
    return ", ".join(values)
