"""What a document does not write is not loaded: the time to a plan is nearly all the loading of modules."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PLAN = "import sys; from datagen import api; api.prepare(sys.argv[1]).bind(); import json; print(json.dumps([*sys.modules]))"


def loaded(name: str) -> set[str]:
    """The modules that are there when a shipped data set is planned."""
    done = subprocess.run([sys.executable, "-c", PLAN, name], capture_output=True, text=True, check=True, timeout=120)
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def plain() -> set[str]:
    """Two tables, laws, choices and a plain foreign key."""
    return loaded("orders")


def test_a_plain_plan_loads_no_frames_no_database_and_no_reader_of_formulas(plain: set[str]) -> None:
    assert not {name.split(".")[0] for name in plain} & {"polars", "_duckdb", "duckdb", "sqlglot", "scipy", "faker"}
    assert "datagen.generators.lookup" in plain


@pytest.mark.parametrize(
    "unwritten",
    [
        "expressions.check", "sql.database", "plan.metrics", "plan.derived", "generators._lookup_filtered",
        "plan.streams", "rows._emits", "rows._stream", "rows.attribution_chain", "rows._journeys", "rows.lifecycle_model",
        "rows.stage_config", "rows._states_rows", "rows._adopters", "plan.planted_processes", "plan.planted_journeys",
        "plan.planted_adoption", "plan.vintages", "modifiers.effect", "modifiers.trend",
        "modifiers.seasonality", "modifiers._volume_bind", "checks.gate", "sinks.writer",
    ],
)  # fmt: skip
def test_a_plan_loads_nothing_for_words_that_nobody_has_written(plain: set[str], unwritten: str) -> None:
    assert f"datagen.{unwritten}" not in plain


def test_every_module_that_shall_not_be_loaded_is_there() -> None:
    """A name above that nobody bears would never be loaded either."""
    import importlib.util

    (mark,) = test_a_plan_loads_nothing_for_words_that_nobody_has_written.pytestmark
    assert all(importlib.util.find_spec(f"datagen.{name}") for name in mark.args[1])


def test_what_a_document_writes_is_loaded() -> None:
    assert {"datagen.plan.metrics", "datagen.plan.streams", "datagen.expressions.check"} <= loaded("course_churn")


def test_files_are_checked_with_the_core_of_duckdb_alone_and_judged_only_where_that_is_asked(tmp_path: Path) -> None:
    """The package around it takes three times as long to load, and the judge as long as it."""
    code = (
        "import sys; from datagen import api; from datagen.engine.options import Options; out = sys.argv[1];"
        "api.generate(api.prepare('orders', scale=1e-4), out, Options(profile=True));"
        "print('datagen.checks.judge' in sys.modules); api.check(out);"
        "print(*sorted({'duckdb', '_duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "out")], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.split() == ["False", "_duckdb"]
