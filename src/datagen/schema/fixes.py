"""Turns a hint that surely says what is meant into a fix: a JSON Patch of the document as the user wrote it.

A hint gives the word that was written and the one that is meant (`Meant`); the finding gives the place. Whatever does
not stand there exactly once, as it was told, gets no fix; nor does a name that several places agree on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from datagen.errors import LEFT_OUT, Finding, Meant, SchemaError
from datagen.schema.mend import writable
from datagen.schema.model_values import comment_like
from datagen.schema.patch import Operation, Steps, at, plain, pointer, steps_of
from datagen.schema.tree import Document, Map, Seq

KEY = "_id"  # behind the name of a table: its key
NAMING = frozenset({"name", "id"})  # keys whose values are the names of what they stand in
HOLDERS = frozenset({"columns", "params", "tables", "nodes"})  # keys of what is written by its names


@contextmanager
def with_fixes(written: Document) -> Iterator[None]:
    """Gives the findings of a refused document their fixes."""
    try:
        yield
    except SchemaError as error:
        raise SchemaError(fixed(error.findings, written)) from error


def fixed(findings: Sequence[Finding], written: Document) -> list[Finding]:
    """The findings, those with a fix that surely know what is meant."""
    return [_fixed(one, written) if isinstance(one.hint, Meant) and one.fix is None else one for one in findings]


def _fixed(finding: Finding, written: Document) -> Finding:
    steps = steps_of(finding.json_path) if finding.path == written.path else None
    if steps is None:
        return finding
    assert isinstance(finding.hint, Meant)
    word, instead = finding.hint.written, finding.hint.instead
    if isinstance(word, str) and isinstance(instead, str) and not finding.code.startswith("language."):
        agreeing = _agreeing(written.root, word.lstrip("$"), instead.lstrip("$"))
        if agreeing > 1:
            odd = f"'{word}' stands in {agreeing} places, '{instead}' only where it is made: one of them is misspelt"
            return finding.moved(hint=odd)
    operation = _operation(written.root, steps, word, instead)
    sure = operation is not None and writable(written, operation)
    return finding.moved(fix=(operation,)) if sure else finding


def _agreeing(root: Map, word: str, made: str) -> int:
    """How many places speak of a name that is made nowhere, if none speaks of the one that is made in its stead."""
    if word.endswith(KEY) and made.endswith(KEY):  # the key of a table bears the name of the table
        word, made = word.removesuffix(KEY), made.removesuffix(KEY)
    missing, own = (re.compile(rf"(?<!\w){re.escape(one)}(?:{KEY})?(?!\w)", re.IGNORECASE) for one in (word, made))
    texts = list(_texts(root))
    if not any(makes and own.fullmatch(text) for text, makes in texts):
        return 0
    spoken = [text for text, makes in texts if not makes]
    return 0 if any(map(own.search, spoken)) else sum(1 for text in spoken if missing.search(text))


def _texts(tree: Any, *, named: bool = False) -> Iterator[tuple[str, bool]]:
    """Every key and text of a tree but for remarks, and whether it gives a name. named: the keys of this tree do."""
    if isinstance(tree, Seq):
        for item in tree:
            yield from _texts(item)
    elif isinstance(tree, Map):
        for key, value in tree.items():
            yield key, named
            if isinstance(value, str) and key in NAMING:
                yield value, True
            elif not comment_like(key) or named:
                yield from _texts(value, named=key in HOLDERS and not named)
    elif isinstance(tree, str):
        yield tree, False


def _operation(root: Map, steps: Steps, word: Any, instead: Any) -> Operation | None:
    """The operation that writes `instead` for the only `word` that stands at a place: as its key, its value, a part of
    its value, or as a key or an item right below it."""
    holder, key = at(root, steps[:-1]) if steps else None, steps[-1] if steps else None
    value = at(root, steps)
    if instead == LEFT_OUT:
        there = isinstance(holder, Map) and key in holder and _same(value, word)
        return {"op": "remove", "path": pointer(steps)} if there else None
    if isinstance(value, Seq) and isinstance(word, list):  # the same items in another order
        items = dict(zip(word, plain(value), strict=False))
        new = [items.get(one, one) for one in instead]
        return {"op": "replace", "path": pointer(steps), "value": new} if plain(value) == word else None
    if isinstance(holder, Map) and key == word and isinstance(instead, str):
        return _rename(holder, steps[:-1], word, instead)
    if not isinstance(value, Map | Seq):
        return _replaced(value, steps, word, instead)
    if isinstance(value, Map) and word in value and isinstance(instead, str):
        return _rename(value, steps, word, instead)
    inner = value.items() if isinstance(value, Map) else enumerate(value)
    told = [(step, item) for step, item in inner if not comment_like(str(step))]
    found = [one for step, item in told if (one := _replaced(item, (*steps, step), word, instead)) is not None]
    return found[0] if len(found) == 1 else None


def _rename(holder: Map, steps: Steps, key: str, name: str) -> Operation | None:
    if key not in holder or name in holder:
        return None
    return {"op": "move", "from": pointer((*steps, key)), "path": pointer((*steps, name))}


def _replaced(value: Any, steps: Steps, word: Any, instead: Any) -> Operation | None:
    if _same(value, word):
        return {"op": "replace", "path": pointer(steps), "value": instead}
    if not (isinstance(value, str) and isinstance(word, str) and isinstance(instead, str) and word):
        return None
    before, after = (r"(?<![\w$])", r"(?!\w)") if re.search(r"\w\Z", word) else ("", "")
    places = list(re.finditer(f"{before}{re.escape(word)}{after}", value))
    if len(places) != 1:
        return None
    text = value[: places[0].start()] + instead + value[places[0].end() :]
    return {"op": "replace", "path": pointer(steps), "value": text}


def _same(value: Any, word: Any) -> bool:
    return type(value) is type(word) and bool(value == word)
