"""The command that decides whether a network has a property."""

from __future__ import annotations

import click

from verify import api
from verify.cli.deciding import STATUS, Deciding, deciding
from verify.cli.options import choosing_output, choosing_second_output, output_list
from verify.errors import InputError
from verify.kernel.check import Verdict


@click.command()
@click.argument("network")
@click.argument("property")
@click.option("--on", "region", default="all", show_default=True, metavar="REGION", help="Where it should hold.")
@click.option("--to", "other", metavar="OTHER", help="The second network of 'equivalent'.")
@choosing_output
@choosing_second_output
@click.option("--outputs", metavar="0,2", help="Only these outputs.")
@click.option("--expect", metavar="VERDICT", help="proved or refuted: status 0 if it is, 1 if not, 3 unknown.")
@deciding
def check(
    network: str,
    property: str,
    region: str,
    other: str | None,
    output: str | None,
    to_output: str | None,
    outputs: str | None,
    expect: str | None,
    how: Deciding,
) -> int:
    """Prove or refute that NETWORK has PROPERTY on a region.

    PROPERTY is affine, linear, constant, additive, homogeneous, positively homogeneous, superposition, odd, even,
    convex, concave, subadditive, superadditive, equivalent, 'equivalent within E', 'nondecreasing in I',
    'nonincreasing in I', 'lipschitz K in linf' or 'no dead units'. NETWORK is a file, a built-in network, or a TOML
    file in which weights are ranges: then the claim is about every network of that family. 'verify properties' lists
    properties and built-in networks.
    """
    status = _statuses(expect)
    chosen = output_list(outputs)
    if network.lower().endswith(".toml") and _is_family(network):
        from verify.cli.families import check_family_file

        how.take_folder()
        unused = {
            "--output": output,
            "--to-output": to_output,
            "--to": other,
            "--outputs": outputs,
            "--show-smt": how.show_smt,
            "--jobs": how.jobs != "1",
            "--executor": how.address,
            "--work": how.work,
        }
        found = check_family_file(
            network,
            property,
            region,
            unused=unused,
            engine=how.engine,
            folder=how.folder,
            timeout=how.seconds,
            as_json=how.as_json,
        )
        return status[found.verdict]
    if how.show_smt:
        return how.query(
            api.make_claim(network, property, region, to=other, outputs=chosen, output=output, to_output=to_output)
        )
    with how.search(f"{network}: {property}") as search:
        each = api.check_each(
            network, property, region, to=other, outputs=chosen, output=output, to_output=to_output, **search
        )
    how.finish(each.results, each if len(each.results) > 1 else None)
    return status[each.verdict]


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
