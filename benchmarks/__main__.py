"""``python -m benchmarks``: every benchmark in order; the pages go to ``benchmarks/results``.

``python -m benchmarks NAME`` runs one, with its own options (``python -m benchmarks decide --help``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from benchmarks import campaign, compare, decide, gate, growth, jacobian, page, patience, pieces, radius, worst

# From the shortest to the longest; ``patience`` reads what ``decide`` wrote.
BENCHMARKS: dict[str, Callable[[list[str]], int]] = {
    "page": page.main,
    "jacobian": jacobian.main,
    "radius": radius.main,
    "gate": gate.main,
    "compare": compare.main,
    "pieces": pieces.main,
    "growth": growth.main,
    "worst": worst.main,
    "campaign": campaign.main,
    "decide": decide.main,
    "patience": patience.main,
}


def main(arguments: list[str]) -> int:
    """Run all, or the one that is named; the exit status is the first that is not 0."""
    if arguments and arguments[0] in BENCHMARKS:
        return BENCHMARKS[arguments[0]](arguments[1:])
    if arguments:
        print(f"{__doc__}\nNAME is one of: {', '.join(BENCHMARKS)}")
        return 0 if arguments[0] in ("-h", "--help") else 2
    statuses = []
    for name, run in BENCHMARKS.items():
        print(f"== {name}", file=sys.stderr, flush=True)
        statuses.append(run([]))
    return next((status for status in statuses if status), 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
