"""The calendars of parents that live in different time zones: a line of rates for every zone, made when it is met."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block
from datagen.generators._zones import ZoneReader
from datagen.kernel.intensity import Calendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_SETS = 8  # sets of zones whose calendars are kept: blocks of one table mostly have the same


class ZoneLines:
    """The calendar of a block of parents and the line of each in it. A line depends on its zone alone."""

    def __init__(self, zones: ZoneReader, line: Callable[[str], Floats], origin: int, step: int) -> None:
        self.zones, self._line, self.origin, self.step = zones, line, origin, step
        self._made: dict[tuple[str, ...], Calendar] = {}

    def __call__(self, parent: Block) -> tuple[Calendar, Ints]:
        names, group = self.zones.codes(parent)
        calendar = self._made.get(names)
        if calendar is None:
            if len(self._made) >= MOST_SETS:
                self._made.clear()
            calendar = Calendar(self.origin, self.step, np.stack([self._line(name) for name in names]))
            self._made[names] = calendar
        return calendar, group
