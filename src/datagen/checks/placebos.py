"""Placebos: pairs of a segment-like column and a measure (or the number of rows) that nothing connects.

An analyst who claims a difference there has found noise. What is expected is known, a ratio of 1 or a difference of 0;
how far one data set may be from it by chance is worked out on the written files, from the rows among which the column
was drawn (linearised ratio, units as clusters), by SQL that knows nothing of how they were made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.database import locked_database, table_source
from datagen.plan.effects import PlantedEffect
from datagen.plan.graph import ROWS, Node
from datagen.plan.model import Plan, TablePlan
from datagen.plan.unconnected import Connections
from datagen.sinks.manifest import TableEntry
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

MOST_VALUES = 12  # of a column that somebody may take for a segment
LEAST_UNITS = 50  # with fewer the standard error is itself a guess
SAMPLE = 10_000  # rows that tell whether a column has few values
FAR = 3  # keys to follow from a row


@dataclass(frozen=True, slots=True)
class Way:
    """From the rows of a table to one row of another each: (table, key column, next table, its column) hops."""

    hops: tuple[tuple[str, str, str, str], ...]
    home: str

    @property
    def end(self) -> str:
        return self.hops[-1][2] if self.hops else self.home

    @property
    def name(self) -> str:
        return "t" if not self.hops else f"a{len(self.hops)}"

    def joins(self, kind: str = "join") -> str:
        """SQL from the rows outwards."""
        text = f"{identifier(self.home)} t"
        for place, (_, key, table, column) in enumerate(self.hops):
            left = "t" if place == 0 else f"a{place}"
            text += f" {kind} {identifier(table)} a{place + 1}"
            text += f" on {left}.{identifier(key)} = a{place + 1}.{identifier(column)}"
        return text


def find_placebos(
    plan: Plan, connections: Connections, directory: Path, tables: Sequence[TableEntry], format: str,
    *, memory: int,
) -> tuple[PlantedEffect, ...]:  # fmt: skip
    """Every placebo of a written data set with its standard error. memory: bytes."""
    with locked_database(directory, memory=memory, threads=1) as database:  # one thread: sums come in the same order
        for table in tables:
            reader = table_source(directory, table, format)
            database.execute(f"create view {identifier(table.name)} as select * from {reader}")
        search = _Search(plan, connections, database, {table.name: table for table in tables})
        return tuple(search.found())


class _Search:
    def __init__(
        self,
        plan: Plan,
        connections: Connections,
        database: duckdb.DuckDBPyConnection,
        entries: Mapping[str, TableEntry],
    ) -> None:
        self.plan, self.connections, self.database, self.entries = plan, connections, database, entries
        self.segments = {name: self._segments(plan.tables[name]) for name in entries}

    def found(self) -> Iterator[PlantedEffect]:
        for name in self.entries:
            table = self.plan.tables[name]
            for way in self._ways(name):
                for segment in self.segments[way.end]:
                    if way.hops and not self.connections.declared((way.end, segment), name):
                        yield from self._rows(table, way, segment)
                    for measure in self._measures(table):
                        if measure != segment or way.hops:
                            yield from self._values(table, way, segment, measure)

    def _segments(self, table: TablePlan) -> list[str]:
        """Columns of few values."""
        wanted = [
            column for column in table.visible
            if column.type in ("string", "bool", "int") and column.role != "measure"
            and column.points_to is None and not column.unique and column.name != table.pk
        ]  # fmt: skip
        if not wanted:
            return []
        counts = ", ".join(f"count(distinct {identifier(column.name)})" for column in wanted)
        [row] = self.database.execute(f"select {counts} from (from {identifier(table.id)} limit {SAMPLE})").fetchall()
        return [column.name for column, few in zip(wanted, row, strict=True) if 2 <= few <= MOST_VALUES]

    def _measures(self, table: TablePlan) -> list[str]:
        return [
            column.name for column in table.visible
            if (column.type == "float" or (column.type == "int" and column.role == "measure"))
            and column.points_to is None and not column.unique and column.name != table.pk
        ]  # fmt: skip

    def _ways(self, name: str) -> list[Way]:
        """The rows themselves, then every table that keys lead to, by the shortest way."""
        found, waiting, reached = [Way((), name)], [Way((), name)], {name}
        while waiting:
            way = waiting.pop(0)
            for key in self.entries[way.end].foreign_keys if len(way.hops) < FAR else ():
                if key.table not in reached and key.table in self.entries:
                    reached.add(key.table)
                    further = Way((*way.hops, (way.end, key.column, key.table, key.to_column)), name)
                    found.append(further)
                    waiting.append(further)
        return found

    def _rows(self, table: TablePlan, way: Way, segment: str) -> Iterator[PlantedEffect]:
        """Numbers of rows per row of a parent, or of a table that the rows pick from."""
        node = (way.end, segment)
        chosen = [(here, key) for here, key, _, _ in way.hops]
        driven = all(there == self.plan.tables[here].parent for here, _, there, _ in way.hops)
        drivers: list[Node] = [(table.id, ROWS)] if driven else chosen[:1]
        if (not driven and len(way.hops) > 1) or not all(self.connections.apart(node, driver) for driver in drivers):
            return
        entity, key = identifier(way.end), identifier(way.hops[-1][3])
        below = Way(way.hops[:-1], way.home)
        back = f"{below.name}.{identifier(way.hops[-1][1])}"
        units = (
            f"select e.{key} as c, e.{identifier(segment)}::varchar as v, coalesce(k.n, 0)::double as y, 1::double as n "
            f"from {entity} e left join (select {back} as c, count(*) as n from {below.joins()} group by 1) k on e.{key} = k.c"
        )
        name = identifier(segment)
        for value, base, ratio, error in self._ratios(units, by_row=self.connections.by_row(node)):
            if ratio is None:
                continue
            one, other = literal(value), literal(base)
            yield self._placebo(
                "placebo_rows", table, way, segment, value, base, error,
                name=f"rows_of_{table.id}",
                statistic=f"{table.id} rows per {way.end} with {segment} {value}, divided by those with {base}",
                question=f"How many times as many {table.id} rows has {segment} {value} as {base}?",
                sql=f"""with counted as (select {way.name}.{name}::varchar as v, count(*) as n from {way.joins()} group by 1),
owners as (select {name}::varchar as v, count(*) as n from {entity} group by 1)
select (select n from counted where v = {one}) * (select n from owners where v = {other})
    / ((select n from owners where v = {one}) * (select n from counted where v = {other}))::double""",
            )  # fmt: skip

    def _values(self, table: TablePlan, way: Way, segment: str, measure: str) -> Iterator[PlantedEffect]:
        node = (way.end, segment)
        chosen: list[Node] = [*((here, key) for here, key, _, _ in way.hops), (table.id, ROWS)]
        if self.connections.declared(node, table.id, measure):
            return
        if not self.connections.apart(node, (table.id, measure), chosen):
            return
        by_row = self.connections.by_row(node)
        top = self._top(way, by_row=by_row)
        if top is None:
            return
        unit, joins = top
        inside, column = identifier(measure), f"{way.name}.{identifier(segment)}::varchar"
        units = (
            f"select {unit} as c, {column} as v, sum(t.{inside})::double as y, count(*)::double as n from {joins} "
            f"where t.{inside} is not null group by 1, 2"
        )
        for value, base, ratio, error in self._ratios(units, by_row=by_row):
            means = [f"avg(t.{inside}) filter ({column} = {literal(one)})" for one in (value, base)]
            words = ("divided by", "/") if ratio is not None else ("minus", "-")
            yield self._placebo(
                "placebo_values", table, way, segment, value, base, error,
                name=f"{table.id}.{measure}", measure=measure, expected=1.0 if ratio is not None else 0.0,
                statistic=f"mean {table.id}.{measure} of {segment} {value}, {words[0]} that of {base}",
                question=f"How does the mean {measure} of {segment} {value} compare with that of {base}?",
                sql=f"select {means[0]}\n    {words[1]} {means[1]} from {way.joins()}",
            )  # fmt: skip

    def _top(self, way: Way, *, by_row: bool) -> tuple[str, str] | None:
        """(SQL of the unit among which the column was drawn, joins that reach it): its row, else its uppermost ancestor."""
        table = self.plan.tables[way.end]
        if by_row or table.parent is None:
            key = way.hops[-1][3] if way.hops else table.pk
            shown = key is not None and not table.columns[key].hidden
            return (f"{way.name}.{identifier(key)}", way.joins()) if key is not None and shown else None
        hops, here = list(way.hops), table.id
        while (above := self.plan.tables[here].parent) is not None:
            keys = [key for key in self.entries[here].foreign_keys if key.table == above]
            if not keys or above not in self.entries:
                return None
            hops.append((here, keys[0].column, keys[0].table, keys[0].to_column))
            here = above
        longer = Way(tuple(hops), way.home)
        return f"{longer.name}.{identifier(hops[-1][3])}", longer.joins()

    def _ratios(self, units: str, *, by_row: bool) -> Iterator[tuple[str, str, float | None, float]]:
        """(value, the commonest value, ratio of y per n or None where only a difference makes sense, standard error)."""
        database = self.database
        database.execute(f"create or replace temp table units as select * from ({units}) where v is not null")
        totals = {
            str(value): (y / n, n, int(many))
            for value, y, n, many in database.execute(
                "select v, sum(y), sum(n), count(distinct c) from units group by v having sum(n) > 0 order by v"
            ).fetchall()
        }
        least = database.execute("select min(y / n) from units where n > 0").fetchall()[0][0]
        kept = {value: one for value, one in totals.items() if one[2] >= LEAST_UNITS}
        if len(kept) < 2 or len(totals) > MOST_VALUES:
            return
        base = max(kept, key=lambda value: kept[value][2])
        scaled = least is not None and least >= 0 and all(mean > 0 for mean, _, _ in kept.values())
        spread = {value: self._spread(value, one) for value, one in kept.items()}
        for value, (mean, n, _) in kept.items():
            if value == base:
                continue
            other, m, _ = kept[base]
            cross = 0.0 if by_row else self._cross(value, (mean, n), base, (other, m))
            if scaled:
                ratio = mean / other
                variance = spread[value] / mean**2 + spread[base] / other**2 - 2 * cross / (mean * other)
                error = ratio * math.sqrt(max(variance, 0.0))
            else:
                ratio, error = None, math.sqrt(max(spread[value] + spread[base] - 2 * cross, 0.0))
            if error > 0:
                yield value, base, ratio, float(f"{error:.6g}")

    def _spread(self, value: str, one: tuple[float, float, int]) -> float:
        mean, n, many = one
        text = "select sum(power(y - $mean * n, 2)) from units where v = $value"
        [(squares,)] = self.database.execute(text, {"mean": mean, "value": value}).fetchall()
        return float(squares) / n**2 * many / (many - 1)

    def _cross(self, value: str, one: tuple[float, float], base: str, other: tuple[float, float]) -> float:
        """Covariance of two means to which the same units add."""
        text = (
            "select coalesce(sum((a.y - $mean * a.n) * (b.y - $other * b.n)), 0) from units a join units b using (c) "
            "where a.v = $value and b.v = $base"
        )
        given = {"mean": one[0], "other": other[0], "value": value, "base": base}
        [(products,)] = self.database.execute(text, given).fetchall()
        return float(products) / (one[1] * other[1])

    def _placebo(
        self, kind: str, table: TablePlan, way: Way, segment: str, value: str, base: str, error: float,
        *, name: str, statistic: str, question: str, sql: str, measure: str | None = None, expected: float = 1.0,
    ) -> PlantedEffect:  # fmt: skip
        columns: tuple[Any, ...] = ((way.end, segment),) + (((table.id, measure),) if measure is not None else ())
        return PlantedEffect(
            id=f"placebo.{way.end}.{segment}.{value}.{name}",
            kind=kind, table=table.id, columns=columns, parameters={"value": value, "reference": base},
            statement=f"{way.end}.{segment} has nothing to do with {name}", statistic=statistic,
            expected=expected, absent=expected, standard_error=error, sql=sql, question=question,
            rubric={"claim_of_a_difference": "wrong"},
        )  # fmt: skip
