"""Rows of the packs' tables: drawn by their weights, taken as texts or as codes."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Dictionary
from datagen.generators._faker.rows import Rows
from datagen.kernel.guides import GuideTable
from datagen.packs.reading import Table, table

if TYPE_CHECKING:
    import polars as pl


@cache
def known_table(locale: str, name: str) -> Table:
    """A table that a rule of the packs names."""
    found = table(locale, name)
    if found is None:
        raise ValueError(f"the packs have no table '{name}' for {locale}")
    return found


@cache
def _guide(locale: str, name: str) -> GuideTable | None:
    weights = known_table(locale, name).weights
    return None if weights is None else GuideTable(weights)


def draw_rows(locale: str, name: str, rows: Rows, salt: int) -> NDArray[np.int64]:
    """(n,) rows of a table, by its weights, or all equally likely."""
    guide = _guide(locale, name)
    return rows.below(known_table(locale, name).rows, salt) if guide is None else guide.draw(rows.uniform(salt))


@cache
def dictionary_of(locale: str, name: str, column: str) -> tuple[Dictionary, NDArray[np.uint32]]:
    """The distinct texts of a column, and (rows,) the code of each row."""
    return coded((known_table(locale, name).column(column),))


def coded(lists: tuple[tuple[str, ...], ...]) -> tuple[Dictionary, NDArray[np.uint32]]:
    """The distinct texts of some lists in order of appearance, and the codes of all entries."""
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for texts in lists for text in texts]
    return Dictionary(places), np.array(codes, dtype=np.uint32)


@cache
def texts_of(locale: str, name: str, column: str) -> pl.Series:
    """(rows,) the texts of a column, in row order."""
    import polars as pl

    return pl.Series(known_table(locale, name).column(column), dtype=pl.String)
