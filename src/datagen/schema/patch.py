"""JSON Patches (RFC 6902) on the tree of a document: how a fix is written down, and what the tree is after it.

Three operations are all that fixes need: `replace` a value, `remove` an entry, `move` an entry to another key.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from datagen.schema.tree import Map, Seq

Operation = Mapping[str, Any]
Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.?([A-Za-z_][A-Za-z0-9_]*)')


def steps_of(json_path: str) -> Steps | None:
    """The keys and indices of a path such as `tables[0].columns["odd key"]`; None for any other text."""
    steps: list[str | int] = []
    at = 0
    while at < len(json_path):
        found = _STEP.match(json_path, at)
        if found is None:
            return None
        steps.append(int(found[1]) if found[1] else json.loads(found[2]) if found[2] else found[3])
        at = found.end()
    return tuple(steps)


def pointer(steps: Iterable[str | int]) -> str:
    """The same place as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def steps_to(place: str, root: Any) -> Steps:
    """The keys and indices of a JSON Pointer into a tree. Raises KeyError where it leads nowhere but for the last step."""
    steps: list[str | int] = []
    node = root
    for text in place.split("/")[1:]:
        name = text.replace("~1", "/").replace("~0", "~")
        step: str | int = int(name) if isinstance(node, list) else name
        steps.append(step)
        node = child(node, step)
    return tuple(steps)


def child(node: Any, step: str | int) -> Any:
    """What stands at one step below a node; None where nothing does."""
    if isinstance(node, dict):
        return node.get(step)
    if isinstance(node, list) and isinstance(step, int) and 0 <= step < len(node):
        return node[step]
    return None


def at(root: Any, steps: Iterable[str | int]) -> Any:
    """What stands at a place of a tree; None where nothing does."""
    for step in steps:
        root = child(root, step)
    return root


def plain(tree: Any) -> Any:
    """A tree without its marks, to be changed."""
    if isinstance(tree, Map):
        return {key: plain(value) for key, value in tree.items()}
    return [plain(value) for value in tree] if isinstance(tree, Seq) else tree


def patched(root: Any, operations: Iterable[Operation]) -> Any:
    """A tree after operations, one after the other; the given one stays as it is."""
    tree = plain(root)
    for one in operations:
        *above, last = steps_to(one["path"], tree)
        holder = at(tree, above)
        if one["op"] == "replace":
            holder[last] = copy.deepcopy(one["value"])
        elif one["op"] == "remove":
            del holder[last]
        else:
            holder[last] = holder.pop(steps_to(one["from"], tree)[-1])
    return tree
