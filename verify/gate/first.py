"""A first claims file for a network: what a look of some seconds proves or refutes, written down to be edited."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from verify import api
from verify.kernel.check import Verdict
from verify.network import Network
from verify.report.record import Result

# Claims to try, with the regions on which they are worth a try.
TRIED = (
    ("positively homogeneous", "all"),
    ("linear", "all"),
    ("affine", "{box}"),
    ("convex", "{box}"),
    ("no dead units", "{box}"),
)
MAX_AXES = 4
MAX_SHOWN = 300


@dataclass(frozen=True)
class Looked:
    """A claim that was tried, and what came of it."""

    property: str
    region: str
    result: Result


def look(network: Network, box: str, seconds: float, report: Callable[[str], None] | None = None) -> Iterator[Looked]:
    """Try claims, each with its share of the time."""
    api.parse_region(box, network)  # a mistake in it is told before any work
    axes = range(min(network.input_size, MAX_AXES))
    tried = [(name, region.format(box=box)) for name, region in TRIED]
    tried += [(f"{way} in {axis}", box) for axis in axes for way in ("nondecreasing", "nonincreasing")]
    for name, region in tried:
        if name == "no dead units" and not network.is_piecewise_linear:
            continue
        yield Looked(name, region, api.check(network, name, region, timeout=seconds / len(tried), report=report))


def first_file(network: str, found: list[Looked], folder: Path, box: str, output: str | None = None) -> str:
    """The text of a claims file that stands in ``folder``: proved claims, refuted ones, and what was left open."""
    path = os.path.relpath(network, folder) if os.path.exists(network) else network
    lines = [
        f"# Claims about {_comment(path)}, as 'verify init' found them. Keep those that you rely on, and say why.",
        "# 'verify gate' decides them; docs/gate.md describes every key. Numbers are exact: 0.1 is one tenth.",
        f"# Regions: {_comment(box)} was looked at; write the range that your inputs really have.",
        "",
        "[defaults]",
        f"network = {json.dumps(Path(path).as_posix(), ensure_ascii=False)}",
        *([f"output = {json.dumps(output, ensure_ascii=False)}"] if output is not None else []),
        "timeout = 60",
    ]
    for looked in found:
        if looked.result.verdict is Verdict.PROVED and not looked.result.vacuous:
            lines += ["", *_claim(looked)]
    for looked in found:
        # That an output neither rises nor falls with an input is nothing to rely on.
        if looked.result.verdict is Verdict.REFUTED and " in " not in looked.property:
            lines += ["", f"# Refuted: {_comment(looked.result.counterexample or '')}", *_claim(looked, "refuted")]
    open_ones = [looked for looked in found if looked.result.verdict is Verdict.UNKNOWN]
    if open_ones:
        lines += ["", "# Not decided in this time; remove the signs at the left, and give them a longer timeout:"]
        for looked in open_ones:
            lines += ["#", *(f"# {line}" for line in _claim(looked))]
    return "\n".join(lines) + "\n"


def _claim(looked: Looked, expect: str = "") -> list[str]:
    lines = ["[[claim]]", f"property = {json.dumps(looked.property)}"]
    lines += [f"on = {json.dumps(looked.region, ensure_ascii=False)}"] if looked.region != "all" else []
    return lines + ([f'expect = "{expect}"'] if expect else [])


def _comment(text: str) -> str:
    """Text for a comment: one line, not too long, nothing that TOML forbids there."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    short = " ".join(plain.split())
    return short if len(short) <= MAX_SHOWN else f"{short[:MAX_SHOWN]} ..."
