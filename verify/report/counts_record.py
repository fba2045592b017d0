"""The record of counts: cells, linear pieces and affine maps, with the evidence that ``recheck`` replays."""

from __future__ import annotations

from typing import Any

from verify import writing
from verify.kernel.counts import Counted
from verify.kernel.evidence import Counts
from verify.network import Network
from verify.region import Region
from verify.report.record_json import FORMAT, network_json, region_json


def counted_json(network: Network, region: Region, counts: Counts, shown: Counted) -> dict[str, Any]:
    """What the record says, ``shown`` being what the kernel made of its evidence; without ``unchecked``."""
    return {
        "format": FORMAT,
        "kind": "counts",
        "verdict": shown.verdict.value,
        "assurance": "checked",
        **region_json(region, network.inputs),
        "network": network_json(network),
        "cells": shown.cells,
        "pieces": shown.pieces,
        "affine_maps": shown.affine_maps,
        "evidence": writing.to_json(counts),
        "ledger": list(shown.assumptions),
    }
