"""The commands that search, and their options."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from verify import api
from verify.cli import display
from verify.cli.options import (
    bounded,
    choosing_output,
    choosing_second_output,
    limit_memory,
    number,
    output_list,
    whole,
)
from verify.cli.progress import Progress
from verify.cli.workers import sharing_options, workers
from verify.errors import InputError
from verify.kernel.check import Verdict
from verify.report import words
from verify.report.folder import ReportFolder, take
from verify.report.record import Result
from verify.search.decide import ENGINE_NAMES

STATUS = {Verdict.PROVED: 0, Verdict.REFUTED: 1, Verdict.UNKNOWN: 3}


@click.command()
@click.argument("network")
@click.argument("property")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="Where it should hold.")
@click.option("--to", "other", metavar="OTHER", help="The second network of 'equivalent'.")
@choosing_output
@choosing_second_output
@click.option("--outputs", metavar="0,2", help="Only these outputs.")
@click.option("--engine", default="auto", show_default=True, help=f"One of {', '.join(ENGINE_NAMES)}.")
@click.option(
    "--report", "folder", metavar="DIR", help="Write the evidence (*.json), a page (*.html, *.md) and an index there."
)
@click.option("--show-smt", is_flag=True, help="Print the literal query for an SMT solver and stop.")
@click.option("--expect", metavar="VERDICT", help="proved or refuted: status 0 if it is, 1 if not, 3 unknown.")
@click.option("--work", metavar="STEPS", help="Give up after so many counted steps (status 3).")
@sharing_options
@bounded
def check(
    network: str,
    property: str,
    region: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    outputs: str | None,
    engine: str,
    folder: str | None,
    show_smt: bool,
    expect: str | None,
    work: str | None,
    jobs: str,
    address: str | None,
    timeout: str | None,
    memory: str | None,
    as_json: bool,
) -> int:
    """Prove or refute that NETWORK has PROPERTY on a region.

    PROPERTY is affine, linear, constant, additive, homogeneous, positively homogeneous, superposition, odd, even,
    convex, concave, subadditive, superadditive, equivalent, 'equivalent within E', 'nondecreasing in I',
    'nonincreasing in I', 'lipschitz K in linf' or 'no dead units'. NETWORK is a file, a built-in network, or a TOML
    file in which weights are ranges: then the claim is about every network of that family. 'verify properties' lists
    properties and built-in networks.
    """
    status = _statuses(expect)
    seconds = number(timeout, "timeout")
    limit_memory(memory)
    chosen = output_list(outputs)
    if network.lower().endswith(".toml") and _is_family(network):
        from verify.cli.families import check_family_file

        if folder is not None:
            take(ReportFolder(Path(folder)))
        unused = {
            "--output": output,
            "--to-output": to_output,
            "--to": other,
            "--outputs": outputs,
            "--show-smt": show_smt,
            "--jobs": jobs != "1",
            "--executor": address,
            "--work": work,
        }
        found = check_family_file(
            network, property, region, unused=unused, engine=engine, folder=folder, timeout=seconds, as_json=as_json
        )
        return status[found.verdict]
    if show_smt:
        from verify.search.solver.literal import smt_text  # loads Z3

        click.echo(
            smt_text(
                api.make_claim(network, property, region, to=other, outputs=chosen, output=output, to_output=to_output)
            )
        )
        return 0
    if folder is not None:
        take(ReportFolder(Path(folder)))
    with Progress(f"{network}: {property}") as progress, workers(jobs, address) as executor:
        each = api.check_each(
            network,
            property,
            region,
            to=other,
            outputs=chosen,
            output=output,
            to_output=to_output,
            timeout=seconds,
            engine=engine,
            report=progress.line,
            executor=executor,
            work=whole(work),
        )
    if folder is not None:
        write_reports(Path(folder), each.results, each.where)
    if len(each.results) > 1:
        if as_json:
            click.echo(json.dumps(each.to_json(), indent=1))
        else:
            display.show_each(each, folder)
        return status[each.verdict]
    result = each.results[0]
    if as_json:
        click.echo(json.dumps(result.to_json(), indent=1))
    else:
        display.show_result(result, folder)
    return status[result.verdict]


def _statuses(expect: str | None) -> dict[Verdict, int]:
    """The exit status for each verdict, where one of them is expected."""
    if expect is None:
        return STATUS
    if expect not in ("proved", "refuted"):
        raise InputError(f"--expect {expect[:40]}: expected proved or refuted")
    return {Verdict.PROVED: int(expect != "proved"), Verdict.REFUTED: int(expect != "refuted"), Verdict.UNKNOWN: 3}


def _is_family(path: str) -> bool:
    from verify.formats.toml_family import is_family

    return is_family(path)


def write_reports(folder: Path, results: Sequence[Result], where: str = "") -> None:
    """The records and the pages of claims, and the list of all claims of the folder.

    Several claims that are one claim on each of several regions have the name ``where`` for these together.
    """
    from verify.fuzzing.record import fuzz_record
    from verify.report.files import write_report
    from verify.report.index import write_index

    try:
        for number, result in enumerate(results, start=1):
            title = f"{words.statement(result, where)}: number {number}" if where and len(results) > 1 else ""
            asked = result.claim.property.asked is not None  # instances of formulas are not drawn
            write_report(ReportFolder(folder), result, title=title, fuzz=None if asked else fuzz_record(result))
    finally:
        write_index(ReportFolder(folder))
