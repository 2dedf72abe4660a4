"""Reads the constraints of a document, and settles which hold by construction once the columns are bound."""

from __future__ import annotations

from dataclasses import replace

from datagen.plan.agreements import find_agreements
from datagen.plan.behaviors import DEPARTED
from datagen.plan.binding import Binding
from datagen.plan.constraints import ConstraintReader, range_ends, range_faults, settled, steers
from datagen.plan.domains import picked_once, refuse_few_tuples, refuse_repeating_target
from datagen.plan.drafts import time_column_of
from datagen.plan.foreseen import say_often_broken
from datagen.plan.model import ConstraintPlan
from datagen.plan.names import ancestors
from datagen.plan.patterns import settled_pattern
from datagen.plan.picking import find_limits
from datagen.plan.reach import Edge, circles, find_reaches, shown, spelled
from datagen.plan.reserved import reserved
from datagen.plan.targets import read_targets, say_missed


def read_constraints(binding: Binding) -> ConstraintReader:
    reader = ConstraintReader(binding.tables, binding.refuse, binding.version_1, binding.drafting.derived)
    declared = binding.document.root.get("constraints") or {}
    for table in binding.tables.values():
        if table.pk is not None and (column := table.column(table.pk)) is not None:
            reader.found.unique[table.id, column.name] = column.loc
    for column in binding.columns():
        spec = binding.drafting.specs[column.table, column.name]
        if spec.get("unique"):
            reader.found.unique[column.table, column.name] = (*column.loc, "unique")
        if column.word == "lookup" and column.params.get("unique") is True:
            reader.found.unique[column.table, column.name] = (*column.loc, "generator", "lookup", "unique")
        own = spec.get("constraints") or {}
        attribute = f"{column.table}.{column.name}"
        if own.get("pattern") is not None:
            entry = {"attr": attribute, "regex": own["pattern"]}
            reader.read_values("pattern", [entry], (*column.loc, "constraints", "pattern"), numbered=False)
        if own.get("enum") is not None or own.get("enum_ref") is not None:
            entry = {"attr": attribute, "values": own.get("enum"), "enum_ref": own.get("enum_ref")}
            key = "enum" if own.get("enum") is not None else "enum_ref"
            reader.read_values("enum", [entry], (*column.loc, "constraints", key), numbered=False)
    reader.read_unique(declared.get("unique") or [], ("constraints", "unique"))
    reader.read_foreign_keys(declared.get("foreign_keys") or [], ("constraints", "foreign_keys"))
    reader.read_inequalities(declared.get("inequalities") or [], ("constraints", "inequalities"), binding.reads)
    order_of_life(binding, reader)
    binding.picking = find_limits(binding, reader)
    reader.read_ranges(declared.get("ranges") or [], ("constraints", "ranges"))
    for kind in ("pattern", "enum"):
        reader.read_values(kind, declared.get(kind) or [], ("constraints", kind))
    return reader


def order_of_life(binding: Binding, reader: ConstraintReader) -> None:
    """A row never precedes an entity that it refers to, nor follows its departure: inequalities that nobody wrote.

    They steer the time of the rows like declared ones. Along a lookup they do so where the picked row comes before the
    time; where the time comes first the pick is limited to rows that are there (`plan.picking`).
    """
    behaviors = binding.behaviors
    for table in binding.tables.values():
        time = time_column_of(table)
        if time is None or not steers(table.columns[time]):
            continue
        above = ancestors(binding.tables, table)
        for entity, column in behaviors.created.items():
            if entity == table.id or entity not in above:
                continue
            declared = {"left": f"{entity}.{column}", "op": "<=", "right": f"{table.id}.{time}"}
            reader.read_implied(declared, table.columns[time].loc, binding.reads)
        for entity in behaviors.leaving.get(table.id, ()):
            declared = {"left": f"{table.id}.{time}", "op": "<", "right": f"{entity}.{DEPARTED}"}
            reader.read_implied(declared, table.columns[time].loc, binding.reads)


ORDERED = ({"int", "float"}, {"datetime", "date"})  # types whose values can be compared with each other


def leave_room(binding: Binding, reader: ConstraintReader) -> None:
    """Find how far the columns of inequalities reach; what no row can ever hold is refused."""
    columns = {(column.table, column.name): column for column in binding.columns()}
    for one in reader.found.declared:
        if one.kind == "inequality":
            left, right = (columns[one.facts[side]].type for side in ("left", "right"))
            alike = left == right or any({left, right} <= types for types in ORDERED)
            if left is not None and right is not None and not alike:
                binding.refuse(
                    "constraint.types",
                    one.loc,
                    found=f"{one.text}: {left} and {right}",
                    expected="two numbers, two times or two texts",
                )
    for circle in circles(reader.found.declared):
        binding.refuse(
            "constraint.contradiction",
            circle[0].loc,
            found=f"{spelled(circle)}: a column that would be below itself",
            expected="inequalities that do not come back to where they began",
        )
    binding.stop_on_errors()

    def refuse(edge: Edge, bottom: float, top: float) -> None:
        small, large = columns[edge.small], columns[edge.large]
        binding.refuse(
            "constraint.cannot_hold",
            edge.of.loc,
            found=f"{edge.of.text}, but {small.table}.{small.name} is {shown(bottom, small.type)} or more and "
            f"{large.table}.{large.name} {shown(top, large.type)} or less",
            expected="generators that leave room for the constraint",
        )

    quiet = len(binding.findings)
    moved = {node for node, column in columns.items() if column.may_leave_bounds}
    reaches = find_reaches(
        reader.found.steering,
        binding.generators,
        lambda node: binding.scope_of(columns[node], column_type=columns[node].type),
        moved,
        refuse,
    )
    # what is wrong with a generator is said again when it is bound
    binding.findings[quiet:] = [one for one in binding.findings[quiet:] if one.code == "constraint.cannot_hold"]
    binding.reaches = reaches


def settle(binding: Binding, reader: ConstraintReader) -> tuple[ConstraintPlan, ...]:
    """Constraints with their final status; what can never hold is refused."""
    declared: list[ConstraintPlan] = []
    for (table, name), loc in reader.found.unique.items():
        generator, plan = binding.generators[table, name], binding.plans[table, name]
        column = binding.tables[table].columns[name]
        scope = binding.scope_of(column, column_type=plan.type, unique=True, unique_columns=reader.found.unique)
        made = generator.distinct(scope)
        reason = f"values made by {plan.word} may repeat" if not made else "no value twice by construction"
        if binding.modifiers[table, name]:
            made, reason = False, "modifiers may make two values the same"
        facts = {"table": table, "columns": [name]}
        declared.append(ConstraintPlan("unique", f"{table}.{name}", "held" if made else "checked", reason, facts, loc))
    reader.found.declared += find_agreements(binding)
    targets = read_targets(binding)
    say_missed(binding, targets)
    reader.found.declared += targets
    for constraint in reader.found.declared:
        support = values = type_ = None
        numbered, why = False, ""
        if constraint.kind == "unique":
            why_held = picked_once(binding, constraint)
            if why_held:
                constraint = replace(constraint, status="held", reason=why_held)
            else:
                refuse_few_tuples(binding, constraint)
        if constraint.kind == "foreign_key":
            refuse_other_type(binding, constraint)
            refuse_repeating_target(binding, constraint, reader.found.unique)
        if constraint.kind in ("range", "enum", "pattern"):
            node = (constraint.facts["table"], constraint.facts["column"])
            column, type_ = binding.tables[node[0]].columns[node[1]], binding.plans[node].type
            if not binding.modifiers[node] and not any(f.severity == "error" for f in binding.findings):
                scope = binding.scope_of(column, column_type=type_)
                quiet = len(binding.findings)
                support, values = binding.generators[node].support(scope), binding.generators[node].listed(scope)
                del binding.findings[quiet:]
                numbered = binding.generators[node].ends(1) is not None and constraint.kind == "range"
        if constraint.kind == "pattern":
            constraint, why = settled_pattern(constraint, values)
        elif numbered and not range_faults(constraint, type_):
            node = (constraint.facts["table"], constraint.facts["column"])
            constraint, why = reserved(
                binding, constraint, binding.generators[node].ends, *range_ends(constraint, type_)
            )
        else:
            constraint, why = settled(constraint, support, values, type_)
        if why:
            binding.refuse(
                "constraint.cannot_hold",
                constraint.loc,
                found=f"{constraint.text}, but {why}",
                expected="a constraint that the generator can keep",
            )
        elif constraint.kind == "range" and constraint.status == "checked" and not numbered:
            say_often_broken(binding, constraint)
        declared.append(constraint)
    return tuple(declared)


def refuse_other_type(binding: Binding, constraint: ConstraintPlan) -> None:
    """Refuse a foreign key whose values can never be those of the key it refers to."""
    facts = constraint.facts
    child, parent = (facts["table"], facts["column"]), (facts["to_table"], facts["to_column"])
    types = [binding.plans[node].type for node in (child, parent)]
    if types[0] != types[1]:
        binding.refuse(
            "fk.type_mismatch",
            constraint.loc,
            found=f"{'.'.join(child)} of type {types[0]}, {'.'.join(parent)} of type {types[1]}",
            expected="one type on both sides",
            hint=f"make {child[1]} by a lookup from {'.'.join(parent)}",
        )
