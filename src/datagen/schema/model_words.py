"""Where a word of the language stands for a part: generators, modifiers and laws, checked against the words that exist.

The words come from the caller as the context of validation (`schema` does not know which parts are installed); without
a context any word passes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Annotated, Any, ClassVar, Literal, LiteralString, Protocol

from pydantic import AfterValidator, BeforeValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from datagen.errors import Meant, did_you_mean, listed, near, quoted
from datagen.schema.later_keys import GENERATOR_WORDS
from datagen.schema.model_values import Many, Maybe, Written, comment_like, refusal, wrong_type

ANY_OBJECT = {"type": "object"}

MOST_DECIMALS = 15  # what a float of 64 bits holds
COLUMN_TYPES = ("int", "float", "string", "bool", "datetime", "date")
# What people call these types elsewhere, for the hint only.
FOREIGN_TYPES = {
    "integer": "int",
    "bigint": "int",
    "smallint": "int",
    "long": "int",
    "number": "float",
    "numeric": "float",
    "double": "float",
    "decimal": "float",
    "real": "float",
    "str": "string",
    "text": "string",
    "varchar": "string",
    "char": "string",
    "uuid": "string",
    "boolean": "bool",
    "timestamp": "datetime",
    "time": "datetime",
    "day": "date",
}


class Words(Protocol):
    """The words of the parts that exist, by kind."""

    @property
    def generators(self) -> Collection[str]: ...
    @property
    def modifiers(self) -> Collection[str]: ...
    @property
    def laws(self) -> Collection[str]: ...


def unknown_word(word: str, known: Iterable[str], *, at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The refusal of a word that is not in a list, with the list and the nearest one."""
    words = sorted(known)
    return refusal(
        "language.unknown_word",
        found=quoted(word),
        expected=f"one of: {listed(words, most=40)}",
        hint=did_you_mean(word, words),
        at=at,
    )


def _word(kind: Literal["generators", "modifiers", "laws"]) -> AfterValidator:
    def check(word: str, info: ValidationInfo) -> str:
        words: Words | None = info.context
        if words is not None and word not in getattr(words, kind):
            raise unknown_word(word, getattr(words, kind))
        return word

    return AfterValidator(check)


ModifierWord = Annotated[str, _word("modifiers")]
LawWord = Annotated[str, _word("laws")]


DECIMAL = re.compile(r"(?:decimal|numeric|number)\s*\(\s*\d+\s*(?:,\s*(\d+)\s*)?\)", re.IGNORECASE)


def read_column_type(value: Any) -> str:
    if not isinstance(value, str):
        raise wrong_type(f"one of: {', '.join(COLUMN_TYPES)}", value)
    if value not in COLUMN_TYPES:
        meant = near(value, (*COLUMN_TYPES, *FOREIGN_TYPES))
        hint = f"did you mean '{FOREIGN_TYPES.get(meant, meant)}'?" if meant else ""
        if meant == value.lower() or isinstance(did_you_mean(value, COLUMN_TYPES), Meant):
            hint = Meant(hint, value, FOREIGN_TYPES.get(meant or "", meant))
        if (exact := DECIMAL.fullmatch(value.strip())) is not None:
            places = min(int(exact[1] or 0), MOST_DECIMALS)
            hint = f"write type: float, decimals: {places}" if places else Meant("write type: int", value, "int")
        raise refusal(
            "language.unknown_word", found=quoted(value), expected=f"one of: {', '.join(COLUMN_TYPES)}", hint=hint
        )
    return value


ColumnTypeWord = Annotated[
    Literal["int", "float", "string", "bool", "datetime", "date"],
    PlainValidator(read_column_type),
    WithJsonSchema({"enum": list(COLUMN_TYPES)}),
]


def _condition(written: Iterable[str]) -> str:
    """What a word beside a generator has surely meant: no generator is called nearly `when`."""
    guesses = (did_you_mean(word, ("when",)) for word in written)
    return next((guess for guess in guesses if isinstance(guess, Meant)), "")


def read_generator(value: Any, info: ValidationInfo) -> dict[str, Any]:
    """One generator: an object with one key, the generator's word, whose value are its parameters."""
    if not isinstance(value, dict):
        raise wrong_type("an object with one generator, such as {sequence: {}}", value)
    written = {word: params for word, params in value.items() if not comment_like(word)}
    if not written:
        raise refusal(
            "column.no_generator",
            found="no generator",
            expected="one generator, such as {sequence: {}}",
            hint="leave `generator` out if the column's role fills it",
        )
    if len(written) > 1:
        raise refusal(
            "column.two_generators",
            found=listed(tuple(written)),
            expected="exactly one generator",
            hint=_condition(written) or "a second step is a modifier, a choice between generators is `case`",
        )
    [(word, params)] = written.items()
    words: Words | None = info.context
    known = {*words.generators, *GENERATOR_WORDS} if words is not None else {word}
    if word not in known:
        raise unknown_word(word, known, at=(word,))
    if params is None:
        raise wrong_type("the parameters as an object", None, hint=f"write {word}: {{}} when it needs none", at=(word,))
    if not isinstance(params, dict) and word not in GENERATOR_WORDS:
        raise wrong_type("the parameters as an object", params, at=(word,))
    return written


Generator = Annotated[
    dict[str, Any],
    PlainValidator(read_generator),
    WithJsonSchema({"type": "object", "minProperties": 1, "title": "Generator"}),
]


def read_branch(value: Any, info: ValidationInfo) -> dict[str, Any]:
    """One branch of a `case`: `{when, <generator>: {…}}` or `{when, generator: {…}}`."""
    if not isinstance(value, dict):
        raise wrong_type("an object with `when` and one generator", value)
    when = value.get("when")
    if "when" in value and not isinstance(when, str | bool):
        raise wrong_type("a condition as text", when, at=("when",))
    rest = {key: inner for key, inner in value.items() if key != "when"}
    read_generator(rest["generator"] if set(rest) == {"generator"} else rest, info)
    return dict(value)


Branch = Annotated[dict[str, Any], PlainValidator(read_branch), WithJsonSchema({"type": "object", "minProperties": 1})]


def _object(expected: LiteralString) -> BeforeValidator:
    def check(value: Any) -> Any:
        if not isinstance(value, dict | Written):
            raise wrong_type(expected, value)
        return value

    return BeforeValidator(check)


class ModifierSpec(Written):
    """A step that changes the values of a column, or a table's volume: `{transform: multiply, args: {factor: 2}}`."""

    WORD_KEY: ClassVar[str] = "transform"

    transform: ModifierWord = Field(description="the word of the modifier, such as multiply, clamp or trend")
    args: Annotated[dict[str, Any], WithJsonSchema(ANY_OBJECT)] = Field(
        default={}, description="its arguments, by name"
    )


def shape_error(expected: str) -> dict[str, Any]:
    """Arguments of a Discriminator that say what was expected where no shape fits."""
    return {"custom_error_type": "language.wrong_type", "custom_error_message": expected}


LawEnd = float | int | str | None


def read_ends(value: Any) -> tuple[LawEnd, LawEnd]:
    """A pair [low, high]; either end may be null, which leaves it open."""
    if not isinstance(value, list | tuple):
        raise wrong_type("a list [low, high]", value)
    if len(value) != 2:
        raise refusal(
            "language.wrong_length",
            found=f"{len(value)} {'end' if len(value) == 1 else 'ends'}",
            expected="a list [low, high], either of which may be null",
        )
    for place, end in enumerate(value):
        if isinstance(end, bool) or not (end is None or isinstance(end, int | float | str)):
            raise wrong_type("a number, a duration or null", end, at=(place,))
    low, high = value
    both = isinstance(low, int | float) and isinstance(high, int | float)
    if both and low > high:
        raise refusal(
            "clamp.empty",
            found=f"low {quoted(low)} above high {quoted(high)}",
            expected="low at most high",
            hint=Meant(f"write [{quoted(high)}, {quoted(low)}]", [low, high], [high, low]),
        )
    return (low, high)


Ends = Annotated[
    tuple[LawEnd, LawEnd],
    PlainValidator(read_ends),
    WithJsonSchema({"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": ["number", "string", "null"]}}),
]

By = Annotated[
    dict[str, dict[str, dict[str, Any]]],
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": {"type": "object"}}}
    ),
]


class Branched(Written):
    """Keys of a part that differ by the value of a column."""

    by: By = Field(description="{column: {value: {…}, else: {…}}}: keys that differ by a column's value")


class LawSpec(Written):
    """A random number: `{type: normal, params: {mean: 5, std: 1}}`."""

    WORD_KEY: ClassVar[str] = "type"

    type: LawWord = Field(description="the word of the law, such as normal, lognormal, uniform or poisson")
    params: Annotated[dict[str, Any], WithJsonSchema(ANY_OBJECT)] = Field(
        default={}, description="the parameters of the law; any of them may be an expression"
    )
    clamp: Maybe[Ends] = Field(
        default=None, description="[low, high]: values beyond an end are moved to it; null is open"
    )
    truncate: Maybe[Ends] = Field(default=None, description="[low, high]: the law is cut, nothing piles up at the ends")
    keep_mean: bool = Field(default=False, description="with truncate: move the law so that its mean stays as written")
    by: Maybe[By] = Field(
        default=None, description="{column: {value: {…}, else: {…}}}: keys that differ by a column's value"
    )


LAW_FORMS = "a law such as 3, 1..5 or {normal: {mean: 5, std: 1}}"
Law = Annotated[LawSpec, _object(LAW_FORMS)]
LawOfTime = Annotated[
    LawSpec, _object("a law of durations such as 3d, 1d..5d or {lognormal: {median: 1d, sigma: 0.8}}")
]
Modifiers = Many[ModifierSpec]
