"""The group of commands. Each is imported when it is called: ``recheck`` must load no search code."""

from __future__ import annotations

import importlib

import click

from verify.report.version import tool_version

HOMES = {
    "check": "verify.cli.commands",
    "ask": "verify.cli.ask",
    "shell": "verify.cli.shell",
    "show": "verify.cli.show",
    "explain": "verify.cli.explain",
    "radius": "verify.cli.explain",
    "lipschitz": "verify.cli.lipschitz",
    "pieces": "verify.cli.pieces",
    "symbolic": "verify.cli.symbolic",
    "simplify": "verify.cli.simplify",
    "gate": "verify.cli.gate",
    "init": "verify.cli.init",
    "properties": "verify.cli.properties",
    "compare": "verify.cli.compare",
    "vnnlib": "verify.cli.vnnlib",
    "recheck": "verify.cli.recheck",
    "serve": "verify.cli.serve",
}


class Commands(click.Group):
    """Commands by name, in the order of the table."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name."""
        return list(HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, imported now."""
        if cmd_name not in HOMES:
            return None
        command = getattr(importlib.import_module(HOMES[cmd_name]), cmd_name)
        assert isinstance(command, click.Command)
        return command


def _show_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"verify, version {tool_version()}")
        ctx.exit()


@click.group(cls=Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
def commands() -> None:
    """Is this network linear here? Exact answers with evidence that can be re-checked.

    NETWORK is a file (.onnx, .onnx.gz, .toml) or a built-in example such as relu. REGION is an expression: all,
    nonneg, box(-1, 1), ball(POINT, 1/1000), segment(A, B), a .vnnlib file. Exit status: 0 proved, 1 refuted, 2 bad
    input, 3 unknown, 4 internal error or evidence rejected.

    'verify properties' lists the properties and the built-in networks. Shell completion: see docs/gate.md.
    """
