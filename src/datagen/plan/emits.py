"""Streams: every emit becomes a hidden table below its source, and the stream a table that puts their rows in order.

What an emit says of its rows (`at`, columns) are columns of that hidden table whose names are read in the source's row.
Nothing behind this step knows of emits: generators, lookups, fan-outs and refusals are those of any table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datagen.errors import Finding, did_you_mean, listed, quoted
from datagen.plan.sorted_emits import Group, groups_of, tree_of, with_pieces
from datagen.schema.expand_reading import carry, rewritten, without
from datagen.schema.tree import Document, Map, Mark, Seq

EMIT = "emit"  # the kind of the hidden tables
BETWEEN = ":"  # in their names, which no user's table can have
NO_SOURCE = ("derived", "stream", "graph")
COUNTING = ("when", "probability", "fill_to", "share")


def with_emits(document: Document) -> tuple[Document, list[Finding]]:
    """The canonical tree with the hidden tables of its streams, and what is wrong with the streams."""
    nodes = document.root.get("nodes")
    if not isinstance(nodes, Seq) or not any(_is_stream(node) for node in nodes):
        return document, []
    findings: list[Finding] = []
    tables = {str(node["id"]).lower(): node for node in nodes if isinstance(node, Map) and "id" in node}
    made = Seq(nodes.mark)
    for place, node in enumerate(nodes):
        if not _is_stream(node):
            made.add(node, mark=nodes.item_marks[place])
            continue
        lowered = _Stream(document, ("nodes", place), node, tables, findings).lowered()
        for one in lowered:
            made.add(one, mark=nodes.item_marks[place])
    root = rewritten(document.root, {"nodes": lambda *_: made})
    return Document(root, document.path, document.text), findings


def _is_stream(node: Any) -> bool:
    return isinstance(node, Map) and node.get("kind") == "stream"


@dataclass(slots=True)
class _Stream:
    """One stream being lowered."""

    document: Document
    loc: tuple[str | int, ...]
    node: Map
    tables: Mapping[str, Map]
    findings: list[Finding]

    def refuse(self, code: str, *steps: str | int, key: bool = False, **facts: Any) -> None:
        self.findings.append(self.document.finding(code, (*self.loc, *steps), key=key, **facts))

    def lowered(self) -> list[Map]:
        """The stream and the tables of its emits; the stream alone after a refusal."""
        before = len(self.findings)
        columns = [column for column in self.node.get("columns") or () if isinstance(column, Map)]
        if not columns:
            self.refuse(
                "stream.no_columns",
                found=f"stream {self.node['id']} without columns",
                expected="its columns by name, such as columns: {event_id: {}, user_id: {}, at: {type: datetime, role: time}}",
            )
        emits = [emit for emit in self.node.get("emits") or () if isinstance(emit, Map)]
        if not emits:
            self.refuse(
                "stream.no_emits",
                found=f"stream {self.node['id']} without emits",
                expected="emits: [{of: table, at: …}]",
            )
        sources = [self._source(place, emit) for place, emit in enumerate(emits)]
        known = [one for one in sources if one is not None]
        groups = self._groups(known) if len(known) == len(sources) and known else []
        key = self._key(columns, emits, known)
        own = [column for column in columns if column is not key and "generator" not in column]
        time = self._time(own)
        order = self._order(columns, own, key, groups, time)
        codes = {
            "parents": "stream.parents", "fanout": "stream.fanout", "rows": "stream.rows", "modifiers": "stream.modifiers",
        }  # fmt: skip
        for step, code in codes.items():
            if step in self.node:
                self.refuse(
                    code,
                    step,
                    key=True,
                    found=f"{step} on stream {self.node['id']}",
                    expected=f"no {step}: its rows are those of its emits",
                    hint="an effect may stand under multipliers in the fanout of an emit"
                    if step == "modifiers"
                    else "",
                )
        ids: dict[str, int] = {}
        made: list[Map] = []
        spec: list[dict[str, Any]] = []
        for place, emit in enumerate(emits):
            source = sources[place]
            name = self._id(place, emit, ids)
            if source is None or not groups or time is None or name is None:
                continue
            node, columns_of = self._emit(place, emit, source, name, own, time)
            made.append(node)
            spec.append({"table": node["id"], "source": source["id"], "columns": columns_of})
        if len(self.findings) > before or not groups or time is None:
            return [self._with(_columns_only(self.node), None, None, None)]
        if self._sorts(groups):
            return [*with_pieces(self.node, key, groups, spec, order, str(time["name"])), *made]
        facts = {"emits": spec, "order_by": order, "time": time["name"]}
        return [self._with(self.node, groups[0].owner, key, facts), *made]

    def _with(self, node: Map, owner: Map | None, key: Map | None, spec: Any) -> Map:
        """The stream as a table below its owner."""
        result = Map(node.mark)
        for name, value in node.items():
            if name not in ("emits", "order_by", "columns"):
                carry(result, node, name, value)
        result.put("columns", node["columns"] if key is None else _with_rank(node["columns"], key))
        if key is not None:
            result.put("pk", key["name"])
        if owner is not None:
            parents = Seq(node.mark)
            parents.add(owner["id"], mark=node.mark)
            result.put("parents", parents)
        if spec is not None:
            result.put("stream", tree_of(spec, node.mark))
        return result

    def _source(self, place: int, emit: Map) -> Map | None:
        name = str(emit.get("of", ""))
        found = self.tables.get(name.lower())
        if found is None or found.get("kind") in NO_SOURCE:
            usable = [str(node["id"]) for node in self.tables.values() if node.get("kind") not in NO_SOURCE]
            self.refuse(
                "ref.unknown_table" if found is None else "stream.source",
                "emits",
                place,
                "of",
                found=quoted(name) if found is None else f"{found['id']}, a {found['kind']} table",
                expected=f"a table whose rows emit: {listed(usable, most=20)}",
                hint=did_you_mean(name, usable) if found is None else "",
            )
            return None
        return found

    def _chain(self, table: Map) -> list[Map]:
        """A table and its driving parents upwards."""
        found = [table]
        while True:
            parents = found[-1].get("parents") or ()
            above = self.tables.get(str(parents[0]).lower()) if parents else None
            if above is None or above in found:
                return found
            found.append(above)

    def _groups(self, sources: list[Map]) -> list[Group]:
        """The tables in whose rows the events are put in order: one whose key `order_by` begins with, or those at the top."""
        chains, written = [self._chain(source) for source in sources], self._order_names()
        shared = [one for one in chains[0] if all(any(one is other for other in chain) for chain in chains)]
        every = tuple(str(source["id"]) for source in sources)
        for one in shared:
            if not written or str(one.get("pk", "")).lower() == written[0].lower():
                return [Group(one, every)]
        if not written:
            roots = list(dict.fromkeys(str(chain[-1]["id"]) for chain in chains))
            self.refuse(
                "stream.no_owner",
                "emits",
                key=True,
                found=f"sources below {listed(roots)}, which share no table above them, and no order_by",
                expected="order_by: the columns that put all events in one order",
                hint="order_by: [event_time], with the name of the stream's time",
            )
            return []
        return groups_of(chains)

    def _sorts(self, groups: list[Group]) -> bool:
        """Whether the events are put in order at the end, all of them together."""
        written = self._order_names()
        return bool(written) and (
            len(groups) > 1
            or written[0].lower() not in (str(one.get("pk", "")).lower() for one in self._shared(groups))
        )

    def _shared(self, groups: list[Group]) -> list[Map]:
        """The tables that all sources are or are below, where there are any, nearest first."""
        chains = [self._chain(self.tables[name.lower()]) for group in groups for name in group.sources]
        return [one for one in chains[0] if all(any(one is other for other in chain) for chain in chains)]

    def _order_names(self) -> list[str]:
        written = self.node.get("order_by")
        return [written] if isinstance(written, str) else [str(one) for one in written or ()]

    def _order(
        self, columns: list[Map], own: list[Map], key: Map | None, groups: list[Group], time: Map | None
    ) -> list[str]:
        """The columns that put the rows in order: of one owner, or all of them."""
        if not groups or time is None:
            return []
        sorts, written = self._sorts(groups), self._order_names()
        able = [column for column in columns if column is not key] if sorts else own
        names = {str(column["name"]).lower(): str(column["name"]) for column in able}
        first = 0 if sorts else 1
        found = [names.get(name.lower()) for name in written]
        for place in range(first, len(written)):
            if found[place] is None:
                rank = key is not None and written[place].lower() == str(key["name"]).lower()
                self.refuse(
                    "stream.order" if rank else "ref.unknown_column",
                    "order_by",
                    *((place,) if isinstance(self.node.get("order_by"), list) else ()),
                    found=f"{written[place]}, the rank that the order gives" if rank else quoted(written[place]),
                    expected=f"{'columns of the stream' if sorts else 'a column that its emits fill'}: "
                    f"{listed(tuple(names.values()))}",
                    hint="" if rank else did_you_mean(written[place], names.values()),
                )
        return [name for name in found[first:] if name is not None] or [str(time["name"])]

    def _key(self, columns: list[Map], emits: list[Map], sources: list[Map]) -> Map | None:
        """The column of the rank: as named, else the first of the stream if nobody fills it."""
        wanted = str(self.node.get("pk") or f"{self.node['id']}_id").lower()
        named = next((one for one in columns if str(one.get("name", "")).lower() == wanted), None)
        if named is not None or "pk" in self.node:
            return named
        given = {"event_type", *(name.lower() for emit in emits for name in emit.get("columns") or ())}
        open_ = [
            one
            for one in columns
            if "generator" not in one
            and one.get("role") != "time"
            and one.get("type") not in ("datetime", "date")
            and str(one.get("name", "")).lower() not in given
            and all(self._inherited(source, str(one.get("name"))) is None for source in sources)
        ]
        return open_[0] if open_ and open_[0] is columns[0] else None

    def _time(self, own: list[Map]) -> Map | None:
        """The column that `at` fills: with role time, else the first one of type datetime."""
        found = [one for one in own if one.get("role") == "time"] or [
            one for one in own if one.get("type") == "datetime"
        ]
        if not found and own:
            self.refuse(
                "stream.no_time",
                "columns",
                key=True,
                found=f"no column of stream {self.node['id']} for the time of its events",
                expected="a column with role: time",
            )
        return found[0] if found else None

    def _id(self, place: int, emit: Map, ids: dict[str, int]) -> str | None:
        kind = emit.get("event_type")
        name = emit.get("id") or "_".join([str(emit.get("of", "")), *([kind] if isinstance(kind, str) else [])])
        name = str(name).replace(".", "·")  # names of tables have no points
        if name.lower() in ids:
            self.refuse(
                "stream.same_id",
                "emits",
                place,
                *(("id",) if "id" in emit else ()),
                found=f"two emits called {quoted(name)}",
                expected="an id of its own for each: draws are told apart by it",
                hint="id: another_name",
            )
            return None
        ids[name.lower()] = place
        return name

    def _emit(
        self, place: int, emit: Map, source: Map, name: str, own: list[Map], time: Map
    ) -> tuple[Map, dict[str, list[Any] | None]]:
        """The hidden table of one emit, and where the stream's columns come from: own, constant, or a table above."""
        node = Map(emit.mark)
        node.put("id", f"{self.node['id']}{BETWEEN}{name}")
        node.put("kind", EMIT)
        node.put("hidden", True)
        parents = Seq(emit.mark)
        parents.add(source["id"], mark=emit.value_marks.get("of"))
        node.put("parents", parents)
        if "fanout" in emit:
            carry(node, emit, "fanout")
        columns, given = Seq(emit.mark), self._given(place, emit, own, time)
        found: dict[str, list[Any] | None] = {}
        for column in own:
            column_name = str(column["name"])
            if column_name not in given:
                found[column_name] = self._inherited(source, column_name)
                if column is time:
                    columns.add(_emit_column(column, emit.mark, role="time"))
                    found[column_name] = ["own"]
                continue
            value, mark = given[column_name]
            constant = not isinstance(value, Map) and (
                not isinstance(value, str) or column_name == self._kind_name(own)
            )
            if constant:
                found[column_name] = ["constant", value]
                continue
            columns.add(_emit_column(column, mark, **_made_by(value, mark)), mark=mark)
            found[column_name] = ["own"]
        node.put("columns", columns)
        node.put(EMIT, _part_of(emit, COUNTING))
        return node, found

    def _given(self, place: int, emit: Map, own: list[Map], time: Map) -> dict[str, tuple[Any, Mark]]:
        """What an emit says of the stream's columns."""
        names = {str(column["name"]).lower(): str(column["name"]) for column in own}
        given: dict[str, tuple[Any, Mark]] = {}
        if emit.get("at") is not None:
            given[str(time["name"])] = (emit["at"], emit.value_marks["at"])
        kind = self._kind_name(own)
        if emit.get("event_type") is not None:
            if kind is None:
                self.refuse(
                    "stream.no_type",
                    "emits",
                    place,
                    "event_type",
                    key=True,
                    found=f"event_type in an emit, and no column event_type in {self.node['id']}",
                    expected="a column event_type in the stream",
                )
            else:
                given[kind] = (emit["event_type"], emit.value_marks["event_type"])
        written = emit.get("columns")
        written = written if isinstance(written, Map) else Map(emit.mark)
        for name in written:
            known = names.get(name.lower())
            if known is None:
                self.refuse(
                    "ref.unknown_column",
                    "emits",
                    place,
                    "columns",
                    name,
                    key=True,
                    found=f"'{name}'",
                    expected=f"a column that the emits of {self.node['id']} fill: {listed(tuple(names.values()))}",
                    hint=did_you_mean(name, names.values()),
                )
                continue
            given[known] = (written[name], written.value_marks[name])
        return given

    def _kind_name(self, own: list[Map]) -> str | None:
        return next((str(one["name"]) for one in own if str(one["name"]).lower() == "event_type"), None)

    def _inherited(self, source: Map, name: str) -> list[Any] | None:
        """The column of that name in the source or above it."""
        for table in self._chain(source):
            for column in table.get("columns") or ():
                if str(column.get("name", "")).lower() == name.lower():
                    return ["above", table["id"], column["name"]]
        return None


def _columns_only(node: Map) -> Map:
    """A stream that was refused, as a table without columns, so that what names it is not refused too."""
    result = _part_of(node, ("id", "kind", "hidden"))
    result.put("columns", Seq(node.mark))
    return result


def _with_rank(columns: Seq, key: Map) -> Seq:
    """The columns, the key among them as the rank of the row."""
    result = Seq(columns.mark)
    for place, column in enumerate(columns):
        if column is key and "generator" not in key:
            ranked = without(key, ())
            ranked.put("generator", tree_of({"sequence": {}}, key.mark))
            column = ranked
        result.add(column, mark=columns.item_marks[place])
    return result


def _emit_column(column: Map, mark: Mark, **keys: Any) -> Map:
    """A column of an emit's table: the stream's, with another generator."""
    result = Map(mark)
    result.put("name", column["name"])
    for key in ("type", "decimals", "precision"):
        if key in column:
            carry(result, column, key)
    if column.get("role") == "measure":
        carry(result, column, "role")
    result.put("nullable", True)
    for key, value in keys.items():
        result.put(key, value)
    return result


def _made_by(value: Any, mark: Mark) -> dict[str, Any]:
    """The generator of an emit's value, and the modifiers beside it."""
    if isinstance(value, Map) and "modifiers" in value:
        return {"generator": value["generator"], "modifiers": value["modifiers"]}
    return {"generator": value if isinstance(value, Map) else tree_of({"expression": {"code": value}}, mark)}


def _part_of(source: Map, keys: tuple[str, ...]) -> Map:
    result = Map(source.mark)
    for key in keys:
        if source.get(key) is not None:
            carry(result, source, key)
    return result
