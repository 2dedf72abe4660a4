"""Breaks documents at random, the same way every time: one letter of a key or word, or one thing of the structure."""

from __future__ import annotations

import copy
import json
import random
import re
import string
from collections.abc import Callable, Iterator
from typing import Any

from datagen import registry
from datagen.datasets import shipped
from datagen.schema.expand_laws import PARAMETERS
from datagen.schema.load import load
from datagen.schema.model_values import comment_like

# Below these keys users write names of their own, or values.
OWN_NAMES = frozenset(
    {
        "choices", "mapping", "map", "data", "scenarios", "metadata", "on", "values", "segments", "behaviors",
        "segment_behavior", "age_based_multipliers", "states", "next_states", "stages", "segment_variation", "channels",
        "effects", "innovation_diffusion", "acceleration", "engagement_frequency", "factors", "by", "arms", "metrics",
        "nested", "profile",
    }
)  # fmt: skip
# Keys that take words of the language.
WORDS = frozenset({"type", "transform", "kind", "dimension", "mode", "role", "precision", "time_unit", "op", "method"})
LAW_WORDS = frozenset(PARAMETERS)
WRONG = (
    None, True, False, 0, -1, 1, 0.5, -3.7, 1e308, -1e308, 5e-324, 2**63, 2**64 - 1,
    "", "x", "5%", "a.b", "$gone", [], {}, [[]], {"x": 1},
)  # fmt: skip
NUMBERS = (0, -1, 1, 0.0, 1e-300, 1e300, 2**31, 2**53, 2**63 - 1, -(2**63), 10**15)

Place = tuple[Any, Any]  # an object or a list, and a key or an index in it


def documents() -> dict[str, Any]:
    """The shipped schemas as Python objects, by name."""
    return {name: json.loads(json.dumps(load(path).root)) for name, path in shipped().items()}


def slices() -> dict[str, Any]:
    """Every table of the shipped schemas in a document of its own, with the tables that it names and their constraints."""
    made = {}
    for name, whole in documents().items():
        tables = {table.get("id") or table.get("name"): table for table in whole.get("nodes") or whole["tables"]}
        for start in tables:
            needed = [start]
            for table in needed:  # grows while it is walked
                needed += [other for other in tables if other not in needed and names(tables[table], other)]
                needed += [other for other in tables if other not in needed and makes(tables[other], table)]
            kept = {
                kind: [one for one in entries if not any(names(one, other) for other in tables if other not in needed)]
                for kind, entries in (whole.get("constraints") or {}).items()
            }
            made[f"{name}.{start}"] = {
                **{key: value for key, value in whole.items() if key not in ("nodes", "tables", "dag", "scenarios")},
                "tables": [tables[table] for table in tables if table in needed],
                "constraints": kept,
            }
    return made


def makes(table: Any, other: str) -> bool:
    """Whether the rows of another table come from this one's journeys."""
    chain = table.get("attribution_chain")
    return isinstance(chain, dict) and chain.get("conversions") == other


def names(value: Any, table: str) -> bool:
    """Whether a table is spoken of anywhere in a part of a document."""
    return re.search(rf'"{table}["\]]|\b{table}\.', json.dumps(value)) is not None


def places(value: Any) -> Iterator[Place]:
    """Every entry of every object and list, from the top down."""
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, inner in entries:
        yield value, key
        if isinstance(inner, dict | list):
            yield from places(inner)


def language_keys(value: Any, above: str = "", word: str = "") -> Iterator[Place]:
    """Every entry whose key belongs to the language, not to the user. above: the key of the object, word: of its law."""
    if isinstance(value, list):
        for item in value:
            yield from language_keys(item, f"item of {above}", word)
    if not isinstance(value, dict) or above in OWN_NAMES or above.removeprefix("item of ") in OWN_NAMES:
        return
    if above == "params" and word not in LAW_WORDS:
        return
    for key, inner in value.items():
        if above != "columns":
            if not comment_like(key):
                yield value, key
            yield from language_keys(inner, key, str(value.get("type", "")))
        else:  # a map of columns by their names
            yield from language_keys(inner)


def language_words(value: Any) -> Iterator[Place]:
    """Every entry that takes a word of the language and has one."""
    for holder, key in places(value):
        if key in WORDS and isinstance(holder, dict) and isinstance(holder[key], str) and len(holder[key]) > 2:
            yield holder, key


def with_typo(key: str, dice: random.Random) -> str:
    """The key with one letter left out, added, changed, or swapped with the next."""
    at = dice.randrange(len(key))
    letter = dice.choice(string.ascii_lowercase)
    after = key[at + 1 :]
    swapped = key[:at] + after[:1] + key[at] + after[1:]
    return dice.choice((key[:at] + after, key[:at] + letter + key[at:], key[:at] + letter + after, swapped))


def renamed(entry: Place, name: str) -> None:
    """Give an entry of an object another key, in its old place."""
    holder, key = entry
    items = [(name if one == key else one, inner) for one, inner in holder.items()]
    holder.clear()
    holder.update(items)


def drop(root: Any, dice: random.Random) -> None:
    """Take one entry away."""
    holder, key = dice.choice(list(places(root)))
    del holder[key]


def swap_type(root: Any, dice: random.Random) -> None:
    """Put something else where one entry was."""
    holder, key = dice.choice(list(places(root)))
    holder[key] = copy.deepcopy(dice.choice(WRONG))


def go_to_the_edge(root: Any, dice: random.Random) -> None:
    """Put an extreme number where a number was."""
    numbers = [one for one in places(root) if type(one[0][one[1]]) in (int, float)]
    if numbers:
        holder, key = dice.choice(numbers)
        holder[key] = dice.choice(NUMBERS)


def rename(root: Any, dice: random.Random) -> None:
    """Give one key, or one text, another one's name."""
    holder, key = dice.choice(list(places(root)))
    if isinstance(holder, dict) and dice.random() < 0.5:
        other = dice.choice([name for place, name in places(root) if isinstance(place, dict)])
        renamed((holder, key), str(other))
    else:
        texts = [place[name] for place, name in places(root) if isinstance(place[name], str)]
        holder[key] = dice.choice(texts or ["x"])


def double(root: Any, dice: random.Random) -> None:
    """Write one item of a list twice."""
    lists = [one for one in places(root) if isinstance(one[0], list)]
    if lists:
        holder, place = dice.choice(lists)
        holder.insert(dice.randrange(len(holder) + 1), copy.deepcopy(holder[place]))


def break_reference(root: Any, dice: random.Random) -> None:
    """Let a text that names something name something else."""
    texts = [one for one in places(root) if isinstance(one[0][one[1]], str)]
    named = [one for one in texts if one[0][one[1]].replace(".", "").isidentifier()]
    if named:
        holder, key = dice.choice(named)
        other = dice.choice(named)
        head, _, tail = holder[key].rpartition(".")
        ways = (f"{head}.{tail}x", f"{tail}.{head}", f"{holder[key]}.{tail}", other[0][other[1]], "no_such.thing")
        holder[key] = dice.choice(ways)


WAYS: tuple[Callable[[Any, random.Random], None], ...] = (
    drop, swap_type, go_to_the_edge, rename, double, break_reference,
)  # fmt: skip


def is_language_word(word: str) -> bool:
    """Whether a text is a word of some part: a typo that makes another word is no typo."""
    return any(word in registry.words(kind) for kind in ("generator", "modifier", "law"))
