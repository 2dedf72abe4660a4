"""Brings every spelling of a modifier to `{transform, args}`, and maps of imperfections to a list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.errors import listed
from datagen.schema.expand_laws import law_of, spelled, with_branches
from datagen.schema.expand_reading import (
    Reading,
    carry,
    each,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.model_values import comment_like
from datagen.schema.tree import Map, Mark, Seq

SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "multiply": {"value": "factor"},
    "jitter": {"scale": "std"},
    "outliers": {"magnitude": "magnitude_dist"},
}


def modifiers_of(value: Any, reading: Reading) -> Any:
    """A list of modifiers (of a column, a table, a fan-out) in their one form."""
    return each(value, lambda item, _: modifier_of(item, reading)) if isinstance(value, Seq) else value


def modifier_of(value: Any, reading: Reading) -> Any:
    """One modifier as `{transform, args}`, or the value as written when it is not one."""
    if not isinstance(value, Map):
        return value
    if "transform" in value:
        return _flat(value, reading)
    told = [key for key in value if not comment_like(key)]
    words = [key for key in told if key in reading.words.modifiers]
    if len(words) > 1:
        reading.report(
            "modifier.two_words",
            key_mark(value, words[1]),
            found=f"several modifiers in one list item: {listed(words)}",
            expected="one modifier per list item, in the order in which they run",
        )
    elif words and len(told) > 1:
        beside = next(key for key in told if key != words[0])
        reading.report(
            "modifier.key_beside",
            key_mark(value, beside),
            found=f"'{beside}' beside '{words[0]}'",
            expected=f"arguments inside: {words[0]}: {{{beside}: …}}",
        )
    if len(words) != 1 or len(told) != 1:
        return value
    word = words[0]
    modifier = Map(value.mark)
    for key in value:
        if key != word:
            carry(modifier, value, key)
            continue
        modifier.put("transform", word, key_mark=key_mark(value, word), value_mark=key_mark(value, word))
        args = _args(word, value[word], value_mark(value, word), reading)
        modifier.put("args", args, key_mark=key_mark(value, word), value_mark=value_mark(value, word))
    return modifier


def _flat(value: Map, reading: Reading) -> Map:
    """`{transform: add, args: {value: 3}}` and `{transform: add, value: 3}`."""
    word, given = value["transform"], value.get("args")
    if not isinstance(word, str):
        return value
    flat = [key for key in value if key not in ("transform", "args") and not comment_like(key)]
    twice = [key for key in flat if isinstance(given, Map) and key in given]
    for key in twice:
        reading.report(
            "modifier.argument_twice",
            key_mark(value, key),
            found=f"'{key}' both under 'args' and beside it",
            expected="one of them",
        )
    if twice or (flat and not isinstance(given, (Map, type(None)))):
        return value
    args: Any = given
    if flat:
        args = without(given, ()) if isinstance(given, Map) else Map(value.mark)
        for key in flat:
            carry(args, value, key)
    place = "args" if "args" in value else flat[0] if flat else "transform"
    mark = mark_of(args, value_mark(value, place))
    args = _args(word, args, mark, reading)
    modifier = Map(value.mark)
    for key in value:
        if key not in flat and key != "args":
            carry(modifier, value, key)
        if key == place:
            modifier.put("args", args, key_mark=key_mark(value, place), value_mark=mark)
    return modifier


def _args(word: str, value: Any, mark: Mark, reading: Reading) -> Any:
    """Arguments under their first spellings; nothing is no argument, a bare value the modifier's main one."""
    if value is None:
        return made(mark, {})
    if not isinstance(value, Map):
        main = reading.words.main("modifier", word)
        if main is None:
            return value
        value = made(mark, {main: value})
    return with_branches(_spelled(word, value, reading), lambda branch: _spelled(word, branch, reading))


def _spelled(word: str, args: Map, reading: Reading) -> Map:
    args = spelled(args, SPELLINGS.get(word, {}), f"the modifier {word}", reading)
    if word == "outliers":
        args = rewritten(args, {"magnitude_dist": lambda law, mark: _magnitude(law, mark, reading)})
    return args


def _magnitude(value: Any, mark: Mark, reading: Reading) -> Any:
    """The law of how large outliers are; its type may be called `kind`."""
    if isinstance(value, Map):
        value = spelled(value, {"kind": "type"}, "the magnitude", reading)
    return law_of(value, mark, reading)


def imperfections_of(value: Any, reading: Reading) -> Any:
    """Recording errors as a list of `{kind: {…}}`; a map of them keeps its order, a bare value is the rate."""
    if isinstance(value, Seq):
        return each(value, lambda item, _: _imperfection(item, reading))
    if not isinstance(value, Map):
        return value
    listing = Seq(value.mark)
    for kind in value:
        one = Map(value_mark(value, kind))
        carry(one, value, kind)
        listing.add(_imperfection(one, reading), mark=key_mark(value, kind))
    return listing


def _imperfection(value: Any, reading: Reading) -> Any:
    if not isinstance(value, Map) or len(value) != 1:
        return value
    kind = next(iter(value))

    def params(given: Any, mark: Mark) -> Any:
        given = imperfection_params(given, mark)
        if isinstance(given, Map):
            laws = {"outliers": "magnitude", "late": "delay"}
            key = laws.get(kind, "")
            return rewritten(given, {key: lambda law, at: law_of(law, at, reading, times=key == "delay")})
        return given

    return rewritten(value, {kind: params})


def imperfection_params(given: Any, mark: Mark) -> Any:
    """Parameters of an imperfection: nothing is none of them, a bare value the rate."""
    if given is None:
        return made(mark, {})
    return given if isinstance(given, (Map, Seq)) else made(mark, {"rate": given})
