"""Values that are alike among the rows of one parent, with the declared shares over all parents.

Every driving parent draws shares of its own from a Dirichlet law around the declared ones, its rows draw from these: the
intra-class correlation of each value is rho = 1 / (1 + alpha), alpha the sum of the law's parameters. Exact shares are
then repaired: of each value that came out too often, the rows with the lowest hash take a value that came out too seldom.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.generators._quota import Place, Places

Floats = NDArray[np.float64]

SPARE = 6.0  # standard errors of a count of hashes that are kept beyond the expected number
WIDEST = 2.0**64


class Repair(NamedTuple):
    """Which rows change their value. hashes: by value, rising, of the rows that do; values: (moved,) what they take."""

    hashes: dict[int, NDArray[np.uint64]]
    begins: dict[int, int]
    values: Places


def sound_clusters(scope: Scope) -> bool:
    """Refuse clusters in a table without a parent."""
    if not scope.ancestors:
        scope.refuse(
            "clustered.no_parent",
            "clustered",
            found=f"clustered on {scope.table}, which has no driving parent",
            expected="a table with `parents`, whose rows are alike under each of them",
        )
        return False
    return True


def clustered_places(rho: float, weights: Sequence[float], scope: Scope, *, exact: bool) -> Place:
    """(n,) place of each row's value among the weighted ones. rho in (0, 1]."""
    drawn = _drawn(rho, weights, scope)
    if not exact:
        return drawn
    table, order, home = scope.table, scope.salt("repair"), f"{scope.table}.{scope.column}"

    def place(block: Block) -> Places:
        found = drawn(block)
        repair: Repair = block.once((home, "repair"), lambda: _repair(block, table, drawn, weights, order))
        if repair.hashes:
            hashes = block.bits(order)
            before = found.copy()
            for value, moved in repair.hashes.items():  # a loop over values
                at = np.flatnonzero((before == value) & (hashes <= moved[-1]))
                found[at] = repair.values[repair.begins[value] + np.searchsorted(moved, hashes[at])]
        return found

    return place


def _drawn(rho: float, weights: Sequence[float], scope: Scope) -> Callable[[Block], Places]:
    """The value of each row by the shares of its parent."""
    from datagen.kernel.quotas import running_shares

    parent, draw, home = scope.ancestors[0], scope.salt("draw"), (scope.table, scope.column, "shares")
    shares = np.asarray(weights, dtype=np.float64) / float(np.sum(weights))
    salts = [scope.salt("share", place) for place in range(len(shares))]
    one = running_shares(shares)

    def drawn(block: Block) -> Places:
        above, index = block.ancestor(parent)
        assert index is not None  # rows of a child
        if rho >= 1.0:  # every parent has one value
            return np.searchsorted(one, above.uniform(draw), side="right").astype(np.int64)[index]
        u = block.uniform(draw)
        found = np.zeros(block.rows, dtype=np.int64)
        for border in above.memo(home, lambda: _borders(above, shares, rho, salts)):  # a loop over values
            found += u >= border[index]
        return found

    return drawn


def _borders(above: Block, shares: Floats, rho: float, salts: Sequence[int]) -> list[Floats]:
    """k - 1 arrays (parents,): running shares of each parent, from gamma variates in logarithms."""
    from datagen.kernel.elementary import exp
    from datagen.laws.gamma import SMALLEST_SHAPE, log_gamma_quantile

    alpha = (1.0 - rho) / rho
    logs = [
        log_gamma_quantile(alpha * float(share), above.uniform(salt))
        if alpha * float(share) >= SMALLEST_SHAPE
        else np.full(above.rows, -np.inf)  # no float is small enough for it to be drawn
        for share, salt in zip(shares, salts, strict=True)
    ]
    highest = logs[0]
    for one in logs[1:]:
        highest = np.maximum(highest, one)
    sizes = [np.where(np.isfinite(one), exp(np.maximum(one - highest, -700.0)), 0.0) for one in logs]
    running, found = np.zeros(above.rows), []
    for size in sizes:  # one after the other: the same sum in a block of any size
        running = running + size
        found.append(running)
    return [border / running for border in found[:-1]]


def _repair(block: Block, table: str, drawn: Callable[[Block], Places], weights: Sequence[float], order: int) -> Repair:
    """Counts of the whole table, then the hashes of the rows that are too many, under a bound."""
    from datagen.kernel.quotas import largest_remainder

    counts = np.zeros(len(weights), dtype=np.int64)
    for one in block.blocks_of(table):
        counts += np.bincount(drawn(one), minlength=len(weights))
    wanted = largest_remainder(weights, int(counts.sum()))
    surplus = {int(value): int(counts[value] - wanted[value]) for value in np.flatnonzero(counts > wanted)}
    hashes: dict[int, NDArray[np.uint64]] = {}
    spare = SPARE
    while surplus and (not hashes or any(len(hashes[value]) < number for value, number in surplus.items())):
        bounds = {value: _bound(number, int(counts[value]), spare) for value, number in surplus.items()}
        hashes = _lowest(block, table, drawn, order, bounds)
        spare *= 4.0
    moved = {value: np.sort(hashes[value])[:number] for value, number in surplus.items()}
    numbers = np.array([len(one) for one in moved.values()], dtype=np.int64)
    begins = dict(zip(moved, (np.cumsum(numbers) - numbers).tolist(), strict=True))
    return Repair(moved, begins, np.repeat(np.arange(len(weights)), np.maximum(wanted - counts, 0)))


def _bound(number: int, count: int, spare: float) -> float:
    """A hash below which there are `number` of `count` rows, almost surely."""
    enough = number + spare * (number**0.5 + 1.0)
    return WIDEST if enough >= count else WIDEST * enough / count


def _lowest(
    block: Block, table: str, drawn: Callable[[Block], Places], order: int, bounds: dict[int, float]
) -> dict[int, NDArray[np.uint64]]:
    """The hashes of each value's rows that lie under its bound."""
    found: dict[int, list[NDArray[np.uint64]]] = {value: [] for value in bounds}
    for one in block.blocks_of(table):
        places, hashes = drawn(one), one.bits(order)
        for value, bound in bounds.items():
            mine = hashes[places == value]
            found[value].append(mine if bound >= WIDEST else mine[mine < np.uint64(int(bound))])
    return {value: np.concatenate(pieces) for value, pieces in found.items()}
