"""Points stored in ``.npy`` files, read exactly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.lib import format as npy

from verify.errors import RegionError
from verify.formats.reading import absent, is_file, shown
from verify.rational import Vector, counted, vector, vector_from_floats


def load_point(path: Path, dimension: int) -> Vector:
    """The point whose ``dimension`` numbers are the entries of an array of any shape, in row-major order.

    Floats are the binary numbers that they are. Raises ``RegionError`` where the file is missing or damaged, has
    another number of entries (which its header tells before they are read), or holds NaN or infinities.
    """
    if not is_file(path):
        raise RegionError(f"point file {shown(path)}: {absent(path)}; check the path")
    try:
        with path.open("rb") as stream:
            _check_header(stream, path, dimension)
            stream.seek(0)
            array = npy.read_array(stream, allow_pickle=False)
    except RegionError:
        raise
    except Exception as error:  # numpy evaluates the header as a literal: a damaged one raises almost anything
        raise RegionError(f"point file {shown(path)}: not a readable .npy array; write it with numpy.save") from error
    if array.dtype.kind in "iu":
        return vector(array.ravel().tolist())
    if not np.all(np.isfinite(array)):
        raise RegionError(f"point file {shown(path)}: holds NaN or infinity; a point needs finite numbers")
    return vector_from_floats(array)


def _check_header(stream: BinaryIO, path: Path, dimension: int) -> None:
    """Refuse arrays of the wrong size or kind before any of their data is read."""
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    if dtype.kind not in "iuf" or dtype.itemsize > 8:
        raise RegionError(f"point file {shown(path)}: an array of {dtype}; expected integers, or floats up to float64")
    count = math.prod(shape)
    if count != dimension:
        raise RegionError(
            f"point file {shown(path)}: {counted(count, 'number')} (shape {tuple(shape)}),"
            f" but the network has {counted(dimension, 'input')}"
        )
