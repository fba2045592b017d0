"""PyTorch modules: the exact network that a module computes, by way of ``torch.export`` and the ONNX reader."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from verify.errors import InputError
from verify.formats.onnx import from_model_bytes
from verify.fuzzing.compare import RunComparison
from verify.network import Network
from verify.network.rounding import precision_named
from verify.rational import vector


def from_torch(module: Any, example_input: Any, name: str = "") -> Network:
    """The exact network that a PyTorch module in evaluation mode computes for inputs of the example's shape.

    ``example_input`` is one float32 tensor, batch axis included. The module is traced by ``torch.export`` and written
    as ONNX without any optimisation, so that batch norm keeps its own weights; the model is then read like a file.
    What the module returns at the example must lie within the derived bound of the exact network's value, whatever
    the exporter did (``remarks`` say so where no bound is known). Raises ``InputError`` where PyTorch is missing, the
    module trains, or one of these steps fails.
    """
    torch = _torch()
    if not isinstance(module, torch.nn.Module):
        raise InputError(f"module is {type(module).__name__}; expected a torch.nn.Module")
    if any(part.training for part in module.modules()):
        raise InputError(
            "the module is in training mode; call module.eval() first (dropout and batch norm depend on it)"
        )
    if not isinstance(example_input, torch.Tensor) or example_input.dtype != torch.float32:
        raise InputError(f"example_input is {_kind(example_input)}; expected one float32 tensor")
    example = example_input.detach().cpu()
    if not example.numel() or not bool(torch.isfinite(example).all()):
        raise InputError("example_input is empty or has an infinite or undefined value; give finite numbers")
    label = name or type(module).__name__
    network = from_model_bytes(_exported(torch, module, example), label)
    _agrees(torch, module, example, network)
    unknown = tuple(f"not compared with the module, whose rounding is not bounded: {why}" for why in network.unbounded)
    return replace(network, remarks=(*network.remarks, *unknown))


def _torch() -> Any:
    try:
        import onnxscript  # noqa: F401, the exporter needs it and says so less clearly
        import torch
    except ImportError as error:
        raise InputError(f"{error.name} is missing; install it with: pip install 'relu-verify[torch]'") from error
    return torch


def _kind(value: Any) -> str:
    dtype = getattr(value, "dtype", None)
    return type(value).__name__ if dtype is None else f"{type(value).__name__} of {dtype}"


def _exported(torch: Any, module: Any, example: Any) -> bytes:
    try:
        with _quiet():
            program = torch.onnx.export(module, (example,), dynamo=True, optimize=False, verbose=False)
            return bytes(program.model_proto.SerializeToString())
    except Exception as error:  # PyTorch raises whatever the module, the tracer and the exporter raise
        first = (str(error).strip().splitlines() or [""])[0]
        raise InputError(f"torch.export cannot trace {type(module).__name__}: {first[:300]}") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the exporter's remarks about itself."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _agrees(torch: Any, module: Any, example: Any, network: Network) -> None:
    """The export is compared with the module itself: exporters have been wrong before."""

    def function(x: Any) -> Any:
        with torch.no_grad():
            return module(torch.from_numpy(x).reshape(example.shape)).cpu().numpy()

    comparison = RunComparison(network, function, precision_named("float32"))
    found = comparison.at(vector(example.double().flatten().tolist()))
    if not found.within_bound:
        what = found.problem or (
            f"output {found.output} differs by {float(found.deviation):.3g}, and rounding explains {found.bound:.3g}"
        )
        raise InputError(f"what torch.export made of {type(module).__name__} is not the module: {what}")
