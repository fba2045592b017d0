"""A region in words."""

from __future__ import annotations

PLACES = {"all": "everywhere", "nonneg": "for nonnegative inputs", "nonpos": "for nonpositive inputs"}


def place_of(text: str) -> str:
    """``everywhere``, ``on box(0, 1)``, from a region as it was written (empty for one made in Python)."""
    return PLACES.get(text) or (f"on {text}" if text else "on a region given in Python")
