"""Shares that are kept to the row: over the whole table, or inside every row of an ancestor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import NUMBERS, Block, Scope
from datagen.errors import did_you_mean, listed

Places = NDArray[np.int64]
Place = Callable[[Block], Places]
WeightsOf = Callable[[Block], Sequence[float]]

COUNTS = "#n"


class Quota(NamedTuple):
    """What a choice or a yes or no says of many rows together; unset keys are None."""

    exact: bool | str | None = None
    at_least: Mapping[str, int] | None = None
    clustered: float | None = None

    @property
    def keys(self) -> list[str]:
        """Those that are set."""
        return [key for key, value in self._asdict().items() if value]

    def reads(self, scope: Scope) -> Iterable[tuple[str, str]]:
        """What the values look at: the numbers of all rows, or how many rows each row above has."""
        parent = next(iter(scope.ancestors), "")
        if self.exact is True or self.at_least:
            yield (scope.table, NUMBERS)
        elif self.exact:
            yield (scope.table, COUNTS if self.exact == parent else NUMBERS)
        if self.at_least and parent:
            yield (parent, NUMBERS)

    def moves(self, scope: Scope) -> str:
        """Why rows added to the table, or above it, change values that were there before."""
        if unique := moves_unique(scope):
            return unique
        if self.exact is True or self.at_least:
            return f"its shares are {'exact' if self.exact else 'kept'} over all rows"
        return f"its shares are exact inside each row of {self.exact}" if self.exact else ""

    def sound(self, scope: Scope) -> bool:
        """Refuse a place in which no shares can be kept, and keys that contradict each other."""
        exact, above = self.exact, scope.ancestors
        if isinstance(exact, str) and exact not in above:
            scope.refuse(
                "quota.no_ancestor",
                "exact",
                found=f"'{exact}', which is not above {scope.table}",
                expected="true, or " + (f"one of {listed(above)}" if above else "no table above"),
                hint=did_you_mean(exact, above),
            )
            return False
        if self.keys and scope.unique:
            scope.refuse(
                "quota.unique",
                self.keys[0],
                found=f"{self.keys[0]} on a column of unique values",
                expected="one of them: a value that no other row has is one row in all",
            )
            return False
        if len(self.keys) > 1 and exact is not True:
            scope.refuse(
                "quota.together",
                self.keys[-1],
                found=listed([f"exact: {exact}" if key == "exact" else key for key in self.keys]),
                expected="at_least or clustered, alone or with exact: true",
            )
            return False
        if len(self.keys) > 2:
            scope.refuse(
                "quota.together", self.keys[-1], found=listed(self.keys), expected="at_least or clustered, one of them"
            )
            return False
        return True

    def places(self, names: Sequence[str], weights: Sequence[float], scope: Scope) -> Place | None:
        """(n,) place of each row's value among listed ones; None after a refusal. At least one key is set."""
        from datagen.generators._at_least import least_places, sound_least
        from datagen.generators._clustered import clustered_places, sound_clusters

        exact = bool(self.exact)
        if self.at_least:
            sound = sound_least(self.at_least, names, weights, scope)
            return least_places(self.at_least, names, weights, scope, exact=exact) if sound else None
        if self.clustered:
            return clustered_places(self.clustered, weights, scope, exact=exact) if sound_clusters(scope) else None
        return exact_places(self.exact or True, lambda block: weights, scope)


def moves_unique(scope: Scope) -> str:
    """Why rows added above a table change its unique values, which are numbered through all parents."""
    return (
        "no value twice, by the row's number: rows of earlier parents move it"
        if scope.unique and scope.ancestors
        else ""
    )


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
