"""A node against the ONNX standard's own description of its operator, in the operator set that the model imports.

One place for every operator: how many inputs and outputs it has, which attributes, and which element types go
together. So a model that an operator set does not define is refused before an operator's function sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
import onnx.defs

from verify.errors import NetworkError
from verify.formats.onnx.elements import element_of, standard_name, type_name
from verify.formats.onnx.files import printable

_VARIADIC = onnx.defs.OpSchema.FormalParameterOption.Variadic
_OPTIONAL = onnx.defs.OpSchema.FormalParameterOption.Optional


def schema_of(node: onnx.NodeProto, opsets: Mapping[str, int]) -> Any:
    """The standard's description of the node's operator."""
    domain = "" if node.domain == "ai.onnx" else node.domain
    if domain not in opsets:
        raise NetworkError(f"domain '{printable(domain)}' is not imported by the model; add it to opset_import")
    version = opsets[domain]
    try:
        schema = onnx.defs.get_schema(node.op_type, version, domain)
    except onnx.defs.SchemaError as error:
        name = printable(f"{domain}::{node.op_type}" if domain else node.op_type)
        raise NetworkError(f"operator {name} does not exist in operator set {version}") from error
    if schema.deprecated:
        raise NetworkError(f"operator {node.op_type} was removed in operator set {schema.since_version}")
    return schema


def check_node(node: onnx.NodeProto, schema: Any, version: int) -> None:
    """Refuse inputs, outputs and attributes that the operator does not have, and attributes given twice."""
    given = len(node.input) - _trailing_blanks(node.input)
    if given > schema.max_input:
        raise NetworkError(f"{given} inputs; {node.op_type} of operator set {version} has at most {schema.max_input}")
    for index, parameter in enumerate(schema.inputs):
        required = parameter.option != _OPTIONAL and index < schema.min_input
        if required and not (index < len(node.input) and node.input[index]):
            raise NetworkError(f"input {index} is missing")
    if len(node.output) > schema.max_output:
        raise NetworkError(f"{len(node.output)} outputs; {node.op_type} of operator set {version} has at most "
                           f"{schema.max_output}")  # fmt: skip
    names = [attribute.name for attribute in node.attribute]
    for name in names:
        if names.count(name) > 1:
            raise NetworkError(f"attribute '{printable(name)}' is given {names.count(name)} times; expected once")
        if name not in schema.attributes:
            raise NetworkError(f"attribute '{printable(name)}' is not supported in operator set {version}; remove it")
    for attribute in node.attribute:
        if attribute.ref_attr_name:
            raise NetworkError(f"attribute '{printable(attribute.name)}' refers to an attribute of a function")
        if int(attribute.type) != int(schema.attributes[attribute.name].type.value):
            raise NetworkError(f"attribute '{attribute.name}' has the wrong type")
    for name, attribute in schema.attributes.items():
        if attribute.required and name not in names:
            raise NetworkError(f"attribute '{name}' is missing")


def _trailing_blanks(names: Sequence[str]) -> int:
    count = 0
    for name in reversed(names):
        if name:
            break
        count += 1
    return count


def output_types(node: onnx.NodeProto, schema: Any, types: Sequence[int]) -> list[int]:
    """The element type of each output (0 where only the value can say), from those of the inputs, which are checked."""
    allowed = {c.type_param_str: set(c.allowed_type_strs) for c in schema.type_constraints}
    bound: dict[str, int] = {}
    for index, element in enumerate(types):
        if not element:
            continue
        parameter = schema.inputs[min(index, len(schema.inputs) - 1)]
        kind = parameter.type_str
        if standard_name(element) not in allowed.get(kind, {kind}):
            raise NetworkError(f"input {index} '{printable(node.input[index])}' is of {type_name(element)}, which "
                               f"{node.op_type} of operator set {schema.since_version} does not take")  # fmt: skip
        if parameter.option == _VARIADIC and not parameter.is_homogeneous:
            continue
        if bound.setdefault(kind, element) != element:
            raise NetworkError(f"inputs of {type_name(bound[kind])} and {type_name(element)}; expected one type")
    result = []
    for index in range(len(node.output)):
        kind = schema.outputs[min(index, len(schema.outputs) - 1)].type_str
        choices = allowed.get(kind, {kind})
        stated = bound.get(kind) or (element_of(next(iter(choices))) if len(choices) == 1 else 0)
        result.append(stated or _stated_type(node, types))
    return result


def _stated_type(node: onnx.NodeProto, types: Sequence[int]) -> int:
    """The type that attributes say, for operators whose inputs do not."""
    attributes = {attribute.name: attribute for attribute in node.attribute}
    for name in ("to", "dtype", "output_dtype"):
        if name in attributes and attributes[name].i:
            return int(attributes[name].i)
    if "value" in attributes:
        return int(attributes["value"].t.data_type)
    if "sparse_value" in attributes:
        return int(attributes["sparse_value"].sparse_tensor.values.data_type)
    if node.op_type == "Constant":
        whole = "value_int" in attributes or "value_ints" in attributes
        return int(onnx.TensorProto.INT64 if whole else onnx.TensorProto.FLOAT)
    if node.op_type == "ConstantOfShape":
        return int(onnx.TensorProto.FLOAT)
    if node.op_type == "DequantizeLinear":
        return types[1]
    return types[0] if node.op_type == "EyeLike" and types else 0
