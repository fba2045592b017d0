"""The lines that reproduce a refutation: they are run, in a process without this package, and give the same numbers."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import verify
from verify.rational import vector
from verify.report.calculation import MAX_ENTRIES, calculation, point_line
from verify.report.record import Result

CLAIMS = [
    ("relu", "additive", "all", None, None),
    ("thread", "affine", "box(0, 1)", None, None),
    ("leaky", "affine", "box(-1e-40, 1e-45)", None, None),
    ("maxpool", "concave", "box(-1, 1)", None, None),
    ("zero_bias", "odd", "all", None, None),
    ("relu", "equivalent", "all", "abs", None),
    ("abs", "lipschitz 1/2 in l2", "all", None, [0]),
]


def run(lines: list[str], folder: Path) -> list[Fraction]:
    """What the lines print, with no module of this package in reach."""
    code = "import sys; sys.modules['verify'] = None\n" + "\n".join(lines).replace("print(", "print(*map(str, (", 1)
    code = code.replace("\n# exactly", "))\n# exactly", 1).replace(")))\n#", "))) \n#", 1)
    (folder / "lines.py").write_text(code)
    done = subprocess.run([sys.executable, "lines.py"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Fraction(word) for word in done.stdout.split()]


def exact(result: Result) -> list[Fraction]:
    return [Fraction(str(value.value)) for value in result.outcome.values]


@pytest.mark.parametrize(("network", "name", "region", "other", "outputs"), CLAIMS)
def test_small_networks_are_written_exactly(
    tmp_path: Path, network: str, name: str, region: str, other: str | None, outputs: list[int] | None
) -> None:
    result = verify.check(network, name, on=region, to=other, outputs=outputs)
    lines = calculation(result)
    assert run(lines, tmp_path) == exact(result)
    assert all(str(value) in lines[-1] for value in exact(result))


def test_files_are_run_by_onnxruntime(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    path = Path(__file__).resolve().parents[2] / "examples" / "digits_conv.onnx"
    result = verify.check(path, "affine", on="box(0, 1)")
    for value, known in zip(run(calculation(result), tmp_path), exact(result), strict=True):
        assert abs(value - known) < Fraction(1, 1000)  # onnxruntime rounds; the exact numbers stand beside it


def test_nothing_is_written_for_what_was_not_refuted_or_is_too_long() -> None:
    assert calculation(verify.check("relu", "convex")) == []
    assert point_line("x", vector([1] * (MAX_ENTRIES + 1)), exact=True) == ""


def test_points_are_short() -> None:
    assert point_line("x", vector([0] * 64), exact=False) == "x = np.zeros(64)"
    assert point_line("x", vector([0] * 63 + ["1/2"]), exact=False) == "x = np.zeros(64); x[[63]] = [0.5]"
    assert point_line("x", vector([1, "1/3"]), exact=True) == "x = np.array([1, F(1, 3)], object)"
