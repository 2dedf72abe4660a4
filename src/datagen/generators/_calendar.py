"""Weights of the hours, weekdays, months or holidays of a year, as `pattern` and `seasonality` take them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import Scope
from datagen.errors import did_you_mean
from datagen.generators._zones import ZoneReader, is_zone, zone_reader
from datagen.kernel.seasons import LENGTHS, Season
from datagen.schema.model_values import Weight

Dimension = Literal["hour", "dow", "month", "holiday"]
NAMES = {
    "hour": "hours, from 00 to 23",
    "dow": "weekdays, Monday first",
    "month": "months, January first",
    "holiday": "kinds of days: other days, holidays",
}


class Pattern(BaseModel):
    """Relative densities over the hours of a day, the days of a week, the months of a year, or on holidays."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    dimension: Dimension = Field(description="what the weights belong to: hour, dow, month or holiday")
    weights: list[Weight] = Field(
        description="relative weights: 24, 7 from Monday, 12, or 2 for other days and holidays"
    )
    timezone: str | None = Field(
        default=None, description="zone, or column of zones, in whose local time the weights are"
    )
    smooth: bool = Field(default=False, description="join months without steps, with the same monthly means")
    country: str | None = Field(default=None, description="country whose public holidays count")

    @property
    def fault(self) -> bool:
        """Whether the weights cannot be used."""
        if len(self.weights) != LENGTHS[self.dimension] or not any(self.weights):
            return True
        if self.dimension == "holiday":
            return _country(self.country) is None
        return self.country is not None or (self.smooth and not (self.dimension == "month" and self.season().reachable))

    @property
    def zone_column(self) -> str | None:
        """The name of the column of zones that the weights are local to; None when every row has the same zone."""
        return None if self.timezone is None or is_zone(self.timezone) else self.timezone

    def zone_reads(self) -> Iterable[str]:
        """The names that the weights of a row depend on."""
        return () if self.zone_column is None else (self.zone_column,)

    def zones(self, scope: Scope, field: tuple[str | int, ...] = (), *, loud: bool = True) -> ZoneReader | None:
        """What reads the zone of each row, or None when all have the same or after a refusal."""
        if self.zone_column is None:
            return None
        return zone_reader(self.zone_column, scope, (*field, "timezone"), loud=loud)

    def season(self, zones: Mapping[str, str] | None = None) -> Season:
        """The weights as a season, in the zone that is written, or in that of its column of zones where it is known.

        Weights that say nothing of zones follow the first column of zones of those beside them.
        """
        column, zone = self.zone_column, self.timezone
        if column is not None:
            zone = (zones or {}).get(column)
        elif zone is None and zones:
            zone = next(iter(zones.values()))
        weights = tuple(float(weight) for weight in self.weights)
        country = (_country(self.country) or "") if self.dimension == "holiday" else ""
        return Season(self.dimension, weights, zone, self.smooth, country)

    def check(self, scope: Scope, word: str, field: tuple[str | int, ...] = ()) -> None:
        """Refuse a wrong number of weights, weights that are all 0, and keys that do not go together."""
        wanted = LENGTHS[self.dimension]
        if len(self.weights) != wanted:
            scope.refuse(
                f"{word}.weights_length",
                (*field, "weights"),
                found=f"{len(self.weights)} weights for dimension {self.dimension}",
                expected=f"{wanted} weights, one for each of the {NAMES[self.dimension]}",
                hint="24/7/12 weights for hour/dow/month",
            )
        elif not any(self.weights):
            scope.refuse(
                f"{word}.no_weight",
                (*field, "weights"),
                found=f"{wanted} weights that are all 0",
                expected="at least one weight above 0",
            )
        elif self.smooth:
            self._check_smooth(scope, field)
        self._check_country(scope, field)

    def _check_smooth(self, scope: Scope, field: tuple[str | int, ...]) -> None:
        if self.dimension != "month":
            scope.refuse(
                "season.smooth",
                (*field, "smooth"),
                found=f"smooth weights of dimension {self.dimension}",
                expected="smooth: true with dimension: month",
            )
        elif not self.season().reachable:
            scope.refuse(
                "season.smooth",
                (*field, "smooth"),
                found="months that differ too much from their neighbours to be joined without steps",
                expected="weights that rise and fall over more than one month",
                hint="leave out `smooth`, or raise the months of weight 0",
            )

    def _check_country(self, scope: Scope, field: tuple[str | int, ...]) -> None:
        if self.dimension == "holiday":
            if self.country is None:
                scope.refuse(
                    "language.missing_key",
                    field,
                    found="weights of holidays without a country",
                    expected="country: a code such as US or CZ",
                )
            else:
                check_country(self.country, scope, (*field, "country"))
        elif self.country is not None:
            scope.refuse(
                "season.country",
                (*field, "country"),
                found=f"a country beside weights of dimension {self.dimension}",
                expected="country with dimension: holiday",
            )


def check_country(country: str, scope: Scope, field: tuple[str | int, ...]) -> str | None:
    """The code of a country whose holidays are known, or None after a refusal."""
    from datagen.packs.public_holidays import countries

    code = _country(country)
    if code is None:
        scope.refuse(
            "season.country",
            field,
            found=f"'{country}'",
            expected="the two letters of a country whose holidays are known, such as US or CZ",
            hint=did_you_mean(country.upper(), countries()),
        )
    return code


def _country(text: str | None) -> str | None:
    from datagen.packs.public_holidays import country_code

    return None if text is None else country_code(text)
