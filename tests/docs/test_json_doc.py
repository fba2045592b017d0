"""docs/json.md names exactly the keys that ``--json`` prints."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import call
from verify import api
from verify.report.record import write_json

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "json.md").read_text(encoding="utf-8")
SECTIONS = {title.strip(): body for title, body in re.findall(r"^## (.+)\n((?:(?!^## ).*\n)*)", TEXT, re.MULTILINE)}
EACH = "(declare-const X_0 Real)(assert (or (and (>= X_0 0) (<= X_0 1)) (and (>= X_0 2) (<= X_0 3))))"
UNSAFE = "(declare-const X_0 Real)(declare-const Y_0 Real)(assert (>= X_0 0))(assert (<= X_0 1))(assert (<= Y_0 -1))"
FAMILY = """name = "f"
input = 2
[[layer]]
type = "dense"
outputs = 1
weight = ">= 0"
"""
FILES = {
    "each.vnnlib": EACH,
    "unsafe.vnnlib": UNSAFE,
    "family.toml": FAMILY,
    "claims.toml": '[[claim]]\nnetwork = "relu"\nproperty = "convex"\n',
}
COMMANDS = {
    "check": [
        "check relu additive",
        "check relu convex",
        "check relu equivalent --to abs",
        "check relu odd --engine rules",
    ],
    "check, on a file with several regions": [
        "check relu affine --on each.vnnlib",
        "check abs constant --on each.vnnlib",
    ],
    "check, of a family": ["check family.toml affine", "check family.toml constant"],
    "ask": ["ask relu 'f(x) >= 0 for x in box(-1, 1)'", "ask relu 'f(x) >= 1 for x in box(-1, 1)'"],
    "gate": ["gate claims.toml --no-cache"],
    "gate --list": ["gate claims.toml --list"],
    "recheck": ["recheck r.json"],
    "recheck, of several records": ["recheck r.json r.json"],
    "compare": ["compare relu abs --on 'box(-1, 1)'", "compare relu relu --on 'box(-1, 1)'"],
    "vnnlib": ["vnnlib relu unsafe.vnnlib"],
    "show": ["show relu"],
    "explain": ["explain relu"],
    "radius": ["radius relu --at '[1]'"],
    "lipschitz": ["lipschitz relu"],
    "pieces": ["pieces identity_pair --on 'box(-1, 1)' --volumes --segments 1 --slices 1"],
    "symbolic": ["symbolic relu"],
    "simplify": ["simplify thread -o r.onnx"],
    "properties": ["properties"],
}


def documented(section: str) -> set[str]:
    """The keys in the first column of the section's table."""
    rows = [line.split("|")[1] for line in SECTIONS[section].splitlines() if line.startswith("| `")]
    return {key for row in rows for key in re.findall(r"`([^`]+)`", row)}


def printed(value: dict[str, Any], nested: set[str]) -> set[str]:
    """The keys of the object, and of the objects under those keys whose own keys are documented."""
    found: set[str] = set()
    for key, inner in value.items():
        if key not in nested or inner is None:
            found.add(key)
        elif isinstance(inner, list):
            found |= {f"{key}[].{below}" for item in inner for below in item}
        else:
            found |= {f"{key}.{below}" for below in inner}
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("json")
    for name, text in FILES.items():
        (path / name).write_text(text)
    write_json(path / "r.json", api.check("relu", "additive"))
    return path


def test_every_section_is_tried() -> None:
    assert set(SECTIONS) == set(COMMANDS)


@pytest.mark.parametrize("section", COMMANDS)
def test_the_keys_are_those_of_the_page(
    section: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    wanted = documented(section)
    nested = {re.split(r"\[\]\.|\.", key)[0] for key in wanted if "." in key}
    for command in COMMANDS[section]:
        data = call(capsys, *shlex.split(command), "--json").json
        assert printed(data, nested) == wanted, command
