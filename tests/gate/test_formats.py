"""What the gate writes for others: valid against the formats' schemas, and saying the right things."""

from __future__ import annotations

import json
from contextlib import chdir
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.gate.conftest import CLAIMS, Write
from verify.gate.decide import decide_case
from verify.gate.files import ClaimsError
from verify.gate.github import workflow_commands
from verify.gate.gitlab import gitlab
from verify.gate.junit import junit
from verify.gate.markdown import markdown
from verify.gate.plan import cases_of
from verify.gate.run import Gate
from verify.gate.sarif import sarif
from verify.gate.words import summary

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    folder = tmp_path_factory.mktemp("claims")
    (folder / "verify.toml").write_text(CLAIMS, encoding="utf-8")
    with chdir(folder):
        cases = cases_of([Path("verify.toml")])
        return Gate(cases, [decide_case(case).found for case in cases])


@pytest.fixture
def run(decided: Gate) -> Gate:
    return Gate(decided.cases, list(decided.found))


def many(run: Gate, count: int) -> Gate:
    bad = next(found for found in run.found if found.status == "unexpected")
    late = next(found for found in run.found if found.status == "undecided")
    found = [replace(late, case=replace(late.case, id="late"))]
    found += [replace(bad, case=replace(bad.case, id=f"claim {i}")) for i in range(count)]
    return Gate([item.case for item in found], found)


def broken(claims: Write) -> Gate:
    with pytest.raises(ClaimsError) as caught:
        cases_of([claims('[[claim]]\nnetwrok = "relu"\n[[claim]]\nexpect = "\\u0000 <b>"\n')])
    return Gate([], problems=caught.value.problems)


def junit_schema() -> Any:
    import xmlschema  # reads the schema of schemas when it is imported

    return xmlschema.XMLSchema(SCHEMAS / "junit-10.xsd")


def validated(text: str) -> dict[str, object]:
    document: dict[str, object] = json.loads(text)
    schema = json.loads((SCHEMAS / "sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER).validate(document)
    return document


def test_statuses_of_the_claims(run: Gate) -> None:
    assert [found.status for found in run.found] == [
        "expected",
        "unexpected",
        "bad input",
        "unexpected",
        "expected",
        "expected",
        "expected",
        "undecided",
    ]
    assert run.status == 2
    assert summary(run) == "8 claims: 4 as expected, 1 undecided, 2 not as expected, 1 bad input"


def test_junit_is_valid(run: Gate, claims: Write) -> None:
    schema = junit_schema()
    nothing, unchanged = Gate([]), Gate([], unchanged=3)
    for gate in (run, broken(claims), nothing, unchanged, many(run, 3)):
        schema.validate(junit(gate))
    text = junit(run)
    assert text.count("<failure") == 2 and text.count("<error") == 2 and text.count("<testcase") == 8
    assert "f(0) = 0, but f(-1) + f(1)" in text and "verify.toml:9" in text
    assert "no claim found" in junit(nothing)


def test_names_that_xml_cannot_hold(run: Gate) -> None:
    bad = run.found[1]
    strange = replace(bad, message="a\x00b\x1b[31m\ud800", case=replace(bad.case, id="\x07"))
    junit_schema().validate(junit(Gate([strange.case], [strange])))


def test_sarif_is_valid(run: Gate, claims: Write) -> None:
    for gate in (run, broken(claims), Gate([]), Gate([], unchanged=3)):
        validated(sarif(gate))
    document = json.loads(sarif(run))
    [only] = document["runs"]
    assert only["invocations"][0]["exitCode"] == 2 and not only["invocations"][0]["executionSuccessful"]
    assert [(r["ruleId"], r["kind"], r["level"]) for r in only["results"]] == [
        ("claim-unreadable", "fail", "error"),
        ("claim-not-as-expected", "fail", "error"),
        ("claim-not-as-expected", "fail", "error"),
        ("claim-undecided", "open", "none"),
    ]
    place = only["results"][1]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "verify.toml" and place["region"]["startLine"] == 9
    assert len({r["partialFingerprints"]["claim/v1"] for r in only["results"]}) == 4
    for result in only["results"]:
        assert only["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_of_very_many_results(run: Gate) -> None:
    [only] = json.loads(sarif(many(run, 6000)))["runs"]
    assert len(only["results"]) == 5000 and only["properties"]["resultsLeftOut"] == 1001
    assert {result["kind"] for result in only["results"]} == {"fail"}


def test_fingerprints_stay_while_lines_and_messages_change(run: Gate) -> None:
    bad = run.found[1]
    moved = replace(bad, message="other", case=replace(bad.case, line=77))
    first, second = (json.loads(sarif(Gate([f.case], [f])))["runs"][0]["results"][0] for f in (bad, moved))
    assert first["partialFingerprints"] == second["partialFingerprints"]
    assert first["locations"] != second["locations"]


def test_uris_are_escaped(run: Gate) -> None:
    for name in ("a b/ü#?.toml", "/abs/x y.toml", "\udcff.toml"):
        moved = replace(run.found[1], case=replace(run.found[1].case, file=name))
        validated(sarif(Gate([moved.case], [moved])))


def test_gitlab_is_valid(run: Gate, claims: Write) -> None:
    schema = json.loads((SCHEMAS / "gitlab-code-quality.json").read_text(encoding="utf-8"))
    for gate in (run, broken(claims), Gate([])):
        jsonschema.validate(json.loads(gitlab(gate)), schema)
    issues = json.loads(gitlab(run))
    assert [issue["severity"] for issue in issues] == ["critical", "major", "major", "minor"]
    assert len({issue["fingerprint"] for issue in issues}) == 4


def test_github_commands_stay_on_one_line(run: Gate, claims: Write) -> None:
    lines = list(workflow_commands(run))
    assert len(lines) == 4 and all("\n" not in line for line in lines)
    assert lines[1].startswith("::error file=verify.toml,line=9,title=additive | `everywhere` <b> %25::")
    assert lines[3].startswith("::warning ")
    assert len(list(workflow_commands(many(run, 200)))) == 51
    assert list(workflow_commands(Gate([]))) == ["::error title=verify gate::no claim found"]
    assert list(workflow_commands(Gate([], unchanged=1))) == []


def test_markdown_cells_are_no_markup(run: Gate) -> None:
    text = markdown(run)
    row = next(line for line in text.splitlines() if "everywhere" in line)
    assert "additive \\| \\`everywhere\\` &lt;b&gt; %" in row
    assert row.replace("\\|", "").count("|") == 5
    assert "5701 more are not shown" in markdown(many(run, 6000))
