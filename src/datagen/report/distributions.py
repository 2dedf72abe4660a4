"""Distributions: what values a column has and how often, its figures, and what was declared where somebody did."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from datagen.report.files import MANY, Column, Files, moment, plain
from datagen.sql.spelling import identifier

BARS = 40  # of a histogram, about
EXACT = 2_000_000  # rows up to which quantiles are exact; they need all values in memory
QUANTILES = (0.005, 0.05, 0.25, 0.5, 0.75, 0.95, 0.995)
SKEWED = 12.0  # largest usual value against the middle one, from which on the axis is logarithmic
MOST_COLUMNS = 400  # of a data set, that are pictured


def distributions(files: Files) -> list[dict[str, Any]]:
    """One entry per column, in the order of the files. `about` says that quantiles are estimates."""
    found: list[dict[str, Any]] = []
    for table in files.entries:
        for column in files.columns[table].values():
            if len(found) < MOST_COLUMNS:
                found.append(_column(files, column))
    return found


def _column(files: Files, column: Column) -> dict[str, Any]:
    rows = files.rows(column.table)
    facts: dict[str, Any] = {
        "table": column.table, "column": column.name, "type": column.type, "kind": column.kind, "rows": rows,
        "nulls": column.nulls, "distinct": column.distinct, "distinct_exact": column.exact,
    }  # fmt: skip
    if column.nulls == rows:
        return facts
    if column.kind == "number" and not (column.exact and column.distinct <= MANY and column.type == "int"):
        return {**facts, **_numbers(files, column)}
    if column.kind == "time":
        return {**facts, **_times(files, column)}
    if column.kind == "category" or (column.exact and column.distinct <= MANY and column.kind == "number"):
        values = files.ask(
            f"select {column.sql}::varchar, count(*) from {identifier(column.table)} where {column.sql} is not null "
            f"group by {column.sql} order by {'1' if column.kind == 'number' else '2 desc, 1'}"
        )
        if column.kind == "number":
            values.sort(key=lambda one: float(one[0]))
            mean, spread = files.one(
                f"select avg({column.sql}), stddev_samp({column.sql}) from {identifier(column.table)}"
            )
            facts |= {"mean": plain(mean), "sd": plain(spread), "min": plain(column.low), "max": plain(column.high)}
        total = sum(number for _, number in values)
        return {**facts, "values": [{"value": v, "rows": n, "share": plain(n / total)} for v, n in values]}
    if column.kind == "text":
        short, usual, long = files.one(
            f"select min(length({column.sql})), avg(length({column.sql})), max(length({column.sql})) from "
            f"{identifier(column.table)}"
        )
        return {**facts, "lengths": {"min": short, "mean": plain(usual), "max": long}}
    return facts


def _numbers(files: Files, column: Column) -> dict[str, Any]:
    name, value = identifier(column.table), f"{column.sql}::double"
    exact = files.rows(column.table) <= EXACT
    law = "quantile_cont" if exact else "approx_quantile"
    mean, spread, quantiles = files.one(
        f"select avg({value}), stddev_samp({value}), {law}({value}, {list(QUANTILES)}) from {name} where "
        f"{column.sql} is not null"
    )
    low, *_, middle, _, _, high = quantiles
    whole = column.type == "int"
    logarithmic = column.low > 0 and middle > 0 and (high / middle > SKEWED or middle / max(low, 1e-300) > SKEWED * 8)
    edges = _log_edges(low, high) if logarithmic else _edges(low, high, whole=whole)
    bar = _bar("x", edges, logarithmic)
    counted = dict(
        files.ask(
            f"select {bar} as k, count(*) from (select {value} as x from {name} where {column.sql} is not null) "
            "group by 1"
        )
    )
    bars = [
        {"from": plain(left), "to": plain(right), "rows": counted.get(place + 1, 0)}
        for place, (left, right) in enumerate(pairwise(edges))
    ]
    return {
        "mean": plain(mean), "sd": plain(spread), "min": plain(column.low), "max": plain(column.high),
        "quantiles": {f"{q:g}": plain(at) for q, at in zip(QUANTILES, quantiles, strict=True)}, "about": not exact,
        "logarithmic": logarithmic, "bars": bars, "below": counted.get(0, 0), "above": counted.get(len(edges), 0),
    }  # fmt: skip


def _bar(x: str, edges: Sequence[float], logarithmic: bool) -> str:
    """SQL of the bar of a value: 0 below the first edge, the number of edges at or above the last.

    The place is worked out, then put right where rounding has left a value on the wrong side of an edge.
    """
    n = len(edges)
    spots = "[" + ", ".join(repr(edge) for edge in edges) + "]"
    if logarithmic:
        guess = f"floor((ln({x}) - {math.log(edges[0])!r}) / {(math.log(edges[-1]) - math.log(edges[0])) / (n - 1)!r})"
    else:
        guess = f"floor(({x} - {edges[0]!r}) / {(edges[-1] - edges[0]) / (n - 1)!r})"
    place = f"greatest(least({guess}, {n - 2}), 0)::int + 1"
    return (
        f"case when {x} < {edges[0]!r} then 0 when {x} >= {edges[-1]!r} then {n} "
        f"else {place} - ({x} < ({spots})[{place}])::int + ({x} >= ({spots})[{place} + 1])::int end"
    )


def _edges(low: float, high: float, *, whole: bool) -> list[float]:
    """Even edges at round numbers that hold nearly all values."""
    span = high - low
    if span <= 0:
        return [low, low + (1.0 if whole else max(abs(low) * 1e-6, 1e-9))]
    raw = span / BARS
    step = next(
        one * 10.0**power
        for power in (math.floor(math.log10(raw)),)
        for one in (1, 2, 2.5, 5, 10)
        if one * 10.0**power >= raw
    )
    if whole:
        step = max(1.0, math.ceil(step))
    first = math.floor(low / step)
    count = math.floor(high / step) - first + 1
    return [float(f"{(first + k) * step:.12g}") for k in range(count + 1)]


def _log_edges(low: float, high: float) -> list[float]:
    """Edges that grow by a constant factor, from a round power on."""
    per_decade = max(4, min(20, round(BARS / max(math.log10(high / low), 0.5))))
    first, last = math.floor(math.log10(low) * per_decade), math.floor(math.log10(high) * per_decade) + 1
    return [float(f"{10.0 ** (k / per_decade):.6g}") for k in range(first, last + 1)]


def _times(files: Files, column: Column) -> dict[str, Any]:
    days = (moment(column.high) - moment(column.low)).days
    unit = "day" if days <= 60 else ("week" if days <= 400 else "month")
    points = files.ask(
        f"select date_trunc('{unit}', {column.sql}::timestamp)::date::varchar, count(*) from "
        f"{identifier(column.table)} "
        f"where {column.sql} is not null group by 1 order by 1"
    )
    shown = points if len(points) <= 1_000 else []
    return {
        "min": plain(column.low), "max": plain(column.high), "unit": unit,
        "points": [{"at": at, "rows": number} for at, number in shown],
    }  # fmt: skip


def add_declared(found: list[dict[str, Any]], declared: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """Put beside what was seen what a document declares: shares of values, or the share of each bar."""
    for one in found:
        told = declared.get((one["table"], one["column"]))
        if told is None:
            continue
        if "shares" in told and "values" in one:
            seen = {str(value["value"]) for value in one["values"]}
            for value in one["values"]:
                value["declared"] = plain(told["shares"].get(str(value["value"]), 0.0))
            one["values"] += [
                {"value": value, "rows": 0, "share": 0.0, "declared": plain(share)}
                for value, share in told["shares"].items()
                if value not in seen
            ]
            one["declared"] = told["text"]
        elif "chance" in told and "bars" in one:
            for bar in one["bars"]:
                bar["declared"] = plain(told["chance"](bar["from"], bar["to"]))
            one["declared"] = told["text"]
