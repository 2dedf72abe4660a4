"""The figures of a report are those that Polars works out from the same files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from datagen.report.files import open_files
from datagen.report.profile import profile
from tests.report.conftest import SMALL, made

MEMORY = 500_000_000


def facts_of(directory: Path, *, blind: bool = False) -> dict[str, Any]:
    with open_files(directory, memory=MEMORY) as files:
        return profile(files, blind=blind)


@pytest.fixture(scope="module")
def facts(small: Path) -> dict[str, Any]:
    return facts_of(small)


@pytest.fixture(scope="module")
def people(small: Path) -> pl.DataFrame:
    return pl.read_parquet(small / "people.parquet").with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


@pytest.fixture(scope="module")
def visits(small: Path) -> pl.DataFrame:
    return pl.read_parquet(small / "visits.parquet").with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))


def column(facts: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in facts["distributions"] if f"{one['table']}.{one['column']}" == name)


def test_tables_have_the_rows_of_their_files(facts: dict[str, Any], people: pl.DataFrame, visits: pl.DataFrame) -> None:
    assert {one["table"]: one["rows"] for one in facts["tables"]} == {"people": 600, "visits": visits.height}
    [key] = facts["tables"][1]["foreign_keys"]
    each = visits.group_by("people_id").len()["len"]
    assert key["mean"] == pytest.approx(visits.height / 600)
    assert key["max"] == each.max()
    assert sum(one["parents"] for one in key["counts"]) + key["with_more"] == 600


def test_figures_of_a_column_of_numbers(facts: dict[str, Any], visits: pl.DataFrame) -> None:
    one, spent = column(facts, "visits.spent"), visits["spent"]
    assert one["mean"] == pytest.approx(spent.mean())
    assert one["sd"] == pytest.approx(spent.std())
    assert one["quantiles"]["0.5"] == pytest.approx(spent.median())
    assert not one["about"]
    for bar in one["bars"]:
        assert bar["rows"] == spent.is_between(bar["from"], bar["to"], closed="left").sum()
    assert sum(bar["rows"] for bar in one["bars"]) + one["below"] + one["above"] == visits.height


def test_shares_of_values_leave_nulls_out(facts: dict[str, Any], people: pl.DataFrame) -> None:
    one, note = column(facts, "people.note"), people["note"]
    assert one["nulls"] == note.null_count() == 60
    told = {value["value"]: value["rows"] for value in one["values"]}
    assert told == dict(note.drop_nulls().value_counts().iter_rows())
    assert {"table": "people", "column": "note", "nulls": 60, "share": 0.1} in facts["imperfections"]["missing"]


def test_means_and_rows_of_groups_are_compared(
    facts: dict[str, Any], people: pl.DataFrame, visits: pl.DataFrame
) -> None:
    joined = visits.join(people, on="people_id")
    found = {(one["table"], one["measure"], one["by"]): one for one in facts["comparisons"]["found"]}
    means = dict(joined.group_by("kind").agg(pl.col("spent").mean()).iter_rows())
    spent = found["visits", "spent", "people.kind"]
    assert {one["value"]: one["mean"] for one in spent["groups"]} == pytest.approx(means)
    [keen] = [
        pair for pair in spent["pairs"] if {pair["value"], spent["base"]} == {"keen", "calm"} or pair["value"] == "keen"
    ]
    assert keen["size"] == pytest.approx(means["keen"] / means[spent["base"]])
    sizes = dict(people.group_by("kind").len().iter_rows())
    each = {kind: joined.filter(pl.col("kind") == kind).height / size for kind, size in sizes.items()}
    rows = found["visits", None, "people.kind"]
    assert {one["value"]: one["mean"] for one in rows["groups"]} == pytest.approx(each)


def test_errors_of_means_count_people_not_their_visits(
    facts: dict[str, Any], people: pl.DataFrame, visits: pl.DataFrame
) -> None:
    """The linearised error of a ratio of sums over people, worked out by hand."""
    joined = visits.join(people, on="people_id").filter(pl.col("kind") == "calm")
    units = joined.group_by("people_id").agg(pl.col("spent").sum().alias("y"), pl.len().alias("n"))
    y, n = units["y"].to_numpy(), units["n"].to_numpy()
    mean, k = y.sum() / n.sum(), len(y)
    error = math.sqrt(np.square(y - mean * n).sum() / n.sum() ** 2 * k / (k - 1))
    one = next(one for one in facts["comparisons"]["found"] if (one["measure"], one["by"]) == ("spent", "people.kind"))
    calm = next(group for group in one["groups"] if group["value"] == "calm")
    assert (calm["high"] - calm["low"]) / 2 / 1.959964 == pytest.approx(error, rel=1e-6)
    assert calm["units"] == k


def test_what_was_planted_differs_and_what_was_not_does_not(facts: dict[str, Any]) -> None:
    differs = {(one["table"], one["measure"], one["by"]) for one in facts["comparisons"]["found"] if one["differs"]}
    assert {("visits", None, "people.kind"), ("visits", "spent", "people.kind")} <= differs
    assert not {one for one in differs if one[2] in ("people.coin", "visits.place", "people.note")}


def test_chances_are_corrected_for_all_comparisons(facts: dict[str, Any]) -> None:
    """Holm: in order, each chance times the number of those not smaller, never falling."""
    pairs = [pair for one in facts["comparisons"]["found"] for pair in one["pairs"]]
    assert len(pairs) == facts["comparisons"]["tried"] > 10
    running = 0.0
    for place, pair in enumerate(sorted(pairs, key=lambda one: one["chance"])):
        running = max(running, min(1.0, pair["chance"] * (len(pairs) - place)))
        assert pair["chance_corrected"] == pytest.approx(running, rel=1e-6)


def test_weekdays_count_as_often_as_they_are_there(facts: dict[str, Any], visits: pl.DataFrame) -> None:
    one = next(one for one in facts["seasons"] if one["table"] == "visits")
    times = visits["seen_at"]
    first, last = times.min().date(), times.max().date()  # type: ignore[union-attr]
    days = pl.date_range(first, last, eager=True)
    for day in range(7):
        rate = (times.dt.weekday() == day + 1).sum() / (days.dt.weekday() == day + 1).sum()
        assert one["by_day"][day]["times_usual"] == pytest.approx(rate / (visits.height / len(days)))
    # Monday has twice the weight of the others: 2 / (8 / 7) of the average day, within 4 standard errors of its share
    assert one["by_day"][0]["times_usual"] == pytest.approx(1.75, abs=4 * 1.75 / math.sqrt(visits.height / 4))
    assert sum(cell["rows"] for cell in one["cells"]) == visits.height


def test_rows_over_time_leave_no_row_and_no_gap_out(facts: dict[str, Any], visits: pl.DataFrame) -> None:
    one = next(one for one in facts["rows_over_time"] if one["table"] == "visits")
    assert one["unit"] == "week"
    assert sum(point["rows"] for point in one["points"]) == visits.height
    told = pl.Series([point["at"] for point in one["points"]]).str.to_datetime()
    assert told.diff().drop_nulls().unique().to_list() == [pl.duration(weeks=1).pipe(lambda e: pl.select(e).item())]


def test_cohorts_count_the_active_and_those_who_were_watched(
    facts: dict[str, Any], people: pl.DataFrame, visits: pl.DataFrame
) -> None:
    [one] = [one for one in facts["cohorts"] if one["table"] == "visits"]
    month = 30.4375 * 86400
    joined = visits.join(people, on="people_id").with_columns(
        ((pl.col("seen_at") - pl.col("joined_at")).dt.total_seconds() // month).cast(pl.Int64).alias("k")
    )
    last = visits["seen_at"].max()
    for age in one["by_age"][:4]:
        k = age["age"]
        watched = people.filter((last - pl.col("joined_at")).dt.total_seconds() >= (k + 1) * month)["people_id"]
        active = joined.filter((pl.col("k") == k) & pl.col("people_id").is_in(watched.implode()))[
            "people_id"
        ].n_unique()
        assert age["entities"] == len(watched)
        assert age["active"] == pytest.approx(active / len(watched))
    # nobody ages here: the rate stays, within 4 standard errors of the counts of months 0 and k
    for age in one["by_age"][1:4]:
        number = age["entities"] * age["events_each"]
        assert age["rate"] == pytest.approx(1.0, abs=4 * math.sqrt(2 / number) * 1.3)


def test_text_files_tell_the_same_as_parquet(facts: dict[str, Any], tmp_path: Path) -> None:
    same = facts_of(made(SMALL, tmp_path / "data", "csv"))
    for section in ("distributions", "seasons", "comparisons", "cohorts", "imperfections", "trends"):
        assert list(leaves(same[section])) == pytest.approx(list(leaves(facts[section])), rel=1e-6), section


def leaves(value: Any) -> Iterator[Any]:
    """Every number inside; everything else as far as its length."""
    if isinstance(value, dict):
        for one in value.values():
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    else:
        yield float(value) if isinstance(value, int | float) else float(len(str(value)))


def test_a_blind_profile_says_nothing_that_was_declared(small: Path) -> None:
    facts = facts_of(small, blind=True)
    assert "seed" not in facts["header"]
    assert not {"effects", "findings", "metrics", "document", "score", "notes"} & set(facts)
