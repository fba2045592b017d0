"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

import pytest

from tests.support import long_tests
from verify.strategies.profiles import load_profile

load_profile("ci")


def pytest_configure(config: pytest.Config) -> None:
    """Record how long tests take, where that is wanted."""
    if long_tests.RECORD:
        config.pluginmanager.register(long_tests.Clock())


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slow ones first, so that no process is left with one of them at the end; few of them where it is quick."""
    if config.getoption("--verify-profile") == "quick":
        items[:], left = long_tests.chosen(items)
        config.hook.pytest_deselected(items=left)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
