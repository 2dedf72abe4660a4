"""`check` on journeys of touches: their numbers and times go together, and conversions are theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import Edit, edited, failures, judged, publish

TIME = "2024-03-03T00:00:00Z"
DOCUMENT: dict[str, Any] = {
    "name": "journeys",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {"name": "people", "rows": 600, "columns": {"joined": {"datetime_series": {}, "role": "created"}}},
        {
            "name": "touches",
            "parents": ["people"],
            "fanout": {"poisson": 2, "per": "year"},
            "attribution_chain": {
                "channels": ["search", "mail"],
                "touches": {"poisson": 3},
                "window": "20d",
                "conversion": 0.3,
                "conversions": "deals",
            },
            "columns": {
                "journey": {"role": "journey"},
                "place": {"role": "position"},
                "touched_at": {"role": "time"},
                "converted_at": {"role": "converted_at", "nullable": True},
            },
        },
        {
            "name": "deals",
            "parents": ["people"],
            "columns": {"journey": {"role": "journey"}, "closed_at": {"role": "time"}},
        },
    ],
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(DOCUMENT, tmp_path_factory.mktemp("whole") / "journeys")


def test_whole_journeys_are_sound(whole: Path) -> None:
    checked = judged(whole, DOCUMENT)
    assert failures(checked) == {}
    assert [one.score for one in checked.report.results if one.code == "value.journey"] == [1.0] * 3


def where(condition: pl.Expr, column: str, value: pl.Expr) -> Edit:
    """A table in which one column is something else in the rows that meet a condition."""
    return lambda frame: frame.with_columns(pl.when(condition).then(value).otherwise(pl.col(column)).alias(column))


ROW = pl.int_range(pl.len())
CONVERTED = pl.col("converted_at").is_not_null()
BROKEN: list[tuple[str, Edit, str]] = [
    ("touches", lambda frame: frame.with_columns(place=pl.lit("1")), "touches.place"),
    ("touches", where(pl.col("place") == "1", "place", pl.lit("0")), "touches.place"),
    ("touches", lambda frame: frame.with_columns(pl.col("touched_at").reverse().over("people_id", "journey")), "touches.place"),
    ("touches", where(CONVERTED & (pl.col("place") == "1"), "converted_at", pl.lit(None)), "touches.converted_at"),
    ("touches", lambda frame: frame.with_columns(converted_at=pl.lit(None, pl.String)), "deals.closed_at"),
    ("deals", where(ROW == 4, "closed_at", pl.lit(TIME)), "deals.closed_at"),
    ("deals", lambda frame: frame.with_columns(pl.col("people_id").shuffle(seed=2)), "deals.closed_at"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "edit", "place"), BROKEN)
def test_a_broken_journey_is_told_at_its_place(whole: Path, tmp_path: Path, table: str, edit: Edit, place: str) -> None:
    found = failures(judged(edited(whole, tmp_path / "journeys", table, edit), DOCUMENT))
    assert ("value.journey", place) in found
    assert found["value.journey", place].examples[0].startswith(f"{place.split('.')[0]}_id ")


def test_one_side_alone_is_not_held_against_the_other(whole: Path) -> None:
    alone = judged(whole, DOCUMENT, select=["deals"])
    assert [one for one in alone.report.results if one.code == "value.journey"] == []


@pytest.mark.parametrize("written", [{"precision": "ms"}, {"type": "date"}])
def test_times_may_be_written_finer_or_coarser(written: dict[str, str], tmp_path: Path) -> None:
    people, touches, deals = DOCUMENT["tables"]
    closed = deals | {"columns": {"journey": {"role": "journey"}, "closed_at": {"role": "time"} | written}}
    document = DOCUMENT | {"tables": [people, touches, closed]}
    assert failures(judged(publish(document, tmp_path / "journeys"), document)) == {}
