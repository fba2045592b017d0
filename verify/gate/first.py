"""A first claims file for a network: what a look of some seconds proves or refutes, written down to be edited.

Little of that breaks when a weight changes: a claim that f is not affine stays true. So the file begins with the claim
that the network equals a copy of what it is today, which every change of the function breaks.
"""

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
# The share of the time for the comparison with the copy; larger files are not copied.
REFERENCE_SHARE, MAX_REFERENCE = 0.5, 50 << 20
MAX_SHOWN = 300
REFERENCE = (
    "# Whatever changes an output breaks this one. Where a change is meant, replace the copy in the same commit;",
    "# 'equivalent within 1/1000' on the range of your inputs allows for rounding.",
)
WHY = 'why = "No commit changes an output without replacing the copy."'


@dataclass(frozen=True)
class Looked:
    """A claim that was tried, and what came of it."""

    property: str
    region: str
    result: Result
    to: str = ""


def reference_name(name: str, network: Network) -> str:
    """What the copy of a network's file is called; empty where there is no one file, or a very large one."""
    path = Path(name)
    if not path.is_file() or network.files or path.stat().st_size > MAX_REFERENCE:
        return ""
    stem, _, rest = path.name.partition(".")
    return f"{stem}.reference.{rest}"


def look(
    network: Network, box: str, seconds: float, reference: str = "", report: Callable[[str], None] | None = None
) -> Iterator[Looked]:
    """Try claims, each with its share of the time; the first is that the network equals its copy ``reference``."""
    api.parse_region(box, network)  # a mistake in it is told before any work
    if reference:
        share = REFERENCE_SHARE * seconds
        same = api.check(network, "equivalent", "all", to=network, timeout=share, report=report)
        yield Looked("equivalent", "all", same, reference)
        seconds -= share
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
            lines += ["", *(REFERENCE if looked.to else ()), *_claim(looked, output=output)]
    for looked in found:
        # That an output neither rises nor falls with an input is nothing to rely on.
        if looked.result.verdict is Verdict.REFUTED and " in " not in looked.property:
            lines += ["", f"# Refuted: {_comment(looked.result.counterexample or '')}", *_claim(looked, "refuted")]
    open_ones = [looked for looked in found if looked.result.verdict is Verdict.UNKNOWN]
    if open_ones:
        lines += ["", "# Not decided in this time; remove the signs at the left, and give them a longer timeout:"]
        for looked in open_ones:
            lines += ["#", *(f"# {line}" for line in _claim(looked, output=output))]
    return "\n".join(lines) + "\n"


def _claim(looked: Looked, expect: str = "", output: str | None = None) -> list[str]:
    lines = ["[[claim]]", f"property = {json.dumps(looked.property)}"]
    if looked.to:
        lines.append(f"to = {json.dumps(looked.to, ensure_ascii=False)}")
        lines += [f"to_output = {json.dumps(output, ensure_ascii=False)}"] if output is not None else []
        lines.append(WHY)
    lines += [f"on = {json.dumps(looked.region, ensure_ascii=False)}"] if looked.region != "all" else []
    return lines + ([f'expect = "{expect}"'] if expect else [])


def _comment(text: str) -> str:
    """Text for a comment: one line, not too long, nothing that TOML forbids there."""
    plain = "".join(c if c.isprintable() else " " for c in text)
    short = " ".join(plain.split())
    return short if len(short) <= MAX_SHOWN else f"{short[:MAX_SHOWN]} ..."
