"""Traps about cells: patterns, splits, equations of a hull, free units, rewriting."""

from __future__ import annotations

from tests.arena.traps.lies import Trap, evidence, leaf, leaves, proof, record, swap, tree

TRAPS = [
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
]
