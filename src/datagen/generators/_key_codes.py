"""Rows of a table in groups: those that have the same value of a key, or of several keys, as another row has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Values
from datagen.generators._match import KeyIndex

Ints = NDArray[np.int64]

ROOM = 1 << 20  # whole numbers this far apart are looked up in a table of all numbers between them


class Codes:
    """The values of one key as small whole numbers: equal values have one code, -1 is null or a value not there."""

    def __init__(self, values: Values) -> None:
        self.of_rows: Ints
        self._low = 0
        self._table: Ints | None = None
        self._distinct: Any = None
        self._index: KeyIndex | None = None
        if values.kind in ("text", "category"):
            self._of_texts(values)
            return
        numbers = np.asarray(values.array, dtype=np.float64 if values.kind == "float" else np.int64)
        present = numbers if values.valid is None else numbers[values.valid]
        distinct = np.unique(present)
        self.size = len(distinct)
        span = int(distinct[-1]) - int(distinct[0]) + 1 if self.size and values.kind != "float" else 0
        if span and span <= max(ROOM, 8 * len(numbers)):
            self._low, self._table = int(distinct[0]), np.full(span, -1, dtype=np.int64)
            self._table[distinct - self._low] = np.arange(self.size, dtype=np.int64)
        else:
            self._distinct = distinct
        self.of_rows = self.codes(values)

    def codes(self, values: Values) -> Ints:
        """(n,) the code of each value."""
        if self._index is not None:
            return self._codes_of_texts(values)
        kind = np.float64 if values.kind == "float" else np.int64
        numbers = np.asarray(values.array, dtype=kind)
        if self._table is not None:
            place = numbers - self._low
            inside = (numbers >= self._low) & (place < len(self._table))
            found = np.where(inside, self._table[np.where(inside, place, 0)], -1)
        elif self.size:
            place = np.minimum(np.searchsorted(self._distinct, numbers), self.size - 1)
            found = np.where(self._distinct[place] == numbers, place, -1)
        else:
            found = np.full(len(numbers), -1, dtype=np.int64)
        return found if values.valid is None else np.where(values.valid, found, -1)

    def _of_texts(self, values: Values) -> None:
        self._index = KeyIndex(values)
        first = self._index.rows(values)  # the first row with that text stands for all
        if values.valid is not None:
            first = np.where(values.valid, first, -1)
        distinct = np.unique(first[first >= 0])
        self.size = len(distinct)
        self._code_of_row = np.full(len(values), -1, dtype=np.int64)
        self._code_of_row[distinct] = np.arange(self.size, dtype=np.int64)
        self.of_rows = self._coded(first)

    def _coded(self, rows: Ints) -> Ints:
        if not self.size:
            return np.full(len(rows), -1, dtype=np.int64)
        return np.where(rows >= 0, self._code_of_row[np.maximum(rows, 0)], -1)

    def _codes_of_texts(self, values: Values) -> Ints:
        assert self._index is not None
        if values.kind != "category":
            found = self._coded(self._index.rows(values))
            return found if values.valid is None else np.where(values.valid, found, -1)
        assert values.dictionary is not None
        of_texts = self._coded(self._index.rows(Values("text", values.dictionary.series)))
        if not len(of_texts):
            return np.full(len(values), -1, dtype=np.int64)
        codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
        found = of_texts[codes]
        return found if values.valid is None else np.where(values.valid, found, -1)


class Groups:
    """The rows of a table by one or more keys. of_rows: (m,) the group of every row, -1 where a key is null."""

    def __init__(self, keys: Sequence[Values]) -> None:
        self._keys = [Codes(values) for values in keys]
        self._joint: list[Codes] = []
        of_rows = self._keys[0].of_rows
        size = self._keys[0].size
        for key in self._keys[1:]:
            joint = Codes(_pairs(of_rows, key.of_rows, key.size))
            self._joint.append(joint)
            of_rows, size = joint.of_rows, joint.size
        self.of_rows, self.size = of_rows, size

    def groups(self, keys: Sequence[Values]) -> Ints:
        """(n,) the group that the values of other rows lead to, -1 where there is none."""
        found = self._keys[0].codes(keys[0])
        for joint, key, values in zip(self._joint, self._keys[1:], keys[1:], strict=True):
            found = joint.codes(_pairs(found, key.codes(values), key.size))
        return found


def _pairs(first: Ints, second: Ints, size: int) -> Values:
    there = (first >= 0) & (second >= 0)
    return Values("int", first * max(size, 1) + second, None if there.all() else there)
