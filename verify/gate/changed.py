"""Which cases a commit range touches: the claim's own text, its networks, the data that its region names."""

from __future__ import annotations

import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from verify.errors import InputError
from verify.formats.toml import weights_file
from verify.gate.files import ClaimsError, read
from verify.gate.plan import Case, expanded

PATIENCE = 60.0


def changed_cases(cases: Sequence[Case], revision: str) -> list[Case]:
    """The cases that differ from what they were at a revision of the current folder's Git repository.

    A file that Git does not track counts as changed, and so does every claim of a file that could not be read then.
    """
    root = Path(_git("rev-parse", "--show-toplevel").rstrip("\n"))
    if revision.startswith("-") or not revision:
        raise InputError(f"--changed-since {revision[:60]!r}: expected a revision such as origin/main")
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}", what=f"no commit {revision[:60]!r}")
    commit = commit.strip()
    changed = _files("-C", str(root), "diff", "--name-only", "--no-renames", "-z", commit, "--")
    tracked = _files("-C", str(root), "ls-files", "-z")

    @functools.cache
    def differs(name: str) -> bool:
        path = os.path.relpath(os.path.realpath(name), os.path.realpath(root))
        key = Path(path).as_posix()
        return key in changed or key not in tracked or _parts_changed(key, changed)

    @functools.cache
    def network_differs(name: str) -> bool:
        return os.path.exists(name) and any(map(differs, [name, *_checkpoint(name)]))

    before: dict[str, set[str]] = {}
    found = []
    for case in cases:
        if case.file not in before:
            before[case.file] = _texts(case.file, root, commit) if differs(case.file) else set()
        moved = differs(case.file) and case.text not in before[case.file]
        if moved or any(network_differs(name) for name in case.networks) or any(map(differs, case.data_files)):
            found.append(case)
    return found


def _parts_changed(key: str, changed: set[str]) -> bool:
    """Whether something beside an ONNX file changed that may hold its weights: the same name and more."""
    return key.endswith(".onnx") and any(name.startswith(key.removesuffix(".onnx")) for name in changed)


def _checkpoint(name: str) -> list[str]:
    """The file with the weights of a network in TOML, where it has one."""
    named = weights_file(name) if name.endswith(".toml") else None
    return [os.path.join(os.path.dirname(name), named)] if named is not None else []


def _texts(file: str, root: Path, commit: str) -> set[str]:
    """What the claims file said at that commit; nothing where there was none, or none that can be read."""
    path = os.path.relpath(os.path.realpath(file), os.path.realpath(root))
    try:
        source = read(Path(file), _git("-C", str(root), "show", f"{commit}:{Path(path).as_posix()}"))
        return {case.text for case in expanded(source)} if source is not None else set()
    except (ClaimsError, InputError):
        return set()


def _files(*arguments: str) -> set[str]:
    return {name for name in _git(*arguments).split("\0") if name}


def _git(*arguments: str, what: str = "") -> str:
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise InputError(f"--changed-since needs git: {error}") from error
    if done.returncode:
        said = what or " ".join(done.stderr.decode(errors="replace").split())[:200] or "git failed"
        raise InputError(f"--changed-since: {said}")
    return done.stdout.decode(errors="surrogateescape")
