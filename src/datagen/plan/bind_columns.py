"""Binds columns: their parts, their types, what keeps them in bounds, and the functions that fill and change them."""

from __future__ import annotations

from typing import Any

from datagen.contracts import Generator, Modifier
from datagen.plan.binding import Binding
from datagen.plan.constraints import ConstraintReader
from datagen.plan.model import ColumnPlan, Seal
from datagen.plan.names import ColumnDraft


def make_parts(binding: Binding, column: ColumnDraft) -> None:
    """The generator and the modifiers of a column as parameter models."""
    node = (column.table, column.name)
    part = binding.part("generator", column.word, column.params, (*column.loc, "generator", column.word))
    if isinstance(part, Generator):
        binding.generators[node] = part
    made: list[Modifier] = []
    for place, (word, args) in enumerate(column.modifiers):
        modifier = binding.part("modifier", word, args, (*column.loc, "modifiers", place), inside=("args",))
        if isinstance(modifier, Modifier):
            made.append(modifier)
    binding.modifiers[node] = made


def bind_column(binding: Binding, column: ColumnDraft, reader: ConstraintReader) -> None:
    node = (column.table, column.name)
    spec = binding.drafting.specs[node]
    generator = binding.generators[node]
    unique = node in reader.found.unique
    bounds = binding.bounds(column, reader.found.steering)
    inferred = binding.inferred(column) if spec.get("type") is None or retyped(column) else None
    type_: Any = spec.get("type") or binding.mapped_type(column) or inferred
    if type_ is None:
        binding.refuse(
            "column.no_type",
            column.loc,
            found=f"{column.name} without a type",
            expected="type: int, float, string, bool, datetime or date",
        )
        type_ = "string"
    made = (inferred or type_) if retyped(column) else type_
    scope = binding.scope_of(
        column,
        column_type=made,
        unique=unique,
        lower=bounds[0],
        upper=bounds[1],
    )
    fill = generator.bind(scope)
    changes = []
    for place, modifier in enumerate(binding.modifiers[node]):
        changes.append(
            modifier.bind(
                binding.scope_of(
                    column,
                    nth(column, place),
                    loc=(*column.loc, "modifiers", place, "args"),
                    column_type=type_,
                    value_type=made,
                    lower=bounds[0],
                    upper=bounds[1],
                    unique=unique,
                )
            )
        )
        if column.modifiers[place][0] == "map_values":
            made = type_
    when = None
    if spec.get("when") is not None:
        at = binding.scope_of(column, loc=column.loc)
        when = at.expression(spec["when"], "when")
        if when.type != "bool":
            binding.refuse(
                "column.when_type",
                (*column.loc, "when"),
                found=f"an expression of type {when.type}",
                expected="a condition, such as status = 'done'",
            )
    column.known_type = type_
    column.plan = ColumnPlan(
        table=column.table,
        name=column.name,
        word=column.word,
        fill=fill,
        changes=tuple(changes),
        when=when,
        seal=Seal(
            type_,
            spec.get("decimals"),
            spec.get("precision") or "s",
            bool(spec.get("nullable", False)) or when is not None,
        ),
        hidden=bool(spec.get("hidden", False)),
        role=spec.get("role"),
        unit=spec.get("unit"),
        unique=unique,
        by_row_number=generator.BY_ROW_NUMBER and not changes and when is None,
        reads=tuple(dict.fromkeys(binding.reads[node])),
        points_to=column.points_to,
        loc=column.loc,
    )
    binding.plans[node] = column.plan


def retyped(column: ColumnDraft) -> bool:
    return any(word == "map_values" for word, _ in column.modifiers)


def nth(column: ColumnDraft, place: int) -> str:
    """A modifier's name for salts: its word and which of that word it is, so that other modifiers never move it."""
    word = column.modifiers[place][0]
    return f"modifier {word} {sum(1 for other, _ in column.modifiers[:place] if other == word)}"
