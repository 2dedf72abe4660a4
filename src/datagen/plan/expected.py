"""The expected rows of tables whose number hangs on what other columns hold: the mean over a sample of their parents."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from datagen.errors import SchemaError
from datagen.plan.representative import Sample, UntoldError, samples
from datagen.rows._rate import RateRows

if TYPE_CHECKING:
    from datagen.plan.binding import Binding


def told_rows(binding: Binding) -> dict[str, float]:
    """Expected rows per parent of the tables for which their laws alone give but a guess; without those that stay one."""
    told: dict[str, float] = {}
    for name, rows in binding.counts.items():
        if not getattr(rows, "guessed", False):
            continue
        found = _of_others(binding, name, rows, told)
        if found is None:
            found = _looked_at(binding, name, rows)
        if found is not None:
            told[name] = found
    return told


def _looked_at(binding: Binding, table: str, rows: Any) -> float | None:
    """The mean over sampled parents; None where no sample can tell."""
    parent = binding.tables[table].parent
    for sample in samples(binding) if parent is not None else ():
        try:
            return _mean(rows, sample, str(parent))
        except (UntoldError, SchemaError):  # a run that meets the same error tells it
            continue
    return None


def _mean(rows: Any, sample: Sample, parent: str) -> float:
    block = sample.block(parent)
    if not block.rows:
        raise UntoldError(parent)
    if isinstance(rows, RateRows) and rows.clamp[0] <= 0 and math.isinf(rows.clamp[1]):
        return float(rows.expected_of(block).mean())  # what is expected varies less than what is drawn
    return float(rows(block).mean())


def _of_others(binding: Binding, table: str, rows: Any, told: Mapping[str, float]) -> float | None:
    """Expected rows per parent of a stream, which has its emits' rows, and of a share of one."""

    def whole(name: str) -> float:
        parent = binding.tables[name].parent
        if parent is None:
            return binding.expected_rows(name)
        each = told.get(name)
        if each is None:
            counts = binding.counts.get(name)
            if counts is None or counts.guessed:
                raise UntoldError(name)
            each = float(counts.expected)
        return whole(parent) * each

    emitting = binding.emitting.get(table)
    try:
        if binding.drafting.kinds[table] == "stream":
            found = sum(whole(one.table) for one in rows.merging.emits)
        elif emitting is not None and emitting.spec.share is not None:
            found = emitting.shares.wanted(table, sum(whole(one) for one in emitting.shares.others))
        else:
            return None
        return found / max(whole(str(binding.tables[table].parent)), 1.0)
    except UntoldError:
        return None
