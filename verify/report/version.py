"""The version of this package."""

from __future__ import annotations


def tool_version() -> str:
    """The installed version, ``unknown`` when run from a bare checkout."""
    from importlib.metadata import PackageNotFoundError, version  # loads email and more, for a line that few ask for

    try:
        return version("relu-verify")
    except PackageNotFoundError:
        return "unknown"
