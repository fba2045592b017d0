"""JUnit XML, as Jenkins, GitLab and others read it: one suite for each claims file.

The schemas that are in use differ; this is valid under the strict ones, so file and line stand in the failure's text.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from xml.etree import ElementTree

from verify.gate.run import Gate
from verify.gate.words import SAYS, Annotation, clean, finding_of, problem_finding
from verify.report.version import tool_version


@dataclass
class _Line:
    """One test case: a name, seconds, and what is wrong with it."""

    name: str
    seconds: float = 0.0
    finding: Annotation | None = None


def junit(gate: Gate) -> str:
    """The document. Not as expected is a failure; undecided, bad input and internal errors are errors."""
    root = ElementTree.Element("testsuites")
    suites: dict[str, list[_Line]] = {}
    for problem in gate.problems:
        suites.setdefault(problem.file, []).append(_Line(f"line {problem.line}", 0.0, problem_finding(problem)))
    for found in gate.in_order():
        wrong = finding_of(found) if found.status != "expected" else None
        suites.setdefault(found.case.file, []).append(_Line(found.case.id, found.seconds, wrong))
    if not suites and not gate.unchanged:
        nothing = Annotation("bad input", "verify gate", 0, "", "no claim found")
        suites["verify gate"] = [_Line("claims", 0.0, nothing)]
    for number, (file, lines) in enumerate(suites.items()):
        _suite(root, number, file, lines)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, number: int, file: str, lines: list[_Line]) -> None:
    wrong = [line.finding.status for line in lines if line.finding is not None]
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_text(file),
        package=_text(file),
        id=str(number),
        hostname="localhost",
        timestamp=time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()),
        tests=str(len(lines)),
        failures=str(wrong.count("unexpected")),
        errors=str(len(wrong) - wrong.count("unexpected")),
        time=f"{sum(line.seconds for line in lines):.3f}",
    )
    properties = ElementTree.SubElement(suite, "properties")
    ElementTree.SubElement(properties, "property", name="tool", value=f"relu-verify {tool_version()}")
    for line in lines:
        case = ElementTree.SubElement(
            suite, "testcase", classname=_text(file), name=_text(line.name), time=f"{line.seconds:.3f}"
        )
        if line.finding is not None:
            _wrong(case, line.finding)
    for stream in ("system-out", "system-err"):
        ElementTree.SubElement(suite, stream)


def _wrong(case: ElementTree.Element, finding: Annotation) -> None:
    kind = "failure" if finding.status == "unexpected" else "error"
    node = ElementTree.SubElement(case, kind, type=finding.status.replace(" ", "-"), message=_text(finding.message))
    lines = [f"{finding.file}:{max(finding.line, 1)}: {SAYS[finding.status]}"]
    if finding.found is not None:
        found = finding.found.case
        lines += [found.statement, *([found.why] if found.why else []), finding.message, finding.found.command]
    else:
        lines.append(finding.message)
    node.text = _text("\n".join(lines))


def _text(text: str) -> str:
    return "".join(clean(text))
