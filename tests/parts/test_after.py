"""`after`: a time that follows another one by a delay, cut and not piled up at its bounds, null where it is still open."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import chi_square, child, column, fails, near_mean, near_share, refused, schema, table
from tests.parts.proofs import proof
from tests.support import made, plan_of, table_of

ROWS = 20_000
DAY = 86_400.0
END = datetime(2025, 1, 1)
START = column("start", {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-06-30"}}})
MONTH = {"type": "exponential", "params": {"mean": "30d"}}
OFFICE = [0.0] * 8 + [1.0] * 9 + [0.0] * 7


def after(delay: Any, on: str = "start", **keys: Any) -> dict[str, Any]:
    return {"after": {"column": on, "delay": delay, **keys}}


def uniform(low: str, high: str) -> dict[str, Any]:
    return {"type": "uniform", "params": {"low": low, "high": high}}


def document(generator: dict[str, Any], *more: dict[str, Any], rows: int = ROWS, **keys: Any) -> dict[str, Any]:
    return schema(table("t", rows, START, *more, column("x", generator, **keys)))


def frame(generator: dict[str, Any], *more: dict[str, Any], **keys: Any) -> pl.DataFrame:
    return made(document(generator, *more, **keys), "t")


def days(found: pl.DataFrame, of: str = "x", since: str = "start") -> np.ndarray:
    return ((found[of] - found[since]).dt.total_microseconds() / 1e6 / DAY).to_numpy()


@proof("generator", "after")
def test_delays_have_the_law() -> None:
    found = days(frame(after({"type": "lognormal", "params": {"median": "2d", "sigma": 0.8}})))
    assert found.min() > 0
    assert near_mean(np.log(found), math.log(2), 0.8)
    assert abs(np.log(found).std() - 0.8) < 4 * 0.8 / math.sqrt(2 * ROWS)


def test_a_bound_cuts_the_law_and_nothing_piles_up_there() -> None:
    found = frame(after(MONTH, before="timeframe.end"))
    assert (found["x"] < END).all()
    room = (found.select(pl.lit(END) - pl.col("start")).to_series().dt.total_seconds() / DAY).to_numpy()
    # an exponential cut at the room: its distribution function is uniform
    share = (1 - np.exp(-days(found) / 30)) / (1 - np.exp(-room / 30))
    assert chi_square(np.histogram(share, 20, (0, 1))[0], [ROWS / 20] * 20) > 1e-4


def test_no_day_before_the_bound_has_more_than_the_law_gives_it() -> None:
    slow = {"type": "lognormal", "params": {"median": "25d", "sigma": 0.5}}
    per_day = np.histogram(days(frame(after(slow, before="start + to_days(30)"))), bins=np.arange(0, 31))[0]
    assert per_day[-1] < 2 * per_day.mean(), per_day
    # the twin: a clamp piles a third of the rows up in the last day
    clamped = np.histogram(days(frame(after({**slow, "clamp": [None, "30d"]}))), bins=np.arange(0, 32))[0]
    assert clamped[-1] > 5 * clamped.mean(), clamped


def test_a_bound_may_be_a_date_a_column_or_an_expression_and_a_null_one_is_none() -> None:
    stop = column("stop", after({"type": "constant", "params": {"value": "5d"}}), when="t_id % 2 = 0")
    found = frame(after(MONTH, before="stop"), stop)
    bound = found.filter(pl.col("stop").is_not_null())
    assert (bound["x"] < bound["stop"]).all()
    assert near_mean(days(found.filter(pl.col("stop").is_null())), 30, 30)
    assert (frame(after(MONTH, before="2024-07-15"))["x"] < datetime(2024, 7, 15)).all()
    found = frame(after(MONTH, before="start + to_days(10)"))
    assert days(found).max() < 10


def test_what_has_not_happened_by_the_end_is_null() -> None:
    found = frame(after(MONTH, censor="start + to_days(60)"))
    assert near_share(found["x"].null_count() / ROWS, math.exp(-2), ROWS)
    assert days(found.drop_nulls()).max() < 60
    plain = frame(after(MONTH))
    kept = found["x"].is_not_null()
    assert found["x"].filter(kept).equals(plain["x"].filter(kept))  # censoring hides times, it moves none


def test_after_a_null_comes_a_null() -> None:
    first = column("first", after(uniform("0d", "3d")), when="t_id % 3 = 0")
    found = frame(after(uniform("1d", "2d"), on="first"), first, nullable=True)
    assert found["x"].is_null().equals(found["first"].is_null())


def test_a_law_that_reaches_below_zero_is_cut_there() -> None:
    found = days(frame(after({"type": "normal", "params": {"mean": "0d", "std": "4d"}})))
    assert found.min() >= 0
    assert near_mean(found, 4 * math.sqrt(2 / math.pi), 4 * math.sqrt(1 - 2 / math.pi))


def test_the_delay_may_differ_by_row() -> None:
    kind = column("kind", {"choice": {"choices": ["a", "b"]}})
    law = {
        "type": "exponential",
        "params": {"mean": "1d"},
        "by": {"kind": {"b": {"params": {"mean": "9d"}}, "else": {}}},
    }
    found = frame(after(law), kind)
    for text, mean in (("a", 1), ("b", 9)):
        assert near_mean(days(found.filter(pl.col("kind") == text)), mean, mean)
    size = column("size", {"distribution": {"type": "uniform", "params": {"low": 1, "high": 3}}})
    found = frame(after({"type": "constant", "params": {"value": "to_days(size)"}}), size)
    assert np.abs(days(found) - found["size"].to_numpy()).max() <= 1 / DAY


def test_precision_and_dates() -> None:
    fine = frame(after(uniform("0d", "1d")), precision="ms")["x"].dt.microsecond()
    assert (fine % 1_000 == 0).all()
    assert (fine > 0).mean() > 0.99
    assert (frame(after(uniform("0d", "1d")))["x"].dt.microsecond() == 0).all()
    found = frame(after({"type": "constant", "params": {"value": "36h"}}), type="date")
    shifted = found.select((pl.col("start") + pl.duration(hours=36)).dt.date().alias("x"))
    assert found["x"].equals(shifted["x"])


def test_times_on_a_coarse_grid_do_not_precede_finer_ones() -> None:
    fine = column("fine", after(uniform("0d", "1d")), precision="us")
    found = frame(after({"type": "constant", "params": {"value": "0s"}}, on="fine"), fine)
    gap = (found["x"] - found["fine"]).dt.total_microseconds()
    assert gap.min() >= 0
    assert gap.max() < 1_000_000


def parents(fanout: int = 5) -> dict[str, Any]:
    """Tasks below projects that are completed, some of them."""
    done = {"after": {"column": "start", "delay": {"type": "gamma", "params": {"shape": 2, "mean": "60d"}}}}
    return schema(
        table("project", 1_000, START, column("completed", done, when="project_id % 2 = 0")),
        child(
            "task",
            "project",
            column("created", after(MONTH, on="project.start", before="coalesce(project.completed, timeframe.end)")),
            column("closed", after(uniform("2d", "20d"), on="created")),
            fanout={"type": "constant", "params": {"value": fanout}},
        ),
    )


def test_inequalities_cut_the_law_and_the_bound_itself_is_the_last_resort() -> None:
    limits = {"inequalities": [{"left": "task.closed", "op": "<=", "right": "project.completed"}]}
    whole = {**parents(), "constraints": limits}
    assert "held" in {one.status for one in plan_of(whole).constraints if "closed" in one.text}
    found = made(whole, "task").join(made(whole, "project"), on="project_id").filter(pl.col("completed").is_not_null())
    assert (found["closed"] <= found["completed"]).all()
    near = found.filter(pl.col("completed") - pl.col("created") < pl.duration(days=2))
    assert len(near) > 20
    assert (near["closed"] == near["completed"]).all()
    free = found.filter(pl.col("completed") - pl.col("created") >= pl.duration(days=3))
    assert (free["closed"] == free["completed"]).mean() < 0.01
    assert ((free["closed"] - free["created"]).dt.total_hours() >= 47).all()


def test_rows_that_a_strict_bound_leaves_no_time_are_told_with_their_number() -> None:
    told = fails(
        document(after(uniform("2d", "3d"), before="start + to_days(1)"), rows=100), "t", "constraint.empty_interval"
    )
    assert told.found.startswith("100 rows of the 100 looked at with no time left")
    told = fails(document(after(MONTH, before="start"), rows=100), "t", "constraint.empty_interval")
    assert told.json_path == "t.x"


def test_rows_in_which_the_column_has_no_value_need_no_room() -> None:
    found = frame(after(MONTH, before="case when t_id % 2 = 0 then start else timeframe.end end"), when="t_id % 2 = 1")
    assert found["x"].null_count() == ROWS // 2


def test_hardly_any_of_the_law_may_be_left() -> None:
    """A second before the bound the lognormal law has a probability of 0 in 64 bits; the rows are not lost."""
    slow = {"type": "lognormal", "params": {"median": "1000d", "sigma": 0.1}}
    found = frame(after(slow, before="start + to_minutes(1)"))
    assert near_mean(days(found) * 1440 * 60, 29.5, 60 / math.sqrt(12))


def season(dimension: str, weights: list[float], **keys: Any) -> dict[str, Any]:
    return {"transform": "seasonality", "args": {"dimension": dimension, "weights": weights, **keys}}


WEEK = [5.0, 4.0, 4.0, 4.0, 3.0, 0.5, 0.5]


def weekdays(modifiers: list[dict[str, Any]]) -> np.ndarray:
    """Rows by weekday of times spread evenly over the four weeks that follow another time."""
    found = frame(after(uniform("0d", "28d"), before="start + to_days(28)"), modifiers=modifiers)
    return np.bincount(found["x"].dt.weekday().to_numpy() - 1, minlength=7)


def test_seasonality_multiplies_the_density() -> None:
    expected = np.array(WEEK) / sum(WEEK) * ROWS
    assert chi_square(weekdays([season("dow", WEEK)]), expected) > 1e-4
    assert chi_square(weekdays([]), expected) < 1e-9  # the twin: without it the days are equal


def test_working_hours_hold_inside_the_bounds_in_the_zone_of_the_row() -> None:
    zone = column("zone", {"choice": {"choices": ["Europe/Prague", "America/New_York"]}})
    hours = season("hour", OFFICE, timezone="zone")
    found = frame(after(MONTH, before="timeframe.end"), zone, modifiers=[hours, season("dow", [1, 1, 1, 1, 1, 0, 0])])
    assert (found["x"] < END).all()
    for name in ("Europe/Prague", "America/New_York"):
        mine = found.filter(pl.col("zone") == name)["x"].dt.replace_time_zone("UTC").dt.convert_time_zone(name)
        assert mine.dt.hour().is_between(8, 16).mean() > 0.999
    assert (found["x"].dt.weekday() < 6).mean() > 0.999
    assert days(found).min() >= 0


def test_where_no_hour_is_open_the_bounds_win() -> None:
    night = column("night", {"expression": {"code": "date_trunc('day', start) + to_hours(1)"}})
    found = frame(after(uniform("1h", "2h"), on="night"), night, modifiers=[season("hour", OFFICE)], rows=200)
    assert (days(found, since="night") * 24).min() >= 1
    assert (days(found, since="night") * 24).max() <= 2


def test_adding_a_season_moves_only_times_that_it_does_not_accept() -> None:
    plain = frame(after(MONTH))["x"]
    shaped = frame(after(MONTH), modifiers=[season("dow", [1, 1, 1, 1, 1, 0, 0])])["x"]
    weekday = plain.dt.weekday() < 6
    assert (plain == shaped).filter(weekday).all()
    assert not (plain == shaped).filter(~weekday).any()


def test_seasoned_times_do_not_depend_on_how_rows_are_cut() -> None:
    plan = plan_of(document(after(MONTH, before="timeframe.end"), modifiers=[season("hour", OFFICE)], rows=500))
    whole = table_of(plan, "t")
    for rows in (1, 7, 100):
        assert table_of(plan, "t", block_rows=rows).equals(whole)


def test_jitter_is_reflected_at_the_bounds() -> None:
    jitter = {"transform": "time_jitter", "args": {"std_minutes": 3_000}}
    found = frame(after(uniform("0d", "2d"), before="start + to_days(2)"), modifiers=[jitter])
    assert days(found).min() >= 0
    assert days(found).max() < 2
    assert not found.equals(frame(after(uniform("0d", "2d"), before="start + to_days(2)")))


@pytest.mark.parametrize(
    ("generator", "keys", "code", "where"),
    [
        (after(MONTH, on="t_id"), {}, "after.column_type", ".column"),
        (after(MONTH, on="strt"), {}, "ref.unknown_column", ".column"),
        (after(MONTH, before="t_id"), {}, "after.bound_type", ".before"),
        (after(MONTH, censor=3), {}, "after.bound_type", ".censor"),
        (after(MONTH, before="nothing"), {}, "expression.unknown_name", ".before"),
        (after(uniform("-3d", "-1d")), {}, "after.negative_delay", ".delay"),
        (after({"type": "poisson", "params": {"lambda": 3}}), {}, "law.not_of_times", ".delay.type"),
        (after({"type": "exponential", "params": {"mean": 3}}), {}, "law.no_unit", ".delay.params.mean"),
        (after(MONTH), {"type": "int"}, "column.type_mismatch", ""),
        (after(MONTH), {"modifiers": [season("hour", [1.0])]}, "seasonality.weights_length", None),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_where_it_stands(
    generator: dict[str, Any], keys: dict[str, Any], code: str, where: str | None
) -> None:
    told = refused(document(generator, **keys), code)
    if where is not None:
        assert told.json_path == f"nodes[0].columns[2].generator.after{where}"
