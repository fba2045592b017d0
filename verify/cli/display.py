"""What a terminal shows."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from rich.text import Text

from verify.cli.console import Console
from verify.kernel.check import Verdict
from verify.report import words
from verify.report.calculation import calculation
from verify.report.each import EachResult
from verify.report.names import file_stem
from verify.report.reason import proof_line, reasons
from verify.report.record import Result

# Longer lines are written to a file beside the record.
MAX_LINES, MAX_CHARACTERS = 40, 4000
COLOURS = {Verdict.PROVED: "bold green", Verdict.REFUTED: "bold red", Verdict.UNKNOWN: "bold yellow"}


def terminal() -> Console:
    """Plain lines, in colour where that is wanted."""
    return Console(highlight=False, soft_wrap=True)


def show_result(result: Result, folder: str | None, *, lines: bool = True) -> None:
    """The verdict, why, and what it rests on; of a refutation the ``lines`` that reproduce it."""
    console = terminal()
    claim, outcome = result.claim, result.outcome
    console.print(Text.assemble((result.verdict.name, COLOURS[result.verdict]), f"  {words.statement(result)}"))
    if result.counterexample:
        console.print(Text(f"  {result.counterexample}"))
        for line in reasons(result):
            console.print(Text(f"  {line}"))
    elif result.verdict is Verdict.PROVED:
        console.print(Text(f"  {proof_line(result)}"))
    else:
        console.print(Text(f"  {outcome.reason}; tried: {', '.join(outcome.tried) or 'nothing'}"))
    how = f"{result.assurance or 'no verdict'}, engine {outcome.engine or '-'}, {outcome.seconds:.3f} s"
    formula = "" if claim.property.asked is not None else f"{claim.property.formula}; "
    console.print(Text(f"  {formula}{how}", style="dim"))
    for assumption in outcome.assumptions:
        console.print(Text(f"  assumes: {assumption}", style="dim"))
    if folder is not None:
        console.print(Text(f"  evidence: {Path(folder) / file_stem(result)}.json", style="dim"))
    if lines:
        show_lines(console, calculation(result), _script(result, folder))


def show_lines(console: Console, lines: list[str], script: str) -> None:
    """The lines that reproduce a refutation without this package; where they are long, the command that runs them."""
    if not lines:
        return
    short = len(lines) <= MAX_LINES and sum(map(len, lines)) <= MAX_CHARACTERS
    if not short:
        where = (
            f"The same without this package: {script}" if script else "--report DIR writes lines of Python for that."
        )
        console.print(Text(f"  {where}", style="dim"))
        return
    console.print(Text("  The same in Python, without this package:", style="dim"))
    for line in lines:  # not indented: they are pasted as they are
        console.print(Text(line, style="dim"))


def _script(result: Result, folder: str | None) -> str:
    return f"python {Path(folder) / file_stem(result)}.py" if folder is not None else ""


def show_each(each: EachResult, folder: str | None) -> None:
    """The verdict on all regions, then that on each, shortly."""
    console, first = terminal(), each.results[0]
    text = f"  {words.statement(first, each.where)}"
    console.print(Text.assemble((each.verdict.name, COLOURS[each.verdict]), text))
    for result in each.results if each.verdict is Verdict.PROVED else each.decisive:
        console.print(Text.assemble("  ", (result.verdict.name, COLOURS[result.verdict]), f"  {_short(result)}"))
        if folder is not None:
            console.print(Text(f"    evidence: {Path(folder) / file_stem(result)}.json", style="dim"))
    others = len(each.results) - len(each.decisive)
    if others:
        counts = Counter(result.verdict.value for result in each.results if result.verdict is not each.verdict)
        console.print(Text("  the others: " + ", ".join(f"{count} {word}" for word, count in counts.items())))
    seconds = sum(result.outcome.seconds for result in each.results)
    how = f"{each.assurance or 'no verdict'}, {seconds:.3f} s; on each alone, not on their union"
    console.print(Text(f"  {first.claim.property.formula}; {how}", style="dim"))
    for assumption in dict.fromkeys(a for r in each.results for a in r.outcome.assumptions):
        console.print(Text(f"  assumes: {assumption}", style="dim"))
    if each.verdict is Verdict.REFUTED:
        show_lines(console, calculation(each.decisive[0]), _script(each.decisive[0], folder))


def _short(result: Result) -> str:
    region = result.claim.region.text
    if result.counterexample:
        return f"{region}: {result.counterexample}"
    if result.verdict is Verdict.PROVED:
        return f"{region}: {proof_line(result)}"
    return f"{region}: {result.outcome.reason}; tried: {', '.join(result.outcome.tried) or 'nothing'}"
