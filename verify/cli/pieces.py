"""``verify pieces``: the exact numbers of cells, linear pieces and affine maps, and a picture."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from verify import api
from verify.arrangement import CountInterrupted, Pieces, Volumes, average_degree, count, samples, volume_histogram
from verify.arrangement.bounds import montufar_bound
from verify.arrangement.domain import make_domain
from verify.arrangement.stream import CellStream
from verify.cli.console import Console
from verify.cli.options import bounded, choosing_output, limit_memory, number
from verify.cli.progress import Progress
from verify.cli.streaming import STANDARD_OUTPUT, write_cells
from verify.cli.workers import jobs_option, workers
from verify.errors import BudgetExceeded, InputError
from verify.formats.reading import is_folder
from verify.network import Network
from verify.rational import counted
from verify.region import Region
from verify.report.pieces_statistics import sample_lines, samples_json, volume_lines, volumes_json
from verify.report.record import check_apart, check_writable
from verify.search.budget import Budget

ENDINGS = {"--plot": (".svg",), "--export": (".json", ".npz"), "--record": (".json",), "--stream": (".jsonl",)}
INTERRUPTED = 130


@click.command()
@click.argument("network")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="The region to look at.")
@click.option("--plot", metavar="FILE.svg", help="Draw the pieces of a region of one or two dimensions.")
@click.option("--export", metavar="FILE", help="Write every cell and its map to FILE.json or FILE.npz.")
@click.option(
    "--stream", metavar="FILE.jsonl", help="Write every cell as a line when it is known; keep none (- prints)."
)
@click.option("--record", metavar="FILE.json", help="Write evidence for the counts, which verify recheck replays.")
@click.option("--volumes", "wants_volumes", is_flag=True, help="Show how large the cells are, from exact volumes.")
@click.option("--segments", metavar="N", help="Count on N random segments of a bounded region too.")
@click.option("--slices", metavar="N", help="Count on N random triangles of a bounded region too.")
@click.option("--seed", metavar="S", default="0", show_default=True, help="The seed of random segments and slices.")
@click.option("--limit", metavar="N", help="Give up beyond N cells (status 3).")
@jobs_option
@choosing_output
@bounded
def pieces(
    network: str,
    region: str,
    plot: str | None,
    export: str | None,
    stream: str | None,
    record: str | None,
    wants_volumes: bool,
    segments: str | None,
    slices: str | None,
    seed: str,
    limit: str | None,
    jobs: str,
    output: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Count activation cells, linear pieces and affine maps of NETWORK on a region, exactly.

    A cell is a full-dimensional set of points with one activation pattern; a piece is a maximal union of cells with one
    affine map, connected through facets.
    """
    seconds, most = number(timeout, "timeout"), _whole(limit, "limit")
    wanted = {"segments": _whole(segments, "segments"), "slices": _whole(slices, "slices")}
    start = _seed(seed)
    _check_files({"--plot": plot, "--export": export, "--record": record, "--stream": stream}, network)
    if stream is not None:
        kept = {"--plot": plot, "--export": export, "--record": record, "--volumes": wants_volumes}
        _refuse_beside_stream(stream, [option for option, given in kept.items() if given], as_json=as_json)
    limit_memory(memory)
    lines, was_interrupted = 0, False
    began = time.monotonic()
    with Progress(f"{network}: pieces") as progress, workers(jobs) as executor:
        loaded = api.load(network, output)
        budget = replace(api.make_budget(seconds, progress.line), executor=executor)
        where = api.parse_region(region, loaded)
        if plot is not None:
            _require_drawable(loaded, where, budget)
        drawn = [samples(loaded, where, kind, many, start, budget) for kind, many in wanted.items() if many]
        if stream is None:
            try:
                found = count(loaded, where, budget, most)
            except CountInterrupted as stop:
                found, was_interrupted = stop.found, True
        else:
            found, lines, was_interrupted = write_cells(CellStream(loaded, where, budget, most), stream)
        sizes = _volumes(found, budget) if wants_volumes else None
        written = _written(found, plot, export)
        if record is not None and found.cells is not None:
            _record(loaded, found, record, budget)
            written["record"] = record
    if as_json:
        data = _data(loaded, found, time.monotonic() - began, written)
        data |= {"stream": stream, "streamed": None if stream is None else lines}
        data["volumes"] = None if sizes is None else volumes_json(sizes)
        data |= {kind: None for kind in wanted} | {each.kind: samples_json(each) for each in drawn}
        click.echo(json.dumps(data, indent=1))
    else:
        _show(loaded, found, written, on_stderr=stream == STANDARD_OUTPUT)
        if stream not in (None, STANDARD_OUTPUT):
            click.echo(f"  stream: {stream} ({counted(lines, 'line')})")
        for line in (*volume_lines(sizes), *(line for each in drawn for line in sample_lines(each))):
            click.echo(line, err=stream == STANDARD_OUTPUT)
    if was_interrupted and stream is None:
        return INTERRUPTED
    if was_interrupted:
        where_to = "printed" if stream == STANDARD_OUTPUT else f"in {stream}"
        click.echo(f"verify: interrupted; {counted(lines, 'whole line')} {where_to}", err=True)
        return INTERRUPTED
    missing = found.cells is None or isinstance(sizes, str)
    return 3 if missing or any(each.reason for each in drawn) else 0


def _check_files(files: dict[str, str | None], network: str) -> None:
    """Refuse files that cannot be written, before anything is counted."""
    written = {o: file for o, file in files.items() if file is not None and (o, file) != ("--stream", STANDARD_OUTPUT)}
    for option, file in written.items():
        if not file.endswith(ENDINGS[option]):
            what = "is a folder; name a file to write, one" if is_folder(Path(file)) else "expected a file name"
            raise InputError(f"{option} {file}: {what} that ends in {' or '.join(ENDINGS[option])}")
        check_writable(Path(file), option)
    check_apart({option: Path(file) for option, file in written.items()}, [network])


def _refuse_beside_stream(stream: str, kept: list[str], *, as_json: bool) -> None:
    """What a stream cannot do: it keeps no cells, and has standard output for itself if it is printed."""
    if kept:
        raise InputError(f"--stream {stream}: no cells are kept for {kept[0]}; leave out one of the two")
    if as_json and stream == STANDARD_OUTPUT:
        raise InputError("--stream - and --json both print to standard output; name a file to write the cells to")


def _require_drawable(network: Network, region: Region, budget: Budget) -> None:
    """Told now, not after the counting."""
    from verify.report.pieces import require_drawable

    if network.is_piecewise_linear:
        require_drawable(make_domain(network, region, budget))


def _volumes(found: Pieces, budget: Budget) -> Volumes | str:
    """The histogram, or why there is none."""
    if found.cells is None:
        return "the cells were not counted"
    try:
        return volume_histogram(found, budget)
    except (BudgetExceeded, MemoryError) as stop:
        return str(stop) or "out of memory"


def _record(network: Network, found: Pieces, path: str, budget: Budget) -> None:
    """Write the record of the counts."""
    from verify.arrangement.proof import prove
    from verify.report.counts_record import counted_json
    from verify.report.record import write_text
    from verify.report.record_json import unchecked_json

    region, began = found.domain.region, time.monotonic()
    counts, shown = prove(network, found, budget)
    unchecked = unchecked_json("arrangement", (), "", time.monotonic() - began, "")
    whole = {**counted_json(network, region, counts, shown), "unchecked": unchecked}
    write_text(Path(path), json.dumps(whole) + "\n")


def _whole(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not text.isdecimal() or not 1 <= int(text[:12]) <= 10**9:
        raise InputError(f"--{name} {text[:40]}: expected a whole number from 1 to 1000000000")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise InputError(f"--seed {text[:40]}: expected a whole number of at most 18 digits")
    return int(text)


def _written(found: Pieces, plot: str | None, export: str | None) -> dict[str, str]:
    """Write what was asked for; nothing where there are no counts."""
    if found.cells is None or (plot is None and export is None):
        return {}
    from verify.report.pieces import picture
    from verify.report.pieces_export import exported
    from verify.report.record import write_bytes

    files: dict[str, str] = {}
    if plot is not None:
        write_bytes(Path(plot), picture(found).document().encode())
        files["plot"] = plot
    if export is not None:
        write_bytes(Path(export), exported(found, export))
        files["export"] = export
    return files


def _data(network: Network, found: Pieces, seconds: float, files: dict[str, str]) -> dict[str, object]:
    """The counts as plain data, null where not counted."""
    degree = average_degree(found)
    return {
        "network": {"name": network.name, "sha256": network.digest},
        "region": found.domain.region.text,
        "dimension": found.domain.dimension,
        "cells": found.cells,
        "pieces": found.pieces,
        "affine_maps": found.affine_maps,
        "cells_at_least": found.at_least,
        "cells_at_most": str(montufar_bound(found.domain.network, found.domain.dimension)),
        "average_degree": degree,
        "reason": found.reason,
        "seconds": round(seconds, 3),
        **files,
    }


def _show(network: Network, found: Pieces, files: dict[str, str], *, on_stderr: bool) -> None:
    out = Console(highlight=False, soft_wrap=True, stderr=on_stderr)
    where = found.domain.region.text or "the region"
    if found.cells is None:
        out.print(Text(f"not counted: {found.reason}; at least {counted(found.at_least, 'cell')}", style="yellow"))
        return
    out.print(Text(f"{network.name} on {where}"))
    degree = average_degree(found)
    rows = [
        (
            found.cells,
            "activation cell",
            f"each with {degree:.4g} neighbour{'' if degree == 1 else 's'} on average" if degree else "",
        ),
        (found.pieces, "linear piece", "cells with one affine map, joined through facets"),
        (found.affine_maps, "affine map", "different ones"),
    ]
    width = len(str(found.cells))
    for value, name, note in rows:
        if value is None:
            out.print(Text(f"  {'?':>{width}} {name}s  (not counted while cells of this region are streamed)"))
            continue
        line = Text(f"  {value:>{width}} {name if value == 1 else name + 's'}")
        if note:
            line.append(f"  ({note})", style="dim")
        out.print(line)
    for kind, path in files.items():
        out.print(Text(f"  {kind}: {path}", style="dim"))
