"""The command that lists properties and built-in networks."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from verify.cli.console import Console
from verify.network import examples
from verify.property.catalogue import CATALOGUE, FAMILIES


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def properties(as_json: bool) -> int:
    """List the properties with their formulas, and the built-in networks."""
    known = catalogue()
    networks = [_network(name) for name in examples.names()]
    if as_json:
        click.echo(json.dumps({"properties": known, "networks": networks}, indent=1))
        return 0
    console = Console(highlight=False, emoji=False)
    _print(console, ("property", "formula"), [(p["name"], p["formula"]) for p in known])
    console.print(Text("\nEvery argument of f lies in the region. 'equivalent' takes its second network from --to.\n"))
    _print(console, ("network", "inputs, ReLU, outputs"), [(n["name"], n["size"]) for n in networks])
    return 0


def catalogue() -> list[dict[str, str]]:
    """The name of each property, as one writes it, and its formula."""
    plain = [{"name": name, "formula": wanted.formula} for name, wanted in CATALOGUE.items()]
    families = [family for family in FAMILIES.values() if not family.synonym]
    return plain + [{"name": family.usage, "formula": family.formula} for family in families]


def _network(name: str) -> dict[str, Any]:
    network = examples.get(name)
    return {"name": name, "size": f"{network.input_size}, {network.relu_count}, {network.output_size}"}


def _print(console: Console, header: tuple[str, str], rows: list[tuple[str, str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for word in header:
        table.add_column(word)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)
