"""One version of this project, which decides and judges what ``benchmarks.versions`` asks: lines of JSON in and out.

It is run as a script with the version's own folder in ``PYTHONPATH``, so everything that it imports is that version's,
also the networks. It names only what both versions have.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from typing import Any

import verify
from benchmarks.cases import Case, claim_of
from verify.errors import EvidenceError
from verify.kernel import json as kernel_json
from verify.kernel.check import judge
from verify.property import Claim
from verify.property.base import Vacuous
from verify.search.budget import Budget
from verify.search.decide import decide

try:
    from verify import writing
except ImportError:  # versions in which the kernel's reader was the writer too
    writing = kernel_json  # type: ignore[misc]

Data = dict[str, Any]


def decided(claim: Claim, cap: float) -> Data:
    """Verdict and evidence; ``seconds`` are those of the process, for the decision alone."""
    start = time.process_time()
    outcome = decide(claim, Budget(cap), shrinking=False)
    found: Data = {"seconds": time.process_time() - start, "verdict": outcome.verdict.value}
    if outcome.evidence is not None:
        found["evidence"] = writing.to_json(outcome.evidence)
        found["witness"] = None if outcome.witness is None else writing.witness_to_json(outcome.witness)
    return found


def judged(claim: Claim, evidence: Any, witness: Any) -> Data:
    """What the kernel says of evidence that it reads and replays."""
    questions = claim.questions()
    networks = [] if isinstance(questions, Vacuous) else [question.network for question in questions]
    start = time.process_time()
    try:
        read = kernel_json.from_json(evidence, networks)
        judgement = judge(claim, read, None if witness is None else kernel_json.read_witness(witness))
    except EvidenceError as error:
        return {"seconds": time.process_time() - start, "verdict": f"refused: {error}"}
    words = judgement.verdict.value + (", vacuous" if judgement.vacuous else "")
    return {"seconds": time.process_time() - start, "verdict": words, "ledger": list(judgement.assumptions)}


def main() -> None:
    """Answer until the input ends. Networks are loaded anew each time, so nothing is remembered of them."""
    answers, sys.stdout = sys.stdout, sys.stderr
    gc.freeze()
    print(json.dumps({"file": verify.__file__}), file=answers, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        claim = claim_of(Case(**asked["case"]))
        gc.collect()
        evidence = asked.get("evidence")
        found = judged(claim, evidence, asked["witness"]) if evidence else decided(claim, asked["cap"])
        print(json.dumps(found), file=answers, flush=True)


if __name__ == "__main__":
    main()
