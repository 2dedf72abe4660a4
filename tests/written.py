"""Published data sets as an analyst meets them: tables in files, asked in SQL, nothing known of how they were made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from datagen import api
from datagen.engine.options import Options
from datagen.schema.tree import Document

Source = str | Path | Mapping[str, Any] | Document
READERS = {"csv": "read_csv", "parquet": "read_parquet", "ndjson": "read_json"}


class Tables:
    """The tables of a published directory, with the types that DuckDB finds in the files."""

    def __init__(self, directory: Path, format: str) -> None:
        self.format = format
        self.database = duckdb.connect()
        self.database.execute("set threads = 2; set TimeZone = 'UTC'")
        self.add(directory)

    def add(self, directory: Path, prefix: str = "") -> Tables:
        """The tables of another directory beside them, their names behind a prefix."""
        suffix = f".{self.format}"
        for path in sorted(directory.iterdir()):
            if path.suffix == suffix or path.is_dir():
                files = str(path) if path.suffix else f"{path}/*{suffix}"
                reader = f"{READERS[self.format]}('{files}')"
                self._create(prefix + path.stem, reader)
        return self

    def _create(self, name: str, reader: str) -> None:
        """All times are UTC; as plain timestamps they need no time zone to be compared."""
        kinds = self.rows(f"select column_name, column_type from (describe select * from {reader})")
        zoned = [column for column, kind in kinds if kind == "TIMESTAMP WITH TIME ZONE"]
        plain = ", ".join(f'"{column}"::timestamp as "{column}"' for column in zoned)
        selected = f"* replace ({plain})" if zoned else "*"
        self.database.execute(f'create table "{name}" as select {selected} from {reader}')

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Every row of an answer."""
        return self.database.execute(sql).fetchall()

    def row(self, sql: str) -> tuple[Any, ...]:
        """The only row of an answer."""
        [only] = self.rows(sql)
        return only

    def value(self, sql: str) -> Any:
        """The only value of an answer."""
        [only] = self.row(sql)
        return only

    def shares(self, table: str, column: str) -> dict[Any, float]:
        """The share of rows that each value of a column has."""
        counts = dict(self.rows(f'select {column}, count(*) from "{table}" group by all'))
        return {value: count / sum(counts.values()) for value, count in counts.items()}


def publish(source: Source, directory: Path, format: str = "csv", **overrides: Any) -> api.Generated:
    """Make a data set by its shipped name, its file or its document, without the page of its profile.

    overrides: sets, params, scenario, seed, scale.
    """
    return api.generate(api.prepare(source, **overrides), directory, Options(format=format, profile=False))


def written(source: Source, directory: Path, format: str = "csv", **overrides: Any) -> Tables:
    """Make a data set, publish it, and open what was written."""
    publish(source, directory, format, **overrides)
    return Tables(directory, format)


def share_error(share: float, n: int, errors: float = 4.0) -> float:
    """How far the share of n independent rows may be from what was declared: so many standard errors of a binomial.

    4 standard errors: one right share in 16,000 is outside.
    """
    return float(errors * (share * (1 - share) / n) ** 0.5)
