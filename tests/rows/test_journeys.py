"""Journeys of touches and adoptions by address, whatever the blocks; what stands around them, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen import api
from datagen.engine.options import Options
from tests.rows.once import made, plan_of
from tests.support import codes_of, table_of

START, END = datetime(2024, 1, 1), datetime(2025, 1, 1)  # of the window
CHAIN: dict[str, Any] = {
    "channels": {"search": 5, "social": 3, "email": 2},
    "touches": {"poisson": 3.5, "clamp": [1, 15]},
    "window": "30d",
    "conversion": {"base": 0.1, "multiplier_per_touch": 1.2, "saturation_at": 8},
    "effects": {"email": 0.8},
    "half_life": "10d",
    "conversions": "sale",
}
CLASSES = {
    "first": {"pct": "10%", "time_to_adopt_days": 30},
    "middle": {"pct": "60%", "time_to_adopt_days": 200},
    "last": {"pct": "30%", "time_to_adopt_days": 500},
}
BY_ROW = {"poisson": "if(plan = 'pro', 8.0, 2.0)"}
SATURDAYS = {"seasonality": {"dimension": "dow", "weights": [0, 0, 0, 0, 0, 1, 0]}}
# kind -> keys of the table of touches
TOUCHES: dict[str, dict[str, Any]] = {
    "one each": {},
    "rate": {"fanout": {"poisson": 3, "per": "year"}},
    "clamped": {"fanout": {"poisson": 3, "per": "year", "clamp": [1, 4]}},
    "by parent": {"fanout": {"poisson": 3, "per": "year"}, "attribution_chain": {**CHAIN, "touches": BY_ROW}},
    "law of no whole numbers": {"fanout": 2, "attribution_chain": {**CHAIN, "touches": {"gamma": {"shape": 2, "mean": 4}}}},
    "saturdays": {"fanout": {"poisson": 3, "per": "year", "multipliers": [SATURDAYS]}},
    "short window": {"fanout": 3, "attribution_chain": {**CHAIN, "window": "90s"}},
}  # fmt: skip
# kind -> adoption_model
ADOPTION: dict[str, dict[str, Any]] = {
    "bass": {"p": 0.03, "q": 0.38},
    "created": {"p": 0.1, "q": 0.3, "origin": "created", "ceiling": 0.7},
    "classes": {"innovation_diffusion": CLASSES, "acceleration": {"pro": 2}},
    "used": {"p": 0.1, "q": 0.3, "engagement_frequency": {"innovators": 3, "else": "low"}, "acceleration": {"pro": 2}},
}
KINDS = [*TOUCHES, *ADOPTION]
ROWS_PER_YEAR = [kind for kind, keys in TOUCHES.items() if isinstance(keys.get("fanout"), dict)]


def document(kind: str, rows: int = 300, **changes: Any) -> dict[str, Any]:
    """Customers and their journeys or adoption. changes: keys of the document."""
    within = {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-12-31"}}}
    customer = {
        "id": "customer",
        "rows": rows,
        "columns": {"plan": {"choices": {"pro": "30%", "free": "70%"}}, "created_at": {**within, "role": "created"}},
    }
    if kind in ADOPTION:
        made_by: list[dict[str, Any]] = [
            {"id": "event", "parents": ["customer"], "adoption_model": dict(ADOPTION[kind])}
        ]
    else:
        made_by = [
            {"id": "event", "parents": ["customer"], "attribution_chain": dict(CHAIN), **TOUCHES[kind]},
            {"id": "sale", "parents": ["customer"]},
        ]
    return {"timeframe": {"start": "2024-01-01", "end": "2024-12-31"}, "nodes": [customer, *made_by], **changes}


def time_of(frame: pl.DataFrame) -> str:
    return next(name for name in ("touched_at", "adopted_at", "event_timestamp") if name in frame.columns)


@pytest.mark.parametrize("rows", [60, pytest.param(300, marks=pytest.mark.slow)])
@pytest.mark.parametrize("kind", KINDS)
def test_blocks_of_any_size_hold_the_same_rows(kind: str, rows: int) -> None:
    tables = ["event", "sale"] if kind in TOUCHES else ["event"]
    for table in tables:
        whole = made(document(kind, rows=rows), table)
        assert whole.height > rows / 15
        for block_rows in (1, 7, 300):
            assert_frame_equal(table_of(plan_of(document(kind, rows=rows)), table, block_rows=block_rows), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_more_customers_leave_the_rows_of_the_others_alone(kind: str) -> None:
    few, many = (made(document(kind, rows=rows), "event").drop("event_id") for rows in (80, 200))
    assert_frame_equal(many.filter(pl.col("customer_id") <= 80), few)
    assert many.height > few.height


@pytest.mark.parametrize("kind", [*ROWS_PER_YEAR, *ADOPTION])
def test_a_longer_window_only_appends(kind: str) -> None:
    short, long = (
        made(document(kind, timeframe={"start": "2024-01-01", "end": end}), "event").drop("event_id")
        for end in ("2024-12-31", "2025-12-31")
    )
    if kind == "clamped":  # whoever comes to stand at an end of the clamp gets another number and other times
        return
    if kind in TOUCHES:  # journeys that end after the short window may have touches inside it
        known = short.select("customer_id", "journey").unique()
        long = long.join(known, on=["customer_id", "journey"], how="semi")
    else:
        long = long.filter(pl.col(time_of(long)) < END)
    assert_frame_equal(long, short, check_row_order=False)


@pytest.mark.parametrize("kind", TOUCHES)
def test_touches_come_in_order_after_creation_inside_the_window_and_before_the_conversion(kind: str) -> None:
    plan = plan_of(document(kind))
    touches = table_of(plan, "event").join(table_of(plan, "customer"), on="customer_id")
    window = timedelta(seconds=90) if kind == "short window" else timedelta(days=30)
    assert touches.filter(pl.col("touched_at") < pl.col("created_at")).height == 0
    assert touches.filter(pl.col("touched_at") >= END).height == 0
    assert touches.filter(pl.col("touched_at") >= pl.col("converted_at")).height == 0
    assert touches.filter(pl.col("touched_at") < pl.col("converted_at") - window).height == 0
    of_journey = touches.group_by("customer_id", "journey", maintain_order=True)
    assert of_journey.agg((pl.col("touched_at").diff() < timedelta(0)).any())["touched_at"].sum() == 0
    assert of_journey.agg((pl.col("position") == pl.int_range(1, pl.len() + 1)).all())["position"].all()
    assert of_journey.agg(pl.col("converted_at").n_unique())["converted_at"].max() == 1


@pytest.mark.parametrize("kind", TOUCHES)
def test_conversions_are_the_journeys_that_convert(kind: str) -> None:
    plan = plan_of(document(kind))
    keys = ["customer_id", "journey", "converted_at"]
    converted = table_of(plan, "event").filter(pl.col("converted_at").is_not_null()).select(keys).unique()
    assert_frame_equal(table_of(plan, "sale").select(keys), converted, check_row_order=False)


def test_touches_follow_the_seasons_of_their_journeys() -> None:
    touches = made(document("saturdays"), "event")
    assert touches.filter(pl.col("touched_at").dt.weekday() != 6).height == 0


def test_another_conversion_leaves_the_touches_alone() -> None:
    other = document("rate")
    other["nodes"][1]["attribution_chain"]["conversion"] = 0.5
    first, second = made(document("rate"), "event"), made(other, "event")
    assert_frame_equal(first.drop("converted_at"), second.drop("converted_at"))
    assert first["converted_at"].null_count() > second["converted_at"].null_count()


def test_workers_make_the_same_conversions(tmp_path: Path) -> None:
    found = []
    for workers in (1, 2):
        api.generate(api.prepare(document("rate", rows=8_000)), tmp_path / str(workers), Options(workers=workers))
        parts = tmp_path / str(workers) / "sale"
        found.append(pl.read_parquet(parts / "*.parquet" if parts.is_dir() else parts.with_suffix(".parquet")))
    assert_frame_equal(*found)
    assert found[0].height > 1_000


@pytest.mark.parametrize("kind", ADOPTION)
def test_everybody_adopts_once_after_creation_and_before_using(kind: str) -> None:
    plan = plan_of(document(kind))
    events = table_of(plan, "event").join(table_of(plan, "customer"), on="customer_id")
    time = time_of(events)
    assert events.filter(~pl.col(time).is_between(START, END, closed="left")).height == 0
    assert events.filter(pl.col(time) < pl.col("created_at")).height == 0
    if kind == "used":
        adopted = events.filter(pl.col("event") == "adopted").select("customer_id", adopted_at=time)
        assert events.join(adopted, on="customer_id").filter(pl.col(time) < pl.col("adopted_at")).height == 0
        events = events.filter(pl.col("event") == "adopted")
    assert events["customer_id"].is_duplicated().sum() == 0


def test_a_segment_of_the_parent_beside_an_adoption_stays_what_it_is() -> None:
    """`role: segment` with a generator of its own is a copy, not the class of the adopter."""
    copied = document("classes")
    copied["nodes"][1]["columns"] = [
        {"name": "plan", "role": "segment", "generator": {"expression": {"code": "customer.plan"}}},
        {"name": "on", "type": "date", "role": "time"},
    ]
    plan = plan_of(copied)
    events = table_of(plan, "event").join(table_of(plan, "customer"), on="customer_id")
    assert events.height > 50
    assert (events["plan"] == events["plan_right"]).all()
    assert events.filter(pl.col("on") < pl.col("created_at")).height == 0


def changed(kind: str, **keys: Any) -> dict[str, Any]:
    found = document(kind)
    word = "adoption_model" if kind in ADOPTION else "attribution_chain"
    found["nodes"][1][word] = {
        key: value for key, value in {**found["nodes"][1][word], **keys}.items() if value is not None
    }
    return found


@pytest.mark.parametrize(
    ("kind", "keys", "codes"),
    [
        ("rate", {"channels": None, "touches": None}, ["attribution.incomplete"] * 2),
        ("rate", {"channels": ["search"]}, ["attribution.unknown_channel"]),
        ("rate", {"conversion": {"base": 0.02, "multiplier_per_touch": 1.4}}, ["attribution.over_one"]),
        ("rate", {"touches": 2, "conversion": {"base": 0.5, "multiplier_per_touch": 2}}, []),
        ("rate", {"touches": {"poison": 3}}, ["language.unknown_key"]),
        ("rate", {"conversions": "customer"}, ["attribution.conversions"]),
        ("rate", {"conversions": "event"}, ["attribution.conversions"]),
        ("bass", {"ceiling": 1.4}, ["language.out_of_range"]),
        ("bass", {"p": 0}, ["adoption.no_curve"]),
        ("bass", {"acceleration": {"vip": 2}}, ["segment.no_column"]),
        ("bass", {"params": {"r": 2}}, ["language.unknown_key"]),
        ("bass", {"params": {"p": 0.1}}, ["adoption.two_values"]),
        ("bass", {"params": {"ceiling": 0.5}}, []),
        ("classes", {"time_unit": "day"}, ["adoption.two_curves"]),
        ("used", {"engagement_frequency": {"innovators": -1}}, ["adoption.engagement"] * 2),
    ],
)
def test_what_cannot_be_is_refused_once(kind: str, keys: dict[str, Any], codes: list[str]) -> None:
    assert codes_of(changed(kind, **keys)) == codes


@pytest.mark.parametrize("kind", ["rate", "bass"])
def test_without_a_timeframe_there_is_no_time(kind: str) -> None:
    timeless = document(kind)
    del timeless["timeframe"]
    timeless["nodes"][0]["columns"].pop("created_at")
    assert codes_of(timeless) == ["fanout.no_timeframe"]


def test_other_spellings_mean_the_same() -> None:
    chain = CHAIN
    second = {
        "touchpoint_types": chain["channels"],
        "touchpoints_per_conversion": chain["touches"],
        "attribution_window_days": 30,
        "conversion_probability": chain["conversion"],
    }
    other = changed("rate", channels=None, touches=None, window=None, conversion=None, **second)
    assert_frame_equal(made(other, "event"), made(document("rate"), "event"))
    assert codes_of(changed("rate", attribution_window_days=30)) == ["attribution.two_spellings"]
    bass = {"curve_type": "bass", "params": {**ADOPTION["bass"], "time_unit": "month"}}
    assert_frame_equal(made(changed("bass", p=None, q=None, **bass), "event"), made(document("bass"), "event"))


def test_a_list_of_channels_is_one_of_equal_weights() -> None:
    written = changed("rate", channels=["search", "social", "email"])
    weighted = changed("rate", channels={"search": 2, "social": 2, "email": 2})
    assert_frame_equal(made(written, "event"), made(weighted, "event"))


@pytest.mark.parametrize(
    "more",
    [
        {"by": {"plan": {"pro": {"params": {"lambda": 9}}, "else": {}}}},
        {"stretch": True},
        {"multipliers": [{"trend": {"time_unit": "year", "by": {"plan": {"pro": {"growth_rate": 0.5}, "else": {"growth_rate": 0}}}}}]},
    ],
    ids=["by", "stretch", "multiplier"],
)  # fmt: skip
def test_the_fanout_of_journeys_is_the_same_for_all_parents(more: dict[str, Any]) -> None:
    made = document("rate")
    [touches] = [node for node in made["nodes"] if "fanout" in node]
    touches["fanout"] = {"poisson": 3, "per": "year", **more}
    assert "attribution.fanout" in codes_of(made)
