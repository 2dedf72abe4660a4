"""Measures how far the means of groups are from the product of declared factors, by SQL over the written files.

The level is common to all groups: the sum of the column divided by the sum of the factors of its rows. Errors are means over
groups, weighted by their rows; those of a share are of the measured mean.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datagen.checks.influences import Spelling
from datagen.sql.spelling import identifier

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
    spelling = Spelling(source)
    factors, groups = zip(*(spelling.factor(one) for one in influences), strict=True)
    named = ", ".join(f"{group} as g{place}" for place, group in enumerate(groups))
    return f"""with rows as (
    select t0.{identifier(column)}::double as m, {" * ".join(factors)} as f, {named}
    from {source(table)} as t0 {" ".join(spelling.joins)} where t0.{identifier(column)} is not null),
groups as (
    select avg(m) as measured, avg(f) * (select sum(m) / nullif(sum(f), 0) from rows) as predicted, count(*) as n
    from rows group by {", ".join(f"g{place}" for place in range(len(groups)))})
select sum(n * abs(measured - predicted)) / sum(n), sum(n * abs(measured - predicted) / nullif(abs(measured), 0)) / sum(n),
    count(*) from groups"""
