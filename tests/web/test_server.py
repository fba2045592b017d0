"""The server against requests that no page sends, and the answers that every page gets."""

from __future__ import annotations

import socket
import socketserver
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.cli import call
from tests.support.seeds import draws
from tests.web.client import BASE, Client
from tests.web.conftest import BOOK_PAGE
from verify.web import server as servers
from verify.web.desks import MAX_FILE
from verify.web.server import STATIC_FILES, Server

MIB = 2**20


@pytest.mark.parametrize("name", sorted(STATIC_FILES))
def test_every_part_of_the_page_is_sent_with_its_policy(client: Client, name: str) -> None:
    answer = client.get(f"/{name}")
    assert answer.status == 200 and answer.body == STATIC_FILES[name].read_bytes()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers and "Access-Control-Allow-Origin" not in answer.headers


def test_the_page_loads_nothing_from_elsewhere() -> None:
    for path in STATIC_FILES.values():
        text = path.read_text(encoding="utf-8")
        assert "//" not in text.replace("// ", "").replace('"http://www.w3.org', ""), path.name
        assert "@import" not in text and "url(" not in text and "innerHTML" not in text and "eval(" not in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "", None, "[::1]:80"])
def test_a_name_that_was_bound_to_this_address_is_refused(client: Client, host: str | None) -> None:
    for method, path in (("GET", "/"), ("GET", "/api/setup"), ("POST", "/api/desk")):
        answer = client.send(method, path, b"{}" if method == "POST" else None, {"Host": host})
        assert answer.status == 403 and "by that name" in answer.error


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1", "", None])
def test_posts_from_elsewhere_are_refused(client: Client, origin: str | None) -> None:
    for path in ("/api/desk", "/api/play", "/api/file?desk=x&name=x.onnx", "/api/cancel"):
        answer = client.send("POST", path, b"{}", {"Origin": origin})
        assert answer.status == 403 and "only this server's own page" in answer.error


def test_a_page_from_elsewhere_cannot_read_either(client: Client) -> None:
    assert client.send("GET", "/api/setup", None, {"Origin": "http://evil.example"}).status == 403


def test_localhost_is_the_same_server(client: Client) -> None:
    name = f"localhost:{client.port}"
    assert client.send("POST", "/api/desk", b"{}", {"Host": name, "Origin": f"http://{name}"}).status == 200


def test_only_this_machine_can_connect(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b"not json", {}, 400),
        (b"[1]", {}, 400),
        (b"[" * 60_000, {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"x" * 70_000, {}, 413),
        (b"{}", {"Content-Length": None}, 411),
        (b"{}", {"Content-Length": "-2"}, 411),
        (b"{}", {"Content-Length": "two"}, 411),
        (b"{}", {"Content-Length": None, "Transfer-Encoding": "chunked"}, 411),
    ],
)
def test_questions_that_cannot_be_read(
    client: Client, body: bytes, headers: dict[str, str | None], status: int
) -> None:
    answer = client.send("POST", "/api/play", body, headers)
    assert answer.status == status and answer.error


@pytest.mark.parametrize("path", ["/nothing", "/static/page.js", "/../answers.py", "/%2e%2e/answers.py", "/server.py"])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert client.get(path).status == 404


def test_other_methods_are_refused(client: Client) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "X"):
        assert client.send(method, "/").status == 501


def test_head_has_no_body(client: Client) -> None:
    answer = client.send("HEAD", "/")
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 1000


def test_the_book_is_a_folder_and_no_more(client: Client) -> None:
    answer = client.get("/book/index.html")
    assert answer.status == 200 and answer.body.decode() == BOOK_PAGE
    assert "script-src 'sha256-" in answer.headers["Content-Security-Policy"]
    for path in ("../secret.html", "%2e%2e/secret.html", "/etc/passwd", "x%00.html", "index.py", "..%2fsecret.html"):
        assert client.get(f"/book/{path}").status == 400


def test_a_wrong_state_is_told_in_one_line(client: Client) -> None:
    answer = client.ask("/api/play", {**BASE, "weights": "<img src=x>"})
    assert answer.status == 400 and "weights" in answer.error and answer.headers["Content-Type"] == "application/json"


def test_a_file_of_100_mib_is_refused_before_it_is_kept(client: Client, server: Server) -> None:
    desk = client.desk()
    answer = client.upload(desk, "big.onnx", bytes(100 * MIB))
    assert answer.status == 413 and str(MAX_FILE // MIB) in answer.error
    found = server.desks.find(desk)
    assert found is not None and found.files == []


def test_a_desk_has_room_for_so_much(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.web.desks.MAX_DESK", 1000)
    desk = client.desk()
    assert client.upload(desk, "a.npy", bytes(600)).status == 200
    refused = client.upload(desk, "b.npy", bytes(600))
    assert refused.status == 413 and "400 bytes" in refused.error


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../x.onnx", "x.onnx"),
        ("..\\..\\x.onnx", "x.onnx"),
        ("<img src=x onerror=alert(1)>.toml", "_img_src_x_onerror_alert_1_.toml"),
        (".onnx", "file.onnx"),
        ("a b\n\u202e.ONNX.GZ", "a_b_.onnx.gz"),
        ("-rf.npy", "rf.npy"),
    ],
)
def test_names_of_files_become_harmless(client: Client, name: str, kept: str) -> None:
    assert client.upload(client.desk(), name, b"x").json["file"] == kept


@pytest.mark.parametrize("name", ["x.py", "x", "", "onnx", "x.onnx/", "x.pt"])
def test_other_kinds_of_files_are_refused(client: Client, name: str) -> None:
    answer = client.upload(client.desk(), name, b"x")
    assert answer.status == 400 and "expected .onnx" in answer.error


def test_another_desk_is_not_found(client: Client) -> None:
    assert client.upload("nobody", "x.onnx", b"x").status == 404
    for question in ({"desk": "nobody"}, {"desk": 3}, {}):
        answer = client.ask("/api/ask", {"action": "describe", "network": "example:relu", **question})
        assert answer.status == 400


def test_desks_make_room(client: Client, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("verify.web.desks.MAX_DESKS", 3)
    first = client.desk()
    for _ in range(3):
        client.desk()
    assert server.desks.find(first) is None


def test_a_taken_port_is_said(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    done = call(capsys, "serve", "--port", str(server.port))
    assert done.status == 2 and f"port {server.port}" in done.err and "--port" in done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--port", "80"], "1024"),
        (["--port", "x"], "--port"),
        (["--book", "/nowhere"], "index.html"),
        (["missing.onnx"], "missing.onnx"),
    ],
)
def test_wrong_arguments(capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    done = call(capsys, "serve", *arguments)
    assert done.status == 2 and words in done.err


LINES = st.sampled_from(["GET", "POST", "HEAD", "PUT", "get", "", "\x00", "GET /", "POST / HTTP/9.9"])
PATHS = st.sampled_from(
    [
        *("/", "/api/play", "/api/survey", "/api/desk", "/api/ask", "/api/jobs/x", "/api/cancel", "/jobs/x/claim.html"),
        *("/api/file?desk=a&name=b.onnx", "/book/", "/book/%00", "//", "*", "http://evil/", "/%ff", "/?" + "a" * 5000),
    ]
)
BODIES = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"{}", b'{"desk": 1}', b'{"model": "neuron"}', b'{"view": [1]}', b"[]", b"null", b"1e999"]),
    st.builds(
        lambda key, value: f'{{"{key}": {value}}}'.encode(), st.sampled_from([*BASE, "view", "tab"]), st.integers()
    ),
)


@given(LINES, PATHS, BODIES, st.booleans(), st.booleans(), st.sampled_from(["", "0", "5", "999999999999", "-1", "x"]))
@draws(250)
def test_random_requests_leave_it_standing(
    server: Server, line: str, path: str, body: bytes, host: bool, origin: bool, length: str
) -> None:
    problems: list[str] = []
    port = server.port
    text = f"{line} {path} HTTP/1.1\r\n"
    text += f"Host: 127.0.0.1:{port}\r\n" if host else ""
    text += f"Origin: http://127.0.0.1:{port}\r\n" if origin else ""
    text += f"Content-Type: application/json\r\nContent-Length: {length or len(body)}\r\n\r\n"
    with pytest.MonkeyPatch.context() as patch, socket.create_connection(("127.0.0.1", port), timeout=60) as stream:
        patch.setattr(servers, "print", lambda *parts, **_: problems.append(str(parts)), raising=False)
        stream.sendall(text.encode("latin-1") + body)
        stream.shutdown(socket.SHUT_WR)
        answer = b""
        while part := stream.recv(65536):
            answer += part
    assert not problems
    assert b"Traceback" not in answer and b"internal error" not in answer
    assert not answer or answer.startswith((b"HTTP/1.", b"{"))


def test_the_folder_goes_with_the_server(tmp_path: Path) -> None:
    own = Server(0)
    folder = own.desks.new().folder
    assert folder.is_dir()
    own.close()
    assert not folder.exists() and not own.desks.folder.exists()


def test_an_interrupt_while_a_connection_begins(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread has begun, and lets go too."""

    def begun(self: Server, request: object, address: object) -> None:
        self.process_request_thread(request, address)
        raise KeyboardInterrupt

    monkeypatch.setattr(socketserver.ThreadingMixIn, "process_request", begun)
    monkeypatch.setattr(socketserver.ThreadingMixIn, "process_request_thread", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        server.process_request(None, None)
