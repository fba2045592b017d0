"""The lines that reproduce a refutation: they are run, in a process without this package, and give the same numbers."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import verify
from verify.rational import ends, vector
from verify.report import calculation as module
from verify.report.calculation import calculation, changed_line, point_line
from verify.report.files import write_report
from verify.report.folder import ReportFolder
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


def test_larger_networks_without_a_file_are_listed_unit_by_unit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_WEIGHTS", 0)
    for network, name, region, other, outputs in CLAIMS:
        result = verify.check(network, name, on=region, to=other, outputs=outputs)
        lines = calculation(result)
        assert any(line.startswith("def layer") for line in lines)
        assert run(lines, tmp_path) == exact(result)


@pytest.mark.parametrize("kind", ["elu", "sigmoid", "tanh", "gelu", "silu", "softplus"])
def test_smooth_networks_are_written_in_floats(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "smooth.toml"
    layers = [
        {"type": '"dense"', "weight": "[[1], [-2]]"},
        {"type": f'"{kind}"'},
        {"type": '"dense"', "weight": "[[1, 3]]"},
    ]
    text = "".join("[[layer]]\n" + "".join(f"{k} = {v}\n" for k, v in layer.items()) for layer in layers)
    file.write_text(f'name = "smooth"\ninput = 1\n{text}')
    result = verify.check(file, "additive", on="box(-2, 2)")
    assert result.verdict is verify.Verdict.REFUTED
    for value, known in zip(run(calculation(result), tmp_path), result.outcome.values, strict=True):
        low, high = ends(known.value)
        # Some twenty operations on numbers below 100 in float64 (2^-53 each), functions of math.h to a few units.
        assert low - Fraction(1, 10**9) < value < high + Fraction(1, 10**9)


def test_formulas_are_reproduced_too(tmp_path: Path) -> None:
    result = verify.ask("relu", "f(x + y) == f(x) + g(y) for x, y in box(-1, 1)", let={"g": "abs"})
    lines = calculation(result)
    values = run(
        [line.replace("f(p", "*f(p").replace("g(p", "*g(p") if line.startswith("print") else line for line in lines],
        tmp_path,
    )
    assert values and all(str(value) in lines[-1] for value in values)


def test_the_script_of_a_report_is_run(tmp_path: Path) -> None:
    record = write_report(ReportFolder(tmp_path), verify.check("relu", "additive"))
    done = subprocess.run([sys.executable, record.with_suffix(".py")], capture_output=True, text=True, check=True)
    assert done.stdout == "0 0 1\n"
    write_report(ReportFolder(tmp_path), verify.check("relu", "convex"), stem=record.stem)
    assert not record.with_suffix(".py").exists()


def test_nothing_is_written_for_what_was_not_refuted() -> None:
    assert calculation(verify.check("relu", "convex")) == []


def test_long_points_are_changes_of_one_another() -> None:
    first, second = vector([*range(64)]), vector([0, "1/2", *range(2, 64)])
    assert changed_line("y", second, "x", first) == "y = x.copy(); y[[1]] = [0.5]"
    assert changed_line("y", first, "x", first) == "y = x.copy()"
    assert changed_line("y", vector([0] * 64), "x", first) == ""


def test_points_are_short() -> None:
    assert point_line("x", vector([0] * 64), exact=False) == "x = np.zeros(64)"
    assert point_line("x", vector([0] * 63 + ["1/2"]), exact=False) == "x = np.zeros(64); x[[63]] = [0.5]"
    assert point_line("x", vector([1, "1/3"]), exact=True) == "x = np.array([1, F(1, 3)], object)"
