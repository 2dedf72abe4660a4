"""Seasonality of times that follow others: proposals from the delay, taken as often as their weight says.

A proposal is drawn inside the bounds of its row and taken with the chance weight / largest weight; else another one is
drawn, so what is taken has the density of the law times the weight. After `MOST` proposals the best one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.generators._delayed import Delays
from datagen.generators._zones import ZoneReaders
from datagen.schema.times import DAY_US

if TYPE_CHECKING:
    from datagen.kernel.seasons import Season
    from datagen.modifiers.seasonality import Seasonality

MOST = 64  # proposals of a row; with a quarter of the time open, 1 row in 10^8 uses them up
# half days of four years: the points at which the largest weight of smooth months is looked for
HALF_DAYS = np.arange(4 * 365 * 2 + 2, dtype=np.int64) * (DAY_US // 2)

Times = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SeasonWeights:
    """The seasonalities of a column of times; zones reads the zones of each row, where columns tell them."""

    seasons: tuple[Seasonality, ...]
    zones: ZoneReaders | None

    @classmethod
    def of(cls, scope: Scope) -> Self | None:
        """Those of the column; None without any, and after a refusal."""
        from datagen.modifiers._shapes import seasons

        found = tuple(one for one in seasons(scope) if not one.fault)
        if scope.column_type == "date":
            for one in found:
                if one.dimension == "hour":
                    scope.tolerate(
                        "time.pattern_finer_than_freq",
                        (),
                        found="weights by hour on times that fall on a grid of days",
                        expected="a grid fine enough to show the hours",
                        hint="type: datetime, or drop these weights",
                    )
            found = tuple(one for one in found if one.dimension != "hour")
        return cls(found, ZoneReaders.of(season.zones(scope, loud=False) for season in found)) if found else None

    def __call__(self, block: Block, times: Times) -> Floats:
        """(n,) the weight of each time over the largest one there is."""
        if self.zones is None:
            return _weight([one.season() for one in self.seasons], times)
        weights = np.empty(len(times), dtype=np.float64)
        sets, codes = self.zones.codes(block)
        for code, zones in enumerate(sets):  # over zones, not rows
            mine = codes == code
            weights[mine] = _weight([one.season(self.zones.named(zones)) for one in self.seasons], times[mine])
        return weights


def _weight(seasons: Sequence[Season], times: Times) -> Floats:
    found = np.ones(len(times), dtype=np.float64)
    for season in seasons:
        top = float(season.written(HALF_DAYS).max()) if season.smooth else max(season.weights)
        found = found * (season.written(times) / top)
    return found


def accepted(found: Delays, salts: Sequence[tuple[int, int]], weights: SeasonWeights) -> Times:
    """(n,) the first proposal of each row that its weight accepts, the best one where none is accepted.

    salts: of the draw and of its acceptance, for each round.
    """
    times = found.times(found.block.uniform(salts[0][0]))
    best = weights(found.block, times)
    left = np.flatnonzero((found.block.uniform(salts[0][1]) >= best) & ~found.fixed)
    for draw, accept in salts[1:]:  # over rounds, not rows
        if not len(left):
            break
        some = found.some(left)
        proposed = some.times(some.block.uniform(draw))
        weight = weights(some.block, proposed)
        taken = some.block.uniform(accept) < weight
        better = taken | (weight > best[left])
        times[left[better]], best[left[better]] = proposed[better], weight[better]
        left = left[~taken]
    return times
