"""`check` on data that were whole and then broken: every rule of structure and values fails at its place, and only there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.checks.broken import Edit, edited, failures, judged, linked, publish

import datagen as dg

SCHOOL: dict[str, Any] = {
    "name": "school",
    "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
    "tables": [
        {
            "name": "pupils",
            "rows": 400,
            "columns": {
                "code": {"pattern": "[A-Z]{2}[0-9]{4}", "unique": True},
                "house": {"choices": {"red": 0.5, "blue": 0.3, "green": 0.2}},
                "floor": {"choices": [1, 2, 3], "type": "int"},
                "height": {"normal": {"mean": 150, "std": 8}, "truncate": [120, 180], "decimals": 1},
                "joined_at": {"datetime_series": {}, "role": "created"},
                "likes_sports": {"bernoulli": 0.4},
            },
        },
        {
            "name": "marks",
            "parents": ["pupils"],
            "fanout": {"poisson": 5},
            "columns": {
                "given_at": {"datetime_series": {}, "role": "time"},
                "subject": {"choices": ["maths", "music", "history"]},
                "points": {"uniform": {"low": 0, "high": 100}, "type": "int"},
                "remark": {"faker": "word", "nullable": True},
                "prize": {"choices": ["pen", "book"], "when": "points > 90"},
                "share": {"expression": "points / 100 * 1.5", "decimals": 2},
            },
        },
    ],
    "constraints": {
        "ranges": [{"attr": "marks.points", "min": 0, "max": 100}],
        "inequalities": [{"left": "marks.given_at", "op": ">=", "right": "pupils.joined_at"}],
        "pattern": [{"attr": "pupils.code", "regex": "[A-Z]{2}[0-9]{4}"}],
        "enum": [{"attr": "marks.subject", "values": ["maths", "music", "history"]}],
    },
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(SCHOOL, tmp_path_factory.mktemp("whole") / "school")


def with_cell(column: str, value: str | None, row: int = 7) -> Edit:
    """A table with another text in one cell."""
    return lambda frame: frame.with_columns(
        pl.when(pl.int_range(pl.len()) == row).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )


def shuffled(column: str) -> Edit:
    """A table with the values of one column in other rows."""
    return lambda frame: frame.with_columns(pl.col(column).shuffle(seed=1))


def with_copied_cell(column: str) -> Edit:
    """A table whose second row has the value of its first."""
    return lambda frame: with_cell(column, frame[column][0], 1)(frame)


@pytest.mark.parametrize("format", ["csv", "parquet", "ndjson"])
def test_whole_data_pass_every_check_in_every_format(format: str, tmp_path: Path) -> None:
    checked = judged(publish(SCHOOL, tmp_path / "school", format), SCHOOL)
    assert failures(checked) == {}
    assert checked.report.score.total == 100.0
    assert checked.report.stages == (("pupils",), ("marks",))
    assert checked.report.tables["pupils"] == 400
    assert len(checked.report.results) > 60


KEY, FOREIGN, NULL, TYPE = "structure.primary_key", "structure.foreign_key", "structure.null", "structure.type"
CASES: list[tuple[str, Edit, tuple[str, str], int, str]] = [
    ("pupils", with_copied_cell("pupils_id"), (KEY, "pupils.pupils_id"), 1, "1"),
    ("pupils", with_copied_cell("code"), ("structure.unique", "pupils.code"), 1, ""),
    ("pupils", lambda frame: frame.head(399), ("structure.row_count", "pupils"), 1, ""),
    ("marks", with_cell("pupils_id", "100000"), (FOREIGN, "marks.pupils_id"), 1, "100000"),
    ("marks", with_cell("subject", None), (NULL, "marks.subject"), 1, "marks_id 8"),
    ("marks", with_cell("points", "ten"), (TYPE, "marks.points"), 1, "ten"),
    ("marks", with_cell("points", "9.5"), (TYPE, "marks.points"), 1, "9.5"),
    ("pupils", with_cell("joined_at", "yesterday"), (TYPE, "pupils.joined_at"), 1, "yesterday"),
    ("marks", lambda frame: frame.drop("subject"), ("structure.columns", "marks.subject"), 1, ""),
    ("marks", lambda frame: frame.with_columns(extra=pl.lit("x")), ("structure.columns", "marks.extra"), 1, ""),
    ("marks", with_cell("points", "101"), ("value.range", "marks.points"), 1, "marks_id 8"),
    ("marks", with_cell("points", "-1"), ("value.support", "marks.points"), 1, "marks_id 8"),
    ("marks", with_cell("given_at", "2023-06-01T00:00:00Z"), ("value.inequality", "marks.given_at"), 1, "marks_id 8"),
    ("pupils", with_cell("code", "ab1234"), ("value.pattern", "pupils.code"), 1, "pupils_id 8"),
    ("marks", with_cell("subject", "latin"), ("value.enum", "marks.subject"), 1, "marks_id 8"),
    ("pupils", with_cell("house", "grey"), ("value.choice", "pupils.house"), 1, "pupils_id 8"),
    ("pupils", with_cell("floor", "4"), ("value.choice", "pupils.floor"), 1, "pupils_id 8"),
    ("pupils", with_cell("height", "190.0"), ("value.support", "pupils.height"), 1, "pupils_id 8"),
    ("marks", with_cell("prize", "pen", 0), ("value.when", "marks.prize"), 1, "marks_id 1"),
    ("marks", with_cell("share", "0.77"), ("value.formula", "marks.share"), 1, "marks_id 8"),
    ("marks", shuffled("points"), ("value.formula", "marks.share"), 0, ""),
    ("pupils", with_cell("height", "150.123"), ("value.decimals", "pupils.height"), 1, "pupils_id 8"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "edit", "failure", "broken", "example"),
    CASES,
    ids=[f"{place} {code}" for *_, (code, place), _, _ in CASES],
)
def test_one_broken_row_fails_one_check_at_its_place(
    whole: Path, tmp_path: Path, table: str, edit: Edit, failure: tuple[str, str], broken: int, example: str
) -> None:
    checked = judged(edited(whole, tmp_path / "school", table, edit), SCHOOL)
    found = failures(checked)
    assert failure in found
    result = found[failure]
    assert result.broken == broken or (broken == 0 and result.broken > 1_000)
    assert example == "" or example in result.examples
    assert not result.passed
    assert checked.report.score.total < 100
    assert (checked.report.score.total <= 50) == any(one.structural for one in found.values())
    # what else fails follows from the same cell: a mark without its pupil, a missing column in a law
    assert {place.split(".")[0] for _, place in found} <= {table, "marks"}


def test_a_table_that_is_missing_and_one_too_many_are_told(whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "school")
    (place / "marks.csv").rename(place / "grades.csv")
    found = failures(judged(place, SCHOOL))
    assert set(found) == {("structure.table", "marks"), ("structure.table", "grades")}
    assert failures(judged(place, SCHOOL, select=["pupils"])) == {}


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_judged(whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "school")
    (place / "marks.csv").unlink()
    (place / "marks.parquet").write_bytes(b"PAR1 but no more")
    checked = judged(place, SCHOOL)
    assert set(failures(checked)) == {("structure.unreadable", "marks")}
    assert checked.report.tables == {"pupils": 400}


HEADER = "marks_id,pupils_id,given_at,subject,points,remark,prize,share\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.encode() + b"\xe9,2,3,4,5,6,7,8\n", "marks.csv: line 2 is no text in UTF-8"),
        (b"", "marks.csv: the file is empty, without even a header"),
        (b"\x8f\0\x01,\0\n1,2\n", "marks.csv: the header holds NUL bytes; this is no text in UTF-8"),
        (HEADER.encode("utf-16"), "marks.csv: the header holds NUL bytes; this is no text in UTF-8"),
        (b"1,1,17,1\n2,2,3,4\n", "marks.csv: the header names 1 more than once; is there a header?"),
        (
            b"points,share,Points\n1,2,3\n",
            "marks.csv: the header names Points, points more than once; is there a header?",
        ),
        (b'"' + b"x" * 140_000, "marks.csv: the header is no line of CSV: field larger than field limit (131072)"),
        (
            HEADER.encode() + b"1,2\n",
            "marks.csv: line 2 has 2 columns and the header 8: 1,2",
        ),
        (
            HEADER.encode() + b'1,2,3,4,5,"6,7,8\n',
            'marks.csv: line 2 begins a quote that does not end: 1,2,3,4,5,"6,7,8',
        ),
    ],
)
def test_what_is_wrong_with_a_csv_file_is_said_in_words(content: bytes, said: str, whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "school")
    (place / "marks.csv").unlink()
    (place / "marks.csv").write_bytes(content)
    (broken,) = failures(judged(place, SCHOOL)).values()
    assert (broken.code, broken.place, broken.measured) == ("structure.unreadable", "marks", said)


@pytest.mark.parametrize("content", ['{"\\u0000": 1}\n', "7\n"])
def test_lines_that_are_no_rows_are_told(content: str, whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "school")
    (place / "marks.csv").unlink()
    (place / "marks.ndjson").write_text(content)
    assert set(failures(judged(place, SCHOOL))) == {("structure.unreadable", "marks")}


def test_only_files_are_read(whole: Path, tmp_path: Path) -> None:
    """A pipe has no end, and a link in a circle no beginning."""
    for name in ("pipe", "circle"):
        place = linked(whole, tmp_path / name)
        (place / "marks.csv").unlink()
        os.mkfifo(place / "marks.csv") if name == "pipe" else (place / "marks.csv").symlink_to("marks.csv")
        assert set(failures(judged(place, SCHOOL))) == {("structure.table", "marks")}


@pytest.mark.parametrize("strange", [float("nan"), float("inf"), -float("inf")])
def test_infinity_and_not_a_number_are_no_figures(strange: float, tmp_path: Path) -> None:
    place = publish(SCHOOL, tmp_path / "school", "parquet")
    frame = pl.read_parquet(place / "marks.parquet")
    row = pl.int_range(pl.len()) == 7
    frame.with_columns(pl.when(row).then(strange).otherwise("share").alias("share")).write_parquet(
        place / "marks.parquet"
    )
    assert ("structure.type", "marks.share") in failures(judged(place, SCHOOL))


def test_a_parquet_column_of_another_kind_is_told(tmp_path: Path) -> None:
    place = publish(SCHOOL, tmp_path / "school", "parquet")
    frame = pl.read_parquet(place / "marks.parquet")
    frame.with_columns(pl.col("points").cast(pl.String)).write_parquet(place / "marks.parquet")
    found = failures(judged(place, SCHOOL))
    assert set(found) == {("structure.type", "marks.points")}
    assert found["structure.type", "marks.points"].examples == ("VARCHAR",)


def test_data_from_elsewhere_need_no_manifest_and_may_lie_in_parts(whole: Path, tmp_path: Path) -> None:
    frame = pl.read_csv(whole / "marks.csv", infer_schema=False)
    half = frame.height // 2
    (tmp_path / "marks").mkdir()
    frame[:half].write_csv(tmp_path / "marks" / "part-1.csv")
    frame[half:].select(reversed(frame.columns)).write_csv(tmp_path / "marks" / "part-2.csv")
    pupils = pl.read_csv(whole / "pupils.csv", infer_schema=False)
    (tmp_path / "pupils.ndjson").write_text(pupils.write_ndjson())
    checked = judged(tmp_path, SCHOOL)
    assert failures(checked) == {}
    assert checked.report.tables == {"pupils": 400, "marks": frame.height}


def test_the_data_directory_is_left_as_it_was(whole: Path) -> None:
    before = sorted(whole.iterdir())
    judged(whole, SCHOOL)
    assert sorted(whole.iterdir()) == before


def test_data_that_were_changed_are_judged_as_they_are_with_a_note(whole: Path, tmp_path: Path) -> None:
    drop = edited(whole, tmp_path / "school", "marks", lambda frame: frame[:-1])
    checked = judged(drop, SCHOOL)
    assert failures(checked) == {}
    assert [note.code for note in checked.notes] == ["check.not_as_published"]
    assert judged(whole, SCHOOL).notes == ()


def test_a_division_by_zero_has_no_value_in_either_implementation(tmp_path: Path) -> None:
    columns = {
        "pieces": {"uniform": {"low": 0, "high": 2}, "type": "int"},
        "share": {"expression": "coalesce(10 / pieces, 0)"},
        "rest": {"expression": "least(7 % pieces, 100)", "nullable": True},
        "few": {"choices": ["yes"], "when": "10 / pieces > 6"},
    }
    schema = {"tables": [{"name": "boxes", "rows": 200, "columns": columns}]}
    checked = judged(publish(schema, tmp_path / "boxes"), schema)
    assert failures(checked) == {}
    assert [one.score for one in checked.report.results if one.code in ("value.formula", "value.when")] == [
        1.0,
        1.0,
        1.0,
    ]


def no_rows(place: Path) -> Path:
    """The marks without any row, as every format writes them."""
    path = next(place.glob("marks.*"))
    if path.suffix == ".parquet":
        pl.read_parquet(path).clear().write_parquet(path)
    else:
        path.write_text(path.read_text().split("\n")[0] + "\n" if path.suffix == ".csv" else "")
    return place


@pytest.mark.parametrize("format", ["csv", "parquet", "ndjson"])
def test_a_table_without_rows_is_a_table(format: str, tmp_path: Path) -> None:
    found = failures(judged(no_rows(publish(SCHOOL, tmp_path / "school", format)), SCHOOL))
    assert {code for code, _ in found} == {
        "structure.row_count",
        "law.rows",
        "fanout.rows",
    }  # the pupils should have had some


HOSTILE: list[tuple[str, bytes, bytes]] = [
    ("no byte at all", b"", b""),
    ("no text", b"maths", b"m\xff\xfe"),
    ("a column twice", b"subject", b"points"),
    ("a name with NUL", b"subject", b"sub\0ject"),
    ("a line that is cut", b"maths", b"maths\n1,2"),
]


@pytest.mark.parametrize(("old", "new"), [case[1:] for case in HOSTILE], ids=[case[0] for case in HOSTILE])
def test_a_file_that_is_no_table_is_a_finding(whole: Path, tmp_path: Path, old: bytes, new: bytes) -> None:
    place = linked(whole, tmp_path / "school")
    raw = (place / "marks.csv").read_bytes()
    (place / "marks.csv").unlink()
    (place / "marks.csv").write_bytes(raw.replace(old, new, 1) if old else b"")
    assert set(failures(judged(place, SCHOOL))) == {("structure.unreadable", "marks")}


def test_links_that_lead_out_of_the_directory_or_nowhere_are_not_followed(whole: Path, tmp_path: Path) -> None:
    place = linked(whole, tmp_path / "school")
    (place / "marks.csv").unlink()
    (place / "marks.csv").symlink_to(tmp_path / "nowhere.csv")
    assert set(failures(judged(place, SCHOOL))) == {("structure.table", "marks")}
    (tmp_path / "nowhere.csv").write_bytes((whole / "marks.csv").read_bytes())
    assert set(failures(judged(place, SCHOOL))) == {("structure.unreadable", "marks")}


def test_a_schema_in_python_judges_a_directory(whole: Path, tmp_path: Path) -> None:
    schema = dg.load(SCHOOL)
    assert str(schema.check(whole)).endswith("score        100.0 of 100")
    report = schema.check(edited(whole, tmp_path / "school", "marks", with_cell("points", "101")), select="marks")
    assert report.failed[0].place == "marks.points"
    assert "value.range" in str(report)
    with pytest.raises(dg.UsageError):
        schema.check(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("modifiers", "judged_so"),
    [
        ([], True),
        ([{"trend": {"growth_rate": 0.02, "time_unit": "month"}}], True),
        ([{"seasonality": {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 2, 2]}}], True),
        ([{"add": {"value": -100}}], False),  # may well go below 0
    ],
)
def test_what_is_only_multiplied_stays_above_0(
    modifiers: list[dict[str, Any]], judged_so: bool, tmp_path: Path
) -> None:
    segments = {"vip": {"value_multiplier": 3}, "plain": {}}
    buyers = {
        "name": "buyers",
        "rows": 100,
        "columns": {"tier": {"choices": ["vip", "plain"]}},
        "segment_behavior": segments,
    }
    amount = {"lognormal": {"median": 30, "sigma": 1}, "modifiers": modifiers, "role": "measure", "decimals": 2}
    sales = {
        "name": "sales",
        "parents": ["buyers"],
        "fanout": {"poisson": 5},
        "columns": {"at": {"datetime_series": {}, "role": "time"}, "amount": amount},
    }
    document = {"name": "signs", "timeframe": SCHOOL["timeframe"], "tables": [buyers, sales]}
    whole = publish(document, tmp_path / "whole")
    assert failures(judged(whole, document)) == {}
    broken = edited(whole, tmp_path / "broken", "sales", with_cell("amount", "-0.01"))
    assert (("value.support", "sales.amount") in failures(judged(broken, document))) is judged_so
