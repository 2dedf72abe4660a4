"""Keys of other tables, and columns copied along them: foreign keys that hold by construction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import NUMBERS, Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError


class ThisKey(BaseModel):
    """Through which key of this row to look."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    this_key: str = Field(
        description="the column of this table whose key leads to the row, as in on: {this_key: product_id}"
    )


class Lookup(Generator):
    """A value of another table's row.

    Params: from, `table.column`. Without `on`: of the driving parent or another ancestor, that very ancestor's value; of
    the table that a grid pairs with its parent (`fanout: {each: …}`) that very row's; of any other table a row picked
    uniformly; of the own table a row with a lower number (`root_share` of the rows, 1/√n unless given, are roots: null if
    the column is nullable, else their own key). With `on: {this_key: column}`: the value of the row that this row's key
    points to, so that several columns agree. Fills the type of the column looked at. One draw per pick. Source: picks by
    BinomialHash (Coluzzi et al. 2024), so that one more row moves only the picks it wins.
    """

    MAIN: ClassVar[str | None] = "from"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"lookup": {"from": "customer.customer_id"}},
        {"lookup": {"from": "product.price", "on": {"this_key": "product_id"}}},
    ]

    from_: str = Field(alias="from")
    on: ThisKey | None = None
    root_share: float | None = Field(default=None, ge=0, le=1)

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        target = scope.find_target(self.from_)
        if target is None:
            return ()
        match self._way(scope, target):
            case "along":
                return (f"{self.on.this_key}.{target.name}",) if self.on else ()
            case "match":
                return (
                    *((self.on.this_key,) if self.on else ()),
                    (target.table, target.name),
                    *scope.key_of(target.table),
                )
            case "ancestor" | "paired":
                return (f"{target.table}.{target.name}",)
            case "self":
                return ((target.table, target.name), (target.table, NUMBERS))
            case _:
                return ((target.table, target.name),)

    def infer(self, scope: Scope) -> ColumnType | None:
        target = scope.find_target(self.from_)
        return None if target is None else target.type

    def _way(self, scope: Scope, target: Any) -> Literal["along", "match", "ancestor", "paired", "self", "pick"]:
        """How the row of the other table is found."""
        if self.on is not None:
            key = scope.find_target(f"{scope.table}.{self.on.this_key}")
            return (
                "along"
                if key is not None and key.points_to is not None and key.points_to[0] == target.table
                else "match"
            )
        if target.table == scope.table:
            return "self"
        if target.table == scope.paired:
            return "paired"
        return "ancestor" if target.table in scope.ancestors else "pick"

    def bind(self, scope: Scope) -> Fill:
        target = scope.target(self.from_, "from")
        if target is None:
            return _nothing
        scope.fits(target.type or "int", "from")
        way = self._way(scope, target)
        if self.root_share is not None and way != "self":
            scope.refuse(
                "lookup.root_share",
                "root_share",
                found=f"root_share on a lookup of {target.table}",
                expected="root_share only where a table looks into itself",
            )
        match way:
            case "along":
                return scope.read(f"{self.on.this_key}.{target.name}", "on.this_key") if self.on else _nothing
            case "match":
                return self._match(scope, target)
            case "ancestor":
                return self._ancestor(scope, target)
            case "paired":
                return self._paired(target)
            case "self":
                return self._self(scope, target)
            case _:
                return self._pick(scope, target)

    def distinct(self, scope: Scope) -> bool:
        target = scope.find_target(self.from_)
        if target is None:
            return False
        match self._way(scope, target):
            case "pick":
                return target.type == scope.column_type and scope.never_repeats(target.table, target.name)
            case "ancestor":
                most = scope.most_children(target.table)
                if most > 1:
                    many = "any number of rows" if most == float("inf") else f"up to {most:,.0f} rows"
                    scope.refuse(
                        "unique.many_children",
                        "from",
                        found=f"{many} of {scope.table} with the {target.name} of one {target.table}",
                        expected="at most one row of each, where values must be unique",
                        hint="take a key of its own, or fanout: 1",
                    )
                return True
            case _:
                return False

    def _ancestor(self, scope: Scope, target: Any) -> Fill:
        table, column = target.table, target.name

        def fill(block: Block) -> Values:
            above, index = block.ancestor(table)
            values, rows = above.column(column), above.row_number
            from datagen.columns import take

            if index is not None:
                values, rows = take(values, index), rows[index]
            return values.changed(picks=rows)

        return fill

    def _paired(self, target: Any) -> Fill:
        """The row of the other table that a row of a grid stands for."""
        table, column = target.table, target.name
        return lambda block: block.gather(table, column, block.ordinal).changed(picks=block.ordinal)

    def _pick(self, scope: Scope, target: Any) -> Fill:
        from datagen.kernel.picks import pick_row

        rows = scope.fixed_rows(target.table)
        if rows == 0 and scope.fixed_rows(scope.table) != 0:
            scope.refuse(
                "lookup.no_rows",
                "from",
                found=f"{target.table} has 0 rows",
                expected="at least one row to pick",
            )
        volume = scope.volume
        weighted = volume is not None and volume.picked is not None and volume.picked.column == scope.column
        if scope.picking is not None and (scope.unique or weighted):
            what = "unique picks" if scope.unique else "picks that an effect on the volume weighs"
            scope.refuse(
                "lookup.two_rules",
                (),
                found=f"{what} of {target.table}, whose creation, segments or ages limit the picks too",
                expected="one of them",
                hint="drop `unique`" if scope.unique else "key the effect by the driving parent",
            )
            return _nothing
        if scope.unique and weighted:
            scope.refuse(
                "lookup.unique_weighted",
                (),
                found=f"unique picks of {target.table}, which an effect on the volume of {scope.table} weighs",
                expected="picks that may repeat, or an effect that is not keyed by what is picked",
                hint="drop `unique`, or take the effect off the table",
            )
        if scope.unique:
            return self._unique_pick(scope, target)
        if weighted:
            return _weighted_picks(scope, target, volume)
        table, column, salt, home = target.table, target.name, scope.salt("pick"), f"{scope.table}.{scope.column}"
        picking = scope.picking
        if picking is not None:

            def fill_limited(block: Block) -> Values:
                _some_rows(block.total(table), block, table, home)
                picks = picking.picks(block, scope.salt)
                return block.gather(table, column, picks).changed(picks=picks)

            return fill_limited

        def fill(block: Block) -> Values:
            total = block.total(table)
            _some_rows(total, block, table, home)
            picks = pick_row(block.bits(salt), total)
            return block.gather(table, column, picks).changed(picks=picks)

        return fill

    def _unique_pick(self, scope: Scope, target: Any) -> Fill:
        from datagen.kernel.permute import permuted_rank

        table, column, key, own = target.table, target.name, scope.salt("permutation"), scope.table
        home = f"{scope.table}.{scope.column}"
        rows = scope.fixed_rows(table)
        if rows is not None:
            scope.domain(rows, "from")

        def fill(block: Block) -> Values:
            total = block.total(table)
            _some_rows(total, block, table, home)
            if block.total(own) > total:
                raise SchemaError(
                    Finding(
                        code="unique.domain_too_small",
                        json_path=home,
                        expected="at least as many rows to pick from",
                        found=f"{total:,} rows of {table} < {block.total(own):,} rows of {own}",
                    )
                )
            picks = permuted_rank(block.row_number, total, key)
            return block.gather(table, column, picks).changed(picks=picks)

        return fill

    def _self(self, scope: Scope, target: Any) -> Fill:
        table, column, nullable = scope.table, target.name, scope.nullable
        which, pick, share = scope.salt("root"), scope.salt("pick"), self.root_share
        if target.name == scope.column:
            scope.refuse(
                "lookup.itself",
                "from",
                found=f"'{self.from_}' looks at itself",
                expected=f"another column of {table}, such as its key",
            )
            return _nothing

        def fill(block: Block) -> Values:
            root_share = share if share is not None else max(block.total(table), 1) ** -0.5
            root = (block.uniform(which) < root_share) | (block.row_number == 0)
            picks = np.minimum((block.uniform(pick) * block.row_number).astype(np.int64), block.row_number)
            if nullable:
                return block.gather(table, column, picks, ~root).changed(picks=np.where(root, -1, picks))
            picks = np.where(root, block.row_number, picks)
            return block.gather(table, column, picks).changed(picks=picks)

        return fill

    def _match(self, scope: Scope, target: Any) -> Fill:
        """The row whose key has this row's value: for keys that were not made by a lookup."""
        key_name = self.on.this_key if self.on else ""
        reader = scope.read(key_name, "on.this_key")
        key_column = scope.key_of(target.table)
        if not key_column:
            scope.refuse(
                "lookup.target_not_unique",
                "from",
                found=f"{target.table} has no key",
                expected="a table with a primary key",
            )
            return _nothing
        ((_, remote),) = key_column
        home, table, column = f"{scope.table}.{scope.column}", target.table, target.name
        kind = scope.find_target(f"{table}.{remote}").type
        if reader.type != kind:
            scope.refuse(
                "lookup.key_type",
                "on.this_key",
                found=f"{key_name} of type {reader.type}",
                expected=f"type {kind}, as {table}.{remote}",
            )
            return _nothing

        def fill(block: Block) -> Values:
            from datagen.generators._match import KeyIndex

            index = block.once((table, remote, "key index"), lambda: KeyIndex(block.whole(table, remote)))
            keys = reader(block)
            picks = index.rows(keys)
            missing = picks < 0
            if keys.valid is not None:
                missing &= keys.valid
            if missing.any():
                raise SchemaError(
                    Finding(
                        code="lookup.no_match",
                        json_path=home,
                        found=f"{int(missing.sum()):,} rows of one block whose {key_name} is no {table}.{remote}, "
                        f"such as {index.show(keys, int(np.flatnonzero(missing)[0]))}",
                        expected=f"values that stand in {table}.{remote}",
                        hint=f"make {key_name} by a lookup from {table}.{remote}",
                    )
                )
            return block.gather(table, column, picks, keys.valid).changed(picks=picks)

        return fill


def _weighted_picks(scope: Scope, target: Any, volume: Any) -> Fill:
    """Picks in proportion to the rows that an effect on the table's volume gives each candidate."""
    table, column, home = target.table, target.name, f"{scope.table}.{scope.column}"

    def fill(block: Block) -> Values:
        _some_rows(block.total(table), block, table, home)
        picks = volume.picks(block, scope.salt)
        return block.gather(table, column, picks).changed(picks=picks)

    return fill


def _some_rows(total: int, block: Block, table: str, home: str) -> None:
    if total == 0 and block.rows:
        raise SchemaError(
            Finding(
                code="lookup.no_rows",
                json_path=home,
                found=f"{table} came out with 0 rows",
                expected="at least one row to pick",
            )
        )


def _nothing(block: Block) -> Values:
    return Values("int", np.zeros(block.rows, dtype=np.int64))
