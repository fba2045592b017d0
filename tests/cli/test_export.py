"""``verify export``: what is written for other tools is read back and says the same as ``verify check``."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnx.reference
import pytest
import z3
from numpy.typing import NDArray

from tests.support.cli import call
from tests.support.corpus import Corpus
from tests.support.random_claims import INEQUALITIES, claim, inequality
from tests.support.seeds import chunks
from verify import api
from verify.errors import InputError, NetworkError
from verify.kernel.check import Verdict
from verify.kernel.exact import evaluate
from verify.network import Network
from verify.network import matrix as matrices
from verify.property import Claim, Criterion, Vacuous
from verify.queries import answer
from verify.rational import vector
from verify.search.budget import Budget
from verify.search.decide import decide
from verify.search.solver.literal import smtlib_file
from verify.search.solver.vnnlib import exported

Objects = NDArray[np.object_]
Capture = pytest.CaptureFixture[str]
WORDS = {Verdict.PROVED: "unsat", Verdict.REFUTED: "sat"}
STATUSES = {"unsat": Verdict.PROVED, "sat": Verdict.REFUTED}
SENT = tuple(name for name in INEQUALITIES if not name.endswith("l2"))


def read_by_z3(path: Path) -> Verdict | None:
    """None where Z3 does not decide it within half a second."""
    solver = z3.Solver()
    solver.from_file(str(path))
    solver.set("timeout", 500)
    return STATUSES.get(str(solver.check()))


def test_smtlib_is_the_claim(tmp_path: Path, corpus: Corpus) -> None:
    path, seen = tmp_path / "claim.smt2", []
    for seed in range(12):
        asked, outcome = corpus.decided(seed)
        path.write_text(smtlib_file(asked), encoding="utf-8")
        found = read_by_z3(path)
        assert found in (None, outcome.verdict), seed
        seen.append(found)
    assert min(seen.count(Verdict.PROVED), seen.count(Verdict.REFUTED)) > 2


@pytest.mark.parametrize("usage", INEQUALITIES)
def test_smtlib_has_what_the_standard_has(usage: str) -> None:
    """No sum, conjunction or disjunction of one: Z3 takes them, others do not."""
    text = smtlib_file(inequality(1, usage))
    assert ("QF_NRA" in text) == usage.endswith("l2")
    assert not re.search(r"\((and|or|[+*]) (\w+|\([^()]*\))\)", text)


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


def nearest(values: list[Fraction]) -> Objects:
    return np.array([*(Fraction(float(v)) for v in values), None], dtype=object)[:-1]


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


@pytest.mark.parametrize("seeds", chunks(13, 7, 1, campaign=50))
def test_vnnlib_is_the_claim(tmp_path: Path, seeds: range) -> None:
    seen = [agrees(rounded(claim(seed)), tmp_path) for seed in seeds]
    assert seen.count("refused") < len(seen) / 2


@pytest.mark.parametrize("seeds", chunks(0, len(SENT), 1, campaign=50))
def test_vnnlib_of_inequalities(tmp_path: Path, seeds: range) -> None:
    seen = [agrees(rounded(inequality(seed, SENT[seed % len(SENT)])), tmp_path) for seed in seeds]
    assert seen.count("refused") < len(seen) / 2


# Where the affine hull contains 0 and the region does not; L1 balls; charts; the answer with margin 0 and without.
@pytest.mark.parametrize(
    ("network", "name", "region", "expected"),
    [
        ("clip", "linear", "box(10, 12)", "sat sat"),
        ("max", "linear", "l1ball([2, 0], 1)", "unsat unsat"),
        ("max", "linear", "where(x[0] + x[1] == 1, 3/4 <= x[0] <= 2)", "unsat unsat"),
        ("max", "even", "l1ball([1/2, 0], 1)", "sat sat"),
        ("max", "nonincreasing in 1", "segment([0, 0], [0, 2])", "sat sat"),
        ("max", "lipschitz 3/4 in l1", "segment([0, 0], [2, 1])", "unsat unsat"),
        ("abs", "homogeneous", "all", "sat sat"),
        ("abs", "affine", "box(-1/1024, 1)", "sat unsat"),
        ("abs", "equivalent within 1/3", "box(-1/3, 1)", "unsat unsat"),
    ],
)
def test_vnnlib_of(network: str, name: str, region: str, expected: str, tmp_path: Path) -> None:
    other = "relu" if name.startswith("equivalent") else None
    asked = api.make_claim(network, name, region, to=other)
    assert agrees(asked, tmp_path) == expected


def test_the_network_computes_what_the_file_says(tmp_path: Path) -> None:
    asked = api.make_claim("clip", "affine", "box(-2, 2)")
    model = dict(exported(asked, Fraction(1)))["claim.onnx"]
    run = onnx.reference.ReferenceEvaluator(onnx.load_from_string(model))
    rng = random.Random(1)
    for _ in range(20):
        x, y = (Fraction(rng.randint(-128, 128), 64) for _ in range(2))
        values = [evaluate(asked.network, vector([at]))[0] for at in ((x + y) / 2, x, y)]
        [found] = run.run(None, {"input": np.array([[x, y]], dtype=np.float32)})
        assert float(values[0] - values[1] / 2 - values[2] / 2) == float(np.asarray(found).item())


def test_the_command(capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert call(capsys, "export", "max", "linear", "--on", "box(-1, 1)", "--vnnlib", "out").out.count("wrote") == 5
    assert (tmp_path / "out" / "instances.csv").read_text().count("claim-") == 4
    assert call(capsys, "vnnlib", "out/claim-1.onnx", "out/claim-1.vnnlib").status == 1
    assert "; question 1 of 2" in (tmp_path / "out" / "claim-1.vnnlib").read_text()
    assert call(capsys, "export", "max", "odd", "--smtlib", "odd.smt2").out == "wrote odd.smt2\n"
    query = call(capsys, "check", "max", "odd", "--show-smt").out.strip()
    assert query in (tmp_path / "odd.smt2").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["odd.smt2", "out"]
    again = ["export", "max", "even", "--smtlib", "odd.smt2"]
    assert call(capsys, *again).status == 2
    assert call(capsys, *again, "--force").status == 0
    assert "even" in (tmp_path / "odd.smt2").read_text()


THIRD = "input = [1]\n[[layer]]\ntype = 'dense'\nweight = [['1/3']]\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("max odd", "name one thing to write"),
        ("max odd --smtlib a --vnnlib b", "name one thing to write"),
        ("max odd --vnnlib b --margin -1", "expected 0 or more"),
        ("max odd --smtlib none/a", "there is no such folder"),
        ("max odd --vnnlib third.toml", "is a file"),
        ("third.toml odd --smtlib third.toml --force", "is what is read"),
        ("third.toml odd --vnnlib b", "a weight is not a binary64 number"),
        ("relu odd --on box(1,2) --vnnlib b", "holds of every network here"),
        ("relu homogeneous --on box(1,2) --vnnlib b", "each piece, extended, is zero at the origin"),
        ("max homogeneous --on segment([1,1],[0,3]) --vnnlib b", "holds of every network here"),
        ("relu no-dead-units --vnnlib b", "no question about single values"),
    ],
)
def test_bad_input(
    arguments: str, message: str, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "third.toml").write_text(THIRD)
    found = call(capsys, "export", *arguments.split())
    assert (found.status, found.out) == (2, "")
    assert message in found.err
    assert [path.name for path in tmp_path.iterdir()] == ["third.toml"]
