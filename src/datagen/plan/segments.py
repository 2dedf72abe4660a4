"""`segment_behavior`: segments of an entity whose rows are more or fewer, and whose values are higher or lower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.plan.behaviors import Behaviors, Factors, Reach, seat_rate
from datagen.plan.binding import Binding
from datagen.plan.names import ColumnDraft, TableDraft, declared, find_column, find_table
from datagen.schema.model_behaviors import Segment, SegmentBehavior
from datagen.schema.model_findings import check_part
from datagen.schema.model_values import keys_of
from datagen.schema.weights import shares

SLACK = 0.02  # by which base_probability may differ from the weights of the column


def lower_segments(binding: Binding, reach: Reach, made: Behaviors, table: TableDraft, spec: Mapping[str, Any]) -> None:
    """Seat the multipliers of one entity's segments."""
    at = (*table.loc, "segment_behavior")
    flat = not set(spec) & set(keys_of(SegmentBehavior))
    full = None
    if not flat:
        full, findings = check_part(SegmentBehavior, spec, binding.document, at)
        binding.findings.extend(findings)
        if full is None:
            return
    written = spec if flat else (spec.get("segments") if spec.get("segments") is not None else spec.get("behaviors"))
    inside = at if flat else (*at, "segments" if spec.get("segments") is not None else "behaviors")
    if not written:
        binding.refuse(
            "segment.none", at, found="a segment_behavior without segments", expected="segments: {vip: {…}, …}"
        )
        return
    segments: dict[str, Segment] = {}
    for name, body in written.items():
        if not isinstance(body, Mapping):
            continue
        one, findings = check_part(Segment, body, binding.document, (*inside, name))
        binding.findings.extend(findings)
        if one is not None:
            segments[str(name)] = one
    column = _column(binding, table, segments, None if full is None else full.segment_column, at)
    if column is None:
        return
    known = texts_of_values(binding, column)
    _refuse_strange(binding, segments, known, column, inside)
    weights = shares_of(binding, column)
    _refuse_other_shares(binding, segments, weights, column, inside)
    rate = {name: float(one.fanout_multiplier) for name, one in segments.items() if one.fanout_multiplier is not None}
    value = {name: float(one.value_multiplier) for name, one in segments.items() if one.value_multiplier is not None}
    tables, columns = _targets(binding, reach, table, full, at, values=bool(value))
    if any(factor != 1.0 for factor in rate.values()):
        if not tables:
            binding.refuse(
                "segment.reaches_nothing",
                at,
                found=f"fanout multipliers of {table.id}, to which no table with a fanout refers",
                expected=f"a fact with parents: [{table.id}] and a fanout, or applies_to: [table]",
            )
        seat = Factors(
            table.id,
            column.name,
            rate,
            _mean(rate, weights),
            _said(column, rate),
            f"{table.id}.segment_fanout",
            _mean({name: factor * factor for name, factor in rate.items()}, weights),
        )
        for name in tables:
            way = reach.way(binding.tables[name], table.id)
            if way is not None:
                seat_rate(made, way, seat)
    if any(factor != 1.0 for factor in value.values()):
        seat = Factors(
            table.id, column.name, value, _mean(value, weights), _said(column, value), f"{table.id}.segment_value"
        )
        for node in columns:
            made.values.setdefault(node, []).append(seat)


def _said(column: ColumnDraft, factors: Mapping[str, float]) -> str:
    return f"{column.table}.{column.name} " + " ".join(f"{name} x{factor:g}" for name, factor in factors.items())


def _column(
    binding: Binding, table: TableDraft, segments: Mapping[str, Segment], named: str | None, at: Any
) -> ColumnDraft | None:
    if named is not None:
        column = table.column(named)
        if column is None:
            binding.refuse(
                "segment.unknown_column",
                (*at, "segment_column"),
                found=f"'{named}'",
                expected=f"a column of {table.id}: {listed(tuple(table.columns))}",
                hint=did_you_mean(named, table.columns),
            )
        return column
    marked = [column for column in table.columns.values() if column.role == "segment"]
    fitting = marked or [
        column
        for column in table.columns.values()
        if column.word in ("choice", "enum_list") and set(segments) <= set(texts_of_values(binding, column) or ())
    ]
    if len(fitting) == 1:
        return fitting[0]
    choices = {
        column.name: texts_of_values(binding, column) or []
        for column in table.columns.values()
        if column.word in ("choice", "enum_list")
    }
    meant = [name for name, values in choices.items() if set(segments) & set(values)]
    if not fitting and len(meant) == 1:
        return table.columns[meant[0]]  # the segments that it does not have are refused one by one
    shown = "; ".join(f"{name}: {listed([str(value) for value in values])}" for name, values in choices.items())
    binding.refuse(
        "segment.no_column" if not fitting else "segment.two_columns",
        at,
        found=f"segments {listed(tuple(segments))}, which "
        + (f"{listed([one.name for one in fitting])} both have" if fitting else f"no choice column of {table.id} has"),
        expected=f"one choice column with these values ({shown})" if shown else "a choice column with these values",
        hint="name it: {segment_column: …, segments: {…}}",
    )
    return None


def texts_of_values(binding: Binding, column: ColumnDraft) -> list[str] | None:
    """The texts of a closed list of values."""
    generator = binding.generators.get((column.table, column.name))
    values = None if generator is None else generator.listed(binding.scope_of(column, column_type=column.type))
    return None if values is None else [_text(value) for value in values]


def _text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _refuse_strange(
    binding: Binding, segments: Mapping[str, Segment], known: list[str] | None, column: ColumnDraft, at: Any
) -> None:
    for name in segments:
        if known is not None and name not in known:
            binding.refuse(
                "segment.unknown_value",
                (*at, name),
                key=True,
                found=f"'{name}', which {column.table}.{column.name} never is",
                expected=f"a value of it: {listed(known)}",
                hint=did_you_mean(name, known),
                severity="warning" if binding.version_1 else "error",
            )


def shares_of(binding: Binding, column: ColumnDraft) -> dict[str, float] | None:
    """The share of each value of a choice column; None when it is not known before rows are made."""
    from datagen.generators._weights import Weights

    choices = column.params.get("choices")
    if column.word != "choice" or column.modifiers or "by" in column.params or not isinstance(choices, list | tuple):
        return None
    written = column.params.get("weights")
    if written is not None and (
        len(written) != len(choices) or shares(written, relative_ok=True, version_1=True).values is None
    ):
        return None
    weights = Weights(written, column.params.get("weights_kind")).of(len(choices))
    total = sum(weights)
    found: dict[str, float] = {}
    for choice, weight in zip(choices, weights, strict=True):
        found[_text(choice)] = found.get(_text(choice), 0.0) + weight / total
    return found


def kept_shares_of(binding: Binding, column: ColumnDraft) -> dict[str, float] | None:
    """The share that each value of a choice column will have; exact shares of few rows are those of whole rows."""
    from datagen.kernel.quotas import largest_remainder

    found, rows = shares_of(binding, column), binding.known_rows(column.table)
    if found is None or rows is None or not rows or column.params.get("exact") is not True:
        return found
    counts = largest_remainder(list(found.values()), rows)
    return {value: count / rows for value, count in zip(found, counts.tolist(), strict=True)}


def _refuse_other_shares(
    binding: Binding, segments: Mapping[str, Segment], weights: dict[str, float] | None, column: ColumnDraft, at: Any
) -> None:
    for name, one in segments.items():
        if one.base_probability is None or weights is None or name not in weights:
            continue
        if abs(float(one.base_probability) - weights[name]) > SLACK:
            binding.refuse(
                "segment.base_probability",
                (*at, name, "base_probability"),
                found=f"base_probability {float(one.base_probability):g} of {name}",
                expected=f"the weight that {column.name} gives it, {weights[name]:.3g}",
                hint="leave base_probability out: the column's weights decide",
            )


def _mean(factors: Mapping[str, float], weights: dict[str, float] | None) -> float | None:
    return None if weights is None else sum(share * factors.get(name, 1.0) for name, share in weights.items())


def _targets(
    binding: Binding, reach: Reach, table: TableDraft, full: SegmentBehavior | None, at: Any, *, values: bool
) -> tuple[list[str], list[tuple[str, str]]]:
    """Tables whose rows and (table, column)s whose values are multiplied."""
    named = () if full is None or full.applies_to is None else full.applies_to
    tables: list[str] = []
    columns: list[tuple[str, str]] = []
    for place, reference in enumerate(named):
        where = (*at, "applies_to", place)
        if "." in reference:
            found = find_column(binding.tables, reference)
            if isinstance(found, ColumnDraft):
                if _refers(binding, reach, found.table, table, where):
                    columns.append((found.table, found.name))
            else:
                binding.refuse(found.code, where, **found.facts)
            continue
        target = find_table(binding.tables, reference)
        if target is None:
            binding.refuse(
                "ref.unknown_table",
                where,
                found=f"'{reference}'",
                expected=f"a table, or table.column: {listed(declared(binding.tables))}",
                hint=did_you_mean(reference, binding.tables),
                severity="warning" if binding.version_1 else "error",
            )
        elif _refers(binding, reach, target.id, table, where):
            tables += emitted(binding, target, where)
    if not tables:
        tables = [child.id for child in reach.children(table.id, multiplied=True)] if not named or columns else tables
    if values and not columns:
        facts = [binding.tables[name] for name in tables] if named else reach.children(table.id, multiplied=False)
        columns = default_columns(
            binding, reach, table, facts, None if full is None else full.applies_to_columns, at, "value multipliers"
        )
    return tables, columns


def emitted(binding: Binding, target: TableDraft, at: Any) -> list[str]:
    """The tables whose rows are multiplied when a table is named: of a stream its emits with a fan-out, if it has any."""
    from datagen.plan.streams import emits_that_multiply

    tables = emits_that_multiply(binding, target)
    if not tables:
        binding.refuse(
            "segment.not_reached",
            at,
            found=f"{target.id}, whose emits have no fanout",
            expected="a table that emits, or an emit with a fanout",
        )
    return tables


def _refers(binding: Binding, reach: Reach, name: str, table: TableDraft, at: Any) -> bool:
    if name != table.id and reach.way(binding.tables[name], table.id) is not None:
        return True
    binding.refuse(
        "segment.not_reached",
        at,
        found=f"{name}, whose rows refer to no {table.id}",
        expected=f"a table below {table.id}, or one with a lookup of it",
    )
    return False


def default_columns(
    binding: Binding,
    reach: Reach,
    table: TableDraft,
    facts: list[TableDraft],
    named: tuple[str, ...] | None,
    at: Any,
    what: str,
) -> list[tuple[str, str]]:
    """The columns of facts that a value multiplier of an entity means, or none after a refusal."""
    found: list[tuple[str, str]] = []
    if named is not None:
        for place, name in enumerate(named):
            head, _, tail = name.rpartition(".")
            hits = [
                (fact.id, column.name)
                for fact in facts
                if (not head or fact.id.lower() == head.lower()) and (column := fact.column(tail or name)) is not None
            ]
            # what a stream shows of values that its emits make is changed there, once
            found += [one for one in hits if not any(other.startswith(f"{one[0]}:") for other, _ in hits)]
            if not hits:
                known = sorted({column for fact in facts for column in fact.columns})
                binding.refuse(
                    "behavior.unknown_column",
                    (*at, "applies_to_columns", place),
                    found=f"'{name}', a column of no fact of {table.id}"
                    + (": declared, not applied" if binding.version_1 else ""),
                    expected=f"a column of {listed([fact.id for fact in facts])}: {listed(known)}",
                    hint=did_you_mean(name, known),
                    severity="warning" if binding.version_1 else "error",
                )
        return found
    for fact in facts:
        found += [(fact.id, name) for name in reach.measures(fact)]
    if not found:
        told = [fact.id for fact in facts if not fact.emits]
        binding.refuse(
            "behavior.no_measure",
            at,
            found=f"{what} of {table.id}, whose facts ({listed(told)}) have no single amount",
            expected="a column with role: measure, or one float column that is no key",
            hint="name it: applies_to: [table.column], or mark it with role: measure",
        )
    return found
