"""Binds `total` and `mean` of a fan-out: which counts are possible, and whether they can add up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from datagen.rows._contract import BoundRows, RowScope
from datagen.rows._exact_total import ExactTotal
from datagen.schema.model_fanout import Fanout as Spec

MOST_VALUES = 1_000_000  # different counts of one law


def bind_total(law: Mapping[str, Any], spec: Spec, scope: RowScope) -> BoundRows | None:
    """The counts of an exact total or mean, or None after a refusal."""
    key = "total" if spec.total is not None else "mean"
    if spec.total is not None and spec.mean is not None:
        scope.refuse("fanout.total_and_mean", "mean", found="both total and mean", expected="one of them")
        return None
    keys = ("every", "heterogeneity", "multipliers", "bursts", "noise", "holidays", "anomalies", "by_state")
    in_time = [name for name in keys if getattr(spec, name)]
    if spec.per not in (None, "parent") or in_time or scope.time is not None or scope.factors or scope.ages:
        what = (
            in_time[0]
            if in_time
            else f"per: {spec.per}"
            if spec.per not in (None, "parent")
            else ("a time that the fan-out fills" if scope.time is not None else "segments or ages")
        )
        scope.refuse(
            "fanout.total_in_time",
            key,
            found=f"{key} beside {what}",
            expected=f"{key} with a law per parent, min, max and stretch",
            hint="make the time column by datetime_series" if scope.time is not None else "",
        )
        return None
    draw = scope.law(dict(law) if "type" in law else {"type": "uniform", "params": _ends(spec)}, "")
    if draw is None:
        return None
    low, high = draw.support()
    clamp = spec.clamp or (None, None)
    low = max(low, 0.0, 0.0 if clamp[0] is None else float(clamp[0]))
    high = min(high, math.inf if clamp[1] is None else float(clamp[1]))
    if not draw.constant or not math.isfinite(low):
        scope.refuse(
            "fanout.total_by_row",
            key,
            found=f"{key} of a law whose parameters differ between parents",
            expected="a law that is the same for every parent",
        )
        return None
    if not math.isfinite(high):
        high = float(np.ceil(draw.quantile(np.array([1.0 - 2.0**-40]), None)[0])) * 4.0 + 16.0
    if high - low > MOST_VALUES:
        scope.refuse(
            "fanout.total_too_wide",
            key,
            found=f"counts from {low:,.0f} to {high:,.0f}",
            expected=f"at most {MOST_VALUES:,} different counts",
            hint="set max",
        )
        return None
    values = np.arange(math.ceil(low), math.floor(high) + 1, dtype=np.int64)
    edges = values.astype(np.float64)
    weights = np.maximum(draw.cdf(edges + 0.5, None) - draw.cdf(edges - 0.5, None), 1e-300)
    parents = scope.expected_rows(scope.parent)
    wanted = float(spec.total) if spec.total is not None else float(spec.mean or 0.0) * parents
    known = scope.fixed_rows(scope.parent)
    if known is not None and not spec.stretch and not values[0] * known <= round(wanted) <= values[-1] * known:
        scope.refuse(
            "fanout.total_out_of_reach",
            key,
            found=f"{wanted:,.0f} rows from {known:,} rows of {scope.parent} with {values[0]} to {values[-1]} each",
            expected=f"a {key} that gives {values[0] * known:,} to {values[-1] * known:,} rows",
            hint="widen min and max, or say stretch: true to let them give way",
        )
        return None
    return ExactTotal(
        values=values,
        weights=weights,
        total=spec.total,
        mean=None if spec.mean is None else float(spec.mean),
        stretch=spec.stretch,
        key=scope.salt("rank"),
        parent=scope.parent,
        home=scope.own,
        expected=wanted / parents if parents else 0.0,
        largest=float(values[-1]) if not spec.stretch else math.inf,
        description=f"exactly {wanted:,.0f} rows, {values[0]} to {values[-1]} each",
    )


def _ends(spec: Spec) -> dict[str, Any]:
    return {"low": spec.min or 0, "high": spec.max if spec.max is not None else 1, "integers": True}
