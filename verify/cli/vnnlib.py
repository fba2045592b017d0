"""``verify vnnlib``: VNN-LIB properties, answered as the competition wants it and with evidence."""

from __future__ import annotations

import json
from pathlib import Path

import click

from verify.cli.deciding import STATUS, write_reports
from verify.cli.options import bounded, limit_memory, number
from verify.cli.progress import Progress
from verify.cli.workers import sharing_options, workers
from verify.digits import decimal_text
from verify.errors import InputError
from verify.kernel.check import Verdict
from verify.queries import Answer, answer
from verify.rational import exact_text

_OUTPUT = "The tensor of an ONNX model to take as the output; once for each network, in order."


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="NETWORK... PROPERTY.vnnlib")
@click.option("--output", "outputs", multiple=True, metavar="TENSOR", help=_OUTPUT)
@click.option("--report", "folder", metavar="DIR", help="Write the evidence and pages of each part there.")
@sharing_options
@bounded
def vnnlib(
    files: tuple[str, ...],
    outputs: tuple[str, ...],
    folder: str | None,
    jobs: str,
    address: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Answer a VNN-LIB 1.0 or 2.0 property: sat (status 1), unsat (0) or unknown (3).

    Networks are given in the order in which the property declares them, or as NAME=FILE.
    """
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    if len(files) < 2:
        raise InputError("vnnlib: expected a network and a property: verify vnnlib NETWORK... PROPERTY.vnnlib")
    with Progress(files[-1]) as progress, workers(jobs, address) as executor:
        found = answer(files[:-1], files[-1], tensors=outputs, timeout=seconds, report=progress.line, executor=executor)
    if folder is not None:
        write_reports(Path(folder), found.results)
    if as_json:
        click.echo(json.dumps(to_json(found), indent=1))
    else:
        click.echo(text(found))
    return STATUS[found.verdict]


def text(found: Answer) -> str:
    """The word, the counterexample as the competition writes it, and what was decided."""
    lines = [found.word]
    if found.inputs:
        lines += _counterexample(found)
    if found.free:
        lines.append("; no numbers satisfy the formula, whatever the networks compute: this says nothing of them")
    if found.reason:
        lines.append(f"; {found.reason}")
    words = {Verdict.PROVED: "proved", Verdict.REFUTED: "refuted", Verdict.UNKNOWN: "not decided"}
    for result in found.results:
        outcome = result.outcome
        judged = f"{outcome.assurance or 'no verdict'}, engine {outcome.engine or '-'}, {outcome.seconds:.3f} s"
        lines.append(f"; that no point is unsafe is {words[result.verdict]} ({judged})")
    return "\n".join(lines)


def _counterexample(found: Answer) -> list[str]:
    """Inputs exactly, in decimals where they have some; outputs to 17 digits."""
    items, exact = [], True
    for declared, x, y in zip(found.query.networks, found.inputs, found.outputs, strict=True):
        for i, value in enumerate(x.fractions()):
            shown = decimal_text(value)
            exact = exact and shown is not None
            items.append(
                f"({_name(found, declared.inputs.name, declared.inputs.shape, i)} {shown or exact_text(value)})"
            )
        for i, value in enumerate(y.fractions()):
            items.append(f"({_name(found, declared.outputs.name, declared.outputs.shape, i)} {float(value):.17g})")
    lines = [f"({items[0]}", *(f" {item}" for item in items[1:])]
    lines[-1] += ")"
    if not exact:
        lines.append("; some inputs have no finite decimals: they are written as fractions")
    return lines


def _name(found: Answer, name: str, shape: tuple[int, ...], index: int) -> str:
    if found.query.version == 1:
        return f"{name}_{index}"
    places: list[str] = []
    for size in reversed(shape):
        places.insert(0, str(index % size))
        index //= size
    return f"{name}[{','.join(places)}]" if shape else name


def to_json(found: Answer) -> dict[str, object]:
    """The answer as plain data."""
    return {
        "answer": found.word,
        "inputs": [x.strings() for x in found.inputs],
        "outputs": [y.strings() for y in found.outputs],
        "holds_for_all_networks": found.free,
        "reason": found.reason,
        "claims": [result.to_json() for result in found.results],
    }
