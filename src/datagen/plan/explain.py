"""The plan in words: what `datagen plan` prints, and the notes that lie beside every data set."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from datagen.plan.decisions import decisions, not_applied
from datagen.plan.effects import PlantedEffect
from datagen.plan.estimate import estimate, estimate_all
from datagen.plan.graph import COUNTS
from datagen.plan.model import DAY_US, ColumnPlan, Plan, TablePlan
from datagen.plan.told import emits_of, told_constraints, told_counted, told_kept, told_name, told_tables
from datagen.schema.tree import Document


def as_facts(plan: Plan) -> dict[str, Any]:
    """The plan as JSON-ready facts: what `datagen plan --json` prints."""
    whole = estimate_all(plan)
    return {
        "name": plan.name,
        "seed": plan.seed,
        "fingerprint": plan.fingerprint,
        "timeframe": None
        if plan.timeframe is None
        else {"start": spell_time(plan.timeframe.start), "end": spell_time(plan.timeframe.end)},
        "rows": round(whole.rows),
        "bytes": round(whole.bytes),
        "seconds_on_one_core": round(whole.seconds, 3),
        "tables": [_table_facts(plan, table) for table in told_tables(plan)],
        "derived": [
            {
                "table": name,
                "hidden": one.table.hidden,
                "primary_key": one.table.pk,
                "reads": list(one.reads),
                "columns": [
                    {"column": column.name, "type": column.type, "nullable": column.seal.nullable}
                    for column in one.table.columns.values()
                ],
            }
            for name, one in plan.by_sql.items()
        ],
        "order": list(dict.fromkeys(f"{told_name(table)}.{column}" for table, column in plan.order)),
        "kept_in_memory": [
            {"column": f"{kept.table}.{kept.column}", "bytes": round(kept.bytes)} for kept in told_kept(plan)
        ],
        "made_to_count_rows": {table: list(made) for table, made in told_counted(plan).items()},
        "constraints": [
            {"kind": c.kind, "text": c.text, "status": c.status, "reason": c.reason} for c in told_constraints(plan)
        ],
        "metrics": [
            {
                "name": one.name,
                "description": one.description,
                "reads": list(one.reads),
                "min": one.low,
                "max": one.high,
            }
            for one in plan.metrics
        ],
        "solved": [one.facts for one in plan.solved],
        "effects": [effect.as_dict() for effect in plan.effects],
        "findings": [finding.as_dict() for finding in plan.findings],
    }


def _table_facts(plan: Plan, table: TablePlan) -> dict[str, Any]:
    size = estimate(table)
    emits: dict[str, Any] = {"emits": _emit_facts(plan, table)} if table.kind == "stream" else {}
    if table.id in plan.derived:
        emits["put_in_order_by"] = list(sorted_by(plan, table))
    return {
        "table": table.id,
        "kind": table.kind,
        "parent": table.parent,
        "rows_exact": table.rows,
        "rows": round(size.rows),
        "rows_are_a_guess": table.rows_guessed,
        "rows_at_most": None if math.isinf(table.largest_rows) else round(table.largest_rows),
        "bytes": round(size.bytes),
        "seconds_on_one_core": round(size.seconds, 3),
        "fanout": table.counts.description if table.counts is not None else None,
        "moves_when_parents_are_added": getattr(table.counts, "moves", "") or None,
        "time_column": table.time_column,
        "hidden": table.hidden,
        "duplicates": table.copies.text if table.copies is not None else None,
        **emits,
        "columns": [
            {
                "column": column.name,
                "type": column.written_type,
                "made_by": _made_by(column, table),
                "nullable": column.seal.nullable,
                "hidden": column.hidden,
                "points_to": ".".join(column.points_to) if column.points_to else None,
                "reads": [
                    *dict.fromkeys(
                        f"{told_name(other)}.{name}" if name not in COUNTS else f"rows of {told_name(other)}"
                        for other, name in column.reads
                    )
                ],
                "moves_when_rows_are_added": moves(column, table) or None,
                "imperfections": [spoil.text for spoil in column.spoils],
            }
            for column in table.columns.values()
        ],
    }


def _emit_facts(plan: Plan, stream: TablePlan) -> list[dict[str, Any]]:
    return [
        {
            "emit": name,
            "of": table.parent,
            "rows": round(table.expected_rows),
            "rows_are_a_guess": table.rows_guessed,
            "fanout": table.counts.description if table.counts is not None else None,
        }
        for name, table in emits_of(plan, stream.id).items()
    ]


def sorted_by(plan: Plan, table: TablePlan) -> tuple[str, ...]:
    """The columns by which a stream is put in order at the end."""
    sorting = plan.derived[table.id].sorting
    assert sorting is not None
    return sorting.order_by


def _made_by(column: ColumnPlan, table: TablePlan) -> str:
    return "emits" if table.kind == "stream" and column.word == "process" else column.word


def moves(column: ColumnPlan, table: TablePlan) -> str:
    """Why rows added to a table change values that were there before, or "" when they do not."""
    if column.moves_with_rows:
        return column.moves_with_rows
    if column.by_row_number and table.kind == "stream" and table.parent is None:
        return "the place among all events: every earlier one moves it"
    if column.by_row_number and table.parent is not None:
        return "numbered through all parents: rows of earlier parents move it"
    return ""


def rows_move(table: TablePlan) -> str:
    """`; moves when rows are added: …`, where parents that are added change the rows of others."""
    why = getattr(table.counts, "moves", "")
    return f"; moves when rows of {table.parent} are added: {why}" if why else ""


def as_text(plan: Plan) -> str:
    """The plan for people: tables with rows, bytes and time, how each column is made, what is kept and what holds."""
    whole = estimate_all(plan)
    window = (
        "" if plan.timeframe is None else f", {spell_time(plan.timeframe.start)} to {spell_time(plan.timeframe.end)}"
    )
    lines = [f"{plan.name}: seed {plan.seed}{window}", ""]
    for table in told_tables(plan):
        size = estimate(table)
        where = (
            f"below {table.parent}, {table.counts.description} per row{rows_move(table)}"
            if table.parent and table.counts is not None
            else f"put in order by {', '.join(sorted_by(plan, table))} when all other tables are made"
            if table.id in plan.derived
            else "rows as declared"
        )
        hidden = ", hidden" if table.hidden else ""
        rows = f"{table.rows:,} rows" if table.rows is not None else f"about {size.rows:,.0f} rows"
        if table.rows_guessed:
            rows = f"perhaps {size.rows:,.0f} rows, not known before a run"
        lines.append(
            f"{table.id} ({table.kind}{hidden}): {rows}, {spell_bytes(size.bytes)}, "
            f"{size.seconds:.1f} s on one core; {where}"
        )
        width = max(len(column.name) for column in table.columns.values())
        for column in table.columns.values():
            notes = [_made_by(column, table)]
            if column.points_to:
                notes.append(f"-> {'.'.join(column.points_to)}")
            if column.name == table.time_column:
                notes.append("the row's time")
            if moved := moves(column, table):
                notes.append(f"moves when rows are added: {moved}")
            lines.append(
                f"  {column.name:<{width}}  {column.written_type + ('?' if column.seal.nullable else ''):<9} {'; '.join(notes)}"
            )
        lines.extend(_emits_spelled(plan, table))
        lines.append("")
    for name, one in plan.by_sql.items():
        hidden = ", hidden" if one.table.hidden else ""
        lines.append(
            f"{name} (derived{hidden}): rows not known before a run; SQL over {', '.join(one.reads) or 'nothing'}"
        )
        width = max(len(column.name) for column in one.table.columns.values())
        lines.extend(
            f"  {column.name:<{width}}  {column.type + ('?' if column.seal.nullable else '')}"
            for column in one.table.columns.values()
        )
        lines.append("")
    if constraints := told_constraints(plan):
        lines.append("constraints")
        lines.extend(f"  {c.status:<7} {c.kind:<11} {c.text} ({c.reason})" for c in constraints)
        lines.append("")
    if plan.spoiled:
        lines.append("imperfections of what is written; nothing else reads them, and generate --clean leaves them out")
        for table in plan.made_tables:
            lines.extend(f"  {table.id}.{one.name}  {spoil.text}" for one in table.visible for spoil in one.spoils)
            lines.extend([f"  {table.id}  {table.copies.text}"] if table.copies is not None else [])
        lines.append("")
    if plan.effects:
        lines.append("planted effects, and what an analyst should find at this size")
        lines.extend(f"  {_spelled(effect)}" for effect in plan.effects)
        lines.append("")
    if kept := told_kept(plan):
        lines.append("kept in memory by every worker, because other rows read them")
        lines.extend(f"  {one.table}.{one.column}  {spell_bytes(one.bytes)}" for one in kept)
        lines.append("")
    if counted := told_counted(plan):
        lines.append("made once more to count rows, because numbers of rows read what lies below")
        lines.extend(f"  {name}  {', '.join(made)}" for name, made in counted.items())
        lines.append("")
    if plan.metrics:
        lines.append("metrics, measured in the written files")
        lines.extend(
            f"  {one.name}: {one.description or 'over ' + ', '.join(one.reads)}{', ' + one.bounds if one.bounds else ''}"
            for one in plan.metrics
        )
        lines.append("")
    if plan.solved:
        lines.append("parameters that were tuned for metrics")
        lines.extend(f"  {one.text}" for one in plan.solved)
        lines.append("")
    about = "perhaps" if any(table.rows_guessed for table in plan.tables.values()) else "about"
    lines.append(
        f"in all {about} {whole.rows:,.0f} rows, {spell_bytes(whole.bytes)} of Parquet, {whole.seconds:.1f} s on one core"
    )
    return "\n".join(lines) + "\n"


def _emits_spelled(plan: Plan, table: TablePlan) -> list[str]:
    """The emits of a stream: their sources, expected events, and how many each row gives."""
    emits = emits_of(plan, table.id)
    width = max((len(name) for name in emits), default=0)
    return [
        f"  emit {name:<{width}}  {'perhaps' if one.rows_guessed else 'about'} {one.expected_rows:,.0f} rows; "
        f"of {one.parent}, {one.counts.description if one.counts is not None else 'no rows'} per row"
        for name, one in emits.items()
    ]


def _spelled(effect: PlantedEffect) -> str:
    """`customers.segment.vip.rows_of_orders: 3.5 ± 0.03, without it 1`."""
    error = "" if effect.standard_error is None else f" ± {effect.standard_error:.2g}"
    seen = "; planted but invisible at this size" if effect.visible is False else ""
    return f"{effect.id}: {effect.expected:.4g}{error}, {effect.absent:.3g} without it ({effect.statistic}){seen}"


def assumptions(plan: Plan, document: Document) -> str:
    """The text of assumptions.md: decisions that the schema records, and those that it leaves to the plan."""
    lines = [f"# Assumptions of {plan.name}", ""]
    if not plan.assumptions:
        lines.append("The schema records none.")
    for one in plan.assumptions:
        lines.append(f"- **{one.get('decision', '')}** {one.get('reason', '')}".rstrip())
    if plan.solved:
        lines.extend(["", "## Tuned parameters", "", *(f"- {one.text}." for one in plan.solved)])
    said = {str(one.get("decision", "")).rstrip(".").lower() for one in plan.assumptions}
    for title, found in (
        ("What the plan settled itself", decisions(plan, document)),
        ("Declared, not applied or read leniently", not_applied(plan)),
    ):
        own = [one for one in found if one.text.rstrip(".").lower() not in said]
        lines.extend(["", f"## {title}", "", *(f"- {one}" for one in own)] if own else [])
    return "\n".join(lines) + "\n"


def generation_notes(
    plan: Plan, rows: Mapping[str, int], metrics: Mapping[str, float | None] | None = None,
    imperfections: Sequence[Mapping[str, Any]] = (),
) -> str:  # fmt: skip
    """The text of generation_notes.md: what was asked, what came out, what was declared and not applied."""
    lines = [
        f"# How {plan.name} was made",
        "",
        f"Seed {plan.seed}, plan {plan.fingerprint}.",
        "",
        "| table | expected rows | rows |",
        "|---|---:|---:|",
    ]
    lines.extend(
        f"| {table.id} | {'by SQL' if table.id in plan.by_sql else f'{table.expected_rows:,.0f}'} | {rows[table.id]:,} |"
        for table in plan.all_tables.values()
        if table.id in rows and not table.hidden
    )
    if plan.notes:
        lines.extend(["", "## Notes", "", *(f"- {note}" for note in plan.notes)])
    extremes = [
        f"- {told_name(table.id)}.{column.name}: made by {column.word}, "
        + (f"{len(column.changes)} modifiers" if len(column.changes) > 1 else "1 modifier")
        for table in plan.tables.values()
        for column in table.visible
        if column.changes
    ]
    if extremes:
        lines.extend(["", "## Modified columns", "", *dict.fromkeys(extremes)])
    if imperfections:
        lines.extend(["", "## Imperfections", "", "| column | what | asked | cells or rows |", "|---|---|---:|---:|"])
        lines.extend(
            f"| {one['table']}{'.' + one['column'] if one['column'] else ''} | {one['kind']} | {asked(one)} | {one['found']:,} |"
            for one in imperfections
        )
    figures = [one for one in plan.metrics if one.name in (metrics or {})]
    if figures:
        lines.extend(["", "## Metrics", "", "| metric | found | asked | meaning |", "|---|---:|---|---|"])
        for one in figures:
            value = (metrics or {})[one.name]
            shown = "nothing to measure" if value is None else f"{value:,.6g}"
            lines.append(f"| {one.name} | {shown} | {one.bounds} | {one.description} |")
    if constraints := told_constraints(plan):
        lines.extend(["", "## Constraints", "", *(f"- {c.text}: {c.status} ({c.reason})" for c in constraints)])
    dangling = [finding for finding in plan.findings if finding.severity == "warning"]
    if dangling:
        lines.extend(["", "## Warnings", "", *(f"- {f.json_path}: {f.found} [{f.code}]" for f in dangling)])
    return "\n".join(lines) + "\n"


def asked(imperfection: Mapping[str, Any]) -> str:
    """The declared rate of an imperfection, as a share."""
    rate = imperfection.get("asked")
    return "" if rate is None else f"{rate:.4g}"


def spell_bytes(size: float) -> str:
    """`12.3 MB`."""
    for unit in ("B", "kB", "MB", "GB", "TB", "PB", "EB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size * 1000:.3g} EB"


def spell_time(time_us: int) -> str:
    """Microseconds as `2024-01-31T12:00:00Z`, years 1 to 9999."""
    import datetime

    days, rest = divmod(time_us, DAY_US)
    day = datetime.date.fromordinal(datetime.date(1970, 1, 1).toordinal() + days)
    seconds, micro = divmod(rest, 1_000_000)
    fraction = f".{micro:06d}" if micro else ""
    return f"{day.isoformat()}T{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}Z"
