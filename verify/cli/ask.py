"""The command that decides a formula of the language."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click

from verify import api
from verify.asking import ask as decide
from verify.asking import formula_claim
from verify.cli import display
from verify.cli.commands import STATUS, write_reports
from verify.cli.options import bounded, choosing_output, choosing_second_output, limit_memory, number, whole
from verify.cli.progress import Progress
from verify.cli.workers import sharing_options, workers
from verify.errors import InputError
from verify.report.folder import ReportFolder, take
from verify.search.decide import ENGINE_NAMES

# ``-h`` and ``--to=FILE`` are options; ``-f(x) <= 0 for x in nonneg`` is a formula.
_OPTION = re.compile(r"-[a-zA-Z]$|--[a-z][a-z-]*(=|$)|--?$")


class _WithFormula(click.Command):
    """A command whose formula may begin with a minus sign: click takes it as it is after a space."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, [f" {a}" if a[:1] == "-" and not _OPTION.match(a) else a for a in args])


def _typed(_ctx: click.Context, _parameter: click.Parameter, text: str) -> str:
    return text[1:] if text[:2] == " -" else text


@click.command(cls=_WithFormula)
@click.argument("network")
@click.argument("formula", callback=_typed)
@click.option("--to", "other", metavar="OTHER", help="The network that g stands for.")
@choosing_output
@choosing_second_output
@click.option("--let", "bound", metavar="NAME=FILE", multiple=True, help="A further network by name; may be repeated.")
@click.option("--engine", default="auto", show_default=True, help=f"One of {', '.join(ENGINE_NAMES)}.")
@click.option("--report", "folder", metavar="DIR", help="Write the evidence (*.json) and pages there.")
@click.option("--show-smt", is_flag=True, help="Print the literal query for an SMT solver and stop.")
@click.option("--work", metavar="STEPS", help="Give up after so many counted steps (status 3).")
@sharing_options
@bounded
def ask(
    network: str,
    formula: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    bound: tuple[str, ...],
    engine: str,
    folder: str | None,
    show_smt: bool,
    work: str | None,
    jobs: str,
    address: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Prove or refute FORMULA, in which f is NETWORK.

    For example: "f(x + y) == f(x) + f(y) for x, y in box(0, 1)". It is read literally: only the conditions after 'for'
    keep arguments in a region. docs/language.md has the grammar.
    """
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    let = bindings(bound)
    first = network if output is None else api.load(network, output)
    second = other if to_output is None else api.second_network(other, to_output)
    if show_smt:
        from verify.search.solver.literal import smt_text  # loads Z3

        click.echo(smt_text(formula_claim(first, formula, to=second, let=let)))
        return 0
    if folder is not None:
        take(ReportFolder(Path(folder)))
    with Progress(f"{network}: {formula}"[:200]) as progress, workers(jobs, address) as executor:
        result = decide(
            first,
            formula,
            to=second,
            let=let,
            timeout=seconds,
            engine=engine,
            report=progress.line,
            executor=executor,
            work=whole(work),
        )
    if folder is not None:
        write_reports(Path(folder), [result])
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=1))
    else:
        display.show_result(result, folder)
    return STATUS[result.verdict]


def bindings(items: tuple[str, ...]) -> dict[str, str]:
    """``g=FILE`` and so on as a dictionary."""
    result: dict[str, str] = {}
    for item in items:
        name, separator, source = item.partition("=")
        if not separator or not name.strip() or not source.strip():
            raise InputError(f"--let {item[:60]!r}: expected NAME=FILE, such as g=other.onnx")
        if name.strip() in result:
            raise InputError(f"--let {item[:60]!r}: {name.strip()} is bound twice")
        result[name.strip()] = source.strip()
    return result
