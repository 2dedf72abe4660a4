"""Looks whether keys are keys in opened tables: no value twice, and every reference leads to a row.

Integers are proved by a bitmap over their span where it is not much wider than they are many, everything else by
counting different values, which a database does out of core.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from datagen.checks.database import row_of
from datagen.checks.result import Result, ruled
from datagen.sql.spelling import identifier

if TYPE_CHECKING:
    import duckdb

    from datagen.sinks.manifest import ForeignKey

WIDEST = 500_000_000  # bits of a bitmap
SPARSE = 64  # integers in a span for each one that is there


@dataclass(slots=True)
class Keys:
    """Looks at the keys of the tables of one database. examples: keys to show of rows that break a rule."""

    database: duckdb.DuckDBPyConnection
    examples: int
    unbroken: dict[tuple[str, str], tuple[int, int]] = field(
        default_factory=dict
    )  # spans of which every integer is there

    def unique(
        self, table: str, columns: Sequence[str], *, primary: bool = False, copied: bool = False, allowed: float = 0.0,
        reason: str = "",
    ) -> Result:  # fmt: skip
        """Whether columns repeat in no two rows. copied: whole rows may stand twice, and do not count as repeats.

        allowed: rows that may repeat a value, where declared errors of recording make them.
        """
        rows = f"(select distinct * from {identifier(table)})" if copied else identifier(table)
        listed = ", ".join(map(identifier, columns))
        there = " and ".join(f"{identifier(column)} is not null" for column in columns)
        code = "structure.primary_key" if primary else "structure.unique"
        about = f"no value of {table}.{'+'.join(columns)} stands in two rows"
        total, present = row_of(self.database, f"select count(*), count(*) filter (where {there}) from {rows}")
        if (not copied and len(columns) == 1 and self._proved(table, columns[0])) or present == 0:
            broken = 0
        else:
            (different,) = row_of(self.database, f"select count(distinct ({listed})) from {rows} where {there}")
            broken = present - different
        examples: tuple[str, ...] = ()
        if broken > allowed and self.examples:
            repeats = f"select {listed} from {rows} where {there} group by all having count(*) > 1"
            examples = self._examples(f"{repeats} order by all limit {self.examples}")
        return ruled(
            code, "constraints", f"{table}.{'+'.join(columns)}", about, broken=broken, rows=total, allowed=allowed,
            reason=reason, structural=True, examples=examples,
        )  # fmt: skip

    def foreign(self, table: str, key: ForeignKey) -> Result:
        """Whether every value of a column is one of the column that it refers to."""
        column, target = identifier(key.column), identifier(key.to_column)
        rows, low, high = row_of(
            self.database, f"select count({column}), min({column}), max({column}) from {identifier(table)}"
        )
        span = self.unbroken.get((key.table, key.to_column))
        broken = 0
        examples: tuple[str, ...] = ()
        inside = span is not None and isinstance(low, int) and span[0] <= low and high <= span[1]
        if rows and not inside:
            orphans = (
                f"from {identifier(table)} as child anti join {identifier(key.table)} as parent "
                f"on child.{column} = parent.{target} where child.{column} is not null"
            )
            (broken,) = row_of(self.database, f"select count(*) {orphans}")
            if broken and self.examples:
                examples = self._examples(f"select distinct child.{column} {orphans} order by 1 limit {self.examples}")
        return ruled(
            "structure.foreign_key", "relations", f"{table}.{key.column}",
            f"every {table}.{key.column} is a {key.table}.{key.to_column}", broken=broken, rows=rows, structural=True,
            examples=examples,
        )  # fmt: skip

    def _proved(self, table: str, column: str) -> bool:
        """Whether a bitmap shows that integers never repeat; not tried where they are too far apart."""
        name = identifier(column)
        count, low, high = row_of(
            self.database, f"select count({name}), min({name}), max({name}) from {identifier(table)}"
        )
        if not isinstance(low, int) or isinstance(low, bool) or high - low >= min(WIDEST, SPARSE * count):
            return False
        (bits,) = row_of(
            self.database, f"select bit_count(bitstring_agg({name}, {low}, {high})) from {identifier(table)}"
        )
        if bits == count == high - low + 1:
            self.unbroken[table, column] = (low, high)
        return bool(bits == count)

    def _examples(self, query: str) -> tuple[str, ...]:
        rows = self.database.execute(query).fetchall()
        return tuple(", ".join(map(str, row)) for row in rows)
