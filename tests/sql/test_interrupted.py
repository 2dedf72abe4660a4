"""A query that the user stops is stopped, and no bug of Datagen."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from datagen.sql.database import PLAN_MEMORY, limits, sql_database

ENDLESS = "select count(*) from range(1000000) a, range(1000000) b where a.range + b.range < 0"


def test_a_signal_to_stop_ends_a_query_as_it_ends_everything() -> None:
    with sql_database() as database:
        stop = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        stop.start()
        with pytest.raises(KeyboardInterrupt), limits(database, 30.0, PLAN_MEMORY):
            database.execute(ENDLESS)
        stop.join()
