"""`places`: a hidden table of the world's cities that every document can look into without declaring it.

It is there only where something refers to it; a table of that name that the document declares itself wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.generators.enum_list import constant_list
from datagen.packs.cities import COLUMNS, KEY, OPEN, cities
from datagen.plan.names import ColumnDraft, TableDraft, find_table
from datagen.schema.literals import as_column
from datagen.schema.model_values import comment_like

if TYPE_CHECKING:
    from datagen.plan.drafts import Drafting

NAME = "places"
WORD = "places"  # of what fills its columns
# the keys under which a document names a table
REFERRING = frozenset({"from", "choices_ref", "effect_table", "each", "parents", "to"})


class PlacesColumn(Generator):
    """A column of the built-in places: a row of the word packs each, by row number."""

    model_config = ConfigDict(frozen=True)
    BY_ROW_NUMBER = True
    MAKES_UNIQUE = True

    column: str
    type: ColumnType

    def infer(self, scope: Scope) -> ColumnType:
        return self.type

    def listed(self, scope: Scope) -> list[Any]:
        return [value for value in cities()[self.column] if value is not None]

    def support(self, scope: Scope) -> tuple[float, float] | None:
        values = [float(value) for value in self.listed(scope)] if self.type in ("int", "float") else []
        return (min(values), max(values)) if values else None

    def bind(self, scope: Scope) -> Fill:
        return _filled(self.column, self.type)


class FromPack:
    """A fill whose values come from the word packs (see `datagen.packs.pack_versions`)."""

    sources = frozenset({"packs"})

    def __init__(self, fill: Fill) -> None:
        self._fill = fill

    def __call__(self, block: Block) -> Values:
        return self._fill(block)


@cache
def _filled(column: str, type: ColumnType) -> Fill:
    items = as_column(cities()[column], type)
    return FromPack(constant_list(items.values, type, items.valid, lambda block: block.row_number))


def add_places(made: Drafting, root: Mapping[str, Any]) -> None:
    """Draft the table where the document refers to it and has none of that name."""
    if find_table(made.tables, NAME) is not None or not any(_refers(root)):
        return
    table = TableDraft(NAME, KEY, None, (NAME,))
    made.tables[NAME] = table
    made.nodes[NAME] = {"id": NAME, "kind": "vocab", "pk": KEY, "hidden": True}
    made.kinds[NAME] = "vocab"
    made.table_modifiers[NAME] = ()
    for name, type_ in COLUMNS:
        spec: dict[str, Any] = {"name": name, "type": type_, "nullable": name in OPEN}
        if type_ == "float":
            spec["decimals"] = 5
        table.columns[name] = ColumnDraft(NAME, name, WORD, {}, (NAME, name), (), spec["type"])
        made.specs[NAME, name] = spec


def is_places(table: TableDraft) -> bool:
    """Whether this is the built-in table, and not one of that name that the document declares."""
    return table.loc == (NAME,)


def places_rows() -> int:
    """How many places there are."""
    return len(cities()[KEY])


def places_column(column: ColumnDraft) -> PlacesColumn:
    """What fills a column of the built-in table."""
    return PlacesColumn(column=column.name, type=column.known_type or "string")


def _refers(written: Any, key: str = "") -> Iterator[bool]:
    """True for every text under a key that names tables, if it names this one."""
    if isinstance(written, Mapping):
        for inner, value in written.items():
            if not comment_like(inner):
                yield from _refers(value, inner)
    elif isinstance(written, list):
        for value in written:
            yield from _refers(value, key)
    elif isinstance(written, str):
        if key in REFERRING and written.partition(".")[0].lower() == NAME:
            yield True
        if key == "sql" and re.search(rf"\b{NAME}\b", written, re.IGNORECASE):
            yield True
