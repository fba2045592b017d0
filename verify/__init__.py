"""Exact answers to: is this network linear here? Proved or refuted, with evidence that can be re-checked.

    import verify
    result = verify.check("relu", "additive", on="all")
    result.verdict            # Verdict.REFUTED
    result.counterexample     # "f(0) = 0, but f(-1) + f(1) = 0 + 1 = 1"

Importing this module is cheap: everything below is loaded on first use.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify import strategies
    from verify.api import (
        check,
        explain,
        export,
        lipschitz,
        load,
        parse_region,
        piece_samples,
        pieces,
        radius,
        simplify,
        stream_cells,
        symbolic_form,
    )
    from verify.asking import ask, functions, variables
    from verify.errors import EvidenceError, InputError, VerifyError
    from verify.family import check_family, load_family
    from verify.fuzzing import FuzzReport, fuzz, fuzz_verdict
    from verify.kernel import Verdict
    from verify.network import Builder, Network
    from verify.region import Region
    from verify.report.recheck import recheck
    from verify.report.record import Result
    from verify.torch_module import from_torch

_HOMES = {
    "ask": "verify.asking",
    "functions": "verify.asking",
    "variables": "verify.asking",
    "check": "verify.api",
    "explain": "verify.api",
    "export": "verify.api",
    "from_torch": "verify.torch_module",
    "load": "verify.api",
    "radius": "verify.api",
    "lipschitz": "verify.api",
    "parse_region": "verify.api",
    "piece_samples": "verify.api",
    "pieces": "verify.api",
    "simplify": "verify.api",
    "stream_cells": "verify.api",
    "symbolic_form": "verify.api",
    "check_family": "verify.family",
    "load_family": "verify.family",
    "fuzz": "verify.fuzzing",
    "fuzz_verdict": "verify.fuzzing",
    "FuzzReport": "verify.fuzzing",
    "recheck": "verify.report.recheck",
    "Result": "verify.report.record",
    "Verdict": "verify.kernel",
    "Builder": "verify.network",
    "Network": "verify.network",
    "Region": "verify.region",
    "VerifyError": "verify.errors",
    "InputError": "verify.errors",
    "EvidenceError": "verify.errors",
}

__all__ = [
    "Builder",
    "EvidenceError",
    "FuzzReport",
    "InputError",
    "Network",
    "Region",
    "Result",
    "Verdict",
    "VerifyError",
    "ask",
    "check",
    "check_family",
    "explain",
    "export",
    "from_torch",
    "functions",
    "fuzz",
    "fuzz_verdict",
    "lipschitz",
    "load",
    "load_family",
    "parse_region",
    "piece_samples",
    "pieces",
    "radius",
    "recheck",
    "simplify",
    "strategies",
    "stream_cells",
    "symbolic_form",
    "variables",
]


def __getattr__(name: str) -> Any:
    if name == "strategies":
        return importlib.import_module("verify.strategies")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'verify' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
