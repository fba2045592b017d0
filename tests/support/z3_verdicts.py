"""Z3's verdicts on random claims: of fixed claims from a committed table, which ``make verdicts`` makes anew.

What is not in the table is asked, and so is one in fifty of what is, to hold the table to what Z3 says today.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from pathlib import Path

from verify.kernel.check import Verdict
from verify.network import network as networks
from verify.property import Claim
from verify.region import region as regions
from verify.search.budget import Budget
from verify.search.solver.literal import decide_with_z3

TABLE = Path(__file__).with_name("z3_verdicts.txt")
# A file that gets a line for each claim asked; the table is then left aside.
RECORD = os.environ.get("VERIFY_RECORD_Z3")
ASKED_AGAIN = 50
KEY_DIGITS = 16
LETTERS = {Verdict.PROVED: "p", Verdict.REFUTED: "r", Verdict.UNKNOWN: "u"}


def z3_verdict(claim: Claim, seconds: float) -> Verdict:
    """What Z3 says of the literal claim: UNKNOWN where it did not within the seconds, then or now."""
    key = key_of(claim)
    known = None if RECORD else table().get(key)
    if known is Verdict.UNKNOWN or (known is not None and int(key, 16) % ASKED_AGAIN):
        return known
    found = asked(claim, seconds)
    if RECORD:
        with open(RECORD, "a", encoding="ascii") as file:  # one short line: whole, also from several processes
            file.write(f"{key}{LETTERS[found]}\n")
    assert known is None or found in (known, Verdict.UNKNOWN), f"Z3 says {found} of {key}, the table {known}"
    return known or found


def asked(claim: Claim, seconds: float) -> Verdict:
    """Z3's verdict of today."""
    return decide_with_z3(claim, Budget(seconds)).verdict


def key_of(claim: Claim) -> str:
    """The claim as a number: its formula, region and weights, not its names."""
    nets = [networks.to_json(net)["blocks"] for net in (claim.network, claim.second) if net is not None]
    data = [claim.property.name, regions.to_json(claim.region), nets]
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]


@functools.cache
def table() -> dict[str, Verdict]:
    """The recorded verdicts."""
    verdicts = {letter: verdict for verdict, letter in LETTERS.items()}
    return {line[:-1]: verdicts[line[-1]] for line in TABLE.read_text(encoding="ascii").split()}


def write_table(record: Path) -> int:
    """Make the table of a record; returns how many verdicts it holds."""
    lines = sorted(set(record.read_text(encoding="ascii").split()))
    decided = {line[:-1] for line in lines if line[-1] != LETTERS[Verdict.UNKNOWN]}
    lines = [line for line in lines if line[-1] != LETTERS[Verdict.UNKNOWN] or line[:-1] not in decided]
    assert len({line[:-1] for line in lines}) == len(lines), "Z3 contradicts itself"
    TABLE.write_text("".join(f"{line}\n" for line in lines), encoding="ascii")
    return len(lines)


if __name__ == "__main__":
    assert RECORD, "set VERIFY_RECORD_Z3"
    print(f"{write_table(Path(RECORD))} verdicts in {TABLE.name}")
