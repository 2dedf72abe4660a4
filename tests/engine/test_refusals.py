"""What stops a run is told alike in any cut and from any number of workers, with all rows that are concerned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.engine.executor import Job, execute
from datagen.engine.looked_at import counted, in_all, looked_at
from datagen.errors import Finding, SchemaError
from tests.parts.columns import child, column, law, schema, table

CUTS = ((65_536, 1), (1, 1), (7, 1), (150, 2))


def refusal(document: dict[str, Any], folder: Path, block_rows: int, workers: int, **keys: Any) -> tuple[Finding, ...]:
    prepared = api.prepare(document)
    job = Job("parquet", folder, workers, block_rows, spec=api.worker_spec(prepared), **keys)
    folder.mkdir(parents=True)
    with pytest.raises(SchemaError) as caught:
        execute(prepared.bind(), job)
    return caught.value.findings


def alike(document: dict[str, Any], tmp_path: Path, **keys: Any) -> Finding:
    """The one finding of every cut."""
    told = [refusal(document, tmp_path / f"{rows}-{workers}", rows, workers, **keys) for rows, workers in CUTS]
    assert [one for one in told if one != told[0]] == []
    [finding] = told[0]
    return finding


def homes(*more: dict[str, Any], rows: int = 300) -> dict[str, Any]:
    """Users that are created in the window, visits of them that look for an earlier user, and steps of visits."""
    who = {"lookup": {"from": "user.user_id", "where": "candidate.since < at and candidate.g > 9 * x"}}
    return schema(
        table(
            "user",
            rows,
            column("since", {"datetime_series": {}}, role="created"),
            column("g", law("uniform", low=1, high=9, integers=True)),
        ),
        child(
            "visit",
            "user",
            column("at", {"datetime_series": {}}),
            column("x", law("normal", mean=0, std=1)),
            column("who", who),
            *more,
            fanout=4,
        ),
        child(
            "step",
            "visit",
            column("z", {"expression": {"code": "case when visit.x > 1.5 then null else 1.0 end"}}),
            fanout=2,
        ),
    )


def test_the_first_column_of_the_plan_is_told_with_the_rows_of_all_blocks(tmp_path: Path) -> None:
    """Blocks of steps are made between those of visits: which of the two is refused first was a matter of the cut."""
    document = homes()
    finding = alike(document, tmp_path)
    order = [node for node in api.prepare(document).bind().order if node in (("visit", "who"), ("step", "z"))]
    assert finding.json_path == ".".join(order[0])
    without_steps = {**document, "nodes": document["nodes"][:2]}
    finding = alike(without_steps, tmp_path / "two")
    assert finding.code == "lookup.no_candidate"
    number = int(finding.found.split()[0])
    assert number > 150  # more than any small block has
    assert finding.found == f"{number} rows of 1,200 without a row of user that it may pick"


def test_rows_that_come_before_everybody_are_counted_in_the_whole_table(tmp_path: Path) -> None:
    document = schema(
        table("user", 40, column("since", {"datetime_series": {"within": {"start": "2024-03-01", "end": "2024-04-01"}}}, role="created")),
        table("ticket", 900, column("at", {"datetime_series": {}}), column("user_id", {"lookup": {"from": "user.user_id"}})),
    )  # fmt: skip
    finding = alike(document, tmp_path)
    assert finding.code == "lookup.nobody_yet"
    assert 120 < int(finding.found.split()[0]) < 190  # of 900 rows, 60 of 366 days
    assert " rows of 900 at a time when no row of user is there yet" in finding.found


def test_a_column_that_nobody_asks_for_refuses_nothing(tmp_path: Path) -> None:
    """With some tables selected only what they need is made, and told of."""
    document = homes(column("tag", {"expression": {"code": "case when x > 2 then null else 1 end"}}))
    document["nodes"][1]["columns"].sort(key=lambda one: one["name"] != "tag")
    finding = alike(document, tmp_path, tables=frozenset({"step"}))
    assert finding.json_path == "step.z"


def test_what_stops_the_counting_is_told_alike(tmp_path: Path) -> None:
    document = homes()
    document["nodes"][2]["fanout"] = {"type": "poisson", "params": {"lambda": "who * 0.1"}}
    finding = alike(document, tmp_path)
    assert (finding.code, finding.json_path) == ("lookup.no_candidate", "visit.who")


def test_of_several_parts_the_first_that_is_refused_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts behind it are not looked at: there are at least so many rows."""
    from datagen.engine import grain

    monkeypatch.setattr(grain, "GRAIN_ROWS", 200)
    document = schema(
        table("user", 5_000, column("x", {"expression": {"code": "case when user_id > 900 then null else 1 end"}}))
    )
    told = [refusal(document, tmp_path / str(rows), rows, 1)[0] for rows in (65_536, 7)]
    assert told[0] == told[1]
    assert told[0].found.startswith("at least ")
    assert " rows of 5,000 without a value" in told[0].found


def test_a_preview_tells_of_how_many_rows_it_has_looked_at() -> None:
    document = schema(
        table("user", 500, column("x", {"expression": {"code": "case when user_id % 2 = 0 then null else 1 end"}}))
    )
    with pytest.raises(SchemaError) as caught:
        api.preview(api.prepare(document), 10)
    assert caught.value.findings[0].found.startswith("5 rows of the 10 looked at without a value")


@pytest.mark.parametrize(
    ("told", "rows", "expected", "whole"),
    [
        ("1,200 rows of one block whose x is null", 4_000, "1,200 rows of the 4,000 looked at whose x is null", "at least 7 rows of 90,000 whose x is null"),
        ("1 rows of one block, such as x = 0", 4, "1 row of the 4 looked at, such as x = 0", "at least 7 rows of 90,000, such as x = 0"),
        ("2 infinite or undefined values of one block", 9, "2 infinite or undefined values in 9 rows looked at", "at least 7 infinite or undefined values in 90,000 rows"),
        ("mail in cs_CZ, in 3 rows of one block", 9, "mail in cs_CZ, in 3 rows of the 9 looked at", "mail in cs_CZ, in at least 7 rows of 90,000"),
    ],
)  # fmt: skip
def test_what_parts_count_in_a_block_is_told_of_how_many_rows(told: str, rows: int, expected: str, whole: str) -> None:
    [finding] = looked_at(SchemaError([Finding("generate.null", found=told)]), rows).findings
    assert finding.found == expected
    assert counted(finding) == int(re.search("[0-9][0-9,]*", told)[0].replace(",", ""))
    assert in_all(finding, 7, 90_000, last=False).found == whole
