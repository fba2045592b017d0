"""docs/gate.md: its keys and options are those that there are, and its tutorial does what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.gate.conftest import Write, claims
from tests.support.cli import ROOT, call
from verify.api import load
from verify.cli.gate import gate
from verify.gate.files import read
from verify.gate.first import first_file, look, reference_name
from verify.gate.sarif import RULES
from verify.gate.schema import ClaimTable

__all__ = ["claims"]
TEXT = (ROOT / "docs" / "gate.md").read_text(encoding="utf-8")
MODEL = """\
input = [2]

[[layer]]
type = "dense"
weight = [[1, {weight}], [1, 1]]
bias = [0, -1]

[[layer]]
type = "relu"

[[layer]]
type = "dense"
weight = [[1, 2]]
bias = [0]
"""


def test_keys_and_options() -> None:
    keys = set(re.findall(r"^\| `([a-z_]+)(?:\.NAME)?` \|", TEXT, re.MULTILINE))
    assert keys == set(ClaimTable.model_fields)
    options = {option for parameter in gate.params for option in parameter.opts if option.startswith("--")}
    assert {option for option in options if option not in TEXT} == {"--verbose", "--memory"}
    assert all(identity in TEXT for identity, _, _ in RULES.values())


def test_the_claims_that_it_shows_are_claims(claims: Write) -> None:
    for block in re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL):
        assert read(claims(block)) is not None


def test_the_tutorial(claims: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claims(MODEL.format(weight="0.5"), "model.toml")
    commands = re.findall(r"```\n(.*?)```", TEXT, re.DOTALL)[0].splitlines()
    for line in commands:
        if line.startswith("verify"):
            words = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', line)][1:]
            assert call(capsys, *words).status == 0, line
        else:
            subprocess.run(
                line.replace("git commit", "git -c user.name=a -c user.email=a@example.org commit"),
                shell=True,
                cwd=tmp_path,
                check=True,
                capture_output=True,
            )
    assert "nondecreasing in 0" in (tmp_path / "verify.toml").read_text(encoding="utf-8")
    claims(re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)[0])
    assert call(capsys, "gate").status == 0
    changed = MODEL.format(weight="0.5").replace("[[1, 2]]", "[[-1, 2]]")
    claims(changed, "model.toml")
    red = call(capsys, "gate")
    assert red.status == 1
    assert "verify.toml:1" in red.out and "The score never falls with income." in red.out and "f(" in red.out
    claims(MODEL.format(weight="0.5"), "model.toml")
    assert call(capsys, "gate").status == 0


SECTION = TEXT.split("## An ONNX model, from an empty folder")[1].split("\n## ")[0]
BLOCKS = {kind: body for kind, body in re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)}
GATE = ("gate", "--sarif", "out.sarif", "--junit", "out.xml")


def prepared(folder: Path) -> list[list[str]]:
    """The folder as the section begins, and the commands of the section."""
    for name in ("digits_conv.onnx", "digits_point.npy"):
        shutil.copy(ROOT / "examples" / name, folder)
    commands = [line.split() for line in BLOCKS[""].splitlines()]
    assert commands == [["verify", "init", "digits_conv.onnx"], ["pytest"], ["verify", *GATE]]
    return commands


def is_shown(printed: str, folder: Path) -> None:
    """A red build names the claim, its line and a counterexample, on the terminal and in both files."""
    flat, shown = (
        re.sub(r"verify.toml:\d+", "verify.toml:", " ".join(text.split())) for text in (printed, BLOCKS["text"])
    )
    assert shown in flat
    assert "why it is claimed: This 6 is not taken for an 8" in flat and "which is false" in flat
    sarif = json.loads((folder / "out.sarif").read_text(encoding="utf-8"))
    failed = [result for result in sarif["runs"][0]["results"] if result["kind"] == "fail"]
    lines = (folder / "verify.toml").read_text(encoding="utf-8").splitlines()
    assert len(failed) == 2 and "-402099/65536" in failed[0]["message"]["text"]
    for result in failed:
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "verify.toml"
        assert lines[place["region"]["startLine"] - 1] == "[[claim]]"
    assert (folder / "out.xml").read_text(encoding="utf-8").count("<failure") == 2


def test_a_flipped_weight_of_an_onnx_model(claims: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The section about ONNX in this process; of what ``verify init`` finds only the first claim."""
    prepared(tmp_path)
    network = load("digits_conv.onnx")
    same = next(look(network, "box(-1, 1)", 600.0, reference_name("digits_conv.onnx", network)))
    shutil.copy("digits_conv.onnx", same.to)
    claims(first_file("digits_conv.onnx", [same], Path(), "box(-1, 1)") + "\n" + BLOCKS["toml"])
    assert call(capsys, *GATE).status == 0
    exec(compile(BLOCKS["python"], "gate.md", "exec"), {})
    red = call(capsys, *GATE)
    assert red.status == 1
    is_shown(red.out, tmp_path)


@pytest.mark.slow
def test_the_same_with_the_wheel(tmp_path: Path) -> None:
    """The wheel, built and unpacked as pip does: its files are those of the repository, and it works."""
    pytest.importorskip("hatchling")
    made, site, folder = tmp_path / "made", tmp_path / "site", tmp_path / "empty"
    folder.mkdir()
    made.mkdir()
    build = [sys.executable, "-c", "import sys, hatchling.build as b; b.build_wheel(sys.argv[1])", str(made)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = made.glob("*.whl")
    tracked = subprocess.run(["git", "ls-files", "verify"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        names = [name for name in archive.namelist() if not name.startswith("relu_verify-")]
    assert not tracked or sorted(names) == sorted([*tracked, "verify/examples/digits_conv.onnx"])

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(site), "COLUMNS": "100"},
            capture_output=True,
            text=True,
        )

    init, _, _ = prepared(folder)  # the gate follows, where it has something to say
    done = run(*init)
    assert done.returncode == 0, (done.stdout, done.stderr)
    with (folder / "verify.toml").open("a", encoding="utf-8") as file:
        file.write("\n" + BLOCKS["toml"])
    subprocess.run([sys.executable, "-c", BLOCKS["python"]], cwd=folder, check=True)
    red = run("verify", *GATE)
    assert red.returncode == 1, red.stderr
    is_shown(red.stdout, folder)


def test_init_writes_over_nothing(claims: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    claims("mine")
    assert call(capsys, "init", "relu").status == 2
    assert (tmp_path / "verify.toml").read_text(encoding="utf-8") == "mine"
    assert call(capsys, "init", "relu", "--on", "box(", "-o", "a.toml").status == 2
    assert not (tmp_path / "a.toml").exists()
    assert call(capsys, "init", "relu", "--force").status == 0
    found = call(capsys, "gate", "--json").json
    assert found["status"] == 0 and {claim["id"] for claim in found["claims"]} >= {"relu positively homogeneous"}


def test_every_weight_matters_to_what_init_writes(
    claims: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each number of the model, changed alone, breaks a claim of the file that ``verify init`` wrote."""
    model = MODEL.format(weight="0.5")
    claims(model, "model.toml")
    assert call(capsys, "init", "model.toml", "--on", "box(0, 1)").status == 0
    assert call(capsys, "gate", "--no-cache").status == 0
    numbers = [m.span() for m in re.finditer(r"-?\d+(\.\d+)?", model) if model.count("[[layer]]", 0, m.start())]
    assert len(numbers) == 9
    for start, end in numbers:
        claims(f"{model[:start]}{float(model[start:end]) + 0.25}{model[end:]}", "model.toml")
        assert call(capsys, "gate", "--no-cache").status == 1, model[start:end]


def test_init_and_copies(claims: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    claims(MODEL.format(weight="0.5"), "model.toml")
    claims("mine", "model.reference.toml")
    (tmp_path / "verify.toml").unlink(missing_ok=True)
    refused = call(capsys, "init", "model.toml", "--timeout", "5")
    assert refused.status == 2 and "model.reference.toml: is there already" in refused.err
    assert not (tmp_path / "verify.toml").exists()
    assert call(capsys, "init", "model.toml", "--timeout", "5", "--no-reference").status == 0
    assert "equivalent" not in (tmp_path / "verify.toml").read_text(encoding="utf-8")
    assert (tmp_path / "model.reference.toml").read_text(encoding="utf-8") == "mine"
    assert call(capsys, "init", "model.toml", "--timeout", "5", "--force").status == 0
    assert (tmp_path / "model.reference.toml").read_bytes() == (tmp_path / "model.toml").read_bytes()
    assert call(capsys, "gate", "--no-cache").status == 0


@pytest.mark.parametrize("name", ["action.yml", "ci/gitlab.yml", ".gitlab-ci.yml", ".pre-commit-hooks.yaml"])
def test_pieces_for_ci_name_options_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    known = {option for parameter in gate.params for option in parameter.opts}
    used = set(re.findall(r"(?<!\S)(--[a-z-]+)", re.sub(r"pip install --quiet", "", text)))
    assert used <= known | {"--changed-since"}


def test_this_repository_has_claims_of_its_own() -> None:
    source = read(ROOT / "properties" / "gate.toml")
    assert source is not None and len(source.tables.claim) >= 3
