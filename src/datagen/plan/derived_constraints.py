"""Constraints on columns that SQL makes: nothing steers them, all are looked at in the written files."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from datagen.errors import listed
from datagen.plan.constraints import ConstraintReader, settled
from datagen.plan.derived import drafts_of
from datagen.plan.model import ConstraintPlan, DerivedPlan
from datagen.plan.names import TableDraft
from datagen.plan.patterns import settled_pattern
from datagen.plan.settle import ORDERED

if TYPE_CHECKING:
    from datagen.plan.binding import Binding

Loc = tuple[str | int, ...]
REFERENCES = {
    "unique": (), "foreign_keys": ("from", "to"), "inequalities": ("left", "right"), "ranges": ("attr",),
    "pattern": ("attr",), "enum": ("attr", "enum_ref"),
}  # fmt: skip


def names_derived(derived: Mapping[str, Any], reference: Any) -> bool:
    """Whether `table.column` names a column of a derived table."""
    head = str(reference).partition(".")[0].lower()
    return any(head == name.lower() for name in derived)


def constraints_of_derived(binding: Binding, derived: Mapping[str, DerivedPlan]) -> tuple[ConstraintPlan, ...]:
    """The constraints that speak of a derived table. Unknown names, and two tables in one inequality, are refused."""
    if not binding.drafting.derived or set(derived) != set(binding.drafting.derived):
        return ()  # what is wrong with the tables is told already
    drafts = {**binding.tables, **drafts_of(derived)}
    reader = ConstraintReader(drafts, binding.refuse, binding.version_1)
    _of_columns(binding, derived, reader)
    keyed = {
        frozenset((name, column.points_to[0]))
        for name, one in derived.items() if one.sorting is not None
        for column in one.table.visible if column.points_to is not None
    }  # fmt: skip
    declared = binding.document.root.get("constraints") or {}
    for kind, keys in REFERENCES.items():
        for place, entry in enumerate(declared.get(kind) or []):
            at = ("constraints", kind, place)
            said = [entry[key] for key in keys if isinstance(entry, Mapping) and entry.get(key) is not None]
            said = said or (list(entry) if isinstance(entry, list | tuple) else [entry] if kind == "unique" else [])
            if any(names_derived(derived, one) for one in said):
                _read(reader, kind, entry, at, keyed)
    for (table, column), loc in reader.found.unique.items():
        facts = {"table": table, "columns": [column]}
        ranked = derived[table].sorting is not None and derived[table].table.columns[column].by_row_number
        reader.found.declared.append(
            ConstraintPlan("unique", f"{table}.{column}", "held", "no value twice by construction", facts, loc)
            if ranked
            else ConstraintPlan("unique", f"{table}.{column}", "checked", "looked at in the files", facts, loc)
            if derived[table].sorting is not None
            else ConstraintPlan("unique", f"{table}.{column}", "checked", "SQL may repeat values", facts, loc)
        )
    for one in reader.found.declared:
        _refuse_impossible(binding, drafts, one)
    streams = [f"{name}." for name, one in derived.items() if one.sorting is not None]
    return tuple(
        replace(one, reason="put in order at the end, looked at afterwards")
        if one.reason.startswith("made by SQL") and any(name in one.text for name in streams)
        else one
        for one in reader.found.declared
    )


def _refuse_impossible(binding: Binding, drafts: Mapping[str, TableDraft], one: ConstraintPlan) -> None:
    """What the types of the columns can never keep."""

    def kind(table: str, column: str) -> Any:
        return drafts[table].columns[column].type

    facts, why = one.facts, ""
    if one.kind == "pattern":
        _, why = settled_pattern(one, None)
    elif one.kind in ("range", "enum"):
        _, why = settled(one, None, None, kind(facts["table"], facts["column"]))
    if why:
        binding.refuse(
            "constraint.cannot_hold", one.loc, found=f"{one.text}, but {why}",
            expected="a constraint that the values of the column can keep",
        )  # fmt: skip
    if one.kind == "inequality":
        types = [kind(*facts[side]) for side in ("left", "right")]
        if types[0] != types[1] and not any(set(types) <= alike for alike in ORDERED):
            binding.refuse(
                "constraint.types", one.loc, found=f"{one.text}: {types[0]} and {types[1]}",
                expected="two numbers, two times or two texts",
            )  # fmt: skip
    if one.kind == "foreign_key":
        types = [kind(facts["table"], facts["column"]), kind(facts["to_table"], facts["to_column"])]
        if types[0] != types[1]:
            binding.refuse(
                "fk.type_mismatch", one.loc, found=f"{one.text}: {types[0]} and {types[1]}",
                expected="one type on both sides", hint="cast it in the SQL",
            )  # fmt: skip


def _read(reader: ConstraintReader, kind: str, entry: Any, at: Loc, keyed: Collection[frozenset[str]]) -> None:
    """One entry, at its own place."""
    known = set(reader.found.unique)
    before, refuse = len(reader.found.declared), reader.refuse
    reader.refuse = lambda code, loc, **facts: refuse(code, (*at, *loc[len(at) :]), **facts)
    if kind == "inequalities":
        _inequality(reader, entry, at, keyed)
    elif kind == "unique":
        reader.read_unique([entry], at[:-1])
    elif kind == "foreign_keys":
        reader.read_foreign_keys([entry], at[:-1])
    elif kind == "ranges":
        reader.read_ranges([entry], at[:-1])
    else:
        reader.read_values(kind, [entry], at, numbered=False)
    reader.refuse = refuse
    reader.found.declared[before:] = [_placed(one, at) for one in reader.found.declared[before:]]
    for node, loc in reader.found.unique.items():
        if loc[:2] == at[:2] and len(loc) == len(at) and node not in known:
            reader.found.unique[node] = at


def _placed(one: ConstraintPlan, at: Loc) -> ConstraintPlan:
    return ConstraintPlan(one.kind, one.text, "checked", "made by SQL, looked at afterwards", one.facts, at)


def _inequality(reader: ConstraintReader, entry: Mapping[str, Any], at: Loc, keyed: Collection[frozenset[str]]) -> None:
    """keyed: pairs of tables that a key joins which is known behind SQL."""
    left, right = reader.attribute(entry["left"], (*at, "left")), reader.attribute(entry["right"], (*at, "right"))
    if left is None or right is None:
        return
    if left.table != right.table and frozenset((left.table, right.table)) not in keyed:
        reader.refuse(
            "constraint.two_tables", at, found=f"columns of {listed(sorted({left.table, right.table}))}",
            expected="columns of one table, where SQL makes one of them, or of a stream and a table that a key of it names",
        )  # fmt: skip
        return
    sides = ((left.table, left.name), (right.table, right.name))
    facts = {"left": sides[0], "op": entry["op"], "right": sides[1]}
    text = f"{left.table}.{left.name} {entry['op']} {right.table}.{right.name}"
    reader.found.declared.append(ConstraintPlan("inequality", text, "checked", "made by SQL", facts, at))


def _of_columns(binding: Binding, derived: Mapping[str, DerivedPlan], reader: ConstraintReader) -> None:
    """Keys, and the constraints that stand on declared columns."""
    for name, one in derived.items():
        if one.table.pk is not None:
            reader.found.unique[name, one.table.pk] = (*one.table.loc, "pk")
        for spec, at in _declared(binding, name):
            attribute = f"{name}.{spec['name']}"
            own = spec.get("constraints") or {}
            if spec.get("unique"):
                reader.found.unique[name, one.table.columns[spec["name"]].name] = (*at, "unique")
            if own.get("pattern") is not None:
                entry = {"attr": attribute, "regex": own["pattern"]}
                reader.read_values("pattern", [entry], (*at, "constraints", "pattern"), numbered=False)
            for key, value in (("enum", "values"), ("enum_ref", "enum_ref")):
                if own.get(key) is not None:
                    entry = {"attr": attribute, value: own[key]}
                    reader.read_values("enum", [entry], (*at, "constraints", key), numbered=False)


def _declared(binding: Binding, name: str) -> Iterator[tuple[Mapping[str, Any], Loc]]:
    node, loc = binding.drafting.derived[name]
    columns: Sequence[Mapping[str, Any]] = node.get("columns") or []
    for place, spec in enumerate(columns):
        yield spec, (*loc, "columns", place)
