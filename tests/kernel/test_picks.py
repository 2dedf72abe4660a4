"""Picks are uniform over the rows, and added rows move only the picks that they win."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datagen.kernel.address import root_addresses, salt_of, table_key
from datagen.kernel.draws import bits
from datagen.kernel.picks import pick_row

N = 300_000
WORDS = bits(root_addresses(table_key(42, "orders"), np.arange(N)), salt_of("orders", "customer", "pick", 0))


def test_picks_never_change() -> None:
    words = np.array([0xE494B84AA51FBA92, 0x8C5C6F511306159D, 0x80730D84C0380A32, 0x71E68A5BB98604A4], dtype=np.uint64)
    assert pick_row(words, 10).tolist() == [3, 7, 3, 4]
    assert pick_row(words, 1_000).tolist() == [720, 447, 841, 148]
    assert pick_row(words, 10**9).tolist() == [691761212, 430822757, 3413849, 768056032]


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 7, 8, 9, 33, 64, 65, 100, 1_000, 1_025, 4_095])
def test_every_row_is_as_likely_as_any_other(rows: int) -> None:
    counts = np.bincount(pick_row(WORDS, rows), minlength=rows)
    assert len(counts) == rows
    assert rows == 1 or stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("rows", [10**6, 10**9, 2**40 + 1, 2**52])
def test_picks_among_many_rows_are_spread_evenly(rows: int) -> None:
    picks = pick_row(WORDS, rows)
    assert picks.min() >= 0
    assert picks.max() < rows
    assert stats.kstest(picks / rows, "uniform").pvalue > 1e-4


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 7, 8, 63, 64, 65, 100, 1_023, 1_024, 1_025])
def test_an_added_row_moves_only_the_picks_that_it_wins(rows: int) -> None:
    before, after = pick_row(WORDS, rows), pick_row(WORDS, rows + 1)
    moved = before != after
    assert (after[moved] == rows).all()
    # one in rows + 1 moves, 4.5 standard errors
    assert abs(moved.mean() - 1 / (rows + 1)) < 4.5 * (rows / (rows + 1) ** 2 / N) ** 0.5


def test_one_per_cent_more_rows_move_one_per_cent_of_the_picks() -> None:
    for rows, more in ((10_000, 10_100), (1_000, 1_010), (1_020, 1_030)):
        before, after = pick_row(WORDS, rows), pick_row(WORDS, more)
        moved = before != after
        assert (after[moved] >= rows).all()
        share = 1 - rows / more
        assert abs(moved.mean() - share) < 4.5 * (share / N) ** 0.5


def test_the_picks_that_move_come_from_all_rows_alike() -> None:
    for rows in (8, 20, 63, 64):
        before, after = pick_row(WORDS, rows), pick_row(WORDS, rows + 1)
        assert stats.chisquare(np.bincount(before[before != after], minlength=rows)).pvalue > 1e-4


def test_each_pick_can_have_its_own_number_of_rows() -> None:
    sizes = np.arange(N) % 2_000
    picks = pick_row(WORDS, sizes)
    assert (picks[sizes == 0] == -1).all()
    assert (picks[sizes > 0] >= 0).all()
    assert (picks < np.maximum(sizes, 1)).all()
    for size in (1, 2, 3, 64, 65, 1_999):
        assert np.array_equal(picks[sizes == size], pick_row(WORDS[sizes == size], size))


def test_nothing_to_pick_from_gives_minus_one() -> None:
    assert pick_row(WORDS[:3], 0).tolist() == [-1, -1, -1]
    assert pick_row(WORDS[:0], 5).tolist() == []
    assert pick_row(WORDS[:2], np.int64(1)).tolist() == [0, 0]


def test_more_rows_than_can_be_picked_from_are_refused() -> None:
    with pytest.raises(ValueError, match=r"at most 2\^52"):
        pick_row(WORDS[:1], 2**52 + 1)


def test_two_columns_pick_independently() -> None:
    other = bits(root_addresses(table_key(42, "orders"), np.arange(N)), salt_of("orders", "product", "pick", 0))
    table = np.zeros((20, 20))
    np.add.at(table, (pick_row(WORDS, 20), pick_row(other, 20)), 1)
    assert stats.chi2_contingency(table).pvalue > 1e-4
