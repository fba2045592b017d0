"""Local functions: a model with them is the model without them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from tests.formats.onnx_models import assert_agrees, model, node, random_points
from verify.errors import NetworkError
from verify.formats.onnx import from_model_bytes, functions
from verify.network import Network

IMPORTS = [helper.make_opsetid("", 17), helper.make_opsetid("my", 1)]


def function(
    name: str,
    inputs: str,
    outputs: str,
    nodes: Sequence[onnx.NodeProto],
    imports: Sequence[onnx.OperatorSetIdProto] = IMPORTS,
    **attributes: Any,
) -> onnx.FunctionProto:
    """A function of the domain ``my``; attributes are given with their defaults, None for none."""
    made = helper.make_function(
        "my", name, inputs.split(), outputs.split(), list(nodes), list(imports),
        attributes=[key for key, value in attributes.items() if value is None],
        attribute_protos=[helper.make_attribute(k, v) for k, v in attributes.items() if v is not None],
    )  # fmt: skip
    return made


def call(operator: str, inputs: str, outputs: str = "y", **attributes: Any) -> onnx.NodeProto:
    return node(operator, inputs, outputs, domain="my", **attributes)


def referring(proto: onnx.NodeProto, **attributes: tuple[str, int]) -> onnx.NodeProto:
    """The node with attributes that refer to the function's: name = (the function's, type)."""
    for name, (target, kind) in attributes.items():
        proto.attribute.append(AttributeProto(name=name, ref_attr_name=target, type=kind))  # type: ignore[arg-type]
    return proto


def with_functions(proto: onnx.ModelProto, *made: onnx.FunctionProto) -> onnx.ModelProto:
    proto.functions.extend(made)
    del proto.opset_import[:]
    proto.opset_import.extend(IMPORTS)
    return proto


def loaded(proto: onnx.ModelProto) -> Network:
    return from_model_bytes(proto.SerializeToString(), "m")


W = {"w": np.array([[1, -2], [0.5, 3], [-1, 1]], np.float32)}
LEAK = referring(node("LeakyRelu", "a", "b"), alpha=("slope", AttributeProto.FLOAT))
TWICE = function("Twice", "a", "b", [call("Rect", "a", "h"), node("Add", "h a", "b")])
RECT = function("Rect", "a", "b", [node("Relu", "a", "b")])

# A model with functions, and one without that means the same.
SAME: list[tuple[str, onnx.ModelProto, onnx.ModelProto]] = [
    ("one", with_functions(model([call("Rect", "x")], (1, 3)), RECT), model([node("Relu", "x")], (1, 3))),
    (
        "twice",  # both calls have values called h and b of their own
        with_functions(
            model([call("Twice", "x", "t"), node("Neg", "t", "n"), call("Twice", "n")], (1, 3)), TWICE, RECT
        ),
        model(
            [
                node("Relu", "x", "r"),
                node("Add", "r x", "t"),
                node("Neg", "t", "n"),
                node("Relu", "n", "s"),
                node("Add", "s n"),
            ],
            (1, 3),
        ),
    ),
    (
        "names-that-are-taken",
        with_functions(
            model([node("MatMul", "x w", "b"), node("Neg", "b", "y/h"), call("Twice", "y/h")], (1, 3), W), TWICE, RECT
        ),
        model(
            [node("MatMul", "x w", "b"), node("Neg", "b", "h"), node("Relu", "h", "r"), node("Add", "r h")], (1, 3), W
        ),
    ),
    (
        "attribute",
        with_functions(model([call("Leak", "x", slope=0.25)], (1, 3)), function("Leak", "a", "b", [LEAK], slope=None)),
        model([node("LeakyRelu", "x", alpha=0.25)], (1, 3)),
    ),
    (
        "attribute-by-default",
        with_functions(model([call("Leak", "x")], (1, 3)), function("Leak", "a", "b", [LEAK], slope=0.5)),
        model([node("LeakyRelu", "x", alpha=0.5)], (1, 3)),
    ),
    (
        "attribute-left-out",  # the operator's own default
        with_functions(model([call("Leak", "x")], (1, 3)), function("Leak", "a", "b", [LEAK], slope=None)),
        model([node("LeakyRelu", "x")], (1, 3)),
    ),
    (
        "optional-input",
        with_functions(
            model([call("Layer", "x w")], (1, 3), W),
            function("Layer", "a v c", "b", [node("Gemm", "a v c", "g"), node("Relu", "g", "b")]),
        ),
        model([node("Gemm", "x w", "g"), node("Relu", "g")], (1, 3), W),
    ),
    (
        "outputs",  # the second is not read
        with_functions(
            model([call("Parts", "x", "p unread q"), node("Sub", "p q")], (1, 6)),
            function("Parts", "a", "u v w", [node("Split", "a", "u v w", axis=1)]),
        ),
        model([node("Split", "x", "p o q", axis=1), node("Sub", "p q")], (1, 6)),
    ),
    (
        "input-as-output",
        with_functions(
            model([call("Both", "x", "p q"), node("Add", "p q")], (1, 3)),
            function("Both", "a", "a b", [node("Relu", "a", "b")]),
        ),
        model([node("Relu", "x", "r"), node("Add", "x r")], (1, 3)),
    ),
    (
        "other-operator-set",  # axes are an attribute of ReduceSum below 13
        with_functions(
            model([call("Sum", "x")], (1, 3)),
            function("Sum", "a", "b", [node("ReduceSum", "a", "b", axes=[1])], [helper.make_opsetid("", 11)]),
        ),
        model([node("ReduceSum", "x a")], (1, 3), {"a": np.array([1])}),
    ),
]


@pytest.mark.parametrize(("given", "plain"), [s[1:] for s in SAME], ids=[s[0] for s in SAME])
def test_same_as_without(given: onnx.ModelProto, plain: onnx.ModelProto) -> None:
    network = loaded(given)
    assert network.canonical_digest == loaded(plain).canonical_digest
    assert any("local function" in remark for remark in network.remarks)
    shape = [d.dim_value for d in given.graph.input[0].type.tensor_type.shape.dim]
    assert_agrees(network, plain.SerializeToString(), random_points(shape, 2))


# ONNX Runtime takes neither a function whose output is its input, nor one of another operator set.
BOTH = [same for same in SAME if same[0] not in ("input-as-output", "other-operator-set")]


@pytest.mark.parametrize("given", [s[1] for s in BOTH], ids=[s[0] for s in BOTH])
def test_onnx_runtime_reads_the_same(given: onnx.ModelProto) -> None:
    shape = [d.dim_value for d in given.graph.input[0].type.tensor_type.shape.dim]
    assert_agrees(loaded(given), given.SerializeToString(), random_points(shape, 2))


def test_tensors_inside_a_call_have_names() -> None:
    given = with_functions(model([call("Twice", "x", "y")], (1, 3)), TWICE, RECT)
    inner = from_model_bytes(given.SerializeToString(), "m", "y/h")
    assert inner.canonical_digest == loaded(model([node("Relu", "x")], (1, 3))).canonical_digest
    assert loaded(given).blocks[0].name == "y/h/b"


def chain(length: int) -> list[onnx.FunctionProto]:
    """F0 calls F1 twice, and so on."""
    made = [function(f"F{i}", "a", "b", [call(f"F{i + 1}", "a", "h"), call(f"F{i + 1}", "h", "b")])
            for i in range(length)]  # fmt: skip
    return [*made, function(f"F{length}", "a", "b", [node("Relu", "a", "b")])]


def branching() -> onnx.ModelProto:
    """A node whose graph calls a function of another operator set."""
    graph = helper.make_graph([call("Old", "x", "o")], "g", [], [helper.make_tensor_value_info("o", 1, None)])
    nodes = [node("If", "c", then_branch=graph, else_branch=graph)]
    old = function("Old", "a", "b", [node("Relu", "a", "b")], [helper.make_opsetid("", 11)])
    return with_functions(model(nodes, (1, 3), {"c": np.array(True)}), old)


REFUSED: list[tuple[str, Callable[[], onnx.ModelProto], str]] = [
    ("itself", lambda: with_functions(model([call("F", "x")], (1, 3)), function("F", "a", "b", [call("F", "a", "b")])),
     "calls itself"),
    ("deep", lambda: with_functions(model([call("F0", "x")], (1, 3)), *chain(60)), "over 50 deep"),
    ("twice", lambda: with_functions(model([call("Rect", "x")], (1, 3)), RECT, RECT), "defined twice"),
    ("standard", lambda: with_functions(model([node("Relu", "x")], (1, 3)),
     helper.make_function("", "Relu", ["a"], ["b"], [node("Neg", "a", "b")], IMPORTS)), "name of a standard operator"),
    ("standard-domain", lambda: with_functions(model([node("Relu", "x", domain="ai.onnx")], (1, 3)),
     helper.make_function("ai.onnx", "Relu", ["a"], ["b"], [node("Neg", "a", "b")], IMPORTS)), "standard operator"),
    ("more-inputs", lambda: with_functions(model([call("Rect", "x x")], (1, 3)), RECT), "2 inputs are given"),
    ("more-outputs", lambda: with_functions(model([call("Rect", "x", "y z")], (1, 3)), RECT), "2 outputs are read"),
    ("attribute", lambda: with_functions(model([call("Rect", "x", slope=1.0)], (1, 3)), RECT), "no attribute 'slope'"),
    ("type", lambda: with_functions(model([call("Leak", "x", slope=1)], (1, 3)),
     function("Leak", "a", "b", [LEAK], slope=None)), "wrong type"),
    ("overwritten", lambda: with_functions(model([call("F", "x")], (1, 3)),
     function("F", "a", "b", [node("Relu", "a", "a"), node("Neg", "a", "b")])), "defined again"),
    ("undefined", lambda: with_functions(model([call("F", "x")], (1, 3)),
     function("F", "a", "b", [node("Neg", "a", "c")])), "'y', read by"),
    ("imports", lambda: with_functions(model([call("F", "x")], (1, 3)), function("F", "a", "b", [node("Neg", "a", "b")],
     [helper.make_opsetid("", 11), helper.make_opsetid("ai.onnx", 13)])), "operator sets 11 and 13 of one domain"),
    ("graph", branching, "another operator set"),
    ("unknown", lambda: with_functions(model([call("Missing", "x")], (1, 3)), RECT), "my::Missing"),
    ("reference-outside", lambda: model([referring(node("LeakyRelu", "x"), alpha=("s", AttributeProto.FLOAT))], (1, 3)),
     "refers to"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "part"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused(make: Callable[[], onnx.ModelProto], part: str) -> None:
    with pytest.raises(NetworkError) as caught:
        loaded(make())
    assert part in str(caught.value) and "\n" not in str(caught.value)


def test_as_many_nodes_as_are_supported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "MAX_NODES", 8)
    assert loaded(with_functions(model([call("F0", "x")], (1, 1)), *chain(3))).relu_count == 8
    monkeypatch.setattr(functions, "MAX_NODES", 7)
    with pytest.raises(NetworkError, match="more than 7 nodes"):
        loaded(with_functions(model([call("F0", "x")], (1, 1)), *chain(3)))
    with pytest.raises(NetworkError, match="more than 7 nodes"):
        loaded(with_functions(model([call("F0", "x")], (1, 1)), *chain(45)))


def test_two_imports_of_one_domain() -> None:
    for other in ("", "ai.onnx"):
        proto = model([node("Relu", "x")], (1, 3))
        proto.opset_import.append(helper.make_opsetid(other, 11))
        with pytest.raises(NetworkError, match="13 and 11 of one domain"):
            loaded(proto)


def test_constants_of_a_function() -> None:
    value = numpy_helper.from_array(np.array([1, 2, 3], np.float32))
    made = function("Shift", "a", "b", [node("Constant", "", "c", value=value), node("Add", "a c", "b")])
    given = with_functions(model([call("Shift", "x")], (1, 3), element=TensorProto.FLOAT), made)
    assert loaded(given).blocks[-1].bias.fractions() == [1, 2, 3]


def test_a_function_imports_what_its_nodes_mean() -> None:
    """The model's operator set is not the function's: the standard leaves open what its nodes would be."""
    body = [node("Relu", "a", "b")]
    other = [helper.make_opsetid("my", 1)]
    proto = with_functions(model([call("F", "x")], [1, 3]), function("F", "a", "b", body, other))
    with pytest.raises(NetworkError, match=r"function F imports no operator set of the domain 'ai\.onnx', of which"):
        loaded(proto)
    inside = [node("If", "c", "b", then_branch=branch("Relu"), else_branch=branch("Neg"))]
    deep = function("F", "a", "b", [call("G", "a", "b")], other)
    inner = function("G", "a", "b", inside, other)
    with pytest.raises(NetworkError, match=r"function G imports no operator set of the domain 'ai\.onnx'"):
        loaded(with_functions(model([call("F", "x")], [1, 3]), deep, inner))


def branch(operator: str) -> onnx.GraphProto:
    value = helper.make_tensor_value_info("v", TensorProto.FLOAT, None)
    return helper.make_graph([node(operator, "a", "v")], operator, [], [value])


def test_calls_of_functions_need_no_import() -> None:
    """A function is the one of its domain and name, whatever number is imported."""
    inner = function("G", "a", "b", [node("Relu", "a", "b")], [helper.make_opsetid("", 17)])
    outer = function("F", "a", "b", [call("G", "a", "b")], [])
    assert loaded(with_functions(model([call("F", "x")], [1, 3]), outer, inner)).relu_count == 3
