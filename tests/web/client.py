"""Asking the server as the page does, and in ways in which it does not."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

BASE = {
    "model": "neuron",
    "act": "relu",
    "slope": "0.1",
    "weights": "1",
    "bias": "0",
    "out": "1",
    "plus": "0",
    "low": "-2",
    "high": "2",
    "x": "-1",
    "y": "1.5",
    "property": "additive",
}
PATIENCE = 120.0


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        data = json.loads(self.body)
        assert isinstance(data, dict)
        return data

    @property
    def error(self) -> str:
        return str(self.json["error"])


@dataclass(frozen=True)
class Client:
    port: int

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str | None] | None = None
    ) -> Answer:
        """One request with the page's headers; None in ``headers`` leaves one out."""
        usual: dict[str, str | None] = {"Host": f"127.0.0.1:{self.port}", "Origin": f"http://127.0.0.1:{self.port}"}
        if body is not None:
            usual |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for key, value in {**usual, **(headers or {})}.items():
            if value is not None:
                connection.putheader(key, value)
        connection.endheaders(body)
        got = connection.getresponse()
        answer = Answer(got.status, dict(got.getheaders()), got.read())
        connection.close()
        return answer

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def ask(self, path: str, question: Any) -> Answer:
        return self.send("POST", path, json.dumps(question).encode())

    def play(self, **state: Any) -> dict[str, Any]:
        answer = self.ask("/api/play", {**BASE, **state})
        assert answer.status == 200, answer.body
        return answer.json

    def desk(self) -> str:
        return str(self.ask("/api/desk", {}).json["desk"])

    def upload(self, desk: str, name: str, data: bytes) -> Answer:
        headers = {"Content-Type": "application/octet-stream"}
        return self.send("POST", f"/api/file?{urlencode({'desk': desk, 'name': name})}", data, headers)

    def job(self, desk: str, **asked: Any) -> dict[str, Any]:
        """Start a question and wait for its end."""
        started = self.ask("/api/ask", {"desk": desk, **asked})
        assert started.status == 200, started.body
        return self.wait(started.json)

    def wait(self, job: dict[str, Any]) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while job["state"] == "running" and time.monotonic() < end:
            time.sleep(0.05)
            job = self.get(f"/api/jobs/{job['job']}").json
        return job
