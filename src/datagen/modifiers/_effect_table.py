"""An effect table bound to the rows it acts on: which effect rows match a row's keys, and their factors in time.

Everything that is made from whole columns of the effect table is made once per run and worker.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from datagen.columns import as_category, as_text
from datagen.contracts import Block, ColumnType, Dictionary, Reader, Scope, Values
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.kernel.effects import DAWN, Stretches, stretches
from datagen.kernel.key_codes import NumberCodes, PairCodes
from datagen.schema.times import DAY_US

if TYPE_CHECKING:
    from datagen.modifiers.effect import Effect

Ints = NDArray[np.int64]

ALIKE: Mapping[str, str] = {
    "int": "number",
    "float": "number",
    "bool": "bool",
    "string": "text",
    "datetime": "time",
    "date": "time",
}
MOST_DICTIONARIES = 64


class TextCodes:
    """The place of each text among the distinct ones of a key column. Dictionaries are mapped once, rows by code."""

    def __init__(self, keys: Values) -> None:
        texts = as_text(keys).array.to_list()
        if keys.valid is not None:
            texts = [text for text, there in zip(texts, keys.valid.tolist(), strict=True) if there]
        self._places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        self.count = len(self._places)
        self._mapped: dict[int, tuple[Dictionary, Ints]] = {}

    def codes(self, values: Values) -> Ints:
        """(n,) the place of each text, `count` where it is none of the keys."""
        category = as_category(values)
        dictionary = category.dictionary
        assert dictionary is not None
        known = self._mapped.get(id(dictionary))
        if known is None:
            places = [self._places.get(text, self.count) for text in dictionary.values] or [self.count]
            if len(self._mapped) >= MOST_DICTIONARIES:
                self._mapped.clear()
            # the dictionary is kept too: its id stays its own
            known = self._mapped[id(dictionary)] = (dictionary, np.array(places, dtype=np.int64))
        codes = category.array if category.valid is None else np.where(category.valid, category.array, 0)
        return known[1][codes]


class KeyMatch:
    """Which key of the effect table a row has, from one or several columns."""

    def __init__(self, columns: list[Values]) -> None:
        self._ones = [
            TextCodes(one) if one.kind in ("text", "category") else NumberCodes(_present(one)) for one in columns
        ]
        parts = [self._code(one, values) for one, values in zip(self._ones, columns, strict=True)]
        complete = np.ones(len(parts[0]), dtype=np.bool_)
        for one, part in zip(self._ones, parts, strict=True):
            complete &= part < one.count
        self._pairs = (
            PairCodes([part[complete] for part in parts], [one.count for one in self._ones]) if len(parts) > 1 else None
        )
        self.count = self._ones[0].count if self._pairs is None else self._pairs.count

    def codes(self, columns: list[Values]) -> Ints:
        """(n,) the key of each row, `count` where the effect table has none like it."""
        parts = [self._code(one, values) for one, values in zip(self._ones, columns, strict=True)]
        return parts[0] if self._pairs is None else self._pairs.codes(parts)

    @staticmethod
    def _code(one: TextCodes | NumberCodes, values: Values) -> Ints:
        code = one.codes(values) if isinstance(one, TextCodes) else one.codes(np.asarray(values.array))
        return code if values.valid is None else np.where(values.valid, code, one.count)


def _present(values: Values) -> NDArray[Any]:
    array = np.asarray(values.array)
    array = array if values.valid is None else array[values.valid]
    return array.astype(np.int64) if array.dtype.kind == "b" else array


@dataclass(frozen=True, slots=True)
class EffectSource:
    """An effect table as the rows see it: their key's code, and its stretches of time."""

    match: KeyMatch | None
    stretches: Stretches


@dataclass(frozen=True, slots=True)
class BoundEffect:
    """One effect, its columns found. `readers` read the row's keys, in the order of `remote`."""

    table: str
    remote: tuple[str, ...]
    start: str
    end: str
    days: bool  # windows end with dates, which include their whole day
    value: str
    key: str | None  # the order of "first"
    op: Literal["mul", "add"]
    combine: Literal["first", "product", "sum", "max"]
    default: float
    readers: tuple[Reader, ...] = dataclasses.field(compare=False)
    home: str = dataclasses.field(compare=False, default="")  # table.column, for messages

    def source(self, block: Block) -> EffectSource:
        """The effect table, read once per run and worker."""
        made: EffectSource = block.once(("effect", self), lambda: self._read(block))
        return made

    def codes(self, block: Block, source: EffectSource) -> Ints | None:
        """(n,) the key of each row; None when the effect has no keys."""
        return None if source.match is None else source.match.codes([reader(block) for reader in self.readers])

    def factors(self, block: Block, times: Ints) -> NDArray[np.float64]:
        """(n,) what the effect does to each row at its time."""
        source = self.source(block)
        return source.stretches.factor(self.codes(block, source), times)

    def _read(self, block: Block) -> EffectSource:
        columns = [block.whole(self.table, name) for name in self.remote]
        match = KeyMatch(columns) if columns else None
        start, end, value = (block.whole(self.table, name) for name in (self.start, self.end, self.value))
        rows = len(start)
        keys = 1 if match is None else match.count
        codes = np.zeros(rows, dtype=np.int64) if match is None else match.codes(columns)
        last = np.asarray(end.array, dtype=np.int64) + (DAY_US if self.days else 1)  # windows are closed
        if end.valid is not None:
            last = np.where(end.valid, last, -DAWN)  # still open
        numbers = np.asarray(value.array, dtype=np.float64)
        real = codes < keys
        for valid in (start.valid, value.valid):
            if valid is not None:
                real &= valid
        order = self._order(block, rows)
        order = order[real[order]]
        return EffectSource(
            match,
            stretches(
                codes[order],
                np.asarray(start.array, dtype=np.int64)[order],
                last[order],
                numbers[order],
                keys=keys,
                default=self.default,
                combine=self.combine,
            ),
        )

    def _order(self, block: Block, rows: int) -> Ints:
        """(m,) effect rows in the order of their primary key; as they stand when there is none."""
        if self.key is None:
            return np.arange(rows, dtype=np.int64)
        keys = block.whole(self.table, self.key)
        if keys.kind in ("text", "category"):
            order: Ints = as_text(keys).array.arg_sort().to_numpy().astype(np.int64)
            return order
        return np.argsort(keys.array, kind="stable")

    def refuse_negative(self, source: EffectSource) -> None:
        """Stop when a density would be multiplied by a negative factor."""
        low = float(source.stretches.factors.min())
        if low < 0:
            factor = f"a factor of {low:g} in {self.table}.{self.value} (default {self.default:g})"
            raise SchemaError(
                Finding(
                    code="effect.negative_factor",
                    json_path=self.home,
                    found=f"{factor} on how many rows fall in a window",
                    expected="factors of 0 or more",
                    hint="0 stops the rows of a window, 1 changes nothing",
                )
            )


def bind_effect(effect: Effect, scope: Scope, ways: Mapping[str, str | Reader], *, loud: bool) -> BoundEffect | None:
    """An effect with its columns found, or None: after a refusal, or where an old document declares what is not there.

    ways: how each local key is read, a name or a reader, where it is not the key's own name. loud: say what is wrong;
    the same effect is looked at from several places, and only one of them speaks.
    """
    remote = effect.remote_columns
    found = {field: scope.find_target(f"{effect.effect_table}.{name}") for field, name in remote.items()}
    tables = {target.table for target in found.values() if target is not None}
    if not tables:
        if loud:  # an unknown table, or a table with none of these columns
            scope.target(f"{effect.effect_table}.{effect.window.start_col}", "effect_table")
        return None
    table = tables.pop()
    whole = True
    for field, target in found.items():
        if target is None:
            whole = False
            if loud:
                _dangling(scope, field, remote[field], f"a column of {table}", ())
    for local in effect.on:
        if _type_of(ways.get(local, local), scope) is None:
            whole = False
            if loud:
                _dangling(scope, ("on", local), local, f"a column of {scope.table}", tuple(scope.own_columns))
    if not whole or not _types_fit(effect, scope, ways, found, loud):
        return None
    return BoundEffect(
        table=table,
        remote=tuple(found["on", local].name for local in effect.on),
        start=found["window", "start_col"].name,
        end=found["window", "end_col"].name,
        days=found["window", "end_col"].type == "date",
        value=found["map", "field"].name,
        key=next((key for _, key in scope.key_of(table)), None),
        op=effect.map.op,
        combine=effect.map.combine,
        default=effect.default,
        readers=tuple(_reader(ways.get(local, local), scope) for local in effect.on),
        home=f"{scope.table}.{scope.column}",
    )


def _type_of(way: str | Reader, scope: Scope) -> ColumnType | None:
    return scope.type_of(way) if isinstance(way, str) else way.type


def _reader(way: str | Reader, scope: Scope) -> Reader:
    return scope.read(way) if isinstance(way, str) else way


def effect_reads(effect: Effect, scope: Scope) -> list[tuple[str, str]]:
    """(table, column) of everything that an effect looks at in its effect table."""
    targets = [scope.find_target(f"{effect.effect_table}.{name}") for name in effect.remote_columns.values()]
    reads = [(target.table, target.name) for target in targets if target is not None]
    return [*reads, *(scope.key_of(reads[0][0]) if reads else ())]


def _dangling(scope: Scope, field: tuple[str, ...], name: str, expected: str, known: tuple[str, ...]) -> None:
    applied = ": declared, not applied, because there is no such column" if scope.version_1 else ""
    scope.tolerate(
        "effect.unknown_column",
        field,
        found=f"'{name}'{applied}",
        expected=expected + (f": {listed(known)}" if known else ""),
        hint=did_you_mean(name, known),
    )


def _types_fit(
    effect: Effect, scope: Scope, ways: Mapping[str, str | Reader], columns: Mapping[Any, Any], loud: bool
) -> bool:
    good = True

    def refuse(code: str, field: tuple[str, ...], found: str, expected: str) -> None:
        nonlocal good
        good = False
        if loud:
            scope.refuse(code, field, found=found, expected=expected)

    for field in (("window", "start_col"), ("window", "end_col")):
        if columns[field].type not in ("datetime", "date", None):
            refuse(
                "effect.window_type",
                field,
                found=f"{columns[field].name} of type {columns[field].type}",
                expected="a datetime or a date",
            )
    if columns["map", "field"].type not in ("int", "float", None):
        target = columns["map", "field"]
        refuse("effect.field_type", ("map", "field"), found=f"{target.name} of type {target.type}", expected="a number")
    for local in effect.on:
        mine: ColumnType | None = _type_of(ways.get(local, local), scope)
        other: ColumnType | None = columns["on", local].type
        if mine is not None and other is not None and ALIKE[mine] != ALIKE[other]:
            refuse(
                "effect.key_type",
                ("on", local),
                found=f"{local} of type {mine} against {columns['on', local].name} of type {other}",
                expected="keys of one type",
            )
    return good
