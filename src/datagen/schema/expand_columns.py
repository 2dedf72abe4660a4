"""Brings columns to a list of `{name, generator: {word: {…}}, modifiers: [{transform, args}]}`.

The generator may stand on the column itself, with one bare value for its main parameter; a law may stand for
`distribution`, and `choices: {paid: 0.9, rejected: 0.1}` for a choice with weights.
"""

from __future__ import annotations

from typing import Any

from datagen.errors import listed, quoted
from datagen.schema.expand_cases import branches_of
from datagen.schema.expand_laws import LAW_KEYS, law_of, law_words, with_branches
from datagen.schema.expand_modifiers import imperfections_of, modifiers_of
from datagen.schema.expand_reading import (
    Reading,
    carry,
    each,
    is_number,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.model_column import Column
from datagen.schema.model_values import comment_like, keys_of
from datagen.schema.model_words import COLUMN_TYPES
from datagen.schema.tree import Map, Mark, Seq

COLUMN_KEYS = frozenset(keys_of(Column))
CHOICE_KEYS = frozenset({"choices", "choices_ref", "weights", "weights_kind", "exact", "at_least", "clustered", "by"})
LOOKUP_KEYS = frozenset(
    {
        "on",
        "same",
        "within",
        "where",
        "weights",
        "unique",
        "self",
        "root_share",
        "depth",
        "levels",
        "else",
        "by",
    }
)
# Parameters that may stand on the column beside a short form whose own key is one parameter among several.
BESIDE = {
    "choice": CHOICE_KEYS,
    "after": frozenset({"delay", "before", "censor", "by"}),
    "distribution": frozenset({"clamp", "truncate", "keep_mean", "by"}),
}


def columns_of(value: Any, reading: Reading) -> Any:
    """Columns as a list; a map gives each its name. What is not an object stays for a later floor to refuse."""
    if isinstance(value, Seq):
        return each(value, lambda item, _: column_of(item, reading) if isinstance(item, Map) else item)
    if not isinstance(value, Map):
        return value
    columns = Seq(value.mark)
    for name, written in value.items():
        mark = key_mark(value, name)
        column = written
        if isinstance(written, Map):
            if written.get("name", name) != name:
                reading.report(
                    "column.two_names",
                    key_mark(written, "name"),
                    found=f"column {quoted(name)} named {quoted(written['name'])}",
                    expected="one name: the key of the map",
                )
            column = Map(written.mark)
            column.put("name", name, key_mark=mark, value_mark=mark)
            for key in written:
                if key != "name":
                    carry(column, written, key)
            column = column_of(column, reading)
        columns.add(column, mark=mark_of(written, value_mark(value, name)))
    return columns


def column_of(value: Map, reading: Reading) -> Map:
    """One column with its generator under `generator`. `ref` stays: it needs the keys of the other tables."""
    _report_law_as_type(value, reading)
    value = _with_generator(value, reading)
    return rewritten(
        value,
        {
            "generator": lambda written, _: generator_of(written, reading),
            "modifiers": lambda written, _: modifiers_of(written, reading),
            "imperfections": lambda written, _: imperfections_of(written, reading),
        },
    )


def short_forms(column: Map, reading: Reading) -> list[str]:
    """The keys of a column that say how its values are made, `generator` left out."""
    return [key for key in column if key not in COLUMN_KEYS and not comment_like(key) and _is_short(key, reading)]


def _is_short(key: str, reading: Reading) -> bool:
    words = reading.words
    return key in words.generators or key in words.laws or key in ("choices", "choices_ref", "ref")


def _report_law_as_type(column: Map, reading: Reading) -> None:
    kind = column.get("type")
    if isinstance(kind, str) and kind in reading.words.laws and kind not in COLUMN_TYPES:
        reading.report(
            "column.type_is_law",
            value_mark(column, "type"),
            found=f"'{kind}', a law, as the type of a column",
            expected=f"one of {listed(COLUMN_TYPES)}",
            hint=f"write the law as `{kind}: {{…}}`",
        )


def _with_generator(column: Map, reading: Reading) -> Map:
    """The column with its short form moved under `generator`."""
    short = short_forms(column, reading)
    said = [*(["generator"] if "generator" in column else []), *short]
    if {"choices", "choices_ref"} <= set(short):
        said.remove("choices_ref")  # both are parameters of one choice
    if len(said) > 1:
        reading.report(
            "column.two_generators",
            key_mark(column, said[1]),
            found=f"{listed(said)} on one column",
            expected="one generator",
            hint="keep one of them; to choose between values make a column for each and an `expression` over them",
        )
        return column
    if not short or short[0] == "ref":
        return column
    key = said[0]
    word = "choice" if key in CHOICE_KEYS else key if key in reading.words.generators else "distribution"
    beside = [name for name in column if name in BESIDE.get(word, ()) and name != key]
    inner: Any = column[key]
    if beside or word != key:
        # the key itself is a parameter (`choices`, `after`'s column), a law's name, or the generator's own object
        inner = _params(word, key, column, reading)
        if inner is None:
            return column
        for name in beside:
            if name in inner:
                reading.report(
                    "column.parameter_twice",
                    key_mark(column, name),
                    found=f"'{name}' both inside '{key}' and beside it",
                    expected="one of them",
                )
                return column
        for name in beside:
            carry(inner, column, name)
    generator = Map(mark_of(column[key], value_mark(column, key)))
    generator.put(word, inner, key_mark=key_mark(column, key), value_mark=value_mark(column, key))
    result = Map(column.mark)
    for name in column:
        if name == key:
            result.put("generator", generator, key_mark=key_mark(column, key), value_mark=value_mark(column, key))
        elif name not in beside:
            carry(result, column, name)
    return result


def _params(word: str, key: str, column: Map, reading: Reading) -> Map | None:
    """The object that a short form's own key gives, ready for the keys beside it; None when it cannot take any."""
    params = Map(mark_of(column[key], value_mark(column, key)))
    if word != key:
        carry(params, column, key)
        return params
    inner = column[key]
    main = reading.words.main("generator", word)
    if word == "choice" and isinstance(inner, Map) and _is_weight_map(inner):
        carry(params, column, key, to="choices")
    elif isinstance(inner, Map):
        for name in inner:
            carry(params, inner, name)
    elif inner is not None and main is not None:
        params.put(main, inner, key_mark=key_mark(column, key), value_mark=value_mark(column, key))
    elif inner is not None:
        return None
    return params


def generator_of(written: Any, reading: Reading) -> Any:
    """What stands under `generator`, as an object with the generator's word and its parameters."""
    if not isinstance(written, Map):
        return written
    told = [key for key in written if not comment_like(key)]
    if {"choices", "choices_ref"} & set(told) and CHOICE_KEYS.issuperset(told):
        return made(written.mark, {"choice": generator_params("choice", written, written.mark, reading)})
    laws = [key for key in law_words(written, reading) if key not in reading.words.generators]
    if len(laws) == 1 and LAW_KEYS.issuperset(key for key in told if key not in laws):
        return made(written.mark, {"distribution": generator_params("distribution", written, written.mark, reading)})
    if len(told) != 1:
        return written
    key = told[0]
    params = written[key]
    if key in reading.words.generators:
        params = generator_params(key, params, value_mark(written, key), reading)
    result = Map(written.mark)
    for name in written:
        if name == key:
            carry(result, written, key, params)
        else:
            carry(result, written, name)
    return result


def generator_params(word: str, value: Any, mark: Mark, reading: Reading) -> Any:
    """Parameters of a generator as an object, laws and weights inside it in their one form."""
    if word == "distribution":
        return law_of(value, mark, reading)
    if value is None:
        value = made(mark, {})
    if word == "case":
        value = _cases(branches_of(value, mark, reading), reading)
    if word == "nested":
        return _nested(value, reading)
    if word == "choice" and isinstance(value, Map) and _is_weight_map(value):
        value = made(mark, {"choices": value})
    if not isinstance(value, Map):
        main = reading.words.main("generator", word)
        if main is None:
            return value
        whole = made(mark, {main: value})
        value = whole
    if word == "choice":
        return with_branches(_choice(value, reading), lambda branch: _choice(branch, reading))
    if word == "after":
        return _rewritten_laws(value, "delay", reading, times=True)
    if word == "lookup":
        return _rewritten_laws(value, "weights", reading, times=False)
    if word == "case":
        return rewritten(value, dict.fromkeys(value, lambda part, at: _cases(branches_of(part, at, reading), reading)))
    return value


def _rewritten_laws(value: Map, key: str, reading: Reading, *, times: bool) -> Map:
    def step(params: Map) -> Map:
        # weights may also name a column or `zipf@1.2`: only what can be nothing but a law is rewritten
        return rewritten(
            params,
            {key: lambda law, mark: law_of(law, mark, reading, times=times) if times or isinstance(law, Map) else law},
        )

    return with_branches(step(value), step)


def _is_weight_map(value: Map) -> bool:
    """Whether an object under `choice` is `{paid: 0.9, rejected: 0.1}` and not the choice's parameters."""
    return (
        bool(value)
        and CHOICE_KEYS.isdisjoint(value)
        and all(
            is_number(weight) or (isinstance(weight, str) and weight.rstrip().endswith("%"))
            for weight in value.values()
        )
    )


def _choice(value: Map, reading: Reading) -> Map:
    """A choice whose map of weights is split into choices and weights, both in the order written."""
    shares = value.get("choices")
    if not isinstance(shares, Map):
        return value
    beside = [key for key in ("weights", "weights_kind") if key in value]
    if beside:
        reading.report(
            "choice.two_weights",
            key_mark(value, beside[0]),
            found=f"'{beside[0]}' beside choices that carry their weights",
            expected="weights in one place",
            hint="write the choices as a list, or leave the other weights out",
        )
        return value
    result = Map(value.mark)
    for key in value:
        if key != "choices":
            carry(result, value, key)
            continue
        names, weights = Seq(shares.mark), Seq(shares.mark)
        for name in shares:
            names.add(name, mark=key_mark(shares, name))
            weights.add(shares[name], mark=value_mark(shares, name))
        result.put("choices", names, key_mark=key_mark(value, key), value_mark=value_mark(value, key))
        result.put("weights", weights, key_mark=key_mark(value, key), value_mark=value_mark(value, key))
    return result


def _nested(value: Any, reading: Reading) -> Any:
    """A structure under `fields`, or a list with `of` and `length`; what they hold is written as columns are."""
    if not isinstance(value, Map):
        return value
    told = {key for key in value if not comment_like(key)}
    if told and "fields" not in told and not told <= {"of", "length"} and not {"of", "length"} <= told:
        value = made(value.mark, {"fields": value})

    def member(written: Any, _: Mark) -> Any:
        return column_of(written, reading) if isinstance(written, Map) else written

    def members(written: Any, _: Mark) -> Any:
        return rewritten(written, dict.fromkeys(written, member)) if isinstance(written, Map) else written

    return rewritten(value, {"fields": members, "of": member, "length": lambda law, mark: law_of(law, mark, reading)})


def _cases(value: Any, reading: Reading) -> Any:
    """The branches of a `case`: each a condition and a generator's own word."""

    def branch(part: Any, _: Mark) -> Any:
        if not isinstance(part, Map):
            return part
        made_by = without(part, {key for key in part if key == "when" or comment_like(key)})
        if [*made_by] == ["generator"]:
            made_by = made_by["generator"]
        generator = generator_of(made_by, reading)
        if not isinstance(generator, Map):
            return part
        result = Map(part.mark)
        for key in part:
            if key == "when" or comment_like(key):
                carry(result, part, key)
        for key in generator:
            carry(result, generator, key)
        return result

    return each(value, branch) if isinstance(value, Seq) else value
