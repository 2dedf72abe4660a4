"""Calendars by time zone: one line per zone, of the time that matters, whatever blocks met before asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from datagen.kernel.clock import DAY_US
from datagen.kernel.intensity import Calendar
from datagen.rows import _zone_lines
from datagen.rows._zone_lines import ZoneLines

STEP = DAY_US // 96
CELLS = 96 * 1_000
ORIGIN = 20_000 * DAY_US


@dataclass
class Reader:
    """Stands for a column of zones: the block is a list of them."""

    def codes(self, block: Any) -> tuple[tuple[str, ...], Any]:
        names = tuple(sorted(set(block)))
        return names, np.array([names.index(one) for one in block], dtype=np.int64)


def rates(zone: str) -> Any:
    return 1.0 + np.abs(np.arange(CELLS) % 96 - 48 - len(zone)) / 48.0 * (np.arange(CELLS) % 96 > 20)


def lines(made: list[str]) -> ZoneLines:
    def line(zone: str) -> Any:
        made.append(zone)
        return rates(zone)

    return ZoneLines(Reader(), line, ORIGIN, STEP, CELLS)  # type: ignore[arg-type]


def moments(first_day: int) -> Any:
    return ORIGIN + first_day * DAY_US + np.arange(500, dtype=np.int64) * ((1_000 - first_day) * DAY_US // 500)


def test_a_line_cut_to_its_last_days_gives_the_same_times() -> None:
    asked: Any = ["a", "bb", "a", "ccc"]
    calendar, group = lines([])(asked, ORIGIN + 970 * DAY_US)
    assert calendar.cells < CELLS / 10
    for name, line in zip(asked, group, strict=True):
        whole = Calendar(ORIGIN, STEP, rates(name)[None, :])
        times = moments(970)
        days = whole.days(times)
        own = np.full(len(times), line, dtype=np.int64)
        assert calendar.days(times, own).tobytes() == days.tobytes()
        back = whole.time(days)
        assert calendar.time(days, own).tobytes() == back.tobytes()


def test_a_zone_is_worked_out_once_and_again_when_rows_begin_earlier() -> None:
    made: list[str] = []
    zoned = lines(made)
    asked: Any
    for asked in (["a"], ["a", "bb"], ["bb"], ["a"]):
        zoned(asked, ORIGIN + 970 * DAY_US)
    assert made == ["a", "bb"]
    calendar, group = zoned(["bb"], ORIGIN)  # type: ignore[arg-type]
    assert calendar.cells == CELLS
    times = moments(0)
    whole = Calendar(ORIGIN, STEP, rates("bb")[None, :])
    assert calendar.days(times, np.full(500, group[0])).tobytes() == whole.days(times).tobytes()


def test_no_more_cells_are_kept_than_allowed(monkeypatch: Any) -> None:
    monkeypatch.setattr(_zone_lines, "MOST_CELLS", 3 * CELLS)
    zoned = lines([])
    for last in range(1, 12):
        asked: Any = ["x" * last, "x" * (last + 1)]
        calendar, group = zoned(asked, ORIGIN)
        assert calendar.groups <= 3
        whole = Calendar(ORIGIN, STEP, rates(asked[1])[None, :])
        times = moments(0)
        assert calendar.days(times, np.full(500, group[1])).tobytes() == whole.days(times).tobytes()
