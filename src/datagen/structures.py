"""Columns of structures and lists: their types, how they are put together, and the JSON text that stands for a value.

A structure's type is a tree: a column type for a plain value, `{"struct": {name: tree}}`, or `{"list": tree}`. The JSON
text is the canonical form: it is what a CSV holds, what other columns read, and what the content hash is taken of. Times
in it are texts as in our CSV files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Tree = str | Mapping[str, Any]


def dtype_of(tree: Tree, *, plain: bool = False) -> Any:
    """The Polars type of a tree; plain: as JSON has it, times as texts."""
    import polars as pl

    if isinstance(tree, str):
        kinds: dict[str, Any] = {"int": pl.Int64, "float": pl.Float64, "bool": pl.Boolean}
        times: dict[str, Any] = {} if plain else {"datetime": pl.Datetime("us"), "date": pl.Date}
        return (kinds | times).get(tree, pl.String)
    if "list" in tree:
        return pl.List(dtype_of(tree["list"], plain=plain))
    return pl.Struct({name: dtype_of(inner, plain=plain) for name, inner in tree["struct"].items()})


def check_tree(tree: Any) -> None:
    """Raises ValueError for what is no tree."""
    if isinstance(tree, Mapping) and list(tree) == ["list"]:
        check_tree(tree["list"])
    elif isinstance(tree, Mapping) and list(tree) == ["struct"] and isinstance(tree["struct"], Mapping):
        for inner in tree["struct"].values():
            check_tree(inner)
    elif not isinstance(tree, str):
        raise ValueError(f"{tree!r} is no structure")


def leaves(tree: Tree) -> int:
    """How many plain values one structure holds, a list counted as one of its elements."""
    if isinstance(tree, str):
        return 1
    return leaves(tree["list"]) if "list" in tree else sum(map(leaves, tree["struct"].values()))


def is_nested(dtype: Any) -> bool:
    """Whether a Polars type is one of structures or lists."""
    import polars as pl

    return isinstance(dtype, (pl.Struct, pl.List))


def struct_of(fields: Mapping[str, pl.Series]) -> pl.Series:
    """(n,) structures from (n,) values of each field."""
    import polars as pl

    return pl.DataFrame([series.alias(name) for name, series in fields.items()]).to_struct("struct")


def list_of(flat: pl.Series, lengths: NDArray[np.int64]) -> pl.Series:
    """(n,) lists from their values one behind the other, and (n,) how many each holds."""
    import polars as pl

    owner = pl.Series(np.repeat(np.arange(len(lengths), dtype=np.int64), lengths))
    held = pl.DataFrame({"row": owner, "list": flat}).group_by("row", maintain_order=True).agg("list")
    rows = pl.DataFrame({"row": np.arange(len(lengths), dtype=np.int64)})
    whole = rows.join(held, on="row", how="left", maintain_order="left")
    return whole.select(pl.col("list").fill_null(pl.lit([], dtype=held.schema["list"]))).to_series()


def masked(series: pl.Series, valid: NDArray[np.bool_] | None) -> pl.Series:
    """The values where there are some, null elsewhere."""
    import polars as pl

    if valid is None or valid.all():
        return series
    whole = pl.DataFrame({"value": series, "there": pl.Series(valid)})
    return whole.select(pl.when("there").then("value")).to_series().alias(series.name)


def json_texts(series: pl.Series) -> pl.Series:
    """(n,) JSON text of each structure or list; null where there is none."""
    import polars as pl

    frame = pl.DataFrame({"v": series})
    text = pl.struct(_plain(series.dtype, pl.col("v")).alias("v")).struct.json_encode()
    inside = text.str.slice(5).str.head(-1)  # without {"v": and }
    return frame.select(pl.when(pl.col("v").is_not_null()).then(inside)).to_series().alias(series.name)


def with_json(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with structures and lists as JSON texts."""
    nested = [name for name, dtype in frame.schema.items() if is_nested(dtype)]
    return frame.with_columns([json_texts(frame.get_column(name)) for name in nested]) if nested else frame


def with_plain_times(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the times inside structures and lists as texts, as JSON has them."""
    import polars as pl

    nested = [
        pl.when(pl.col(name).is_not_null()).then(_plain(dtype, pl.col(name))).alias(name)
        for name, dtype in frame.schema.items()
        if is_nested(dtype)
    ]
    return frame.with_columns(nested) if nested else frame


def _plain(dtype: Any, value: Any) -> Any:
    """An expression for a value as JSON has it."""
    import polars as pl

    if isinstance(dtype, pl.Struct):
        parts = [_plain(field.dtype, value.struct.field(field.name)).alias(field.name) for field in dtype.fields]
        return pl.struct(parts)
    if isinstance(dtype, pl.List):
        return value.list.eval(_plain(dtype.inner, pl.element()))
    if isinstance(dtype, pl.Datetime):
        return value.dt.to_string("%Y-%m-%dT%H:%M:%SZ")
    if dtype == pl.Date:
        return value.dt.to_string("%Y-%m-%d")
    return value.cast(pl.String) if isinstance(dtype, (pl.Enum, pl.Categorical)) else value
