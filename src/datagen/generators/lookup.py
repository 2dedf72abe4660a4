"""Keys of other tables, and columns copied along them: foreign keys that hold by construction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
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
    the column is nullable, else their own key). Keys that limit a pick, beside the driving parent's own key, make it a pick
    of a table above too: the account that an account pays. With `on: {this_key: column}`: the value of the row that this
    row's key points to, so that several columns agree.

    A pick is limited by `same: column` (the picked row has this row's value there), `within: ancestor` (both are below,
    or point to, the same row of that table) and `where`, a condition over `candidate.column` and names of this row; one
    that is null does not hold. `weights` make rows likelier: a number column of theirs, a law (a draw for each of them)
    or `zipf@a` / `head_tail@{h,a}` by their order, in each group anew. `unique: true` picks no row twice, `unique:
    ancestor` not below one row of it. `else` stands where no row can be picked; without it such rows are refused.

    In the own table (`self: true` says so): `depth`, the most levels that a chain may have; `levels: [1, 9, 60]`, how
    many rows each level has, the last the rest; with `same` or `within` every group is a tree of its own.

    Fills the type of the column looked at. One draw per pick, more where candidates are turned down. Source: picks by
    BinomialHash (Coluzzi et al. 2024), so that one more row moves only the picks it wins.
    """

    MAIN: ClassVar[str | None] = "from"
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"lookup": {"from": "customer.customer_id"}},
        {"lookup": {"from": "product.price", "on": {"this_key": "product_id"}}},
        {"lookup": {"from": "customer.customer_id", "where": "candidate.country = 'DE'", "weights": "zipf@1.1"}},
    ]

    from_: str = Field(alias="from", description="table.column whose value is taken")
    on: ThisKey | None = Field(
        default=None, description="the key of this row and the column it meets: {product_id: product_id}"
    )
    same: str | None = Field(default=None, description="column that must have the same value in the picked row")
    within: str | None = Field(default=None, description="ancestor that the picked row must share")
    where: str | None = Field(default=None, description="condition over candidate.column and this row")
    weights: str | dict[str, Any] | None = Field(
        default=None, description="relative chance of each row: a column, a law, zipf@1.2 or head_tail@{0.6,1.2}"
    )
    unique: bool | str = Field(default=False, description="pick no row twice, in the table or below an ancestor")
    self_: bool = Field(default=False, alias="self", description="a key into the own table")
    root_share: float | None = Field(default=None, ge=0, le=1, description="share of rows that point to nobody")
    depth: int | None = Field(default=None, ge=1, description="most levels of a tree")
    levels: list[Annotated[int, Field(ge=1)]] | None = Field(
        default=None, min_length=1, description="rows on each level of a tree; the last takes the rest"
    )
    else_: str | float | int | bool | None = Field(
        default=None, alias="else", description="value where no row can be picked"
    )

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        target = scope.find_target(self.from_)
        if target is None:
            return ()
        match self._way(scope, target):
            case "filtered" | "self":
                from datagen.generators._lookup_filtered import reads_of_filters  # few picks are limited

                return ((target.table, target.name), *reads_of_filters(self, scope, target))
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
            case _:
                return ((target.table, target.name),)

    def infer(self, scope: Scope) -> ColumnType | None:
        target = scope.find_target(self.from_)
        return None if target is None else target.type

    def _way(
        self, scope: Scope, target: Any
    ) -> Literal["along", "match", "ancestor", "paired", "self", "filtered", "pick"]:
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
        if not self._chooses(scope, target.table):
            if target.table == scope.paired:
                return "paired"
            if target.table in scope.ancestors:
                return "ancestor"
        return "filtered" if self._filters() else "pick"

    def _chooses(self, scope: Scope, table: str) -> bool:
        """Whether a row of a table above may be another than the one that this row belongs to.

        Keys that limit a pick say so. A column that is the key of the driving parent must stand beside it, or nothing
        would say whose row this is; `unique: true` means a pick only there, since the parent's key may be unique too.
        """
        keys = [key for key in self._filters() if key != "else"]
        if not keys:
            return self.unique is True and scope.key_beside(table)
        return table not in (*scope.ancestors[:1], scope.paired) or scope.key_beside(table)

    def moves(self, scope: Scope) -> str:
        target = scope.find_target(self.from_)
        grows = self.root_share is None and self.levels is None
        if target is not None and grows and self._way(scope, target) == "self":
            return "one in √rows of its rows is a root; a root_share would stay"
        return super().moves(scope)

    def _filters(self) -> list[str]:
        """The keys written that limit what may be picked."""
        keys = [key for key in ("same", "within", "where", "weights") if getattr(self, key) is not None]
        keys += ["unique"] if isinstance(self.unique, str) else []
        return keys + (["else"] if "else_" in self.model_fields_set else [])

    def _misplaced(self, way: str) -> tuple[str, str] | None:
        """A key that has no meaning for this way of looking, and where it has one."""
        trees = [key for key in ("root_share", "depth", "levels") if getattr(self, key) is not None]
        trees += ["self"] if self.self_ else []
        if trees and way != "self":
            return trees[0], "a lookup into the own table"
        others = self._filters()
        if others and way in ("along", "match"):
            return others[0], "a lookup that picks rows, without `on`"
        if others and way in ("ancestor", "paired"):
            return others[
                0
            ], "a lookup that picks rows: of another table, or beside a column that is this row's own key"
        return None

    def bind(self, scope: Scope) -> Fill:
        target = scope.target(self.from_, "from")
        if target is None:
            return _nothing
        scope.fits(target.type or "int", "from")
        way = self._way(scope, target)
        misplaced = self._misplaced(way)
        if way == "self" and not self.self_ and "self_" in self.model_fields_set:
            scope.refuse(
                "lookup.key_without_meaning", "self", found="`self: false` on a lookup into the own table",
                expected="`self: true`, or no `self`: such a key points to a row before this one",
            )  # fmt: skip
            return _nothing
        if misplaced is not None:
            key, where = misplaced
            scope.refuse(
                "lookup.key_without_meaning",
                key,
                found=f"`{key}` on a lookup {'along `on`' if self.on is not None else f'of {target.table}'}",
                expected=f"`{key}` only on {where}",
                hint=f"{{ref: {target.table}}} beside it says whose row this is"
                if way in ("ancestor", "paired")
                else "",
            )
            return _nothing
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
            case "filtered":
                return self._filtered(scope, target)
            case _:
                return self._pick(scope, target)

    def distinct(self, scope: Scope) -> bool:
        target = scope.find_target(self.from_)
        if target is None:
            return False
        match self._way(scope, target):
            case "pick" | "filtered":
                if "else_" in self.model_fields_set:
                    return False
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
            _refuse_no_rows(scope, target.table)
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

        table, column, key, own = target.table, target.name, scope.seeded("permutation"), scope.table
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
        if target.name == scope.column:
            scope.refuse(
                "lookup.itself",
                "from",
                found=f"'{self.from_}' looks at itself",
                expected=f"another column of {scope.table}, such as its key",
            )
            return _nothing
        from datagen.generators._lookup_filtered import bind_self

        return bind_self(self, scope, target, _nothing)

    def _filtered(self, scope: Scope, target: Any) -> Fill:
        if (
            scope.fixed_rows(target.table) == 0
            and scope.fixed_rows(scope.table) != 0
            and "else_" not in self.model_fields_set
        ):
            _refuse_no_rows(scope, target.table)
            return _nothing
        volume = scope.volume
        if volume is not None and volume.picked is not None and volume.picked.column == scope.column:
            scope.refuse(
                "lookup.two_rules",
                self._filters()[0],
                found=f"`{self._filters()[0]}` beside an effect on the volume of {scope.table}, which weighs these picks",
                expected="one of them",
                hint="key the effect by the driving parent",
            )
            return _nothing
        from datagen.generators._lookup_filtered import bind_filtered

        return bind_filtered(self, scope, target, _nothing)

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


def _refuse_no_rows(scope: Scope, table: str) -> None:
    scope.refuse("lookup.no_rows", "from", found=f"{table} has 0 rows", expected="at least one row to pick")


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
