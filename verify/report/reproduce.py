"""The lines that reproduce a verdict: on the command line, in Python, and by the kernel alone."""

from __future__ import annotations

import shlex
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from verify.report.record import Result
from verify.report.version import tool_version

PACKAGES = ("numpy", "scipy", "highspy", "z3-solver", "onnx")


def command(result: Result) -> str:
    """``verify check ...``; empty where the network or the region exists in Python only."""
    claim = result.claim
    sources = _sources(result)
    if not claim.region.text or None in sources:
        return ""
    parts = ["verify", "check", str(sources[0]), claim.property.name, "--on", claim.region.text]
    if result.network.output is not None:
        parts += ["--output", result.network.output]
    if result.second is not None:
        parts += ["--to", str(sources[1])]
        parts += ["--to-output", result.second.output] if result.second.output is not None else []
    if result.outputs:
        parts += ["--outputs", ",".join(map(str, result.outputs))]
    return shlex.join(parts)


def python(result: Result) -> str:
    """The same in Python."""
    claim = result.claim
    sources = _sources(result)
    if not claim.region.text or None in sources:
        return ""
    arguments = [repr(sources[0]), repr(claim.property.name), f"on={claim.region.text!r}"]
    if result.network.output is not None:
        arguments.append(f"output={result.network.output!r}")
    if result.second is not None:
        arguments.append(f"to={sources[1]!r}")
        arguments += [f"to_output={result.second.output!r}"] if result.second.output is not None else []
    if result.outputs:
        arguments.append(f"outputs={list(result.outputs)!r}")
    return f"import verify\nverify.check({', '.join(arguments)})"


def family(path: str, property: str, region: str) -> tuple[str, str]:
    """Both for a claim about the family of networks in a file."""
    typed = shlex.join(["verify", "check", path, property, "--on", region])
    return typed, f"from verify.family import check_family\ncheck_family({path!r}, {property!r}, on={region!r})"


def recheck(record: str) -> str:
    """Replaying the evidence."""
    return shlex.join(["verify", "recheck", record])


def _sources(result: Result) -> list[str | None]:
    networks = [result.network, *([result.second] if result.second is not None else [])]
    return [n.source.removeprefix("example:") if n.source is not None else None for n in networks]


def versions() -> tuple[tuple[str, str], ...]:
    """What was at work: this package, Python, and the packages that compute."""
    found = [("relu-verify", tool_version()), ("Python", python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)
