"""Random graphs of supported operators against ONNX Runtime, within the derived bound."""

from __future__ import annotations

import re

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, assume, given, settings

from tests.formats.onnx_models import session
from tests.support.onnx_graphs import graphs
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.network.floats import FLOAT32_ROUNDOFF, UNIT_ROUNDOFF, run
from verify.rational import vector_from_floats

# What a graph of supported operators may still be refused for.
REASONS = (
    "jump", "is a constant, not a function", "disagree", "depends on rounding", "wholly in the padding",
    "values differ", "overflows", "is 0; expected", "no multiple", "implementations round", "bits; at most",
)  # fmt: skip
ROUNDED = re.compile("computed exactly; an implementation may round it|rounded correctly to .*; an implementation")


def agrees(model: onnx.ModelProto, seed: int) -> str:
    """``right``, ``refused``, ``rounded`` or ``not run`` (by the runtime); anything else fails.

    The bound is that of an implementation of the network as it was read. Where constants were computed exactly and
    the runtime rounds them (the network's notes say so), the runtime has other weights, and no bound is claimed.
    """
    data = model.SerializeToString()
    try:
        runtime = session(data)
    except Exception:
        return "not run"
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    try:
        network = from_model_bytes(data, "m")
    except NetworkError as error:
        assert any(reason in str(error) for reason in REASONS), str(error)
        return "refused"
    if any(ROUNDED.search(note) for note in network.notes):
        return "rounded"
    generator = np.random.default_rng(seed)
    for scale in (1.0, 4.0, 0.0):
        point = (generator.normal(size=shape) * scale).astype(np.float32)
        if scale == 4.0:
            point = np.round(point)
        try:
            (expected,) = runtime.run(None, {"x": point})
        except Exception:
            return "not run"
        theirs, ours = (run(network, vector_from_floats(point), u) for u in (FLOAT32_ROUNDOFF, UNIT_ROUNDOFF))
        flat = np.asarray(expected, dtype=np.float64).ravel()
        bound = theirs.errors[-1] + ours.errors[-1]
        assert flat.shape == ours.values[-1].shape
        inside = np.isfinite(bound) & np.isfinite(flat)
        assert np.all(np.abs(flat - ours.values[-1])[inside] <= bound[inside])
    return "right"


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
@given(graphs())
def test_random_graphs(model: onnx.ModelProto) -> None:
    assume(agrees(model, 0) != "not run")


@pytest.mark.campaign
@settings(max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(graphs(most=9))
def test_many_random_graphs(model: onnx.ModelProto) -> None:
    assume(agrees(model, 1) != "not run")
