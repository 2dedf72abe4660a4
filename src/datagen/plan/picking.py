"""Lookups that may not pick any row: rows that are not there yet, and rows that a segment or an age makes likelier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.plan.behaviors import DEPARTED, AgeFactor, Factors
from datagen.plan.binding import Binding
from datagen.plan.constraints import FLIPPED, ConstraintReader
from datagen.plan.drafts import time_column_of
from datagen.plan.graph import closure
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ColumnDraft, TableDraft, ancestors, picks_another

Node = tuple[str, str]


@dataclass(slots=True)
class Limits:
    """What one lookup must look at. Columns are those of the picked table, `time` is the row's own."""

    time: str | None = None
    created: str | None = None
    strict: bool = False
    departed: str | None = None
    factors: list[Factors] = field(default_factory=list)
    ages: list[AgeFactor] = field(default_factory=list)

    def reads(self, table: str, target: str) -> list[Node]:
        """(table, column)s that the lookup depends on."""
        columns = [
            self.created,
            self.departed,
            *(one.column for one in self.factors),
            *(one.created for one in self.ages),
        ]
        found = [(target, column) for column in columns if column is not None]
        return found + ([(table, self.time)] if self.time is not None else [])


def find_limits(binding: Binding, reader: ConstraintReader) -> dict[Node, Limits]:
    """The limits of every lookup that has some. Adds what they read to the graph."""
    found: dict[Node, Limits] = {}
    for table in binding.tables.values():
        for column in table.columns.values():
            if column.points_to and all(picks(word, params) for word, params in column.makers):
                limits = _limits(binding, reader, table, column)
                if limits is not None:
                    found[table.id, column.name] = limits
    for (table_id, name), limits in found.items():
        target = binding.tables[table_id].columns[name].points_to
        assert target is not None  # only such lookups were looked at
        binding.reads[table_id, name].extend(limits.reads(table_id, target[0]))
        if limits.created is not None:
            _say_held(binding, reader, (target[0], limits.created), (table_id, limits.time or ""), limits.strict, name)
    return found


def picks(word: str, params: Mapping[str, Any]) -> bool:
    """Whether a generator is a lookup that chooses a row, and not one that follows a key."""
    return word == "lookup" and params.get("on") is None


def _say_held(binding: Binding, reader: ConstraintReader, left: Node, right: Node, strict: bool, lookup: str) -> None:
    """Mark the inequality that limited picks keep as held; add it where nobody declared it."""
    reason = f"{right[0]}.{lookup} picks rows that are there by then"
    columns = binding.tables[right[0]].columns
    keys = [one for one in columns.values() if one.points_to is not None and one.points_to[0] == left[0]]
    several = len(keys) > 1 or left[0] in ancestors(binding.tables, binding.tables[right[0]])
    for place, one in enumerate(reader.found.declared):
        facts = one.facts
        if several:
            break
        if one.kind == "inequality" and {facts["left"], facts["right"]} == {left, right} and one.status == "checked":
            reader.found.declared[place] = replace(one, status="held", reason=reason)
            return
    op = "<" if strict else "<="
    text = f"{left[0]}.{left[1]} {op} {right[0]}.{right[1]}"
    said = {"left": left, "op": op, "right": right, "implied": True}
    if several:
        text += f" along {lookup}"
        said["along"] = lookup
    at = columns[lookup].loc
    reader.found.declared.append(ConstraintPlan("inequality", text, "held", reason, said, at))


def _limits(binding: Binding, reader: ConstraintReader, table: TableDraft, column: ColumnDraft) -> Limits | None:
    assert column.points_to is not None
    entity = column.points_to[0]
    if entity == table.id:
        return None
    above = entity == table.each or entity in ancestors(binding.tables, table)
    if above and not picks_another(binding.tables, column):
        return None
    behaviors = binding.behaviors
    seats = behaviors.picks.get((table.id, column.name), [])
    factors = [one for one in seats if isinstance(one, Factors)]
    ages = [one for one in seats if isinstance(one, AgeFactor)]
    time = time_column_of(table)
    first = time is not None and _comes_first(binding, reader, table, time, column)
    created, strict = _creation(binding, reader, table, time, entity) if first else (None, False)
    if ages and not first:
        binding.refuse(
            "vintage.pick_without_time",
            column.loc,
            found=f"{ages[0].text}, which weighs the picks of {table.id}.{column.name}, in rows "
            + ("without a time" if time is None else f"whose time {time} depends on what is picked"),
            expected=f"a datetime column in {table.id} that is there before the pick",
        )
        return None
    for one in ages:
        if one.mode == "active_share":
            binding.refuse(
                "vintage.pick_mode",
                column.loc,
                found=f"{one.text}, which weighs the picks of {table.id}.{column.name}",
                expected="mode: dropout or rate, where the entity is looked up",
            )
    leaves = any(one.mode == "dropout" for one in ages)
    leaves |= first and above and entity in behaviors.leaving.get(table.id, ())  # as its own row leaves this table
    if created is None and not factors and not ages and not leaves:
        return None
    return Limits(
        time=time if first and (created is not None or ages or leaves) else None,
        created=created,
        strict=strict,
        departed=DEPARTED if leaves else None,
        factors=factors,
        ages=[one for one in ages if one.mode != "dropout"],
    )


def _comes_first(binding: Binding, reader: ConstraintReader, table: TableDraft, time: str, column: ColumnDraft) -> bool:
    """Whether the row's time is there before the pick."""
    edges = {node: list(needs) for node, needs in binding.reads.items()}
    for one in reader.found.steering:
        edges.setdefault((one.table, one.column), []).extend(one.reads)
        if (one.table, one.column) == (table.id, time) and one.name.split(".")[0] == column.name:
            return False
    return (table.id, column.name) not in closure([(table.id, time)], edges)


def _creation(
    binding: Binding, reader: ConstraintReader, table: TableDraft, time: str | None, entity: str
) -> tuple[str | None, bool]:
    """The column that says when a row of the entity was created, and whether rows must come strictly after."""
    above = entity in ancestors(binding.tables, table)  # its own row is there by then: that is held
    for one in reader.found.declared:
        if one.kind != "inequality" or one.facts["op"] not in FLIPPED or not (one.status == "checked" or above):
            continue
        left, right = one.facts["left"], one.facts["right"]
        if one.facts["op"] in (">", ">="):
            left, right = right, left
        if left[0] == entity and right == (table.id, time):
            return left[1], one.facts["op"] in ("<", ">")
    return binding.behaviors.created.get(entity), False


def bound_picking(binding: Binding, column: ColumnDraft, scope: Any) -> Any:
    """The limits of a lookup as its generator takes them; None when it may pick any row."""
    limits = binding.picking.get((column.table, column.name))
    if limits is None or column.points_to is None:
        return None
    from datagen.generators._weighted_pick import AgeWeight, Picking

    return Picking(
        table=column.points_to[0],
        home=f"{column.table}.{column.name}",
        time=None if limits.time is None else scope.read(limits.time),
        created=limits.created,
        strict=limits.strict,
        departed=limits.departed,
        factors=tuple((one.column, one.by_value) for one in limits.factors),
        ages=tuple(AgeWeight(one.created, one.curve) for one in limits.ages),
    )
