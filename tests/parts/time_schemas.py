"""Schemas with times in them, as the tests of time parts need them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

YEAR = {"start": "2024-01-01", "end": "2024-12-31"}
Spec = dict[str, Any]


def series(
    params: Mapping[str, Any] | None = None, modifiers: Sequence[Spec] = (), *, name: str = "at", **keys: Any
) -> Spec:
    """A datetime column made by datetime_series."""
    return {
        "name": name,
        "type": "datetime",
        "generator": {"datetime_series": dict(params or {})},
        "modifiers": list(modifiers),
        **keys,
    }


def number(modifiers: Sequence[Spec] = (), *, name: str = "x", value: float = 100.0) -> Spec:
    """A float column that is the same everywhere before its modifiers."""
    law = {"type": "constant", "params": {"value": value}}
    return {"name": name, "type": "float", "generator": {"distribution": law}, "modifiers": list(modifiers)}


def uniform(low: float, high: float, *, name: str) -> Spec:
    """A float column drawn evenly."""
    law = {"type": "uniform", "params": {"low": low, "high": high}}
    return {"name": name, "type": "float", "generator": {"distribution": law}}


def key(name: str) -> Spec:
    """1, 2, 3, …"""
    return {"name": name, "type": "int", "generator": {"sequence": {}}}


def choice(name: str, choices: Sequence[Any], **params: Any) -> Spec:
    """A column of texts."""
    return {"name": name, "type": "string", "generator": {"choice": {"choices": list(choices), **params}}}


def lookup(name: str, source: str, through: str | None = None, *, type: str = "int") -> Spec:
    """A column of another table's row."""
    params: Spec = {"from": source}
    if through is not None:
        params["on"] = {"this_key": through}
    return {"name": name, "type": type, "generator": {"lookup": params}}


def modifier(word: str, **args: Any) -> Spec:
    """A modifier with its arguments."""
    return {"transform": word, "args": args}


def table(columns: Sequence[Spec], *, rows: int = 1000, id: str = "t") -> Spec:
    """A root table with a key."""
    return {"id": id, "kind": "entity", "pk": "id", "rows": rows, "columns": [key("id"), *columns]}


def schema(*nodes: Spec, inequalities: Sequence[tuple[str, str, str]] = (), **top: Any) -> Spec:
    """A document over the year 2024."""
    document: Spec = {"timeframe": YEAR, "nodes": list(nodes), **top}
    if inequalities:
        document["constraints"] = {"inequalities": [{"left": a, "op": op, "right": b} for a, op, b in inequalities]}
    return {name: value for name, value in document.items() if value is not None}


def micros(frame: pl.DataFrame, column: str = "at") -> NDArray[np.int64]:
    """A time column as microseconds."""
    times: NDArray[np.int64] = frame[column].cast(pl.Datetime("us")).dt.epoch("us").to_numpy()
    return times
