"""Tables that SQL makes from other tables: bound last, in the order in which they read each other."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen.contracts import Block, ColumnType, Values
from datagen.errors import did_you_mean, listed, quoted
from datagen.kernel.address import table_key
from datagen.plan.estimate import memory_bytes
from datagen.plan.model import ColumnPlan, DerivedPlan, Seal, TablePlan
from datagen.plan.names import ColumnDraft, TableDraft, declared
from datagen.plan.queries import Query, Read, bind_query, read_query
from datagen.plan.sorted_emits import SORTED
from datagen.plan.sorted_streams import bind_sorted
from datagen.schema.model_values import NAME
from datagen.sql.database import Database, create_table
from datagen.sql.grammar import Fault

if TYPE_CHECKING:
    from datagen.plan.binding import Binding

WORD = "sql"  # what `made by` says of its columns
NODE_KEYS = frozenset({"id", "kind", "pk", "columns", "hidden", "sql"})
COLUMN_KEYS = frozenset({"name", "type", "nullable", "decimals", "precision", "unit", "unique", "constraints"})
NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
TIMES = ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
# declared type -> the types of results that may become it
BECOMES: Mapping[str, tuple[str, ...]] = {
    "int": ("int", "float"), "float": ("int", "float"), "string": ("string",), "bool": ("bool",),
    "datetime": ("datetime", "date"), "date": ("datetime", "date"),
}  # fmt: skip


def type_of(said: str) -> ColumnType | None:
    """The column type behind a type of DuckDB; None for those that no file format has."""
    if said in (*NUMBERS, "UHUGEINT"):
        return "int"
    if said in ("DOUBLE", "FLOAT") or said.startswith("DECIMAL"):
        return "float"
    if said == "VARCHAR" or said.startswith("ENUM"):
        return "string"
    if said in TIMES:
        return "datetime"
    return {"BOOLEAN": "bool", "DATE": "date"}.get(said)  # type: ignore[return-value]


def no_fill(block: Block) -> Values:
    """Columns of derived tables are made by SQL, never block by block."""
    raise AssertionError(f"a column of {block} is made by SQL")


def bind_derived(binding: Binding, database: Database, tables: Mapping[str, TablePlan]) -> dict[str, DerivedPlan]:
    """The derived tables, each after those it reads. Faults go to the binding.

    database: of empty tables, those of the document; the derived ones come to them.
    """
    nodes = {name: one for name, one in binding.drafting.derived.items() if one[0]["kind"] != SORTED}
    known = {name.lower(): name for name in (*declared(binding.tables), *binding.drafting.derived)}
    read: dict[str, Read] = {}
    for name, (node, loc) in nodes.items():
        _refuse_keys(binding, name, node, loc)
        if node.get("sql") is None:
            continue  # said already
        found = read_query(database, node["sql"], known, needs_order=True)
        if isinstance(found, Read):
            read[name] = found
        else:
            _say(binding, name, found, loc)
    order = _order(binding, {name: one.reads for name, one in read.items()}, nodes)
    made: dict[str, DerivedPlan] = {}
    for name, (node, loc) in binding.drafting.derived.items():
        sorted_ = bind_sorted(binding, tables, name, node, tuple(loc)) if node["kind"] == SORTED else None
        if sorted_ is not None:
            made[name] = sorted_
            create_table(database, name, {column.name: column.type for column in sorted_.table.visible})
    for name in order:
        if all(other in tables or other in made for other in read[name].reads):
            plan = _bind_one(binding, database, name, read[name], {**tables, **_tables(made)})
            if plan is not None:
                create_table(database, name, {column.name: column.type for column in plan.table.visible})
                made[name] = plan
    return made


def _tables(made: Mapping[str, DerivedPlan]) -> dict[str, TablePlan]:
    return {name: one.table for name, one in made.items()}


def _bind_one(
    binding: Binding, database: Database, name: str, read: Read, tables: Mapping[str, TablePlan]
) -> DerivedPlan | None:
    node, loc = binding.drafting.derived[name]
    seen = {table: {one.name: one.type for one in tables[table].visible} for table in read.reads}
    hidden = {
        table: {one.name: one.type for one in tables[table].columns.values() if one.hidden} for table in read.reads
    }
    query = bind_query(database, read, seen, hidden)
    if isinstance(query, Fault):
        _say(binding, name, [query], loc)
        return None
    before = len(binding.findings)
    columns = _columns(binding, name, node, loc, query)
    pk = _pk(binding, name, node, loc, columns)
    if binding.has_errors(since=before) or not columns:
        return None
    if pk is not None:
        columns[pk] = _replaced(columns[pk], nullable=False)
    table = TablePlan(
        id=name, kind="derived", key=table_key(binding.seed, name), pk=pk, parent=None, parents=(), rows=None,
        counts=None, columns=columns, hidden=bool(node.get("hidden", False)), rows_guessed=True,
        row_bytes=sum(memory_bytes(column) for column in columns.values()), loc=tuple(loc),
    )  # fmt: skip
    mark = binding.document.place((*loc, "sql"))
    where = (binding.document.path, mark.line, mark.column, mark.json_path)
    return DerivedPlan(table, query.text, query.reads, *where)


def _columns(
    binding: Binding, name: str, node: Mapping[str, Any], loc: Sequence[str | int], query: Query
) -> dict[str, ColumnPlan]:
    """The columns of the result, or those declared, in their order."""
    result: dict[str, ColumnType] = {}
    for column, said in query.columns:
        if not re.fullmatch(NAME, column):
            binding.refuse(
                "derived.column_name", (*loc, "sql"), found=f"a column of the result called {quoted(column)}",
                expected="letters, digits and _, a letter first", hint="give it a name: … as name",
            )  # fmt: skip
        elif column.lower() in map(str.lower, result):
            binding.refuse(
                "derived.column_name", (*loc, "sql"), found=f"two columns of the result called '{column}'",
                expected="every column once", hint="give one of them another name: … as name",
            )  # fmt: skip
        elif (kind := type_of(said)) is None:
            binding.refuse(
                "derived.column_type", (*loc, "sql"), found=f"'{column}' of DuckDB's type {said}",
                expected="a number, a text, a truth value, a date or a time", hint="cast it: cast(… as varchar)",
            )  # fmt: skip
        else:
            result[column] = kind
    declared = node.get("columns")
    if declared is None:
        return {one: _column(binding, name, one, kind, loc, {"nullable": True}) for one, kind in result.items()}
    if len(result) < len(query.columns):
        return {}
    return _declared(binding, name, declared, loc, result)


def _declared(
    binding: Binding, name: str, declared: Sequence[Mapping[str, Any]], loc: Sequence[str | int],
    result: Mapping[str, ColumnType],
) -> dict[str, ColumnPlan]:  # fmt: skip
    spelled = {column.lower(): column for column in result}
    made: dict[str, ColumnPlan] = {}
    for place, spec in enumerate(declared):
        at = (*loc, "columns", place)
        column = spec["name"]
        if column.lower() not in spelled:
            binding.refuse(
                "derived.column_missing", at, found=f"'{column}', which the SQL does not give",
                expected=f"a column of the result: {listed(tuple(result))}", hint=did_you_mean(column, result),
            )  # fmt: skip
            continue
        kind = result[spelled.pop(column.lower())]
        wanted = spec.get("type") or kind
        if kind not in BECOMES[wanted]:
            binding.refuse(
                "derived.column_type", (*at, "type"), found=f"'{column}' declared {wanted}, and {kind} in the result",
                expected=listed([one for one, from_ in BECOMES.items() if kind in from_]), hint="cast it in the SQL",
            )  # fmt: skip
            continue
        made[column] = _column(binding, name, column, wanted, at, spec)
    if spelled and declared:
        binding.refuse(
            "derived.column_missing", (*loc, "columns"),
            found=f"{listed(tuple(spelled.values()))} in the result and not declared",
            expected="every column of the result, or no `columns` at all",
        )  # fmt: skip
    return made


def _column(
    binding: Binding, table: str, name: str, kind: ColumnType, loc: Sequence[str | int], spec: Mapping[str, Any]
) -> ColumnPlan:
    for key, types in (("decimals", ("float",)), ("precision", ("datetime",))):
        if spec.get(key) is not None and kind not in types:
            binding.refuse(
                "derived.column_key", (*loc, key), found=f"{key} on a column of type {kind}",
                expected=f"a column of type {listed(types)}",
            )  # fmt: skip
    seal = Seal(kind, spec.get("decimals"), spec.get("precision") or "s", bool(spec.get("nullable", False)))
    return ColumnPlan(
        table, name, seal, WORD, no_fill, base="SQL", unit=spec.get("unit"), unique=bool(spec.get("unique", False)),
        loc=tuple(loc),
    )  # fmt: skip


def _replaced(column: ColumnPlan, *, nullable: bool) -> ColumnPlan:
    from dataclasses import replace

    return replace(column, seal=replace(column.seal, nullable=nullable))


def _pk(
    binding: Binding, name: str, node: Mapping[str, Any], loc: Sequence[str | int], columns: Mapping[str, ColumnPlan]
) -> str | None:
    wanted = node.get("pk")
    if wanted is None or not columns:
        return None
    found = next((column for column in columns if column.lower() == wanted.lower()), None)
    if found is None:
        binding.refuse(
            "pk.unknown_column", (*loc, "pk"), found=f"'{wanted}'",
            expected=f"a column of {name}: {listed(tuple(columns))}", hint=did_you_mean(wanted, columns),
        )  # fmt: skip
    return found


def _refuse_keys(binding: Binding, name: str, node: Mapping[str, Any], loc: Sequence[str | int]) -> None:
    for key in node:
        if key not in NODE_KEYS and not _comment(key):
            binding.refuse(
                "derived.key", (*loc, key), key=True, found=f"'{key}' on {name}, a derived table",
                expected=f"one of: {listed(sorted(NODE_KEYS))}", hint="its rows and values come from the SQL alone",
            )  # fmt: skip
    for place, spec in enumerate(node.get("columns") or []):
        for key in spec:
            if key not in COLUMN_KEYS and not _comment(key):
                binding.refuse(
                    "derived.column_key", (*loc, "columns", place, key), key=True,
                    found=f"'{key}' on {name}.{spec.get('name')}, a column that SQL makes",
                    expected=f"one of: {listed(sorted(COLUMN_KEYS))}", hint="say it in the SQL",
                )  # fmt: skip


def _comment(key: str) -> bool:
    from datagen.schema.model_values import comment_like

    return comment_like(key)


def _say(binding: Binding, name: str, faults: Sequence[Fault], loc: Sequence[str | int]) -> None:
    for fault in faults:
        found = f"{name}: {fault.found}"
        binding.refuse(fault.code, (*loc, "sql"), found=found, expected=fault.expected, hint=fault.hint)


def _order(binding: Binding, reads: Mapping[str, tuple[str, ...]], nodes: Mapping[str, Any]) -> list[str]:
    """The derived tables, each after those it reads; a loop is refused with its path."""
    done: list[str] = []
    told: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        if name in done or name in told:
            return
        if name in way:
            loop = (*way[way.index(name) :], name)
            told.update(loop)
            binding.refuse(
                "derived.loop", (*nodes[loop[0]][1], "sql"), found=" reads ".join(loop),
                expected="derived tables that do not come back to where they began",
            )  # fmt: skip
            return
        for other in reads.get(name, ()):
            if other in reads:
                visit(other, (*way, name))
        if name not in told:
            done.append(name)

    for name in reads:
        visit(name, ())
    return done


def drafts_of(derived: Mapping[str, DerivedPlan]) -> dict[str, TableDraft]:
    """Derived tables as names are looked up in: for constraints on their columns."""
    drafts: dict[str, TableDraft] = {}
    for name, one in derived.items():
        columns = {
            column.name: ColumnDraft(name, column.name, WORD, {}, column.loc, known_type=column.type)
            for column in one.table.columns.values()
        }
        drafts[name] = TableDraft(name, one.table.pk, None, one.table.loc, columns)
    return drafts
