"""At least so many rows of a value under each driving parent, with the declared shares over all rows.

Which rows of a parent get the value is its permuted rank among its siblings. The other rows make up for them: what is
left of every value's share goes to the rows that are free, to the row where the shares are exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.generators._quota import Place, Places

BEYOND = 1.05  # expected rows this far above the share are refused before rows are made


class Free(NamedTuple):
    """What is left once every parent has its least rows. before (parents,): parents with rows above each parent."""

    before: NDArray[np.int64]
    counts: NDArray[np.float64]  # (k,) rows of each value among the free ones; whole where shares are exact
    rows: int


def sound_least(least: Mapping[str, int], names: Sequence[str], weights: Sequence[float], scope: Scope) -> bool:
    """Refuse least rows that no data can have, with the arithmetic."""
    if not scope.ancestors:
        scope.refuse(
            "at_least.no_parent",
            "at_least",
            found=f"at_least on {scope.table}, which has no driving parent",
            expected="a table with `parents`: so many rows under each of them",
        )
        return False
    for name in least:
        if name not in names:
            scope.refuse(
                "at_least.unknown_value",
                ("at_least", name),
                found=f"'{name}'",
                expected=f"one of the choices: {listed(names)}",
                hint=did_you_mean(name, names),
            )
    if not set(least) <= set(names):
        return False
    parent, wanted, most = scope.ancestors[0], sum(least.values()), scope.most_children(scope.ancestors[0])
    if most < wanted:
        scope.refuse(
            "at_least.too_few_rows",
            "at_least",
            found=f"at least {wanted:,} rows under each {parent}, which has {most:,.0f} at most",
            expected="no more than a parent has",
        )
        return False
    fewest = scope.fewest_children(parent)
    if wanted > 0 and fewest < wanted and wanted > 1:
        scope.refuse(
            "at_least.may_be_too_few_rows",
            "at_least",
            found=f"at least {wanted:,} rows under each {parent}, which may have {max(fewest, 1):,.0f}",
            expected=f"a fanout of {wanted} rows or more",
            hint="the run stops where a parent with rows has fewer",
            severity="warning",
        )
    if fewest >= 1:
        total, parents, rows = sum(weights), scope.expected_rows(parent), scope.expected_rows(scope.table)
        for name, number in least.items():
            share = weights[names.index(name)] / total
            if number * parents > share * rows * BEYOND + 1:
                told = arithmetic(name, number, parent, parents, share, rows)
                scope.refuse("at_least.above_share", ("at_least", name), **told)
                return False
    return True


def arithmetic(name: str, number: int, parent: str, parents: float, share: float, rows: float) -> dict[str, Any]:
    """Why forced rows of a value exceed its share, as facts of a finding."""
    return {
        "found": f"{number:,} '{name}' in each of {parents:,.0f} {parent} rows are {number * parents:,.0f} rows, and "
        f"{100 * share:.3g} % of {rows:,.0f} rows are {share * rows:,.0f}",
        "expected": f"a share of {100 * number * parents / max(rows, 1):.3g} % or more, or fewer under each",
    }


def least_places(
    least: Mapping[str, int], names: Sequence[str], weights: Sequence[float], scope: Scope, *, exact: bool
) -> Place:
    """(n,) place of each row's value among the weighted ones."""
    from datagen.kernel.permute import permuted_rank, permuted_within
    from datagen.kernel.quantiles import GuideTable
    from datagen.kernel.quotas import placed

    table, parent, home = scope.table, scope.ancestors[0], f"{scope.table}.{scope.column}"
    forced = np.array([least.get(name, 0) for name in names], dtype=np.int64)
    wanted = int(forced.sum())
    mixing, quota, draw = scope.salt("least"), scope.seeded("quota"), scope.salt("draw")

    def facts(block: Block) -> Free:
        return free_rows(block, table, parent, forced, names, weights, home, exact=exact)

    def guide(block: Block, free: Free) -> Any:
        return block.once((home, "free guide"), lambda: GuideTable(free.counts))

    def place(block: Block) -> Places:
        if not block.rows:
            return np.zeros(0, dtype=np.int64)
        free: Free = block.once((home, "free rows"), lambda: facts(block))
        above, index = block.ancestor(parent)
        assert index is not None  # rows of a child
        rank = permuted_within(block.ordinal, block.sibling_count, above.bits(mixing)[index])
        found = placed(forced, rank)
        rest = np.flatnonzero(rank >= wanted)
        if not len(rest):
            return found
        if exact:
            # its place among the free rows of the table: all rows before its parent's, without their least ones
            first = block.row_number - block.ordinal - wanted * free.before[above.row_number[index]]
            own = permuted_rank((first + rank)[rest] - wanted, free.rows, quota)
            found[rest] = placed(free.counts.astype(np.int64), own)
        else:
            found[rest] = guide(block, free).draw(block.uniform(draw)[rest])
        return found

    return place


def free_rows(
    block: Block,
    table: str,
    parent: str,
    forced: NDArray[np.int64],
    names: Sequence[str],
    weights: Sequence[float],
    home: str,
    *,
    exact: bool,
) -> Free:
    """What is left for the free rows of a table. Raises SchemaError where shares or parents are too small."""
    from datagen.kernel.quotas import largest_remainder

    wanted = int(forced.sum())
    counts = [above.count_below(table) for above in block.blocks_of(parent)]
    each = np.concatenate(counts) if counts else np.zeros(0, dtype=np.int64)
    short = int(((each > 0) & (each < wanted)).sum())
    if short:
        raise SchemaError(
            Finding(
                code="at_least.short_parents",
                json_path=home,
                found=f"{short:,} rows of {parent} with fewer than {wanted} rows of {table}",
                expected=f"{wanted} rows or none under each {parent}: so many must have given values",
                hint="raise the fewest rows of the fanout",
            )
        )
    there = (each > 0).astype(np.int64)
    before = np.cumsum(there) - there
    parents, rows = int(there.sum()), int(each.sum())
    total = math.fsum(weights)
    shares = np.array([weight / total for weight in weights])
    quotas = largest_remainder(shares, rows).astype(np.float64) if exact else shares * rows
    left = quotas - forced * parents
    allowed = 0.0 if exact else 1.0
    for place in np.flatnonzero(left < -allowed).tolist():
        told = arithmetic(names[place], int(forced[place]), parent, parents, float(shares[place]), rows)
        raise SchemaError(Finding(code="at_least.above_share", json_path=home, **told))
    left = np.maximum(left, 0.0)
    return Free(before, left if left.sum() > 0 else shares, rows - wanted * parents)
