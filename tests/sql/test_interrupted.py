"""A query that the user stops is stopped, and no bug of Datagen."""

from __future__ import annotations

import pytest

from datagen.sql.database import PLAN_MEMORY, limits, sql_database


def test_a_signal_to_stop_ends_a_query_as_it_ends_everything() -> None:
    """DuckDB answers a signal that it sees on its way with a RuntimeError of this text."""
    with sql_database() as database, pytest.raises(KeyboardInterrupt), limits(database, 30.0, PLAN_MEMORY):
        raise RuntimeError("Query interrupted")


def test_other_errors_stay_what_they_are() -> None:
    with sql_database() as database, pytest.raises(RuntimeError, match="another"), limits(database, 30.0, PLAN_MEMORY):
        raise RuntimeError("another")
