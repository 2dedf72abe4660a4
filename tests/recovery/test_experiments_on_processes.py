"""Experiments on stages and on losses are found again in the files, and what every unit would have under each arm is kept."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from datagen.errors import SchemaError
from datagen.plan.labels import labels_plan
from tests.support import plan_of, table_of
from tests.written import Tables, written

START = "2024-05-01"
DAYS = 10  # the time to each stage is a day or two, so that q99 lies far inside


def funnel(users: int, *, paid: float = 1.0, kept: float = 1.0, **keys: Any) -> dict[str, Any]:
    """Visits of users: in half of them somebody pays, two fifths of whom stay."""
    dwell = {"lognormal": {"median": "1d", "sigma": 0.5}}
    return {
        "name": "funnel",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "experiments": [
            {
                "name": "page",
                "unit": "users",
                "start": START,
                "arms": {"old": 0.5, "new": 0.5},
                "effects": [
                    {"on": "stage", "table": "visits.paid", "size": paid},
                    {"on": "stage", "table": "visits.kept", "op": "odds", "size": kept},
                ],
            }
        ],
        "tables": [
            {
                "name": "users",
                "rows": users,
                "columns": {
                    "tier": {"choices": {"vip": 0.2, "free": 0.8}},
                    "joined": {"datetime_series": {}, "role": "created"},
                },
            },
            {
                "name": "visits",
                "parents": ["users"],
                "stage_config": {
                    "stages": [
                        {"stage_name": "cart"},
                        {"stage_name": "paid", "transition_rate": 0.5, "dwell": dwell},
                        {"stage_name": "kept", "transition_rate": 0.4, "dwell": dwell},
                    ],
                    **keys,
                },
                "columns": {"stage": {"role": "stage"}, "moment": {"role": "time"}},
            },
        ],
    }


def contracts(users: int, *, size: float = 1.0, op: str = "mul", **keys: Any) -> dict[str, Any]:
    """Contracts of which a twentieth is lost every month, and a tenth is paused."""
    return {
        "name": "contracts",
        "timeframe": {"start": "2023-06-01", "end": "2024-12-31"},
        "experiments": [
            {
                "name": "care",
                "unit": "users",
                "start": START,
                "arms": {"none": 0.5, "much": 0.5},
                "effects": [{"on": "churn", "op": op, "size": size}],
            }
        ],
        "tables": [
            {
                "name": "users",
                "rows": users,
                "columns": {"joined": {"datetime_series": {}, "role": "created"}},
            },
            {
                "name": "contracts",
                "parents": ["users"],
                "state_transition_model": {
                    "initial_state": "active",
                    "period_unit": "month",
                    "states": {
                        "active": {"lost": 0.05, "paused": 0.1},
                        "paused": {"active": 0.4},
                        "lost": {"terminal": True},
                    },
                    **keys,
                },
                "columns": {
                    "state": {"role": "state"},
                    "before": {"role": "previous_state"},
                    "moment": {"role": "time"},
                },
            },
        ],
    }


def went_on(tables: Tables, first: str, stage: str, late: bool) -> dict[str, tuple[float, int]]:
    """By arm: the share of those who reached a stage before or after the start that goes on within ten days, and their number."""
    begun = f"a {'>=' if late else '<'} timestamp '{START}' and a <= timestamp '2024-12-20'"
    found = tables.rows(f"""select page, count(*) filter (b - a <= interval {DAYS} days) / count(*), count(*) from (
        select page, min(moment) filter (stage = '{first}') as a, min(moment) filter (stage = '{stage}') as b
        from visits join users using (users_id) group by page, users_id) where {begun} group by page""")
    return {arm: (share, number) for arm, share, number in found}


def check_stages(tables: Tables, paid: float, kept: float, late: bool = True) -> None:
    for first, stage, wanted in (("cart", "paid", {"old": 0.5, "new": 0.5 * paid}),
                                 ("paid", "kept", {"old": 0.4, "new": 0.4 * kept / (0.6 + 0.4 * kept)})):  # fmt: skip
        for arm, (share, number) in went_on(tables, first, stage, late).items():
            error = (wanted[arm] * (1 - wanted[arm]) / number) ** 0.5
            assert abs(share - wanted[arm]) < 3 * error, f"{stage} in {arm}: {share:.3f}, declared {wanted[arm]:.3f}"


def test_arms_go_on_to_stages_as_declared_and_only_from_the_start_on(tmp_path: Path):
    tables = written(funnel(8_000, paid=1.3, kept=1.8), tmp_path / "out")
    check_stages(tables, 1.3, 1.8)
    check_stages(tables, 1.0, 1.0, late=False)


def test_without_effects_on_stages_they_do_not(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"in new: 0\.[345]\d+, declared 0\.6"):
        check_stages(written(funnel(8_000), tmp_path / "out"), 1.3, 1.8)


def losses(tables: Tables, late: bool) -> dict[str, tuple[int, int]]:
    """By arm: losses, and months of active contracts that began before or after the start and ended in the timeframe."""
    # month k of an entity begins k - 1 months after its start; the state in which it begins is that after the last row
    end = "timestamp '2025-01-01'"
    found = tables.rows(f"""with changes as (
            select users_id, care, state, before, moment as since, min(moment) over (partition by users_id) as start,
                lead(moment) over (partition by users_id order by moment) as until from contracts join users using (users_id)),
        months as (select *, unnest(range(if(before is null, 0, date_sub('month', start, since) + 1)::bigint,
            date_sub('month', start, coalesce(until, {end})) + 1)) as k from changes where state != 'lost'),
        lost as (select *, date_sub('month', start, since) as k from changes where state = 'lost'),
        counted as (select care, k, start, 1 as months, 0 as lost from months where state = 'active'
            union all select care, k, start, 0, 1 from lost)
        select care, sum(lost), sum(months) from counted where start + to_months(k::int + 1) <= {end}
            and start + to_months(k::int) {">=" if late else "<"} timestamp '{START}' group by care""")
    return {arm: (lost, months) for arm, lost, months in found}


def check_losses(tables: Tables, chance: float, late: bool = True) -> None:
    for arm, (lost, months) in losses(tables, late).items():
        wanted = chance if arm == "much" else 0.05
        error = (wanted * (1 - wanted) / months) ** 0.5
        assert abs(lost / months - wanted) < 3 * error, (
            f"{arm}: {lost / months:.4f} lost a month, declared {wanted:.4f}"
        )


def test_arms_are_lost_as_declared_and_only_from_the_start_on(tmp_path: Path):
    tables = written(contracts(8_000, size=0.5), tmp_path / "out")
    check_losses(tables, 0.025)
    check_losses(tables, 0.05, late=False)


def test_odds_of_a_loss_are_multiplied(tmp_path: Path):
    check_losses(written(contracts(8_000, size=2.0, op="odds"), tmp_path / "out"), 2 * 0.05 / (0.95 + 2 * 0.05))


def test_without_an_effect_on_losses_they_are_not(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"much: 0\.0[45]\d+ lost a month, declared 0\.0250"):
        check_losses(written(contracts(8_000), tmp_path / "out"), 0.025)


@pytest.mark.slow
@pytest.mark.parametrize("users", [10_000, 51_000, 1_000_000])
def test_effects_on_processes_are_found_at_every_size(users: int, tmp_path: Path):
    check_stages(written(funnel(users, paid=1.3, kept=1.8), tmp_path / "funnel", "parquet"), 1.3, 1.8)
    check_losses(written(contracts(users, size=0.5), tmp_path / "contracts", "parquet"), 0.025)


# both outcomes


def outcomes(document: dict[str, Any], table: str) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The units with their labels, without, and the rows of a table below them."""
    plan = plan_of(document)
    return table_of(labels_plan(plan), "users"), table_of(plan, "users"), table_of(plan, table)


def test_who_would_reach_a_stage_under_each_arm_is_known():
    labels, users, visits = outcomes(funnel(3_000, paid=1.3, kept=1.8), "visits")
    both = labels.join(users, on="users_id")
    for stage in ("cart", "paid", "kept"):
        old, new = (both[f"{stage}_of_visits_if_{arm}"] for arm in ("old", "new"))
        seen = both["users_id"].is_in(visits.filter(visits["stage"] == stage)["users_id"].implode())
        assert seen.equals(pl.Series(both.select(pl.when(both["page"] == "new").then(new).otherwise(old)).to_series()))
        assert (new >= old).all()  # the same draws: who goes on in the old page goes on in the new one
        assert (new.sum() > old.sum()) == (stage != "cart")


def test_passages_are_counted_where_there_are_several():
    labels, users, visits = outcomes(funnel(1_000, paid=1.3, instances_per_parent=3), "visits")
    both = labels.join(users, on="users_id")
    seen = visits.filter(visits["stage"] == "paid").group_by("users_id").len()
    counted = both.join(seen, on="users_id", how="left").with_columns(pl.col("len").fill_null(0))
    own = (
        pl.when(pl.col("page") == "new")
        .then(pl.col("paid_of_visits_if_new"))
        .otherwise(pl.col("paid_of_visits_if_old"))
    )
    assert (counted.select(own.alias("own"))["own"] == counted["len"]).all()


def test_when_a_unit_would_be_lost_under_each_arm_is_known():
    labels, users, rows = outcomes(contracts(3_000, size=0.5), "contracts")
    both = labels.join(users, on="users_id")
    lost = rows.filter(rows["state"] == "lost").group_by("users_id").agg(pl.col("moment").min())
    both = both.join(lost, on="users_id", how="left")
    none, much = (pl.col(f"lost_at_of_contracts_if_{arm}") for arm in ("none", "much"))
    own = pl.when(pl.col("care") == "much").then(much).otherwise(none)
    assert both.select(own.eq_missing(pl.col("moment"))).to_series().all()
    # care keeps some for a while or for good, loses nobody sooner, and changes nothing before it starts
    assert both.select((much.is_null() | (much >= none)).all()).item()
    assert both.select((much.is_null() & none.is_not_null()).sum()).item() > 100
    start = pl.lit(START).str.to_datetime()
    assert both.filter(none < start).select((much == none).all()).item()


def test_how_many_rows_a_unit_would_have_under_each_arm_is_known():
    document = funnel(2_000)
    document["experiments"][0]["effects"] = [{"on": "fanout", "table": "orders", "size": 1.5}]
    document["tables"].append(
        {
            "name": "orders",
            "parents": ["users"],
            "fanout": {"poisson": 1, "per": "month"},
            "columns": {"placed": {"role": "time"}},
        }
    )
    labels, users, orders = outcomes(document, "orders")
    both = labels.join(users, on="users_id").join(orders.group_by("users_id").len(), on="users_id", how="left")
    old, new = pl.col("rows_of_orders_if_old"), pl.col("rows_of_orders_if_new")
    own = pl.when(pl.col("page") == "new").then(new).otherwise(old)
    assert both.select((own == pl.col("len").fill_null(0)).all()).item()
    assert both.select((new >= old).all()).item()  # one process of events, the other pace only adds to it
    late = both.filter(pl.col("joined") >= pl.lit(START).str.to_datetime())
    ratio = late.select(new.sum() / old.sum()).item()
    # about 3 rows of each of 1,300 units: the same draws, so the ratio is nearer than 3 errors of two samples
    assert abs(ratio - 1.5) < 3 * 1.5 * (2 / late.select(old.sum()).item()) ** 0.5


def test_rows_are_the_same_in_blocks_of_any_size():
    for document, table in ((funnel(1_500, paid=1.3, kept=1.8), "visits"), (contracts(1_500, size=0.5), "contracts")):
        plan = plan_of(document)
        assert table_of(plan, table).equals(table_of(plan, table, block_rows=400))
        labels = labels_plan(plan)
        assert table_of(labels, "users").equals(table_of(labels, "users", block_rows=400))


# the plan


def shifted(document: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The same with other keys of the experiment."""
    other = copy.deepcopy(document)
    other["experiments"][0].update(keys)
    return other


@pytest.mark.parametrize("start", [START, "timeframe.start"])
def test_the_plan_tells_what_is_found(start: str, tmp_path: Path):
    documents = (funnel(8_000, paid=1.3, kept=1.8), contracts(8_000, size=0.5))
    wanted = (
        {"experiment_stage": 2, "step_conversion": 2},
        {"experiment_churn": 1, "loss_per_period": 1, "survival": 1},
    )
    for number, (document, kinds) in enumerate(zip(documents, wanted, strict=True)):
        document = shifted(document, start=start)
        told, tables = plan_of(document).effects, written(document, tmp_path / str(number))
        assert {kind: sum(one.kind == kind for one in told) for kind in kinds} == kinds
        for one in told:
            found = tables.value(one.sql)
            assert one.standard_error is not None
            assert abs(found - one.expected) < 4 * one.standard_error, f"{one.id}: {found}, told {one.expected}"
            assert one.visible


@pytest.mark.parametrize("start", [START, "2023-06-02", "timeframe.start"])
def test_the_plan_knows_how_many_rows_there_will_be(start: str):
    for document, table in ((funnel(8_000, paid=1.8, kept=1.8), "visits"), (contracts(8_000, size=4.0), "contracts")):
        plan = plan_of(shifted(document, start=start))
        expected, rows = plan.tables[table].expected_rows, len(table_of(plan, table))
        # rows of a user: at most 3 stages, about 3 changes; a standard deviation of 1.5 each, 4 standard errors
        assert abs(rows - expected) < 4 * 1.5 * 8_000**0.5, f"{table}: {rows}, expected {expected:.0f}"


@pytest.mark.parametrize(
    ("effect", "code"),
    [
        ({"on": "stage", "table": "visits.left", "size": 2}, "experiment.not_reached"),
        ({"on": "stage", "table": "visits.cart", "size": 2}, "experiment.not_reached"),
        ({"on": "stage", "table": "users", "size": 2}, "experiment.not_reached"),
        ({"on": "churn", "size": 2}, "experiment.not_reached"),
    ],
)
def test_what_no_process_has_is_refused(effect: dict[str, Any], code: str):
    with pytest.raises(SchemaError) as refused:
        plan_of(shifted(funnel(100), effects=[effect]))
    assert [finding.code for finding in refused.value.findings] == [code]


def test_a_probability_that_an_arm_lifts_above_one_is_refused():
    with pytest.raises(SchemaError) as refused:
        plan_of(contracts(100, size=19))
    assert [finding.code for finding in refused.value.findings] == ["state.over_one"]


def test_sizes_differ_by_a_column_of_the_unit(tmp_path: Path):
    document = funnel(12_000, paid=1.2)
    document["experiments"][0]["effects"][0]["by"] = {"tier": {"vip": 1.8}}
    tables = written(shifted(document, start="timeframe.start"), tmp_path / "out")
    for tier, size in (("vip", 1.8), ("free", 1.2)):
        share, number = tables.row(f"""select count(*) filter (b is not null) / count(*), count(*) from (
            select bool_or(stage = 'paid') as p, min(moment) filter (stage = 'paid') as b from visits
            join users using (users_id) where page = 'new' and tier = '{tier}' and joined < timestamp '2024-12-20'
            group by users_id)""")
        error = (0.5 * size * (1 - 0.5 * size) / number) ** 0.5
        assert abs(share - 0.5 * size) < 3 * error, f"{tier}: {share:.3f}, declared {0.5 * size:.3f}"
