"""Replaces values by others: codes by words, grades by numbers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, Change, ColumnType, Dictionary, Modifier, Scope, Values
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.schema.literals import as_column, as_type

KINDS: dict[str, Any] = {"datetime": "time", "date": "time"}


class MapValues(Modifier):
    """mapping[value], or `default` where the value is not in the mapping; without a default every value must be.

    Params: mapping, from values (written as text, read in the type of the value so far) to values of the column's type;
    default. Nulls stay null.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"transform": "map_values", "args": {"mapping": {"0": "none", "1": "one"}, "default": "many"}}
    ]

    mapping: dict[str, Any] = Field(description="new value for each old one: {f: female}")
    default: Any = Field(
        default=None, description="what all others become; without it every value must be in the mapping"
    )

    def bind(self, scope: Scope) -> Change:
        if not self.mapping:
            scope.refuse("map_values.empty", "mapping", found="an empty mapping", expected="at least one value")
            return _unchanged
        made, to = scope.value_type, scope.column_type or "string"
        keys = self._keys(scope, made)
        targets = [*self.mapping.values(), *([self.default] if self.default is not None else [])]
        items = as_column(targets, to)
        places = [("mapping", key) for key in self.mapping] + [("default",)]
        for place, fault in items.faults:
            scope.refuse("column.value_type", places[place], found=fault, expected=f"a value of type {to}")
        for place, there in enumerate(items.valid):
            if not there and not scope.nullable:
                scope.refuse(
                    "column.null_value",
                    places[place],
                    found="null in a column that is not nullable",
                    expected="a value",
                    hint="say `nullable: true`",
                )
        if keys is None or items.faults or not self._complete(scope, keys):
            return _unchanged
        table = _Table(keys, items.values, items.valid, self.default is not None, to, f"{scope.table}.{scope.column}")
        if made == "string":
            return table.text
        return table.whole_numbers if made == "int" else table.numbers

    def _keys(self, scope: Scope, made: ColumnType) -> list[Any] | None:
        """The keys in the type of the value so far; None after a refusal."""
        keys: dict[Any, str] = {}
        sound = True
        for key in self.mapping:
            typed, fault = as_type(key, made)
            if fault:
                scope.refuse(
                    "map_values.key_type",
                    ("mapping", key),
                    found=fault,
                    expected=f"values of type {made}, as the column has before",
                )
            elif typed in keys:
                scope.refuse(
                    "map_values.repeats",
                    ("mapping", key),
                    found=f"'{keys[typed]}' and '{key}', which are one value",
                    expected="each value once",
                )
            sound = sound and not fault and typed not in keys
            keys.setdefault(typed, key)
        return list(keys) if sound else None

    def _complete(self, scope: Scope, keys: list[Any]) -> bool:
        """Refuse values that are known to come and are in the mapping by no name."""
        if scope.known_values is None:
            return True
        known = [_shown(value) for value in scope.known_values]
        for key, typed in zip(self.mapping, keys, strict=True):
            if typed not in scope.known_values:
                scope.refuse(
                    "map_values.unused",
                    ("mapping", key),
                    found=f"'{key}', which is no value of the column",
                    expected=f"values of the column: {listed(known)}",
                    hint=did_you_mean(key, known),
                    severity="warning",
                )
        if self.default is not None:
            return True
        missing = [_shown(value) for value in scope.known_values if value not in keys]
        if missing:
            scope.refuse(
                "map_values.missing",
                "mapping",
                found=f"values that the mapping does not name: {listed(missing)}",
                expected="a mapping of every value, or a default",
            )
        return not missing


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Table:
    """A mapping made ready: dictionaries are mapped once, numbers by search in the sorted keys."""

    def __init__(
        self, keys: list[Any], values: list[Any], valid: list[bool], has_default: bool, to: str, home: str
    ) -> None:
        self.keys, self.home, self.to = keys, home, to
        self.other = len(keys) if has_default else -1
        self.valid = None if all(valid) else np.array(valid, dtype=np.bool_)
        if to == "string":
            self.dictionary: Dictionary | None = Dictionary(dict.fromkeys(values))
            where = {value: code for code, value in enumerate(self.dictionary.values)}
            self.values = np.array([where[value] for value in values], dtype=np.uint32)
        else:
            self.dictionary = None
            dtype = {"int": np.int64, "float": np.float64, "bool": np.bool_}.get(to, np.int64)
            self.values = np.array(values, dtype=dtype)
        self._codes: dict[int, tuple[Dictionary, np.ndarray]] = {}

    def text(self, block: Block, values: Values) -> Values:
        if values.kind == "text":
            from datagen.columns import as_category

            values = as_category(values)
        dictionary = values.dictionary
        assert dictionary is not None
        known = self._codes.get(id(dictionary))
        if known is None:
            where = {key: place for place, key in enumerate(self.keys)}
            places = np.array([where.get(text, self.other) for text in dictionary.values], dtype=np.int64)
            if len(self._codes) > 64:
                self._codes.clear()
            known = self._codes[id(dictionary)] = (dictionary, places)
        codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
        return self._mapped(
            values,
            known[1][codes] if len(dictionary) else np.zeros(len(values), np.int64),
            lambda at: dictionary.values[int(codes[at])],
        )

    def whole_numbers(self, block: Block, values: Values) -> Values:
        if values.kind == "float":  # an int column is rounded at its end, and here
            exact = values.array if values.valid is None else np.where(values.valid, values.array, 0.0)
            values = values.changed(kind="int", array=np.rint(exact).astype(np.int64))
        return self.numbers(block, values)

    def numbers(self, block: Block, values: Values) -> Values:
        keys = np.array(self.keys, dtype=values.array.dtype)
        order = np.argsort(keys, kind="stable")
        at = np.minimum(np.searchsorted(keys[order], values.array), len(keys) - 1)
        places = np.where(keys[order][at] == values.array, order[at], self.other)
        return self._mapped(values, places, lambda row: values.array[row])

    def _mapped(self, values: Values, places: np.ndarray, show: Any) -> Values:
        missing = places < 0
        if values.valid is not None:
            missing &= values.valid
        if missing.any():
            examples = sorted({str(show(row)) for row in np.flatnonzero(missing)[:1000]})
            raise SchemaError(
                Finding(
                    code="map_values.missing",
                    json_path=self.home,
                    found=f"values that the mapping does not name: {listed(examples)}",
                    expected="a mapping of every value, or a default",
                )
            )
        places = np.where(places < 0, 0, places)
        valid = values.valid
        if self.valid is not None:
            valid = self.valid[places] if valid is None else valid & self.valid[places]
        if self.dictionary is not None:
            return Values("category", self.values[places], valid, dictionary=self.dictionary)
        return Values(KINDS.get(self.to, self.to), self.values[places], valid)


def _unchanged(block: Block, values: Values) -> Values:
    return values
