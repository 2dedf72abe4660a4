"""`weights` of a lookup: a column of the candidates, a law with a draw for each of them, or a rule along their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.errors import Finding, SchemaError
from datagen.generators._key_codes import Groups
from datagen.generators._weights import HEAD, HEAD_TAIL, ZIPF
from datagen.kernel.elementary import power
from datagen.schema.weights import share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Making = Callable[[Block, Groups | None], Floats]


def is_rule(weights: Any) -> bool:
    """Whether weights are a rule along the order of the rows, and no column."""
    return isinstance(weights, str) and ("@" in weights or weights.strip() == "uniform")


def bind_weights(scope: Scope, weights: Any, table: str) -> Making | None:
    """(rows of the table,) the weight of every candidate, made from a block; None after a refusal."""
    if is_rule(weights):
        return _by_order(scope, weights, table)
    return _by_column(scope, weights, table) if isinstance(weights, str) else _by_law(scope, weights, table)


def _by_column(scope: Scope, name: str, table: str) -> Making | None:
    _, _, last = name.rpartition(".")
    reference = name if name.lower().startswith(f"{table.lower()}.") else f"{table}.{name}"
    target = scope.target(reference, "weights")
    if target is None:
        return None
    if target.type not in ("int", "float"):
        scope.refuse(
            "lookup.weights_type",
            "weights",
            found=f"{table}.{last}, of type {target.type}",
            expected="a column of numbers, 0 or more",
        )
        return None
    home = f"{scope.table}.{scope.column}"

    def make(block: Block, groups: Groups | None) -> Floats:
        values = block.whole(table, target.name)
        numbers = np.asarray(values.array, dtype=np.float64)
        numbers = numbers if values.valid is None else np.where(values.valid, numbers, 0.0)
        _refuse_negative(numbers, home, f"{table}.{target.name}")
        return numbers

    return make


def _by_law(scope: Scope, spec: Any, table: str) -> Making | None:
    law = scope.law(spec, "weights")
    if law is None:
        return None
    if not law.constant:
        scope.refuse(
            "lookup.weights_law",
            "weights",
            found="a law whose parameters differ from row to row",
            expected="numbers as parameters: one law for all candidates",
            hint=f"make a column of {table} by that law, and name it as the weights",
        )
        return None
    if law.support()[0] < 0:
        scope.refuse(
            "lookup.weights_negative",
            "weights",
            found=f"a law of values from {law.support()[0]:g} on",
            expected="weights of 0 or more",
            hint="truncate: [0, null] cuts the law",
        )
        return None
    salt = scope.salt("weight")

    def make(block: Block, groups: Groups | None) -> Floats:
        drawn = [law.quantile(one.uniform(salt), None) for one in block.blocks_of(table)]
        return np.concatenate([np.asarray(one, dtype=np.float64) for one in drawn]) if drawn else np.zeros(0)

    return make


def _by_order(scope: Scope, kind: str, table: str) -> Making | None:
    """Falling along the order of the rows, in each group anew."""
    zipf, head_tail = ZIPF.match(kind.strip()), HEAD_TAIL.match(kind.strip())
    head = (share(head_tail[1].replace(" ", "")) or 0.0) if head_tail is not None else 0.5
    exponent = float(zipf[1]) if zipf is not None else float(head_tail[3]) if head_tail is not None else 0.0
    if exponent <= 0 or not 0 < head < 1:
        scope.refuse(
            "lookup.weights_rule",
            "weights",
            found=f"'{kind}'",
            expected="zipf@1.2 (an exponent above 0) or head_tail@{0.6,1.2} (share of the head, exponent of the tail)",
        )
        return None

    def make(block: Block, groups: Groups | None) -> Floats:
        total = block.total(table)
        of_rows = np.zeros(total, dtype=np.int64) if groups is None else groups.of_rows
        there = np.argsort(of_rows, kind="stable")
        there = there[np.searchsorted(of_rows[there], 0) :]  # rows without a group come first
        begins = np.flatnonzero(np.diff(of_rows[there], prepend=-1))
        sizes = np.diff(begins, append=len(there))
        rank = np.arange(len(there)) - np.repeat(begins, sizes)
        found = np.zeros(total, dtype=np.float64)
        found[there] = (
            power((1 + rank).astype(np.float64), -exponent)
            if head_tail is None
            else _head_and_tail(rank, np.repeat(sizes, sizes), begins, head, exponent)
        )
        return found

    return make


def _head_and_tail(rank: Ints, sizes: Ints, begins: Ints, head: float, exponent: float) -> Floats:
    """The first fifth of each group shares `head` equally, the others share the rest by Zipf."""
    heads = np.maximum(1, (HEAD * sizes).astype(np.int64))
    tail = np.where(rank < heads, 0.0, power(1.0 + np.maximum(rank - heads, 0).astype(np.float64), -exponent))
    whole = np.add.reduceat(tail, begins) if len(begins) else tail
    of_rows = np.repeat(whole, np.diff(begins, append=len(rank)))
    falling = (1 - head) * tail / np.where(of_rows > 0, of_rows, 1.0)
    return np.where(rank < heads, head / heads, falling)


def _refuse_negative(numbers: Floats, home: str, name: str) -> None:
    wrong = np.flatnonzero(numbers < 0)
    if len(wrong):
        raise SchemaError(
            Finding(
                code="lookup.weights_negative",
                json_path=home,
                found=f"{len(wrong):,} rows whose {name} is negative, such as {numbers[wrong[0]]:g}",
                expected="weights of 0 or more",
                hint="a clamp on that column: {clamp: {min: 0}}",
            )
        )
