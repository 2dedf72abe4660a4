"""Shares that are kept to the row: over the whole table, or inside every row of an ancestor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block, Scope
from datagen.errors import did_you_mean, listed

Places = NDArray[np.int64]
Place = Callable[[Block], Places]
WeightsOf = Callable[[Block], Sequence[float]]

COUNTS = "#n"


def quota_reads(exact: bool | str | None, scope: Scope) -> Iterable[tuple[str, str]]:
    """What exact shares look at: the numbers of all rows, or how many rows each row above has."""
    if exact is True:
        yield (scope.table, NUMBERS)
    elif exact:
        yield (scope.table, COUNTS if exact == next(iter(scope.ancestors), "") else NUMBERS)


def moves(exact: bool | str | None, scope: Scope) -> str:
    """Why rows added to the table, or above it, change values that were there before."""
    if scope.unique and scope.ancestors:
        return "no value twice, by the number of the row: rows of earlier parents move it"
    if exact is True:
        return "its shares are exact over all rows"
    return f"its shares are exact inside each row of {exact}" if exact else ""


def sound(exact: bool | str | None, scope: Scope) -> bool:
    """Refuse a place in which no shares can be kept."""
    above = scope.ancestors
    if isinstance(exact, str) and exact not in above:
        scope.refuse(
            "quota.no_ancestor",
            "exact",
            found=f"'{exact}', which is not above {scope.table}",
            expected="true, or " + (f"one of {listed(above)}" if above else "no table above"),
            hint=did_you_mean(exact, above),
        )
        return False
    if exact and scope.unique:
        scope.refuse(
            "quota.unique",
            "exact",
            found="exact shares of unique values",
            expected="one of them: a value that no other row has is one row in all",
        )
        return False
    return True


def exact_places(exact: bool | str, weights: WeightsOf, scope: Scope) -> Place:
    """(n,) place of each row's value among the weighted ones, so that the shares are kept to the row."""
    return _over_all(weights, scope) if exact is True else _inside(str(exact), weights, scope)


def _over_all(weights: WeightsOf, scope: Scope) -> Place:
    from datagen.kernel.permute import permuted_rank
    from datagen.kernel.quotas import largest_remainder, placed

    key, table, home = scope.seeded("quota"), scope.table, (scope.table, scope.column, "quotas")

    def place(block: Block) -> Places:
        if not block.rows:
            return np.zeros(0, dtype=np.int64)
        rows = block.total(table)
        counts = block.once(home, lambda: largest_remainder(weights(block), rows))
        return placed(counts, permuted_rank(block.row_number, rows, key))

    return place


def _inside(ancestor: str, weights: WeightsOf, scope: Scope) -> Place:
    from datagen.kernel.permute import permuted_within
    from datagen.kernel.quotas import placed_in_groups, running_shares

    key, rounding, home = scope.salt("quota"), scope.salt("rounding"), (scope.table, scope.column, "quotas")

    def place(block: Block) -> Places:
        if not block.rows:
            return np.zeros(0, dtype=np.int64)
        ends = block.once(home, lambda: running_shares(weights(block)))
        rank, count = block.rank_in(ancestor)
        above, index = block.ancestor(ancestor)
        mixed = permuted_within(rank, count, above.bits(key)[index])
        return placed_in_groups(ends, mixed, count, above.uniform(rounding)[index])

    return place


def refused_key(part: Any) -> str:
    """The first key of a part that makes its values a fact about many rows, "" when there is none."""
    return next((key for key in ("exact", "at_least", "clustered") if getattr(part, key, None)), "")
