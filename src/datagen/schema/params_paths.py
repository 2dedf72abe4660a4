"""Paths such as `nodes.user.columns.age.type`: finds what they name in a document, and sets it in a copy.

Tables are named by id, columns and stages by name, list items also by their place (`modifiers.0` or `modifiers[0]`);
`tables` and `nodes`, `name` and `id` mean the same. A key that is no simple word stands in brackets: `["New York"]`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from datagen.errors import did_you_mean, listed, quoted
from datagen.schema.expand_reading import carry, item_mark, value_mark
from datagen.schema.tree import Map, Mark, Seq

_STEP = re.compile(r"""\.([^.\[\]"']+)|\[(\d{1,9})\]|\["([^"]*)"\]|\['([^']*)'\]""")
_PLACE = re.compile(r"\d{1,9}")
_SIMPLE = re.compile(r"[A-Za-z_$][A-Za-z0-9_-]*")
# What names an item of a list, tried in this order.
NAMING = ("id", "name", "stage_name")
# Objects whose keys are declared things: a new key there is a slip, not a setting.
DECLARING = frozenset({"columns", "params", "scenarios", "nodes", "tables"})

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """Where a path leads: the steps as the tree has them, and the part of the path for which there is nothing."""

    steps: Steps
    rest: tuple[str, ...]
    node: Any  # what stands at `steps`

    @property
    def exists(self) -> bool:
        """Whether the whole path names something."""
        return not self.rest


def parsed(path: str) -> tuple[str, ...] | None:
    """The steps of a path as written; None when it is not one."""
    steps: list[str] = []
    place, path = 0, f".{path}"
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None:
            return None
        steps.append(next(part for part in match.groups() if part is not None))
        place = match.end()
    return tuple(steps) or None


def find(root: Map, path: Sequence[str]) -> Found:
    """Follow a path as far as the tree has it."""
    node: Any = root
    steps: list[str | int] = []
    for place, wanted in enumerate(path):
        step = _step(node, wanted, tuple(steps))
        if step is None:
            return Found(tuple(steps), tuple(path[place:]), node)
        steps.append(step)
        node = node[step]
    return Found(tuple(steps), (), node)


def _step(node: Any, wanted: str, before: Steps) -> str | int | None:
    if isinstance(node, Map):
        other = _ALIASES.get(wanted) if len(before) in (0, 2) else None
        if len(before) == 2 and before[0] not in ("nodes", "tables"):
            other = None
        return wanted if wanted in node else other if other in node else None
    if not isinstance(node, Seq):
        return None
    for place, item in enumerate(node):
        name = _name(item)
        if name is not None and name.lower() == wanted.lower():
            return place
    return int(wanted) if _PLACE.fullmatch(wanted) and int(wanted) < len(node) else None


_ALIASES = {"nodes": "tables", "tables": "nodes", "id": "name", "name": "id"}


def _name(item: Any) -> str | None:
    for key in NAMING:
        if isinstance(item, Map) and isinstance(item.get(key), str):
            name: str = item[key]
            return name
    return None


def may_add(found: Found, legal: frozenset[str] | None) -> bool:
    """Whether a path ends in a key that its object may yet get. `legal`: the keys it may have, None for any."""
    if len(found.rest) != 1 or not isinstance(found.node, Map):
        return False
    key = found.rest[0]
    if legal is not None:
        return key in legal
    return found.steps[-1:] == () or (found.steps[-1] not in DECLARING and _SIMPLE.fullmatch(key) is not None)


def what_is_missing(found: Found, legal: frozenset[str] | None, params: Sequence[str]) -> tuple[str, str, str]:
    """Found, expected and hint of a path that names nothing. params: the names that stand for a path of their own."""
    step, where = found.rest[0], spelled(found.steps)
    if isinstance(found.node, Map) and not where and len(found.rest) == 1:
        expected = f"a parameter ({listed(params)}) or a path" if params else "a path such as nodes.user.rows"
        return f"no parameter or key '{step}'", expected, did_you_mean(step, [*params, *found.node, *(legal or ())])
    if isinstance(found.node, Map):
        known = sorted({*found.node, *(legal or ())}) if len(found.rest) == 1 else [*found.node]
        return f"no '{step}' in {where or 'the document'}", f"one of: {listed(known)}", did_you_mean(step, known)
    if isinstance(found.node, Seq):
        names = [name for name in map(_name, found.node) if name is not None]
        expected = (
            f"one of: {listed(names)}" if names else f"a place from 0 to {len(found.node) - 1}" if found.node else ""
        )
        return f"no '{step}' in {where}", expected, did_you_mean(step, names)
    return f"{where} is {quoted(found.node)}, with no '{step}' inside", "a path to something that is there", ""


def spelled(steps: Steps) -> str:
    """Steps as a path in messages."""
    text = ""
    for step in steps:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def replaced(node: Any, steps: Steps, value: Any, *, remove: bool = False) -> Any:
    """A copy of the tree with one value set, or its key left out; what lies beside the path is shared."""
    step, rest = steps[0], steps[1:]
    if isinstance(node, Seq) and isinstance(step, int):
        items = Seq(node.mark)
        for place, item in enumerate(node):
            mark = item_mark(node, place)
            changed = item if place != step else replaced(item, rest, value, remove=remove) if rest else value
            items.add(changed, mark=mark)
        return items
    result = Map(node.mark)
    for key in node:
        if key != step:
            carry(result, node, key)
        elif rest:
            carry(result, node, key, replaced(node[key], rest, value, remove=remove))
        elif not remove:
            carry(result, node, key, value)
    if step not in node and not remove:
        result.put(str(step), value, key_mark=node.mark, value_mark=node.mark)
    return result


def place_of(root: Map, steps: Steps) -> Mark:
    """Where the value at these steps stands; where its object stands when there is none yet."""
    node: Any = root
    mark = root.mark
    for step in steps:
        if isinstance(node, Map) and isinstance(step, str) and step in node:
            mark = value_mark(node, step)
            node = node[step]
        elif isinstance(node, Seq) and isinstance(step, int):
            mark = item_mark(node, step)
            node = node[step]
    return mark
