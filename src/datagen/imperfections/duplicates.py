"""Rows that were written twice: a message delivered again, a form sent twice, a file loaded two times."""

from __future__ import annotations

from typing import Any, ClassVar

from datagen.imperfections._contract import Copies
from datagen.kernel.address import salt_of
from datagen.schema import model_column


class Duplicates:
    """Writes exactly round(rate × rows) rows of a table a second time, each copy right behind its original.

    Params: rate, a share of the rows. Stands on the table, not on a column. The copies come last of all: every count, key,
    sum and value has read the table without them, and a row that was spoiled is copied as it is.
    """

    SPEC = model_column.Duplicates
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"duplicates": {"rate": "1%"}}]

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    def bind(self, table: str, text: str) -> Copies:
        """What the engine needs to know."""
        return Copies(text, self.spec.rate, self.spec.exact, salt_of(table, "duplicates"))
