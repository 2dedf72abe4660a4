"""A loaded document: plain dicts, lists and scalars that remember the line and column they were written at.

The reader (`load`) makes it, the rewriter (`expand`) changes it and passes the marks on, and every later floor asks it
where a thing stands. A rewritten node carries the mark of what the user wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from datagen.errors import Finding


@dataclass(frozen=True, slots=True)
class Mark:
    """Where something was written. line and column start at 1; json_path is `nodes[2].columns[0].name`, "" at the top."""

    line: int
    column: int
    json_path: str


class Map(dict[str, Any]):
    """An object of the document. `mark` is its own place, `key_marks` and `value_marks` those of its entries."""

    __slots__ = ("key_marks", "mark", "value_marks")

    def __init__(self, mark: Mark, entries: Iterable[tuple[str, Any]] = ()) -> None:
        super().__init__(entries)
        self.mark = mark
        self.key_marks: dict[str, Mark] = {}
        self.value_marks: dict[str, Mark] = {}

    def put(self, key: str, value: Any, *, key_mark: Mark | None = None, value_mark: Mark | None = None) -> None:
        """Set an entry with its places; a missing place is that of the object itself."""
        self[key] = value
        self.key_marks[key] = key_mark or value_mark or self.mark
        self.value_marks[key] = (
            value_mark or (value.mark if isinstance(value, (Map, Seq)) else None) or self.key_marks[key]
        )


class Seq(list[Any]):
    """A list of the document. `mark` is its own place, `item_marks` those of its items."""

    __slots__ = ("item_marks", "mark")

    def __init__(self, mark: Mark, items: Iterable[Any] = ()) -> None:
        super().__init__(items)
        self.mark = mark
        self.item_marks: list[Mark] = []

    def add(self, value: Any, *, mark: Mark | None = None) -> None:
        """Append an item with its place; a missing place is that of the item, or of the list itself."""
        self.append(value)
        self.item_marks.append(mark or (value.mark if isinstance(value, (Map, Seq)) else self.mark))


@dataclass(frozen=True, slots=True)
class Document:
    """A loaded document: the tree and the name of the file it came from (None for text and Python objects)."""

    root: Map
    path: str | None
    text: str

    def place(self, loc: Sequence[str | int], *, key: bool = False) -> Mark:
        """The mark of the node at `loc` (or of its key), or of the deepest node on the way that exists."""
        node: Any = self.root
        mark = self.root.mark
        for depth, step in enumerate(loc):
            last = depth == len(loc) - 1
            if isinstance(node, Map) and isinstance(step, str) and step in node:
                mark = node.key_marks[step] if last and key else node.value_marks[step]
                node = node[step]
            elif isinstance(node, Seq) and isinstance(step, int) and 0 <= step < len(node):
                mark = node.item_marks[step]
                node = node[step]
            else:
                break
        return mark

    def finding(self, code: str, loc: Sequence[str | int], *, key: bool = False, **facts: Any) -> Finding:
        """A finding placed at `loc` of the (canonical) tree, said in terms of what the user wrote."""
        mark = self.place(loc, key=key)
        return Finding(code=code, path=self.path, line=mark.line, column=mark.column, json_path=mark.json_path, **facts)
