"""Targets are measured in the written files: met ones say nothing, missed ones say what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
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


def orders(rate: bool = True, **users: Any) -> dict[str, Any]:
    """A fifth of the users give five times as much; with a rate they also order four times as often."""
    vip = {"value_multiplier": 5, **({"fanout_multiplier": 4} if rate else {})}
    return {
        "name": "shop", "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "users", "rows": 3_000, "segment_behavior": {"vip": vip, "other": {}}, **users,
                "columns": {"tier": {"choices": {"vip": "20%", "other": "80%"}}, "created_at": {"datetime_series": {}, "role": "created"}},
            },
            {
                "name": "orders", "parents": ["users"], "fanout": {"poisson": 0.2, "per": "month"},
                "columns": {"at": {"role": "time"}, "amount": {"normal": {"mean": 20, "std": 3}, "role": "measure"}},
            },
        ],
    }  # fmt: skip


def predicted(schema: dict[str, Any], **ends: float) -> list[str]:
    schema["targets"] = {"mean_in_range": {"table": "orders", "column": "amount", **ends}}
    return [one.found for one in api.prepare(schema).bind().findings if one.code == "target.predicted_miss"]


def test_the_mean_foreseen_is_that_of_the_rows_of_all_segments(tmp_path: Path) -> None:
    """Half of the rows are those of vip: (0.2 * 4 * 5 + 0.8) / (0.2 * 4 + 0.8) = 3 times 20."""
    [found] = predicted(orders(), max=20)
    assert found.endswith("gives about 60")
    assert predicted(orders(), min=58, max=62) == []
    [found] = predicted(orders(rate=False), max=20)
    assert found.endswith("gives about 36")  # 0.2 * 5 + 0.8 times 20
    api.generate(api.prepare(orders()), tmp_path / "data")
    amounts = pl.read_parquet(tmp_path / "data" / "orders.parquet")["amount"]
    assert abs(amounts.mean() - 60) < 4 * 41 / len(amounts) ** 0.5  # half at 20, half at 100


def test_where_the_rows_of_segments_are_not_known_the_mean_lies_between_their_factors() -> None:
    schema = orders()
    schema["tables"][1]["fanout"] = {"by": {"tier": {"vip": {"poisson": 9}, "else": {"poisson": 1}}}}
    assert predicted(schema, min=70) == []
    [found] = predicted(schema, min=110)
    assert found.endswith("gives about 20 to 100")


def test_ages_and_experiments_widen_what_is_foreseen() -> None:
    ages = {"age_based_multipliers": {"spending": {"curve": [1, 2], "time_unit": "month", "applies_to": ["amount"]}}}
    schema = orders(rate=False, vintage_behavior=ages)
    [found] = predicted(schema, max=20)
    assert found.endswith("gives about 36 to 72")
    schema = orders(rate=False)
    schema["experiments"] = [
        {
            "name": "test", "unit": "users", "start": "timeframe.start", "arms": {"old": 0.5, "new": 0.5},
            "effects": [{"on": "value", "table": "orders", "op": "mul", "size": 0.5}],
        }
    ]  # fmt: skip
    [found] = predicted(schema, min=40)
    assert found.endswith("gives about 18 to 36")


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
