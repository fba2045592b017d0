"""The command ``verify``: a thin layer over the Python interface."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors become one line and the documented exit status."""
    from verify.cli.run import run
    from verify.cli.streams import usable_streams
    from verify.cli.workers import share_cores

    usable_streams()
    share_cores(sys.argv[1:])
    sys.exit(run(sys.argv[1:]))
