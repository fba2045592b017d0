"""Make the arena's records anew: ``python -m tests.arena.make``."""

from __future__ import annotations

import copy
import json
import shutil

from tests.arena.honest import ARENA, Record, records
from tests.arena.traps import TRAPS, Trap

ACCEPTED, REJECTED, RULES = ARENA / "records/accepted", ARENA / "records/rejected", ARENA / "rules.json"


def trapped(trap: Trap, honest: dict[str, Record]) -> str:
    """The text of the record with the lie in it."""
    data = copy.deepcopy(honest[trap.base])
    changed = trap.lie(data)
    return changed if isinstance(changed, str) else json.dumps(data, indent=1) + "\n"


def make() -> dict[str, str]:
    """Name of each file below the arena's folder -> what stands in it."""
    honest = records()
    files = {f"records/accepted/{name}.json": json.dumps(data, indent=1) + "\n" for name, data in honest.items()}
    files |= {f"records/rejected/{trap.name}.json": trapped(trap, honest) for trap in TRAPS}
    rules = {trap.name: trap.rule for trap in TRAPS}
    return files | {"rules.json": json.dumps(rules, indent=1) + "\n"}


def main() -> None:
    """Write the files."""
    files = make()
    for folder in (ACCEPTED, REJECTED):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name, content in files.items():
        (ARENA / name).write_text(content, encoding="utf-8")
    print(f"{len(files) - 1 - len(TRAPS)} records to be accepted, {len(TRAPS)} to be rejected")


if __name__ == "__main__":
    main()
