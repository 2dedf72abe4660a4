"""Some of the rows of a block, as a block of their own: what a part sees whose parameters hold for these rows alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datagen.columns import gathered, take
from datagen.contracts import Block, Values
from datagen.kernel import draws

Places = NDArray[np.int64]


class SomeRows:
    """Rows of a block by place. Addresses, columns and ancestors are those of the rows that they are."""

    def __init__(self, block: Block, index: Places) -> None:
        self._block, self.index = block, index
        self._memo: dict[object, Any] = {}

    @property
    def rows(self) -> int:
        return len(self.index)

    @cached_property
    def address(self) -> NDArray[np.uint64]:
        return self._block.address[self.index]

    @property
    def row_number(self) -> Places:
        return self._block.row_number[self.index]

    @property
    def ordinal(self) -> Places:
        return self._block.ordinal[self.index]

    @property
    def sibling_count(self) -> Places:
        return self._block.sibling_count[self.index]

    def below(self, table: str) -> Iterator[tuple[Block, Places]]:
        place = np.full(self._block.rows, -1, dtype=np.int64)
        place[self.index] = np.arange(self.rows, dtype=np.int64)
        for child, index in self._block.below(table):
            mine = np.flatnonzero(place[index] >= 0)
            yield SomeRows(child, mine), place[index[mine]]

    def count_below(self, table: str) -> Places:
        return self._block.count_below(table)[self.index]

    def rank_in(self, ancestor: str) -> tuple[Places, Places]:
        rank, count = self._block.rank_in(ancestor)
        return rank[self.index], count[self.index]

    def blocks_of(self, table: str) -> Iterator[Block]:
        return self._block.blocks_of(table)

    def uniform(self, salt: int) -> NDArray[np.float64]:
        if getattr(self._block, "salt", None) == salt:
            return self._block.uniform(salt)[self.index]  # other uniforms than those of the address
        return draws.uniform(self.address, salt)

    def bits(self, salt: int) -> NDArray[np.uint64]:
        return draws.bits(self.address, salt)

    def column(self, name: str) -> Values:
        return take(self._block.column(name), self.index)

    def field(self, name: str) -> Values:
        """A field of the structure that a part makes a field of (`datagen.generators.nested`)."""
        return take(cast(Any, self._block).field(name), self.index)

    def ancestor(self, table: str) -> tuple[Block, Places | None]:
        block, index = self._block.ancestor(table)
        return (self, None) if index is None else (block, index[self.index])

    def total(self, table: str) -> int:
        return self._block.total(table)

    def gather(self, table: str, column: str, rows: Places, valid: NDArray[np.bool_] | None = None) -> Values:
        return self._block.gather(table, column, rows, valid)

    def whole(self, table: str, column: str) -> Values:
        return self._block.whole(table, column)

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        return self._block.once(key, make)

    def before(self) -> Block | None:
        raise AssertionError("some rows of a block have none before them: a series takes no `by`")

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]


class ChildrenOfSome(SomeRows):
    """The rows below some of the parents of a block, which see these parents alone."""

    def __init__(self, block: Block, index: Places, parent: str, some: SomeRows, place: Places) -> None:
        super().__init__(block, index)
        self._parent, self._some, self._place = parent, some, place

    def ancestor(self, table: str) -> tuple[Block, Places | None]:
        if table == self._parent:
            return self._some, self._place
        block, index = super().ancestor(table)
        if index is None:
            return block, index
        above, own = self._some.ancestor(table)
        return above, self._place if own is None else own[self._place]


def put_together(pieces: Sequence[Values], places: Sequence[Places]) -> Values:
    """One column from pieces that each hold some of its rows. See `datagen.columns.gathered`."""
    order = np.concatenate(places)
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order), dtype=np.int64)
    return take(gathered([(piece, len(piece)) for piece in pieces]), back)
