"""A result as a notebook shows it: the verdict, the sentence and, over a line, the graph."""

from __future__ import annotations

from verify import rendering
from verify.errors import BudgetExceeded
from verify.kernel.check import Verdict
from verify.report import words
from verify.report.plots import MAX_WEIGHTS, over_line
from verify.report.proof import gist
from verify.report.record import Result
from verify.search.budget import Budget

SECONDS = 1.0
COLOURS = {Verdict.PROVED: "#1d6b3f", Verdict.REFUTED: "#a12a22", Verdict.UNKNOWN: "#7a5b00"}
# The reports' look of a plot, without their colours for dark screens: a notebook has its own background.
PLOT = (
    ".plot .tick,.plot .name{font:11px system-ui,sans-serif;fill:#666}"
    ".plot .label{font:600 12px system-ui,sans-serif;fill:#222}"
    ".plot .grid{stroke:#ddd}.plot .axis{stroke:#666}.plot .curve{fill:none;stroke:#275a8c;stroke-width:2.2}"
    ".plot .curve.g{stroke:#8a4413;stroke-dasharray:7 5}.plot .chord{fill:none;stroke:#a12a22;stroke-width:1.6;"
    "stroke-dasharray:1.5 4.5}.plot .mark{fill:#a12a22}"
)


def mimebundle(result: Result) -> dict[str, str]:
    """Text and HTML; no times, so that the same question leaves the same notebook."""
    reason = result.counterexample or ""
    if not reason and result.verdict is Verdict.PROVED:
        reason = words.answer(result) if result.vacuous or result.assurance != "checked" else gist(result)
    elif not reason:
        reason = words.answer(result)
    colour = COLOURS[result.verdict]
    badge = f'<b style="color:{colour}">{result.verdict.name}</b>'
    about = "" if result.claim.property.asked is not None else f"{result.claim.property.formula}; "
    how = f"{about}{result.assurance or 'no verdict'}, engine {result.outcome.engine or '-'}"
    lines = [how, *(f"assumes: {entry}" for entry in result.outcome.assumptions)]
    quiet = "".join(f'<p style="opacity:.7">{rendering.plain(line)}</p>' for line in lines)
    head = f"<p>{badge} {rendering.plain(words.statement(result))}</p>"
    body = f"{head}{rendering.paragraph(reason)}{quiet}{graph(result)}"
    return rendering.bundle(repr(result), html=f"<div>{body}</div>")


def graph(result: Result) -> str:
    """The graph of f over a region of dimension one, as SVG; nothing where there is none, or where it takes long."""
    claim = result.claim
    networks = [network for network in (claim.network, claim.second) if network is not None]
    if claim.property.asked is not None or claim.region.dimension != 1 or claim.has_smooth_units:
        return ""
    if max(network.weight_count for network in networks) > MAX_WEIGHTS:
        return ""
    try:
        drawn = over_line(result, Budget(SECONDS))
    except BudgetExceeded:
        return ""
    if not drawn:
        return ""
    head, sign, rest = str(drawn[0].svg).partition(">")
    return f'<div style="max-width:30em">{head}{sign}<style>{PLOT}</style>{rest}</div>'
