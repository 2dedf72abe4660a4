"""Rows of a unit-rate Poisson process: their law, and that asking for more of it never moves what is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.kernel.address import root_addresses
from datagen.kernel.cells import CHUNK, Cells, fractions, sorted_places

KEY = 0x1234_5678_9ABC_DEF0


def addresses(count: int, key: int = 7) -> np.ndarray:
    return root_addresses(key, np.arange(count, dtype=np.int64))


def cells(lengths: list[float] | np.ndarray, key: int = KEY) -> Cells:
    length = np.asarray(lengths, dtype=np.float64)
    return Cells(addresses(len(length)), length, key)


def rows_of(one: Cells) -> list[list[float]]:
    """The places of every parent."""
    owner, place = one.places(0, len(one.counts), 0, int(one.counts.sum()))
    return [place[owner == parent].tolist() for parent in range(len(one.counts))]


def test_counts_of_a_length_have_the_mean_and_variance_of_a_poisson_law() -> None:
    parents, length = 100_000, 5.0
    counts = cells(np.full(parents, length)).counts
    assert abs(counts.mean() - length) < 4 * (length / parents) ** 0.5
    # a sample variance of Poisson counts has the variance (λ + 2λ²) / n
    assert abs(counts.var() - length) < 4 * ((length + 2 * length**2) / parents) ** 0.5


def test_a_part_of_a_cell_has_its_share_of_rows() -> None:
    parents = 200_000
    for length in (0.3, 2.75):
        counts = cells(np.full(parents, length)).counts
        assert abs(counts.mean() - length) < 4 * (length / parents) ** 0.5
        assert abs(counts.var() - length) < 4 * ((length + 2 * length**2) / parents) ** 0.5


def test_one_cell_holds_as_many_rows_as_poisson_says() -> None:
    parents = 400_000
    counts = cells(np.ones(parents)).counts
    chance = np.exp(-1.0)
    for rows in range(6):
        share = (counts == rows).mean()
        assert abs(share - chance) < 4 * (chance * (1 - chance) / parents) ** 0.5
        chance /= rows + 1


def test_neighbouring_cells_are_independent() -> None:
    parents = 50_000
    drawn = cells(np.full(parents, 8.0)).drawn.reshape(parents, 8).astype(np.float64)
    for lag in range(1, 8):  # within one hash of four cells and across hashes
        left, right = drawn[:, :-lag].ravel(), drawn[:, lag:].ravel()
        correlation = np.corrcoef(left, right)[0, 1]
        assert abs(correlation) < 4 / len(left) ** 0.5, lag


def test_neighbouring_parents_are_independent() -> None:
    counts = cells(np.full(100_000, 6.0)).counts.astype(np.float64)
    assert abs(np.corrcoef(counts[:-1], counts[1:])[0, 1]) < 4 / len(counts) ** 0.5


def test_places_are_uniform_over_the_length_and_rise_within_a_parent() -> None:
    one = cells(np.full(20_000, 3.5))
    owner, place = one.places(0, 20_000, 0, int(one.counts.sum()))
    assert (np.bincount(owner, minlength=20_000) == one.counts).all()
    steps = np.diff(place)
    assert (steps[np.diff(owner) == 0] >= 0).all()
    assert place.min() >= 0
    assert place.max() < 3.5
    # the largest gap between the empirical and the uniform distribution: 1.95 / √n is its 1 in 1,000 bound
    ranks = np.arange(1, len(place) + 1) / len(place)
    assert np.abs(np.sort(place) / 3.5 - ranks).max() < 1.95 / len(place) ** 0.5


@given(st.lists(st.tuples(st.floats(0, 40), st.floats(0, 40)), min_size=1, max_size=6))
def test_a_longer_process_only_adds_rows_behind(lengths: list[tuple[float, float]]) -> None:
    short = rows_of(cells([length for length, _ in lengths]))
    long = rows_of(cells([length + more for length, more in lengths]))
    for before, after, (length, _) in zip(short, long, lengths, strict=True):
        assert after[: len(before)] == before
        assert all(place >= length for place in after[len(before) :])


def test_other_parents_change_nothing() -> None:
    many = cells(np.linspace(0.0, 30.0, 50))
    for parent in (0, 7, 49):
        alone = Cells(many.address[parent : parent + 1], many.length[parent : parent + 1], KEY)
        assert rows_of(alone)[0] == rows_of(many)[parent]


@given(st.lists(st.floats(0, 25), min_size=1, max_size=8), st.data())
def test_slices_are_the_same_rows_as_the_whole(lengths: list[float], data: st.DataObject) -> None:
    one = cells(lengths)
    whole = rows_of(one)
    first = data.draw(st.integers(0, len(lengths) - 1))
    last = data.draw(st.integers(first + 1, len(lengths)))
    owner, place = one.places(first, last, 0, int(one.counts[first:last].sum()))
    for parent in range(first, last):
        assert place[owner == parent].tolist() == whole[parent]


def test_a_wide_parent_is_the_same_in_any_slices() -> None:
    one = cells([2.5 * CHUNK + 0.25, 3.0])
    rows = int(one.counts[0])
    expected = rows_of(one)[0]
    assert abs(rows - one.length[0]) < 4 * one.length[0] ** 0.5
    for step in (977, 4_096, rows):
        found = [one.places(0, 1, skip, min(step, rows - skip))[1] for skip in range(0, rows, step)]
        assert np.concatenate(found).tolist() == expected


def test_the_end_of_a_very_wide_parent_agrees_with_its_count() -> None:
    # beyond 2^21 cells a place has fewer bits than its fraction; counts and places must still agree
    lengths = np.array([2.0**21 + 0.5, 2.0**21 + 2.0**-31, 0.0])
    one = Cells(addresses(3), lengths, KEY)
    owner, place = one.places(0, 3, 0, int(one.counts.sum()))
    assert (np.bincount(owner, minlength=3) == one.counts).all()
    assert (place <= lengths[owner]).all()


@pytest.mark.parametrize("length", [0.0, 1e-12])
def test_no_time_has_no_rows(length: float) -> None:
    one = cells([length, length, length])
    assert one.counts.tolist() == [0, 0, 0]
    assert one.places(0, 3, 0, 0)[1].tolist() == []
    assert one.places(1, 2, 0, 0)[1].tolist() == []


def test_other_keys_give_other_rows() -> None:
    assert rows_of(cells([10.0, 10.0])) != rows_of(cells([10.0, 10.0], key=KEY + 1))


def test_fractions_are_sorted_inside_their_cells_only() -> None:
    cell = np.repeat(np.arange(1_000, dtype=np.int64), 5)
    fraction = fractions(np.repeat(addresses(1_000), 5), KEY, np.tile(np.arange(5, dtype=np.int64), 1_000))
    expected = np.sort(fraction.reshape(1_000, 5), axis=1).ravel()
    sorted_places(cell, fraction)
    assert (fraction == expected).all()
