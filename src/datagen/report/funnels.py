"""Funnels: how many reach each stage, how long it takes, and how the steps differ between groups of those who walk."""

from __future__ import annotations

import math
from typing import Any

from datagen.report.comparisons import LEAST, LEVEL
from datagen.report.files import FEW, Column, Files, plain
from datagen.sql.spelling import identifier


def funnels(files: Files) -> list[dict[str, Any]]:
    """For every table of stages, one row per stage reached."""
    found = []
    for table in files.entries:
        stage = next((one for one in files.columns[table].values() if one.role == "stage"), None) or _stage_like(
            files, table
        )
        time, walker = files.time_of(table), _walker(files, table)
        if stage is not None and time is not None and walker is not None:
            found.append(_funnel(files, table, stage, time, walker))
    return found


def _walker(files: Files, table: str) -> list[str] | None:
    """The columns that tell whose stage a row is: the key of a table above, and a number of the journey where there is one."""
    keys = [key.column for key in files.entries[table].foreign_keys]
    journeys = [column.name for column in files.columns[table].values() if column.role == "journey"]
    return [keys[0], *journeys[:1]] if keys else None


def _stage_like(files: Files, table: str) -> Column | None:
    """A column of few texts that nobody has twice, every later one reached by fewer, and always after the one before."""
    time, walker = files.time_of(table), _walker(files, table)
    if time is None or walker is None or any(one.role in ("state", "stage") for one in files.columns[table].values()):
        return None
    who, name = ", ".join(map(identifier, walker)), identifier(table)
    for column in files.columns[table].values():
        if column.kind != "category" or column.type != "string" or not 3 <= column.distinct <= FEW or column.nulls:
            continue
        if files.one(f"select count(*) - count(distinct ({who}, {column.sql})) from {name}")[0]:
            continue
        rows = files.ask(
            f"with placed as (select {column.sql} as v, row_number() over (partition by {who} order by "
            f"{time.sql}) as k from {name}) "
            "select v, count(*), min(k), max(k) from placed group by 1 order by 2 desc"
        )
        if all(low == high == place + 1 for place, (_, _, low, high) in enumerate(rows)):
            return column
    return None


def _funnel(files: Files, table: str, stage: Column, time: Column, walker: list[str]) -> dict[str, Any]:
    who, name = ", ".join(map(identifier, walker)), identifier(table)
    files.ask(
        f"create or replace temp table walked as select {identifier(walker[0])} as c, {stage.sql}::varchar as v, "
        f"{time.sql}::timestamp as happened, "
        f"lead({time.sql}::timestamp) over w as next_at, lead({stage.sql}::varchar) over w as next, row_number() "
        "over w as k "
        f"from {name} where {stage.sql} is not null window w as (partition by {who} order by {time.sql}, "
        f"{_order(files, table)})"
    )
    order = [v for (v,) in files.ask("select v from walked group by 1 order by avg(k), count(*) desc")]
    _, end = files.span(time)
    stages = []
    for place, value in enumerate(order):
        reached, went, waited = files.one(
            "select count(*), count(next), approx_quantile(epoch(next_at) - epoch(happened), 0.99) filter (next "
            "is not null) from walked where v = $v",
            {"v": value},
        )
        median = files.one(
            "select median(epoch(next_at) - epoch(happened)) from walked where v = $v and next is not null",
            {"v": value},
        )[0]
        ripe, ripe_went = files.one(
            f"select count(*), count(next) from walked where v = $v and epoch(happened) + {waited or 0.0} <= "
            f"epoch(timestamp '{end}')",
            {"v": value},
        )
        stages.append(
            {
                "stage": value, "reached": reached, "of_first": None, "went_on": went if place + 1 < len(order) else None,
                "share_on": plain(went / reached) if place + 1 < len(order) and reached else None,
                "followed": ripe, "followed_share_on": plain(ripe_went / ripe) if place + 1 < len(order) and ripe else None,
                "median_days": plain(median / 86400) if median is not None else None,
            }
        )  # fmt: skip
    for one in stages:
        one["of_first"] = plain(one["reached"] / stages[0]["reached"]) if stages[0]["reached"] else None
    return {
        "table": table, "stage": stage.name, "stages": stages, "by": _by_group(files, table, walker[0], order),
        "out_of_order": files.one("select count(*) from walked where next_at < happened")[0],
    }  # fmt: skip


def _order(files: Files, table: str) -> str:
    """What decides between rows of one moment: the number of the stage, else the key."""
    told = [one.sql for one in files.columns[table].values() if one.role == "stage_index"]
    key = files.key_of(table)
    return ", ".join([*told, *([identifier(key)] if key is not None else [])]) or "1"


def _by_group(files: Files, table: str, key: str, order: list[str]) -> list[dict[str, Any]]:
    """Shares that go on, by every segment of those who walk, with the odds against the commonest group."""
    away = next(one for one in files.entries[table].foreign_keys if one.column == key)
    if away.table not in files.entries:
        return []
    found = []
    for segment in files.segments(away.table):
        rows = files.ask(
            f"select v, e.{segment.sql}::varchar, count(*), count(next) from walked w join "
            f"{identifier(away.table)} e "
            f"on w.c = e.{identifier(away.to_column)} where e.{segment.sql} is not null group by 1, 2 order by 1, 2"
        )
        counted = {(v, group): (number, went) for v, group, number, went in rows}
        groups = sorted({group for _, group, _, _ in rows})
        base = max(groups, key=lambda group: counted.get((order[0], group), (0, 0))[0])
        steps = []
        for v in order[:-1]:
            for group in groups:
                number, went = counted.get((v, group), (0, 0))
                if number < LEAST:
                    continue
                low, high = wilson(went, number)
                other, other_went = counted.get((v, base), (0, 0))
                steps.append(
                    {
                        "stage": v, "group": group, "reached": number, "share_on": plain(went / number),
                        "low": plain(low), "high": plain(high),
                        **_odds(went, number - went, other_went, other - other_went, own=group == base),
                    }
                )  # fmt: skip
        found.append(
            {"by": f"{away.table}.{segment.name}", "base": base, "steps": steps, "pooled": _pooled(steps, base)}
        )
    return found


def _odds(on: int, off: int, base_on: int, base_off: int, *, own: bool) -> dict[str, Any]:
    """The odds of going on against those of the base, and the standard error of their logarithm."""
    if own or min(on, off, base_on, base_off) < 5:
        return {"odds": None, "odds_error": None}
    odds = on * base_off / (off * base_on)
    return {"odds": plain(odds), "odds_error": plain(math.sqrt(1 / on + 1 / off + 1 / base_on + 1 / base_off))}


def _pooled(steps: list[dict[str, Any]], base: str) -> list[dict[str, Any]]:
    """The odds of each group over all steps together, weighted by how sure each is."""
    found = []
    for group in sorted({one["group"] for one in steps} - {base}):
        known = [one for one in steps if one["group"] == group and one["odds"] is not None]
        if not known:
            continue
        weights = [one["odds_error"] ** -2 for one in known]
        log = sum(w * math.log(one["odds"]) for w, one in zip(weights, known, strict=True)) / sum(weights)
        error = sum(weights) ** -0.5
        found.append(
            {
                "group": group, "odds": plain(math.exp(log)), "low": plain(math.exp(log - LEVEL * error)),
                "high": plain(math.exp(log + LEVEL * error)), "errors": plain(log / error),
            }
        )  # fmt: skip
    return found


def wilson(hits: int, number: int) -> tuple[float, float]:
    """Interval of 95 % of a share (Wilson)."""
    share, z = hits / number, LEVEL
    centre = (share + z * z / (2 * number)) / (1 + z * z / number)
    reach = z / (1 + z * z / number) * math.sqrt(share * (1 - share) / number + z * z / (4 * number * number))
    return max(0.0, centre - reach), min(1.0, centre + reach)
