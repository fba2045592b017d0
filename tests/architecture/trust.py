"""``python -m tests.architecture.trust``: what verdicts rest on, in lines of code, and what is assumed.

For one honest record of each kind: the lines of ``verify`` that ``recheck`` loads, and the part of them that is the
kernel's; then the same of the files of which some function runs while it replays the record. Lines are all lines of a
file, ``verify/formats`` is left out. ``--write`` puts the table into ``docs/architecture.md``, rounded up to hundreds;
a test compares the two.
"""

from __future__ import annotations

import ast
import cProfile
import functools
import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType
from typing import Any, TypeAlias

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
RECORDS = ROOT / "tests" / "arena" / "records" / "accepted"
KERNEL = ROOT / "verify" / "kernel"
BEGIN, END = "<!-- lines of trusted code -->\n", "<!-- end of lines -->\n"
STEP = 100

# What a record shows -> one record of the arena.
KINDS = {
    "value gap": "gap",
    "rule": "rule-of-curvature",
    "one cell": "one-cell",
    "cells of an equality": "cells-of-copies",
    "cells of an inequality": "cells-below-zero",
    "cells of a Lipschitz constant": "cells",
    "cells by signs": "cells-by-signs",
    "cells after a rewriting": "rewritten",
    "smooth units": "smooth",
    "counts": "counts",
    "difference": "difference",
    "difference of quantized networks": "difference-of-quantized",
    "bounds on parts of a box": "bounds",
    "bounds with lower slopes": "bounds-with-lower-slopes",
    "formula, proved": "formula",
    "formula, refuted": "formula-false",
    "reached units": "units-reached",
    "unit off": "unit-off",
    "unsafe point": "unsafe-point",
    "family, proved": "family",
    "family, refuted": "family-member",
}

# What the usual verdict may load: cells, however they are found.
CELLS = [kind for kind in KINDS if "cell" in kind]
MOST_FOR_CELLS = 7000
# What any verdict may load of the kernel.
MOST_OF_KERNEL = 3400

# (loaded, of that the kernel, run, of that the kernel)
Counts: TypeAlias = tuple[int, int, int, int]


@functools.cache
def lines(path: str | Path) -> int:
    """All lines of a file."""
    return len(Path(path).read_text(encoding="utf-8").splitlines())


def kernel_files() -> dict[str, int]:
    """The files of the kernel and their lines, the longest first."""
    found = {path.relative_to(KERNEL).as_posix(): lines(path) for path in KERNEL.rglob("*.py")}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def totals() -> dict[str, int]:
    """The lines of the kernel, and of its core: the folder of that name and ``exact.py``."""
    sizes = kernel_files()
    core = sum(size for name, size in sizes.items() if name.startswith("core/") or name == "exact.py")
    return {"`verify/kernel/core` and `exact.py`": core, "all of `verify/kernel`": sum(sizes.values())}


def _own(files: Iterable[str | None]) -> set[str]:
    package, formats = str(ROOT / "verify") + os.sep, str(ROOT / "verify" / "formats") + os.sep
    return {file for file in files if file and file.startswith(package) and not file.startswith(formats)}


def _replayed(record: Path, recheck: Callable[[Path], Any]) -> Counts:
    """The counts of one record, in a process in which nothing was replayed before."""
    with cProfile.Profile() as profile:
        judgement = recheck(record).judgement
    called = (entry.code for entry in profile.getstats() if isinstance(entry.code, CodeType))
    ran = {code.co_filename for code in called if code.co_name != "<module>"}
    if judgement is None:
        raise ValueError(f"{record.name} is not accepted")
    loaded, used = _own(getattr(m, "__file__", None) for m in tuple(sys.modules.values())), _own(ran)
    kernel = [{file for file in files if KERNEL in Path(file).parents} for files in (loaded, used)]
    all_loaded, of_kernel, all_run, kernel_run = (sum(map(lines, f)) for f in (loaded, kernel[0], used, kernel[1]))
    return all_loaded, of_kernel, all_run, kernel_run


def counts() -> dict[str, Counts]:
    """By kind of record; each is replayed in its own process, that has loaded ``recheck`` and replayed nothing."""
    from verify.report.recheck import recheck

    found = {}
    for kind, name in KINDS.items():
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            status = 1
            try:
                os.write(writing, json.dumps(_replayed(RECORDS / f"{name}.json", recheck)).encode())
                status = 0
            finally:
                os._exit(status)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            data = pipe.read()
        if os.waitpid(child, 0)[1]:
            raise RuntimeError(f"{name} could not be replayed")
        loaded, kernel, ran, kernel_run = json.loads(data)
        found[kind] = loaded, kernel, ran, kernel_run
    return found


def assumptions() -> dict[str, tuple[str, list[str]]]:
    """The ledger's own entries: name -> (what is assumed, files of the kernel that write it down)."""
    tree = ast.parse((KERNEL / "ledger.py").read_text(encoding="utf-8"))
    found = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
            name = node.targets[0].id
            users = [p.name for p in sorted(KERNEL.rglob("*.py")) if re.search(rf"\({name}\)", p.read_text("utf-8"))]
            found[name] = str(ast.literal_eval(node.value)), users
    return found


def theorems() -> dict[str, str]:
    """What is used without a replay of its proof: name -> the first sentence of the docstring that proves it."""
    from verify.kernel import smooth
    from verify.kernel.facts import rules, sign_rules

    def first(text: str | None) -> str:
        return " ".join((text or "").split("\n\n")[0].split())

    named = {f"rule: {name}": first(rule.__doc__) for name, rule in rules.RULES.items()}
    return {**named, "families": first(sign_rules.__doc__), "smooth units": first(smooth.__doc__)}


def table(found: dict[str, Counts]) -> str:
    """The block of ``docs/architecture.md``: every count rounded up."""
    rows = [f"| {kind} | {' | '.join(f'{_up(n):,}' for n in numbers)} |" for kind, numbers in found.items()]
    head = ["| at most so many lines | loaded | of the kernel | run | of the kernel |", "|---|---|---|---|---|"]
    rows += [f"| {name} | | {_up(size):,} | | |" for name, size in totals().items()]
    return "\n".join([*head, *rows, ""])


def _up(count: int) -> int:
    """The next hundred with room for half of one, so that not every changed line changes the page."""
    return -(-(count + STEP // 2) // STEP) * STEP


def documented() -> str:
    """The block as the page has it."""
    return PAGE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    """Print everything; with ``--write`` also write the block of the page."""
    for name, size in kernel_files().items():
        print(f"{size:6,}  {name}")
    print(f"{sum(kernel_files().values()):6,}  verify/kernel\n")
    found = counts()
    print(f"{'loaded':>8} {'kernel':>8} {'run':>8} {'kernel':>8}")
    for kind, numbers in found.items():
        print(*(f"{n:8,}" for n in numbers), "", kind)
    print("\nAssumptions (each is written into the ledger of the verdicts that make it):")
    for name, (text, users) in assumptions().items():
        print(f"  {name} ({', '.join(users)}): {text}")
    print("\nTheorems that are not replayed but proved once, where they stand:")
    for name, text in theorems().items():
        print(f"  {name}: {text}")
    if "--write" in sys.argv[1:]:
        head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(head + BEGIN + table(found) + END + rest.partition(END)[2], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
