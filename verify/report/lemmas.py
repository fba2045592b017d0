"""The lemmas that proofs name, as pages print them; their proofs stand in the docstrings that apply them."""

from __future__ import annotations

import re
from collections.abc import Iterable

LEMMAS: dict[int, tuple[str, str]] = {
    1: (
        "Stable implies affine",
        "Take a point inside the region and the pattern of ReLU that are on there. If every pre-activation, extended as"
        " the affine function that it is under this pattern, keeps its weak sign on the whole region, then the network"
        " is that one affine map on the region.",
    ),
    2: (
        "The first crossing",
        "If an extension changes sign, walk there from an interior point. Of the units that reach zero first the"
        " earliest really switches. If the maps on the two sides differ, the network is not affine, and three points"
        " on a line through both sides show it.",
    ),
    3: (
        "Additive means linear",
        "On a convex region that contains 0 a piecewise linear function is additive if and only if it is linear. On any"
        " convex region superposition means the same as linear, and linear means affine with constant 0, or affine"
        " with 0 outside the region's affine hull.",
    ),
    4: (
        "Scaling",
        "On a convex region that contains 0, positively homogeneous means f(x/2) = f(x)/2. If 0 is not in it, it means"
        " that the affine map of every full-dimensional piece vanishes at 0. Homogeneous means positively homogeneous,"
        " and odd where x and -x both lie in the region.",
    ),
    5: (
        "One network for both sides",
        "The difference of the two sides of the formula is a combination of copies of f, and so one piecewise linear"
        " network h on one polyhedron. The claim holds if and only if h is zero there (for an inequality: at most 0).",
    ),
    6: (
        "Rewriting",
        "These steps keep the function on the region: dropping a unit without influence, putting in what a unit"
        " of fixed side is, scaling a ReLU's row by a positive number, sharing equal units, writing relu(-z) as"
        " relu(z) - z.",
    ),
    7: (
        "Relevance",
        "A unit that may switch need not be told apart where its coefficient in all that remains is exactly zero.",
    ),
    8: (
        "Rules about a network's shape",
        "Signs of weights, biases and inputs can decide: with nonnegative weights and biases on nonnegative inputs"
        " no ReLU switches, so the network is affine; without biases it is positively homogeneous; with nonnegative"
        " weights after the first layer it is convex.",
    ),
    10: (
        "Empty parts",
        "A part of the region on which some forms are strictly positive is empty if a nonnegative combination of its"
        " rows, with a strict one among them, adds up to a contradiction (Motzkin).",
    ),
    12: (
        "Smooth units",
        "Exponentials of different nonconstant affine functions are linearly independent over the affine functions, so"
        " a sum with one of them that does not cancel is not affine.",
    ),
}
_NAMED = re.compile(r"[Ll]emma (\d+)")


def numbers(texts: Iterable[str]) -> list[int]:
    """The lemmas that these texts name and this table has, in order of number."""
    found = {int(number) for text in texts for number in _NAMED.findall(text)}
    return sorted(found & set(LEMMAS))


def anchor(text: str) -> str:
    """Where on the page the lemma stands that a text names first; empty for none."""
    named = numbers([text])
    return f"lemma-{named[0]}" if named else ""
