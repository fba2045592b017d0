"""A claim on each of several regions: one verdict for all of them, which says nothing about their union."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from verify.kernel.check import Verdict
from verify.region import Box, Region
from verify.report.record import Result


def regions_word(regions: Sequence[Region]) -> str:
    """``boxes`` where all are, else ``regions``."""
    boxes = all(isinstance(r.base, Box) and r.chart is None and not r.rows for r in regions)
    return "boxes" if boxes else "regions"


@dataclass(frozen=True, eq=False)
class EachResult:
    """The results of one property on each of the regions that ``text`` describes, in their order."""

    text: str
    results: tuple[Result, ...]

    @property
    def verdict(self) -> Verdict:
        """REFUTED where one is, PROVED where all are."""
        verdicts = {result.verdict for result in self.results}
        for verdict in (Verdict.REFUTED, Verdict.UNKNOWN):
            if verdict in verdicts:
                return verdict
        return Verdict.PROVED

    @property
    def decisive(self) -> list[Result]:
        """The results that have the verdict of the whole."""
        return [result for result in self.results if result.verdict is self.verdict]

    @property
    def assurance(self) -> str | None:
        """``checked`` where the kernel replayed all that the verdict needs."""
        found = {result.assurance for result in self.decisive}
        if self.verdict is Verdict.REFUTED:
            return "checked" if "checked" in found else "attested"
        return found.pop() if len(found) == 1 else "attested" if None not in found else None

    @property
    def vacuous(self) -> bool:
        """Whether a proved claim has nothing to quantify over on any of the regions."""
        return all(result.vacuous for result in self.results)

    @property
    def counterexample(self) -> str | None:
        """The first refutation as one line of arithmetic."""
        return next((result.counterexample for result in self.results if result.counterexample), None)

    @property
    def where(self) -> str:
        """``each of the 3 boxes of prop.vnnlib``."""
        count = len(self.results)
        return f"each of the {count} {regions_word([r.claim.region for r in self.results])} of {self.text}"

    def __repr__(self) -> str:
        first = self.results[0]
        return f"<{self.verdict.name}: {first.network.name} {first.claim.property.name} on {self.where}>"

    def to_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints: what all have in common, and under ``each`` the record of every region."""
        records = [result.to_json() for result in self.results]
        shared = ("property", "formula", "network", "second", "outputs")
        refuted = next((record["counterexample"] for record in records if record["counterexample"] is not None), None)
        ledger = dict.fromkeys(line for record in records for line in record["ledger"])
        engines = dict.fromkeys(result.outcome.engine for result in self.results if result.outcome.engine)
        return {
            "verdict": self.verdict.value,
            "assurance": self.assurance,
            "vacuous": self.vacuous,
            **{key: records[0][key] for key in shared},
            "region": self.text,
            "where": self.where,
            "engine": ", ".join(engines) or None,
            "seconds": round(sum(result.outcome.seconds for result in self.results), 6),
            "evidence": None,
            "counterexample": refuted,
            "ledger": list(ledger),
            "each": records,
        }
