"""``verify show``: what was read of a network file."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from verify import api
from verify.cli.console import Console
from verify.cli.options import choosing_output
from verify.errors import InputError
from verify.formats.toml_family import is_family
from verify.network import Block, InputPart, Network
from verify.rational import counted


@click.command()
@click.argument("network")
@choosing_output
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show(network: str, output: str | None, as_json: bool) -> int:
    """Show what was read of NETWORK: inputs and outputs with their numbers, layers, notes, files and digests."""
    if is_family(network):
        raise InputError(f"{network} describes a family of networks; show is about one network")
    loaded = api.load(network, output)
    if as_json:
        click.echo(json.dumps(network_json(loaded), indent=1))
    else:
        _show(loaded)
    return 0


def network_json(network: Network) -> dict[str, Any]:
    """The network's description as plain data."""
    return {
        "name": network.name,
        "source": network.source,
        "sha256": network.digest,
        "canonical_sha256": network.canonical_digest,
        "files": dict(network.files),
        "inputs": [
            {"name": part.name, "shape": list(part.shape), "first": part.start, "last": part.start + part.size - 1}
            for part in _parts(network)
        ],
        "output": network.output,
        "output_shape": list(network.output_shape),
        "outputs": network.output_size,
        "relu": network.relu_count,
        "smooth": sum(block.size for block in network.blocks if block.smooth is not None),
        "weights": network.weight_count,
        "layers": [
            {
                "name": block.name,
                "activation": _activation(block),
                "shape": list(block.shape),
                "units": block.size,
                "weights": _weights(block),
                "reads": [_source(network, source) for source, _ in block.inputs],
            }
            for block in network.blocks
        ],
        "notes": list(network.notes),
        "remarks": list(network.remarks),
        "unbounded": list(network.unbounded),
    }


def _parts(network: Network) -> tuple[InputPart, ...]:
    return network.inputs or (InputPart("x", network.input_shape),)


def _activation(block: Block) -> str:
    return {"ReLU": "relu", "affine": "none"}.get(block.kind, block.kind)


def _weights(block: Block) -> int:
    return sum(matrix.entry_count for _, matrix in block.inputs)


def _source(network: Network, source: int) -> str:
    return network.blocks[source - 1].name if source else "input"


def _numbers(first: int, size: int, letter: str = "x") -> str:
    return f"{letter}{first}" if size == 1 else f"{letter}{first} to {letter}{first + size - 1}"


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"


def _show(network: Network) -> None:
    console = Console(highlight=False, soft_wrap=True)
    smooth = sum(block.size for block in network.blocks if block.smooth is not None)
    ends = counted(network.input_size, "input"), counted(network.output_size, "output")
    sizes = f"{ends[0]}, {network.relu_count} ReLU, {ends[1]}"
    more = f", {counted(smooth, 'smooth unit')}" if smooth else ""
    console.print(Text(f"{network.name}: {sizes}{more}"))
    for part in _parts(network):
        console.print(Text(f"  input   {part.name}: {_shape(part.shape)}, {_numbers(part.start, part.size)}"))
    chosen = f"{network.output}: " if network.output is not None else ""
    numbers = _numbers(0, network.output_size, "")
    console.print(
        Text(f"  output  {chosen}{_shape(network.output_shape)}, number{'s' if ' ' in numbers else ''} {numbers}")
    )
    console.print(_layers(network))
    for line in network.remarks:
        console.print(Text(f"  read: {line}"))
    for line in network.notes:
        console.print(Text(f"  assumes: {line}"))
    for line in network.unbounded:
        console.print(Text(f"  no bound for float runs of it: {line}"))
    if network.source is not None:
        console.print(Text(f"  file: {network.source}", style="dim"))
    console.print(Text(f"  sha256: {network.digest}", style="dim"))
    for name, digest in network.files:
        console.print(Text(f"  and {name}: {digest}", style="dim"))


def _layers(network: Network) -> Table:
    """One line a block; what reads more than the block before it says what."""
    table = Table(box=None, pad_edge=False)
    for column in ("layer", "shape", "units", "weights", "then", "reads"):
        table.add_column(
            column,
            justify="right" if column in ("units", "weights") else "left",
            overflow="fold",
        )
    for number, block in enumerate(network.blocks, start=1):
        sources = [source for source, _ in block.inputs]
        reads = (
            "" if sources == [number - 1] else ", ".join(_source(network, source) for source in sources) or "nothing"
        )
        activation = "" if _activation(block) == "none" else _activation(block)
        table.add_row(
            Text(block.name), _shape(block.shape), str(block.size), str(_weights(block)), activation, Text(reads)
        )
    return table
