"""The command that writes a smaller network."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.text import Text

from verify import api
from verify.cli.console import Console
from verify.cli.options import bounded, choosing_output, limit_memory, number
from verify.cli.progress import Progress
from verify.network import Network


@click.command()
@click.argument("network")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="Where it must stay equal.")
@click.option(
    "-o", "--out", "out", required=True, metavar="OUT.onnx", help="The file to write; the proof goes beside it."
)
@choosing_output
@bounded
def simplify(
    network: str, region: str, out: str, output: str | None, timeout: str | None, memory: str | None, as_json: bool
) -> int:
    """Write a smaller network that equals NETWORK on a region, with the proof."""
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    with Progress(f"{network}: simplify") as progress:
        found = api.simplify(api.load(network, output), region, out=out, timeout=seconds, report=progress.line)
    if as_json:
        click.echo(json.dumps(_as_json(found), indent=1))
    else:
        _show(found, region)
    return 0


def _size(network: Network) -> dict[str, int]:
    return {"relu": network.relu_count, "weights": network.weight_count, "blocks": len(network.blocks)}


def _as_json(found: api.Simplification) -> dict[str, Any]:
    result = found.result
    return {
        "network": {"name": found.before.name, "sha256": found.before.digest, **_size(found.before)},
        "simplified": {"file": str(found.path), "sha256": found.after.digest, **_size(found.after)},
        "region": result.claim.region.text,
        "verdict": result.verdict.value,
        "assurance": result.assurance,
        "evidence": str(found.path.with_suffix(".json")),
        "seconds": round(result.outcome.seconds, 6),
        "notes": list(found.notes),
    }


def _show(found: api.Simplification, region: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    before, after = _size(found.before), _size(found.after)
    console.print(Text.assemble(("SIMPLIFIED", "bold green"), f"  {found.before.name} on {region}: {found.path}"))
    for word, key in (("neurons", "relu"), ("weights", "weights")):
        console.print(Text(f"  {word}  {before[key]} -> {after[key]}"))
    console.print(Text(f"  equal on the region: proved, {found.result.assurance}", style="dim"))
    for note in found.notes:
        console.print(Text(f"  {note}", style="dim"))
    console.print(Text(f"  evidence: {found.path.with_suffix('.json')}", style="dim"))
