"""Spells in SQL by what each row of a table is multiplied: segments, seasons, trends, ages, arms and effects on it.

The facts come from the plan; the table is `t0`, what lies behind its keys is joined once for all that read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.sql.spelling import identifier, literal

PARTS = {"hour": "hour(t0.{0}::timestamp) + 1", "dow": "isodow(t0.{0})", "month": "month(t0.{0})"}
COMBINED = {"first": "arg_min(e.{0}, e.{1})", "product": "product(e.{0})", "sum": "sum(e.{0})", "max": "max(e.{0})"}
EDGE = 700.0  # exponents beyond are no numbers


@dataclass(slots=True)
class Spelling:
    """The factors of one table's rows. source: of a table, as it stands behind `from`; joins: of all that was spelled."""

    source: Callable[[str], str]
    joins: list[str] = field(default_factory=list)
    seen: dict[tuple[Any, ...], str] = field(default_factory=dict)

    def factor(self, one: Mapping[str, Any]) -> tuple[str, str]:
        """SQL of what multiplies a row, and of the group that it is in by that."""
        if one["kind"] == "value":
            return self._by_value(one)
        if one["kind"] == "season":
            part = PARTS[one["dimension"]].format(identifier(one["column"]))
            return f"coalesce({one['weights']!r}[{part}], 1.0)", part.removesuffix(" + 1")
        if one["kind"] == "trend":
            time = f"t0.{identifier(one['column'])}::timestamp"
            return f"coalesce({_trend(one, time)}, 1.0)", f"date_trunc('month', {time})"
        if one["kind"] == "age":
            return self._by_age(one)
        factor = self._effect(one)
        return factor, factor

    def _by_value(self, one: Mapping[str, Any]) -> tuple[str, str]:
        value = f"{self._joined(one['hops'])}.{identifier(one['column'])}::varchar"
        cases = "".join(f" when {literal(text)} then {factor!r}" for text, factor in one["factors"].items())
        factor = f"case {value}{cases} else {one['else']!r} end" if cases else repr(one["else"])
        if one.get("since") is not None:
            begun = f"t0.{identifier(one['time'])} >= make_timestamp({one['since']})"
            factor = f"case when {begun} then {factor} else 1.0 end"
        return factor, value

    def _by_age(self, one: Mapping[str, Any]) -> tuple[str, str]:
        """Of the value for age in [k, k + 1), or of lines between them; 1 where one of the two times is not known."""
        created = f"{self._joined(one['hops'])}.{identifier(one['column'])}::timestamp"
        time = f"t0.{identifier(one['time'])}::timestamp"
        age = f"greatest((epoch_us({time}) - epoch_us({created})) / {one['unit']}.0, 0.0)"
        steps, last = one["steps"], len(one["steps"]) - 1
        here = f"{steps!r}[least(floor({age}), {last})::bigint + 1]"
        if one["linear"]:
            following = f"{steps!r}[least(floor({age}) + 1, {last})::bigint + 1]"
            here = f"({here} + ({following} - {here}) * if({age} < {last}, {age} - floor({age}), 0.0))"
        beyond = f"{age} >= {last if one['linear'] else last + 1}"
        if one["tail"] == "zero":
            here = f"if({beyond}, 0.0, {here})"
        elif one["tail"] == "geometric":
            past = age if one["linear"] else f"floor({age})"
            here = f"if({beyond}, {steps[-1]!r} * pow({one['ratio']!r}, {past} - {last}), {here})"
        return f"coalesce(pow({here}, {one['exponent']!r}), 1.0)", f"least(floor({age}), {last + 1})"

    def _joined(self, hops: Sequence[Sequence[str]]) -> str:
        """The alias of the table at the end of the hops, joined once."""
        last, path = "t0", ()
        for hop in hops:
            column, table, key = hop
            path = (*path, tuple(hop))  # type: ignore[assignment]
            if path not in self.seen:
                self.seen[path] = f"j{len(self.seen)}"
                on = f"{last}.{identifier(column)} = {self.seen[path]}.{identifier(key)}"
                self.joins.append(f"left join {self.source(table)} as {self.seen[path]} on {on}")
            last = self.seen[path]
        return last

    def _effect(self, one: Mapping[str, Any]) -> str:
        """The factor of the effect rows in whose windows a row lies."""
        time, start, end = (identifier(one[key]) for key in ("column", "start", "end"))
        until = f"t0.{time} < e.{end} + interval 1 day" if one["whole_day"] else f"t0.{time} <= e.{end}"
        keys = "".join(f" and t0.{identifier(own)} = e.{identifier(there)}" for own, there in one["on"].items())
        figure = COMBINED[one["combine"]].format(identifier(one["field"]), identifier(one["pk"]))
        where = f"t0.{time} >= e.{start} and (e.{end} is null or {until}) and e.{identifier(one['field'])} is not null{keys}"
        return f"coalesce((select {figure} from {self.source(one['of'])} as e where {where}), {one['default']!r})"


def _trend(one: Mapping[str, Any], time: str) -> str:
    """The factor along a curve, 1 at its start and before."""
    t = f"greatest((epoch_us({time}) - {one['anchor']}) / {one['unit']}.0, 0.0)"
    rate, shape = one["rate"], one["shape"]
    if shape == "exponential":
        return f"pow({1.0 + rate!r}, {t})"
    if shape == "linear":
        return f"(1.0 + {rate!r} * {t})"
    if shape == "logarithmic":
        return f"(1.0 + {one['a']!r} * ln(1.0 + {one['b']!r} * {t}))"
    if shape == "logistic":
        top = one["ceiling"]
        return f"({top!r} / (1.0 + {top - 1.0!r} * exp(greatest(-{rate!r} * {t}, -{EDGE!r}))))"
    x, y = [0.0, *one["moments"]], [1.0, *one["levels"]]
    cases = ""
    for place in range(len(x) - 1):
        rise = (y[place + 1] - y[place]) / (x[place + 1] - x[place] or 1.0)
        line = "" if shape == "step" else f" + ({t} - {x[place]!r}) * {rise!r}"
        cases += f" when {t} < {x[place + 1]!r} then {y[place]!r}{line}"
    return f"(case when {t} is null then null{cases} else {y[-1]!r} end)"
