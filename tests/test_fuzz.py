"""``verify.fuzz``: wrong functions are caught at small points, right ones are not accused, and nothing crashes."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import verify
from tests.formats.onnx_models import model, node
from tests.support.rounded import computed
from verify import api
from verify.errors import InputError
from verify.fuzzing import FuzzReport, fuzz, fuzz_verdict
from verify.fuzzing.shrink import size
from verify.network import Builder, Network, examples, floats
from verify.network.builder import conv, dense, relu
from verify.rational import vector_from_floats
from verify.region import box
from verify.strategies import conv_networks, networks, regions

FEW = settings(max_examples=max(5, settings().max_examples // 5))
DIGITS = Path(__file__).resolve().parents[1] / "examples" / "digits_conv.onnx"

KERNEL = np.array([[[1.5, -2], [0.25, 3]], [[-1, 0.5], [2, -0.75]]])
BIAS = np.array([0.5, -1])
LAST = np.array([[1, -2, 3, 0.5, -1, 2, 0.25, 1]])


def network() -> Network:
    """A convolution with one row of padding at the top, ReLU, and a dense layer; short weights."""
    net = Builder((1, 2, 3), "image")
    hidden = relu(conv(net.input.named("conv"), KERNEL[:, None], BIAS, pads=(1, 0, 0, 0)))
    return net.build(dense(hidden.flatten(), LAST, [0.125]))


def implementation(
    x: Any,
    *,
    kernel: Any = KERNEL,
    last: Any = LAST,
    top: int = 1,
    activation: Callable[[Any], Any] = lambda z: np.maximum(z, 0),
    kind: Any = np.float64,
    order: int = 1,
) -> Any:
    """The same written by hand."""
    image = np.zeros((3, 3), kind)
    image[top : top + 2] = x[0]
    hidden = np.zeros((2, 2, 2), kind)
    for c, i, j in itertools.product(range(2), range(2), range(2)):
        products = (kernel[c].astype(kind) * image[i : i + 2, j : j + 2]).ravel()[::order]
        total = kind(BIAS[c])
        for product in products:
            total = kind(total + product)
        hidden[c, i, j] = activation(total)
    result = kind(0.125)
    for product in (last.astype(kind)[0] * hidden.ravel())[::order]:
        result = kind(result + product)
    return np.array([result])


def changed(array: Any, place: tuple[int, ...]) -> Any:
    """One entry moved by one unit in the last place."""
    result = array.copy()
    result[place] = np.nextafter(result[place], np.inf)
    return result


WRONG: dict[str, dict[str, Any]] = {
    "one kernel weight off by an ulp": {"kernel": changed(KERNEL, (1, 1, 0))},
    "one dense weight off by an ulp": {"last": changed(LAST, (0, 6))},
    "padding at the bottom": {"top": 0},
    "no ReLU": {"activation": lambda z: z},
    "leaky instead": {"activation": lambda z: np.maximum(z, z / 1024)},
    "accumulated in float16": {"kind": np.float16},
    "accumulated in float32": {"kind": np.float32},
    "transposed kernel": {"kernel": KERNEL.transpose(0, 2, 1)},
}


# Where values are small, rounding may hide a wrong last bit from every point.
CASES = [(name, region) for name in WRONG for region in ("all", "box(-1, 1)") if region == "all" or "ulp" not in name]


@pytest.mark.parametrize(("name", "region"), CASES)
def test_wrong_functions_are_caught_at_small_points(name: str, region: str) -> None:
    def wrong(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return implementation(x, **WRONG[name])

    report = fuzz(network(), wrong, region, examples=120)
    assert not report.within_bound
    assert report.failure is not None
    assert report.largest_ratio > 1
    nonzeros, digits, _ = size(report.failure.point)
    assert nonzeros <= (2 if region == "all" else 4)
    # A number that float16 (float32) does not hold has 12 (25) binary digits, and as many in its denominator.
    assert digits <= (48 if "float16" in name else 96 if "float32" in name else 16), report


@pytest.mark.parametrize("kind", [np.float64, np.float32, np.float16])
@pytest.mark.parametrize("order", [1, -1])
def test_the_right_function_is_not_accused(kind: Any, order: int) -> None:
    def right(x: Any) -> Any:
        with np.errstate(all="ignore"):
            return implementation(x, kind=kind, order=order)

    report = fuzz(network(), right, precision=kind.__name__, examples=120)
    assert report.within_bound, report
    assert report.exact_points > 20


@FEW
@given(networks() | conv_networks(), st.data())
def test_no_correct_implementation_is_accused(drawn: Network, data: st.DataObject) -> None:
    """Any order of summation, fused or not, in the precision that was said."""
    precision = data.draw(st.sampled_from(["float64", "float32", "float16"]))
    region = data.draw(regions(drawn.input_size)) if drawn.input_size < 4 else "all"
    fused, rng = data.draw(st.booleans()), random.Random(data.draw(st.integers(0, 99)))

    def function(x: Any) -> Any:
        exact = vector_from_floats(x.astype(np.float64))
        return computed(drawn, exact, precision, rng, fused=fused)

    report = fuzz(drawn, function, region, precision=precision, examples=25, flat=True)
    assert report.failure is None, report


@FEW
@given(networks(), st.data())
def test_another_network_is_caught(drawn: Network, data: st.DataObject) -> None:
    """An output that is off by 1 everywhere, or by a thousandth of one more than its size."""
    share = data.draw(st.sampled_from([0.0, 0.001]))

    def function(x: Any) -> Any:
        value = floats.evaluate(drawn, x)
        return value + 1 if share == 0 else value + share * (1 + np.abs(value))

    report = fuzz(drawn, function, examples=20)
    assert not report.within_bound


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small network that ONNX Runtime computes in float32."""
    weights = np.random.default_rng(0)
    constants = {
        "k": weights.normal(size=(3, 2, 3, 3)).astype(np.float32),
        "kb": weights.normal(size=3).astype(np.float32),
        "w": weights.normal(size=(48, 4)).astype(np.float32),
        "b": weights.normal(size=4).astype(np.float32),
    }
    nodes = [
        node("Conv", "x k kb", "c", pads=[1, 1, 1, 1]),
        node("Relu", "c", "r"),
        node("Flatten", "r", "f"),
        node("Gemm", "f w b"),
    ]
    path = tmp_path_factory.mktemp("onnx") / "small.onnx"
    onnx.save(model(nodes, (1, 2, 4, 4), constants), path)
    return path


@pytest.mark.parametrize("region", ["all", "box(0, 1)"])
@pytest.mark.parametrize("which", ["exported", "digits"])
def test_onnx_runtime_is_within_the_bound(which: str, region: str, exported: Path) -> None:
    runtime = pytest.importorskip("onnxruntime")
    path = exported if which == "exported" else DIGITS
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def function(x: Any) -> Any:
        return session.run(None, {name: x})[0]

    report = fuzz(path, function, region, precision="float32", batch=True, examples=25)
    assert report.within_bound, report
    assert 0 < report.largest_ratio < 1
    wrong = fuzz(path, lambda x: function(x) * np.float32(1.0001), region, precision="float32", batch=True, examples=25)
    assert not wrong.within_bound


PROBLEMS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "an exception": (lambda x: np.zeros(1)[7], "raised IndexError: index 7"),
    "NaN": (lambda x: [np.nan], r"returned \[nan\], not finite"),
    "infinity": (lambda x: np.array([np.inf]), r"returned \[inf\], not finite"),
    "too many": (lambda x: [1, 2], r"returned shape \(2,\); expected \(1,\)"),
    "a scalar": (lambda x: 1.0, r"returned shape \(\); expected"),
    "text": (lambda x: "one", "expected real numbers"),
    "nothing": (lambda x: None, "returned NoneType of dtype object"),
    "complex": (lambda x: [1j], "expected real numbers"),
    "ragged": (lambda x: [[1, 2], [3]], "returned list"),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_reported(name: str) -> None:
    function, message = PROBLEMS[name]
    report = fuzz("abs", function, examples=20)
    assert report.failure is not None
    assert not report.within_bound
    assert report.failure.point.is_zero()
    assert "FAILED" in str(report)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(str(report))


def test_a_problem_only_somewhere_is_shrunk() -> None:
    def function(x: Any) -> Any:
        if x[0] > 2:
            raise ValueError("too large")
        return floats.evaluate(examples.get("max"), x)

    report = fuzz("max", function)
    assert report.failure is not None
    assert report.failure.problem == "raised ValueError: too large"
    assert size(report.failure.point)[:2] <= (1, 3)


def test_an_interrupt_is_not_swallowed() -> None:
    def interrupted(x: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fuzz("abs", interrupted)


def test_a_function_may_change_its_argument() -> None:
    def destructive(x: Any) -> Any:
        value = np.abs(x.copy())
        x[:] = 0
        return value

    assert fuzz("abs", destructive, examples=50).within_bound


def test_the_same_seed_gives_the_same_points() -> None:
    def recorded(seed: int) -> list[Any]:
        seen: list[Any] = []

        def function(x: Any) -> Any:
            seen.append(x.tolist())
            return x.max(keepdims=True)

        fuzz("max", function, seed=seed, examples=60)
        return seen

    assert recorded(1) == recorded(1)
    assert recorded(1) != recorded(2)


@pytest.mark.parametrize(
    "region",
    ["box(1/3, 2/3)", "nonneg", "where(x0 + x1 <= 1, x0 >= 0, x1 >= 0)", "l1ball(0, 1)", "box(0, 1) & where(x0 == x1)"],
)
@pytest.mark.parametrize("precision", ["float64", "float16"])
def test_points_stay_in_the_region(region: str, precision: str) -> None:
    maximum = examples.get("max")
    where, seen = api.parse_region(region, maximum), set()

    def function(x: Any) -> Any:
        assert x.dtype == precision
        assert where.contains(vector_from_floats(x.astype(np.float64)))
        seen.add(tuple(x.tolist()))
        return x.max(keepdims=True)

    report = fuzz(maximum, function, region, precision=precision, examples=100)
    assert report.within_bound, report
    assert report.points == len(seen) >= 40
    assert not report.notes


def test_a_region_without_a_number_of_the_precision() -> None:
    report = fuzz("abs", np.abs, "ball(1/3, 0)")
    assert report.points == 1
    assert report.within_bound
    assert "points next to it were used" in str(report)


def test_boundaries_are_looked_at_from_both_sides() -> None:
    """A function that is wrong only within a millionth of where the ReLU switches."""
    net = Builder((2,), "corner")
    corner = net.build(relu(dense(net.input, [[3, -7]], [2])))

    def wrong(x: Any) -> Any:
        z = 3 * x[0] - 7 * x[1] + 2
        return [z if z > 1e-6 else 0]

    report = fuzz(corner, wrong, "box(-10, 10)")
    assert not report.within_bound


def test_shapes_and_batches() -> None:
    thread, shapes = examples.get("thread"), []

    def function(x: Any) -> Any:
        shapes.append(x.shape)
        return floats.evaluate(thread, x.reshape(1, -1))

    for batch, flat in itertools.product((False, True), repeat=2):
        assert fuzz(thread, function, batch=batch, flat=flat, examples=3).within_bound
    assert set(shapes) == {(1, 3, 3), (1, 1, 3, 3), (9,), (1, 9)}


def test_quantised_arithmetic_needs_its_roundoff() -> None:
    net = Builder((1,), "line")
    line = net.build(dense(net.input, [[3]]))

    def quantised(x: Any) -> Any:
        return 3 * x * (1 + 0.001)

    assert not fuzz(line, quantised).within_bound
    report = fuzz(line, quantised, roundoff=0.002)
    assert report.within_bound
    assert 0.1 < report.largest_ratio < 1
    assert "roundoff 0.002" in str(report)


def test_nothing_judged_is_not_a_pass() -> None:
    net = Builder((1,), "huge")
    report = fuzz(net.build(dense(net.input, [[1e308]])), lambda x: [np.inf], "box(100, 200)")
    assert report.unjudged == report.points > 0
    assert not report.within_bound
    assert "NOTHING" in str(report)


def test_reports_of_long_points_are_short() -> None:
    net = Builder((200,), "long")
    total = net.build(dense(net.input, [[1] * 200]))
    report = fuzz(total, lambda x: [x.sum() + 1], "box(1, 2)", examples=10)
    assert len(str(report)) < 2500
    assert "x[0] = 1" in str(report)
    assert repr(report) == "<FuzzReport long: not within the bound>"


def test_bad_arguments() -> None:
    with pytest.raises(InputError, match="expected a positive number"):
        fuzz("abs", np.abs, examples=0)
    with pytest.raises(InputError, match="has 2 dimensions"):
        fuzz("abs", np.abs, box([0, 0], [1, 1]))
    with pytest.raises(InputError, match="unknown precision"):
        fuzz("abs", np.abs, precision="double")


def test_public_names() -> None:
    assert verify.fuzz is fuzz
    assert verify.FuzzReport is FuzzReport
    assert verify.fuzz_verdict is fuzz_verdict
    assert verify.strategies.networks is networks


def stored(nodes: list[onnx.NodeProto], constants: dict[str, Any], folder: Path) -> Path:
    path = folder / "net.onnx"
    onnx.save(model(nodes, (1, 3), constants), path)
    return path


def test_terms_that_one_weight_adds_up_are_not_accused(tmp_path: Path) -> None:
    """0.1 + 0.2 - 0.3 is nearly 0 as a weight, and its terms are rounded one by one."""
    places, weights = np.zeros(3, np.int64), np.array([[0.1], [0.2], [-0.3]], np.float32)
    path = stored([node("Gather", "x i", "g", axis=1), node("MatMul", "g w")], {"i": places, "w": weights}, tmp_path)

    def function(x: Any) -> Any:
        first = x.ravel()[0]
        return np.array([(first * weights[0, 0] + first * weights[1, 0]) + first * weights[2, 0]])

    assert fuzz(path, function, "box(-1, 1)", precision="float32", examples=100).within_bound
    wrong = fuzz(path, lambda x: function(x) * 2 + np.float32(1e-6), "box(-1, 1)", precision="float32", examples=100)
    assert not wrong.within_bound


def test_nothing_is_judged_where_the_file_rounds_constants(tmp_path: Path) -> None:
    weights = np.random.default_rng(0).normal(size=(3, 3))
    path = stored([node("MatMul", "w w", "v"), node("MatMul", "x v")], {"w": weights}, tmp_path)
    report = fuzz(path, lambda x: np.zeros(3), "box(-1, 1)", precision="float32", examples=10)
    assert not report.within_bound
    assert report.failure is None
    assert "NOTHING could be judged at 10 points" in str(report)
    assert "note: no bound is known: constant v computed exactly; an implementation may round it" in str(report)
