"""Everything that the language offers today, as short facts: read from the models, the registry and the later keys.

Facts look like `node.rows`, `kind = vocab`, `generator choice`, `trend.time_unit = week`, `law normal.std`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from datagen import registry
from datagen.schema import expand_laws, expand_modifiers, later_keys
from datagen.schema.model import Kind, Node, Schema
from datagen.schema.model_column import Column, ColumnConstraints, Role
from datagen.schema.model_fanout import Fanout
from datagen.schema.model_top import (
    Assumption,
    Constraints,
    EnumRule,
    ForeignKey,
    Inequality,
    Metadata,
    PatternRule,
    Range,
    Timeframe,
)
from datagen.schema.model_values import COMMENT_KEYS, keys_of
from datagen.schema.model_words import COLUMN_TYPES, LawSpec

RULES: Mapping[str, type[BaseModel]] = {
    "foreign_keys": ForeignKey,
    "ranges": Range,
    "inequalities": Inequality,
    "pattern": PatternRule,
    "enum": EnumRule,
}
PART_KINDS = ("generator", "modifier", "law")
NOT_YET = frozenset(key for keys in later_keys.PART_KEYS.values() for key in keys)  # in the objects inside parts too


def offered() -> set[str]:
    """Every key, word, parameter and listed value that a document may hold today."""
    facts = {
        *keys("top", Schema, later_keys.TOP_KEYS),
        *keys("metadata", Metadata),
        *keys("timeframe", Timeframe),
        *keys("assumptions", Assumption),
        *keys("constraints", Constraints),
        *keys("node", Node, later_keys.NODE_KEYS),
        *keys("column", Column, later_keys.COLUMN_KEYS),
        *keys("column.constraints", ColumnConstraints),
        *keys("fanout", Fanout, later_keys.FANOUT_KEYS),
        *(fact for kind, model in RULES.items() for fact in keys(f"constraints.{kind}", model)),
        *(f"version = {version}" for version in ("1.0", "2")),
        *(f"inequality {op}" for op in get_args(Inequality.model_fields["op"].annotation)),
        *(f"kind = {kind}" for kind in get_args(Kind) if kind not in later_keys.KINDS),
        *(f"type = {type}" for type in COLUMN_TYPES),
        *(f"role = {role}" for role in get_args(Role)),
        *(f"precision = {precision}" for precision in ("ms", "us")),
        *(f"remark {key}" for key in (*COMMENT_KEYS, "x-")),
        *(f"spelling {law} {one}" for law, second in expand_laws.SPELLINGS.items() for one in second),
        *(f"spelling {word} {one}" for word, second in expand_modifiers.SPELLINGS.items() for one in second),
        "spelling magnitude kind",
    }
    for word in registry.words("imperfection"):
        part = registry.find("imperfection", word)
        assert part is not None
        facts.update((f"imperfection {word}", *parameters(f"imperfection {word}", word, part.SPEC, ())))
    for kind in PART_KINDS:
        for word in registry.words(kind):
            part = registry.find(kind, word)
            assert part is not None
            facts.add(f"{kind} {word}")
            facts.update(parameters(f"{kind} {word}", word, part, later_keys.PART_KEYS.get((kind, word), frozenset())))
    return facts


def keys(home: str, model: type[BaseModel], later: Collection[str] = ()) -> Iterator[str]:
    """The keys that an object of the language may have today."""
    return (f"{home}.{key}" for key in keys_of(model) if key not in later)


def parameters(home: str, word: str, part: type[BaseModel], later: Collection[str]) -> Iterator[str]:
    """The parameters of a part, of the objects inside it, and the words that they may be."""
    for name, field in part.model_fields.items():
        key = field.alias or name
        if key in later:
            continue
        yield f"{home}.{key}"
        for one in inside(field.annotation):
            if one is LawSpec:
                continue  # a law is shown as one, wherever it stands
            if isinstance(one, type) and issubclass(one, BaseModel):
                yield from parameters(f"{home}.{key}", word, one, NOT_YET)
            elif get_origin(one) is Literal:
                unbuilt = [values for (_, *at), values in later_keys.PART_VALUES.items() if at == [word, key]]
                built = (value for value in get_args(one) if not any(value in values for values in unbuilt))
                # the generator and the modifier of one word share their arguments: one of them may show a value
                yield from (f"{home.partition(' ')[2]}.{key} = {value}" for value in built)


def inside(annotation: Any) -> Iterator[Any]:
    """A type and everything that it is made of."""
    yield annotation
    if get_origin(annotation) in (Union, UnionType, list, tuple, dict):
        for one in get_args(annotation):
            yield from inside(one)
