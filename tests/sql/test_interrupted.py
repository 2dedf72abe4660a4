"""A query that the user stops is stopped, and its process with it."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from datagen.sql import process
from datagen.sql.database import QueryError, limits, sql_database

ENDLESS = "with recursive r as (select 1 as n union all select 1 as n from r) select max(n) from r"


def test_a_signal_to_stop_ends_a_query_as_it_ends_everything() -> None:
    with sql_database() as database, limits(database, 60.0):
        timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            database.execute(ENDLESS)
    timer.join()
    assert not os.path.exists(f"/proc/{database.process.pid}")


def test_a_query_that_goes_wrong_leaves_a_process_for_the_next() -> None:
    with sql_database() as database:
        pid = database.process.pid
        with pytest.raises(QueryError, match="no_such_table"):
            database.execute("select * from no_such_table")
        assert database.execute("select 41 + 1").fetchall() == [(42,)]
        database.execute("create table t as select 1 as a")
    with sql_database() as database:
        assert database.process.pid == pid
        with pytest.raises(QueryError):
            database.execute("select * from t")  # nothing is left of the database before


def test_two_databases_at_a_time_have_processes_of_their_own() -> None:
    with sql_database() as one, sql_database() as other:
        assert one.process.pid != other.process.pid
        assert other.execute("select 1").fetchall() == one.execute("select 1").fetchall()
    assert len(process._waiting) == 1


def test_a_process_ends_when_nobody_is_left_to_ask_it() -> None:
    first, second = os.pipe()
    child = os.fork()
    if not child:
        try:
            process._waiting.clear()
            alone = process.Process()
            os.write(second, str(alone.pid).encode())
            os.close(first)
            threading.Timer(0.2, os._exit, (0,)).start()
            alone.ask("open", ":memory:", {}, [ENDLESS], 1 << 30)
        finally:
            os._exit(0)
    os.close(second)
    pid = int(os.read(first, 20))
    os.waitpid(child, 0)
    end = time.monotonic() + 20
    while os.path.exists(f"/proc/{pid}") and time.monotonic() < end:
        time.sleep(0.05)
    assert not os.path.exists(f"/proc/{pid}")
