"""Entities that arrive in time: how many rows a table has when they come at a rate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from datagen.kernel.address import salt_of, table_key
from datagen.kernel.clock import DAY_US
from datagen.kernel.intensity import Intensity
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft, TableDraft
from datagen.plan.row_scope import PlanRowScope
from datagen.rows._arrivals import MOST_ROWS, Arrivals
from datagen.rows._exposure import STEPS
from datagen.rows._shaping import Shaping, multipliers, seasons_of_time
from datagen.schema.durations import LENGTHS
from datagen.schema.model_fanout import ArrivalRate
from datagen.schema.model_findings import check_part


def arriving(binding: Binding, table: TableDraft) -> ColumnDraft | None:
    """The column that holds the arrivals of a table whose `rows` are a rate; None where there is none."""
    if table.parent is not None or not isinstance(binding.drafting.nodes[table.id].get("rows"), Mapping):
        return None
    for column in table.columns.values():
        if column.word == "process" and column.role in ("created", "time"):
            return column
    name = time_column_of(table)
    if name is not None and table.columns[name].word == "datetime_series":
        return table.columns[name]
    binding.refuse(
        "arrivals.no_time",
        (*table.loc, "rows"),
        found=f"rows of {table.id} that arrive at a rate, and no column to hold their time",
        expected="a column with role: created and no generator, or a datetime_series",
    )
    return None


def bind_arrivals(binding: Binding, table: TableDraft, column: ColumnDraft, scale: float) -> Arrivals | None:
    """Count the arrivals of a table in the window, or None after a refusal."""
    at = (*table.loc, "rows")
    written = binding.drafting.nodes[table.id]["rows"]
    spec, findings = check_part(ArrivalRate, written, binding.document, at)
    binding.findings.extend(findings)
    timeframe = binding.timeframe
    if spec is None:
        return None
    if timeframe is None:
        binding.refuse(
            "fanout.no_timeframe",
            at,
            found=f"rows of {table.id} in time, in a document without a timeframe",
            expected="timeframe: {start, end} at the top of the document",
        )
        return None
    key = table_key(binding.seed, table.id)
    time = binding.scope_of(column, column_type="datetime")
    scope = PlanRowScope(
        own=table.id,
        key=key,
        seed=binding.seed,
        time=time,
        document=binding.document,
        findings=binding.findings,
        tables=binding.tables,
        table=table,
        column=column.name,
        loc=at,
        timeframe=timeframe,
        version_1=binding.version_1,
        salt_path=(table.id, "arrivals"),
    )
    shaping = Shaping(timeframe.start, timeframe.end)
    seasons_of_time(time, shaping)
    effects = multipliers(spec, scope, shaping)  # type: ignore[arg-type]
    if shaping.zones is not None:
        scope.refuse(
            "arrivals.zones",
            "multipliers",
            found=f"weights local to {shaping.zones.readers[0].name}, for rows that are not there yet",
            expected="one time zone for all arrivals, such as Europe/Prague",
        )
    for here, _ in effects:
        here.refuse(
            "arrivals.effect",
            (),
            found=f"an effect on the arrivals of {table.id}, whose number is needed before any table is made",
            expected="trend or seasonality",
            hint="an effect on the fan-out of a fact scales its rows",
        )
    calendar = shaping.calendar(None, over_window=spec.per == "window")
    unit = timeframe.length if spec.per == "window" else LENGTHS[spec.per]
    scaled = float(spec.rate) * scale * DAY_US / unit
    step = STEPS[time.precision]
    start = np.array([-(-timeframe.start // step) * step], dtype=np.int64)
    intensity = Intensity(calendar, start, np.array([timeframe.end], dtype=np.int64), np.array([scaled]))
    if not float(intensity.rows[0]) <= MOST_ROWS:
        binding.refuse(
            "rows.too_many",
            at,
            found=f"{float(intensity.rows[0]):,.0f} rows of {table.id} expected to arrive",
            expected=f"at most {MOST_ROWS:,.0f}",
        )
        return None
    said = f"poisson({float(spec.rate):g}) per {spec.per}" + "".join(f", {one}" for one in shaping.said)
    return Arrivals.made(intensity, key ^ salt_of(table.id, "arrivals"), step, said)
