"""worktrack as an analyst meets it: every promise of the data set asked of its CSV files, for five seeds."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.datasets.rules import after_damage, broken
from tests.datasets.worktrack_rules import LATE, RULES, SUPPORT
from tests.written import Tables, publish

COLUMNS = {
    "accounts": "account_id, account_name, plan, created_at_utc, is_internal",
    "users": "user_id, account_id, full_name, email, role, created_at_utc, activated_at_utc, deactivated_at_utc, "
    "is_active",
    "projects": "project_id, account_id, owner_user_id, project_name, status, created_at_utc, completed_at_utc",
    "tasks": "task_id, account_id, project_id, created_by_user_id, assignee_user_id, title, status, priority, "
    "created_at_utc, first_started_at_utc, completed_at_utc, due_at_utc",
    "events": "event_id, account_id, user_id, project_id, task_id, event_type, event_at_utc, ingested_at_utc",
}


def made(seed: int, home: Path) -> Tables:
    generated = publish("worktrack", home / "data", seed=seed)
    assert generated.findings == ()  # metrics and constraints hold, too
    return Tables(home / "data", "csv")


@pytest.fixture(scope="module")
def worktrack(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return made(22, tmp_path_factory.mktemp("worktrack"))


def test_every_rule_holds(worktrack: Tables) -> None:
    assert broken(worktrack, RULES) == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_rule_holds_for_other_seeds(seed: int, tmp_path: Path) -> None:
    assert broken(made(seed, tmp_path), RULES) == {}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_fails_on_damaged_data(worktrack: Tables, name: str) -> None:
    assert after_damage(worktrack, RULES[name].damage, {name: RULES[name]}) == {name}


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, rule in RULES.items() if "*" not in rule.also])
def test_no_other_rule_fails_on_it(worktrack: Tables, name: str) -> None:
    """But for those that the damage cannot but break; damage of times and rows that breaks many is left out."""
    assert after_damage(worktrack, RULES[name].damage, RULES) == {name, *RULES[name].also}


def test_numbers_come_from_the_command_line(tmp_path: Path) -> None:
    sets = {
        "accounts": 6, "users_min": 2, "users_max": 3, "projects_min": 1, "projects_max": 2, "tasks_min": 30, "tasks_max": 31,
        "task_events_min": 3, "task_events_max": 7, "internal_share": 0.5, "deactivated_share": 0, "support_share": 0.5,
        "unassigned_share": 0.1, "due_outlier_share": 0, "late_share": 0, "key_share_least": 0.1, "last_day": "2025-10-31",
    }  # fmt: skip
    generated = publish("worktrack", tmp_path / "data", sets=list(sets.items()))
    assert generated.findings == ()
    tables = Tables(tmp_path / "data", "csv")
    assert tables.value("select count(*) from accounts") == 6
    assert tables.row(
        "select min(n), max(n) from (select count(*) as n from events where task_id is not null group by task_id)"
    ) == (3, 7)
    # users say so, too, and agree with their accounts
    assert tables.row(
        "select count(*) filter (a.is_internal), bool_and(a.is_internal = u.is_internal), min(u.n), max(u.n) from "
        "accounts a "
        "join (select account_id, any_value(is_internal) as is_internal, count(*) as n from users group by 1) u "
        "using (account_id)"
    ) == (3, True, 2, 3)
    assert tables.value("select count(deactivated_at_utc) from users") == 0
    assert abs(tables.value("select avg((assignee_user_id is null)::int) from tasks") - 0.1) < 0.005
    assert tables.value("select count(*) from tasks where due_at_utc > created_at_utc + interval 31 days") == 0
    assert tables.value(f"select count(*) from events where {LATE} between 1 and 3") == 0
    # Poisson numbers with the mean of the other events, of which there are more than 900: four standard deviations
    assert abs(tables.value(f"select avg((event_type in {SUPPORT})::int) from events") - 0.5) < 0.035
    assert tables.value("select max(event_at_utc) from events").date().isoformat() <= "2025-10-31"


def test_columns_are_those_that_were_promised(tmp_path: Path) -> None:
    publish("worktrack", tmp_path / "data", sets=[("accounts", 2)])
    for table, columns in COLUMNS.items():
        with (tmp_path / "data" / f"{table}.csv").open(newline="") as lines:
            header, first = next(csv.reader(lines)), next(csv.DictReader(lines, fieldnames=columns.split(", ")))
        assert ", ".join(header) == columns
        times = [value for name, value in first.items() if name.endswith("_utc") and value]
        assert times
        assert all(len(value) == 20 and value.endswith("Z") and value[10] == "T" for value in times)
