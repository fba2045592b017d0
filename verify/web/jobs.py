"""Questions that may take long: each in a process of its own, with limits, which can be ended at any time."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from verify.errors import InputError
from verify.web.desks import Desk

MAX_WORKERS, MAX_PER_DESK, MAX_KEPT = 4, 2, 200
MEMORY_MIB, MOST_SECONDS, GRACE = 3072, 600, 90.0
MAX_LINE = 4 * 2**20


@dataclass(eq=False)
class Job:
    """A worker and what it said so far. ``state`` is running, done, failed or cancelled."""

    name: str
    desk: str
    folder: Path
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.monotonic)
    state: str = "running"
    progress: str = "starting"
    answer: dict[str, Any] = field(default_factory=dict)
    ended: float | None = None

    def to_json(self) -> dict[str, Any]:
        """For the page."""
        seconds = (self.ended or time.monotonic()) - self.started
        return {
            "job": self.name,
            "state": self.state,
            "progress": self.progress,
            "seconds": round(seconds, 2),
            "answer": self.answer,
        }


class Jobs:
    """All jobs of the server."""

    def __init__(self, memory_mib: int = MEMORY_MIB) -> None:
        self.memory = memory_mib
        self._lock = threading.Lock()
        self._jobs: dict[str, Job] = {}

    def start(self, desk: Desk, request: dict[str, Any], seconds: float) -> Job:
        """Start a worker on a request; ``InputError`` where too many are at work."""
        with self._lock:
            running = [job for job in self._jobs.values() if job.state == "running"]
            if sum(job.desk == desk.name for job in running) >= MAX_PER_DESK or len(running) >= MAX_WORKERS:
                raise InputError(f"{len(running)} questions are being worked on; wait for one, or cancel one")
            name = secrets.token_urlsafe(18)
            folder = desk.folder / "jobs" / name
            folder.mkdir(parents=True)
            process = subprocess.Popen(
                [sys.executable, "-m", "verify.web.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=desk.folder,
            )
            job = Job(name, desk.name, folder, process)
            self._jobs[name] = job
            self._forget()
        whole = {**request, "seconds": seconds, "memory": self.memory, "folder": str(folder)}
        threading.Thread(target=self._listen, args=(job, json.dumps(whole), seconds + GRACE), daemon=True).start()
        return job

    def find(self, name: str) -> Job | None:
        """The job of that name."""
        with self._lock:
            return self._jobs.get(name)

    @property
    def busy_desks(self) -> frozenset[str]:
        """Desks with work in progress."""
        with self._lock:
            return frozenset(job.desk for job in self._jobs.values() if job.state == "running")

    def cancel(self, job: Job) -> None:
        """End the worker now."""
        with self._lock:
            if job.state == "running":
                job.state, job.ended = "cancelled", time.monotonic()
        job.process.kill()

    def close(self) -> None:
        """End every worker."""
        with self._lock:
            jobs = list(self._jobs.values())
        for job in jobs:
            self.cancel(job)

    def _forget(self) -> None:
        finished = [job for job in self._jobs.values() if job.state != "running"]
        for job in finished[: max(0, len(self._jobs) - MAX_KEPT)]:
            del self._jobs[job.name]

    def _listen(self, job: Job, request: str, seconds: float) -> None:
        """Read the worker's lines until it ends; one that overstays is ended."""
        clock = threading.Timer(seconds, job.process.kill)
        clock.daemon = True
        clock.start()
        process = job.process
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(request.encode())
            process.stdin.close()
            while line := process.stdout.readline(MAX_LINE):
                self._heard(job, line)
        except (OSError, ValueError) as error:
            self._finish(job, "failed", {"error": f"the worker's answer cannot be read: {error}"})
        finally:
            clock.cancel()
            process.kill()
            status = process.wait()
            process.stdout.close()
        if status:
            text = "the worker ended without an answer: it ran out of time or memory; ask about a smaller region"
            self._finish(job, "failed", {"error": text})

    def _heard(self, job: Job, line: bytes) -> None:
        data = json.loads(line)
        if "progress" in data:
            job.progress = str(data["progress"])[:300]
        else:
            self._finish(job, "failed" if "error" in data else "done", data)

    def _finish(self, job: Job, state: str, answer: dict[str, Any]) -> None:
        with self._lock:
            if job.state == "running":
                job.state, job.answer, job.ended = state, answer, time.monotonic()
