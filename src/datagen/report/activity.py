"""Rows in time: how many per day, week or month, at which hours and weekdays, and how they and the measures grow."""

from __future__ import annotations

import datetime
import math
from typing import Any

from datagen.checks.database import identifier
from datagen.report.files import Column, Files, plain

UNITS = (
    ("hour", 4 * 24),
    ("day", 200),
    ("week", 160),
    ("month", 10_000),
)  # the finest with at most so many in the window
LEAST_MONTHS = 4  # full ones, for a trend
FAR_OFF = 3.0  # standard errors of a prediction
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
    hours = (_moment(time.high) - _moment(time.low)).total_seconds() / 3600
    lengths = {"hour": 1, "day": 24, "week": 168, "month": 730}
    fitting = [unit for unit, most in UNITS if hours / lengths[unit] <= most]
    usable = [unit for unit in fitting if time.type == "datetime" or unit != "hour"]
    return usable[0]


def _moment(value: Any) -> datetime.datetime:
    if isinstance(value, datetime.datetime):
        return value
    return datetime.datetime(value.year, value.month, value.day)


def seasons(files: Files) -> list[dict[str, Any]]:
    """For every table whose rows have times: rows per weekday and hour, and per month of the year, against the even share.

    Days and months count as often as they lie in the span of the table, so that a window of eight days says nothing false.
    """
    found = []
    for table in files.entries:
        time = files.time_of(table)
        if time is None or files.rows(table) < LEAST_ROWS:
            continue
        low, high = _moment(time.low), _moment(time.high)
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
    low, high = _moment(time.low).date(), _moment(time.high).date()
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


def trends(files: Files) -> list[dict[str, Any]]:
    """Growth per month: of the rows of each table, and of each positive measure within the groups that it differs by most."""
    found: list[dict[str, Any]] = []
    for table in files.entries:
        time = files.time_of(table)
        if time is None or files.rows(table) < LEAST_ROWS or files.first is None:
            continue
        months = _full_months(files)
        if len(months) < LEAST_MONTHS:
            continue
        name = identifier(table)
        counted = dict(
            files.ask(
                f"select date_trunc('month', {time.sql}::timestamp)::date, count(*) from {name} where {time.sql} "
                "is not null group by 1"
            )
        )
        per_day = [counted.get(month, 0) / _length(month) * 30.4375 for month in months]
        if min(per_day) > 0:
            logs = [math.log(rate) for rate in per_day]
            first = _settled(logs)
            line = _line(logs[first:])
            fitted = [
                math.exp(line["at_start"] + line["slope"] * (k - first)) if k >= first else None
                for k in range(len(months))
            ]
            found.append(
                {
                    "table": table, "column": time.name, "measure": None, "unit": "month", **_growth(line), "left_out": first,
                    "points": [
                        {"at": month.isoformat(), "value": plain(value), "line": plain(at)}
                        for month, value, at in zip(months, per_day, fitted, strict=True)
                    ],
                }
            )  # fmt: skip
        for measure in files.measures(table):
            if measure.low is not None and measure.low > 0 and measure.type == "float":
                one = _value_trend(files, table, time, measure)
                if one is not None:
                    found.append(one)
    return found


def _full_months(files: Files) -> list[datetime.date]:
    """The first days of the months that lie in the span of the data as a whole."""
    low, high = _moment(files.first).date(), _moment(files.last).date()
    month = datetime.date(low.year, low.month, 1)
    if low.day > 2:
        month = _next(month)
    found = []
    while _next(month) - datetime.timedelta(days=1) <= high + datetime.timedelta(days=1):
        found.append(month)
        month = _next(month)
    return found


def _next(month: datetime.date) -> datetime.date:
    return datetime.date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _length(month: datetime.date) -> int:
    return (_next(month) - month).days


def _line(values: list[float]) -> dict[str, float]:
    """The straight line of least squares through values at 0, 1, 2, …"""
    n = len(values)
    centre, mean = (n - 1) / 2, sum(values) / n
    across = sum((k - centre) ** 2 for k in range(n))
    slope = sum((k - centre) * (value - mean) for k, value in enumerate(values)) / across
    left = sum((value - mean - slope * (k - centre)) ** 2 for k, value in enumerate(values))
    total = sum((value - mean) ** 2 for value in values)
    error = math.sqrt(left / (n - 2) / across)
    explained = 1 - left / total if total > 0 else 0.0
    return {"slope": slope, "error": error, "at_start": mean - slope * centre, "explained": explained, "n": n}


def _settled(logs: list[float]) -> int:
    """Months to leave out at the start: those of a table that is only filling up, far below the line of all later ones."""
    first = len(logs) // 3
    while first > 0:
        line = _line(logs[first:])
        n = len(logs) - first
        centre, across = (n - 1) / 2, n * (n * n - 1) / 12
        reach = FAR_OFF * line["error"] * math.sqrt(across) * math.sqrt(1 + 1 / n + (1 + centre) ** 2 / across)
        if logs[first - 1] < line["at_start"] - line["slope"] - reach:
            break
        first -= 1
    return first


def _growth(line: dict[str, float]) -> dict[str, Any]:
    """Growth of a logarithm's line per step, as a share, with its interval of 95 %."""
    from scipy.special import stdtrit

    reach = float(stdtrit(line["n"] - 2.0, 0.975)) * line["error"]
    return {
        "growth": plain(math.expm1(line["slope"])), "low": plain(math.expm1(line["slope"] - reach)),
        "high": plain(math.expm1(line["slope"] + reach)), "explained": plain(line["explained"]), "months": int(line["n"]),
    }  # fmt: skip


def _value_trend(files: Files, table: str, time: Column, measure: Column) -> dict[str, Any] | None:
    """Growth of a measure's logarithm over time, rows compared within the groups that explain it best."""
    name = identifier(table)
    best, group, joins = 0.0, "0", f"{name} t"
    for way in files.ways(table):
        for segment in files.segments(way.end):
            column = f"{way.alias}.{segment.sql}"
            (share,) = files.one(
                f"with logs as (select ln(t.{measure.sql}) as y, {column} as g from {way.joins} where "
                f"t.{measure.sql} > 0), "
                "means as (select g, avg(y) as m, count(*) as n from logs group by 1) "
                "select sum(n * power(m - (select avg(y) from logs), 2)) / (select sum(power(y - (select avg(y) "
                "from logs), 2)) from logs) from means"
            )
            if share is not None and share > max(best, 0.01):
                best, group, joins = share, column, way.joins
    months = f"epoch(t.{time.sql}::timestamp) / {30.4375 * 86400}"
    inside = (
        f"select ln(t.{measure.sql}) as y, {months} as x, {group} as g from {joins} "
        f"where t.{measure.sql} > 0 and t.{time.sql} is not null"
    )
    n, slope, left, across = files.one(
        f"with logs as ({inside}), centred as (select y - avg(y) over (partition by g) as y, x - avg(x) over "
        "(partition by g) as x from logs) "
        "select count(*), regr_slope(y, x), regr_syy(y, x) - regr_slope(y, x) * regr_sxy(y, x), regr_sxx(y, x) "
        "from centred"
    )
    if n < LEAST_ROWS or slope is None or not across:
        return None
    error = math.sqrt(max(left, 0.0) / (n - 2) / across)
    points = files.ask(
        f"select date_trunc('month', t.{time.sql}::timestamp)::date::varchar, avg(t.{measure.sql}), count(*) from "
        f"{name} t "
        f"where t.{time.sql} is not null and t.{measure.sql} is not null group by 1 order by 1"
    )
    within = group.partition(".")[2].strip('"') if group != "0" else None
    return {
        "table": table, "column": time.name, "measure": measure.name, "unit": "month", "within": within,
        "growth": plain(math.expm1(slope)), "low": plain(math.expm1(slope - 1.96 * error)),
        "high": plain(math.expm1(slope + 1.96 * error)), "explained": None, "months": len(points),
        "points": [{"at": at, "value": plain(value), "line": None} for at, value, _ in points],
    }  # fmt: skip
