"""One claim for each kind of page, and a network whose names try to be markup."""

from __future__ import annotations

import verify
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.report.record import Result

EVIL = "<script>alert('`x`')</script>&amp;\x00\u202e|*"


def evil() -> Network:
    builder = Builder((2,), EVIL)
    hidden = relu(dense(builder.input.named(f'"><img src=x onerror=alert(1)>{EVIL}'), [[1, -1], [1, 1]], [0, -1]))
    return builder.build(dense(hidden, [[1, 2]]))


def kinds() -> dict[str, Result]:
    """Results by a name for each: what the snapshots are called."""
    segment = "segment([1, 0], [0, 1])"
    return {
        "proved": verify.check("identity_pair", "linear", on="all"),
        "refuted": verify.check("relu", "additive", on="all"),
        "unknown": verify.check("clip", "affine", on="all", engine="rules"),
        "vacuous": verify.check("max", "additive", on=segment),
        "attested": verify.check("relu", "affine", on="nonneg", engine="z3"),
    }


def more_kinds() -> dict[str, Result]:
    """Further shapes of evidence, regions and plots."""
    return {
        "rule": verify.check("zero_bias", "positively homogeneous", on="all"),
        "signs": verify.check("thread_nonneg", "affine", on="nonneg"),
        "stable": verify.check("dead", "affine", on="box(0, 1)"),
        "two questions": verify.check("identity_pair", "homogeneous", on="all"),
        "two networks": verify.check("relu", "equivalent", on="all", to="abs"),
        "many inputs": verify.check("thread", "affine", on="box(0, 1)"),
        "one output of several": verify.check(evil(), "affine", on="box(-1, 2)", outputs=[0]),
        "L1 ball": verify.check(evil(), "affine", on="l1ball([0, 0], 3/2)"),
        "slice": verify.check(
            "thread", "affine", on="segment([0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1])"
        ),
        "flat": verify.check("max", "affine", on="box([0, 1], [2, 1])"),
        "long numbers": verify.check("leaky", "affine", on="box(-1e-40, 1e-45)"),
        "point": verify.check("relu", "affine", on="box(1, 1)"),
    }
