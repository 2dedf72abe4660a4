"""Parameters of a fan-out in time that are null, negative or different for each parent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen.errors import SchemaError
from tests.support import plan_of, table_of
from tests.written import publish, written


def document(fanout: dict[str, Any], column: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "visits",
        "timeframe": {"start": "2024-01-01", "days": 366},
        "tables": [
            {
                "name": "users",
                "rows": 3_000,
                "columns": {"u": {"uniform": {"low": 0, "high": 1}}, "k": column},
            },
            {"name": "visits", "parents": ["users"], "fanout": fanout, "columns": {"at": {"role": "time"}}},
        ],
    }


LAWS = [{"poisson": "k", "per": "month"}, {"negative_binomial": {"mean": "k", "shape": 3}, "per": "month"}]


@pytest.mark.parametrize("fanout", LAWS, ids=["poisson", "negative_binomial"])
def test_a_null_parameter_is_refused_where_it_is_read(tmp_path: Path, fanout: dict[str, Any]) -> None:
    column = {"uniform": {"low": 0, "high": 4}, "when": "u > 0.5", "nullable": True}
    with pytest.raises(SchemaError) as refused:
        publish(document(fanout, column), tmp_path / "data")
    assert [one.code for one in refused.value.findings] == ["fanout.null"]


@pytest.mark.parametrize("fanout", LAWS, ids=["poisson", "negative_binomial"])
def test_a_negative_parameter_is_refused_and_not_taken_for_none(tmp_path: Path, fanout: dict[str, Any]) -> None:
    with pytest.raises(SchemaError) as refused:
        publish(document(fanout, {"expression": "u - 0.5"}), tmp_path / "data")
    assert [one.code for one in refused.value.findings] == ["law.parameter_out_of_range"]


@pytest.mark.parametrize("fanout", LAWS, ids=["poisson", "negative_binomial"])
def test_every_parent_has_rows_at_its_own_rate(tmp_path: Path, fanout: dict[str, Any]) -> None:
    tables = written(document(fanout, {"expression": "if(u < 0.5, 0.2, 0.6)"}), tmp_path / "data")
    slow, fast = (
        tables.value(
            f"select count(*) / (select count(*) from users where k = {k}) from visits join users using (users_id) where k = {k}"
        )
        for k in (0.2, 0.6)
    )
    # 1,500 parents with 2.4 and 7.2 rows: a negative binomial of shape 3 has a standard error below 0.04 and 0.09
    months = 366 / 30.4375
    assert abs(slow - 0.2 * months) < 4 * 0.045, f"{slow:.2f} rows, target {0.2 * months:.2f}"
    assert abs(fast - 0.6 * months) < 4 * 0.09, f"{fast:.2f} rows, target {0.6 * months:.2f}"


def dated(**fanout: Any) -> dict[str, Any]:
    return {
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {"name": "users", "rows": 2_000, "columns": {"joined": {"datetime_series": {}, "role": "created"}}},
            {"name": "bills", "parents": ["users"], "fanout": fanout, "columns": {"due": {"role": "time"}}},
        ],
    }


def test_an_empty_window_names_the_last_day_that_was_written() -> None:
    with pytest.raises(SchemaError) as refused:
        plan_of(dated(poisson=1, per="month", **{"from": "2024-03-01", "until": "2024-01-31"}))
    [finding] = refused.value.findings
    assert finding.code == "fanout.empty_window"
    assert finding.found == "rows of bills from 2024-03-01 until 2024-01-31"


@pytest.mark.parametrize("fanout", [{"every": "month"}, {"poisson": 1, "per": "month"}])
def test_rows_from_the_creation_on_are_known_before_they_are_made(fanout: dict[str, Any]) -> None:
    plan = plan_of(dated(**fanout, **{"from": "joined"}))
    expected, rows = plan.tables["bills"].expected_rows, len(table_of(plan, "bills"))
    assert not plan.tables["bills"].rows_guessed
    # rows of a user spread evenly over 0 to 12: a standard deviation of 4.2, 4 standard errors
    assert abs(rows - expected) < 4 * 4.2 * 2_000**0.5, f"{rows} rows, expected {expected:.0f}"
