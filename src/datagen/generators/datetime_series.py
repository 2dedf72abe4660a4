"""Times spread over a window: uniformly, or by hour, weekday and month, on a grid as fine or coarse as wanted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators import _calendar, _time_grid
from datagen.generators._foreseen import even_shares
from datagen.generators._interval import TimeBounds, refuse_no_density
from datagen.generators._quota import moves_unique
from datagen.generators._reading import quiet
from datagen.generators._zones import ZoneReaders, Zones
from datagen.kernel.density import TimeDensity
from datagen.kernel.keyed_density import PlainLaw

if TYPE_CHECKING:
    from datagen.modifiers._shapes import Shapes


class Within(BaseModel):
    """A window of its own: a date as `end` includes its whole day, a time as `end` is exclusive."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    start: str
    end: str


class DatetimeSeries(Generator):
    """A random time in a window, on a grid, where the weights say.

    Params: within, `timeframe` or {start, end} (UTC unless they say otherwise); freq, the grid on which times fall (the
    timeframe's unless given; whole seconds without either), counted from the window's start, months from their first
    day; pattern, {dimension: hour | dow | month | holiday, weights, timezone, smooth, country} or several of them, which
    multiply, with the keys of the modifier `seasonality`. `seasonality`, `trend` (acquisition) and `effect` modifiers of
    the column, and `effect` modifiers of the table on its time column, shape the same density.
    Inequality constraints cut the draw to what they leave. Fills datetime; one draw per row. Source: inverse
    distribution function.
    """

    STEERED: ClassVar[bool] = True
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-12-31"}}},
        {
            "datetime_series": {
                "within": {"start": "2024-01-01", "end": "2024-12-31"},
                "freq": "h",
                "pattern": {"dimension": "dow", "weights": [1, 1, 1, 1.1, 1.3, 1.6, 0.4]},
            }
        },
    ]

    within: Literal["timeframe"] | Within = Field(
        default="timeframe", description="where times lie: timeframe, or {start, end}"
    )
    freq: str | None = Field(default=None, description="grid on which times fall, such as h, D or 15min")
    pattern: _calendar.Pattern | list[_calendar.Pattern] | None = Field(
        default=None, description="relative weights by hour, dow, month or holiday, or several of them, which multiply"
    )

    @property
    def patterns(self) -> list[_calendar.Pattern]:
        """The patterns as a list."""
        return self.pattern if isinstance(self.pattern, list) else [] if self.pattern is None else [self.pattern]

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        from datagen.modifiers._shapes import shape_reads

        return (*shape_reads(scope), *(name for pattern in self.patterns for name in pattern.zone_reads()))

    def infer(self, scope: Scope) -> ColumnType:
        return "datetime"

    def support(self, scope: Scope) -> tuple[float, float] | None:
        made = self.density(scope)
        return None if made is None else (made.earliest, made.latest)

    def nearest(self, scope: Scope, edge: float, side: Literal["below", "above"], strict: bool) -> float:
        made = self.density(scope)
        if made is None:
            return edge
        before = np.array([int(edge) + ((side == "below") != strict)])  # points up to the edge, or before it
        place = int(made.points_below(before)[0]) - (side == "below")
        if not 0 <= place < made.points:
            return -math.inf if side == "below" else math.inf
        return float(made.point(np.array([place]))[0])

    def density(self, scope: Scope, zones: Mapping[str, str] | None = None) -> TimeDensity | None:
        """The density of the column before effects and bounds, or None after a refusal.

        zones: of the rows by column, where weights are local to columns of zones. None leaves those weights out: they
        move times by hours, and nobody knows yet by how many.
        """
        from datagen.modifiers._shapes import growths, seasons

        for place, pattern in enumerate(self.patterns):
            pattern.check(scope, "pattern", self._field(place))
        window, grid = _time_grid.read_window(self, scope), _time_grid.read_grid(self, scope)
        if window is None or grid is None or any(pattern.fault for pattern in self.patterns):
            return None
        written = [
            *((pattern, self._field(place)) for place, pattern in enumerate(self.patterns)),
            *((season, ()) for season in seasons(scope) if not season.fault),
        ]
        shown = [(one.season(zones), field) for one, field in written if zones is not None or one.zone_column is None]
        grown = [trend.growth(quiet(scope)) for _, trend in growths(scope)]
        return _time_grid.make_density(window, grid, shown, [one for one in grown if one is not None], scope)

    def _field(self, place: int) -> tuple[str | int, ...]:
        return ("pattern", place) if isinstance(self.pattern, list) else ("pattern",)

    def zones(self, scope: Scope) -> ZoneReaders | None:
        """What reads the zones that the weights of a row are local to."""
        from datagen.modifiers._shapes import seasons

        read = [pattern.zones(scope, self._field(place)) for place, pattern in enumerate(self.patterns)]
        read += [season.zones(scope, loud=False) for season in seasons(scope)]
        return ZoneReaders.of(read)

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        made = self.density(scope)
        if made is None or scope.lower or scope.upper:
            return None
        return made.time(even_shares()).astype(np.float64)

    def moves(self, scope: Scope) -> str:
        return moves_unique(scope)

    def bind(self, scope: Scope) -> Fill:
        from datagen.modifiers._shapes import bind_shapes, growths, seasons

        scope.fits("datetime", "")
        density, shapes, bounds = self.density(scope), bind_shapes(scope), TimeBounds.of(scope)
        if density is None:
            return _nothing
        bounds.refuse_disjoint(density, scope)
        if scope.unique:
            return _unique(
                density, bool(self.patterns or seasons(scope) or growths(scope) or bounds or shapes.effects), scope
            )
        salt, plain = scope.salt("draw"), PlainLaw(density)
        zones = self.zones(scope)
        if zones is not None:
            return self._by_zone(zones, salt, shapes, bounds, scope)

        def fill(block: Block) -> Values:
            u = block.uniform(salt)
            if not bounds and not shapes.effects:
                return Values("time", density.time(u))
            interval = bounds.interval(block)
            law, codes = shapes.law(block, density) if shapes.effects else (plain, None)
            times, mass = law.draw(codes, u, interval.low, interval.high)
            return Values("time", bounds.settle(times, mass, density, interval))

        return fill

    def _by_zone(self, zones: ZoneReaders, salt: int, shapes: Shapes, bounds: TimeBounds, scope: Scope) -> Fill:
        """Times whose density is that of each row's own zones."""
        still, made = quiet(scope), cast("dict[Zones, TimeDensity]", {})

        def density_in(some: Zones) -> TimeDensity:
            if some not in made:
                density = self.density(still, zones.named(some))
                if density is None:
                    refuse_no_density(f"{scope.table}.{scope.column}", 1, f"in {' and '.join(some)}")
                    raise AssertionError("a density that cannot be made is refused")
                made[some] = density
            return made[some]

        for one in zones.known:
            density_in(one)

        def fill(block: Block) -> Values:
            u, interval = block.uniform(salt), bounds.interval(block)
            names, codes = zones.codes(block)
            times = np.zeros(block.rows, dtype=np.int64)
            for code, zone in enumerate(names):  # over zones, not rows
                mine = np.flatnonzero(codes == code)
                density, some = density_in(zone), interval.rows(mine)
                law, keys = shapes.law(block, density) if shapes.effects else (PlainLaw(density), None)
                drawn, mass = law.draw(None if keys is None else keys[mine], u[mine], some.low, some.high)
                times[mine] = bounds.settle(drawn, mass, density, some)
            return Values("time", times)

        return fill


def _unique(density: TimeDensity, shaped: bool, scope: Scope) -> Fill:
    """Every point of the grid at most once: the row's rank under a keyed permutation of the points."""
    from datagen.kernel.permute import permuted_rank

    if shaped:
        scope.refuse(
            "unique.not_by_law",
            (),
            found="unique times that are also shaped by weights, effects or inequalities",
            expected="unique times spread evenly over their window",
            hint="drop `unique`, or drop what shapes the times",
        )
        return _nothing
    scope.domain(density.points, "freq")
    key, table, home = scope.seeded("permutation"), scope.table, f"{scope.table}.{scope.column}"

    def fill(block: Block) -> Values:
        if block.total(table) > density.points:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small",
                    json_path=home,
                    found=f"{density.points:,} points of time < {block.total(table):,} rows",
                    expected="a finer freq, or fewer rows",
                )
            )
        return Values("time", density.point(permuted_rank(block.row_number, density.points, key)))

    return fill


def _nothing(block: Block) -> Values:
    return Values("time", np.zeros(block.rows, dtype=np.int64))
