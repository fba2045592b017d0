"""Random graphs of supported operators against ONNX Runtime, within the derived bound."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from hypothesis import HealthCheck, assume, given

from tests.formats.onnx_models import model, node, session
from tests.support.onnx_graphs import graphs
from tests.support.seeds import draws
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes
from verify.network.floats import FLOAT32_ROUNDOFF, implementation_errors, run
from verify.rational import vector_from_floats

# What a graph of supported operators may still be refused for.
REASONS = (
    "jump", "is a constant, not a function", "disagree", "depends on rounding", "wholly in the padding",
    "values differ", "overflows", "is 0; expected", "no multiple", "implementations round", "bits; at most",
)  # fmt: skip


def agrees(graph: onnx.ModelProto, seed: int) -> str:
    """``right``, ``refused``, ``unbounded`` or ``not run`` (by the runtime); anything else fails.

    The bound is that of an implementation of what was read; where none is claimed there is nothing to hold.
    """
    data = graph.SerializeToString()
    try:
        runtime = session(data)
    except Exception:
        return "not run"
    shape = [d.dim_value for d in graph.graph.input[0].type.tensor_type.shape.dim]
    try:
        network = from_model_bytes(data, "m")
    except NetworkError as error:
        assert any(reason in str(error) for reason in REASONS), str(error)
        return "refused"
    if network.unbounded:
        return "unbounded"
    generator = np.random.default_rng(seed)
    for scale in (1.0, 4.0, 0.0):
        point = (generator.normal(size=shape) * scale).astype(np.float32)
        if scale == 4.0:
            point = np.round(point)
        try:
            (expected,) = runtime.run(None, {"x": point})
        except Exception:
            return "not run"
        theirs = implementation_errors(network, vector_from_floats(point), FLOAT32_ROUNDOFF)
        ours = run(network, vector_from_floats(point))
        assert theirs is not None
        flat = np.asarray(expected, dtype=np.float64).ravel()
        bound = theirs + ours.errors[-1]
        assert flat.shape == ours.values[-1].shape
        inside = np.isfinite(bound) & np.isfinite(flat)
        assert np.all(np.abs(flat - ours.values[-1])[inside] <= bound[inside])
    return "right"


def test_terms_of_one_weight_that_cancel() -> None:
    """What is gathered four times and multiplied by weights that nearly cancel has one small weight."""
    for seed in range(40):
        generator = np.random.default_rng(seed)
        weights = generator.normal(size=(4, 2))
        weights[3] = -weights[:3].astype(np.float32).sum(axis=0)
        places = np.zeros(4, dtype=np.int64)
        layer = node("Einsum", "g w", equation="...i,io->...o") if seed % 2 else node("MatMul", "g w")
        nodes = [node("Gather", "x places", "g", axis=1), layer]
        assert agrees(model(nodes, [1, 1], {"places": places, "w": weights}), seed) == "right"


def test_no_bound_is_claimed_for_constants_that_are_rounded() -> None:
    nodes = [node("MatMul", "w w", "square"), node("MatMul", "x square")]
    weights = np.random.default_rng(0).normal(size=(3, 3))
    assert agrees(model(nodes, [1, 3], {"w": weights}), 0) == "unbounded"


@draws(100, suppress_health_check=list(HealthCheck))
@given(graphs())
def test_random_graphs(graph: onnx.ModelProto) -> None:
    assume(agrees(graph, 0) != "not run")


@pytest.mark.campaign
@draws(200, suppress_health_check=list(HealthCheck))
@given(graphs(most=9))
def test_many_random_graphs(graph: onnx.ModelProto) -> None:
    assume(agrees(graph, 1) != "not run")
