"""Settings from outside the document: a scenario, a file of parameters, `--set name=value` or `--set a.path=value`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from datagen.errors import Finding, SchemaError, did_you_mean, listed, quoted
from datagen.schema.expand_reading import key_mark, value_mark
from datagen.schema.load import from_object
from datagen.schema.model import Column, Fanout, Node, Schema
from datagen.schema.model_top import Metadata, Timeframe
from datagen.schema.model_values import comment_like, keys_of
from datagen.schema.params_paths import Found, Steps, find, may_add, parsed, place_of, replaced, what_is_missing
from datagen.schema.tree import Document, Map, Mark, Seq

Canonical = Callable[[Document], tuple[Document, list[Finding]]]

# Where the language is closed by place: an object's steps, `*` for a table or a column, and the keys it may have.
LEGAL_KEYS: Mapping[tuple[str, ...], frozenset[str]] = {
    (): frozenset({*keys_of(Schema), "tables", "name"}),
    ("timeframe",): frozenset(keys_of(Timeframe)),
    ("metadata",): frozenset(keys_of(Metadata)),
    ("nodes", "*"): frozenset({*keys_of(Node), "name", "per_parent"}),
    ("nodes", "*", "fanout"): frozenset({*keys_of(Fanout), "lambda", "distribution"}),
    ("nodes", "*", "columns", "*"): frozenset(keys_of(Column)),
}


@dataclass(frozen=True, slots=True)
class Override:
    """One setting: a parameter's name or a path, its value, and who says so."""

    path: str
    value: Any
    said: str  # as messages name it: `--set rows=5`
    mark: Mark | None  # where a scenario of the document says it


def apply_overrides(
    document: Document,
    sets: Sequence[tuple[str, Any]],
    params_file: Mapping[str, Any] | None = None,
    scenario: str | None = None,
    *,
    canonical: Canonical | None = None,
) -> tuple[Document, list[Finding]]:
    """The document with a scenario, then a file of parameters, then `--set` applied; and what could not be set.

    A name that `params` declares sets the parameter, anything else is a path. Texts of `sets` are read as JSON where
    they are JSON. canonical: `expand` for this language; a path that only the canonical tree has is set there, and the
    document goes on in that form. A null takes a key away.
    """
    findings: list[Finding] = []
    overrides = [*_of_scenario(document, scenario, findings)]
    for name, value in (params_file or {}).items():
        overrides.append(Override(str(name), value, f"'{name}' of the parameter file", None))
    for path, value in sets:
        written = value if isinstance(value, str) else json.dumps(value, default=str)
        overrides.append(
            Override(path, _parsed(value) if isinstance(value, str) else value, f"--set {path}={written}", None)
        )
    for override in overrides:
        document = _apply(document, override, canonical, findings)
    return document, findings


def _of_scenario(document: Document, name: str | None, findings: list[Finding]) -> list[Override]:
    if name is None:
        return []
    declared = document.root.get("scenarios")
    known = [*declared] if isinstance(declared, Map) else []
    if name not in known:
        findings.append(
            Finding(
                code="params.unknown_scenario",
                path=document.path,
                found=f"scenario {quoted(name)}",
                expected=f"one of: {listed(known)}" if known else "a document that declares `scenarios`",
                hint=did_you_mean(name, known),
            )
        )
        return []
    assert isinstance(declared, Map)
    settings = declared[name]
    if not isinstance(settings, Map):
        findings.append(
            _placed(
                document,
                "params.scenario_shape",
                value_mark(declared, name),
                found=f"scenario {quoted(name)} is no object",
                expected="{path: value, …}",
            )
        )
        return []
    return [
        Override(path, settings[path], f"scenario {name}, {path}", key_mark(settings, path))
        for path in settings
        if not comment_like(path)
    ]


def _parsed(text: str) -> Any:
    """A value from the command line: JSON where it is JSON, else the text itself."""

    def constant(word: str) -> Any:
        raise ValueError(word)

    try:
        return json.loads(text, parse_constant=constant)
    except (ValueError, RecursionError):
        return text


def _apply(document: Document, override: Override, canonical: Canonical | None, findings: list[Finding]) -> Document:
    declared = document.root.get("params")
    name = _declared(override.path, declared if isinstance(declared, Map) else {})
    path = ("params", name) if name is not None else parsed(override.path)
    if path is None:
        findings.append(
            _said(document, override, "params.bad_path", found="no path", expected="name=value or a.b.c=value")
        )
        return document
    found, holder = find(document.root, path), document
    if not found.exists and canonical is not None:
        form, contradictions = canonical(document)
        other = find(form.root, path)
        # a new key goes into the form that the user wrote, unless only the canonical tree has room for it
        if other.exists or (not _may_add(found) and _may_add(other)):
            holder = form
            findings += [finding for finding in contradictions if finding not in findings]
        if holder is form or (not _may_add(found) and len(other.rest) < len(found.rest)):
            found = other  # where it fails, the form that goes along further says more
    if not found.exists and not _may_add(found):
        names = [*declared] if isinstance(declared, Map) else []
        facts = what_is_missing(found, _legal(found), names)
        findings.append(
            _said(document, override, "params.unknown_path", found=facts[0], expected=facts[1], hint=facts[2])
        )
        return document
    steps: Steps = (*found.steps, *found.rest)
    remove = override.value is None and name is None and isinstance(steps[-1], str)
    value = override.value
    if not isinstance(value, (Map, Seq)):
        try:
            value = _marked(from_object({"value": value}).root["value"], place_of(holder.root, steps))
        except SchemaError as error:
            findings += [
                finding.moved(found=f"{override.said}: {finding.found}", path=document.path, line=None, column=None)
                for finding in error.findings
            ]
            return document
    return replace(holder, root=replaced(holder.root, steps, value, remove=remove))


def _may_add(found: Found) -> bool:
    return may_add(found, _legal(found))


def _legal(found: Found) -> frozenset[str] | None:
    """Keys that an object may have, where the language is closed by place; None elsewhere."""
    shape = tuple("*" if place in (1, 3) else str(step) for place, step in enumerate(found.steps))
    return LEGAL_KEYS.get(("nodes", *shape[1:]) if shape[:1] == ("tables",) else shape)


def _declared(name: str, params: Mapping[str, Any]) -> str | None:
    """A declared parameter by its name, whatever its case."""
    return name if name in params else next((known for known in params if known.lower() == name.lower()), None)


def _said(
    document: Document, override: Override, code: str, *, found: str, expected: str = "", hint: str = ""
) -> Finding:
    text = f"{override.said}: {found}"
    if override.mark is None:
        return Finding(code=code, path=document.path, found=text, expected=expected, hint=hint)
    return _placed(document, code, override.mark, found=text, expected=expected, hint=hint)


def _placed(document: Document, code: str, mark: Mark, **facts: Any) -> Finding:
    return Finding(code=code, path=document.path, line=mark.line, column=mark.column, json_path=mark.json_path, **facts)


def _marked(value: Any, mark: Mark) -> Any:
    """A value from outside, all of it standing where it was put."""
    if isinstance(value, Map):
        result = Map(mark)
        for key, part in value.items():
            result.put(key, _marked(part, mark), key_mark=mark, value_mark=mark)
        return result
    if isinstance(value, Seq):
        items = Seq(mark)
        for part in value:
            items.add(_marked(part, mark), mark=mark)
        return items
    return value
