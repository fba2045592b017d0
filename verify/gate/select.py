"""Choosing cases by name: ``-k "denoiser and not box"``."""

from __future__ import annotations

from collections.abc import Sequence

from verify.errors import InputError
from verify.gate.plan import Case


def selected(cases: Sequence[Case], expression: str) -> list[Case]:
    """The cases whose name has the words: ``and`` binds tighter than ``or``, ``not`` stands before a word."""
    choices = [[_term(part) for part in option.split(" and ")] for option in expression.split(" or ")]
    return [
        case
        for case in cases
        if any(all((word in case.key.lower()) is wanted for word, wanted in option) for option in choices)
    ]


def _term(text: str) -> tuple[str, bool]:
    word = text.strip().lower()
    wanted = not word.startswith("not ")
    word = word.removeprefix("not ").strip()
    if word in ("", "not", "and", "or"):
        raise InputError("-k: a word is missing; write for example -k 'denoiser and not box'")
    return word, wanted
