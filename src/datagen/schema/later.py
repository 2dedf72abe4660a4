"""Parts of the language that later versions build: they load and are checked like all others, then refused by name.

A document that uses one hears `language.not_available_yet` with the key and its line, never that the key is unknown;
its other mistakes are found all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, Field

from datagen.errors import Finding, listed
from datagen.schema.later_keys import (
    COLUMN_KEYS,
    FANOUT_KEYS,
    GENERATOR_WORDS,
    INSIDE,
    INSIDE_VALUES,
    KINDS,
    LATER_TARGETS,
    METRIC_KEYS,
    NODE_KEYS,
    PART_KEYS,
    PART_VALUES,
    TOP_KEYS,
)
from datagen.schema.model_findings import Suggest, check_part, in_order, later_part_keys, not_yet
from datagen.schema.model_values import (
    Maybe,
    Written,
    keys_of,
)
from datagen.schema.model_words import By, Words
from datagen.schema.tree import Document, Map, Seq

if TYPE_CHECKING:
    from datagen.schema.model import Column, Node, Schema

Loc = tuple[str | int, ...]


class LaterPart(Written):
    """Parameters of a part that is not built yet."""

    MAIN: ClassVar[str | None] = None  # the parameter that a bare value stands for

    by: Maybe[By] = Field(
        default=None, description="{column: {value: {…}, else: {…}}}: keys that differ by a column's value"
    )


GENERATORS: dict[str, type[BaseModel]] = {}


PARTS: dict[tuple[str, str], type[BaseModel]] = {}


def faults(document: Document, words: Words, suggest: Suggest | None = None) -> list[Finding]:
    """What is wrong with the parameters of later generators, and with later keys of other parts. Works on any tree."""
    found: list[Finding] = []
    for kind, word, params, loc in _parts(document):
        if kind == "generator" and word in GENERATORS:
            model = GENERATORS[word]
            main = getattr(model, "MAIN", None)
            if isinstance(params, Map):
                found += check_part(model, params, document, loc, suggest=suggest, context=words)[1]
            elif main and params is not None:
                found += check_part(model, {main: params}, document, loc, suggest=suggest, context=words)[1]
            elif params is not None:
                expected = f"an object with {listed(keys_of(model))}" if keys_of(model) else "an object"
                found.append(document.finding("language.wrong_type", loc, found="a bare value", expected=expected))
        elif isinstance(params, Map):
            model = PARTS.get((kind, word), LaterPart)
            mine = {key: value for key, value in params.items() if key in later_part_keys(kind, word)}
            if mine:
                found += check_part(model, mine, document, loc, suggest=suggest, context=words)[1]
    return found


def not_available(document: Document, schema: Schema) -> list[Finding]:
    """One finding for everything the document uses that this version does not build, in the order of the lines."""
    found = [not_yet(document, (key,), key) for key in _used(schema, TOP_KEYS)]
    found += [
        not_yet(document, ("metrics", name, key), key, where="metrics")
        for name, metric in schema.metrics.items()
        for key in _used(metric, METRIC_KEYS)
    ]
    found += [
        not_yet(document, ("targets", key), key, where="targets")
        for key in LATER_TARGETS
        if schema.targets is not None and getattr(schema.targets, key)
    ]
    for place, node in enumerate(schema.nodes):
        found += _of_node(document, node, ("nodes", place))
    for kind, word, params, loc in _parts(document):
        if kind == "generator" and word in GENERATORS:
            found.append(not_yet(document, loc, word, where="generator"))
            continue
        if not isinstance(params, Map):
            continue
        found += [
            not_yet(document, (*loc, key), key, where=word) for key in params if key in later_part_keys(kind, word)
        ]
        for (of_kind, of_word, key), values in PART_VALUES.items():
            value = params.get(key)
            if (of_kind, of_word) == (kind, word) and isinstance(value, str) and value in values:
                found.append(not_yet(document, (*loc, key), value, where=key, key=False))
    return in_order(found)


def _of_node(document: Document, node: Node, loc: Loc) -> Iterator[Finding]:
    written = document.place((*loc, "kind")).json_path != document.place(loc).json_path
    if node.kind in KINDS and written:  # else the key that tells the kind is refused below
        yield not_yet(document, (*loc, "kind"), node.kind, where="kind", key=False)
    for key in _used(node, NODE_KEYS):
        yield not_yet(document, (*loc, key), key)
    if node.fanout is not None:
        for key in _used(node.fanout, FANOUT_KEYS):
            yield not_yet(document, (*loc, "fanout", key), key, where="fanout")
    yield from _inside(document, node, loc)
    for place, column in enumerate(node.columns):
        yield from _of_column(document, column, (*loc, "columns", place))


def _inside(document: Document, node: Node, loc: Loc) -> Iterator[Finding]:
    """Keys and values of the processes that are built in part; their parameters may stand under `params`."""
    for word, keys in INSIDE.items():
        written = getattr(node, word)
        if written is None:
            continue
        outer = {key: getattr(written, key) for key in type(written).model_fields if key in written.model_fields_set}
        for steps, found in ((), outer), (("params",), written.params or {}):
            for key, value in found.items():
                at = (*loc, word, *steps, key)
                if key in keys:
                    yield not_yet(document, at, key, where=word)
                elif isinstance(value, str) and value in INSIDE_VALUES.get((word, key), ()):
                    yield not_yet(document, at, value, where=key, key=False)


def _of_column(document: Document, column: Column, loc: Loc) -> Iterator[Finding]:
    for key in _used(column, COLUMN_KEYS):
        yield not_yet(document, (*loc, key), key)


def _used(written: BaseModel, keys: frozenset[str]) -> list[str]:
    """Those of the keys that the user wrote in an object."""
    fields = type(written).model_fields
    return [
        alias for name in fields if (alias := fields[name].alias or name) in keys and name in written.model_fields_set
    ]


def _parts(document: Document) -> Iterator[tuple[str, str, Any, Loc]]:
    """Every generator and modifier of columns, tables and fan-outs, as (kind, word, parameters, location)."""
    nodes = document.root.get("nodes")
    for place, node in enumerate(nodes if isinstance(nodes, Seq) else ()):
        if not isinstance(node, Map):
            continue
        yield from _modifiers(node, ("nodes", place))
        fanout = node.get("fanout")
        if isinstance(fanout, Map):
            yield from _modifiers(fanout, ("nodes", place, "fanout"), "multipliers")
        columns = node.get("columns")
        for at, column in enumerate(columns if isinstance(columns, Seq) else ()):
            if not isinstance(column, Map):
                continue
            loc: Loc = ("nodes", place, "columns", at)
            generator = column.get("generator")
            if isinstance(generator, Map):
                for word, params in generator.items():
                    yield "generator", word, params, (*loc, "generator", word)
            yield from _modifiers(column, loc)


def _modifiers(written: Mapping[str, Any], loc: Loc, key: str = "modifiers") -> Iterator[tuple[str, str, Any, Loc]]:
    modifiers = written.get(key)
    for at, modifier in enumerate(modifiers if isinstance(modifiers, Seq) else ()):
        if isinstance(modifier, Map) and isinstance(modifier.get("transform"), str):
            yield "modifier", modifier["transform"], modifier.get("args"), (*loc, key, at, "args")


__all__ = [
    "COLUMN_KEYS",
    "FANOUT_KEYS",
    "GENERATORS",
    "GENERATOR_WORDS",
    "KINDS",
    "NODE_KEYS",
    "PART_KEYS",
    "TOP_KEYS",
    "faults",
    "not_available",
]
