"""Rules: conditions on the whole network under which the property holds on every region."""

from __future__ import annotations

from verify.errors import EvidenceError, TooLarge
from verify.kernel.evidence import Rule
from verify.kernel.rules import RULES
from verify.search.engines.base import Engine, Work, of_catalogue


def _search(work: Work) -> Rule | None:
    for name, rule in RULES.items():
        try:
            rule(work.claim)
        except (EvidenceError, TooLarge):
            continue
        return Rule(name)
    return None


ENGINE = Engine("rules", _search, of_catalogue)
