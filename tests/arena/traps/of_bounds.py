"""Traps about rules, differences, families, bounds on parts of a box, and single points and units."""

from __future__ import annotations

from tests.arena.traps.lies import Record, Trap, evidence, record


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
    Trap(
        "difference-cut-at-a-value-outside",
        "difference-in-parts",
        "difference",
        lambda d: d["evidence"]["cuts"].__setitem__(0, [0, "2"]),
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
]
