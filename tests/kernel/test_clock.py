"""The calendar for arrays of times, against Python's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from numpy.typing import NDArray

from datagen.kernel import clock
from datagen.schema.times import FIRST_US, LAST_US

EPOCH = datetime(1970, 1, 1)
PARTS: list[tuple[Callable[..., NDArray[np.int64]], Callable[[datetime], int]]] = [
    (clock.hour, lambda moment: moment.hour),
    (clock.dow, lambda moment: moment.weekday()),
    (clock.day, lambda moment: moment.day),
    (clock.month, lambda moment: moment.month),
    (clock.year, lambda moment: moment.year),
    (clock.month_index, lambda moment: (moment.year - 1970) * 12 + moment.month - 1),
]


def moments() -> NDArray[np.int64]:
    """Times of all years, the borders of days and months among them, leap days of every kind of century."""
    anywhere = np.random.default_rng(5).integers(FIRST_US, LAST_US, 4_000)
    corners = [
        (datetime(year, month, day) - EPOCH) // timedelta(microseconds=1) + shift
        for year in (1, 4, 100, 400, 1600, 1900, 1969, 1970, 2000, 2023, 2024, 2100, 9999)
        for month in range(1, 13)
        for day in (1, 28)
        for shift in (-1, 0, 86_400_000_000)
    ]
    times = np.concatenate([anywhere, np.array(corners), [FIRST_US, LAST_US - 1]])
    return times[(times >= FIRST_US) & (times < LAST_US)]


@pytest.mark.parametrize(("part", "expected"), PARTS, ids=[part.__name__ for part, _ in PARTS])
def test_parts_of_a_time_are_those_of_the_calendar(
    part: Callable[..., NDArray[np.int64]], expected: Callable[[datetime], int]
) -> None:
    times = moments()
    found = part(times)
    assert found.dtype == np.int64
    wanted = [expected(EPOCH + timedelta(microseconds=int(time))) for time in times]
    assert found.tolist() == wanted


def test_a_month_starts_on_its_first_microsecond() -> None:
    months = np.arange(-1969 * 12, 8030 * 12)
    starts = clock.month_start(months)
    assert (clock.month_index(starts) == months).all()
    assert (clock.month_index(starts[1:] - 1) == months[:-1]).all()


def test_asking_for_a_part_leaves_the_times_alone() -> None:
    times = moments()
    before = times.copy()
    for part, _ in PARTS:
        part(times)
    assert (times == before).all()
