"""Looks at what every single row must keep: ranges, inequalities, patterns, closed lists, ends of laws, decimals.

The rules are those that a document declares; which of them the generators promise does not matter here. Errors of
recording that are declared as well may break a rule in as many rows as their rates say.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.result import Result, ruled
from datagen.checks.values import Hop, ValueCheck, broken_rows
from datagen.plan.value_checks import looked_at
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

KINDS = ("range", "enum", "pattern", "inequality")
SPREAD = 5.0  # standard deviations by which rows with errors of recording may be more than their rate says
HALF = 1e-6  # of the last place: what arithmetic on decimals may be off


class Rules:
    """Looks at rules of rows in opened tables. columns: those that are there, by table."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, declared: Mapping[str, DeclaredTable],
        columns: Mapping[str, Collection[str]], examples: int,
    ) -> None:  # fmt: skip
        self.database, self.declared, self.columns, self.examples = database, declared, columns, examples

    def constraints(self, plan: Plan, document: Document | None, tables: Collection[str]) -> Iterator[Result]:
        """Every constraint whose rows lie in some tables."""
        for one in plan.constraints:
            if one.kind not in KINDS:
                continue
            facts = looked_at(plan, one, set(self.columns))
            if facts is None or facts["table"] not in tables:
                continue
            check = ValueCheck(**{**facts, "hops": tuple(Hop(*hop) for hop in facts["hops"])})
            where = {} if document is None or not one.loc else place_of(document, one.loc)
            yield self._constraint(check, where)

    def of_law(self, law: ColumnLaw) -> Iterator[Result]:
        """The list, the ends and the decimals of one column."""
        if law.parent is not None or law.column not in self.columns.get(law.table, ()):
            return
        place, column = f"{law.table}.{law.column}", identifier(law.column)
        if law.listed is not None:
            strange = f"{column} is not null and {unlisted(law, column)}"
            about = f"one of {', '.join(law.listed[:8])}" + (
                f" and {len(law.listed) - 8} more" if len(law.listed) > 8 else ""
            )
            yield self._rows("value.choice", law.table, (law.column,), about, strange, place)
        if law.low is not None or law.high is not None:
            slack = 0.0 if law.decimals is None else HALF * 10.0**-law.decimals
            sides = [] if law.low is None else [f"{column} < {law.low - max(slack, abs(law.low) * 1e-9)!r}"]
            sides += [] if law.high is None else [f"{column} > {law.high + max(slack, abs(law.high) * 1e-9)!r}"]
            about = f"{law.text}: from {_end(law.low)} to {_end(law.high)}"
            yield self._rows("value.support", law.table, (law.column,), about, " or ".join(sides), place)
        if law.decimals is not None:
            off = f"abs({column} - round({column}, {law.decimals})) > {HALF * 10.0**-law.decimals!r} * greatest(1, abs({column}))"
            about = f"at most {law.decimals} places behind the point"
            yield self._rows("value.decimals", law.table, (law.column,), about, off, place)
        for hops, created in law.creations:
            yield from self._created(law, hops, created)
        if law.when is not None:
            held = f"coalesce(({law.when}), false)"
            broken = f"not {held} and {column} is not null" + (f" or {held} and {column} is null" if law.filled else "")
            about = f"a value of {place} {'if and only if' if law.filled else 'only if'} {law.when}"
            yield self._over_row("value.when", law, about, broken)
        if law.formula is not None:
            yield self._over_row(
                "value.formula", law, f"{place} is what it is made of: {law.text}", _differs(law, column)
            )

    def _created(self, law: ColumnLaw, hops: Sequence[tuple[str, str, str]], created: str) -> Iterator[Result]:
        """No row is before what it belongs to."""
        joins, last, start = "", "t0", law.table
        for step, (key, table, to) in enumerate(hops, start=1):
            if key not in self.columns.get(start, ()) or to not in self.columns.get(table, ()):
                return
            joins += f" join {identifier(table)} as t{step} on {last}.{identifier(key)} = t{step}.{identifier(to)}"
            last, start = f"t{step}", table
        if created not in self.columns.get(start, ()):
            return
        kinds = (law.type, self.declared[start].columns[created])
        kind = "date" if "date" in kinds else "timestamp"
        broken = f"t0.{identifier(law.column)}::{kind} < {last}.{identifier(created)}::{kind}"
        about = f"no row of {law.table} is before the {created} of its {start}"
        yield self._rows(
            "value.before_creation", law.table, (law.column,), about, broken, f"{law.table}.{law.column}", joins=joins
        )

    def _over_row(self, code: str, law: ColumnLaw, about: str, condition: str) -> Result:
        """A rule in the words of the document; not judged where a column that it reads is missing."""
        import _duckdb as duckdb

        place = f"{law.table}.{law.column}"
        try:
            return self._rows(code, law.table, (law.column,), about, condition, place)
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            reason = f"it cannot be looked at: {str(error).splitlines()[0]}"
            return Result(code, "constraints", place, about, None, reason=reason)

    def _constraint(self, check: ValueCheck, where: Mapping[str, Any]) -> Result:
        joins, last = "", "t0"
        for step, hop in enumerate(check.hops, start=1):
            on = f"{last}.{identifier(hop.column)} = t{step}.{identifier(hop.to_column)}"
            joins += f" join {identifier(hop.to_table)} as t{step} on {on}"
            last = f"t{step}"
        other = (check.hops[-1].to_table if check.hops else check.table, check.facts.get("other"))
        read = [(check.table, check.column), *((hop.to_table, hop.to_column) for hop in check.hops)]
        read += [(check.table, check.hops[0].column)] if check.hops else []
        read += [other] if other[1] is not None else []  # type: ignore[list-item]
        read += [tuple(check.facts["enum_ref"])] if "enum_ref" in check.facts else []
        code, place = f"value.{check.kind}", f"{check.table}.{check.column}"
        if any(column not in self.columns.get(table, ()) for table, column in read):
            return Result(code, "constraints", place, check.text, None, reason="a column of it is missing", where=where)
        beyond = [name for table, name in read if table != check.table and self.declared[table].share_spoiled(name)]
        if beyond:
            reason = f"errors of recording in {', '.join(beyond)} reach an unknown number of rows"
            return Result(code, "constraints", place, check.text, None, reason=reason, where=where)
        own = tuple(name for table, name in read if table == check.table)
        condition = broken_rows(check, identifier, last, {})
        return self._rows(code, check.table, own, check.text, condition, place, joins=joins, where=where)

    def _rows(
        self, code: str, table: str, read: Sequence[str], about: str, condition: str, place: str, *, joins: str = "",
        where: Mapping[str, Any] | None = None,
    ) -> Result:  # fmt: skip
        """How many rows of a table meet the condition that breaks a rule, and the keys of some."""
        declared = self.declared[table]
        source = f"{identifier(table)} as t0{joins}"
        all_rows = f"(select count(*) from {identifier(table)})"
        broken, rows = row_of(self.database, f"select count(*) filter (where {condition}), {all_rows} from {source}")
        share = declared.share_spoiled(*read)
        allowed, reason = 0.0, ""
        if share:
            allowed = rows * share + SPREAD * math.sqrt(rows * share * (1 - share))
            reason = f"errors of recording are declared for {100 * share:g} % of the values"
        examples: tuple[str, ...] = ()
        if broken > allowed and self.examples:
            key = declared.primary_key if declared.primary_key in self.columns[table] else read[0]
            query = f"select t0.{identifier(str(key))} as k from {source} where {condition} order by k limit {self.examples}"
            examples = tuple(f"{key} {one}" for (one,) in self.database.execute(query).fetchall())
        return ruled(
            code, "constraints", place, about, broken=broken, rows=rows, allowed=allowed, reason=reason, examples=examples,
            where=where or {},
        )  # fmt: skip


def _differs(law: ColumnLaw, column: str) -> str:
    """The SQL condition of values that are not what a formula gives, beyond what rounding to their own form does.

    Where one of the two is null nothing is said: a formula gives null outside its domain, a column may forbid that.
    """
    if law.type == "int":
        off = f"abs({column} - ({law.formula})) > 0.5 + 1e-9 * abs({column})"
    elif law.type == "float":
        last = 0.5 * 10.0**-law.decimals if law.decimals is not None else 0.0
        off = f"abs({column} - ({law.formula})) > {last!r} + 1e-9 * greatest(abs({column}), 1e-3)"
    elif law.type == "datetime":
        off = f"abs(epoch_us({column}) - epoch_us(({law.formula})::timestamp)) >= 1000000"
    else:
        kind = {"date": "date", "bool": "boolean"}.get(law.type, "varchar")
        off = f"{column} <> ({law.formula})::{kind}"
    return off


def place_of(document: Document, loc: tuple[str | int, ...]) -> dict[str, Any]:
    """Where something stands in a document."""
    mark = document.place(loc)
    return {"path": document.path, "line": mark.line, "column": mark.column, "json_path": mark.json_path}


def unlisted(law: ColumnLaw, column: str) -> str:
    """The SQL condition of a value that is none of a closed list; 1.0 and 1 are the same number."""
    if law.type in ("int", "float"):
        return f"{column}::double not in ({', '.join(repr(number_of(text, law)) for text in law.listed or ())})"
    return f"{column}::varchar not in ({', '.join(map(literal, law.listed or ()))})"


def number_of(text: str, law: ColumnLaw) -> float:
    """A listed number as it is written."""
    return float(text) if law.decimals is None else round(float(text), law.decimals)


def _end(value: float | None) -> str:
    return "anything" if value is None else f"{value:g}"
