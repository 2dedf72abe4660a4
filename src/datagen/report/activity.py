"""Rows in time: how many per day, week or month, and at which hours and weekdays."""

from __future__ import annotations

import datetime
from typing import Any

from datagen.report.files import Column, Files, moment, plain
from datagen.sql.spelling import identifier

UNITS = (
    ("hour", 4 * 24),
    ("day", 200),
    ("week", 160),
    ("month", 10_000),
)  # the finest with at most so many in the window
LEAST_ROWS = 200  # for a picture of seasons
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def rows_over_time(files: Files) -> list[dict[str, Any]]:
    """For every table with a time: rows per unit of time, units without rows included."""
    found = []
    for table in files.entries:
        time = files.time_of(table)
        if time is None or not files.rows(table):
            continue
        unit = _unit(time)
        start = f"date_trunc('{unit}', {time.sql}::timestamp)"
        points = files.ask(
            f"with counted as (select {start} as moment, count(*) as n from {identifier(table)} where {time.sql} "
            "is not null group by 1), "
            "ends as (select min(moment) as low, max(moment) as high from counted), "
            f"every as (select unnest(range(low, high + interval 1 {unit}, interval 1 {unit})) as moment from ends) "
            "select moment, coalesce(n, 0) from every left join counted using (moment) order by 1"
        )
        found.append(
            {
                "table": table, "column": time.name, "unit": unit,
                "points": [{"at": plain(at), "rows": rows} for at, rows in points],
            }
        )  # fmt: skip
    return found


def _unit(time: Column) -> str:
    hours = (moment(time.high) - moment(time.low)).total_seconds() / 3600
    lengths = {"hour": 1, "day": 24, "week": 168, "month": 730}
    fitting = [unit for unit, most in UNITS if hours / lengths[unit] <= most]
    usable = [unit for unit in fitting if time.type == "datetime" or unit != "hour"]
    return usable[0]


def seasons(files: Files) -> list[dict[str, Any]]:
    """For every table whose rows have times: rows per weekday and hour, and per month of the year, against the even share.

    Days and months count as often as they lie in the span of the table, so that a window of eight days says nothing false.
    """
    found = []
    for table in files.entries:
        time = files.time_of(table)
        if time is None or files.rows(table) < LEAST_ROWS:
            continue
        low, high = moment(time.low), moment(time.high)
        days = (high.date() - low.date()).days + 1
        if days < 7:
            continue
        name, column = identifier(table), f"{time.sql}::timestamp"
        cells = files.ask(
            f"select isodow({column}) - 1, hour({column}), count(*) from {name} where {time.sql} is not null "
            "group by 1, 2 order by 1, 2"
        )
        hours = len({hour for _, hour, _ in cells}) > 1
        by_day, by_hour = [0] * 7, [0] * 24
        for day, hour, rows in cells:
            by_day[day] += rows
            by_hour[hour] += rows
        there = [sum(1 for k in range(days) if (low.weekday() + k) % 7 == day) for day in range(7)]
        rates = [rows / times for rows, times in zip(by_day, there, strict=True)]
        usual = sum(by_day) / days
        total = sum(by_hour)
        found.append(
            {
                "table": table, "column": time.name, "rows": total, "days": days,
                "cells": [
                    {
                        "day": day, "hour": hour, "rows": rows,
                        "times_usual": plain(rows / there[day] / (usual / 24)),
                    }
                    for day, hour, rows in cells
                ] if hours else [],
                "by_day": [{"day": day, "rows": by_day[day], "times_usual": plain(rates[day] / usual)} for day in range(7)],
                "by_hour": [
                    {"hour": hour, "rows": by_hour[hour], "times_usual": plain(24 * by_hour[hour] / total)} for hour in range(24)
                ] if hours else [],
                "by_month": _months(files, table, time, usual) if days >= 360 else [],
            }
        )  # fmt: skip
    return found


def _months(files: Files, table: str, time: Column, usual: float) -> list[dict[str, Any]]:
    """Rows per day in each month of the year, against those of an average day."""
    low, high = moment(time.low).date(), moment(time.high).date()
    counted = dict(
        files.ask(
            f"select month({time.sql}), count(*) from {identifier(table)} where {time.sql} is not null group by 1"
        )
    )
    there = [0] * 13
    for k in range((high - low).days + 1):
        there[(low + datetime.timedelta(days=k)).month] += 1
    return [
        {
            "month": month,
            "rows": counted.get(month, 0),
            "times_usual": plain(counted.get(month, 0) / there[month] / usual),
        }
        for month in range(1, 13)
        if there[month]
    ]
