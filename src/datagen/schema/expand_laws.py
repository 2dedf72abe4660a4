"""Brings every spelling of a law (normal, poisson, `3`, `1..5`) to one form: a type and named parameters.

A law stands wherever a random number is wanted. Its one form is `{type, params, clamp?, truncate?, keep_mean?}`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from datagen.errors import listed
from datagen.schema.expand_reading import (
    Reading,
    carry,
    each,
    is_number,
    key_mark,
    made,
    mark_of,
    renamed,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.tree import Map, Mark, Seq

# Parameters by law, the one that a bare value stands for first.
PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "constant": ("value",),
    "normal": ("mean", "std"),
    "lognormal": ("mean", "sigma", "median"),
    "uniform": ("low", "high", "integers"),
    "poisson": ("lambda",),
    "exponential": ("mean",),
    "gamma": ("shape", "mean"),
    "beta": ("a", "b"),
    "weibull": ("shape", "scale"),
    "pareto": ("alpha", "min"),
    "student_t": ("df", "mean", "std"),
    "triangular": ("low", "mode", "high"),
    "binomial": ("n", "p"),
    "bernoulli": ("p",),
    "negative_binomial": ("mean", "shape"),
    "zipf": ("s", "n"),
    "empirical": ("values", "weights"),
    "mixture": ("components",),
}
SPELLINGS: Mapping[str, Mapping[str, str]] = {
    "normal": {"mu": "mean", "sigma": "std"},
    "lognormal": {"mu": "mean"},
    "uniform": {"min": "low", "max": "high"},
}
# What any law takes beside its parameters.
LAW_KEYS = frozenset({"type", "params", "clamp", "truncate", "keep_mean", "by"})
DURATION_UNITS = frozenset(
    unit + plural
    for unit in ("microsecond", "millisecond", "second", "minute", "hour", "day", "week", "month", "year")
    for plural in ("", "s")
)

_NUMBER = r"[+-]?(?:\d{1,30}(?:\.\d{1,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?"
# numbers, shares (`5%`) and durations (`3d`, `1.5 days`); three dots are a slip, not a range
_RANGE = re.compile(rf"\s*({_NUMBER})(\s*(?:%|[A-Za-z]+))?\s*\.\.(?!\.)\s*({_NUMBER})(\s*(?:%|[A-Za-z]+))?\s*")
_WHOLE = re.compile(r"[+-]?\d+")


def law_of(
    value: Any,
    mark: Mark,
    reading: Reading,
    *,
    times: bool = False,
    outer: str | None = None,
    beside: frozenset[str] = frozenset(),
) -> Any:
    """A law in its one form, or the value as written when it is not one.

    times: the law makes durations, so a bare text or `{days: 3}` is one of them. outer: the law whose parameters a
    branch of `by` changes. beside: keys that may stand beside the law's own, such as those of a fan-out.
    """
    if is_number(value):
        return made(mark, {"type": "constant", "params": made(mark, {"value": value})})
    if isinstance(value, str):
        ends = interval(value)
        if ends is not None:
            return made(mark, {"type": "uniform", "params": made(mark, ends)})
        if times and not value.startswith("$"):
            return made(mark, {"type": "constant", "params": made(mark, {"value": value})})
        return value
    if not isinstance(value, Map):
        return value
    if times and value and DURATION_UNITS.issuperset(value):
        return made(mark, {"type": "constant", "params": made(mark, {"value": value})})
    return _law_object(value, reading, times, outer, beside)


def interval(text: str) -> dict[str, Any] | None:
    """Parameters of the uniform law that `a..b` stands for, whole numbers with both ends; None for other texts."""
    match = _RANGE.fullmatch(text)
    if match is None:
        return None
    low, low_unit, high, high_unit = match.groups()
    if low_unit or high_unit:
        return {"low": (low + (low_unit or "")).strip(), "high": (high + (high_unit or "")).strip()}
    if _WHOLE.fullmatch(low) and _WHOLE.fullmatch(high):
        return {"low": int(low), "high": int(high), "integers": True}
    return {"low": float(low), "high": float(high)}


def law_words(value: Map, reading: Reading, beside: frozenset[str] = frozenset()) -> list[str]:
    """The keys of an object that are names of laws."""
    return [key for key in value if key in reading.words.laws and key not in beside and key not in LAW_KEYS]


def _law_object(value: Map, reading: Reading, times: bool, outer: str | None, beside: frozenset[str]) -> Map:
    words = law_words(value, reading, beside)
    if len(words) > 1 or (words and "type" in value):
        said = [*(["type"] if "type" in value else []), *words]
        reading.report(
            "law.two_laws",
            key_mark(value, said[-1]),
            found=f"two laws in one place: {listed(said)}",
            expected="one law",
            hint="a blend of several is `mixture: [{weight, law}, …]`",
        )
        return value
    given = words[0] if words else value.get("type", outer)
    kind = given if isinstance(given, str) else None
    law = (
        _by_word(value, words[0], reading, times, beside)
        if words
        else _joined(value, kind, _flat_keys(value, kind, beside), reading, times)
        if kind is not None
        else value
    )
    return with_branches(law, lambda branch: _law_object(branch, reading, times, kind, beside))


def _by_word(value: Map, word: str, reading: Reading, times: bool, beside: frozenset[str]) -> Map:
    """`{normal: {mean: 5, std: 1}, clamp: …}` and `{poisson: 3}`."""
    flat = [key for key in _flat_keys(value, word, beside) if key != word]
    for key in flat:
        reading.report(
            "law.parameter_beside",
            key_mark(value, key),
            found=f"'{key}', a parameter of the {word} law, beside '{word}'",
            expected=f"parameters inside: {word}: {{{key}: …}}",
        )
    if flat:
        return value
    inner, mark = value[word], value_mark(value, word)
    if isinstance(inner, Map):
        own = _joined(inner, word, [key for key in inner if key == "type" or key not in LAW_KEYS], reading, times)
        if "params" not in own:
            own.put("params", made(mark, {}))
    else:
        own = Map(mark)
        own.put("params", parameters(word, inner, mark, reading, times), value_mark=mark)
    twice = [key for key in own if key in value]
    for key in twice:
        reading.report(
            "law.key_twice",
            key_mark(value, key),
            found=f"'{key}' both inside '{word}' and beside it",
            expected="one of them",
        )
    if twice:
        return value
    law = Map(value.mark)
    for key in value:
        if key != word:
            carry(law, value, key)
            continue
        law.put("type", word, key_mark=key_mark(value, word), value_mark=key_mark(value, word))
        for part in own:
            carry(law, own, part)
    return law


def _flat_keys(value: Map, kind: str, beside: frozenset[str]) -> list[str]:
    """The keys of an object that are parameters of its law, written flat."""
    known = {*PARAMETERS.get(kind, ()), *SPELLINGS.get(kind, {})}
    return [key for key in value if key not in LAW_KEYS and (key in known if kind in PARAMETERS else key not in beside)]


def _joined(value: Map, kind: str, flat: list[str], reading: Reading, times: bool) -> Map:
    """The object with its flat parameters under `params`, where the first of them stood."""
    given = value.get("params")
    if flat and not isinstance(given, (Map, type(None))):
        return value  # params is no object: a later floor says so
    twice = [key for key in flat if key in (given or ())]
    for key in twice:
        reading.report(
            "law.parameter_twice",
            key_mark(value, key),
            found=f"'{key}' both under 'params' and beside it",
            expected="one of them",
        )
    if twice:
        return value
    law = Map(value.mark)
    for key in value:
        if key not in flat and key != "params":
            carry(law, value, key)
        elif "params" not in law:
            place = "params" if "params" in value else key
            params = _gathered(value, flat) if flat else given
            mark = mark_of(params, value_mark(value, place))
            own = parameters(kind, params, mark, reading, times)
            law.put("params", own, key_mark=key_mark(value, place), value_mark=mark)
    return law


def _gathered(value: Map, flat: list[str]) -> Map:
    """Parameters written under `params` and flat, together."""
    given = value.get("params")
    params = without(given, ()) if isinstance(given, Map) else Map(value.mark)
    for key in flat:
        carry(params, value, key)
    return params


def parameters(law: str, value: Any, mark: Mark, reading: Reading, times: bool = False) -> Any:
    """Parameters of a law under their first spelling; a bare value is the first, `a..b` both ends of a uniform."""
    if not isinstance(value, (Map, Seq)):
        if value is None:
            return made(mark, {})
        ends = interval(value) if law == "uniform" and isinstance(value, str) else None
        if ends is not None:
            return made(mark, ends)
        if isinstance(value, str) and value.startswith("$"):
            return value  # a parameter of the document that may yet hold all of them
    if not isinstance(value, Map):
        main = reading.words.main("law", law) or next(iter(PARAMETERS.get(law, ())), None)
        several = isinstance(value, Seq) and law not in ("empirical", "mixture")
        if main is None or several:
            return value
        value = made(mark, {main: value})
    value = spelled(value, SPELLINGS.get(law, {}), f"the {law} law", reading)
    if law == "mixture":
        return rewritten(value, dict.fromkeys(value, lambda part, _: _components(part, reading, times)))
    return value


def spelled(value: Map, spellings: Mapping[str, str], whose: str, reading: Reading) -> Map:
    """An object with second spellings replaced by the first; both at once is reported and left."""
    second = [key for key in value if key in spellings]
    clashing = {key for key in second if spellings[key] in value}
    for key in sorted(clashing):
        reading.report(
            "parameter.two_spellings",
            key_mark(value, key),
            found=f"'{spellings[key]}' and '{key}', two spellings of one parameter of {whose}",
            expected=f"'{spellings[key]}' alone",
        )
    return renamed(value, {key: spellings[key] for key in second if key not in clashing}) if second else value


def _components(value: Any, reading: Reading, times: bool) -> Any:
    """The parts of a mixture, each a weight and a law, the law under `law`."""

    def component(part: Any, mark: Mark) -> Any:
        if not isinstance(part, Map):
            return part
        if "law" in part:
            return rewritten(part, {"law": lambda law, at: law_of(law, at, reading, times=times)})
        words = law_words(part, reading, frozenset({"weight"}))
        if not words and "type" not in part:
            return part
        law, whole = Map(part.mark), Map(part.mark)
        for key in part:
            carry(whole if key == "weight" else law, part, key)
        whole.put("law", law_of(law, part.mark, reading, times=times), value_mark=part.mark)
        return whole

    return each(value, component) if isinstance(value, Seq) else value


def with_branches(value: Map, change: Callable[[Map], Any]) -> Map:
    """An object whose `by: {column: {value: {…}, else: {…}}}` has had every branch passed through a step."""
    if not isinstance(value.get("by"), Map):
        return value

    def branches(of: Any, mark: Mark) -> Any:
        if not isinstance(of, Map):
            return of
        return rewritten(of, dict.fromkeys(of, lambda branch, _: change(branch) if isinstance(branch, Map) else branch))

    def columns(by: Any, mark: Mark) -> Any:
        return rewritten(by, dict.fromkeys(by, branches))

    return rewritten(value, {"by": columns})
