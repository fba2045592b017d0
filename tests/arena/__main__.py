"""``python -m tests.arena "COMMAND {}"``: put any checker of records to the arena; ``{}`` stands for the file.

The command's exit status is what ``verify recheck`` has: 0 accepted, 4 rejected, 3 declined; 2, a file that is no
record, counts as rejected. Exit status 1 if it is wrong about a record.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

from tests.arena.contest import WORDS, contest


def by_command(command: str, path: Path) -> str:
    """What a command says of a record."""
    words = [word.replace("{}", str(path)) for word in shlex.split(command)]
    found = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return WORDS.get(found.returncode, f"exit status {found.returncode}")


def main() -> int:
    """Run the command on every record and print the table."""
    if len(sys.argv) != 2 or "{}" not in sys.argv[1]:
        print(__doc__)
        return 2
    score = contest(lambda path: by_command(sys.argv[1], path))
    if not score.counts:
        print("there are no records; make them with python -m tests.arena.make")
        return 2
    print(score.table())
    return 1 if score.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
