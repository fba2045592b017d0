"""``verify serve``: the local page."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from verify.cli.options import choosing_output, number
from verify.errors import InputError

BOOK = Path("reports")


@click.command()
@click.argument("network", required=False)
@choosing_output
@click.option("--port", metavar="PORT", default="8765", show_default=True, help="Where the page is to be found.")
@click.option("--book", metavar="DIR", help="A folder of reports to show (default: reports, where there is one).")
@click.option("--open", "show", is_flag=True, help="Open the page in the browser.")
def serve(network: str | None, output: str | None, port: str, book: str | None, show: bool) -> int:
    """Show the local page: small networks to play with, and NETWORK or any file that is dropped on it.

    It listens on 127.0.0.1 only, until Ctrl-C.
    """
    where = number(port, "port")
    if where is None or where != int(where) or not 1024 <= where <= 65535:
        raise InputError(f"--port {port[:20]}: expected a number from 1024 to 65535")
    if network is None and output is not None:
        raise InputError(f"--output {output}: of which network? name its file")
    if network is not None:
        from verify.api import load

        load(network, output)  # a wrong name is told now, not on the page
    folder = Path(book) if book is not None else BOOK
    if book is not None and not (folder / "index.html").is_file():
        raise InputError(f"--book {book}: no index.html there; 'verify check --report DIR' and 'make test' write one")
    from verify.web.server import Server

    try:
        server = Server(int(where), network, folder if (folder / "index.html").is_file() else None, output)
    except OSError as error:
        raise InputError(
            f"port {int(where)} of 127.0.0.1 cannot be had ({error.strerror or error}): another 'verify serve' may be"
            f" running; open http://127.0.0.1:{int(where)}/, or choose another port with --port"
        ) from error
    return _run(server, show)


def _run(server: object, show: bool) -> int:
    from verify.web.server import Server

    assert isinstance(server, Server)
    print(f"verify: the page is at {server.address} (Ctrl-C ends it)", file=sys.stderr, flush=True)
    if show:
        import webbrowser

        webbrowser.open(server.address)
    try:
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        return 0
    finally:
        server.close()
    return 0
