"""The ONNX standard's own node tests, as the installed ``onnx`` package generates them.

The first float input stays the input, the others become initializers, the first output is compared. Those of every
operator of the table are run. ``python -m tests.formats.onnx_node_tests`` rewrites the list of what is refused.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
import onnx.backend.test.case.node as standard
from onnx import TensorProto, numpy_helper

from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.formats.onnx.operators import CONTROL, OPERATORS
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

REFUSED = Path(__file__).with_name("onnx_node_tests.json")

ROUNDOFFS: dict[int, float] = {
    TensorProto.FLOAT: FLOAT32_ROUNDOFF,
    TensorProto.DOUBLE: UNIT_ROUNDOFF,
    TensorProto.FLOAT16: 2.0**-11,
    TensorProto.BFLOAT16: 2.0**-8,
}
# Inputs and output are printed to four decimals there: each is off by half a unit of the last, and the sizes of the
# weights of a mean add up to at most 1.
PRINTED = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 2 * 0.5e-4}
# Files whose name is not the operator's.
OTHER_FILES = {"and_", "if_", "not_", "or_", "rangeop"}


def _small_cubes(*shape: int, drawn: Any = np.random.randn) -> Any:
    """Three tests pool a cube of side 32, and onnx takes half a minute for that: of side 8 they test the same."""
    return drawn(*((1, 3, 8, 8, 8) if shape == (1, 3, 32, 32, 32) else shape))


def cases() -> Iterator[Any]:
    """The test cases of all operators that are supported."""
    wanted = {name.rpartition(".")[2].lower() for name in (*OPERATORS, *CONTROL)}
    with warnings.catch_warnings(), mock.patch.object(np.random, "randn", _small_cubes):
        warnings.simplefilter("ignore")
        for module in pkgutil.iter_modules(standard.__path__):
            plain = module.name.replace("_", "")
            if plain in wanted or module.name in OTHER_FILES:
                importlib.import_module(f"{standard.__name__}.{module.name}")
        yield from standard._NodeTestCases


def with_one_input(case: Any) -> tuple[bytes, Any, int] | None:
    """The model with the first float input left, the value of that, and its type; None where there is none."""
    given = case.data_sets[0][0]
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    kinds = [value.type.tensor_type.elem_type for value in model.graph.input]
    chosen = next((k for k, kind in enumerate(kinds) if kind in ROUNDOFFS and k < len(given)), None)
    if chosen is None or not all(isinstance(value, np.ndarray | np.generic | None) for value in given):
        return None
    entry = model.graph.input[chosen]
    for k, value in enumerate(model.graph.input):
        if k != chosen and given[k] is not None:
            model.graph.initializer.append(numpy_helper.from_array(np.asarray(given[k]), value.name))
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(entry)
    del model.graph.input[:]
    model.graph.input.append(kept)
    return model.SerializeToString(), np.asarray(given[chosen]), kinds[chosen]


def verdict(case: Any) -> str:
    """``right``, ``wrong: ...``, ``not a network`` (no float input), or why it is refused."""
    adapted = with_one_input(case)
    if adapted is None:
        return "not a network"
    data, point, element = adapted
    try:
        network = from_model_bytes(data, "m", case.model.graph.output[0].name)
    except NetworkError as error:
        return str(error).removeprefix("m: ")
    given = case.data_sets[0][1][0]
    expected = (
        np.asarray(numpy_helper.to_array(given) if isinstance(given, TensorProto) else given).astype(np.float64).ravel()
    )
    exact = vector_from_floats(point.astype(np.float64).ravel())
    if network.is_quantized:
        values = [float(value) for value in network(exact.fractions())]
        return "right" if expected.tolist() == values else "wrong: other steps"
    theirs, ours = run(network, exact, ROUNDOFFS[element]), run(network, exact, UNIT_ROUNDOFF)
    bound = theirs.errors[-1] + ours.errors[-1] + PRINTED.get(case.name, 0.0)
    if expected.shape != ours.values[-1].shape or not np.all(np.isfinite(bound)):
        return f"wrong: {expected.size} values for {network.output_size}, or no bound"
    distance = np.abs(expected - ours.values[-1])
    return "right" if np.all(distance <= bound) else f"wrong: off by {np.max(distance - bound):.3g} more than the bound"


def verdicts() -> dict[str, str]:
    """Test name -> verdict, of those that are networks."""
    found = {case.name: verdict(case) for case in cases()}
    return {name: text for name, text in sorted(found.items()) if text != "not a network"}


if __name__ == "__main__":
    results = verdicts()
    REFUSED.write_text(
        json.dumps({k: v for k, v in results.items() if v != "right"}, indent=1) + "\n", encoding="utf-8"
    )
    print(sum(v == "right" for v in results.values()), "right of", len(results))
