"""Which column holds the segments that a process names: a choice column of the driving parent, or of a table above it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.plan.binding import Binding
from datagen.plan.names import ColumnDraft, TableDraft, ancestors
from datagen.plan.segments import shares_of, texts_of_values
from datagen.rows._contract import Variation


def find_variation(binding: Binding, scope: Any, home: TableDraft, names: Sequence[str], key: str) -> Variation | None:
    """The column whose values are segments, as rows of `home` read it; None after a refusal at `key`.

    Of several, a column with role segment is meant, then the one nearest to `home`.
    """
    tables = [home, *ancestors(binding.tables, home).values()]
    choices = [
        column for table in tables for column in table.columns.values() if column.word in ("choice", "enum_list")
    ]
    marked = [column for table in tables for column in table.columns.values() if column.role == "segment"]
    values = {id(column): texts_of_values(binding, column) or [] for column in (*choices, *marked)}
    whole = [column for column in choices if set(names) <= set(values[id(column)])]
    found = marked[:1] or _nearest(whole) or _nearest([one for one in choices if set(names) & set(values[id(one)])])
    if len(found) != 1:
        shown = "; ".join(f"{one.table}.{one.name}: {listed(values[id(one)])}" for one in choices if values[id(one)])
        both = listed([f"{one.table}.{one.name}" for one in found])
        scope.refuse(
            "segment.two_columns" if found else "segment.no_column",
            key,
            found=f"segments {listed(list(names))}, "
            + (f"which {both} both have" if found else f"which no choice column of {home.id} has"),
            expected="one choice column with these values" + (f" ({shown})" if shown else ""),
            hint="mark the column that is meant with role: segment" if found else "",
        )
        return None
    column = found[0]
    known = values[id(column)]
    for name in names:
        if known and name not in known:
            scope.refuse(
                "segment.unknown_value",
                (key, name),
                found=f"'{name}', which {column.table}.{column.name} never is",
                expected=f"a value of it: {listed(known)}",
                hint=did_you_mean(name, known),
                severity="warning" if binding.version_1 else "error",
            )
    name = column.name if column.table == home.id else f"{column.table}.{column.name}"
    shares: Mapping[str, float] | None = shares_of(binding, column)
    return Variation(name, scope.read(name, key), shares)


def _nearest(columns: Sequence[ColumnDraft]) -> list[ColumnDraft]:
    """Those of the table that comes first."""
    return [column for column in columns if column.table == columns[0].table]
