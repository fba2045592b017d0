"""The command that writes a first claims file."""

from __future__ import annotations

from pathlib import Path

import click

from verify import api
from verify.cli.options import choosing_output, limit_memory, number
from verify.cli.progress import Progress
from verify.errors import InputError
from verify.gate.first import first_file, look, reference_name
from verify.kernel.check import Verdict
from verify.rational import counted
from verify.report.record import check_apart, check_writable, write_bytes, write_text

SECONDS = "20"


@click.command()
@click.argument("network")
@choosing_output
@click.option("--on", "region", default="box(-1, 1)", show_default=True, metavar="REGION", help="Where inputs lie.")
@click.option("-o", "--out", "out", default="verify.toml", show_default=True, metavar="FILE", help="The file to write.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.option("--timeout", default=SECONDS, show_default=True, metavar="SECONDS", help="Look for so long.")
@click.option("--no-reference", is_flag=True, help="Write no copy of NETWORK to compare later versions with.")
@click.option("--memory", metavar="MIB", help="Give up beyond this much memory (status 3).")
def init(
    network: str,
    output: str | None,
    region: str,
    out: str,
    force: bool,
    timeout: str,
    no_reference: bool,
    memory: str | None,
) -> int:
    """Look at NETWORK for some seconds and write a first claims file for 'verify gate', ready to be edited.

    Beside it a copy of NETWORK is written: the first claim is that later versions equal it.
    """
    seconds = number(timeout, "timeout") or float(SECONDS)
    limit_memory(memory)
    path = Path(out)
    check_writable(path, "-o")
    check_apart({"-o": path}, [network])
    if (path.exists() or path.is_symlink()) and not force:
        raise InputError(f"{out}: is there already; edit it, name another file with -o, or add --force")
    with Progress(f"{network}: init") as progress:
        loaded = api.load(network, output)
        reference = "" if no_reference else reference_name(network, loaded)
        copied = _bytes_to_copy(Path(network), path.parent / reference, force=force) if reference else b""
        found = list(look(loaded, region, seconds, reference, progress.line))
    if any(looked.to for looked in found):
        write_bytes(path.parent / reference, copied)
    write_text(path, first_file(network, found, path.parent, region, output))
    counts = {verdict: sum(looked.result.verdict is verdict for looked in found) for verdict in Verdict}
    said = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    click.echo(f"{out}: {counted(len(found), 'claim')} tried, {said}; edit it, then run 'verify gate {out}'")
    return 0


def _bytes_to_copy(network: Path, copy: Path, *, force: bool) -> bytes:
    """What the copy will hold; another file of its name is not written over."""
    content = network.read_bytes()
    if (copy.exists() or copy.is_symlink()) and not force and (not copy.is_file() or copy.read_bytes() != content):
        raise InputError(f"{copy}: is there already, and is no copy of {network}; add --force, or --no-reference")
    return content
