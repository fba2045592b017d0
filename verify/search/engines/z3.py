"""Z3 on the literal definition: for small networks, and as a second opinion."""

from __future__ import annotations

from verify.errors import InputError
from verify.kernel.evidence import Falsehood, ValueGap
from verify.search.engines.base import Engine, Work
from verify.search.outcome import Attestation


def _search(work: Work) -> ValueGap | Falsehood | Attestation | None:
    if work.budget.work is not None:
        raise InputError("work counts steps of this package's engines; bound engine z3 by a timeout")
    from verify.search.solver.literal import ask_z3  # loading Z3 takes longer than most claims

    found, note = ask_z3(work.claim, work.budget)
    work.notes.append(note)
    return found


ENGINE = Engine("z3", _search, lambda work: not work.claim.has_smooth_units, lambda work: False)
