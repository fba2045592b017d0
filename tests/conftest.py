"""Settings for every test; ``--verify-profile`` loads another profile afterwards."""

import gc
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support import long_tests
from tests.support.seeds import SEED

if TYPE_CHECKING:
    from tests.support.corpus import Corpus

# Half the examples of the profile ``ci``, the same ones in every run.
settings.register_profile("tests", deadline=None, max_examples=50, derandomize=True)
settings.load_profile("tests")


def pytest_configure(config: pytest.Config) -> None:
    """Record how long tests take, where that is wanted; a campaign needs a seed."""
    wanted = config.getoption("-m").replace("not campaign", "")
    if "campaign" in wanted and SEED is None:
        raise pytest.UsageError("set VERIFY_SEED=N: the seeds of a campaign are fresh ones, made from it")
    if long_tests.RECORD:
        config.pluginmanager.register(long_tests.Clock())


@pytest.hookimpl(trylast=True)  # what -m leaves out is gone
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The slow ones first, so that no process is left with one of them at the end; few of them where it is quick."""
    if config.getoption("--verify-profile") == "quick":
        items[:], left = long_tests.chosen(items)
        config.hook.pytest_deselected(items=left)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """What collecting makes is no garbage: not to search it takes a third off the time (8.4 to 5.3 s of CPU)."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> "Corpus":
    """The random claims that tests share, those in other processes too."""
    from tests.support.corpus import Corpus

    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if hasattr(request.config, "workerinput") else base) / "corpus"
    folder.mkdir(exist_ok=True)
    return Corpus(folder)
