"""Looks at rows that follow each other: states that lead from one to the next, and stages that are passed in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from datagen.checks import journeys
from datagen.checks.database import row_of
from datagen.checks.declared import DeclaredTable
from datagen.checks.result import Result, ruled
from datagen.checks.rules import place_of
from datagen.sql.spelling import identifier, literal

if TYPE_CHECKING:
    import duckdb

    from datagen.plan.model import Plan, TablePlan
    from datagen.schema.tree import Document

MOMENTS = ("time", "converted_at")
LOOPS = ("next", "loop_prob")  # keys of a stage that lead elsewhere than to the next one


class Chains:
    """Looks at chains of rows in opened tables. columns: those that are there, by table; examples: keys to show."""

    def __init__(
        self, database: duckdb.DuckDBPyConnection, plan: Plan, document: Document,
        declared: Mapping[str, DeclaredTable], columns: Mapping[str, Collection[str]], examples: int,
    ) -> None:  # fmt: skip
        self.database, self.plan, self.document = database, plan, document
        self.declared, self.columns, self.examples = declared, columns, examples

    def results(self, names: Collection[str]) -> Iterator[Result]:
        """The chains of some tables."""
        for place, node in enumerate(self.document.root.get("nodes") or ()):
            name = node.get("id")
            table = self.plan.tables.get(name) if name in names and name in self.columns else None
            if table is None or table.spoiled or table.parent is None or table.pk not in self.columns[name]:
                continue
            owner, there = self._known(table)
            if len(owner) != 1 or owner[0] not in self.columns[name] or not {"time", "converted_at"} & there.keys():
                continue
            if "journey" in there and "stage_config" not in node:
                for rule in self._journeys(table, owner[0], there, node):
                    rows, condition, about, column = rule
                    where = place_of(self.document, ("nodes", place))
                    yield self._broken("value.journey", table, rows, condition, about, f"{name}.{column}", where)
            if "time" not in there:
                continue
            where = place_of(self.document, ("nodes", place))
            if {"state", "previous_state"} <= there.keys() and node.get("state_transition_model"):
                states = node["state_transition_model"].get("states") or {}
                yield self._states(table, owner[0], there, states, where)
                yield from self._first_state(table, owner[0], there, where)
            stages = (node.get("stage_config") or {}).get("stages") or ()
            if "stage_index" in there and stages and not any(one.get(key) for one in stages for key in LOOPS):
                several = node["stage_config"].get("instances_per_parent") is not None
                if not several or "journey" in there:
                    yield self._stages(table, owner[0], there, where)
                    yield from self._stages_before(table, owner[0], there, node["stage_config"], where)

    def _known(self, table: TablePlan) -> tuple[list[str], dict[str, str]]:
        """The columns that say whose a row is, and those that are there by their roles."""
        owner = [column.name for column in table.visible if column.points_to == self._pk(str(table.parent))]
        roles = {column.role: column.name for column in table.visible if column.role is not None}
        return owner, {role: column for role, column in roles.items() if column in self.columns[table.id]}

    def _journeys(
        self, table: TablePlan, owner: str, roles: Mapping[str, str], node: Mapping[str, Any]
    ) -> Iterator[journeys.Rule]:
        """The rules of a table of touches, or of the table of their conversions."""
        if node.get("attribution_chain"):
            yield from journeys.of_touches(table.id, str(table.pk), owner, roles)
            return
        for other in self.document.root.get("nodes") or ():
            touches = self.plan.tables.get(other.get("id"))
            chain = other.get("attribution_chain") or {}
            if (
                touches is None
                or touches.spoiled
                or touches.id not in self.columns
                or chain.get("conversions") != table.id
            ):
                continue
            above, touched = self._known(touches)
            if (
                len(above) == 1
                and above[0] in self.columns[touches.id]
                and {"journey", "converted_at"} <= touched.keys()
            ):
                kinds = {column.type for one in (table, touches) for column in one.visible if column.role in MOMENTS}
                yield journeys.of_conversions(
                    table.id, str(table.pk), owner, roles, touches.id, above[0], touched, days="date" in kinds
                )

    def _states(
        self,
        table: TablePlan,
        owner: str,
        roles: Mapping[str, str],
        states: Mapping[str, Any],
        where: Mapping[str, Any],
    ) -> Result:
        """Each state is left from where the row before has led, and nothing comes after a state that is the end.

        A state that is not declared is momentary: it leads back to where it came from.
        """
        state, before = identifier(roles["state"]), identifier(roles["previous_state"])
        declared = ", ".join(literal(str(name)) for name in states)
        final = [str(name) for name, one in states.items() if isinstance(one, Mapping) and one.get("terminal")]
        ended = (
            f"coalesce(lag({state}::varchar in ({', '.join(map(literal, final))})) over w, false)" if final else "false"
        )
        rows = (
            f"select {identifier(str(table.pk))} as k, {before}::varchar as previous, {ended} as ended, "
            f"lag(if({state}::varchar in ({declared}), {state}, {before})::varchar) over w as led from {identifier(table.id)} "
            f"window w as (partition by {identifier(owner)} order by {identifier(roles['time'])}, {identifier(str(table.pk))})"
        )
        about = f"every row of {table.id} goes on from the state of the row before" + (
            f", and none comes after {', '.join(final)}" if final else ""
        )
        place = f"{table.id}.{roles['previous_state']}"
        return self._broken("value.chain", table, rows, "ended or previous is distinct from led", about, place, where)

    def _first_state(
        self, table: TablePlan, owner: str, roles: Mapping[str, str], where: Mapping[str, Any]
    ) -> Iterator[Result]:
        """The first state of each row of the parent begins when that does, or when the window opens if that is later."""
        parent, frame = self.plan.tables[str(table.parent)], self.plan.timeframe
        created = [column.name for column in parent.visible if column.role == "created"]
        begin = parent.columns.get(created[0] if created else parent.time_column or "")
        if begin is None or frame is None or begin.hidden or begin.spoils or begin.seal.nullable or parent.pk is None:
            return
        if not {begin.name, parent.pk} <= set(self.columns.get(parent.id, ())):
            return
        time, days = identifier(roles["time"]), "date" in (begin.type, table.columns[roles["time"]].type)
        rows = (
            f"select c.{identifier(str(table.pk))} as k, c.{time}::timestamp as began, greatest(p.{identifier(begin.name)}"
            f"::timestamp, make_timestamp({frame.start})) as due from {identifier(table.id)} as c "
            f"join {identifier(parent.id)} as p on p.{identifier(parent.pk)} = c.{identifier(owner)} "
            f"where c.{identifier(roles['previous_state'])} is null"
        )
        apart = "began::date <> due::date" if days else "abs(epoch_us(began) - epoch_us(due)) >= 1000000"
        about = f"the first state of a row of {parent.id} begins at its {begin.name}"
        yield self._broken("value.chain", table, rows, apart, about, f"{table.id}.{roles['time']}", where)

    def _stages_before(
        self,
        table: TablePlan,
        owner: str,
        roles: Mapping[str, str],
        written: Mapping[str, Any],
        where: Mapping[str, Any],
    ) -> Iterator[Result]:
        """Whoever reaches a stage has reached the last one before it that nobody skips.

        Of passages that began before the window the first stages are not written: only those of parents that were created
        inside it are looked at.
        """
        stages = written["stages"]
        parent, frame = self.plan.tables[str(table.parent)], self.plan.timeframe
        created = [column for column in parent.visible if column.role == "created"]
        if "stage" not in roles or frame is None or written.get("start") is not None or parent.pk is None:
            return
        if created and not {created[0].name, parent.pk} <= set(self.columns.get(parent.id, ())):
            return
        if (created and created[0].spoils) or (not created and self._begins(parent)):
            return
        names = [str(one.get("stage_name")) for one in stages]
        needed: dict[str, str] = {}
        for place in range(1, len(names)):
            before = [one for one in range(place) if not stages[one].get("skip_rate")]
            if before:
                needed[names[place]] = names[before[-1]]
        cases = " ".join(f"when {literal(name)} then {literal(other)}" for name, other in needed.items())
        if not needed:
            return
        stage = f"c.{identifier(roles['stage'])}::varchar"
        passage = ", ".join("c." + identifier(one) for one in (owner, roles.get("journey")) if one is not None)
        join = (
            f" join {identifier(parent.id)} as p on p.{identifier(parent.pk)} = c.{identifier(owner)} "
            f"and p.{identifier(created[0].name)}::timestamp >= make_timestamp({frame.start})"
            if created
            else ""
        )
        rows = (
            f"select c.{identifier(str(table.pk))} as k, case {stage} {cases} end as needed, "
            f"list({stage}) over (partition by {passage}) as reached from {identifier(table.id)} as c{join}"
        )
        about = f"every stage of {table.id} is reached after the one before it"
        condition = "needed is not null and not list_contains(reached, needed)"
        yield self._broken("value.stage_order", table, rows, condition, about, f"{table.id}.{roles['stage']}", where)

    def _begins(self, parent: TablePlan) -> bool:
        """Whether passages may begin before the window: with a time of the parent, or of a table above it."""
        while True:
            if any(column.role == "created" for column in parent.columns.values()) or parent.time_column is not None:
                return True
            if parent.parent is None:
                return False
            parent = self.plan.tables[parent.parent]

    def _stages(self, table: TablePlan, owner: str, roles: Mapping[str, str], where: Mapping[str, Any]) -> Result:
        """No stage is reached before an earlier one."""
        time, index = identifier(roles["time"]), identifier(roles["stage_index"])
        passage = ", ".join(identifier(one) for one in (owner, roles.get("journey")) if one is not None)
        rows = (
            f"select {identifier(str(table.pk))} as k, {time} as reached, lag({time}) over (partition by {passage} "
            f"order by {index}, {time}) as earlier from {identifier(table.id)}"
        )
        about = f"no stage of {table.id} is reached before an earlier one"
        return self._broken(
            "value.stage_order", table, rows, "reached < earlier", about, f"{table.id}.{roles['time']}", where
        )

    def _broken(
        self, code: str, table: TablePlan, rows: str, condition: str, about: str, place: str, where: Mapping[str, Any]
    ) -> Result:
        row = row_of(self.database, f"select count(*) filter (where {condition}), count(*) from ({rows})")
        examples: tuple[str, ...] = ()
        if row[0] and self.examples:
            query = f"select k from ({rows}) where {condition} order by k limit {self.examples}"
            examples = tuple(f"{table.pk} {one}" for (one,) in self.database.execute(query).fetchall())
        return ruled(code, "constraints", place, about, broken=row[0], rows=row[1], examples=examples, where=where)

    def _pk(self, table: str) -> tuple[str, str | None]:
        return table, self.plan.tables[table].pk
