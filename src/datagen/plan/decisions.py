"""What a plan settles where a document is silent: every default that it takes, in plain sentences with the place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datagen.errors import listed
from datagen.packs.locales import DEFAULT_LOCALE
from datagen.plan.model import Plan, TablePlan
from datagen.plan.told import told_tables
from datagen.schema.expand_processes import PROCESS_KEYS
from datagen.schema.tree import Document, Mark

DEFAULT_SEED = 42
WHY = {
    "entity": "it has no parents", "fact": "it has parents", "vocab": "its rows are listed", "derived": "SQL makes it",
    "stream": "it has emits", "graph": "it has edges",
}  # fmt: skip
Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One default that was taken: what, and where the document could have said otherwise."""

    text: str
    place: str

    def __str__(self) -> str:
        return f"{self.text} ({self.place})" if self.place else self.text


def decisions(plan: Plan, document: Document) -> tuple[Decision, ...]:
    """The defaults of a plan, in the order of the document, each once. document: canonical."""
    found: dict[str, Decision] = {}
    for one in _decided(plan, document):
        found.setdefault(one.text, one)
    return tuple(found.values())


def not_applied(plan: Plan) -> tuple[Decision, ...]:
    """What a document says that changes nothing, or was read leniently: the warnings of its plan."""
    found: dict[str, Decision] = {}
    for one in plan.findings:
        if one.severity == "warning":
            text = f"{one.found}; {one.expected} would be right" if one.expected else one.found
            found.setdefault(text, Decision(f"{text}.", _spelled(one.json_path, one.line)))
    return tuple(found.values())


def _spelled(json_path: str, line: int | None) -> str:
    return ", ".join([*([json_path] if json_path else []), *([f"line {line}"] if line is not None else [])])


def _decided(plan: Plan, document: Document) -> Iterator[Decision]:
    if "seed" not in document.root and plan.seed == DEFAULT_SEED:
        yield Decision(f"The seed is {DEFAULT_SEED}: none is written.", "")
    tables = {table.id: table for table in told_tables(plan)}
    for place, node in enumerate(document.root.get("nodes") or ()):
        loc: Loc = ("nodes", place)
        mark = document.place(loc)
        where = _spelled(mark.json_path, mark.line)
        for text in (*_of_node(document, node, loc, mark), *_of_columns(document, node, loc)):
            yield Decision(text, where)
        if (table := tables.get(node["id"])) is not None:
            for text in _of_plan(document, table, node, loc):
                yield Decision(text, where)


def _inferred(document: Document, loc: Loc, key: str, node: Mapping[str, Any], mark: Mark) -> bool:
    """Whether a key of a node was put there by expansion: then it has the place of the node."""
    return node.get(key) is not None and document.place((*loc, key)).json_path == mark.json_path


def _of_node(document: Document, node: Mapping[str, Any], loc: Loc, mark: Mark) -> Iterator[str]:
    name, parents = node["id"], list(node.get("parents") or ())
    if _inferred(document, loc, "kind", node, mark):
        yield f"{name} is of kind {node['kind']}: {WHY[node['kind']]}."
    if node.get("kind") != "vocab" and _inferred(document, loc, "rows", node, mark):
        yield f"{name} has {node['rows']:,} rows: no number is written."
    if len(parents) > 1:
        yield f"{parents[0]} drives {name}, as the first of its parents; of {listed(parents[1:])} rows are looked up."
    silent = all(node.get(key) is None for key in ("fanout", "each", "rows", "emits", *PROCESS_KEYS))
    if parents and node.get("kind") == "fact" and silent:
        yield f"Every row of {parents[0]} has one row of {name}: no fanout is written."
    if node.get("kind") == "stream" and not node.get("order_by"):
        yield f"{name} is ordered inside the rows of the nearest table above all of its sources, by time: no order_by is written."


def _of_columns(document: Document, node: Mapping[str, Any], loc: Loc) -> Iterator[str]:
    """Columns that expansion has added, the inferred key, and texts without a locale."""
    name, key, mark = node["id"], node.get("pk"), document.place(loc)
    columns = {column["name"]: column for column in node.get("columns") or () if isinstance(column, Mapping)}
    paths = {one: document.place((*loc, "columns", place)).json_path for place, one in enumerate(columns)}
    added = [one for one, path in paths.items() if ".columns" not in path and ".data" not in path]
    references = {one: found for one in added if one != key and (found := _reference(columns[one])) is not None}
    if key in added:
        yield f"{name} gets the key {key}, which counts up from 1."
    elif key is not None and _inferred(document, loc, "pk", node, mark):
        yield f"{key} is the key of {name}: no pk is written."
    for one, goal in references.items():
        yield f"{name} gets the reference {one} to {goal}."
    others = [one for one in added if one != key and one not in references]
    if others:
        process = next((key for key in PROCESS_KEYS if node.get(key) is not None), None)
        yield f"{name} gets {listed(others, most=20)}" + (f", which {process} fills." if process else ".")
    texts = [one for one, column in columns.items() if _without_locale(column)]
    if texts:
        told = listed(texts, most=20)
        yield f"Texts of {name} are of {DEFAULT_LOCALE}, or of the row's name, where no locale is written: {told}."


def _reference(column: Mapping[str, Any]) -> str | None:
    """The table into which a lookup looks."""
    lookup = (column.get("generator") or {}).get("lookup")
    return str(lookup.get("from")).split(".")[0] if isinstance(lookup, Mapping) else None


def _without_locale(column: Mapping[str, Any]) -> bool:
    faker = (column.get("generator") or {}).get("faker")
    return isinstance(faker, Mapping) and faker.get("locale") is None and faker.get("locale_from") is None


def _of_plan(document: Document, table: TablePlan, node: Mapping[str, Any], loc: Loc) -> Iterator[str]:
    """What only the bound columns tell: their types, the row's time, columns that a process fills by their name."""
    written = {column["name"]: column for column in node.get("columns") or () if isinstance(column, Mapping)}
    typed = [f"{name} {table.columns[name].written_type}" for name, spec in written.items()
             if name in table.columns and spec.get("type") is None]  # fmt: skip
    if typed:
        yield f"Types in {table.id} are those of their generators: {listed(typed, most=40)}."
    time = table.time_column
    if time is not None and written.get(time, {}).get("role") not in ("time", "created"):
        times = [one.name for one in table.columns.values() if one.type == "datetime" and one.name in written]
        why = f"the first of {listed(times)}" if len(times) > 1 else "the only datetime column"
        yield f"{time} is the time of a row of {table.id}: {why}."
    for column in table.columns.values():
        role = column.base.removesuffix(", from the rows")
        spec = written.get(column.name)
        if role != column.base and spec is not None and spec.get("role") is None:
            yield f"{column.name} of {table.id} is filled with the {role.replace('_', ' ')} of the row: its name says so."
