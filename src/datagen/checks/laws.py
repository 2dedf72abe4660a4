"""Compares columns with their declared laws: shares of listed values, the shape of distributions, rows per parent."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from datagen.checks.chance import Figure, Point
from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.levels import level_figure
from datagen.checks.rules import number_of, place_of
from datagen.plan.moved import nodes_of
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.moved import Moved
    from datagen.schema.tree import Document

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)
ROUGH = 0.005  # of a share: laws are known by 1,000 equally likely values
PRACTICE = "half a point of a share, which is how finely laws are worked out"
HEADS = (0.01, 0.1, 0.5)  # of the rows that keys point to, the most favoured first
FEWEST = 30  # values of which a law can be told
MOST_VALUES = 200  # of a list that are told one by one


class Laws:
    """Looks at laws in opened tables. columns: those that are there, by table."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, declared: Mapping[str, DeclaredTable],
        columns: Mapping[str, Collection[str]], document: Document | None,
    ) -> None:  # fmt: skip
        self.database, self.declared, self.columns, self.document = database, declared, columns, document

    def figures(self, law: ColumnLaw) -> Iterator[Figure]:
        """What is to be said of one law."""
        if law.table not in self.columns:
            return
        if law.parent is not None:
            yield from self._rows(law)
        elif law.column in self.columns[law.table]:
            if law.shares is not None:
                yield self._shares(law, law.shares)
            if law.picked is not None:
                yield from self._picks(law)
            if law.moved is not None:
                yield from self._level(law, law.moved)
            if law.numbers is not None:
                column = f"select {identifier(law.column)} as x from {identifier(law.table)}"
                yield self._numbers(law, "law.shape", f"{law.table}.{law.column}", column)

    def _level(self, law: ColumnLaw, moved: Moved) -> Iterator[Figure]:
        """Where all is there that its factors read."""
        there = [(law.table, law.column), *nodes_of(law.table, moved.factors)]
        if all(column in self.columns.get(table, ()) for table, column in there):
            yield level_figure(self.database, law, moved, self._where(law))

    def _shares(self, law: ColumnLaw, shares: Mapping[str, float]) -> Figure:
        column, table = identifier(law.column), identifier(law.table)
        if law.type in ("int", "float"):
            same = [f"{column}::double = {number_of(text, law)!r}" for text in shares]
        else:
            same = [f"{column}::varchar = {literal(text)}" for text in shares]
        told = dict(sorted(zip(shares, same, strict=True), key=lambda one: -shares[one[0]])[:MOST_VALUES])
        counts = ", ".join(f"count(*) filter (where {condition})" for condition in told.values())
        row = row_of(self.database, f"select count({column}), {counts} from {table}")
        n = row[0]
        points = [
            Point(count / n, shares[text], math.sqrt(shares[text] * (1 - shares[text]) / n), 1.5 / n, text)
            for text, count in zip(told, row[1:], strict=True)
        ] if n >= FEWEST else []  # fmt: skip
        return Figure(
            "law.shares", "statistics", f"{law.table}.{law.column}", "share of a value", points,
            "" if points else f"fewer than {FEWEST} values", "one row", where=self._where(law),
        )  # fmt: skip

    def _picks(self, law: ColumnLaw) -> Iterator[Figure]:
        """How many rows point to the first rows of a table, which its weights favour: the head, and half of them."""
        assert law.picked is not None
        key = next((one for one in self.declared[law.table].foreign_keys if one.column == law.column), None)
        if key is None or key.to_column not in self.columns.get(key.table, ()):
            return
        column, target = identifier(law.column), identifier(key.to_column)
        size = int(row_of(self.database, f"select count(*) from {identifier(key.table)}")[0])
        weights = np.cumsum(np.asarray(law.picked(size), dtype=np.float64)) if size else np.zeros(0)
        heads = sorted({max(1, int(size * share)) for share in HEADS}) if size > 1 else []
        counts = ", ".join(f"count(*) filter (where place <= {head})" for head in heads)
        ranked = f"select {target} as k, row_number() over (order by {target}) as place from {identifier(key.table)}"
        points: list[Point] = []
        if heads:
            joined = f"{identifier(law.table)} join ({ranked}) on k = {column}"
            row = row_of(self.database, f"select count(*), {counts} from {joined}")
            n = int(row[0])
            for head, count in zip(heads, row[1:], strict=True):
                share = float(weights[head - 1] / weights[-1])
                error = math.sqrt(max(share * (1 - share), 0.0) / n) if n else 0.0
                points += (
                    [Point(count / n, share, error, 1.5 / n, f"picks of the first {head:,}")] if n >= FEWEST else []
                )
        yield Figure(
            "law.picks", "relations", f"{law.table}.{law.column}", f"share of the rows of {key.table} that are favoured",
            points, "" if points else f"fewer than {FEWEST} picks", "one row", where=self._where(law),
        )  # fmt: skip

    def _rows(self, law: ColumnLaw) -> Iterator[Figure]:
        parent, child = self.declared.get(law.parent or ""), self.declared[law.table]
        if parent is None or parent.name not in self.columns or parent.primary_key is None or child.copied is not None:
            return
        keys = [key for key in child.foreign_keys if (key.table, key.to_column) == (parent.name, parent.primary_key)]
        if len(keys) != 1 or child.nulled.get(keys[0].column) or parent.copied is not None:
            return
        if keys[0].column not in self.columns[child.name] or parent.primary_key not in self.columns[parent.name]:
            return
        key, pk = identifier(keys[0].column), identifier(parent.primary_key)
        counted = f"select {key} as k, count(*) as n from {identifier(child.name)} group by 1"
        column = f"select coalesce(n, 0) as x from {identifier(parent.name)} left join ({counted}) on k = {pk}"
        yield self._numbers(law, "law.rows", child.name, column, mean=True)

    def _numbers(self, law: ColumnLaw, code: str, place: str, column: str, *, mean: bool = False) -> Figure:
        """The shares of values below the declared quantiles, and the mean where no tail is heavy."""
        assert law.numbers is not None
        numbers = law.numbers
        edges = sorted({float(numbers[int(share * len(numbers))]) for share in QUANTILES})
        below = [float(np.searchsorted(numbers, edge, side="right")) / len(numbers) for edge in edges]
        step = 0.5 if law.type == "int" else 0.5 * 10.0**-law.decimals if law.decimals is not None else 0.0
        counts = ", ".join(f"count(*) filter (where x <= {edge + step!r})" for edge in edges)
        row = row_of(self.database, f"select count(x), avg(x), {counts} from ({column})")
        n, average = row[:2]
        points: list[Point] = []
        if n >= FEWEST:
            for edge, share, count in zip(edges, below, row[2:], strict=True):
                error = math.sqrt(share * (1 - share) / n)
                points.append(Point(count / n, share, error, ROUGH, f"share of values up to {edge:.6g}"))
            if mean:
                expected, deviation = float(numbers.mean()), float(numbers.std())
                points.append(Point(average, expected, deviation / math.sqrt(n), ROUGH * max(expected, 1.0), "mean"))
        return Figure(
            code, "relations" if mean else "statistics", place, law.text, points,
            "" if points else f"fewer than {FEWEST} values", PRACTICE, where=self._where(law),
        )  # fmt: skip

    def _where(self, law: ColumnLaw) -> dict[str, object]:
        return {} if self.document is None or not law.loc else place_of(self.document, law.loc)
