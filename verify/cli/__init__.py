"""The command ``verify``: a thin layer over the Python interface."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; errors become one line and the documented exit status."""
    from verify.cli.cores import share_cores
    from verify.cli.run import run
    from verify.cli.streams import usable_streams

    usable_streams()
    share_cores(sys.argv[1:])
    sys.exit(run(sys.argv[1:]))
