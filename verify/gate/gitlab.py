"""GitLab's code quality report: a list of issues, each with a fingerprint of its own."""

from __future__ import annotations

import json

from verify.gate.decide import Status
from verify.gate.run import Gate
from verify.gate.sarif import RULES, fingerprint
from verify.gate.words import findings, limited

MAX_ISSUES = 5000
SEVERITY: dict[Status, str] = {
    "internal": "blocker",
    "bad input": "critical",
    "unexpected": "major",
    "undecided": "minor",
}


def gitlab(gate: Gate) -> str:
    """The document; the worst issues first."""
    shown, _ = limited(findings(gate), MAX_ISSUES)
    issues = [
        {
            "description": finding.text,
            "check_name": RULES[finding.status][0],
            "fingerprint": fingerprint(finding),
            "severity": SEVERITY[finding.status],
            "location": {"path": finding.file, "lines": {"begin": max(finding.line, 1)}},
        }
        for finding in shown
    ]
    return json.dumps(issues, indent=1) + "\n"
