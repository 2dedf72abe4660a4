"""Measures how far the means of groups are from the product of declared factors, by SQL over the written files.

The level is common to all groups: the sum of the column divided by the sum of the factors of its rows. Errors are means over
groups, weighted by their rows; those of a share are of the measured mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen.sql.spelling import identifier, literal

PARTS = {"hour": "hour(t0.{0}::timestamp) + 1", "dow": "isodow(t0.{0})", "month": "month(t0.{0})"}
COMBINED = {"first": "arg_min(e.{0}, e.{1})", "product": "product(e.{0})", "sum": "sum(e.{0})", "max": "max(e.{0})"}

ERRORS = ("mae", "mape")  # of a composite effect, in the order of its row


def figure_of(kind: str, column: str) -> str:
    """SQL of what a target bounds. column: as SQL writes it."""
    return f"avg((isodow({column}) > 5)::int)" if kind == "weekend_share" else f"avg({column})"


def composite_sql(
    table: str, column: str, influences: Sequence[Mapping[str, Any]], source: Callable[[str], str]
) -> str:
    """A SELECT of one row: mean absolute error, the same as a share, the number of groups.

    source: of a table, as it stands behind `from`.
    """
    joins: list[str] = []
    seen: dict[tuple[Any, ...], str] = {}
    groups: list[str] = []
    factors: list[str] = []
    for one in influences:
        if one["kind"] == "value":
            value = f"{_joined(one['hops'], joins, seen, source)}.{identifier(one['column'])}::varchar"
            cases = "".join(f" when {literal(text)} then {factor!r}" for text, factor in one["factors"].items())
            groups.append(value)
            factors.append(f"case {value}{cases} else {one['else']!r} end" if cases else repr(one["else"]))
        elif one["kind"] == "season":
            part = PARTS[one["dimension"]].format(identifier(one["column"]))
            groups.append(part)
            factors.append(f"coalesce({one['weights']!r}[{part}], 1.0)")
        else:
            factors.append(_effect(one, source))
            groups.append(factors[-1])
    named = ", ".join(f"{group} as g{place}" for place, group in enumerate(groups))
    return f"""with rows as (
    select t0.{identifier(column)}::double as m, {" * ".join(factors)} as f, {named}
    from {source(table)} as t0 {" ".join(joins)} where t0.{identifier(column)} is not null),
groups as (
    select avg(m) as measured, avg(f) * (select sum(m) / nullif(sum(f), 0) from rows) as predicted, count(*) as n
    from rows group by {", ".join(f"g{place}" for place in range(len(groups)))})
select sum(n * abs(measured - predicted)) / sum(n), sum(n * abs(measured - predicted) / nullif(abs(measured), 0)) / sum(n),
    count(*) from groups"""


def _joined(
    hops: Sequence[Sequence[str]], joins: list[str], seen: dict[tuple[Any, ...], str], source: Callable[[str], str]
) -> str:
    """The alias of the table at the end of the hops, joined once."""
    last, path = "t0", ()
    for hop in hops:
        column, table, key = hop
        path = (*path, tuple(hop))  # type: ignore[assignment]
        if path not in seen:
            seen[path] = f"j{len(seen)}"
            on = f"{last}.{identifier(column)} = {seen[path]}.{identifier(key)}"
            joins.append(f"left join {source(table)} as {seen[path]} on {on}")
        last = seen[path]
    return last


def _effect(one: Mapping[str, Any], source: Callable[[str], str]) -> str:
    """The factor of the effect rows in whose windows a row lies."""
    time, start, end = (identifier(one[key]) for key in ("column", "start", "end"))
    until = f"t0.{time} < e.{end} + interval 1 day" if one["whole_day"] else f"t0.{time} <= e.{end}"
    keys = "".join(f" and t0.{identifier(own)} = e.{identifier(there)}" for own, there in one["on"].items())
    figure = COMBINED[one["combine"]].format(identifier(one["field"]), identifier(one["pk"]))
    where = (
        f"t0.{time} >= e.{start} and (e.{end} is null or {until}) and e.{identifier(one['field'])} is not null{keys}"
    )
    return f"coalesce((select {figure} from {source(one['of'])} as e where {where}), {one['default']!r})"
