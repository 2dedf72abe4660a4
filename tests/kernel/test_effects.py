"""Effect tables against a double loop over rows and effect rows."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from datagen.kernel import effects
from datagen.kernel.effects import Combine, Stretches, TimeRanks, averaged, multiplied, stretches

COMBINES: tuple[Combine, ...] = ("first", "product", "sum", "max")


class Rows(NamedTuple):
    """An effect table: key, start, end (exclusive) and factor of each row; and how many keys there are."""

    codes: list[int]
    starts: list[int]
    ends: list[int]
    values: list[float]
    keys: int

    def stretches(self, combine: Combine, default: float = 1.5) -> Stretches:
        return stretches(
            np.array(self.codes, dtype=np.int64),
            np.array(self.starts, dtype=np.int64),
            np.array(self.ends, dtype=np.int64),
            np.array(self.values, dtype=np.float64),
            keys=self.keys,
            default=default,
            combine=combine,
        )

    def factor(self, key: int, time: int, combine: Combine, default: float = 1.5) -> float:
        found = [
            value
            for code, start, end, value in zip(self.codes, self.starts, self.ends, self.values, strict=True)
            if code == key and start <= time < end
        ]
        if not found:
            return default
        if combine == "first":
            return found[0]
        return {"product": float(np.prod(found)), "sum": sum(found), "max": max(found)}[combine]


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    keys = draw(st.integers(1, 4))
    count = draw(st.integers(0, 12))
    codes = draw(st.lists(st.integers(0, keys - 1), min_size=count, max_size=count))
    starts = draw(st.lists(st.integers(-30, 30), min_size=count, max_size=count))
    lengths = draw(st.lists(st.integers(-3, 25), min_size=count, max_size=count))
    values = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.25, 3.0]), min_size=count, max_size=count))
    return Rows(codes, starts, [a + b for a, b in zip(starts, lengths, strict=True)], values, keys)


@given(rows(), st.sampled_from(COMBINES))
def test_a_factor_is_that_of_a_double_loop(table: Rows, combine: Combine) -> None:
    made = table.stretches(combine)
    times = np.tile(np.arange(-35, 60), table.keys + 1)
    codes = np.repeat(np.arange(table.keys + 1), 95)
    found = made.factor(codes, times)
    wanted = [table.factor(int(key), int(time), combine) for key, time in zip(codes, times, strict=True)]
    assert np.allclose(found, wanted, rtol=1e-10, atol=0)


@given(rows())
def test_bisection_and_dense_table_agree(table: Rows) -> None:
    times = np.tile(np.arange(-35, 60), table.keys + 1)
    codes = np.repeat(np.arange(table.keys + 1), 95)
    dense = table.stretches("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(effects, "DENSE_CELLS", 0)
        flat = table.stretches("first")
    assert (flat.factor(codes, times) == dense.factor(codes, times)).all()
    assert (flat.stretch(codes, times) == dense.stretch(codes, times)).all()


@given(rows(), st.data())
def test_the_factors_of_one_key_do_not_depend_on_other_keys(table: Rows, data: st.DataObject) -> None:
    key = data.draw(st.integers(0, table.keys - 1))
    kept = [place for place, code in enumerate(table.codes) if code == key]
    starts, ends, values = ([column[p] for p in kept] for column in (table.starts, table.ends, table.values))
    alone = Rows([0] * len(kept), starts, ends, values, 1)
    times = np.arange(-35, 60)
    for combine in COMBINES:
        whole = table.stretches(combine).factor(np.full(len(times), key), times)
        assert (alone.stretches(combine).factor(np.zeros(len(times), dtype=np.int64), times) == whole).all()


@given(rows(), st.lists(st.integers(1, 9), min_size=5, max_size=5))
def test_the_average_over_keys_is_their_weighted_mean_at_every_time(table: Rows, weights: list[int]) -> None:
    shares = np.array(weights[: table.keys + 1], dtype=np.float64)
    shares /= shares.sum()
    times = np.arange(-35, 60)
    made = table.stretches("sum")
    wanted = sum(share * made.factor(np.full(len(times), key), times) for key, share in enumerate(shares))
    assert np.allclose(averaged(made, shares).factor(None, times), wanted, rtol=0, atol=1e-9)


@given(rows(), rows())
def test_two_effects_multiply(one: Rows, other: Rows) -> None:
    first, second = one.stretches("first"), other.stretches("max")
    pairs = np.array([(a, b) for a in range(one.keys + 1) for b in range(other.keys + 1)])
    both = multiplied([(first, pairs[:, 0]), (second, pairs[:, 1])])
    times = np.arange(-35, 60)
    for place, (a, b) in enumerate(pairs):
        wanted = first.factor(np.full(95, a), times) * second.factor(np.full(95, b), times)
        assert (both.factor(np.full(95, place), times) == wanted).all()


@given(
    st.lists(st.integers(-(10**15), 10**15), unique=True, max_size=60), st.lists(st.integers(-(2 * 10**15), 2 * 10**15))
)
def test_a_rank_is_the_number_of_borders_at_or_before(borders: list[int], times: list[int]) -> None:
    ranks = TimeRanks(np.array(sorted(borders), dtype=np.int64))
    asked = np.array([*times, *borders, *(border - 1 for border in borders)], dtype=np.int64)
    wanted = [sum(border <= time for border in borders) for time in asked.tolist()]
    assert ranks.rank(asked).tolist() == wanted


def big(count: int, keys: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    draw = np.random.default_rng(4)
    starts = draw.integers(0, 10**9, count)
    return draw.integers(0, keys, count), starts, starts + draw.integers(1, 5 * 10**8, count), draw.random(count)


@pytest.mark.parametrize("combine", ["first", "sum"])
def test_a_hundred_thousand_windows_over_each_other_are_combined(combine: Combine) -> None:
    # every window covers a quarter of the time: pairs of (window, stretch) would be 5 billion
    codes, starts, ends, values = big(100_000, 1)
    made = stretches(codes, starts, ends, values, keys=1, default=0.0, combine=combine)
    times = np.random.default_rng(6).integers(0, 15 * 10**8, 40)
    for time in times:
        open_now = (starts <= time) & (time < ends)
        wanted = (
            0.0 if not open_now.any() else values[open_now].sum() if combine == "sum" else values[open_now.argmax()]
        )
        assert made.factor(None, np.array([time]))[0] == pytest.approx(wanted, rel=1e-9)
