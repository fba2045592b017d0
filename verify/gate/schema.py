"""What a claims file may hold: the model that reads it, and the JSON Schema made from the same model."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from verify.formats.toml_values import describe, suggestion
from verify.gate.lines import Place
from verify.rational import exact_text

MAX_SECONDS, MAX_WORK, MAX_OUTPUTS, MAX_VALUES = 1_000_000, 10**12, 100_000, 100_000


def _as_float(value: object) -> object:
    """TOML decimals are read as fractions; seconds need no such care."""
    return float(value) if isinstance(value, Fraction) and abs(value) <= MAX_SECONDS else value


def _as_list(value: object) -> object:
    return [value] if isinstance(value, int) and not isinstance(value, bool) else value


def _as_text(value: object) -> object:
    """A number among the values of a table ``each`` is put in as it reads."""
    if isinstance(value, Fraction):
        return exact_text(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_ON_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
_LINE = StringConstraints(min_length=1, max_length=200_000, strict=True)
_SHORT = StringConstraints(min_length=1, max_length=300, strict=True, pattern=_ON_ONE_LINE)
_WORD = StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,40}$")
Text = Annotated[str, _LINE]
ShortName = Annotated[str, _SHORT]
Output = Annotated[int, Field(ge=0, le=10**9)]
EachValue = Annotated[
    str,
    BeforeValidator(_as_text),
    _SHORT,
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 300, "pattern": _ON_ONE_LINE}, {"type": "number"}]}
    ),
]


Seconds = Annotated[
    float,
    BeforeValidator(_as_float),
    Field(gt=0, le=MAX_SECONDS),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": MAX_SECONDS}),
]


# What a formula replaces.
WITHOUT_FORMULA = ("property", "on", "outputs")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Defaults(_Table):
    """Values for every claim of the file that does not give its own."""

    network: ShortName | None = Field(
        default=None, description="A network file, relative to this file, or a built-in network."
    )
    property: ShortName | None = Field(default=None, description="A property, see 'verify properties'.")
    on: Text | None = Field(default=None, description="The region, such as box(0, 1); everywhere if left out.")
    formula: Text | None = Field(
        default=None,
        description="Instead of property and on: f(x + y) == f(x) + f(y) for x, y in box(0, 1); f is the network.",
    )
    to: ShortName | None = Field(default=None, description="The second network of 'equivalent', or g of a formula.")
    let: dict[Annotated[str, _WORD], ShortName] | None = Field(
        default=None, description="Further networks by the names that they have in the formula: let.h = 'h.onnx'."
    )
    output: ShortName | None = Field(
        default=None, description="The tensor of the ONNX model to take as the output; its own if left out."
    )
    to_output: ShortName | None = Field(default=None, description="The same for the second network.")
    outputs: Annotated[
        list[Output] | None,
        BeforeValidator(_as_list),
        Field(min_length=1, max_length=MAX_OUTPUTS),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 0, "maximum": 10**9},
                    {
                        "type": "array",
                        "items": {"type": "integer", "minimum": 0, "maximum": 10**9},
                        "minItems": 1,
                        "maxItems": MAX_OUTPUTS,
                    },
                ]
            }
        ),
    ] = Field(default=None, description="The outputs that the claim is about; all if left out.")
    expect: Literal["proved", "refuted"] | None = Field(default=None, description="The verdict that is wanted: proved.")
    assurance: Literal["checked", "attested"] | None = Field(
        default=None, description="checked: only evidence that was replayed counts. attested: a solver's word will do."
    )
    vacuous: bool | None = Field(
        default=None, description="Whether a claim may hold because there is nothing to check: false."
    )
    timeout: Seconds | None = Field(
        default=None, description="Seconds for one claim; 60 where neither timeout nor work is given."
    )
    work: Annotated[int, Field(ge=1, le=MAX_WORK)] | None = Field(
        default=None, description="Steps of work for one claim, counted: the same on every machine."
    )
    engine: ShortName | None = Field(
        default=None, description="One engine of 'verify check --engine', instead of all in order."
    )
    why: Text | None = Field(default=None, description="A sentence for people: why this must hold.")

    @model_validator(mode="after")
    def _one_way(self) -> Defaults:
        """A formula says by itself what holds, where, and of which outputs."""
        if self.formula is not None:
            for key in WITHOUT_FORMULA:
                if getattr(self, key) is not None:
                    raise PydanticCustomError("beside_formula", "{key}", {"key": key})
        return self


class ClaimTable(Defaults):
    """One claim, or one for each combination of the values in ``each``."""

    id: ShortName | None = Field(
        default=None, description="What reports call the claim; made from the rest if left out."
    )
    each: dict[Annotated[str, _WORD], EachValue | list[EachValue]] = Field(
        default_factory=dict,
        description="Names with a file pattern or a list of values; {name} in the other entries stands for each.",
    )


class ClaimsFile(_Table):
    """A claims file, or the table tool.verify of pyproject.toml."""

    defaults: Defaults = Field(default_factory=lambda: Defaults())
    claim: list[ClaimTable] = Field(default_factory=list, max_length=100_000)


# What stands after "expected" in a message, by key.
EXPECTED = {
    "network": "a file name or the name of a built-in network",
    "property": "the name of a property, such as 'convex'",
    "on": "a region in quotes, such as 'box(0, 1)'",
    "formula": "a formula in quotes, such as 'f(2*x) == 2*f(x) for x >= 0'",
    "to": "a file name or the name of a built-in network",
    "let": "a table of names and networks such as let.h = 'h.onnx'",
    "output": "the name of a tensor of the ONNX model",
    "to_output": "the name of a tensor of the second ONNX model",
    "outputs": "an output number such as 0, or a list of them such as [0, 2]",
    "expect": "'proved' or 'refuted'",
    "assurance": "'checked' or 'attested'",
    "vacuous": "true or false",
    "timeout": f"a positive number of seconds, at most {MAX_SECONDS}",
    "work": "a whole number of steps, 1 or more",
    "engine": "the name of an engine",
    "why": "a sentence in quotes",
    "id": "a name of at most 300 characters on one line",
    "each": "a table such as each.eps = ['1/255', '2/255'] or each.image = 'images/*.npy'",
    "claim": "tables [[claim]]",
    "defaults": "a table [defaults]",
}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a claims file, for editors."""
    schema = ClaimsFile.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Claims about neural networks (verify gate)"
    made: dict[str, Any] = _without_null(schema)
    for name in ("Defaults", "ClaimTable"):
        table = made["$defs"][name]
        table["properties"]["let"]["additionalProperties"] = False
        table["dependentSchemas"] = {"formula": {"properties": dict.fromkeys(WITHOUT_FORMULA, False)}}
    made["$defs"]["ClaimTable"]["properties"]["each"]["additionalProperties"] = False
    return made


def _without_null(node: Any) -> Any:
    """TOML has no null: what may be left out is said by ``required`` alone."""
    if isinstance(node, list):
        return [_without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    made = {key: _without_null(value) for key, value in node.items() if not (key == "default" and value is None)}
    options = made.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        left = [option for option in options if option != {"type": "null"}]
        del made["anyOf"]
        made |= left[0] if len(left) == 1 else {"anyOf": left}
    return made


def mistakes(error: ValidationError) -> Iterable[tuple[Place, str]]:
    """Where each mistake is, and what is wrong, each place once."""
    seen: set[Place] = set()
    for item in error.errors(include_url=False):
        place: Place = tuple(item["loc"])
        if item["type"] == "beside_formula":
            key = item["ctx"]["key"]
            yield (*place, key), f"{key!r} beside 'formula'; a formula says it by itself, remove one of the two"
            continue
        unknown = item["type"] == "extra_forbidden"
        short = place if unknown else _entry(place)
        if short not in seen:
            seen.add(short)
            yield short, _unknown(short) if unknown else _wrong(short, item["input"])


def _entry(place: Place) -> Place:
    """The place of the entry itself, without what a union or a list adds."""
    base = 2 if place[:1] == ("claim",) else 1
    return place[: base + 2] if place[base : base + 1] in (("each",), ("let",)) else place[: base + 1]


def _unknown(place: Place) -> str:
    key = str(place[-1])
    if len(place) == 1:
        return f"unknown table or key {key[:40]!r}; {suggestion(key, ('claim', 'defaults'))}"
    fields = Defaults.model_fields if place[0] == "defaults" else ClaimTable.model_fields
    return f"unknown key {key[:40]!r}; {suggestion(key, fields)}"


def _wrong(place: Place, value: object) -> str:
    if len(place) == 1 or (len(place) == 2 and place[0] == "claim"):
        key = str(place[0])
        return f"{key!r} is {describe(value)}; expected {EXPECTED[key]}"
    if "each" in place and place[-1] != "each":
        name = str(place[-1])[:60]
        return (
            f"each.{name} is not right; expected a name of letters, digits and _, and a file pattern such as"
            " 'images/*.npy' or a list of texts and numbers"
        )
    if "let" in place and place[-1] != "let":
        name = str(place[-1])[:60]
        return f"let.{name} is not right; expected a name of letters, digits and _, and a network such as 'h.onnx'"
    key = str(place[-1])
    return f"{key!r} is {describe(value)}; expected {EXPECTED[key]}"
