"""`targets.composite_effect`: which declared influences multiply a column, and by what, so that group means can be foretold.

An influence is named by what declares it (a segment's column, the dimension of a season, the table of an effect) or
written out as `{column, factors}`. The prediction of a group is the product of its factors times one common level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen.errors import did_you_mean, listed, quoted
from datagen.plan.behaviors import Factors
from datagen.plan.binding import Binding
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft, NameFault, TableDraft, find_column, find_table
from datagen.plan.told import told_name
from datagen.schema.model_findings import check_part
from datagen.schema.weights import share

if TYPE_CHECKING:
    from datagen.modifiers.effect import Effect

KIND = "composite_effect"
OTHERWISE = "else"
MAPE = 0.1  # where no tolerance is declared


def tolerance_of(entry: Mapping[str, Any]) -> dict[str, float]:
    """{mae, mape} as far as they are declared."""
    written = entry.get("tolerance") or {}
    found = {key: share(written[key]) for key in ("mae", "mape") if written.get(key) is not None}
    return {key: value for key, value in found.items() if value is not None} or {"mape": MAPE}


def read_influences(
    binding: Binding, tables: Mapping[str, TableDraft], column: ColumnDraft, entry: Mapping[str, Any], at: Any
) -> list[dict[str, Any]]:
    """The influences of an entry, without those that are refused. tables: where its names are looked up.

    In old documents a name that nothing declares is told and left out; what is no influence at all is refused there too.
    """
    declared = list(_declared(binding, tables, column))
    names = tuple(dict.fromkeys(name for name, _ in declared))
    made: list[dict[str, Any]] = []

    def refuse(steps: tuple[str | int, ...], found: str, hint: str = "", *, dangling: bool = False) -> None:
        known = f"{listed(names)}, or " if names else ""
        told = dangling and binding.version_1
        binding.refuse(
            "target.influence",
            (*at, "influences", *steps),
            found=found + (": declared, not applied" if told else ""),
            expected=f"{known}{{column: a column, factors: {{value: factor}}}}",
            hint=hint,
            severity="warning" if told else "error",
        )

    if not entry["influences"]:
        refuse((), "no influences")
    for place, influence in enumerate(entry["influences"]):
        found, dangling = None, isinstance(influence, str)
        if isinstance(influence, str):
            wanted = influence.lower()
            named = [one for name, one in declared if wanted in (name.lower(), name.lower().rpartition(".")[2])]
            made += named
            found = None if named else f"{quoted(influence)}, which nothing declares to multiply {_name(column)}"
        elif isinstance(influence, Mapping):
            one = _written_out(tables, column, influence)
            if isinstance(one, NameFault):
                found, dangling = str(one.facts["found"]), True
            elif isinstance(one, str):
                found = one
            else:
                made.append(one)
        else:
            found = f"{influence}"
        if found is not None:
            hint = did_you_mean(influence, names) if isinstance(influence, str) else ""
            refuse((place,), found, hint, dangling=dangling)
    return made


def _name(column: ColumnDraft) -> str:
    return f"{told_name(column.table)}.{column.name}"


def _declared(
    binding: Binding, tables: Mapping[str, TableDraft], column: ColumnDraft
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, facts) of everything that multiplies a column by a factor which the written files can tell."""
    for one in binding.behaviors.values.get((column.table, column.name), ()):
        if isinstance(one, Factors):
            name = f"{one.entity}.{one.column}"
            yield name, by_value(name, one.entity, one.column, one.by_value)
    table = tables[column.table]
    time = time_column_of(table)
    for word, args in column.modifiers if time is not None else ():
        if word == "seasonality":
            from datagen.modifiers.seasonality import Seasonality

            season, _ = check_part(Seasonality, args, binding.document, column.loc)
            if season is not None and season.timezone is None and not season.smooth and season.dimension != "holiday":
                yield season.dimension, {
                    "kind": "season", "name": season.dimension, "table": told_name(column.table), "column": time,
                    "dimension": season.dimension, "weights": [float(one) for one in season.weights],
                }  # fmt: skip
        if word == "effect":
            from datagen.modifiers.effect import Effect

            effect, _ = check_part(Effect, args, binding.document, column.loc)
            facts = None if effect is None else effect_facts(binding, column, effect, str(time))
            if facts is not None:
                yield facts["of"], facts


def effect_facts(binding: Binding, column: ColumnDraft, effect: Effect, time: str) -> dict[str, Any] | None:
    """What an effect does, where it multiplies and its keys are columns of the row."""
    of = find_table(binding.tables, effect.effect_table)
    own = binding.tables[column.table]
    if of is None or effect.map.op != "mul" or of.pk is None:
        return None
    names = {name: of.column(name) for name in effect.remote_columns.values()}
    keys = {local: own.column(local) for local in effect.on}
    if any(one is None for one in (*names.values(), *keys.values())):
        return None
    remote = {name: one.name for name, one in names.items() if one is not None}
    end = of.columns[remote[effect.window.end_col]]
    return {
        "kind": "effect", "name": of.id, "table": told_name(column.table), "column": time, "of": of.id, "pk": of.pk,
        "on": {keys[local].name: remote[there] for local, there in effect.on.items()},  # type: ignore[union-attr]
        "start": remote[effect.window.start_col], "end": end.name, "whole_day": end.type == "date",
        "field": remote[effect.map.field], "default": effect.default, "combine": effect.map.combine,
    }  # fmt: skip


def by_value(name: str, table: str, column: str, factors: Mapping[str, float]) -> dict[str, Any]:
    other = float(factors.get(OTHERWISE, 1.0))
    listed_factors = {value: float(factor) for value, factor in factors.items() if value != OTHERWISE}
    return {
        "kind": "value",
        "name": name,
        "table": table,
        "column": column,
        "factors": listed_factors,
        OTHERWISE: other,
    }


def _written_out(
    tables: Mapping[str, TableDraft], column: ColumnDraft, written: Mapping[str, Any]
) -> dict[str, Any] | str | NameFault:
    """The facts of `{column, factors}`, or what is wrong with it; a column that is not there is a fault of its name."""
    factors = written.get("factors")
    if set(written) != {"column", "factors"} or not isinstance(factors, Mapping) or not factors:
        return f"an object with {listed(tuple(str(key) for key in written))}"
    numbers = {str(value): share(factor) for value, factor in factors.items()}
    wrong = [value for value, factor in numbers.items() if factor is None or factor < 0]
    if wrong:
        return f"{wrong[0]}: {factors[wrong[0]]}"
    name = str(written["column"])
    found = find_column(tables, name if "." in name else f"{column.table}.{name}")
    if isinstance(found, NameFault):
        return found
    return by_value(
        _name(found), told_name(found.table), found.name, {v: f for v, f in numbers.items() if f is not None}
    )


def nodes_of(influence: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The columns that must be written for an influence to be seen."""
    if influence["kind"] != "effect":
        return [(influence["table"], influence["column"])]
    of = influence["of"]
    remote = [influence[key] for key in ("pk", "start", "end", "field")]
    own = [influence["column"], *influence["on"]]
    return [
        *((of, name) for name in (*remote, *influence["on"].values())),
        *((influence["table"], name) for name in own),
    ]
