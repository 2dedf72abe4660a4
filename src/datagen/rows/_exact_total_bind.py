"""Binds `total` and `mean` of a fan-out: which counts are possible, and whether they can add up."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Draw
from datagen.errors import Finding, SchemaError
from datagen.rows._class_totals import ClassLaw, ClassTotals, RowsOfClass
from datagen.rows._contract import BoundRows, RowScope
from datagen.rows._exact_total import ExactTotal
from datagen.rows._units import null_counts
from datagen.schema.model_fanout import Fanout as Spec

MOST_VALUES = 1_000_000  # different counts of one law
MOST_LAWS = 1_000  # different laws of parents
SLACK = 0.05  # by which shares of drawn classes may differ: the run tells exactly
FAR = 1.0 - 2.0**-40
NEAR = 1e-9  # the ends of a law that differs by row are quantiles, this close to them


def bind_total(law: Mapping[str, Any], spec: Spec, scope: RowScope) -> BoundRows | None:
    """The counts of an exact total or mean, or None after a refusal."""
    key = "total" if spec.total is not None else "mean"
    draw = bound_draw(law, spec, scope)
    if draw is None:
        return None
    parents = scope.expected_rows(scope.parent)
    wanted = float(spec.total) if spec.total is not None else float(spec.mean or 0.0) * parents
    if not draw.constant:
        return by_row(law, draw, spec, scope, wanted, parents)
    one = class_law(draw, spec, scope, "")
    if one is None:
        return None
    values = one.values
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
        weights=one.weights,
        total=spec.total,
        mean=None if spec.mean is None else float(spec.mean),
        stretch=spec.stretch,
        key=scope.seeded("rank"),
        parent=scope.parent,
        home=scope.own,
        expected=wanted / parents if parents else 0.0,
        largest=float(values[-1]) if not spec.stretch else math.inf,
        description=f"exactly {wanted:,.0f} rows, {values[0]} to {values[-1]} each",
    )


def bound_draw(law: Mapping[str, Any], spec: Spec, scope: RowScope) -> Draw | None:
    """The law of a fan-out with a total; None after a refusal of what cannot stand beside a total."""
    key = "total" if spec.total is not None else "mean"
    if spec.total is not None and spec.mean is not None:
        scope.refuse("fanout.total_and_mean", "mean", found="both total and mean", expected="one of them")
        return None
    keys = ("every", "heterogeneity", "multipliers", "bursts", "noise", "holidays", "by_state", "anomalies")
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
    if scope.fixed_rows(scope.parent) == 0 and spec.total:
        scope.refuse(
            "fanout.total_out_of_reach",
            key,
            found=f"a total of {spec.total:,} rows from 0 rows of {scope.parent}",
            expected="a total of 0, or rows that can have rows below them",
        )
        return None
    return scope.law(dict(law) if "type" in law else {"type": "uniform", "params": _ends(spec)}, "")


def class_law(draw: Draw, spec: Spec, scope: RowScope, name: str) -> ClassLaw | None:
    """The counts of one law and their weights; None after a refusal."""
    key = "total" if spec.total is not None else "mean"
    if not draw.constant:
        scope.refuse(
            "fanout.total_by_row",
            key,
            found=f"{key} of a law whose parameters differ between the parents of one branch of `by`",
            expected="a law that is the same for every parent of the branch",
        )
        return None
    low, high = _reach(draw, spec, lambda u: draw.quantile(u, None))
    if high - low > MOST_VALUES:
        scope.refuse(
            "fanout.total_too_wide",
            key,
            found=f"counts from {low:,.0f} to {high:,.0f}",
            expected=f"at most {MOST_VALUES:,} different counts",
            hint="set max",
        )
        return None
    values, weights = _weighed(low, high, lambda x: draw.cdf(x, None))
    mean = None if spec.mean is None else float(spec.mean)
    return ClassLaw(name, values, weights, spec.total, mean, spec.stretch)


def _reach(
    draw: Draw, spec: Spec, quantile: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[float, float]:
    """Fewest and most rows of a parent."""
    clamp = spec.clamp or (None, None)
    low, high = draw.support()
    if not draw.constant:
        low, high = (float(end) for end in quantile(np.array([2.0**-52, FAR])))
    low = max(low, 0.0, 0.0 if clamp[0] is None else float(clamp[0]))
    high = min(high, math.inf if clamp[1] is None else float(clamp[1]))
    if not math.isfinite(high):
        high = float(np.ceil(quantile(np.array([0.5, FAR]))[1])) * 4.0 + 16.0
    return low, high


def _weighed(
    low: float, high: float, cdf: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The whole numbers of a range, those around it where it has none, and the weight of each."""
    first, last = math.ceil(low - NEAR), math.floor(high + NEAR)
    if last < first:
        first, last = math.floor(low), math.ceil(high)
    values = np.arange(first, last + 1, dtype=np.int64)
    edges = values.astype(np.float64)
    return values, np.maximum(cdf(edges + 0.5) - cdf(edges - 0.5), 1e-300)


def by_row(
    law: Mapping[str, Any], draw: Draw, spec: Spec, scope: RowScope, wanted: float, parents: float
) -> ClassTotals:
    """A total of parents whose laws differ by their values: every combination of these is a class."""
    names = scope.law_reads(law)
    readers = [scope.read(name) for name in names]
    home = f"{scope.own} fanout"
    found: dict[tuple[Any, ...], int] = {}
    laws: dict[int, ClassLaw] = {}

    def classes(block: Block) -> NDArray[np.int64]:
        columns = [reader(block) for reader in readers]
        codes = np.zeros(block.rows, dtype=np.int64)
        for column in columns:  # a loop over names
            if column.valid is not None and not column.valid.all():
                raise null_counts(int((~column.valid).sum()), home)
            distinct, own = np.unique(np.asarray(column.array), return_inverse=True)
            codes = codes * len(distinct) + own.reshape(-1)
        _, first, own = np.unique(codes, return_index=True, return_inverse=True)
        numbers = np.empty(len(first), dtype=np.int64)
        for place, row in enumerate(first.tolist()):  # a loop over classes
            values = tuple(np.asarray(column.array)[row].item() for column in columns)
            number = numbers[place] = found.setdefault(values, len(found))
            if number not in laws:
                laws[int(number)] = made(block, row, ", ".join(map(str, values)))
        return numbers[own.reshape(-1)]

    def made(block: Block, row: int, name: str) -> ClassLaw:
        if len(found) > MOST_LAWS:
            raise SchemaError(
                Finding(
                    code="fanout.total_by_row",
                    json_path=home,
                    found=f"more than {MOST_LAWS:,} different laws of parents, by {', '.join(names)}",
                    expected="an exact total over few different laws",
                    hint="round the column that the law reads",
                )
            )
        low, high = _reach(draw, spec, lambda u: draw.quantile(u, scope.some(block, np.full(len(u), row))))
        values, weights = _weighed(low, high, lambda x: draw.cdf(x, scope.some(block, np.full(len(x), row))))
        return ClassLaw(name, values, weights)

    return ClassTotals(
        classes=classes,
        law=lambda code: laws[code],
        total=spec.total,
        mean=None if spec.mean is None else float(spec.mean),
        stretch=spec.stretch,
        key=scope.seeded("rank"),
        parent=scope.parent,
        home=scope.own,
        expected=wanted / parents if parents else 0.0,
        largest=math.inf,
        description=f"exactly {wanted:,.0f} rows, by {', '.join(names)}",
    )


def bind_classes(
    classes: Callable[[Block], NDArray[np.int64]],
    makers: Sequence[Any],
    names: Sequence[str],
    total: int | None,
    stretch: bool,
    shares: Sequence[float] | None,
    scope: RowScope,
) -> list[RowsOfClass | None] | None:
    """For each class its rows, of row makers whose fan-outs have a total or a mean, None for one without; None after a refusal.

    total: of all classes together, or None where each has its own. shares: of the parents, where they are known.
    """
    laws: dict[int, ClassLaw] = {}
    for code, (maker, name) in enumerate(zip(makers, names, strict=True)):
        if maker.spec.total is None and maker.spec.mean is None:
            continue
        draw = bound_draw(maker.law, maker.spec, maker.scope)
        one = None if draw is None else class_law(draw, maker.spec, maker.scope, name)
        if one is None:
            return None
        laws[code] = one
    parents = scope.expected_rows(scope.parent)
    each = [parents * share for share in shares or [1.0 / len(names)] * len(names)]
    if total is not None and shares is not None and not stretch:
        low, high = (sum(each[code] * float(one.values[end]) for code, one in laws.items()) for end in (0, -1))
        if not low * (1 - SLACK) - 1 <= total <= high * (1 + SLACK) + 1:
            parts = [f"{each[code]:,.0f} × {one.span} ({one.name})" for code, one in laws.items()]
            scope.refuse(
                "fanout.total_out_of_reach",
                "total",
                found=f"a total of {total:,} rows from {parents:,.0f} rows of {scope.parent}: {' + '.join(parts)}",
                expected=f"a total from {low:,.0f} to {high:,.0f}",
                hint="widen min and max, or say stretch: true to let them give way",
            )
            return None
    totals = ClassTotals(
        classes=classes,
        law=laws.get,
        total=total,
        mean=None,
        stretch=stretch,
        key=scope.seeded("rank"),
        parent=scope.parent,
        home=scope.own,
        expected=total / parents if total is not None and parents else 0.0,
        largest=math.inf,
        description="",
    )
    found: list[RowsOfClass | None] = []
    for code in range(len(names)):
        law = laws.get(code)
        if law is None:
            found.append(None)
            continue
        own = law.mean if law.mean is not None else (law.total or 0) / max(each[code], 1.0)
        said = (
            f"mean {law.mean:g}, " if law.mean is not None else f"exactly {law.total:,} rows, " if total is None else ""
        )
        loose = stretch or law.stretch
        found.append(
            RowsOfClass(
                totals,
                expected=own if total is None else totals.expected,
                largest=math.inf if loose else float(law.values[-1]),
                least=0.0 if loose else float(law.values[0]),
                description=f"{said}{law.span} each",
            )
        )
    return found


def _ends(spec: Spec) -> dict[str, Any]:
    return {"low": spec.min or 0, "high": spec.max if spec.max is not None else 1, "integers": True}
