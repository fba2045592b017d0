"""Make the traps from the honest records: ``python -m tests.arena.make``; with ``--honest`` those anew, too."""

from __future__ import annotations

import copy
import json
import shutil
import sys

from tests.arena.honest import ARENA, Record, records
from tests.arena.traps import TRAPS, Trap

ACCEPTED, REJECTED, RULES = ARENA / "records/accepted", ARENA / "records/rejected", ARENA / "rules.json"


def trapped(trap: Trap, honest: dict[str, Record]) -> str:
    """The text of the record with the lie in it."""
    data = copy.deepcopy(honest[trap.base])
    changed = trap.lie(data)
    return changed if isinstance(changed, str) else json.dumps(data, indent=1) + "\n"


def make() -> dict[str, str]:
    """Name of each file that follows from the honest records -> what stands in it."""
    honest = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in ACCEPTED.glob("*.json")}
    files = {f"records/rejected/{trap.name}.json": trapped(trap, honest) for trap in TRAPS}
    rules = {trap.name: trap.rule for trap in TRAPS}
    return files | {"rules.json": json.dumps(rules, indent=1) + "\n"}


def make_honest() -> None:
    """Write the honest records anew. Another search may find other evidence, about which the lies then have to be."""
    shutil.rmtree(ACCEPTED, ignore_errors=True)
    ACCEPTED.mkdir(parents=True)
    for name, data in records().items():
        (ACCEPTED / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    """Write the files."""
    if "--honest" in sys.argv[1:]:
        make_honest()
    files = make()
    shutil.rmtree(REJECTED, ignore_errors=True)
    REJECTED.mkdir(parents=True)
    for name, content in files.items():
        (ARENA / name).write_text(content, encoding="utf-8")
    print(f"{len(list(ACCEPTED.glob('*.json')))} records to be accepted, {len(TRAPS)} to be rejected")


if __name__ == "__main__":
    main()
