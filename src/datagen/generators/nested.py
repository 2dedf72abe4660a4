"""A structure or a list in one column: an address with its parts, the lines of an order, the readings of a burst."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Annotated, Any, ClassVar, Self, cast

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, PrivateAttr, WithJsonSchema

from datagen.columns import to_series
from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._nested_rows import Elements, FieldFill, WithFields
from datagen.kernel.clock import DAY_US
from datagen.kernel.digits import round_decimals, round_significant
from datagen.schema.model_values import Name
from datagen.schema.model_words import MOST_DECIMALS, ColumnTypeWord, LawSpec, read_generator
from datagen.structures import Tree, json_texts, list_of, struct_of

# generators whose values follow from other rows, which a field does not see, and keys that promise something about them
WHOLE = frozenset({"series", "enum_list", "siblings", "rollup"})
NUMBERED = frozenset({"sequence"})  # and those that need a number that elements of a list do not have
TOGETHER = ("exact", "at_least", "clustered", "unique")
LONGEST = 1_000  # elements of a list, on average
SECOND_US = 1_000_000

Typed = Callable[[Block], Any]  # (n,) Polars Series of structures or lists


class NestedField(BaseModel):
    """One field of a structure, or the elements of a list: how its values are made, and their form."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    generator: Annotated[
        dict[str, Any], PlainValidator(read_generator), WithJsonSchema({"type": "object", "minProperties": 1})
    ] = Field(description="what makes the values: one word with its parameters")
    type: ColumnTypeWord | None = Field(
        default=None, description="type of the values; told from the generator if left out"
    )
    decimals: Annotated[int, Field(ge=0, le=MOST_DECIMALS)] | None = Field(
        default=None, description="places after the point"
    )
    nullable: bool = Field(default=False, description="whether nulls are permitted")

    @property
    def word(self) -> str:
        """The word of the generator."""
        return next(iter(self.generator))


class Nested(Generator):
    """A structure of named fields, or a list, in one column.

    Params: either fields, `{name: {<generator>, type, decimals, nullable}}`, each made like a column of its own (the short
    form leaves `fields` out: `nested: {street: {faker: street_address}, city: {expression: city}}`); or of, what the
    elements of a list are, with length, a law of their number (`nested: {of: {uniform: {low: 1, high: 6}}, length: 1..4}`).
    Both may hold `nested` again. Expressions in a field read the columns of the row and the fields beside it; in a list
    `ordinal` is the place of the element, from 1, and `sibling_count` the length. Parquet and NDJSON hold real structures
    and lists, CSV their JSON text, which is also what other columns read. Every value is drawn at the address of row,
    field and place: a longer list keeps its first elements, a further field changes no other. Fills structures.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "nested": {
                "fields": {
                    "genre": {"generator": {"expression": {"code": "upper(genre)"}}},
                    "score": {"generator": {"distribution": {"type": "normal", "params": {"mean": 5, "std": 1}}}},
                }
            }
        },
        {
            "nested": {
                "of": {"generator": {"choice": {"choices": ["red", "green", "blue"]}}},
                "length": {"type": "poisson", "params": {"lambda": 2}},
            }
        },
    ]

    fields: dict[Name, NestedField] | None = Field(default=None, description="structure: each name with its generator")
    of: NestedField | None = Field(default=None, description="generator of the elements of a list")
    length: LawSpec | None = Field(default=None, description="number of elements: a law, or from..to")

    _parts: dict[str, Generator] = PrivateAttr(default={})

    @property
    def members(self) -> Mapping[str, NestedField]:
        """The fields by name, or the elements under `of`."""
        return self.fields if self.fields is not None else {"of": self.of} if self.of is not None else {}

    def steps(self, name: str) -> tuple[str, ...]:
        """Where the parameters of a member's generator stand."""
        return (*(("fields",) if self.fields is not None else ()), name, "generator", self.members[name].word)

    def with_parts(self, parts: Mapping[str, Generator]) -> Self:
        """The same with the generators of its members: the plan makes them, so that all their faults are told."""
        whole = self.model_copy()
        whole._parts = dict(parts)
        return whole

    def _inner(self, scope: Scope, name: str, *, type: ColumnType | None = None) -> Any:
        """The scope of a member. A field knows those beside it by name."""
        beside = (
            {}
            if self.fields is None
            else {other: self._type_of(scope, other) for other in self.fields if other != name}
        )
        return cast(Any, scope).member(self.steps(name), name, beside, self.members[name], type)

    def _type_of(self, scope: Scope, name: str) -> Callable[[], ColumnType | None]:
        return lambda: self.type_of(scope, name)

    def type_of(self, scope: Scope, name: str) -> ColumnType | None:
        """Type of a plain member, None of a structure or where it cannot be told."""
        part = self._parts[name]
        if isinstance(part, Nested):
            return None
        return self.members[name].type or part.infer(self._inner(scope, name))

    def tree(self, scope: Scope) -> Tree:
        """The type of the whole (see `datagen.structures`)."""
        found = {
            name: part.tree(self._inner(scope, name))
            if isinstance(part, Nested)
            else self.type_of(scope, name) or "string"
            for name, part in self._parts.items()
        }
        return {"struct": found} if self.fields is not None else {"list": found["of"]}

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        if self.length is not None:
            yield from scope.law_reads(self.length)
        for name, part in self._parts.items():
            for one in part.reads(self._inner(scope, name)):
                if not (
                    isinstance(one, str) and one in (self.fields or {}) and one != name
                ):  # its own name is a column's
                    yield one

    def infer(self, scope: Scope) -> ColumnType:
        return "string"  # to all who read it

    def bind(self, scope: Scope) -> Fill:
        if scope.unique or scope.own_modifiers:
            what = "unique values" if scope.unique else "modifiers"
            scope.refuse(
                "nested.whole",
                (),
                found=f"{what} of {scope.column}, which holds structures",
                expected="structures as they are made",
                hint="make a column of its own for the value, and read it in a field by `expression`",
            )
        typed = self.bind_typed(scope)

        def fill(block: Block) -> Values:
            made = typed(block)
            return Values("text", json_texts(made), pieces=made)

        return fill

    def bind_typed(self, scope: Scope, listed: bool = False) -> Typed:
        """The function that makes (n,) structures or lists of a block. listed: this stands inside a list."""
        if (self.fields is None) == (self.of is None) or (self.of is None) != (self.length is None) or not self.members:
            scope.refuse(
                "nested.shape",
                (),
                found="neither a structure nor a list" if not self.members else "a structure and a list at once",
                expected="fields by name, or `of` with `length`",
            )
            return _nothing
        return self._struct(scope, listed) if self.fields is not None else self._list(scope)

    def _struct(self, scope: Scope, listed: bool) -> Typed:
        if self._circular(scope):
            return _nothing
        plain: dict[str, FieldFill] = {}
        makers: dict[str, Callable[[WithFields], Any]] = {}
        for name, part in self._parts.items():
            if isinstance(part, Nested):
                makers[name] = cast(Any, part.bind_typed(self._inner(scope, name), listed))
                continue
            fill, type_ = self._plain(scope, name, listed)
            plain[name] = fill
            makers[name] = lambda block, name=name, type_=type_: _series(block.field(name), name, type_)  # type: ignore[misc]
        return lambda block: struct_of(_all(makers, WithFields(block, plain)))

    def _list(self, scope: Scope) -> Typed:
        draw = scope.law(self.length, "length")
        if draw is None:
            return _nothing
        mean = draw.mean()
        if draw.support()[1] < 0 or (mean is not None and not mean <= LONGEST):
            scope.refuse(
                "nested.length",
                "length",
                found=f"lists of {mean or draw.support()[1]:,.4g} elements on average",
                expected=f"0 to {LONGEST:,}",
                hint="a table of its own, with a fanout, may have any number of rows",
            )
            return _nothing
        salt, key = scope.salt("length"), scope.salt("element")
        part = self._parts["of"]
        if isinstance(part, Nested):
            make = part.bind_typed(self._inner(scope, "of"), True)
        else:
            fill, type_ = self._plain(scope, "of", True)
            make = lambda block: _series(fill(block), "of", type_)  # noqa: E731

        def lists(block: Block) -> Any:
            counts = np.rint(np.nan_to_num(draw.quantile(block.uniform(salt), block), nan=0.0, posinf=0.0))
            lengths = np.maximum(counts, 0.0).astype(np.int64)
            return list_of(make(cast(Block, Elements(block, lengths, key))), lengths)

        return lists

    def _plain(self, scope: Scope, name: str, listed: bool) -> tuple[FieldFill, ColumnType]:
        """How a plain member is filled, and its type."""
        member, part = self.members[name], self._parts[name]
        type_ = self.type_of(scope, name)
        inner = self._inner(scope, name, type=type_ or "string")
        whole = [key for key in TOGETHER if getattr(part, key, None)]
        if whole or member.word in WHOLE or (listed and member.word in NUMBERED):
            inner.refuse(
                "nested.rows",
                whole[0] if whole else (),
                found=f"{whole[0] if whole else member.word} inside {scope.column}, whose values follow from rows of a table",
                expected="a generator whose values follow from the row alone",
                hint="`ordinal` in an expression numbers the elements of a list" if member.word in NUMBERED else "",
            )
        told = len(inner.findings)
        made, home = part.bind(inner), f"{scope.table}.{scope.column}.{name}"
        if type_ is None and len(inner.findings) == told:  # else what the generator is refused for explains it
            inner.refuse(
                "column.no_type",
                (),
                found=f"{name} without a type",
                expected="type: int, float, string, bool, datetime or date",
            )
        return lambda block: sealed(made(block), member, type_ or "string", home), type_ or "string"

    def _circular(self, scope: Scope) -> bool:
        """Refuse fields that read each other in a circle; whether there are some."""
        fields = self.fields or {}
        reads = {
            name: {
                one
                for one in part.reads(self._inner(scope, name))
                if isinstance(one, str) and one in fields and one != name
            }
            for name, part in self._parts.items()
        }
        try:
            TopologicalSorter(reads).prepare()
        except CycleError as error:
            scope.refuse(
                "nested.circle",
                ("fields", error.args[1][0]),
                found=" -> ".join(reversed(error.args[1])),
                expected="fields that do not need each other in a circle",
            )
            return True
        return False


def sealed(values: Values, member: NestedField, type: ColumnType, home: str) -> Values:
    """The values of a member in its form: rounded, whole seconds and days, null only where that is permitted."""
    if values.valid is not None and values.valid.all():
        values = values.changed(valid=None)
    if values.valid is not None and not member.nullable:
        raise SchemaError(
            Finding(
                "generate.null",
                json_path=home,
                found=f"{int((~values.valid).sum()):,} values of one block that are null",
                expected="a value: the field is not nullable",
                hint="say `nullable: true`, or give the value another way where there is none (coalesce in an expression)",
            )
        )
    match type:
        case "float":
            numbers = np.asarray(values.array, dtype=np.float64)
            numbers = numbers if values.valid is None else np.where(values.valid, numbers, 0.0)
            _finite(numbers, home)
            rounded = (
                round_significant(numbers) if member.decimals is None else round_decimals(numbers, member.decimals)
            )
            return values.changed(kind="float", array=rounded + 0.0, picks=None)
        case "int":
            if values.kind == "float":
                numbers = np.rint(values.array if values.valid is None else np.where(values.valid, values.array, 0.0))
                _finite(np.where(np.abs(numbers) < 2.0**63, numbers, np.inf), home)
                return values.changed(kind="int", array=numbers.astype(np.int64), picks=None)
            return values.changed(kind="int", array=np.asarray(values.array, dtype=np.int64), picks=None)
        case "datetime" | "date":
            step = DAY_US if type == "date" else SECOND_US
            return values.changed(
                kind="time", array=np.asarray(values.array, dtype=np.int64) // step * step, picks=None
            )
        case _:
            return values.changed(picks=None)


def _finite(numbers: Any, home: str) -> None:
    if len(numbers) and not np.isfinite(numbers).all():
        raise SchemaError(
            Finding(
                "generate.not_finite",
                json_path=home,
                found=f"{int((~np.isfinite(numbers)).sum()):,} infinite or undefined values of one block",
                expected="finite numbers",
                hint="make the parameters of the generator smaller",
            )
        )


def _series(values: Values, name: str, type: ColumnType) -> Any:
    """A plain member as a Polars Series; categories as texts."""
    import polars as pl

    series = to_series(values, name, type)
    return series.cast(pl.String) if isinstance(series.dtype, pl.Enum) else series


def _all(makers: Mapping[str, Callable[[Any], Any]], block: WithFields) -> dict[str, Any]:
    return {name: make(block) for name, make in makers.items()}


def _nothing(block: Block) -> Any:
    """What fills a column that was refused."""
    import polars as pl

    return pl.Series([{"nothing": 0}] * block.rows, dtype=pl.Struct({"nothing": pl.Int64}))
