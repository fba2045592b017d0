"""The pages whose commands and Python are run in order, in a folder of their own: what they show is what is printed.

``python -m tests.support.guides`` writes the outputs into the pages anew. A block of TOML or Python whose first line is
``# NAME`` is that file. Lines that hold times are left out.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from pathlib import Path

from verify.cli.run import run

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = [DOCS / "tutorial.md", *sorted((DOCS / "guides").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
# Lines that say how long something took.
TIMES = re.compile(r"checked, engine|^of all claims together: search")
FILE = re.compile(r"# ([\w.]+\.(?:toml|py))\n")


def renewed(text: str) -> str:
    """The page with the outputs that its commands have now, run in the current folder."""

    def block(found: re.Match[str]) -> str:
        language, body = found.groups()
        name = FILE.match(body)
        if name is not None:
            Path(name[1]).write_text(body, encoding="utf-8")
        elif language == "python":
            exec(compile(body, "page", "exec"), {"__name__": "page"})
        elif language == "console":
            body = "".join(map(_session, body.split("$ ")[1:]))
        return f"```{language}\n{body}```"

    return BLOCK.sub(block, text)


def _session(text: str) -> str:
    command = text.split("\n", 1)[0]
    assert command.startswith("verify "), command
    with contextlib.redirect_stdout(io.StringIO()) as shown, contextlib.redirect_stderr(shown):
        run(shlex.split(command)[1:])
    lines = [line.rstrip() for line in shown.getvalue().splitlines() if not TIMES.search(line)]
    return "".join(f"{line}\n" for line in [f"$ {command}", *(re.sub(r"[;,] [\d.]+ s$", "", line) for line in lines)])


@contextlib.contextmanager
def elsewhere() -> Iterator[None]:
    """A folder of its own as the current one."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            yield
        finally:
            os.chdir(before)


if __name__ == "__main__":
    for page in PAGES:
        with elsewhere():
            page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
        print(page.name)
