"""How processes share the cores."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
sys.argv = ["verify", *sys.argv[1:]]
from verify.cli import main
try:
    main()
except SystemExit:
    pass
print(os.environ.get("OPENBLAS_NUM_THREADS"))
"""
CLEAN = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}


@pytest.mark.parametrize(
    ("arguments", "given", "expected"),
    [
        (["--jobs", "2"], {}, "1"),
        (["--jobs=2"], {}, "1"),
        ([], {}, "None"),
        (["--jobs", "2"], {"OPENBLAS_NUM_THREADS": "3"}, "3"),
    ],
)
def test_one_thread_where_processes_share_the_cores(arguments: list[str], given: dict[str, str], expected: str) -> None:
    command = [sys.executable, "-c", SCRIPT, "check", "relu", "convex", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=CLEAN | given)
    assert done.stdout.splitlines()[0].startswith("PROVED") and done.stdout.splitlines()[-1] == expected
