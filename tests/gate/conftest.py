"""Folders with claims files, and gates that have been run on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

CLAIMS = """\
[defaults]
timeout = 20

[[claim]]
network = "relu"
property = "positively homogeneous"
why = "Brightness must not change what the denoiser does."

[[claim]]
id = "additive | `everywhere` <b> %"
network = "relu"
property = "additive"

[[claim]]
network = "missing, \\u00e9.onnx"
property = "affine"

[[claim]]
network = "relu"
property = "homogeneous"
on = "box(1, 1)"

[[claim]]
network = "relu"
property = "affine"
on = "box(-1, 1)"
expect = "refuted"

[[claim]]
network = "max"
property = "convex"
engine = "rules"
work = 1
each.eps = ["1/2", 1]
on = "ball(0, {eps})"

[[claim]]
network = "thread"
property = "affine"
engine = "stability"
"""
Write = Callable[..., Path]


@pytest.fixture
def claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a claims file in a folder of its own, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def write(text: str = CLAIMS, name: str = "verify.toml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write
