"""``verify lipschitz``: the smallest Lipschitz constant on a region."""

from __future__ import annotations

import json
import math
from fractions import Fraction

import click
from rich.text import Text

from verify import api
from verify.cli.console import Console
from verify.cli.options import bounded, choosing_output, limit_memory, number
from verify.cli.progress import Progress
from verify.digits import display
from verify.region.norms import NORMS
from verify.report.points import point_text
from verify.search.commands.lipschitz import LipschitzConstant


@click.command()
@click.argument("network")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="The region to look at.")
@click.option("--norm", default="linf", show_default=True, help=f"The norm of the inputs: {', '.join(NORMS)}.")
@choosing_output
@bounded
def lipschitz(
    network: str, region: str, norm: str, output: str | None, timeout: str | None, memory: str | None, as_json: bool
) -> int:
    """Find the smallest K with |f(x) - f(y)| <= K ||x - y|| for every output: exact, or bounds (status 3)."""
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    with Progress(f"{network}: lipschitz") as progress:
        found = api.lipschitz(api.load(network, output), region, norm=norm, timeout=seconds, report=progress.line)
    if as_json:
        click.echo(json.dumps(_data(found), indent=1))
    else:
        _show(found)
    return 0 if found.exact else 3


def _data(found: LipschitzConstant) -> dict[str, object]:
    """The result as plain data; bounds of the L2 norm may be square roots of rationals."""
    return {
        "norm": found.norm,
        "exact": found.exact,
        "lower": found.text(found.lower),
        "upper": found.text(found.upper),
        "output": found.output,
        "point": found.point.strings(),
        "cells": found.cells,
        "reason": found.reason,
    }


def _show(found: LipschitzConstant) -> None:
    out = Console(highlight=False, soft_wrap=True)
    if found.exact:
        out.print(Text(f"Lipschitz constant  {_short(found, found.lower)}  ({NORMS[found.norm]} norm)"))
    else:
        between = f"{_short(found, found.lower)} to {_short(found, found.upper)}"
        out.print(Text(f"Lipschitz constant  {between}  ({NORMS[found.norm]} norm; {found.reason})", style="yellow"))
    cells = f"{found.cells} cell{'s' if found.cells != 1 else ''}"
    out.print(Text(f"  the gradient of output {found.output} at x = {point_text(found.point)}; {cells}", style="dim"))


def _short(found: LipschitzConstant, value: Fraction) -> str:
    """The exact text where it is short, and a decimal where that tells more."""
    text = found.text(value)
    if text.isdigit():
        return text
    decimal = f"~{math.sqrt(value):.6g}" if found.norm == "l2" else display(value, 0)
    return f"{text} ({decimal})" if len(text) <= 24 else decimal
