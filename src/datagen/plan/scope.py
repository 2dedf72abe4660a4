"""What a part may ask while it is bound, and where it says no. One scope per part; the findings of all go to one list."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, cast

from datagen.contracts import NUMBERS, Block, Bound, ColumnType, Draw, Reader, Values
from datagen.errors import Finding, SchemaError, Severity
from datagen.kernel.address import salt_of
from datagen.plan.graph import ROWS
from datagen.plan.model import Timeframe
from datagen.plan.names import (
    ROW_NAMES,
    WINDOW_NAMES,
    ColumnDraft,
    FunctionReader,
    NameFault,
    PathReader,
    TableDraft,
    ancestors,
    constant_reader,
    declared,
    find_column,
    find_table,
    key_beside,
    picks_another,
    resolve,
    row_name,
    uncounted,
)
from datagen.schema.tree import Document

if TYPE_CHECKING:
    from datagen.expressions import Checked


# (made, declared): what a column of another type can hold without loss of meaning; int columns round to nearest
CASTS = {("int", "float"), ("float", "int"), ("date", "datetime"), ("datetime", "date")}


class PlanScope:
    """The scope of one part of one column (or of a fan-out, whose bare names are the driving parent's columns)."""

    def __init__(
        self,
        *,
        document: Document,
        findings: list[Finding],
        seed: int,
        tables: Mapping[str, TableDraft],
        table: TableDraft,
        column: str,
        loc: tuple[str | int, ...],
        timeframe: Timeframe | None,
        version_1: bool,
        column_type: ColumnType | None = None,
        value_type: ColumnType = "float",
        decimals: int | None = None,
        precision: Literal["s", "ms", "us"] = "s",
        unique: bool = False,
        known_values: Sequence[Any] | None = None,
        nullable: bool = False,
        fixed_rows: Callable[[str], int | None] | None = None,
        expected_rows: Callable[[str], float] | None = None,
        most_rows: Callable[[str], float] | None = None,
        fewest_rows: Callable[[str], float] | None = None,
        unique_columns: Container[tuple[str, str]] = (),
        lower: Sequence[Bound] = (),
        upper: Sequence[Bound] = (),
        salt_path: tuple[str, ...] = (),
        time_column: str | None = None,
        own_modifiers: Sequence[tuple[str, Mapping[str, Any]]] = (),
        table_modifiers: Sequence[tuple[str, Mapping[str, Any]]] = (),
        volume: Any = None,
        picking: Any = None,
    ) -> None:
        self.document = document
        self.findings = findings
        self.seed = seed
        self.tables = tables
        self.home = table
        self.table = table.id
        self.column = column
        self.loc = loc
        self.timeframe = timeframe
        self.version_1 = version_1
        self.column_type = column_type
        self.value_type = value_type
        self.decimals = decimals
        self.precision = precision
        self.unique = unique
        self.known_values = known_values
        self.nullable = nullable
        self._expected_rows = expected_rows
        self._most_rows = most_rows
        self._fewest_rows = fewest_rows
        self._unique_columns = unique_columns
        self._fixed_rows = fixed_rows
        self.lower = lower
        self.upper = upper
        self.time_column = time_column
        self.own_modifiers = own_modifiers
        self.table_modifiers = table_modifiers
        self.volume = volume
        self.picking = picking
        self.condition: Reader | None = None
        self.fields_beside: Mapping[
            str, Callable[[], ColumnType | None]
        ] = {}  # fields of the structure that this is one of
        self._salt_path = salt_path or (table.id, column)

    @property
    def own_columns(self) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        return {column.name: (column.word, column.params) for column in self.home.columns.values()}

    def salt(self, part: str, use: int = 0) -> int:
        return salt_of(*self._salt_path, part, use)

    def seeded(self, part: str) -> int:
        return salt_of("seeded", self.seed, *self._salt_path, part)

    def refuse(
        self,
        code: str,
        field: str | Sequence[str | int] = (),
        *,
        found: str = "",
        expected: str = "",
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        steps = tuple(field.split(".")) if isinstance(field, str) and field else tuple(field)
        self.findings.append(
            self.document.finding(
                code, (*self.loc, *steps), found=found, expected=expected, hint=hint, severity=severity
            )
        )

    def fits(self, made: ColumnType, field: str) -> None:
        declared = self.column_type
        if declared is None or declared == made or (made, declared) in CASTS:
            return
        hint = "say cast(… as text) in the expression" if declared == "string" and field == "code" else ""
        self.refuse(
            "column.type_mismatch",
            field,
            found=f"{made} values in a {declared} column",
            expected=f"type: {made}",
            hint=hint,
        )

    def domain(self, size: int, field: str) -> None:
        if self._expected_rows is None:
            return
        rows = self._expected_rows(self.table)
        if rows > size:
            self.refuse(
                "unique.domain_too_small",
                field,
                found=f"{size:,} possible values < {rows:,.0f} rows of {self.table}",
                expected="at least as many values as rows",
                hint="widen the range, drop `unique`, or make fewer rows",
            )

    def tolerate(self, code: str, field: str | Sequence[str | int] = (), **facts: str) -> None:
        """A dangling thing: a warning in a version 1.0 document ("declared, not applied"), an error in any other."""
        self.refuse(code, field, severity="warning" if self.version_1 else "error", **facts)

    def read(self, name: str, field: str = "") -> Reader:
        if name in self.fields_beside:
            return FunctionReader(lambda block: cast(Any, block).field(name), self.fields_beside[name]() or "string")
        if name in ROW_NAMES and self.home.column(name) is None:
            if (fault := uncounted(self.home, name)) is not None:
                self.refuse(fault.code, field, **fault.facts)
            return row_name(name)
        if name.lower() in WINDOW_NAMES and self.timeframe is not None:
            edge = self.timeframe.start if name.lower() == "timeframe.start" else self.timeframe.end
            return constant_reader(edge, "datetime")
        path = resolve(self.tables, self.home, name)
        if isinstance(path, NameFault):
            fault = replace(path, wrong=name.split(".")[-1])
            self.refuse(fault.code, field, **fault.facts)
            return constant_reader(0, "int")
        type_ = self.tables[path.table].columns[path.column].type
        return PathReader(path, type_ or "int")

    def type_of(self, name: str) -> ColumnType | None:
        if name in self.fields_beside:
            return self.fields_beside[name]()
        if self.home.column(name) is None and name in ROW_NAMES:
            return ROW_NAMES[name]
        if name.lower() in WINDOW_NAMES:
            return None if self.timeframe is None else "datetime"
        path = resolve(self.tables, self.home, name)
        return None if isinstance(path, NameFault) else self.tables[path.table].columns[path.column].type

    def texts_of(self, name: str) -> tuple[str, ...] | None:
        """Every text that a name can have, when the document lists them; None where that is open."""
        path = resolve(self.tables, self.home, name)
        if isinstance(path, NameFault):
            return None
        column = self.tables[path.table].columns[path.column]
        texts = None if column.texts is None or column.modifiers else column.texts(column)
        return None if texts is None else tuple(dict.fromkeys(texts))

    def shares_of(self, name: str) -> Mapping[str, float] | None:
        """The share of each value of a name, by its text, where that is known before rows are made."""
        path = resolve(self.tables, self.home, name)
        if isinstance(path, NameFault) or path.hops:
            return None
        column = self.tables[path.table].columns[path.column]
        return None if column.shares is None else column.shares(column)

    def keeps_shares(self, name: str) -> bool:
        """Whether the shares of a column's values are exact over all rows of the table at home."""
        path = resolve(self.tables, self.home, name)
        if isinstance(path, NameFault) or path.hops or path.table != self.home.id:
            return False
        params = self.tables[path.table].columns[path.column].params
        return params.get("exact") is True and not params.get("clustered")

    def inside(self, steps: tuple[str | int, ...]) -> PlanScope:
        """The same scope, its findings placed at a key further inside."""
        inner = copy(self)
        inner.loc = (*self.loc, *steps)
        return inner

    def member(
        self,
        steps: tuple[str, ...],
        name: str,
        beside: Mapping[str, Callable[[], ColumnType | None]],
        form: Any,
        type: ColumnType | None,
    ) -> PlanScope:
        """The scope of one field of a structure: with names beside it, draws of its own, and a form of its own."""
        inner = self.inside(steps)
        inner.fields_beside = {**{other: kind for other, kind in self.fields_beside.items() if other != name}, **beside}
        inner.column_type, inner.decimals, inner.nullable, inner.precision = type, form.decimals, form.nullable, "s"
        inner.unique, inner.lower, inner.upper, inner.own_modifiers = False, (), (), ()
        inner.known_values, inner.picking, inner.volume = None, None, None
        inner._salt_path = (*self._salt_path, "field", name)
        return inner

    def among(self, table: str) -> PlanScope:
        """The same scope with the names of the rows of another table."""
        inner = copy(self)
        inner.home, inner.table = self.tables[table], table
        return inner

    def knows_table(self, name: str) -> bool:
        return find_table(self.tables, name) is not None

    @property
    def tables_below(self) -> tuple[str, ...]:
        found = [find_table(self.tables, name) for name in declared(self.tables)]  # of streams in pieces, one at most
        return tuple(one.piece or one.id for one in found if one is not None and self._above(one))

    def table_below(self, name: str) -> str | None:
        found = find_table(self.tables, name)
        return found.id if found is not None and not found.emits and self._above(found) else None

    def _above(self, table: TableDraft) -> bool:
        return self.table in ancestors(self.tables, table)

    def counts_down(self, table: str) -> tuple[tuple[str, str], ...]:
        """The numbers of rows on the way down to a table, as nodes of the dependency graph."""
        found, step = [], self.tables[table]
        while step.id != self.table:
            found.append((step.id, ROWS))
            step = self.tables[step.parent or ""]
        return tuple(reversed(found))

    def law_by(self, spec: Mapping[str, Any], steps: tuple[str | int, ...], *, durations: bool = False) -> Any:
        """A law with `by`, as a draw whose law differs by row; None after a refusal."""
        from datagen.plan.by_law import bind_law_by

        return bind_law_by(spec, self, steps, durations=durations)

    def path_reads(self, name: str) -> tuple[tuple[str, str], ...]:
        """Every (table, column) that reading a name looks at; nothing for an unknown name (binding says why)."""
        if name == "row_number" and self.home.column(name) is None:
            return ((self.table, NUMBERS),)
        path = resolve(self.tables, self.home, name)
        return () if isinstance(path, NameFault) else path.reads

    @property
    def paired(self) -> str | None:
        """The table of whose rows every driving parent has one row here; None where the table is no grid."""
        return self.home.each

    @property
    def ancestors(self) -> tuple[str, ...]:
        return tuple(ancestors(self.tables, self.home))

    def quiet(self) -> PlanScope:
        inner = copy(self)
        inner.findings = []
        return inner

    def find_table(self, name: str) -> str | None:
        table = find_table(self.tables, name)
        return None if table is None else table.id

    def ancestors_of(self, table: str) -> tuple[str, ...]:
        return tuple(ancestors(self.tables, self.tables[table]))

    def keys_to(self, table: str, entity: str) -> tuple[str, ...]:
        columns = self.tables[table].columns.values()
        return tuple(column.name for column in columns if column.points_to and column.points_to[0] == entity)

    def picks_another(self, column: str) -> bool:
        return picks_another(self.tables, self.home.columns[column])

    def key_beside(self, table: str) -> bool:
        return key_beside(self.tables, self.home, self.column, table)

    def find_target(self, reference: str) -> ColumnDraft | None:
        found = find_column(self.tables, reference)
        return None if isinstance(found, NameFault) else found

    def key_of(self, table: str) -> tuple[tuple[str, str], ...]:
        pk = self.tables[table].pk
        return () if pk is None else ((table, pk),)

    def fixed_rows(self, table: str) -> int | None:
        return None if self._fixed_rows is None else self._fixed_rows(table)

    def expected_rows(self, table: str) -> float:
        return 0.0 if self._expected_rows is None else self._expected_rows(table)

    def never_repeats(self, table: str, column: str) -> bool:
        return (table, column) in self._unique_columns

    def most_children(self, ancestor: str) -> float:
        most, step = 1.0, self.home
        while step.id != ancestor and step.parent is not None:
            each = math.inf if self._most_rows is None else self._most_rows(step.id)
            most = 0.0 if each == 0 else most * each
            step = self.tables[step.parent]
        return most

    def fewest_children(self, ancestor: str) -> float:
        least, step = 1.0, self.home
        while step.id != ancestor and step.parent is not None:
            least *= 0.0 if self._fewest_rows is None else self._fewest_rows(step.id)
            step = self.tables[step.parent]
        return least

    def target(self, reference: str, field: str) -> ColumnDraft | None:
        """The column of another table that `table.column` names, or None after a refusal."""
        found = find_column(self.tables, reference)
        if isinstance(found, NameFault):
            self.refuse(found.code, field, **found.facts)
            return None
        return found

    def names_in(self, text: str | int | float) -> tuple[str, ...]:
        from datagen.expressions import ExpressionFault, parse

        if not isinstance(text, str):
            return ()
        try:
            return tuple(parse(text).names)
        except ExpressionFault:
            return ()  # binding parses it again and says what is wrong

    def expression(
        self, text: str | int | float, field: str, *, extra: Mapping[str, ColumnType] | None = None
    ) -> Reader:
        if isinstance(text, bool) or not isinstance(text, str):
            return constant_reader(
                text, "bool" if isinstance(text, bool) else "int" if isinstance(text, int) else "float"
            )
        checked = self.checked(text, field, extra=extra)
        if checked is None:
            return constant_reader(0.0, "float")
        return self.evaluation(checked, field)

    def checked(self, text: str, field: str, *, extra: Mapping[str, ColumnType] | None = None) -> Checked | None:
        """An expression, parsed and type-checked against the names that this row knows; None after a refusal."""
        from datagen.expressions import ExpressionFault, parse

        extra = extra or {}

        def type_of(name: str) -> ColumnType | None:
            return extra.get(name) or self.type_of(name)

        try:
            return parse(text).check(type_of, (*extra, *self.fields_beside, *self._known(), *ROW_NAMES, *WINDOW_NAMES))
        except ExpressionFault as fault:
            for one in fault.faults:
                hint = self._bare(one.found) or one.hint
                self.refuse(one.code, field, found=one.found, expected=one.expected, hint=hint)
            return None

    def _bare(self, found: str) -> str:
        """What to write for a column of this row that stands behind the name of its own table."""
        unknown = re.match(r"unknown name '(\w+)\.(\w+)'", found)
        column = self.home.column(unknown[2]) if unknown and unknown[1].lower() == self.home.id.lower() else None
        return f"columns of the same row are written bare: {column.name}" if column is not None else ""

    def _known(self) -> tuple[str, ...]:
        """The names of other columns without a table: the row's own, and those of the row that emits it."""
        source = self.tables[self.home.parent].columns if self.home.emits and self.home.parent else ()
        own = () if self.column in source else (self.column,)
        return tuple(name for name in (*source, *self.home.columns) if name not in own)  # none needs itself

    def evaluation(self, checked: Checked, field: str) -> Reader:
        """A reader that evaluates a checked expression; `value` and other extra names are given to `evaluate_with`."""
        if checked.type == "duration":
            self.refuse(
                "expression.duration",
                field,
                found="a length of time, which no column holds",
                expected="a number, a text, a condition or a time",
                hint="epoch(…) gives its seconds",
            )
            return constant_reader(0.0, "float")
        readers = {name: self.read(name, field) for name in checked.names if self.type_of(name) is not None}
        home = f"{self.table}.{self.column}"

        def evaluate(block: Block) -> Values:
            return evaluate_with(checked, readers, block, {}, home)

        return FunctionReader(evaluate, checked.type)

    def length(self, text: str, field: str) -> Reader | None:
        """A reader of an expression that gives a length of time, in microseconds; None after a refusal."""
        checked = self.checked(text, field)
        if checked is None:
            return None
        if checked.type != "duration":
            self.refuse(
                "law.no_unit",
                field,
                found=f"'{text}', which gives {checked.type} values",
                expected="an expression that gives a length of time",
                hint="to_days(…) or to_seconds(…)",
            )
            return None
        readers = {name: self.read(name, field) for name in checked.names}
        home = f"{self.table}.{self.column}"

        def microseconds(block: Block) -> Values:
            return evaluate_with(checked, readers, block, {}, home)

        return FunctionReader(microseconds, "float")

    def law(self, spec: Any, field: str, *, durations: bool = False) -> Draw | None:
        from datagen.laws._bind import bind_law

        return bind_law(spec, self, field, durations=durations)

    def law_reads(self, spec: Any) -> tuple[str, ...]:
        from datagen.laws._bind import law_names

        return law_names(spec, self)


def evaluate_with(
    checked: Checked,
    readers: Mapping[str, Reader],
    block: Block,
    extra: Mapping[str, tuple[Values, ColumnType]],
    home: str,
) -> Values:
    """The values of an expression on a block: columns through readers, extra names (such as `value`) as given.

    home: `table.column`, for the SchemaError that a value out of range raises.
    """
    from datagen.columns import from_series, to_series
    from datagen.expressions import ExpressionOverflow

    series = {name: to_series(reader(block), name, reader.type) for name, reader in readers.items()}
    series |= {name: to_series(values, name, kind) for name, (values, kind) in extra.items()}
    try:
        found = checked.evaluate(series, block.rows)
        return from_series(found.dt.total_microseconds() if checked.type == "duration" else found)
    except ExpressionOverflow as error:
        fault = error.fault
        raise SchemaError(
            Finding(code=fault.code, json_path=home, found=fault.found, expected=fault.expected, hint=fault.hint)
        ) from error
