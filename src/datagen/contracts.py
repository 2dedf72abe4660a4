"""The contracts between the engine and its parts: what a generator, a modifier and a law promise.

A part is one file named by the word the user writes. It is a pydantic model of its parameters (frozen, no extra keys)
that is *bound* once per plan, which does the thinking, and gives back a small function that fills block after block.

    reads(scope)  names of other columns that its values need; the plan orders columns by them
    infer(scope)  the column type it makes, when the user wrote none
    bind(scope)   refuses what cannot be done, makes salts, laws and readers, returns the function

Values between parts are numpy arrays (`Values`); the engine seals them to the declared type afterwards. Randomness comes
only from `block.uniform(salt)`: a salt is made at binding time from (table, column, part, use), by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from datagen.dictionary import Dictionary as Dictionary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datagen.errors import Severity

Kind = Literal["int", "float", "bool", "time", "text", "category"]
# what `reads` names, as a column of the own table, when values look at row numbers or at the number of rows
NUMBERS = "#k"


class Only(NamedTuple):
    """In `reads`: a column of rows that are reached from above, or from which this row is reached, not by their numbers."""

    table: str
    column: str


ColumnType = Literal["int", "float", "string", "bool", "datetime", "date"]


@dataclass(frozen=True, slots=True)
class Values:
    """One column of one block.

    kind     array
    int      (n,) int64
    float    (n,) float64, no NaN where valid
    bool     (n,) bool
    time     (n,) int64, microseconds since 1970-01-01 UTC (dates too: their midnight)
    text     polars Series of String, n long
    category (n,) unsigned integers, codes into `dictionary`

    valid: (n,) bool, True where there is a value, or None when there is one everywhere.
    picks: (n,) int64 row numbers in the table this key points to (-1 where null), on columns made by a lookup.
    pieces: what texts were put together from, for columns that are made after them; see datagen.generators._faker.slots.
    """

    kind: Kind
    array: Any
    valid: NDArray[np.bool_] | None = None
    dictionary: Dictionary | None = None
    picks: NDArray[np.int64] | None = None
    pieces: Any = None

    def changed(self, **fields: Any) -> Values:
        """The same column with some fields replaced."""
        return replace(self, **fields)

    def __len__(self) -> int:
        return len(self.array)


class Block(Protocol):
    """A run of rows of one table, made by address. Everything a part may look at while it fills."""

    @property
    def rows(self) -> int: ...
    @property
    def address(self) -> NDArray[np.uint64]:
        """(n,) the 64-bit identity of each row."""

    @property
    def row_number(self) -> NDArray[np.int64]:
        """(n,) place of each row in its table, from 0, by the ledger."""

    @property
    def ordinal(self) -> NDArray[np.int64]:
        """(n,) place of each row among the children of its driving parent, from 0 (root rows: the row number)."""

    @property
    def sibling_count(self) -> NDArray[np.int64]:
        """(n,) rows that share each row's driving parent; at a root, the rows of the table."""

    def below(self, table: str) -> Iterator[tuple[Block, NDArray[np.int64]]]:
        """The blocks of a descendant table below these rows, in order, and for each row the place of its ancestor here."""

    def count_below(self, table: str) -> NDArray[np.int64]:
        """(n,) rows of a descendant table below each row."""

    def rank_in(self, ancestor: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(n,) place of each row, from 0, among the rows of its table below the same row of an ancestor; (n,) how many.

        Of another ancestor than the driving parent a part reads the own table's NUMBERS.
        """

    def blocks_of(self, table: str) -> Iterator[Block]:
        """Every block of a table, in row order: for facts of a whole table, made once (see `once`)."""

    def uniform(self, salt: int) -> NDArray[np.float64]:
        """(n,) uniforms in [0, 1), one per row; the array is the caller's to change."""

    def bits(self, salt: int) -> NDArray[np.uint64]:
        """(n,) 64 random bits per row; the array is the caller's to change."""

    def column(self, name: str) -> Values:
        """Another column of these rows, in its declared type."""

    def ancestor(self, table: str) -> tuple[Block, NDArray[np.int64] | None]:
        """The block of an ancestor (or this one) and, for each row here, the place of its ancestor in that block."""

    def total(self, table: str) -> int:
        """Rows of a whole table, from the ledger."""

    def gather(
        self, table: str, column: str, rows: NDArray[np.int64], valid: NDArray[np.bool_] | None = None
    ) -> Values:
        """A column at row numbers of any table; null where `valid` is False."""

    def whole(self, table: str, column: str) -> Values:
        """A whole column in row order, kept in memory for the rest of the run."""

    def once(self, key: object, make: Callable[[], Any]) -> Any:
        """Something made once per run and worker, such as an index over a whole table."""

    def before(self) -> Block | None:
        """The rows of the first row's driving parent (at a root, of the table) that stand before this block, if any."""

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        """Something made once for these rows, such as what a row maker knows of their children."""


Fill = Callable[[Block], Values]
Change = Callable[[Block, Values], Values]


class Reader(Protocol):
    """Something a part reads, as a function of the block: a column, an ancestor's column, a joined column, an expression."""

    @property
    def type(self) -> ColumnType:
        """Of the values that it reads."""

    def __call__(self, block: Block) -> Values: ...


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of an inequality constraint as the other side sees it: a value of the row, and whether it is itself allowed."""

    reader: Reader
    strict: bool
    text: str  # as declared, for messages


class Draw(Protocol):
    """A law bound to its parameters (see `datagen.laws`)."""

    discrete: bool
    constant: bool  # no parameter depends on the row

    def quantile(self, u: NDArray[np.float64], block: Block | None) -> NDArray[np.float64]:
        """(n,) values at uniforms u; `block` may be None when the law is constant."""

    def cdf(self, x: NDArray[np.float64], block: Block | None) -> NDArray[np.float64]:
        """(n,) probability of a value <= x, the inverse of `quantile` to rounding."""

    def mean(self) -> float | None:
        """Expected value of a constant law; None when parameters depend on the row."""

    def variance(self) -> float | None: ...
    def support(self) -> tuple[float, float]:
        """Smallest and largest possible value (infinite where open), over all rows."""

    def edges(self, block: Block) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) smallest and largest possible value in each row, NaN where a parameter is null."""


class Scope(Protocol):
    """What a part may ask while it is bound: names, laws, salts; and where it says no."""

    @property
    def table(self) -> str:
        """The table that the part stands in."""

    @property
    def column(self) -> str:
        """And its column."""

    @property
    def column_type(self) -> ColumnType | None:
        """As declared; None while it is being inferred."""

    @property
    def value_type(self) -> ColumnType:
        """Of the value that a modifier gets."""

    @property
    def version_1(self) -> bool:
        """An old document: dangling things are warnings."""

    @property
    def timeframe(self) -> Any:
        """Datagen.plan.model.Timeframe or None."""

    @property
    def decimals(self) -> int | None:
        """Places after the point, when the column names them."""

    @property
    def precision(self) -> Literal["s", "ms", "us"]:
        """Of a time column."""

    @property
    def unique(self) -> bool:
        """The column must have no value twice."""

    @property
    def known_values(self) -> Sequence[Any] | None:
        """Every value that a modifier can get, when there is a closed list of them."""

    @property
    def lower(self) -> Sequence[Bound]:
        """Inequality constraints that this column must keep: not below any of these."""

    @property
    def upper(self) -> Sequence[Bound]:
        """And not above any of these."""

    @property
    def condition(self) -> Reader | None:
        """The `when` of the column: rows in which it holds have a value, the others none; None without it."""

    @property
    def time_column(self) -> str | None:
        """The row's time: the column with `role: time`, else the first datetime of the table."""

    @property
    def own_modifiers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """(word, raw parameters) of this column's modifiers, in order."""

    @property
    def table_modifiers(self) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """And of the table's own."""

    @property
    def volume(self) -> Any:
        """Effects on the table's number of rows (datagen.modifiers._volume.VolumeEffect), or None."""

    @property
    def picking(self) -> Any:
        """What limits the picks of this lookup (datagen.generators._weighted_pick.Picking), or None."""

    @property
    def own_columns(self) -> Mapping[str, tuple[str, Mapping[str, Any]]]:
        """Generator word and raw parameters of each column of the table."""

    def salt(self, part: str, use: int = 0) -> int:
        """The salt of one use of randomness in this column, by name."""

    def seeded(self, part: str) -> int:
        """A salt that differs by seed as well: for permutations of row numbers, which no address goes into."""

    def read(self, name: str, field: str = "") -> Reader:
        """A reader of `column`, `node.column` (driving parent or ancestor) or `fk_column.column`, findings placed at field."""

    def type_of(self, name: str) -> ColumnType | None:
        """Type of a name as `read` knows it, None if there is no such name."""

    def texts_of(self, name: str) -> tuple[str, ...] | None:
        """Every text that a name can have, when the document lists them; None where that is open."""

    def law_by(self, spec: Mapping[str, Any], steps: tuple[str | int, ...], *, durations: bool = False) -> Any:
        """A law with `by` as a draw that differs by row; None after a refusal."""

    def expression(
        self, text: str | int | float, field: str, *, extra: Mapping[str, ColumnType] | None = None
    ) -> Reader:
        """A reader of a scalar expression over names; numbers are constant expressions."""

    def checked(self, text: str, field: str, *, extra: Mapping[str, ColumnType] | None = None) -> Any:
        """An expression with names beyond the row's (such as `value`), checked; None after a refusal."""

    def names_in(self, text: str | int | float) -> tuple[str, ...]:
        """The names an expression reads, for `reads`; empty when it cannot be parsed (binding will say why)."""

    def length(self, text: str, field: str) -> Reader | None:
        """A reader of an expression that gives a length of time, in microseconds; None after a refusal."""

    def law(self, spec: Any, field: str, *, durations: bool = False) -> Draw | None:
        """A bound law; None after a refusal. `durations`: parameters are times, values come in microseconds."""

    def law_reads(self, spec: Any) -> tuple[str, ...]:
        """The names that the parameters of a law read."""

    @property
    def nullable(self) -> bool:
        """The column may be null."""

    @property
    def paired(self) -> str | None:
        """The table of whose rows every driving parent has one row here; None where the table is no grid."""

    @property
    def ancestors(self) -> Sequence[str]:
        """Driving parent, its driving parent, and so on."""

    def among(self, table: str) -> Scope:
        """The same scope with the names of the rows of another table."""

    @property
    def tables_below(self) -> Sequence[str]:
        """The tables whose driving parents lead to this one."""

    def table_below(self, name: str) -> str | None:
        """The id of a table below this one, None if the name is none."""

    def knows_table(self, name: str) -> bool:
        """Whether there is a table of that name."""

    def counts_down(self, table: str) -> Sequence[tuple[str, str]]:
        """What tells how many rows a table below has: nodes of the dependency graph."""

    def path_reads(self, name: str) -> Sequence[tuple[str, str]]:
        """Every (table, column) that reading a name looks at."""

    def quiet(self) -> Scope:
        """The same scope, whose refusals nobody hears: for `reads`, before binding says them."""

    def find_table(self, name: str) -> str | None:
        """The id of a table by its name, whatever the case; None where there is none."""

    def ancestors_of(self, table: str) -> Sequence[str]:
        """Driving parent of any table, its driving parent, and so on."""

    def keys_to(self, table: str, entity: str) -> Sequence[str]:
        """The columns of a table that point to rows of another."""

    def picks_another(self, column: str) -> bool:
        """Whether a column of this table, which looks into one above, may give another row than this row's own."""

    def key_beside(self, table: str) -> bool:
        """Whether another column than this one is the very key of the row of a table above."""

    def find_target(self, reference: str) -> Any:
        """The draft of `table.column` (see datagen.plan.names.ColumnDraft), or None, without a refusal."""

    def key_of(self, table: str) -> tuple[tuple[str, str], ...]:
        """((table, primary key),), or nothing when the table has none."""

    def fixed_rows(self, table: str) -> int | None:
        """Rows of a table when they are known before the ledger: roots."""

    def expected_rows(self, table: str) -> float:
        """Expected rows of a table."""

    def never_repeats(self, table: str, column: str) -> bool:
        """Whether the values of a column are declared unique, or are its table's key."""

    def most_children(self, ancestor: str) -> float:
        """The most rows of this table that one row of an ancestor can have; infinite where the fan-out is open."""

    def fewest_children(self, ancestor: str) -> float:
        """Rows of this table that every row of an ancestor has for sure."""

    def target(self, reference: str, field: str) -> Any:
        """The plan of `table.column`, or None after a refusal. See datagen.plan.model.ColumnPlan."""

    def fits(self, made: ColumnType, field: str) -> None:
        """Refuse (`column.type_mismatch`) values of a type that the declared column cannot hold."""

    def domain(self, size: int, field: str) -> None:
        """Refuse (`unique.domain_too_small`) a column of unique values whose table will have more rows than `size`."""

    def refuse(
        self,
        code: str,
        field: str | Sequence[str | int] = (),
        *,
        found: str = "",
        expected: str = "",
        hint: str = "",
        severity: Severity = "error",
    ) -> None:
        """Record a finding at a field of this part; binding goes on so that all findings come at once."""

    def tolerate(self, code: str, field: str | Sequence[str | int] = (), **facts: str) -> None:
        """Record what an old document may leave dangling: a warning in version 1.0 ("declared, not applied"), else an error."""


class Part(BaseModel, ABC):
    """Parameters of one part, as the user writes them. The class docstring and EXAMPLES are its documentation page."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)  # strict: the text "5" is no number

    EXAMPLES: ClassVar[list[dict[str, Any]]] = []

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        """Names of other columns whose values this part needs, or (table, column) where no name of the row leads there."""
        return ()

    def moves(self, scope: Scope) -> str:
        """Why rows added to the table, or above it, change values that were there before; "" when they do not."""
        return ""


class Generator(Part):
    """Makes the values of a column from nothing but addresses and the columns it reads."""

    MAIN: ClassVar[str | None] = None  # the parameter that a bare scalar or list stands for in the short form
    STEERED: ClassVar[bool] = False  # keeps `scope.lower` and `scope.upper` by construction
    MAKES_UNIQUE: ClassVar[bool] = False  # keeps `scope.unique` by construction, or refuses
    BY_ROW_NUMBER: ClassVar[bool] = False  # needs nothing but the row's number

    def infer(self, scope: Scope) -> ColumnType | None:
        """The column type when the user wrote none; None when it cannot be told."""
        return None

    @abstractmethod
    def bind(self, scope: Scope) -> Fill:
        """The function that fills this column, block after block."""

    def support(self, scope: Scope) -> tuple[float, float] | None:
        """Smallest and largest possible number (times in microseconds), when it is known before a row is made."""
        return None

    def ends(self, rows: int) -> tuple[float, float] | None:
        """Smallest and largest value of a table of so many rows, both reached, where values follow from row numbers."""
        return None

    def nearest(self, scope: Scope, edge: float, side: Literal["below", "above"], strict: bool) -> float:
        """The possible value nearest to an edge on one side of it, the edge itself unless strict; infinite if none is left.

        Of a generator that knows no grid, the edge.
        """
        return edge

    def distinct(self, scope: Scope) -> bool:
        """Whether no value stands twice by construction; asked of columns of unique values once all is bound.

        What can only fail is refused here, where it was not when the column was bound.
        """
        return self.MAKES_UNIQUE

    def leaves_open(self) -> bool:
        """Whether some rows are left without a value although nothing else says so."""
        return False

    def listed(self, scope: Scope) -> list[Any] | None:
        """Every possible value, typed as the column, when there is a closed list of them."""
        return None

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        """(k,) equally likely numbers that this column will hold; None where they are not known before rows are made."""
        return None


class Modifier(Part):
    """Changes the values of a column, in the order written."""

    def foreseen(self, scope: Scope, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """(k,) equally likely numbers after this step, from those before it; None where they are not known."""
        return None

    def labels(self, scope: Scope) -> Mapping[str, Fill]:
        """What the truth set tells of each row, such as which ones were changed. Asked once `bind` has found no fault."""
        return {}

    @abstractmethod
    def bind(self, scope: Scope) -> Change:
        """The function that changes this column, block after block."""
