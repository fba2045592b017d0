"""A claim in words: the question in one sentence, the answer in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from verify.kernel.check import Verdict
from verify.kernel.evidence import Off
from verify.property.base import Asked
from verify.property.trivial import why_vacuous
from verify.report.markup import element
from verify.report.places import place_of
from verify.report.record import Result


def place(result: Result) -> str:
    """``on box(0, 1)``, ``everywhere``."""
    return place_of(result.claim.region.text)


def predicate(result: Result) -> str:
    """``affine``, ``equivalent to relu``; the outputs when some were chosen."""
    what = result.claim.property.words
    if result.second is not None:
        what += f" to {result.second.name}"
    return what + (chosen_outputs(result.outputs) if result.outputs else "")


def chosen_outputs(outputs: Sequence[int]) -> str:
    """`` in outputs 0, 2``."""
    return f" in output{'s' if len(outputs) > 1 else ''} {', '.join(map(str, outputs))}"


def bindings(asked: Asked) -> str:
    """``f is relu and g is abs``."""
    return listed_bindings({name: network.name for name, network in asked.networks.items()})


def listed_bindings(names: Mapping[str, str]) -> str:
    """The same from the networks' names."""
    return " and ".join(f"{name} is {network}" for name, network in names.items())


def code(text: str) -> Markup:
    """Text of the language on a page."""
    return element("code", text)


def question(result: Result) -> str:
    """``Is relu additive everywhere?``"""
    asked = result.claim.property.asked
    if asked is not None:
        return f"Is it true that {asked.formula.text}, where {bindings(asked)}?"
    return f"Is {result.network.name} {predicate(result)} {place(result)}?"


def statement(result: Result, where: str = "") -> str:
    """``relu is additive everywhere``: what was asked, as a statement, about that place if one is given."""
    asked = result.claim.property.asked
    if asked is not None:
        return f"{asked.formula.text}, where {bindings(asked)}"
    return f"{result.network.name} is {predicate(result)} {f'on {where}' if where else place(result)}"


def answer(result: Result) -> str:
    """One sentence that stands by itself."""
    if result.verdict is Verdict.UNKNOWN:
        return f"Not decided: {result.outcome.reason or 'no engine found an answer'}."
    if isinstance(result.outcome.evidence, Off):
        return f"No: {result.counterexample}."
    if result.verdict is Verdict.REFUTED:
        how = "with values enclosed in ball arithmetic" if result.claim.has_smooth_units else "in exact arithmetic"
        return f"No: one instance of the formula fails, {how}."
    if result.vacuous:
        return f"Yes, but only because there is nothing to check: {why_vacuous(result.claim)}."
    if result.assurance == "attested":
        return f"Yes, on the word of {result.outcome.attested}: no evidence was replayed."
    return "Yes, for every real input there: the proof below was replayed in exact arithmetic."


def sentence(text: str) -> str:
    """The text with a capital and a full stop; a formula at its beginning keeps its letter (``f - g is zero.``)."""
    first = text.partition(" ")[0]
    is_name = len(first) == 1 and first != "a"
    return f"{text if is_name else text[:1].upper() + text[1:]}." if text else ""
