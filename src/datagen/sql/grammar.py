"""What SQL of a document may say: one SELECT over its tables, without files, settings, clock or chance, in a stated order.

The text is read by DuckDB's own parser, so that what is checked is what runs. Every part of the tree must be known here;
what is not known is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from datagen.errors import did_you_mean, listed
from datagen.sql.functions import (
    AGGREGATES,
    AMBIENT,
    CHANCE,
    CLOCK,
    FORMATTING,
    LENGTHENING,
    MOST_LENGTH,
    ORDERED,
    SCALAR,
    TABLE_FUNCTIONS,
    TIED,
    TYPES,
    WINDOWS,
    words,
)

QUERIES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
SOURCES = frozenset({"BASE_TABLE", "JOIN", "SUBQUERY", "TABLE_FUNCTION", "EXPRESSION_LIST", "EMPTY"})
JOINS = frozenset({"REGULAR", "NATURAL", "CROSS"})
MODIFIERS = frozenset({"ORDER_MODIFIER", "DISTINCT_MODIFIER", "LIMIT_MODIFIER"})
CLASSES = words(
    """
    COLUMN_REF CONSTANT FUNCTION CAST CASE COMPARISON CONJUNCTION OPERATOR BETWEEN STAR SUBQUERY WINDOW LAMBDA TYPE
    """
)
SAID = {  # parts that are refused, in the user's words
    "PARAMETER": "a placeholder", "POSITIONAL_REFERENCE": "a column by its place", "COLLATE": "a collation",
    "SHOW_REF": "a description of a table", "PIVOT": "a pivot", "DEFAULT": "a default", "LAMBDA_REF": "a lambda",
    "POSITIONAL": "a positional join", "ASOF": "an asof join", "LIMIT_PERCENT_MODIFIER": "a limit in percent",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an SQL text, for a finding."""

    code: str
    found: str
    expected: str = ""
    hint: str = ""

    @property
    def facts(self) -> dict[str, str]:
        return {"found": self.found, "expected": self.expected, "hint": self.hint}


@dataclass(slots=True)
class Seen:
    """What a look at a tree has found: the tables it reads (as the document spells them), and what is wrong."""

    reads: dict[str, None] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def look(tree: Any, tables: Mapping[str, str]) -> Seen:
    """Check the tree of one query. tables: of the document, by their names in lower case, as they are spelled."""
    walk = _Walk(tables)
    walk.query(tree, frozenset())
    walk.seen.faults = list(dict.fromkeys(walk.seen.faults))
    return walk.seen


def ordered(tree: Any) -> bool:
    """Whether the query as a whole has an ORDER BY."""
    return any(modifier["type"] == "ORDER_MODIFIER" and modifier["orders"] for modifier in tree["modifiers"])


def columns_named(tree: Any) -> frozenset[str] | None:
    """The names, in lower case, that columns can have which a query reads; None where it may read all of a table's.

    That is with a star, a natural join, or the name of a table that stands for its rows.
    """
    names, alone, tables = set[str](), set[str](), set[str]()
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            if node.get("class") == "STAR" or node.get("ref_type") == "NATURAL":
                return None
            if node.get("class") == "COLUMN_REF":
                parts = [part.lower() for part in node["column_names"]]
                names.update(parts)
                alone.update(parts[:1] if len(parts) == 1 else ())
            elif node.get("type") in SOURCES:
                tables |= {str(node.get(key) or "").lower() for key in ("alias", "table_name")}
            names.update(str(one).lower() for one in node.get("using_columns") or ())
            waiting += node.values()
    return None if alone & tables else frozenset(names)


def with_total_order(tree: Any, width: int) -> Any:
    """The query with all its `width` columns behind its ORDER BY: rows that still tie are the same row."""
    behind = [
        {
            "type": "ORDER_DEFAULT", "null_order": "ORDER_DEFAULT",
            "expression": {
                "class": "CONSTANT", "type": "VALUE_CONSTANT", "alias": "", "query_location": 0,
                "query_location_length": 0, "literal": {"kind": "INTEGER", "text": str(place)},
            },
        }
        for place in range(1, width + 1)
    ]  # fmt: skip
    modifiers = [
        {**modifier, "orders": [*modifier["orders"], *behind]} if modifier["type"] == "ORDER_MODIFIER" else modifier
        for modifier in tree["modifiers"]
    ]
    return {**tree, "modifiers": modifiers}


class _Walk:
    def __init__(self, tables: Mapping[str, str]) -> None:
        self.tables = tables
        self.seen = Seen()

    def refuse(self, code: str, found: str, expected: str = "", hint: str = "") -> None:
        self.seen.faults.append(Fault(code, found, expected, hint))

    def unknown(self, what: Any) -> None:
        said = SAID.get(str(what), str(what).lower().replace("_", " "))
        self.refuse("sql.not_allowed", said, "a plain SELECT over the tables of the document")

    def query(self, node: Any, names: frozenset[str]) -> None:
        """A SELECT, or several put together. names: of the common table expressions in sight."""
        if node.get("type") not in QUERIES:
            self.unknown(node.get("type"))
            return
        for entry in node["cte_map"].get("map", ()):
            names = self._common(entry, names)
        self._modifiers(node)
        for key, value in node.items():
            if key == "cte_map":
                continue
            if key in ("left", "right", "child", "query") and isinstance(value, dict):
                self.query(value, names)
            elif key == "children":
                for child in value:
                    self.query(child, names)
            elif key == "from_table":
                self.source(value, names)
            elif key == "sample" and value is not None:
                self.refuse("sql.not_allowed", "a sample of rows", "rows that the words of the query choose")
            else:
                self.parts(value, names)

    def _common(self, entry: Any, names: frozenset[str]) -> frozenset[str]:
        name = entry["key"].lower()
        if name in self.tables:
            self.refuse(
                "sql.name_taken", f"'{entry['key']}' for a common table expression", "a name that is no table",
                "a table of the document has it",
            )  # fmt: skip
        inner = entry["value"]["query_node"] if "query_node" in entry["value"] else entry["value"]["query"]["node"]
        self.query(inner, names | {name} if inner.get("type") == "RECURSIVE_CTE_NODE" else names)
        return names | {name}

    def _modifiers(self, node: Any) -> None:
        kinds = [modifier["type"] for modifier in node["modifiers"]]
        for modifier in node["modifiers"]:
            if modifier["type"] not in MODIFIERS:
                self.unknown(modifier["type"])
        chosen = any(
            modifier["type"] == "LIMIT_MODIFIER"
            or (modifier["type"] == "DISTINCT_MODIFIER" and modifier["distinct_on_targets"])
            for modifier in node["modifiers"]
        )
        if chosen and "ORDER_MODIFIER" not in kinds:
            self.refuse("sql.no_order", "rows chosen without an order", "ORDER BY beside LIMIT or DISTINCT ON")

    def source(self, node: Any, names: frozenset[str]) -> None:
        """What stands behind FROM."""
        kind = node.get("type")
        if kind not in SOURCES:
            self.unknown(kind)
            return
        if node.get("sample") is not None:
            self.refuse("sql.not_allowed", "a sample of rows", "rows that the words of the query choose")
        match kind:
            case "BASE_TABLE":
                self._table(node, names)
            case "JOIN":
                if node["ref_type"] not in JOINS:
                    self.unknown(node["ref_type"])
                self.source(node["left"], names)
                self.source(node["right"], names)
                self.parts(node.get("condition"), names)
            case "SUBQUERY":
                self.query(node["subquery"]["node"], names)
            case "TABLE_FUNCTION":
                called = node["function"]
                if called.get("class") != "FUNCTION" or called["function_name"].lower() not in TABLE_FUNCTIONS:
                    self._not_called(str(called.get("function_name", "")), "a table of the document")
                else:
                    self.parts(called["arguments"], names)
            case "EXPRESSION_LIST":
                self.parts(node["values"], names)

    def _table(self, node: Any, names: frozenset[str]) -> None:
        written = node["table_name"]
        path = [part for part in (node.get("catalog_name"), node.get("schema_name")) if part]
        if path or node.get("at_clause") is not None:
            found = f"'{'.'.join([*path, written])}'"
            self.refuse("sql.unknown_table", found, f"a table of the document: {listed(tuple(self.tables.values()))}")
            return
        if written.lower() in self.tables:
            self.seen.reads[self.tables[written.lower()]] = None
        elif written.lower() not in names:
            known = (*self.tables.values(), *sorted(names))
            self.refuse(
                "sql.unknown_table", f"'{written}'", f"a table of the document: {listed(known)}",
                did_you_mean(written, known),
            )  # fmt: skip

    def parts(self, value: Any, names: frozenset[str]) -> None:
        """Expressions, and whatever holds them."""
        if isinstance(value, list):
            for one in value:
                self.parts(one, names)
        elif isinstance(value, dict):
            if "class" in value:
                self._expression(value, names)
            else:
                for inner in value.values():
                    self.parts(inner, names)

    def _expression(self, node: Any, names: frozenset[str]) -> None:
        match node["class"]:
            case kind if kind not in CLASSES:
                self.unknown(kind)
                return
            case "SUBQUERY":
                self.query(node["subquery"]["node"], names)
                self.parts(node.get("child"), names)
                return
            case "FUNCTION":
                self._function(node)
            case "WINDOW":
                self._window(node)
            case "TYPE":
                if node["type_name"].lower() not in TYPES or node["catalog"] or node["schema"]:
                    self.refuse(
                        "sql.type", f"the type {node['type_name']}", "a number, text, date, time or truth value"
                    )
            case "COLUMN_REF":
                if len(node["column_names"]) == 1 and node["column_names"][0].lower() in AMBIENT:
                    self._not_called(node["column_names"][0].lower(), "", column=True)
        for key, inner in node.items():
            if key != "class":
                self.parts(inner, names)

    def _function(self, node: Any) -> None:
        name = node["function_name"].lower()
        if node["schema"] or node["catalog"]:
            self.refuse("sql.function", f"{node['schema'] or node['catalog']}.{name}()", "a function by its plain name")
        elif name == "age" and len(node["arguments"]) < 2:
            self.refuse("sql.function", "age() of one time, which reads the clock", "two times", "age(later, earlier)")
        elif name in ORDERED:
            if not node["order_bys"]["orders"]:
                found = f"{name}() over rows in no order"
                self.refuse("sql.no_order", found, "an ORDER BY inside", f"{name}(value order by time, key)")
        elif name not in SCALAR and name not in AGGREGATES:
            self._not_called(name, "")
        elif name in LENGTHENING or name in FORMATTING:
            self._length(name, node["arguments"])

    def _length(self, name: str, arguments: Any) -> None:
        """Texts of any length would get past the limit of memory, for DuckDB does not count them."""
        place = 0 if name in FORMATTING else 1
        given = arguments[place]["expression"] if len(arguments) > place else {}
        said = given.get("literal", {}) if given.get("class") == "CONSTANT" else {}
        if name in FORMATTING:
            short = said.get("kind") == "STRING" and not re.search(r"[0-9]{4}|\*|\{\{*[^}]*\{", said["text"])
            expected = "a format that stands in the SQL, with widths below 1,000"
        else:
            text = str(said.get("text", ""))
            short = text.isdigit() and len(text) < 5 and int(text) <= MOST_LENGTH
            expected = f"a number up to {MOST_LENGTH:,} that stands in the SQL"
        if not short:
            self.refuse("sql.function", f"{name}() to a length that is not known", expected)

    def _window(self, node: Any) -> None:
        name = node["function_name"].lower()
        if name in TIED or (name not in WINDOWS | AGGREGATES | ORDERED):
            self._not_called(name, "")
        elif name not in AGGREGATES and not node["orders"] and not node.get("arg_orders"):
            self.refuse("sql.no_order", f"{name}() over rows in no order", "an ORDER BY inside OVER (…)")
        elif name in AGGREGATES and not node["orders"] and not str(node["start"]).startswith("UNBOUNDED"):
            self.refuse("sql.no_order", f"{name}() over a frame of rows in no order", "an ORDER BY inside OVER (…)")

    def _not_called(self, name: str, expected: str, *, column: bool = False) -> None:
        if name in TABLE_FUNCTIONS:
            hint = f"write from {name}(…) as t(value)"
            self.refuse("sql.function", f"{name}() as a list in memory", f"{name}() behind FROM", hint)
        elif name in TIED:
            self.refuse("sql.no_order", f"{name}(), where ties decide by the order of rows", hint=f"say {TIED[name]}")
        elif name in CLOCK:
            found = f"{name}, which reads the clock" if column else f"{name}(), which reads the clock"
            hint = f"write table.{name} for a column of that name" if column else "say $name of a param, or a column"
            self.refuse("sql.function", found, "the same answer on every day", hint)
        elif name in CHANCE:
            self.refuse(
                "sql.function", f"{name}(), which is random", "the same answer in every run",
                "make a random column in the table that is read",
            )  # fmt: skip
        elif column:
            hint = f"write table.{name} for a column of that name"
            self.refuse("sql.function", f"{name}, which is not a value of the data", "a column", hint)
        else:
            known = SCALAR | AGGREGATES | ORDERED | WINDOWS
            words = tuple(word for word in known if word.isidentifier())
            self.refuse(
                "sql.function", f"{name}()", expected or "a function of values of the row or the group",
                did_you_mean(name, words),
            )  # fmt: skip
