"""Tables and columns as the document alone tells them: parents, keys, fan-outs, and which keys point where."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.errors import did_you_mean, listed, quoted
from datagen.plan.emits import EMIT
from datagen.plan.graphs import settle_graphs
from datagen.plan.grids import settle_each
from datagen.plan.names import ColumnDraft, TableDraft, declared, find_table
from datagen.plan.places import add_places, is_places, places_rows
from datagen.plan.sorted_emits import KNOWN, PIECE, SORTED
from datagen.schema.counts import read_count
from datagen.schema.expand_processes import PROCESS_KEYS

FACT_ROWS = 1_000  # rows of a parentless table that names none
TIME_WORDS = ("datetime_series", "after", "ingested")  # generators that make times, whatever else is known of them
FIGURES = frozenset({"rollup", "siblings"})  # generators that look at other rows
# columns that a process fills without a role, by their names
FALLBACK: Mapping[str, tuple[str, ...]] = {
    "stage": ("stage_name",),
    "stage_index": ("stage_index",),
    "time": ("event_timestamp", "changed_at"),
    "state": ("state", "status"),
    "previous_state": ("previous_state",),
    "event_type": ("event_type",),
}


@dataclass(frozen=True, slots=True)
class FanoutSpec:
    """A fan-out as written: a canonical law (None: one row per parent) and the cap after it."""

    law: dict[str, Any] | None
    clamp: tuple[float | None, float | None] = (None, None)


@dataclass(slots=True)
class Drafting:
    """Everything about the tables that is known before a column is bound. All keyed by table id."""

    tables: dict[str, TableDraft] = field(default_factory=dict)
    nodes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int | None] = field(default_factory=dict)  # of roots; None for children
    fanouts: dict[str, FanoutSpec] = field(default_factory=dict)
    table_modifiers: dict[str, tuple[tuple[str, Mapping[str, Any]], ...]] = field(default_factory=dict)
    specs: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)
    derived: dict[str, tuple[Mapping[str, Any], tuple[str | int, ...]]] = field(default_factory=dict)  # node, place


def draft_tables(document: Any, refuse: Callable[..., None], *, scale: float, version_1: bool) -> Drafting:
    """Read the nodes of a canonical tree. Faults go to `refuse(code, loc, **facts)`."""
    made = Drafting()
    for place, node in enumerate(document.root.get("nodes") or []):
        if node.get("kind") in ("derived", SORTED):
            made.derived[node["id"]] = (node, ("nodes", place))  # made after all others
        if (node.get("kind") == "derived") != (node.get("sql") is not None):
            refuse(
                "derived.no_sql",
                ("nodes", place) if node.get("sql") is None else ("nodes", place, "sql"),
                found=f"{node['id']}, a derived table without sql"
                if node.get("sql") is None
                else f"sql on {node['id']}, which is no derived table",
                expected="kind: derived with sql",
            )
        if node.get("kind") not in ("derived", SORTED):
            _draft_table(made, node, ("nodes", place), refuse)
    add_places(made, document.root)
    for table in made.tables.values():
        _settle_parents(made, table, refuse, version_1)
    _refuse_parent_loops(made, refuse)
    settle_each(made, refuse)
    for table in made.tables.values():
        made.rows[table.id] = _rows(made, table, refuse, scale)
        made.fanouts[table.id] = _fanout(made, table, refuse)
        _check_pk(made, table, refuse)
    settle_graphs(made, refuse, scale)
    _point(made)
    return made


def _filled_by_name(node: Mapping[str, Any], spec: Mapping[str, Any]) -> bool:
    """Whether a column without a role has a name that processes fill."""
    named = str(spec.get("name")).lower() in {name for names in FALLBACK.values() for name in names}
    return named and any(node.get(key) is not None for key in PROCESS_KEYS)


def _draft_table(
    made: Drafting, node: Mapping[str, Any], loc: tuple[str | int, ...], refuse: Callable[..., None]
) -> None:
    table = TableDraft(
        node["id"], node.get("pk"), None, loc, emits=node.get("kind") == EMIT, piece=node.get(PIECE),
        known=node.get(KNOWN),
    )  # fmt: skip
    made.tables[table.id] = table
    made.nodes[table.id] = node
    made.kinds[table.id] = node.get("kind") or "entity"
    made.table_modifiers[table.id] = _modifiers(node)
    for place, spec in enumerate(node.get("columns") or []):
        at = (*loc, "columns", place)
        generator = spec.get("generator") or {}
        filled = spec.get("role") is not None or _filled_by_name(node, spec) or node.get("kind") == "stream"
        if not generator and filled:
            # its row maker fills it, or nobody does
            column = ColumnDraft(
                table.id, spec["name"], "process", {}, at, _modifiers(spec), spec.get("type"), spec.get("role")
            )
            table.columns[column.name] = column
            made.specs[table.id, column.name] = spec
            continue
        if not generator:
            refuse(
                "column.no_generator",
                at,
                found=f"{spec.get('name')} without a generator",
                expected="a generator, such as choice, distribution or lookup",
            )
            continue
        word, params = next(iter(generator.items()))
        if not isinstance(params, Mapping):
            refuse(
                "generator.no_params",
                (*at, "generator", word),
                found=f"{word}: {params!r}",
                expected=f"the parameters of {word} as an object",
            )
            continue
        column = ColumnDraft(
            table.id, spec["name"], word, params, at, _modifiers(spec), spec.get("type"), spec.get("role")
        )
        table.columns[column.name] = column
        made.specs[table.id, column.name] = spec


def _modifiers(spec: Mapping[str, Any]) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    return tuple((modifier["transform"], modifier.get("args") or {}) for modifier in spec.get("modifiers") or [])


def _settle_parents(made: Drafting, table: TableDraft, refuse: Callable[..., None], version_1: bool) -> None:
    """The driving parent, and whether the other parents are looked up at all."""
    parents = made.nodes[table.id].get("parents") or []
    for place, name in enumerate(parents):
        parent = find_table(made.tables, name)
        at = (*table.loc, "parents", place)
        if parent is None:
            refuse(
                "ref.unknown_table",
                at,
                found=f"'{name}'",
                expected=f"a table: {listed(declared(made.tables))}",
                hint=did_you_mean(name, made.tables),
            )
        elif parent.piece is not None:
            refuse(
                "derived.read",
                at,
                found=f"'{name}': {parent.piece} is put in order after all other tables",
                expected="a table whose rows are made",
                hint="rows below the sources of its events, or an order_by that begins with the key of a table above all of them",
            )
        elif parent is table:
            refuse(
                "parents.itself",
                at,
                found=f"{table.id} as its own parent",
                expected="another table",
                hint=f"for a key into the own table use lookup from: {table.id}.{table.pk}",
            )
        elif place == 0:
            table.parent = parent.id
        else:
            looked_up = any(
                word == "lookup" and str(params.get("from", "")).lower().startswith(f"{parent.id.lower()}.")
                for column in table.columns.values()
                for word, params in column.makers
            )
            if not looked_up:
                refuse(
                    "parents.unused",
                    at,
                    found=f"parent {parent.id} that no column of {table.id} looks up",
                    expected=f"a column with lookup from: {parent.id}.{parent.pk}",
                    hint=f"add {{ref: {parent.id}}}, or take {parent.id} out of parents",
                    severity="warning" if version_1 else "error",
                )


def _refuse_parent_loops(made: Drafting, refuse: Callable[..., None]) -> None:
    told: set[str] = set()
    for table in made.tables.values():
        way = [table.id]
        step = table.parent
        while step is not None and step not in way:
            way.append(step)
            step = made.tables[step].parent
        if step is not None and not told & set(way):
            loop = [*way[way.index(step) :], step]
            told.update(loop)
            refuse(
                "parents.loop",
                (*made.tables[loop[0]].loc, "parents"),
                found=" -> ".join(loop),
                expected="driving parents that do not come back to the same table",
                hint="make one of them a lookup of an independent table",
            )
            made.tables[loop[0]].parent = None


def _rows(made: Drafting, table: TableDraft, refuse: Callable[..., None], scale: float) -> int | None:
    node = made.nodes[table.id]
    written = node.get("rows")
    at = (*table.loc, "rows")
    if is_places(table):
        return places_rows()
    if table.parent is not None:
        if written is not None:
            refuse(
                "rows.of_a_child",
                at,
                found=f"rows on {table.id}, whose rows come from its parent {table.parent}",
                expected="rows or parents, not both",
                hint="use fanout for rows per parent",
            )
        for column in table.columns.values():
            if column.word == "enum_list":
                refuse(
                    "enum_list.of_a_child",
                    (*column.loc, "generator", "enum_list"),
                    found=f"a list of values in {table.id}, whose rows come from its parent {table.parent}",
                    expected="enum_list in a table without parents, a row per value",
                    hint="choice takes one of a list",
                )
        return None
    values = [column.params.get("values") for column in table.columns.values() if column.word == "enum_list"]
    lists = [len(one) for one in values if isinstance(one, list)]
    if len(lists) < len(values):
        return 0  # the parameters of the column are refused
    if lists:
        if len(set(lists)) > 1:
            refuse(
                "enum_list.lengths",
                (*table.loc, "columns"),
                found=f"lists of {', '.join(map(str, lists))} values in one table",
                expected="lists of one length",
            )
        if written is not None and read_count(written) != lists[0]:
            refuse(
                "enum_list.rows",
                at,
                found=f"{written} rows for {lists[0]} listed values",
                expected="no rows: the list gives them",
            )
        return lists[0]
    if made.kinds[table.id] == "vocab" and written is None:
        refuse(
            "vocab.no_values",
            table.loc,
            found=f"vocab {table.id} without enum_list, data or rows",
            expected="the values of the vocabulary",
        )
    if node.get("fanout") is not None and not node.get("parents"):  # parents that are no tables are refused as such
        refuse(
            "fanout.no_parent",
            (*table.loc, "fanout"),
            key=True,
            found=f"a fanout on {table.id}, which has no parent",
            expected="parents: [table], or rows",
        )
    if isinstance(written, Mapping):
        return 0  # arrivals in time: counted when their rate is known
    rows = FACT_ROWS if written is None else read_count(written)
    if rows is None:
        return 0  # the model has said that it is no count
    if scale != 1.0 and rows:
        rows = max(1, round(rows * scale))
    return rows


def _fanout(made: Drafting, table: TableDraft, refuse: Callable[..., None]) -> FanoutSpec:
    spec = made.nodes[table.id].get("fanout")
    if spec is None or table.parent is None:
        return FanoutSpec(None)
    at = (*table.loc, "fanout")
    law = {key: spec[key] for key in ("type", "params", "truncate", "keep_mean", "by") if spec.get(key) is not None}
    clamp = spec.get("clamp") or (None, None)
    for place, end in enumerate(clamp):
        if isinstance(end, str):
            expected = "a number of rows, or null for no end"
            refuse("language.wrong_type", (*at, "clamp", place), found=f"string {quoted(end)}", expected=expected)
            clamp = (None, None)
    for place, end in enumerate(clamp):
        if isinstance(end, float) and not end.is_integer():
            expected = f"a whole number of rows, such as {round(end)}"
            refuse("fanout.clamp_fraction", (*at, "clamp", place), found=f"{end:g} rows", expected=expected)
    if "type" not in law and "by" in law:
        return FanoutSpec(law, (clamp[0], clamp[1]))  # each branch has a law of its own, or is refused for having none
    if "type" not in law and any(spec.get(key) is not None for key in ("every", "each", "total", "mean")):
        return FanoutSpec(None, (clamp[0], clamp[1]))
    if "type" not in law:
        refuse(
            "fanout.no_law",
            at,
            key=True,
            found="a fanout without a law",
            expected="rows per parent, such as {poisson: 3} or 2..5",
        )
        return FanoutSpec(None)
    return FanoutSpec({"params": {}, **law}, (clamp[0], clamp[1]))


def _check_pk(made: Drafting, table: TableDraft, refuse: Callable[..., None]) -> None:
    if table.pk is None:
        return
    column = table.column(table.pk)
    if column is None:
        refuse(
            "pk.unknown_column",
            (*table.loc, "pk"),
            found=f"'{table.pk}'",
            expected=f"a column of {table.id}: {listed(tuple(table.columns))}",
            hint=did_you_mean(table.pk, table.columns),
        )
        table.pk = None
        return
    table.pk = column.name
    spec = made.specs[table.id, column.name]
    for key in ("nullable", "when"):
        if spec.get(key):
            refuse(
                "pk.nullable",
                (*column.loc, key),
                found=f"a primary key {column.name} that may be null",
                expected="a value in every row of a key",
                hint=f"leave out `{key}`, or make another column the key",
            )


def _point(made: Drafting) -> None:
    """Which columns are keys: lookups without `on`, choices of another column, and copies of such columns along a key.

    A key that a modifier changes is a value like any other."""
    columns = [column for table in made.tables.values() for column in table.columns.values()]
    for _ in range(len(columns) + 1):
        changed = False
        for column in columns:
            if column.points_to is None:
                column.points_to = _points_to(made, column)
                changed = changed or column.points_to is not None
        if not changed:
            return


def _points_to(made: Drafting, column: ColumnDraft) -> tuple[str, str] | None:
    """What the column is a key of: every generator that makes it must point there."""
    if column.modifiers:
        return None
    targets = {_target(made, column.table, word, params) for word, params in column.makers}
    return next(iter(targets)) if len(targets) == 1 else None


def _target(made: Drafting, home: str, word: str, params: Mapping[str, Any]) -> tuple[str, str] | None:
    reference = {"lookup": params.get("from"), "choice": params.get("choices_ref")}.get(word)
    if not isinstance(reference, str):
        return None
    head, _, tail = reference.partition(".")
    table = find_table(made.tables, head)
    target = table.column(tail) if table is not None and tail else None
    if target is None:
        return None
    if params.get("on") is not None:
        return target.points_to  # a copied key points where the copied one does
    if word == "lookup" and params.get("else") is not None:
        # another value in its place: still a key where that is the same key
        own = made.tables[home].column(str(params["else"]))
        return (target.table, target.name) if own and own.points_to == (target.table, target.name) else None
    return target.table, target.name


def time_column_of(table: TableDraft) -> str | None:
    """The row's time when none is named: the column with role time, else the first datetime column."""
    for column in table.columns.values():
        if column.role == "time":
            return column.name
    for column in table.columns.values():
        if column.process == "time":  # told by its name, in old documents
            return column.name
    for column in table.columns.values():
        if any(word in FIGURES for word, _ in column.makers):
            continue  # a time of other rows
        told = column.known_type is None and any(word in TIME_WORDS for word, _ in column.makers)
        if column.known_type == "datetime" or told:
            return column.name
    return None
