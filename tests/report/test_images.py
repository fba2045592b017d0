"""Counterexamples of image shape: the pixels of the PNG are the numbers, and a unit's field is what moves it."""

from __future__ import annotations

import base64
import random
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

import verify
from verify.kernel.evidence import ValueGap
from verify.kernel.exact import preactivations
from verify.network import Builder
from verify.network.builder import conv, dense, relu
from verify.rational import Vector, vector
from verify.report.images import ImageShape, image_shape, images, png, receptive_field
from verify.report.record import Result

DIGITS = Path(__file__).resolve().parents[2] / "examples" / "digits_conv.onnx"


def decoded(data: bytes) -> np.ndarray:
    """The pixels of a PNG that this package wrote."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, place = {}, 8
    while place < len(data):
        (size,), kind = struct.unpack(">I", data[place : place + 4]), data[place + 4 : place + 8]
        body = data[place + 8 : place + 8 + size]
        (check,) = struct.unpack(">I", data[place + 8 + size : place + 12 + size])
        assert check == zlib.crc32(kind + body)
        chunks[kind], place = body, place + 12 + size
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert depth == 8
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not rows[:, 0].any()
    return rows[:, 1:].reshape(height, width, 1 if colour == 0 else 3).transpose(2, 0, 1)


@pytest.fixture(scope="module")
def refuted() -> Result:
    return verify.check(DIGITS, "affine", on="box(0, 1)")


def test_pngs_hold_the_pixels() -> None:
    rng = np.random.default_rng(0)
    for channels in (1, 3):
        pixels = rng.integers(0, 256, (channels, 5, 7), dtype=np.uint8)
        assert (decoded(png(pixels)) == pixels).all()


def test_points_are_drawn(refuted: Result) -> None:
    [figure] = images(refuted)
    names = re.findall(r'class="name">([^<]+)<', figure.svg)
    assert names == ["x", "y", "y - x", "what the unit sees"]
    drawn = [decoded(base64.b64decode(data)) for data in re.findall(r"base64,([^\"]+)", figure.svg)]
    evidence = refuted.outcome.evidence
    assert isinstance(evidence, ValueGap)
    points = [value for value in evidence.assignment.values() if isinstance(value, Vector)]
    x, y = (np.array([float(v) for v in point.fractions()]) for point in points)
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    for point, pixels in ((x, drawn[0]), (y, drawn[1])):
        assert (pixels[0] == np.rint((point.reshape(8, 8) - low) / (high - low) * 255)).all()
    changed = (y - x).reshape(8, 8) != 0
    assert ((drawn[2] != 255).any(axis=0) == changed).all()
    assert f"{changed.sum()} of 64 numbers" in " ".join(figure.notes)


def test_the_field_is_what_moves_the_unit() -> None:
    rng = random.Random(1)
    builder = Builder((1, 6, 6), "net")
    kernel = [[[[rng.randint(1, 3) for _ in range(3)] for _ in range(3)]] for _ in range(2)]
    hidden = relu(conv(builder.input, kernel, [40, 40]).named("c"))
    network = builder.build(dense(relu(dense(hidden.flatten(), [[1] * hidden.size])), [[1]]))
    x = vector([0] * 36)
    for unit in range(network.blocks[0].size):
        field = receptive_field(network, 1, unit)
        base = preactivations(network, x)[0][unit]
        moved = [preactivations(network, vector([int(i == j) for i in range(36)]))[0][unit] != base for j in range(36)]
        assert field.tolist() == moved


def test_which_inputs_are_images() -> None:
    def shape(*sides: int) -> ImageShape | None:
        builder = Builder(sides, "net")
        size = int(np.prod(sides))
        return image_shape(builder.build(dense(builder.input.flatten(), [[1] * size])))

    assert shape(1, 8, 8) == shape(8, 8) == ImageShape(1, 8, 8)
    assert shape(64) == ImageShape(1, 8, 8, guessed=True) and shape(784, 1) == ImageShape(1, 28, 28, guessed=True)
    assert shape(3, 32, 32) == ImageShape(3, 32, 32) and shape(3072) == ImageShape(3, 32, 32, guessed=True)
    assert shape(5) is None and shape(2, 8, 8) is None and shape(3, 3) is None


def test_no_image_without_a_refutation() -> None:
    assert images(verify.check("relu", "additive")) == []
    assert images(verify.check(DIGITS, "affine", on="box(0, 1e-9)")) == []
