"""Which rows an imperfection takes: an exact number of them, whatever the blocks, and no cell twice.

Every row has a key; of the rows that are still whole those with the smallest keys are taken, as many as the quota says.
Without a leaning the key is the row's rank under a keyed permutation. With one it is logit(u) - s, u a draw of the row and
s its score: then P(taken) = 1 / (1 + e^-(a + s)), where `a` is the key of the last row taken, the same for all rows,
found once per worker from the keys of the whole table. For `exact: false` a row is taken where u is below the rate, or where
its key is below an `a` that makes the mean chance the rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import as_category
from datagen.contracts import Values
from datagen.engine.block import TableBlock
from datagen.imperfections._contract import Leaning, Spoil
from datagen.kernel import elementary
from datagen.kernel.address import root_addresses, salt_of
from datagen.kernel.draws import uniform
from datagen.kernel.permute import permuted_rank, unpermute
from datagen.kernel.text_hash import text_hash
from datagen.plan.model import ColumnPlan, TablePlan

KEPT_KEYS = (
    4_000_000  # keys of tables up to this many rows are sorted in memory; of larger ones only those near the last
)
SAMPLE = 65_536  # rows from which median and quartiles are taken
IQR = 1.349  # interquartile range of a normal of standard deviation 1
FARTHEST = 3.0  # standard deviations beyond which a score grows no more
BINS = 1 << 20
DRAW_ROWS = 1 << 20  # rows of a table whose copies are looked for at a time

Mask = NDArray[np.bool_]


def quotas(rates: list[float], values: int) -> list[int]:
    """The exact numbers of values that rates take, in order; together never more than there are."""
    left, found = values, []
    for rate in rates:
        found.append(min(int(np.floor(rate * values + 0.5)), left))
        left -= found[-1]
    return found


def present(values: Values, rows: int) -> Mask:
    """(n,) where there is a value."""
    return np.ones(rows, dtype=np.bool_) if values.valid is None else values.valid


def taken(block: TableBlock, column: ColumnPlan) -> tuple[Mask, ...]:
    """(n,) for each imperfection of a column, the rows that it takes."""
    found: tuple[Mask, ...] = block.memo(("taken", column.name), lambda: _taken(block, column, len(column.spoils)))
    return found


def _taken(block: TableBlock, column: ColumnPlan, steps: int) -> tuple[Mask, ...]:
    """Those of the first `steps` imperfections."""
    if block.rows == 0:
        return tuple(np.zeros(0, dtype=np.bool_) for _ in range(steps))
    if all(spoil.exact and spoil.leaning is None for spoil in column.spoils) and not column.seal.nullable:
        return _by_rank(block, column, steps)
    whole = present(block.column(column.name), block.rows)
    found: list[Mask] = []
    for step in range(steps):
        spoil = column.spoils[step]
        if spoil.exact:
            limit = _limit(block, column, step)
            key = _key(block, column, spoil)
            mask = whole & ((key < limit.key) | ((key == limit.key) & (block.row_number <= limit.row)))
        elif spoil.leaning is None:
            mask = whole & (block.uniform(spoil.key) < spoil.rate)
        else:
            mask = whole & (_key(block, column, spoil) < _intercept(block, column, spoil))
        found.append(mask)
        whole = whole & ~mask
    return tuple(found)


def _by_rank(block: TableBlock, column: ColumnPlan, steps: int) -> tuple[Mask, ...]:
    """The same where nothing but the rank counts: each takes the ranks behind those of the one before."""
    total = block.total(block.table.id)
    rank = permuted_rank(block.row_number, total, rank_key(block.table, column))
    found, first = [], 0
    for number in quotas([spoil.rate for spoil in column.spoils], total)[:steps]:
        found.append((rank >= first) & (rank < first + number))
        first += number
    return tuple(found)


def rank_key(table: TablePlan, column: ColumnPlan) -> int:
    """The key of the permutation that ranks the rows of a table for the imperfections of a column: another for each seed."""
    return salt_of("imperfections", table.key, column.name)


def _key(block: TableBlock, column: ColumnPlan, spoil: Spoil) -> NDArray[np.float64]:
    """(n,) keys of the rows: small ones are taken first."""
    if spoil.leaning is None:
        total = block.total(block.table.id)
        return permuted_rank(block.row_number, total, rank_key(block.table, column)).astype(np.float64)
    u = np.maximum(block.uniform(spoil.key), 2.0**-53)
    logit = elementary.log(u) - elementary.log(1.0 - u)
    return logit - scores(block, spoil.leaning)


@dataclass(frozen=True, slots=True)
class Limit:
    """The last row that is taken: its key and, among rows of that very key, its number."""

    key: float
    row: int


def _limit(block: TableBlock, column: ColumnPlan, step: int) -> Limit:
    spoil = column.spoils[step]
    table = block.table

    def make() -> Limit:
        total = block.total(table.id)
        values = 0

        def pieces() -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
            nonlocal values
            values = 0
            for part in block.run.blocks_of(table.id):
                whole = present(part.column(column.name), part.rows)
                values += int(np.count_nonzero(whole))
                for before in _taken(part, column, step):
                    whole = whole & ~before
                yield _key(part, column, spoil)[whole], part.row_number[whole]

        def wanted() -> int:
            return quotas([one.rate for one in column.spoils], values)[step]

        return last_of_smallest(pieces, wanted, keep=total <= KEPT_KEYS)

    limit: Limit = block.once((table.id, column.name, "limit", step), make)
    return limit


def last_of_smallest(
    pieces: Callable[[], Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]],
    wanted: Callable[[], int],
    *,
    keep: bool,
) -> Limit:
    """The largest of the `wanted()` smallest (key, row) pairs of all pieces; `wanted` is asked when they have been seen.

    keep: all in memory, once through; else twice through, first to count keys by their leading bits, then to keep those
    among which the last one lies (keys in one of a million bins).
    """
    if keep:
        seen = list(pieces())
        keys = np.concatenate([key for key, _ in seen]) if seen else np.zeros(0)
        rows = np.concatenate([row for _, row in seen]) if seen else np.zeros(0, dtype=np.int64)
        return _nth(keys, rows, min(wanted(), len(keys)))
    counts = np.zeros(BINS, dtype=np.int64)
    for key, _ in pieces():
        counts += np.bincount(_bin(key), minlength=BINS)
    running = np.cumsum(counts)
    number = min(wanted(), int(running[-1]))
    if number == 0:
        return Limit(-np.inf, -1)
    place = int(np.searchsorted(running, number, side="left"))
    near = [(key[inside], row[inside]) for key, row in pieces() for inside in (_bin(key) == place,) if inside.any()]
    before = int(running[place - 1]) if place else 0
    return _nth(np.concatenate([key for key, _ in near]), np.concatenate([row for _, row in near]), number - before)


def _nth(keys: NDArray[np.float64], rows: NDArray[np.int64], number: int) -> Limit:
    if number == 0:
        return Limit(-np.inf, -1)
    at = np.lexsort((rows, keys))[number - 1]
    return Limit(float(keys[at]), int(rows[at]))


def _bin(keys: NDArray[np.float64]) -> NDArray[np.int64]:
    """(n,) the leading 20 bits of floats, in their order."""
    words = (keys + 0.0).view(np.int64)
    rising = np.where(words < 0, ~words, words | np.int64(-(2**63)))  # read as unsigned, in the order of the floats
    return (rising.view(np.uint64) >> np.uint64(44)).astype(np.int64)


def scores(block: TableBlock, leaning: Leaning) -> NDArray[np.float64]:
    """(n,) how much each row leans to being taken, see `datagen.imperfections.missing.Missing`."""
    values = leaning.reader(block)
    there = present(values, block.rows)
    match values.kind:
        case "text" | "category":
            found = _text_scores(values, leaning, block.table.key)
        case "bool":
            found = np.where(values.array, 1.0, -1.0)
        case _:
            middle, spread = _centre(block, leaning)
            if spread == 0.0:
                return np.zeros(block.rows)
            numbers = np.asarray(values.array, dtype=np.float64)
            found = np.clip((numbers - middle) / spread, -FARTHEST, FARTHEST)
    return np.where(there, found, 0.0)


def _text_scores(values: Values, leaning: Leaning, key: int) -> NDArray[np.float64]:
    category = as_category(values)
    assert category.dictionary is not None
    texts = category.dictionary.values
    if leaning.texts is not None and len(leaning.texts) > 1:
        steps = 2.0 / (len(leaning.texts) - 1)
        known = {text: -1.0 + steps * place for place, text in enumerate(leaning.texts)}
        table = np.array([known.get(text, 0.0) for text in texts], dtype=np.float64)
    else:
        hashes = text_hash(category.dictionary.series)
        table = uniform(hashes, salt_of("leaning", key, leaning.name)) * 2.0 - 1.0
    codes = category.array if category.valid is None else np.where(category.valid, category.array, 0)
    return table[codes] if len(table) else np.zeros(len(values))


def _centre(block: TableBlock, leaning: Leaning) -> tuple[float, float]:
    """The median of the numbers that a leaning reads, and their standard deviation as the quartiles tell it."""

    def make() -> tuple[float, float]:
        numbers = np.sort(_sample(block, leaning, lambda values: np.asarray(values.array, dtype=np.float64)))
        if not len(numbers):
            return 0.0, 0.0
        low, middle, high = (float(numbers[(len(numbers) - 1) * k // 4]) for k in (1, 2, 3))
        if high == low:
            low, high = (float(numbers[(len(numbers) - 1) * k // 40]) for k in (1, 39))
            return middle, (high - low) / 3.92
        return middle, (high - low) / IQR

    found: tuple[float, float] = block.once((block.table.id, leaning.name, "centre"), make)
    return found


def _sample(block: TableBlock, leaning: Leaning, of: Callable[[Values], Any]) -> NDArray[np.float64]:
    """What some rows of the whole table have, the same rows however it is cut; rows without a value left out."""
    table, total = block.table, block.total(block.table.id)
    pieces = []
    for part in block.run.blocks_of(table.id):
        values = leaning.reader(part)
        inside = present(values, part.rows)
        if total > SAMPLE:
            inside = inside & (permuted_rank(part.row_number, total, salt_of("sample", table.key)) < SAMPLE)
        pieces.append(of(values)[inside])
    return np.concatenate(pieces) if pieces else np.zeros(0)


def _intercept(block: TableBlock, column: ColumnPlan, spoil: Spoil) -> float:
    """The `a` under which rows that are drawn one by one come to the rate in the mean over the table."""
    assert spoil.leaning is not None
    leaning = spoil.leaning

    def make() -> float:
        total, pieces = block.total(block.table.id), []
        for part in block.run.blocks_of(block.table.id):
            inside = present(part.column(column.name), part.rows)
            if total > SAMPLE:
                inside = inside & (permuted_rank(part.row_number, total, salt_of("sample", part.table.key)) < SAMPLE)
            pieces.append(scores(part, leaning)[inside])
        seen = np.concatenate(pieces) if pieces else np.zeros(0)
        if not len(seen) or spoil.rate <= 0:
            return -np.inf
        if spoil.rate >= 1:
            return np.inf
        low, high = -60.0, 60.0
        for _ in range(80):  # halves an interval of 120 to less than a float can tell
            middle = (low + high) / 2.0
            chances = 1.0 / (1.0 + elementary.exp(-(middle + seen)))
            mean = int(np.rint(chances * 2.0**40).astype(np.int64).sum()) / len(seen) / 2.0**40
            low, high = (middle, high) if mean < spoil.rate else (low, middle)
        return (low + high) / 2.0

    found: float = block.once((block.table.id, column.name, "intercept", spoil.key), make)
    return found


def copied_rows(run: Any, table: TablePlan) -> NDArray[np.int64]:
    """(k,) the numbers of the rows of a table that are written twice, rising; made once."""
    rows: NDArray[np.int64] = run.once((table.id, "copies"), lambda: copies_among(table, run.total(table.id)))
    return rows


def copies_among(table: TablePlan, total: int) -> NDArray[np.int64]:
    """(k,) the same where the table has so many rows; none where no row is copied."""
    copies = table.copies
    if copies is None or total == 0:
        return np.zeros(0, dtype=np.int64)
    if copies.exact:
        [number] = quotas([copies.rate], total)
        return np.sort(unpermute(np.arange(number, dtype=np.int64), total, table.key ^ copies.key))
    found = []
    for first in range(0, total, DRAW_ROWS):  # over pieces of a table
        rows = np.arange(first, min(first + DRAW_ROWS, total), dtype=np.int64)
        found.append(rows[uniform(root_addresses(table.key, rows), copies.key) < copies.rate])
    return np.concatenate(found)
