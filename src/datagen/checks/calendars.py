"""Compares when the rows of a table fall with what is declared: shares of hours, weekdays, months and months of the window."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from datagen.checks.chance import Figure, Point, share_error
from datagen.checks.rules import place_of
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.model import Plan
    from datagen.plan.time_shares import TimeShares
    from datagen.schema.tree import Document

FEWEST = 100  # times of which a law can be told
PARTS = {
    "hour": "hour({}::timestamp)", "dow": "isodow({}) - 1", "month": "month({})", "year": "year({})",
    "period": "date_diff('month', timestamp '1970-01-01', {}::timestamp)",
}  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ONE_ROW = 1.5  # rows: what rounding does to a count


def calendar_figures(
    database: duckdb.DuckDBPyConnection, plan: Plan, document: Document | None, columns: Mapping[str, Collection[str]]
) -> Iterator[Figure]:
    """One figure for every written time whose shares are declared, judged by the worst of them."""
    there = [one for one in plan.times() if one.column in columns.get(one.table, ())]
    for (table, column), several in groupby(there, key=lambda one: (one.table, one.column)):
        known = list(several)
        where = {} if document is None or not known[0].loc else place_of(document, known[0].loc)
        untold = next((one.untold for one in known if one.untold), "")
        points = [] if untold else list(_points(database, known))
        yield Figure(
            "law.calendar", "behaviour", f"{table}.{column}", f"when the rows of {table} fall", points,
            untold or ("" if points else f"fewer than {FEWEST} times"), "what is of no consequence for a share of a calendar",
            where=where,
        )  # fmt: skip


def _points(database: duckdb.DuckDBPyConnection, known: Sequence[TimeShares]) -> Iterator[Point]:
    column, table = identifier(known[0].column), identifier(known[0].table)
    parts = ", ".join(f"{PARTS[one.dimension].format(column)} as g{place}" for place, one in enumerate(known))
    groups = [f"g{place}" for place in range(len(known))]
    rows = database.execute(
        f"select grouping({', '.join(groups)}), coalesce({', '.join(groups)}), count(*) from (select {parts} from {table} "
        f"where {column} is not null) group by grouping sets ({', '.join(f'({group})' for group in groups)})"
    ).fetchall()
    seen: dict[int, dict[int, int]] = {}
    for level, part, count in rows:
        seen.setdefault(int(level), {})[int(part)] = int(count)
    for place, one in enumerate(known):
        counts = seen.get((1 << len(known)) - 1 - (1 << (len(known) - 1 - place)), {})
        n = sum(counts.values())
        for number, (share, unsure) in enumerate(zip(one.shares, one.unsure, strict=True) if n >= FEWEST else ()):
            error = math.hypot(share_error(share, n), unsure)
            practical = max(one.practical * share, ONE_ROW / n) + one.outlying
            name = f"share in {_named(one, number)}"
            yield Point(counts.get(one.first + number, 0) / n, share, error, practical, name)


def _named(one: TimeShares, number: int) -> str:
    """`hour 7`, `Tuesdays`, `month 11`, `2024-03`."""
    if one.dimension == "dow":
        return f"{DAYS[number]}s"
    if one.dimension == "period":
        years, months = divmod(one.first + number, 12)
        return f"{date(1970 + years, months + 1, 1):%Y-%m}"
    return f"{one.dimension} {one.first + number}"
