"""A figure of a row among the rows of the same parent: its rank, its share, the balance so far, the value before it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from datagen.columns import joined, take
from datagen.contracts import ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.errors import did_you_mean, listed
from datagen.generators._family import Ints, over_families, place_in_order
from datagen.kernel.families import Families, balances
from datagen.schema.model_values import Maybe, Number, Scalar

Figure = Literal["rank", "share", "running_sum", "previous", "first", "last", "sum", "max", "count"]
IN_ORDER = frozenset({"rank", "running_sum", "previous", "first", "last"})
STARTED = frozenset({"running_sum", "previous"})
SUMS = frozenset({"share", "running_sum", "sum"})
NUMBERS = ("int", "float")
NUMBERS_AND_TIMES = (*NUMBERS, "datetime", "date")


class Siblings(Generator):
    """A figure over the rows of the same driving parent, of a table without one over all its rows.

    Params: agg, the figure; of, a column of the table; order_by, a column of the table or `ordinal`, `amount desc` from the
    largest on; without it rows are in the order of their time, else as they stand. Ties are as they stand. `rank` counts
    from the smallest `of` on (ties by order_by, if there is one), without `of` it is the place in the order. `share` of the
    sum. `running_sum` from start (0) on, with a floor never below it. `previous`: the value before in the order, of the
    first row start, else null. `first` and `last`: values of those rows. `sum`, `max` and `count`, which without `of`
    counts rows. start may be an expression, read in the first row. A null `of` has no rank and no share, moves no sum and
    is not counted. Fills int for rank and count, float for share, else the type of the column. No draw. Source: definition.
    """

    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"siblings": {"agg": "running_sum", "of": "amount", "start": 100, "floor": 0}},
        {"siblings": {"agg": "rank", "of": "amount"}},
        {"siblings": {"agg": "share", "of": "amount"}},
        {"siblings": {"agg": "previous", "of": "genre", "order_by": "at desc", "start": "'none'"}},
        {"siblings": {"agg": "last", "of": "at"}},
        {"siblings": {"agg": "max", "of": "amount"}},
    ]

    agg: Figure = Field(description="which figure")
    of: Maybe[str] = Field(default=None, description="the column it is taken of")
    order_by: Maybe[str] = Field(default=None, description="the order of the rows: a column, or `column desc`")
    start: Maybe[Scalar] = Field(default=None, description="value before the first row")
    floor: Maybe[Number] = Field(default=None, description="least value of a running sum")

    _time: list[str | None] = PrivateAttr(default_factory=list)  # the row's time, as it was when first asked for

    @property
    def _order(self) -> tuple[str, bool]:
        """The column under order_by and whether the largest comes first."""
        name, _, way = (self.order_by or "").strip().partition(" ")
        return (name, True) if way.strip().lower() == "desc" else ((self.order_by or "").strip(), False)

    def _order_column(self, scope: Scope) -> str | None:
        """The column that orders the rows; None where they are as they stand."""
        if self.agg not in IN_ORDER or self._order[0].lower() == "ordinal":
            return None
        if self.order_by is not None:
            return self._order[0]
        if not self._time:  # columns whose type is told later must not change the order
            ranked = self.agg == "rank" and self.of is not None
            self._time.append(None if ranked or scope.time_column == scope.column else scope.time_column)
        return self._time[0]

    def reads(self, scope: Scope) -> Iterable[str]:
        names = [self.of, self._order_column(scope), *self._start_names(scope)]
        return [name for name in names if name is not None]

    def _start_names(self, scope: Scope) -> tuple[str, ...]:
        return scope.names_in(self.start) if isinstance(self.start, str) else ()

    def infer(self, scope: Scope) -> ColumnType | None:
        if self.agg in ("rank", "count"):
            return "int"
        return "float" if self.agg == "share" else None if self.of is None else scope.type_of(self.of)

    def support(self, scope: Scope) -> tuple[float, float] | None:
        return {"rank": (1.0, float("inf")), "count": (0.0, float("inf"))}.get(self.agg)

    def moves(self, scope: Scope) -> str:
        return "" if scope.ancestors else "a figure over all rows of the table"

    def bind(self, scope: Scope) -> Fill:
        sound, order_name = self._sound(scope), self._order_column(scope)
        of = None if self.of is None else self._own(scope, self.of, "of")
        order = None if order_name is None else self._own(scope, order_name, "order_by")
        start = None if self.start is None else scope.expression(self.start, "start")
        unknown = (of is None, order is None) != (self.of is None, order_name is None)
        if not sound or unknown or not self._fits(scope, of, start):
            return lambda block: Values("int", np.zeros(block.rows, dtype=np.int64))
        desc = self.order_by is not None and self._order[1]
        backwards = desc and order is None  # ordinal desc

        def figure(families: Families, values: Values | None, key: Values | None, begin: Values | None) -> Values:
            if backwards:
                key = Values("int", families.place)
            keys = () if key is None else place_in_order(key, desc)
            return self._figure(families, values, keys, begin)

        parent = next(iter(scope.ancestors), None)
        names = [None if one is None else one.name for one in (of, order)]
        return over_families(scope.table, scope.column, parent, names, start, figure)

    def _own(self, scope: Scope, name: str, field: str) -> Any:
        """The draft of a column of the table itself, or None after a refusal."""
        found = scope.find_target(f"{scope.table}.{name}")
        if found is None:
            scope.refuse(
                "ref.unknown_column",
                field,
                found=f"'{name}'",
                expected=f"a column of {scope.table}: {listed(tuple(scope.own_columns))}",
                hint=did_you_mean(name, tuple(scope.own_columns)),
            )
        return found

    def _sound(self, scope: Scope) -> bool:
        """Whether the figure has the keys that it needs, and no other."""
        sound = True
        if self.of is None and self.agg not in ("rank", "count"):
            scope.refuse(
                "siblings.of",
                "agg",
                found=f"agg: {self.agg} without `of`",
                expected=f"a column of {scope.table}",
            )
            sound = False
        for key, figures in (("order_by", IN_ORDER), ("start", STARTED), ("floor", {"running_sum"})):
            if getattr(self, key) is not None and self.agg not in figures:
                scope.refuse(
                    "siblings.key",
                    key,
                    found=f"{key} beside agg: {self.agg}",
                    expected=f"{key} beside {', '.join(sorted(figures))} only",
                )
                sound = False
        if not scope.ancestors and self._start_names(scope):
            scope.refuse(
                "siblings.start_row",
                "start",
                found=f"'{self.start}', which differs by row, in {scope.table}, whose rows have no parent",
                expected="one value for the whole table",
            )
            sound = False
        return sound

    def _fits(self, scope: Scope, of: Any, start: Reader | None) -> bool:
        """Whether the column, the start and the floor are of types that have such a figure."""
        made = self.infer(scope)
        if of is not None:
            known = NUMBERS if self.agg in SUMS else NUMBERS_AND_TIMES if self.agg == "max" else None
            if known is not None and of.type not in known:
                scope.refuse(
                    "siblings.of_type",
                    "of",
                    found=f"{self.agg} of {self.of}, of type {of.type}",
                    expected="a column of numbers" + (" or times" if self.agg == "max" else ""),
                )
                return False
            if start is not None and start.type != of.type and (start.type, of.type) != ("int", "float"):
                scope.refuse(
                    "siblings.start_type",
                    "start",
                    found=f"a start of type {start.type} of a column of type {of.type}",
                    expected=f"a value of type {of.type}",
                )
                return False
            if self.floor is not None and of.type == "int" and float(self.floor) % 1:
                scope.refuse(
                    "siblings.start_type",
                    "floor",
                    found=f"floor: {self.floor} of whole numbers",
                    expected="a whole number",
                )
                return False
        if self.agg == "previous" and self.start is None and not scope.nullable:
            scope.refuse(
                "siblings.first_row",
                "agg",
                found="previous in a column that is not nullable",
                expected="a start, or nullable: true: the first row of each parent has no row before it",
            )
            return False
        if made is not None:
            scope.fits(made, "agg")
        return True

    def _figure(self, families: Families, of: Values | None, keys: tuple[Any, ...], start: Values | None) -> Values:
        """The figure of every row; families stand one after the other, each as its rows stand."""
        rows = int(families.lengths.sum())
        keep = np.ones(rows, dtype=np.bool_) if of is None or of.valid is None else of.valid
        if self.agg == "count":
            return Values("int", families.total(keep.astype(np.int64))[families.owner])
        if self.agg == "rank":
            own = () if of is None else place_in_order(of, False)
            ranks = np.empty(rows, dtype=np.int64)
            ranks[families.order(*own, *keys)] = families.place + 1
            return Values("int", ranks, None if keep.all() else keep)
        if of is None:
            raise AssertionError(f"{self.agg} of nothing")
        if self.agg in ("share", "sum", "max"):
            return self._of_all(families, of, keep)
        order = families.order(*keys) if keys else np.arange(rows, dtype=np.int64)
        if self.agg == "running_sum":
            return self._running(families, of, keep, order, start)
        of = of.changed(picks=None)
        if self.agg in ("first", "last"):
            at = families.firsts if self.agg == "first" else families.ends - 1
            return take(of, order[at][families.owner])
        return _previous(families, of, order, start)

    def _of_all(self, families: Families, of: Values, keep: NDArray[np.bool_]) -> Values:
        owner = families.owner
        if self.agg == "max":
            some = (families.total(keep.astype(np.int64)) > 0)[owner]
            found = np.where(some, families.largest(of.array, keep)[owner], 0)
            return Values(of.kind, found, None if some.all() else some)
        total = families.total(of.array, keep)[owner]
        if self.agg == "sum":
            return Values(of.kind, total)
        some = keep & (total != 0)
        share = np.where(keep, of.array, 0) / np.where(some, total, 1)
        return Values("float", share, None if some.all() else some)

    def _running(
        self, families: Families, of: Values, keep: NDArray[np.bool_], order: Ints, start: Values | None
    ) -> Values:
        moves = of.array if keep.all() else np.where(keep, of.array, of.array.dtype.type(0))
        stand = bool((np.diff(order) > 0).all())  # rows already in their order need no sorting
        moves = moves if stand else moves[order]
        begin = np.zeros(len(families.lengths), dtype=moves.dtype)
        if start is not None:
            first = order[families.firsts]
            given = start.array[first].astype(moves.dtype)
            begin = given if start.valid is None else np.where(start.valid[first], given, 0)
        sums = balances(families, moves, begin, None if self.floor is None else float(self.floor))
        if stand:
            return Values(of.kind, sums)
        found = np.empty_like(sums)
        found[order] = sums
        return Values(of.kind, found)


def _previous(families: Families, of: Values, order: Ints, start: Values | None) -> Values:
    """(n,) the value of the row before each in its family's order; of the first ones the start, or null."""
    rows = len(order)
    before = np.zeros(rows, dtype=np.int64)
    before[order[1:]] = order[:-1]
    first = order[families.firsts]
    if start is None:
        valid = np.ones(rows, dtype=np.bool_)
        valid[first] = False
        return take(of, before, valid)
    if of.kind != start.kind and of.kind in ("int", "float"):
        start = start.changed(kind=of.kind, array=start.array.astype(of.array.dtype))
    before[first] = rows + first
    return take(joined([of, start.changed(picks=None)]), before)
