"""The published JSON Schema of the language: completion and hover texts in editors, forms, guides for writers.

Made from the models and the parts, never by hand. It takes what users write, short forms included, and refuses what is
misspelt; what it cannot know (names of tables, sums of weights) `datagen validate` finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from datagen.schema import later_keys
from datagen.schema.expand_columns import BESIDE, LOOKUP_KEYS
from datagen.schema.expand_laws import DURATION_UNITS, LAW_KEYS, PARAMETERS
from datagen.schema.expand_laws import SPELLINGS as LAW_SPELLINGS
from datagen.schema.expand_modifiers import SPELLINGS as MODIFIER_SPELLINGS
from datagen.schema.json_schema_dialect import PARAM, Json, any_of, closed, of_model, with_params
from datagen.schema.later import GENERATORS, PARTS
from datagen.schema.model import Schema
from datagen.schema.model_values import RATIO

DIALECT = "http://json-schema.org/draft-07/schema#"
NOT_YET = " (not built yet)"

ANY: Json = {}
NUMBER: Json = {"type": "number"}
TEXT: Json = {"type": "string"}
SHARE_TEXT: Json = {"type": "string", "pattern": RATIO}
RANGE_TEXT: Json = {
    "type": "string",
    "pattern": r"^\s*[+-]?[0-9.]+\s*(%|[A-Za-z]+)?\s*\.\.\s*[+-]?[0-9.]+\s*(%|[A-Za-z]+)?\s*$",
}
TIME_TEXT: Json = {"type": "string", "pattern": r"^\s*[0-9.]+\s*[A-Za-z]+\s*$"}

Parts = Mapping[str, Mapping[str, type[Any]]]


def json_schema(parts: Parts | None = None) -> Json:
    """The JSON Schema (draft 7) of a document as users write it.

    parts: the classes of the parts that exist, as `{kind: {word: class}}` with the kinds generator, modifier and law; a
    class that is a pydantic model gives the parameters of its word. Without parts any parameters pass.
    """
    given: Parts = parts or {}
    top, definitions = of_model(Schema)
    definitions["param"] = PARAM
    definitions["duration"] = closed(dict.fromkeys(sorted(DURATION_UNITS), NUMBER), minProperties=1)
    _add_parts(definitions, given)
    laws = sorted({*given.get("law", {}), *PARAMETERS})
    generators = sorted({*given.get("generator", {}), *GENERATORS})
    modifiers = sorted(given.get("modifier", {}))
    for word in laws:  # parameters of a law behind its word; keys of any law may stand among them
        general = {"type": "object", "anyOf": [{"required": [key]} for key in sorted(LAW_KEYS - {"type"})]}
        definitions[f"law.{word}.value"] = any_of(_ref(f"law.{word}"), general, NUMBER, TEXT, {"type": "array"})
    definitions["law"] = _law(laws, definitions)
    definitions["generator"] = _generator(generators, laws, given)
    definitions["LawSpec"] = {"$ref": "#/definitions/law"}
    definitions["ModifierSpec"] = _modifier(modifiers, definitions, given)
    definitions["Fanout"] = _fanout(definitions["Fanout"], laws, definitions)
    _widen_columns(definitions, generators, laws, given)
    _widen_nodes(definitions)
    _widen_top(top, definitions)
    for name, keys in (("Node", later_keys.NODE_KEYS), ("ColumnBody", later_keys.COLUMN_KEYS)):
        _mark_later(definitions[name]["properties"], keys)
    _mark_later(definitions["Metric"]["properties"], later_keys.METRIC_KEYS)
    _mark_later(definitions["Targets"]["properties"], frozenset(later_keys.LATER_TARGETS))
    _mark_later(top["properties"], later_keys.TOP_KEYS)
    whole = with_params({**top, "definitions": dict(sorted(definitions.items()))})
    return {"$schema": DIALECT, "title": "Datagen schema", **whole}


def _ref(name: str) -> Json:
    return {"$ref": f"#/definitions/{name}"}


def _add_parts(definitions: Json, parts: Parts) -> None:
    """The parameters of every part as `generator.choice`, `modifier.trend`, `law.normal`."""
    kinds: dict[str, dict[str, type[Any]]] = {
        kind: dict(parts.get(kind, {})) for kind in ("generator", "modifier", "law")
    }
    kinds["generator"] = {**GENERATORS, **kinds["generator"]}
    kinds["law"] = {**dict.fromkeys(PARAMETERS, object), **kinds["law"]}
    for kind, classes in kinds.items():
        for word, part in classes.items():
            name = f"{kind}.{word}"
            if not issubclass(part, BaseModel) or not part.model_fields:
                known = PARAMETERS.get(word, ())
                definitions[name] = closed(dict.fromkeys(known, ANY)) if known else {"type": "object"}
            else:
                definitions[name], inner = of_model(part, prefix=f"{name}.", part=True)
                definitions.update(
                    {key: _ref("law") if key.endswith(".LawSpec") else one for key, one in inner.items()}
                )
            _loosen(definitions[name], kind, word)
    for (kind, word), model in PARTS.items():
        if f"{kind}.{word}" in definitions:
            later, inner = of_model(model)
            _mark_later(later["properties"], frozenset(later["properties"]))
            definitions.update({name: schema for name, schema in inner.items() if name not in definitions})
            part = definitions[f"{kind}.{word}"]
            part["properties"] = {**later["properties"], **_properties(definitions, f"{kind}.{word}")}
    for name in [name for name in definitions if name.startswith(("generator.", "modifier.")) and name.count(".") == 1]:
        if "properties" in definitions[name]:
            definitions[name]["properties"].setdefault(
                "by", {"type": "object", "description": "keys by a column's value"}
            )


def _loosen(schema: Json, kind: str, word: str) -> None:
    """Second spellings, expressions as parameters of laws, choices with their weights."""
    properties: Json = schema.get("properties", {})
    spelled = {"law": LAW_SPELLINGS, "modifier": MODIFIER_SPELLINGS}.get(kind, {}).get(word, {})
    for other, first in spelled.items():
        properties.setdefault(other, properties.get(first, ANY))
    if spelled or kind == "law":
        schema.pop("required", None)
    for key, value in properties.items():
        about = {"description": value["description"]} if value.get("description") else {}
        if kind == "law":
            properties[key] = {**about, **any_of(_bare(value), TEXT, _ref("duration"))} if value else value
    if (kind, word) == ("modifier", "outliers") and "magnitude_dist" in properties:
        for key in ("magnitude_dist", "magnitude"):
            properties[key] = any_of(_ref("law"), {"type": "object"})
    if (kind, word) == ("generator", "nested"):
        schema.clear()
        schema.update({"type": "object", "minProperties": 1, "description": "fields by name, or `of` and `length`"})
    if (kind, word) == ("generator", "choice") and "choices" in properties:
        properties["choices"] = any_of(_bare(properties["choices"]), _weight_map())


def _bare(schema: Json) -> Json:
    return {key: value for key, value in schema.items() if key not in ("description", "default")}


def _weight_map() -> Json:
    return {"type": "object", "minProperties": 1, "additionalProperties": any_of(NUMBER, SHARE_TEXT)}


def _law(words: list[str], definitions: Json) -> Json:
    """A number, `a..b`, a duration, `{normal: {…}}`, or `{type: normal, …}` with flat parameters or under `params`."""
    cut = {key: value for key, value in definitions["LawSpec"]["properties"].items() if key not in ("type", "params")}
    by_word = closed({**cut, **{word: _law_value(word) for word in words}}, minProperties=1)
    by_type = [_flat(f"law.{word}", {**cut, "type": {"const": word}}, "params", definitions) for word in words]
    return any_of(
        NUMBER, RANGE_TEXT, TIME_TEXT, SHARE_TEXT, _ref("duration"), by_word, *by_type, description="a random number"
    )


def _flat(name: str, own: Json, inside: str, definitions: Json) -> Json:
    """A part named by a key of its object, its parameters beside that key or under `inside`."""
    required = ("transform" if "transform" in own else "type",)
    whole = closed({**_properties(definitions, name), **own, inside: _ref(name)}, required=required)
    return whole if definitions[name].get("additionalProperties") is False else {**whole, "additionalProperties": True}


def _law_value(word: str) -> Json:
    return _ref(f"law.{word}.value")


def _properties(definitions: Json, name: str) -> Json:
    found: Json = definitions.get(name, {}).get("properties", {})
    return found


def _main(part: type[Any] | None) -> list[Json]:
    """What may stand in place of a part's parameters: the value of its main one, or nothing."""
    return [TEXT, NUMBER, {"type": "boolean"}, {"type": "array"}] if getattr(part, "MAIN", None) else []


def _generator_value(word: str, laws: list[str], parts: Parts) -> Json:
    part = parts.get("generator", {}).get(word) or GENERATORS.get(word)
    about = (part.__doc__ or "").strip().splitlines()[0] if part and part.__doc__ else ""
    about += NOT_YET if word in GENERATORS else ""
    if word == "distribution":
        return any_of(_ref("law"), {"enum": laws}, description=about)
    options = [_ref(f"generator.{word}"), *_main(part), {"type": "null"}]
    if word == "choice":
        options.append(_weight_map())
    return any_of(*options, description=about)


def _generator(words: list[str], laws: list[str], parts: Parts) -> Json:
    """What may stand under `generator`: a word with its parameters, the word alone, or a law."""
    own = {word: _generator_value(word, laws, parts) for word in words}
    if "generator" not in parts:
        return {"type": ["object", "string"], "description": "what makes the values"}
    known = dict.fromkeys(sorted(BESIDE["choice"]), ANY)
    by_law = {word: _law_value(word) for word in laws if word not in own}
    cut = dict.fromkeys(sorted(LAW_KEYS - {"type", "params"}), ANY)
    return any_of(
        closed(own, minProperties=1),
        {"enum": words},
        closed(known, minProperties=1),
        closed({**cut, **by_law}, minProperties=1),
        description="what makes the values",
    )


def _modifier(words: list[str], definitions: Json, parts: Parts) -> Json:
    """`{transform: add, args: {…}}`, the same flat, or `{add: {…}}`."""
    if not words:
        return {"type": "object", "description": "what changes the values"}
    short = {
        word: any_of(_ref(f"modifier.{word}"), *_main(parts["modifier"][word]), {"type": "null"}) for word in words
    }
    by_word = closed(short, minProperties=1)
    by_transform = [_flat(f"modifier.{word}", {"transform": {"const": word}}, "args", definitions) for word in words]
    return any_of(by_word, *by_transform, description="what changes the values")


def _fanout(own: Json, laws: list[str], definitions: Json) -> Json:
    """A number, `a..b`, or a law with the keys of a fan-out beside it."""
    flat = {key: ANY for word in laws for key in _properties(definitions, f"law.{word}")}
    words = {word: _law_value(word) for word in laws}
    properties = {**flat, **words, **own["properties"], "distribution": any_of({"enum": laws}, _ref("law"))}
    _mark_later(properties, later_keys.FANOUT_KEYS)
    properties["per_parent"] = any_of({"type": "object"}, NUMBER, RANGE_TEXT)
    return any_of(NUMBER, RANGE_TEXT, closed(properties), description=own.get("description", ""))


def _widen_columns(definitions: Json, generators: list[str], laws: list[str], parts: Parts) -> None:
    """A generator's word, a law, choices or a reference on the column itself; in a map a column's name is its key."""
    own: Json = definitions["Column"]
    beside = sorted({*LOOKUP_KEYS, *(key for keys in BESIDE.values() for key in keys)})
    body = {
        **dict.fromkeys(beside, ANY),
        **{word: _law_value(word) for word in laws},
        **{word: _generator_value(word, laws, parts) for word in generators},
        **own["properties"],
        "generator": _ref("generator"),
        # beside `ref` it is the lookup's own `unique`, which may name an ancestor
        "unique": any_of({"type": "boolean"}, TEXT, description=own["properties"]["unique"]["description"]),
        "ref": {**TEXT, "description": "a table: this column is a key of one of its rows"},
        "choices": any_of({"type": "array"}, _weight_map(), description="the values, or values with their weights"),
    }
    definitions["ColumnBody"] = closed(body, description=own.get("description", ""))
    if "generator" not in parts:
        definitions["ColumnBody"]["additionalProperties"] = True
    definitions["Column"] = {"allOf": [_ref("ColumnBody")], "required": ["name"]}
    changed: Json = definitions["ChangedValue"]
    words = {word: _generator_value(word, laws, parts) for word in generators}
    laid = {**words, **changed["properties"], "generator": _ref("generator")}
    definitions["ChangedValue"] = {**changed, "properties": laid, "required": ["modifiers"]}
    imperfections: Json = definitions["Imperfections"]["properties"]
    for kind, value in imperfections.items():
        imperfections[kind] = any_of(
            *([value] if "allOf" in value or "$ref" in value else value["anyOf"]), NUMBER, SHARE_TEXT
        )


def _widen_nodes(definitions: Json) -> None:
    """`name` for `id`, columns as a map, kinds that can be told, states and stages in few words."""
    node: Json = definitions["Node"]
    properties = node["properties"]
    properties["name"] = {**properties["id"], "description": "another word for `id`"}
    properties["per_parent"] = {"allOf": [_ref("Fanout")], "description": "another word for `fanout`"}
    bare = [properties["duplicates"]] if "anyOf" not in properties["duplicates"] else properties["duplicates"]["anyOf"]
    properties["duplicates"] = any_of(
        *bare, NUMBER, SHARE_TEXT, description=properties["duplicates"].get("description", "")
    )
    about = properties["columns"].get("description", "")
    columns = {"type": "object", "minProperties": 1, "additionalProperties": _ref("ColumnBody")}
    properties["columns"] = any_of(
        {"type": "array", "minItems": 1, "items": _ref("Column")}, columns, description=about
    )
    node.pop("required", None)
    node["anyOf"] = [{"required": ["id"]}, {"required": ["name"]}]


def _widen_top(top: Json, definitions: Json) -> None:
    """`tables` for `nodes`, a name without `metadata`."""
    properties = top["properties"]
    for key, value in definitions["Targets"]["properties"].items():  # one of them, or a list
        definitions["Targets"]["properties"][key] = {**value, **any_of(_bare(value), value["items"])}
        for keyword in ("type", "items"):
            definitions["Targets"]["properties"][key].pop(keyword)
    properties["tables"] = {**properties["nodes"], "description": "another word for `nodes`"}
    properties["name"] = {**TEXT, "description": "name of the data set, short for metadata.name"}
    top.pop("required", None)
    top["anyOf"] = [{"required": ["nodes"]}, {"required": ["tables"]}]


def _mark_later(properties: Json, keys: frozenset[str]) -> None:
    """Say in the hover text that a key is not built yet."""
    for key in keys & set(properties):
        schema = properties[key]
        if isinstance(schema, dict) and not str(schema.get("description", "")).endswith(NOT_YET):
            schema = {"allOf": [schema]} if "$ref" in schema else schema
            properties[key] = {**schema, "description": f"{schema.get('description', '')}{NOT_YET}".strip()}
