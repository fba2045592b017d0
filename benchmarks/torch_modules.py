"""Small PyTorch modules, one for each layer of ``torch.nn``, exported with both exporters.

    python -m venv torch && torch/bin/pip install torch==2.13.0 onnx onnxscript numpy
    torch/bin/python benchmarks/torch_modules.py

writes ``tests/formats/torch_modules.zip``: the models, stripped of traces, and what PyTorch computes at two points.
The test beside it reads them, and ``python -m tests.formats.torch_modules`` makes the table in ``docs/modules.md``.
"""

from __future__ import annotations

import functools
import io
import json
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

TARGET = Path(__file__).resolve().parents[1] / "tests" / "formats" / "torch_modules.zip"

POINTWISE = """ReLU ReLU6 LeakyReLU PReLU RReLU Hardtanh Hardsigmoid Hardswish Hardshrink Softshrink Tanhshrink ELU CELU
SELU GELU SiLU Mish Sigmoid LogSigmoid Tanh Softplus Softsign Identity Flatten"""
VECTOR, ROWS, SIGNAL, IMAGE, VOLUME = (1, 4), (1, 3, 4), (1, 2, 6), (1, 2, 4, 4), (1, 2, 3, 4, 4)


def spatial(dims: int) -> Iterator[tuple[str, str, tuple[Any, ...], dict[str, Any]]]:
    """Label, class and arguments of the layers that exist for each number of spatial axes."""
    pooled = 2 if dims < 3 else (3, 2, 2)
    rows: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("Conv", (2, 3, 2), {"padding": 1, "stride": 2}),
        ("ConvTranspose", (2, 2, 2), {"stride": 2, "output_padding": 1}),
        ("BatchNorm", (2,), {}),
        ("InstanceNorm", (2,), {}),
        ("MaxPool", (2,), {"stride": 1}),
        ("AvgPool", (2,), {"padding": 1}),
        ("AdaptiveAvgPool", (1,), {}),
        ("AdaptiveMaxPool", (1,), {}),
        ("ConstantPad", (1, 0.5), {}),
        ("ZeroPad", (1,), {}),
        ("ReflectionPad", (1,), {}),
        ("ReplicationPad", (1,), {}),
        ("CircularPad", (1,), {}),
        ("Dropout", (), {}),
    ]
    for name, given, named in rows:
        yield f"{name}{dims}d", name, given, named
    yield f"AdaptiveAvgPool{dims}d(2)", "AdaptiveAvgPool", (pooled,), {}
    yield f"InstanceNorm{dims}d(tracking)", "InstanceNorm", (2,), {"track_running_stats": True}
    if dims < 3:
        yield f"LPPool{dims}d(1)", "LPPool", (1, 2), {}
        yield f"LPPool{dims}d(2)", "LPPool", (2, 2), {}


def modules() -> Iterator[tuple[str, Callable[[], Any], tuple[int, ...]]]:
    """Name, how it is made, and the shape of its input."""
    import torch
    from torch import nn

    def lambda_of(function: Callable[[Any], Any]) -> Callable[[], Any]:
        class Function(nn.Module):  # type: ignore[misc]
            def forward(self, x: Any) -> Any:
                return function(x)

        return Function

    pointwise = (
        "ReLU ReLU6 LeakyReLU PReLU RReLU Hardtanh Hardsigmoid Hardswish Hardshrink Softshrink Tanhshrink ELU CELU"
    )
    for name in (pointwise + " SELU GELU SiLU Mish Sigmoid LogSigmoid Tanh Softplus Softsign Identity Flatten").split():
        yield name, getattr(nn, name), ROWS
    yield "GELU(tanh)", lambda: nn.GELU(approximate="tanh"), VECTOR
    yield "Threshold(0.5, 0.5)", lambda: nn.Threshold(0.5, 0.5), VECTOR
    yield "Threshold(0.5, 0)", lambda: nn.Threshold(0.5, 0.0), VECTOR
    yield "Softmax", lambda: nn.Softmax(dim=-1), VECTOR
    yield "LogSoftmax", lambda: nn.LogSoftmax(dim=-1), VECTOR
    yield "Softmin", lambda: nn.Softmin(dim=-1), VECTOR
    yield "GLU", nn.GLU, VECTOR
    yield "Dropout", nn.Dropout, VECTOR
    yield "AlphaDropout", nn.AlphaDropout, VECTOR
    yield "Unflatten", lambda: nn.Unflatten(1, (2, 2)), VECTOR
    yield "Linear", lambda: nn.Linear(4, 3), VECTOR
    yield "Linear on rows", lambda: nn.Linear(4, 3), ROWS
    yield "weight_norm(Linear)", lambda: torch.nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), VECTOR
    for dims, shape in ((1, SIGNAL), (2, IMAGE), (3, VOLUME)):
        for label, name, given, named in spatial(dims):
            yield label, functools.partial(getattr(nn, f"{name}{dims}d"), *given, **named), shape
    yield "Conv2d(groups)", lambda: nn.Conv2d(2, 4, 2, groups=2, dilation=2), IMAGE
    yield "Conv2d(same)", lambda: nn.Conv2d(2, 3, 3, padding="same"), IMAGE
    yield "Conv2d(reflect)", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"), IMAGE
    yield "Conv2d(circular)", lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), IMAGE
    yield "MaxPool2d(ceil)", lambda: nn.MaxPool2d(3, stride=2, ceil_mode=True), IMAGE
    yield "AvgPool2d(ceil)", lambda: nn.AvgPool2d(3, stride=2, ceil_mode=True, count_include_pad=False), IMAGE
    for mode in ("nearest", "bilinear", "bicubic"):
        yield f"Upsample({mode})", functools.partial(nn.Upsample, scale_factor=2, mode=mode), IMAGE
    yield "Upsample(aligned)", lambda: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True), IMAGE
    yield "Upsample(size)", lambda: nn.Upsample(size=(6, 8), mode="nearest"), IMAGE
    yield "UpsamplingNearest2d", lambda: nn.UpsamplingNearest2d(scale_factor=2), IMAGE
    yield "UpsamplingBilinear2d", lambda: nn.UpsamplingBilinear2d(scale_factor=2), IMAGE
    yield "PixelShuffle", lambda: nn.PixelShuffle(2), (1, 4, 2, 2)
    yield "PixelUnshuffle", lambda: nn.PixelUnshuffle(2), IMAGE
    yield "ChannelShuffle", lambda: nn.ChannelShuffle(2), (1, 4, 2, 2)
    yield "Unfold", lambda: nn.Unfold(2), IMAGE
    yield "Fold", lambda: nn.Fold((3, 3), 2), (1, 4, 4)
    yield "LayerNorm", lambda: nn.LayerNorm(4), VECTOR
    yield "GroupNorm", lambda: nn.GroupNorm(1, 2), IMAGE
    yield "RMSNorm", lambda: nn.RMSNorm(4), VECTOR
    yield "LocalResponseNorm", lambda: nn.LocalResponseNorm(2), IMAGE
    yield "RNN(relu)", lambda: nn.RNN(4, 3, nonlinearity="relu", batch_first=True), ROWS
    yield "RNN", lambda: nn.RNN(4, 3, batch_first=True), ROWS
    yield "LSTM", lambda: nn.LSTM(4, 3, batch_first=True), ROWS
    yield "GRU", lambda: nn.GRU(4, 3, batch_first=True), ROWS
    yield "TransformerEncoderLayer", lambda: nn.TransformerEncoderLayer(4, 2, 4, batch_first=True), ROWS
    yield "Sequential", lambda: nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 2)), VECTOR
    functions: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
        "torch.sort": (lambda x: torch.sort(x, dim=-1).values, VECTOR),
        "torch.topk": (lambda x: torch.topk(x, 2).values, VECTOR),
        "torch.median": (lambda x: torch.median(x, dim=-1).values, VECTOR),
        "torch.max": (lambda x: torch.max(x, dim=-1).values, VECTOR),
        "torch.amin": (lambda x: torch.amin(x, dim=-1), VECTOR),
        "torch.cumsum": (lambda x: torch.cumsum(x, -1), VECTOR),
        "torch.flip": (lambda x: torch.flip(x, [-1]), VECTOR),
        "torch.roll": (lambda x: torch.roll(x, 1, -1), VECTOR),
        "torch.where(x > 0)": (lambda x: torch.where(x > 0, x, 0.1 * x), VECTOR),
        "torch.clamp": (lambda x: torch.clamp(x, -0.5, 0.5), VECTOR),
        "torch.maximum": (lambda x: torch.maximum(x, -2 * x), VECTOR),
        "torch.einsum": (lambda x: torch.einsum("bij->bji", x), ROWS),
        "torch.norm(1)": (lambda x: torch.linalg.vector_norm(x, 1, dim=-1), VECTOR),
        "torch.tril": (lambda x: torch.tril(x), ROWS),
        "torch.diff": (lambda x: torch.diff(x, dim=-1), VECTOR),
        "torch.cat": (lambda x: torch.cat([x, -x], dim=-1), VECTOR),
        "torch.stack": (lambda x: torch.stack([x, x.relu()], dim=1), VECTOR),
        "torch.chunk": (lambda x: x.chunk(2, dim=-1)[0] - x.chunk(2, dim=-1)[1], VECTOR),
        "torch.std": (lambda x: torch.std(x, dim=-1), VECTOR),
        "x * x": (lambda x: x * x, VECTOR),
        "torch.round": (lambda x: torch.round(x), VECTOR),
    }
    for name, (function, size) in functions.items():
        yield name, lambda_of(function), size


def exported(module: Any, point: Any, dynamo: bool) -> bytes:
    """The model, without the traces that say where each node came from."""
    import onnx
    import torch

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.onnx"
        torch.onnx.export(
            module, (point,), str(path), dynamo=dynamo, opset_version=20 if dynamo else 17, input_names=["x"],
            external_data=False, verbose=False,
        )  # fmt: skip
        model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node, *model.graph.value_info, *model.graph.initializer,
                 *model.graph.input, *model.graph.output, *model.functions):  # fmt: skip
        part.doc_string = ""
        del part.metadata_props[:]
    for function in model.functions:
        for node in function.node:
            node.doc_string = ""
            del node.metadata_props[:]
    del model.metadata_props[:]
    del model.graph.value_info[:]
    data: bytes = model.SerializeToString(deterministic=True)
    return data


def keep_registry() -> None:
    """Let the exporter build its table of translations once, not for every module."""
    from torch.onnx._internal.exporter import _registration

    built = functools.cache(_registration.ONNXRegistry.from_torchlib)
    _registration.ONNXRegistry.from_torchlib = staticmethod(built)


def main() -> None:
    """Export everything, and write the archive."""
    import torch

    keep_registry()
    warnings.simplefilter("ignore")
    recorded: dict[str, Any] = {}
    files: dict[str, bytes] = {}
    for number, (name, make, shape) in enumerate(modules()):
        torch.manual_seed(number)
        try:
            module = make().eval()
            points = [torch.randn(shape) for _ in range(2)]
            results = [module(point) for point in points]
        except Exception as error:
            print("cannot be made:", name, repr(error)[:100], file=sys.stderr)
            continue
        firsts = [result[0] if isinstance(result, tuple) else result for result in results]
        entry: dict[str, Any] = {
            "points": [point.flatten().tolist() for point in points],
            "values": [value.flatten().tolist() for value in firsts],
            "files": {},
        }
        for exporter in ("torchscript", "dynamo"):
            try:
                data = exported(module, points[0], exporter == "dynamo")
            except Exception as error:
                entry["files"][exporter] = None
                print("not exported:", name, exporter, type(error).__name__, file=sys.stderr)
                continue
            file = f"{number:03}-{exporter}.onnx"
            files[file], entry["files"][exporter] = data, file
        recorded[name] = entry
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file, data in {**files, "modules.json": json.dumps(recorded).encode()}.items():
            archive.writestr(zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    TARGET.write_bytes(buffer.getvalue())
    print(len(recorded), "modules,", len(files), "files,", len(buffer.getvalue()), "bytes")


if __name__ == "__main__":
    main()
