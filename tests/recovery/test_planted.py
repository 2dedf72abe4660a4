"""What the plan says of its planted effects is what an analyst finds in the files: value, error and all."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.plan.effects import PlantedEffect
from tests.written import Tables, publish

ERRORS = 4.0  # one true statement in 16,000 is this far off by chance

SHOP: dict[str, Any] = {
    "name": "shop",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "customers",
            "rows": 6_000,
            "columns": {
                "segment": {"choices": {"vip": "15%", "standard": "60%", "budget": "25%"}},
                "created_at": {"datetime_series": {}},
            },
            "segment_behavior": {
                "vip": {"fanout_multiplier": 3.5, "value_multiplier": 5},
                "standard": {},
                "budget": {"fanout_multiplier": 0.8, "value_multiplier": 0.6},
            },
            "vintage_behavior": {
                "age_based_multipliers": {
                    "decay": {"curve": [1, 0.75, 0.6, 0.5, 0.45, 0.4], "time_unit": "month", "applies_to": "fanout"}
                }
            },
        },
        {
            "name": "orders",
            "parents": ["customers"],
            "fanout": {
                "poisson": 1.5,
                "per": "month",
                "multipliers": [{"trend": {"growth_rate": "5%", "time_unit": "month", "applies_to": "total"}}],
            },
            "columns": {
                "ordered_at": {
                    "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1.4, 2, 0.5]}}
                },
                "amount": {"lognormal": {"median": 30, "sigma": 0.5}, "role": "measure", "decimals": 2},
            },
        },
    ],
}

MARKET: dict[str, Any] = {
    "name": "market",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "buyers", "rows": 2_000, "columns": {"joined_at": {"datetime_series": {}, "role": "created"}}},
        {
            "name": "sellers",
            "rows": 400,
            "columns": {"size": {"choices": {"big": "20%", "small": "80%"}}},
            "segment_behavior": {"big": {"fanout_multiplier": 4}, "small": {}},
        },
        {
            "name": "sales",
            "parents": ["buyers", "sellers"],
            "fanout": {"poisson": 2, "per": "month", "heterogeneity": {"gamma": 2}},
            "columns": {"seller": {"ref": "sellers"}, "sold_at": {"role": "time"}},
        },
    ],
}


@pytest.fixture(scope="module", params=[SHOP, MARKET], ids=["shop", "market"])
def planted(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[tuple[PlantedEffect, ...], Tables]:
    directory = tmp_path_factory.mktemp("planted") / "data"
    publish(request.param, directory, "parquet")
    return api.prepare(request.param).bind().effects, Tables(directory, "parquet")


def off(effect: PlantedEffect, estimate: float) -> float:
    """How many standard errors an estimate is from what is expected."""
    assert effect.standard_error is not None
    return (estimate - effect.expected) / effect.standard_error


def test_an_analyst_finds_what_the_plan_says(planted: tuple[tuple[PlantedEffect, ...], Tables]) -> None:
    effects, tables = planted
    assert effects
    wrong = []
    for effect in effects:
        estimate = tables.value(effect.sql)
        if abs(off(effect, estimate)) > ERRORS:
            wrong.append(f"{effect.id}: estimate {estimate:.4g}, target {effect.expected:.4g} ± {effect.standard_error}")
    assert not wrong, "; ".join(wrong)


def test_standard_errors_are_as_wide_as_chance(tmp_path: Path) -> None:
    """Over seeds the root mean square distance is 1; half of it or twice it would be a wrong error."""
    small = {**SHOP, "tables": [dict(SHOP["tables"][0], rows=1_500), SHOP["tables"][1]]}
    squares: dict[str, list[float]] = {}
    for seed in range(8):
        publish(small, tmp_path / str(seed), "parquet", seed=seed)
        tables = Tables(tmp_path / str(seed), "parquet")
        for effect in api.prepare(small, seed=seed).bind().effects:
            squares.setdefault(effect.id, []).append(off(effect, tables.value(effect.sql)) ** 2)
    # 8 squares of normal distances have a mean of 1 ± 0.5: from 0.15 to 3.5 in 999 of 1,000 cases
    wrong = {name: math.sqrt(sum(own) / len(own)) for name, own in squares.items() if not 0.15 < sum(own) / len(own) < 3.5}
    assert not wrong, f"root mean square distances in standard errors: {wrong}"


def test_every_part_of_the_shop_is_told() -> None:
    kinds = {effect.kind for effect in api.prepare(SHOP).bind().effects}
    assert kinds == {"segment_rows", "segment_values", "ageing", "trend", "seasonality"}


def test_an_effect_too_small_to_see_is_said_to_be_invisible() -> None:
    document = {**SHOP, "tables": [dict(SHOP["tables"][0], rows=60), SHOP["tables"][1]]}
    document["tables"][0]["segment_behavior"] = {"vip": {"fanout_multiplier": 1.05}, "standard": {}, "budget": {}}
    [effect] = [one for one in api.prepare(document).bind().effects if one.kind == "segment_rows"]
    assert effect.visible is False
