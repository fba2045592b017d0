"""The traps: for each an honest record, one lie, and the rule of the kernel that must reject it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Record = dict[str, Any]


class Trap(NamedTuple):
    """``lie`` changes a copy of the honest record ``base``, or returns the text of what stands in its place."""

    name: str
    base: str
    rule: str
    lie: Callable[[Record], object]


def evidence(**changes: Any) -> Callable[[Record], object]:
    """Other entries of the evidence."""
    return lambda d: d["evidence"].update(changes)


def record(**changes: Any) -> Callable[[Record], object]:
    """Other entries of the record."""
    return lambda d: d.update(changes)


def proof(d: Record, index: int = 0) -> Record:
    """The proof of a question."""
    found: Record = d["evidence"]["proofs"][index]
    return found


def tree(d: Record) -> list[Record]:
    """The nodes of the first proof."""
    found: list[Record] = proof(d)["tree"]
    return found


def leaf(number: int = 0, **changes: Any) -> Callable[[Record], object]:
    """Other entries of a leaf."""
    return lambda d: leaves(d)[number].update(changes)


def leaves(d: Record) -> list[Record]:
    """The leaves of the first proof."""
    return [node for node in tree(d) if "cell" in node]


def text(change: Callable[[str], str]) -> Callable[[Record], object]:
    """A change of the file itself."""
    return lambda d: change(json.dumps(d, indent=1))


def swap(items: list[Any], i: int, j: int) -> None:
    """Exchange two entries."""
    items[i], items[j] = items[j], items[i]


def value(name: str, *new: Any) -> Callable[[Record], object]:
    """Another value of a variable of a gap."""
    return lambda d: d["evidence"]["values"].update({name: new[0]})


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


def _strict_edge(d: Record) -> None:
    """-y0 < -1 does not hold where y0 = 1, nor is y0 ever positive."""
    d["property"] = "never 1*y0 < -1 and -1*y0 <= 3/2"
    d["evidence"] |= {"point": ["1", "0"], "case": 0}


def _larger(d: Record) -> None:
    d["region"] = "box([-4, 3], [5, 7/2])"
    d["region_data"]["low"] = ["-4", "3"]


# What no bounds show: one part in place of another kind of evidence.
_PART = {"kind": "bounds", "single": True, "nodes": 1, "bits": 1, "cuts": "AA=="}
_POINTS = {"instance": {"x": ["0", "0"], "y": ["0", "0"], "e": "1/2"}}
_POINT = {"instance": {"x": ["0", "0"]}}
_INSIDE = {"instance": {"x": ["4", "3"]}}
_REACHED = {"kind": "reached units", "points": [["4", "3"]]}
# The largest difference of the two networks is 1/200.
_BELOW = f"equivalent within {2**60 - 200}/{200 * 2**60}"

TRAPS = [
    # The record as a whole.
    Trap("duplicate-key", "gap", "duplicate key", text(lambda t: t.replace("{", '{"verdict": "proved",', 1))),
    Trap(
        "duplicate-key-deep-inside",
        "one-cell",
        "duplicate key",
        text(lambda t: t.replace('"lifted"', '"lifted": true, "lifted"', 1)),
    ),
    Trap("not-a-number", "gap", "number", text(lambda t: t.replace('"format": 2', '"format": NaN'))),
    Trap("number-of-thirty-digits", "gap", "number", text(lambda t: t.replace('"format": 2', '"format": ' + "2" * 30))),
    Trap(
        "decimal-of-a-hundred-digits",
        "gap",
        "number",
        text(lambda t: t.replace('"seconds": 0', '"seconds": 0.' + "1" * 100)),
    ),
    Trap("format-of-old", "gap", "format", record(format=1)),
    Trap("format-true", "gap", "format", record(format=True)),
    Trap("format-as-decimal", "gap", "format", record(format=2.0)),
    Trap("format-of-tomorrow", "gap", "format", record(format=3)),
    Trap("kind-unknown", "gap", "kind", record(kind="belief")),
    Trap("kind-family-for-a-claim", "gap", "keys", record(kind="family")),
    Trap("key-unknown", "gap", "keys", record(trust="me")),
    Trap("key-missing", "gap", "keys", lambda d: d.pop("ledger")),
    Trap("verdict-turned", "one-cell", "verdict", record(verdict="refuted")),
    Trap("verdict-turned-of-a-gap", "gap", "verdict", record(verdict="proved")),
    Trap("verdict-unknown-with-evidence", "gap", "verdict", record(verdict="unknown", assurance=None)),
    Trap("verdict-without-evidence", "gap", "evidence", record(evidence=None)),
    Trap("assurance-raised", "one-cell", "assurance", record(evidence=None, nontrivial=None)),
    Trap("assurance-lowered", "one-cell", "assurance", record(assurance="attested")),
    Trap("vacuous-claimed", "one-cell", "vacuous", record(vacuous=True)),
    Trap("vacuous-hidden", "nothing", "vacuous", record(vacuous=False)),
    Trap("vacuous-as-a-number", "one-cell", "vacuous", record(vacuous=0)),
    Trap(
        "property-stronger",
        "one-cell",
        "constant",
        record(property="constant", nontrivial={"instance": {"x": ["4", "3"], "y": ["4", "3"]}}),
    ),
    Trap(
        "property-stronger-linear",
        "one-cell",
        "zero at the origin",
        record(property="linear", nontrivial={"instance": {"x": ["4", "3"], "y": ["4", "3"], "a": "1", "b": "0"}}),
    ),
    Trap("property-in-capitals", "one-cell", "property", record(property="Affine")),
    Trap("property-invented", "one-cell", "format", record(property="nice")),
    Trap("property-of-two-networks", "one-cell", "format", record(property="equivalent")),
    Trap("outputs-swapped", "gap-of-one-output", "counterexample", record(outputs=[0])),
    Trap("outputs-dropped", "gap-of-one-output", "counterexample", record(outputs=None)),
    Trap("outputs-empty", "gap-of-one-output", "format", record(outputs=[])),
    Trap("outputs-true", "gap-of-one-output", "format", record(outputs=[True])),
    Trap("outputs-beyond", "gap-of-one-output", "format", record(outputs=[2])),
    Trap("lemma-of-another-claim", "one-cell", "lemmas", record(lemmas=["definition: one constant on all pieces"])),
    Trap("lemmas-none", "one-cell", "lemmas", record(lemmas=[])),
    Trap("ledger-invented", "one-cell", "ledger", record(ledger=["nothing is assumed"])),
    Trap("ledger-emptied", "in-memory", "ledger", record(ledger=[])),
    Trap("unchecked-a-list", "gap", "format", record(unchecked=[])),
    # The region.
    Trap("region-text-changed", "one-cell", "region", record(region="box([4, 3], [9, 7/2])")),
    Trap("region-text-larger", "one-cell", "region", record(region="all")),
    Trap("region-text-with-spaces", "one-cell", "region", lambda d: d.update(region=d["region"] + " ")),
    Trap("region-text-in-other-letters", "gap", "region", record(region="\u0430ll")),
    Trap("region-text-empty", "gap", "region", record(region="")),
    Trap("region-text-with-an-infinity-too-many", "gap", "region", record(region="box(-inf, inf)x")),
    Trap("region-data-larger", "one-cell", "stable pattern", lambda d: d["region_data"].update(low=["-4", "3"])),
    Trap(
        "region-data-of-a-smaller-network", "gap", "format", lambda d: d["region_data"].update(low=[None], high=[None])
    ),
    Trap("region-data-as-numbers", "one-cell", "format", lambda d: d["region_data"].update(low=[4, 3])),
    Trap("region-data-not-in-lowest-terms", "one-cell", "format", lambda d: d["region_data"].update(low=["8/2", "3"])),
    Trap("region-data-empty-side", "one-cell", "format", lambda d: d["region_data"].update(low=["6", "3"])),
    Trap("region-data-of-another-kind", "one-cell", "format", lambda d: d["region_data"].update(kind="sphere")),
    Trap("region-row-dropped", "hull", "equation", lambda d: d["region_data"].update(rows=[])),
    Trap("region-row-turned", "hull", "equation", lambda d: d["region_data"]["rows"].reverse()),
    Trap("region-row-of-other-length", "hull", "format", lambda d: [d["region_data"]["rows"][0].pop()]),
    Trap("region-radius-zero", "one-cell-of-a-ball", "format", lambda d: d["region_data"].update(radius="0")),
    Trap("region-radius-grown", "one-cell-of-a-ball", "stable pattern", lambda d: d["region_data"].update(radius="5")),
    Trap("region-chart-moved", "gap-on-a-slice", "instance", lambda d: d["region_data"].update(origin=["1", "0"])),
    Trap("region-chart-not-linear", "gap-on-a-slice", "format", lambda d: d["region_data"].update(origin=["1", "1"])),
    Trap(
        "region-chart-turned", "gap-on-a-slice", "instance", lambda d: d["region_data"].update(directions=[["1", "-1"]])
    ),
    Trap(
        "region-chart-with-a-zero",
        "gap-on-a-slice",
        "format",
        lambda d: d["region_data"].update(directions=[["0", "0"]]),
    ),
    Trap("region-file-invented", "gap", "region_files", record(region_files={"a.vnnlib": "0" * 64})),
    Trap("region-digest-changed", "in-memory-region", "region", lambda d: d.update(region=d["region"][:-4] + "0000")),
    # The network.
    Trap("network-of-another-digest", "gap", "network", lambda d: d["network"].update(sha256="0" * 64)),
    Trap("network-another-file", "gap", "network", lambda d: d["network"].update(source="networks/deep.toml")),
    Trap("network-renamed", "gap", "network", lambda d: d["network"].update(name="good")),
    Trap("network-relu-counted-wrong", "gap", "network", lambda d: d["network"].update(relu=0)),
    Trap("network-inputs-as-text", "gap", "network", lambda d: d["network"].update(inputs="2")),
    Trap("network-key-unknown", "gap", "network", lambda d: d["network"].update(extra=1)),
    Trap("network-files-invented", "gap", "network", lambda d: d["network"].update(files={"w.bin": "0" * 64})),
    Trap(
        "network-inline-beside-source",
        "in-memory",
        "network",
        lambda d: d["network"].update(source="networks/deep.toml"),
    ),
    Trap(
        "network-notes-emptied",
        "in-memory",
        "network",
        lambda d: (d["network"]["inline"].update(notes=[]), d.update(ledger=[])),
    ),
    Trap(
        "network-weight-changed",
        "in-memory",
        "network",
        lambda d: d["network"]["inline"]["blocks"][1].update(bias=["1"]),
    ),
    Trap(
        "network-weight-as-a-number",
        "in-memory",
        "network",
        lambda d: d["network"]["inline"]["blocks"][1].update(bias=[0]),
    ),
    Trap(
        "network-entry-outside",
        "in-memory",
        "format",
        lambda d: d["network"]["inline"]["blocks"][0]["inputs"][0].update(rows=[0, 0, 1, 2]),
    ),
    Trap(
        "network-reads-itself",
        "in-memory",
        "format",
        lambda d: d["network"]["inline"]["blocks"][0]["inputs"][0].update(source=1),
    ),
    Trap(
        "network-relu-at-the-end",
        "in-memory",
        "format",
        lambda d: d["network"]["inline"]["blocks"][-1].update(relu=True),
    ),
    Trap(
        "network-example-of-another-digest",
        "example",
        "network",
        lambda d: d["network"].update(source="example:thread"),
    ),
    Trap("second-for-one", "gap", "format", lambda d: d.update(second=d["network"])),
    Trap("second-dropped", "gap-of-two-networks", "format", record(second=None)),
    Trap("second-the-same", "gap-of-two-networks", "value gap", lambda d: d.update(second=d["network"])),
    Trap(
        "networks-exchanged",
        "gap-of-two-networks",
        "counterexample",
        lambda d: d.update(network=d["second"], second=d["network"]),
    ),
    # What a proof is about.
    Trap("instance-missing", "one-cell", "instances", record(nontrivial=None)),
    Trap("instance-outside", "one-cell", "instance", lambda d: d["nontrivial"]["instance"].update(x=["0", "0"])),
    Trap(
        "instance-trivial",
        "rule-of-zero-biases",
        "trivial instance",
        lambda d: d["nontrivial"]["instance"].update(t="1"),
    ),
    Trap(
        "instance-trivial-step",
        "cells-along-an-axis",
        "trivial instance",
        lambda d: d["nontrivial"]["instance"].update(t="0"),
    ),
    Trap("instance-backwards", "cells-along-an-axis", "instance", lambda d: d["nontrivial"]["instance"].update(t="-1")),
    Trap("instance-without-a-variable", "one-cell", "instance", lambda d: [d["nontrivial"]["instance"].pop("e")]),
    Trap("instance-of-another-length", "one-cell", "instance", lambda d: d["nontrivial"]["instance"].update(x=["4"])),
    Trap("instance-a-number-for-a-point", "one-cell", "instance", lambda d: d["nontrivial"]["instance"].update(x="4")),
    Trap("instance-mixing-beyond", "one-cell", "instance", lambda d: d["nontrivial"]["instance"].update(e="3/2")),
    Trap("instance-beside-a-gap", "gap", "instances", record(nontrivial={"instance": {"x": ["9", "9"]}})),
    Trap(
        "certificate-beside-an-instance",
        "one-cell",
        "nontrivial",
        lambda d: d["nontrivial"].update(none={"point": ["4", "3"]}),
    ),
    # Nothing to quantify over.
    Trap(
        "nothing-where-there-is-something",
        "one-cell",
        "nothing to quantify over",
        record(evidence={"kind": "nothing to quantify over"}),
    ),
    Trap("nothing-without-a-point", "nothing", "format", lambda d: d["nontrivial"]["none"].pop("point")),
    Trap(
        "nothing-at-a-point-outside",
        "nothing",
        "empty region",
        lambda d: d["nontrivial"]["none"].update(point=["0", "0"]),
    ),
    Trap(
        "nothing-of-a-property-that-never-is",
        "one-cell",
        "no instance",
        record(nontrivial={"none": {"point": ["4", "3"]}}, vacuous=True),
    ),
    Trap(
        "nothing-without-multipliers",
        "nothing-by-multipliers",
        "no instance",
        lambda d: d["nontrivial"]["none"].pop("multipliers"),
    ),
    Trap(
        "nothing-with-a-negative-multiplier",
        "nothing-by-multipliers",
        "no instance",
        lambda d: d["nontrivial"]["none"]["multipliers"].update({"0": "-1"}),
    ),
    Trap(
        "nothing-with-a-row-beyond",
        "nothing-by-multipliers",
        "no instance",
        lambda d: d["nontrivial"]["none"]["multipliers"].update({"99": "1"}),
    ),
    Trap(
        "nothing-without-an-equation",
        "nothing-by-an-equation",
        "no instance",
        lambda d: d["nontrivial"]["none"].pop("equation"),
    ),
    Trap(
        "nothing-with-an-equation-through-zero",
        "nothing-by-an-equation",
        "equation",
        lambda d: d["nontrivial"]["none"]["equation"].update(form=["-1", "-1", "0"]),
    ),
    Trap(
        "nothing-with-half-an-equation",
        "nothing-by-an-equation",
        "equation",
        lambda d: d["nontrivial"]["none"]["equation"].update(below={}),
    ),
    Trap(
        "nothing-along-the-other-axis",
        "nothing-along-an-axis",
        "equation",
        lambda d: d["nontrivial"]["none"]["equation"].update(form=["0", "0", "0"]),
    ),
    # Value gaps.
    Trap("gap-outside-the-region", "gap-of-one-output", "instance", value("x", ["0", "-2"])),
    Trap("gap-that-is-none", "gap", "value gap", value("y", ["-1", "0"])),
    Trap("gap-at-another-output", "gap", "value gap", evidence(output=0)),
    Trap("gap-at-an-output-beyond", "gap", "value gap", evidence(output=2)),
    Trap("gap-at-output-minus-one", "gap", "value gap", evidence(output=-1)),
    Trap("gap-at-output-true", "gap", "format", evidence(output=True)),
    Trap("gap-with-denominator-zero", "gap", "format", value("e", "1/0")),
    Trap("gap-with-a-decimal", "gap", "evidence", value("e", "0.5")),
    Trap("gap-not-in-lowest-terms", "gap", "evidence", value("e", "2/4")),
    Trap("gap-with-a-plus-sign", "gap", "evidence", value("x", ["-1", "+0"])),
    Trap("gap-with-a-space", "gap", "evidence", value("x", ["-1", " 0"])),
    Trap("gap-mixing-beyond-one", "gap", "instance", value("e", "3/2")),
    Trap("gap-with-a-variable-too-many", "gap", "instance", value("z", "1")),
    Trap("gap-with-a-note", "gap", "evidence", evidence(note="sure")),
    Trap("gap-of-the-other-sign", "gap-of-an-order", "value gap", record(property="concave")),
    Trap("gap-within-a-larger-bound", "gap-of-a-bound", "value gap", record(property="lipschitz 5 in l2")),
    Trap("gap-in-another-norm", "gap-of-a-bound", "value gap", record(property="lipschitz 3 in l1")),
    Trap("gap-off-the-slice", "gap-on-a-slice", "instance", value("y", ["3", "2"])),
    Trap("gap-told-larger", "gap", "counterexample", lambda d: d["counterexample"].update(gap="7")),
    Trap(
        "gap-told-of-another-point",
        "gap",
        "counterexample",
        lambda d: d["counterexample"]["points"][0].update(point=["0", "1"]),
    ),
    Trap(
        "gap-told-of-another-output",
        "gap-of-one-output",
        "counterexample",
        lambda d: d["counterexample"].update(output=0),
    ),
    Trap("gap-not-told", "gap", "counterexample", record(counterexample=None)),
    Trap(
        "gap-beside-a-proof",
        "one-cell",
        "counterexample",
        record(counterexample={"output": 0, "points": [], "gap": "1"}),
    ),
    # Cells.
    Trap("pattern-of-other-network", "one-cell", "stable pattern", leaf(cell={"1": "40", "2": "c0"})),
    Trap("pattern-flipped", "one-cell", "stable pattern", leaf(cell={"1": "40", "2": "80"})),
    Trap("pattern-too-short", "one-cell", "format", leaf(cell={"1": "", "2": "80"})),
    Trap("pattern-too-long", "one-cell", "format", leaf(cell={"1": "c000", "2": "80"})),
    Trap("pattern-with-bits-beyond", "one-cell", "evidence", leaf(cell={"1": "c1", "2": "c0"})),
    Trap("pattern-of-a-block-too-many", "one-cell", "evidence", leaf(cell={"1": "c0", "2": "c0", "3": "80"})),
    Trap("pattern-of-a-block-too-few", "one-cell", "format", leaf(cell={"1": "c0"})),
    Trap("pattern-in-capitals", "one-cell", "evidence", leaf(cell={"1": "C0", "2": "c0"})),
    Trap("signs-that-do-not-force", "one-cell", "signs", leaf(signs=True)),
    Trap("signs-false", "one-cell", "evidence", leaf(signs=False)),
    Trap("signs-of-another-pattern", "cells-by-signs", "signs", leaf(cell={"1": "e0"})),
    Trap("multiplier-negative", "hull-of-a-lifted-ball", "stable pattern", leaf(multipliers={"1:0": {"1": "-1"}})),
    Trap("multipliers-dropped", "hull-of-a-lifted-ball", "stable pattern", lambda d: leaves(d)[0].pop("multipliers")),
    Trap(
        "multiplier-of-a-row-beyond",
        "hull-of-a-lifted-ball",
        "stable pattern",
        lambda d: leaves(d)[0]["multipliers"].update({"2:0": {"99": "1"}}),
    ),
    Trap(
        "multiplier-too-small",
        "hull-of-a-lifted-ball",
        "stable pattern",
        lambda d: leaves(d)[0]["multipliers"].update({"2:0": {"1": "1/2"}}),
    ),
    Trap(
        "multiplier-row-written-otherwise",
        "hull-of-a-lifted-ball",
        "stable pattern",
        lambda d: leaves(d)[0]["multipliers"].update({"2:0": {"01": "1"}}),
    ),
    Trap("multipliers-empty", "one-cell", "evidence", leaf(multipliers={})),
    Trap("split-of-other-length", "cells", "split", lambda d: tree(d)[0]["split"].append("0")),
    Trap("split-of-one-coordinate", "cells", "split", lambda d: [tree(d)[0]["split"].pop()]),
    Trap("split-moved", "cells", "relevance", lambda d: tree(d)[0].update(split=["1", "-1", "1"])),
    Trap("split-turned", "cells", "relevance", lambda d: tree(d)[0].update(split=["-1", "1", "0"])),
    Trap("split-with-a-note", "cells", "evidence", lambda d: tree(d)[0].update(note="see above")),
    Trap("leaf-dropped", "cells", "format", lambda d: tree(d).pop()),
    Trap("leaf-too-many", "cells", "format", lambda d: tree(d).append(tree(d)[-1])),
    Trap("leaves-exchanged", "cells", "relevance", lambda d: swap(tree(d), -1, -2)),
    Trap("tree-empty", "one-cell", "format", lambda d: proof(d).update(tree=[])),
    Trap("tree-of-one-side", "cells", "relevance", lambda d: proof(d).update(tree=tree(d)[5:6])),
    Trap("proofs-none", "one-cell", "format", evidence(proofs=[])),
    Trap("proofs-two-for-one", "one-cell", "format", lambda d: d["evidence"]["proofs"].append(proof(d))),
    Trap(
        "cells-of-a-map-that-is-not-linear",
        "one-cell-of-a-ball",
        "zero at the origin",
        record(
            property="superposition", nontrivial={"instance": {"x": ["4", "3"], "y": ["4", "3"], "a": "1", "b": "0"}}
        ),
    ),
    Trap("cells-with-a-constant-too-small", "cells", "slope", record(property="lipschitz 2 in l2")),
    Trap("cells-in-another-norm", "cells-on-a-segment", "slope", record(property="lipschitz 1 in linf")),
    Trap("cells-along-the-other-way", "cells-along-an-axis", "slope", record(property="nondecreasing in 0")),
    Trap("cells-along-an-input-beyond", "cells-along-an-axis", "format", record(property="nonincreasing in 7")),
    Trap("cells-of-the-other-order", "cells-below-zero", "inequality", record(property="superadditive")),
    Trap("cells-convex-for-concave", "cells-that-are-convex", "inequality", record(property="convex")),
    Trap(
        "witness-dropped",
        "cells-that-are-convex",
        "inequality",
        lambda d: next(n for n in leaves(d) if "witnesses" in n).pop("witnesses"),
    ),
    Trap(
        "witness-negative",
        "cells-that-are-convex",
        "inequality",
        lambda d: next(n for n in leaves(d) if "witnesses" in n)["witnesses"].update({"1:0": {"0": "-1"}}),
    ),
    Trap("witness-of-another-gradient", "cells-on-a-segment", "slope", leaf(witnesses={"0:0": {"0": "1"}})),
    Trap("witness-of-a-coordinate-beyond", "cells-on-a-segment", "slope", leaf(witnesses={"0:0": {"2": "2"}})),
    Trap("lifted-a-text", "one-cell-of-a-ball", "format", lambda d: proof(d).update(lifted="yes")),
    Trap(
        "lifted-without-multipliers", "hull-of-a-lifted-ball", "stable pattern", lambda d: proof(d).update(equations=[])
    ),
    Trap("ball-not-lifted", "hull-of-a-lifted-ball", "equation", lambda d: proof(d).update(lifted=False)),
    # Equations of a hull, and contradictions.
    Trap(
        "equation-that-does-not-follow",
        "hull",
        "equation",
        lambda d: proof(d)["equations"][0].update(form=["-1", "-1", "2"]),
    ),
    Trap("equation-of-half", "hull", "equation", lambda d: proof(d)["equations"][0].update(below={})),
    Trap(
        "equation-with-a-negative-multiplier",
        "hull",
        "equation",
        lambda d: proof(d)["equations"][0].update(above={"1": "-1"}),
    ),
    Trap("equation-of-other-length", "hull", "equation", lambda d: proof(d)["equations"][0]["form"].append("0")),
    Trap("equations-dropped", "hull", "stable pattern", lambda d: proof(d).update(equations=[])),
    Trap(
        "equation-of-another-coordinate",
        "hull",
        "equation",
        lambda d: proof(d)["equations"].append({"form": ["1", "0", "-3"], "above": {}, "below": {}}),
    ),
    Trap(
        "leaf-of-lower-dimension",
        "one-cell",
        "equation",
        lambda d: proof(d)["equations"].append({"form": ["1", "-1", "0"], "above": {}, "below": {}}),
    ),
    Trap("contradiction-that-is-none", "contradiction", "empty region", lambda d: proof(d).update(empty={"0": "1"})),
    Trap("contradiction-without-rows", "contradiction", "empty region", lambda d: proof(d).update(empty={})),
    Trap(
        "contradiction-with-a-negative-multiplier",
        "contradiction",
        "empty region",
        lambda d: proof(d)["empty"].update({"0": "-1"}),
    ),
    Trap(
        "contradiction-of-a-region-with-points",
        "one-cell",
        "empty region",
        evidence(proofs=[{"empty": {}, "lifted": False}]),
    ),
    Trap(
        "contradiction-with-a-row-beyond",
        "contradiction",
        "empty region",
        lambda d: proof(d)["empty"].update({"64": "1"}),
    ),
    # Free units and their ceilings.
    Trap("ceiling-below-zero", "free", "relevance", leaf(ceilings={"1:0": ["1/2", "0", {}, {}]})),
    Trap("ceiling-below-the-unit", "free", "relevance", leaf(ceilings={"1:0": ["0", "1/2", {}, {}]})),
    Trap("ceiling-too-steep", "free", "relevance", leaf(ceilings={"1:0": ["2", "5/2", {}, {}]})),
    Trap("ceiling-falling", "free", "relevance", leaf(ceilings={"1:0": ["-1/2", "2", {}, {}]})),
    Trap("ceiling-dropped", "free", "relevance", lambda d: leaves(d)[0].pop("ceilings")),
    Trap("ceiling-too-high", "free", "relevance", leaf(ceilings={"1:0": ["1", "3", {}, {}]})),
    Trap("free-unit-that-matters", "free", "relevance", leaf(free={"1": "80", "2": "80"})),
    Trap("free-unit-not-free", "free", "relevance", leaf(free={"1": "00", "2": "00"})),
    Trap("free-mask-too-short", "free", "format", leaf(free={"1": "80"})),
    Trap("free-and-by-signs", "free", "relevance", leaf(signs=True)),
    Trap("free-multiplier-of-a-constraint-beyond", "free", "relevance", leaf(multipliers={"2:0": {"2": "4"}})),
    # Rewriting.
    Trap(
        "share-with-other-sign",
        "rewritten-copies",
        "rewriting",
        lambda d: proof(d)["rewriting"]["blocks"].__setitem__(3, ["1+3", ""]),
    ),
    Trap(
        "share-with-one-to-come",
        "rewritten-copies",
        "rewriting",
        lambda d: proof(d)["rewriting"]["blocks"].__setitem__(0, ["4 -1*2", ""]),
    ),
    Trap(
        "unit-said-to-be-on",
        "rewritten-copies",
        "rewriting",
        lambda d: proof(d)["rewriting"]["blocks"].__setitem__(0, ["-3 -1*2", "-2"]),
    ),
    Trap(
        "unit-said-to-be-off", "rewritten", "rewriting", lambda d: proof(d)["rewriting"].update(blocks=[["-2 -1", ""]])
    ),
    Trap(
        "unit-without-a-step", "rewritten", "rewriting", lambda d: proof(d)["rewriting"].update(blocks=[["-1", "-2"]])
    ),
    Trap(
        "form-without-a-step", "rewritten", "rewriting", lambda d: proof(d)["rewriting"].update(blocks=[["-1+2", ""]])
    ),
    Trap("steps-of-a-block-too-few", "rewritten-copies", "format", lambda d: proof(d)["rewriting"]["blocks"].pop()),
    Trap(
        "steps-written-otherwise",
        "rewritten-copies",
        "evidence",
        lambda d: proof(d)["rewriting"]["blocks"].__setitem__(0, ["-1 -1 -1", ""]),
    ),
    Trap(
        "step-that-there-is-none-of",
        "rewritten",
        "rewriting",
        lambda d: proof(d)["rewriting"].update(blocks=[["-4 0", "-2"]]),
    ),
    Trap("sizes-of-others", "rewritten-then-split", "pattern", lambda d: proof(d).update(sizes={"1": 2, "2": 1})),
    Trap("sizes-without-rewriting", "one-cell", "evidence", lambda d: proof(d).update(sizes={"1": 3, "2": 2})),
    Trap("bounds-not-used", "free-and-rewritten", "rewriting", lambda d: proof(d)["rewriting"].update(bounded=False)),
    Trap("bounded-a-number", "rewritten", "format", lambda d: proof(d)["rewriting"].update(bounded=1)),
    # Rules.
    Trap("rule-invented", "rule-of-curvature", "rule", evidence(rule="common sense")),
    Trap("rule-of-another-property", "one-cell", "curvature", record(evidence={"kind": "rule", "rule": "curvature"})),
    Trap("rule-of-the-other-curvature", "rule-of-curvature", "curvature", record(property="convex")),
    Trap(
        "rule-about-zero-biases-with-a-bias",
        "rule-of-monotone-weights",
        "zero biases",
        record(
            property="positively homogeneous",
            evidence={"kind": "rule", "rule": "zero biases"},
            nontrivial={"instance": {"x": ["0"], "t": "0"}},
        ),
    ),
    Trap(
        "rule-about-monotone-weights-the-other-way",
        "rule-of-monotone-weights",
        "monotone weights",
        record(property="nonincreasing in 0"),
    ),
    Trap(
        "rule-about-a-constant-too-small",
        "rule-of-absolute-weights",
        "absolute weights",
        record(property="lipschitz 4 in linf"),
    ),
    Trap("rule-about-the-other-order", "rule-of-sublinear", "sublinear", record(property="superadditive")),
    Trap("rule-about-smooth-units", "rule-of-curvature", "sum of units", evidence(rule="sum of units")),
    Trap("rule-as-a-list", "rule-of-curvature", "rule", evidence(rule=["curvature"])),
    # Differences.
    Trap("difference-too-large", "difference", "difference", record(property="equivalent within 1/1000")),
    Trap("difference-without-parts", "difference", "difference", evidence(cuts=[])),
    Trap("difference-with-a-part-too-many", "difference", "difference", evidence(cuts=[None, None])),
    Trap("difference-with-a-part-too-few", "difference-in-parts", "difference", lambda d: d["evidence"]["cuts"].pop()),
    Trap("difference-not-folded", "difference-in-parts", "format", evidence(folded=0)),
    Trap(
        "difference-cut-beyond",
        "difference-in-parts",
        "difference",
        lambda d: d["evidence"]["cuts"].__setitem__(0, [2, "0"]),
    ),
    Trap(
        "difference-cut-elsewhere",
        "difference-in-parts",
        "difference",
        lambda d: d["evidence"].update(cuts=[[0, "9/10"], None, None]),
    ),
    Trap("difference-forms-false", "difference", "evidence", evidence(forms=False)),
    Trap(
        "difference-of-one-network",
        "one-cell",
        "difference",
        record(evidence={"kind": "difference", "folded": True, "cuts": [None]}),
    ),
    # Families.
    Trap("family-weights-freed", "family", "sign rules", lambda d: d["family"]["layers"][2].update(weight="any")),
    Trap("family-of-another-digest", "family", "sha256", record(sha256="0" * 64)),
    Trap("family-of-another-property", "family", "sign rules", record(property="concave")),
    Trap("family-line-changed", "family", "sign rules", lambda d: d["evidence"]["lines"][1].update(why="obviously")),
    Trap("family-line-dropped", "family", "sign rules", lambda d: d["evidence"]["lines"].pop()),
    Trap(
        "family-facts-stronger",
        "family",
        "sign rules",
        lambda d: d["evidence"]["lines"][2].update(facts=["affine", "nondecreasing"]),
    ),
    Trap("family-on-a-larger-region", "family-of-order", "sign rules", record(property="nonincreasing in 0")),
    Trap(
        "member-outside-the-family", "family-member", "member", lambda d: d["family"]["layers"][0].update(weight="<= 0")
    ),
    Trap(
        "member-of-another-weight",
        "family-member",
        "value gap",
        lambda d: d["evidence"]["weights"]["first"]["weight"].update({"0": "0"}),
    ),
    Trap(
        "member-that-satisfies-the-formula",
        "family-member",
        "value gap",
        lambda d: d["evidence"]["gap"]["values"].update(y=["0", "0"]),
    ),
    Trap(
        "member-with-a-weight-too-many",
        "family-member",
        "member",
        lambda d: d["evidence"]["weights"]["first"]["weight"].update({"99": "1"}),
    ),
    Trap("member-beside-an-instance", "family-member", "instances", record(nontrivial={"instance": {"x": ["9", "9"]}})),
    Trap("member-told-otherwise", "family-member", "counterexample", lambda d: d["counterexample"].update(gap="2")),
    # Bounds on the parts of a box.
    Trap("boxes-uncut", "bounds", "bounds", evidence(nodes=1, bits=1, cuts="AA==")),
    Trap("boxes-with-a-part-too-few", "bounds", "cuts", evidence(nodes=6)),
    Trap("boxes-with-a-part-too-many", "bounds", "cuts", evidence(nodes=8)),
    Trap("boxes-cut-beyond", "bounds", "format", evidence(cuts="/////w==")),
    Trap("boxes-with-bits-too-many", "bounds", "format", evidence(nodes=1, bits=3, cuts="AA==")),
    Trap("boxes-with-a-tail", "bounds", "format", evidence(cuts="YQE=")),
    Trap("boxes-no-base64", "bounds", "format", evidence(cuts="YQ!=")),
    Trap("boxes-of-a-smaller-epsilon", "bounds", "bounds", record(property="equivalent within 49/10000")),
    Trap("boxes-equal-to-the-difference-less-a-bit", "bounds", "bounds", record(property=_BELOW)),
    Trap("boxes-of-a-million-nodes", "bounds", "format", evidence(nodes=1_000_000)),
    Trap("boxes-of-a-case-that-holds", "bounds-of-cases", "bounds", record(property="never 1*y0 <= -2")),
    Trap("boxes-of-a-property-without", "bounds-of-cases", "bounds", record(property="concave", nontrivial=_POINTS)),
    Trap("boxes-instead-of-a-refutation", "unsafe-point", "bounds", record(evidence=_PART, nontrivial=_POINT)),
    # Points that are unsafe.
    Trap("unsafe-point-of-another-case", "unsafe-point", "unsafe point", evidence(case=1)),
    Trap("unsafe-point-of-no-case", "unsafe-point", "unsafe point", evidence(case=2)),
    Trap("unsafe-point-of-a-negative-case", "unsafe-point", "unsafe point", evidence(case=-1)),
    Trap("unsafe-point-outside", "unsafe-point", "unsafe point", evidence(point=["-5/4", "0"])),
    Trap("unsafe-point-that-is-safe", "unsafe-point", "unsafe point", evidence(point=["0", "0"])),
    Trap("unsafe-point-of-three-numbers", "unsafe-point", "unsafe point", evidence(point=["0", "0", "0"])),
    Trap("unsafe-point-on-a-strict-edge", "unsafe-point", "unsafe point", _strict_edge),
    # Units that are never on.
    Trap("live-units-by-no-point", "units-reached", "reached units", evidence(points=[])),
    Trap("live-units-on-the-boundary", "units-reached", "reached units", evidence(points=[["1", "1/2"]])),
    Trap("live-units-outside", "units-reached", "reached units", evidence(points=[["5/2", "1/2"]])),
    Trap("live-units-but-one", "units-reached", "reached units", evidence(points=[["-1", "-1"]])),
    Trap("live-units-in-three-numbers", "units-reached", "reached units", evidence(points=[["1", "0", "0"]])),
    Trap("live-units-where-one-is-dead", "unit-off", "reached units", record(evidence=_REACHED, nontrivial=_INSIDE)),
    Trap("dead-unit-that-is-on", "unit-off", "inequality", evidence(unit=1)),
    Trap("dead-unit-beyond", "unit-off", "format", evidence(unit=3)),
    Trap("dead-unit-negative", "unit-off", "format", evidence(unit=-1)),
    Trap("dead-unit-of-the-output", "unit-off", "format", evidence(block=3, unit=0)),
    Trap("dead-unit-of-the-input", "unit-off", "format", evidence(block=0)),
    Trap("dead-unit-without-proof", "unit-off", "format", lambda d: d["evidence"].pop("proof")),
    Trap("dead-unit-on-a-larger-region", "unit-off", "inequality", _larger),
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
