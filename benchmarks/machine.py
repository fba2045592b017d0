"""The machine and the versions that a result was measured with; no names of hosts or folders."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

PACKAGES = ("numpy", "scipy", "python-flint", "highspy", "z3-solver", "cvc5", "maraboupy")


def machine() -> str:
    """CPU, cores, Python and packages, in one line."""
    python = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{_cpu()}, {os.cpu_count()} cores, {python}; {', '.join(map(_version, PACKAGES))}."


def _version(name: str) -> str:
    try:
        return f"{name} {importlib.metadata.version(name)}"
    except importlib.metadata.PackageNotFoundError:
        return f"{name} not installed"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown CPU"
