"""Questions about files, each in a process of its own: answers, cancelling, limits, hostile files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.cli import call
from tests.web.client import PATIENCE, Client
from verify.web.jobs import MAX_PER_DESK
from verify.web.server import Server

EVIL = "<script>alert(1)</script>"
HARD = {"action": "check", "property": "lipschitz 200 in linf", "region": "box(0, 1)", "seconds": 100}


def wait_for_exit(server: Server, job: str) -> None:
    found = server.jobs.find(job)
    assert found is not None
    found.process.wait(PATIENCE)


def test_a_file_is_described_asked_about_and_replayed(
    client: Client, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk = client.desk()
    assert client.upload(desk, "digits_conv.onnx", digits.read_bytes()).status == 200
    told = client.job(desk, action="describe", network="digits_conv.onnx")
    assert told["state"] == "done" and told["answer"]["relu"] == 456 and told["answer"]["input"] == [1, 8, 8]

    done = client.job(desk, action="check", network="digits_conv.onnx", property="additive", region="all")
    answer = done["answer"]
    assert done["state"] == "done" and (answer["verdict"], answer["assurance"]) == ("refuted", "checked")
    assert answer["alarm"] == "" and {"claim.json", "claim.html"} <= set(answer["files"])
    page = client.get(f"/jobs/{done['job']}/claim.html")
    assert page.status == 200 and b"additive" in page.body
    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]

    record = client.get(f"/jobs/{done['job']}/claim.json?download=1")
    assert record.headers["Content-Disposition"].startswith('attachment; filename="Is-digits')
    (tmp_path / "record.json").write_bytes(record.body)
    (tmp_path / "digits_conv.onnx").write_bytes(digits.read_bytes())
    monkeypatch.chdir(tmp_path)  # a downloaded record is replayed beside the file
    replayed = call(capsys, "recheck", "record.json")
    assert replayed.status == 0 and "REFUTED" in replayed.out.upper()
    assert "/tmp/verify-serve" not in record.body.decode()


def test_a_long_question_is_cancelled(client: Client, server: Server, digits: Path) -> None:
    desk = client.desk()
    client.upload(desk, "digits_conv.onnx", digits.read_bytes())
    job = client.ask("/api/ask", {**HARD, "desk": desk, "network": "digits_conv.onnx"}).json
    assert job["state"] == "running"
    other = client.desk()
    assert client.job(other, action="describe", network="example:max")["state"] == "done"  # nobody waits for it
    ended = client.ask("/api/cancel", {"job": job["job"]}).json
    assert ended["state"] == "cancelled"
    wait_for_exit(server, job["job"])
    assert client.get(f"/api/jobs/{job['job']}").json["state"] == "cancelled"
    assert desk not in server.jobs.busy_desks


def test_a_tab_has_so_many_questions_at_once(client: Client, digits: Path) -> None:
    desk = client.desk()
    client.upload(desk, "digits_conv.onnx", digits.read_bytes())
    asked = {**HARD, "desk": desk, "network": "digits_conv.onnx"}
    jobs = [client.ask("/api/ask", asked).json["job"] for _ in range(MAX_PER_DESK)]
    refused = client.ask("/api/ask", asked)
    assert refused.status == 400 and "cancel one" in refused.error
    for job in jobs:
        client.ask("/api/cancel", {"job": job})


def test_time_and_memory_are_limited(
    client: Client, server: Server, digits: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = client.desk()
    client.upload(desk, "digits_conv.onnx", digits.read_bytes())
    short = client.job(desk, **{**HARD, "seconds": 0.5}, network="digits_conv.onnx")
    assert "verdict" in short["answer"], short
    assert short["answer"]["verdict"] == "unknown" and "0.5 s" in short["answer"]["answer"]
    assert client.ask("/api/ask", {**HARD, "desk": desk, "network": "example:relu", "seconds": 1e9}).status == 400
    monkeypatch.setattr(server.jobs, "memory", 60)
    starved = client.job(desk, action="describe", network="digits_conv.onnx")
    assert starved["state"] == "failed" and "memory" in starved["answer"]["error"]
    monkeypatch.undo()
    monkeypatch.setattr("verify.web.jobs.GRACE", -99.0)
    overstayed = client.job(desk, **HARD, network="digits_conv.onnx")
    assert overstayed["state"] == "failed" and "ran out of time" in overstayed["answer"]["error"]


def test_two_sessions_do_not_see_each_other(client: Client) -> None:
    first, second = client.desk(), client.desk()
    client.upload(first, "x.toml", b'input = [1]\n[[layer]]\ntype = "relu"\n')
    client.upload(second, "x.toml", b'input = [1]\n[[layer]]\ntype = "abs"\n')
    asked = {"action": "check", "network": "x.toml", "property": "even", "region": "all"}
    jobs = [client.ask("/api/ask", {**asked, "desk": desk}).json for desk in (first, second)]
    assert [client.wait(job)["answer"]["verdict"] for job in jobs] == ["refuted", "proved"]
    third = client.desk()
    assert client.ask("/api/ask", {**asked, "desk": third}).status == 400


def test_a_network_of_the_command_line_is_there(digits: Path) -> None:
    own = Server(0, str(digits), None)
    try:
        desk = own.desks.new()
        assert desk.files == ["digits_conv.onnx"] and desk.path("digits_conv.onnx") == str(digits)
        assert own.answers.setup()["given"] == "digits_conv.onnx"
    finally:
        own.close()


def test_the_server_says_when_it_is_busy_for_a_while_only(client: Client) -> None:
    """A survey of every property gives way to a newer picture of the same tab."""
    from tests.web.client import BASE

    state = {**BASE, "model": "surface", "weights": "1,2;-1,1", "bias": "0.1,-0.5", "out": "1,-1"}
    state |= {"plus": "1/3", "low": "-2,-2", "high": "2,2", "x": "-1,1", "y": "1,1", "tab": "t"}
    start = time.monotonic()
    assert client.ask("/api/survey", state).status == 200
    assert client.ask("/api/play", state).json["verdict"] == "refuted"
    assert time.monotonic() - start < PATIENCE
