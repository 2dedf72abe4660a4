"""What the tests of single parts share: one column of a small table, made or refused, and what statistics expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from datagen.errors import Finding, SchemaError
from tests.support import findings_of, made, plan_of, table_of

WINDOW = {"start": "2024-01-01", "end": "2024-12-31"}
SEQUENCE = {"sequence": {"start": 1}}


def column(name: str, generator: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A column of a node."""
    return {"name": name, "generator": dict(generator), **keys}


def law(word: str, **params: Any) -> dict[str, Any]:
    """A `distribution` generator."""
    return {"distribution": {"type": word, "params": params}}


def modified(transform: str, **args: Any) -> dict[str, Any]:
    """A modifier."""
    return {"transform": transform, "args": args}


def table(id: str, rows: int, *columns: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A root with a key `<id>_id` that counts from 1, unless a column of that name is given."""
    own = [dict(one) for one in columns]
    if not any(one["name"] == f"{id}_id" for one in own):
        own.insert(0, column(f"{id}_id", SEQUENCE))
    return {"id": id, "kind": "entity", "pk": f"{id}_id", "rows": rows, "columns": own, **keys}


def child(id: str, parent: str, *columns: Mapping[str, Any], fanout: Any = None, **keys: Any) -> dict[str, Any]:
    """A fact below a parent, with a key of its own and the parent's, unless they are given."""
    own = [dict(one) for one in columns]
    if not any(one["name"] == f"{parent}_id" for one in own):
        own.insert(0, column(f"{parent}_id", {"lookup": {"from": f"{parent}.{parent}_id"}}))
    if not any(one["name"] == f"{id}_id" for one in own):
        own.insert(0, column(f"{id}_id", SEQUENCE))
    node = {"id": id, "kind": "fact", "pk": f"{id}_id", "parents": [parent], "columns": own, **keys}
    return node if fanout is None else {**node, "fanout": fanout}


def schema(*nodes: Mapping[str, Any], **keys: Any) -> dict[str, Any]:
    """A document with a timeframe of one year."""
    return {"timeframe": dict(WINDOW), "nodes": [dict(node) for node in nodes], **keys}


def one_column(
    generator: Mapping[str, Any], *, rows: int = 1_000, document: Mapping[str, Any] | None = None, **keys: Any
) -> dict[str, Any]:
    """A document whose only column beside the key is `x`."""
    return schema(table("t", rows, column("x", generator, **keys)), **(document or {}))


def values(
    generator: Mapping[str, Any],
    *,
    rows: int = 1_000,
    seed: int = 42,
    document: Mapping[str, Any] | None = None,
    **keys: Any,
) -> pl.Series:
    """The column `x` of a table with so many rows."""
    return made(one_column(generator, rows=rows, document=document, **keys), "t", seed=seed)["x"]


def numbers(generator: Mapping[str, Any], **keys: Any) -> NDArray[Any]:
    """The same as an array."""
    return values(generator, **keys).to_numpy()


def refused(document: Mapping[str, Any], code: str) -> Finding:
    """The one finding of this code, which must be an error."""
    found = findings_of(document)
    hits = [finding for finding in found if finding.code == code and finding.severity == "error"]
    assert len(hits) == 1, f"{code} expected once, found {[(one.code, one.json_path, one.found) for one in found]}"
    return hits[0]


def warned(document: Mapping[str, Any], code: str) -> Finding:
    """The one warning of this code; the document has a plan."""
    hits = [finding for finding in plan_of(document).findings if finding.code == code]
    assert [one.severity for one in hits] == ["warning"], hits
    return hits[0]


def fails(document: Mapping[str, Any], table: str, code: str) -> Finding:
    """The finding with which a run stops that its plan could not foresee."""
    plan = plan_of(document)
    with pytest.raises(SchemaError) as caught:
        table_of(plan, table)
    assert [finding.code for finding in caught.value.findings] == [code], caught.value
    return caught.value.findings[0]


def shares_of(series: pl.Series) -> dict[Any, float]:
    """The share of each value."""
    counted = series.value_counts()
    return dict(zip(counted[series.name].to_list(), (counted["count"] / len(series)).to_list(), strict=True))


def near_share(found: float, expected: float, n: int, *, errors: float = 4.0) -> bool:
    """Whether a share of n rows lies within 4 standard errors of its probability."""
    return abs(found - expected) <= errors * np.sqrt(expected * (1 - expected) / n) + 1e-12


def near_mean(x: NDArray[Any], mean: float, std: float, *, errors: float = 4.0) -> bool:
    """Whether a sample mean lies within 4 standard errors."""
    return bool(abs(x.mean() - mean) <= errors * std / np.sqrt(len(x)))


def chi_square(counts: Sequence[int] | NDArray[Any], expected: Sequence[float] | NDArray[Any]) -> float:
    """Probability of counts at least as uneven as these, by Pearson's test."""
    from scipy.stats import chisquare

    return float(chisquare(np.asarray(counts), np.asarray(expected)).pvalue)
