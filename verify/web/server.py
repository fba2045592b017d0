"""The server of the page: the standard library's, on 127.0.0.1 only."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from verify.errors import BudgetExceeded, InputError, VerifyError
from verify.report.html import TEMPLATES
from verify.web import guard
from verify.web.answers import Answers
from verify.web.desks import MAX_FILE, Desks
from verify.web.jobs import MEMORY_MIB, Jobs

PORT = 8765
MAX_BODY, MAX_DRAINED, CHUNK, MAX_THREADS = 2**16, 256 * 2**20, 2**16, 64
STATIC = Path(__file__).parent / "static"
KINDS = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".smt2": "text/plain; charset=utf-8",
}


@dataclass(frozen=True)
class Reply:
    """What goes back: a status, a body and its kind; ``download`` names it as a file."""

    status: int
    body: bytes
    kind: str = "application/json"
    policy: str = guard.APP_POLICY
    download: str = ""


Answerer: TypeAlias = Callable[[dict[str, Any]], Any]


class Server(ThreadingHTTPServer):
    """The page's server; ``close`` ends its workers and removes its files."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self, port: int = PORT, network: str | None = None, book: Path | None = None, output: str | None = None
    ) -> None:
        # Not a bounded one: Ctrl-C while a thread begins lets go here and in the thread.
        self.gate = threading.Semaphore(MAX_THREADS)
        super().__init__(("127.0.0.1", port), Handler)
        self.desks = Desks({Path(network).name: str(Path(network).resolve())} if network else {}, output)
        self.jobs = Jobs(MEMORY_MIB)
        self.answers = Answers(self.desks, self.jobs, network, book)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def process_request(self, request: Any, client_address: Any) -> None:
        """One thread a connection, up to a limit; beyond it, connections wait."""
        self.gate.acquire()
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.gate.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.gate.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks is no event; anything else is one line."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            print(f"verify serve: internal error: {type(error).__name__}: {error}", file=sys.stderr)

    def close(self) -> None:
        """End workers, remove files, free the port."""
        self.jobs.close()
        self.desks.close()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "verify", ""
    timeout = 30
    disable_nagle_algorithm = True  # headers and body are two writes; the second must not wait for an acknowledgement

    def do_GET(self) -> None:
        """The page, its parts, and what is known of a job."""
        self._answer(self._get)

    def do_HEAD(self) -> None:
        """``GET`` without the body."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """A question or a file."""
        self._answer(self._post, changes=True)

    def _answer(self, make: Callable[[], Reply], *, changes: bool = False) -> None:
        refused = guard.refusal(self.headers, self.server.port, changes=changes)
        if refused:
            self.close_connection = True
            self._send(_problem(HTTPStatus.FORBIDDEN, refused))
            return
        try:
            reply = make()
        except _Refused as stop:
            reply = _problem(stop.status, str(stop))
        except InputError as error:
            reply = _problem(HTTPStatus.BAD_REQUEST, " ".join(str(error).split())[:600])
        except BudgetExceeded as error:
            reply = _json({"superseded": str(error)})
        except (VerifyError, MemoryError) as error:
            reply = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"{type(error).__name__}: {error}")
        except OSError:
            raise
        except Exception as error:
            print(f"verify serve: internal error: {type(error).__name__}: {error}", file=sys.stderr)
            reply = _problem(HTTPStatus.INTERNAL_SERVER_ERROR, f"internal error: {type(error).__name__}: {error}")
        self._send(reply)

    def _get(self) -> Reply:
        path = unquote(urlsplit(self.path).path)
        if self.headers.get("Content-Length") not in (None, "0") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
        answers = self.server.answers
        name = "index.html" if path == "/" else path.removeprefix("/")
        if name in STATIC_FILES:
            return Reply(HTTPStatus.OK, STATIC_FILES[name].read_bytes(), KINDS[Path(name).suffix])
        if path == "/api/setup":
            return _json(answers.setup())
        if path.startswith("/api/jobs/"):
            return _json(answers.job(path.removeprefix("/api/jobs/")))
        for prefix, find in (("/jobs/", answers.job_file), ("/book/", answers.book_file)):
            if path.startswith(prefix):
                found = find(path.removeprefix(prefix))
                download = found.download if parse_qs(urlsplit(self.path).query).get("download") else ""
                return Reply(
                    HTTPStatus.OK, found.path.read_bytes(), KINDS[found.path.suffix], guard.report_policy(), download
                )
        raise _Refused(HTTPStatus.NOT_FOUND, "there is nothing at this address; start at /")

    def _post(self) -> Reply:
        path = unquote(urlsplit(self.path).path)
        size = self._size()
        if path == "/api/file":
            return self._upload(size)
        question = self.server.answers.questions.get(path)
        if question is None:
            self._drain(size)
            raise _Refused(HTTPStatus.NOT_FOUND, "there is nothing to ask at this address")
        if size > MAX_BODY:
            self._drain(size)
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a question of {size} bytes; at most {MAX_BODY} are read"
            )
        body = self.rfile.read(size)
        if self.headers.get_content_type() != "application/json":
            raise _Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected a question of the type application/json")
        return _json(question(_object(body)))

    def _upload(self, size: int) -> Reply:
        query = parse_qs(urlsplit(self.path).query)
        desk_name, name = ((query.get(key) or [""])[0] for key in ("desk", "name"))
        desk = self.server.desks.find(desk_name)
        room = desk.room() if desk is not None else 0
        if desk is None or size > room:
            self._drain(size)
            if desk is None:
                raise _Refused(HTTPStatus.NOT_FOUND, "this tab's files are gone; reload the page")
            limit = (
                f"at most {MAX_FILE // 2**20} MiB a file" if room == MAX_FILE else f"{room} bytes are left for this tab"
            )
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a file of {size} bytes; {limit}; use the command line"
            )
        data = self.rfile.read(size)
        if len(data) < size:
            raise _Refused(HTTPStatus.BAD_REQUEST, "the file ended early")
        return _json({"file": desk.keep(name, data), "files": desk.files})

    def _size(self) -> int:
        """The length of the body, which must be given."""
        if self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "chunked bodies are not read; give a Content-Length")
        text = self.headers.get("Content-Length", "")
        if not (text.isascii() and text.isdecimal() and len(text) < 16):
            self.close_connection = True
            raise _Refused(HTTPStatus.LENGTH_REQUIRED, "expected a Content-Length")
        return int(text)

    def _drain(self, size: int) -> None:
        """Read what a browser is still sending, else it shows a broken connection and not the reason."""
        self.close_connection = True
        left = min(size, MAX_DRAINED)
        while left > 0 and (part := self.rfile.read(min(left, CHUNK))):
            left -= len(part)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("Content-Security-Policy", reply.policy)
        for key, value in guard.HEADERS.items():
            self.send_header(key, value)
        if reply.download:
            self.send_header("Content-Disposition", f'attachment; filename="{reply.download}"')
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library refuses, in this server's own words."""
        self.close_connection = True
        if not hasattr(self, "command") or self.command is None:
            self.command = ""
        self.request_version = getattr(self, "request_version", "") or "HTTP/1.1"
        self._send(_problem(code, message or HTTPStatus(code).phrase))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the page shows what goes wrong."""


class _Refused(Exception):
    """A request that gets no answer, and why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


# The page looks like the reports, whose style it begins with.
STATIC_FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in KINDS} | {
    "report.css": TEMPLATES / "style.css"
}


def _json(data: Any) -> Reply:
    return Reply(HTTPStatus.OK, json.dumps(data).encode())


def _problem(status: int, message: str) -> Reply:
    return Reply(status, json.dumps({"error": message}).encode())


def _object(body: bytes) -> dict[str, Any]:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _Refused(HTTPStatus.BAD_REQUEST, "the question is not JSON") from error
    if not isinstance(data, dict):
        raise _Refused(HTTPStatus.BAD_REQUEST, "the question is not a JSON object")
    return data
