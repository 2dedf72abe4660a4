"""`solve_for`: tunes a parameter until a metric lies between its bounds, before anything else is made.

The value written in `params` is tried first, then values between two ends, each by making the tables that the metric reads,
at the size of the document or, where that is large, reduced. Every try has the same seed, so that only the parameter moves
the figure; the same document and seed come to the same value on any machine and with any number of workers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.errors import Finding, SchemaError
from datagen.plan.model import Solved
from datagen.plan.prepare import Prepared
from datagen.plan.prepare import prepare as prepared_with

if TYPE_CHECKING:
    from datagen.plan.model import MetricPlan, Plan

MOST_ROWS = 300_000  # rows of a try; a larger document is tried at a smaller scale
MOST_TRIES = 24  # of one metric
ROUNDS = 3  # through all metrics, where one parameter moves the figure of another
DIGITS = 6  # of a solved value, so that --set can say it
FAR = 4.0  # times the written value, and a part of it: how far is looked where no ends are given
GROWS = 1.5  # times as high at twice the rows: a figure that grows with them says nothing at another size


@dataclass(slots=True)
class _Search:
    """One metric and its parameter: where is looked, and what was measured."""

    metric: MetricPlan
    param: str
    written: float
    low: float
    high: float
    whole: bool
    tries: dict[float, float] = field(default_factory=dict)

    @property
    def bounds(self) -> tuple[float, float]:
        low, high = self.metric.low, self.metric.high
        return -float("inf") if low is None else low, float("inf") if high is None else high

    @property
    def target(self) -> float:
        """What is looked for: the middle of the bounds, or the one there is."""
        low, high = self.metric.low, self.metric.high
        if low is not None and high is not None:
            return (low + high) / 2.0
        found = low if high is None else high
        assert found is not None  # refused by the plan
        return found

    def fits(self, figure: float) -> bool:
        low, high = self.bounds
        return low <= figure <= high

    def well(self, figure: float) -> bool:
        """Inside, and not near an end: another size of the data may move it a little."""
        low, high = self.metric.low, self.metric.high
        if low is None or high is None:
            return self.fits(figure)
        return abs(figure - self.target) <= (high - low) / 4.0


def solved(prepared: Prepared, *, known: Mapping[str, int | float] | None = None) -> Prepared:
    """The document with the parameters of its metrics solved for, as if `--set` had said their values.

    A parameter that is set from outside stays what it was set to. known: values that were found before, which are not
    looked for again where they are all there. Raises SchemaError "metric.not_solved".
    """
    wanted = {
        name: metric for name, metric in prepared.schema.metrics.items()
        if metric.solve_for is not None and not _set_from_outside(prepared, _name(metric.solve_for))
    }  # fmt: skip
    if not wanted:
        return prepared
    before = {name.lower(): value for name, value in (known or {}).items()}
    names = [_name(metric.solve_for) for metric in wanted.values()]
    if all(name.lower() in before for name in names):
        return _with_values(prepared, [(name, before[name.lower()]) for name in names])
    plain = replace(prepared.overrides, scale=1.0)
    plan = replace(prepared, overrides=plain).bind(look=False)  # what is wrong with it is said first
    searches = [
        _search(prepared, metric, wanted[metric.name].solve_for) for metric in plan.metrics if metric.name in wanted
    ]
    values = {one.param: one.written for one in searches}
    making = _Making(prepared, _scale(plan, searches), values)
    for one in searches:
        making.refuse_growing(one)
    tries = 0
    for _ in range(ROUNDS):
        for one in searches:
            one.tries, one.written = {}, values[one.param]  # of the parameters as they are now
            values[one.param] = _value(making, one)
            tries += len(one.tries)
        for one in searches:
            one.tries = {}
        if all(one.fits(making.measured(one, values[one.param])) for one in searches):
            break
    else:
        one = next(one for one in searches if not one.fits(making.measured(one, values[one.param])))
        raise _refused(one, f"{one.metric.name} moves with the parameters of other metrics, and does not settle")
    told = tuple(
        Solved(
            one.metric.name, one.param, _number(one, values[one.param]), making.measured(one, values[one.param]),
            one.metric.bounds, making.scale, tries,
        )
        for one in searches
    )  # fmt: skip
    return replace(_with_values(prepared, [(one.param, one.value) for one in told]), solved=told)


def _with_values(prepared: Prepared, sets: Sequence[tuple[str, int | float]]) -> Prepared:
    return prepared_with(prepared.written, replace(prepared.overrides, sets=(*prepared.overrides.sets, *sets)))


def _name(solve_for: Any) -> str:
    return str(solve_for if isinstance(solve_for, str) else solve_for.param)


def _set_from_outside(prepared: Prepared, name: str) -> bool:
    given = [path for path, _ in prepared.overrides.sets] + list(prepared.overrides.params or {})
    return name.lower() in (str(one).lower() for one in given)


def _search(prepared: Prepared, metric: MetricPlan, solve_for: Any) -> _Search:
    params: Mapping[str, Any] = prepared.document.root.get("params") or {}
    name = next(one for one in params if one.lower() == _name(solve_for).lower())
    written = params[name]
    low = None if isinstance(solve_for, str) else solve_for.low
    high = None if isinstance(solve_for, str) else solve_for.high
    ends = sorted((written / FAR, written * FAR))
    if 0.0 < written <= 1.0:
        ends[1] = min(ends[1], 1.0)  # it may be a share
    found = (float(ends[0] if low is None else low), float(ends[1] if high is None else high))
    return _Search(metric, name, float(written), *found, whole=isinstance(written, int))


def _scale(plan: Plan, searches: list[_Search]) -> float:
    from datagen.plan.needed import narrowed

    tables = _tables(plan, {name for one in searches for name in one.metric.reads})
    rows = sum(table.expected_rows for table in narrowed(plan, tables).tables.values())
    return 1.0 if rows <= MOST_ROWS else float(f"{MOST_ROWS / rows:.2g}")


def _tables(plan: Plan, reads: set[str]) -> list[str]:
    from datagen.engine.derived import staged_tables

    return sorted((reads | staged_tables(plan, "parquet", frozenset(reads))) & set(plan.tables))


@dataclass(slots=True)
class _Making:
    """Makes what a metric reads with some values of the parameters, and measures it."""

    prepared: Prepared
    scale: float
    values: dict[str, float]
    made: dict[tuple[Any, ...], float] = field(default_factory=dict)  # figures by metric, value and the other values

    def measured(self, one: _Search, value: float) -> float:
        """The metric with a value of its parameter, the others being what they are."""
        key = (one.metric.name, value, *(other for name, other in self.values.items() if name != one.param))
        if key not in self.made:
            self.made[key] = self.figure(one, value, self.scale)
        one.tries[value] = self.made[key]
        return one.tries[value]

    def figure(self, one: _Search, value: float, scale: float) -> float:
        from datagen.checks.metrics import measure
        from datagen.engine.derived import make_derived, staged_tables
        from datagen.engine.executor import Job, execute
        from datagen.engine.memory import share_out
        from datagen.engine.options import default_memory
        from datagen.plan.needed import narrowed
        from datagen.sinks.describe import table_entries

        sets = [(name, _number(one, value) if name == one.param else other) for name, other in self.values.items()]
        overrides = replace(self.prepared.overrides, sets=(*self.prepared.overrides.sets, *sets), scale=scale)
        try:
            plan = prepared_with(self.prepared.written, overrides).bind(look=False)
        except SchemaError as error:
            why = f"{one.param} of {value:g}, with which {error.findings[0].json_path} is refused: {error.findings[0].found}"
            raise _refused(one, why, hint="give low and high between which the document holds") from error
        metric = next(metric for metric in plan.metrics if metric.name == one.metric.name)
        reads = frozenset(metric.reads)
        with tempfile.TemporaryDirectory(prefix="datagen-") as scratch:
            place = Path(scratch)
            job = Job("parquet", place, tables=reads, staged=staged_tables(plan, "parquet", reads))
            made = execute(narrowed(plan, _tables(plan, set(reads))), job)
            shares = share_out(default_memory())
            make_derived(plan, job, made, memory=shares.queries)
            found, _ = measure(place, table_entries(plan, made), [metric], "parquet", memory=shares.checks)
        figure = found[metric.name]
        if figure is None:
            raise _refused(one, f"{one.metric.name} is no number with {one.param} of {value:g}")
        return float(figure)

    def refuse_growing(self, one: _Search) -> None:
        """Refuse a figure that grows with the rows where a smaller size stands for the whole."""
        if self.scale == 1.0:
            return
        here, half = self.measured(one, one.written), self.figure(one, one.written, self.scale / 2.0)
        if abs(here) > GROWS * abs(half) or abs(half) > GROWS * abs(here):
            why = f"{one.metric.name}, {half:,.6g} at {self.scale / 2:g} and {here:,.6g} at {self.scale:g} of the rows"
            raise _refused(one, why, hint="a share or a mean says the same at every size; a count does not")


def _value(making: _Making, one: _Search) -> float:
    """The value of a parameter: the written one if it fits, else by halving and chords between two ends."""
    if one.fits(making.measured(one, one.written)):
        return one.written
    ends = sorted({one.low, one.high, *([one.written] if one.low < one.written < one.high else [])})
    gaps = {value: making.measured(one, value) - one.target for value in ends}
    for value in ends:
        if one.well(gaps[value] + one.target):
            return value
    pair = next(((a, b) for a, b in pairwise(ends) if (gaps[a] < 0) != (gaps[b] < 0)), None)
    if pair is None:
        return _nearest(one, "")
    left, right = pair
    turn = 0
    while len(one.tries) < MOST_TRIES:
        chord = (
            left + (right - left) * (gaps[left] / (gaps[left] - gaps[right])) if turn % 2 == 0 else (left + right) / 2.0
        )
        turn += 1
        value = _rounded(one, chord)
        if value in gaps or not left < value < right:
            value = _rounded(one, (left + right) / 2.0)
            if value in gaps or not left < value < right:
                break
        gaps[value] = making.measured(one, value) - one.target
        if one.well(gaps[value] + one.target):
            return value
        left, right = (value, right) if (gaps[value] < 0) == (gaps[left] < 0) else (left, value)
    return _nearest(one, " nearby" if one.whole else "")


def _nearest(one: _Search, where: str) -> float:
    """Of the values that were tried and fit, the one that comes nearest to what is looked for."""
    fitting = [value for value, figure in one.tries.items() if one.fits(figure)]
    if fitting:
        return min(fitting, key=lambda value: (abs(one.tries[value] - one.target), value))
    tried = sorted(one.tries.items())
    lowest, highest = min(one.tries.values()), max(one.tries.values())
    found = f"{one.metric.name} from {lowest:,.6g} to {highest:,.6g} with {one.param} from {tried[0][0]:g} to {tried[-1][0]:g}"
    raise _refused(one, found + where)


def _rounded(one: _Search, value: float) -> float:
    return float(round(value)) if one.whole else float(f"{value:.{DIGITS}g}")


def _number(one: _Search, value: float) -> int | float:
    return int(value) if one.whole and value.is_integer() else value


def _refused(one: _Search, found: str, hint: str = "") -> SchemaError:
    return SchemaError(
        Finding(
            "metric.not_solved", found=found, expected=f"{one.metric.name} {one.metric.bounds}",
            hint=hint or f"other ends: solve_for: {{param: {one.param}, low: …, high: …}}", path=one.metric.path,
            line=one.metric.line, column=one.metric.column, json_path=one.metric.json_path + ".solve_for",
        )
    )  # fmt: skip
