"""Figures along families: short and long ones by different ways, with equal results; none sees another."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datagen.kernel import families
from datagen.kernel.families import Families, balances

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=30)


def drawn(sizes: list[int], seed: int) -> tuple[Families, np.ndarray]:  # type: ignore[type-arg]
    found = Families(np.array(sizes, dtype=np.int64))
    return found, np.random.default_rng(seed).normal(0, 1e3, int(found.lengths.sum()))


def cut(sizes: list[int], values: np.ndarray) -> list[list[float]]:  # type: ignore[type-arg]
    return [part.tolist() for part in np.split(values, np.cumsum(sizes)[:-1])]


@given(lengths, st.integers(0, 99), st.sampled_from([0, 1, 3, 5, 128]))
def test_running_sums_are_those_of_each_family_alone(sizes: list[int], seed: int, short: int) -> None:
    """Bit for bit, whether a family goes with others or alone."""
    found, values = drawn(sizes, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(families, "SHORT", short)
        made = found.along(np.add, values)
    assert cut(sizes, made) == [list(accumulate(part)) for part in cut(sizes, values)]


@given(lengths, st.integers(0, 99), st.sampled_from([-500, 0, 200]))
def test_a_floor_holds_as_it_does_step_by_step(sizes: list[int], seed: int, floor: int) -> None:
    found, values = drawn(sizes, seed)
    moves = np.rint(values).astype(np.int64)
    start = np.arange(len(sizes), dtype=np.int64) * 10
    told = balances(found, moves, start, floor)
    wanted = []
    for begin, part in zip(start.tolist(), cut(sizes, moves), strict=True):
        wanted.append(list(accumulate(part, lambda held, move: max(floor, held + move), initial=begin))[1:])
    assert cut(sizes, told) == wanted
    # of floats to rounding, and never below the floor
    floats = balances(found, moves / 100, start / 100, floor / 100)
    assert np.allclose(floats, told / 100, rtol=1e-11, atol=1e-9)
    assert floats.min() >= floor / 100


def test_sums_and_extremes_are_taken_of_the_rows_to_keep() -> None:
    found = Families(np.array([2, 1, 3]))
    values, keep = np.array([1.5, 2.0, 9.0, -4.0, -5.0, 7.0]), np.array([True, True, False, True, True, False])
    assert found.total(values).tolist() == [3.5, 9.0, -2.0]
    assert found.total(values, keep).tolist() == [3.5, 0.0, -9.0]
    assert found.largest(values, keep).tolist() == [2.0, -np.inf, -4.0]
    assert found.order(np.array([2, 1, 0, 5, 4, 4])).tolist() == [1, 0, 2, 4, 5, 3]
    assert found.place.tolist() == [0, 1, 0, 0, 1, 2]
