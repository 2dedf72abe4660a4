"""Structure: whole files pass, and every kind of broken file is found, in every format, with examples."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from datagen.checks import structural
from datagen.checks.database import SCRATCH, locked_database
from datagen.checks.structural import Tally, check_structure
from datagen.errors import Finding, MachineError
from datagen.sinks.manifest import FORMATS, ColumnEntry, FileFacts, ForeignKey, TableEntry
from datagen.sinks.writer import open_writer, part_name

Frames = dict[str, list[pl.DataFrame]]
TABLES = {
    "customers": TableEntry(
        "customers",
        100,
        (
            ColumnEntry("customer_id", "int"),
            ColumnEntry("email", "string"),
            ColumnEntry("referrer", "int", nullable=True),
        ),
        primary_key=("customer_id",),
        unique=(("email",),),
        foreign_keys=(ForeignKey("referrer", "customers", "customer_id"),),
    ),
    "orders": TableEntry(
        "orders",
        300,
        (
            ColumnEntry("order_id", "int"),
            ColumnEntry("customer_id", "int"),
            ColumnEntry("amount", "float"),
            ColumnEntry("paid", "bool", nullable=True),
            ColumnEntry("at", "datetime"),
            ColumnEntry("day", "date"),
        ),
        primary_key=("order_id",),
        foreign_keys=(ForeignKey("customer_id", "customers", "customer_id"),),
    ),
    "items": TableEntry(
        "items",
        200,
        (ColumnEntry("order_id", "int"), ColumnEntry("line", "int"), ColumnEntry("sku", "string", nullable=True)),
        primary_key=("order_id", "line"),
        foreign_keys=(ForeignKey("order_id", "orders", "order_id"),),
    ),
}


def frames() -> Frames:
    number = np.arange(300)
    time = pl.Series(number * 3_600_000_000).cast(pl.Datetime("us", "UTC"))
    customers = pl.DataFrame(
        {
            "customer_id": np.arange(1, 101),
            "email": [f"user{k}@example.com" for k in range(100)],
            "referrer": [None, *range(1, 100)],
        }
    )
    orders = pl.DataFrame(
        {
            "order_id": number + 1000,
            "customer_id": number % 100 + 1,
            "amount": number / 8,
            "paid": pl.Series([True, None, False] * 100),
            "at": time,
            "day": time.cast(pl.Date),
        }
    )
    sku = pl.Series(["A-1", None] * 100, dtype=pl.Enum(["A-1"]))
    items = pl.DataFrame({"order_id": np.arange(200) // 2 + 1000, "line": np.arange(200) % 2, "sku": sku})
    return {"customers": [customers], "orders": [orders[:100], orders[100:200], orders[200:]], "items": [items]}


def write(directory: Path, format: str, data: Frames) -> list[TableEntry]:
    """Write the files, however broken; the entries say what the sound ones would hold."""
    entries = []
    for name, blocks in data.items():
        writer = open_writer(format, directory)
        names = [part_name(name, format, k if len(blocks) > 1 else None) for k in range(len(blocks))]
        facts = [writer.write_part([block], path) for block, path in zip(blocks, names, strict=True)]
        planned = [block.height for block in frames()[name]]
        if len(planned) == len(facts):
            facts = [FileFacts(f.name, rows, f.bytes, f.sha256) for f, rows in zip(facts, planned, strict=True)]
        entries.append(replace(TABLES[name], files=tuple(facts)))
    return entries


def codes(findings: list[Finding]) -> list[str]:
    return [finding.code.removeprefix("structure.") for finding in findings]


@pytest.mark.parametrize("format", FORMATS)
def test_whole_files_pass(format: str, tmp_path: Path) -> None:
    assert check_structure(tmp_path, write(tmp_path, format, frames()), format) == []
    assert not (tmp_path / SCRATCH).exists()


@pytest.mark.parametrize("format", FORMATS)
def test_tables_without_rows_pass(format: str, tmp_path: Path) -> None:
    entries = write(tmp_path, format, {name: [blocks[0][:0]] for name, blocks in frames().items()})
    empty = [replace(e, rows=0, files=tuple(replace(f, rows=0) for f in e.files)) for e in entries]
    assert check_structure(tmp_path, empty, format) == []


def change(table: str, row: int, column: str, value: object, *, part: int = 0) -> Callable[[Frames], None]:
    def apply(data: Frames) -> None:
        frame = data[table][part]
        values = frame[column].to_list()
        values[row] = value
        data[table][part] = frame.with_columns(pl.Series(column, values, dtype=frame.schema[column]))

    return apply


@pytest.mark.parametrize("silent", [(), (0,), (1,), (0, 1, 2)])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_nulls_are_counted_by_footers_or_by_reading_where_a_footer_is_silent(
    silent: tuple[int, ...], part: int, tmp_path: Path
) -> None:
    data = frames()
    change("orders", 5, "day", None, part=part)(data)
    entries = write(tmp_path, "parquet", data)
    for place in silent:
        file = tmp_path / entries[1].files[place].name
        data["orders"][place].write_parquet(file, statistics=False, row_group_size=30)
    [finding] = check_structure(tmp_path, entries, "parquet")
    assert finding.found == f"orders.day is null in 1 of 300 rows: order_id {1005 + 100 * part}"


def test_a_null_in_any_row_group_is_found(tmp_path: Path) -> None:
    data = frames()
    change("customers", 77, "email", None)(data)
    change("customers", 78, "referrer", None)(data)
    entries = write(tmp_path, "parquet", data)
    loose = replace(entries[0], unique=(), foreign_keys=())  # then both are read from the footer
    data["customers"][0].write_parquet(tmp_path / "customers.parquet", row_group_size=10)
    for entry in (entries[0], loose):
        [finding] = check_structure(tmp_path, [entry], "parquet")
        assert finding.found == "customers.email is null in 1 of 100 rows: customer_id 78"
    strict = replace(loose, columns=tuple(replace(column, nullable=False) for column in loose.columns))
    found = [finding.found for finding in check_structure(tmp_path, [strict], "parquet")]
    assert found[1] == "customers.referrer is null in 2 of 100 rows: customer_id 1, 79"


def drop_row(data: Frames) -> None:
    data["orders"][1] = data["orders"][1][1:]


def swap_columns(data: Frames) -> None:
    data["items"][0] = data["items"][0].select("line", "order_id", "sku")


def drop_column(data: Frames) -> None:
    data["orders"][2] = data["orders"][2].drop("day")


# what is broken, the codes in order, and what the message must say
BROKEN: list[tuple[Callable[[Frames], None], list[str], str]] = [
    (change("orders", 5, "order_id", 1104, part=1), ["primary_key"], "orders.order_id: 1 values stand in 2 rows: 1104"),
    (change("orders", 5, "order_id", 1299), ["primary_key", "foreign_key"], ": 1299"),
    (change("orders", 5, "order_id", None), ["null", "foreign_key"], "null in 1 of 300 rows"),
    (change("orders", 5, "order_id", -(2**63)), ["foreign_key"], "items.order_id points nowhere in 2 rows: 1005"),
    (change("orders", 99, "order_id", 2**62, part=2), [], ""),
    (change("orders", 5, "customer_id", 101), ["foreign_key"], "orders.customer_id points nowhere in 1 rows: 101"),
    (change("orders", 5, "customer_id", 0), ["foreign_key"], "in 1 rows: 0"),
    (change("orders", 5, "customer_id", None), ["null"], "orders.customer_id is null in 1 of 300 rows: order_id 1005"),
    (change("customers", 7, "customer_id", 200), ["foreign_key"] * 2, "in 3 rows: 8"),
    (
        change("customers", 7, "customer_id", 9),
        ["primary_key", "foreign_key", "foreign_key"],
        "1 values stand in 2 rows",
    ),
    (change("customers", 7, "referrer", 777), ["foreign_key"], "customers.referrer points nowhere in 1 rows: 777"),
    (change("customers", 7, "email", "user3@example.com"), ["unique"], "'user3@example.com'"),
    (change("customers", 7, "email", None), ["null"], "customers.email is null in 1 of 100 rows: customer_id 8"),
    (change("items", 3, "line", 0), ["primary_key"], "items.order_id+line: 1 values stand in 2 rows: (1001, 0)"),
    (change("items", 3, "line", None), ["null"], "items.line is null in 1 of 200 rows"),
    (change("orders", 5, "amount", None), ["null"], "orders.amount is null in 1 of 300 rows: order_id 1005"),
    (drop_row, ["row_count", "foreign_key"], "orders/part-00001"),
]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("damage", "expected", "says"), BROKEN)
def test_each_damage_is_found_and_nothing_else(
    format: str, damage: Callable[[Frames], None], expected: list[str], says: str, tmp_path: Path
) -> None:
    data = frames()
    damage(data)
    findings = check_structure(tmp_path, write(tmp_path, format, data), format)
    if damage is drop_row:
        # the row that is gone was one that items do not refer to
        expected = ["row_count"]
    assert codes(findings) == expected
    assert says in " | ".join(finding.found for finding in findings)
    assert all(finding.expected for finding in findings)


@pytest.mark.parametrize("format", ["csv", "parquet"])
@pytest.mark.parametrize("damage", [swap_columns, drop_column])
def test_other_columns_than_declared_are_found(format: str, damage: Callable[[Frames], None], tmp_path: Path) -> None:
    data = frames()
    damage(data)
    assert codes(check_structure(tmp_path, write(tmp_path, format, data), format)) == ["columns"]


@pytest.mark.parametrize(
    ("column", "dtype", "kind"),
    [
        ("amount", pl.Int64, "BIGINT"),
        ("amount", pl.String, "VARCHAR"),
        ("order_id", pl.Float64, "DOUBLE"),
        ("at", pl.Date, "DATE"),
        ("day", pl.Datetime("us"), "TIMESTAMP"),
        ("paid", pl.Int8, "TINYINT"),
    ],
)
def test_a_parquet_column_of_another_type_is_found(column: str, dtype: pl.DataType, kind: str, tmp_path: Path) -> None:
    data = frames()
    data["orders"][1] = data["orders"][1].with_columns(pl.col(column).cast(dtype))
    findings = check_structure(tmp_path, write(tmp_path, "parquet", data), "parquet")
    assert codes(findings) == ["type"]
    assert findings[0].found == f"orders/part-00001.parquet: {column} is of type {kind}"


@pytest.mark.parametrize(
    ("line", "text"),
    [(1, "1000,1,abc,true,1970-01-01T00:00:00Z,1970-01-01"), (1, "1000,1"), (2, '1,"'), (3, "1,2,3,true,x,y,z")],
)
def test_a_csv_line_that_is_not_a_row_is_found(line: int, text: str, tmp_path: Path) -> None:
    entries = write(tmp_path, "csv", frames())
    file = tmp_path / "orders" / "part-00000.csv"
    lines = file.read_text().split("\n")
    lines[line] = text
    file.write_text("\n".join(lines))
    assert codes(check_structure(tmp_path, entries, "csv")) == ["unreadable"]


@pytest.mark.parametrize("format", FORMATS)
def test_a_cut_file_is_found(format: str, tmp_path: Path) -> None:
    entries = write(tmp_path, format, frames())
    file = tmp_path / "orders" / f"part-00001.{format}"
    os.truncate(file, file.stat().st_size // 2)
    assert codes(check_structure(tmp_path, entries, format)) in (["unreadable"], ["row_count", "null"], ["row_count"])
    file.unlink()
    findings = check_structure(tmp_path, entries, format)
    assert codes(findings) == ["file_missing"]
    assert findings[0].found == f"no file orders/part-00001.{format}"


def test_every_flipped_byte_of_a_parquet_file_is_found_or_harmless(tmp_path: Path) -> None:
    """No flipped byte may end in a crash; the checksum in the manifest is what finds changed values."""
    entries = write(tmp_path, "parquet", frames())
    file = tmp_path / "customers.parquet"
    raw = bytearray(file.read_bytes())
    found = 0
    places = range(0, len(raw), 97)
    for place in places:
        spoiled = bytearray(raw)
        spoiled[place] ^= 0x41
        file.write_bytes(spoiled)
        found += bool(check_structure(tmp_path, entries[:1], "parquet", threads=1))
    assert found > len(places) // 4


def test_a_table_that_does_not_exist_cannot_be_referred_to(tmp_path: Path) -> None:
    entries = write(tmp_path, "parquet", frames())
    findings = check_structure(tmp_path, [e for e in entries if e.name != "customers"], "parquet")
    assert codes(findings) == ["foreign_key"]
    assert "customers, which was not written" in findings[0].found


def test_row_counts_are_those_of_the_plan(tmp_path: Path) -> None:
    entries = write(tmp_path, "parquet", frames())
    entries[1] = replace(entries[1], rows=301)
    findings = check_structure(tmp_path, entries, "parquet")
    assert codes(findings) == ["row_count"]
    assert (findings[0].found, findings[0].expected) == (
        "the files of orders were written with 300 rows",
        "301 rows, as planned",
    )


def test_at_most_five_examples_are_shown(tmp_path: Path) -> None:
    data = frames()
    data["orders"][0] = data["orders"][0].with_columns(customer_id=pl.int_range(500, 600))
    (finding,) = check_structure(tmp_path, write(tmp_path, "parquet", data), "parquet")
    assert finding.found == "orders.customer_id points nowhere in 100 rows: 500, 501, 502, 503, 504"


KEYS = {
    "counting up": np.arange(5_000) + 7,
    "counting up in steps": np.arange(5_000) * 10 - 20_000,
    "shuffled": (np.arange(5_000) * 1_237) % 5_000,
    "sparse": np.arange(5_000, dtype=np.int64) * 10**14 - 10**17,
    "whole range": np.linspace(-(2.0**62), 2.0**62, 5_000).astype(np.int64),
}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("kind", ["int", "string"])
@pytest.mark.parametrize("memory", [64 << 20, 512 << 20])
def test_every_way_to_prove_uniqueness_finds_one_repeated_key(
    name: str, kind: str, memory: int, tmp_path: Path
) -> None:
    entry = TableEntry("t", 5_000, (ColumnEntry("k", kind), ColumnEntry("f", kind)), primary_key=("k",))
    entry = replace(entry, foreign_keys=(ForeignKey("f", "t", "k"),))
    for place, (repeats, orphan) in enumerate([(False, False), (True, False), (False, True)]):
        keys = KEYS[name].copy()
        references = keys[::-1].copy()
        if repeats:
            keys[4_000] = keys[17]
        references[keys.size - 1 - 4_000] = keys[3]  # the key that is replaced is referred to by no row
        if orphan:
            references[11] = KEYS[name].min() + 3 if name not in ("counting up", "shuffled") else KEYS[name].max() + 1
        frame = pl.DataFrame({"k": keys, "f": references})
        if kind == "string":
            frame = frame.cast(pl.String)
        facts = open_writer("parquet", tmp_path).write_part([frame], f"t{place}.parquet")
        findings = check_structure(tmp_path, [replace(entry, files=(facts,))], "parquet", memory=memory, threads=1)
        assert codes(findings) == ["primary_key"] * repeats + ["foreign_key"] * orphan


# what becomes of keys that count up through three files of 100 rows each; `held` are the rows that were noted
IN_ORDER: dict[str, tuple[Callable[[list[int]], list[int]], tuple[int, int, int], list[str]]] = {
    "whole": (lambda keys: keys, (100, 100, 100), []),
    "two rows changed places": (lambda keys: [*keys[:5], keys[6], keys[5], *keys[7:]], (100, 100, 100), []),
    "backwards": (lambda keys: keys[::-1], (100, 100, 100), []),
    "two files changed places": (lambda keys: keys[100:200] + keys[:100] + keys[200:], (100, 100, 100), []),
    "repeated inside a file": (lambda keys: [*keys[:5], keys[4], *keys[6:]], (100, 100, 100), ["primary_key"]),
    "repeated in another file": (lambda keys: [*keys[:205], keys[4], *keys[206:]], (100, 100, 100), ["primary_key"]),
    "repeated in the first row": (lambda keys: [keys[1], *keys[1:]], (100, 100, 100), ["primary_key"]),
    "repeated in the last row": (lambda keys: [*keys[:-1], keys[-2]], (100, 100, 100), ["primary_key"]),
    "a null in the first row": (lambda keys: [None, *keys[1:]], (100, 100, 100), ["null"]),  # type: ignore[list-item]
    "a null in the last row": (lambda keys: [*keys[:-1], None], (100, 100, 100), ["null"]),  # type: ignore[list-item]
    "all null": (lambda keys: [None] * 300, (100, 100, 100), ["null"]),  # type: ignore[list-item]
    "a gap": (lambda keys: [*keys[:5], *(key + 1 for key in keys[5:])], (100, 100, 100), []),
    "rows noted in the wrong file": (lambda keys: keys, (99, 101, 100), []),
    "repeated where files meet, as many in all": (
        lambda keys: [*keys[:101], *keys[100:199], *keys[200:]],
        (100, 100, 100),
        ["primary_key"],
    ),
}


@pytest.mark.parametrize("name", IN_ORDER)
@pytest.mark.parametrize(
    ("start", "column", "once"),
    [
        (1, "k", 32),
        (0, "k", 1),
        (-150, "File_Row_Number", 2),
        (2**63 - 300, "k", 2),
        (-(2**63), "file_row_number", 32),
    ],
)
def test_keys_that_count_up_are_compared_with_the_numbers_of_their_rows(
    name: str, start: int, column: str, once: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damage, held, expected = IN_ORDER[name]
    if name == "a gap" and start > 2**62:
        return  # the last key would be none
    monkeypatch.setattr(structural, "FILES_AT_ONCE", once)
    keys = pl.Series(column, damage(list(range(start, start + 300))), dtype=pl.Int64)
    cuts = (0, 101, 200, 300) if name.endswith("as many in all") else (0, 100, 200, 300)
    facts = [
        open_writer("parquet", tmp_path).write_part([keys[low:high].to_frame()], part_name("t", "parquet", place))
        for place, (low, high) in enumerate(itertools.pairwise(cuts))
    ]
    noted = tuple(replace(one, rows=rows) for one, rows in zip(facts, held, strict=True))
    entry = TableEntry("t", 300, (ColumnEntry(column, "int"),), noted, primary_key=(column,))
    assert codes(check_structure(tmp_path, [entry], "parquet", threads=1)) == expected


def test_keys_at_the_ends_of_the_integers_pass(tmp_path: Path) -> None:
    entry = TableEntry("t", 3, (ColumnEntry("k", "int"),), primary_key=("k",))
    for place, keys in enumerate(
        ([2**63 - 3, 2**63 - 2, 2**63 - 1], [-(2**63), 0, 2**63 - 1], [2**63 - 1, 2**63 - 2, 2**63 - 3])
    ):
        facts = open_writer("parquet", tmp_path).write_part([pl.DataFrame({"k": keys})], f"t{place}.parquet")
        assert check_structure(tmp_path, [replace(entry, files=(facts,))], "parquet") == []


def test_names_and_paths_of_any_kind_are_quoted(tmp_path: Path) -> None:
    directory = tmp_path / 'it\'s "here" [x] *?'
    directory.mkdir()
    entry = TableEntry("order", 2, (ColumnEntry("select", "int"), ColumnEntry("At", "string")), primary_key=("select",))
    for format in FORMATS:
        frame = pl.DataFrame({"select": [1, 1], "At": ["x'", '"']})
        facts = open_writer(format, directory).write_part([frame], f"order.{format}")
        assert codes(check_structure(directory, [replace(entry, files=(facts,))], format)) == ["primary_key"]


def test_unique_groups_pass_over_nulls_and_look_again_at_equal_hashes(tmp_path: Path) -> None:
    columns = (ColumnEntry("a", "int", nullable=True), ColumnEntry("b", "string", nullable=True))
    entry = TableEntry("t", 4, columns, unique=(("a", "b"),))
    sound = pl.DataFrame({"a": [1, 1, None, None], "b": ["x", "y", "x", "x"]})
    spoiled = pl.DataFrame({"a": [1, 1, None, None], "b": ["x", "x", "x", "x"]})
    for frame, expected in ((sound, []), (spoiled, ["unique"])):
        facts = open_writer("parquet", tmp_path).write_part([frame], f"{len(expected)}.parquet")
        assert codes(check_structure(tmp_path, [replace(entry, files=(facts,))], "parquet")) == expected


def test_the_database_reads_its_directory_and_nothing_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out.csv"
    inside.mkdir()
    outside.write_text("a\n1\n")
    (inside / "fine.csv").write_text("a\n1\n")
    with locked_database(inside, memory=64 << 20, threads=1) as database:
        assert database.execute(f"SELECT * FROM read_csv('{inside}/fine.csv')").fetchall() == [(1,)]
        for query in (
            f"SELECT * FROM read_csv('{outside}')",
            f"SELECT * FROM read_csv('{inside}/../out.csv')",
            "SELECT * FROM read_text('/etc/hostname')",
            f"COPY (SELECT 1) TO '{tmp_path}/new.csv'",
            f"ATTACH '{tmp_path}/new.db'",
            "INSTALL httpfs",
            "SET threads = 4",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                database.execute(query)
    assert sorted(os.listdir(tmp_path)) == ["in", "out.csv"]


def test_too_little_memory_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, *_: object) -> None:
        raise duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate")

    entries = write(tmp_path, "parquet", frames())
    monkeypatch.setattr(structural._Table, "_count", fail)
    with pytest.raises(MachineError) as caught:
        check_structure(tmp_path, entries, "parquet", memory=100_000_000)
    assert caught.value.findings[0].code == "check.memory"
    assert "100 MB" in caught.value.findings[0].found


@pytest.mark.parametrize("format", FORMATS)
def test_rows_that_meet_a_condition_are_counted_on_the_way(format: str, tmp_path: Path) -> None:
    tally = Tally({"items": ["t0.line > 0", "t0.sku is null", "t0.line > 9"]})
    assert check_structure(tmp_path, write(tmp_path, format, frames()), format, tally=tally) == []
    assert [tally.found["items", one] for one in tally.asked["items"]] == [100, 100, 0]


@pytest.mark.parametrize("format", FORMATS)
def test_a_condition_that_cannot_be_read_hides_no_fault_and_counts_nothing(format: str, tmp_path: Path) -> None:
    data = frames()
    [items] = data["items"]
    data["items"] = [items.with_columns(pl.lit(1, pl.Int64).alias("line"))]
    tally = Tally({"items": ["t0.nowhere > 0"], "orders": ["false"]})
    entries = write(tmp_path, format, data)
    assert codes(check_structure(tmp_path, entries, format, tally=tally)) == codes(
        check_structure(tmp_path, entries, format)
    )
    assert tally.found == {("orders", "false"): 0}
