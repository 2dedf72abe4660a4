"""What the steps of binding share: drafts, parts, the scopes given to them, and the findings gathered on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen.contracts import Bound, Generator, Modifier
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.plan import graph
from datagen.plan.constraints import Steering, edge_bound
from datagen.plan.drafts import Drafting, draft_tables, time_column_of
from datagen.plan.emits import COUNTING
from datagen.plan.fanout import FixedCounts
from datagen.plan.model import ColumnPlan, Timeframe
from datagen.plan.names import ColumnDraft, NameFault, PathReader, TableDraft, resolve
from datagen.plan.parts import make_part
from datagen.plan.reach import Reaches
from datagen.plan.scope import PlanScope
from datagen.plan.window import read_timeframe
from datagen.registry import find, words
from datagen.rows._anomalies import AnomalyLabel
from datagen.schema.literals import common_type
from datagen.schema.tree import Document

MOST_FINDINGS = 50


class Binding:
    """One document being bound. Each step leaves its findings in `findings` and its results beside them."""

    def __init__(
        self, document: Document, *, seed: int, scale: float, findings: Sequence[Finding], look: bool = False
    ) -> None:
        self.document = document
        self.findings: list[Finding] = list(findings)
        self.seed, self.look = seed, look
        self.version_1 = str(document.root.get("version", "")) == "1.0"
        self.drafting: Drafting = draft_tables(document, self.refuse, scale=scale, version_1=self.version_1)
        self.tables: dict[str, TableDraft] = self.drafting.tables
        self.timeframe: Timeframe | None = read_timeframe(document, self.refuse)
        self.generators: dict[graph.Node, Generator] = {}
        self.modifiers: dict[graph.Node, list[Modifier]] = {}
        self.reads: dict[graph.Node, list[graph.Node]] = {}
        self.plans: dict[graph.Node, ColumnPlan] = {}
        self.counts: dict[str, Any] = {}
        self.reaches = Reaches()  # of the columns that inequalities steer
        self.scale = scale
        self.arrivals: dict[str, Any] = {}  # of roots whose rows come at a rate (datagen.rows._arrivals.Arrivals)
        self.row_scopes: dict[str, Any] = {}  # of tables that a row maker makes
        self.sources: dict[str, TableDraft] = {}  # of tables whose rows the process of another table makes, that table
        self.makers: dict[str, tuple[str, Any]] = {}  # (word, row maker) of tables that one makes
        self.emitting: dict[str, Any] = {}  # of tables of emits, what counts them (datagen.plan.streams.Emitting)
        self.behaviors: Any = None  # segments and ages, lowered (datagen.plan.behaviors)
        self.bounded: set[graph.Node] = set()  # columns whose draws inequalities cut
        self.picking: dict[graph.Node, Any] = {}  # what limits the picks of lookups (datagen.plan.picking)
        self.anomalies: list[AnomalyLabel] = []  # planted oddities of rows and values
        self.correlated: dict[graph.Node, Any] = {}  # columns drawn together (datagen.plan.correlations)
        self.trials: Any = None  # what experiments change (datagen.plan.experiments)
        self.outcomes: dict[graph.Node, Any] = {}  # how to fill a column as if in another arm
        self.volumes: dict[str, Any] = {}  # effects on the volume of a table, by table
        self.samples: dict[int, Any] = {}  # rows looked at before a run (datagen.plan.representative.Sample)
        self.foreseen: dict[graph.Node, Callable[[], Any]] = {}  # how to tell equally likely numbers of a column

    def refuse(self, code: str, loc: Sequence[str | int], *, key: bool = False, **facts: Any) -> None:
        """Record a finding at a place of the document."""
        self.findings.append(self.document.finding(code, loc, key=key, **facts))

    def has_errors(self, *, since: int = 0) -> bool:
        """Whether an error was found, or one since there were so many findings."""
        return any(finding.severity == "error" for finding in self.findings[since:])

    def columns(self) -> list[ColumnDraft]:
        return [column for table in self.tables.values() for column in table.columns.values()]

    def part(
        self,
        kind: str,
        word: str,
        params: Mapping[str, Any],
        loc: tuple[str | int, ...],
        *,
        inside: tuple[str, ...] = (),
    ) -> Any:
        found = find(kind, word)
        if found is None:
            self.refuse(
                f"language.unknown_{kind}",
                loc,
                key=kind == "generator",
                found=f"'{word}'",
                expected=f"a {kind}: {listed(words(kind), most=20)}",
                hint=did_you_mean(word, words(kind)),
            )
            return None
        at = (*loc, *inside)
        made, findings = make_part(kind, word, found, params, self.document, at)
        self.findings.extend(findings)
        return made

    def scope_of(
        self, column: ColumnDraft, part: str = "", *, loc: tuple[str | int, ...] | None = None, **more: Any
    ) -> PlanScope:
        node = (column.table, column.name)
        spec = self.drafting.specs[node]
        return PlanScope(
            document=self.document,
            findings=self.findings,
            seed=self.seed,
            tables=self.tables,
            table=self.tables[column.table],
            column=column.name,
            loc=loc or (*column.loc, "generator", column.word),
            timeframe=self.timeframe,
            version_1=self.version_1,
            column_type=more.pop("column_type", spec.get("type")),
            decimals=spec.get("decimals"),
            precision=spec.get("precision") or "s",
            nullable=bool(spec.get("nullable", False)),
            unique=more.pop("unique", False),
            time_column=time_column_of(self.tables[column.table]),
            own_modifiers=column.modifiers,
            table_modifiers=self.drafting.table_modifiers[column.table],
            volume=self.volumes.get(column.table),
            salt_path=(column.table, column.name, part or column.word),
            fixed_rows=self.known_rows,
            expected_rows=self.expected_rows,
            most_rows=self.most_rows,
            fewest_rows=self.fewest_rows,
            **more,
        )

    def fanout_scope(self, table: TableDraft) -> PlanScope:
        parent = self.tables[table.parent or ""]
        return PlanScope(
            document=self.document,
            findings=self.findings,
            seed=self.seed,
            tables=self.tables,
            table=parent,
            column=graph.ROWS,
            loc=(*table.loc, "fanout"),
            timeframe=self.timeframe,
            version_1=self.version_1,
            salt_path=(table.id, graph.ROWS),
            fixed_rows=self.known_rows,
        )

    def table_scope(self, table: TableDraft, loc: tuple[str | int, ...]) -> PlanScope:
        """A scope for the modifiers of a table itself."""
        time = time_column_of(table)
        return PlanScope(
            document=self.document,
            findings=self.findings,
            seed=self.seed,
            tables=self.tables,
            table=table,
            column=time or "",
            loc=loc,
            timeframe=self.timeframe,
            version_1=self.version_1,
            time_column=time,
            table_modifiers=self.drafting.table_modifiers[table.id],
            fixed_rows=self.known_rows,
        )

    def expected_rows(self, table: str) -> float:
        draft = self.tables[table]
        if draft.parent is None:
            return float(self.drafting.rows[table] or 0)
        counts = self.counts.get(table)
        return self.expected_rows(draft.parent) * (counts.expected if counts is not None else 0.0)

    def fanned(self, table: str) -> Any:
        """The rows of a table as its maker has them; of an emit those of its fan-out, where nothing else says how many."""
        rows, emitting = self.counts.get(table), self.emitting.get(table)
        if emitting is None:
            return rows
        alone = all(getattr(emitting.spec, key) is None for key in COUNTING)
        return getattr(rows, "inner", None) if alone else None

    def known_rows(self, table: str) -> int | None:
        """Rows of a table, where they are sure before the ledger."""
        parent, counts = self.tables[table].parent, self.counts.get(table)
        if parent is None:
            return self.drafting.rows[table]
        whole = getattr(counts, "whole", None)
        if whole is not None:
            return int(whole)
        above = self.known_rows(parent)
        if above == 0 or (counts is not None and counts.largest == 0):
            return 0
        return None if above is None or not isinstance(counts, FixedCounts) else above * counts.number

    def most_rows(self, table: str) -> float:
        """The most rows of a child table that one row of its driving parent can have."""
        counts = self.counts.get(table)
        return math.inf if counts is None else float(counts.largest)

    def fewest_rows(self, table: str) -> float:
        """Rows of a child table that every row of its driving parent has for sure."""
        return float(getattr(self.counts.get(table), "least", 0.0))

    def infer(self, column: ColumnDraft) -> Any:
        """The type of a column before it is bound."""
        return self.mapped_type(column) or self.inferred(column)

    def inferred(self, column: ColumnDraft) -> Any:
        generator = self.generators.get((column.table, column.name))  # None: a row maker may fill it
        return None if generator is None else generator.infer(self.scope_of(column, column_type=None))

    def mapped_type(self, column: ColumnDraft) -> Any:
        return next((mapped_type(args) for word, args in reversed(column.modifiers) if word == "map_values"), None)

    def bounds(self, column: ColumnDraft, steering: Sequence[Steering]) -> tuple[list[Bound], list[Bound]]:
        """What keeps a column above and below, from every inequality that it takes part in."""
        lower: list[Bound] = []
        upper: list[Bound] = []
        for one in steering:
            if (one.table, one.column) == (column.table, column.name):
                path = resolve(self.tables, self.tables[one.table], one.name)
                assert not isinstance(path, NameFault)  # the constraint was read along this very name
                other = self.tables[one.other[0]].columns[one.other[1]]
                bound = Bound(PathReader(path, other.type or "float"), one.strict, one.text)
                (lower if one.above else upper).append(bound)
            elif one.other == (column.table, column.name):
                far = self.reaches.farthest(one)  # the side made first must leave room for the other
                if far is not None:
                    edge = edge_bound(far, self.tables[one.table].columns[one.column].type or "float", one.text)
                    (upper if one.above else lower).append(replace(edge, strict=one.strict))
        return lower, upper

    def loc_of(self, node: graph.Node) -> tuple[str | int, ...]:
        table, name = node
        if name in graph.COUNTS:
            return (*self.tables[table].loc, "fanout")
        return self.tables[table].columns[name].loc

    def stop_on_errors(self) -> None:
        errors = [finding for finding in self.findings if finding.severity == "error"]
        if errors:
            self.findings = [self._of_derived(finding) for finding in self.findings]
            ranked = sorted(
                dict.fromkeys(self.findings), key=lambda f: (f.severity != "error", f.line or 0, f.column or 0)
            )
            raise SchemaError(ranked[:MOST_FINDINGS])

    def _of_derived(self, finding: Finding) -> Finding:
        """A table that is unknown because SQL makes it later is told as that."""
        told = finding.found.lstrip("'").partition("'")[0]
        said = told.split(".")[0].lower()
        name = next((name for name in self.drafting.derived if name.lower() == said), None)
        if finding.code not in ("ref.unknown_table", "rollup.not_below") or name is None:
            return finding
        by_sql = self.drafting.derived[name][0].get("kind") == "derived"
        if not by_sql:
            return finding.moved(
                code="stream.no_shared_table",
                found=f"'{told}': {name} is put in order after all other tables, and its sources share none",
                expected="a table whose rows are made, such as one of its sources",
                hint=f"name the sources, or make the events of each root a stream of its own; SQL may read {name}",
            )
        return finding.moved(
            code="derived.read",
            found=f"'{told}': {name} is made by SQL after all other tables",
            expected="a table whose rows are made",
            hint="only SQL may read it: another derived table, or a metric",
        )


def mapped_type(args: Mapping[str, Any]) -> Any:
    """The type of the values that a `map_values` gives, None when there are none."""
    default = [args["default"]] if args.get("default") is not None else []
    mapping = args.get("mapping")
    return common_type([*(mapping.values() if isinstance(mapping, Mapping) else ()), *default])
