"""The Python in docs/smooth.md runs."""

from __future__ import annotations

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs" / "smooth.md").read_text()


def test_examples_run() -> None:
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert blocks
    for code in blocks:
        exec(compile(code, "docs/smooth.md", "exec"), {})
