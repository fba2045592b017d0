"""The way to a Dask cluster."""

from __future__ import annotations

import importlib
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

from verify.errors import InputError


@dataclass(frozen=True)
class Connection:
    """A cluster's executor, whose answers are texts, and how many tasks its workers take at a time."""

    executor: Executor
    width: int
    client: Any

    def close(self) -> None:
        """Leave the cluster; what it still does for this client is given up."""
        self.client.close()


def connect(address: str) -> Connection:
    """The cluster at ``dask://HOST:PORT``. Raises ``InputError`` where there is none, or Dask is not installed."""
    kind, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if kind != "dask" or not host or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
        raise InputError(f"--executor {address[:80]}: expected dask://HOST:PORT")
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise InputError("Dask is missing; install it with: pip install 'relu-verify[dask]'") from error
    try:
        # Answers are texts: what a worker pickles is not read.
        client: Any = distributed.Client(f"tcp://{place}", timeout=10, set_as_default=False, deserializers=["msgpack"])
    except (OSError, ValueError) as error:
        raise InputError(f"--executor {address[:80]}: no scheduler answers there ({str(error)[:160]})") from error
    workers = sum(client.nthreads().values())
    if not workers:
        client.close()
        raise InputError(f"--executor {address[:80]}: the scheduler has no workers; start some with 'dask worker'")
    executor = client.get_executor(pure=False)
    assert isinstance(executor, Executor)
    return Connection(executor, workers, client)
