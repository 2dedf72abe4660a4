"""What an imperfection promises: how likely each row is to be spoiled, and what is written there instead of the value.

An imperfection is bound once per plan to its column's names. Which rows it takes is decided by the engine (an exact
number of them, see `datagen.engine.chosen`); the part only says by what the chances differ and makes the spoiled values.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from datagen.contracts import Block, Draw, Reader, Scope, Values
from datagen.kernel.draws import uniform

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Leaning:
    """By what the chance of a row differs: the odds are e^(a + score), where one `a` for all rows makes the rate true.

    reader: the values that it depends on. texts: every text they can have, the least likely first, or None where that is
    open. Scores: see `datagen.engine.chosen`.
    """

    reader: Reader
    texts: tuple[str, ...] | None
    name: str  # of the values, as written: what they are called in plans


@dataclass(frozen=True, slots=True)
class Spoil:
    """One imperfection of one column.

    change(block, rows): the values written in the given rows (m,) of a block, m long, before they get the column's form.
    key: salt of the draws that say which rows are taken, where they are drawn by the row.
    """

    kind: str
    text: str  # as declared, in a line
    rate: float
    exact: bool
    key: int
    change: Callable[[Block, Rows], Values]
    leaning: Leaning | None = None
    nulls: bool = False  # what is written is no value


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows of a table that are written twice, each copy right behind its original."""

    text: str
    rate: float
    exact: bool
    key: int


def uniform_at(block: Block, rows: Rows, salt: int) -> NDArray[np.float64]:
    """(m,) uniforms of some rows of a block, the same as all rows would get."""
    return uniform(block.address[rows], salt)


def at_rows(law: Draw, block: Block, rows: Rows, salt: int) -> NDArray[np.float64]:
    """(m,) draws of a law for some rows of a block, the same as all rows would get."""
    if law.constant:
        return law.quantile(uniform_at(block, rows, salt), None)
    return law.quantile(block.uniform(salt), block)[rows]


class Imperfection(ABC):
    """An error of recording of a column. The class docstring and EXAMPLES are its documentation page."""

    SPEC: ClassVar[type[BaseModel]]  # what a user may write
    EXAMPLES: ClassVar[list[dict[str, Any]]] = []
    TYPES: ClassVar[tuple[str, ...]] = ("int", "float", "string", "bool", "datetime", "date")

    def __init__(self, spec: Any, scope: Scope) -> None:
        self.spec = spec
        self.scope = scope

    @abstractmethod
    def bind(self, written: Mapping[str, Any], text: str) -> tuple[Spoil, ...]:
        """Its steps, none after a refusal. written: the parameters as they stand in the document; text: those in a line."""
