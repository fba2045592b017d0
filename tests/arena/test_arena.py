"""Both judges run over the arena: honest records are accepted, traps rejected, by the rule that the trap names."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tests.arena.contest import contest, files
from tests.arena.honest import ARENA, CLAIMS
from tests.arena.make import make
from tests.arena.traps import TRAPS
from verify import second_judge
from verify.errors import EvidenceError
from verify.report.recheck import recheck

# Kinds of evidence, and the bases of traps that are about them.
KINDS = {
    "value gap": ("gap",),
    "nothing": ("nothing", "instance", "certificate"),
    "cells": ("pattern", "signs", "multiplier", "split", "leaf", "leaves", "tree", "cells", "witness", "proofs"),
    "hull": ("equation", "contradiction"),
    "free units": ("ceiling", "free"),
    "rewriting": ("share", "unit", "steps", "step", "sizes", "bounds", "form"),
    "rule": ("rule",),
    "difference": ("difference",),
    "family": ("family",),
    "member": ("member",),
    "bounds on boxes": ("boxes",),
    "lower slopes": ("slopes",),
    "counts": ("counts",),
    "quantized networks": ("quantized",),
    "unsafe point": ("unsafe",),
    "units": ("dead", "live"),
    "formula": ("formula",),
    "region": ("region",),
    "network": ("network", "networks", "second"),
}


def by_kernel(path: Path) -> str:
    try:
        return "accepted" if recheck(path).judgement is not None else "declined"
    except EvidenceError as error:
        return "rejected" if error.rule == json.loads((ARENA / "rules.json").read_text()).get(path.stem) else error.rule


def test_the_kernel_falls_into_no_trap_and_names_the_rule() -> None:
    score = contest(by_kernel)
    assert not score.wrong, score.table()
    assert score.counts["rejected", "rejected"] == len(TRAPS) >= 120
    assert score.counts["accepted", "accepted"] >= len(CLAIMS)


def test_the_second_judge_falls_into_no_trap() -> None:
    score = contest(lambda path: second_judge.opinion(path)[0])
    assert not score.wrong, score.table()
    assert score.counts["accepted", "accepted"] >= 36
    assert score.counts["rejected", "rejected"] >= 210


def test_there_are_traps_of_every_kind() -> None:
    for kind, words in KINDS.items():
        found = [trap.name for trap in TRAPS if trap.name.split("-")[0] in words]
        assert len(found) >= 5, f"{kind}: {found}"
    assert max(Counter(trap.name for trap in TRAPS).values()) == 1


def test_the_traps_are_what_the_script_makes() -> None:
    stored = {str(path.relative_to(ARENA)) for truth, path in files() if truth == "rejected"}
    made = make()
    assert stored == made.keys() - {"rules.json"}
    assert [name for name, content in made.items() if (ARENA / name).read_text(encoding="utf-8") != content] == []
