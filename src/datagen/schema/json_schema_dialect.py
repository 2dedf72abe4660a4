"""JSON Schema in the dialect that editors read: draft 7, with `definitions`, no `prefixItems`, nothing beside a `$ref`.

pydantic writes 2020-12; YAML editors understand draft 7 and older.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from datagen.schema.model_values import COMMENT_KEYS

Json = dict[str, Any]

PARAM: Json = {
    "description": "the value of a parameter of the document",
    "type": "string",
    "pattern": r"^\$[A-Za-z][A-Za-z0-9_]*$",
}
PARAM_REF: Json = {"$ref": "#/definitions/param"}
COMMENTS = "^(" + "|".join(re.escape(key) for key in COMMENT_KEYS) + "|x-.*)$"

# Keywords whose value is a schema, a list of schemas, or a map of schemas.
ONE = ("items", "additionalItems", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames")
SEVERAL = ("anyOf", "oneOf", "allOf", "prefixItems")
NAMED = ("properties", "patternProperties", "definitions", "$defs")


class GeneratePart(GenerateJsonSchema):
    """Parameters of parts say themselves where null means something."""

    def encode_default(self, dft: Any) -> Any:
        """Older versions of pydantic cannot write out an object whose class has not been built yet."""
        if isinstance(dft, BaseModel):
            type(dft).model_rebuild()
        return super().encode_default(dft)


class Generate(GeneratePart):
    """A key that may be left out is not a key that may be null."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def of_model(model: type[BaseModel], *, prefix: str = "", part: bool = False) -> tuple[Json, Json]:
    """The schema of a model and the definitions it uses, their names behind `prefix`, in draft 7."""
    whole = model.model_json_schema(
        by_alias=True,
        ref_template=f"#/definitions/{prefix}{{model}}",
        schema_generator=GeneratePart if part else Generate,
    )
    inner = whole.pop("$defs", {})
    return draft7(whole), {f"{prefix}{name}": draft7(schema) for name, schema in inner.items()}


def draft7(schema: Any) -> Any:
    """A schema in draft 7: lists for tuples, no titles of fields, `allOf` around a `$ref` that has company."""

    def change(node: Json) -> Json:
        node.pop("title", None)
        node.pop("discriminator", None)
        if "prefixItems" in node:
            node["items"] = node.pop("prefixItems")
            node.setdefault("additionalItems", False)
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
        if isinstance(node.get("default"), dict | list) and not node["default"]:
            node.pop("default")
        if "$ref" in node and len(node) > 1:
            node["allOf"] = [{"$ref": node.pop("$ref")}]
        if node.get("additionalProperties") is False and "properties" in node:
            node.setdefault("patternProperties", {COMMENTS: True})
        return node

    return walk(schema, change)


def walk(schema: Any, change: Callable[[Json], Json]) -> Any:
    """A copy of a schema with every subschema passed through `change`, innermost first. Data (`enum`) stay."""
    if not isinstance(schema, dict):
        return schema
    copy: Json = {}
    for keyword, value in schema.items():
        if keyword in NAMED:
            copy[keyword] = {name: walk(inner, change) for name, inner in value.items()}
        elif keyword in SEVERAL or (keyword == "items" and isinstance(value, list)):
            copy[keyword] = [walk(inner, change) for inner in value]
        elif keyword in ONE:
            copy[keyword] = walk(value, change)
        else:
            copy[keyword] = value
    return change(copy)


def with_params(schema: Json) -> Json:
    """A schema in which `$name` may stand wherever a value stands that is not free text."""

    def change(node: Json) -> Json:
        for keyword in ("properties", "patternProperties"):
            for name, inner in node.get(keyword, {}).items():
                node[keyword][name] = _or_param(inner)
        for keyword in ("items", "additionalProperties"):
            if isinstance(node.get(keyword), dict):
                node[keyword] = _or_param(node[keyword])
        return node

    return walk(schema, change)  # type: ignore[no-any-return]


def _or_param(schema: Any) -> Any:
    if not isinstance(schema, dict) or not schema or _takes_text(schema):
        return schema
    about = {key: schema[key] for key in ("description", "default") if key in schema}
    rest = {key: value for key, value in schema.items() if key not in about}
    options = rest["anyOf"] if set(rest) == {"anyOf"} else [rest]
    return {**about, "anyOf": [*options, PARAM_REF]}


def _takes_text(schema: Json) -> bool:
    """Whether any text passes, so that `$name` passes already."""
    if "anyOf" in schema:
        return (
            any(_takes_text(option) for option in schema["anyOf"] if isinstance(option, dict)) or {} in schema["anyOf"]
        )
    kinds = schema.get("type", [])
    text = "string" in kinds if isinstance(kinds, list) else kinds == "string"
    return text and not {"pattern", "enum", "const"} & set(schema)


def any_of(*options: Json, description: str = "") -> Json:
    """One of several schemas, those that say `anyOf` themselves taken apart."""
    flat: list[Json] = []
    for option in options:
        flat += option["anyOf"] if set(option) == {"anyOf"} else [option]
    flat = [option for place, option in enumerate(flat) if option not in flat[:place]]
    return {"description": description, "anyOf": flat} if description else {"anyOf": flat}


def closed(properties: Json, *, required: tuple[str, ...] = (), **more: Any) -> Json:
    """An object with these keys, remarks, and nothing else."""
    schema: Json = {"type": "object", "properties": properties, "patternProperties": {COMMENTS: True}}
    if required:
        schema["required"] = list(required)
    return {**schema, "additionalProperties": False, **more}
