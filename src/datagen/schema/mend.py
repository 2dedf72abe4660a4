"""Writes fixes into the text of a schema: comments, order, indentation and quotes stay, only the words told are changed.

Each operation of a patch becomes one edit at the place that the loader remembers. The changed text is read again, and an
edit stays only if the tree is then the patched one: what cannot be written so is left for the user.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from datagen.errors import Finding, SchemaError
from datagen.schema.load import load_text
from datagen.schema.model_forms import flow
from datagen.schema.model_values import SHARE
from datagen.schema.patch import Operation, Steps, at, patched, steps_to
from datagen.schema.tree import Document, Map, Mark, Seq
from datagen.schema.write import PLAIN, TAKEN

_LINE = re.compile(r"\r\n|\r|\n")
_JSON = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True)
class Edit:
    """New text in place of the characters from start to end."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Mended:
    """A document after fixes: the new one, and the findings whose fixes are in it."""

    document: Document
    done: tuple[Finding, ...]


def mended(document: Document, findings: Iterable[Finding]) -> Mended:
    """The document with every fix of these findings that can be written into its text, each by itself if need be."""
    fixable = [one for one in findings if one.fix]
    apart = [one for place, one in enumerate(fixable) if not any(_touch(one, other) for other in fixable[:place])]
    if (together := _written(document, apart)) is not None:
        return Mended(together, tuple(apart))
    done = []
    for one in sorted(apart, key=lambda one: -_depth(one)):  # an outer key may be in the way to an inner one
        if (after := _written(document, [one])) is not None:
            document = after
            done.append(one)
    return Mended(document, tuple(done))


def writable(document: Document, operation: Operation) -> bool:
    """Whether there is an edit of a document's text for an operation; of one without a text, always."""
    return not document.text or _edit(document, _Ends(document.text), operation) is not None


def _depth(finding: Finding) -> int:
    return max(len(str(one["path"]).split("/")) for one in finding.fix or ())


def _touch(one: Finding, other: Finding) -> bool:
    """Whether two fixes change one place."""
    mine, others = ({op.get("from", op["path"]) for op in finding.fix or ()} for finding in (one, other))
    return bool(mine & others)


def _written(document: Document, findings: Sequence[Finding]) -> Document | None:
    """The document with the fixes of all these findings, or None where its text cannot be changed so."""
    ends = _Ends(document.text)
    operations = [op for one in sorted(findings, key=lambda one: -_depth(one)) for op in one.fix or ()]
    edits = [_edit(document, ends, op) for op in operations]
    whole = [edit for edit in edits if edit is not None]
    if not whole or len(whole) < len(edits):
        return None
    text = document.text
    for edit in sorted(whole, key=lambda edit: -edit.start):
        text = text[: edit.start] + edit.text + text[edit.end :]
    try:
        after = load_text(text, path=document.path)
    except SchemaError:
        return None
    return after if after.root == patched(document.root, operations) else None


def _edit(document: Document, ends: _Ends, operation: Operation) -> Edit | None:
    """The edit of the text that does one operation, or None where there is no telling."""
    move = operation["op"] == "move"
    steps = steps_to(operation["from"] if move else operation["path"], document.root)
    mark = _mark(document, steps, key=move)
    start = None if mark is None else ends.offset(mark)
    end = None if start is None else ends.of(start)
    if start is None or end is None:
        return None
    old = document.text[start:end]
    if move:
        return Edit(start, end, ends.spelled(steps_to(operation["path"], document.root)[-1], old))
    if operation["op"] == "remove":
        key = _mark(document, steps, key=True)
        return None if key is None else _removed(document.text, ends.offset(key), end)
    new = operation["value"]
    if old[:1] in ("|", ">") or (_LINE.search(old) and (isinstance(new, str) or "#" in old)):
        # of several lines: only the word changes
        before, after = _difference(at(document.root, steps), new)
        return Edit(start, end, old.replace(before, after)) if before and old.count(before) == 1 else None
    return Edit(start, end, ends.spelled(new, old))


def _mark(document: Document, steps: Steps, *, key: bool) -> Mark | None:
    holder = at(document.root, steps[:-1])
    if isinstance(holder, Map):
        return (holder.key_marks if key else holder.value_marks).get(str(steps[-1]))
    return holder.item_marks[int(steps[-1])] if isinstance(holder, Seq) and not key else None


def _difference(before: Any, after: Any) -> tuple[str, str]:
    """The words in which two texts differ, whole."""
    if not (isinstance(before, str) and isinstance(after, str)):
        return "", ""
    old, new = re.split(r"(\W+)", before), re.split(r"(\W+)", after)
    wrong = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
    return wrong[0] if len(wrong) == 1 and len(old) == len(new) else ("", "")


def _removed(text: str, start: int, end: int) -> Edit | None:
    """The edit that takes an entry out: its line where it has one of its own, else it and the comma beside it."""
    line = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    rest = re.compile(r"[ \t]*(?:#[^\r\n]*)?(?:\r\n|\r|\n|\Z)").match(text, end)
    if rest is not None and not text[line:start].strip():
        return None if "#" in rest[0] else Edit(line, rest.end(), "")  # a comment stays, and its line with it
    behind = re.compile(r"\s*,\s*").match(text, end)
    if behind is not None:
        return Edit(start, behind.end(), "")
    before = re.compile(r"\s*,\s*\Z").search(text, 0, start)
    return Edit(before.start(), end, "") if before is not None else None


class _Ends:
    """Where each value and key of a text ends, by where it begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(found.end() for found in _LINE.finditer(text))]
        self.is_json = _is_json(text)
        self._ends = _ends_in_json(text) if self.is_json else _ends_in_yaml(text)

    def offset(self, mark: Mark) -> int:
        """The place of a mark."""
        return self._starts[mark.line - 1] + mark.column - 1

    def of(self, start: int) -> int | None:
        """The end of what begins at a place; None where nothing does that can be changed as a whole."""
        return self._ends.get(start)

    def spelled(self, value: Any, old: str) -> str:
        """A value as this text writes it, in the quotes that the old one had."""
        if self.is_json:
            return json.dumps(value, ensure_ascii=False)
        if not isinstance(value, str):
            return flow(value)
        if old[:1] == "'":
            return "'" + value.replace("'", "''") + "'"
        if old[:1] == '"' or not _bare(value, old):
            return json.dumps(value, ensure_ascii=False)
        return value


def _bare(value: str, old: str) -> bool:
    """Whether a text needs no quotes where another one had none."""
    if re.fullmatch(SHARE, value):
        return True
    if PLAIN.fullmatch(value):
        return not TAKEN.fullmatch(value)
    # an expression, say: with no sign in it that the old one did not have already
    return bool(old) and value[:1] == old[:1] and not set(re.findall(r"[^\w. -]", value)) - set(old)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _ends_in_json(text: str) -> dict[int, int]:
    ends: dict[int, int] = {}
    opened: list[int] = []
    for token in _JSON.finditer(text):
        if token[0] in "[{":
            opened.append(token.start())
        else:
            ends[opened.pop() if token[0] in "]}" else token.start()] = token.end()
    return ends


def _ends_in_yaml(text: str) -> dict[int, int]:
    ends: dict[int, int] = {}
    opened: list[int | None] = []
    for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        start, end = event.start_mark, event.end_mark
        assert start is not None
        assert end is not None
        if isinstance(event, yaml.ScalarEvent):
            ends[start.index] = end.index
        elif isinstance(event, yaml.CollectionStartEvent):
            opened.append(start.index if event.flow_style else None)
        elif isinstance(event, yaml.CollectionEndEvent) and (began := opened.pop()) is not None:
            ends[began] = end.index
    return ends
