"""The version of this package."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def tool_version() -> str:
    """The installed version, ``unknown`` when run from a bare checkout."""
    try:
        return version("relu-verify")
    except PackageNotFoundError:
        return "unknown"
