"""``python -m benchmarks``: measure, print a Markdown page, and write it to ``benchmarks/results``."""

from __future__ import annotations

import argparse

from benchmarks.decide import benchmark

CAP = 120.0
QUICK_CAP = 5.0


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cap", type=float, metavar="SECONDS", help=f"time for a tool and a case (default {CAP:g})")
    parser.add_argument("--quick", action="store_true", help=f"few networks, cap {QUICK_CAP:g} s, nothing written")
    parser.add_argument("--only", action="append", default=[], metavar="NETWORK", help="this network, nothing written")
    options = parser.parse_args()
    cap = options.cap or (QUICK_CAP if options.quick else CAP)
    benchmark(cap, quick=options.quick, only=options.only, write=not options.quick and not options.only)


if __name__ == "__main__":
    main()
