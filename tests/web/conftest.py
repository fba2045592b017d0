"""A server of the page, for all tests of this folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.client import Client
from verify.web.server import Server

BOOK_PAGE = "<!DOCTYPE html><title>book</title><p>The book"


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("reports")
    (folder / "index.html").write_text(BOOK_PAGE)
    (folder.parent / "secret.html").write_text("secret")
    running = Server(0, None, folder)
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield running
    running.shutdown()
    running.close()
    thread.join()


@pytest.fixture
def client(server: Server) -> Client:
    return Client(server.port)


@pytest.fixture(scope="session")
def digits() -> Path:
    return Path(__file__).resolve().parents[2] / "examples" / "digits_conv.onnx"
