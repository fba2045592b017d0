"""The page of a claim as plain Markdown."""

from __future__ import annotations

import re

from verify.report.markup import clean
from verify.report.model import Counterexample, Drawing, Page

# Longer calculations stand in their file alone.
SHORT = 6000
WORDS = {"proved": "Yes, proved.", "refuted": "No, refuted.", "unknown": "Not decided."}


def claim_text(page: Page, *_: str) -> str:
    """The page's text, from the model that every writer shares."""
    word = "Yes, attested." if page.assurance == "attested" else WORDS[page.verdict]
    lines = [f"# {escape(page.title)}", "", f"**{escape(page.question)}** {word}", "", escape(page.answer), ""]
    lines += [*(f"{i}. {escape(said)}" for i, said in enumerate(page.reasons, 1)), *([""] if page.reasons else [])]
    lines += [f"- Formula: {code(page.formula)}, {page.reading}."]
    lines += [f"- {name}: {escape(value)}" for name, value in page.facts]
    lines += [f"- assurance: {page.assurance or 'none'}{', vacuous' if page.vacuous else ''}; {page.seconds:.3f} s", ""]
    if page.map is not None:
        lines += [f"On P: {code('; '.join(page.map.entries) or page.map.text)}.", ""]
    lines += [*_reason(page), *_networks(page.drawings), *_further(page)]
    lines += ["## Assumptions", ""]
    lines += [f"- {escape(entry)}" for entry in page.ledger] or ["None beyond exact integer arithmetic."]
    lines += ["", "## Again", "", *fenced("\n".join(filter(None, (page.command, page.recheck)))), ""]
    lines += [*fenced(page.python), ""] if page.python else []
    if page.calculation:
        short = len(page.calculation) <= SHORT
        lines += ["Without this package:", "", *(fenced(page.calculation) if short else []), *fenced(page.script), ""]
    lines += ["", ", ".join(f"{name} {version}" for name, version in page.versions), ""]
    return "\n".join(lines)


def _reason(page: Page) -> list[str]:
    if page.counterexample is not None:
        return _arithmetic(page.counterexample)
    if page.steps:
        lines = [f"{i}. **{escape(s.title)}.** {escape(s.text)}{_lemma(s.lemma)}" for i, s in enumerate(page.steps, 1)]
        known = [f"- **Lemma {n.number}, {escape(n.title)}.** {escape(n.text)}" for n in page.lemmas]
        return ["## Proof", "", *lines, "", *known, *([""] if known else [])]
    tried = ", ".join(page.tried) or "nothing"
    return ["## What was tried", "", f"{escape(page.reason)}. Engines: {escape(tried)}.", ""]


def _lemma(name: str) -> str:
    return f" *({escape(name)})*" if name else ""


def _arithmetic(found: Counterexample) -> list[str]:
    lines = ["## Counterexample", "", code(found.sentence), ""]
    lines += [f"- {code(v.name)} = {code(v.short)}" for v in found.variables]
    lines += [f"- {code(f'{e.call} = {e.at} = {e.value.short}')}" for e in found.evaluations]
    return [
        *lines,
        f"- {code(found.combination)}",
        "",
        found.says,
        "",
    ]


def _networks(drawings: tuple[Drawing, ...]) -> list[str]:
    lines = ["## Network", ""]
    for drawing in drawings:
        lines += [f"{escape(drawing.name)}: {drawing.about}. {escape(drawing.note)}".strip(), ""]
        lines += [f"- {code(line.text)}" for line in drawing.weights] + ([""] if drawing.weights else [])
        if drawing.layers:
            lines += ["| layer | shape | on | off | switching | undecided |", "|---|---|--:|--:|--:|--:|"]
            lines += [
                f"| {escape(c.name)} | {c.shape} | {c.on} | {c.off} | {c.switching} | {c.undecided} |"
                for c in drawing.layers
            ]
            lines.append("")
    return lines


def script(page: Page, *_: str) -> str:
    """The lines of a refutation alone, to be run; empty where there are none."""
    return f"{page.calculation}\n" if page.calculation else ""


def _further(page: Page) -> list[str]:
    lines = []
    for figure in (*page.images, *page.figures):
        lines += [" ".join(escape(text) for text in (figure.caption, *figure.notes)), ""]
    if page.fuzz is not None:
        lines += ["## Random instances", "", escape(page.fuzz.text), ""]
        if page.fuzz.failure:
            lines += [f"**An internal error:** {escape(page.fuzz.failure)}", ""]
    if page.opinion is not None:
        word = {True: "It agrees.", False: "**It disagrees: an internal error.**", None: ""}[page.opinion.agrees]
        lines += ["## Second opinion", "", f"Z3 on the literal query: {escape(page.opinion.answer)}. {word}", ""]
    return lines


def escape(text: str, *, strip: bool = True) -> str:
    """Text from outside, made harmless in Markdown and HTML; on one line, unless it is a part of one."""
    for character in "\\`*_[]<>|#&":
        text = text.replace(character, "\\" + character)
    return " ".join(clean(text).split()) if strip else clean(text)


def code(text: str) -> str:
    """A code span, whatever backticks the text holds."""
    plain = " ".join(clean(text).split())
    ticks = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    pad = " " if plain.startswith("`") or plain.endswith("`") else ""
    return f"{ticks}{pad}{plain}{pad}{ticks}"


def fenced(text: str) -> list[str]:
    """A block of code, whatever backticks the text holds."""
    plain = clean(text)
    fence = "`" * max(3, max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    return [fence, plain, fence]
