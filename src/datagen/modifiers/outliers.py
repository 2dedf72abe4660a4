"""Real extremes: a share of the rows far above or below the rest, in an exact number, alone or in bursts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import NUMBERS, Block, Change, Draw, Fill, Modifier, Scope, Values
from datagen.errors import quoted
from datagen.kernel.address import salt_of
from datagen.kernel.draws import uniform
from datagen.kernel.permute import permuted_rank
from datagen.modifiers._numbers import floats
from datagen.schema.weights import share, share_hint

DAY_US = 86_400_000_000
BURST_LENGTH = 5  # mean rows of a burst
DEFAULT = {"type": "lognormal", "params": {"mean": 0.0, "sigma": 0.5}, "clamp": [0.1, 10]}


class Outliers(Modifier):
    """Multiplies exactly round(rate × rows) values by 1 + m (spike, burst) or divides them by 1 + m (drop).

    Params: rate, a share of the rows; mode, where burst puts the same share into runs of consecutive rows in time order (mean
    length 5); magnitude_dist, a law for m (lognormal(0, 0.5) in [0.1, 10] unless given). On a datetime m is days, later
    for spike and burst, earlier for drop. Which rows: rank under a keyed permutation of the table's rows.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "transform": "outliers",
            "args": {
                "rate": 0.1,
                "mode": "spike",
                "magnitude_dist": {"type": "uniform", "params": {"low": 1, "high": 3}},
            },
        }
    ]

    rate: float | int | str = Field(description="share of the rows")
    mode: Literal["spike", "drop", "burst"] = Field(
        default="spike",
        description="spike times 1 + m, drop divided by it, or burst: a spike over runs of rows in time order",
    )
    magnitude_dist: dict[str, Any] | None = Field(
        default=None, description="law of m, which moves a value by the factor 1 + m; on a datetime m is days"
    )

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        yield (scope.table, NUMBERS)
        if self.magnitude_dist:
            yield from scope.law_reads(self.magnitude_dist)
        if self.mode == "burst" and scope.time_column not in (None, scope.column):
            yield scope.time_column

    def moves(self, scope: Scope) -> str:
        return "its number of outliers is exact over all rows"

    def bind(self, scope: Scope) -> Change:
        times = scope.value_type in ("datetime", "date")
        if not times and scope.value_type not in ("int", "float"):
            scope.refuse(
                "modifier.needs_number",
                (),
                found=f"outliers on {scope.value_type} values",
                expected="a number or a datetime",
            )
        rate = share(self.rate)
        if rate is None or not 0 <= rate <= 1:
            scope.refuse(
                "share.out_of_range",
                "rate",
                found=quoted(self.rate),
                expected="a share between 0 and 1, such as 0.05 or 5%",
                hint=share_hint(self.rate),
            )
            return lambda block, values: values
        if self.mode == "burst" and scope.column == scope.time_column:
            scope.refuse(
                "outliers.burst_of_times",
                "mode",
                found="bursts on the column that gives the time order",
                expected="spike or drop on a time column",
            )
        magnitude = scope.law(self.magnitude_dist or DEFAULT, "magnitude_dist")
        if magnitude is None:
            return lambda block, values: values
        if magnitude.constant and magnitude.support()[0] <= -1:
            scope.refuse(
                "outliers.magnitude",
                "magnitude_dist",
                found=f"magnitudes down to {magnitude.support()[0]:g}",
                expected="magnitudes above -1: values are scaled by 1 + m",
            )
        return _change(
            self._which(scope, rate), magnitude, scope.salt("magnitude"), times=times, drops=self.mode == "drop"
        )

    def labels(self, scope: Scope) -> Mapping[str, Fill]:
        rate = share(self.rate)
        if rate is None:
            return {}
        which = self._which(scope, rate)
        return {"outlier": lambda block: Values("bool", which(block))}

    def _which(self, scope: Scope, rate: float) -> Any:
        return _bursts(scope, rate) if self.mode == "burst" else _alone(scope, rate)


def _change(which: Any, magnitude: Draw, salt: int, *, times: bool, drops: bool) -> Change:
    def change(block: Block, values: Values) -> Values:
        far = which(block)
        if not far.any():
            return values
        m = magnitude.quantile(block.uniform(salt), block)
        if times:
            shift = np.rint(m * (-DAY_US if drops else DAY_US)).astype(np.int64)
            return values.changed(array=np.where(far, values.array + shift, values.array))
        numbers = floats(values)
        return values.changed(
            kind="float", array=np.where(far, numbers / (1.0 + m) if drops else numbers * (1.0 + m), numbers)
        )

    return change


def quota(rate: float, rows: int) -> int:
    """The exact number of rows that a rate means."""
    return int(np.floor(rate * rows + 0.5))


def _alone(scope: Scope, rate: float) -> Any:
    key, table = scope.seeded("which"), scope.table

    def which(block: Block) -> NDArray[np.bool_]:
        rows = block.total(table)
        return permuted_rank(block.row_number, rows, key) < quota(rate, rows)

    return which


def _bursts(scope: Scope, rate: float) -> Any:
    key, table, time = scope.seeded("which"), scope.table, scope.time_column

    def made(block: Block) -> NDArray[np.bool_]:
        rows = block.total(table)
        if time is None:
            return burst_places(quota(rate, rows), rows, key)
        order = np.argsort(block.whole(table, time).array, kind="stable")
        flags = np.zeros(rows, dtype=np.bool_)
        flags[order] = burst_places(quota(rate, rows), rows, key)
        return flags

    return lambda block: block.once((table, scope.column, "bursts", key), lambda: made(block))[block.row_number]


def burst_places(wanted: int, rows: int, key: int) -> NDArray[np.bool_]:
    """(rows,) exactly `wanted` places marked, in runs of about BURST_LENGTH: one run inside each of equal stretches."""
    places = np.zeros(rows, dtype=np.bool_)
    if wanted == 0:
        return places
    if wanted > rows // 2:
        return ~burst_places(rows - wanted, rows, key)  # runs of the rest: stretches then have room for their run
    runs = min(max(1, round(wanted / BURST_LENGTH)), wanted)
    edges = np.arange(runs + 1, dtype=np.int64) * rows // runs
    lengths = np.diff(np.arange(runs + 1, dtype=np.int64) * wanted // runs)
    u = uniform(np.arange(runs, dtype=np.uint64), salt_of("burst", key))
    starts = edges[:-1] + np.floor(u * (np.diff(edges) - lengths + 1)).astype(np.int64)
    steps = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + lengths, -1)
    return np.cumsum(steps[:-1]) > 0
