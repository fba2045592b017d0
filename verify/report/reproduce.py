"""The lines that reproduce a verdict: on the command line, in Python, and by the kernel alone."""

from __future__ import annotations

import functools
import shlex
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from verify.property.base import Asked
from verify.report.record import Result
from verify.report.version import tool_version

PACKAGES = ("numpy", "scipy", "highspy", "z3-solver", "onnx")


def command(result: Result) -> str:
    """``verify check ...``; empty where the network or the region exists in Python only."""
    if result.claim.property.asked is not None:
        return _asked_command(result.claim.property.asked)
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
    if result.claim.property.asked is not None:
        return _asked_python(result.claim.property.asked)
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


def script(page: str) -> str:
    """Running the lines that reproduce a refutation, which stand in a file beside the page."""
    return shlex.join(["python", f"{page.removesuffix('.html')}.py"])


def _asked_sources(asked: Asked) -> dict[str, str] | None:
    """Where the networks are; None where one of them, or a region, exists in Python only."""
    sources = {name: network.source for name, network in asked.networks.items()}
    if any(source is None for source in sources.values()) or any(not region.text for region in asked.formula.regions):
        return None
    return {name: str(source).removeprefix("example:") for name, source in sources.items()}


def _asked_command(asked: Asked) -> str:
    """``verify ask NETWORK FORMULA --let g=OTHER``."""
    sources = _asked_sources(asked)
    if sources is None:
        return ""
    bound = [word for name, source in sources.items() if name != "f" for word in ("--let", f"{name}={source}")]
    return shlex.join(["verify", "ask", sources["f"], asked.formula.text, *bound])


def _asked_python(asked: Asked) -> str:
    sources = _asked_sources(asked)
    if sources is None:
        return ""
    others = {name: source for name, source in sources.items() if name != "f"}
    bound = f", let={others!r}" if others else ""
    return f"import verify\nverify.ask({sources['f']!r}, {asked.formula.text!r}{bound})"


def _sources(result: Result) -> list[str | None]:
    networks = [result.network, *([result.second] if result.second is not None else [])]
    return [n.source.removeprefix("example:") if n.source is not None else None for n in networks]


@functools.cache
def versions() -> tuple[tuple[str, str], ...]:
    """What was at work: this package, Python, and the packages that compute."""
    found = [("relu-verify", tool_version()), ("Python", python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)
