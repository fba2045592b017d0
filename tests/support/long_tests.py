"""Which tests ``make quick`` leaves out: those that take long. ``make long-tests`` makes the committed list anew.

Of every other test quick tries the first case of its parameters. A test that is not in the list counts as short.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from tests.support import forked

LIST = Path(__file__).with_name("long_tests.txt")
# Seconds of CPU, subprocesses and fixtures included, from which on a test counts as long.
LONG = 0.12
# A file that gets a line for each test that is run.
RECORD = os.environ.get("VERIFY_RECORD_SECONDS")


@functools.cache
def long_tests() -> frozenset[str]:
    """The functions in the list, and whole files."""
    return frozenset(LIST.read_text(encoding="utf-8").splitlines())


def chosen(items: list[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The first case of every short test, and the rest."""
    kept: list[pytest.Item] = []
    left: list[pytest.Item] = []
    seen: set[str] = set()
    for item in items:
        test = item.nodeid.partition("[")[0]
        is_long = test in long_tests() or test.partition("::")[0] in long_tests()
        (left if is_long or test in seen else kept).append(item)
        seen.add(test)
    return kept, left


class Clock:
    """A plugin that records how long each test takes."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Around a test with its fixtures."""
        before = _cpu()
        yield
        assert RECORD
        with open(RECORD, "a", encoding="utf-8") as file:  # one short line: whole, also from several processes
            file.write(f"{_cpu() - before:.3f} {item.nodeid}\n")


def _cpu() -> float:
    return sum(os.times()[:4]) + sum(forked.SPENT)


def write_list(record: Path) -> int:
    """Make the list of a record: tests whose median case takes long, or one of whose cases takes ten times that.

    Whole files stay in it. Returns its length.
    """
    cases: dict[str, list[float]] = {}
    for line in record.read_text(encoding="utf-8").splitlines():
        seconds, _, test = line.partition(" ")
        cases.setdefault(test.partition("[")[0], []).append(float(seconds))
    found = {test for test, seconds in cases.items() if median(seconds) > LONG or max(seconds) > 10 * LONG}
    found |= {line for line in LIST.read_text(encoding="utf-8").splitlines() if "::" not in line}
    LIST.write_text("".join(f"{test}\n" for test in sorted(found)), encoding="utf-8")
    return len(found)


if __name__ == "__main__":
    print(f"{write_list(Path(sys.argv[1]))} in {LIST.name}")
