"""A plain Markdown page for one checked claim."""

from __future__ import annotations

from pathlib import Path

from verify.kernel.check import Verdict
from verify.report.record import Result, write_text
from verify.report.sentence import point_text

ANSWERS = {Verdict.PROVED: "Yes, proved.", Verdict.REFUTED: "No, refuted.", Verdict.UNKNOWN: "Not decided."}


def page(result: Result, title: str = "") -> str:
    """The page's text."""
    data = result.to_json()
    name, region = escape(data["network"]["name"]), escape(data["region"] or "a region given in Python")
    heading = escape(title) or f"{name}: {data['property']} on {region}"
    lines = [f"# {heading}", ""]
    lines += [f"**Is {name} {data['property']} on {region}?** {ANSWERS[result.verdict]}", ""]
    if result.vacuous:
        lines += [
            "*Vacuous:* the property quantifies over nothing, or over trivial instances only, on this region.",
            "",
        ]
    lines += [f"- The property: `{data['formula']}`, every argument in the region."]
    about = data["network"]
    lines += [f"- The network: {about['inputs']} inputs, {about['relu']} ReLU, sha256 `{about['sha256'][:16]}`."]
    lines += [
        f"- Assurance: {data['assurance'] or 'none'}; engine: {data['engine'] or 'none'}; {data['seconds']:.3f} s."
    ]
    lines += ["", *_reason(result, data["lemmas"]), "", "## Assumptions", ""]
    lines += [f"- {escape(entry)}" for entry in data["ledger"]] or ["None beyond exact integer arithmetic."]
    lines += ["", "## Again", "", "```", _command(result), "```", ""]
    return "\n".join(lines)


def _reason(result: Result, lemmas: list[str]) -> list[str]:
    if result.counterexample:
        judgement = result.outcome.judgement
        lines = [
            "## Counterexample",
            "",
            f"`{result.counterexample}`",
            "",
            "| factor | f at | value |",
            "|---|---|---|",
        ]
        lines += [f"| {v.factor} | {point_text(v.point)} | {v.value} |" for v in judgement.values]
        return [*lines, "", f"The weighted sum is {judgement.gap}; the formula says 0."]
    if result.verdict is Verdict.PROVED:
        return [
            "## Proof",
            "",
            *(f"{i}. {escape(lemma)}." for i, lemma in enumerate(lemmas, start=1)),
            "",
            _evidence(result),
        ]
    tried = ", ".join(result.outcome.tried) or "nothing"
    return ["## What was tried", "", f"{escape(result.outcome.reason)}. Engines: {tried}."]


def _evidence(result: Result) -> str:
    if result.assurance == "attested":
        return f"Attested by {result.outcome.attested}: there is no evidence to replay."
    return "The kernel replayed the evidence beside this page."


def _command(result: Result) -> str:
    claim = result.claim
    source = result.network.source or result.network.name
    parts = ["verify", "check", source, f'"{claim.property.name}"', "--on", f'"{claim.region.text}"']
    if result.second is not None:
        parts += ["--to", result.second.source or result.second.name]
    if result.outputs:
        parts += ["--outputs", ",".join(map(str, result.outputs))]
    return " ".join(parts).removeprefix("example:")


def escape(text: str) -> str:
    """Text from outside, made harmless in Markdown and HTML."""
    for character in "\\`*_[]<>|#":
        text = text.replace(character, "\\" + character)
    return " ".join(text.split())


def write_page(path: Path, result: Result, title: str = "") -> None:
    """Write the page, whole or not at all."""
    write_text(path, page(result, title))
