"""SARIF 2.1.0: what is not as expected as results, for code scanning."""

from __future__ import annotations

import hashlib
import json
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from verify.gate.decide import Status
from verify.gate.run import Gate
from verify.gate.words import Annotation, findings, limited, summary
from verify.report.version import tool_version

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MAX_RESULTS = 5000
# Rule ids are part of the interface: alerts are matched by them.
RULES: dict[Status, tuple[str, str, str]] = {
    "unexpected": (
        "claim-not-as-expected",
        "ClaimNotAsExpected",
        "A claim about a network is not as expected: refuted where it should hold, or the other way round.",
    ),
    "undecided": ("claim-undecided", "ClaimUndecided", "A claim was neither proved nor refuted within its budget."),
    "bad input": ("claim-unreadable", "ClaimUnreadable", "A claim, or a file that it names, cannot be read."),
    "internal": ("internal-error", "InternalError", "The tool failed, or rejected its own evidence."),
}


def sarif(gate: Gate) -> str:
    """The document: one run; the worst results first, at most 5,000, the rest counted."""
    shown, left_out = limited(findings(gate), MAX_RESULTS)
    order = list(RULES)
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "relu-verify",
                "version": tool_version(),
                "rules": [
                    {
                        "id": identity,
                        "name": name,
                        "shortDescription": {"text": text},
                        "defaultConfiguration": {"level": "warning" if status == "undecided" else "error"},
                    }
                    for status, (identity, name, text) in RULES.items()
                ],
            }
        },
        "invocations": [
            {"executionSuccessful": gate.status in (0, 1, 3), "exitCode": gate.status, **_notifications(gate)}
        ],
        "columnKind": "unicodeCodePoints",
        "results": [_result(finding, order) for finding in shown],
        "properties": {
            "claims": len(gate.cases),
            **{status.replace(" ", "-"): count for status, count in gate.counts.items()},
            "resultsLeftOut": left_out,
        },
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _notifications(gate: Gate) -> dict[str, Any]:
    """Why there is nothing to look at, where that is so."""
    if gate.status in (0, 1, 3):
        return {}
    return {"toolExecutionNotifications": [{"level": "error", "message": {"text": summary(gate)}}]}


def _result(finding: Annotation, order: list[Status]) -> dict[str, Any]:
    is_open = finding.status == "undecided"
    return {
        "ruleId": RULES[finding.status][0],
        "ruleIndex": order.index(finding.status),
        "kind": "open" if is_open else "fail",
        "level": "none" if is_open else "error",
        "message": {"text": finding.text},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(finding.file)},
                    "region": {"startLine": max(finding.line, 1)},
                }
            }
        ],
        "partialFingerprints": {"claim/v1": fingerprint(finding)},
    }


def fingerprint(finding: Annotation) -> str:
    """What stays the same while the claim does: not the line, not the message."""
    what = finding.id or finding.message
    return hashlib.sha256(f"{finding.file}::{what}".encode(errors="backslashreplace")).hexdigest()


def uri(file: str) -> str:
    """A relative reference, or a ``file`` URI for an absolute path."""
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix().encode(errors="backslashreplace"))
