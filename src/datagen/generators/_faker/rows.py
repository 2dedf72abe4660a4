"""The rows that one maker fills: all of a block, those of one locale, or those that take one form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.draws import uniform
from datagen.kernel.permute import permuted_rank


class Rows:
    """Some rows of a block, with their draws. Those of all rows are kept, by salt, and taken by place."""

    def __init__(
        self,
        block: Block,
        places: NDArray[np.int64] | None = None,
        drawn: dict[tuple[str, int], NDArray[Any]] | None = None,
    ) -> None:
        self.block = block
        self.places = places  # of these rows in the block; None: all of them
        self._drawn: dict[tuple[str, int], NDArray[Any]] = {} if drawn is None else drawn

    def __len__(self) -> int:
        return self.block.rows if self.places is None else len(self.places)

    def only(self, places: NDArray[np.int64]) -> Rows:
        """The rows at these places of this run of rows."""
        return Rows(self.block, places if self.places is None else self.places[places], self._drawn)

    def uniform(self, salt: int) -> NDArray[np.float64]:
        """(n,) uniforms in [0, 1); not to be changed."""
        if self.places is not None and ("uniform", salt) not in self._drawn:
            return uniform(self.block.address[self.places], salt)
        drawn: NDArray[np.float64] = self._take(("uniform", salt), lambda: self.block.uniform(salt))
        return drawn

    def bits(self, salt: int) -> NDArray[np.uint64]:
        """(n,) 64 random bits; not to be changed."""
        drawn: NDArray[np.uint64] = self._take(("bits", salt), lambda: self.block.bits(salt))
        return drawn

    def below(self, limit: int | NDArray[np.int64], salt: int) -> NDArray[np.int64]:
        """(n,) whole numbers in [0, limit), all equally likely up to a part in 2^52 / limit."""
        numbers: NDArray[np.int64] = np.minimum((self.uniform(salt) * limit).astype(np.int64), np.asarray(limit) - 1)
        return numbers

    @property
    def row_number(self) -> NDArray[np.int64]:
        numbers = self.block.row_number
        return numbers if self.places is None else numbers[self.places]

    def ranks(self, size: int, key: int, table: str, home: str) -> NDArray[np.int64]:
        """(n,) another whole number in [0, size) for every row of the table.

        Raises SchemaError "unique.domain_too_small" where the table has more rows than there are numbers.
        """
        total = self.block.total(table)
        if total > size:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small",
                    json_path=home,
                    found=f"{size:,} possible values < {total:,} rows",
                    expected="at least as many values as rows",
                    hint="drop `unique`, or make fewer rows",
                )
            )
        return permuted_rank(self.row_number, size, key)

    def read(self, reader: Callable[[Block], Values]) -> Values:
        """Another column at these rows."""
        from datagen.columns import take

        values = reader(self.block)
        return values if self.places is None else take(values, self.places)

    def _take(self, key: tuple[str, int], make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        whole = self._drawn.get(key)
        if whole is None:
            whole = self._drawn[key] = make()
        return whole if self.places is None else whole[self.places]
