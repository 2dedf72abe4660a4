"""`check` on data whose single rows are sound and whose behaviour was broken: segments shuffled, months halved, laws bent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import TIMES, Edit, edited, failures, judged, publish

SALES: dict[str, Any] = {
    "name": "sales",
    "timeframe": {"start": "2024-01-01", "end": "2025-12-31"},
    "tables": [
        {
            "name": "customers",
            "rows": 4_000,
            "columns": {
                "segment": {"choices": {"vip": "15%", "standard": "60%", "budget": "25%"}},
                "age": {"normal": {"mean": 45, "std": 12}, "truncate": [18, 90], "type": "int"},
                "phone": {"pattern": "[0-9]{8}", "imperfections": [{"missing": {"rate": 0.05}}]},
                "created_at": {"datetime_series": {}, "role": "created"},
            },
            "segment_behavior": {
                "segments": {
                    "vip": {"fanout_multiplier": 3, "value_multiplier": 4},
                    "standard": {},
                    "budget": {"fanout_multiplier": 0.7},
                },
                "applies_to": ["orders"],
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
                "paid_by": {"choices": {"card": 0.7, "cash": 0.3}},
                "amount": {
                    "lognormal": {"median": 30, "sigma": 0.5},
                    "modifiers": [{"trend": {"growth_rate": "2%", "time_unit": "month"}}],
                    "role": "measure",
                    "decimals": 2,
                },
            },
        },
        {"name": "visits", "parents": ["customers"], "fanout": {"poisson": 4}, "duplicates": {"rate": 0.02}, "columns": {"page": {"choices": ["home", "shop"]}}},
        {
            "name": "offices",
            "rows": 2_000,
            "columns": {
                "town": {"choices": ["Brno", "Linz", "Graz"], "imperfections": [{"typos": {"rate": 0.1}}]},
                "open": {"bernoulli": 0.3},
            },
        },
        {"name": "products", "rows": 200, "columns": {"price": {"uniform": {"low": 1, "high": 9}}}},
        {"name": "calls", "parents": ["offices"], "fanout": {"poisson": 4}, "columns": {"minutes": {"exponential": 6}, "product_id": {"choice": {"choices_ref": "products.products_id", "weights_kind": "zipf@0.9"}}}},
        {
            "name": "onboarding",
            "parents": ["customers"],
            "stage_config": {
                "stages": [
                    {"stage_name": "signup", "transition_rate": 1.0},
                    {"stage_name": "activation", "transition_rate": 0.5, "dwell": {"lognormal": {"median": "1d", "sigma": 1}}},
                    {"stage_name": "purchase", "transition_rate": 0.7, "dwell": {"lognormal": {"median": "3d", "sigma": 1}}},
                ],
                "segment_variation": {"vip": {"transition_multiplier": 1.5}},
            },
        },
        {
            "name": "contracts",
            "parents": ["customers"],
            "state_transition_model": {
                "initial_state": "active",
                "period_unit": "month",
                "states": {
                    "active": {"transition_prob_per_period": 0.05, "next_states": {"churned": 0.6, "upgraded": 0.4}},
                    "churned": {"terminal": True},
                },
                "segment_variation": {"vip": {"churn_multiplier": 0.4}},
            },
        },
        {
            "name": "adoptions",
            "parents": ["customers"],
            "adoption_model": {"p": 0.004, "q": 0.1, "ceiling": "80%", "time_unit": "month", "acceleration": {"vip": 3}},
        },
        {
            "name": "touches",
            "parents": ["customers"],
            "fanout": {"poisson": 4, "per": "year"},
            "attribution_chain": {
                "channels": {"search": 5, "email": 3, "display": 2},
                "touches": {"poisson": 3.5, "clamp": [1, 15]},
                "window": "30d",
                "conversion": {"base": "5%", "multiplier_per_touch": 1.4, "saturation_at": 8},
                "effects": {"email": 0.9},
                "conversions": "deals",
            },
            "columns": {
                "journey": {"role": "journey"},
                "channel": {"role": "touchpoint"},
                "touched_at": {"role": "time"},
                "converted_at": {"role": "converted_at", "nullable": True},
            },
        },
        {
            "name": "deals",
            "parents": ["customers"],
            "columns": {"journey": {"role": "journey"}, "converted_at": {"role": "time"}},
        },
    ],
    "metrics": {"card_share": {"sql": "select avg((paid_by = 'card')::int) from orders", "min": 0.6, "max": 0.8}},
    "targets": {
        "composite_effect": {
            "table": "orders", "metric": "amount", "influences": ["customers.segment"], "tolerance": {"mape": "6%"},
        }
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(SALES, tmp_path_factory.mktemp("whole") / "sales")


def test_whole_data_show_all_that_was_planted(whole: Path) -> None:
    report = judged(whole, SALES).report
    assert failures(judged(whole, SALES)) == {}
    assert report.score.total == 100.0
    codes = {one.code for one in report.results if one.score is not None}
    assert codes >= {
        "effect.missed", "law.shares", "law.shape", "law.rows", "fanout.rows", "imperfection.rate", "metric.missed",
        "target.missed",
    }  # fmt: skip


def shuffled(column: str) -> Edit:
    """A table with the values of one column in other rows: every share is right, and nothing goes with it any more."""
    return lambda frame: frame.with_columns(pl.col(column).shuffle(seed=5))


def time(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(TIMES, strict=False)


def thinned(condition: pl.Expr, keep: int = 2) -> Edit:
    """A table with every second of the rows that meet a condition left out."""
    return lambda frame: frame.filter(~condition | (pl.int_range(pl.len()) % keep == 0))


def changed(column: str, by: pl.Expr) -> Edit:
    return lambda frame: frame.with_columns(by.cast(pl.String).alias(column))


def after_the_end(frame: pl.DataFrame) -> pl.DataFrame:
    """A row behind the first that says that somebody has left."""
    gone = frame.filter(pl.col("state") == "churned").head(1)
    return gone.with_columns(
        contracts_id=pl.lit("900000"), changed_at=pl.lit("2025-12-31T23:59:59Z"), previous_state=pl.lit("active")
    )


first_change = pl.col("previous_state").is_not_null().arg_max()
amount = pl.col("amount").cast(pl.Float64)
LATE = time("ordered_at").dt.year() == 2025
CASES: list[tuple[str, Edit, str, str]] = [
    ("customers", shuffled("segment"), "effect.missed", "customers.segment.vip.rows_of_orders"),
    ("orders", shuffled("amount"), "effect.missed", "customers.segment.vip.orders.amount"),
    ("orders", shuffled("ordered_at"), "effect.missed", "customers.decay.orders"),
    ("orders", thinned(LATE), "effect.missed", "orders.trend"),
    ("orders", thinned(time("ordered_at").dt.weekday() == 6), "effect.missed", "orders.ordered_at.dow"),
    ("orders", changed("amount", pl.when(LATE).then(amount / 1.6).otherwise(amount).round(2)), "effect.missed", "orders.amount.trend"),
    ("onboarding", thinned(pl.col("stage_name") == "purchase"), "effect.missed", "onboarding.purchase.conversion.standard"),
    ("contracts", thinned(pl.col("state") == "churned"), "effect.missed", "contracts.active.loss.standard"),
    ("customers", shuffled("segment"), "effect.missed", "adoptions.acceleration.vip"),
    ("touches", shuffled("channel"), "effect.missed", "touches.channel.email"),
    ("contracts", changed("previous_state", pl.when(pl.int_range(pl.len()) == first_change).then(pl.lit("churned")).otherwise(pl.col("previous_state"))), "value.chain", "contracts.previous_state"),
    ("contracts", lambda frame: pl.concat([frame, after_the_end(frame)]), "value.chain", "contracts.previous_state"),
    ("onboarding", lambda frame: frame.with_columns(event_timestamp=pl.col("event_timestamp").reverse().over("customers_id")), "value.stage_order", "onboarding.event_timestamp"),
    ("orders", thinned(pl.col("paid_by") == "cash"), "law.shares", "orders.paid_by"),
    ("orders", changed("amount", (amount * 100).round(2)), "law.level", "orders.amount"),
    ("customers", changed("age", (pl.col("age").cast(pl.Int64) - 45) * 3 // 2 + 45), "law.shape", "customers.age"),
    ("calls", changed("minutes", pl.col("minutes").cast(pl.Float64) * 1.2), "law.shape", "calls.minutes"),
    ("calls", lambda frame: frame.unique("offices_id", keep="first", maintain_order=True), "law.rows", "calls"),
    ("offices", changed("open", pl.when(pl.int_range(pl.len()) % 3 == 0).then(pl.lit("true")).otherwise(pl.col("open"))), "law.shares", "offices.open"),
    ("offices", changed("town", pl.when(pl.int_range(pl.len()) % 9 == 0).then(pl.lit("Brunn")).otherwise(pl.col("town"))), "imperfection.rate", "offices.town"),
    ("calls", changed("product_id", pl.int_range(pl.len()) % 200 + 1), "law.picks", "calls.product_id"),
    ("orders", lambda frame: frame.head(frame.height * 9 // 10), "fanout.rows", "orders"),
    ("customers", changed("phone", pl.when(pl.int_range(pl.len()) % 9 > 0).then("phone")), "imperfection.rate", "customers.phone"),
    ("visits", lambda frame: frame.unique(maintain_order=True), "imperfection.rate", "visits"),
    ("orders", thinned(pl.col("paid_by") == "card", keep=3), "metric.missed", "card_share"),
    ("orders", shuffled("amount"), "target.missed", "orders.amount"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "edit", "code", "what"), CASES, ids=[f"{code} {what}" for _, _, code, what in CASES])
def test_broken_behaviour_fails_its_check(
    whole: Path, tmp_path: Path, table: str, edit: Edit, code: str, what: str
) -> None:
    checked = judged(edited(whole, tmp_path / "sales", table, edit), SALES)
    failed = checked.report.failed
    assert (code, what) in {(one.code, one.hint if code == "effect.missed" else one.place) for one in failed}
    assert checked.report.score.total < 100
