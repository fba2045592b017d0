"""Colours of the page against WCAG 2.2: 4.5 for text, 3 for what shows a control or its state, in light and dark."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from verify.web.server import STATIC_FILES

TEXT, GRAPHIC = 4.5, 3.0
# Foreground, background, and what it must reach.
PAIRS = [
    *(
        (colour, back, TEXT)
        for colour in ("ink", "quiet", "refuted", "proved", "unknown")
        for back in ("paper", "wash")
    ),
    ("accent", "paper", TEXT),
    ("accent", "wash", TEXT),
    ("paper", "accent", TEXT),  # the main button
    ("paper", "proved", TEXT),  # badges
    ("paper", "refuted", TEXT),
    ("paper", "unknown", TEXT),
    ("refuted", "bad", TEXT),
    ("ink", "good", TEXT),
    ("proved", "good", TEXT),
    ("quiet", "soft", TEXT),
    *((colour, back, GRAPHIC) for colour in ("accent", "refuted", "knob-x", "knob-y") for back in ("paper", "soft")),
    ("control", "paper", GRAPHIC),
    ("control", "wash", GRAPHIC),
    ("control", "soft", GRAPHIC),
]


def colours(scheme: str) -> dict[str, str]:
    """The custom properties of both style sheets under a colour scheme."""
    found: dict[str, str] = {}
    for name in ("report.css", "page.css"):
        text = STATIC_FILES[name].read_text(encoding="utf-8").partition("@media print")[0]
        dark = re.findall(r"@media \(prefers-color-scheme: dark\) \{(.*?)\n\}", text, re.DOTALL)
        light = re.sub(r"@media[^{]*\{.*?\n\}", "", text, flags=re.DOTALL)
        for part in (light, *dark) if scheme == "dark" else (light,):
            for block in re.findall(r":root \{(.*?)\}", part, re.DOTALL):
                found |= dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", block))
    return found


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    digits = colour.removeprefix("#")
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ratio(known: Mapping[str, str], front: str, back: str) -> float:
    high, low = sorted((luminance(known[front]), luminance(known[back])), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_contrast(scheme: str, front: str, back: str, least: float) -> None:
    assert ratio(colours(scheme), front, back) >= least


def test_the_ratio_is_the_standards() -> None:
    known = {"black": "#000000", "white": "#ffffff", "grey": "#777777"}
    assert ratio(known, "black", "white") == pytest.approx(21)
    assert 4.47 < ratio(known, "grey", "white") < 4.49


def test_dark_is_read_as_dark() -> None:
    assert luminance(colours("dark")["paper"]) < 0.05 < 0.9 < luminance(colours("light")["paper"])
