"""Growth per month: of the rows of every table, and of its positive measures within the groups that explain them best."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from typing import Any

from datagen.report.activity import LEAST_ROWS
from datagen.report.files import Column, Files, Way, moment, plain
from datagen.sql.spelling import identifier

LEAST_MONTHS = 4  # full ones
ENOUGH = 9  # months, of which the last two thirds tell what the first should have been
FAR_OFF = 3.0  # standard errors of a prediction
MONTH = 30.4375 * 86400  # seconds
EPOCH = datetime.datetime(1970, 1, 1)
TOLD = 0.01  # share of the variance that groups explain, from which on rows are compared within them


def trends(files: Files) -> list[dict[str, Any]]:
    """One entry per table with a time and full months, then one per positive measure of it."""
    found: list[dict[str, Any]] = []
    for table in files.entries:
        time = files.time_of(table)
        if time is None or files.rows(table) < LEAST_ROWS:
            continue
        months = full_months(files, time)
        if len(months) < LEAST_MONTHS:
            continue
        found += _of_rows(files, table, time, months)
        measures = [one for one in files.measures(table) if one.low is not None and one.low > 0 and one.type == "float"]
        if measures:
            found += _of_values(files, table, time, measures)
    return found


def full_months(files: Files, time: Column) -> list[datetime.date]:
    """The first days of the months in which a table has rows and that lie whole in the span of the data."""
    begin, end = (one.date() for one in files.span(time))
    first = moment(time.low).date()
    month = datetime.date(first.year, first.month, 1)
    if first.day > 2 and begin.replace(day=1) == month:
        month = _next(month)
    found = []
    while month <= moment(time.high).date() and _next(month) - datetime.timedelta(days=2) <= end:
        found.append(month)
        month = _next(month)
    return found


def _next(month: datetime.date) -> datetime.date:
    return datetime.date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _of_rows(files: Files, table: str, time: Column, months: Sequence[datetime.date]) -> list[dict[str, Any]]:
    start = f"date_trunc('month', {time.sql}::timestamp)::date"
    counted = dict(
        files.ask(f"select {start}, count(*) from {identifier(table)} where {time.sql} is not null group by 1")
    )
    rates = [counted.get(month, 0) / (_next(month) - month).days * 30.4375 for month in months]
    if min(rates) <= 0:
        return []
    logs = [math.log(rate) for rate in rates]
    first = _settled(logs)
    line = _line(logs[first:])
    fitted = [
        math.exp(line["at_start"] + line["slope"] * (k - first)) if k >= first else None for k in range(len(months))
    ]
    points = [
        {"at": month.isoformat(), "value": plain(value), "line": plain(at)}
        for month, value, at in zip(months, rates, fitted, strict=True)
    ]
    facts = {"table": table, "column": time.name, "measure": None, "unit": "month"}
    return [{**facts, **_growth(line), "left_out": first, "points": points}]


def _line(values: Sequence[float]) -> dict[str, float]:
    """The straight line of least squares through values at 0, 1, 2, …"""
    n = len(values)
    centre, mean = (n - 1) / 2, sum(values) / n
    across = n * (n * n - 1) / 12
    slope = sum((k - centre) * (value - mean) for k, value in enumerate(values)) / across
    left = sum((value - mean - slope * (k - centre)) ** 2 for k, value in enumerate(values))
    total = sum((value - mean) ** 2 for value in values)
    error = math.sqrt(left / (n - 2) / across)
    explained = 1 - left / total if total > 0 else 0.0
    return {"slope": slope, "error": error, "at_start": mean - slope * centre, "explained": explained, "n": n}


def _settled(logs: Sequence[float]) -> int:
    """Months to leave out at the start: those of a table that is only filling up, far below the line of all later ones."""
    first = len(logs) // 3 if len(logs) >= ENOUGH else 0
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


def _of_values(files: Files, table: str, time: Column, measures: Sequence[Column]) -> list[dict[str, Any]]:
    """Slopes of the measures' logarithms over time, from sums by group: one pass per way to a table with segments."""
    candidates: list[tuple[str | None, list[tuple[Any, ...]]]] = [
        (None, _sums(files, Way(table), time, measures, None))
    ]
    for way in files.ways(table):
        for segment in files.segments(way.end):
            own = [one for one in measures if way.hops or one.name != segment.name]
            if len(own) == len(measures):
                candidates.append((segment.name, _sums(files, way, time, measures, f"{way.alias}.{segment.sql}")))
    means = ", ".join(f"avg({one.sql})" for one in measures)
    monthly = files.ask(
        f"select date_trunc('month', {time.sql}::timestamp)::date::varchar, {means} from {identifier(table)} "
        f"where {time.sql} is not null group by 1 order by 1"
    )
    found = []
    for place, measure in enumerate(measures):
        slopes = [(within, _slope([row[6 * place : 6 * place + 6] for row in rows])) for within, rows in candidates]
        whole = slopes[0][1]
        if whole is None or whole["n"] < LEAST_ROWS:
            continue
        within, best = max(
            ((within, one) for within, one in slopes if one is not None), key=lambda pair: pair[1]["explained"]
        )
        if best["explained"] < TOLD:
            within, best = None, whole
        slope, error = best["slope"], best["error"]
        found.append(
            {
                "table": table, "column": time.name, "measure": measure.name, "unit": "month", "within": within,
                "growth": plain(math.expm1(slope)), "low": plain(math.expm1(slope - 1.96 * error)),
                "high": plain(math.expm1(slope + 1.96 * error)), "explained": None, "months": len(monthly),
                "points": [
                    {"at": row[0], "value": plain(row[1 + place]), "line": None}
                    for row in monthly if row[1 + place] is not None
                ],
            }
        )  # fmt: skip
    return found


def _sums(files: Files, way: Way, time: Column, measures: Sequence[Column], group: str | None) -> list[tuple[Any, ...]]:
    """Per group, of each measure: count, means of x and y, and the three sums of squares about them."""
    x = f"(epoch(t.{time.sql}::timestamp) / {MONTH} - {(files.span(time)[0] - EPOCH).total_seconds() / MONTH!r})"
    asked = []
    for one in measures:
        pair = f"(ln(t.{one.sql}), {x})"
        asked += [f"regr_{what}{pair}" for what in ("count", "avgx", "avgy", "sxx", "syy", "sxy")]
    by = f" group by {group}" if group is not None else ""
    return files.ask(f"select {', '.join(asked)} from {way.joins}{by}")


def _slope(rows: Sequence[tuple[Any, ...]]) -> dict[str, float] | None:
    """The common slope within groups, its error, and the share of the variance that lies between the groups."""
    there = [row for row in rows if row[0] and row[0] > 1]
    n, across = sum(row[0] for row in there), sum(row[3] for row in there)
    if n <= len(there) + 1 or across <= 0:
        return None
    inside, both = sum(row[4] for row in there), sum(row[5] for row in there)
    mean = sum(row[0] * row[2] for row in there) / n
    between = sum(row[0] * (row[2] - mean) ** 2 for row in there)
    slope = both / across
    left = max(inside - slope * both, 0.0) / (n - len(there) - 1)
    total = inside + between
    explained = between / total if total > 0 else 0.0
    return {"n": n, "slope": slope, "error": math.sqrt(left / across), "explained": explained}
