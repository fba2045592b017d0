"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

import gc

import pytest
from hypothesis import settings

from tests.support import long_tests
from verify.strategies.profiles import load_profile

load_profile("ci")
# Half of its examples, which are the same in every run; other profiles may be chosen.
settings.register_profile("tests", settings(), max_examples=settings().max_examples // 2)
settings.load_profile("tests")
# Nothing that collecting makes is ever garbage: it is not searched while it grows, nor while the tests run.
gc.disable()


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


def pytest_collection_finish() -> None:
    """From here on garbage is collected, but not among what was collected as tests."""
    gc.freeze()
    gc.enable()
