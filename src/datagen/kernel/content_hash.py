"""A fingerprint of the data itself: two data sets with equal values have the same one, whatever the files look like.

Every value becomes 64 canonical bits; a column's sum is, over its rows, the mixed bits times two odd 64-bit keys made
from the row number, added up modulo 2^64 in two lanes. Addition has no order, so blocks of any size, in any order, from
any number of workers, give the same 128 bits. One changed number always changes the sum (an odd key times a difference
is never zero); several cancel by accident with a chance of about 2^-120, of 2^-64 when all of them flip the same
high bit and nothing else. It is no defence against a forger.
Source: multilinear universal hashing (Lemire and Kaser, Strongly universal string hashing is fast, 2014).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from datagen.kernel.address import FIRST_MULTIPLIER, GOLDEN, mix
from datagen.kernel.text_hash import NULL, text_hash

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

CHUNK = 16384  # rows per step: keys, values and two work arrays stay in the second-level cache
MODULUS = 1 << 64
OTHER = 0xD6E8FEB86659FD93  # odd; makes the second key of a row from the first


class RowLanes(NamedTuple):
    """The keys of a block's rows, made once and used for every column."""

    first: NDArray[np.uint64]  # (n,) odd
    second: NDArray[np.uint64]  # (n,) odd
    totals: tuple[int, int]  # their sums: what a column of zeros adds up to, times GOLDEN


def prepare(row_number: NDArray[np.int64]) -> RowLanes:
    """Keys of rows by their place in the table, (n,) int64 from 0. About 4 ns per row."""
    rows = row_number.shape[0]
    first, second = np.empty(rows, np.uint64), np.empty(rows, np.uint64)
    numbers = row_number.astype(np.int64, copy=False).view(np.uint64)
    work = np.empty(min(rows, CHUNK), np.uint64)
    for start in range(0, rows, CHUNK):
        key, other = first[start : start + CHUNK], second[start : start + CHUNK]
        scratch = work[: key.shape[0]]
        np.multiply(numbers[start : start + CHUNK], GOLDEN, out=key)
        np.add(key, GOLDEN, out=key)
        mix(key, scratch)
        np.multiply(key, OTHER, out=other)
        np.right_shift(other, 32, out=scratch)
        np.bitwise_xor(other, scratch, out=other)
        np.bitwise_or(key, 1, out=key)
        np.bitwise_or(other, 1, out=other)
    return RowLanes(first, second, (int(np.add.reduce(first)), int(np.add.reduce(second))))


def lane_sum(lanes: RowLanes, canonical: NDArray[np.uint64]) -> tuple[int, int]:
    """Both lanes of the sum over one column of a block, about 3 ns per value.

    lanes: of the n rows; canonical (n,) as made by `canonical()`. Raises ValueError where their lengths differ.
    """
    rows = canonical.shape[0]
    if lanes.first.shape[0] != rows:
        raise ValueError(f"{rows} values for {lanes.first.shape[0]} rows")
    left, right = (GOLDEN * total for total in lanes.totals)
    mixed, work = np.empty(min(rows, CHUNK), np.uint64), np.empty(min(rows, CHUNK), np.uint64)
    for start in range(0, rows, CHUNK):
        values = canonical[start : start + CHUNK]
        bits, scratch = mixed[: values.shape[0]], work[: values.shape[0]]
        # a bijection that brings differences of high bits down into the low ones, because products lose the high ones
        np.multiply(values, FIRST_MULTIPLIER, out=bits)
        np.right_shift(bits, 32, out=scratch)
        np.bitwise_xor(bits, scratch, out=bits)
        np.multiply(bits, lanes.first[start : start + CHUNK], out=scratch)
        left += int(np.add.reduce(scratch))
        np.multiply(bits, lanes.second[start : start + CHUNK], out=scratch)
        right += int(np.add.reduce(scratch))
    return left % MODULUS, right % MODULUS


def canonical(
    values: pl.Series | NDArray[Any],
    valid: NDArray[np.bool_] | None = None,
    *,
    texts: NDArray[np.uint64] | None = None,
) -> NDArray[np.uint64]:
    """(n,) 64 bits per value, the same however it is stored.

    Integers as int64, floats as float64 with one zero and one NaN, booleans 0 and 1, times in microseconds, dates in
    days, texts by `text_hash`; a missing value is a value of its own. Arrays hold integers, floats or booleans, and
    `valid` marks what is there; with `texts`, the hashes of a dictionary's entries, they hold codes into it.
    Raises TypeError for a type it does not know.
    """
    if not isinstance(values, np.ndarray):
        return _canonical_series(values)
    bits = texts[values] if texts is not None else _canonical_array(values)
    if valid is not None and not valid.all():
        bits = np.where(valid, bits, np.uint64(NULL))
    return bits


@dataclass(slots=True)
class ColumnSum:
    """The sum of one column, grown block by block, in any order, and joined with the sums of other workers."""

    type: str  # the column type as the schema names it
    rows: int = 0
    left: int = 0
    right: int = 0

    def add(self, row_number: NDArray[np.int64], values: pl.Series | NDArray[Any]) -> None:
        """Take in a block: row numbers (n,) int64 and its values."""
        self.add_lanes(prepare(row_number), canonical(values))

    def add_lanes(self, lanes: RowLanes, bits: NDArray[np.uint64]) -> None:
        """Take in a block whose row keys were prepared before."""
        left, right = lane_sum(lanes, bits)
        self.join(ColumnSum(self.type, bits.shape[0], left, right))

    def join(self, other: ColumnSum) -> None:
        """Take in the sum of other rows of the same column."""
        self.rows += other.rows
        self.left = (self.left + other.left) % MODULUS
        self.right = (self.right + other.right) % MODULUS

    @property
    def hex(self) -> str:
        """The sum as the manifest prints it: 32 hexadecimal digits."""
        return f"{self.left:016x}{self.right:016x}"


@dataclass(slots=True)
class TableSums:
    """The sums of a table's columns, by name."""

    columns: dict[str, ColumnSum] = field(default_factory=dict)

    def add(self, row_number: NDArray[np.int64], frame: pl.DataFrame) -> None:
        """Take in a block of all columns: row numbers (n,) int64 and the frame, its columns named as here."""
        lanes = prepare(row_number)
        for name, column in self.columns.items():
            column.add_lanes(lanes, canonical(frame.get_column(name)))

    def join(self, other: TableSums) -> None:
        """Take in the sums of other rows of the same table."""
        for name, column in self.columns.items():
            column.join(other.columns[name])


def root_hash(tables: Mapping[str, TableSums]) -> str:
    """The fingerprint of a data set, 64 hexadecimal digits: BLAKE2b over sorted (table, column, type, rows, sum)."""
    digest = hashlib.blake2b(b"datagen content hash 1\n", digest_size=32)
    for table in sorted(tables):
        columns = tables[table].columns
        for name in sorted(columns):
            column = columns[name]
            digest.update(json.dumps([table, name, column.type, column.rows, column.hex]).encode() + b"\n")
    return digest.hexdigest()


def _canonical_array(values: NDArray[Any]) -> NDArray[np.uint64]:
    kind = values.dtype.kind
    if kind == "u":
        return values.astype(np.uint64, copy=False)
    if kind == "i":
        return values.astype(np.int64, copy=False).view(np.uint64)
    if kind == "b":
        return values.astype(np.uint64)
    if kind == "f":
        plain = values.astype(np.float64, copy=False) + 0.0  # a copy, and -0.0 + 0.0 is 0.0
        if plain.size and np.isnan(np.maximum.reduce(plain)):
            plain[np.isnan(plain)] = np.nan
        return plain.view(np.uint64)
    raise TypeError(f"values of type {values.dtype} have no canonical form")


def _canonical_series(series: pl.Series) -> NDArray[np.uint64]:
    import polars as pl

    dtype = series.dtype
    if dtype == pl.String:
        return text_hash(series)
    if dtype == pl.Null:
        return np.full(len(series), NULL, np.uint64)
    valid = series.is_not_null().to_numpy() if series.null_count() else None
    if isinstance(dtype, (pl.Enum, pl.Categorical)):
        codes = series.to_physical()
        if isinstance(dtype, pl.Enum):
            texts = text_hash(dtype.categories)
        else:
            seen = series.drop_nulls().unique()
            places = seen.to_physical().to_numpy()
            texts = np.zeros(int(places.max()) + 1 if places.size else 1, np.uint64)
            texts[places] = text_hash(seen.cast(pl.String))
        if not len(texts):
            return np.full(len(series), NULL, np.uint64)
        return canonical(codes.fill_null(0).to_numpy(), valid, texts=texts)
    time = isinstance(dtype, pl.Datetime) and dtype.time_unit != "ns"
    if not (time or dtype.is_integer() or dtype.is_float() or dtype in (pl.Boolean, pl.Date)):
        raise TypeError(f"a column of type {dtype} has no canonical form")
    physical = series.to_physical()
    plain = (physical.fill_null(False) if dtype == pl.Boolean else physical.fill_null(0)).to_numpy()
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ms":
        plain = plain * 1000
    return canonical(plain, valid)
