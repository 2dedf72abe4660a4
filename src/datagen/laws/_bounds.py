"""Binds `clamp`, `truncate` and `keep_mean`, and refuses bounds that leave nothing or nearly nothing of a law."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from datagen.errors import Meant, quoted
from datagen.laws._cut import ClampedDraw, Reach, TruncatedDraw, solve_centre
from datagen.laws._draws import AtomsDraw, BoundDraw, TableDraw, atoms_of, drawn
from datagen.laws._law import Continuous, Discrete, Law, Parametric, Params
from datagen.schema.durations import duration_text, parse_duration
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.laws._bind import Binding

Ends = tuple[float, float]
OPEN: Ends = (-math.inf, math.inf)
MOST_CLAMPED = 0.99
LARGEST_LOG = 700.0  # its exponential is a float


def bounded(binding: Binding, law: Law, draw: BoundDraw | None, spec: Any) -> BoundDraw | None:
    """A bound law inside its clamp and truncate; None after a refusal."""
    truncate, clamp = _ends(binding, spec, "truncate"), _ends(binding, spec, "clamp")
    keep_mean = bool(binding.key_of(spec, "keep_mean"))
    if keep_mean and truncate == OPEN:
        binding.refuse_at(
            "law.keep_mean",
            ("keep_mean",),
            found="keep_mean without truncate",
            expected="truncate: [low, high] beside it",
        )
        return None
    if draw is None or truncate is None or clamp is None:
        return None
    if truncate != OPEN:
        draw = _truncated(binding, law, draw, truncate, keep_mean)
    return draw if draw is None or clamp == OPEN else _clamped(binding, draw, clamp)


def _ends(binding: Binding, spec: Any, key: str) -> Ends | None:
    """The two ends of `clamp` or `truncate`; None after a refusal."""
    written = binding.key_of(spec, key)
    if written is None:
        return OPEN
    if not isinstance(written, list | tuple) or len(written) != 2:
        shown = [_plain(end) for end in written] if isinstance(written, list | tuple) else written
        binding.refuse_at(f"law.{key}", (key,), found=quoted(shown), expected="[low, high], either may be null")
        return None
    low, high = (_end(binding, end, key, place) for place, end in enumerate(written))
    if low is None or high is None:
        return None
    if low > high:
        nothing = "no value possible: " if key == "truncate" else ""
        binding.refuse_at(
            f"law.{key}",
            (key,),
            found=f"{nothing}low {_plain(written[0])} above high {_plain(written[1])}",
            expected="low at most high",
            hint=Meant(
                f"swap them: [{_plain(written[1])}, {_plain(written[0])}]", list(written), [written[1], written[0]]
            ),
        )
        return None
    return low, high


def _plain(end: Any) -> Any:
    """A bound as it was written: 90, not 90.0."""
    return int(end) if isinstance(end, float) and end.is_integer() and abs(end) < 1e15 else end


def _end(binding: Binding, written: Any, key: str, place: int) -> float | None:
    if written is None:
        return OPEN[place]
    length, number = parse_duration(written), share(written)
    if binding.durations and length is not None:
        return float(length)
    if number is not None and not math.isnan(number) and (number == 0 or not binding.durations):
        return number
    expected = "a duration such as 3d, or null" if binding.durations else "a number, or null"
    binding.refuse_at(f"law.{key}", (key, place), found=quoted(written), expected=expected)
    return None


def _interval(binding: Binding, low: float, high: float) -> str:
    show = duration_text if binding.durations else "{:.10g}".format
    return f"[{show(low) if math.isfinite(low) else 'null'}, {show(high) if math.isfinite(high) else 'null'}]"


def _reach(binding: Binding, draw: BoundDraw) -> str:
    low, high = draw.support()
    show = duration_text if binding.durations else "{:.10g}".format
    if math.isfinite(low) and math.isfinite(high):
        return f"{show(low)} to {show(high)}"
    if draw.constant and not draw.is_listed:
        low, high = (float(end) for end in draw.quantile(np.array([0.0005, 0.9995])))
        return f"{show(low)} to {show(high)} but for 1 in 1,000"
    return f"{show(low)} and more" if math.isfinite(low) else "any number"


def _clamped(binding: Binding, draw: BoundDraw, ends: Ends) -> BoundDraw | None:
    outside = draw.beyond(*ends) if draw.constant else 0.0
    if outside > MOST_CLAMPED:
        binding.refuse_at(
            "law.clamped_away",
            ("clamp",),
            found=f"{_percent(outside)} of values would be clamped",
            expected=f"bounds inside the law's values, {_reach(binding, draw)}",
            hint="move the bounds or the law; truncate draws only what is inside",
        )
        return None
    return ClampedDraw(draw, *ends)


def _percent(portion: float) -> str:
    """`99.99 %`; never rounded up to all of them."""
    if portion >= 1.0:
        return "100 %"
    digits = next((digits for digits in range(2, 12) if round(100 * portion, digits) < 100), 12)
    return f"{100 * portion:.{digits}f} %"


def _truncated(binding: Binding, law: Law, draw: BoundDraw, ends: Ends, keep_mean: bool) -> BoundDraw | None:
    p = _constants(binding, law)
    if keep_mean:
        p = _kept(binding, law, p, ends)
        if p is None:
            return None
    cut = cut_to(law, p, draw, ends, binding.home)
    if cut is None:
        binding.refuse_at(
            "law.empty_truncation",
            ("truncate",),
            found=f"no value possible in {_interval(binding, *ends)}",
            expected=f"an interval that the law reaches: its values are {_reach(binding, draw)}",
            hint="widen truncate, or use clamp",
        )
    return cut


def _constants(binding: Binding, law: Law) -> Params | None:
    """Parameters of a law given by a formula, when all are numbers."""
    if not isinstance(law, Parametric):
        return None
    values: dict[str, float] = {}
    for name, written in law.parameters().items():
        length = parse_duration(written) if binding.durations else None
        number = share(written) if length is None else float(length)
        if number is None:
            return None
        values[name] = number
    return values


def cut_to(law: Law, p: Params | None, draw: BoundDraw, ends: Ends, home: str) -> BoundDraw | None:
    """The part of a law inside two ends, None when there is nothing. p: its parameters when all are constant."""
    low, high = ends
    first, last = draw.support()
    if high < first or low > last:
        return None
    if p is not None and isinstance(law, Parametric):
        return _part(law, p, draw, ends)
    if isinstance(draw, AtomsDraw):
        values, chances = draw.atoms()
        inside = (values >= low) & (values <= high)
        if not inside.any():
            return None
        kept, weights = values[inside], chances[inside]
        return AtomsDraw(lambda: (kept, weights), (float(kept[0]), float(kept[-1])), discrete=draw.discrete)
    if draw.constant and draw.beyond(low, high) >= 1.0:
        return None
    return TruncatedDraw(draw, low, high, home)


def _part(law: Parametric, p: Params, draw: BoundDraw, ends: Ends) -> BoundDraw | None:
    """The part of a law with constant parameters."""
    low, high = ends
    if isinstance(law, Discrete):
        first, last = draw.support()
        if math.ceil(max(low, first)) > (math.floor(min(high, last)) if math.isfinite(min(high, last)) else math.inf):
            return None
        return atoms_of(law, p, low, high)
    moved = law.truncated(p, low, high)
    if moved is not None:
        return drawn(law, moved) if all(bool(relation.holds) for relation in law.relations(moved)) else None
    if isinstance(law, Continuous) and not law.CLOSED:
        table = TableDraw(law, p, low, high)
        return table if table.mass > 0.0 else None
    return TruncatedDraw(draw, low, high, "") if draw.beyond(low, high) < 1.0 else None


def _kept(binding: Binding, law: Law, p: Params | None, ends: Ends) -> Params | None:
    """The parameters with which the truncated law has the mean of the whole one; None after a refusal."""
    if p is None or law.CENTRE is None or not isinstance(law, Parametric):
        binding.refuse_at(
            "law.keep_mean",
            ("keep_mean",),
            found="keep_mean with this law, whose mean no single number moves",
            expected="normal, lognormal, exponential, gamma, weibull, pareto, student_t, poisson, binomial or "
            "negative_binomial, with numbers for all parameters",
        )
        return None
    solved = _solved(law, p, "median" if "median" in p else law.CENTRE, ends)
    if isinstance(solved, Reach):
        show = duration_text if binding.durations else "{:.6g}".format
        binding.refuse_at(
            "law.mean_out_of_reach",
            ("keep_mean",),
            found=f"a mean of {show(law.mean_of(p))} in {_interval(binding, *ends)}",
            expected=f"a mean {'above' if law.mean_of(p) < solved.limit else 'below'} {show(solved.limit)}",
            hint="widen truncate, or move the mean",
        )
        return None
    return solved


def _solved(law: Parametric, p: Params, centre: str, ends: Ends) -> Params | Reach:
    """The parameters with another centre, so that the mean inside the ends is that of the whole law."""
    target, start, domain = law.mean_of(p), float(p[centre]), law.DOMAINS[centre]
    positive = domain.low == 0.0

    def exactly(value: float) -> float | None:
        """The mean of what will be drawn."""
        if not domain.holds(value):
            return None
        moved = {**p, centre: value}
        cut = cut_to(law, moved, drawn(law, moved), ends, "")
        mean = None if cut is None else cut.mean()
        return ends[0 if value < start else 1] if mean is None else mean

    if not isinstance(law, Continuous):
        solved = solve_centre(exactly, start, target, positive=positive)
        return solved if isinstance(solved, Reach) else {**p, centre: solved}
    roughly = _mean_by_moving(law, p, centre, ends, start)
    wanted = target
    for _ in range(3):  # the moved table is right to some 1e-6; two corrections take that away
        solved = solve_centre(roughly, start, wanted, positive=positive)
        if isinstance(solved, Reach):
            return solved
        have = exactly(solved)
        wanted += target - (target if have is None else have)
    return {**p, centre: solved}


def _mean_by_moving(
    law: Continuous, p: Params, centre: str, ends: Ends, start: float
) -> Callable[[float], float | None]:
    """The mean inside the ends by the law's centre, from one table that is moved or stretched under them."""
    origin = 1.0 if law.DOMAINS[centre].low == 0.0 else 0.0
    table = drawn(law, {**p, centre: origin})
    assert isinstance(table, TableDraw)
    stretches = law.DOMAINS[centre].low == 0.0 or law.VIA_EXP

    def mean_at(value: float) -> float | None:
        if not law.DOMAINS[centre].holds(value):
            return None
        logarithm = centre == "mean" and law.VIA_EXP
        if logarithm and abs(value) > LARGEST_LOG:
            return None
        size = (math.exp(value) if logarithm else value) if stretches else 1.0
        shift = 0.0 if stretches else value
        mean = table.table.mean_between((ends[0] - shift) / size, (ends[1] - shift) / size)
        return ends[0 if value < start else 1] if mean is None else mean * size + shift

    return mean_at
