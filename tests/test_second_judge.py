"""The second judge: it accepts what the tool writes, and says the same as the kernel of every changed record."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import HealthCheck, assume, given

import verify
from tests.support import random_claims
from tests.support.cli import call
from tests.support.corpus import Corpus
from tests.support.mutants import mutant
from tests.support.onnx_graphs import graphs
from tests.support.seeds import FRESH, draws
from verify import second_judge
from verify.errors import EvidenceError, NetworkError, VerifyError
from verify.formats.onnx import from_model_bytes
from verify.formats.onnx.files import network_name
from verify.formats.toml import named_after
from verify.kernel.axioms.balls import enclosures
from verify.network import Builder, Network, examples
from verify.property import Claim
from verify.rational import ends, vector
from verify.report.recheck import recheck

Capture = pytest.CaptureFixture[str]


def claim_of(seed: int) -> Claim:
    if seed % 2:
        return random_claims.claim(seed)
    return random_claims.inequality(seed, random_claims.INEQUALITIES[seed // 2 % len(random_claims.INEQUALITIES)])


def record_of(seed: int, corpus: Corpus) -> dict[str, Any] | None:
    """The record of a random claim; every third is split into cells whatever else would decide it."""
    claim, engine = claim_of(seed), "auto" if seed % 3 else "split"
    if seed % 2 and engine == "auto":
        result = corpus.result(seed)
    else:
        on, to = claim.region, claim.second
        result = verify.check(claim.network, claim.property.name, on, to=to, timeout=10, engine=engine)
    record: dict[str, Any] = json.loads(json.dumps(result.record()))
    return record if record["evidence"] is not None else None


def by_kernel(path: Path) -> str:
    try:
        return "accepted" if recheck(path).judgement is not None else "declined"
    except EvidenceError:
        return "rejected"
    except VerifyError:
        return "declined"


# How it declines a property or a kind of evidence that it does not know.
UNKNOWN_NAMES = ("the property ", "evidence of the kind ")


def compared(path: Path, record: dict[str, Any]) -> str:
    """What both judges say, which is the same unless the second declines."""
    path.write_text(json.dumps(record), encoding="utf-8")
    kernel, (second, why) = by_kernel(path), second_judge.opinion(path)
    assert second in (kernel, "declined"), f"the kernel: {kernel}, the second judge: {second} {why}"
    return "unknown name" if second == "declined" and why.startswith(UNKNOWN_NAMES) else second


def test_records_of_random_claims_are_accepted(tmp_path: Path, corpus: Corpus) -> None:
    counts: Counter[str] = Counter()
    for seed in range(60):
        record = record_of(seed, corpus)
        if record is not None:
            counts[compared(tmp_path / "r.json", record)] += 1
    assert counts["accepted"] >= 57
    assert set(counts) == {"accepted"}


def test_changed_records_are_judged_alike(tmp_path: Path, corpus: Corpus) -> None:
    counts: Counter[str] = Counter()
    for seed in range(30):
        record, rng = record_of(seed, corpus), random.Random(seed)
        for _ in range(20 if record is not None else 0):
            assert record is not None
            counts[compared(tmp_path / "r.json", mutant(rng, record))] += 1
    assert counts["rejected"] >= 300
    assert counts["accepted"] >= 15
    assert counts["declined"] <= 30


@pytest.mark.campaign
def test_changed_records_of_fresh_claims(tmp_path: Path, corpus: Corpus) -> None:
    counts: Counter[str] = Counter()
    for seed in range(FRESH, FRESH + 300):
        record, rng = record_of(seed, corpus), random.Random(seed)
        for _ in range(40 if record is not None else 0):
            assert record is not None
            counts[compared(tmp_path / "r.json", mutant(rng, record))] += 1
    print(dict(counts))


@pytest.mark.parametrize("name", examples.names())
def test_it_builds_the_examples_itself(name: str) -> None:
    network, digest = second_judge.example(name)
    assert digest == examples.get(name).digest
    assert network.inputs == examples.get(name).input_size


def blocks_of(network: Network) -> list[tuple[bool, str | None, list[second_judge.Form]]]:
    """The blocks in the second judge's form."""
    found = []
    for block in network.blocks:
        rows: list[second_judge.Form] = [{second_judge.ONE: b} if b else {} for b in block.bias.fractions()]
        for source, matrix in block.inputs:
            triplets = zip(matrix.row_of_entry.tolist(), matrix.columns.tolist(), matrix.fractions(), strict=True)
            for row, column, weight in triplets:
                rows[row][source, column] = weight
        found.append((block.relu, block.smooth, rows))
    return found


LAYERS = [
    'type = "conv"\nweight = [[[[1, 0], [0, -1]]], [[[0.5, 0.5], ["1/3", 0]]]]\nbias = [0, 0.1]\nstrides = 2\npads = 1',
    'type = "max_pool"\nkernel = 2\nstrides = 1\npads = [1, 0]\nceil_mode = true',
    'type = "average_pool"\nkernel = [2, 3]\nstrides = 1\npads = 1\ncount_include_pad = true',
    'type = "global_average_pool"',
    'type = "leaky_relu"\nslope = 0.1',
    'type = "prelu"\nslope = "1/4"',
    'type = "abs"',
    'type = "clip"\nlow = -1\nhigh = 2.5',
    'type = "batch_norm"\nscale = 3\nshift = -1',
    'type = "scale"\nfactor = 0',
    'type = "add_constant"\nvalue = "-1/7"',
    'type = "transpose"\naxes = [2, 0, 1]',
    'type = "pad"\npads = 1\nvalue = 2',
    'type = "relu"',
    'type = "flatten"\n[[layer]]\ntype = "dense"\nweight = [%s]',
    'type = "add"\ninputs = ["a", "b"]',
    'type = "subtract"\ninputs = ["a", "b"]',
    'type = "elu"\nalpha = 0.5',
    'type = "celu"\nalpha = -2',
    'type = "selu"',
    'type = "softplus"',
    'type = "sigmoid"',
    'type = "tanh"',
    'type = "silu"',
    'type = "gelu"\napproximate = "tanh"',
    'type = "concat"\ninputs = ["a", "b"]\naxis = 1',
    'type = "maximum"\ninputs = ["a", "b", "a"]',
    'type = "minimum"\ninputs = ["a", "b"]',
]


@pytest.mark.parametrize("first", range(len(LAYERS)))
def test_it_reads_toml_as_the_tool_does(first: int, tmp_path: Path) -> None:
    for second in ('type = "relu"', LAYERS[4], LAYERS[7]):
        head = 'input = [1, 4, 4]\n[[layer]]\ntype = "relu"\nname = "a"\ninput = "input"\n'
        head += '[[layer]]\ntype = "scale"\nfactor = -2\nname = "b"\ninput = "a"\n'
        layer = LAYERS[first] % ("[" + ", ".join(["1", "-1"] * 8) + "]") if "%s" in LAYERS[first] else LAYERS[first]
        text = f"{head}[[layer]]\n{layer}\n[[layer]]\n{second}\n"
        (tmp_path / "n.toml").write_text(text)
        ours = second_judge.toml_network(text.encode())
        theirs = verify.load(tmp_path / "n.toml")
        assert [(block.relu, block.smooth, block.rows) for block in ours.blocks] == blocks_of(theirs)


@pytest.mark.parametrize("name", ["exp", "tanh", "logcosh", "silu_even", "gelu_even", "gelu_tanh_even"])
def test_its_enclosures_lie_in_those_of_arb(name: str) -> None:
    rng = random.Random(5)
    builder = Builder((1,), "one")
    block = builder.add_block(builder.input, relu=False, smooth=name)
    network = builder.build(block)
    ours = second_judge.Network(1, [second_judge.Block(row, relu, smooth) for relu, smooth, row in blocks_of(network)])
    points = [Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 10**30)]
    points += [Fraction(rng.randint(-999, 999), rng.choice([70, 97, 10**6])) for _ in range(20)]
    for x in points:
        ((low, high),) = second_judge.enclosed(ours, [x])
        for bits in (128, 512, 2048):
            (theirs,) = enclosures(network, vector([x]), bits)
            assert ends(theirs)[0] <= low <= high <= ends(theirs)[1], (x, bits)


@draws(60, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_it_reads_onnx_as_the_tool_does(model: onnx.ModelProto) -> None:
    data = model.SerializeToString()
    try:
        ours = second_judge.onnx_network(data)
    except second_judge.Declined:
        assume(False)
    except second_judge.Unreadable:
        with pytest.raises(NetworkError):
            from_model_bytes(data, "m")
        return
    try:
        theirs = from_model_bytes(data, "m")
    except NetworkError:
        assume(False)
    assert [(block.relu, block.smooth, block.rows) for block in ours.blocks] == blocks_of(theirs)
    assert tuple(ours.notes) == theirs.notes


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.chdir(tmp_path)
    record = verify.check("relu", "affine").record()
    Path("good.json").write_text(json.dumps(record))
    Path("bad.json").write_text(json.dumps(record | {"ledger": ["trust"]}))
    Path("other.json").write_text(json.dumps(record | {"kind": "family"}))
    assert call(capsys, "recheck", "good.json", "--second").status == 0
    found = call(capsys, "recheck", "bad.json", "--second")
    assert (found.status, found.out) == (
        4,
        "rejected  bad.json: ledger: the record's ledger is not what its evidence shows\n",
    )
    assert call(capsys, "recheck", "other.json", "--second").status == 3
    assert call(capsys, "recheck", "missing.json", "--second").status == 2
    assert call(capsys, "recheck", "good.json", "--second", "--json").status == 2


def test_one_file_and_the_standard_library_suffice(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(json.dumps(verify.check("thread", "affine", "nonneg").record()))
    shutil.copy(second_judge.__file__, tmp_path / "judge.py")
    command = [sys.executable, "-I", "-S", "judge.py", "r.json", "none.json"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stdout.splitlines() == [
        "accepted  r.json",
        "cannot be read  none.json: cannot be read: No such file or directory",
    ]


def test_large_work_is_declined_by_its_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    record = Path(__file__).parent / "arena" / "records" / "accepted" / "cells.json"
    assert second_judge.opinion(record)[0] == "accepted"
    monkeypatch.setattr(second_judge.Work, "LIMIT", 100)
    assert second_judge.opinion(record) == ("declined", "more than 100 products of rational numbers")


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"format": 2}', '{"a": 1, "a": 2}', "null", "\x00", "[" * 100000])
def test_what_is_no_record(text: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text(text)
    assert second_judge.opinion(tmp_path / "r.json")[0] in ("rejected", "cannot be read")


@pytest.mark.parametrize(
    "name",
    [
        *("a.b.toml", "x.onnx.toml", "Y.TOML", ".toml.toml", "t\x01.toml", "\udce9.toml", f"{230 * 'a'}.toml"),
        *("a.onnx", "a.onnx.gz", "p.toml.onnx", "q.ONNX.gz", ".onnx"),
    ],
)
def test_a_network_has_the_same_name_for_both_judges(name: str) -> None:
    named = named_after if name.lower().endswith(".toml") else network_name
    assert second_judge.stem(name) == named(Path(name))


def test_what_it_does_not_know_it_declines(tmp_path: Path) -> None:
    """A property or a kind of evidence that is newer than the judge is no lie."""
    record = json.loads(json.dumps(verify.check("relu", "convex", "box(0, 1)").record()))
    for change, why in (({"property": "cautious"}, "cautious"), ({"evidence": {"kind": "dream"}}, "dream")):
        (tmp_path / "r.json").write_text(json.dumps(record | change), encoding="utf-8")
        word, said = second_judge.opinion(tmp_path / "r.json")
        assert word == "declined" and why in said
    (tmp_path / "r.json").write_text(json.dumps(record | {"network": record["network"] | {"source": True}}))
    assert second_judge.opinion(tmp_path / "r.json")[0] == "rejected"
