"""`ingested`: when an event was recorded, in classes of days that are kept to the row."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from tests.parts.columns import chi_square, child, column, near_mean, near_share, refused, schema, table
from tests.parts.proofs import proof
from tests.support import made, plan_of, table_of

ROWS = 12_345
AT = column("at", {"datetime_series": {"within": {"start": "2024-01-01", "end": "2024-06-30"}}})
PROFILE = {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}


def ingested(profile: Any = PROFILE, **keys: Any) -> dict[str, Any]:
    return {"ingested": {"column": "at", "profile": profile, **keys}}


def document(generator: dict[str, Any], at: dict[str, Any] = AT, rows: int = ROWS, **keys: Any) -> dict[str, Any]:
    return schema(table("t", rows, at, column("x", generator, **keys)))


def frame(generator: dict[str, Any], **keys: Any) -> pl.DataFrame:
    return made(document(generator, **keys), "t")


def late(found: pl.DataFrame) -> np.ndarray:
    """Days of UTC between event and record."""
    return (found["x"].dt.date() - found["at"].dt.date()).dt.total_days().to_numpy()


@proof("generator", "ingested")
def test_the_shares_of_the_classes_are_kept_to_the_row() -> None:
    days = late(frame(ingested()))
    assert [int(n) for n in np.histogram(days, [0, 1, 4, 8])[0]] == [9_876, 2_222, 247]  # of 12,345
    assert days.min() == 0
    assert days.max() == 7


def test_every_day_of_a_class_is_equally_likely_and_every_hour() -> None:
    found = frame(ingested({"same_day": 0.2, "1-4d": 0.8}))
    days = late(found)
    counts = np.bincount(days)[1:]
    assert chi_square(counts, [counts.sum() / 4] * 4) > 1e-4
    hours = found["x"].dt.hour().to_numpy()[days > 0]
    assert chi_square(np.bincount(hours, minlength=24), [len(hours) / 24] * 24) > 1e-4


def test_nothing_is_recorded_before_it_happens() -> None:
    found = frame(ingested())
    assert (found["x"] >= found["at"]).all()
    lag = (found["x"] - found["at"]).dt.total_seconds().to_numpy()[late(found) == 0]
    assert near_mean(lag + 0.5, 300, 300, errors=5)  # the end of the day cuts 1 in 300 of them
    eve = column("at", {"expression": {"code": "timestamp '2024-03-01 23:59:59'"}}, type="datetime")
    found = frame(ingested({"same_day": 1}), at=eve, rows=50)
    assert (found["x"] == found["at"]).all()


def test_a_null_event_is_null_and_counts_in_the_shares() -> None:
    at = {**AT, "when": "t_id % 2 = 0"}
    found = frame(ingested(), at=at, nullable=True)
    assert found["x"].is_null().equals(found["at"].is_null())
    days = late(found.drop_nulls())
    assert near_share((days == 0).mean(), 0.8, len(days))


def test_shares_inside_a_row_above_and_rows_that_draw_for_themselves() -> None:
    inside = schema(
        table("u", 200),
        child("t", "u", AT, column("x", ingested({"same_day": 0.5, "1d": 0.5}, exact="u")),
              fanout={"type": "constant", "params": {"value": 10}}),
    )  # fmt: skip
    found = made(inside, "t")
    same = found.select("u_id", same=pl.Series(late(found) == 0)).group_by("u_id").agg(pl.col("same").sum())
    assert set(same["same"]) == {5}
    free = late(frame(ingested(exact=False)))
    assert near_share((free == 0).mean(), 0.8, ROWS)
    assert (free == 0).sum() != 9_876


def test_records_to_the_millisecond_and_dates() -> None:
    at = {**AT, "precision": "ms"}
    found = frame(ingested(), at=at, precision="ms")
    assert (found["x"] >= found["at"]).all()
    assert (found["x"].dt.microsecond() > 0).mean() > 0.9
    found = frame(ingested(), at=at, type="date")
    days = (found["x"] - found["at"].dt.date()).dt.total_days().to_numpy()
    assert (days == 0).sum() == 9_876


def test_records_do_not_depend_on_how_rows_are_cut() -> None:
    plan = plan_of(document(ingested(), rows=300))
    whole = table_of(plan, "t")
    for rows in (1, 7, 100):
        assert table_of(plan, "t", block_rows=rows).equals(whole)


def test_profiles_by_a_value_are_drawn_row_by_row() -> None:
    fast = {"by": {"t_id": {"1": {"profile": {"5d": 1}}, "else": {}}}}
    found = late(frame(ingested({"same_day": 1}, exact=False, **fast)))
    assert found[0] == 5
    assert not found[1:].any()
    assert refused(document(ingested({"same_day": 1}, **fast)), "quota.by")


@pytest.mark.parametrize(
    ("generator", "keys", "code", "where"),
    [
        (ingested({"soon": 1}), {}, "ingested.class", ".profile.soon"),
        (ingested({"3-1d": 1}), {}, "ingested.class", '.profile["3-1d"]'),
        (ingested({"1-3d": 0.5, "3d": 0.5}), {}, "ingested.class", '.profile["3d"]'),
        (ingested({}), {}, "ingested.class", ".profile"),
        (ingested({"same_day": 0.5, "1d": 0.2}), {}, "weights.sum", ".profile"),
        (ingested({"same_day": "180%"}), {}, "language.out_of_range", ".profile.same_day"),
        (ingested(exact="u"), {}, "quota.no_ancestor", ".exact"),
        ({"ingested": {"column": "t_id", "profile": PROFILE}}, {}, "ingested.column_type", ".column"),
        (ingested(), {"at": {**AT, "precision": "us"}}, "ingested.precision", ".column"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(
    generator: dict[str, Any], keys: dict[str, Any], code: str, where: str
) -> None:
    told = refused(document(generator, **keys), code)
    assert told.json_path == f"nodes[0].columns[2].generator.ingested{where}"
