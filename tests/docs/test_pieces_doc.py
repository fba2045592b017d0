"""What ``docs/pieces.md`` shows is what is printed, and its picture is the one that the example draws."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import verify
from examples.lattice import lattice
from verify.arrangement import volume_histogram
from verify.cli.run import run
from verify.report.pieces import picture
from verify.report.pieces_statistics import histogram

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "pieces.md").read_text(encoding="utf-8")


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    sessions = re.findall(r"```text\n\$ verify ([^\n]*)\n(.*?)```", PAGE, re.DOTALL)
    assert sessions
    for command, expected in sessions:
        assert run(shlex.split(command)) == 0
        assert capsys.readouterr().out == expected


def test_lattice() -> None:
    found = verify.pieces(lattice(), "box(-2, 2)")
    assert (found.cells, found.pieces, found.affine_maps) == (86, 11, 7)
    assert (DOCS / "lattice.svg").read_text(encoding="utf-8") == picture(found).document()
    volumes = histogram(volume_histogram(found)).document()
    assert (DOCS / "volumes.svg").read_text(encoding="utf-8") == volumes
