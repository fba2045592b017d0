"""How processes share the cores."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from verify.cli.cores import share_cores

SCRIPT = """
import os, sys
sys.argv = ["verify", *sys.argv[1:]]
from verify.cli import cores, main
share = cores.share_cores
def shared(arguments):
    shared.is_late = "numpy" in sys.modules
    share(arguments)
cores.share_cores = shared
try:
    main()
except SystemExit:
    pass
print(os.environ.get("OPENBLAS_NUM_THREADS"), shared.is_late)
"""
CLEAN = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}


@pytest.mark.parametrize(
    ("arguments", "given", "expected"),
    [
        (["--jobs", "2"], {}, "1"),
        (["--jobs=2"], {}, "1"),
        ([], {}, None),
        (["--jobs", "2"], {"OPENBLAS_NUM_THREADS": "3"}, "3"),
    ],
)
def test_one_thread_where_processes_share_the_cores(
    arguments: list[str], given: dict[str, str], expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", CLEAN | given)
    share_cores(["check", "relu", "convex", *arguments])
    assert os.environ.get("OPENBLAS_NUM_THREADS") == expected


def test_the_command_shares_them_before_numpy_is_loaded() -> None:
    command = [sys.executable, "-c", SCRIPT, "check", "relu", "convex", "--jobs", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=CLEAN)
    assert done.stdout.splitlines()[0].startswith("PROVED") and done.stdout.splitlines()[-1] == "1 False"
