"""Streams in one order over all their events: a global log, also of sources that share no table."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from datagen.api import generate, prepare, trace
from datagen.checks.verify import verify
from datagen.engine.options import Options
from datagen.errors import UsageError
from datagen.handle import load
from datagen.plan.explain import as_facts, as_text
from datagen.sinks.manifest import read_manifest
from datagen.truth import read, spoil
from tests.support import codes_of, findings_of, plan_of, table_of

USERS = {
    "user_id": {"sequence": {}},
    "joined": {"datetime_series": {}},
    "country": {"choices": {"US": 0.5, "DE": 0.5}},
}
ORDERS = {
    "order_id": {"sequence": {}},
    "ordered": {
        "after": {"column": "users.joined", "delay": {"exponential": {"mean": "5d"}}, "before": "timeframe.end"}
    },
    "amount": {"lognormal": {"median": 30, "sigma": 0.5}, "decimals": 2},
}
LEDGERS = {"ledger_id": {"sequence": {}}, "opened": {"datetime_series": {}}}
ENTRIES = {"entry_id": {"sequence": {}}, "booked": {"datetime_series": {}}}
JOINED = {"of": "users", "event_type": "joined", "at": "joined"}
ORDER = {"of": "orders", "event_type": "order", "at": "ordered"}
PING = {"of": "users", "event_type": "ping", "fanout": {"poisson": 0.3, "per": "day"}}
BOOKED = {"of": "entries", "event_type": "booked", "at": "booked"}


def document(*emits: dict[str, Any], order_by: Any = ("at",), **more: Any) -> dict[str, Any]:
    """A shop, ledgers that have nothing to do with it, and a log of both in the order of time."""
    emits = emits or (JOINED, ORDER, PING, BOOKED)
    columns = {
        "log_id": {},
        "user_id": {},
        "at": {"type": "datetime", "role": "time"},
        "event_type": {},
        "amount": {"type": "float", "decimals": 2},
        "ledger_id": {},
        "weight": {"distribution": {"type": "uniform", "params": {"low": 0, "high": 1}}, "decimals": 3},
    } | more.pop("columns", {})
    sources = {one["of"] for one in emits}
    if "orders" not in sources:
        del columns["amount"]
    if "entries" not in sources:
        del columns["ledger_id"]
    log = {"name": "log", "kind": "stream", "columns": columns, "emits": [deepcopy(one) for one in emits]}
    if order_by is not None:
        log["order_by"] = list(order_by)
    return {
        "seed": 7,
        "timeframe": {"start": "2025-01-01", "days": 40},
        "tables": [
            {"name": "users", "rows": 200, "pk": "user_id", "columns": USERS},
            {"name": "orders", "parents": ["users"], "fanout": {"poisson": 3}, "pk": "order_id", "columns": ORDERS},
            {"name": "ledgers", "rows": 20, "pk": "ledger_id", "columns": LEDGERS},
            {"name": "entries", "parents": ["ledgers"], "fanout": {"poisson": 9}, "pk": "entry_id", "columns": ENTRIES},
            log | more.pop("log", {}),
            *more.pop("tables", ()),
        ],
        **more,
    }


def dataset_of(schema: dict[str, Any]) -> Any:
    return load(deepcopy(schema)).generate()


def log_of(schema: dict[str, Any]) -> pl.DataFrame:
    return dataset_of(schema)["log"].polars()


def written(schema: dict[str, Any], place: Path, **options: Any) -> Any:
    return generate(prepare(deepcopy(schema)), place, Options(**options))


def log_in(place: Path) -> pl.DataFrame:
    files = next(one for one in read_manifest(place).tables if one.name == "log").files
    return pl.concat([pl.read_parquet(place / file.name) for file in files])


def test_all_events_stand_in_one_order_and_are_numbered_in_it() -> None:
    log = log_of(document())
    assert log["log_id"].to_list() == list(range(1, len(log) + 1))
    assert log["at"].is_sorted()
    assert set(log["event_type"]) == {"joined", "order", "ping", "booked"}
    assert log.filter(pl.col("event_type") == "booked")["ledger_id"].null_count() == 0
    assert log.filter(pl.col("event_type") == "booked")["user_id"].is_null().all()


def test_the_events_are_those_of_the_same_stream_ordered_inside_a_table() -> None:
    schema = document(JOINED, ORDER, PING)
    inside = table_of(plan_of(document(JOINED, ORDER, PING, order_by=["user_id", "at"])), "log")
    values = ["user_id", "at", "event_type", "amount"]
    assert_frame_equal(log_of(schema).select(values).sort(values), inside.select(values).sort(values))


def test_sources_that_share_no_table_need_an_order() -> None:
    assert codes_of(document(order_by=None)) == ["stream.no_owner"]


def test_columns_behind_the_first_break_ties_and_nulls_come_last() -> None:
    log = log_of(document(order_by=["event_type", "amount", "at"]))
    expected = log.sort("event_type", "amount", "at", nulls_last=True, maintain_order=True)
    assert expected["log_id"].equals(log["log_id"])


@pytest.mark.parametrize("block_rows", [1, 7, 1000])
def test_blocks_do_not_show(tmp_path: Path, block_rows: int) -> None:
    schema = document(
        log={"duplicates": {"rate": "3%"}}, columns={"country": {"imperfections": {"missing": {"rate": "9%"}}}}
    )
    whole = written(schema, tmp_path / "whole")
    assert written(schema, tmp_path / "cut", block_rows=block_rows).content_hash == whole.content_hash


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_workers_and_formats_do_not_show(tmp_path: Path, format: str) -> None:
    schema = document()
    one = written(schema, tmp_path / "one", workers=1)
    assert written(schema, tmp_path / "two", workers=2, format=format).content_hash == one.content_hash


SPOILED = {
    "at": {"type": "datetime", "role": "time", "imperfections": {"late": {"rate": "3%", "delay": {"constant": "2d"}}}},
    "event_type": {"imperfections": {"missing": {"rate": "5%", "mechanism": "mar", "depends_on": "weight"}}},
    "amount": {"type": "float", "decimals": 2, "imperfections": {"outliers": {"rate": "4%", "magnitude": 9}}},
    "secret": {"bernoulli": {"p": 0.3}, "hidden": True},
}


def test_clean_data_and_the_ledger_make_the_written_data(tmp_path: Path) -> None:
    schema = document(columns=SPOILED, log={"duplicates": {"rate": "2%"}})
    made = written(schema, tmp_path / "out", truth=True)
    written(schema, tmp_path / "clean", clean=True)
    clean, dirty, truth = log_in(tmp_path / "clean"), log_in(tmp_path / "out"), read(tmp_path / "out.truth")
    assert clean["at"].is_sorted()
    assert not dirty["at"].is_sorted()  # errors come behind the order
    assert len(dirty) == made.rows["log"] == len(clean) + round(0.02 * len(clean))
    ledger = truth.imperfections.filter(pl.col("table") == "log")
    assert set(ledger["kind"]) == {"late", "missing", "outliers", "duplicates"}
    assert_frame_equal(spoil(clean, ledger, "log_id"), dirty, check_dtypes=False, categorical_as_str=True)
    asked = {(one["column"], one["kind"]): (one["asked"], one["found"]) for one in truth.answers["imperfections"]}
    assert all(asked == found for asked, found in asked.values())
    assert len(asked) == 4


def test_hidden_columns_go_to_the_truth_under_the_rank(tmp_path: Path) -> None:
    written(document(columns=SPOILED), tmp_path / "out", truth=True)
    labels = read(tmp_path / "out.truth").labels("log")
    assert labels.columns == ["log_id", "secret"]
    assert "secret" not in log_in(tmp_path / "out").columns
    shown = document(columns=SPOILED | {"secret": {"bernoulli": {"p": 0.3}}})
    clean = log_of(shown).unique("log_id", maintain_order=True)
    assert_frame_equal(labels.sort("log_id"), clean.select("log_id", "secret").sort("log_id"))


def test_a_hidden_stream_is_read_by_sql_and_told_in_the_truth(tmp_path: Path) -> None:
    per_day = {"name": "per_day", "kind": "derived",
               "sql": "select cast(log.\"at\" as date) as day, count(*) as events, min(log_id) as first from log group by all order by day"}  # fmt: skip
    made = written(document(log={"hidden": True}, tables=[per_day]), tmp_path / "out", truth=True)
    assert "log" not in made.rows
    days, labels = pl.read_parquet(tmp_path / "out" / "per_day.parquet"), read(tmp_path / "out.truth").labels("log")
    assert days["events"].sum() == len(labels)
    assert days["first"][0] == 1
    assert (days["first"].diff().drop_nulls() == days["events"].head(-1)).all()


def test_sql_reads_the_written_rank_in_every_format(tmp_path: Path) -> None:
    gap = {"name": "gaps", "kind": "derived",
           "sql": "select event_type, max(log_id) - min(log_id) as span, count(*) as n from log group by all order by event_type"}  # fmt: skip
    schema = document(tables=[gap])
    one, other = written(schema, tmp_path / "a"), written(schema, tmp_path / "b", format="csv")
    assert one.content_hash == other.content_hash
    log = log_in(tmp_path / "a")
    spans = log.group_by("event_type").agg(span=pl.col("log_id").max() - pl.col("log_id").min(), n=pl.len())
    assert_frame_equal(pl.read_parquet(tmp_path / "a" / "gaps.parquet"), spans.sort("event_type"), check_dtypes=False)


def test_select_writes_the_stream_alone(tmp_path: Path) -> None:
    assert set(written(document(JOINED, ORDER), tmp_path / "out", select=("log",)).rows) >= {"log"}
    assert_frame_equal(
        log_in(tmp_path / "out"), log_of(document(JOINED, ORDER)), check_dtypes=False, categorical_as_str=True
    )


def test_its_keys_lead_to_the_tables_they_come_from(tmp_path: Path) -> None:
    written(document(), tmp_path / "out")
    entry = next(one for one in read_manifest(tmp_path / "out").tables if one.name == "log")
    assert entry.primary_key == ("log_id",)
    assert {(key.column, key.table) for key in entry.foreign_keys} == {("user_id", "users"), ("ledger_id", "ledgers")}
    assert not verify(tmp_path / "out")


def test_a_share_is_one_of_all_events_of_all_sources() -> None:
    share = {"of": "users", "event_type": "ping", "fanout": {"poisson": 1, "per": "day"}, "share": 0.25}
    log = log_of(document(JOINED, ORDER, BOOKED, share, columns={}) | {"seed": 3})
    found, error = (log["event_type"] == "ping").mean(), (0.25 * 0.75 / len(log)) ** 0.5
    assert abs(found - 0.25) < 4 * error  # the rate is right in the mean


def test_no_events_at_all_make_an_empty_table() -> None:
    schema = document({**JOINED, "when": "country = 'FR'"}, columns={})
    log = log_of(schema)
    assert log.height == 0
    assert log.columns[0] == "log_id"


def test_the_plan_tells_of_the_order_and_not_of_the_pieces() -> None:
    plan = plan_of(document())
    text, facts = as_text(plan), as_facts(plan)
    assert "log (stream): about" in text
    assert "put in order by at" in text
    assert "::" not in text
    told = next(one for one in facts["tables"] if one["table"] == "log")
    assert told["put_in_order_by"] == ["at"]
    assert told["rows"] > 0
    assert not facts["derived"]
    assert {one["emit"] for one in told["emits"]} == {"users_joined", "orders_order", "users_ping", "entries_booked"}
    assert "log::" not in str(facts)


@pytest.mark.parametrize(
    "column",
    [
        {"expression": "log_id * 2"},
        {"expression": "row_number + 1"},
        {"sequence": {"start": 5}},
    ],
)
def test_the_rank_is_refused_before_it_is_known(column: dict[str, Any]) -> None:
    found = findings_of(document(columns={"double": column}))
    assert [one.code for one in found if one.severity == "error"] == ["stream.rank_read"]
    assert found[0].json_path.startswith("tables[4].columns.double")


def test_a_lookup_of_the_rank_is_refused() -> None:
    notes = {
        "name": "notes",
        "rows": 10,
        "columns": {"note_id": {"sequence": {}}, "log": {"lookup": {"from": "log.log_id"}}},
    }
    assert codes_of(document(JOINED, ORDER, tables=[notes])) == ["stream.rank_read"]
    assert codes_of(document(tables=[notes])) == ["stream.no_shared_table"]


def test_a_rollup_reads_the_events_of_one_table() -> None:
    users = {**USERS, "events": {"rollup": {"from": "log", "agg": "count"}}}
    schema = document(JOINED, ORDER, PING)
    schema["tables"][0]["columns"] = users
    data = dataset_of(schema)
    counts = data["log"].polars().group_by("user_id").len("events")
    assert_frame_equal(
        data["users"].polars().select("user_id", "events").sort("user_id"),
        counts.sort("user_id"), check_dtypes=False,
    )  # fmt: skip


def test_the_order_names_columns_of_the_stream_but_not_its_rank() -> None:
    assert codes_of(document(order_by=["when"])) == ["ref.unknown_column"]
    assert codes_of(document(order_by=["at", "log_id"])) == ["stream.order"]


def test_constraints_on_it_are_looked_at_in_the_files(tmp_path: Path) -> None:
    limits = {"ranges": [{"attr": "log.amount", "min": 0, "max": 25}]}
    made = written(document(constraints=limits), tmp_path / "out")
    assert [one.code for one in made.findings if one.severity == "error"] == ["value.range"]
    held = written(document(constraints={"ranges": [{"attr": "log.amount", "min": 0, "max": 2500}]}), tmp_path / "held")
    assert not [one for one in held.findings if one.severity == "error"]


def test_too_many_rows_are_refused_before_they_are_written(tmp_path: Path) -> None:
    from datagen.errors import SchemaError

    with pytest.raises(SchemaError) as error:
        written(document(), tmp_path / "out", max_rows=2000)
    assert error.value.findings[0].code == "rows.too_many"


def test_a_preview_shows_the_first_events() -> None:
    from datagen.api import preview

    schema = document()
    assert_frame_equal(preview(prepare(schema), 5)["log"], log_of(schema).head(5), categorical_as_str=True)


def test_rows_below_it_are_refused() -> None:
    notes = {"name": "notes", "parents": ["log"], "columns": {"text": {"choices": ["a", "b"]}}}
    assert codes_of(document(JOINED, ORDER, tables=[notes])) == ["derived.read"]
    assert codes_of(document(tables=[notes])) == ["stream.no_shared_table"]


def test_targets_on_it_are_looked_at_in_the_files(tmp_path: Path) -> None:
    target = {"table": "log", "column": "amount", "min": 1, "max": 20}  # the mean is 34
    made = written(document(JOINED, ORDER, targets={"mean_in_range": target}), tmp_path / "out")
    assert [one.code for one in made.findings if one.severity == "error"] == ["target.missed"]
    assert "log.amount" in str(made.findings)


@pytest.mark.parametrize(
    "column",
    [
        {"expression": "ordinal * 2"},
        {"expression": "sibling_count"},
        {"siblings": {"agg": "rank", "of": "weight"}},
        {
            "case": {
                "cases": [
                    {"when": "weight > 0.5", "siblings": {"agg": "sum", "of": "weight"}},
                    {"expression": {"code": "1.0"}},
                ]
            }
        },
        {"series": {"ar": [0.5]}},
        {"choice": {"choices": ["a", "b"], "clustered": 0.1}},
    ],
)
def test_events_of_sources_that_share_no_table_have_no_siblings(column: dict[str, Any]) -> None:
    """Counted inside each piece, these would be figures over rows that nothing of the stream puts together."""
    found = [one for one in findings_of(document(columns={"place": column})) if one.severity == "error"]
    assert [one.code for one in found] == ["stream.no_siblings"]
    assert found[0].json_path.startswith("tables[4].columns.place")
    assert codes_of(document(JOINED, ORDER, columns={"place": column})) == []


@pytest.mark.parametrize("modifier", [{"expression": {"code": "value + ordinal"}}])
def test_modifiers_count_no_siblings_either(modifier: dict[str, Any]) -> None:
    place = {"expression": "1", "modifiers": [modifier]}
    assert codes_of(document(columns={"place": place})) == ["stream.no_siblings"]


@pytest.mark.parametrize("order_by", [["at"], ["at", "event_type"], ["at", "amount", "event_type"]])
def test_ordinal_is_the_place_among_the_events_of_the_table_that_sources_share(order_by: list[str]) -> None:
    """Also among events of one instant: tickets of a user all come with the user's time."""
    tickets = {"of": "users", "event_type": "ticket", "fanout": {"poisson": 4}, "at": "joined"}
    place = {"place": {"expression": "ordinal"}}
    log = log_of(document(JOINED, ORDER, tickets, order_by=order_by, columns=place))
    counted = log.select(pl.int_range(1, pl.len() + 1).over("user_id")).to_series()
    assert log["place"].to_list() == counted.to_list()


@pytest.mark.parametrize("order_by", [["event_type", "at"], ["at", "weight"]])
def test_ordinal_is_refused_where_it_is_not_the_place_in_the_order(order_by: list[str]) -> None:
    for column in (
        {"expression": "ordinal"},
        {"siblings": {"agg": "first", "of": "weight", "order_by": "ordinal desc"}},
    ):
        schema = document(JOINED, ORDER, order_by=order_by, columns={"place": column})
        assert codes_of(schema) == ["stream.ordinal"]
    ranked = {"place": {"siblings": {"agg": "rank", "of": "at", "order_by": "weight"}}}
    assert codes_of(document(JOINED, ORDER, order_by=order_by, columns=ranked)) == []


def test_what_cannot_know_it_by_name_is_told_of_its_sources() -> None:
    rollup = document()
    rollup["tables"][0]["columns"] = {**USERS, "events": {"rollup": {"from": "log", "agg": "count"}}}
    segment = document()
    segment["tables"][0]["segment_behavior"] = {
        "segment_column": "country", "segments": {"US": {"value_multiplier": 2}}, "applies_to": ["log"],
    }  # fmt: skip
    for schema in (rollup, segment):
        found = next(one for one in findings_of(schema) if one.code == "stream.no_shared_table")
        assert "sources" in found.hint
        assert "SQL may read log" in found.hint
        assert found.line is not None


@pytest.mark.parametrize("emits", [(JOINED, ORDER), ()])
def test_every_target_on_it_is_measured_in_the_files(tmp_path: Path, emits: tuple[dict[str, Any], ...]) -> None:
    """Also where the sources share no table, so that the stream has columns only when all tables are made."""
    wrong = {"column": "country", "factors": {"US": 1, "DE": 3}}
    targets = {
        "composite_effect": {"table": "log", "metric": "amount", "influences": [wrong], "tolerance": {"mape": 0.2}},
        "mean_in_range": {"table": "log", "column": "amount", "max": 20},
        "weekend_share": {"table": "log", "timestamp": "at", "max": 0.01},
    }
    made = written(document(*emits, columns={"country": {}}, targets=targets), tmp_path / "out")
    assert [one.code for one in made.findings] == ["target.missed"] * 3
    assert {str(one.json_path).split(".")[1].split("[")[0] for one in made.findings} == set(targets)
    right = {"column": "users.country", "factors": {"US": 1, "DE": 1}}
    targets["composite_effect"]["influences"] = [right]  # along the key of the user
    targets = {"composite_effect": targets["composite_effect"]}
    held = written(document(*emits, targets=targets), tmp_path / "held")
    assert not held.findings


def test_targets_on_a_table_by_sql_are_measured_too(tmp_path: Path) -> None:
    clean = {"name": "clean", "kind": "derived", "sql": "select order_id, amount from orders order by 1"}
    target = {"table": "clean", "column": "amount", "max": 20}
    made = written(document(tables=[clean], targets={"mean_in_range": target}), tmp_path / "out")
    assert [one.code for one in made.findings] == ["target.missed"]
    unknown = document(tables=[clean], targets={"mean_in_range": {**target, "column": "amounts"}})
    assert codes_of(unknown) == ["ref.unknown_column"]


@pytest.mark.parametrize("emits", [(JOINED, ORDER), (JOINED, ORDER, BOOKED)])
def test_inequalities_along_its_keys_are_looked_at(tmp_path: Path, emits: tuple[dict[str, Any], ...]) -> None:
    def found(op: str) -> list[str]:
        limit = {"left": "users.joined", "op": op, "right": "log.at"}
        made = written(document(*emits, constraints={"inequalities": [limit]}), tmp_path / f"out{len(op)}")
        return [one.code for one in made.findings]

    assert found("<=") == []
    assert found(">") == ["value.inequality"]
    far = {"left": "ledgers.opened", "op": "<=", "right": "log.amount"}
    assert "constraint.two_tables" in codes_of(document(JOINED, ORDER, constraints={"inequalities": [far]}))


def test_a_trace_of_an_event_ends_at_the_value_that_is_written() -> None:
    """Whatever its source is; with the steps of the emit, and the errors of recording, which are drawn in order."""
    noise = {"imperfections": {"missing": {"rate": 0.3}}}
    more = {"weight": document()["tables"][-1]["columns"]["weight"] | noise}
    schema = document(columns=more)
    log, plan = log_of(schema), plan_of(schema)
    looked = {
        "joined": ["log_id"], "order": ["amount"], "ping": ["weight"], "booked": ["at", "user_id"],
    }  # fmt: skip
    for kind, names in looked.items():
        row = log["event_type"].to_list().index(kind) + 1
        for name in names:
            value = log[name][row - 1]
            traced = trace(plan, f"log.{name}", row)
            assert (traced.table, traced.column, traced.row, traced.key) == ("log", name, row, row)
            expected = value.strftime("%Y-%m-%dT%H:%M:%SZ") if name == "at" else value
            assert traced.value == (pytest.approx(expected) if name == "weight" else expected), (name, row)
            assert traced.steps[-1].value == traced.value
            assert traced.emit is not None
            source = {"order": "orders", "booked": "entries"}.get(log["event_type"][row - 1], "users")
            assert traced.emit.of == source
    lost = log["weight"].is_null().arg_true()[0] + 1
    steps = trace(plan, "log.weight", int(lost)).steps
    assert "written with an error of recording" in steps[-1].text
    assert steps[-2].value is not None
    rate = trace(plan, "log", 1)
    assert rate.parent in ("users", "entries")
    assert rate.parent_row is not None
    with pytest.raises(UsageError) as error:
        trace(plan, "log.at", len(log) + 1)
    assert error.value.findings[0].expected == f"a row from 1 to {len(log):,}"
    with pytest.raises(UsageError) as error:
        trace(plan, "log.amont", 1)
    assert error.value.findings[0].hint == "did you mean 'amount'?"


PARTS = {
    "place": {"nested": {"fields": {"city": {"choice": {"choices": ["Brno", "Oslo"]}}, "since": {"after": {"column": "at", "delay": {"exponential": {"mean": "1d"}}}}}}},
    "tags": {"nested": {"of": {"choice": {"choices": ["a", "b", "c"]}}, "length": {"poisson": 2}}, "nullable": True, "when": "weight > 0.2"},
}  # fmt: skip


@pytest.mark.parametrize("emits", [(JOINED, ORDER, PING, BOOKED), (JOINED, ORDER, PING)])
def test_structures_and_lists_go_with_their_rows(tmp_path: Path, emits: tuple[dict[str, Any], ...]) -> None:
    """The same in every format and however the work is cut."""
    plain, made = log_of(document(*emits)), log_of(document(*emits, columns=PARTS))
    assert_frame_equal(made.drop("place", "tags"), plain)
    assert made.schema["place"] == pl.Struct({"city": pl.String, "since": pl.Datetime("us")})
    assert made.schema["tags"] == pl.List(pl.String)
    assert (made["place"].struct.field("since") >= made["at"]).all()
    assert (made["tags"].is_null() == (made["weight"] <= 0.2)).all()
    assert 1.6 < made["tags"].list.len().mean() < 2.4  # 4 standard errors of a Poisson mean of 2 over 200 rows
    sums = set()
    for format in ("parquet", "csv", "ndjson"):
        place = tmp_path / format
        cut = {"parquet": 65_536, "csv": 70, "ndjson": 1_000}[format]
        done = written(document(*emits, columns=PARTS), place, format=format, workers=1, block_rows=cut)
        sums.add(done.content_hash)
        assert verify(place) == []
    assert len(sums) == 1
    texts = pl.read_csv(tmp_path / "csv" / "log.csv")["place"]
    assert texts[0].startswith('{"city":')


def test_structures_of_a_stream_without_events_are_there() -> None:
    schema = document(JOINED, BOOKED, columns=PARTS)
    for table in schema["tables"]:
        table |= {"rows": 0} if "rows" in table else {}
    made = log_of(schema)
    assert made.height == 0
    assert made.schema["tags"] == pl.List(pl.String)
