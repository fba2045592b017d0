"""The interactive shell: lines come from a prompt, or from a file or pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import click

from verify.cli.ask import bindings
from verify.cli.options import choosing_output, choosing_second_output, number
from verify.cli.session import Session
from verify.errors import InputError

INTERRUPTED = 130


@click.command()
@click.argument("network")
@click.option("--to", "other", metavar="OTHER", help="The network that g stands for.")
@choosing_output
@choosing_second_output
@click.option("--let", "bound", metavar="NAME=FILE", multiple=True, help="A further network by name; may be repeated.")
@click.option("--timeout", metavar="SECONDS", help="Give up a question after this many seconds.")
def shell(
    network: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    bound: tuple[str, ...],
    timeout: str | None,
) -> int:
    """Ask about NETWORK, one line after the other; 'help' says what a line can be.

    Lines may be piped in. Then the exit status is 0 if every line was understood, whatever the verdicts are; else the
    first that applies of 4, 2 and 3.
    """
    names = {"f": network, **({"g": other} if other is not None else {}), **bindings(bound)}
    if to_output is not None and other is None:
        raise InputError(f"--to-output {to_output}: there is no second network; name it with --to")
    outputs = {name: tensor for name, tensor in (("f", output), ("g", to_output)) if tensor is not None}
    session = Session(names, number(timeout, "timeout"), outputs=outputs)
    for name in names:
        session.load(name)
    if sys.stdin.isatty():
        session.run("network")
        return _converse(session)
    for line in sys.stdin:
        session.run(line)
        if session.ended:
            break
    return session.status


def _converse(session: Session) -> int:
    """Prompt until the end; Ctrl-C stops a question and leaves the shell running."""
    for line in _lines(session):
        try:
            session.run(line)
        except KeyboardInterrupt:
            click.echo("interrupted", file=sys.stderr)
        if session.ended:
            break
    return 0


def _lines(session: Session) -> Iterator[str]:
    read = _reader(session)
    while True:
        try:
            yield read("verify> ")
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _reader(session: Session) -> Callable[[str], str]:
    """A prompt with completion and history, where prompt_toolkit is installed; else a plain one."""
    try:
        from verify.cli.prompt import reader
    except ImportError:
        click.echo("completion and history come with prompt_toolkit: pip install relu-verify[shell]", file=sys.stderr)
        return input
    return reader(session)
