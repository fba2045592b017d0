"""Files that are not part of this repository: published networks and recorded results, beside it where present."""

from __future__ import annotations

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared"


def outside(name: str) -> Path:
    """The file of that name below ``../shared``; skips the test where it is missing."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"../shared/{name} is not here")
    return path
