"""Traps about what a claim quantifies over, and about value gaps."""

from __future__ import annotations

from tests.arena.traps.lies import Trap, evidence, record, value

TRAPS = [
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
]
