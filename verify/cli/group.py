"""The group of commands. Each is imported when it is called: ``recheck`` must load no search code."""

from __future__ import annotations

import difflib
import importlib

import click

from verify.report.version import tool_version

# Each command's module, and the line of ``verify --help``: that must import none of them.
HOMES = {
    "check": ("verify.cli.commands", "Prove or refute that NETWORK has PROPERTY on a region."),
    "ask": ("verify.cli.ask", "Prove or refute FORMULA, in which f is NETWORK."),
    "shell": ("verify.cli.shell", "Ask about NETWORK, one line after the other."),
    "show": ("verify.cli.show", "Show what was read of NETWORK."),
    "explain": ("verify.cli.explain", "Show which ReLU switch, and where linearity breaks."),
    "radius": ("verify.cli.explain", "Find the largest ball on which NETWORK is affine."),
    "lipschitz": ("verify.cli.lipschitz", "Find or bound the smallest Lipschitz constant."),
    "pieces": ("verify.cli.pieces", "Count activation cells, linear pieces and affine maps."),
    "symbolic": ("verify.cli.symbolic", "Write NETWORK as nested Max, or as Piecewise."),
    "simplify": ("verify.cli.simplify", "Write a smaller network that equals NETWORK on a region."),
    "export": ("verify.cli.export", "Write a claim for other tools: SMT-LIB, ONNX and VNN-LIB."),
    "gate": ("verify.cli.gate", "Decide every claim in the TOML files of PATH."),
    "init": ("verify.cli.init", "Write a first claims file for 'verify gate'."),
    "properties": ("verify.cli.properties", "List the properties and the built-in networks."),
    "compare": ("verify.cli.compare", "Bound |f - g| on a region from above and below."),
    "vnnlib": ("verify.cli.vnnlib", "Answer a VNN-LIB 1.0 or 2.0 property."),
    "recheck": ("verify.cli.recheck", "Replay the evidence of records with the kernel alone."),
    "serve": ("verify.cli.serve", "Show the local page: networks to play with."),
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
        command = getattr(importlib.import_module(HOMES[cmd_name][0]), cmd_name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of the first argument; a name that is nearly one is told."""
        close = difflib.get_close_matches(args[0][:40], HOMES, n=1)
        if close and args[0] not in HOMES:
            ctx.fail(f"No such command {args[0]!r}; did you mean {close[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of names and lines."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in HOMES.items()])


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
    """Is this network linear here? Exact answers, with evidence that can be checked again.

    NETWORK is a file (.onnx, .onnx.gz, .toml) or a built-in example such as relu. REGION is an expression: all,
    nonneg, box(-1, 1), ball(POINT, 1/1000), segment(A, B), a .vnnlib file. Exit status: 0 proved, 1 refuted, 2 bad
    input, 3 unknown, 4 internal error or evidence rejected.

    'verify properties' lists the properties and the built-in networks. Shell completion: see docs/gate.md.
    """
