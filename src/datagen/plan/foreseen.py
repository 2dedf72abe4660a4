"""Looks at the numbers that a column will hold before any row is made, and says what they will run into."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Scope
from datagen.plan.binding import Binding
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ColumnDraft

INT64_EDGE = 2.0**63
FEW, MANY = 0.01, 0.05  # shares outside before and after a noise from which the noise is what moves values there


def foresee(binding: Binding, column: ColumnDraft, scopes: Sequence[Scope], type: str) -> NDArray[np.float64] | None:
    """(k,) equally likely numbers of a bound column, None where they are not known; warns and refuses on the way.

    scopes: of the generator and of each modifier in order.
    """
    node = (column.table, column.name)
    values = binding.generators[node].foreseen(scopes[0])
    with np.errstate(over="ignore", invalid="ignore"):
        for place, modifier in enumerate(binding.modifiers[node]):
            before = values
            values = None if values is None else modifier.foreseen(scopes[place + 1], values)
            if column.modifiers[place][0] == "jitter" and before is not None and values is not None:
                _say_pushed_out(binding, column, place, before, values)
    if values is not None and type == "int":
        _refuse_overflow(binding, column, values)
    return values


def say_often_broken(binding: Binding, constraint: ConstraintPlan) -> None:
    """Warn where a range will not hold in some of the rows, as far as the numbers of its column are known."""
    facts = constraint.facts
    node = (facts["table"], facts["column"])
    values, type_ = binding.foreseen.get(node), binding.plans[node].type
    if values is None or type_ not in ("int", "float"):
        return
    outside = _beyond(
        np.rint(values) if type_ == "int" else values, _end(facts["min"], -math.inf), _end(facts["max"], math.inf)
    )
    if outside * binding.expected_rows(node[0]) < 1:
        return
    binding.refuse(
        "constraint.often_broken",
        constraint.loc,
        found=f"{constraint.text}, but about {percent(outside)} of the values will lie outside",
        expected="a range that the values keep",
        hint="clamp or truncate the column: a range is looked at, it changes nothing",
        severity="warning",
    )


def _refuse_overflow(binding: Binding, column: ColumnDraft, values: NDArray[np.float64]) -> None:
    """Whole numbers beyond 64 bits, where at least one is to be expected."""
    over = float(np.mean(~(np.abs(values) < INT64_EDGE)))
    rows = binding.expected_rows(column.table)
    if over == 0 or over * rows < 1:
        return
    far = values[np.argmax(np.abs(values))]
    binding.refuse(
        "column.overflow",
        column.loc,
        found=f"values up to {far:.3g}: {percent(over)} of them do not fit a whole number of 64 bits",
        expected="whole numbers from -9.2e18 to 9.2e18",
        hint="make the column a float, or its numbers smaller",
    )


def _say_pushed_out(
    binding: Binding, column: ColumnDraft, place: int, before: NDArray[np.float64], after: NDArray[np.float64]
) -> None:
    """Warn where noise takes many values past bounds that are written beside it."""
    args = column.modifiers[place][1]
    for low, high, what, hint in _bounds(column, place):
        inside, outside = _beyond(before, low, high), _beyond(after, low, high)
        if inside > FEW or outside < MANY:
            continue
        scaling = "" if args.get("mode") == "mul" else ", or use mode: mul, which scales with the value"
        binding.refuse(
            "jitter.past_bounds",
            (*column.loc, "modifiers", place, "args", "std"),
            found=f"std {args.get('std')}: about {percent(outside)} of the values {what}",
            expected="noise that is small beside the values",
            hint=hint + scaling,
            severity="warning",
        )
        return


def _bounds(column: ColumnDraft, place: int) -> list[tuple[float, float, str, str]]:
    """Bounds of the law before a noise, of clamps behind it: (low, high, what happens to values beyond, way out)."""
    found = []
    clamps = [args for word, args in column.modifiers[place + 1 :] if word == "clamp"]
    for args in clamps[:1]:
        low, high = _end(args.get("min"), -math.inf), _end(args.get("max"), math.inf)
        found.append((low, high, f"fall {_past(low, high)} and pile up there", "make std smaller"))
    for key in ("truncate", "clamp"):
        ends = column.params.get(key) if column.word == "distribution" and not clamps else None
        if isinstance(ends, (list, tuple)) and len(ends) == 2:
            low, high = _end(ends[0], -math.inf), _end(ends[1], math.inf)
            what = f"fall {_past(low, high)}, out of the {key} of the law"
            found.append((low, high, what, "put a modifier clamp behind it"))
    return found


def _end(written: object, otherwise: float) -> float:
    return float(written) if isinstance(written, (int, float)) else otherwise


def _past(low: float, high: float) -> str:
    if math.isinf(high):
        return f"below {low:g}"
    return f"above {high:g}" if math.isinf(low) else f"outside {low:g}..{high:g}"


def _beyond(values: NDArray[np.float64], low: float, high: float) -> float:
    return float(np.mean((values < low) | (values > high)))


def percent(share: float) -> str:
    """`42 %`, `0.3 %`."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
