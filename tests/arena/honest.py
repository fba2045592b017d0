"""The honest records of the arena, made anew by the tool."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import verify
from verify.arrangement.proof import prove
from verify.family.check import check_family
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.network.quantizer import Quantizer
from verify.rational import vector
from verify.region import box
from verify.report.counts_record import counted_json
from verify.report.record_json import unchecked_json
from verify.search.budget import Budget
from verify.writing import bits_text

ARENA = Path(__file__).resolve().parent
Record = dict[str, Any]

# Name -> network, property, region, options. Networks are files of ``networks``, or built-in examples with a colon.
CLAIMS: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "gap": ("switching", "affine", "all", {}),
    "gap-of-one-output": ("switching", "affine", "box(-1, 1)", {"outputs": [1]}),
    "gap-of-two-networks": ("deep", "equivalent within 3/1000", "box(-1, 1)", {"to": "near"}),
    "gap-of-an-order": ("switching", "convex", "where(x0 + x1 <= 4, x0 >= -1, x1 >= -1)", {}),
    "gap-of-a-bound": ("switching", "lipschitz 1 in l2", "box(-1, 1)", {}),
    "gap-on-a-slice": ("deep", "affine", "slice([0, 0], [[1, 1]], -2, 3)", {}),
    "one-cell": ("deep", "affine", "box([4, 3], [5, 7/2])", {}),
    "one-cell-of-a-ball": ("deep", "affine", "l1ball([4, 3], 1/2)", {}),
    "cells": ("deep", "lipschitz 9 in l2", "box(-1, 1)", {}),
    "cells-on-a-segment": (
        "switching",
        "lipschitz 5 in linf",
        "segment([0, 0], [1, 1])",
        {"outputs": [1], "engine": "split"},
    ),
    "cells-that-are-convex": ("dome", "concave", "all", {"engine": "split"}),
    "cells-along-an-axis": ("dome", "nonincreasing in 0", "nonneg", {"engine": "split"}),
    "cells-of-copies": ("cancelling", "additive", "box(1, 4)", {"engine": "split"}),
    "cells-below-zero": ("both_sides", "subadditive", "box(-1, 1)", {"engine": "split"}),
    "cells-by-signs": ("dome", "nonincreasing in 0", "nonneg", {}),
    "hull": ("deep", "affine", "where(x0 + x1 == 1, 3 <= x0 <= 4)", {}),
    "hull-of-a-lifted-ball": ("deep", "affine", "l1ball([4, 3], 1/2) & where(x0 + x1 == 7)", {}),
    "free": ("chord", "affine", "box(-1, 1)", {"engine": "split"}),
    "free-and-rewritten": ("chord", "affine", "box(-1, 1)", {}),
    "rewritten": ("cancelling", "affine", "all", {}),
    "rewritten-copies": ("deep", "equivalent", "all", {"to": "deep"}),
    "rewritten-then-split": ("parts_then_join", "linear", "all", {}),
    "rule-of-zero-biases": ("switching", "positively homogeneous", "all", {}),
    "rule-of-curvature": ("dome", "concave", "all", {}),
    "rule-of-sublinear": ("switching", "subadditive", "box(0, 1)", {"outputs": [1]}),
    "rule-of-monotone-weights": ("both_sides_plus", "nondecreasing in 0", "box(-1, 1)", {}),
    "rule-of-absolute-weights": ("switching", "lipschitz 5 in linf", "all", {}),
    "difference": ("deep", "equivalent within 6/1000", "box(-1, 1)", {"to": "near"}),
    "nothing": ("switching", "odd", "box(1, 2)", {}),
    "nothing-by-multipliers": ("switching", "additive", "where(x0 + x1 >= 2, x0 <= 3/2, x1 <= 3/2)", {}),
    "nothing-by-an-equation": ("switching", "homogeneous", "where(x0 + x1 == 1)", {}),
    "nothing-along-an-axis": ("switching", "nondecreasing in 0", "where(x0 == 2*x1)", {}),
    "bounds": ("deep", "equivalent within 51/10000", "box(-1, 1)", {"to": "near", "engine": "bounds"}),
    "bounds-of-cases": ("dome", "never 1*y0 <= -201/100 or -1*y0 < -1/100", "box(-1, 1)", {"engine": "bounds"}),
    "unsafe-point": ("dome", "never 1*y0 <= -1 and -1*y0 <= 3/2 or -1*y0 < -1", "box(-1, 1)", {}),
    "units-reached": ("switching", "no dead units", "box(-1, 1)", {}),
    "unit-off": ("deep", "no dead units", "box([4, 3], [5, 7/2])", {}),
    "smooth": ("swish", "affine", "box(-1, 1)", {}),
    "example": (":thread_nonneg", "affine", "nonneg", {}),
    "example-refuted": (":maxpool", "linear", "box(-1, 1)", {}),
}
# Name -> network, formula, the network that it calls g.
FORMULAS: dict[str, tuple[str, str, str | None]] = {
    "formula": ("switching", "f(x)[0] <= 1 or f(x)[1] > 1 for x in box(-1, 1)", None),
    "formula-strict": ("dome", "f(x) < 1/100 and f(x) > -201/100 for x in box(-1, 1)", None),
    "formula-of-copies": ("dome", "f(x) + f(y) <= 2*f(1/2*x + 1/2*y) for x, y in box([0, -1], [1, 1])", None),
    "formula-of-two-networks": ("deep", "abs(f(x) - g(x)) <= 1/100 for x in box([0, 0], [1, 1])", "near"),
    "formula-of-two-cases": ("deep", "f(x) < g(x) + 1/100 and g(x) < f(x) + 1/100 for x in box(0, 1)", "near"),
    "formula-false": ("switching", "f(x + y)[0] <= f(x)[0] + f(y)[0] + 1 for x, y in box(-1, 1)", None),
    "formula-of-nothing": ("dome", "f(x) > 5 for x in box(-1, 1), 3 <= x[0]", None),
}
FAMILIES = {
    "family": ("all_weights_nonnegative", "convex", "all"),
    "family-of-order": ("all_weights_nonnegative", "nondecreasing in 0", "all"),
    "family-member": ("any_weights", "affine", "nonneg"),
}


@contextmanager
def inside_the_arena() -> Iterator[None]:
    """Sources of networks are written relative to the arena's folder."""
    before = Path.cwd()
    os.chdir(ARENA)
    try:
        yield
    finally:
        os.chdir(before)


def records() -> dict[str, Record]:
    """Every honest record, as the tool writes it now."""
    with inside_the_arena():
        found = {name: _claim(*claim) for name, claim in CLAIMS.items()}
        found |= {name: check_family(_file(family), *claim).record() for name, (family, *claim) in FAMILIES.items()}
        found |= {name: _formula(*claim) for name, claim in FORMULAS.items()}
        found["in-memory"] = verify.check(with_notes(), "affine").record()
        found["in-memory-region"] = verify.check(_file("deep"), "affine", box([4, 3], [5, Fraction(7, 2)])).record()
        pair = quantized(rounds=True), quantized(rounds=False)
        found["difference-of-quantized"] = verify.check(
            pair[0], "equivalent within 3", "box(-1, 1)", to=pair[1]
        ).record()
        found["counts"] = _counts(_file("switching"), "box(-1, 1)")
        found["counts-of-pieces"] = _counts(_file("hat"), "box(-3, 3)")
    found["bounds-with-lower-slopes"] = _with_slopes(found["bounds"])
    found["contradiction"] = _contradiction(found["nothing-by-multipliers"])
    found["difference-in-parts"] = _in_parts(found["difference"])
    plain: dict[str, Record] = {name: json.loads(json.dumps(record)) for name, record in found.items()}
    for record in plain.values():
        record["unchecked"] |= {"version": "0", "seconds": 0}
    return plain


def _file(name: str) -> str:
    return name[1:] if name.startswith(":") else f"networks/{name}.toml"


def _claim(network: str, property: str, region: str, options: dict[str, Any]) -> Record:
    given = options | ({"to": _file(options["to"])} if "to" in options else {})
    return verify.check(_file(network), property, region, **given).record()


def _formula(network: str, formula: str, second: str | None) -> Record:
    let = {"g": _file(second)} if second is not None else {}
    return verify.ask(_file(network), formula, let=let).record()


def with_notes() -> Network:
    """A network made in memory, with a note as a reader leaves them."""
    builder = Builder((2,), "n", notes=["scale of bn rounded to binary64"])
    return builder.build(dense(relu(dense(builder.input, [[1, -2], [-1, 2]])), [[1, -1]]))


def quantized(*, rounds: bool) -> Network:
    """A network made in memory, which rounds its units to quarters."""
    builder = Builder((2,), "rounds" if rounds else "plain")
    z = dense(builder.input, [[1, -2], [-1, 2]])
    if rounds:
        quarters = Quantizer(vector([Fraction(1, 4)] * 2), vector([-8] * 2), vector([7] * 2), Fraction(1, 2**24))
        z = builder.add_block(z, relu=False, quantizer=quarters)
    return builder.build(dense(relu(z), [[1, -1]]))


def _counts(network: str, region: str) -> Record:
    loaded, found = verify.load(network), verify.pieces(network, region)
    counts, shown = prove(loaded, found, Budget(60.0))
    unchecked = unchecked_json("arrangement", (), "", 0.0, "")
    return {**counted_json(loaded, found.domain.region, counts, shown), "unchecked": unchecked}


def _with_slopes(bounds: Record) -> Record:
    """A larger bound, which the whole box shows if units of block 2, and the goal, are carried back with y >= 0 below
    each ReLU, and does not show without.
    """
    slopes = [
        {"block": block, "units": units, "rows": rows, "width": width, "on": bits_text(np.zeros(rows * width))}
        for block, units, rows, width in ((2, [0, 1], 4, 3), (4, [], 2, 5))
    ]
    whole = {
        "kind": "bounds",
        "single": False,
        "nodes": 1,
        "bits": 1,
        "cuts": bits_text(np.zeros(1)),
        "slopes": slopes,
    }
    return bounds | {"property": "equivalent within 53/10000", "evidence": whole}


def _contradiction(nothing: Record) -> Record:
    """A vacuous claim proved by cells: the half-spaces of its question contradict one another."""
    proof = {"empty": nothing["nontrivial"]["none"]["multipliers"], "lifted": False}
    return nothing | {"evidence": {"kind": "cells", "proofs": [proof]}}


def _in_parts(difference: Record) -> Record:
    """A smaller bound, which intervals show on parts of the box only."""
    cuts = [[0, "0"], [1, "0"], None, [0, "-1/2"], [1, "1/2"], None, [0, "-3/4"], None, None, None, None]
    evidence = difference["evidence"] | {"cuts": cuts}
    return difference | {"property": "equivalent within 1/200", "evidence": evidence}
