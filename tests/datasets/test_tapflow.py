"""tapflow as an analyst meets it: every promise of the data set asked of its CSV files, for five seeds."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from datagen import api
from datagen.engine.options import Options
from datagen.errors import SchemaError
from tests.datasets.rules import Rule, after_damage, broken
from tests.datasets.tapflow_rules import RULES, windows
from tests.written import Tables, publish

COLUMNS = {
    "accounts": "account_id, account_name, size, venue_type, created_at, health_score, mrr",
    "locations": "location_id, account_id, location_name, address, city, state, region, timezone, operational_status",
    "devices": "device_id, location_id, device_type, sensor_kind, status, installed_at, last_maintenance_at",
    "users": "user_id, account_id, full_name, email, role, created_at",
    "subscriptions": "subscription_id, account_id, tier, monthly_price, status, started_at, ended_at",
    "tap_events": "tap_event_id, device_id, poured_at, volume_ml, temperature_c, pressure_kpa, is_anomaly",
    "feature_usage": "usage_id, user_id, feature, used_at, call_count",
    "heartbeats": "device_id, beat_at, status",
}
SHORT = {"tap_days": 1, "usage_days": 3, "heartbeat_hours": 1}
SMALL = {
    **SHORT, "accounts": 15, "devices_total": 1_250, "admin_share": 0.2, "staff_share": 0.5, "mrr_growth_least": -1, "mrr_growth_most": 9, "churn_least": 0,
    "churn_most": 1, "operational_least": 0, "operational_most": 1,
}  # fmt: skip


def rules(tap_days: int, usage_days: int, heartbeat_hours: int) -> dict[str, Rule]:
    return {**RULES, **windows(tap_days, usage_days, heartbeat_hours)}


def made(seed: int, home: Path, **sets: Any) -> Tables:
    generated = publish("tapflow", home / "data", seed=seed, sets=list(sets.items()))
    assert generated.findings == ()  # metrics and constraints hold, too
    return Tables(home / "data", "csv")


@pytest.fixture(scope="module")
def tapflow(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made(42, tmp_path_factory.mktemp("tapflow"), **SHORT)


def test_every_rule_holds(tapflow: Tables) -> None:
    assert broken(tapflow, rules(**SHORT)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_rule_holds_for_other_seeds(seed: int, tmp_path: Path) -> None:
    assert broken(made(seed, tmp_path, **SHORT), rules(**SHORT)) == {}


@pytest.mark.slow
def test_every_rule_holds_at_full_size(tmp_path: Path) -> None:
    tables = made(42, tmp_path)
    assert broken(tables, rules(30, 30, 24)) == {}
    assert 6_000_000 < tables.value("select count(*) from tap_events") < 8_000_000
    assert 5_500_000 < tables.value("select count(*) from heartbeats") < 6_200_000


@pytest.mark.parametrize("name", rules(**SHORT))
def test_every_rule_fails_on_damaged_data(tapflow: Tables, name: str) -> None:
    rule = rules(**SHORT)[name]
    assert after_damage(tapflow, rule.damage, {name: rule}) == {name}


def test_columns_are_those_that_were_promised(tmp_path: Path) -> None:
    publish("tapflow", tmp_path / "data", sets=list(SMALL.items()))
    for table, columns in COLUMNS.items():
        with (tmp_path / "data" / f"{table}.csv").open(newline="") as lines:
            header = next(csv.reader(lines))
        assert ", ".join(header) == columns
    summary = json.loads((tmp_path / "data" / "run_summary.json").read_text())
    assert summary["params"]["reference_date"] == "2025-06-25"


def test_more_users_than_the_ranges_allow_stretch_them(tmp_path: Path) -> None:
    sets = {**SHORT, "usage_days": 1, "users_total": 5_000}
    publish("tapflow", tmp_path / "data", sets=list(sets.items()))
    tables = Tables(tmp_path / "data", "csv")
    assert tables.value("select count(*) from users") == 5_000
    assert (
        tables.value(
            "select count(*) from accounts where account_id not in (select account_id from users where role = 'admin')"
        )
        == 0
    )


@pytest.mark.parametrize(
    ("sets", "found"),
    [
        ({"accounts": 151}, "accounts.account_id in 1..150, but its rows count from 1 to 151"),
        ({"accounts": 0}, "a total of 25,000 rows from 0 rows of locations"),
        ({"devices_total": 31_000}, "31,000 rows of devices, and 30,000 fit"),
        ({"users_total": 6_001}, "6,001 rows of users, and 6,000 fit"),
        ({"subscriptions_total": 201}, "201 rows of subscriptions, and 200 fit"),
        ({"gateway_share": 0.02, "sensor_share": 0.38}, "1 'gateway' in each of 862 locations rows"),
        ({"tap_days": 0}, "rows of tap_events from 2025-06-25 until"),
    ],
)
def test_what_cannot_be_is_refused_before_a_row_is_made(sets: dict[str, Any], found: str) -> None:
    with pytest.raises(SchemaError) as refused:
        api.prepare("tapflow", sets=list(sets.items())).bind()
    assert found in refused.value.findings[0].found


@pytest.mark.parametrize(
    ("sets", "code", "found"),
    [
        (
            {**SHORT, "devices_total": 10_000},
            "fanout.total_out_of_reach",
            "158 × 5..10 (small) + 180 × 10..20 (medium)",
        ),
        # 12,700 taps at 20 pours a day fill ten million ids in 40 days
        ({**SHORT, "tap_days": 60}, "range.overflow", "rows of tap_events"),
    ],
)
def test_what_the_ledger_finds_too_much_publishes_nothing(
    sets: dict[str, Any], code: str, found: str, tmp_path: Path
) -> None:
    with pytest.raises(SchemaError) as refused:
        publish("tapflow", tmp_path / "data", sets=list(sets.items()))
    [finding] = refused.value.findings
    assert finding.code == code
    assert found in finding.found
    assert not (tmp_path / "data").exists()


def test_a_table_on_its_own_is_the_same(tapflow: Tables, tmp_path: Path) -> None:
    """Heartbeats stream without the others, and have the same rows."""
    prepared = api.prepare("tapflow", sets=list(SHORT.items()))
    api.generate(prepared, tmp_path / "data", Options(format="parquet", select=("heartbeats",)))
    assert [path.name for path in (tmp_path / "data").glob("*.parquet")] == ["heartbeats.parquet"]
    alone = Tables(tmp_path / "data", "parquet")
    asked = "select count(*), sum(hash(device_id, epoch(beat_at))) from heartbeats"
    assert alone.row(asked) == tapflow.row(asked)
