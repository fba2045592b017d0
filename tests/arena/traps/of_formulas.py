"""Traps about formulas of the language."""

from __future__ import annotations

from collections.abc import Callable

from tests.arena.traps.lies import Record, Trap, leaves, record


def _said(old: str, new: str) -> Callable[[Record], object]:
    """Another formula."""
    return lambda d: d.update(property=d["property"].replace(old, new))


def _weights(new: str) -> Callable[[Record], object]:
    """Another weight in each witness of the first case."""
    return lambda d: [node["witnesses"].update({"0:1": {"0": new}}) for node in leaves(d)]


def _renamed(d: Record) -> None:
    for node in leaves(d):
        node["witnesses"]["0:1"] = {"1": "100"}


def _values(**new: list[str]) -> Callable[[Record], object]:
    """Other values of names."""
    return lambda d: d["evidence"]["values"].update(new)


def _region_data(d: Record) -> None:
    d["regions"][0]["region_data"].update(low=["-1/2", "-1/2"])


def _region(d: Record) -> None:
    """Smaller than what the formula says, text and data."""
    _region_data(d)
    d["regions"][0]["region"] = "box([-1/2, -1/2], 1)"


def _swapped(d: Record) -> None:
    d["names"]["f"]["source"], d["names"]["g"]["source"] = (d["names"][name]["source"] for name in "gf")


def _told(d: Record) -> None:
    d["counterexample"]["calls"][0]["value"] = ["5", "5"]


TRAPS = [
    # Formulas.
    Trap("formula-text-stronger", "formula", "case", _said("<= 1 or", "<= 1/2 or")),
    Trap("formula-text-strict", "formula", "case", _said("[1] > 1", "[1] > 6/5")),
    Trap("formula-with-and", "formula", "case", _said(" or ", " and ")),
    Trap("formula-turned-round", "formula", "verdict", record(verdict="refuted")),
    Trap("formula-without-witnesses", "formula", "case", lambda d: [n.pop("witnesses") for n in leaves(d)]),
    Trap("formula-with-a-negative-weight", "formula-strict", "case", _weights("-1")),
    Trap("formula-with-a-weight-of-zero", "formula-strict", "case", _weights("0")),
    Trap("formula-with-a-weight-too-small", "formula-strict", "case", _weights("1/100")),
    Trap("formula-with-a-weight-of-no-sign", "formula-strict", "case", _renamed),
    Trap("formula-of-another-network", "formula-strict", "case", _said("> -201/100", "> -199/100")),
    Trap("formula-that-touches", "formula-strict", "case", _said("f(x) < 1/100", "f(x) < 0")),
    Trap("formula-region-larger", "formula-strict", "regions", _said("box(-1, 1)", "box(-2, 2)")),
    Trap("formula-region-data-smaller", "formula-strict", "regions", _region_data),
    Trap("formula-region-smaller", "formula-strict", "regions", _region),
    Trap("formula-region-dropped", "formula-strict", "format", record(regions=[])),
    Trap("formula-region-twice", "formula-strict", "format", lambda d: d["regions"].append(d["regions"][0])),
    Trap("formula-name-dropped", "formula-of-two-cases", "format", lambda d: d["names"].pop("g")),
    Trap("formula-name-too-many", "formula-strict", "names", lambda d: d["names"].update(g=d["names"]["f"])),
    Trap("formula-names-swapped", "formula-of-two-cases", "network", _swapped),
    Trap("formula-bound-smaller", "formula-of-two-networks", "difference", _said("1/100", "1/1000")),
    Trap("formula-of-copies-other-way", "formula-of-copies", "inequality", _said("<=", ">=")),
    Trap("formula-false-where-it-holds", "formula-false", "falsehood", _values(x=["0", "0"])),
    Trap("formula-false-outside", "formula-false", "falsehood", _values(x=["-5", "-5"])),
    Trap("formula-false-without-a-name", "formula-false", "falsehood", lambda d: d["evidence"]["values"].pop("y")),
    Trap("formula-false-with-a-name-too-many", "formula-false", "falsehood", _values(z=["0", "0"])),
    Trap("formula-false-in-three-numbers", "formula-false", "falsehood", _values(x=["0", "0", "0"])),
    Trap("formula-false-told-otherwise", "formula-false", "counterexample", _told),
    Trap("formula-of-nothing-not-said", "formula-of-nothing", "vacuous", record(vacuous=False)),
    Trap("formula-of-nothing-with-values", "formula-of-nothing", "empty region", _said("3 <= x[0]", "1/2 <= x[0]")),
]
