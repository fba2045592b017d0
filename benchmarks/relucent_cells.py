"""Cells by relucent: ``PYTHON benchmarks/relucent_cells.py < LAYERS``, in an environment that has it.

It has a licence of its own (AGPL) and needs Gurobi's, so it is no dependency: ``python -m venv FOLDER`` and
``FOLDER/bin/pip install relucent==1.0.0`` make one. LAYERS is a JSON list of [weights, biases]; ReLU is behind all but
the last. Prints the number of cells that meet [-1, 1]^n, the seconds of processor time and of the clock that
it took with one worker, and its peak memory in MiB, as JSON.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from typing import Any

import numpy as np


def _seconds() -> float:
    """Processor time, of the processes that it starts as well."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def main() -> int:
    """Count, and print."""
    relucent: Any = importlib.import_module("relucent")
    model: Any = importlib.import_module("relucent.model.model")

    def counted(layers: list[Any]) -> int:
        made: list[Any] = []
        for weights, biases in layers:
            made += [model.LinearLayer(np.array(weights), np.array(biases)), model.ReLULayer()]
        found = relucent.Complex(model.ReLUNetwork(made[:-1]))
        found.bfs(cube_radius=1.0, cube_mode="intersect", nworkers=1, verbose=0, verify=False)
        return len(found)

    layers = json.load(sys.stdin)
    inputs = len(layers[0][0][0])
    counted([[np.eye(2, inputs), [0.25, 0.5]], [np.ones((1, 2)), [0.0]]])  # what is loaded on first use
    began, clock = _seconds(), time.monotonic()
    cells = counted(layers)
    print(
        json.dumps(
            {
                "cells": cells,
                "pieces": None,
                "seconds": round(_seconds() - began, 3),
                "wall": round(time.monotonic() - clock, 3),
                "memory": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
