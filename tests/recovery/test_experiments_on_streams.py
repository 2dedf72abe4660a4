"""Experiments on the emits of a stream: found again in its rows, and both outcomes from the draws of the same twin."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from datagen.api import generate, prepare
from datagen.engine.options import Options
from datagen.truth import read
from tests.support import codes_of, findings_of

HALF = "2024-04-01"
RATE, SIZE = 1.5, 1.3


def log(
    *effects: dict[str, Any], start: str = HALF, order_by: Any = ("user_id", "moment"), users: int = 3000
) -> dict[str, Any]:
    """Pings at a rate with an amount of their own, purchases whose amount is that of the order, tips by law."""
    return {
        "name": "log",
        "seed": 5,
        "timeframe": {"start": "2024-01-01", "end": "2024-06-30"},
        "experiments": [
            {
                "name": "trial", "unit": "users", "start": start, "arms": {"control": 0.5, "treatment": 0.5},
                "effects": list(effects),
            }
        ],
        "tables": [
            {"name": "users", "rows": users, "pk": "user_id", "columns": {"user_id": {}}},
            {
                "name": "orders", "parents": ["users"], "fanout": {"poisson": 2}, "pk": "order_id",
                "columns": {"order_id": {}, "moment": {"datetime_series": {}}, "price": {"distribution": {"type": "uniform", "params": {"low": 5, "high": 9}}, "decimals": 2}},
            },
            {
                "name": "events", "kind": "stream", "order_by": list(order_by),
                "columns": {
                    "event_id": {}, "user_id": {}, "moment": {"type": "datetime", "role": "time"}, "event_type": {},
                    "amount": {"type": "float", "decimals": 2}, "price": {},
                },
                "emits": [
                    {"id": "ping", "of": "users", "event_type": "ping", "fanout": {"poisson": 1, "per": "month"},
                     "columns": {"amount": {"lognormal": {"median": 20, "sigma": 0.4}}}},
                    {"id": "purchase", "of": "orders", "event_type": "purchase", "at": "moment", "columns": {"amount": "price * 2"}},
                    {"id": "tip", "of": "users", "event_type": "tip", "fanout": {"poisson": 2}, "at": {"datetime_series": {}},
                     "columns": {"amount": 7.5}},
                ],
            },
        ],
    }  # fmt: skip


def rate(size: float = RATE, table: str = "events.ping") -> dict[str, Any]:
    return {"on": "fanout", "table": table, "size": size}


def value(size: float = SIZE, table: str = "events.ping.amount") -> dict[str, Any]:
    return {"on": "value", "table": table, "size": size}


def made(document: dict[str, Any], place: Path) -> tuple[pl.DataFrame, Any]:
    """Its events with the arm of their user, and its truth."""
    generate(prepare(document), place, Options(truth=True))
    events, users = (pl.read_parquet(place / f"{name}.parquet") for name in ("events", "users"))
    return events.join(users, on="user_id", maintain_order="left"), read(Path(f"{place}.truth"))


@pytest.mark.parametrize("order_by", [("user_id", "moment"), ("moment",)])
def test_the_declared_differences_are_found_from_the_start_on(tmp_path: Path, order_by: Any) -> None:
    events, _ = made(log(rate(), value(), order_by=order_by), tmp_path / "out")
    half = pl.lit(HALF).str.to_datetime()
    for late, ratio, gap in ((True, RATE, math.log(SIZE)), (False, 1.0, 0.0)):
        ping = events.filter((pl.col("event_type") == "ping") & ((pl.col("moment") >= half) == late))
        arms = {arm: ping.filter(pl.col("trial") == arm)["amount"].log() for arm in ("control", "treatment")}
        rows = {arm: len(one) for arm, one in arms.items()}
        units = dict(events.unique("user_id").group_by("trial").len().iter_rows())
        found = rows["treatment"] / units["treatment"] / (rows["control"] / units["control"])
        error = ratio * math.sqrt(1 / rows["control"] + 1 / rows["treatment"])
        assert abs(found - ratio) < 3 * error, f"pings differ by {found:.3f}, declared {ratio}"
        found = arms["treatment"].mean() - arms["control"].mean()  # type: ignore[operator]
        error = 0.4 * math.sqrt(1 / rows["control"] + 1 / rows["treatment"])
        assert abs(found - gap) < 3 * error, f"amounts differ by {math.exp(found):.3f}"
    others = events.filter(pl.col("event_type") == "tip")
    assert set(others["amount"]) == {7.5}  # what the effect does not name stays


@pytest.mark.parametrize("order_by", [("user_id", "moment"), ("moment",)])
def test_both_outcomes_of_a_value_come_from_the_draws_of_the_twin(tmp_path: Path, order_by: Any) -> None:
    events, truth = made(log(value(), order_by=order_by), tmp_path / "out")
    twin, _ = made(log(value(1.0), order_by=order_by), tmp_path / "twin")
    labels = truth.labels("events").sort("event_id")
    assert events["event_id"].equals(labels["event_id"])
    assert labels["amount_if_control"].equals(twin["amount"].alias("amount_if_control"))
    late = ((events["moment"].dt.strftime("%Y-%m-%d") >= HALF) & (events["event_type"] == "ping")).to_numpy()
    gain = labels["amount_if_treatment"].to_numpy() / labels["amount_if_control"].to_numpy()
    assert np.allclose(gain[late], SIZE, atol=0.01)  # both rounded to cents
    assert (gain[~late] == 1).all()
    treated = (events["trial"] == "treatment").to_numpy()
    seen = np.where(treated, labels["amount_if_treatment"].to_numpy(), labels["amount_if_control"].to_numpy())
    assert np.array_equal(seen, events["amount"].to_numpy())


def test_what_a_user_would_have_done_is_what_the_twin_does(tmp_path: Path) -> None:
    events, truth = made(log(rate()), tmp_path / "out")
    twin, _ = made(log(rate(1.0)), tmp_path / "twin")
    labels = truth.labels("users").sort("user_id")
    counts = {
        name: pl.DataFrame({"user_id": labels["user_id"]})
        .join(one.filter(pl.col("event_type") == "ping").group_by("user_id").len(), on="user_id", how="left")
        .fill_null(0)
        .sort("user_id")["len"]
        for name, one in (("seen", events), ("twin", twin))
    }
    assert (
        labels["rows_of_events_ping_if_control"]
        .cast(pl.UInt32)
        .equals(counts["twin"].alias("rows_of_events_ping_if_control"))
    )
    arms = dict(events.select("user_id", "trial").unique().iter_rows())
    treated = np.array([arms.get(user) == "treatment" for user in labels["user_id"]])
    wanted = labels["rows_of_events_ping_if_treatment"].to_numpy()
    assert np.array_equal(wanted[treated], counts["seen"].to_numpy()[treated])
    assert (wanted >= labels["rows_of_events_ping_if_control"].to_numpy()).all()


def test_the_stream_as_a_whole_reaches_the_emits_with_a_fanout(tmp_path: Path) -> None:
    events, _ = made(log(rate(2.0, "events"), start="timeframe.start", users=2000), tmp_path / "out")
    units = dict(events.unique("user_id").group_by("trial").len().iter_rows())
    for kind, ratio in (("ping", 2.0), ("tip", 2.0), ("purchase", 1.0)):
        rows = dict(events.filter(pl.col("event_type") == kind).group_by("trial").len().iter_rows())
        found = rows["treatment"] / units["treatment"] / (rows["control"] / units["control"])
        assert abs(found - ratio) < 4 * ratio * math.sqrt(1 / rows["control"] + 1 / rows["treatment"]), kind


def test_a_column_that_all_emits_make_is_changed_in_all_of_them(tmp_path: Path) -> None:
    document = log(value(1.5, "events.amount"), start="timeframe.start", users=400)
    events, truth = made(document, tmp_path / "out")
    labels = truth.labels("events").sort("event_id")
    own = (events["event_type"] != "tip").to_numpy()
    gain = labels["amount_if_treatment"].to_numpy() / labels["amount_if_control"].to_numpy()
    assert np.allclose(gain[own], 1.5, atol=0.01)
    assert (gain[~own] == 1).all()  # a constant is no value of theirs to change


def test_what_has_no_meaning_is_refused_with_what_has() -> None:
    assert codes_of(log(rate(table="events.purchase"))) == ["experiment.no_time"]  # one event of each order
    assert codes_of(log(rate(table="events.tip"))) == ["experiment.no_time"]  # counted once, whatever the time
    assert codes_of(log(rate(table="events.tip"), start="timeframe.start")) == []
    assert codes_of(log(rate(table="events.pong"))) == ["experiment.not_reached"]
    assert codes_of(log(value(table="events.ping.prize"))) == ["ref.unknown_column"]
    [taken] = findings_of(log(value(table="events.price")))
    assert taken.code == "experiment.taken_over"
    assert "orders.price" in taken.expected


def test_the_amount_of_a_stream_is_meant_where_no_column_is_named(tmp_path: Path) -> None:
    named, plain = log(value(table="events.amount"), users=50), log(value(table="events"), users=50)
    for one in (named, plain):
        del one["tables"][2]["columns"]["price"]
    assert made(named, tmp_path / "a")[0].equals(made(plain, tmp_path / "b")[0])


@pytest.mark.parametrize("order_by", [("user_id", "moment"), ("moment",)])
def test_the_answer_key_tells_of_both_and_the_rows_agree(tmp_path: Path, order_by: Any) -> None:
    """The same SQL, asked of the twin without effects, finds nothing."""
    made(log(rate(), value(), order_by=order_by), tmp_path / "out")
    effects = {one["effect_id"]: one for one in read(tmp_path / "out.truth").effects}
    assert set(effects) == {"trial.events.ping.rows", "trial.events.ping.amount"}
    made(log(rate(1.0), value(1.0), order_by=order_by), tmp_path / "twin")
    # 3,000 users with one ping a month for three months: 4,500 late pings of the control, RATE times as many of the others
    least = RATE * math.sqrt(1 / 4500 + 1 / 4500 / RATE)
    assert effects["trial.events.ping.rows"]["standard_error"] == pytest.approx(least, rel=0.05)
    for name, size in (("trial.events.ping.rows", RATE), ("trial.events.ping.amount", SIZE)):
        error = effects[name]["standard_error"]
        assert effects[name]["expected"] == size
        for place, expected in ((tmp_path / "out", size), (tmp_path / "twin", 1.0)):
            with duckdb.connect() as database:
                for table in ("users", "events"):
                    database.execute(f"create view {table} as from '{place / table}.parquet'")
                row = database.execute(effects[name]["how_to_measure"]).fetchone()
            assert row is not None
            assert abs(row[0] - expected) < 4 * error, f"{name}: {row[0]:.3f}, told {expected}"
