"""What single values may be: names, whole numbers, shares, times; and the base of every object a user writes.

Nothing is converted in silence: "1000" is not a number and true is not 1. What may be written as text is said here:
counts as `1_000` or `10M`, shares as `4%`. Values are kept as the plan wants them (numbers as numbers, times as text).
"""

from __future__ import annotations

import math
import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, LiteralString, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PlainValidator,
    PrivateAttr,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from datagen.errors import Meant, quoted

T = TypeVar("T")

COMMENT_KEYS = ("description", "comment", "notes", "title", "use_case", "domain", "$schema")

NAME = r"^[A-Za-z][A-Za-z0-9_]{0,62}$"
NAME_RULE = "a letter, then letters, digits and _, at most 63 characters"
# Windows opens a device, not a file, when asked for nul.csv; a table's name becomes a file name.
DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))})

COUNT = r"^[0-9]{1,18}(_[0-9]{1,18})+$|^[0-9]{1,18}(\.[0-9]{1,9})?[kKMB]$"
SHARE = r"^\s*[0-9]{1,18}(\.[0-9]{1,18})?\s*%\s*$"
RATIO = r"^\s*[+-]?[0-9]{1,18}(\.[0-9]{1,18})?\s*%\s*$"
TIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?$"
)
DURATION = r"^\s*[0-9]*(\.[0-9]+)?\s*[A-Za-z]{1,12}\s*$"
REFERENCE = r"^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$"

SUFFIX = {"k": 1_000, "K": 1_000, "M": 1_000_000, "B": 1_000_000_000}
LARGEST_SEED = 2**64 - 1
LARGEST_COUNT = 2**63 - 1


def comment_like(key: str) -> bool:
    """Whether a key is a remark that any object may carry."""
    return key in COMMENT_KEYS or key.startswith("x-")


def without_comments(model: type[BaseModel], written: dict[str, Any]) -> dict[str, Any]:
    """What was written, less the remarks. A key that the model itself declares is never a remark."""
    own = keys_of(model)
    return {key: value for key, value in written.items() if key in own or not comment_like(key)}


def keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    """The keys a user may write in an object of this model, in the order declared."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


class Written(BaseModel):
    """An object of the language as a user writes it: closed, frozen, remarks (`description`, `x-…`) kept in `meta`."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", defer_build=True, arbitrary_types_allowed=False)

    _meta: dict[str, Any] = PrivateAttr(default_factory=dict)

    @property
    def meta(self) -> dict[str, Any]:
        """The remarks written in this object."""
        return self._meta

    @model_validator(mode="wrap")
    @classmethod
    def _keep_comments(cls, written: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        if not isinstance(written, dict):
            return handler(written)
        plain = without_comments(cls, written)
        made = handler(plain)
        if len(plain) < len(written):
            made._meta = {key: value for key, value in written.items() if key not in plain}
        return made


def refusal(
    code: LiteralString, *, found: str = "", expected: str = "", hint: str = "", at: tuple[str | int, ...] = ()
) -> PydanticCustomError:
    """An error for a validator to raise; it becomes a finding with these facts, `at` steps below the value."""
    facts = {"found": found, "expected": expected, "hint": hint, "at": at}
    return PydanticCustomError(code, "found {found}, expected {expected}", facts)


def wrong_type(expected: str, value: Any, *, hint: str = "", at: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """The refusal of a value of another type, in one wording."""
    if value is None:
        return refusal("language.null_not_allowed", found="null", expected=expected, hint=hint or NULL_HINT, at=at)
    return refusal(
        "language.wrong_type", found=described(value), expected=expected, hint=hint or mend_type(expected, value), at=at
    )


NULL_HINT = "leave the key out if it is not wanted"


def described(value: Any) -> str:
    """A value with its type, as a message shows it: `string '1000'`, `boolean true`, `a list of 3`."""
    if isinstance(value, dict):
        return f"an object with {len(value)} {'key' if len(value) == 1 else 'keys'}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "integer", float: "number", str: "string"}
    return f"{kinds.get(type(value), type(value).__name__)} {quoted(value)}"


def mend_type(expected: str, value: Any) -> str:
    """How to turn a value of the wrong type into the right one, where that is plain."""
    if isinstance(value, str):
        bare = value.strip()
        if "number" in expected and re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", bare):
            return Meant("remove the quotes", value, number_of(bare))
        if "integer" in expected and re.fullmatch(r"[+-]?\d+", bare):
            return Meant("remove the quotes", value, int(bare))
        if "true or false" in expected and bare.lower() in {"true", "false"}:
            return Meant(f"write {bare.lower()} without quotes", value, bare.lower() == "true")
        if "true or false" in expected and bare.lower() in {"yes", "no", "on", "off"}:
            yes = bare.lower() in {"yes", "on"}
            return Meant(f"write {'true' if yes else 'false'}", value, yes)
    if isinstance(value, float) and "integer" in expected and math.isfinite(value):
        return Meant(f"write {int(value)}", value, int(value)) if value.is_integer() else "write a whole number"
    if "text" in expected and isinstance(value, bool | int | float):
        hint = f'put it in quotes: "{quoted(value)}"'
        return hint if isinstance(value, float) else Meant(hint, value, quoted(value))
    if expected.startswith("a list") and isinstance(value, str | bool | int | float):
        hint = f"write [{value}]" if len(str(value)) <= 40 else "put it in brackets"
        return hint if isinstance(value, str) and not value.isidentifier() else Meant(hint, value, [value])
    return ""


def number_of(text: str) -> int | float:
    """The number that a text of digits is."""
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else float(text)


def out_of_range(value: Any, expected: str, *, hint: str = "") -> PydanticCustomError:
    """The refusal of a number outside its bounds."""
    return refusal("language.out_of_range", found=quoted(value), expected=expected, hint=hint)


def _present(value: Any) -> Any:
    if value is None:
        raise refusal("language.null_not_allowed", found="null", expected="a value", hint=NULL_HINT)
    return value


def _items(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(value)
    raise wrong_type("a list", value)


def _one_or_many(value: Any) -> Any:
    return (value,) if isinstance(value, dict | str) else _items(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def read_name(value: str) -> str:
    if not re.fullmatch(NAME, value):
        hint = "the empty text is no name" if not value else ""
        raise refusal("name.bad", found=quoted(value), expected=NAME_RULE, hint=hint)
    return value


def read_node_name(value: str) -> str:
    if read_name(value).lower() in DEVICES:
        raise refusal(
            "name.reserved",
            found=quoted(value),
            expected="a name that Windows does not keep for a device",
            hint=f"choose another, for example '{value}_table'",
        )
    return value


def read_count(value: Any) -> int:
    number: int
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and re.fullmatch(COUNT, value):
        factor = SUFFIX.get(value[-1], 1)
        exact = Decimal(value.rstrip("kKMB").replace("_", "")) * factor
        if exact != int(exact):
            raise wrong_type("an integer", value, hint=f"{value} is {exact.normalize():f}, not a whole number")
        number = int(exact)
    else:
        raise wrong_type("an integer", value)
    if number < 0:
        raise out_of_range(number, "0 or more")
    if number > LARGEST_COUNT:
        raise out_of_range(number, "less than 2^63")
    return number


def read_seed(value: Any) -> int:
    expected = "an integer from 0 to 2^64-1"
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(expected, value)
    if not 0 <= value <= LARGEST_SEED:
        raise refusal("seed.out_of_range", found=quoted(value), expected=expected)
    return value


def read_number(value: Any) -> int | float:
    """A finite number, or a percentage as text."""
    if isinstance(value, str) and re.fullmatch(RATIO, value):
        return percent(value)
    if not _is_number(value):
        raise wrong_type("a number", value)
    if not math.isfinite(value):
        raise out_of_range(value, "a finite number")
    return value  # type: ignore[no-any-return]


def read_share(value: Any) -> float:
    number = read_number(value)
    if not 0 <= number <= 1:
        meant = f"a share is a part of 1; for {number:g} % write {number / 100:g}"
        hint = meant if 1 < number <= 100 and not isinstance(value, str) else ""
        raise out_of_range(value, "a share between 0 and 1", hint=hint)
    return float(number)


def read_weight(value: Any) -> float:
    number = read_number(value)
    if number < 0:
        raise out_of_range(value, "a weight of 0 or more")
    return float(number)


def read_positive(value: Any) -> int | float:
    number = read_number(value)
    if number <= 0:
        raise out_of_range(value, "more than 0")
    return number


def read_scalar(value: Any) -> str | int | float | bool:
    """A text, a number or a truth value: what an expression or a plain constant may be written as."""
    if isinstance(value, str | int | float):
        return value
    raise wrong_type("text, a number, true or false", value)


def read_condition(value: Any) -> str | bool:
    if isinstance(value, str | bool):
        return value
    raise wrong_type("a condition as text", value)


def read_chance(value: Any) -> str | float:
    """A share, or an expression that gives one per row."""
    if isinstance(value, str) and not re.fullmatch(RATIO, value):
        return value
    return read_share(value)


def read_yes_or_name(value: Any) -> bool | str:
    if isinstance(value, bool | str):
        return value
    raise wrong_type("true or false, or the name of an ancestor", value)


def read_bound(value: Any) -> str | int | float:
    """A number or a time."""
    if isinstance(value, str) or _is_number(value):
        return value  # type: ignore[no-any-return]
    raise wrong_type("a number or a time", value)


def read_time(value: Any) -> str:
    expected = "a date or time such as 2025-01-31 or 2025-01-31T14:00:00Z"
    if not isinstance(value, str):
        raise wrong_type(expected, value)
    why = ""
    if not re.fullmatch(TIME, value):
        if re.fullmatch(r"[+-]?\d{5,}(-\d\d?){2}.*", value):
            why = "years run from 0001 to 9999"
        if (parts := re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", value)) is not None:
            day = f"{parts[1]}-{parts[2]:0>2}-{parts[3]:0>2}"
            why = Meant(f"write {day}", value, day) if _is_day(day) else why
        raise refusal("time.bad", found=quoted(value), expected=expected, hint=why)
    if re.search(r":60(\D|$)", value):
        raise refusal("time.bad", found=quoted(value), expected=expected, hint="leap seconds do not exist here")
    try:
        datetime.fromisoformat(value.upper())
    except ValueError as error:
        why = "years run from 0001 to 9999" if value.startswith("0000") else str(error)
        raise refusal("time.bad", found=quoted(value), expected=expected, hint=why) from None
    return value


def _is_day(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def read_duration(value: Any) -> str | dict[str, int | float]:
    expected = "a duration such as 3d, 36h, 5min or {days: 3}"
    if isinstance(value, dict) and value:
        for unit, size in value.items():
            if not _is_number(size):
                raise wrong_type("a number", size, at=(unit,))
        return dict(value)
    if isinstance(value, str) and re.fullmatch(DURATION, value):
        return value
    if isinstance(value, str):
        raise refusal("time.bad_duration", found=quoted(value), expected=expected)
    hint = f"say the unit, for example '{value}d'" if _is_number(value) else ""
    raise wrong_type(expected, value, hint=hint)


def read_reference(value: str) -> str:
    if not re.fullmatch(REFERENCE, value):
        raise refusal("ref.bad", found=quoted(value), expected="a reference like table.column")
    return value


def percent(text: str) -> float:
    """`4%` as 0.04, rounded once."""
    return float(Decimal(text.replace("%", "").strip()) / 100)


def _text(pattern: str) -> dict[str, Any]:
    return {"type": "string", "pattern": pattern}


Maybe = Annotated[T | None, BeforeValidator(_present)]  # a key that may be left out; null is not a value
Many = Annotated[tuple[T, ...], BeforeValidator(_items)]
OneOrMany = Annotated[tuple[T, ...], BeforeValidator(_one_or_many)]

Name = Annotated[str, AfterValidator(read_name), WithJsonSchema(_text(NAME))]
NodeName = Annotated[str, AfterValidator(read_node_name), WithJsonSchema(_text(NAME))]
Reference = Annotated[str, AfterValidator(read_reference), WithJsonSchema(_text(REFERENCE))]
Count = Annotated[
    int, PlainValidator(read_count), WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, _text(COUNT)]})
]
Seed = Annotated[
    int, PlainValidator(read_seed), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": LARGEST_SEED})
]
Number = Annotated[
    int | float, PlainValidator(read_number), WithJsonSchema({"anyOf": [{"type": "number"}, _text(RATIO)]})
]
Positive = Annotated[
    int | float,
    PlainValidator(read_positive),
    WithJsonSchema({"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _text(SHARE)]}),
]
Weight = Annotated[
    float, PlainValidator(read_weight), WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, _text(SHARE)]})
]
Share = Annotated[
    float,
    PlainValidator(read_share),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, _text(SHARE)]}),
]
Scalar = Annotated[
    str | int | float | bool, PlainValidator(read_scalar), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Condition = Annotated[str | bool, PlainValidator(read_condition), WithJsonSchema({"type": ["string", "boolean"]})]
Chance = Annotated[
    str | float,
    PlainValidator(read_chance),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0, "maximum": 1}, {"type": "string"}]}),
]
Bound = Annotated[str | int | float, PlainValidator(read_bound), WithJsonSchema({"type": ["string", "number"]})]
Time = Annotated[str, PlainValidator(read_time), WithJsonSchema(_text(TIME))]
Duration = Annotated[
    str | dict[str, int | float],
    PlainValidator(read_duration),
    WithJsonSchema(
        {"anyOf": [_text(DURATION), {"type": "object", "minProperties": 1, "additionalProperties": {"type": "number"}}]}
    ),
]
YesOrName = Annotated[bool | str, PlainValidator(read_yes_or_name), WithJsonSchema({"type": ["boolean", "string"]})]
