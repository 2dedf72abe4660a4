"""Handling columns of one block: taking rows, joining blocks, going to Polars Series and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import ColumnType, Dictionary, Values

if TYPE_CHECKING:
    import polars as pl

DAY_US = 86_400_000_000


def take(values: Values, index: NDArray[np.int64], valid: NDArray[np.bool_] | None = None) -> Values:
    """Rows of a column by place; where `valid` is False there is no row, hence no value (the place there is not read)."""
    if valid is not None:
        index = np.where(valid, index, 0)
    if valid is not None and len(values) == 0:
        # nothing to take from, and nothing is taken: every row is without a value
        return empty_like(values, len(index))
    array = values.array.gather(index) if values.kind == "text" else values.array[index]
    mask = None if values.valid is None else values.valid[index]
    if valid is not None:
        mask = valid if mask is None else mask & valid
    picks = None if values.picks is None else values.picks[index]
    return values.changed(array=array, valid=mask, picks=picks, pieces=None)


def entries_at(listed: pl.Series, codes: NDArray[Any]) -> pl.Series:
    """(n,) entries of a list by their places, which are whole numbers from 0; `gather` makes a query plan every time."""
    import polars as pl

    taken: pl.Series = listed[pl.Series(codes.astype(np.uint32, copy=False))]
    return taken


def empty_like(values: Values, rows: int) -> Values:
    """A column of nulls of the same kind."""
    array: Any
    if values.kind == "text":
        import polars as pl

        array = pl.Series([""] * rows, dtype=pl.String)
    else:
        array = np.zeros(rows, dtype=values.array.dtype)
    return values.changed(array=array, valid=np.zeros(rows, dtype=np.bool_), picks=None, pieces=None)


def joined(pieces: list[Values]) -> Values:
    """Blocks of one column as one run of rows; categories with different dictionaries become texts."""
    if len(pieces) == 1:
        return pieces[0]
    if len({(piece.kind, id(piece.dictionary)) for piece in pieces}) > 1:
        pieces = [as_text(piece) for piece in pieces]
    first = pieces[0]
    if first.kind == "text":
        import polars as pl

        array = pl.concat([piece.array for piece in pieces])
    else:
        array = np.concatenate([piece.array for piece in pieces])
    valid = None
    if any(piece.valid is not None for piece in pieces):
        valid = np.concatenate([np.ones(len(p), np.bool_) if p.valid is None else p.valid for p in pieces])
    picks = None if first.picks is None else np.concatenate([p.picks for p in pieces if p.picks is not None])
    return first.changed(array=array, valid=valid, picks=picks, pieces=None)


def as_text(values: Values) -> Values:
    """A category column as texts; a text column as it is."""
    if values.kind == "text":
        return values
    if values.dictionary is None:
        raise AssertionError(f"{values.kind} values are no texts")
    codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
    return values.changed(kind="text", array=entries_at(values.dictionary.series, codes), dictionary=None)


def as_category(values: Values) -> Values:
    """A text column as codes into its distinct texts, in order of appearance; a category column as it is."""
    if values.kind == "category":
        return values
    import polars as pl

    distinct = values.array.unique(maintain_order=True)
    codes = values.array.cast(pl.Enum(distinct)).to_physical().to_numpy()
    return values.changed(kind="category", array=codes, dictionary=Dictionary(distinct.to_list()))


def to_series(values: Values, name: str, type: ColumnType) -> pl.Series:
    """A sealed column as the Polars Series that files hold: Int64, Float64, Boolean, String or Enum, Datetime(us), Date."""
    import polars as pl

    if values.kind == "text":
        texts: pl.Series = values.array.alias(name)
        return texts if values.valid is None else texts.set(pl.Series(~values.valid), None)
    if values.kind == "category":
        assert values.dictionary is not None
        codes = values.array if values.valid is None else np.where(values.valid, values.array, 0)
        series = entries_at(values.dictionary.members, codes).alias(name)
    elif values.kind == "time":
        if type == "date":
            series = pl.Series(name, (values.array // DAY_US).astype(np.int32)).cast(pl.Date)
        else:
            series = pl.Series(name, values.array).cast(pl.Datetime("us"))
    else:
        series = pl.Series(name, values.array)
    if values.valid is not None:
        series = pl.select(pl.when(pl.Series(values.valid)).then(series)).to_series().alias(name)
    return series


def from_series(series: pl.Series) -> Values:
    """The values of a Series, as parts pass them on. Durations come as int microseconds."""
    import polars as pl

    valid = None if series.null_count() == 0 else series.is_not_null().to_numpy()
    kind = series.dtype
    if kind == pl.String:
        return Values("text", series if valid is None else series.fill_null(""), valid)
    if kind == pl.Boolean:
        return Values("bool", (series if valid is None else series.fill_null(False)).to_numpy(), valid)
    if kind == pl.Date:
        return Values("time", _numbers(series.cast(pl.Int32).cast(pl.Int64)) * DAY_US, valid)
    if kind.is_temporal():
        return Values("time" if kind == pl.Datetime else "int", _numbers(series.to_physical()), valid)
    if kind.is_float():
        return Values("float", _numbers(series.cast(pl.Float64)), valid)
    if kind.is_integer():
        return Values("int", _numbers(series.cast(pl.Int64)), valid)
    if kind == pl.Null:
        return Values("float", np.zeros(len(series)), np.zeros(len(series), dtype=np.bool_))
    raise AssertionError(f"no values of type {kind}")


def _numbers(series: pl.Series) -> np.ndarray:
    return (series if series.null_count() == 0 else series.fill_null(0)).to_numpy()


def where_true(condition: Values) -> NDArray[np.bool_]:
    """(n,) where a condition is true; null is not."""
    found: NDArray[np.bool_] = condition.array if condition.valid is None else condition.array & condition.valid
    return found


def gathered(pieces: Sequence[tuple[Values | None, int]], type: ColumnType = "string") -> Values:
    """Blocks of one column of different makers as one run of rows; a piece that is None has no value in so many rows.
    type: of the column, for when no piece has a value.

    Numbers of two kinds become floats, categories share one dictionary, texts and categories become texts.
    """
    kinds = {piece.kind for piece, _ in pieces if piece is not None}
    made: list[Values] = []
    for piece, rows in pieces:
        if piece is not None:
            made.append(piece)
        elif kinds:
            like = next(one for one, _ in pieces if one is not None)
            made.append(empty_like(like, rows))
        else:
            made.append(nulls(type, rows))
    if kinds == {"int", "float"}:
        made = [one.changed(kind="float", array=np.asarray(one.array, dtype=np.float64)) for one in made]
    if {one.kind for one in made} == {"category"}:
        made = _with_one_dictionary(made)
    picks = None
    if all(one.picks is not None or (one.valid is not None and not one.valid.any()) for one in made):
        picks = np.concatenate([np.full(len(one), -1, np.int64) if one.picks is None else one.picks for one in made])
    return joined([one.changed(picks=None) for one in made]).changed(picks=picks)


def nulls(type: ColumnType, rows: int) -> Values:
    """A column of a type without a value."""
    valid = np.zeros(rows, dtype=np.bool_)
    if type == "string":
        return Values("category", np.zeros(rows, dtype=np.uint8), valid, dictionary=Dictionary([""]))
    kind, dtype = {"int": ("int", np.int64), "float": ("float", np.float64), "bool": ("bool", np.bool_)}.get(
        type, ("time", np.int64)
    )
    return Values(kind, np.zeros(rows, dtype=dtype), valid)  # type: ignore[arg-type]


def _with_one_dictionary(pieces: list[Values]) -> list[Values]:
    """The categories with the texts of all of them, in order of appearance."""
    dictionaries = {id(one.dictionary): one.dictionary for one in pieces if one.dictionary is not None}
    if len(dictionaries) == 1:
        return pieces
    texts = dict.fromkeys(text for one in dictionaries.values() for text in one.values)
    place = {text: code for code, text in enumerate(texts)}
    shared = Dictionary(texts)
    codes = {
        key: np.array([place[text] for text in one.values] or [0], dtype=np.uint32) for key, one in dictionaries.items()
    }
    found = []
    for one in pieces:
        own = one.array if one.valid is None else np.where(one.valid, one.array, 0)
        found.append(one.changed(array=codes[id(one.dictionary)][own], dictionary=shared))
    return found
