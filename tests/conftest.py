"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

import pytest

from verify.strategies.profiles import load_profile

load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that no process is left with one of them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
