"""Modules of PyTorch: imported only where a test is run that needs them, since loading PyTorch takes seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install 'relu-verify[torch]'")
pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install 'relu-verify[torch]'")
nn = torch.nn


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


class Wrong(nn.Module):  # type: ignore[misc, name-defined]
    """Traced, it is one function; called, another: what an exporter's bug looks like."""

    def forward(self, x: Any) -> Any:
        return torch.relu(x) if torch.compiler.is_compiling() else torch.relu(x) + 1


# What cannot be made a network: the module, the example, what is said.
REFUSED: dict[str, tuple[Any, Any, str]] = {
    "no module": ("relu", torch.zeros(1, 2), "module is str"),
    "training": (nn.ReLU(), torch.zeros(1, 2), "training mode"),
    "no tensor": (nn.ReLU().eval(), [0.0], "example_input is list"),
    "float64": (nn.ReLU().eval(), torch.zeros(1, 2, dtype=torch.float64), "torch.float64"),
    "nan": (nn.ReLU().eval(), torch.full((1, 2), float("nan")), "infinite or undefined"),
    "empty": (nn.ReLU().eval(), torch.zeros(0, 2), "empty"),
    "other size": (nn.Linear(3, 1).eval(), torch.zeros(1, 2), "cannot trace Linear"),
    "traced otherwise": (Wrong().eval(), torch.zeros(1, 2), "is not the module: output 0 differs by 1"),
}
