"""States: the share of entities in each over time, where they go from there, and how often, by group."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from datagen.report.comparisons import LEAST, LEVEL
from datagen.report.files import MANY, Column, Files, plain
from datagen.sql.spelling import identifier

POINTS = 60  # moments at which the shares are shown, at most
UNITS = (("month", 30.4375 * 86400), ("week", 7 * 86400.0), ("day", 86400.0), ("hour", 3600.0))


def states(files: Files) -> list[dict[str, Any]]:
    """For every history of states: a row per change, with whose state it is and when."""
    found = []
    for table, entry in files.entries.items():
        columns = files.columns[table]
        state = next((one for one in columns.values() if one.role == "state"), None) or _followed(columns)
        time = files.time_of(table)
        if state is None or time is None or not entry.foreign_keys or not 2 <= state.distinct <= MANY or not entry.rows:
            continue
        if any(one.role == "period" for one in columns.values()):
            continue  # a row per entity and period: its shares are those of its rows
        found.append(_history(files, table, state, time))
    return found


def _followed(columns: Mapping[str, Column]) -> Column | None:
    """A column `state` beside `previous_state`, whatever the two are called."""
    for name, column in columns.items():
        if f"previous_{name}" in columns and column.kind == "category":
            return column
    return None


def _history(files: Files, table: str, state: Column, time: Column) -> dict[str, Any]:
    away = files.entries[table].foreign_keys[0]
    who, key = identifier(away.column), files.key_of(table)
    last = identifier(key) if key is not None else "1"
    _, end = files.span(time)
    files.ask(
        f"create or replace temp table stays as select {who} as c, {state.sql}::varchar as v, "
        f"{time.sql}::timestamp as since, "
        f"lead({time.sql}::timestamp) over w as until, lead({state.sql}::varchar) over w as next from "
        f"{identifier(table)} "
        f"where {state.sql} is not null and {time.sql} is not null window w as (partition by {who} order by "
        f"{time.sql}, {last})"
    )
    stay = f"epoch(coalesce(until, timestamp '{end}')) - epoch(since)"
    moves = files.ask(f"select v, next, count(*), sum({stay}) from stays group by 1, 2 order by 1, 2")
    totals: dict[str, list[float]] = {}
    for v, after, number, seconds in moves:
        one = totals.setdefault(v, [0.0, 0.0, 0.0])
        one[0] += seconds
        one[1] += number if after is not None else 0
        one[2] += number
    left = {v: one for v, one in totals.items() if one[1]}
    typical = sum(one[0] for one in left.values()) / max(sum(one[1] for one in left.values()), 1.0)
    unit, length = next(((name, seconds) for name, seconds in UNITS if typical >= 2 * seconds), UNITS[-1])
    exits = [
        {
            "state": v, "entered": int(one[2]), "left": int(one[1]), f"{'time'}_at_risk": plain(one[0] / length),
            "loss": plain(-math.expm1(-one[1] / (one[0] / length))) if one[0] > 0 else None,
        }
        for v, one in totals.items()
    ]  # fmt: skip
    rates = [
        {
            "from": v, "to": after, "number": number, "share": plain(number / totals[v][1]),
            "per_unit": _per_unit(number, totals[v], length),
        }
        for v, after, number, _ in moves
        if after is not None
    ]  # fmt: skip
    return {
        "table": table, "state": state.name, "entity": away.table, "unit": unit, "exits": exits, "moves": rates,
        "over_time": _shares(files, end), "by": _by_group(files, away.table, away.to_column, stay, length, totals),
    }  # fmt: skip


def _per_unit(number: float, total: list[float], length: float) -> float | None:
    """Chance of this move in one unit of time: its part of the chance to leave at all."""
    at_risk = total[0] / length
    chance: float | None = (
        plain(-math.expm1(-total[1] / at_risk) * number / total[1]) if at_risk > 0 and total[1] else None
    )
    return chance


def _shares(files: Files, end: Any) -> list[dict[str, Any]]:
    """Entities in each state at the ends of even stretches, those that are there at all."""
    low, high = files.one("select epoch(min(since)), epoch(max(since)) from stays")
    steps = POINTS if high > low else 1
    width = (high - low) / steps or 1.0
    rows = files.ask(
        f"with moved as (select v, ceil((epoch(since) - {low}) / {width}) as k, 1 as d from stays "
        f"union all select v, ceil((epoch(until) - {low}) / {width}), -1 from stays where until is not null), "
        "summed as (select v, k, sum(d) as d from moved group by 1, 2), "
        f"every as (select v, k from (select distinct v from stays), (select unnest(range({steps + 1})) as k)) "
        "select k, v, sum(coalesce(d, 0)) over (partition by v order by k) as n from every left join summed "
        "using (v, k) order by k, v"
    )
    totals: dict[int, float] = {}
    for k, _, number in rows:
        totals[k] = totals.get(k, 0) + float(number)
    start = f"make_timestamp((({low} + k * {width}) * 1000000)::bigint)::varchar"
    starts = dict(files.ask(f"select k, {start} from (select unnest(range({steps + 1})) as k)"))
    return [
        {
            "at": starts[k].replace(" ", "T")[:19],
            "state": v,
            "entities": int(number),
            "share": plain(float(number) / totals[k]),
        }
        for k, v, number in rows
        if totals[k] >= 10
    ]


def _by_group(
    files: Files, entity: str, to: str, stay: str, length: float, totals: dict[str, list[float]]
) -> list[dict[str, Any]]:
    """Chances of every move per unit of time by the segments of the entity, against those of the commonest group."""
    if entity not in files.entries:
        return []
    found = []
    for segment in files.segments(entity):
        rows = files.ask(
            f"select v, e.{segment.sql}::varchar as g, next, count(*), sum({stay}) from stays s join "
            f"{identifier(entity)} e "
            f"on s.c = e.{identifier(to)} where e.{segment.sql} is not null group by 1, 2, 3 order by 1, 2, 3"
        )
        risk: dict[tuple[str, str], float] = {}
        out: dict[tuple[str, str], int] = {}
        for v, group, after, number, seconds in rows:
            risk[v, group] = risk.get((v, group), 0.0) + seconds / length
            out[v, group] = out.get((v, group), 0) + (number if after is not None else 0)
        groups = sorted({group for _, group in risk})
        base = max(groups, key=lambda group: sum(value for (_, one), value in risk.items() if one == group))
        moves = {(v, group, after): number for v, group, after, number, _ in rows if after is not None}
        shown = []
        for v, after in sorted({(v, after) for v, _, after in moves}):
            for group in groups:
                number, at_risk = moves.get((v, group, after), 0), risk.get((v, group), 0.0)
                if at_risk < LEAST or not totals[v][1]:
                    continue
                other, other_risk = moves.get((v, base, after), 0), risk.get((v, base), 0.0)
                one: dict[str, Any] = {
                    "from": v, "to": after, "group": group, "moves": number, "at_risk": plain(at_risk),
                    "per_unit": _per_unit(number, [at_risk * length, float(out[v, group])], length), "times_base": None,
                }  # fmt: skip
                if group != base and min(number, other) >= 5:
                    ratio, error = number * other_risk / (other * at_risk), math.sqrt(1 / number + 1 / other)
                    one |= {
                        "times_base": plain(ratio), "low": plain(ratio * math.exp(-LEVEL * error)),
                        "high": plain(ratio * math.exp(LEVEL * error)), "errors": plain(math.log(ratio) / error),
                    }  # fmt: skip
                shown.append(one)
        found.append({"by": f"{entity}.{segment.name}", "base": base, "moves": shown})
    return found
