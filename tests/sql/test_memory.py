"""SQL that would fill the memory: the system holds its process, the run is refused in words, what was there stays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from datagen.sql.database import ROOM

MEMORY = 300_000_000
RECURSIVE = "with recursive t(n, s) as (select 1, 'x' union all select n + 1, s || s from t where n < 40) "
TENFOLD = ", ".join(
    f"{name} as (select i, concat(s, s, s, s, s, s, s, s, s, s) as s from {before})"
    for before, name in ("ab", "bc", "cd", "de", "ef")
)
DOUBLING = {
    "a text that doubles itself in a recursion": RECURSIVE + "select max(length(s)) as a from t order by a",
    "texts that grow tenfold step by step": "with a as (select u.users_id as i, repeat('x', 1000) || u.users_id as s from users u), "
    + TENFOLD + " select max(length(s)) as a from f order by a",
    "one text of all rows": "select length(string_agg(repeat('x', 1000), '' order by g.i)) as a from range(10000000) g(i) order by a",
    "a list of all rows": "select len(list(g.i order by g.i)) as a from range(300000000) g(i) order by a",
}  # fmt: skip


def schema(sql: str, metric: str = "select 1") -> str:
    return f"""seed: 1
tables:
  - name: users
    rows: 100
    pk: users_id
    columns: {{users_id: {{sequence: {{}}}}}}
  - name: out
    sql: "{sql}"
metrics: {{size: {{sql: "{metric}", description: how large it is}}}}
"""


# a process between, as one that starts another hands on the most memory that it ever had itself
MEASURED = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
"""


def publish(text: str, target: Path) -> tuple[dict[str, Any], float, int]:
    """What the command answers, after how many seconds, and the most memory in bytes that it or its process of SQL had."""
    path = target.with_suffix(".yaml")
    path.write_text(text)
    return answered("generate", str(path), "-o", str(target), "--quiet")


def answered(*words: str) -> tuple[dict[str, Any], float, int]:
    """The same of any command."""
    call = [*words, "--memory", f"{MEMORY // 1_000_000}MB", "--json"]
    began = time.monotonic()
    measured = [sys.executable, "-c", MEASURED, sys.executable, "-m", "datagen", *call]
    done = subprocess.run(measured, stdout=subprocess.PIPE, text=True, check=True)
    answer, _, largest = done.stdout.strip().rpartition("\n")
    return json.loads(answer), time.monotonic() - began, int(largest)


def refused(text: str, target: Path) -> None:
    """Refused for its memory, soon, with less than the bound, and with the old data left."""
    publish(schema("select 1 as a order by a"), target)
    before = (target / "manifest.json").read_bytes()
    answer, seconds, largest = publish(text, target)
    assert seconds < 30  # alone it takes about two seconds
    codes = {finding["code"] for finding in answer["findings"] if finding["severity"] == "error"}
    assert codes
    assert codes <= {"sql.memory", "sql.too_large"}
    assert (target / "manifest.json").read_bytes() == before
    assert largest < 2 * MEMORY + 2 * ROOM


@pytest.mark.parametrize("what", DOUBLING)
def test_a_table_that_fills_the_memory_is_refused(what: str, tmp_path: Path) -> None:
    refused(schema(DOUBLING[what]), tmp_path / "out")


def test_a_metric_that_fills_the_memory_is_refused(tmp_path: Path) -> None:
    metric = RECURSIVE + "select max(length(s)) from t"
    refused(schema("select 1 as a order by a", metric), tmp_path / "out")


def test_a_metric_that_fills_the_memory_of_a_check_is_refused(tmp_path: Path) -> None:
    """Also of somebody else's schema: its SQL has a process of its own, which the system holds."""
    publish(schema("select 1 as a order by a"), tmp_path / "out")
    other = tmp_path / "other.yaml"
    metric = RECURSIVE + "select max(length(s)) from t"
    other.write_text(schema("select 1 as a order by a", metric).replace("description", "min: 1, description"))
    answer, _, largest = answered("check", str(tmp_path / "out"), "--schema", str(other))
    assert [one["code"] for one in answer["findings"]] == ["sql.memory"]
    assert "225 MB" in answer["findings"][0]["found"]  # as much as a run gives it
    assert largest < 2 * MEMORY + 2 * ROOM


def test_planning_holds_what_a_text_says_of_itself(tmp_path: Path) -> None:
    """Numbers and texts that stand in the SQL are worked out while it is read."""
    steps = "repeat('x', 1000)"
    for _ in range(3):
        steps = f"repeat({steps}, 1000)"
    refused(schema(f"select length({steps}) as a order by a"), tmp_path / "out")
