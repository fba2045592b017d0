"""GitHub Actions: annotations on standard output, and the summary of the step."""

from __future__ import annotations

from collections.abc import Iterator

from verify.gate.run import Gate
from verify.gate.words import findings, limited, summary

# GitHub shows ten of each kind; the log keeps these.
MAX_ANNOTATIONS = 50


def workflow_commands(gate: Gate) -> Iterator[str]:
    """Workflow commands, the worst first."""
    shown, left_out = limited(findings(gate), MAX_ANNOTATIONS)
    for finding in shown:
        kind = "warning" if finding.status == "undecided" else "error"
        title = _property(finding.id or "claims file")
        where = f"file={_property(finding.file)},line={max(finding.line, 1)},title={title}"
        yield f"::{kind} {where}::{_message(finding.text)}"
    if left_out or (gate.status and not shown):
        more = f"{left_out} more are not shown; " if left_out else ""
        yield f"::error title=verify gate::{_message(more + summary(gate))}"


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
