"""Is it a wrong export, or rounding? Networks as exporters, folding and pruning leave them, compared exactly.

    python examples/exports.py [FOLDER]

makes variants of the digits network in FOLDER (``exports``): ``normalized.onnx`` with a batch normalization after
each convolution, ``folded.onnx`` in which it is folded into the weights (in float32, as exporters do), ``pruned.onnx``
without the smallest weights, and ``broken.onnx`` whose first convolution pads at two sides only. Each is compared with
the network that it comes from near one image: the smallest E for which "equivalent within E" is proved, and the
largest difference found. Where torch and onnxscript are there, torch's two exporters write the same network, too.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from verify import api
from verify.digits import display
from verify.search.commands.compare import Comparison

Array = NDArray[np.float32]

HERE = Path(__file__).resolve().parent
EPSILON = 1e-5
PRUNED = 1 / 16  # the share of each layer's weights that pruning sets to zero
RADIUS = "1/255"  # of the ball around digits_point.npy


@dataclass(frozen=True)
class Statistics:
    """What a batch normalization in evaluation mode holds for each channel."""

    scale: Array
    shift: Array
    mean: Array
    variance: Array


def statistics(channels: int, rng: np.random.Generator) -> Statistics:
    """Numbers as training leaves them."""
    values = [rng.uniform(0.5, 2, channels), *rng.normal(0, 0.2, (2, channels)), rng.uniform(0.3, 3, channels)]
    return Statistics(*(value.astype(np.float32) for value in values))


def constants(model: onnx.ModelProto) -> dict[str, Array]:
    """The model's initializers by name, to be changed."""
    return {t.name: numpy_helper.to_array(t).copy() for t in model.graph.initializer}


def rebuilt(model: onnx.ModelProto, nodes: list[onnx.NodeProto], values: dict[str, Array]) -> onnx.ModelProto:
    """The model with other nodes and initializers."""
    result = onnx.ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:], result.graph.initializer[:]
    result.graph.node.extend(nodes)
    result.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in values.items())
    onnx.checker.check_model(result, full_check=True)
    return result


def normalized(model: onnx.ModelProto, of: dict[str, Statistics]) -> onnx.ModelProto:
    """A batch normalization after each convolution."""
    nodes, values = [], constants(model)
    for node in model.graph.node:
        nodes.append(onnx.NodeProto.FromString(node.SerializeToString()))
        if node.op_type != "Conv":
            continue
        names = [f"{node.name}.norm.{part}" for part in ("scale", "shift", "mean", "variance")]
        values |= dict(zip(names, vars(of[node.name]).values(), strict=True))
        nodes[-1].output[0] = f"{node.name}.sums"
        nodes.append(
            helper.make_node(
                "BatchNormalization",
                [f"{node.name}.sums", *names],
                [node.output[0]],
                f"{node.name}.norm",
                epsilon=EPSILON,
            )
        )
    return rebuilt(model, nodes, values)


def folded(model: onnx.ModelProto, of: dict[str, Statistics]) -> onnx.ModelProto:
    """The batch normalization folded into weights and biases, in float32."""
    values = constants(model)
    for name, stats in of.items():
        factor = stats.scale / np.sqrt(stats.variance + np.float32(EPSILON))
        values[f"{name}.weight"] *= factor[:, None, None, None]
        values[f"{name}.bias"] = (values[f"{name}.bias"] - stats.mean) * factor + stats.shift
    return rebuilt(model, list(model.graph.node), values)


def pruned(model: onnx.ModelProto) -> onnx.ModelProto:
    """The smallest weights of each layer set to zero."""
    values = constants(model)
    for name, value in values.items():
        if name.endswith(".weight"):
            value[np.abs(value) < np.quantile(np.abs(value), PRUNED)] = 0
    return rebuilt(model, list(model.graph.node), values)


def broken(model: onnx.ModelProto) -> onnx.ModelProto:
    """A first convolution that pads two rows and columns at the end, instead of one at each side."""
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in model.graph.node]
    first = next(node for node in nodes if node.op_type == "Conv")
    (pads,) = (attribute for attribute in first.attribute if attribute.name == "pads")
    height, width = pads.ints[0] + pads.ints[2], pads.ints[1] + pads.ints[3]
    pads.CopyFrom(helper.make_attribute("pads", [0, 0, height, width]))
    return rebuilt(model, nodes, constants(model))


def write_models(folder: Path, source: Path = HERE / "digits_conv.onnx") -> list[tuple[str, str]]:
    """Write the variants; returns the pairs of file names to be compared."""
    model = onnx.load(source)
    rng = np.random.default_rng(0)
    shapes = {node.name: len(constants(model)[node.input[1]]) for node in model.graph.node if node.op_type == "Conv"}
    of = {name: statistics(channels, rng) for name, channels in shapes.items()}
    made = {
        "plain": model,
        "normalized": normalized(model, of),
        "folded": folded(model, of),
        "pruned": pruned(model),
        "broken": broken(model),
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name, variant in made.items():
        (folder / f"{name}.onnx").write_bytes(variant.SerializeToString(deterministic=True))
    pairs = [("normalized", "folded"), ("plain", "pruned"), ("plain", "broken")]
    if all(importlib.util.find_spec(name) for name in ("torch", "onnxscript")):
        pairs += [("normalized", name) for name in write_torch_exports(folder, model, of)]
    return pairs


def write_torch_exports(folder: Path, model: onnx.ModelProto, of: dict[str, Statistics]) -> list[str]:
    """The normalized network built in torch and written by both of torch's exporters."""
    torch: Any = importlib.import_module("torch")
    values, layers = constants(model), []
    for node in model.graph.node:
        settings = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        if node.op_type == "Conv":
            weight = values[f"{node.name}.weight"]
            conv = torch.nn.Conv2d(
                *weight.shape[1::-1], weight.shape[2], stride=settings["strides"][0], padding=settings["pads"][0]
            )
            norm, stats = torch.nn.BatchNorm2d(len(weight), eps=EPSILON), of[node.name]
            _fill(torch, conv, weight=weight, bias=values[f"{node.name}.bias"])
            _fill(torch, norm, weight=stats.scale, bias=stats.shift)
            _fill(torch, norm, running_mean=stats.mean, running_var=stats.variance)
            layers += [conv, norm]
        elif node.op_type == "Relu":
            layers.append(torch.nn.ReLU())
        elif node.op_type == "Flatten":
            layers.append(torch.nn.Flatten())
        else:
            dense = torch.nn.Linear(*values["dense.weight"].shape[::-1])
            _fill(torch, dense, weight=values["dense.weight"], bias=values["dense.bias"])
            layers.append(dense)
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    module, example = torch.nn.Sequential(*layers).eval(), (torch.zeros(*shape),)
    exporters: dict[str, Callable[[str], Any]] = {
        "torch_export": lambda name: torch.onnx.export(
            module, example, name, dynamo=True, verbose=False, external_data=False
        ),
        "torch_script": lambda name: torch.onnx.export(module, example, name, dynamo=False),
    }
    for name, export in exporters.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what torch says of its older exporter
            export(str(folder / f"{name}.onnx"))
    return list(exporters)


def _fill(torch: Any, module: Any, **values: Array) -> None:
    with torch.no_grad():
        for name, value in values.items():
            getattr(module, name).copy_(torch.from_numpy(value))


def compared(folder: Path, pairs: list[tuple[str, str]], region: str, seconds: float) -> dict[str, Comparison]:
    """Compare the pairs and print a line or two for each."""
    results = {}
    for first, second in pairs:
        f, g = (api.load(folder / f"{name}.onnx") for name in (first, second))
        found = api.compare(f, g, region, timeout=seconds)
        results[second] = found
        proved = "no E was proved" if found.upper is None else f"equivalent within {display(found.upper, 0)} (proved)"
        print(f"{first} and {second}: {proved}; largest difference found {display(found.lower, 0)}")
        print(f"  {found.cause}", flush=True)
    return results


def main() -> None:
    """Make the networks and compare them."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "exports")
    pairs = write_models(folder)
    point = (HERE / "digits_point.npy").as_posix()
    compared(folder, pairs, f'ball("{point}", {RADIUS})', 20)


if __name__ == "__main__":
    main()
