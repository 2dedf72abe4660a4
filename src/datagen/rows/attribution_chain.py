"""Rows of marketing touches: journeys of several touches through channels, some of which end in a conversion."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import ColumnType, Dictionary, Draw
from datagen.errors import did_you_mean, listed
from datagen.kernel.clock import DAY_US, SECOND_US
from datagen.kernel.guides import GuideTable
from datagen.rows._contract import BoundRows, RowScope
from datagen.rows._conversion_chance import Chance
from datagen.rows._exposure import STEPS
from datagen.rows._journeys import ConversionRows, Journey, TouchRows
from datagen.rows._rate import RateRows
from datagen.rows._units import UnitRows
from datagen.rows.fanout import Fanout
from datagen.schema.durations import LONGEST, parse_duration
from datagen.schema.model_fanout import Fanout as FanoutSpec
from datagen.schema.model_processes import AttributionChain as Spec
from datagen.schema.model_processes import TouchConversion

Floats = NDArray[np.float64]

SHORTEST = 60 * SECOND_US  # window
HARDLY_EVER = 2.0**-30  # share of journeys with more touches than this is left out of the arithmetic
SPELLINGS = {
    "channels": ("channels", "touchpoint_types"),
    "touches": ("touches", "touchpoints_per_conversion"),
    "window": ("window", "attribution_window_days"),
    "conversion": ("conversion", "conversion_probability"),
}
NEEDED = {
    "channels": "channels: {search: 5, social: 3, email: 2}",
    "touches": "touches: a law, such as {poisson: 3.5, clamp: [1, 15]}",
    "window": "window: a duration, such as 30d",
    "conversion": "conversion: a probability, such as 4%, or {base: 2%, multiplier_per_touch: 1.4, saturation_at: 8}",
}
NOT_JOURNEYS = (
    "every",
    "each",
    "total",
    "mean",
    "stretch",
    "by",
)  # keys of a fan-out that say nothing of journeys in time


class AttributionChain:
    """Touches of journeys. The fan-out says how many journeys a parent has and when they end, `touches` how long they are."""

    SPEC: ClassVar[type[Spec]] = Spec
    FILLS: ClassVar[dict[str, ColumnType]] = {
        "journey": "int",
        "touchpoint": "string",
        "position": "int",
        "time": "datetime",
        "converted_at": "datetime",
    }

    def __init__(self, spec: Spec, scope: RowScope) -> None:
        self.spec, self.scope = spec, scope
        self.fanout = scope.fanout_beside or FanoutSpec(type="constant", params={"value": 1})
        self.key = {name: self._spelling(name) for name in SPELLINGS}

    def _spelling(self, name: str) -> str:
        """The key under which one parameter is written."""
        first, second = SPELLINGS[name]
        return second if getattr(self.spec, first) is None and getattr(self.spec, second) is not None else first

    def _written(self, name: str) -> Any:
        return getattr(self.spec, self.key[name])

    def reads(self) -> Iterable[Any]:
        """What the journeys and the number of their touches read, as names of the driving parent."""
        names = list(Fanout(self.fanout, self.scope.beside("fanout")).reads())
        touches = self._written("touches")
        return names if touches is None else [*names, *self.scope.law_reads(touches)]

    def bind(self) -> BoundRows | None:
        """The touches, or None after a refusal."""
        chain = self.chain()
        if chain is None:
            return None
        touches, share = chain.outlook()
        most = chain.law.support()[1]
        return TouchRows(
            chain=chain,
            parent=self.scope.parent,
            expected=chain.rows.expected * touches,
            largest=chain.rows.largest * max(1.0, math.ceil(most) if math.isfinite(most) else most),
            description=f"journeys ({chain.rows.description}) of {touches:.3g} touches through "
            f"{listed(chain.channels.values)}; {share:.2%} of them convert",
            guessed=chain.rows.guessed or not chain.law.constant,
        )

    def chain(self) -> Journey | None:
        """What makes the journeys, or None after a refusal."""
        scope = self.scope
        if not self._complete() or self._refuses_fanout():
            return None
        rows = cast(RateRows | UnitRows | None, Fanout(self.fanout, scope.beside("fanout")).bind())
        law = self._touches()
        channels = self._channels()
        chance = self._chance(law)
        effects = self._effects(channels)
        window = self._window()
        if rows is None or law is None or channels is None or chance is None or effects is None or window is None:
            return None
        if rows.shape.on_grid is not None or scope.time_type == "date":
            scope.refuse(
                "attribution.coarse_time",
                (),
                found=f"touches of {scope.own} "
                + ("on dates" if scope.time_type == "date" else "on the grid of a datetime_series with freq"),
                expected="a time column of type datetime without freq: a touch comes before its conversion",
            )
        step = STEPS["s"] if scope.time is None else STEPS[scope.time.precision]
        return Journey(
            own=scope.own,
            rows=rows,
            law=law,
            channels=Dictionary(channels),
            pick=GuideTable(np.array(list(channels.values()), dtype=np.float64)),
            chance=chance,
            effects=effects,
            half_life=None if self.spec.half_life is None else parse_duration(self.spec.half_life),
            window=window - window % step,
            step=step,
            key=scope.key,
            salts={
                name: scope.salt(name)
                for name in ("journey", "touch", "touches", "touches rounded", "channel", "age", "convert")
            },
        )

    # what is written

    def _complete(self) -> bool:
        complete = True
        for name, keys in SPELLINGS.items():
            given = [key for key in keys if getattr(self.spec, key) is not None]
            if len(given) == 2:
                self.scope.refuse(
                    "attribution.two_spellings",
                    given[1],
                    found=f"both {given[0]} and {given[1]}, which mean the same",
                    expected="one of them",
                )
            if not given:
                self.scope.refuse(
                    "attribution.incomplete", (), found=f"an attribution_chain without {name}", expected=NEEDED[name]
                )
            complete = complete and len(given) == 1
        return complete

    def _refuses_fanout(self) -> bool:
        used = [key for key in NOT_JOURNEYS if getattr(self.fanout, key, None) not in (None, False)]
        used += ["multipliers" for one in self.fanout.multipliers if one.args.get("by") is not None]
        if used:
            self.scope.beside("fanout").refuse(
                "attribution.fanout",
                used[0],
                found=f"{'by' if used[0] == 'multipliers' else used[0]} in the fanout of journeys",
                expected="a law of journeys per parent, or per unit of time: {poisson: 2, per: year}",
            )
        return bool(used)

    def _touches(self) -> Draw | None:
        law = self.scope.law(self._written("touches"), self.key["touches"])
        if law is not None and law.support()[1] < 1.0:
            self.scope.refuse(
                "attribution.no_touches",
                self.key["touches"],
                found=f"journeys of {law.support()[1]:g} touches at the most",
                expected="a law that gives 1 touch or more",
            )
            return None
        return law

    def _channels(self) -> dict[str, float] | None:
        """Weights by channel."""
        written, at = self._written("channels"), self.key["channels"]
        found = (
            {str(name): float(weight) for name, weight in written.items()}
            if isinstance(written, Mapping)
            else dict.fromkeys((str(name) for name in written), 1.0)
        )
        if sum(found.values()) > 0 and math.isfinite(sum(found.values())):
            return found
        self.scope.refuse(
            "attribution.no_weight",
            at,
            found="no channels" if not found else f"weights of {listed(tuple(found))} that are all 0",
            expected="at least one channel with a weight above 0",
        )
        return None

    def _chance(self, law: Draw | None) -> Chance | None:
        written, at = self._written("conversion"), self.key["conversion"]
        if not isinstance(written, TouchConversion):
            return Chance(float(written))
        if written.saturation_at is not None and written.multiplier_per_touch == 1.0:
            self._refuse_idle((at, "saturation_at"), "saturation_at without a multiplier_per_touch")
        chance = Chance(float(written.base), float(written.multiplier_per_touch), written.saturation_at)
        if written.saturation_at == 0:
            self.scope.refuse(
                "attribution.over_one",
                (at, "saturation_at"),
                found="saturation_at 0",
                expected="a number of touches, 1 or more",
            )
            return None
        if law is None:
            return None
        most = law.support()[1]
        if not math.isfinite(most):
            most = float(law.quantile(np.array([1.0 - HARDLY_EVER]), None)[0]) if law.constant else 10_000.0
        count = chance.passes_one(int(most))
        if count is not None:
            self.scope.refuse(
                "attribution.over_one",
                at,
                found=f"{chance.base:g} x {chance.each:g}^{count - 1} = {chance.base * chance.each ** (count - 1):.3g} "
                f"after {count} touches",
                expected="a probability: 1 at the most",
                hint=f"saturation_at: {count - 1} stops the rise",
            )
            return None
        return chance

    def _effects(self, channels: Mapping[str, float] | None) -> Floats | None:
        spec, scope = self.spec, self.scope
        effects = spec.effects or {}
        if spec.half_life is not None and not effects:
            self._refuse_idle(("half_life",), "half_life without effects, which it would make fade")
        if channels is None:
            return None
        for name in effects:
            if name not in channels:
                scope.refuse(
                    "attribution.unknown_channel",
                    ("effects", name),
                    found=f"'{name}'",
                    expected=f"a channel: {listed(tuple(channels))}",
                    hint=did_you_mean(name, channels),
                )
        return np.array([float(effects.get(name, 0.0)) for name in channels], dtype=np.float64)

    def _refuse_idle(self, at: tuple[str, ...], found: str) -> None:
        self.scope.refuse("attribution.idle", at, found=found, expected="a key that changes something")

    def _window(self) -> int | None:
        written, at = self._written("window"), self.key["window"]
        window: int | None
        if at == "attribution_window_days":
            window = round(min(max(float(written) * DAY_US, 0.0), float(LONGEST)))
        else:
            window = parse_duration(written)
        if window is None or not SHORTEST <= window < LONGEST:
            self.scope.refuse(
                "attribution.window",
                at,
                found=f"a window of {written}",
                expected="between a minute and 146,000 years, such as 30d",
            )
            return None
        return window


class Conversions(AttributionChain):
    """Rows of another table: one for every journey that converts. Its scope is that of the table of touches."""

    FILLS: ClassVar[dict[str, ColumnType]] = {"journey": "int", "time": "datetime", "converted_at": "datetime"}

    def bind(self) -> BoundRows | None:
        """The conversions, or None after a refusal."""
        chain = self.chain()
        if chain is None:
            return None
        share = chain.outlook()[1]
        return ConversionRows(
            chain=chain,
            parent=self.scope.parent,
            expected=chain.rows.expected * share,
            largest=chain.rows.largest,
            description=f"{share:.2%} of the journeys of {self.scope.own}",
            guessed=chain.rows.guessed or not chain.law.constant,
        )
