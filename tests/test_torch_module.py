"""``verify.from_torch``: what PyTorch computes and what the exact network gives agree within the derived bound."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import verify
from verify.errors import InputError
from verify.fuzzing.compare import RunComparison
from verify.network.rounding import precision_named

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'relu-verify[torch]'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'relu-verify[torch]'")
nn = torch.nn
# The exporter's own deprecations are not about us; each of these traces a module, which takes seconds.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


class Residual(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 2, 1))

    def forward(self, x: Any) -> Any:
        return torch.relu(x + self.inner(x))


class Gate(nn.Module):  # type: ignore[misc, name-defined]
    """Max, concatenation, slices."""

    def forward(self, x: Any) -> Any:
        left, right = x[:, :2], x[:, 2:]
        return torch.cat([torch.maximum(left, right), torch.clamp(left - right, -1, 1)], dim=1)


IMAGE, ROW = (1, 2, 6, 6), (1, 4)
ARCHITECTURES: dict[str, tuple[Callable[[], Any], tuple[int, ...]]] = {
    "dense": (lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 2)), ROW),
    "conv": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.ReLU()), IMAGE),
    "residual": (Residual, IMAGE),
    "depthwise": (lambda: nn.Sequential(nn.Conv2d(2, 4, 3, groups=2), nn.ReLU6(), nn.Conv2d(4, 1, 1)), IMAGE),
    "max pool": (lambda: nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()), IMAGE),
    "average pool": (lambda: nn.Sequential(nn.AvgPool2d(2), nn.LeakyReLU(0.1), nn.AdaptiveAvgPool2d(1)), IMAGE),
    "batch norm": (lambda: nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3), nn.ReLU()), IMAGE),
    "batch norm of rows": (lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.PReLU()), ROW),
    "dropout": (lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 4), nn.ReLU(), nn.Dropout1d(0.2)), ROW),
    "transposed conv": (lambda: nn.Sequential(nn.ConvTranspose2d(2, 1, 2, stride=2), nn.Hardtanh()), IMAGE),
    "gate": (Gate, ROW),
}


def made(name: str) -> tuple[Any, Any]:
    """The module with weights and statistics from a fixed seed, and an example."""
    torch.manual_seed(len(name))
    build, shape = ARCHITECTURES[name]
    module = build().eval()
    for key, value in module.state_dict().items():
        if "running_var" in key:
            value.uniform_(0.5, 2.0)
        elif value.is_floating_point() and ("running" in key or "weight" in key):
            value.normal_()
    return module, torch.randn(shape)


def function_of(module: Any, shape: tuple[int, ...]) -> Callable[[Any], Any]:
    def function(x: Any) -> Any:
        with torch.no_grad():
            return module(torch.from_numpy(np.ascontiguousarray(x)).reshape(shape)).numpy()

    return function


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_agrees_within_the_derived_bound(name: str) -> None:
    module, example = made(name)
    network = verify.from_torch(module, example)
    comparison = RunComparison(network, function_of(module, tuple(example.shape)), precision_named("float32"))
    rng = np.random.default_rng(0)
    for _ in range(20):
        point = comparison.rounded(verify.rational.vector(rng.normal(size=network.input_size).tolist()))
        assert point is not None
        seen = comparison.at(point)
        assert seen.within_bound, (seen.problem, float(seen.deviation), seen.bound)


def test_batch_norm_keeps_its_own_weights() -> None:
    module, example = made("batch norm")
    network = verify.from_torch(module, example)
    stored = {float(v) for v in module[0].weight.detach().double().flatten()}
    held = {float(v) for block in network.blocks for _, matrix in block.inputs for v in matrix.floats.toarray().ravel()}
    assert stored <= held
    assert any("batch-norm scale" in note for note in network.notes)


def test_claims_about_a_module() -> None:
    module, example = made("dense")
    result = verify.check(verify.from_torch(module, example), "additive")
    assert result.verdict is verify.Verdict.REFUTED and result.assurance == "checked"


class Wrong(nn.Module):  # type: ignore[misc, name-defined]
    """Traced, it is one function; called, another: what an exporter's bug looks like."""

    def forward(self, x: Any) -> Any:
        return torch.relu(x) if torch.compiler.is_compiling() else torch.relu(x) + 1


class Training(nn.Module):  # type: ignore[misc, name-defined]
    def forward(self, x: Any) -> Any:
        return x.sum().item() * x


@pytest.mark.parametrize(
    ("module", "example", "said"),
    [
        ("relu", torch.zeros(1, 2), "module is str"),
        (nn.ReLU(), torch.zeros(1, 2), "training mode"),
        (nn.ReLU().eval(), [0.0], "example_input is list"),
        (nn.ReLU().eval(), torch.zeros(1, 2, dtype=torch.float64), "torch.float64"),
        (nn.ReLU().eval(), torch.full((1, 2), float("nan")), "infinite or undefined"),
        (nn.ReLU().eval(), torch.zeros(0, 2), "empty"),
        (nn.Linear(3, 1).eval(), torch.zeros(1, 2), "cannot trace Linear"),
        (Wrong().eval(), torch.zeros(1, 2), "is not the module: output 0 differs by 1"),
    ],
)
def test_what_does_not_work_says_so(module: Any, example: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        verify.from_torch(module, example)
