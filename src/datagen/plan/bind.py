"""From a schema to a plan: tables and columns are bound to functions, in the order in which they read each other.

All findings are gathered on the way and raised together; a plan that comes back can be made.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datagen.contracts import Bound, Generator, Modifier
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.kernel.address import table_key
from datagen.plan import graph
from datagen.plan.constraints import ConstraintReader, Steering, edge_bound, settled
from datagen.plan.drafts import Drafting, draft_tables, time_column_of
from datagen.plan.estimate import expected_tables
from datagen.plan.fanout import bind_counts, fixed
from datagen.plan.model import ColumnPlan, ConstraintPlan, Plan, Seal, TablePlan, Timeframe
from datagen.plan.names import ColumnDraft, PathReader, TableDraft, resolve
from datagen.plan.scope import PlanScope
from datagen.plan.window import read_timeframe
from datagen.registry import find, words
from datagen.schema.model import Schema
from datagen.schema.model_findings import check_part
from datagen.schema.tree import Document
from datagen.version import DATA_VERSION

MOST_FINDINGS = 50


def bind(
    schema: Schema, document: Document, *, seed: int | None = None, scale: float = 1.0, findings: Sequence[Finding] = ()
) -> Plan:
    """The plan of a validated schema. `document` is its canonical tree; `scale` multiplies the rows of parentless tables.

    Raises SchemaError with every finding when anything cannot be made as declared.
    """
    return Binder(schema, document, seed=seed, scale=scale, findings=findings).plan()


class Binder:
    """Binds one document. Each step leaves its findings in `self.findings`."""

    def __init__(
        self, schema: Schema, document: Document, *, seed: int | None, scale: float, findings: Sequence[Finding]
    ) -> None:
        self.schema = schema
        self.document = document
        self.findings: list[Finding] = list(findings)
        self.seed = schema.seed if seed is None else seed
        self.version_1 = str(document.root.get("version", "")) == "1.0"
        self.drafting: Drafting = draft_tables(document, self.refuse, scale=scale, version_1=self.version_1)
        self.tables: dict[str, TableDraft] = self.drafting.tables
        self.timeframe: Timeframe | None = read_timeframe(document, self.refuse)
        self.generators: dict[graph.Node, Generator] = {}
        self.modifiers: dict[graph.Node, list[Modifier]] = {}
        self.reads: dict[graph.Node, list[graph.Node]] = {}
        self.plans: dict[graph.Node, ColumnPlan] = {}
        self.counts: dict[str, Any] = {}
        self.volumes: dict[str, Any] = {}  # effects on the volume of a table, by table

    def refuse(self, code: str, loc: Sequence[str | int], *, key: bool = False, **facts: Any) -> None:
        """Record a finding at a place of the document."""
        self.findings.append(self.document.finding(code, loc, key=key, **facts))

    def plan(self) -> Plan:
        """Every step, in order."""
        self._stop_on_errors()
        for column in self._columns():
            self._make_parts(column)
        self._stop_on_errors()
        for column in self._columns():
            column.infer = self._infer
        self._find_reads()
        reader = self._read_constraints()
        order = self._order(reader.found.steering)
        self._stop_on_errors()
        self._bind_all(order, reader)
        tables = expected_tables(self._table_plans())
        declared = self._settle(reader, tables)
        self._stop_on_errors()
        return self._finished(tables, order, declared)

    # --- steps

    def _columns(self) -> list[ColumnDraft]:
        return [column for table in self.tables.values() for column in table.columns.values()]

    def _make_parts(self, column: ColumnDraft) -> None:
        """The generator and the modifiers of a column as parameter models."""
        node = (column.table, column.name)
        part = self._part("generator", column.word, column.params, (*column.loc, "generator", column.word))
        if isinstance(part, Generator):
            self.generators[node] = part
        made: list[Modifier] = []
        for place, (word, args) in enumerate(column.modifiers):
            modifier = self._part("modifier", word, args, (*column.loc, "modifiers", place), inside=("args",))
            if isinstance(modifier, Modifier):
                made.append(modifier)
        self.modifiers[node] = made

    def _part(
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
        made, findings = check_part(found, params, self.document, (*loc, *inside))
        self.findings.extend(findings)
        return made

    def _scope(
        self, column: ColumnDraft, part: str = "", *, loc: tuple[str | int, ...] | None = None, **more: Any
    ) -> PlanScope:
        node = (column.table, column.name)
        spec = self.drafting.specs[node]
        return PlanScope(
            document=self.document,
            findings=self.findings,
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
            fixed_rows=self.drafting.rows.get,
            expected_rows=self._expected_rows,
            **more,
        )

    def _expected_rows(self, table: str) -> float:
        draft = self.tables[table]
        if draft.parent is None:
            return float(self.drafting.rows[table] or 0)
        counts = self.counts.get(table)
        return self._expected_rows(draft.parent) * (counts.expected if counts is not None else 0.0)

    def _find_reads(self) -> None:
        """The edges of the dependency graph."""
        for column in self._columns():
            node = (column.table, column.name)
            self.reads[node] = []
            scope = self._scope(column)
            wanted: list[Any] = list(self.generators[node].reads(scope))
            for place, modifier in enumerate(self.modifiers[node]):
                more = self._scope(column, loc=(*column.loc, "modifiers", place, "args"))
                wanted.extend(modifier.reads(more))
            when = self.drafting.specs[node].get("when")
            if when is not None:
                wanted.extend(scope.names_in(when))
            self.reads[node] = self._edges(scope, wanted, node)
        for table in self.tables.values():
            for column in table.columns.values():
                if self.drafting.table_modifiers[table.id] and column.word == "lookup":
                    self.reads[table.id, column.name].append((table.id, graph.ROWS))  # its picks may carry the effect
            if table.parent is not None:
                scope = self._fanout_scope(table)
                spec = self.drafting.fanouts[table.id]
                wanted = list(scope.law_reads(spec.law)) if spec.law is not None else []
                node = (table.id, graph.ROWS)
                self.reads[node] = [*self._edges(scope, wanted, node), (table.parent, graph.ROWS)]
                self.reads[node] += self._volume_reads(table, node)
            else:
                self.reads[table.id, graph.ROWS] = []

    def _edges(self, scope: PlanScope, wanted: Sequence[Any], node: graph.Node) -> list[graph.Node]:
        edges: list[graph.Node] = []
        for name in wanted:
            if isinstance(name, tuple):
                # a row of any table: its number of rows must be known
                edges.append(name)
                if name[0] != node[0]:
                    edges.append((name[0], graph.ROWS))
            else:
                edges.extend(scope.path_reads(name))
        return edges

    def _fanout_scope(self, table: TableDraft) -> PlanScope:
        parent = self.tables[table.parent or ""]
        return PlanScope(
            document=self.document,
            findings=self.findings,
            tables=self.tables,
            table=parent,
            column=graph.ROWS,
            loc=(*table.loc, "fanout"),
            timeframe=self.timeframe,
            version_1=self.version_1,
            salt_path=(table.id, graph.ROWS),
            fixed_rows=self.drafting.rows.get,
        )

    def _read_constraints(self) -> ConstraintReader:
        reader = ConstraintReader(self.tables, self.refuse, self.version_1)
        declared = self.document.root.get("constraints") or {}
        for table in self.tables.values():
            if table.pk is not None and (column := table.column(table.pk)) is not None:
                reader.found.unique[table.id, column.name] = column.loc
        for column in self._columns():
            spec = self.drafting.specs[column.table, column.name]
            if spec.get("unique"):
                reader.found.unique[column.table, column.name] = (*column.loc, "unique")
            own = spec.get("constraints") or {}
            attribute = f"{column.table}.{column.name}"
            if own.get("pattern") is not None:
                reader.read_values(
                    "pattern", [{"attr": attribute, "regex": own["pattern"]}], (*column.loc, "constraints", "pattern")
                )
            if own.get("enum") is not None or own.get("enum_ref") is not None:
                entry = {"attr": attribute, "values": own.get("enum"), "enum_ref": own.get("enum_ref")}
                reader.read_values("enum", [entry], (*column.loc, "constraints", "enum"))
        reader.read_unique(declared.get("unique") or [], ("constraints", "unique"))
        reader.read_foreign_keys(declared.get("foreign_keys") or [], ("constraints", "foreign_keys"))
        reader.read_inequalities(declared.get("inequalities") or [], ("constraints", "inequalities"), self.reads)
        reader.read_ranges(declared.get("ranges") or [], ("constraints", "ranges"))
        for kind in ("pattern", "enum"):
            reader.read_values(kind, declared.get(kind) or [], ("constraints", kind))
        return reader

    def _order(self, steering: Sequence[Steering]) -> tuple[graph.Node, ...]:
        for one in steering:
            path = resolve(self.tables, self.tables[one.table], one.name)
            if not hasattr(path, "code"):
                self.reads[one.table, one.column].extend(path.reads)  # type: ignore[union-attr]
                table = self.tables[one.table]
                if self.drafting.table_modifiers[one.table] and one.column == time_column_of(table):
                    self.reads[one.table, graph.ROWS].extend(path.reads)  # type: ignore[union-attr]
        order, loops = graph.ordered(self.reads)
        for loop in loops:
            first = loop[0]
            self.refuse(
                "plan.loop",
                self._loc(first),
                found=graph.spelled(loop, lambda node: self.document.place(self._loc(node)).line),
                expected="columns that do not need each other in a circle",
                hint="take one of these references away",
            )
        return order

    def _loc(self, node: graph.Node) -> tuple[str | int, ...]:
        table, name = node
        if name == graph.ROWS:
            return (*self.tables[table].loc, "fanout")
        return self.tables[table].columns[name].loc

    def _bind_all(self, order: Sequence[graph.Node], reader: ConstraintReader) -> None:
        for table, name in order:
            if name == graph.ROWS:
                self._bind_counts(self.tables[table], reader.found.steering)
            else:
                self._bind_column(self.tables[table].columns[name], reader)

    def _bind_counts(self, table: TableDraft, steering: Sequence[Steering]) -> None:
        volume = self._volume(table, steering)
        if table.parent is None:
            return
        spec = self.drafting.fanouts[table.id]
        if spec.law is None and volume is not None:
            one = {"type": "constant", "params": {"value": 1}}
            self.counts[table.id] = bind_counts(one, spec.clamp, self._fanout_scope(table), volume)
        elif spec.law is None:
            self.counts[table.id] = fixed(1)
        else:
            self.counts[table.id] = bind_counts(spec.law, spec.clamp, self._fanout_scope(table), volume)

    def _volume_reads(self, table: TableDraft, node: graph.Node) -> list[graph.Node]:
        """What effects on the volume of a table make its number of rows read."""
        from datagen.modifiers._volume_bind import volume_reads

        time = time_column_of(table)
        if time is None or not self.drafting.table_modifiers[table.id]:
            return []
        scope = self._scope(table.columns[time])
        return self._edges(scope, volume_reads(scope), node)

    def _volume(self, table: TableDraft, steering: Sequence[Steering]) -> Any:
        """The effects on the volume of a table, or None when it has none or they were refused."""
        from datagen.modifiers._volume_bind import volume

        effects = []
        for place, (word, args) in enumerate(self.drafting.table_modifiers[table.id]):
            loc = (*table.loc, "modifiers", place)
            part = self._part("modifier", word, args, loc, inside=("args",))
            if part is not None:
                effects.append((part, self._table_scope(table, (*loc, "args"))))
        if not effects:
            return None
        time = time_column_of(table)
        scope = None
        if time is not None:
            lower, upper = self._bounds(table.columns[time], steering)
            scope = self._scope(table.columns[time], column_type="datetime", lower=lower, upper=upper)
        self.volumes[table.id] = volume(effects, scope)
        return None if self.volumes[table.id] is None else self.volumes[table.id].factor

    def _table_scope(self, table: TableDraft, loc: tuple[str | int, ...]) -> PlanScope:
        """A scope for the modifiers of a table itself."""
        time = time_column_of(table)
        return PlanScope(
            document=self.document,
            findings=self.findings,
            tables=self.tables,
            table=table,
            column=time or "",
            loc=loc,
            timeframe=self.timeframe,
            version_1=self.version_1,
            time_column=time,
            table_modifiers=self.drafting.table_modifiers[table.id],
            fixed_rows=self.drafting.rows.get,
        )

    def _bind_column(self, column: ColumnDraft, reader: ConstraintReader) -> None:
        node = (column.table, column.name)
        spec = self.drafting.specs[node]
        generator = self.generators[node]
        unique = node in reader.found.unique
        bounds = self._bounds(column, reader.found.steering)
        inferred = self._inferred(column) if spec.get("type") is None or self._retyped(column) else None
        type_ = spec.get("type") or self._mapped_type(column) or inferred
        if type_ is None:
            self.refuse(
                "column.no_type",
                column.loc,
                found=f"{column.name} without a type",
                expected="type: int, float, string, bool, datetime or date",
            )
            type_ = "string"
        made = (inferred or type_) if self._retyped(column) else type_
        scope = self._scope(
            column,
            column_type=made,
            unique=unique and generator.MAKES_UNIQUE or unique,
            lower=bounds[0],
            upper=bounds[1],
        )
        fill = generator.bind(scope)
        changes = []
        for place, modifier in enumerate(self.modifiers[node]):
            changes.append(
                modifier.bind(
                    self._scope(
                        column,
                        _nth(column, place),
                        loc=(*column.loc, "modifiers", place, "args"),
                        column_type=type_,
                        value_type=made,
                        lower=bounds[0],
                        upper=bounds[1],
                        unique=unique,
                    )
                )
            )
            if column.modifiers[place][0] == "map_values":
                made = type_
        when = None
        if spec.get("when") is not None:
            at = self._scope(column, loc=column.loc)
            when = at.expression(spec["when"], "when")
            if when.type != "bool":
                self.refuse(
                    "column.when_type",
                    (*column.loc, "when"),
                    found=f"an expression of type {when.type}",
                    expected="a condition, such as status = 'done'",
                )
        column.known_type = type_
        column.plan = ColumnPlan(
            table=column.table,
            name=column.name,
            word=column.word,
            fill=fill,
            changes=tuple(changes),
            when=when,
            seal=Seal(
                type_,
                spec.get("decimals"),
                spec.get("precision") or "s",
                bool(spec.get("nullable", False)) or when is not None,
            ),
            hidden=bool(spec.get("hidden", False)),
            role=spec.get("role"),
            unit=spec.get("unit"),
            unique=unique,
            by_row_number=generator.BY_ROW_NUMBER and not changes and when is None,
            reads=tuple(dict.fromkeys(self.reads[node])),
            points_to=column.points_to,
            loc=column.loc,
        )
        self.plans[node] = column.plan

    def _infer(self, column: ColumnDraft) -> Any:
        """The type of a column before it is bound."""
        return self._mapped_type(column) or self._inferred(column)

    def _inferred(self, column: ColumnDraft) -> Any:
        return self.generators[column.table, column.name].infer(self._scope(column, column_type=None))

    def _retyped(self, column: ColumnDraft) -> bool:
        return any(word == "map_values" for word, _ in column.modifiers)

    def _mapped_type(self, column: ColumnDraft) -> Any:
        from datagen.schema.literals import common_type

        for word, args in reversed(column.modifiers):
            if word == "map_values":
                return common_type(
                    [*args.get("mapping", {}).values(), *([args["default"]] if args.get("default") is not None else [])]
                )
        return None

    def _bounds(self, column: ColumnDraft, steering: Sequence[Steering]) -> tuple[list[Bound], list[Bound]]:
        """What keeps a column above and below, from every inequality that it takes part in."""
        lower: list[Bound] = []
        upper: list[Bound] = []
        for one in steering:
            if (one.table, one.column) == (column.table, column.name):
                path = resolve(self.tables, self.tables[one.table], one.name)
                assert not hasattr(path, "code")
                other = self.tables[one.other[0]].columns[one.other[1]]
                bound = Bound(PathReader(path, other.type or "float"), one.strict, one.text)  # type: ignore[arg-type]
                (lower if one.above else upper).append(bound)
            elif one.other == (column.table, column.name):
                far = self._reach(one)
                if far is not None:
                    edge = edge_bound(far, self.drafting.specs[one.table, one.column].get("type") or "float", one.text)
                    (upper if one.above else lower).append(replace(edge, strict=one.strict))
        return lower, upper

    def _reach(self, one: Steering) -> float | None:
        """The farthest value of the bounded side: the side made first must leave room for it."""
        column = self.tables[one.table].columns[one.column]
        generator = self.generators[one.table, one.column]
        quiet = len(self.findings)
        support = generator.support(self._scope(column))
        del self.findings[quiet:]  # binding the column itself says it again
        if support is None:
            return None
        edge = support[1] if one.above else support[0]
        return edge if abs(edge) < 1e300 else None

    def _table_plans(self) -> dict[str, TablePlan]:
        plans: dict[str, TablePlan] = {}
        for table in self.tables.values():
            node = self.drafting.nodes[table.id]
            plans[table.id] = TablePlan(
                id=table.id,
                kind=self.drafting.kinds[table.id],
                key=table_key(self.seed, table.id),
                pk=table.pk,
                parent=table.parent,
                parents=tuple(node.get("parents") or ()),
                rows=self.drafting.rows[table.id] if table.parent is None else None,
                counts=self.counts.get(table.id),
                columns={name: self.plans[table.id, name] for name in table.columns},
                children=tuple(other.id for other in self.tables.values() if other.parent == table.id),
                hidden=bool(node.get("hidden", False)),
                time_column=time_column_of(table),
                loc=table.loc,
            )
        return plans

    def _settle(self, reader: ConstraintReader, tables: Mapping[str, TablePlan]) -> tuple[ConstraintPlan, ...]:
        """Constraints with their final status; what can never hold is refused."""
        declared: list[ConstraintPlan] = []
        for (table, name), loc in reader.found.unique.items():
            made = self.generators[table, name].MAKES_UNIQUE and not self.modifiers[table, name]
            if self.generators[table, name].__class__.__name__ == "Distribution":
                made = not self.modifiers[table, name] and self.plans[table, name].type == "int"
            status, reason = (
                ("held", "no value twice by construction")
                if made
                else ("checked", f"values made by {self.plans[table, name].word} may repeat")
            )
            declared.append(
                ConstraintPlan("unique", f"{table}.{name}", status, reason, {"table": table, "columns": [name]}, loc)
            )  # type: ignore[arg-type]
        for constraint in reader.found.declared:
            support = values = type_ = None
            if constraint.kind in ("range", "enum"):
                node = (constraint.facts["table"], constraint.facts["column"])
                column, type_ = self.tables[node[0]].columns[node[1]], self.plans[node].type
                if not self.modifiers[node] and not any(f.severity == "error" for f in self.findings):
                    scope = self._scope(column, column_type=type_)
                    quiet = len(self.findings)
                    support, values = self.generators[node].support(scope), self.generators[node].listed(scope)
                    del self.findings[quiet:]
            constraint, why = settled(constraint, support, values, type_)
            if why:
                self.refuse(
                    "constraint.cannot_hold",
                    constraint.loc,
                    found=f"{constraint.text}, but {why}",
                    expected="a constraint that the generator can keep",
                )
            declared.append(constraint)
        return tuple(declared)

    def _finished(
        self, tables: Mapping[str, TablePlan], order: Sequence[graph.Node], declared: tuple[ConstraintPlan, ...]
    ) -> Plan:
        root = self.document.root
        metadata = root.get("metadata") or {}
        return Plan(
            name=metadata.get("name") or "dataset",
            seed=self.seed,
            timeframe=self.timeframe,
            tables=tables,
            order=tuple(node for node in order if node[1] != graph.ROWS),
            reads={node: tuple(dict.fromkeys(needs)) for node, needs in self.reads.items()},
            constraints=declared,
            findings=tuple(finding for finding in self.findings if finding.severity != "error"),
            fingerprint=fingerprint(self.document, self.seed, self.drafting.rows),
            format=metadata.get("format"),
            gate=metadata.get("gate"),
            notes=tuple(root.get("notes") or ()),
            assumptions=tuple(root.get("assumptions") or ()),
            params=dict(root.get("params") or {}),
            metadata=dict(metadata),
        )

    def _stop_on_errors(self) -> None:
        errors = [finding for finding in self.findings if finding.severity == "error"]
        if errors:
            ranked = sorted(
                dict.fromkeys(self.findings), key=lambda f: (f.severity != "error", f.line or 0, f.column or 0)
            )
            raise SchemaError(ranked[:MOST_FINDINGS])


def _nth(column: ColumnDraft, place: int) -> str:
    """A modifier's name for salts: its word and which of that word it is, so that other modifiers never move its draws."""
    word = column.modifiers[place][0]
    return f"modifier {word} {sum(1 for other, _ in column.modifiers[:place] if other == word)}"


def fingerprint(document: Document, seed: int, rows: Mapping[str, int | None]) -> str:
    """32 hexadecimal digits that change with anything that can change a value."""
    facts = json.dumps(
        [DATA_VERSION, seed, document.root, dict(rows)],
        sort_keys=True,
        ensure_ascii=True,
        separators=(",", ":"),
        default=str,
    )
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()
