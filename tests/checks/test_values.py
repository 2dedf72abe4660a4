"""Value checks on files that break one rule each."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from datagen.checks.values import Hop, ValueCheck, check_values, plain_conditions
from datagen.sinks.manifest import ColumnEntry, FileFacts, ForeignKey, TableEntry

PARENT = pl.DataFrame({"id": [1, 2, 3], "made": [10, 20, 30]})
CHILD = pl.DataFrame(
    {"id": [1, 2, 3, 4], "parent_id": [1, 2, 3, None], "made": [10, 25, 31, 5], "word": ["ab", "abc", None, "b"]}
)


@pytest.fixture
def tables(tmp_path: Path) -> tuple[Path, list[TableEntry]]:
    entries = []
    for name, frame in (("parent", PARENT), ("child", CHILD)):
        frame.write_parquet(tmp_path / f"{name}.parquet")
        columns = tuple(ColumnEntry(column, "string" if column == "word" else "int", True) for column in frame.columns)
        entries.append(
            TableEntry(name, frame.height, columns, (FileFacts(f"{name}.parquet", frame.height, 0, ""),), ("id",), (), (ForeignKey("parent_id", "parent", "id"),) if name == "child" else ())
        )  # fmt: skip
    return tmp_path, entries


HOP = (Hop("parent_id", "parent", "id"),)
CASES = [
    (ValueCheck("range", "made in 5..31", "child", "made", {"min": 5, "max": 31}), 0),
    (ValueCheck("range", "made in 6..30", "child", "made", {"min": 6, "max": 30}), 2),
    (ValueCheck("range", "made from 26", "child", "made", {"min": 26, "max": None}), 3),
    (ValueCheck("enum", "words", "child", "word", {"values": ["ab", "abc", "b"]}), 0),
    (ValueCheck("enum", "words", "child", "word", {"values": ["ab"]}), 2),
    (ValueCheck("enum", "numbers", "child", "made", {"values": [10, 25, 31]}), 1),
    (ValueCheck("enum", "of parent", "child", "parent_id", {"enum_ref": ("parent", "id")}), 0),
    (ValueCheck("enum", "of parent", "child", "made", {"enum_ref": ("parent", "made")}), 3),
    (ValueCheck("pattern", "a then b", "child", "word", {"regex": "a?b"}), 1),
    (ValueCheck("pattern", "quotes", "child", "word", {"regex": "'; drop table x--"}), 3),
    (ValueCheck("inequality", "made <= id*", "child", "made", {"op": ">=", "other": "id"}), 0),
    (ValueCheck("inequality", "made < parent_id", "child", "made", {"op": "<", "other": "parent_id"}), 3),
    (ValueCheck("inequality", "made >= parent.made", "child", "made", {"op": ">=", "other": "made"}, HOP), 0),
    (ValueCheck("inequality", "made > parent.made", "child", "made", {"op": ">", "other": "made"}, HOP), 1),
]


@pytest.mark.parametrize(
    ("check", "broken"), CASES, ids=[f"{check.kind}-{check.text}-{broken}" for check, broken in CASES]
)
def test_rows_that_break_a_constraint_are_counted(
    tables: tuple[Path, list[TableEntry]], check: ValueCheck, broken: int
) -> None:
    directory, entries = tables
    found = check_values(directory, entries, [check], "parquet", memory=10**9, threads=1)
    if broken == 0:
        assert found == []
    else:
        (finding,) = found
        assert finding.code == f"value.{check.kind}"
        assert finding.found.startswith(f"{broken} of 4 rows of child break it (id ")
        assert finding.expected == check.text


def test_a_constraint_that_is_known_to_hold_is_not_asked_again(tables: tuple[Path, list[TableEntry]]) -> None:
    directory, entries = tables
    checks = [check for check, _ in CASES]
    known = dict.fromkeys(plain_conditions(checks, {}).values(), 0)
    asked = [check for place, check in enumerate(checks) if place not in plain_conditions(checks, {})]
    assert 0 < len(asked) < len(checks)
    found = check_values(directory, entries, checks, "parquet", memory=10**9, threads=1, counted=known)
    assert found == check_values(directory, entries, asked, "parquet", memory=10**9, threads=1)


def test_a_constraint_that_some_rows_break_is_asked_again(tables: tuple[Path, list[TableEntry]]) -> None:
    directory, entries = tables
    checks = [check for check, _ in CASES]
    known = dict.fromkeys(plain_conditions(checks, {}).values(), 1)
    found = check_values(directory, entries, checks, "parquet", memory=10**9, threads=1, counted=known)
    assert len(found) == sum(broken > 0 for _, broken in CASES)
