"""Tables that SQL makes: the same rows however a run is cut, honest types, and findings where the data do not fit."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import datagen
from datagen import api
from datagen.engine import derived
from datagen.engine.options import Options
from datagen.errors import DatagenError, SchemaError
from datagen.schema.load import load_text
from datagen.sql import database
from datagen.sql.process import Process
from tests.cli.running import call
from tests.support import codes_of, findings_of
from tests.written import Tables

SHOP = """
seed: 5
timeframe: {start: 2025-01-01, days: 20}
params: {least: 2}
tables:
  - name: users
    rows: 120
    columns:
      note: {choices: ["", "x", "a,b", 'he said "no"', " 007 "], nullable: true}
      code: {choices: ["0012", "1e3", "true", "null"]}
      weight: {normal: {mean: 1, std: 3}}
      born: {datetime_series: {within: timeframe}, precision: ms}
      ok: {bernoulli: {p: 0.4}}
  - name: events
    parents: [users]
    fanout: {poisson: 30}
    columns:
      happened: {datetime_series: {within: timeframe}}
      amount: {lognormal: {median: 20, sigma: 1}, when: "ordinal > 1"}
  - name: days
    hidden: true
    rows: 20
    columns: {n: {expression: row_number}}
  - name: clean
    pk: users_id
    sql: select *, born::date as born_on from users order by users_id
  - name: per_day
    hidden: true
    sql: |
      select e.users_id, e.happened::date as day, sum(e.amount) as amount, count(*) as n
      from events e group by all order by 1, 2
  - name: daily
    sql: |
      select c.users_id, date '2025-01-01' + (d.n - 1)::int as day, coalesce(p.amount, 0) as amount, coalesce(p.n, 0) as n,
        coalesce(p.n, 0) > $least as busy, avg(p.amount) over (partition by c.users_id order by d.n) as so_far
      from clean c cross join days d
      left join per_day p on p.users_id = c.users_id and p.day = date '2025-01-01' + (d.n - 1)::int
      order by c.users_id, day
"""


def made(schema: str | dict[str, Any], place: Path, **options: Any) -> api.Generated:
    prepared = api.prepare(_document(schema))
    return api.generate(prepared, place, replace(Options(format="parquet"), **options))


def _document(schema: str | dict[str, Any]) -> Any:
    from datagen.schema.load import load_text

    return load_text(schema) if isinstance(schema, str) else schema


def with_sql(sql: str, **more: str) -> str:
    """Ten users, and one derived table; more: further lines of it."""
    lines = "".join(f"\n    {key}: {value}" for key, value in more.items())
    return f"""
timeframe: {{start: 2025-01-01, days: 10}}
tables:
  - {{name: users, rows: 10, columns: {{email: {{faker: email}}, size: {{uniform: {{low: 0, high: 9}}, type: int}}}}}}
  - name: out{lines}
    sql: {json.dumps(sql)}
"""


def test_content_is_the_same_for_every_format_block_and_number_of_workers(tmp_path: Path) -> None:
    one = made(SHOP, tmp_path / "one", workers=1)
    others = [
        made(SHOP, tmp_path / "csv", format="csv", workers=2),
        made(SHOP, tmp_path / "json", format="ndjson", block_rows=7),
        made(SHOP, tmp_path / "small", block_rows=100, memory=300_000_000),
    ]
    assert one.rows == {"users": 120, "events": one.rows["events"], "clean": 120, "daily": 2400}
    assert [other.content_hash for other in others] == [one.content_hash] * 3
    assert made(SHOP, tmp_path / "seed", workers=1).content_hash == one.content_hash
    other_seed = api.generate(api.prepare(_document(SHOP), seed=6), tmp_path / "other")
    assert other_seed.content_hash != one.content_hash


@pytest.mark.parametrize("format", ["csv", "ndjson", "parquet"])
def test_sql_reads_the_values_that_were_made_whatever_the_format(tmp_path: Path, format: str) -> None:
    made(SHOP, tmp_path / "out", format=format)
    frames = datagen.load_text(SHOP).generate()
    users, clean = frames["users"].polars(), frames["clean"].polars()
    assert clean.drop("born_on").equals(users)
    assert users["note"].null_count() == 0
    assert "" in users["note"].to_list()
    assert clean["born_on"].to_list() == users["born"].dt.date().to_list()


def test_totals_reconcile_and_every_user_has_every_day(tmp_path: Path) -> None:
    tables = datagen.load_text(SHOP).generate()
    events, daily = tables["events"].polars(), tables["daily"].polars()
    assert daily.height == 120 * 20
    assert daily["n"].sum() == events.height
    assert daily["amount"].sum() == pytest.approx(events["amount"].sum(), rel=1e-9)  # ten digits are kept
    assert daily.select("users_id", "day").is_duplicated().sum() == 0
    assert daily["day"].min() == datetime.date(2025, 1, 1)
    assert (daily["busy"] == (daily["n"] > 2)).all()
    assert daily.equals(daily.sort("users_id", "day"))


def test_hidden_tables_are_read_and_not_published(tmp_path: Path) -> None:
    made(SHOP, tmp_path / "out", format="csv")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [
        "assumptions.md", "clean.csv", "daily.csv", "events.csv", "generation_notes.md", "log.jsonl", "manifest.json",
        "run.json", "run_summary.json", "users.csv",
    ]  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


def test_a_selection_writes_what_it_names_and_the_same_values(tmp_path: Path) -> None:
    whole = made(SHOP, tmp_path / "whole")
    part = made(SHOP, tmp_path / "part", select=("daily",))
    assert set(part.rows) == {"daily"}
    same = [pl.read_parquet(tmp_path / name / "daily.parquet") for name in ("whole", "part")]
    assert same[0].equals(same[1])
    assert set(made(SHOP, tmp_path / "above", select=("+clean",)).rows) == {"clean", "users"}
    assert set(made(SHOP, tmp_path / "none", select=("users",)).rows) == {"users"}
    assert set(whole.rows) == {"users", "events", "clean", "daily"}


def test_parts_do_not_show_in_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(SHOP, tmp_path / "whole")
    monkeypatch.setattr(derived, "part_rows", lambda table: 500)
    monkeypatch.setattr(derived, "ROWS", 64)
    parts = made(SHOP, tmp_path / "parts", format="csv")
    assert parts.content_hash == whole.content_hash
    assert len(list((tmp_path / "parts" / "daily").iterdir())) == 5


def test_preview_and_dataset_show_the_rows_of_a_full_run(tmp_path: Path) -> None:
    made(SHOP, tmp_path / "out")
    full = pl.read_parquet(tmp_path / "out" / "daily.parquet")
    assert api.preview(api.prepare(_document(SHOP)), 7)["daily"].equals(full.head(7))
    table = datagen.load_text(SHOP).generate()["daily"]
    assert len(table) == 2400
    assert pl.concat(table.batches(999)).equals(full)
    assert table.head(3).equals(full.head(3))


def test_ties_in_the_order_are_broken_by_all_columns() -> None:
    frame = datagen.load_text(with_sql("select size % 3 as a, email from users order by a")).generate()["out"].polars()
    assert frame.equals(frame.sort("a", "email"))


def test_results_are_sealed_as_declared() -> None:
    schema = with_sql(
        "select users_id, size / 3.0 as third, size * 1.0 as whole, timestamp '2025-01-01 10:11:12.5' as t from users order by 1",
        columns="[{name: t, type: datetime}, {name: third, type: float, decimals: 2}, {name: whole, type: int}, {name: users_id}]",
    )
    frame = datagen.load_text(schema).generate()["out"].polars()
    assert frame.columns == ["t", "third", "whole", "users_id"]
    assert frame["t"][0] == datetime.datetime(2025, 1, 1, 10, 11, 12)
    assert frame.schema["whole"] == pl.Int64
    assert frame["third"].to_list() == [round(value / 3, 2) for value in frame["whole"].to_list()]


BROKEN = {
    "generate.null": with_sql(
        "select nullif(users_id, 3) as a from users order by 1", columns="[{name: a, type: int}]"
    ),
    "generate.not_finite": with_sql("select 1e300::double * 1e300 * users_id as a from users order by 1"),
    "sql.failed": with_sql("select email::int as a from users order by 1"),
    "structure.primary_key": with_sql("select size % 2 as a from users order by 1", pk="a"),
}


@pytest.mark.parametrize("code", BROKEN)
def test_data_that_do_not_fit_are_a_finding_and_nothing_is_published(tmp_path: Path, code: str) -> None:
    with pytest.raises(DatagenError) as caught:
        made(BROKEN[code], tmp_path / "out")
    assert code in {finding.code for finding in caught.value.findings}
    assert list(tmp_path.iterdir()) == []


def test_values_that_break_a_constraint_are_told(tmp_path: Path) -> None:
    schema = with_sql("select users_id, size - 5 as a from users order by 1")
    schema += "constraints: {ranges: [{attr: out.a, min: 0}], unique: [out.users_id]}\n"
    codes = [finding.code for finding in made(schema, tmp_path / "out").findings]
    assert codes == ["value.range"]


def test_a_query_that_never_ends_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "RUN_SECONDS", 0.5)
    endless = with_sql(
        "with recursive r as (select 1 as n union all select 1 as n from r) select max(n) as a from r order by a"
    )
    with pytest.raises(SchemaError) as caught:
        made(endless, tmp_path / "out")
    (finding,) = caught.value.findings
    assert (finding.code, finding.json_path) == ("sql.too_long", "tables[1].sql")
    assert list(tmp_path.iterdir()) == []


def test_a_query_that_needs_too_much_memory_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "ROOM", 0)
    many = "list(repeat(a.email, 1000) || b.users_id order by a.users_id)"
    schema = with_sql(
        f"select length({many}) as a from users a, users b, users c, users d, users e, users f order by 1"
    )
    with pytest.raises(DatagenError) as caught:
        made(schema, tmp_path / "out", memory=300_000_000)
    assert [finding.code for finding in caught.value.findings] == ["sql.memory"]


def test_more_rows_than_allowed_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError) as caught:
        made(with_sql("select a.users_id from users a, users b order by 1"), tmp_path / "out", max_rows=100)
    assert [finding.code for finding in caught.value.findings] == ["rows.too_many"]


REFUSED = {
    "derived.loop": [
        '{name: one, sql: "select a from two order by a"}',
        '{name: two, sql: "select a from one order by a"}',
    ],
    "derived.column_name": ['{name: one, sql: "select 1 as a, 2 as A order by 1"}'],
    "derived.column_type": ['{name: one, sql: "select [1] as a order by 1"}'],
    "derived.column_missing": ['{name: one, columns: [{name: b}], sql: "select 1 as a, 2 as b order by 1"}'],
    "derived.key": ['{name: one, kind: derived, parents: [users], sql: "select 1 as a order by 1"}'],
    "derived.column_key": ['{name: one, columns: [{name: a, when: x > 1}], sql: "select 1 as a order by 1"}'],
    "derived.no_sql": ["{name: one, kind: derived}"],
    "pk.unknown_column": ['{name: one, pk: b, sql: "select 1 as a order by 1"}'],
    "derived.read": ['{name: one, sql: "select 1 as a order by 1"}', "{name: two, parents: [one]}"],
}


@pytest.mark.parametrize("code", REFUSED)
def test_a_derived_table_that_cannot_be_is_refused(code: str) -> None:
    tables = "".join(f"  - {table}\n" for table in REFUSED[code])
    assert code in codes_of(f"tables:\n  - {{name: users, rows: 3}}\n{tables}")


def test_a_loop_is_told_with_its_way() -> None:
    tables = "".join(f"  - {table}\n" for table in REFUSED["derived.loop"])
    (finding,) = findings_of(f"tables:\n  - {{name: users, rows: 3}}\n{tables}")
    assert finding.found == "one reads two reads one"


@pytest.mark.parametrize(
    ("constraint", "code"),
    [
        ("ranges: [{attr: out.nothing, min: 0}]", "ref.unknown_column"),
        ("ranges: [{attr: out.email, min: 0, max: 2}]", ""),
        ("pattern: [{attr: out.email, regex: '('}]", "constraint.cannot_hold"),
        ("inequalities: [{left: out.users_id, op: '<', right: users.size}]", "constraint.two_tables"),
        ("inequalities: [{left: out.users_id, op: '<', right: out.email}]", "constraint.types"),
        ("foreign_keys: [{from: out.email, to: users.users_id}]", "fk.type_mismatch"),
        ("foreign_keys: [{from: out.users_id, to: users.users_id}]", ""),
        ("enum: [{attr: out.email, values: [a, b]}]", ""),
    ],
)
def test_constraints_on_what_sql_makes_are_read(constraint: str, code: str) -> None:
    schema = with_sql("select users_id, email from users order by 1") + f"constraints: {{{constraint}}}\n"
    assert [one for one in codes_of(schema) if one != "constraint.type"] == ([code] if code else [])


def test_a_run_leaves_nothing_on_the_screen_when_python_ends() -> None:
    code = f"import datagen; print(datagen.load_text({SHOP!r}).generate()['daily'].polars().height)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("2400\n", "")


def test_verifying_again_says_what_sql_has_made(tmp_path: Path) -> None:
    made(SHOP, tmp_path / "out")
    (tmp_path / "shop.yaml").write_text(SHOP)
    done = call("verify", tmp_path / "out", "--regenerate", tmp_path / "shop.yaml")
    assert done.code == 0
    assert "the same values\n" in done.out


@pytest.mark.parametrize("format", ["parquet", "csv"])
@pytest.mark.parametrize("third", ["id / 4.0", "id / 3.0"])
def test_a_later_query_reads_values_as_they_are_written(tmp_path: Path, format: str, third: str) -> None:
    """Two decimals hold a fourth, whose table is left as the query made it, and cut a third, whose table is not."""
    text = f"""
tables:
  - {{name: base, rows: 40, columns: {{id: {{sequence: {{}}}}}}}}
  - name: parts
    columns: [{{name: id, type: int}}, {{name: part, type: float, decimals: 2}}]
    sql: select id, cast({third} as double) as part from base order by id
  - {{name: again, sql: "select id, part * 1000 as part from parts order by id"}}
"""
    api.generate(api.prepare(load_text(text)), tmp_path / "out", Options(format=format))
    tables = Tables(tmp_path / "out", format)
    wrong = "select count(*) from parts p join again a using (id) where abs(p.part * 1000 - a.part) > 1e-6"
    assert tables.value(wrong) == 0
    assert tables.value("select count(*) from again") == 40


def test_content_is_the_same_in_memory_and_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[str] = []
    real = Process.ask

    def ask(process: Process, what: str, *given: Any) -> Any:
        places.extend(given[:1] if what == "open" else ())
        return real(process, what, *given)

    monkeypatch.setattr(Process, "ask", ask)
    in_memory = made(SHOP, tmp_path / "memory")
    assert not any("work-database" in place for place in places)
    monkeypatch.setattr(database, "ROOMY", 1 << 40)
    in_a_file = made(SHOP, tmp_path / "file")
    assert any("work-database" in place for place in places)
    assert in_a_file.content_hash == in_memory.content_hash


def test_a_fault_of_an_earlier_table_is_told_before_one_of_a_later_query(tmp_path: Path) -> None:
    """The first is found while its rows are written, in a thread, the second by the database meanwhile."""
    text = """
tables:
  - {name: base, rows: 40, columns: {id: {sequence: {}}}}
  - {name: one, sql: "select 'a' || chr(0) as letter, id from base order by id"}
  - {name: two, sql: "select id, cast(concat('x', cast(id as varchar)) as bigint) as n from base order by id"}
"""
    with pytest.raises(SchemaError) as caught:
        api.generate(api.prepare(load_text(text)), tmp_path / "out", Options(format="csv"))
    assert [finding.code for finding in caught.value.findings] == ["csv.nul_character"]
    assert list(tmp_path.iterdir()) == []
