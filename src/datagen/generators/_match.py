"""Finds rows of a table by the value of their key."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import as_text, to_series
from datagen.contracts import Values


class KeyIndex:
    """Rows of a table by key. Made once per run from the whole key column; the first row wins where keys repeat."""

    def __init__(self, keys: Values) -> None:
        import polars as pl

        self._frame = (
            pl.DataFrame({"key": self._series(keys)})
            .with_row_index("row")
            .drop_nulls()
            .unique("key", keep="first", maintain_order=True)
        )

    def rows(self, keys: Values) -> NDArray[np.int64]:
        """(n,) row number of each key, -1 where there is none."""
        import polars as pl

        wanted = pl.DataFrame({"key": self._series(keys)})
        found = wanted.join(self._frame, on="key", how="left", maintain_order="left")["row"]
        rows: NDArray[np.int64] = found.cast(pl.Int64).fill_null(-1).to_numpy()
        return rows

    def show(self, keys: Values, place: int) -> str:
        """One key as a message shows it."""
        return repr(self._series(keys)[place])

    @staticmethod
    def _series(keys: Values) -> Any:
        values = as_text(keys) if keys.kind == "category" else keys
        kinds = {"int": "int", "float": "float", "bool": "bool", "time": "datetime", "text": "string"}
        return to_series(values, "key", kinds[values.kind])  # type: ignore[arg-type]
