"""Loading a network by file name or by the name of a built-in example."""

from __future__ import annotations

import difflib
from pathlib import Path

from verify.errors import NetworkError
from verify.formats.reading import absent, is_file, is_folder, shown
from verify.network.network import Network

_READABLE = "readable are .onnx, .onnx.gz, .toml, or the name of a built-in example"
_ADVICE = {
    ".vnnlib": "this is a region; give it after --on",
    ".npy": "this is a point or a region's centre, not a network",
    ".pt": "export the model with torch.onnx.export first",
    ".pth": "export the model with torch.onnx.export first",
    ".h5": "export the model with tf2onnx first",
    ".keras": "export the model with tf2onnx first",
}
_EXAMPLE = "example:"


def load(source: str | Path, output: str | None = None) -> Network:
    """The network in a ``.onnx``, ``.onnx.gz`` or ``.toml`` file, or the example of that name (``example:NAME``).

    ``output`` names the tensor of an ONNX model that is to be the output. Raises ``NetworkError`` for a missing file,
    an unknown kind of file or an unknown name.
    """
    name = str(source)
    kind = None if name.startswith(_EXAMPLE) else _kind(name)
    if output is not None and kind != ".onnx":
        raise NetworkError(f"--output {shown(output)}: names a tensor of an ONNX model, and {shown(name)} is none")
    if name.startswith(_EXAMPLE):
        return _example(name.removeprefix(_EXAMPLE))
    if kind is not None:
        path = Path(name)
        if not is_file(path):
            raise NetworkError(f"network file {shown(path)}: {absent(path)}; check the path{_nearby(path)}")
        return _load_onnx(source, output) if kind == ".onnx" else _load_toml(source)
    if name and is_folder(Path(name)) and name not in _examples():
        raise NetworkError(f"network {shown(name)}: is a folder; name a file in it, {_READABLE}")
    if _looks_like_file(name):
        suffix = Path(name).suffix.lower()
        advice = f"{_ADVICE[suffix]}; " if suffix in _ADVICE else ""
        raise NetworkError(f"network {shown(name)}: not a kind of file that can be read; {advice}{_READABLE}")
    return _example(name)


def _kind(name: str) -> str | None:
    lower = name.lower()
    if lower.endswith((".onnx", ".onnx.gz")):
        return ".onnx"
    return ".toml" if lower.endswith(".toml") else None


def _looks_like_file(name: str) -> bool:
    path = Path(name)
    return bool(path.suffix) or len(path.parts) > 1 or is_file(path)


def _load_onnx(source: str | Path, output: str | None) -> Network:
    from verify.formats.onnx import load_onnx

    return load_onnx(source, output)


def _load_toml(source: str | Path) -> Network:
    from verify.formats.toml import load_toml

    try:
        return load_toml(source)
    except NetworkError as error:
        from verify.formats.toml_family import is_family

        if not is_family(source):
            raise
        raise NetworkError(
            f"network file {shown(Path(source))}: describes a family of networks, and one network is asked for;"
            " 'verify check' decides claims about families"
        ) from error


def _examples() -> list[str]:
    from verify.network import examples

    return list(examples.names())


def _example(name: str) -> Network:
    from verify.network import examples

    known = _examples()
    if name in known:
        return examples.get(name)
    close = difflib.get_close_matches(name[:60], known, n=1)
    advice = f"did you mean '{close[0]}'?" if close else f"the built-in examples are {', '.join(known)}"
    raise NetworkError(f"no network {shown(name)}: neither a file nor a built-in example; {advice}")


def _nearby(path: Path) -> str:
    """A file of the same folder whose name is close, if there is one."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if _kind(entry.name) and entry.is_file()]
    except (OSError, ValueError):
        return ""
    close = difflib.get_close_matches(path.name[:200], names, n=1)
    return f", did you mean {shown(path.parent / close[0])}?" if close else ""
