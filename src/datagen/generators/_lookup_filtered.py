"""Binds a lookup that may not pick any row: `same`, `within`, `where`, `weights`, `unique` and `else`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.columns import joined, take, where_true
from datagen.contracts import NUMBERS, Block, Fill, Reader, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._candidate_condition import bind_condition, candidate_columns
from datagen.generators._candidate_weights import bind_weights, is_rule
from datagen.generators._filtered_pick import FilteredPick
from datagen.generators._key_codes import Groups
from datagen.generators._lookup_keys import Key, column_key, same_key, within_key
from datagen.generators._pool import Pool
from datagen.generators._self_pick import SelfPick, few_rows, refuse_few_rows
from datagen.generators._unique_pick import UniquePick
from datagen.generators._up_to import UpTo
from datagen.generators._weighted_pick import FOREVER

if TYPE_CHECKING:
    from datagen.generators.lookup import Lookup

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def reads_of_filters(lookup: Lookup, scope: Scope, target: Any) -> Iterator[str | tuple[str, str]]:
    """What the keys that limit a pick look at, of this row and of the candidates."""
    yield target.table, NUMBERS
    if lookup.same is not None:
        own, their = (scope.find_target(f"{table}.{lookup.same}") for table in (scope.table, target.table))
        if own is not None and their is not None:
            yield own.name
            yield their.table, their.name
    if lookup.within is not None and (key := within_key(scope.quiet(), lookup.within, target.table)) is not None:
        yield from key.reads
    if lookup.where is not None:
        names = scope.names_in(lookup.where)
        theirs = dict(candidate_columns(names))
        yield from (name for name in names if name not in theirs)
        for column in theirs.values():
            found = scope.find_target(f"{target.table}.{column}")
            if found is not None:
                yield found.table, found.name
    if isinstance(lookup.weights, str) and not is_rule(lookup.weights):
        found = scope.find_target(f"{target.table}.{lookup.weights.rpartition('.')[2]}")
        if found is not None:
            yield found.table, found.name
    if isinstance(lookup.unique, str) and (above := scope.find_table(lookup.unique)) in scope.ancestors[1:]:
        yield above, NUMBERS  # type: ignore[misc]  # one of the ancestors is no None
        yield scope.table, NUMBERS
    yield from scope.names_in(lookup.else_) if isinstance(lookup.else_, str) else ()


def bind_filtered(lookup: Lookup, scope: Scope, target: Any, nothing: Fill) -> Fill:
    """The function that picks under all of the lookup's rules, or `nothing` after a refusal."""
    table = target.table
    keys = bind_keys(lookup, scope, table)
    condition = bind_condition(scope, lookup.where, table) if lookup.where is not None else None
    weigh = bind_weights(scope, lookup.weights, table) if lookup.weights is not None else None
    otherwise = bind_else(lookup, scope)
    refused = (
        keys is None
        or (lookup.where is not None and condition is None)
        or (lookup.weights is not None and weigh is None)
        or otherwise is None
    )
    if refused:
        return nothing
    assert keys is not None
    if condition is not None:
        keys = [*keys, *(column_key(scope, reader, name, table, column) for column, name, reader in condition.equal)]
    home, mark = f"{scope.table}.{scope.column}", object()  # the lookup of one branch of a `by` is not another's

    def pool(block: Block) -> Pool:
        def make() -> Pool:
            total = block.total(table)
            groups = Groups([key.theirs(block) for key in keys]) if keys else None
            weight = None if weigh is None else weigh(block, groups)
            alone = None if condition is None or condition.alone is None else condition.alone
            among = None if alone is None else alone.holds(block, None, np.arange(total, dtype=np.int64))
            return Pool(total, groups, weight, among)

        made: Pool = block.once(("pool", home, mark), make)
        return made

    rest = None if condition is None else condition.rest
    upto = None
    if condition is not None and condition.upto is not None:
        upto = UpTo(table, *condition.upto)
    elif scope.picking is not None and scope.picking.created is not None:
        limits = scope.picking
        upto = UpTo(table, limits.created, limits.strict, limits.time, -FOREVER)
    asked = () if condition is None else condition.compared
    pick = FilteredPick(table, home, pool, [key.mine for key in keys], rest, scope.picking, scope.salt, upto, asked)
    unique = bind_unique(lookup, scope, target, pick, keys)
    if unique is None:
        return nothing
    return filled(scope, target, pick, unique, otherwise)


def bind_self(lookup: Lookup, scope: Scope, target: Any, nothing: Fill) -> Fill:
    """A key into the own table: rows of a lower number, in trees; `nothing` after a refusal."""
    for key, value in (("weights", lookup.weights), ("unique", lookup.unique or scope.unique)):
        if value:
            scope.refuse(
                "lookup.two_rules",
                key if getattr(lookup, key) else (),
                found=f"{key} on a key into the own table, which points to rows of lower numbers",
                expected="one of them",
                hint=f"drop `{key}`",
            )
            return nothing
    given = [key for key in ("levels", "depth", "root_share", "where") if getattr(lookup, key) is not None]
    if ("levels" in given and len(given) > 1) or {"depth", "where"} <= set(given):
        scope.refuse(
            "lookup.two_rules",
            given[0],
            found=" and ".join(f"`{key}`" for key in given),
            expected="`levels` alone, or `depth` with `root_share`, or `where` with `root_share`",
        )
        return nothing
    keys = bind_keys(lookup, scope, target.table)
    condition = bind_condition(scope, lookup.where, target.table, split=False) if lookup.where is not None else None
    otherwise = bind_else(lookup, scope)
    if keys is None or otherwise is None or (lookup.where is not None and condition is None):
        return nothing
    rows = scope.fixed_rows(scope.table)
    levels = lookup.levels
    if levels is not None and not keys and rows is not None and 0 < rows <= sum(levels[:-1]):
        found, expected = few_rows(levels, rows, scope.table)
        scope.refuse("lookup.levels", "levels", found=found, expected=expected)
        return nothing
    rest = None if condition is None else condition.rest
    home = f"{scope.table}.{scope.column}"
    asked = () if condition is None else condition.compared
    pick = SelfPick(scope.table, home, keys, rest, lookup.root_share, lookup.depth, levels, scope.salt, asked)
    return filled_self(scope, target, pick, otherwise)


def filled_self(scope: Scope, target: Any, pick: SelfPick, otherwise: Any) -> Fill:
    """The column of a self key: a root is null where nulls may be, else its own key."""
    table, column, when, nullable = target.table, target.name, scope.condition, scope.nullable

    def fill(block: Block) -> Values:
        wanted = wanted_rows(when, block)
        if pick.levels is not None and not pick.keys:
            refuse_few_rows(pick.levels, block.total(table), pick.home)
        picks = pick.picks(block, wanted)
        missing = wanted & (picks == -2)
        if not nullable:
            picks = np.where(picks == -1, block.row_number, picks)
        picks = np.maximum(picks, -1)
        unknown = missing & (pick.trees(block).rank[block.row_number] < 0)
        return settled(block, (table, column), pick.home, picks, missing, unknown if nullable else None, otherwise)

    return fill


def wanted_rows(when: Reader | None, block: Block) -> Bools:
    """(n,) the rows that have a value at all."""
    if when is None:
        return np.ones(block.rows, dtype=np.bool_)
    return where_true(when(block))


def filled(scope: Scope, target: Any, pick: FilteredPick, how: Any, otherwise: Any) -> Fill:
    """The column of picks: gathered where a row was picked, `else` where none can be."""
    table, column, when, nullable = target.table, target.name, scope.condition, scope.nullable
    what = "left for it below its ancestor" if isinstance(how, UniquePick) else "that it may pick"

    def fill(block: Block) -> Values:
        wanted = wanted_rows(when, block)
        groups, unknown = pick.groups(block)
        picks = how.picks(block, groups, wanted)
        return settled(
            block,
            (table, column),
            pick.home,
            picks,
            wanted & (picks < 0),
            unknown if nullable else None,
            otherwise,
            what,
        )

    return fill


def settled(
    block: Block,
    target: tuple[str, str],
    home: str,
    picks: Ints,
    missing: Bools,
    may_be_null: Bools | None,
    otherwise: Any,
    what: str = "that it may pick",
) -> Values:
    """The values of the picked rows, and of `else` where nothing was picked. Raises SchemaError "lookup.no_candidate"."""
    table, column = target
    there = picks >= 0
    values = block.gather(table, column, picks, None if there.all() else there).changed(picks=picks)
    if not missing.any():
        return values
    if otherwise == ():
        bad = missing if may_be_null is None else missing & ~may_be_null
        if bad.any():
            raise SchemaError(
                Finding(
                    code="lookup.no_candidate",
                    json_path=home,
                    found=f"{int(bad.sum()):,} rows of one block without a row of {table} {what}",
                    expected="at least one candidate for every row",
                    hint="say what stands there instead: `else: null` on a nullable column, or an expression; or make more "
                    f"rows of {table}: {block.total(table):,} are too few (`rows`, or a larger --scale)",
                )
            )
        return values
    (reader,) = otherwise
    return values if reader is None else _with_others(values, reader(block), missing)


def _with_others(values: Values, others: Values, missing: Bools) -> Values:
    """The values, with others in the rows where nothing was picked."""
    kept, left = np.flatnonzero(~missing), np.flatnonzero(missing)
    if {values.kind, others.kind} == {"int", "float"}:
        values, others = (
            one.changed(kind="float", array=np.asarray(one.array, dtype=np.float64)) for one in (values, others)
        )
    if others.picks is None:
        values = values.changed(picks=None)
    back = np.empty(len(values), dtype=np.int64)
    back[np.concatenate([kept, left])] = np.arange(len(values))
    return take(joined([take(values, kept), take(others, left)]), back)


def bind_keys(lookup: Lookup, scope: Scope, table: str) -> list[Key] | None:
    """What must agree by `same` and `within`; None after a refusal."""
    found = []
    if lookup.same is not None:
        found.append(same_key(scope, lookup.same, table))
    if lookup.within is not None:
        found.append(within_key(scope, lookup.within, table))
    keys = [key for key in found if key is not None]
    return keys if len(keys) == len(found) else None


def bind_else(lookup: Lookup, scope: Scope) -> tuple[()] | tuple[Reader | None] | None:
    """Nothing without `else`, (None,) for null, (reader,) for a value; None after a refusal."""
    if "else_" not in lookup.model_fields_set:
        return ()
    if lookup.else_ is None:
        if scope.nullable:
            return (None,)
        scope.refuse(
            "lookup.else_null",
            "else",
            found=f"`else: null` on {scope.column}, which is not nullable",
            expected="nullable: true on the column, or a value",
        )
        return None
    own = f"{scope.table}.{lookup.else_}"
    if isinstance(lookup.else_, str) and scope.find_target(own) is not None:
        reader = scope.read(lookup.else_, "else")  # as a key it knows its rows
    else:
        reader = scope.expression(lookup.else_, "else")
    scope.fits(reader.type, "else")
    return (reader,)


def bind_unique(lookup: Lookup, scope: Scope, target: Any, pick: FilteredPick, keys: list[Key]) -> Any:
    """How rows are picked: each for itself, or so that none is picked twice; None after a refusal."""
    ancestor: str | None = None
    if isinstance(lookup.unique, str):
        ancestor = scope.find_table(lookup.unique)
        if ancestor is None or ancestor not in scope.ancestors:
            scope.refuse(
                "lookup.unique_of",
                "unique",
                found=f"`unique: {lookup.unique}`",
                expected=f"true, or a table above {scope.table}" + "".join(f", {one}" for one in scope.ancestors),
            )
            return None
    elif not scope.unique:
        return pick
    weighed = lookup.weights is not None or pick.one_by_one
    constant = [key.of for key in keys if key.of is not None]
    if ancestor is None and constant and len(keys) == 1:
        ancestor = constant[0]  # candidates of two ancestors are never the same
    direct = ancestor is not None and ancestor == scope.ancestors[0]
    above = [] if ancestor is None else scope.ancestors[scope.ancestors.index(ancestor) :]
    several = any(key.of not in above for key in keys)
    if (ancestor is None and (weighed or keys)) or (ancestor is not None and not direct and (weighed or several)):
        what = "weights, conditions on this row or limits of time" if weighed else "values that differ between its rows"
        where = "in the whole table" if ancestor is None else f"below one {ancestor}"
        scope.refuse(
            "lookup.two_rules",
            (),
            found=f"picks of {target.table} that never repeat {where}, with {what}",
            expected="one of them, or unique: " + (scope.ancestors[0] if scope.ancestors else "a driving parent"),
            hint="drop `unique`",
        )
        return None
    if not _enough(lookup, scope, target, ancestor, bool(keys)):
        return None
    return UniquePick(pick, ancestor, direct, several, scope.seeded("permutation"))


def _enough(lookup: Lookup, scope: Scope, target: Any, ancestor: str | None, grouped: bool) -> bool:
    """Refuse before a row is made where there are fewer candidates than rows that must differ."""
    rows = scope.fixed_rows(target.table)
    if rows is None or "else_" in lookup.model_fields_set:
        return True
    if ancestor is None:
        if not grouped:
            scope.domain(rows, "from")
        return True
    most = scope.most_children(ancestor)
    if most == float("inf") or most <= rows:
        return True
    scope.refuse(
        "unique.domain_too_small",
        "unique",
        found=f"{rows:,} rows of {target.table} < up to {most:,.0f} rows of {scope.table} below one {ancestor}",
        expected="at least as many candidates as rows that must differ",
        hint="a clamp on the fanout, more candidates, or `else: null`",
    )
    return False
