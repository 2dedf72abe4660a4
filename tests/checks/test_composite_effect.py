"""Joint effects are measured in the written files: groups whose means are the product of the declared factors say nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import call
from tests.support import codes_of, findings_of, plan_of

from datagen import api
from datagen.engine.options import Options

FACTORS = {"vip": 5, "standard": 1, "budget": 0.5}
WEIGHTS = [0.8, 0.8, 0.9, 1, 1, 1, 1, 1, 1, 1, 1.2, 1.6]
SEASON = {"seasonality": {"dimension": "month", "weights": WEIGHTS}}
EFFECT = {
    "effect": {
        "effect_table": "promotions",
        "on": {"channel": "channel"},
        "window": {"start_col": "starts", "end_col": "ends"},
        "map": {"field": "lift"},
    }
}
ALL = ["customers.tier", "month", "promotions"]


def document(influences: Any = ALL, more: Any = (), modifiers: Any = (SEASON, EFFECT), **target: Any) -> dict[str, Any]:
    """Customers of three tiers, promotions by channel, and orders whose amounts follow tier, month and promotion."""
    promotions = [
        {"channel": "web", "starts": "2024-03-01", "ends": "2024-04-30", "lift": 1.5},
        {"channel": "shop", "starts": "2024-06-01", "ends": "2024-08-31", "lift": 0.6},
    ]
    amount = {"lognormal": {"median": 30, "sigma": 0.4}, "modifiers": [*modifiers, *more], "decimals": 2}
    return {
        "name": "shop",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "promotions",
                "kind": "vocab",
                "data": promotions,
                "columns": {"starts": {"type": "date"}, "ends": {"type": "date"}},
            },
            {
                "name": "customers",
                "rows": 4000,
                "columns": {"tier": {"choices": {"vip": "20%", "standard": "60%", "budget": "20%"}}},
                "segment_behavior": {
                    "segment_column": "tier",
                    "segments": {tier: {"value_multiplier": factor} for tier, factor in FACTORS.items()},
                    "applies_to_columns": ["orders.amount"],
                },
            },
            {
                "name": "orders",
                "parents": ["customers"],
                "fanout": 10,
                "columns": {
                    "at": {"datetime_series": {}},
                    "channel": {"choices": ["web", "shop"]},
                    "amount": amount,
                },
            },
        ],
        "targets": {
            "composite_effect": {
                "table": "orders", "metric": "amount", "influences": influences,
                "tolerance": {"mape": "4%", "mae": 2}, **target,
            }
        },
    }  # fmt: skip


def missed(source: dict[str, Any], directory: Path, format: str = "parquet") -> list[str]:
    made = api.generate(api.prepare(source), directory / "data", Options(format=format))
    return [finding.found for finding in made.findings if finding.code == "target.missed"]


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_means_that_are_the_product_of_what_is_declared_say_nothing(tmp_path: Path, format: str) -> None:
    # 40,000 orders in about 90 groups: a mean of 440 amounts of deviation 42 % is off by 2 %, on average by 1.6 %
    assert missed(document(), tmp_path, format) == []


@pytest.mark.parametrize(
    "more",
    [
        [{"expression": {"code": "if(month(at) = 12, value * 0.7, value)"}}],
        [{"add": {"value": 40}}],
    ],
)
def test_what_else_moves_the_column_is_found(tmp_path: Path, more: list[Any]) -> None:
    (found,) = missed(document(more=more), tmp_path)
    assert found.startswith("mae ")
    assert "mape 0." in found
    assert found.endswith("groups in the files")


def test_a_season_that_is_declared_and_not_there_is_found(tmp_path: Path) -> None:
    """The same question of data without the season: factors written out instead of those of a modifier."""
    months = [{"column": "orders.in_month", "factors": {str(1 + place): one for place, one in enumerate(WEIGHTS)}}]
    for modifiers, count in (((SEASON,), 0), ((), 1)):
        asked = document(["tier", *months], modifiers=modifiers)
        asked["tables"][2]["columns"]["in_month"] = {"expression": "month(at)"}
        assert len(missed(asked, tmp_path / str(count))) == count


def test_factors_may_be_written_out(tmp_path: Path) -> None:
    tiers = {"column": "customers.tier", "factors": {"vip": 5, "budget": 0.5, "else": 1}}
    assert missed(document([tiers, "month", "promotions"]), tmp_path / "right") == []
    assert missed(document([{**tiers, "factors": {"vip": 3}}, "month", "promotions"]), tmp_path / "wrong") != []


def test_without_a_tolerance_a_tenth_is_tolerated(tmp_path: Path) -> None:
    source = document()
    del source["targets"]["composite_effect"]["tolerance"]
    (target,) = [one for one in plan_of(source).constraints if one.kind == "composite_effect"]
    assert target.facts["tolerance"] == {"mape": 0.1}
    assert target.text == (
        "mean of orders.amount by customers.tier, month, promotions within mape 0.1 of the product of their factors"
    )
    assert missed(source, tmp_path) == []


@pytest.mark.parametrize(
    ("influences", "found"),
    [
        (["tyer"], "'tyer', which nothing declares to multiply orders.amount"),
        (["dow"], "'dow', which nothing declares to multiply orders.amount"),
        ([{"column": "tyer", "factors": {"a": 1}}], "'orders.tyer'"),
    ],
)
def test_names_that_nothing_declares_are_refused_and_told_in_old_documents(
    influences: list[Any], found: str, tmp_path: Path
) -> None:
    for version in ({}, {"version": "2"}):
        (finding,) = findings_of({**version, **document(influences)})
        assert (finding.code, finding.severity, finding.found) == ("target.influence", "error", found)
        assert finding.json_path == "targets.composite_effect.influences[0]"
    old = {"version": "1.0", **document(influences)}
    (warning,) = findings_of(old)
    assert (warning.severity, warning.found) == ("warning", f"{found}: declared, not applied")
    path = tmp_path / "old.json"
    path.write_text(json.dumps(old), encoding="utf-8")
    assert call("validate", path).code == 0
    strict = call("validate", path, "--strict")
    assert (strict.code, strict.codes) == (1, ["target.influence"])


def test_the_other_influences_of_an_old_document_are_measured(tmp_path: Path) -> None:
    """The left out name takes nothing with it: the target is that of the names that are declared."""
    asked = {"version": "1.0", **document([*ALL, "weather"])}
    (target,) = [one for one in plan_of(asked).constraints if one.kind == "composite_effect"]
    assert [one["name"] for one in target.facts["influences"]] == ["customers.tier", "month", "promotions"]
    assert missed(asked, tmp_path) == []


@pytest.mark.parametrize("version", [{}, {"version": "1.0"}])
@pytest.mark.parametrize(
    ("influences", "found"),
    [
        ([{"column": "tier"}], "an object with column"),
        ([{"column": "channel", "factors": {"web": "much"}}], "web: much"),
        ([3], "3"),
        ([], "no influences"),
    ],
)
def test_what_is_no_influence_is_refused_in_old_documents_too(
    influences: list[Any], found: str, version: dict[str, Any]
) -> None:
    (finding,) = findings_of({**version, **document(influences)})
    assert (finding.code, finding.severity, finding.found) == ("target.influence", "error", found)


def test_other_columns_than_numbers_are_refused() -> None:
    assert codes_of(document(metric="channel")) == ["target.column_type"]
    assert codes_of(document(metric="amnt")) == ["ref.unknown_column"]
    assert codes_of(document(table="order")) == ["ref.unknown_table"]


def test_an_influence_that_is_not_written_is_told(tmp_path: Path) -> None:
    source = document()
    source["tables"][1]["hidden"] = True
    made = api.generate(api.prepare(source), tmp_path / "data", Options())
    assert [finding.code for finding in made.findings] == ["value.not_visible"]


def test_the_target_moves_no_value(tmp_path: Path) -> None:
    without = document()
    del without["targets"]
    hashes = {
        api.generate(api.prepare(source), tmp_path / str(place), Options()).content_hash
        for place, source in enumerate((document(), without))
    }
    assert len(hashes) == 1
