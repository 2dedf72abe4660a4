"""The checks know what was declared: one spoiled value more or less, in one row or another, and they fail."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.support import table_of

import datagen
from datagen import api
from datagen.checks.gate import pass_gate, spoiled_tables
from datagen.engine.executor import Job, execute
from datagen.errors import Finding, SchemaError
from datagen.plan.spoils import clean
from datagen.sinks.describe import table_entries
from datagen.sinks.imperfections import spoiled_files

DOCUMENT: dict[str, Any] = {
    "name": "dirt",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {
            "name": "people", "rows": 400, "duplicates": {"rate": "5%"},
            "columns": {
                "name": {"faker": "name", "imperfections": {"typos": "10%"}},
                "mail": {"faker": "email", "unique": True, "imperfections": {"typos": "10%", "missing": "5%"}},
                "city": {"choices": ["Oslo", "Rome"], "imperfections": {"typos": "10%"}},
                "age": {"type": "int", "uniform": {"low": 18, "high": 90}, "imperfections": {"missing": "10%", "outliers": "10%"}},
                "joined": {"datetime_series": {}, "imperfections": {"late": {"rate": "20%", "delay": "30d..300d"}}},
            },
        },
        {
            "name": "visits", "parents": ["people"], "fanout": 2,
            "columns": {
                "people_id": {"ref": "people", "imperfections": {"missing": "10%"}},
                "at": {"datetime_series": {}},
            },
        },
    ],
    "constraints": {
        "ranges": [{"attr": "people.age", "min": 18, "max": 90}],
        "enum": [{"attr": "people.city", "values": ["Oslo", "Rome"]}],
        "inequalities": [{"left": "people.joined", "op": "<=", "right": "visits.at"}],
    },
}  # fmt: skip

Break = Callable[[pl.DataFrame], pl.DataFrame]


def found(directory: Path, broken: str = "", change: Break | None = None, ledger: Break | None = None) -> list[Finding]:
    """What the gate says of a run whose files were changed behind its back; every constraint is looked at."""
    from dataclasses import replace

    prepared = api.prepare(DOCUMENT)
    plan = prepared.bind()
    looked_at = tuple(replace(one, status="checked") if one.kind != "unique" else one for one in plan.constraints)
    plan = replace(plan, constraints=looked_at)
    directory.mkdir()
    made = execute(plan, Job("parquet", directory))
    entries = table_entries(plan, made)
    files = spoiled_files(directory, made)
    if change is not None:
        path = directory / f"{broken}.parquet"
        frame = change(pl.read_parquet(path))
        frame.write_parquet(path)
        entries = tuple(
            replace(one, rows=frame.height, files=(replace(one.files[0], rows=frame.height),))
            if one.name == broken
            else one
            for one in entries
        )
    if ledger is not None:
        [told] = files[broken]
        ledger(pl.read_parquet(told)).write_parquet(told)
    try:
        return pass_gate(
            plan, prepared.document, directory, entries, "parquet", memory=1 << 29, threads=1, ledger=files
        )
    except SchemaError as error:
        return [one for one in error.findings if one.code != "gate.structural"]


def codes(findings: list[Finding]) -> set[str]:
    return {one.code for one in findings}


def first(column: str, wanted: pl.Expr, value: Any) -> Break:
    """Sets a column in the first row that fits, and in its copy if it has one."""

    def change(frame: pl.DataFrame) -> pl.DataFrame:
        key = frame.columns[0]
        once = frame.filter(pl.len().over(key) == 1)
        chosen = once.filter(wanted).get_column(key)[0]
        return frame.with_columns(
            pl.when(pl.col(key) == chosen)
            .then(pl.lit(value, dtype=frame.schema[column]))
            .otherwise(pl.col(column))
            .alias(column)
        )

    return change


def untouched(table: str, column: str) -> pl.Expr:
    """Whether a row has the value that it has without any error of recording."""
    plan = api.prepare(DOCUMENT).bind()
    key = plan.tables[table].pk
    dirty, pure = (table_of(one, table).select(key, column).unique(key) for one in (plan, clean(plan)))
    both = dirty.join(pure, on=key, suffix="_pure")
    return pl.col(key).is_in(both.filter(pl.col(column) == pl.col(f"{column}_pure")).get_column(key).to_list())


def test_what_was_made_is_right(tmp_path: Path) -> None:
    assert found(tmp_path / "run") == []


def test_every_imperfection_is_looked_at() -> None:
    people, visits = spoiled_tables(api.prepare(DOCUMENT).bind())
    assert [one.column for one in people.columns] == ["name", "mail", "city", "age", "joined"]
    assert (people.copies, people.unique) == ((0.05, True), (("mail",),))
    assert [one.column for one in visits.columns] == ["people_id"]


NULL, THERE = pl.col("age").is_null(), pl.col("age").is_not_null()


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("people", first("age", NULL, 30), "imperfection.cell"),  # one missing value less
        ("people", first("age", pl.col("age").is_between(18, 90), None), "imperfection.cell"),  # and one more
        ("visits", first("people_id", pl.col("people_id").is_null(), 1), "imperfection.cell"),
        ("visits", first("people_id", pl.col("people_id").is_not_null(), None), "imperfection.cell"),
        ("visits", first("people_id", pl.col("people_id").is_not_null(), 999), "structure.foreign_key"),
        ("people", first("name", pl.lit(True), None), "structure.null"),
        ("people", first("age", pl.col("age") > 90, 95), "imperfection.cell"),  # another outlier than was made
        ("people", first("age", pl.col("age").is_between(18, 90), 91), "value.range"),  # an outlier that nobody declared
        ("people", first("city", pl.col("city") == "Oslo", "Osol"), "value.enum"),
        ("people", lambda frame: first("mail", untouched("people", "mail"), "x")(frame), None),
        ("people", lambda frame: frame.unique(maintain_order=True), "imperfection.quota"),  # no row twice any more
        ("people", lambda frame: frame.vstack(frame[:1]), "imperfection.quota"),  # one more
        ("people", lambda frame: frame[1:] if frame["people_id"].is_duplicated()[0] else frame.vstack(frame.filter(pl.col("people_id").is_duplicated())[:1]), "imperfection.quota"),
    ],
)  # fmt: skip
def test_one_more_or_less_is_noticed(table: str, change: Break, code: str | None, tmp_path: Path) -> None:
    said = codes(found(tmp_path / "run", table, change))
    assert said == set() if code is None else code in said, said


def test_a_mail_that_stands_twice_is_noticed(tmp_path: Path) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.when(pl.col("mail").is_not_null()).then(pl.lit("same@example.com")).alias("mail"))

    assert "structure.unique" in codes(found(tmp_path / "run", "people", change))


def test_a_copy_that_differs_is_noticed(tmp_path: Path) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        second = pl.int_range(pl.len()).over("people_id") == 1
        return frame.with_columns(pl.when(second).then(pl.lit("Someone Else")).otherwise(pl.col("name")).alias("name"))

    assert "imperfection.cell" in codes(found(tmp_path / "run", "people", change))


def test_a_copy_of_another_row_is_noticed(tmp_path: Path) -> None:
    def change(frame: pl.DataFrame) -> pl.DataFrame:
        twice = pl.len().over("people_id") == 2
        again = frame.filter(pl.len().over("people_id") == 1)[:1]
        one = frame.filter(twice).get_column("people_id")[0]
        return frame.filter((pl.col("people_id") != one) | pl.col("people_id").is_first_distinct()).vstack(again)

    assert codes(found(tmp_path / "run", "people", change)) == {"imperfection.cell"}


@pytest.mark.parametrize("kind", ["typos", "missing", "outliers", "late", "duplicates"])
def test_a_ledger_with_one_line_less_is_noticed(kind: str, tmp_path: Path) -> None:
    def less(told: pl.DataFrame) -> pl.DataFrame:
        at = told.with_row_index().filter(pl.col("kind") == kind).get_column("index")[0]
        return told.with_row_index().filter(pl.col("index") != at).drop("index")

    said = codes(found(tmp_path / "run", "people", ledger=less))
    assert said & {"imperfection.quota", "imperfection.cell"}


def test_an_order_that_a_late_time_breaks_is_no_fault_and_another_is(tmp_path: Path) -> None:
    # the late ones are months behind their visits: only what the ledger leaves out is asked
    assert "value.inequality" not in codes(found(tmp_path / "run"))
    from datetime import datetime

    def early(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.with_columns(pl.lit(datetime(2020, 1, 1), dtype=frame.schema["at"]).alias("at"))

    assert "value.inequality" in codes(found(tmp_path / "other", "visits", early))


def test_what_breaks_in_the_files_is_told_at_the_constraint_of_the_document(tmp_path: Path) -> None:
    source = tmp_path / "due.yaml"
    source.write_text("""
timeframe: {start: 2024-01-01, days: 1}
tables:
  - {name: bills, rows: 200, columns: {due: {datetime_series: {freq: h}}, day: {expression: "date '2024-01-01'"}}}
constraints:
  unique: [[bills.due, bills.day]]
""")
    with pytest.raises(SchemaError) as error:
        datagen.load(source).generate().write(tmp_path / "out", workers=1)
    told = error.value.findings[0]
    assert (told.code, told.path, told.line) == ("structure.unique", str(source), 6)
    assert "(2024-01-01T00:00:00Z, 2024-01-01), (2024-01-01T01:00:00Z, 2024-01-01)" in told.found
