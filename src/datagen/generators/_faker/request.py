"""What one use of the faker generator asks for, and the contract of what makes it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from datagen.contracts import ColumnType, Dictionary, Scope, Values
from datagen.generators._faker.rows import Rows
from datagen.kernel.address import salt_of


@dataclass(frozen=True)
class Request:
    """One method in one locale, with the user's arguments. `person`: the column whose gender this one shares."""

    scope: Scope
    method: str
    locale: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    person: str = ""
    part: str = ""  # of what larger text this makes a part; its draws are its own

    @property
    def unique(self) -> bool:
        return self.scope.unique

    @property
    def home(self) -> str:
        return f"{self.scope.table}.{self.scope.column}"

    def salt(self, use: str, nth: int = 0) -> int:
        """The salt of one use of randomness: by name, so that forms and locales share what they have in common."""
        return self.scope.salt(f"{self.part}{use}", nth)

    @property
    def gender_salt(self) -> int:
        """The salt of the row's gender; columns that name the same person share it."""
        return salt_of(self.scope.table, self.person or self.scope.column, "faker", "gender")

    def ranks(self, rows: Rows, size: int) -> Any:
        """(n,) int64, another number in [0, size) for every row of the table."""
        return rows.ranks(size, self.scope.seeded(f"{self.part}unique"), self.scope.table, self.home)


class Maker(ABC):
    """Makes the values of one request for any rows.

    size: how many different values it has on a unique column, None when there are more than rows in any table.
    dictionary: the texts of a category maker. across_locales: unique values stay unique where the locale changes by
    row. digits: the texts are whole numbers. span: smallest and largest number, times in microseconds. sources: what
    the values are taken from.
    """

    type: ColumnType = "string"
    size: int | None = None
    dictionary: Dictionary | None = None
    across_locales: bool = False
    digits: bool = False
    span: tuple[float, float] | None = None
    sources: ClassVar[frozenset[str]] = frozenset({"packs"})

    @abstractmethod
    def fill(self, rows: Rows) -> Values:
        """The values of some rows of a block."""
