"""A value per row that remembers the one before: sensor readings, exchange rates, loads, moods."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Part, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.copula import factor
from datagen.kernel.elementary import exp, normal_quantile
from datagen.kernel.recurrence import Series as Steps
from datagen.kernel.recurrence import moving, recur, slowest, stationary_start
from datagen.schema.durations import LENGTHS
from datagen.schema.model_values import Number, Positive, Weight

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

Unit = Literal["hour", "day", "week", "month", "year"]
MOST_LAGS = 24
SLOWEST = 0.9999  # of a shock left per step: beyond this it practically never fades
SMALLEST = 2.0**-53


class OrnsteinUhlenbeck(Part):
    """A value that is pulled back to its mean: the share e^-reversion of a distance is left after one step."""

    mean: Number = 0.0
    reversion: Positive
    std: Positive
    time_unit: Unit | None = None


class BrownianMotion(Part):
    """A value that grows and spreads: the logarithm moves by drift - std²/2 a step, give or take std."""

    start: Positive = 1.0
    drift: Number = 0.0
    std: Positive
    time_unit: Unit | None = None


class Series(Generator):
    """A value per row in the order of time within the driving parent; without one, in the order of the table's rows.

    Params: ar, ma: weights of the last values and shocks, the latest first; d: how often the series is summed up; std: of
    the shocks, default 1. Or ou: {mean, reversion, std, time_unit}, which returns to its mean; std is that of the values.
    Or gbm: {start, drift, std, time_unit}, which grows. Without time_unit a step is a row, with it the time between rows.
    per: the driving parent, if it is to be said. Fills float64, mean 0 for ar and ma; the start is as if the series had
    always run, except for gbm. Source: Box and Jenkins; exact discretisation of the Ornstein-Uhlenbeck process.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"series": {"ar": [0.8], "std": 2}},
        {"series": {"ar": [0.5, 0.2], "ma": [0.4], "d": 1}},
        {"series": {"ou": {"mean": 20, "reversion": 0.1, "std": 3}}},
        {"series": {"gbm": {"start": 100, "drift": 0.001, "std": 0.02}}},
    ]

    ar: Annotated[list[float | int], Field(max_length=MOST_LAGS)] | None = Field(
        default=None, description="weights of the last values, the latest first"
    )
    ma: Annotated[list[float | int], Field(max_length=MOST_LAGS)] | None = Field(
        default=None, description="weights of the last shocks, the latest first"
    )
    d: Annotated[int, Field(ge=0, le=3)] | None = Field(
        default=None, description="how often the series is summed up, 0 to 3"
    )
    std: Weight | None = Field(default=None, description="standard deviation of the shocks")
    ou: OrnsteinUhlenbeck | None = Field(
        default=None, description="series that returns to its mean: {mean, reversion, std, time_unit}"
    )
    gbm: BrownianMotion | None = Field(
        default=None, description="series that grows by chance: {start, drift, std, time_unit}"
    )
    per: str | None = Field(default=None, description="the driving parent whose rows each have a series")

    @property
    def time_unit(self) -> Unit | None:
        """What a step is; None for a row."""
        process = self.ou or self.gbm
        return None if process is None else process.time_unit

    def reads(self, scope: Scope) -> Iterable[str]:
        time = scope.time_column if scope.ancestors or self.time_unit else None
        return () if time is None or time == scope.column else (time,)

    def infer(self, scope: Scope) -> ColumnType:
        return "float"

    def distinct(self, scope: Scope) -> bool:
        return False

    def bind(self, scope: Scope) -> Fill:
        scope.fits("float", "")
        if not self._sound(scope):
            return lambda block: Values("float", np.zeros(block.rows))
        time = next(iter(self.reads(scope)), None)
        draw, starts = scope.salt("draw"), [scope.salt("start", use) for use in range(2 * MOST_LAGS)]
        home = f"{scope.table}.{scope.column}"
        lower = factor(stationary_start(*self._lags)) if self.ar or self.ma else None

        def fill(block: Block) -> Values:
            rows = Rows.of(block, time, home)
            shocks = normal_quantile(rows.uniform(draw) + SMALLEST)

            def begin(use: int) -> Floats:
                return normal_quantile(rows.uniform(starts[use])[rows.steps.firsts] + SMALLEST)

            if self.ou is not None:
                values = self._returning(self.ou, rows, shocks, begin(0))
            elif self.gbm is not None:
                values = self._growing(self.gbm, rows, shocks)
            else:
                values = self._remembering(lower, rows, shocks, begin)
            return Values("float", rows.back(values))

        return fill

    @property
    def _lags(self) -> tuple[list[float], list[float]]:
        return [float(one) for one in self.ar or ()], [float(one) for one in self.ma or ()]

    def _sound(self, scope: Scope) -> bool:
        """Refuse what is no series."""
        arma = [key for key in ("ar", "ma", "d", "std") if getattr(self, key) is not None]
        given = [key for key in ("ou", "gbm") if getattr(self, key) is not None] + (["ar"] if arma else [])
        if len(given) != 1 or (arma and not (self.ar or self.ma or self.d)):
            scope.refuse(
                "series.one_kind",
                (),
                found=", ".join([*given[:-1], *arma] if arma else given) or "none of them",
                expected="one of: ar, ma and d; ou; gbm",
            )
            return False
        if (left := slowest(self._lags[0])) > SLOWEST:
            scope.refuse(
                "series.not_stationary",
                "ar",
                found=f"weights that keep {left:.6g} of a shock per step for ever",
                expected="weights whose shocks fade",
                hint="d: 1 sums a series up, so that it never returns",
            )
            return False
        parent = next(iter(scope.ancestors), None)
        if self.per is not None and self.per.lower() != (parent or scope.table).lower():
            scope.refuse(
                "series.per",
                "per",
                found=f"'{self.per}'",
                expected=f"{parent or scope.table}, whose rows these are",
                hint="" if parent is None else f"a series runs over the rows of one {parent}",
            )
            return False
        if (unit := self.time_unit) is not None and scope.time_column is None:
            scope.refuse(
                "series.no_time",
                ("ou" if self.ou else "gbm", "time_unit"),
                found=f"steps in {unit}s in {scope.table}, whose rows have no time",
                expected="a datetime column",
            )
            return False
        return True

    def _remembering(self, lower: Floats | None, rows: Rows, shocks: Floats, begin: Any) -> Floats:
        ar, ma = self._lags
        size = len(rows.steps.lengths)
        before = np.zeros((size, len(ar) + len(ma)))
        if lower is not None:
            own = [begin(use) for use in range(len(lower))]
            for i in range(len(lower)):
                for j in range(i + 1):
                    before[:, i] += lower[i, j] * own[j]
        values = moving(rows.steps, ma, shocks, before[:, len(ar) :])
        if ar:
            values = recur(rows.steps, ar, values, before[:, : len(ar)])
        values = values * (1.0 if self.std is None else float(self.std))
        for _ in range(self.d or 0):
            values = recur(rows.steps, [1.0], values, np.zeros((size, 1)))
        return values

    def _returning(self, ou: OrnsteinUhlenbeck, rows: Rows, shocks: Floats, start: Floats) -> Floats:
        kept = exp(-float(ou.reversion) * rows.passed(ou.time_unit))
        noise = np.sqrt(np.maximum(1.0 - kept * kept, 0.0)) * shocks
        return float(ou.mean) + float(ou.std) * recur(rows.steps, kept, noise, start[:, None])

    def _growing(self, gbm: BrownianMotion, rows: Rows, shocks: Floats) -> Floats:
        passed, std = rows.passed(gbm.time_unit), float(gbm.std)
        moves = (float(gbm.drift) - std * std / 2.0) * passed + std * np.sqrt(passed) * shocks
        total = recur(rows.steps, [1.0], moves, np.zeros((len(rows.steps.lengths), 1)))
        return float(gbm.start) * exp(total)


class Rows:
    """The rows of the series that a block holds, in the order of time, with the rows before the block of the first."""

    def __init__(self, block: Block, before: Block | None, time: str | None, home: str) -> None:
        self._block, self._before = block, before
        ordinal = self._joined(lambda one: one.ordinal)
        begins = np.flatnonzero(ordinal == 0)
        self.steps = Steps(np.diff(np.append(begins, len(ordinal))))
        self._times: Ints | None = None
        self._order: Ints | None = None
        if time is not None:
            values = self._joined(lambda one: _moments(one.column(time)))
            owner = self.steps.owner
            later = (np.diff(values) < 0) & (np.diff(owner) == 0)
            if later.any():
                if block.rows and int(block.ordinal[-1]) + 1 < int(block.sibling_count[-1]):
                    raise SchemaError(
                        Finding(
                            code="series.split",
                            json_path=home,
                            found=f"{int(block.sibling_count[-1]):,} rows of one series, which are not in the order of {time}",
                            expected="rows that are made in time order (a rate in time), or shorter series",
                        )
                    )
                self._order = np.lexsort((values, owner))
                values = values[self._order]
            self._times = values

    @classmethod
    def of(cls, block: Block, time: str | None, home: str) -> Rows:
        """The rows of a block, worked out once for all its series."""
        found: Rows = block.memo(("series", time), lambda: cls(block, block.before(), time, home))
        return found

    def _joined(self, ask: Any) -> Any:
        own = ask(self._block)
        return own if self._before is None else np.concatenate([ask(self._before), own])

    def uniform(self, salt: int) -> Floats:
        """(n,) one uniform per step."""
        found: Floats = self._joined(lambda one: one.uniform(salt))
        return found if self._order is None else found[self._order]

    def passed(self, unit: Unit | None) -> Floats:
        """(n,) time since the step before: one a row, or in a unit of time; 0 at the first."""
        if unit is None or self._times is None:
            found = np.ones(int(self.steps.lengths.sum()), dtype=np.float64)
        else:
            found = np.diff(self._times, prepend=self._times[:1]) / float(LENGTHS[unit])
        found[self.steps.firsts] = 0.0
        return found

    def back(self, values: Floats) -> Floats:
        """(n,) values of the block's own rows, in their order."""
        if self._order is not None:
            found = np.empty_like(values)
            found[self._order] = values
            values = found
        return values[len(values) - self._block.rows :]


def _moments(values: Values) -> Ints:
    """(n,) times; a row without one comes last."""
    found: Ints = np.asarray(values.array, dtype=np.int64)
    return found if values.valid is None else np.where(values.valid, found, np.int64(2**62))
