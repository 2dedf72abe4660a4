"""What a row maker promises: how many rows each driving parent has, and the columns that only it can fill.

A row maker is bound once per plan to the driving parent's names. Bound, it is called with a block of parents and gives
their numbers of rows; `fills` are functions of a block of the rows made, by role (`time`, `stage`, `state`, …).

For the truth set a maker may also have `effects` (what it plants, see `plan.effects`), `latent`, a function of a block of
parents that gives their expected rows, and `labels`: {name: (column type, function of a block of the rows made)}.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, ColumnType, Fill, Reader, Scope
from datagen.kernel.ages import AgeCurve
from datagen.rows._anomalies import AnomalyLabel
from datagen.rows._arms import Arms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class BoundRows(Protocol):
    """The rows of one table, ready to be made."""

    @property
    def expected(self) -> float:
        """Rows per parent."""

    @property
    def largest(self) -> float:
        """The most rows of one parent; infinite where that is open."""

    @property
    def description(self) -> str:
        """For the plan, in a line."""

    @property
    def guessed(self) -> bool:
        """`expected` stands for a mean that only the parents' values would tell."""

    @property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of a role."""

    def __call__(self, parent: Block) -> Ints:
        """(n,) int64 rows of each parent."""


@dataclass(frozen=True, slots=True)
class RateFactor:
    """A multiplier seated on the rate of a table: (n,) factors of a block of parents.

    mean, second: of the factor and of its square over the parents, None where they are not known before rows are made.
    """

    factor: Callable[[Block], Floats]
    mean: float | None
    text: str
    second: float | None = None


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of the rows of a parent before they are made. most: no less than the rows that are expected, also
    where these are a guess; infinite where nobody can tell."""

    expected: float
    guessed: bool
    most: float


@dataclass(frozen=True, slots=True)
class Ageing:
    """An age curve seated on the rate of a table. mode: rate, or active_share (each bin on or off by a draw)."""

    created: Reader  # in the driving parent's row
    curve: AgeCurve
    mode: str
    salt: int
    owner: str  # the table whose rows age: draws are by its address
    text: str

    def pieces(self, span: int) -> int:
        """How many pieces of time one entity needs, about, that is there for so many microseconds."""
        units = span / self.curve.unit
        return math.ceil(units) + 1 if self.mode == "active_share" else len(self.curve.marks(units))


@dataclass(frozen=True, slots=True)
class Variation:
    """The column of segments that a process varies by: its name in the driving parent's row, and its shares if known."""

    name: str
    reader: Reader
    shares: Mapping[str, float] | None


class RowScope(Scope, Protocol):
    """What a row maker may ask. Names are those of the driving parent; `own` is the table whose rows are made."""

    @property
    def own(self) -> str: ...
    @property
    def parent(self) -> str:
        """The driving parent."""

    @property
    def seed(self) -> int: ...
    @property
    def key(self) -> int:
        """The 64-bit key of the table's addresses."""

    @property
    def time(self) -> Scope | None:
        """The scope of the table's own time column, with its bounds; None when it has none that can be filled."""

    @property
    def factors(self) -> Sequence[RateFactor]:
        """What segments and experiments do to the number of rows."""

    @property
    def ages(self) -> Sequence[Ageing]:
        """Age curves on the rate. Leaving for good is in the bounds of the time column instead."""

    @property
    def arms(self) -> Sequence[Any]:
        """What experiments change from a moment on, as effects on the volume."""

    @property
    def chances(self) -> Arms:
        """What experiments change of the chances of a process."""

    @property
    def creation(self) -> str | None:
        """The name under which the driving parent reads when it was created, if that is known."""

    @property
    def table_effects(self) -> Sequence[tuple[Scope, Mapping[str, Any]]]:
        """Effects on the volume of the table itself, each with a scope of its rows placed at its arguments."""

    @property
    def time_type(self) -> ColumnType | None:
        """Declared type of the table's own time column."""

    @property
    def filled(self) -> Mapping[str, str]:
        """The columns that the row maker fills, by role."""

    @property
    def begin(self) -> str | None:
        """The name under which the driving parent reads when its own story begins: its creation, else its time."""

    def begins(self) -> NDArray[np.float64] | None:
        """(k,) equally likely moments of `begin`; None where they are not known before rows are made."""

    def variation(self, names: Sequence[str], key: str) -> Variation | None:
        """The column whose values are the segments that a process names; None after a refusal at `key`."""

    def edges_of(self, graph: str) -> tuple[str, str, str, str] | None:
        """(table, the table whose rows it joins, column of the source, column of the target); None where it is no graph."""

    def graphs_of(self, of: str) -> tuple[str, ...]:
        """The graphs that join the rows of a table."""

    def made_by(self, word: str) -> Mapping[str, str]:
        """Tables that a row maker makes, each with its driving parent."""

    def rows_of(self, table: str) -> Any:
        """The bound rows of another table, None where there are none (yet)."""

    @property
    def fanout_beside(self) -> Any:
        """The fan-out (datagen.schema.model_fanout.Fanout) that stands beside a process, None without one."""

    @property
    def anomalies(self) -> list[AnomalyLabel]:
        """Where the labels of planted oddities are kept."""

    def beside(self, key: str) -> RowScope:
        """The same scope, its findings placed at another key of the table."""

    def at(self, steps: tuple[str | int, ...]) -> RowScope:
        """The same scope, its findings placed at a key further inside."""

    def part(self, model: Any, params: Mapping[str, Any]) -> Any:
        """The parameters of a part as its model, or None after a refusal."""

    def some(self, block: Block, places: NDArray[np.int64]) -> Block:
        """Rows of a block by place, as a block of their own."""

    def creations(self) -> NDArray[np.float64] | None:
        """(k,) equally likely creation times of driving parents; None where they are not known before rows are made."""

    @property
    def life(self) -> tuple[Sequence[str], Sequence[str]]:
        """The names of the times at which those to whom a row belongs were created, and at which they departed."""

    @property
    def leaving(self) -> Sequence[AgeCurve]:
        """Survival curves of parents that leave for good; when each leaves is in the bounds of the time column."""


Filler = tuple[ColumnType, Fill]


def mean_factor(factors: Sequence[RateFactor]) -> tuple[float, bool]:
    """The product of the factors' means, and whether one of them is only guessed to be 1."""
    product = 1.0
    for one in factors:
        product *= 1.0 if one.mean is None else one.mean
    return product, any(one.mean is None for one in factors)


def spread(factors: Sequence[RateFactor]) -> float | None:
    """The mean of the square of all factors together, over the square of their mean; None where it is not known."""
    found = 1.0
    for one in factors:
        if one.mean is None or one.second is None:
            return None
        found *= one.second / (one.mean * one.mean) if one.mean else 1.0
    return found


def most_expected(rows: Any) -> float:
    """No less than the expected rows of a parent, also where these are a guess; infinite where nobody can tell."""
    return float(getattr(rows, "most_expected", math.inf) if rows.guessed else rows.expected)


def product(factors: Sequence[RateFactor], parent: Block) -> Floats:
    """(n,) all factors of each parent at once."""
    found = np.ones(parent.rows, dtype=np.float64)
    for one in factors:
        found *= one.factor(parent)
    return found


def whole(parent: Block, name: str, make: Callable[[], Any]) -> Any:
    """Something that a row maker works out once per block of parents."""
    return parent.memo(("rows of", name), make)
