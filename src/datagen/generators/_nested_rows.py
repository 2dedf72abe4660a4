"""What a field of a structure sees: its row, the fields beside it, and, in a list, the element that it is part of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from datagen.columns import take
from datagen.contracts import Block, Values
from datagen.kernel import draws
from datagen.kernel.address import child_addresses
from datagen.plan.some_rows import SomeRows

Places = NDArray[np.int64]
FieldFill = Callable[[Block], Values]


class WithFields:
    """The rows of a block, which know the values of the fields of one structure in each of them."""

    def __init__(self, block: Block, fills: Mapping[str, FieldFill]) -> None:
        self._block, self._fills = block, fills
        self._made: dict[str, Values] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)

    def field(self, name: str) -> Values:
        """A field of the structure, made once, or of one that it stands in."""
        if name not in self._fills:
            return cast(Any, self._block).field(name)  # type: ignore[no-any-return]
        if name not in self._made:
            self._made[name] = self._fills[name](cast(Block, self))
        return self._made[name]


class Elements(SomeRows):
    """The elements of the lists of some rows. Each has an address of its own, from its row's and its place in the list."""

    def __init__(self, block: Block, lengths: Places, key: int) -> None:
        super().__init__(block, np.repeat(np.arange(len(lengths), dtype=np.int64), lengths))
        self._lengths, self._key = lengths, key

    @cached_property
    def address(self) -> NDArray[np.uint64]:
        return child_addresses(self._block.address[self.index], self._key, self.ordinal)

    @cached_property
    def ordinal(self) -> Places:
        """(n,) place of each element in its list, from 0."""
        before = np.cumsum(self._lengths) - self._lengths
        return np.arange(self.rows, dtype=np.int64) - before[self.index]

    @property
    def sibling_count(self) -> Places:
        """(n,) how many elements the list holds."""
        return self._lengths[self.index]

    def uniform(self, salt: int) -> NDArray[np.float64]:
        return draws.uniform(self.address, salt)

    def ancestor(self, table: str) -> tuple[Block, Places | None]:
        block, index = self._block.ancestor(table)
        return block, self.index if index is None else index[self.index]

    def field(self, name: str) -> Values:
        """A field of the structure that the list stands in."""
        return take(cast(Any, self._block).field(name), self.index)
