"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

import pytest

from verify.strategies.profiles import load_profile

load_profile("ci")


# Of tests with numbered seeds the quick profile tries so many each; make test tries all.
QUICK_SEEDS = 3


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slow ones first, so that no process is left with one of them at the end; few seeds where it is quick."""
    if config.getoption("--verify-profile") == "quick":
        left = [item for item in items if _seed(item) >= QUICK_SEEDS]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if _seed(item) < QUICK_SEEDS]
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _seed(item: pytest.Item) -> int:
    callspec = getattr(item, "callspec", None)
    seed = callspec.params.get("seed", 0) if callspec is not None else 0
    return seed if isinstance(seed, int) else 0
