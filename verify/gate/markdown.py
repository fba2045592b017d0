"""Markdown: the summary of a gate for a pull request or a step summary."""

from __future__ import annotations

import html
import re

from verify.gate.run import Gate
from verify.gate.words import SAYS, findings, limited, summary

MAX_ROWS, MAX_TEXT = 300, 600


def markdown(gate: Gate) -> str:
    """One sentence, then a table of what is not as expected, worst first."""
    shown, left_out = limited(findings(gate), MAX_ROWS)
    sign = "✅" if gate.status == 0 else "❌"
    lines = [f"## {sign} Properties of networks", "", f"{_cell(summary(gate))}."]
    if shown:
        lines += ["", "| outcome | claim | what was found | where |", "|---|---|---|---|"]
    for finding in shown:
        where = f"{finding.file}:{max(finding.line, 1)}"
        claim = finding.id or "claims file"
        why = f"<br>{_cell(finding.found.case.why)}" if finding.found is not None and finding.found.case.why else ""
        lines.append(f"| {SAYS[finding.status]} | {_cell(claim)}{why} | {_cell(finding.message)} | {_cell(where)} |")
    if left_out:
        lines += ["", f"{left_out} more are not shown."]
    commands = [f.found.command for f in shown if f.found is not None and f.found.command][:5]
    if commands:
        fence = "`" * max(3, 1 + max(len(run) for run in re.findall(r"`*", "\n".join(commands))))
        lines += ["", "Again:", "", fence, *(" ".join(command.splitlines()) for command in commands), fence]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """Text that stays in its cell and is no markup."""
    short = " ".join(text.split())
    short = short if len(short) <= MAX_TEXT else f"{short[:MAX_TEXT]} ..."
    return re.sub(r"([\\`*_\[\]|~#])", r"\\\1", html.escape(short, quote=False))
