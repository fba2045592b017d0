"""``python -m benchmarks.versions COMMIT``: an older version beside this one, deciding and judging the same claims.

Each version is one process, which runs from the first case to the last. They take turns, so that both see the same
machine, until each has used half a second on a case; the least time counts. Both judge the evidence that the older one
found. The commit is checked out into a temporary folder, which is removed at the end.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks import markdown
from benchmarks.cases import Case, cases_of
from benchmarks.machine import machine
from benchmarks.subjects import NETWORKS, SUBJECTS

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
NAMES = (
    "mlp 2-8-1",
    "mlp 4-16-16-1",
    "mlp 8-32-32-2",
    "conv 1x6x6",
    "pair 4-16-16-1",
    "pair 8-32-32-2",
    "odd 4-16-16-1",
    "acasxu_1_1",
    "acasxu_3_3",
    "tll_8_0",
    "mnistfc_256x2",
    "mnistfc_256x2 = permuted",
    "cifar_base_kw",
)
QUICK = ("mlp 2-8-1", "pair 4-16-16-1")
CAP = 60.0
# Each version is timed at one thing for so long, or until loading the networks has taken the rest of the second number.
ENOUGH, PATIENCE = 0.5, 3.0
LEAST_ROUNDS = 3

Data = dict[str, Any]
Say = Callable[[str], None]


@dataclass(frozen=True)
class Timed:
    """Least seconds of the older version and of this one, and what each said."""

    old: float
    new: float
    verdicts: tuple[str, str]

    @property
    def ratio(self) -> float:
        """Below 1: this version is faster."""
        return self.new / self.old


@dataclass(frozen=True)
class Row:
    """One case; ``judging`` is None where the older version found no evidence."""

    name: str
    deciding: Timed
    judging: Timed | None

    @property
    def problem(self) -> str:
        """Where the versions do not say the same."""
        said = [("decided", self.deciding), ("judged", self.judging)]
        return "; ".join(f"{word} {' / '.join(t.verdicts)}" for word, t in said if t and len(set(t.verdicts)) > 1)


class Version:
    """A long-lived process that answers with the code of one folder."""

    def __init__(self, folder: Path) -> None:
        worker = Path(__file__).with_name("version_worker.py")
        settings = {"PYTHONPATH": str(folder), "OPENBLAS_NUM_THREADS": "1", "VERIFY_NETWORKS": str(NETWORKS.absolute())}
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=os.environ | settings,
        )
        used = Path(self._read()["file"]).resolve()
        if folder.resolve() not in used.parents:
            raise RuntimeError(f"the process of {folder} imports {used}")

    def ask(self, question: Data) -> Data:
        """The answer to one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> Data:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a version's process died; its error stands above")
        return json.loads(line)  # type: ignore[no-any-return]

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """A folder with the files of a commit."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "old"
        _git("worktree", "add", "--detach", str(tree), commit)
        try:
            yield tree
        finally:
            _git("worktree", "remove", "--force", str(tree))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()


def described(commit: str) -> str:
    """The commit's short name, date and title."""
    return _git("log", "-1", "--format=`%h` of %cs (%s)", commit)


def in_turn(old: Version, new: Version, question: Data) -> tuple[Timed, Data]:
    """The least times of both, and the first answer of the older version."""
    times: tuple[list[float], list[float]] = [], []
    firsts: list[Data] = [{}, {}]
    begun, rounds = time.monotonic(), 0
    while rounds < LEAST_ROUNDS or (min(map(sum, times)) < ENOUGH and time.monotonic() - begun < 2 * PATIENCE):
        for who, version in ((0, old), (1, new)) if rounds % 2 else ((1, new), (0, old)):
            answer = version.ask(question)
            times[who].append(answer["seconds"])
            firsts[who] = firsts[who] or answer
        rounds += 1
        if min(map(sum, times)) > CAP:
            break
    said = str(firsts[0]["verdict"]), str(firsts[1]["verdict"])
    return Timed(min(times[0]), min(times[1]), said), firsts[0]


def compared(case: Case, old: Version, new: Version) -> Row:
    """One case, decided and judged."""
    deciding, found = in_turn(old, new, {"case": asdict(case), "cap": CAP})
    judging = None
    if found.get("evidence"):
        shown = {"case": asdict(case), "evidence": found["evidence"], "witness": found["witness"]}
        judging, _ = in_turn(old, new, shown)
    return Row(case.name, deciding, judging)


def measured(commit: str, names: Iterable[str], say: Say) -> list[Row]:
    """All cases of the subjects of these names, whose files are there."""
    rows = []
    with checked_out(commit) as tree:
        old, new = Version(tree), Version(ROOT)
        try:
            for name in names:
                if SUBJECTS[name].missing:
                    say(f"{name}: skipped, {SUBJECTS[name].missing}")
                    continue
                for case in cases_of(name):
                    rows.append(compared(case, old, new))
                    say(" ".join(_cells(rows[-1])))
        finally:
            old.end()
            new.end()
    return rows


def page(commit: str, rows: Sequence[Row]) -> str:
    """The table as Markdown."""
    titles = ["case", "verdict", "decide, old", "new", "ratio", "judge, old", "new", "ratio"]
    deciding = [row.deciding.ratio for row in rows]
    judging = [row.judging.ratio for row in rows if row.judging]
    means = ["**geometric mean**", "", "", "", _mean(deciding), "", "", _mean(judging)]
    problems = [f"- {row.name}: {row.problem}" for row in rows if row.problem]
    parts = [
        "# Two versions",
        "",
        machine(),
        "",
        f"Old: {described(commit)}. New: {described('HEAD')}{_changes()}.",
        "Milliseconds of the process, least of many rounds in turn, each with networks loaded anew (not timed).",
        f"Judging: the older version's evidence is read and replayed. Different answers: {len(problems)}.",
        "",
        *problems,
        *markdown.table(titles, [*map(_cells, rows), means]),
        "",
    ]
    return "\n".join(parts)


def _changes() -> str:
    return ", with changes that are not committed" if _git("status", "--porcelain", "--", "verify") else ""


def _mean(ratios: Sequence[float]) -> str:
    return f"**{math.exp(sum(map(math.log, ratios)) / len(ratios)):.2f}**" if ratios else ""


def _cells(row: Row) -> list[str]:
    found = [row.name, row.deciding.verdicts[1]]
    for timed in (row.deciding, row.judging):
        found += [f"{1000 * timed.old:.1f}", f"{1000 * timed.new:.1f}", f"{timed.ratio:.2f}"] if timed else [""] * 3
    return found


def main(arguments: list[str] | None = None) -> int:
    """Compare and write the page; 1 where the versions do not say the same."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.versions", description=__doc__)
    parser.add_argument("commit", metavar="COMMIT", help="the older version")
    parser.add_argument("--quick", action="store_true", help="two small networks")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NETWORK", help="this one; may be repeated")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="where versions.md goes")
    options = parser.parse_args(arguments)
    commit = _git("rev-parse", "--verify", f"{options.commit}^{{commit}}")
    names = options.only or (QUICK if options.quick else NAMES)
    rows = measured(commit, names, lambda text: print(text, file=sys.stderr, flush=True))
    text = page(commit, rows)
    print(text)
    (options.folder / "versions.md").write_text(text, encoding="utf-8")
    return int(any(row.problem for row in rows))


if __name__ == "__main__":
    sys.exit(main())
