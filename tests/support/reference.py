"""The reference pages, made from ``--help`` and from docstrings: ``python -m tests.support.reference`` writes them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import verify
from verify.cli.group import commands as group

DOCS = Path(__file__).resolve().parents[2] / "docs"
WIDTH = 100


def commands() -> str:
    """``docs/commands.md``."""
    parts = ["# Commands\n\nWhat `verify COMMAND --help` prints. Made by `python -m tests.support.reference`.\n"]
    settings = {**group.context_settings, "max_content_width": WIDTH, "terminal_width": WIDTH}
    group._help_option = None  # click keeps the one of whoever asked first
    context = click.Context(group, info_name="verify", **settings)
    parts.append(f"## verify\n\n```text\n{group.get_help(context)}\n```\n")
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        command._help_option = None
        inner = click.Context(command, info_name=name, parent=context, **settings)
        parts.append(f"## verify {name}\n\n```text\n{command.get_help(inner)}\n```\n")
    return "\n".join(parts)


def python() -> str:
    """``docs/python.md``."""
    made = "Made by `python -m tests.support.reference`."
    head = f"# Python\n\nThe public names of `verify`, from their docstrings. {made}\n"
    return "\n".join([head, *(_entry(name, getattr(verify, name)) for name in verify.__all__)])


def _entry(name: str, value: Any) -> str:
    lines = [f"## verify.{name}\n"]
    if inspect.isfunction(value) or (inspect.isclass(value) and not issubclass(value, Exception)):
        lines.append(f"```text\n{_signature(name, value)}\n```\n")
    lines.append(_text(inspect.getdoc(value) or ""))
    if inspect.isclass(value):
        members = [f"- `{member}`: {_text(about)}" for member, about in _members(value)]
        lines += ["", *members] if members else []
    return "\n".join(lines) + "\n"


def _signature(name: str, value: Any) -> str:
    try:
        found = inspect.signature(value)
    except ValueError:
        return name
    if inspect.isclass(value) and not dataclasses.is_dataclass(value) and hasattr(value, "__members__"):
        return f"{name}: {', '.join(value.__members__)}"
    arguments = [
        re.sub(r": '([^']*)'", r": \1", re.sub(r"\s+", " ", str(parameter))) for parameter in found.parameters.values()
    ]
    shown = ",\n    ".join(arguments)
    marked = (
        f"{name}(\n    {shown},\n)" if len(", ".join(arguments)) > WIDTH - 20 else f"{name}({', '.join(arguments)})"
    )
    result = found.return_annotation
    return marked if result is inspect.Signature.empty or inspect.isclass(value) else f"{marked} -> {result}"


def _members(value: type) -> Iterator[tuple[str, str]]:
    own = [base for base in reversed(value.__mro__) if base.__module__.startswith("verify")]
    for name, member in sorted({name: member for base in own for name, member in vars(base).items()}.items()):
        about = inspect.getdoc(member)
        if not name.startswith("_") and about and (inspect.isfunction(member) or isinstance(member, property)):
            yield name if isinstance(member, property) else f"{name}()", about.split("\n\n")[0]


def _text(docstring: str) -> str:
    """Markdown of a docstring: literals have one backtick there; indented examples stay as they are."""
    return docstring.replace("``", "`")


PAGES = {"commands.md": commands, "python.md": python}

if __name__ == "__main__":
    for page, make in PAGES.items():
        (DOCS / page).write_text(make(), encoding="utf-8")
        print(page)
