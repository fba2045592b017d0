"""Looking ahead: a difference far from the first map is seen before the part that holds it is reached."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.search.test_sharing import about, reordered, split
from verify.kernel.check import Verdict
from verify.search.dividing import relevance, relevant_split
from verify.search.dividing.watch import Watch


def folds(monkeypatch: pytest.MonkeyPatch, slip: Fraction) -> int:
    """How many parts are looked at until the claim is refuted."""
    count = 0
    plain = relevance.fold

    def counted(*arguments: object, **options: object) -> object:
        nonlocal count
        count += 1
        return plain(*arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(relevant_split, "fold", counted)
        assert split(about(reordered(4, slip)), None).verdict is Verdict.REFUTED
    return count


def test_random_points_save_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    ahead = folds(monkeypatch, Fraction(-3))
    monkeypatch.setattr(Watch, "_ahead", lambda *_: [])
    assert ahead < folds(monkeypatch, Fraction(-3))


def test_rounding_errors_are_no_difference() -> None:
    """The first map is compared over its denominator, and noise is not taken for a difference."""
    assert split(about(reordered(3)), None).verdict is Verdict.PROVED
    assert split(about(reordered(3), "affine"), None).verdict is Verdict.PROVED
