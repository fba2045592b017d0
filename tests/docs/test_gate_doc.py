"""docs/gate.md: its keys and options are those that there are, and its tutorial does what it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.gate.conftest import Write, claims
from tests.support.cli import ROOT, call
from verify.cli.gate import gate
from verify.gate.files import read
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


def test_init_writes_over_nothing(claims: Write, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    claims("mine")
    assert call(capsys, "init", "relu").status == 2
    assert (tmp_path / "verify.toml").read_text(encoding="utf-8") == "mine"
    assert call(capsys, "init", "relu", "--on", "box(", "-o", "a.toml").status == 2
    assert not (tmp_path / "a.toml").exists()
    assert call(capsys, "init", "relu", "--force").status == 0
    found = call(capsys, "gate", "--json").json
    assert found["status"] == 0 and {claim["id"] for claim in found["claims"]} >= {"relu positively homogeneous"}


@pytest.mark.parametrize("name", ["action.yml", "ci/gitlab.yml", ".gitlab-ci.yml", ".pre-commit-hooks.yaml"])
def test_pieces_for_ci_name_options_that_exist(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    known = {option for parameter in gate.params for option in parameter.opts}
    used = set(re.findall(r"(?<!\S)(--[a-z-]+)", re.sub(r"pip install --quiet", "", text)))
    assert used <= known | {"--changed-since"}


def test_this_repository_has_claims_of_its_own() -> None:
    source = read(ROOT / "properties" / "gate.toml")
    assert source is not None and len(source.tables.claim) >= 3
