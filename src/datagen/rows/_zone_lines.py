"""The calendars of parents that live in different time zones: a line of rates for every zone, made when it is met."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.generators._zones import ZoneReaders, Zones
from datagen.kernel.clock import DAY_US
from datagen.kernel.intensity import Calendar, running

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_CELLS = 3_000_000  # cells of all zones that are kept, 24 bytes each; a block that needs more has them for itself


class ZoneLines:
    """The calendar of a block of parents and the line of each in it. A line depends on its zones alone.

    What lies before the first moment at which any parent met so far can have rows is added up and not kept: a line may be
    years long, in quarters of hours, and rows come in its last days only.
    """

    def __init__(self, zones: ZoneReaders, line: Callable[[Zones], Floats], origin: int, step: int, cells: int) -> None:
        self.zones, self._line, self.origin, self.step, self.cells = zones, line, origin, step, cells
        self._first = cells  # the first cell that is kept
        self._names: dict[Zones, int] = {}  # zones of a parent -> their line
        self._calendar: Calendar | None = None

    def __call__(self, parent: Block, start: int) -> tuple[Calendar, Ints]:
        """start: the first moment at which one of these parents can have rows, in microseconds."""
        names, group = self.zones.codes(parent)
        first = min(max((start - self.origin) // self.step, 0), self.cells - 1)
        if first < self._first:
            # a little more than is asked for: the next block may begin earlier still
            self._first = max(0, min(first, self.cells - 2 * (self.cells - first)))
            self._names, self._calendar = {}, None
        new = [name for name in names if name not in self._names]
        if new or self._calendar is None:
            if (len(self._names) + len(new)) * (self.cells - self._first) > MOST_CELLS:
                self._names, self._calendar, new = {}, None, list(names)
            self._add(new)
        assert self._calendar is not None
        return self._calendar, np.array([self._names[name] for name in names], dtype=np.int64)[group]

    def _add(self, names: list[Zones]) -> None:
        each, sums = [], []
        for name in names:
            line = self._line(name)[None, :] * (self.step / DAY_US)
            each.append(line[:, self._first :].copy())
            sums.append(running(line)[:, self._first :].copy())
            self._names[name] = len(self._names)
        if self._calendar is not None:
            each[:0], sums[:0] = ([lines] for lines in self._calendar.lines)
        origin = self.origin + self._first * self.step
        self._calendar = Calendar.of_lines(origin, self.step, np.concatenate(each), np.concatenate(sums))
