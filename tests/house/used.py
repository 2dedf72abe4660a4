"""What one document uses, as the same short facts as in `offered`, and the forms in which it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from datagen import registry
from datagen.plan.prepare import VOCABULARY, evaluate
from datagen.schema import expand_laws, expand_modifiers
from datagen.schema.expand import expand
from datagen.schema.load import load
from datagen.schema.model_values import COMMENT_KEYS
from datagen.schema.params import substitute
from tests.house.offered import RULES

LAWS = registry.words("law")
GENERATORS = registry.words("generator")


def used(path: Path) -> set[str]:
    """The facts of a document: of its canonical tree, and of what stands in the file."""
    document = load(path)
    filled, findings = substitute(document, evaluate)
    canonical, contradictions = expand(filled, VOCABULARY)
    assert not [one for one in (*findings, *contradictions) if one.severity == "error"]
    raw = document.root
    facts = {*of_document(canonical.root), *of_text(raw), *of_params(raw)}
    for node in raw.get("nodes") or raw["tables"]:
        facts.update(of_written_node(node))
    for node in canonical.root["nodes"]:
        facts.update(of_node(node))
        for column in node.get("columns") or ():
            facts.update(of_column(node, column))
    return facts


# --- the canonical tree


def of_document(tree: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"top.{key}" for key in tree)
    yield f"version = {'1.0' if str(tree.get('version')) == '1.0' else '2'}"
    for home in ("metadata", "timeframe", "constraints"):
        yield from (f"{home}.{key}" for key in tree.get(home) or ())
    yield from (f"assumptions.{key}" for one in tree.get("assumptions") or () for key in one)
    rules = tree.get("constraints") or {}
    for kind in RULES:
        yield from (f"constraints.{kind}.{key}" for rule in rules.get(kind) or () for key in rule)
    yield from (f"inequality {rule['op']}" for rule in rules.get("inequalities") or ())


def of_node(node: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"node.{key}" for key in node)
    yield f"kind = {node['kind']}"
    if node.get("duplicates") is not None:
        yield from of_part("imperfection", "duplicates", node["duplicates"])
    for modifier in node.get("modifiers") or ():
        yield "form effect on a table"
        yield from of_part("modifier", modifier["transform"], modifier.get("args"))
    if node.get("fanout") is not None:
        yield from (f"fanout.{key}" for key in node["fanout"])
        yield from of_law(node["fanout"])
    rows = node.get("rows")
    for home in (node.get("fanout") or {}, rows if isinstance(rows, dict) else {}):
        for modifier in home.get("multipliers") or ():
            yield from of_part("modifier", modifier["transform"], modifier.get("args"))


def of_column(node: Mapping[str, Any], column: Mapping[str, Any]) -> Iterator[str]:
    for one in column.get("imperfections") or ():
        for word, params in one.items():
            yield from of_part("imperfection", word, params)
    yield from (f"column.{key}" for key in column)
    yield from (f"column.constraints.{key}" for key in column.get("constraints") or ())
    yield from (f"{key} = {column[key]}" for key in ("type", "role", "precision") if key in column)
    if "generator" not in column:
        return  # a process fills it
    [(word, params)] = column["generator"].items()
    yield from of_part("generator", word, params)
    yield from of_generator(node, word, params)
    for modifier in column.get("modifiers") or ():
        transform, args = modifier["transform"], modifier.get("args") or {}
        yield from of_part("modifier", transform, args)
        if transform == "outliers":
            yield f"form outliers of {'times' if word == 'datetime_series' else 'numbers'}"
            yield from of_law(args["magnitude_dist"]) if "magnitude_dist" in args else ()
        if transform == "effect":
            yield f"form effect {'with' if args.get('on') else 'without'} keys"
        if transform == "add":
            yield f"form add a {type(args['value']).__name__}"


def of_part(kind: str, word: str, params: Any) -> Iterator[str]:
    yield f"{kind} {word}"
    if word == "nested":  # the names of fields are the user's
        for member in params.get("fields", {}).values():
            yield from of_params_inside("generator nested.fields", member)
    yield from of_params_inside(f"{kind} {word}", params)


def of_params_inside(home: str, params: Any) -> Iterator[str]:
    for one in params if isinstance(params, list) else [params]:
        for key, value in one.items() if isinstance(one, dict) else ():
            yield f"{home}.{key}"
            if isinstance(value, str):
                yield f"{home.partition(' ')[2]}.{key} = {value}"
            yield from of_params_inside(f"{home}.{key}", value)


def of_law(law: Mapping[str, Any]) -> Iterator[str]:
    if "type" in law:  # a grid or an exact total has none
        yield from of_part("law", law["type"], law.get("params"))
    params = law.get("params") or {}
    if any(isinstance(value, str) and re.search("[a-z]", value) for value in params.values()):
        yield "form law with a parameter from the row"
    if None in (*(law.get("clamp") or ()), *(law.get("truncate") or ())):
        yield "form law open at one end"
    for component in params.get("components") or ():
        yield from of_law(component["law"])


def of_generator(node: Mapping[str, Any], word: str, params: Mapping[str, Any]) -> Iterator[str]:
    if word == "distribution":
        yield from of_law(params)
    if word == "choice":
        kind = params.get("weights_kind", "one by one" if "weights" in params else "left out")
        yield f"form weights {kind.split('@')[0]}"
    if word == "datetime_series":
        yield (
            f"form pattern {'several' if isinstance(params.get('pattern'), list) else 'one'}"
            if "pattern" in params
            else ""
        )
        yield f"form within {'a window' if isinstance(params.get('within'), dict) else 'the timeframe'}"
    if word == "lookup":
        table, parents = params["from"].partition(".")[0], node.get("parents") or [""]
        way = (
            "the own table" if table == node["id"] else "the driving parent" if table == parents[0] else "another table"
        )
        yield f"form lookup {'along a key' if 'on' in params else f'of {way}'}"
    if word == "faker" and "locale_from" in params:
        yield f"form locale_from {'another row' if '.' in params['locale_from'] else 'a column'}"
    if word == "expression":
        yield from (
            f"form expression with {name}" for name in re.findall("ordinal|sibling_count|row_number", params["code"])
        )
        yield "form expression of another row" if re.search(r"[a-z_]\.[a-z]", params["code"]) else ""


# --- the file


def of_text(tree: Any) -> Iterator[str]:
    """Spellings, remarks and ways to write a value, wherever they stand."""
    for one in objects(tree):
        yield from (f"remark {key}" for key in COMMENT_KEYS if key in one)
        yield "remark x-" if any(key.startswith("x-") for key in one) else ""
        for law, spellings in expand_laws.SPELLINGS.items():
            params = one.get(law) if isinstance(one.get(law), dict) else {**one, **(one.get("params") or {})}
            if law in one or one.get("type") == law or one.get("distribution") == law:
                yield from (f"spelling {law} {second}" for second in spellings if second in params)
        for word, spellings in expand_modifiers.SPELLINGS.items():
            args = {**one, **(one.get("args") or {})} if one.get("transform") == word else one.get(word)
            yield from (
                f"spelling {word} {second}" for second in spellings if isinstance(args, dict) and second in args
            )
        if "transform" in one:
            yield f"form modifier {'in full' if 'args' in one else 'with flat arguments'}"
        magnitude = one.get("magnitude_dist", one.get("magnitude"))
        yield "spelling magnitude kind" if isinstance(magnitude, dict) and "kind" in magnitude else ""
        weights = list(one["choices"].values()) if isinstance(one.get("choices"), dict) else one.get("weights") or ()
        numbers = [weight for weight in weights if isinstance(weight, int | float)]
        yield (
            "form weights above 1"
            if any(weight > 1 for weight in numbers)
            else "form weights as shares"
            if numbers
            else ""
        )
    for value in scalars(tree):
        if isinstance(value, str):
            yield "form a percentage" if re.fullmatch(r"[0-9.]+%", value) else ""
            yield "form a parameter" if re.fullmatch(r"\$[a-z_]+", value) else ""


def of_params(raw: Mapping[str, Any]) -> Iterator[str]:
    """Forms of the top of the document."""
    yield from (f"form top {key}" for key in ("tables", "nodes", "name") if key in raw)
    if "dag" in raw:
        yield f"form dag {'of levels' if isinstance(raw['dag'], dict) else 'as a list'}"
    end = str((raw.get("timeframe") or {}).get("end", ""))
    yield f"form timeframe ends with a {'time' if 'T' in end else 'date'}" if end else "form timeframe in days"
    for value in (raw.get("params") or {}).values():
        yield (
            "form params null"
            if value is None
            else "form params computed"
            if isinstance(value, dict)
            else "form params value"
        )


def of_written_node(node: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"form node {key}" for key in ("id", "name") if key in node)
    yield from (f"node.{key}" for key in node)  # `data` becomes columns
    columns = node.get("columns") or {}
    yield f"form columns {'as a map' if isinstance(columns, dict) else 'as a list'}" if columns else ""
    yield "form rows with a suffix" if re.fullmatch("[0-9.]+[kKMB]", str(node.get("rows"))) else ""
    yield (
        "form key added" if "pk" not in node and f"{node.get('id', node.get('name'))}_id" not in names(columns) else ""
    )
    if node.get("parents"):
        yield f"form fanout {fanout_form(node)}"
        yield from (f"fanout.{key}" for key in node.get("fanout") or () if isinstance(node["fanout"], dict))
        yield from (f"fanout.{key}" for key in node.get("per_parent") or ())
    for column in columns.values() if isinstance(columns, dict) else columns:
        yield f"form column {column_form(column)}"


def names(columns: Any) -> set[str]:
    return set(columns) if isinstance(columns, dict) else {column["name"] for column in columns}


def fanout_form(node: Mapping[str, Any]) -> str:
    fanout = node.get("fanout", node.get("per_parent"))
    if "per_parent" in node:
        return "per_parent"
    if not isinstance(fanout, dict):
        return "left out" if fanout is None else "a..b" if ".." in str(fanout) else "a number"
    for key in ("distribution", "type"):
        if key in fanout:
            return f"with {key}"
    return (
        "{law: value}"
        if any(law in fanout and not isinstance(fanout[law], dict) for law in LAWS)
        else "{law: parameters}"
    )


def column_form(column: Mapping[str, Any]) -> str:
    for key in ("generator", "ref", "choices_ref"):
        if key in column:
            return key
    if "choices" in column:
        return f"choices as a {type(column['choices']).__name__.lower()}"
    word = next((key for key in column if key in GENERATORS), None)
    if word is not None:
        return f"generator with {'parameters' if isinstance(column[word], dict) else 'one value'}"
    return "law" if any(key in LAWS for key in column) else "of data"


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a tree."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(one)


def scalars(value: Any) -> Iterator[Any]:
    """Every single value of a tree."""
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from scalars(one)
    else:
        yield value
