"""The networks of the decision benchmark, each with the box that its inputs come from."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

import verify
from benchmarks.networks import conv_net, mirrored, mlp, nudged, odd, pair, permuted
from verify.formats.vnnlib import read_vnnlib
from verify.network import Network
from verify.rational import Vector, vector
from verify.region import Region, box
from verify.region.bases import Box

NETWORKS = Path(os.environ.get("VERIFY_NETWORKS", Path(__file__).resolve().parents[2] / "shared" / "networks"))

BALLS = ("ball", "x2")
ALL = (*BALLS, "near", "box")


@dataclass(frozen=True)
class Subject:
    """A property of one network (or two), asked on boxes.

    ``sides`` are the ends of each input's side of the full box, or the VNN-LIB file that has them. ``kinds`` are the
    boxes: ``ball``, ``x2`` and ``near`` of radius eps*, 2 eps* and 1.0001 eps* around a random point (see ``cases``),
    and the full ``box``. ``truth`` is what holds on the full box by construction, where that says it.
    """

    name: str
    load: Callable[[], Network]
    sides: tuple[float, float] | Path
    kinds: tuple[str, ...] = (*BALLS, "box")
    property_name: str = "affine"
    second: Callable[[], Network] | None = None
    truth: bool | None = None
    file: Path | None = None

    @property
    def missing(self) -> str:
        """The file that is not there; empty when all are."""
        needed = [path for path in (self.file, self.sides) if isinstance(path, Path)]
        return next((f"{path.name} not found" for path in needed if not path.exists()), "")

    def full_box(self, network: Network) -> Region:
        """The box that the inputs come from."""
        if isinstance(self.sides, Path):
            return read_vnnlib(self.sides).region(network.input_size)
        low, high = self.sides
        return box([low] * network.input_size, [high] * network.input_size)

    def centre(self, network: Network) -> Vector:
        """A random point of the full box, of float32 numbers; always the same one."""
        base = self.full_box(network).base
        assert isinstance(base, Box)
        low, high = base.low.floats(), base.high.floats()
        values = low + np.random.default_rng(1).uniform(0, 1, len(low)) * (high - low)
        return vector(values.astype(np.float32).astype(np.float64).tolist())


def _made(name: str, load: Callable[[], Network]) -> Subject:
    return Subject(name, load, (-1, 1), ALL)


def _affine(name: str, load: Callable[[], Network], low: float = -1) -> Subject:
    return Subject(name, load, (low, 1), ("box",), truth=True)


def _dense(sizes: tuple[int, ...]) -> str:
    return "-".join(map(str, sizes))


def _mirrored(sizes: tuple[int, ...], seed: int) -> Subject:
    return _affine(f"mirrored {_dense(sizes)}", partial(mirrored, sizes, seed))


def _pair_of(make: Callable[[], Network]) -> Network:
    return pair(make(), 7)


def _pair(name: str, make: Callable[[], Network], low: float = -1) -> Subject:
    return _affine(f"pair {name}", partial(_pair_of, make), low)


def _odd(sizes: tuple[int, ...]) -> Subject:
    return Subject(f"odd {_dense(sizes)}", partial(odd, sizes, 0), (-1, 1), ("box",), "odd", truth=True)


def _real(file: str, sides: tuple[float, float] | str = (0, 1)) -> Subject:
    path = NETWORKS / file
    where = NETWORKS / sides if isinstance(sides, str) else sides
    return Subject(file.split(".")[0], partial(verify.load, path), where, file=path)


def _permuted_file(path: Path) -> Network:
    return permuted(verify.load(path), 7)


def _nudged_file(path: Path) -> Network:
    return nudged(_permuted_file(path))


def _equivalent(name: str, *, is_nudged: bool = False) -> Subject:
    path = NETWORKS / f"{name}.onnx"
    second = partial(_nudged_file if is_nudged else _permuted_file, path)
    title = f"{name} = permuted" + (", one bias changed" if is_nudged else "")
    truth = None if is_nudged else True
    return Subject(title, partial(verify.load, path), (0, 1), ("box",), "equivalent", second, truth, path)


SUBJECTS = {
    subject.name: subject
    for subject in (
        _made("mlp 2-8-1", partial(mlp, (2, 8, 1), 0)),
        _made("mlp 4-16-16-1", partial(mlp, (4, 16, 16, 1), 0)),
        _made("mlp 8-32-32-2", partial(mlp, (8, 32, 32, 2), 0)),
        _made("conv 1x6x6", partial(conv_net, (1, 6, 6), (3, 8), 1, 0)),
        _mirrored((2, 8, 1), 1),
        _mirrored((4, 8, 8, 1), 1),
        _mirrored((4, 16, 16, 1), 0),
        _pair("2-8-1", partial(mlp, (2, 8, 1), 0)),
        _pair("4-16-16-1", partial(mlp, (4, 16, 16, 1), 0)),
        _pair("8-32-32-2", partial(mlp, (8, 32, 32, 2), 0)),
        _pair("conv 1x6x6", partial(conv_net, (1, 6, 6), (3, 8), 1, 0)),
        _pair("784-256-256-10", partial(mlp, (784, 256, 256, 10), 0), 0),
        _pair("conv 1x28x28", partial(conv_net, (1, 28, 28), (8, 8), 10, 0), 0),
        _pair("conv 3x32x32", partial(conv_net, (3, 32, 32), (8, 8), 10, 0), 0),
        _mirrored((784, 256, 256, 10), 0),
        _odd((4, 16, 16, 1)),
        _odd((784, 256, 256, 10)),
        _equivalent("mnistfc_256x2"),
        _equivalent("mnistfc_256x2", is_nudged=True),
        _equivalent("mnistfc_256x4"),
        _equivalent("cifar_resnet_2b"),
        _real("acasxu_1_1.onnx", "acasxu_prop_1.vnnlib"),
        _real("acasxu_3_3.onnx", "acasxu_prop_3.vnnlib"),
        _real("mnist_leaky_5x20.onnx"),
        _real("tll_8_0.onnx.gz"),
        _real("tll_16_0.onnx.gz"),
        _real("mnistfc_256x2.onnx"),
        _real("mnistfc_256x4.onnx"),
        _real("rul_cnn_20.onnx.gz"),
        _real("convnet_avgpool.onnx"),
        _real("convnet_maxpool.onnx"),
        _real("mnistcnn.onnx"),
        _real("cifar_base_kw.onnx"),
        _real("cifar_deep_kw.onnx"),
        _real("cifar_resnet_2b.onnx"),
    )
}
QUICK = ("mlp 2-8-1", "mlp 4-16-16-1", "mirrored 2-8-1", "pair 4-16-16-1", "acasxu_1_1")
