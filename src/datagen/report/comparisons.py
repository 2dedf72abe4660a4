"""Groups compared: what every segment-like column goes with, in the measures and in the numbers of rows, and how surely.

A mean is a ratio of two sums over clusters, the rows of the table in which the column stands (or of the larger one above
it), so that rows of one customer count as one piece of evidence. All comparisons of the report are corrected together
(Holm): among all that are called `differs`, the chance that even one is mere chance is at most `ALPHA`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from datagen.report.files import ROW, Column, Files, Way, plain
from datagen.sql.spelling import identifier

ALPHA = 0.01
LEAST = 50  # clusters in a group; with fewer its error is itself a guess
MOST = 2_000  # comparisons; beyond it the columns that come last are left out, and the page says so
LEVEL = 1.959963984540054  # standard errors of an interval of 95 %


def comparisons(files: Files) -> dict[str, Any]:
    """Every comparison with its interval and what holds after correction, the surest first."""
    found: list[dict[str, Any]] = []
    left_out = 0
    for table in files.entries:
        for way in files.ways(table):
            for segment in files.segments(way.end):
                if len(found) >= MOST:
                    left_out += 1
                    continue
                measures = [one for one in files.measures(table) if way.hops or one.name != segment.name]
                found += _rows(files, way, segment) if len(way.hops) == 1 else []
                found += _means(files, way, segment, measures) if measures else []
    tried = [pair for one in found for pair in one["pairs"]]
    _correct(tried)
    for one in found:
        one["differs"] = any(pair["differs"] for pair in one["pairs"])
    found.sort(key=lambda one: (not one["differs"], -max(abs(pair["errors"]) for pair in one["pairs"])))
    return {"alpha": ALPHA, "tried": len(tried), "columns_left_out": left_out, "found": found}


def _rows(files: Files, way: Way, segment: Column) -> list[dict[str, Any]]:
    """Rows of a table per row of the one that it points to."""
    _, key, entity, column = way.hops[0]
    cluster, joins = _cluster(files, Way(entity), f"t.{identifier(column)}")
    units = (
        f"select {cluster} as c, t.{segment.sql}::varchar as v, sum(coalesce(k.n, 0))::double as y0, "
        "count(*)::double as n0 "
        f"from {joins} left join (select {identifier(key)} as c, count(*) as n from {identifier(way.home)} group "
        "by 1) k "
        f"on t.{identifier(column)} = k.c where t.{segment.sql} is not null group by 1, 2"
    )
    return list(_compared(files, units, way, segment, [None]))


def _means(files: Files, way: Way, segment: Column, measures: Sequence[Column]) -> list[dict[str, Any]]:
    """Means of measures of the rows."""
    own = f"{way.alias}.{identifier(way.hops[-1][3] if way.hops else files.key_of(way.end) or ROW)}"
    cluster, joins = _cluster(files, way, own)
    sums = ", ".join(
        f"sum(t.{one.sql})::double as y{place}, count(t.{one.sql})::double as n{place}"
        for place, one in enumerate(measures)
    )
    where = f"{way.alias}.{segment.sql}"
    units = f"select {cluster} as c, {where}::varchar as v, {sums} from {joins} where {where} is not null group by 1, 2"
    return list(_compared(files, units, way, segment, measures))


def _cluster(files: Files, way: Way, own: str) -> tuple[str, str]:
    """(SQL of what counts as one piece of evidence, joins that reach it): the row, or that of a smaller table above it."""
    here, hops = way.end, list(way.hops)
    unit = own
    for _ in range(2):
        above = [
            key for key in files.entries[here].foreign_keys
            if key.table in files.entries and key.table not in (here, way.home, *(hop[2] for hop in hops))
            and LEAST <= files.rows(key.table) < files.rows(here) and not files.columns[here][key.column].nulls
        ]  # fmt: skip
        if not above:
            break
        hops.append((here, above[0].column, above[0].table, above[0].to_column))
        here = above[0].table
        unit = f"a{len(hops)}.{identifier(above[0].to_column)}"
    return unit, Way(way.home, tuple(hops)).joins


def _compared(
    files: Files, units: str, way: Way, segment: Column, measures: Sequence[Column | None]
) -> Iterator[dict[str, Any]]:
    files.ask(f"create or replace temp table units as {units}")
    for place, measure in enumerate(measures):
        y, n = f"y{place}", f"n{place}"
        groups = {
            value: (rows, clusters, total / rows)
            for value, total, rows, clusters in files.ask(
                f"select v, sum({y}), sum({n}), count(*) from units where {n} > 0 group by 1 order by 1"
            )
        }
        kept = {value: one for value, one in groups.items() if one[1] >= LEAST}
        if len(kept) < 2:
            continue
        base = max(kept, key=lambda value: kept[value][0])
        means = f"means as (select v, sum({y}) / sum({n}) as m, sum({n}) as w, count(*) as k from units where {n} > 0 group by 1)"
        errors = dict(
            files.ask(
                f"with {means} select u.v, sum(power({y} - m * {n}, 2)) / any_value(w * w) * any_value(k / (k - 1)) "
                f"from units u join means using (v) where {n} > 0 and k > 1 group by 1"
            )
        )
        cross = dict(
            files.ask(
                f"with {means}, left_over as (select c, v, ({y} - m * {n}) / w as r from units u join means using "
                f"(v) where {n} > 0) "
                "select a.v, sum(a.r * b.r) from left_over a join left_over b using (c) where b.v = $base and "
                "a.v <> $base group by 1",
                {"base": base},
            )
        )
        shown = [_group(value, *kept[value], errors.get(value, 0.0)) for value in kept]
        other, scaled = kept[base][2], all(one[2] > 0 for one in kept.values())
        pairs = []
        for value in kept:
            if value != base:
                variance = (errors.get(value, 0.0), errors.get(base, 0.0), cross.get(value, 0.0))
                fewest = min(kept[value][1], kept[base][1])
                one = _pair(kept[value][2], other, variance, fewest, scaled=scaled)
                if one is not None:
                    pairs.append({"value": value, **one})
        if pairs:
            yield {
                "table": way.home, "measure": measure.name if measure is not None else None,
                "by": f"{way.end}.{segment.name}", "through": len(way.hops), "kind": "ratio" if scaled else "difference",
                "base": base, "groups": shown, "pairs": pairs,
            }  # fmt: skip


def _group(value: str, rows: float, clusters: int, mean: float, variance: float) -> dict[str, Any]:
    error = math.sqrt(max(variance, 0.0))
    low, high = plain(mean - LEVEL * error), plain(mean + LEVEL * error)
    return {"value": value, "rows": int(rows), "units": clusters, "mean": plain(mean), "low": low, "high": high}


def _pair(
    mean: float, other: float, variance: tuple[float, float, float], fewest: int, *, scaled: bool
) -> dict[str, Any] | None:
    """The ratio of two means, or their difference where a ratio says nothing, with its error and chance."""
    from scipy.special import stdtr

    own, base, both = variance
    if scaled:
        size = mean / other
        error = size * math.sqrt(max(own / mean**2 + base / other**2 - 2 * both / (mean * other), 0.0))
        # of a ratio the logarithm is the nearer to normal
        errors = math.log(size) / (error / size) if error > 0 else 0.0
        spread = math.exp(LEVEL * error / size) if error < 10 * size else math.inf
        low, high = size / spread, size * spread
    else:
        size = mean - other
        error = math.sqrt(max(own + base - 2 * both, 0.0))
        errors = size / error if error > 0 else 0.0
        low, high = size - LEVEL * error, size + LEVEL * error
    if error <= 0:
        return None
    chance = float(2.0 * stdtr(float(fewest - 1), -abs(errors)))
    return {
        "size": plain(size), "low": plain(low), "high": plain(high), "errors": plain(errors), "chance": plain(chance)
    }  # fmt: skip


def _correct(found: list[dict[str, Any]]) -> None:
    """Holm's correction: the chances in order, each times the number of those that are not smaller."""
    running = 0.0
    for place, one in enumerate(sorted(found, key=lambda one: one["chance"])):
        running = max(running, min(1.0, one["chance"] * (len(found) - place)))
        one["chance_corrected"] = plain(running)
        one["differs"] = running < ALPHA
