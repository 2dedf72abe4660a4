"""Slips of the keyboard: a neighbouring key, two letters swapped, one doubled, one left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from datagen.columns import as_text, take
from datagen.contracts import Block, Values
from datagen.imperfections._contract import Imperfection, Rows, Spoil, uniform_at
from datagen.imperfections._keyboard import slips
from datagen.schema import model_column


class Typos(Imperfection):
    """Writes exactly round(rate × values) texts with one slip each, never as they were.

    Params: rate, a share of the texts that are there. Of the slips 40 % hit a neighbouring key of a keyboard with US layout
    (upper and lower case kept), 25 % leave a sign out, 20 % swap two signs, 15 % double one. A slip that would change nothing
    (two equal signs swapped), has no neighbour (a sign that is on no key) or would leave nothing doubles a sign
    instead; an empty text gets one letter.
    """

    SPEC = model_column.Typos
    TYPES = ("string",)
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [{"typos": {"rate": "2%"}}]

    def bind(self, written: Mapping[str, Any], text: str) -> tuple[Spoil, ...]:
        scope = self.scope
        column, kind, place, key = scope.column, scope.salt("slip"), scope.salt("place"), scope.salt("key")

        def change(block: Block, rows: Rows) -> Values:
            values = as_text(take(block.column(column), rows))
            return values.changed(
                array=slips(
                    values.array,
                    uniform_at(block, rows, kind),
                    uniform_at(block, rows, place),
                    uniform_at(block, rows, key),
                )
            )

        return (Spoil("typos", text, self.spec.rate, self.spec.exact, scope.salt("which"), change),)
