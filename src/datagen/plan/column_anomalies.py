"""Planted oddities of a column: what they read, the steps behind its other changes, and their labels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Change, Reader, Values
from datagen.kernel import elementary
from datagen.kernel.address import salt_of
from datagen.modifiers._scaled import scaled
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft
from datagen.rows._anomalies import AnomalyLabel, labelled
from datagen.schema.model_fanout import Anomaly
from datagen.schema.model_findings import check_part


def anomaly_reads(binding: Binding, column: ColumnDraft) -> list[str]:
    """Names that the oddities of a column read in its row."""
    time = time_column_of(binding.tables[column.table])
    return [time] if _written(binding, column) and time not in (None, column.name) else []


def anomaly_changes(binding: Binding, column: ColumnDraft) -> list[Change]:
    """The oddities of a column as steps, in the order written; findings where they cannot be."""
    written = _written(binding, column)
    if not written:
        return []
    at = (*column.loc, "anomalies")
    time = time_column_of(binding.tables[column.table])
    if column.type not in ("int", "float"):
        binding.refuse(
            "anomaly.not_a_number",
            at,
            found=f"anomalies of {column.name} of type {column.type}",
            expected="a column of numbers, or the fan-out of the table",
        )
        return []
    if time is None:
        binding.refuse(
            "anomaly.no_time",
            at,
            found=f"anomalies of {column.table}.{column.name}, whose rows have no time",
            expected=f"a datetime column in {column.table}",
        )
        return []
    scope = binding.scope_of(column, loc=column.loc)
    nullable = bool(binding.drafting.specs[column.table, column.name].get("nullable", False))
    changes: list[Change] = []
    seen: list[str] = []
    for place, spec in enumerate(written):
        one, findings = check_part(Anomaly, spec, binding.document, (*at, place))
        binding.findings.extend(findings)
        label = None if one is None else labelled(one, column.table, column.name, scope, ("anomalies", place))
        if label is None:
            continue
        if label.kind == "gap" and not nullable:
            binding.refuse(
                "anomaly.gap_nulls",
                (*at, place),
                found=f"a gap in {column.name}, whose values may not be null",
                expected="nullable: true",
            )
            continue
        salt = salt_of(column.table, column.name, f"anomaly {label.kind}", seen.count(label.kind))
        seen.append(label.kind)
        binding.anomalies.append(label)
        changes.append(_step(label, scope.read(time), salt))
    return changes


def _written(binding: Binding, column: ColumnDraft) -> list[dict[str, object]]:
    return list(binding.drafting.specs[column.table, column.name].get("anomalies") or ())


def _step(label: AnomalyLabel, when: Reader, salt: int) -> Change:
    def change(block: Block, values: Values) -> Values:
        times = when(block)
        moments = np.asarray(times.array, dtype=np.int64)
        struck = (moments >= label.start) & (moments < label.end)
        if times.valid is not None:
            struck &= times.valid
        if label.kind == "gap":
            return values.changed(valid=~struck if values.valid is None else values.valid & ~struck)
        factors = np.where(struck, _unsettled(block, salt, label.size) if label.kind == "variance" else label.size, 1.0)
        return values.changed(kind="float", array=scaled(values, factors))

    return change


def _unsettled(block: Block, salt: int, size: float) -> NDArray[np.float64]:
    """(n,) factors of mean 1 by which rows are off: most of them by up to `size` times, either way."""
    spread = float(elementary.log(np.array([size]))[0])
    u = np.clip(block.uniform(salt), 2.0**-53, 1 - 2.0**-53)
    return elementary.exp(elementary.normal_quantile(u) * spread - spread * spread / 2.0)
