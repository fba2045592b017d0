"""``verify.from_torch``: what PyTorch computes and what the exact network gives agree within the derived bound."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

import verify
from verify.errors import InputError
from verify.fuzzing.compare import RunComparison
from verify.network.rounding import precision_named

# The exporter's own deprecations are not about us; each of these traces a module, which takes seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]
ARCHITECTURES = (
    "dense",
    "conv",
    "residual",
    "depthwise",
    "max pool",
    "average pool",
    "batch norm",
    "batch norm of rows",
    "dropout",
    "transposed conv",
    "gate",
)
REFUSED = ("no module", "training", "no tensor", "float64", "nan", "empty", "other size", "traced otherwise")


@pytest.fixture
def modules() -> ModuleType:
    from tests.support import torch_modules  # skips where there is no PyTorch

    return torch_modules


def test_every_module_is_tried(modules: ModuleType) -> None:
    assert tuple(modules.ARCHITECTURES) == ARCHITECTURES and tuple(modules.REFUSED) == REFUSED


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_agrees_within_the_derived_bound(modules: ModuleType, name: str) -> None:
    module, example = modules.made(name)
    network = verify.from_torch(module, example)
    comparison = RunComparison(network, modules.function_of(module, tuple(example.shape)), precision_named("float32"))
    rng = np.random.default_rng(0)
    for _ in range(20):
        point = comparison.rounded(verify.rational.vector(rng.normal(size=network.input_size).tolist()))
        assert point is not None
        seen = comparison.at(point)
        assert seen.within_bound, (seen.problem, float(seen.deviation), seen.bound)


def test_batch_norm_keeps_its_own_weights(modules: ModuleType) -> None:
    module, example = modules.made("batch norm")
    network = verify.from_torch(module, example)
    stored = {float(v) for v in module[0].weight.detach().double().flatten()}
    held = {float(v) for block in network.blocks for _, matrix in block.inputs for v in matrix.floats.toarray().ravel()}
    assert stored <= held
    assert any("batch-norm scale" in note for note in network.notes)


def test_claims_about_a_module(modules: ModuleType) -> None:
    module, example = modules.made("dense")
    result = verify.check(verify.from_torch(module, example), "additive")
    assert result.verdict is verify.Verdict.REFUTED and result.assurance == "checked"


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_work_says_so(modules: ModuleType, name: str) -> None:
    module, example, said = modules.REFUSED[name]
    with pytest.raises(InputError, match=said):
        verify.from_torch(module, example)
