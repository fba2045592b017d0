"""Random instances of a verdict for its report: a fixed amount of work, and the same instances every time."""

from __future__ import annotations

from typing import Any

from verify.errors import PropertyError, WrongVerdict
from verify.fuzzing.verdicts import fuzz_verdict
from verify.report.record import Result

EXAMPLES, FEWEST, SEED = 100, 10, 0
# Products of weights in all draws together: a bound on work, not on time, so that two runs write the same bytes.
WORK = 2_000_000


def fuzz_record(result: Result) -> dict[str, Any]:
    """What ``verify.fuzz_verdict`` found, as a report's plain data: nothing is raised.

    ``instances`` were tried in ``examples`` draws with ``seed``, ``in_floats`` of them decided in float64, within its
    bound; ``reason`` says why nothing was tried; ``failure`` is the message of a ``WrongVerdict``.
    """
    draws, reason = affordable(result, EXAMPLES)
    data: dict[str, Any] = {"instances": 0, "in_floats": 0, "examples": draws, "seed": SEED, "reason": reason}
    if reason:
        return data
    try:
        found = fuzz_verdict(result, examples=draws, seed=SEED)
    except WrongVerdict as wrong:
        return data | {"failure": str(wrong)}
    except PropertyError as unknown:
        return data | {"examples": 0, "reason": str(unknown)}
    if found.reason:
        return data | {"examples": 0, "reason": found.reason}
    return data | {"instances": found.instances, "in_floats": found.in_floats}


def affordable(result: Result, examples: int) -> tuple[int, str]:
    """How many draws the work allows, or why there are none."""
    claim = result.claim
    if claim.property.family == "never":
        return 0, "its instances are points, not sums of values"
    weights = sum(network.weight_count for network in (claim.network, claim.second) if network is not None)
    draws = min(examples, WORK // max(weights, 1))
    if draws >= min(FEWEST, examples):
        return draws, ""
    return 0, f"{weights} weights are too many for a report; verify.fuzz_verdict tries them"
