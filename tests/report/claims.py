"""One claim for each kind of page, and a network whose names try to be markup."""

from __future__ import annotations

from collections.abc import Callable

import verify
from verify.network import Builder, Network
from verify.network.builder import dense, relu
from verify.report.record import Result

EVIL = "<script>alert('`x`')</script>&amp;\x00\u202e|*"


def evil() -> Network:
    builder = Builder((2,), EVIL)
    hidden = relu(dense(builder.input.named(f'"><img src=x onerror=alert(1)>{EVIL}'), [[1, -1], [1, 1]], [0, -1]))
    return builder.build(dense(hidden, [[1, 2]]))


KINDS: dict[str, Callable[[], Result]] = {
    "proved": lambda: verify.check("identity_pair", "linear", on="all"),
    "refuted": lambda: verify.check("relu", "additive", on="all"),
    "unknown": lambda: verify.check("clip", "affine", on="all", engine="rules"),
    "vacuous": lambda: verify.check("max", "additive", on="segment([1, 0], [0, 1])"),
    "attested": lambda: verify.check("relu", "affine", on="nonneg", engine="z3"),
}
# Further shapes of evidence, regions and plots.
MORE_KINDS: dict[str, Callable[[], Result]] = {
    "rule": lambda: verify.check("zero_bias", "positively homogeneous", on="all"),
    "signs": lambda: verify.check("thread_nonneg", "affine", on="nonneg"),
    "stable": lambda: verify.check("dead", "affine", on="box(0, 1)"),
    "two questions": lambda: verify.check("identity_pair", "homogeneous", on="all"),
    "two networks": lambda: verify.check("relu", "equivalent", on="all", to="abs"),
    "many inputs": lambda: verify.check("thread", "affine", on="box(0, 1)"),
    "one output of several": lambda: verify.check(evil(), "affine", on="box(-1, 2)", outputs=[0]),
    "L1 ball": lambda: verify.check(evil(), "affine", on="l1ball([0, 0], 3/2)"),
    "slice": lambda: verify.check(
        "thread", "affine", on="segment([0, 0, 0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1, 1, 1])"
    ),
    "flat": lambda: verify.check("max", "affine", on="box([0, 1], [2, 1])"),
    "long numbers": lambda: verify.check("leaky", "affine", on="box(-1e-40, 1e-45)"),
    "point": lambda: verify.check("relu", "affine", on="box(1, 1)"),
}


def kinds() -> dict[str, Result]:
    """Results by a name for each: what the snapshots are called."""
    return {name: result() for name, result in KINDS.items()}


def more_kinds() -> dict[str, Result]:
    """The further ones."""
    return {name: result() for name, result in MORE_KINDS.items()}
