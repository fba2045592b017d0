"""The command that writes a network as a formula."""

from __future__ import annotations

import json

import click

from verify import api
from verify.cli.options import bounded, choosing_output, limit_memory, number, output_list
from verify.cli.progress import Progress
from verify.errors import BudgetExceeded, InputError


@click.command()
@click.argument("network")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="Where the form should hold.")
@click.option("--form", "kind", default="piecewise", show_default=True, help="One of max, piecewise, derivation.")
@click.option("--latex", is_flag=True, help="Print LaTeX.")
@click.option("--mathml", is_flag=True, help="Print presentation MathML.")
@click.option("--outputs", metavar="0,2", help="Only these outputs.")
@click.option("--pieces", default="64", show_default=True, metavar="N", help="Show the Max form beyond N pieces.")
@choosing_output
@bounded
def symbolic(
    network: str,
    region: str,
    kind: str,
    latex: bool,
    mathml: bool,
    outputs: str | None,
    pieces: str,
    output: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Write NETWORK as nested Max, or as Piecewise with one branch per affine map; checked before it is shown."""
    seconds, most, chosen = number(timeout, "timeout"), _count(pieces), output_list(outputs)
    limit_memory(memory)
    style = _style(kind, latex=latex, mathml=mathml, as_json=as_json)
    from verify.symbolic.cells import FormTooLarge
    from verify.symbolic.output import as_comment, lines, to_json

    try:
        with Progress(f"{network}: symbolic") as progress:
            loaded = api.load(network, output)
            form = api.symbolic_form(loaded, region, outputs=chosen, pieces=most, timeout=seconds, report=progress.line)
    except (FormTooLarge, BudgetExceeded) as stop:
        click.echo(f"verify: no form of {network}: {stop}", err=True)
        return 3
    if as_json:
        source = {"name": loaded.name, "sha256": loaded.digest}
        click.echo(json.dumps({"network": source, "chosen_outputs": chosen, **to_json(form, kind)}, indent=1))
        return 0
    if form.reason and kind != "max":
        click.echo(as_comment(f"{form.reason}; the Max form:" if kind == "piecewise" else form.reason, style))
    for line in lines(form, kind, style):
        click.echo(line)
    assert form.agreement is not None
    click.echo(as_comment(f"checked: {form.agreement.sentence()}", style))
    return 0


def _style(kind: str, *, latex: bool, mathml: bool, as_json: bool) -> str:
    """How to print, or one line on what does not fit together."""
    if kind not in ("max", "piecewise", "derivation"):
        raise InputError(f"--form {kind}: expected max, piecewise or derivation")
    if latex + mathml + as_json > 1:
        raise InputError("--latex, --mathml and --json exclude one another (the JSON has both text and LaTeX)")
    return "latex" if latex else "mathml" if mathml else "text"


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:9]) <= 10_000:
        raise InputError(f"--pieces {text}: expected a whole number from 1 to 10000")
    return int(text)
