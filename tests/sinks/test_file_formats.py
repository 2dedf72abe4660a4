"""Files: every value comes back as it went in, from several readers, and what a format cannot say is refused."""

from __future__ import annotations

import csv
import datetime
import gzip
import hashlib
import itertools
import json
import math
import os
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import examples

from datagen.errors import MachineError, SchemaError, UsageError
from datagen.sinks.gzipped import unpacked, whole
from datagen.sinks.manifest import FORMATS, FileFacts
from datagen.sinks.times import WIDEST, time_text
from datagen.sinks.writer import open_writer, part_name

UTC = datetime.UTC
TEXTS = [
    "",
    None,
    "null",
    "NULL",
    " pad ",
    'qu"ote',
    "com,ma",
    "cr\rlf\nboth\r\n",
    "tab\t",
    "žluťoučký 🙂 \u2028",
    "007",
]
TEXTS += [
    '""',
    "'",
    "\\",
    "\\N",
    "#not a comment",
    "=cmd|'/c calc'!A1",
    "-5",
    "\ufeffbom",
    "x" * 5000,
    '"',
    "true",
    "1e5",
]
FLOATS = [
    0.0,
    -0.0,
    None,
    5e-324,
    -2.2250738585072014e-308,
    1.7976931348623157e308,
    0.1,
    1 / 3,
    1e16,
    1e22,
    123456789.12,
]
INTS = [0, None, -1, 2**63 - 1, -(2**63), 10**18, 42]
TIMES = [
    datetime.datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC),
    None,
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    datetime.datetime(1970, 1, 1, tzinfo=UTC),
]
DATES = [datetime.date(9999, 12, 31), None, datetime.date(1, 1, 1), datetime.date(2024, 2, 29)]


def sample() -> pl.DataFrame:
    """As many rows as there are texts, each column with its hard cases, repeated as needed."""
    rows = len(TEXTS)

    def fill(values: list[object]) -> list[object]:
        return (values * rows)[:rows]

    fine = [None if t is None else t.replace(microsecond=123_000 if t.year < 9999 else 999_000) for t in TIMES]
    finest = [None if t is None else t.replace(microsecond=1 if t.year < 9999 else 999_999) for t in TIMES]
    return pl.DataFrame(
        {
            "id": pl.Series(range(rows), dtype=pl.Int64),
            "text": pl.Series(TEXTS, dtype=pl.String),
            "word": pl.Series(TEXTS, dtype=pl.Enum([text for text in reversed(TEXTS) if text is not None])),
            "float": pl.Series(fill(FLOATS), dtype=pl.Float64),
            "int": pl.Series(fill(INTS), dtype=pl.Int64),
            "flag": pl.Series(fill([True, None, False]), dtype=pl.Boolean),
            "at": pl.Series(fill(TIMES), dtype=pl.Datetime("us", "UTC")),
            "at_ms": pl.Series(fill(fine), dtype=pl.Datetime("us", "UTC")),
            "at_us": pl.Series(fill(finest), dtype=pl.Datetime("us", "UTC")),
            "day": pl.Series(fill(DATES), dtype=pl.Date),
        }
    )


def write(format: str, directory: Path, frame: pl.DataFrame, blocks: int = 3) -> FileFacts:
    writer = open_writer(format, directory, precisions={"at_ms": "ms", "at_us": "us"})
    size = -(-frame.height // blocks)
    return writer.write_part([frame[k * size : (k + 1) * size] for k in range(blocks)], part_name("t", format))


def same_bits(one: list[float | None], other: list[float | None]) -> bool:
    pairs = zip(one, other, strict=True)
    return all((a is b is None) or (a == b and math.copysign(1, a) == math.copysign(1, b)) for a, b in pairs)  # type: ignore[type-var,arg-type]


SQL = {"id": "BIGINT", "text": "VARCHAR", "word": "VARCHAR", "float": "DOUBLE", "int": "BIGINT", "flag": "BOOLEAN"}
SQL |= {"at": "TIMESTAMP", "at_ms": "TIMESTAMP", "at_us": "TIMESTAMP", "day": "DATE"}


@pytest.mark.parametrize("format", FORMATS)
def test_duckdb_reads_every_value_back(format: str, tmp_path: Path) -> None:
    frame = sample()
    write(format, tmp_path, frame)
    columns = json.dumps(SQL).replace('"', "'")
    reader = {
        "parquet": f"read_parquet('{tmp_path}/t.parquet')",
        "csv": f"read_csv('{tmp_path}/t.{format}', header=true, auto_detect=false, delim=',', quote='\"', escape='\"', "
        f"nullstr='', allow_quoted_nulls=false, strict_mode=true, columns={columns})",
        "ndjson": f"read_json('{tmp_path}/t.{format}', format='newline_delimited', columns={columns})",
    }[unpacked(format)]
    with duckdb.connect() as database:
        kinds = {row[0]: row[1] for row in database.sql(f"describe select * from {reader}").fetchall()}
        assert {name: kind.replace(" WITH TIME ZONE", "") for name, kind in kinds.items()} == SQL
        times = [f'epoch_us("{name}") as "{name}"' for name in ("at", "at_ms", "at_us")]
        rows = database.sql(f"select * replace ({', '.join(times)}) from {reader} order by id").fetchall()
    columns_read = dict(zip(SQL, zip(*rows, strict=True), strict=True))
    for name in ("text", "word", "int", "flag", "day"):
        assert list(columns_read[name]) == frame[name].to_list(), name
    for name in ("at", "at_ms", "at_us"):
        assert list(columns_read[name]) == frame[name].to_physical().to_list(), name
    assert same_bits(list(columns_read["float"]), frame["float"].to_list())


def test_csv_is_what_the_standard_reader_of_python_expects(tmp_path: Path) -> None:
    frame = sample()
    facts = write("csv", tmp_path, frame)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    assert rows[0] == frame.columns
    assert len(rows) == 1 + frame.height == 1 + facts.rows
    for name, values in zip(rows[0], zip(*rows[1:], strict=True), strict=True):
        column = frame[name].to_list()
        if name in ("text", "word"):
            assert list(values) == ["" if text is None else text for text in column]
        elif name == "float":
            assert same_bits([float(v) if v else None for v in values], column)
        elif name == "int":
            assert [int(v) if v else None for v in values] == column
        elif name == "flag":
            assert [{"true": True, "false": False, "": None}[v] for v in values] == column
        elif name == "day":
            assert [datetime.date.fromisoformat(v) if v else None for v in values] == column
        elif name != "id":
            assert [datetime.datetime.fromisoformat(v) if v else None for v in values] == column
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith(b'id,text,word,float,int,flag,at,at_ms,at_us,day\n0,"","",0.0,0,true,2024-02-29T23:59:59Z,')
    assert b"2024-02-29T23:59:59.123Z,2024-02-29T23:59:59.000001Z,9999-12-31\n1,,,-0.0,,,,,,\n" in raw


def test_json_lines_hold_every_column_of_every_row(tmp_path: Path) -> None:
    frame = sample()
    write("ndjson", tmp_path, frame)
    rows = [json.loads(line) for line in (tmp_path / "t.ndjson").read_text().split("\n")[:-1]]
    assert [list(row) for row in rows] == [frame.columns] * frame.height
    assert [row["text"] for row in rows] == TEXTS
    assert [row["int"] for row in rows] == frame["int"].to_list()
    assert same_bits([row["float"] for row in rows], frame["float"].to_list())
    assert rows[0]["at"] == "2024-02-29T23:59:59Z"
    assert rows[0]["day"] == "9999-12-31"
    assert rows[1]["at_us"] is None
    nul = pl.DataFrame({"x": ["\0"]})
    assert b"\\u0000" in (tmp_path / open_writer("ndjson", tmp_path).write_part([nul], "nul.ndjson").name).read_bytes()


def test_parquet_keeps_types_categories_and_statistics(tmp_path: Path) -> None:
    frame = sample()
    write("parquet", tmp_path, frame)
    back = pl.read_parquet(tmp_path / "t.parquet")
    assert back.schema == frame.schema
    assert back.equals(frame)
    with duckdb.connect() as database:
        facts = database.sql(
            f"select path_in_schema, any_value(compression), bool_and(stats_null_count is not null), "
            f"any_value(encodings) from parquet_metadata('{tmp_path}/t.parquet') group by 1"
        ).fetchall()
    assert {row[1] for row in facts} == {"ZSTD"}
    assert all(row[2] for row in facts)
    assert "DICTIONARY" in {row[0]: row[3] for row in facts}["word"]


@pytest.mark.parametrize("format", FORMATS)
def test_facts_are_those_of_the_file(format: str, tmp_path: Path) -> None:
    facts = write(format, tmp_path, sample())
    raw = (tmp_path / facts.name).read_bytes()
    assert facts == FileFacts(f"t.{format}", len(TEXTS), len(raw), hashlib.sha256(raw).hexdigest())


@pytest.mark.parametrize("format", FORMATS)
def test_a_table_without_rows_still_has_its_columns(format: str, tmp_path: Path) -> None:
    facts = write(format, tmp_path, sample()[:0], blocks=1)
    assert facts.rows == 0
    if format == "parquet":
        assert pl.read_parquet(tmp_path / facts.name).schema == sample().schema
    else:
        header = ",".join(sample().columns) + "\n" if unpacked(format) == "csv" else ""
        assert whole(tmp_path / facts.name) == header.encode()


@pytest.mark.parametrize("format", [format for format in FORMATS if format != "parquet"])
def test_text_files_do_not_depend_on_blocks(format: str, tmp_path: Path) -> None:
    hashes = set()
    for blocks in (1, 2, 7, 23):
        (tmp_path / str(blocks)).mkdir()
        hashes.add(write(format, tmp_path / str(blocks), sample(), blocks).sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_packed_files_hold_the_bytes_of_plain_ones_under_no_name_and_time(format: str, tmp_path: Path) -> None:
    plain, packed = (write(one, tmp_path, sample()) for one in (format, f"{format}.gz"))
    raw = (tmp_path / packed.name).read_bytes()
    assert gzip.decompress(raw) == (tmp_path / plain.name).read_bytes()
    assert raw[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"  # gzip, deflate, no flags: no name; no time
    assert packed.bytes < 0.5 * plain.bytes


def test_packing_keeps_no_more_than_a_window(tmp_path: Path) -> None:
    """What waits inside is the window of deflate, whatever the size of the file."""
    numbers = np.random.default_rng(1).random(20_000)
    with open_writer("csv.gz", tmp_path).open_part("t.csv.gz") as part:
        written = []
        for _ in range(6):
            part.append(pl.DataFrame({"x": numbers}))
            written.append((tmp_path / "t.csv.gz").stat().st_size)
        part.close()
    steps = [later - earlier for earlier, later in itertools.pairwise(written)]
    assert min(steps) > 0.8 * max(steps) > 100_000


def test_row_groups_are_of_one_size(tmp_path: Path) -> None:
    frame = pl.DataFrame({"x": np.arange(600_000)})
    blocks = [frame[start : start + 50_000] for start in range(0, 600_000, 50_000)]
    open_writer("parquet", tmp_path).write_part(blocks, "x.parquet")
    with duckdb.connect() as database:
        query = (
            f"select distinct row_group_id, row_group_num_rows from parquet_metadata('{tmp_path}/x.parquet') order by 1"
        )
        assert [row[1] for row in database.sql(query).fetchall()] == [262_144, 262_144, 75_712]


def test_every_part_of_a_csv_has_the_header(tmp_path: Path) -> None:
    writer = open_writer("csv", tmp_path)
    for part in range(3):
        facts = writer.write_part([pl.DataFrame({"a": [part]})], part_name("t", "csv", part))
        assert facts.name == f"t/part-0000{part}.csv"
        assert (tmp_path / facts.name).read_text() == f"a\n{part}\n"


@pytest.mark.parametrize("values", [["a\0b"], ["\0"], ["x", None, "long enough to leave the view \0"]])
@pytest.mark.parametrize("dtype", [pl.String, "enum"])
def test_csv_refuses_nul(values: list[str | None], dtype: object, tmp_path: Path) -> None:
    kind = pl.Enum([v for v in values if v is not None]) if dtype == "enum" else pl.String
    frame = pl.DataFrame({"id": range(len(values)), "note": pl.Series(values, dtype=kind), "fine": ["x"] * len(values)})
    with pytest.raises(SchemaError, match=r"U\+0000 in note\n") as caught:
        open_writer("csv", tmp_path).write_part([frame], "t.csv")
    assert caught.value.findings[0].code == "csv.nul_character"


def test_csv_refuses_a_row_that_would_be_an_empty_line(tmp_path: Path) -> None:
    for values in (["a", None], [1, None]):
        with pytest.raises(SchemaError, match="the only column, only, is null"):
            open_writer("csv", tmp_path).write_part([pl.DataFrame({"only": values})], f"{values[0]}.csv")
    facts = open_writer("csv", tmp_path).write_part([pl.DataFrame({"only": ["", "a"]})], "fine.csv")
    assert (tmp_path / facts.name).read_text() == 'only\n""\na\n'


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_json_refuses_numbers_it_does_not_have(value: float, tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="infinite values or NaN in x"):
        open_writer("ndjson", tmp_path).write_part([pl.DataFrame({"x": [1.0, value, None]})], "t.ndjson")


def test_an_unknown_format_names_the_near_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="did you mean 'parquet'"):
        open_writer("parqet", tmp_path)


def test_a_part_stays_inside_and_overwrites_nothing(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1]})
    writer = open_writer("csv", tmp_path / "set")
    (tmp_path / "set").mkdir()
    for name in ("../x.csv", "/etc/x.csv", "a/b/c.csv", "", ".hidden.csv", str(tmp_path / "x.csv")):
        with pytest.raises(ValueError, match="leaves the data set"):
            writer.write_part([frame], name)
    assert writer.write_part([frame], tmp_path / "set" / "t.csv").name == "t.csv"
    with pytest.raises(MachineError, match="File exists"):
        writer.write_part([frame], "t.csv")
    (tmp_path / "set" / "u.csv").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(MachineError):
        writer.write_part([frame], "u.csv")
    assert not (tmp_path / "elsewhere").exists()
    with pytest.raises(ValueError, match="at least one frame"):
        writer.write_part([], "v.csv")


@pytest.mark.parametrize("format", FORMATS)
def test_a_full_disk_is_the_same_message_from_every_encoder(format: str, tmp_path: Path) -> None:
    real = os.open
    frame = pl.DataFrame({"x": np.arange(200_000)})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", lambda path, flags, mode=0: real("/dev/full", os.O_WRONLY))
        with pytest.raises(MachineError) as caught:
            open_writer(format, tmp_path).write_part([frame], f"t.{format}")
    (finding,) = caught.value.findings
    assert (finding.code, finding.found) == ("disk.full", "writing: no space left on the device")
    assert "MB are free" in finding.hint


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(
        st.none() | st.datetimes(datetime.datetime(1, 1, 1), datetime.datetime(9999, 12, 31, 23, 59, 59)), max_size=20
    ),
    st.sampled_from(["s", "ms", "us"]),
)
def test_times_are_written_as_python_writes_them(values: list[datetime.datetime | None], precision: str) -> None:
    grain = {"s": 10**6, "ms": 10**3, "us": 1}[precision]
    cut = [None if v is None else v.replace(microsecond=v.microsecond // grain * grain) for v in values]
    spec = {"s": "seconds", "ms": "milliseconds", "us": "microseconds"}[precision]
    expected = [None if v is None else v.isoformat(timespec=spec) + "Z" for v in cut]
    for dtype in (pl.Datetime("us"), pl.Datetime("us", "UTC")):
        series = pl.Series("t", cut, dtype=pl.Datetime("us")).cast(pl.Int64).cast(dtype)
        assert time_text(series, precision).to_list() == expected  # type: ignore[arg-type]


def test_times_far_apart_are_written_too() -> None:
    far = pl.Series([0, (WIDEST + 1) * 86_400_000_000, None]).cast(pl.Datetime("us"))
    assert time_text(far, "ms").to_list() == ["1970-01-01T00:00:00.000Z", "2517-08-02T00:00:00.000Z", None]
    assert time_text(pl.Series([None], dtype=pl.Datetime("ms")), "s").to_list() == [None]
    assert time_text(pl.Series([], dtype=pl.Datetime("ms")), "s").to_list() == []


def test_a_time_finer_than_its_precision_is_never_cut_in_silence() -> None:
    with pytest.raises(ValueError, match="column 't' holds times finer than its precision 's'"):
        time_text(pl.Series("t", [1_500_000]).cast(pl.Datetime("us")), "s")


@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.none() | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12),
            st.none() | st.floats(allow_nan=False, allow_infinity=False),
            st.none() | st.integers(-(2**63), 2**63 - 1),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_csv_gives_back_any_row(tmp_path: Path, rows: list[tuple[str | None, float | None, int | None]]) -> None:
    kinds = {"t": pl.String, "f": pl.Float64, "i": pl.Int64}
    frame = pl.DataFrame(rows, schema=kinds, orient="row")
    (tmp_path / "t.csv").unlink(missing_ok=True)
    open_writer("csv", tmp_path).write_part([frame], "t.csv")
    back = pl.read_csv(tmp_path / "t.csv", schema=kinds)
    assert back["t"].to_list() == frame["t"].to_list()
    assert back["i"].to_list() == frame["i"].to_list()
    assert same_bits(back["f"].to_list(), frame["f"].to_list())
