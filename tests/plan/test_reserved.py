"""Reserved ranges of keys: what surely does not fit is refused, what may not is told, and what came out is counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from datagen.errors import SchemaError
from datagen.plan.model import ConstraintPlan
from tests.parts.columns import refused, warned
from tests.support import plan_of
from tests.written import publish, written


def document(
    fanout: Any, *, least: int | None = 1, most: int | None = 1_000, rows: int = 150, **sequence: int
) -> dict[str, Any]:
    ends = {key: end for key, end in (("min", least), ("max", most)) if end is not None}
    return {
        "name": "reserved",
        "tables": [
            {"name": "account", "rows": rows, "columns": {"size": {"choices": ["a", "b"]}}},
            {
                "name": "site",
                "parents": ["account"],
                "fanout": fanout,
                "pk": "site_id",
                "columns": {"site_id": {"sequence": sequence}, "kind": {"choices": ["a", "b"]}},
            },
        ],
        "constraints": {"ranges": [{"attr": "site.site_id", **ends}]},
    }


def range_of(schema: dict[str, Any]) -> ConstraintPlan:
    plan = plan_of(schema)
    assert plan.findings == ()
    return next(one for one in plan.constraints if one.kind == "range")


def test_a_table_that_always_fits_holds_its_range() -> None:
    found = range_of(document("1..6"))
    assert (found.status, found.reason) == ("held", "900 rows at most, and 1,000 fit")
    assert range_of(document(6, most=900)).status == "held"


def test_a_table_that_surely_does_not_fit_is_refused_with_the_arithmetic() -> None:
    told = refused(document(7), "constraint.cannot_hold")
    assert told.found.endswith("its rows count from 1 to 1,050: 1,050 rows of site, and 1,000 fit")
    assert "about 1,050 rows of site" in refused(document("2..12"), "constraint.cannot_hold").found
    assert (
        "1,200 rows or more"
        in refused(
            document({"uniform": {"low": 8, "high": "8 + account_id", "integers": True}}), "constraint.cannot_hold"
        ).found
    )


def test_start_and_step_count() -> None:
    assert range_of(document(4, start=1_000, step=10, least=1_000, most=6_999)).facts["room"] == 600
    assert (
        "599 fit" in refused(document(4, start=1_000, step=10, least=1_000, most=6_989), "constraint.cannot_hold").found
    )
    assert refused(document(4, start=0), "constraint.cannot_hold")
    assert range_of(document(4, start=-1, step=-1, least=-600, most=None)).status == "held"


def test_a_table_that_may_outgrow_its_range_is_told_with_how_likely_that_is() -> None:
    """150 × 1..12 rows: mean 975, standard deviation sqrt(150 × 143 / 12) = 42.3, so 27 % of seeds come above 1,000."""
    told = warned(document("1..12"), "range.may_overflow")
    assert (
        "room for 1,000 rows; about 975 are expected, 1,800 possible, and more than fit in 27 % of seeds" in told.found
    )


def test_a_table_that_hardly_ever_outgrows_its_range_is_counted_and_not_told() -> None:
    found = range_of(document({"poisson": 4}))
    assert (found.status, found.reason) == ("checked", "counted before writing: 1,000 rows fit")


def test_an_exact_total_or_mean_keeps_the_range() -> None:
    assert range_of(document({"min": 1, "max": 12, "total": 1_000})).status == "held"
    assert range_of(document({"min": 1, "max": 12, "mean": 6.5})).status == "checked"
    assert "1,001 rows" in refused(document({"min": 1, "max": 12, "total": 1_001}), "constraint.cannot_hold").found


def test_what_came_out_is_counted_before_a_row_is_written(tmp_path: Path) -> None:
    """The twin: the same document with another seed fits. 27 % of seeds do not."""
    outcomes = {}
    for seed in range(8):
        try:
            publish(document("1..12"), tmp_path / str(seed), seed=seed)
        except SchemaError as error:
            [finding] = error.findings
            assert finding.code == "range.overflow"
            assert finding.json_path == "tables[1].columns.site_id"
            assert not (tmp_path / str(seed)).exists()
            outcomes[seed] = "refused"
        else:
            outcomes[seed] = "written"
    assert set(outcomes.values()) == {"refused", "written"}


def test_written_keys_lie_in_the_range(tmp_path: Path) -> None:
    tables = written(document("1..6", start=11, least=11, most=1_010), tmp_path / "data")
    assert tables.value("select count(*) from site where site_id not between 11 and 1010") == 0


@pytest.mark.parametrize(("least", "most"), [(None, 1_000), (1, None)])
def test_open_ends(least: int | None, most: int | None) -> None:
    assert range_of(document("1..6", least=least, most=most)).status == "held"


def rate(until: str | None, most: int, kind: str = "site") -> dict[str, Any]:
    """100 accounts with 20 rows a day in the last 5 days: at most 10,000 are expected, with a standard deviation of 100."""
    left = {"type": "datetime", "expression": "timeframe.end - to_days(account_id % 3)"}
    fanout = {"poisson": 20, "per": "day", "from": "2024-01-06", **({"until": until} if until else {})}
    stream: dict[str, Any] = {
        "name": "happened",
        "kind": "stream",
        "order_by": ["account_id", "at"],
        "columns": {"happened_id": {}, "account_id": {}, "at": {"type": "datetime", "role": "time"}},
        "emits": [{"of": "site", "at": "at"}],
    }
    return {
        "name": "rated",
        "timeframe": {"start": "2024-01-01", "days": 10},
        "tables": [
            {"name": "account", "rows": 100, "columns": {"left_at": left}},
            {
                "name": "site",
                "parents": ["account"],
                "fanout": fanout,
                "pk": "site_id",
                "columns": {"site_id": {"sequence": {}}, "at": {"type": "datetime", "role": "time"}},
            },
            *([stream] if kind == "happened" else []),
        ],
        "constraints": {"ranges": [{"attr": f"{kind}.{kind}_id", "min": 1, "max": most}]},
    }


@pytest.mark.parametrize("kind", ["site", "happened"])
@pytest.mark.parametrize("until", [None, "left_at"])
def test_who_leaves_early_has_fewer_rows_than_fit_and_nobody_more(until: str | None, kind: str) -> None:
    """The number of rows is a guess where parents leave at times of their own, but a guess from above."""
    assert range_of(rate(until, 10_500, kind)).reason == "counted before writing: 10,500 rows fit"
    assert "room for 10,400 rows" in warned(rate(until, 10_400, kind), "range.may_overflow").found


def test_shares_that_are_kept_to_the_row_move_no_rows() -> None:
    """150 accounts, half with 1 and half with 9 rows: 750 for sure if the halves are exact, else ± 49, 4.75 of which are 233."""

    def sized(most: int, *, exact: bool) -> dict[str, Any]:
        schema = document({"by": {"size": {"a": {"poisson": 1}, "b": {"poisson": 9}}}}, most=most)
        schema["tables"][0]["columns"]["size"] = {"choice": {"choices": ["a", "b"], "exact": exact}}
        return schema

    # the Poisson counts alone: a standard deviation of sqrt(75 × 1 + 75 × 9) = 27.4, 4.75 of which are 130
    assert range_of(sized(890, exact=True)).status == "checked"
    warned(sized(870, exact=True), "range.may_overflow")
    warned(sized(890, exact=False), "range.may_overflow")
    assert range_of(sized(1_030, exact=False)).status == "checked"


def test_ages_are_taken_at_their_best_where_nobody_knows_them() -> None:
    schema = rate("left_at", 10_500)
    curve = {"curve": [0.2, 0.5, 1], "time_unit": "day", "applies_to": ["site"], "mode": "rate"}
    came = {"type": "datetime", "expression": "timeframe.start - to_days(account_id % 7)"}
    account = schema["tables"][0]
    account["columns"]["came_at"] = came
    account["vintage_behavior"] = {"created_at_column": "came_at", "age_based_multipliers": {"growth": curve}}
    assert range_of(schema).reason == "counted before writing: 10,500 rows fit"
    curve["curve"] = [0.2, 0.5, 1.1]
    warned(schema, "range.may_overflow")
    curve |= {"curve": "exponential", "params": {"a": 0.1, "b": -1}}
    warned(schema, "range.may_overflow")


def test_exact_shares_of_few_rows_are_whole_rows() -> None:
    """Of 1 account 0.7 are of a, which has 3 sites: they are 3, and not 0.7 × 3 + 0.3 × 500."""
    schema = document({"by": {"size": {"a": {"constant": {"value": 3}}, "b": {"poisson": 500}}}}, most=3, rows=1)
    schema["tables"][0]["columns"]["size"] = {"choice": {"choices": {"a": 0.7, "b": 0.3}, "exact": True}}
    plan_of(schema)
    schema["tables"][0]["columns"]["size"] = {"choice": {"choices": {"a": 0.7, "b": 0.3}}}
    assert "about 152 rows of site" in refused(schema, "constraint.cannot_hold").found
