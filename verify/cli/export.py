"""The command that writes a claim for other tools."""

from __future__ import annotations

import click

from verify import api
from verify.cli.options import choosing_output, choosing_second_output, limit_memory, output_list
from verify.rational import parse_rational


@click.command()
@click.argument("network")
@click.argument("property")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="Where it should hold.")
@click.option("--to", "other", metavar="OTHER", help="The second network of 'equivalent'.")
@choosing_output
@choosing_second_output
@click.option("--outputs", metavar="0,2", help="Only these outputs.")
@click.option("--smtlib", metavar="FILE", help="Write the literal query, as SMT-LIB 2.")
@click.option("--vnnlib", metavar="FOLDER", help="Write ONNX networks with VNN-LIB 1.0 files about them.")
@click.option(
    "--margin",
    default=api.MARGIN,
    show_default=True,
    metavar="E",
    help="VNN-LIB asks for values that are out by E or more; 0: out at all, by strict comparisons.",
)
@click.option("--force", is_flag=True, help="Write over files that are there.")
@click.option("--memory", metavar="MIB", help="Give up beyond this much memory (status 3).")
def export(
    network: str,
    property: str,
    region: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    outputs: str | None,
    smtlib: str | None,
    vnnlib: str | None,
    margin: str,
    force: bool,
    memory: str | None,
) -> int:
    """Write the claim that NETWORK has PROPERTY for other tools: they are asked for a counterexample.

    The arguments are those of 'verify check'. SMT-LIB says the claim exactly: unsat means proved. Of VNN-LIB, sat means
    refuted; unsat means proved with --margin 0 only, which few tools read.
    """
    limit_memory(memory)
    written = api.export(
        network,
        property,
        region,
        to=other,
        outputs=output_list(outputs),
        output=output,
        to_output=to_output,
        smtlib=smtlib,
        vnnlib=vnnlib,
        margin=parse_rational(margin),
        force=force,
    )
    for path in written:
        click.echo(f"wrote {path}")
    return 0
