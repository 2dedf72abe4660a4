"""What segments and ages do, lowered to multipliers: on the rate of tables, on values of columns, on picks of rows.

`segment_behavior` and `vintage_behavior` are words of an entity; what they reach are the tables that refer to it. After
this step nobody else in the plan hears of segments or vintages: a table has factors and age curves on its rate, a
column has multipliers behind its modifiers, a lookup has weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.kernel.ages import AgeCurve
from datagen.plan.binding import Binding
from datagen.plan.names import TableDraft, ancestors
from datagen.schema.expand_processes import PROCESS_KEYS

Loc = tuple[str | int, ...]
DEPARTED = "departed_at"  # when an entity left for good: one time for all tables that its dropout reaches


@dataclass(frozen=True, slots=True)
class Factors:
    """Factors by the value of an entity's column. mean, second: of the factor and its square over its rows."""

    entity: str
    column: str
    by_value: Mapping[str, float]
    mean: float | None
    text: str
    effect: str  # what declared it, for the truth set
    second: float | None = None


@dataclass(frozen=True, slots=True)
class AgeFactor:
    """A curve over the age of an entity. mode: rate, active_share or dropout (leaving is in `departed_at` then)."""

    entity: str
    created: str
    curve: AgeCurve
    mode: str
    name: str

    @property
    def text(self) -> str:
        return f"{self.name} by age of {self.entity} ({self.mode})"


@dataclass(slots=True)
class Behaviors:
    """Everything that is seated somewhere, by where it sits."""

    created: dict[str, str] = field(default_factory=dict)  # entity -> column
    departed: dict[str, list[AgeFactor]] = field(default_factory=dict)  # entity -> its dropout curves
    rates: dict[str, list[Factors]] = field(default_factory=dict)  # table
    ages: dict[str, list[AgeFactor]] = field(default_factory=dict)  # table
    leaving: dict[str, list[str]] = field(default_factory=dict)  # table -> entities whose departure ends its rows
    values: dict[tuple[str, str], list[Factors | AgeFactor]] = field(default_factory=dict)  # column
    picks: dict[tuple[str, str], list[Factors | AgeFactor]] = field(default_factory=dict)  # lookup column


@dataclass(frozen=True, slots=True)
class Way:
    """How a table comes by a row of an entity: as (an ancestor of) its driving parent, or through a lookup of its own."""

    table: str
    lookup: str | None  # the column that picks; None along the driving parents


class Reach:
    """Finds the tables and columns that an entity's behaviour reaches."""

    def __init__(self, binding: Binding) -> None:
        self.binding = binding
        self.tables = binding.tables

    def way(self, table: TableDraft, entity: str) -> Way | None:
        """How rows of a table refer to the entity, or None when they do not."""
        if entity in ancestors(self.tables, table):
            return Way(table.id, None)
        keys = [column for column in table.columns.values() if column.points_to and column.points_to[0] == entity]
        own = [column for column in keys if column.params.get("on") is None]
        if own:
            return Way(table.id, own[0].name)
        for name in ancestors(self.tables, table):
            above = self.tables[name]
            if any(column.points_to and column.points_to[0] == entity for column in above.columns.values()):
                return Way(table.id, None)
        return None

    def children(self, entity: str, *, multiplied: bool) -> list[TableDraft]:
        """Facts that name the entity among their parents; `multiplied`: only those with a fan-out of their own."""
        found = []
        for table in self.tables.values():
            node = self.binding.drafting.nodes[table.id]
            parents = [str(name).lower() for name in node.get("parents") or ()]
            if entity.lower() not in parents:
                continue
            process = any(node.get(key) is not None for key in PROCESS_KEYS)
            if multiplied and (process or node.get("fanout") is None):
                continue
            found.append(table)
            if not multiplied and "stream" in node:  # what it shows of their values they make
                found += [self.tables[str(emit["table"])] for emit in node["stream"]["emits"]]
        return list({table.id: table for table in found}.values())

    def measures(self, table: TableDraft) -> list[str]:
        """Columns that a value multiplier means when none is named: `role: measure`, else the single float.

        Of a stream none that its emits fill: there the columns of the emits are meant, see `children`.
        """
        stream = self.binding.drafting.kinds[table.id] == "stream"
        own = [column for column in table.columns.values() if not (stream and column.word == "process")]
        marked = [column.name for column in own if column.role == "measure"]
        if marked:
            return marked
        floats = [
            column.name
            for column in own
            if column.type == "float"
            and column.name != table.pk
            and column.points_to is None
            and column.word != "lookup"
        ]
        return floats if len(floats) == 1 else []


def factors_above(
    made: Behaviors, tables: Mapping[str, TableDraft], table: TableDraft, one: Factors
) -> dict[str, float]:
    """What the same column does to the rows of the tables between the entity and a table, by value: 1 where not said."""
    found: dict[str, float] = {}
    above = ancestors(tables, table)
    for name in above:
        if name == one.entity:
            break
        for other in made.rates.get(name, ()):
            if (other.entity, other.column) == (one.entity, one.column):
                for value, factor in other.by_value.items():
                    found[value] = found.get(value, 1.0) * factor
    return found


def seat_rate(made: Behaviors, way: Way, one: Factors | AgeFactor) -> None:
    """Put a multiplier on the rows of a table: on its rate, or on the pick of the lookup that refers to the entity."""
    if way.lookup is not None:
        made.picks.setdefault((way.table, way.lookup), []).append(one)
    elif isinstance(one, Factors):
        made.rates.setdefault(way.table, []).append(one)
    elif one.mode == "dropout":
        made.leaving.setdefault(way.table, []).append(one.entity)
    else:
        made.ages.setdefault(way.table, []).append(one)


def lower(binding: Binding) -> Behaviors:
    """All behaviours of a document, lowered. Faults are findings at the keys of the behaviour."""
    made = Behaviors()
    reach = Reach(binding)
    for table in binding.tables.values():
        for column in table.columns.values():
            if column.role == "created":
                made.created.setdefault(table.id, column.name)
    for table in binding.tables.values():
        node = binding.drafting.nodes[table.id]
        if node.get("vintage_behavior") is not None:
            from datagen.plan.vintages import lower_vintages

            lower_vintages(binding, reach, made, table, node["vintage_behavior"])
        if node.get("segment_behavior") is not None:
            from datagen.plan.segments import lower_segments

            lower_segments(binding, reach, made, table, node["segment_behavior"])
    return made


def path_to(binding: Binding, home: TableDraft, entity: str, column: str) -> str | None:
    """The name under which a row of `home` reads a column of an entity; None when nothing leads there."""
    if home.id == entity:
        return column
    above = ancestors(binding.tables, home)
    if entity in above:
        return f"{entity}.{column}"
    for prefix, table in (("", home), *((f"{name}.", draft) for name, draft in above.items())):
        for key in table.columns.values():
            if key.points_to and key.points_to[0] == entity:
                return f"{prefix}{key.name}.{column}"
    return None


def names_of(seats: Sequence[Factors | AgeFactor], binding: Binding, home: TableDraft) -> list[str]:
    """What multipliers read in a row of `home`."""
    found: list[str] = []
    for one in seats:
        column = one.column if isinstance(one, Factors) else one.created
        name = path_to(binding, home, one.entity, column)
        if name is not None:
            found.append(name)
    return found


def node_loc(table: TableDraft, *steps: Any) -> Loc:
    """The place of a key of a table."""
    return (*table.loc, *steps)
