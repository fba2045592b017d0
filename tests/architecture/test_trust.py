"""``docs/architecture.md`` says how many lines verdicts rest on, and what is assumed is written down once."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys

from tests.architecture import trust

COMMAND = "from tests.architecture import trust; import json; print(json.dumps(trust.counts()))"
# How much less the counts may be than the page says.
SLACK = 3 * trust.STEP
HINT = "`python -m tests.architecture.trust` shows the counts, with --write it puts them into docs/architecture.md"


def stated(block: str) -> dict[str, list[int]]:
    """The numbers of each row of the page's table."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in block.splitlines()[2:]]
    return {row[0]: [int(cell.replace(",", "")) for cell in row[1:] if cell] for row in rows}


def wrong(found: dict[str, list[int]], limits: dict[str, list[int]]) -> list[str]:
    """Rows that are not on the page, counts above the page's, and counts of which the page says far too much."""
    rows = sorted(found.keys() ^ limits.keys())
    for kind in found.keys() & limits.keys():
        pairs = zip(found[kind], limits[kind], strict=True)
        rows += [f"{kind}: {count} lines, {most} stated" for count, most in pairs if not 0 <= most - count <= SLACK]
    return rows


def test_the_page_says_how_many_lines_are_trusted() -> None:
    run = subprocess.run([sys.executable, "-c", COMMAND], cwd=trust.ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    for loaded, kernel, ran, kernel_run in found.values():
        assert loaded >= ran > kernel_run > 0 and loaded > kernel >= kernel_run
        assert kernel <= trust.MOST_OF_KERNEL, found
    assert all(found[kind][0] <= trust.MOST_FOR_CELLS for kind in trust.CELLS), found
    total = {name: [size] for name, size in trust.totals().items()}
    assert not wrong({**found, **total}, stated(trust.documented())), HINT


def test_the_core_can_be_read_in_an_afternoon() -> None:
    core, whole = trust.totals().values()
    assert 500 < core <= 1200 and core < whole


KEEPS = r"lru_cache|functools\.cache\b|import .*\bcache\b|threading|ThreadPool|concurrent"


def test_only_one_file_of_the_kernel_keeps_results_or_has_threads() -> None:
    for path in trust.KERNEL.rglob("*.py"):
        if path.name != "speed.py":
            found = re.findall(KEEPS, path.read_text("utf-8"))
            assert not found, (path.name, found)


def test_a_count_that_grows_or_shrinks_far_is_seen() -> None:
    assert wrong({"rule": [100]}, {"rule": [100 + SLACK]}) == []
    assert wrong({"rule": [101]}, {"rule": [100]}) == ["rule: 101 lines, 100 stated"]
    assert wrong({"rule": [100]}, {"rule": [101 + SLACK]}) and wrong({"rule": [100]}, {}) == ["rule"]


def test_each_assumption_is_made_in_one_place_of_the_kernel_and_named_there() -> None:
    found = trust.assumptions()
    assert found, "the ledger has no entries of its own"
    for name, (text, users) in found.items():
        assert len(users) == 1, f"{name} is written down in {users}"
        assert text and "\n" not in text


def test_no_other_text_becomes_an_assumption() -> None:
    """``Ledger.add`` gets an entry of ``ledger.py``, or a note of the network's file."""
    for path in trust.KERNEL.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "ledger.add":
                [argument] = node.args
                known = isinstance(argument, ast.Name) and argument.id in trust.assumptions()
                assert known or ast.unparse(argument) == "f'{network.name}: {note}'", ast.unparse(node)


def test_each_theorem_says_what_it_states() -> None:
    for name, text in trust.theorems().items():
        assert len(text) > 40 and text.endswith((".", ":")), name
