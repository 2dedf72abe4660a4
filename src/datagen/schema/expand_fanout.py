"""Brings every way to say how many rows a parent has (`3`, `2..5`, `{poisson: 0.8, per: month}`) to one form.

A fan-out is a law with the fan-out's own keys beside it. `min` and `max` are the ends of a uniform law and the clamp of
any other.
"""

from __future__ import annotations

from typing import Any

from datagen.errors import quoted
from datagen.schema.expand_laws import LAW_KEYS, PARAMETERS, law_of, law_words, with_branches
from datagen.schema.expand_modifiers import modifiers_of
from datagen.schema.expand_reading import (
    Reading,
    carry,
    is_number,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.model_fanout import Fanout
from datagen.schema.model_values import keys_of
from datagen.schema.tree import Map, Mark, Seq

FANOUT_KEYS = frozenset(keys_of(Fanout)) - LAW_KEYS - {"min", "max"}


def fanout_of(value: Any, mark: Mark, reading: Reading) -> Any:
    """A fan-out in its one form, or the value as written when it is not one."""
    return _fanout(value, mark, reading, None) if isinstance(value, Map) else _whole(law_of(value, mark, reading))


def rows_of(value: Any, reading: Reading) -> Any:
    """`rows` of a node: a number, or a rate whose multipliers are modifiers."""
    return (
        rewritten(value, {"multipliers": lambda part, _: modifiers_of(part, reading)})
        if isinstance(value, Map)
        else value
    )


def _fanout(value: Map, mark: Mark, reading: Reading, outer: str | None) -> Map:
    value = _lifted(_typed(value, reading), reading)
    word = _law_word(value, reading) or outer
    if word is None and "type" not in value:
        value, word = _inferred(value)
    value = _bounded(value, word, reading) if word else value
    if word == "uniform" and "lambda" in value:
        value = _unused_lambda(value, reading)
    law = law_of(value, mark, reading, outer=outer, beside=FANOUT_KEYS)
    law = with_branches(law, lambda branch: _fanout(branch, branch.mark, reading, word))
    law = rewritten(law, {"multipliers": lambda part, _: modifiers_of(part, reading)})
    return _whole(law) if outer is None else law


def _typed(value: Map, reading: Reading) -> Map:
    """`distribution: poisson` is the first version's word for `type`."""
    if not isinstance(value.get("distribution"), str):
        return value
    if "type" in value:
        reading.report(
            "fanout.two_meanings",
            key_mark(value, "distribution"),
            found="both 'type' and 'distribution'",
            expected="one law",
        )
        return value
    result = Map(value.mark)
    for key in value:
        carry(result, value, key, to="type" if key == "distribution" else key)
    return result


def _lifted(value: Map, reading: Reading) -> Map:
    """A whole law or fan-out under `per_parent` or `distribution`, moved up to where the fan-out's keys stand."""
    for key in ("per_parent", "distribution"):
        if key not in value or ("type" in value and key == "distribution"):
            continue
        inner = fanout_of(value[key], value_mark(value, key), reading)
        if not isinstance(inner, Map):
            continue
        law = [name for name in value if name == "type" or name in reading.words.laws]
        twice = [name for name in inner if name in value] or (law if "type" in inner else [])
        if twice:
            reading.report(
                "fanout.two_meanings",
                key_mark(value, key),
                found=f"'{twice[0]}' and '{key}', which both say how many rows",
                expected="one of them",
            )
            continue
        result = Map(value.mark)
        for name in value:
            if name != key:
                carry(result, value, name)
                continue
            for part in inner:
                carry(result, inner, part)
        value = result
    return value


def _law_word(value: Map, reading: Reading) -> str | None:
    if isinstance(value.get("type"), str):
        kind: str = value["type"]
        return kind
    words = law_words(value, reading, FANOUT_KEYS)
    return words[0] if len(words) == 1 else None


def _inferred(value: Map) -> tuple[Map, str | None]:
    """The law that the parameters alone tell: only Poisson has `lambda`, two ends alone are uniform."""
    word, told = (
        ("poisson", "lambda")
        if "lambda" in value
        else ("uniform", "min")
        if "min" in value and "max" in value
        else ("uniform", "low")
        if "low" in value and "high" in value
        else (None, "")
    )
    if word is None:
        return value, None
    result = Map(value.mark)
    result.put("type", word, key_mark=key_mark(value, told), value_mark=key_mark(value, told))
    for key in value:
        carry(result, value, key)
    return result, word


def _bounded(value: Map, word: str, reading: Reading) -> Map:
    """`min` and `max` of a law that has no such parameter, as its clamp."""
    bounds = [key for key in ("min", "max") if key in value and key not in PARAMETERS.get(word, ())]
    if word == "uniform" or not bounds:
        return value
    low, high = (value[key] if key in bounds else None for key in ("min", "max"))
    mark = value_mark(value, bounds[0])
    if "clamp" in value:
        ends = [low, high, *(value["clamp"] if isinstance(value["clamp"], Seq) else [value["clamp"]])]
        if any(isinstance(end, str) and end.startswith("$") for end in ends):
            return value  # parameters that have no value yet
        both = _intersection((low, high), value["clamp"])
        if both is None:
            reading.report(
                "fanout.two_bounds",
                key_mark(value, "clamp"),
                found="'clamp' and 'min' or 'max' that cannot both hold",
                expected="one of them",
            )
            return value
        low, high = both
        mark = value_mark(value, "clamp")
    clamp = Seq(mark)
    for bound, key in ((low, "min"), (high, "max")):
        clamp.add(bound, mark=value_mark(value, key) if key in bounds else mark)
    result = without(value, bounds)
    result.put("clamp", clamp, key_mark=key_mark(value, "clamp" if "clamp" in value else bounds[0]), value_mark=mark)
    return result


def _intersection(first: tuple[Any, Any], second: Any) -> tuple[Any, Any] | None:
    """Two clamps one after the other as one; None when they exclude each other or cannot be compared."""
    ends = [*first, *second] if isinstance(second, Seq) and len(second) == 2 else []
    if not ends or not all(end is None or is_number(end) for end in ends):
        return None
    low = max((end for end in (ends[0], ends[2]) if end is not None), default=None)
    high = min((end for end in (ends[1], ends[3]) if end is not None), default=None)
    return None if low is not None and high is not None and low > high else (low, high)


def _unused_lambda(value: Map, reading: Reading) -> Map:
    """Old documents carry `lambda` beside a uniform fan-out: a warning there, an error elsewhere."""
    reading.report(
        "fanout.lambda_unused",
        key_mark(value, "lambda"),
        found=f"lambda = {quoted(value['lambda'])} beside a uniform fan-out",
        expected="min and max alone" if reading.version_1 else "min and max alone, or a poisson fan-out",
        hint="declared, not applied, because a uniform fan-out has no lambda" if reading.version_1 else "",
        severity="warning" if reading.version_1 else "error",
    )
    return without(value, {"lambda"}) if reading.version_1 else value


def _whole(law: Any) -> Any:
    """Counts are whole numbers: a uniform fan-out includes both of its ends."""
    params = law.get("params") if isinstance(law, Map) and law.get("type") == "uniform" else None
    if not isinstance(params, Map) or "integers" in params:
        return law
    ends = [params.get("low"), params.get("high")]
    if not all(isinstance(end, int) and not isinstance(end, bool) for end in ends):
        return law
    full = made(params.mark, {})
    for key in params:
        carry(full, params, key)
    full.put("integers", True, value_mark=mark_of(params, law.mark))
    return rewritten(law, {"params": lambda _, mark: full})
