"""Shares that come out to the row: largest remainder over all, controlled rounding inside groups, ranks inside groups."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from tests.support import examples

from datagen.kernel import draws
from datagen.kernel.permute import permuted_within
from datagen.kernel.quotas import largest_remainder, placed, placed_in_groups, running_shares

WEIGHTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=12).filter(lambda weights: sum(weights) > 1e-3)


@settings(max_examples=examples(300))
@given(WEIGHTS, st.integers(0, 10**7))
def test_largest_remainders_sum_to_the_total_and_are_within_a_row_of_their_share(
    weights: list[float], total: int
) -> None:
    counts = largest_remainder(weights, total)
    assert counts.sum() == total
    share = np.array(weights) / sum(weights) * total
    assert (np.abs(counts - share) < 1 + 1e-6).all()
    assert (counts[np.array(weights) == 0] == 0).all()


def test_whole_shares_are_taken_as_they_are() -> None:
    assert largest_remainder([0.6, 0.3, 0.1], 25_000).tolist() == [15_000, 7_500, 2_500]
    assert largest_remainder([0.7, 0.2, 0.08, 0.02], 150).tolist() == [105, 30, 12, 3]


def test_what_is_left_goes_to_the_largest_remainders_and_of_equal_ones_to_the_first() -> None:
    assert largest_remainder([0.85, 0.1, 0.05], 7).tolist() == [6, 1, 0]
    assert largest_remainder([1, 1, 1], 7).tolist() == [3, 2, 2]


def test_places_follow_the_counts() -> None:
    assert placed(np.array([2, 0, 1]), np.array([0, 1, 2])).tolist() == [0, 0, 2]


def groups(size: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rank, count and key of each row of equal groups."""
    keys = draws.bits(np.arange(number, dtype=np.uint64), 99)
    return np.tile(np.arange(size), number), np.full(size * number, size), np.repeat(keys, size)


@pytest.mark.parametrize("size", [1, 2, 3, 10, 40])
def test_every_group_keeps_the_shares_and_the_mean_over_groups_is_the_share(size: int) -> None:
    shares = np.array([0.1, 0.3, 0.6])
    rank, count, keys = groups(size, 20_000)
    u = draws.uniform(keys, 7)
    counts = np.zeros((20_000, 3))
    np.add.at(counts, (np.arange(len(rank)) // size, placed_in_groups(running_shares(shares), rank, count, u)), 1)
    assert (np.abs(counts - shares * size) < 1).all()
    # a count is floor or ceil of its share: its standard error over 20,000 groups is at most 0.5 / sqrt(20,000)
    assert (np.abs(counts.mean(axis=0) - shares * size) < 4 * 0.5 / np.sqrt(20_000)).all()
    if size in (10, 40):
        assert (counts == shares * size).all()


def test_groups_that_always_round_one_way_would_not_keep_the_shares() -> None:
    """The twin: the largest remainder inside groups of one gives every row to the largest share."""
    assert largest_remainder([0.1, 0.3, 0.6], 1).tolist() == [0, 0, 1]


@pytest.mark.parametrize("size", [2, 3, 4, 5, 7])
def test_ranks_inside_groups_are_permutations_and_all_equally_likely(size: int) -> None:
    rank, count, keys = groups(size, 60_000)
    mixed = permuted_within(rank, count, keys).reshape(-1, size)
    assert (np.sort(mixed, axis=1) == np.arange(size)).all()
    for first, second in itertools.combinations(range(size), 2):
        pairs = np.bincount(mixed[:, first] * size + mixed[:, second], minlength=size * size)
        possible = [a * size + b for a in range(size) for b in range(size) if a != b]
        assert chisquare(pairs[possible]).pvalue > 1e-4  # 42 looks in all: once in 240 by chance


def test_ranks_inside_large_and_mixed_groups() -> None:
    sizes = np.array([1, 5, 100_000, 3])
    count = np.repeat(sizes, sizes)
    rank = np.concatenate([np.arange(size) for size in sizes])
    mixed = permuted_within(rank, count, np.repeat(draws.bits(np.arange(4, dtype=np.uint64), 1), sizes))
    for start, size in zip(np.cumsum(sizes) - sizes, sizes, strict=True):
        assert (np.sort(mixed[start : start + size]) == np.arange(size)).all()
    wide = mixed[6:100_006]
    assert abs(np.corrcoef(np.arange(100_000), wide)[0, 1]) < 4 / np.sqrt(100_000)
