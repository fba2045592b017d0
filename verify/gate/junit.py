"""JUnit XML, as Jenkins, GitLab and others read it: one suite for each claims file."""

from __future__ import annotations

from xml.etree import ElementTree

from verify.gate.decide import Found
from verify.gate.files import Problem
from verify.gate.run import Gate
from verify.gate.words import SAYS, clean


def junit(gate: Gate) -> str:
    """The document. Not as expected is a failure; undecided, bad input and internal errors are errors."""
    root = ElementTree.Element("testsuites", name="verify gate")
    by_file: dict[str, list[Found | Problem]] = {}
    for problem in gate.problems:
        by_file.setdefault(problem.file, []).append(problem)
    for found in gate.in_order():
        by_file.setdefault(found.case.file, []).append(found)
    if not by_file:
        by_file["verify gate"] = [] if gate.unchanged else [Problem("verify gate", 0, "no claim found")]
    for file, items in by_file.items():
        _suite(root, file, items)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _suite(root: ElementTree.Element, file: str, items: list[Found | Problem]) -> None:
    failed = sum(isinstance(item, Found) and item.status == "unexpected" for item in items)
    passed = sum(isinstance(item, Found) and item.status == "expected" for item in items)
    seconds = sum(item.seconds for item in items if isinstance(item, Found))
    suite = ElementTree.SubElement(
        root,
        "testsuite",
        name=_text(file),
        tests=str(len(items)),
        failures=str(failed),
        errors=str(len(items) - failed - passed),
        skipped="0",
        time=f"{seconds:.3f}",
    )
    for item in items:
        _case(suite, file, item)


def _case(suite: ElementTree.Element, file: str, item: Found | Problem) -> None:
    is_found = isinstance(item, Found)
    name, line = (item.case.id, item.case.line) if isinstance(item, Found) else (f"line {item.line}", item.line)
    seconds = item.seconds if isinstance(item, Found) else 0.0
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_text(file),
        name=_text(name),
        time=f"{seconds:.3f}",
        file=_text(file),
        line=str(max(line, 1)),
    )
    if isinstance(item, Found) and item.status == "expected":
        return
    status = item.status if isinstance(item, Found) else "bad input"
    kind = "failure" if status == "unexpected" else "error"
    node = ElementTree.SubElement(case, kind, type=status.replace(" ", "-"), message=_text(item.message))
    lines = [f"{file}:{max(line, 1)}: {SAYS[status]}"]
    if is_found and isinstance(item, Found):
        lines += [item.case.statement, *([item.case.why] if item.case.why else []), item.message, item.command]
    else:
        lines.append(item.message)
    node.text = _text("\n".join(lines))


def _text(text: str) -> str:
    return "".join(clean(text))
