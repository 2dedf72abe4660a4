"""Looks at the numbers that a column will hold before any row is made, and says what they will run into."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Scope
from datagen.plan.binding import Binding
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ColumnDraft

INT64_EDGE = 2.0**63
FEW, MANY = 0.01, 0.05  # shares outside before and after a noise from which the noise is what moves values there
DEVIATIONS = 1_000  # at most 1 value in a million lies farther from the mean, whatever the law

Numbers = NDArray[np.float64]
Bound = tuple[float, float, str, str]  # low, high, what happens to values beyond, way out


def foresee(binding: Binding, column: ColumnDraft, scopes: Sequence[Scope], type: str) -> None:
    """Warn of noise past bounds and refuse whole numbers beyond 64 bits; keep for constraints how to tell the numbers.

    scopes: of the generator and of each modifier in order. Numbers are worked out only where they decide something:
    a table of a law takes longer than all the rest of its binding.
    """
    node = (column.table, column.name)

    def numbers(steps: int) -> Numbers | None:
        """(k,) equally likely numbers after so many modifiers."""
        if _through(binding, column, scopes, np.ones(1), steps) is None:
            return None  # some modifier cannot be told, whatever it gets
        return _through(binding, column, scopes, binding.generators[node].foreseen(scopes[0]), steps)

    for place, (word, _) in enumerate(column.modifiers):
        if word == "jitter" and (bounds := _bounds(column, place)):
            _say_pushed_out(binding, column, place, bounds, numbers)
    if type == "int" and not _surely_fits(binding, column, scopes):
        values = numbers(len(column.modifiers))
        if values is not None:
            _refuse_overflow(binding, column, values)
    binding.foreseen[node] = lambda: numbers(len(column.modifiers))


def _through(
    binding: Binding, column: ColumnDraft, scopes: Sequence[Scope], values: Numbers | None, steps: int
) -> Numbers | None:
    with np.errstate(over="ignore", invalid="ignore"):
        for modifier, scope in zip(binding.modifiers[column.table, column.name][:steps], scopes[1:], strict=False):
            values = None if values is None else modifier.foreseen(scope, values)
    return values


def _surely_fits(binding: Binding, column: ColumnDraft, scopes: Sequence[Scope]) -> bool:
    """Whether the ends of a column's numbers, or a thousand deviations on each side of the mean, are far from 64 bits."""
    generator = binding.generators[column.table, column.name]
    ends = generator.support(scopes[0])
    if ends is None or not all(map(math.isfinite, ends)):
        spec = getattr(generator, "law", None)
        draw = None if spec is None else scopes[0].law(spec, "")
        mean, variance = (None, None) if draw is None else (draw.mean(), draw.variance())
        if mean is None or variance is None:
            return False
        ends = (mean - DEVIATIONS * variance**0.5, mean + DEVIATIONS * variance**0.5)
    last = _through(binding, column, scopes, np.array(ends, dtype=np.float64), len(column.modifiers))
    return last is not None and bool((np.abs(last) < INT64_EDGE / 2).all())


def say_often_broken(binding: Binding, constraint: ConstraintPlan) -> None:
    """Warn where a range will not hold in some of the rows, as far as the numbers of its column are known."""
    facts = constraint.facts
    node, tell = (facts["table"], facts["column"]), binding.foreseen.get((facts["table"], facts["column"]))
    type_ = binding.plans[node].type
    values = tell() if tell is not None and type_ in ("int", "float") else None
    if values is None:
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


def _refuse_overflow(binding: Binding, column: ColumnDraft, values: Numbers) -> None:
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
    binding: Binding, column: ColumnDraft, place: int, bounds: Sequence[Bound], numbers: Callable[[int], Numbers | None]
) -> None:
    """Warn where noise takes many values past bounds that are written beside it."""
    args, before, after = column.modifiers[place][1], numbers(place), numbers(place + 1)
    if before is None or after is None:
        return
    for low, high, what, hint in bounds:
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


def _bounds(column: ColumnDraft, place: int) -> list[Bound]:
    """Bounds of the law before a noise, of the clamp behind it."""
    found: list[Bound] = []
    clamps = [args for word, args in column.modifiers[place + 1 :] if word == "clamp"]
    for args in clamps[:1]:
        low, high = _end(args.get("min"), -math.inf), _end(args.get("max"), math.inf)
        found.append((low, high, f"fall {_past(low, high)} and pile up there", "make std smaller"))
    for key in ("truncate", "clamp"):
        ends = (
            column.params.get(key)
            if column.word == "distribution" and "by" not in column.params and not clamps
            else None
        )
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


def _beyond(values: Numbers, low: float, high: float) -> float:
    return float(np.mean((values < low) | (values > high)))


def percent(share: float) -> str:
    """`42 %`, `0.3 %`."""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:.0f} %"
