"""Targets are measured in the written files: met ones say nothing, missed ones say what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.errors import SchemaError


def document(**targets: Any) -> dict[str, Any]:
    return {
        "name": "visits",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-29"},
        "tables": [
            {
                "name": "visits",
                "rows": 2_000,
                "columns": {
                    "at": {
                        "datetime_series": {"pattern": {"dimension": "dow", "weights": [1, 1, 1, 1, 1, 0, 0]}},
                    },
                    "minutes": {"normal": {"mean": 20, "std": 3}},
                    "spent": {"expression": "minutes * 2"},
                    "kind": {"choices": ["new", "known"]},
                },
            }
        ],
        "targets": targets,
    }


def missed(directory: Path, format: str = "parquet", **targets: Any) -> list[tuple[str, str]]:
    made = api.generate(api.prepare(document(**targets)), directory / "data", Options(format=format))
    return [(finding.json_path, finding.found) for finding in made.findings if finding.code == "target.missed"]


WEEKEND = {"table": "visits", "timestamp": "at"}
MEAN = {"table": "visits", "column": "spent"}


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_targets_that_are_met_say_nothing(tmp_path: Path, format: str) -> None:
    assert (
        missed(tmp_path, format, weekend_share={**WEEKEND, "max": 0}, mean_in_range={**MEAN, "min": 39, "max": 41})
        == []
    )


@pytest.mark.parametrize("format", ["parquet", "csv", "ndjson"])
def test_a_weekend_share_that_is_missed_says_what_was_measured(tmp_path: Path, format: str) -> None:
    assert missed(tmp_path, format, weekend_share={**WEEKEND, "min": 0.2}) == [
        ("targets.weekend_share", "0 in the files")
    ]


def test_each_of_several_means_is_measured(tmp_path: Path) -> None:
    targets = [{**MEAN, "max": 10}, {**MEAN, "min": 30}, {**MEAN, "min": 50, "max": 60}]
    found = missed(tmp_path, mean_in_range=targets)
    assert [path for path, _ in found] == ["targets.mean_in_range[0]", "targets.mean_in_range[2]"]
    assert all(39 < float(text.split()[0]) < 41 for _, text in found)


def test_what_the_laws_will_miss_is_said_by_the_plan_and_refuses_nothing() -> None:
    plan = api.prepare(
        document(
            weekend_share={**WEEKEND, "min": 0.2}, mean_in_range={"table": "visits", "column": "minutes", "min": 30}
        )
    ).bind()
    assert [(one.code, one.severity, one.json_path) for one in plan.findings] == [
        ("target.predicted_miss", "warning", "targets.weekend_share"),
        ("target.predicted_miss", "warning", "targets.mean_in_range"),
    ]


@pytest.mark.parametrize(
    ("targets", "code", "path"),
    [
        (
            {"mean_in_range": {**MEAN, "column": "spend", "min": 1}},
            "ref.unknown_column",
            "targets.mean_in_range.column",
        ),
        (
            {"weekend_share": {**WEEKEND, "table": "visit", "min": 0}},
            "ref.unknown_table",
            "targets.weekend_share.table",
        ),
        ({"mean_in_range": {**MEAN, "column": "kind", "min": 1}}, "target.column_type", "targets.mean_in_range.column"),
        (
            {"weekend_share": {**WEEKEND, "timestamp": "spent", "min": 0}},
            "target.column_type",
            "targets.weekend_share.timestamp",
        ),
    ],
)
def test_targets_of_what_is_not_there_are_refused(targets: dict[str, Any], code: str, path: str) -> None:
    with pytest.raises(SchemaError) as refused:
        api.prepare(document(**targets)).bind()
    assert [(one.code, one.json_path) for one in refused.value.findings] == [(code, path)]


@pytest.mark.parametrize("format", ["parquet", "csv"])
def test_a_share_may_be_written_in_percent(tmp_path: Path, format: str) -> None:
    assert missed(tmp_path, format, weekend_share={**WEEKEND, "min": "0%", "max": "10%"}) == []
    assert missed(tmp_path, format, weekend_share={**WEEKEND, "min": "20%", "max": "35%"}) == [
        ("targets.weekend_share", "0 in the files")
    ]
