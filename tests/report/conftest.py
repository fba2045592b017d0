from __future__ import annotations

from pathlib import Path

import pytest

from tests.report.claims import kinds, more_kinds
from verify.report.files import write_report
from verify.report.folder import ReportFolder
from verify.report.index import write_index
from verify.report.record import Result


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    return kinds()


@pytest.fixture(scope="session")
def all_results(results: dict[str, Result]) -> dict[str, Result]:
    return results | more_kinds()


@pytest.fixture(scope="session")
def pages(all_results: dict[str, Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report of every kind of claim and the index."""
    folder = tmp_path_factory.mktemp("reports")
    for name, result in all_results.items():
        write_report(
            ReportFolder(folder),
            result,
            stem=name.replace(" ", "-"),
            title=name,
            fuzz={"instances": 12, "examples": 20, "seed": 0, "reason": ""},
        )
    write_index(ReportFolder(folder))
    return folder
