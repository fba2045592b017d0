"""The command that decides a formula of the language."""

from __future__ import annotations

import re

import click

from verify import api
from verify.asking import ask as decide
from verify.asking import formula_claim
from verify.cli.deciding import STATUS, Deciding, deciding
from verify.cli.options import choosing_output, choosing_second_output
from verify.errors import InputError

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
@deciding
def ask(
    network: str,
    formula: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    bound: tuple[str, ...],
    how: Deciding,
) -> int:
    """Prove or refute FORMULA, in which f is NETWORK.

    For example: "f(x + y) == f(x) + f(y) for x, y in box(0, 1)". It is read literally: only the conditions after 'for'
    keep arguments in a region. docs/language.md has the grammar.
    """
    let = bindings(bound)
    first = network if output is None else api.load(network, output)
    second = other if to_output is None else api.second_network(other, to_output)
    if how.show_smt:
        return how.query(formula_claim(first, formula, to=second, let=let))
    with how.search(f"{network}: {formula}"[:200]) as search:
        result = decide(first, formula, to=second, let=let, **search)
    how.finish([result])
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
