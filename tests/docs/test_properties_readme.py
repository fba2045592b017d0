"""The example of ``properties/README.md`` is a test that passes and leaves a page."""

from __future__ import annotations

import re
from pathlib import Path

from tests.test_pytest_plugin import run

README = Path(__file__).resolve().parents[2] / "properties" / "README.md"


def test_the_example_runs(tmp_path: Path) -> None:
    [code] = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.S)
    (tmp_path / "test_example.py").write_text(code)
    ran = run(tmp_path, pages="all")
    assert ran.status == 0, ran.out
    assert "theorems: 1\nclaims: 1 proved, 1 refuted" in ran.out
    index = (tmp_path / "reports" / "index.html").read_text()
    assert "How depth helps" in index
    assert "1 family of networks checked by the kernel" in index


def test_every_call_is_one(tmp_path: Path) -> None:
    from verify.testing import Book

    names = re.findall(r"^\| `book\.(\w+)\(", README.read_text(encoding="utf-8"), re.M)
    assert len(names) >= 8
    assert all(callable(getattr(Book, name)) for name in names)
