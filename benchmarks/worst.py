"""``python -m benchmarks.worst``: networks on which splitting is all that is left, and where it stops.

``max(max(a, b), c) - max(a, max(b, c))`` is zero, but no rewriting sees it: which ReLU is active differs. A sum of such
terms over random linear forms of many inputs is affine, all its units switch on the box, each switch changes the pre-
activations after it, and every cell has to be looked at. Their number grows exponentially with the number of terms.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import markdown
from benchmarks.machine import machine
from benchmarks.measure import Ready, run
from benchmarks.peers import Answer, timed
from verify.network import Builder, Network
from verify.network.builder import dense, maximum
from verify.network.tensor import Tensor
from verify.property import Claim, find
from verify.region import box

RESULTS = Path(__file__).parent / "results"
CAP = 60.0
INPUTS = (2, 8, 32)
TERMS = (1, 2, 4, 8, 16)


def reordered_maxima(terms: int, inputs: int, seed: int = 0) -> Network:
    """The sum of ``terms`` differences of the two ways to take a maximum of three random linear forms: zero."""
    rng = np.random.default_rng(seed)
    net = Builder((inputs,), "reordered maxima")
    weights = rng.integers(-8, 9, (3 * terms, inputs))
    forms = dense(net.input, weights).simple()
    a, b, c = (forms.take(np.arange(i, 3 * terms, 3)) for i in range(3))
    left, right = maximum(maximum(a, b), c), maximum(a, maximum(b, c))
    return net.build(_sum(left - right))


def _sum(x: Tensor) -> Tensor:
    return dense(x, np.ones((1, x.size)))


def decided(terms: int, inputs: int, cap: float, ready: Ready) -> Answer:
    """Whether it is constant on [-1, 1]^n."""
    region = box([-1] * inputs, [1] * inputs)
    return timed(Claim(reordered_maxima(terms, inputs), find("constant"), region), cap, ready)


def row(terms: int, inputs: int, cap: float) -> list[str]:
    """One line of the table."""
    measured = run(partial(decided, terms, inputs, cap), cap)
    relus = reordered_maxima(terms, inputs).relu_count
    answer = measured.result or Answer(None, cap, measured.failure)
    verdict = {True: "proved", False: "**refuted: wrong**", None: "unknown"}[answer.holds]
    return [str(inputs), str(terms), str(relus), verdict, markdown.number(answer.seconds), answer.detail]


def page(cap: float, terms: tuple[int, ...] = TERMS, inputs: tuple[int, ...] = INPUTS) -> str:
    """The table as a page."""
    rows = [row(t, n, cap) for n in inputs for t in terms]
    titles = ["inputs", "terms", "ReLU", "verdict", "s", "evidence, or why there is none"]
    return "\n".join(
        [
            "# Where splitting stops",
            "",
            machine(),
            "",
            "Sums of `max(max(a, b), c) - max(a, max(b, c))` over random linear forms: zero everywhere, but only",
            f"splitting shows it. Claim: constant on [-1, 1]^n, {cap:g} s each.",
            "",
            *markdown.table(titles, rows),
            "",
        ]
    )


def main(arguments: list[str] | None = None) -> int:
    """Read the options and run; 1 if a verdict is wrong."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.worst", description=__doc__)
    parser.add_argument("--cap", type=float, default=CAP, metavar="SECONDS")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where worst.md goes")
    options = parser.parse_args(arguments)
    text = page(options.cap)
    print(text)
    (options.folder / "worst.md").write_text(text, encoding="utf-8")
    return int("wrong" in text)


if __name__ == "__main__":
    sys.exit(main())
