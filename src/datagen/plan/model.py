"""The plan: what will be made, in which order and from what; frozen, printable, the same for every worker.

A table plan knows its driving parent and how many rows each parent gets; a column plan knows the function that fills it.
Nothing here makes a value: the engine calls these functions block after block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from datagen.contracts import Block, Change, ColumnType, Fill, Reader
from datagen.errors import Finding
from datagen.imperfections._contract import Copies, Spoil
from datagen.plan.effects import PlantedEffect
from datagen.rows._anomalies import AnomalyLabel
from datagen.structures import Tree

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.time_shares import TimeShares

DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The window of the data set: microseconds since 1970 UTC, end exclusive, and the grid that the user named."""

    start: int
    end: int
    freq: str | None = None

    @property
    def length(self) -> int:
        return self.end - self.start


class Counts(Protocol):
    """How many rows of a child table each row of its driving parent gets."""

    expected: float  # per parent
    largest: float  # per parent; infinite when the law is open
    description: str
    guessed: bool  # `expected` stands for a mean that only the parents' values would tell

    def __call__(self, parent: Block) -> NDArray[np.int64]: ...


@dataclass(frozen=True, slots=True)
class Seal:
    """The declared form of a column: what the last cast makes of the values."""

    type: ColumnType
    decimals: int | None = None
    precision: Literal["s", "ms", "us"] = "s"
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class ColumnPlan:
    """One column: filled, changed, kept only where `when` holds, sealed."""

    table: str
    name: str
    seal: Seal
    word: str  # the generator
    fill: Fill
    changes: tuple[Change, ...] = ()
    steps: tuple[str, ...] = ()  # what each change does, in words
    base: str = ""  # what the generator does, in words
    labels: Mapping[str, Fill] = field(default_factory=dict)  # what the truth set tells of each value
    when: Reader | None = None
    hidden: bool = False
    role: str | None = None
    unit: str | None = None
    unique: bool = False
    by_row_number: bool = False  # needs nothing but the row's number
    reads: tuple[tuple[str, str], ...] = ()  # (table, column) that its values depend on
    moves_with_rows: str = ""  # why adding rows changes old values, "" when it does not
    points_to: tuple[str, str] | None = None  # (table, column) whose rows it picks
    picks_another: bool = False  # a row of a table above, which need not be the one that this row belongs to
    spoils: tuple[Spoil, ...] = ()  # errors of recording, in order, in what is written of it
    structure: Tree | None = None  # of structures and lists, whose values are JSON texts to all who read them
    loc: tuple[str | int, ...] = ()

    @property
    def type(self) -> ColumnType:
        return self.seal.type

    @property
    def written_type(self) -> str:
        """The type of what is written: that of the values, or `nested`."""
        return "nested" if self.structure is not None else self.type


@dataclass(frozen=True, slots=True)
class TablePlan:
    """One table. `key` salts its addresses; `parent` is the driving parent, `counts` its fan-out (None at a root)."""

    id: str
    kind: str
    key: int
    pk: str | None
    parent: str | None
    parents: tuple[str, ...]
    rows: int | None  # of a root
    counts: Counts | None
    columns: Mapping[str, ColumnPlan]
    children: tuple[str, ...] = ()
    addresses: Callable[[Block], NDArray[np.uint64]] | None = None  # of rows that were made as those of other tables
    hidden: bool = False
    arriving: bool = False  # a root whose rows come at a rate: their number is drawn
    planned_rows: float = 0.0  # expected by the laws alone, the same in every process: what a run is cut by
    expected_rows: float = 0.0  # the same, or what a look at some rows has told
    rows_guessed: bool = False  # the fan-out, here or above, depends on values of rows
    largest_rows: float = 0.0
    row_bytes: float = 0.0  # expected, in a Parquet file
    time_column: str | None = None
    outcomes: Mapping[str, tuple[ColumnType, Fill]] = field(default_factory=dict)  # of its parent's rows, by arm
    copies: Copies | None = None  # rows that are written twice
    loc: tuple[str | int, ...] = ()

    @property
    def spoiled(self) -> bool:
        """Whether what is written of it differs from what other columns and tables read."""
        return self.copies is not None or any(column.spoils for column in self.visible)

    @property
    def visible(self) -> tuple[ColumnPlan, ...]:
        return tuple(column for column in self.columns.values() if not column.hidden)


@dataclass(frozen=True, slots=True)
class Sorting:
    """How the pieces of a stream become one table. order_by: its columns; rank: the column that numbers the rows, if any."""

    order_by: tuple[str, ...]
    rank: str | None


@dataclass(frozen=True, slots=True)
class DerivedPlan:
    """A table made from others when those are made: by SQL, or a stream whose pieces are put in order.

    text: the SQL as it runs, in a total order; reads: the tables it needs; sorting: of a stream.
    """

    table: TablePlan
    text: str
    reads: tuple[str, ...]
    path: str | None = None  # where the SQL stands
    line: int | None = None
    column: int | None = None
    json_path: str = ""
    sorting: Sorting | None = None


@dataclass(frozen=True, slots=True)
class MetricPlan:
    """A named figure over the written tables: a query that gives one number, and the bounds that it should keep."""

    name: str
    text: str
    reads: tuple[str, ...]
    description: str = ""
    low: float | None = None
    high: float | None = None
    path: str | None = None
    line: int | None = None
    column: int | None = None
    json_path: str = ""
    columns: frozenset[str] | None = None  # the names, in lower case, that it may read; None: any

    @property
    def bounds(self) -> str:
        """`from 0.2 to 0.4`, `at least 0.2`, `at most 0.4`, or nothing."""
        if self.low is not None and self.high is not None:
            return f"from {self.low:g} to {self.high:g}"
        if self.low is not None:
            return f"at least {self.low:g}"
        return "" if self.high is None else f"at most {self.high:g}"


@dataclass(frozen=True, slots=True)
class Solved:
    """A parameter that was tuned for a metric. measured: the figure at the scale at which it was tried."""

    metric: str
    param: str
    value: int | float
    measured: float
    bounds: str  # in words
    scale: float
    tries: int

    @property
    def text(self) -> str:
        """In a sentence."""
        size = "" if self.scale == 1.0 else f" at {self.scale:g} of the rows"
        return f"{self.param} is {self.value:g}, with which {self.metric} was {self.measured:,.6g}{size} (asked: {self.bounds})"

    @property
    def facts(self) -> dict[str, Any]:
        """As JSON-ready facts."""
        return {
            "metric": self.metric, "param": self.param, "value": self.value, "measured": self.measured,
            "asked": self.bounds, "scale": self.scale, "tries": self.tries,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class ConstraintPlan:
    """One declared constraint and whether it holds by construction or is looked at in the written files."""

    kind: str
    text: str
    status: Literal["held", "checked"]
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    loc: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything the engine needs. `tables` is in document order; `order` lists (table, column) so that reads come first."""

    name: str
    seed: int
    timeframe: Timeframe | None
    tables: Mapping[str, TablePlan]
    order: tuple[tuple[str, str], ...]
    reads: Mapping[tuple[str, str], tuple[tuple[str, str], ...]]
    constraints: tuple[ConstraintPlan, ...]
    findings: tuple[Finding, ...]  # warnings and notes
    fingerprint: str
    format: str | None = None
    gate: str | None = None
    notes: tuple[str, ...] = ()
    assumptions: tuple[Mapping[str, str], ...] = ()
    params: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    effects: tuple[PlantedEffect, ...] = ()  # what is planted, and what an analyst should find
    anomalies: tuple[AnomalyLabel, ...] = ()  # planted oddities, by table and column
    numbered: frozenset[str] = frozenset()  # tables whose row numbers are looked at from above them
    walked: frozenset[tuple[str, str]] = frozenset()  # columns that look at such numbers
    root_rows: Mapping[str, int] = field(
        default_factory=dict
    )  # rows of a root per block, where tables below are looked at
    derived: Mapping[str, DerivedPlan] = field(default_factory=dict)  # each after those it reads; not in `tables`
    metrics: tuple[MetricPlan, ...] = ()
    solved: tuple[Solved, ...] = ()  # parameters that were tuned for metrics
    laws: Callable[[], tuple[ColumnLaw, ...]] = tuple  # of single columns, worked out when they are asked for
    times: Callable[[], tuple[TimeShares, ...]] = tuple  # how rows spread over the calendar, likewise
    statistics: Callable[[], tuple[PlantedEffect, ...]] = tuple  # beside the effects, likewise
    order_written: tuple[str, ...] = ()  # tables and derived tables in document order

    @property
    def spoiled(self) -> bool:
        """Whether something of it is written with errors of recording."""
        return any(table.spoiled for table in self.made_tables)

    @property
    def roots(self) -> tuple[TablePlan, ...]:
        return tuple(table for table in self.tables.values() if table.parent is None)

    @property
    def inner(self) -> frozenset[str]:
        """Tables that no user wrote: emits and pieces of streams, whose names hold a colon behind that of the stream."""
        return frozenset(name for name in self.tables if ":" in name)

    @property
    def by_sql(self) -> Mapping[str, DerivedPlan]:
        """The tables that SQL makes."""
        return {name: one for name, one in self.derived.items() if one.sorting is None}

    @property
    def made_tables(self) -> tuple[TablePlan, ...]:
        """The tables whose rows are made one by one, streams that are put in order at the end included; not those of SQL."""
        return (*self.tables.values(), *(one.table for one in self.derived.values() if one.sorting is not None))

    @property
    def all_tables(self) -> Mapping[str, TablePlan]:
        """Every table in document order, those that SQL makes included."""
        every = {**self.tables, **{name: one.table for name, one in self.derived.items()}}
        return {name: every[name] for name in dict.fromkeys((*self.order_written, *every)) if name in every}
