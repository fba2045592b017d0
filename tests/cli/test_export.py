"""``verify export``: what is written for other tools is read back and says the same as ``verify check``."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import pytest
import z3

import verify
from tests.support.cli import call
from tests.support.corpus import Corpus
from tests.support.random_claims import INEQUALITIES, claim, inequality, number
from verify import api
from verify.errors import InputError, NetworkError
from verify.formats.queries import read_query
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.network import matrix as matrices
from verify.property import Claim, Criterion, Vacuous, find
from verify.queries import answer
from verify.rational import vector
from verify.region import HalfSpace, box, intersection, l1_ball, polyhedron
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.solver.literal import smtlib_file
from verify.search.solver.vnnlib import exported

Capture = pytest.CaptureFixture[str]
WORDS = {Verdict.PROVED: "unsat", Verdict.REFUTED: "sat"}
STATUSES = {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED}
SENT = tuple(name for name in INEQUALITIES if not name.endswith("l2"))


def read_by_z3(path: Path) -> Verdict | None:
    """None where Z3 does not decide it within two seconds."""
    solver = z3.Solver()
    solver.from_file(str(path))
    solver.set("timeout", 2000)
    return STATUSES.get(str(solver.check()))


@pytest.mark.parametrize("start", [0, 20])
def test_smtlib_is_the_claim(tmp_path: Path, corpus: Corpus, start: int) -> None:
    path, seen = tmp_path / "claim.smt2", []
    for seed in range(start, start + 20):
        asked, outcome = corpus.decided(seed)
        path.write_text(smtlib_file(asked), encoding="utf-8")
        found = read_by_z3(path)
        assert found in (None, outcome.verdict), seed
        seen.append(found)
    assert seen.count(Verdict.PROVED) > 3
    assert seen.count(Verdict.REFUTED) > 3


def test_smtlib_of_inequalities(tmp_path: Path) -> None:
    path = tmp_path / "claim.smt2"
    for seed, usage in enumerate(INEQUALITIES):
        asked = inequality(seed, usage)
        path.write_text(smtlib_file(asked), encoding="utf-8")
        assert read_by_z3(path) in (None, decide(asked, Budget()).verdict), usage


def in_binary64(network: Network) -> Network:
    """The network with every number rounded to a binary64 one: a network of its own, which ONNX can hold."""
    blocks = []
    for block in network.blocks:
        inputs = [
            (
                source,
                matrices.from_triplets(m.row_of_entry, m.columns, matrices.as_entries(nearest(m.fractions())), m.shape),
            )
            for source, m in block.inputs
        ]
        blocks.append(replace(block, inputs=tuple(inputs), bias=vector(nearest(block.bias.fractions()).tolist())))
    return replace(network, blocks=tuple(blocks))


def nearest(values: object) -> np.ndarray:
    return np.array([*(Fraction(float(v)) for v in values), None], dtype=object)[:-1]  # type: ignore[attr-defined]


def rounded(asked: Claim) -> Claim:
    second = None if asked.second is None else in_binary64(asked.second)
    return replace(asked, network=in_binary64(asked.network), second=second)


def answers(asked: Claim, margin: Fraction, folder: Path) -> str:
    """The answer of ``verify vnnlib`` to the files: sat if one of them is."""
    folder.mkdir(exist_ok=True)
    files = exported(asked, margin)
    for name, data in files:
        (folder / name).write_bytes(data)
    listed = [line.split(",") for line in dict(files)["instances.csv"].decode().splitlines()]
    assert len(listed) * 2 + 1 == len(files)
    words = [answer([str(folder / net)], str(folder / about)).word for net, about, _ in listed]
    return "sat" if "sat" in words else max(words)


def agrees(asked: Claim, folder: Path) -> str:
    """Compare the files with the verdict, exactly and with a margin; returns what was seen."""
    try:
        exactly = answers(asked, Fraction(0), folder)
    except InputError as error:
        vacuous = isinstance(asked.questions(), Vacuous)
        through = not vacuous and any(q.criterion is Criterion.THROUGH_ORIGIN for q in asked.questions())  # type: ignore[union-attr]
        assert vacuous or through or isinstance(error, NetworkError), error
        return "refused"
    verdict = decide(asked, Budget()).verdict
    assert exactly == WORDS[verdict], asked
    least = answers(asked, Fraction(1, 1000), folder)
    assert least == "unsat" or verdict is Verdict.REFUTED, asked
    return f"{exactly} {least}"


@pytest.mark.parametrize("start", [0, 30])
def test_vnnlib_is_the_claim(tmp_path: Path, start: int) -> None:
    seen = [agrees(rounded(claim(seed)), tmp_path) for seed in range(start, start + 30)]
    assert seen.count("refused") < 12
    assert seen.count("sat sat") > 5
    assert seen.count("unsat unsat") > 5


@pytest.mark.parametrize("usage", SENT)
def test_vnnlib_of_inequalities(tmp_path: Path, usage: str) -> None:
    seen = [agrees(rounded(inequality(seed, usage)), tmp_path) for seed in range(4)]
    assert seen.count("refused") < 4
