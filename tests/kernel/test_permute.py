"""The keyed permutation gives every row another rank, both ways, and ranks look shuffled."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from datagen.kernel.address import mix
from datagen.kernel.permute import permuted_rank, permuted_within, unpermute


def test_ranks_never_change() -> None:
    assert permuted_rank(np.arange(10), 10, 7).tolist() == [4, 8, 1, 3, 6, 7, 9, 2, 5, 0]
    assert permuted_rank(np.array([0, 1, 2, 999]), 1_000, 7).tolist() == [565, 266, 605, 968]


@pytest.mark.parametrize("key", [0, 1, 0xFFFFFFFFFFFFFFFF])
def test_every_rank_is_given_once_for_every_small_table(key: int) -> None:
    for n in range(1, 301):
        ranks = permuted_rank(np.arange(n), n, key + n)
        assert np.array_equal(np.sort(ranks), np.arange(n)), n
        assert np.array_equal(unpermute(ranks, n, key + n), np.arange(n)), n


@pytest.mark.parametrize("n", [65_535, 65_536, 65_537, 200_003, 262_143])
def test_every_rank_is_given_once_for_large_tables(n: int) -> None:
    ranks = permuted_rank(np.arange(n), n, 42)
    assert np.array_equal(np.bincount(ranks, minlength=n), np.ones(n))


@pytest.mark.parametrize("n", [10**9 + 7, 2**40 + 1, 2**53 + 3, 2**62 - 5, 2**62])
def test_huge_tables_go_there_and_back(n: int) -> None:
    rows = np.unique(np.concatenate([np.arange(1_000), n - 1 - np.arange(1_000), np.arange(1_000) * (n // 1_000)]))
    ranks = permuted_rank(rows, n, 42)
    assert ranks.min() >= 0
    assert ranks.max() < n
    assert len(np.unique(ranks)) == len(rows)
    assert np.array_equal(unpermute(ranks, n, 42), rows)


def test_a_rows_rank_does_not_depend_on_the_rows_beside_it() -> None:
    whole = permuted_rank(np.arange(50_000), 50_000, 3)
    assert np.array_equal(permuted_rank(np.arange(40_000, 40_007), 50_000, 3), whole[40_000:40_007])
    assert permuted_rank(np.array([], dtype=np.int64), 10, 3).tolist() == []


@pytest.mark.parametrize("n", [0, -1, 2**62 + 1])
def test_what_cannot_be_permuted_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match="cannot permute"):
        permuted_rank(np.arange(1), n, 1)


@pytest.mark.parametrize("n", [7, 10, 60])
def test_over_keys_each_rank_is_as_likely_as_any_other(n: int) -> None:
    first = [int(permuted_rank(np.array([n // 2]), n, key)[0]) for key in range(100 * n)]
    assert stats.chisquare(np.bincount(first, minlength=n)).pvalue > 1e-4


@pytest.mark.parametrize("n", [100, 1_000, 1_500, 5_000])
def test_no_key_leaves_neighbours_related(n: int) -> None:
    # 1,200 correlations with lags 1, 2, 4, 8: the largest of them stays below 5 standard errors
    for key in range(300):
        ranks = permuted_rank(np.arange(n), n, key) / n
        for lag in (1, 2, 4, 8):
            correlation = np.corrcoef(ranks[:-lag], ranks[lag:])[0, 1] + 1 / n
            assert abs(correlation) * (n - lag) ** 0.5 < 5, (key, lag)


def test_quotas_are_spread_over_the_table() -> None:
    n, share = 100_000, 0.04
    chosen = permuted_rank(np.arange(n), n, 42) < round(share * n)
    assert chosen.sum() == 4_000
    per_stretch = chosen.reshape(100, 1_000).sum(axis=1)
    # hypergeometric: variance 40 × 0.96 per stretch; chi-square with 99 degrees of freedom
    assert stats.chi2.sf(((per_stretch - 40) ** 2 / (40 * 0.96)).sum(), 99) > 1e-4


# --- keys and sizes of each row


def _keys(number: int) -> np.ndarray:
    keys = np.arange(number, dtype=np.uint64)
    mix(keys, np.empty_like(keys))
    return keys


def test_the_rows_of_one_key_get_every_place_once() -> None:
    sizes = np.arange(1, 301)
    owner = np.repeat(np.arange(300), sizes)
    ranks = np.arange(len(owner)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    places = permuted_within(ranks, sizes[owner], _keys(300)[owner])
    ordered = places[np.lexsort((places, owner))]
    assert np.array_equal(ordered, ranks)


def test_a_place_does_not_depend_on_the_rows_beside_it() -> None:
    sizes, keys = np.array([5, 16, 17, 100, 2**40, 1] * 9_000), _keys(54_000)
    ranks = np.minimum(np.arange(54_000) % 7, sizes - 1)
    whole = permuted_within(ranks, sizes, keys)
    some = np.array([0, 1, 2, 3, 4, 5, 53_999, 20_000])
    assert np.array_equal(permuted_within(ranks[some], sizes[some], keys[some]), whole[some])
    assert (whole < sizes).all()
    assert (whole >= 0).all()


@pytest.mark.parametrize("n", [2, 3, 5, 7, 12, 17, 18, 24, 33])
def test_over_keys_every_pair_of_places_is_as_likely_as_any_other(n: int) -> None:
    number = 200 * n * n
    keys, sizes = _keys(number), np.full(number, n)
    first, second = (permuted_within(np.full(number, rank), sizes, keys) for rank in (0, n - 1))
    pairs = np.bincount(first * n + second, minlength=n * n).reshape(n, n)
    assert np.trace(pairs) == 0
    assert stats.chisquare(pairs[~np.eye(n, dtype=bool)]).pvalue > 1e-4
