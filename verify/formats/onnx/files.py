"""Reading model files: bounded, regular files only, gzip undone."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from verify.errors import NetworkError
from verify.formats.beside import MAX_BYTES

# What protobuf itself can hold is 2 GiB; a network that unrolls to exact weights is far smaller.
_CHUNK = 2**20
_GZIP_MAGIC = b"\x1f\x8b"


def network_name(path: Path) -> str:
    """The file name without ``.onnx`` and ``.gz``, in characters that can be printed."""
    return printable(path.name.removesuffix(".gz").removesuffix(".onnx") or path.name, 200)


def printable(name: str | bytes, limit: int = 120) -> str:
    """A name from outside (bytes where protobuf finds that it is not UTF-8), safe in a one-line message."""
    text = name if isinstance(name, str) else name.decode("utf-8", "replace")
    return "".join(c if c.isprintable() else "?" for c in text[:limit])


def read_model_bytes(path: Path) -> tuple[bytes, bytes]:
    """The bytes of the file, and of the model in it (different when it is gzipped)."""
    label = printable(str(path), 500)
    data = _read_file(path, label)
    if data.startswith(_GZIP_MAGIC):
        return data, _decompressed(data, label)
    if path.suffix == ".gz":
        raise NetworkError(f"{label}: not gzip data although its name ends in .gz; rename it to .onnx if it is a model")
    return data, data


def _read_file(path: Path, label: str) -> bytes:
    try:
        if path.is_dir():
            raise NetworkError(f"{label}: is a directory; expected an .onnx or .onnx.gz file")
        if path.exists() and not path.is_file():
            raise NetworkError(f"{label}: is not a regular file; expected an .onnx or .onnx.gz file")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise NetworkError(f"{label}: no such file; expected an .onnx or .onnx.gz file") from error
    except OSError as error:
        raise NetworkError(f"{label}: cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL character in the name
        raise NetworkError(f"{label}: cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise NetworkError(f"{label}: more than {MAX_BYTES} bytes, the most that is read")
    return data


def _decompressed(data: bytes, label: str) -> bytes:
    """The gzipped content, in chunks, so that a small file cannot fill the memory."""
    parts: list[bytes] = []
    total = 0
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            while chunk := stream.read(_CHUNK):
                parts.append(chunk)
                total += len(chunk)
                if total > MAX_BYTES:
                    raise NetworkError(f"{label}: decompresses to more than {MAX_BYTES} bytes, the most that is read")
    except (OSError, EOFError, zlib.error) as error:
        raise NetworkError(f"{label}: damaged gzip data ({error}); fetch the file again") from error
    return b"".join(parts)
