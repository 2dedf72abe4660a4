"""Rows of an entity that arrive in time: one Poisson process for the whole table, its rows numbered as they come.

The process is cut into cells of operational time like those of fan-outs, so a longer window only appends rows. How many
rows there are is known once the window is: it is counted while the plan is made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Values
from datagen.generators._foreseen import even_shares
from datagen.kernel.address import salt_of
from datagen.kernel.cells import CHUNK, ONE, Cells, fractions, sorted_places
from datagen.kernel.intensity import Intensity

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_ROWS = 2_000_000_000.0  # the cells of more would not fit in memory


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The arrivals of one table. expected: rows in the window."""

    intensity: Intensity
    cells: Cells
    ends: Ints  # (chunks,) rows up to the end of each run of CHUNK cells
    step: int
    expected: float
    description: str

    @classmethod
    def made(cls, intensity: Intensity, key: int, step: int, description: str) -> Arrivals:
        """Count the rows of an intensity of one parent."""
        cells = Cells(np.array([key], dtype=np.uint64), intensity.rows, salt_of("arrivals"))  # never key: x ^ x is 0
        size = int(cells.cells[0])
        sums = np.add.reduceat(cells.drawn, np.arange(0, max(size, 1), CHUNK), dtype=np.int64) if size else np.zeros(1)
        return cls(intensity, cells, np.cumsum(sums).astype(np.int64), step, float(intensity.rows[0]), description)

    @property
    def rows(self) -> int:
        """Rows in the window."""
        return int(self.cells.counts[0])

    def times(self, block: Block) -> Values:
        """When the rows of a block arrived, whatever rows they are."""
        numbers = block.row_number
        place = np.empty(len(numbers), dtype=np.float64)
        chunk = np.searchsorted(self.ends, numbers, side="right")
        order = np.argsort(chunk, kind="stable")
        edges = np.flatnonzero(np.diff(chunk[order])) + 1
        for rows in np.split(order, edges) if len(order) else ():  # over chunks of about 4,000 rows
            which = int(chunk[rows[0]])
            before = int(self.ends[which - 1]) if which else 0
            place[rows] = self._chunk(which, before)[numbers[rows] - before]
        times = self.intensity.time(np.zeros(len(numbers), dtype=np.int64), place)
        return Values("time", np.maximum(times - times % self.step, self.intensity.start[0]))

    def _chunk(self, which: int, before: int) -> Floats:
        """(m,) places of the rows of one chunk of cells."""
        flat = self.cells.drawn[which * CHUNK : min((which + 1) * CHUNK, int(self.cells.cells[0]))]
        cell = np.repeat(np.arange(len(flat), dtype=np.int64), flat)
        address = np.broadcast_to(self.cells.address[0], cell.shape)
        fraction = fractions(address, self.cells.key, np.arange(len(cell), dtype=np.int64) + before)
        sorted_places(cell, fraction)
        places: Floats = (cell + which * CHUNK) + fraction / ONE
        return places

    def foreseen(self) -> Floats:
        """(k,) equally likely arrival times."""
        shares = even_shares()
        places = shares * self.intensity.rows[0]
        return self.intensity.time(np.zeros(len(shares), dtype=np.int64), places).astype(np.float64)
