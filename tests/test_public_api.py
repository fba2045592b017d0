"""The public face of the package: its names, its own example, records of networks made in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import verify
from tests.support.cli import PATIENCE, environment
from verify import api
from verify.network.builder import dense, relu

NAMES = {
    "Builder",
    "EvidenceError",
    "FuzzReport",
    "InputError",
    "Network",
    "Region",
    "Result",
    "Verdict",
    "VerifyError",
    "ask",
    "check",
    "check_family",
    "explain",
    "export",
    "from_torch",
    "fuzz",
    "fuzz_verdict",
    "functions",
    "lipschitz",
    "load",
    "load_family",
    "radius",
    "recheck",
    "parse_region",
    "piece_samples",
    "pieces",
    "strategies",
    "simplify",
    "stream_cells",
    "symbolic_form",
    "variables",
}


def test_public_names() -> None:
    assert set(verify.__all__) == set(dir(verify)) == NAMES
    assert all(getattr(verify, name) is not None for name in NAMES)
    with pytest.raises(AttributeError, match="no attribute 'prove'"):
        verify.prove  # noqa: B018


@pytest.mark.parametrize("first", ["verify.load('relu')", "import verify.region"])
def test_a_name_means_the_same_whatever_was_used_before(first: str) -> None:
    code = f"import verify\n{first}\nverify.parse_region('box(0, 1)', verify.load('relu'))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0


def test_every_public_object_says_what_it_is() -> None:
    assert all(getattr(verify, name).__doc__ for name in NAMES)


def test_the_example_of_the_docstring() -> None:
    """Each line ``expression   # value`` of the docstring."""
    lines = [line.strip() for line in (verify.__doc__ or "").splitlines()]
    result = verify.check("relu", "additive", on="all")
    assert 'result = verify.check("relu", "additive", on="all")' in lines
    shown = dict(line.split("#", 1) for line in lines if line.startswith("result."))
    values = {name.strip(): value.strip() for name, value in shown.items()}
    assert values == {"result.verdict": str(result.verdict), "result.counterexample": json.dumps(result.counterexample)}


def test_errors_have_one_base() -> None:
    assert issubclass(verify.InputError, verify.VerifyError)
    assert issubclass(verify.EvidenceError, verify.VerifyError)
    for wrong in (
        lambda: verify.check("relu", "affin"),
        lambda: verify.check("rel", "affine"),
        lambda: verify.check("relu", "affine", on="box(1, 0)"),
        lambda: verify.check("relu", "affine", timeout=-1),
        lambda: verify.check("relu", "affine", timeout=float("nan")),
        lambda: verify.check("relu", "affine", outputs=[3]),
        lambda: verify.check("relu", "affine", to="abs"),
        lambda: verify.check("relu", "equivalent"),
        lambda: verify.check("relu", "affine", engine="guess"),
        lambda: verify.radius("max", at=[1]),
    ):
        with pytest.raises(verify.InputError) as caught:
            wrong()
        assert "\n" not in str(caught.value)


def made_in_memory() -> verify.Network:
    builder = verify.Builder((2,), "mine")
    return builder.build(relu(dense(builder.input.named("hidden"), [[1, "-1/3"]])))


def test_a_network_made_in_memory_travels_in_its_record(tmp_path: Path) -> None:
    network = made_in_memory()
    result = verify.check(network, "affine", on=api.parse_region("box(0, 1)", network))
    assert result.verdict is verify.Verdict.REFUTED
    assert repr(result) == "<REFUTED: mine affine on box(0, 1)>"
    (tmp_path / "record.json").write_text(json.dumps(result.to_json()))
    found = verify.recheck(tmp_path / "record.json")
    assert found.judgement is not None
    assert found.judgement.verdict is verify.Verdict.REFUTED


def test_changed_weights_of_an_inline_network_are_rejected(tmp_path: Path) -> None:
    data = verify.check(made_in_memory(), "affine", on="box(0, 1)").to_json()
    data["network"]["inline"]["blocks"][0]["inputs"][0]["entries"][0] = "2"
    (tmp_path / "record.json").write_text(json.dumps(data))
    with pytest.raises(verify.EvidenceError, match="rejected by 'network'"):
        verify.recheck(tmp_path / "record.json")


def test_progress_is_reported() -> None:
    lines: list[str] = []
    verify.check("identity_pair", "linear", report=lines.append)
    assert lines
    assert all("\n" not in line for line in lines)


def test_radius_takes_text_and_numbers() -> None:
    points: list[str | list[int | float | Fraction | str]] = ["[1, 1/2]", [1, "1/2"], [1, 0.5]]
    for at in points:
        assert str(verify.radius("max", at=at).affine) == "1/4"


def test_explain_takes_names_and_networks() -> None:
    for network in ("thread", verify.load("thread")):
        bend = verify.explain(network, "all").first_break
        assert bend is not None
        assert bend.slope_before != bend.slope_after
