"""Measures planted effects in the files, by the SQL of the answer key: each has a statistic, what it should be, and its error.

The SQL looks at written tables only; what it should give was worked out from the document before any row was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from datagen.checks.chance import Figure, Point
from datagen.checks.rules import place_of

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.effects import PlantedEffect
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

# by kind: what is of no consequence in practice, as a share of what is expected, or as it stands
RELATIVE: Mapping[str, float] = {
    "trend": 0.10, "seasonality": 0.04, "segment_rows": 0.05, "segment_values": 0.03, "stay_median": 0.05,
    "touches": 0.05, "acceleration": 0.05, "channel": 0.05,
}  # fmt: skip
ABSOLUTE: Mapping[str, float] = {
    "ageing": 0.03,
    "survival": 0.03,
    "stage_share": 0.02,
    "correlation": 0.03,
    "dwell": 0.02,
    "adopted": 0.01,
}
UNKNOWN = "how far chance may take it is not known before the rows are made"


def effect_figures(
    database: duckdb.DuckDBPyConnection, plan: Plan, document: Document | None, columns: Mapping[str, Collection[str]]
) -> Iterator[Figure]:
    """Every planted effect of the tables that are there, and the statistics that no analyst is asked for."""
    for effect in (*plan.effects, *plan.statistics()):
        if effect.table in columns and all(column in columns.get(table, ()) for table, column in effect.columns):
            yield _figure(database, effect, document)


def _figure(database: duckdb.DuckDBPyConnection, effect: PlantedEffect, document: Document | None) -> Figure:
    import _duckdb as duckdb

    where = {} if document is None or not effect.loc else place_of(document, effect.loc)
    unjudged, measured = "", None
    try:
        row = database.execute(effect.sql).fetchone()
        measured = None if row is None or row[0] is None else float(row[0])
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error as error:
        unjudged = f"it cannot be measured: {str(error).splitlines()[0]}"
    if effect.standard_error is None and not unjudged:
        unjudged = UNKNOWN
    points: list[Point] = []
    if measured is not None and effect.standard_error is not None:
        practical = RELATIVE.get(effect.kind, 0.0) * abs(effect.expected) + ABSOLUTE.get(effect.kind, 0.0)
        ratio = effect.absent == 1.0 and effect.expected > 0
        points.append(Point(measured, effect.expected, effect.standard_error, practical, ratio=ratio))
    place = effect.table if len(effect.columns) != 1 else ".".join(effect.columns[-1])
    return Figure(
        "effect.missed", "behaviour", place, f"{effect.statement} ({effect.statistic})", points, unjudged,
        f"what is of no consequence for a {effect.kind.replace('_', ' ')}", measured, effect.expected,
        hint=effect.id, where=where,
    )  # fmt: skip
