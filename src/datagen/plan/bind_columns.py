"""Binds columns: their parts, their types, what keeps them in bounds, and the functions that fill and change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen.contracts import NUMBERS, Bound, Change, Fill, Generator, Modifier
from datagen.generators._quota import refused_key
from datagen.generators.nested import Nested
from datagen.plan.arms import arm_changes, bound_arms, with_arms
from datagen.plan.binding import Binding, mapped_type
from datagen.plan.column_anomalies import anomaly_changes
from datagen.plan.constraints import ConstraintReader
from datagen.plan.correlations import correlated
from datagen.plan.foreseen import foresee
from datagen.plan.model import ColumnPlan, Seal
from datagen.plan.names import ColumnDraft, PathReader, ReaderWhere, picks_another
from datagen.plan.picking import bound_picking
from datagen.plan.places import is_places, places_column
from datagen.plan.scope import CASTS
from datagen.plan.seated_values import seated_texts
from datagen.plan.spelling import spelled

# of columns that a process fills: nothing before the first row of an entity, nothing after the last
OPEN_ROLES = frozenset({"previous_state", "valid_to", "converted_at"})


def make_parts(binding: Binding, column: ColumnDraft) -> None:
    """The generator and the modifiers of a column as parameter models."""
    node = (column.table, column.name)
    if is_places(binding.tables[column.table]):
        binding.generators[node], binding.modifiers[node] = places_column(column), []
        return
    part = (
        None
        if column.word == "process"
        else binding.part("generator", column.word, column.params, (*column.loc, "generator", column.word))
    )
    if isinstance(part, Generator):
        binding.generators[node] = part
    made: list[Modifier] = []
    for place, (word, args) in enumerate(column.modifiers):
        modifier = binding.part("modifier", word, args, (*column.loc, "modifiers", place), inside=("args",))
        if isinstance(modifier, Modifier):
            made.append(modifier)
    binding.modifiers[node] = made


def bind_column(binding: Binding, column: ColumnDraft, reader: ConstraintReader) -> None:
    node, before = (column.table, column.name), len(binding.findings)
    spec = binding.drafting.specs[node]
    generator = binding.generators[node]
    unique = node in reader.found.unique
    when = condition_of(binding, column, spec)
    refuse_quota(binding, column, when)
    bounds = binding.bounds(column, reader.found.steering)
    if when is not None:  # a row without a value needs no room for one
        bounds = (where(bounds[0], when), where(bounds[1], when))
    if bounds[0] or bounds[1]:
        binding.bounded.add(node)
    inferred = binding.inferred(column) if spec.get("type") is None or retyped(column) else None
    type_: Any = spec.get("type") or binding.mapped_type(column) or inferred
    untyped = type_ is None
    type_ = type_ or "string"
    types = types_along(column, type_, inferred)
    made = types[0]
    scope = binding.scope_of(
        column,
        column_type=made,
        unique=unique,
        lower=bounds[0],
        upper=bounds[1],
    )
    scope.picking, scope.condition = bound_picking(binding, column, scope), when
    drawn, arms = generator.bind(scope), bound_arms(binding, column)
    fill = correlated(binding, column, scope, with_arms(column, arms, scope, drawn, {}))
    if untyped and not binding.has_errors(since=before):  # what the generator itself is refused for explains it
        binding.refuse(
            "column.no_type",
            column.loc,
            found=f"{column.name} without a type",
            expected="type: int, float, string, bool, datetime or date",
        )
    known = generator.listed(scope) if column.modifiers else None
    scopes = [scope]
    for place in range(len(column.modifiers)):
        scopes.append(
            binding.scope_of(
                column,
                nth(column, place),
                loc=(*column.loc, "modifiers", place, "args"),
                column_type=types[place + 1],
                value_type=types[place],
                known_values=known if place == 0 else None,
                lower=bounds[0],
                upper=bounds[1],
                unique=unique,
            )
        )
    changes = [modifier.bind(at) for modifier, at in zip(binding.modifiers[node], scopes[1:], strict=True)]
    changes += value_multipliers(binding, column)
    if arms:
        plain = tuple(changes)
        binding.outcomes[node] = lambda forced: (
            correlated(binding, column, scope, with_arms(column, arms, scope, drawn, forced)),
            (*plain, *arm_changes(column, arms, forced)),
        )
        changes += arm_changes(column, arms, {})
    changes += anomaly_changes(binding, column)
    refuse_closed(binding, column, spec)
    for key in ("constraints", "imperfections"):
        if isinstance(generator, Nested) and spec.get(key):
            binding.refuse(
                "nested.whole",
                (*column.loc, key),
                found=f"{key} of {column.name}, which holds structures",
                expected=f"{key} of columns with plain values",
            )
    steps = [*(spelled(word, args) for word, args in column.modifiers), *seated_texts(binding, column)]
    tried = [arm.effect.text for arm in arms]
    steps += [] if column.word == "bernoulli" else tried
    steps += [spelled("anomaly", one) for one in spec.get("anomalies") or ()]
    base = "; ".join([spelled(column.word, column.params), *(tried if column.word == "bernoulli" else [])])
    if not (untyped and binding.has_errors(since=before)):
        refuse_idle_keys(binding, column, spec, type_)
    if not binding.has_errors(since=before):
        foresee(binding, column, scopes, type_)
    column.known_type = type_
    column.plan = ColumnPlan(
        table=column.table,
        name=column.name,
        word=column.word,
        fill=fill,
        changes=tuple(changes),
        steps=tuple(steps),
        base=_base(base, column),
        labels={} if binding.has_errors(since=before) else labels_of(binding, column, scopes[1:]),
        when=when,
        seal=Seal(
            type_,
            spec.get("decimals"),
            spec.get("precision") or "s",
            bool(spec.get("nullable", False))
            or when is not None
            or left_open(binding, column)
            or generator.leaves_open(),
        ),
        hidden=bool(spec.get("hidden", False)),
        role=spec.get("role"),
        unit=spec.get("unit"),
        unique=unique,
        moves_with_rows=why_moved(binding, column, scopes),
        by_row_number=generator.BY_ROW_NUMBER and not changes and when is None,
        reads=tuple(dict.fromkeys(need for need in binding.reads[node] if need != (column.table, NUMBERS))),
        points_to=column.points_to,
        picks_another=picks_another(binding.tables, column),
        structure=generator.tree(scope)
        if isinstance(generator, Nested) and not binding.has_errors(since=before)
        else None,
        loc=column.loc,
    )
    binding.plans[node] = column.plan


def value_multipliers(binding: Binding, column: ColumnDraft) -> list[Change]:
    """What segments and ages do to the values of a column, behind its modifiers."""
    from datagen.plan.seated_values import seated_changes

    return seated_changes(binding, column)


def labels_of(binding: Binding, column: ColumnDraft, scopes: Sequence[Any]) -> dict[str, Fill]:
    """What the modifiers of a column tell of its rows, by the label's name."""
    found: dict[str, Fill] = {}
    for modifier, scope in zip(binding.modifiers[column.table, column.name], scopes, strict=True):
        for name, fill in modifier.labels(scope).items():
            nth = sum(1 for other in found if other.startswith(name))
            found[f"{name}_{nth + 1}" if nth else name] = fill
    return found


def condition_of(binding: Binding, column: ColumnDraft, spec: Mapping[str, Any]) -> Any:
    """The condition under `when`, None without one."""
    if spec.get("when") is None:
        return None
    when = binding.scope_of(column, loc=column.loc).expression(spec["when"], "when")
    if when.type != "bool":
        binding.refuse(
            "column.when_type",
            (*column.loc, "when"),
            found=f"an expression of type {when.type}",
            expected="a condition, such as status = 'done'",
        )
    return when


def refuse_quota(binding: Binding, column: ColumnDraft, when: Any) -> None:
    """Refuse exact shares over all rows where only some have a value, or where something else moves single rows."""
    key = refused_key(binding.generators[column.table, column.name])
    others = {
        "a condition under `when`, so that some rows have no value": when is not None,
        "an experiment that moves some rows": bool(binding.trials.values.get((column.table, column.name))),
    }
    for why in (text for text, holds in others.items() if key and holds):
        binding.refuse(
            "quota.some_rows",
            (*column.loc, "generator", column.word, key),
            found=f"{key} beside {why}",
            expected="one of them",
        )


def why_moved(binding: Binding, column: ColumnDraft, scopes: Sequence[Any]) -> str:
    """Why rows added to a table change values that were there before."""
    node = (column.table, column.name)
    found = [binding.generators[node].moves(scopes[0])]
    found += [part.moves(scope) for part, scope in zip(binding.modifiers[node], scopes[1:], strict=True)]
    return "; ".join(dict.fromkeys(text for text in found if text))


def where(bounds: Sequence[Bound], condition: Any) -> list[Bound]:
    """Bounds that bind only the rows in which a condition holds; those without a path are the same in every row."""
    return [
        replace(bound, reader=ReaderWhere(bound.reader, condition)) if isinstance(bound.reader, PathReader) else bound
        for bound in bounds
    ]


def _base(base: str, column: ColumnDraft) -> str:
    """How a trace tells where a value begins."""
    if column.process is None:
        return base
    return "as its emit gives it" if column.process.startswith("emitted ") else f"{column.process}, from the rows"


def left_open(binding: Binding, column: ColumnDraft) -> bool:
    """Whether a process leaves some rows of a column without a value; conversions are all there."""
    if column.process is not None and column.process.startswith("emitted "):
        spec, made = binding.drafting.specs[column.table, column.name], binding.generators[column.table, column.name]
        is_time = column.name == made.spec.time  # type: ignore[attr-defined] # an EmittedColumn, whose module reads this one
        return spec.get("nullable") is not False and not is_time  # other emits may leave it out; events have a time
    return column.process in OPEN_ROLES and column.table not in binding.sources


def refuse_closed(binding: Binding, column: ColumnDraft, spec: Mapping[str, Any]) -> None:
    """Refuse `nullable: false` on a column that its process, or its generator, leaves open in some rows."""
    if binding.generators[column.table, column.name].leaves_open() and spec.get("nullable") is False:
        binding.refuse(
            "column.left_open",
            (*column.loc, "nullable"),
            found=f"{column.name} with nullable: false and a `censor`",
            expected="nullable: true: what has not happened by then has no time",
            hint="`before` keeps every time inside the bound",
        )
    if spec.get("when") not in (None, True, "true") and spec.get("nullable") is False:
        binding.refuse(
            "column.left_open",
            (*column.loc, "nullable"),
            found=f"{column.name} with nullable: false and a `when`",
            expected="nullable: true, or no `nullable`: a row in which the condition does not hold has no value",
            hint="`case` gives those rows a value of their own",
        )
    if left_open(binding, column) and spec.get("nullable") is False and column.process in OPEN_ROLES:
        binding.refuse(
            "process.nullable",
            (*column.loc, "nullable"),
            found=f"{column.name} with role: {column.process} and nullable: false",
            expected="nullable: true: the first row of an entity has no previous state, the last no end, and a journey "
            "may not convert",
        )


def refuse_idle_keys(binding: Binding, column: ColumnDraft, spec: Mapping[str, Any], type: str) -> None:
    """Refuse keys that change nothing on a column of this type."""
    for key, needed in (("decimals", "float"), ("precision", "datetime")):
        if spec.get(key) is not None and type != needed:
            binding.refuse(
                f"column.{key}_type",
                (*column.loc, key),
                key=True,
                found=f"{key} on a column of type {type}",
                expected=f"{key} on a column of type {needed} only",
                severity="warning" if binding.version_1 else "error",
            )


def types_along(column: ColumnDraft, last: Any, inferred: Any) -> list[Any]:
    """The type of the value as generated and after each modifier; only `map_values` changes it."""
    maps = [place for place, (word, _) in enumerate(column.modifiers) if word == "map_values"]
    if not maps:
        return [last] * (len(column.modifiers) + 1)
    types = [last if inferred is None or (inferred, last) in CASTS else inferred]
    for place, (_, args) in enumerate(column.modifiers):
        between = place in maps and place != maps[-1]
        types.append(mapped_type(args) if between else last if place >= maps[-1] else types[-1])
    return types


def retyped(column: ColumnDraft) -> bool:
    return any(word == "map_values" for word, _ in column.modifiers)


def nth(column: ColumnDraft, place: int) -> str:
    """A modifier's name for salts: its word and which of that word it is, so that other modifiers never move it."""
    word = column.modifiers[place][0]
    return f"modifier {word} {sum(1 for other, _ in column.modifiers[:place] if other == word)}"
