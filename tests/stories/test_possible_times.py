"""Tasks of projects whose times are possible by construction: in order, inside the life of the project and the window.

Asked in SQL of the written files, for several seeds. Columns without a bound show that the questions can be failed.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from datagen.schema.load import load_text
from tests.written import Tables, written

DOCUMENT = """
timeframe: {start: 2025-08-01, end: 2026-01-31}
tables:
  - name: projects
    rows: 400
    columns:
      status: {choices: {active: 60%, completed: 40%}}
      created_at: {datetime_series: {within: {start: 2025-08-01, end: 2025-12-15}}, role: created}
      completed_at:
        after: {column: created_at, delay: {gamma: {shape: 2, mean: 70d}}, before: timeframe.end}
        when: status = 'completed'
  - name: tasks
    parents: [projects]
    fanout: 10..25
    columns:
      status: {choices: {todo: 20%, in_progress: 25%, done: 55%}}
      closes_at: {expression: "coalesce(projects.completed_at, timeframe.end)", hidden: true}
      created_at:
        role: time
        case:
          - when: projects.status = 'completed'
            after: {column: projects.created_at, delay: {exponential: {mean: 30d}}, before: closes_at}
          - {after: {column: projects.created_at, delay: {exponential: {mean: 45d}}, before: closes_at}}
      started_at:
        after: {column: created_at, delay: {lognormal: {median: 1d, sigma: 1}}, before: closes_at}
        when: status <> 'todo'
        modifiers:
          - {seasonality: {dimension: hour, weights: [0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 3, 3, 2, 3, 3, 3, 2, 1, 0, 0, 0, 0, 0, 0]}}
          - {seasonality: {dimension: dow, weights: [1, 1, 1, 1, 1, 0.1, 0.1]}}
      completed_at: {after: {column: started_at, delay: {gamma: {shape: 2, mean: 6d}}}, when: status = 'done'}
      free_at: {after: {column: created_at, delay: {gamma: {shape: 2, mean: 6d}}}}
constraints:
  inequalities:
    - {left: tasks.completed_at, op: <=, right: projects.completed_at}
    - {left: tasks.created_at, op: <=, right: tasks.completed_at}
    - {left: tasks.completed_at, op: <=, right: tasks.closes_at}
"""
IMPOSSIBLE = """
    select count(*) from tasks t join projects p using (projects_id) where
        t.created_at < p.created_at or t.started_at < t.created_at or t.{completed} < coalesce(t.started_at, t.created_at)
        or greatest(t.created_at, t.started_at, t.{completed}) > p.completed_at
        or greatest(t.created_at, t.started_at, t.{completed}) >= timestamp '2026-02-01'
"""
# a day is 1/184 of the window; in the last one work that is cut at the end of its project or the window could gather
LAST_DAY = """
    with days as (select {column}::date as day, count(*) as n from tasks where {column} is not null group by all)
    select (select n from days where day = date '2026-01-31') / (select avg(n) from days)
"""
SEEDS = (1, 2, 3)


@pytest.fixture(scope="module", params=SEEDS)
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    directory: Path = tmp_path_factory.mktemp("tasks")
    return written(load_text(DOCUMENT), directory / "data", seed=request.param)


def test_no_time_is_impossible(tables: Tables) -> None:
    assert tables.value("select count(*) from tasks") > 5_000
    assert tables.value(IMPOSSIBLE.format(completed="completed_at")) == 0
    # the twin: the same delay without bounds passes the end of many projects
    assert tables.value(IMPOSSIBLE.format(completed="free_at")) > 500


def test_times_are_there_where_the_status_says_so_and_nowhere_else(tables: Tables) -> None:
    wrong = "(started_at is null) <> (status = 'todo') or (completed_at is not null) <> (status = 'done')"
    assert tables.value(f"select count(*) from tasks where {wrong}") == 0
    assert tables.value("select count(*) from projects where (completed_at is null) <> (status = 'active')") == 0


@pytest.mark.parametrize("column", ["created_at", "started_at"])
def test_nothing_piles_up_on_the_last_day(tables: Tables, column: str) -> None:
    ratio = tables.value(LAST_DAY.format(column=column))
    assert ratio <= 2, f"the last day has {ratio:.2f} times the mean day's {column}"


def test_work_is_started_in_working_hours(tables: Tables) -> None:
    share = tables.value("select avg((hour(started_at) between 7 and 17)::int) from tasks where started_at is not null")
    assert share > 0.99
