"""Judges a data set by its files: every check of what its schema declares, the quality score, and what to know besides.

The order is that of the references between tables. A table whose structure is broken is still asked what can be asked;
what reads a column that is missing is not judged.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datagen.checks.calendars import calendar_figures
from datagen.checks.chains import Chains
from datagen.checks.chance import Figure, judged
from datagen.checks.database import locked_database, row_of
from datagen.checks.declared import DeclaredTable, declared_tables
from datagen.checks.effects import effect_figures
from datagen.checks.files import Files, Opened, find_files, forget_texts
from datagen.checks.goals import metric_results, target_results
from datagen.checks.keys import Keys
from datagen.checks.laws import Laws
from datagen.checks.layout import contents, extra_tables, missing_tables, opened_table
from datagen.checks.rates import Rates
from datagen.checks.result import Result
from datagen.checks.rules import Rules
from datagen.checks.score import Score, score_of
from datagen.errors import render

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.column_laws import ColumnLaw
    from datagen.plan.model import Plan
    from datagen.schema.tree import Document

EXAMPLES = 5
PLANTED = frozenset(
    ("effect.missed", "fanout.rows", "law.calendar", "law.level", "law.picks", "law.rows", "law.shape", "law.shares")
)


@dataclass(frozen=True, slots=True)
class Report:
    """What the checks of a data set found. tables: rows of each in the files; stages: tables that were looked at together."""

    directory: Path
    results: tuple[Result, ...]
    score: Score
    tables: Mapping[str, int]
    stages: tuple[tuple[str, ...], ...] = ()

    @property
    def failed(self) -> list[Result]:
        """The checks that failed, the worst first, those of the structure before all others."""
        wrong = [one for one in self.results if not one.passed]
        return sorted(wrong, key=lambda one: (not one.structural, -one.distance))

    @property
    def lost(self) -> list[Result]:
        """What the schema plants or lays down, and the files do not show at all: figures off by three tolerances or more.

        A mean over many checks hardly notices that a few are worth nothing. Metrics and targets are left out: their bounds
        know nothing of chance, and are far from it in small data.
        """
        return [one for one in self.results if one.code in PLANTED and one.score == 0.0]

    def __str__(self) -> str:
        failed = [render(one.finding()) for one in self.failed]
        return "\n\n".join([*failed, "\n".join(self.score.lines())])


@dataclass(slots=True)
class Judge:
    """Looks at the tables of one directory stage by stage. document: places of declarations, the canonical one.

    memory: bytes for DuckDB: for the checks, and when their database is closed for the SQL of metrics.
    """

    database: duckdb.DuckDBPyConnection
    directory: Path
    plan: Plan
    document: Document | None
    declared: Mapping[str, DeclaredTable]
    found: Mapping[str, Files]
    examples: int
    memory: int
    opened: dict[str, Opened] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    laws: dict[str, list[ColumnLaw]] = field(default_factory=dict)
    keys: Any = None

    def __post_init__(self) -> None:
        self.keys = Keys(self.database, self.examples)
        for law in self.plan.laws():
            self.laws.setdefault(law.table, []).append(law)

    @property
    def columns(self) -> dict[str, list[str]]:
        """The columns that can be asked, by table."""
        return {name: [one for one in there.columns if one not in there.unfit] for name, there in self.opened.items()}

    def stage(self, names: Collection[str]) -> list[Result]:
        """Whether some tables, and what they refer to, are what was declared: their structure, then their rows."""
        results: list[Result] = []
        for name in names:
            if name in self.found:
                opened, own = opened_table(self.database, self.declared[name], self.found[name])
                results += own
                if opened is not None:
                    self.opened[name] = opened
                    results += contents(self.database, self.declared[name], opened, self.examples)
                    self.rows[name] = self._rows(name)
                    forget_texts(self.database, opened)
        columns = self.columns
        for name in names:
            if name in columns:
                results += self._keys(self.declared[name], columns)
        rules = Rules(self.database, self.declared, columns, self.examples)
        results += rules.constraints(self.plan, self.document, names)
        for name in names:
            for law in self.laws.get(name, ()):
                results += rules.of_law(law)
        if self.document is not None:
            chains = Chains(self.database, self.plan, self.document, self.declared, columns, self.examples)
            results += chains.results(names)
        return results

    def whole(self) -> list[Result]:
        """What can be told of all tables together: laws, rates, effects, targets."""
        columns = self.columns
        laws = Laws(self.database, self.declared, columns, self.document)
        rates = Rates(self.database, self.plan, self.declared, columns)
        figures: list[Figure] = []
        for name in columns:
            for law in self.laws.get(name, ()):
                figures += laws.figures(law)
            figures += rates.figures(self.declared[name], self.laws.get(name, ()))
        figures += calendar_figures(self.database, self.plan, self.document, columns)
        figures += effect_figures(self.database, self.plan, self.document, columns)
        return [*judged(figures), *target_results(self.database, self.plan, self.document, columns)]

    def metrics(self) -> list[Result]:
        """What SQL of the document says of the tables, in a process of its own. After all else: two at a time take twice
        the memory."""
        return list(metric_results(self.directory, self.plan, self.found, self.opened, self.rows, self.memory))

    def _keys(self, table: DeclaredTable, columns: Mapping[str, Collection[str]]) -> Iterator[Result]:
        there = columns[table.name]
        copied = table.copied is not None
        if table.primary_key in there:
            yield self.keys.unique(table.name, (table.primary_key,), primary=True, copied=copied)
        for group in table.unique:
            if set(group) <= set(there):
                share = table.share_spoiled(*group)
                allowed, reason = (
                    share * self.rows[table.name],
                    "errors of recording may repeat values" if share else "",
                )
                yield self.keys.unique(table.name, group, copied=copied, allowed=allowed, reason=reason)
        for key in table.foreign_keys:
            if key.column in there and key.to_column in columns.get(key.table, ()):
                yield self.keys.foreign(table.name, key)

    def _rows(self, name: str) -> int:
        from datagen.sql.spelling import identifier

        return int(row_of(self.database, f"select count(*) from {identifier(name)}")[0])


@contextmanager
def judging(
    directory: Path, plan: Plan, document: Document | None, *, written: Collection[str] | None = None,
    same: bool = False, format: str | None = None, examples: int = EXAMPLES, memory: int, threads: int,
) -> Iterator[Judge]:  # fmt: skip
    """A judge of the tables in a directory. written: those that should be there; None: every visible one.

    same: the data were made from this very plan, so that numbers of rows that a seed draws while planning are known.
    """
    names = [table.id for table in plan.all_tables.values() if not table.hidden]
    declared = declared_tables(plan, names if written is None else written, same=same)
    place = directory.resolve()
    with (
        tempfile.TemporaryDirectory(prefix="datagen-check-") as scratch,
        locked_database(place, memory=memory, threads=threads, scratch=Path(scratch) / "scratch") as database,
    ):
        yield Judge(database, place, plan, document, declared, find_files(place, format), examples, memory)


def judge(
    directory: Path, plan: Plan, document: Document | None, *, written: Collection[str] | None = None,
    select: Sequence[str] = (), same: bool = False, format: str | None = None, examples: int = EXAMPLES,
    memory: int, threads: int,
) -> Report:  # fmt: skip
    """Every check of a data set. select: only these tables, and none is missed but they.

    written: the tables that should be there, every visible one unless told. Raises MachineError where memory or disk do
    not suffice, UsageError where the directory cannot be read.
    """
    with judging(
        directory, plan, document, written=select or written, same=same, format=format, examples=examples,
        memory=memory, threads=threads,
    ) as looking:  # fmt: skip
        results = list(missing_tables(looking.declared, looking.found, directory))
        if not select:
            known = [table.id for table in plan.all_tables.values() if not table.hidden]
            results += extra_tables(looking.found, known)
        stages = stages_of(looking.declared, plan)
        for names in stages:
            results += looking.stage(names)
        results += looking.whole()
    results += looking.metrics()
    return Report(directory, tuple(results), score_of(results), looking.rows, stages)


def stages_of(declared: Mapping[str, DeclaredTable], plan: Plan) -> tuple[tuple[str, ...], ...]:
    """The tables in stages: each refers to, or is made by SQL from, tables of earlier stages, itself, or a ring's."""
    needs = {name: {key.table for key in table.foreign_keys} - {name} for name, table in declared.items()}
    for name in set(declared) & set(plan.derived):
        needs[name].update(plan.derived[name].reads)
    left, done = list(declared), set[str]()
    stages: list[tuple[str, ...]] = []
    while left:
        ready = [name for name in left if needs[name] & declared.keys() <= done] or left
        stages.append(tuple(ready))
        done.update(ready)
        left = [name for name in left if name not in done]
    return tuple(stages)
