"""Binds a law as the user wrote it: reads its parameters, refuses what cannot be, gives back what is drawn from.

`scope.law` of every part ends here. All findings of a law come at once, in the words of the schema.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from datagen.contracts import Reader, Scope
from datagen.errors import Meant, Severity, did_you_mean, listed, near, quoted
from datagen.laws._bounds import bounded
from datagen.laws._draws import BoundDraw, drawn
from datagen.laws._law import Discrete, Law, Parametric, Params
from datagen.laws._rows import RowDraw
from datagen.schema.durations import duration_text, parse_duration
from datagen.schema.model_values import comment_like
from datagen.schema.weights import share, shares

MOST_WEIGHTS = 10_000_000  # of one table
KEYS = ("type", "params", "clamp", "truncate", "keep_mean", "by")
Steps = tuple[str | int, ...]


def bind_law(
    spec: Any, scope: Scope, field: str | Sequence[str | int] = "", *, durations: bool = False
) -> BoundDraw | None:
    """A law in canonical form, ready to draw from; None after a refusal.

    spec: a number, or `{type, params, clamp?, truncate?, keep_mean?}` as a mapping or an object with these attributes.
    field: where it stands, for findings. durations: parameters are lengths of time, values come in microseconds.
    """
    steps: Steps = tuple(field.split(".")) if isinstance(field, str) and field else tuple(field)
    return Binding(scope, steps, durations).bind(spec)


def law_names(spec: Any, scope: Scope) -> tuple[str, ...]:
    """The names that the parameters of a law read, its components' too."""
    names: list[str] = []
    params = Binding.key_of(spec, "params")
    for value in params.values() if isinstance(params, Mapping) else ():  # other shapes are refused when it is bound
        if isinstance(value, str) and share(value) is None and parse_duration(value) is None:
            names.extend(scope.names_in(value))
        elif isinstance(value, list | tuple):
            for component in value:
                if isinstance(component, Mapping) and "law" in component:
                    names.extend(law_names(component["law"], scope))
    by = Binding.key_of(spec, "by")
    for column, branches in by.items() if isinstance(by, Mapping) else ():
        names.append(column)
        for branch in branches.values() if isinstance(branches, Mapping) else ():
            names.extend(law_names(branch, scope))
    return tuple(dict.fromkeys(names))


@dataclass(frozen=True)
class Binding:
    """One law being bound: where it stands, and whether it makes lengths of time."""

    scope: Scope
    steps: Steps
    durations: bool

    def refuse(
        self, code: str, *steps: str | int, found: str, expected: str = "", hint: str = "", severity: Severity = "error"
    ) -> None:
        """A finding at a parameter of the law."""
        self.refuse_at(code, ("params", *steps), found=found, expected=expected, hint=hint, severity=severity)

    def refuse_at(self, code: str, steps: Steps, **facts: Any) -> None:
        """A finding at a key of the law."""
        self.scope.refuse(code, (*self.steps, *steps), **facts)

    def law(self, spec: Any, *steps: str | int) -> BoundDraw | None:
        """A law inside this one."""
        return Binding(self.scope, (*self.steps, "params", *steps), self.durations).bind(spec)

    def shares(self, weights: Sequence[Any], *steps: str | int, inside: str | None = None) -> list[float] | None:
        """Weights as shares, or None after a refusal. inside: the key of each weight, where they are no plain list."""
        result = shares(weights, relative_ok=True, version_1=self.scope.version_1)
        if result.code:
            place: Steps = () if result.place is None else (result.place,) if inside is None else (result.place, inside)
            self.refuse(
                result.code,
                *steps,
                *place,
                found=result.found,
                expected=result.expected,
                hint=result.hint,
                severity=result.severity,
            )
        return result.values

    def bind(self, spec: Any) -> BoundDraw | None:
        if isinstance(spec, int | float) and not isinstance(spec, bool):
            spec = {"type": "constant", "params": {"value": spec}}
        if self.key_of(spec, "by") is not None:
            keys = {key: value for key in KEYS if (value := self.key_of(spec, key)) is not None}
            return cast("BoundDraw | None", self.scope.law_by(keys, self.steps, durations=self.durations))
        known = self._known_keys(spec)
        law = self._law(spec)
        return None if law is None or not known else bounded(self, law, law.bound(self), spec)

    def _known_keys(self, spec: Any) -> bool:
        """Refuse keys of a law that it does not have; nothing that is written may go without a word."""
        if not isinstance(spec, Mapping):
            return True
        strange = [key for key in spec if key not in KEYS and not comment_like(key)]
        for key in strange:
            self.refuse_at(
                "law.unknown_key",
                (key,),
                found=f"'{key}' in a law",
                expected=f"keys of a law: {listed(KEYS)}",
                hint=did_you_mean(key, (*KEYS, *self._beside())),
            )
        return not strange

    def _beside(self) -> tuple[str, ...]:
        """What a key in the place of this law may have been meant to be instead."""
        from datagen.registry import words

        return (*(("weight",) if "components" in self.steps else ()), *words("law"))

    @property
    def home(self) -> str:
        return f"{self.scope.table}.{self.scope.column}"

    @staticmethod
    def key_of(spec: Any, key: str) -> Any:
        """One key of a law, whichever way it is held."""
        return spec.get(key) if isinstance(spec, Mapping) else getattr(spec, key, None)

    # the law and its parameters

    def _law(self, spec: Any) -> Law | None:
        from datagen.registry import find, words

        word, params = self.key_of(spec, "type"), self.key_of(spec, "params")
        if not isinstance(word, str):
            slip = near("type", [key for key in spec if key not in KEYS]) if isinstance(spec, Mapping) else None
            self.refuse_at(
                "law.no_type",
                (),
                found=quoted(spec),
                expected="a law such as {normal: {mean: 5, std: 1}}",
                hint=Meant(f"did you mean 'type' by '{slip}'?", slip, "type") if slip else "",
            )
            return None
        found = find("law", word)
        if found is None:
            known = words("law")
            self.refuse_at(
                "law.unknown",
                ("type",),
                found=f"'{word}'",
                expected=f"a law: {listed(known, most=20)}",
                hint=did_you_mean(word, known),
            )
            return None
        law = cast("type[Law]", found)
        if not isinstance(params, Mapping | None):
            self.refuse_at(
                "law.parameter_type", ("params",), found=quoted(params), expected=f"the parameters of {word} by name"
            )
            return None
        if self.durations and not law.TIMES:
            able = [name for name in words("law") if cast("type[Law]", find("law", name)).TIMES]
            self.refuse_at(
                "law.not_of_times",
                ("type",),
                found=f"'{word}', whose values are no lengths of time",
                expected=f"a law of durations: {listed(able, most=20)}",
            )
            return None
        given = dict(params or {})
        return self._validated(law, word, given) if not self.durations or self._with_times(law, given) else None

    def _with_times(self, law: type[Law], params: dict[str, Any]) -> bool:
        """Turns durations into microseconds, numbers like all others; False after a refusal."""
        sound = True
        for name in params.keys() & law.NO_TIMES.keys():
            sound = False
            instead = law.NO_TIMES[name]
            self.refuse(
                "law.no_unit",
                name,
                found=f"'{name}', which is no length of time",
                expected=f"{instead}: a duration",
                hint=f"write {instead}: 3d in place of {name}",
            )
        for name in law.TIMES & params.keys():
            length = parse_duration(params[name])
            if length is not None:
                params[name] = length
            elif isinstance(params[name], int | float) and params[name] != 0 and not isinstance(params[name], bool):
                sound = False
                self.refuse(
                    "law.no_unit",
                    name,
                    found=f"{params[name]} without a unit",
                    expected="a duration such as 3d, 36h or 5min",
                    hint=f"write '{params[name]}d' for days",
                )
        return sound

    def _validated(self, law: type[Law], word: str, params: dict[str, Any]) -> Law | None:
        try:
            return law.model_validate(params)
        except ValidationError as error:
            known = [field.alias or name for name, field in law.model_fields.items()]
            faults: list[dict[str, Any]] = [dict(fault) for fault in error.errors()]
            # a mistyped name explains the missing one
            meant = {near(str(fault["loc"][0]), known) for fault in faults if fault["type"] == "extra_forbidden"}
            for fault in faults:
                if not (fault["type"] == "missing" and fault["loc"][0] in meant):
                    self._fault(word, known, params, fault)
            return None

    def _fault(self, word: str, known: list[str], params: dict[str, Any], fault: dict[str, Any]) -> None:
        place = [step for step in fault["loc"] if isinstance(step, int) or step in known][:2]
        name = str(fault["loc"][0]) if fault["loc"] else ""
        if fault["type"] == "missing":
            given = f"only {listed(list(params))}" if params else "no parameters"
            self.refuse("law.missing_parameter", found=f"{word} with {given}", expected=f"'{name}' too")
        elif fault["type"] == "extra_forbidden":
            self.refuse(
                "law.unknown_parameter",
                name,
                found=f"'{name}'",
                expected=f"parameters of {word}: {listed(known)}",
                hint=did_you_mean(name, known) or did_you_mean(name, KEYS),
            )
        elif not fault["loc"]:
            found, _, expected = fault["msg"].removeprefix("Value error, ").partition(": ")
            self.refuse("law.parameters", found=found, expected=expected)
        else:
            said = fault["msg"].removeprefix("Value error, ")
            self.refuse("law.parameter_type", *place, found=f"{name} = {quoted(fault['input'])}", expected=_lower(said))

    def parametric(self, law: Parametric) -> BoundDraw | None:
        """A law given by a formula, its parameters read and checked."""
        values: dict[str, float | Reader] = {}
        sound = True
        for name, written in law.parameters().items():
            value = self.number(written, name, times=name in law.TIMES)
            if value is None:
                sound = False
                continue
            values[name] = value
            if isinstance(value, float) and not law.DOMAINS[name].holds(value):
                sound = False
                finite = "" if math.isfinite(value) else "a finite number, "
                self.refuse(
                    "law.parameter_out_of_range",
                    name,
                    found=f"{name} = {self._said(value, law, name)}",
                    expected=finite + law.DOMAINS[name].text(name),
                )
        if not sound:
            return None
        constants = {name: value for name, value in values.items() if isinstance(value, float)}
        if len(constants) < len(values):
            return RowDraw(law, values, self.home)
        return self._constant(law, constants)

    def _constant(self, law: Parametric, p: Params) -> BoundDraw | None:
        broken = [relation for relation in law.relations(p) if not relation.holds]
        for _, field, expected, hint in broken[:1]:
            shown = ", ".join(f"{name} = {self._said(value, law, name)}" for name, value in p.items())
            self.refuse("law.parameters", field, found=shown, expected=expected, hint=hint)
        if broken:
            return None
        if isinstance(law, Discrete) and law.entries(p) > MOST_WEIGHTS:
            self.refuse(
                "law.table_too_large",
                found=f"about {law.entries(p):.2g} possible values that matter",
                expected=f"at most {MOST_WEIGHTS:,}",
                hint="a larger shape spreads less; or use gamma and round",
            )
            return None
        return drawn(law, p)

    def plain(self, value: Any, *, times: bool) -> float | None:
        """A number as written, a share such as 4%, or where time is wanted a duration; None for anything else."""
        length = parse_duration(value) if self.durations and times else None
        return share(value) if length is None else float(length)

    def number(self, value: Any, *steps: str | int, times: bool) -> float | Reader | None:
        """A parameter as a number, or as a reader of an expression; None after a refusal."""
        plain = self.plain(value, times=times)
        if plain is not None:
            return plain
        length = parse_duration(value)
        if length is not None or not isinstance(value, str):
            self.refuse(
                "law.parameter_type",
                *steps,
                found=quoted(value),
                expected="a number or an expression",
                hint="a duration stands only where time is wanted" if length is not None else "",
            )
            return None
        place = cast(str, (*self.steps, "params", *steps))  # a list of steps wherever a text may be
        if self.durations and times:
            return self.scope.length(value, place)
        reader = self.scope.expression(value, place)
        if reader.type not in ("int", "float"):
            self.refuse(
                "law.parameter_type",
                *steps,
                found=f"{quoted(value)}, which gives {reader.type} values",
                expected="an expression that gives numbers",
            )
            return None
        return reader

    def _said(self, value: float, law: Law, name: str) -> str:
        return duration_text(value) if self.durations and name in law.TIMES else f"{value:.10g}"


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
