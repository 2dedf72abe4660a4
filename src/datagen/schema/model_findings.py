"""Turns what pydantic says about a document into findings: place, found, expected, hint, in the words of the schema.

One wording for the whole language: the models of the document and the parameters of every part go through here.
A pydantic location also names the members of unions; `trace` walks the model along the location and leaves those out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from datagen.errors import LEFT_OUT, Finding, Meant, did_you_mean, listed, near, quoted
from datagen.schema.later_keys import INSTEAD, PART_KEYS
from datagen.schema.model_forms import AN_OBJECT, form_beside, form_of
from datagen.schema.model_trace import Trace, child, trace
from datagen.schema.model_values import COMMENT_KEYS, NULL_HINT, comment_like, described, keys_of, mend_type
from datagen.schema.tree import Document

MOST = 1000  # findings of one document; a document with more is broken in one way many times

EXPECTED = {
    "int": "an integer",
    "float": "a number",
    "decimal": "a number",
    "finite_number": "a finite number",
    "string": "text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "an object",
    "model": "an object",
    "mapping": "an object",
    "model_attributes": "an object",
    "dataclass": "an object",
    "none_required": "null",
    "is_instance_of": "another type",
}

M = TypeVar("M", bound=BaseModel)
BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}

Suggest = Callable[[type[BaseModel]], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A finding, and which key of which object is unknown or missing, where that is what it says."""

    finding: Finding
    object: tuple[str | int, ...] = ()
    unknown: str = ""
    meant: str = ""  # the key that an unknown word stands for
    missing: str = ""


def check_part(
    model: type[M], params: Mapping[str, Any], document: Document, loc: Sequence[str | int],
    *, suggest: Suggest | None = None, context: Any = None,
) -> tuple[M | None, list[Finding]]:  # fmt: skip
    """The parameters of a part as its model, or the findings that say why not. Remarks in them are left out."""
    written: Any = params
    while True:
        try:
            return model.model_validate(dict(written), context=context), []
        except ValidationError as error:
            plain = _without_remarks(error, model, written)
            if plain is None:
                return None, part_findings(error, model, document, loc, suggest=suggest)
            written = plain


def _without_remarks(error: ValidationError, model: type[BaseModel], written: Any) -> Any:
    """The parameters less the unknown keys that are remarks, at any depth; None when there are none."""
    unknown = [fault["loc"] for fault in error.errors(include_url=False) if fault["type"] == "extra_forbidden"]
    remarks = {path for loc in unknown if comment_like(str((path := trace(model, loc, written).path)[-1]))}
    plain = _cut(written, remarks)
    return plain if plain != written else None


def _cut(value: Any, paths: set[tuple[str | int, ...]], here: tuple[str | int, ...] = ()) -> Any:
    if isinstance(value, Mapping):
        return {key: _cut(inner, paths, (*here, key)) for key, inner in value.items() if (*here, key) not in paths}
    if isinstance(value, list):
        return [_cut(inner, paths, (*here, place)) for place, inner in enumerate(value)]
    return value


def part_findings(
    error: ValidationError, model: type[BaseModel], document: Document, loc: Sequence[str | int],
    *, suggest: Suggest | None = None,
) -> list[Finding]:  # fmt: skip
    """The findings of one validation error. `loc` is where the model's object stands in the document; `suggest` gives
    further words that may have been meant by an unknown key of a model."""
    base = tuple(loc)
    root = _node(document, base)
    traced: list[tuple[Trace, Any]] = []
    for fault in error.errors(include_url=False)[: MOST + 1]:
        traced.append((trace(model, fault["loc"], root), fault))
    facts = [_fact(document, base, step, fault, suggest) for step, fault in _one_branch(traced)]
    return _ranked(fact.finding for fact in _without_consequences(facts))


def not_yet(document: Document, loc: Sequence[str | int], name: str, *, where: str = "", key: bool = True) -> Finding:
    """The finding for a key or word of the language that this version does not build. `where` is what it stands in."""
    found = f"`{name}`, which this version does not build yet"
    hint = INSTEAD.get(f"{where}.{name}") or INSTEAD.get(name if key else where) or "leave it out for now"
    return document.finding("language.not_available_yet", loc, key=key, found=found, hint=hint)


def later_part_keys(kind: str, word: str) -> frozenset[str]:
    """Keys of a part that belong to the language but are not built yet."""
    return PART_KEYS.get((kind, word), frozenset())


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by line and column, each said once; after the first thousand comes one that says there are more."""
    ranked = _ranked(findings)
    if len(ranked) <= MOST:
        return ranked
    found = f"more than {MOST:,} faults; these are the first"
    last = Finding(code="language.too_many_findings", path=ranked[0].path, found=found, expected="one cause, often")
    return [*ranked[:MOST], last]


def _ranked(findings: Iterable[Finding]) -> list[Finding]:
    once: dict[tuple[Any, ...], Finding] = {}
    for finding in findings:
        once.setdefault((finding.code, finding.line, finding.column, finding.json_path, finding.found), finding)
    return sorted(once.values(), key=lambda finding: (finding.line or 0, finding.column or 0))


def _fact(document: Document, base: tuple[str | int, ...], step: Trace, fault: Any, suggest: Suggest | None) -> Fact:
    kind, value, context = fault["type"], fault["input"], fault.get("ctx") or {}
    loc = (*base, *step.path)

    def say(code: str, found: str, expected: str = "", hint: str = "") -> Fact:
        at = (*loc, *context.get("at", ()))
        if expected in (*AN_OBJECT, "a list") and not hint and at == loc and loc:
            form, hint = form_of(step.wanted, at[-1], value, _node(document, at[:-1]))
            expected = form or expected
        return Fact(document.finding(code, at, found=found, expected=expected, hint=hint))

    if kind == "extra_forbidden":
        return _unknown_key(document, loc, step.owner, suggest)
    if kind == "missing":
        return _missing_key(document, loc, _about(step), step.owner)
    if "." in kind:  # raised by a validator of ours
        if value is None and kind in ("language.wrong_type", "language.null_not_allowed") and not context.get("at"):
            expected = context.get("expected") or fault["msg"]
            return _null(document, loc, step, _about(step, expected) if expected == "a value" else expected)
        if not context:  # no shape of a union fits: the message says which would
            return say(kind, described(value), fault["msg"], mend_type(fault["msg"], value))
        return say(kind, context["found"], context["expected"], context["hint"])
    if value is None:
        return _null(document, loc, step, _expected(kind))
    if kind in ("literal_error", "enum"):
        words = re.findall(r"'([^']*)'", str(context.get("expected", "")))
        expected = f"one of: {listed(words, most=40)}" if words else str(context.get("expected", ""))
        if words and not isinstance(value, str):
            return say("language.wrong_type", described(value), expected)
        hint = did_you_mean(value, words) if isinstance(value, str) else ""
        return say("language.unknown_word", quoted(value), expected, hint)
    if kind in ("too_short", "too_long"):
        least, most, actual = context.get("min_length"), context.get("max_length"), context.get("actual_length")
        if kind == "too_short" and actual == 0:
            return say("language.empty", "nothing in it", f"at least {least} {'entry' if least == 1 else 'entries'}")
        return say(
            "language.wrong_length", f"{actual}", f"at least {least}" if kind == "too_short" else f"at most {most}"
        )
    if kind in BOUNDS:
        name, words_ = BOUNDS[kind]
        return say("language.out_of_range", quoted(value), f"{words_} {_bound(context.get(name))}")
    if kind == "finite_number":
        return say("language.out_of_range", quoted(value), "a finite number")
    if kind in ("value_error", "assertion_error"):
        return say("language.bad_value", described(value), str(context.get("error", fault["msg"])))
    if _is_type_fault(kind):
        return say("language.wrong_type", described(value), _expected(kind), mend_type(_expected(kind), value))
    return say("language.bad_value", described(value), fault["msg"][:1].lower() + fault["msg"][1:])


def _null(document: Document, loc: tuple[str | int, ...], step: Trace, expected: str) -> Fact:
    fields = {field.alias or name: field for name, field in step.owner.model_fields.items()} if step.owner else {}
    free = bool(step.path) and str(step.path[-1]) in fields and not fields[str(step.path[-1])].is_required()
    hint: str = Meant(NULL_HINT, None, LEFT_OUT) if free else NULL_HINT
    if document.place(loc).json_path.endswith("]"):
        hint = "take it out of the list"
    return Fact(document.finding("language.null_not_allowed", loc, found="null", expected=expected, hint=hint))


def _about(step: Trace, otherwise: str = "") -> str:
    """What the field at the end of a trace is for."""
    key = step.path[-1] if step.path else ""
    fields = step.owner.model_fields.items() if step.owner else ()
    field = next((field for name, field in fields if key == (field.alias or name)), None)
    return (field.description if field else None) or otherwise


def _unknown_key(
    document: Document, loc: tuple[str | int, ...], owner: type[BaseModel] | None, suggest: Suggest | None
) -> Fact:
    key = str(loc[-1])
    kind, word = _part_at(document, loc[:-1])
    if kind and key in later_part_keys(kind, word):
        return Fact(not_yet(document, loc, key, where=word))
    own = keys_of(owner) if owner else ()
    also = (*(suggest(owner) if suggest and owner else ()), *_other_spellings(kind, word), *sorted(COMMENT_KEYS))
    expected = f"one of: {listed(own, most=16)}" if own else "no key here"
    finding = document.finding(
        "language.unknown_key",
        loc,
        key=True,
        found=f"unknown key {quoted(key)}",
        expected=expected,
        hint=_belongs(key, owner)
        or form_beside(word, key, _node(document, loc[:-1]))
        or did_you_mean(key, (*own, *also)),
    )
    # {trned: {…}} is short for {transform: trned, …}: one mistake, not an unknown and a missing key
    stands_for = getattr(owner, "WORD_KEY", "") if near(key, also) else ""
    return Fact(finding, loc[:-1], unknown=key, meant=stands_for)


def _belongs(key: str, owner: type[BaseModel] | None) -> str:
    """Where a key stands that is right elsewhere; an empty text for one that is a key nowhere, or of parts alone."""
    from datagen.schema.model import Node, Schema
    from datagen.schema.model_column import Column, Imperfections
    from datagen.schema.model_fanout import Fanout
    from datagen.schema.model_top import Constraints

    places: dict[type[BaseModel], str] = {Column: "a column", Node: "a table", Schema: "the top of the document"}
    if owner is not Column:  # beside a generator its parameters are meant
        places |= {Fanout: "a `fanout`", Constraints: "`constraints`"}
    if owner not in (*places, Fanout, Constraints):
        return ""
    if owner is Column and key in keys_of(Imperfections):
        return f"an error of recording stands under `imperfections: {{{key}: …}}`"
    where = [name for model, name in places.items() if key in keys_of(model)]
    return f"`{key}` is a key of {' or '.join(where)}" if where else ""


def _other_spellings(kind: str, word: str) -> Iterable[str]:
    """What the parameters of a part may be called in short forms."""
    from datagen.schema.expand_laws import PARAMETERS, SPELLINGS
    from datagen.schema.expand_modifiers import SPELLINGS as OF_MODIFIERS

    if kind == "modifier":
        return (*OF_MODIFIERS.get(word, ()), "args")
    if (kind, word) != ("generator", "distribution"):
        return ()
    return (
        *(name for names in PARAMETERS.values() for name in names),
        *(key for keys in SPELLINGS.values() for key in keys),
    )


def _part_at(document: Document, loc: tuple[str | int, ...]) -> tuple[str, str]:
    """Kind and word of the part whose parameters stand at `loc`, or two empty texts."""
    if len(loc) > 1 and loc[-2] == "generator":
        return "generator", str(loc[-1])
    if len(loc) > 2 and loc[-3] == "modifiers" and loc[-1] == "args":
        return "modifier", str(child(_node(document, loc[:-1]), "transform"))
    return "", ""


def _missing_key(document: Document, loc: tuple[str | int, ...], about: str, owner: type[BaseModel] | None) -> Fact:
    key = str(loc[-1])
    where = document.place(loc[:-1]).json_path
    found = f"missing `{key}`" + (f" at {where}" if where else "")
    hint = "`tables` is another word for it" if loc == ("nodes",) else ""
    holder, own = _node(document, loc[:-1]), keys_of(owner) if owner else ()
    strange = [name for name in holder if name not in own] if isinstance(holder, Mapping) else []
    if (slip := near(key, strange)) is not None:
        hint = f"did you mean '{key}' by {quoted(slip)}?"
        if isinstance(did_you_mean(slip, own), Meant) and near(slip, own) == key:
            hint = Meant(hint, slip, key)
    expected = about or f"`{key}: …`, which has no default"
    finding = document.finding("language.missing_key", loc[:-1], found=found, expected=expected, hint=hint)
    return Fact(finding, loc[:-1], missing=key)


def _bound(limit: Any) -> str:
    """A bound as people write it: 0, not 0.0."""
    return f"{limit:g}" if isinstance(limit, float) else f"{limit}"


def _is_type_fault(kind: str) -> bool:
    return kind.endswith(("_type", "_parsing", "_from_float")) or kind in ("is_instance_of", "none_required")


def _expected(kind: str) -> str:
    stem = re.sub(r"_(type|parsing|from_float)$", "", kind)
    return EXPECTED.get(stem, "a value" if stem == kind else stem.replace("_", " "))


def _one_branch(traced: list[tuple[Trace, Any]]) -> list[tuple[Trace, Any]]:
    """Of the members of a union that were all tried in vain, keep the one the user meant: the one that got deepest.
    Where none got below the union itself, its wrong types are said in one breath."""
    kept: list[tuple[Trace, Any]] = []
    groups: dict[tuple[str | int, ...], list[tuple[Trace, Any]]] = {}
    for step, fault in traced:
        if step.unions:
            groups.setdefault(step.path[: step.unions[0]], []).append((step, fault))
        else:
            kept.append((step, fault))
    for path, group in groups.items():
        deeper = [step.member[0] for step, fault in group if len(step.path) > len(path) or "." in fault["type"]]
        if deeper:
            kept += [(step, fault) for step, fault in group if step.member[0] == deeper[0]]
            continue
        value = group[0][1]["input"]
        # a member whose type fits but whose value does not says more than the members of other types
        fits = [
            (step, fault)
            for step, fault in group
            if not _is_type_fault(fault["type"]) and (fault["type"] != "literal_error" or isinstance(value, str))
        ]
        if fits:
            kept.append(fits[0])
            continue
        wanted = list(dict.fromkeys(_expected(fault["type"]) for _, fault in group))
        if "a number" in wanted and "an integer" in wanted:
            wanted.remove("an integer")
        expected = " or ".join(wanted)
        kept.append((group[0][0], {"type": "language.wrong_type", "input": value, "msg": expected}))
    return kept


def _without_consequences(facts: list[Fact]) -> list[Fact]:
    """A key that is missing because it was misspelt is said once, where it is misspelt."""
    unknown: dict[tuple[str | int, ...], list[Fact]] = {}
    for fact in facts:
        if fact.unknown:
            unknown.setdefault(fact.object, []).append(fact)

    def explained(fact: Fact) -> bool:
        others = unknown.get(fact.object, ()) if fact.missing else ()
        return any(other.meant == fact.missing or near(other.unknown, (fact.missing,)) for other in others)

    def surer(fact: Fact) -> Fact:
        """An unknown key that is nearly one that is missing there is that one, whatever else is near."""
        missing = [other.missing for other in facts if other.missing and fact.unknown and other.object == fact.object]
        hint = did_you_mean(fact.unknown, missing) if missing else ""
        return replace(fact, finding=fact.finding.moved(hint=hint)) if hint else fact

    return [surer(fact) for fact in facts if not explained(fact)]


def _node(document: Document, loc: Sequence[str | int]) -> Any:
    node: Any = document.root
    for step in loc:
        node = child(node, step)
    return node
