"""Constraints: which columns they steer while data is made, which hold by construction, which are looked at afterwards.

An inequality bounds the side that is made later (a draw cut to the interval); if neither depends on the other, the
larger side. The side made first is kept below what the other can reach, so that a pair always exists. Everything that
the generators cannot promise is `checked`: by SQL over the written files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from datagen.contracts import Bound
from datagen.errors import listed
from datagen.plan.graph import Node, closure
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ColumnDraft, NameFault, TableDraft, ancestors, constant_reader, find_column
from datagen.registry import find
from datagen.schema.literals import as_type
from datagen.schema.times import show_time


def _show_time(time: float) -> str:
    return show_time(int(time))


# The types whose values have an order that a range can mean, and how a message shows them.
SHOWN: Mapping[str, Callable[[float], str]] = {
    "int": "{:,.10g}".format,
    "float": "{:,.10g}".format,
    "datetime": _show_time,
    "date": _show_time,
}
FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Steering:
    """One inequality as it steers: `column` of `table` keeps above or below the value that `name` reads in its row."""

    table: str
    column: str
    name: str
    reads: tuple[Node, ...]
    above: bool  # the column is the larger side
    strict: bool
    text: str
    loc: tuple[str | int, ...]
    other: tuple[str, str] = ("", "")


@dataclass(slots=True)
class Constraints:
    """What the constraints of a document mean for its columns."""

    unique: dict[Node, tuple[str | int, ...]] = field(default_factory=dict)
    steering: list[Steering] = field(default_factory=list)
    declared: list[ConstraintPlan] = field(default_factory=list)


class ConstraintReader:
    """Reads the `constraints` of a document against its tables; faults go to `refuse(code, loc, **facts)`."""

    def __init__(
        self, tables: Mapping[str, TableDraft], refuse: Any, version_1: bool, made_by_sql: Collection[str] = ()
    ) -> None:
        self.tables = tables
        self.refuse = refuse
        self.version_1 = version_1
        self.found = Constraints()
        self.made_by_sql = {
            name.lower() for name in made_by_sql
        }  # tables whose constraints are read when they are known

    def attribute(self, reference: Any, loc: tuple[str | int, ...]) -> ColumnDraft | None:
        """The column that `table.column` names, or None after a refusal."""
        if str(reference).partition(".")[0].lower() in self.made_by_sql:
            return None
        found = find_column(self.tables, str(reference))
        if isinstance(found, NameFault):
            self.refuse(found.code, loc, **found.facts)
            return None
        return found

    def read_unique(self, entries: Sequence[Any], loc: tuple[str | int, ...]) -> None:
        for place, entry in enumerate(entries):
            at = (*loc, place)
            if isinstance(entry, (list, tuple)):
                columns = [self.attribute(part, (*at, k)) for k, part in enumerate(entry)]
                known = [column for column in columns if column is not None]
                if len({column.table for column in known}) > 1:
                    self.refuse(
                        "constraint.two_tables",
                        at,
                        found=f"columns of {listed(sorted({c.table for c in known}))}",
                        expected="columns of one table",
                    )
                elif len(known) == len(columns):
                    self.found.declared.append(
                        ConstraintPlan(
                            "unique",
                            f"{known[0].table}({', '.join(c.name for c in known)})",
                            "checked",
                            "several columns together",
                            {"table": known[0].table, "columns": [c.name for c in known]},
                            at,
                        )
                    )
                continue
            column = self.attribute(entry, at)
            if column is not None:
                self.found.unique[column.table, column.name] = at

    def read_foreign_keys(self, entries: Sequence[Mapping[str, Any]], loc: tuple[str | int, ...]) -> None:
        for place, entry in enumerate(entries):
            at = (*loc, place)
            child = self.attribute(entry["from"], (*at, "from"))
            parent = self.attribute(entry["to"], (*at, "to"))
            if child is None or parent is None:
                continue
            held = child.points_to == (parent.table, parent.name)
            self.found.declared.append(
                ConstraintPlan(
                    "foreign_key",
                    f"{child.table}.{child.name} -> {parent.table}.{parent.name}",
                    "held" if held else "checked",
                    "picked from the rows there"
                    if held
                    else f"made by {_maker_of(child)}, not by a lookup of {parent.table}.{parent.name}",
                    {"table": child.table, "column": child.name, "to_table": parent.table, "to_column": parent.name},
                    at,
                )
            )

    def read_inequalities(
        self, entries: Sequence[Mapping[str, Any]], loc: tuple[str | int, ...], reads: Mapping[Node, Sequence[Node]]
    ) -> None:
        edges: dict[Node, list[Node]] = {node: list(needs) for node, needs in reads.items()}
        for place, entry in enumerate(entries):
            at = (*loc, place)
            left = self.attribute(entry["left"], (*at, "left"))
            right = self.attribute(entry["right"], (*at, "right"))
            if left is None or right is None:
                continue
            op = entry["op"]
            text = f"{left.table}.{left.name} {op} {right.table}.{right.name}"
            facts = {"left": (left.table, left.name), "op": op, "right": (right.table, right.name)}
            if (left.table, left.name) == (right.table, right.name):
                self.refuse("constraint.itself", at, found=text, expected="two different columns")
                continue
            if op not in FLIPPED:
                self._checked(text, f"{op} is looked at, not steered", facts, at)
                continue
            if op in (">", ">="):
                left, right, op = right, left, FLIPPED[op]
            self._steer(left, right, op == "<", text, facts, at, edges)

    def read_implied(
        self, entry: Mapping[str, Any], loc: tuple[str | int, ...], reads: Mapping[Node, Sequence[Node]]
    ) -> None:
        """An inequality that follows from something else than `constraints`, unless it was declared as well."""
        left, right = (self.attribute(entry[side], loc) for side in ("left", "right"))
        assert left is not None
        assert right is not None
        pair = {"left": (left.table, left.name), "right": (right.table, right.name)}
        if any(
            one.facts.get("left") == pair["left"] and one.facts.get("right") == pair["right"]
            for one in self.found.declared
        ):
            return
        edges: dict[Node, list[Node]] = {node: list(needs) for node, needs in reads.items()}
        for one in self.found.steering:
            edges.setdefault((one.table, one.column), []).extend(one.reads)
        text = f"{left.table}.{left.name} {entry['op']} {right.table}.{right.name}"
        facts = {**pair, "op": entry["op"], "implied": True}
        self._steer(left, right, entry["op"] == "<", text, facts, loc, edges)

    def _steer(
        self,
        small: ColumnDraft,
        large: ColumnDraft,
        strict: bool,
        text: str,
        facts: Mapping[str, Any],
        at: tuple[str | int, ...],
        edges: dict[Node, list[Node]],
    ) -> None:
        """Choose the side that keeps the inequality, in a graph that grows by the edge that this makes."""
        low, high = (small.table, small.name), (large.table, large.name)
        to_small, to_large = self._name(large, small), self._name(small, large)
        if to_small is None and to_large is None:
            self.refuse(
                "constraint.unrelated",
                at,
                found=text,
                expected="two columns of one row, or of a row and one that it refers to",
                hint=f"no key of {large.table} leads to exactly one row of {small.table}, nor the other way",
            )
            return

        def above_of(bounded: ColumnDraft) -> Collection[str]:
            return ancestors(self.tables, self.tables[bounded.table])

        chances: list[tuple[ColumnDraft, ColumnDraft, str, bool]] = []
        if to_small is not None and low not in _later(high, edges):
            chances.append((large, small, to_small, True))
        if to_large is not None and high not in _later(low, edges):
            chances.append((small, large, to_large, False))
        for bounded, other, name, above in chances:
            if not steers(bounded) or (bounded.process is not None and name.split(".")[0] not in above_of(bounded)):
                continue  # a row maker knows its driving parents only
            first, then = (other.table, other.name), (bounded.table, bounded.name)
            edges.setdefault(then, []).append(first)
            self.found.steering.append(
                Steering(
                    bounded.table, bounded.name, name, (first,), above, strict, text, at, (other.table, other.name)
                )
            )
            status, reason = ("held", f"{bounded.table}.{bounded.name} is drawn inside the bound")
            free = [word for word, _ in bounded.makers if not _is_steered(word)]
            if free and bounded.process is None:
                status, reason = "checked", f"values made by {listed(free)} are not steered"
            elif bounded.may_leave_bounds:
                status, reason = "checked", f"the modifiers of {bounded.table}.{bounded.name} may leave the bound"
            self.found.declared.append(ConstraintPlan("inequality", text, status, reason, facts, at))  # type: ignore[arg-type]
            return
        words = listed(sorted({bounded.word for bounded, *_ in chances} or {small.word, large.word}))
        self._checked(text, f"values made by {words} are not steered", facts, at)

    def _checked(self, text: str, reason: str, facts: Mapping[str, Any], at: tuple[str | int, ...]) -> None:
        self.found.declared.append(ConstraintPlan("inequality", text, "checked", reason, facts, at))

    def _name(self, row: ColumnDraft, other: ColumnDraft) -> str | None:
        """The name under which a row of `row.table` reads the other column: own, an ancestor's, along its one key."""
        if row.table == other.table:
            return other.name
        table = self.tables[row.table]
        if other.table in ancestors(self.tables, table):
            return f"{other.table}.{other.name}"
        keys = [column for column in table.columns.values() if column.points_to and column.points_to[0] == other.table]
        direct = [column for column in keys if column.points_to == (other.table, self.tables[other.table].pk)]
        choose = direct or keys
        return f"{choose[0].name}.{other.name}" if len(choose) == 1 else None

    def read_ranges(self, entries: Sequence[Mapping[str, Any]], loc: tuple[str | int, ...]) -> None:
        for place, entry in enumerate(entries):
            at = (*loc, place)
            column = self.attribute(entry["attr"], (*at, "attr"))
            if column is None:
                continue
            low, high = entry.get("min"), entry.get("max")
            self.found.declared.append(
                ConstraintPlan(
                    "range",
                    f"{column.table}.{column.name} in {'' if low is None else low}..{'' if high is None else high}",
                    "checked",
                    "looked at afterwards",
                    {"table": column.table, "column": column.name, "min": low, "max": high},
                    at,
                )
            )

    def read_values(
        self, kind: str, entries: Sequence[Mapping[str, Any]], loc: tuple[str | int, ...], *, numbered: bool = True
    ) -> None:
        """`pattern` and `enum` entries. numbered: they stand in a list; else the one entry stands on a column itself."""
        for place, entry in enumerate(entries):
            at = (*loc, place) if numbered else loc
            column = self.attribute(entry["attr"], (*at, "attr"))
            if column is None:
                continue
            status, reason = "checked", "looked at afterwards"
            facts: dict[str, Any] = {"table": column.table, "column": column.name}
            if kind == "pattern":
                facts["regex"] = entry["regex"]
                text = f"{column.table}.{column.name} matches {entry['regex']}"
            elif entry.get("enum_ref") is not None:
                target = self.attribute(entry["enum_ref"], (*at, "enum_ref"))
                if target is None:
                    continue
                facts["enum_ref"] = (target.table, target.name)
                if column.points_to == (target.table, target.name):
                    status, reason = "held", "picked from the values there"
                text = f"{column.table}.{column.name} in {target.table}.{target.name}"
            else:
                facts["values"] = list(entry.get("values") or [])
                text = f"{column.table}.{column.name} in {listed([str(value) for value in facts['values']])}"
            self.found.declared.append(ConstraintPlan(kind, text, status, reason, facts, at))  # type: ignore[arg-type]


def steers(column: ColumnDraft) -> bool:
    """Whether the generator of a column keeps bounds by construction; what a mapping makes of its draw is another thing."""
    if column.process == "time":
        return True
    mapped = any(word == "map_values" for word, _ in column.modifiers)
    return not mapped and any(_is_steered(word) for word, _ in column.makers)


def _is_steered(word: str) -> bool:
    found = find("generator", word)
    return bool(found is not None and found.STEERED)


def _later(node: Node, edges: Mapping[Node, Sequence[Node]]) -> set[Node]:
    """Every column that depends on a node."""
    back: dict[Node, list[Node]] = {}
    for reader, needs in edges.items():
        for need in needs:
            back.setdefault(need, []).append(reader)
    return closure([node], back) - {node}


def settled(
    constraint: ConstraintPlan,
    support: tuple[float, float] | None,
    listed_values: Sequence[Any] | None,
    type: str | None,
) -> tuple[ConstraintPlan, str]:
    """A range or an enum against what the generator can make: (the constraint, why it can never hold or "").

    support: smallest and largest value of a generator without modifiers; listed_values: all values of a closed list.
    """
    facts = constraint.facts
    if constraint.kind == "range" and type is not None and type in SHOWN:
        (low, fault), (high, other) = _edge(facts["min"], type, -math.inf), _edge(facts["max"], type, math.inf)
        if fault or other or support is None:
            return constraint, fault or other
        reach = f"the generator makes values from {SHOWN[type](support[0])} to {SHOWN[type](support[1])}"
        if support[1] < low or support[0] > high:
            return constraint, f"{reach} only"
        if support[0] >= low and support[1] <= high:
            return _held(constraint, reach), ""
    if constraint.kind == "enum" and listed_values is not None and "values" in facts:
        allowed = {as_type(value, type or "string")[0] for value in facts["values"]}
        inside = [value for value in listed_values if value in allowed]
        if listed_values and not inside:
            return constraint, f"the generator makes {listed([str(value) for value in listed_values])} only"
        if len(inside) == len(listed_values):
            return _held(constraint, "every value that the generator makes is allowed"), ""
    return constraint, ""


def range_ends(constraint: ConstraintPlan, type: str | None) -> tuple[float, float]:
    """The ends of a range as numbers, infinite where open."""
    kind = type or "int"
    return _edge(constraint.facts["min"], kind, -math.inf)[0], _edge(constraint.facts["max"], kind, math.inf)[0]


def range_faults(constraint: ConstraintPlan, type: str | None) -> bool:
    """Whether an end of a range is none of its type."""
    return any(_edge(constraint.facts[key], type or "int", 0.0)[1] for key in ("min", "max"))


def _edge(value: Any, type: str, open_end: float) -> tuple[float, str]:
    """One end of a range as a number (microseconds for times), and what is wrong with it."""
    if value is None:
        return open_end, ""
    number, fault = as_type(value, "float" if type == "int" else type)
    return (open_end if number is None else float(number)), fault


def _held(constraint: ConstraintPlan, reason: str) -> ConstraintPlan:
    return ConstraintPlan(constraint.kind, constraint.text, "held", reason, constraint.facts, constraint.loc)


def edge_bound(limit: float, type: str, text: str) -> Bound:
    """A constant bound: what the other side of an inequality can reach at all."""
    value: Any = int(limit) if type in ("datetime", "date", "int") else limit
    kind: Any = "datetime" if type in ("datetime", "date") else type
    return Bound(constant_reader(value, kind), False, text)


def _maker_of(column: ColumnDraft) -> str:
    """What makes a column, in words: of a stream's column its emits."""
    return "emits" if (column.process or "").startswith("emitted ") else column.word
