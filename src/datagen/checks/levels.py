"""Compares columns that factors move with their laws: each value divided by its factors, as a whole and group by group.

What is left of a value when the factors of its row are taken away must follow the declared law, in every segment, month,
weekday and hour: a level that is wrong, a season that acts at other hours or a segment that does not act shows at once.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.checks.chance import Figure, Point, share_error
from datagen.checks.influences import Spelling
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.moved import Moved

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
MIDDLE = 0.5  # the one that is looked at in every group
ROUGH = 0.005  # of a share: laws are known by 1,000 equally likely values
FAR_OUT = 0.002  # at the ends of a law, where those values stand for a thousandth each
PRACTICE = "half a point of a share, which is how finely laws are worked out"
FEWEST = 100  # values of a group of which a law can be told
MOST_GROUPS = 400  # of one factor
MOST_PAIRS = 2e9  # rows of the table times rows of a table of effects: beyond, the answer would be waited for
CLOSE = 1e-3  # of a number that is always the same
FINE = 1e-9  # of a value: what arithmetic may be off


def level_figure(database: duckdb.DuckDBPyConnection, law: ColumnLaw, moved: Moved, where: dict[str, object]) -> Figure:
    """The shares of values below quantiles of a law times the factors of their rows; in groups, below the middle one."""
    more: dict[str, Any] = {"practice": PRACTICE, "where": where}
    about = f"{law.text}, times {', '.join(one['name'] for one in moved.factors) or 'nothing'}"
    place = f"{law.table}.{law.column}"
    if _pairs(database, law, moved) > MOST_PAIRS:
        reason = "there are too many rows of effects for so many rows"
        return Figure("law.level", "statistics", place, about, unjudged=reason, **more)
    points = list(_points(database, law, moved))
    reason = "" if points else f"fewer than {FEWEST} values"
    return Figure("law.level", "statistics", place, about, points, reason, **more)


def _points(database: duckdb.DuckDBPyConnection, law: ColumnLaw, moved: Moved) -> Iterator[Point]:
    edges = _edges(moved)
    spelling = Spelling(identifier)
    spelled = [spelling.factor(one) for one in moved.factors]
    factor = " * ".join(factor for factor, _ in spelled) or "1.0"
    groups = [f"g{place}" for place in range(len(spelled))] if moved.grouped else []
    named = "".join(f", ({group})::varchar as g{place}" for place, (_, group) in enumerate(spelled))
    # a value is known up to its last place: below an edge for sure, or perhaps
    half = 0.5 if law.type == "int" else 0.5 * 10.0**-law.decimals if law.decimals is not None else 0.0
    counts = "".join(
        f", count(*) filter (where x < at{place} - slack and x < {_number(moved.high)}),"
        f" count(*) filter (where x <= at{place} + slack or x <= {_number(moved.low)})"
        for place in range(len(edges))
    )
    lines = ", ".join(f"{edge!r} * f + {moved.shift!r} as at{place}" for place, (edge, _, _) in enumerate(edges))
    sets = ", ".join(["()", *(f"({group})" for group in groups)])
    ids = f"grouping({', '.join(groups)})" if groups else "0"
    shown = ", ".join(groups) or "null"
    rows = database.execute(
        f"""with rows as (
    select t0.{identifier(law.column)}::double as x, ({factor})::double as f{named}
    from {identifier(law.table)} as t0 {" ".join(spelling.joins)} where t0.{identifier(law.column)} is not null),
lines as (select *, {half!r} + {FINE!r} * abs(x) as slack, {lines} from rows where f > 0)
select {ids}, coalesce({shown}), count(*){counts} from lines group by grouping sets ({sets}) order by all"""
    ).fetchall()
    whole = (1 << len(groups)) - 1
    for place in range(len(groups)):
        if sum(row[0] == whole - (1 << (len(groups) - 1 - place)) for row in rows) > MOST_GROUPS:
            whole_of = whole - (1 << (len(groups) - 1 - place))
            rows = [row for row in rows if row[0] != whole_of]
    for level, group, n, *counted in rows:
        if n < FEWEST:
            continue
        name = "" if level == whole else f", {_named(moved, whole - level, len(groups))} {group}"
        for place, (edge, share, rough) in enumerate(edges):
            if level != whole and place != _middle(edges):
                continue
            surely, perhaps = counted[2 * place] / n, counted[2 * place + 1] / n
            measured = min(max(share, surely), perhaps)
            yield Point(
                measured, share, share_error(share, n), rough,
                f"share of values up to {edge:.6g} times their factors{name}",
            )  # fmt: skip


def _edges(moved: Moved) -> list[tuple[float, float, float]]:
    """(edge, share of values below it, practical width), between two values of the law so that none lies on it.

    Beside some quantiles the ends of a law with outliers, beyond which hardly anything else lies.
    """
    numbers = moved.numbers
    if numbers[0] == numbers[-1]:  # the same number everywhere, and nothing on either side of it
        width = CLOSE * abs(float(numbers[0]))
        found = [float(numbers[0]) - width, float(numbers[0]) + width]
    else:
        found = []
        for quantile in QUANTILES:
            place = int(quantile * len(numbers))
            after = int(np.searchsorted(numbers, numbers[place], side="right"))
            if after < len(numbers):
                found.append((float(numbers[after - 1]) + float(numbers[after])) / 2)
    edges = {edge: (moved.below(edge), ROUGH) for edge in found}
    if moved.outliers and numbers[0] > 0:
        edges |= {
            float(edge): (moved.below(float(edge)), FAR_OUT) for edge in (numbers[0] * 0.999, numbers[-1] * 1.001)
        }
    return [(edge, share, rough) for edge, (share, rough) in sorted(edges.items())]


def _middle(edges: list[tuple[float, float, float]]) -> int:
    return min(range(len(edges)), key=lambda place: abs(edges[place][1] - MIDDLE))


def _named(moved: Moved, bit: int, groups: int) -> str:
    """The name of the factor whose groups a row of the answer is of."""
    return str(moved.factors[groups - bit.bit_length()]["name"])


def _number(end: float) -> str:
    return repr(end) if math.isfinite(end) else f"'{end}'::double"


def _pairs(database: duckdb.DuckDBPyConnection, law: ColumnLaw, moved: Moved) -> float:
    """Rows times rows of the largest table of effects."""
    sizes = [0.0]
    for one in moved.factors:
        if one["kind"] == "effect":
            row = database.execute(
                f"select (select count(*) from {identifier(law.table)}) * (select count(*) from {identifier(one['of'])})"
            ).fetchone()
            sizes.append(0.0 if row is None else float(row[0]))
    return max(sizes)
