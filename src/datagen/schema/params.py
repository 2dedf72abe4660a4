"""The parameters of a document: `$name` anywhere in it, worked out once and put in; and settings from outside.

Order: `apply_overrides` on the document as written, then `substitute`, then `expand`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from datagen.errors import DatagenError, Finding, Meant, did_you_mean, listed, near, quoted
from datagen.schema.expand_laws import PARAMETERS as LAWS
from datagen.schema.expand_reading import carry, is_version_1, item_mark, value_mark
from datagen.schema.load_tree import MAX_NODES
from datagen.schema.model_values import comment_like
from datagen.schema.params_overrides import apply_overrides
from datagen.schema.params_texts import (
    Unwritable,
    bare_names,
    filled,
    filled_expression,
    names_in,
    number_of_share,
    plain_value,
    reference,
)
from datagen.schema.tree import Document, Map, Mark, Seq

__all__ = ["apply_overrides", "substitute"]

Evaluate = Callable[[str, Mapping[str, Any]], Any]

# Keys whose texts are expressions or SQL, so that a text put into them needs quotes.
EXPRESSION_KEYS = frozenset(
    {
        "code", "expression", "sql", "when", "where", "at", "else", "before", "censor", "until", "factor", "value", "p",
        "probability", "conversion",
    }
)  # fmt: skip
# Keys under which every text is a parameter of a law, which may be an expression.
LAW_PLACES = frozenset(
    {"distribution", "delay", "dwell", "duration", "fanout", "fill_to", "touches", "magnitude", "magnitude_dist", *LAWS}
)
FREE_TEXT = frozenset({"assumptions"})
# A document of 50,000 values may grow fourfold. Without a limit ten lines of parameters make 10,000,000,000 values.
MOST = 4 * MAX_NODES
TEXT_SIZE = 50  # characters that count as one value


def substitute(document: Document, evaluate: Evaluate) -> tuple[Document, list[Finding]]:
    """The document with every `$name` replaced by the parameter's value, and what refers to nothing.

    evaluate(text, names) gives the value of an expression over earlier parameters. `params` stays, with its values
    worked out; `scenarios` stay as written. A null takes away the key whose value is `$name`; in a list it stays.
    A version 1 document without `params` is left as it is: a dollar sign meant nothing there.
    """
    declared = document.root.get("params")
    if declared is None and is_version_1(document.root):
        return document, []
    filling = _Filling(document, evaluate)
    resolved = filling.resolve(declared) if isinstance(declared, Map) else declared
    root = Map(document.root.mark)
    for key, value in document.root.items():
        if key == "params":
            carry(root, document.root, key, resolved)
        elif key == "scenarios":
            carry(root, document.root, key)
        else:
            filling.put(root, document.root, key, value, ())
    return replace(document, root=root), filling.findings


_REMOVED: Any = object()


@dataclass(slots=True)
class _Filling:
    """One run of substitution: the values known so far, by lower-case name."""

    document: Document
    evaluate: Evaluate
    values: dict[str, Any] = field(default_factory=dict)
    later: frozenset[str] = frozenset()  # declared, but not yet worked out
    failed: set[str] = field(default_factory=set)  # could not be worked out, said once
    names: list[str] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    size: int = 0  # of all that was put in so far, in values; a long text counts as several
    findings: list[Finding] = field(default_factory=list)

    def resolve(self, params: Map) -> Map:
        """The parameters with their values, each from those before it."""
        resolved = Map(params.mark)
        self.names = [name for name in params if not comment_like(name)]
        self.later = frozenset(name.lower() for name in self.names)
        for name, written in params.items():
            if comment_like(name):
                carry(resolved, params, name)
                continue
            before, size = len(self.findings), self.size
            value = self._value(written, value_mark(params, name))
            self.later -= {name.lower()}
            self.sizes[name.lower()] = 1 + self.size - size
            if len(self.findings) > before:
                self.failed.add(name.lower())
            else:
                self.values[name.lower()] = value
            carry(resolved, params, name, value)
        return resolved

    def _value(self, written: Any, mark: Mark) -> Any:
        is_expression = isinstance(written, Map) and "expression" in written
        if not is_expression or any(key != "expression" and not comment_like(key) for key in written):
            value = self.fill(written, mark, ("params",))
            return None if value is _REMOVED else value
        text, place = str(written["expression"]), value_mark(written, "expression")
        names: dict[str, Any] = {}
        for name in names_in(text, expression=True):
            if self._known(name, place):
                value = self.values[name.lower()]
                share = number_of_share(value)
                names[name] = value if share is None else share
        if any(name not in names for name in names_in(text, expression=True)):
            return written
        try:
            return plain_value(self.evaluate(bare_names(text, names), names))
        except Unwritable as error:
            self._report("params.not_a_value", place, found=f"{quoted(text)} gives {error}", expected="a finite value")
        except DatagenError as error:
            self.findings += [
                finding.moved(path=self.document.path, line=place.line, column=place.column, json_path=place.json_path)
                for finding in error.findings
            ]
        return written

    def put(self, target: Map, source: Map, key: str, value: Any, path: tuple[str, ...]) -> None:
        """Carry an entry over with its parameters filled in; an entry that becomes null is left out."""
        new = self.fill(value, value_mark(source, key), (*path, key))
        if new is not _REMOVED:
            carry(target, source, key, new)

    def fill(self, value: Any, mark: Mark, path: tuple[str, ...]) -> Any:
        """A part of the document with its parameters filled in."""
        self.size += 1
        if isinstance(value, Map):
            result = Map(value.mark)
            for key, part in value.items():
                self.put(result, value, key, part, path)
            return result
        if isinstance(value, Seq):
            items = Seq(value.mark)
            for place, part in enumerate(value):
                new = self.fill(part, item_mark(value, place), path)
                items.add(None if new is _REMOVED else new, mark=item_mark(value, place))
            return items
        if not isinstance(value, str) or "$" not in value:
            return value
        return self._text(value, mark, path)

    def _text(self, text: str, mark: Mark, path: tuple[str, ...]) -> Any:
        free = any(comment_like(key) or key in FREE_TEXT for key in path)
        expression = not free and _is_expression(path)
        whole = reference(text)
        names = [whole] if whole is not None else names_in(text, expression=expression)
        known = [name for name in names if self._known(name, mark, quiet=free)]
        if len(known) < len(names) and not free:
            return text
        if whole is not None:
            if not known:
                return text
            value = self.values[whole.lower()]
            if self._too_large(self.sizes[whole.lower()], mark):
                return text
            return _REMOVED if value is None else value
        texts = [self.values[name.lower()] for name in known]
        if self._too_large((len(text) + sum(len(part) for part in texts if isinstance(part, str))) // TEXT_SIZE, mark):
            return text

        def value_of(name: str) -> Any:
            return self.values.get(name.lower(), f"${name}")

        try:
            return filled_expression(text, value_of) if expression else filled(text, value_of)
        except Unwritable as error:
            if free:
                return text
            self._report("params.not_a_text", mark, found=str(error), expected="a number, a text, true or false")
            return text

    def _known(self, name: str, mark: Mark, *, quiet: bool = False) -> bool:
        """Whether a name has a value; if not, and nobody has said so yet, say why."""
        key = name.lower()
        if key in self.values:
            return True
        if quiet or key in self.failed:
            return False
        if key in self.later:
            self._report(
                "params.later",
                mark,
                found=f"'${name}', which is declared here or further down",
                expected="parameters that are declared above",
                hint="move its declaration up",
            )
            return False
        guess = did_you_mean(name, self.names)
        other = near(name, self.names)
        dollar = "a dollar sign itself is written $$"
        hint = f"did you mean '${other}'? {dollar}" if other else dollar
        self._report(
            "params.unknown",
            mark,
            found=f"'${name}'",
            expected=f"a declared parameter: {listed(self.names)}"
            if self.names
            else "no parameter: `params` declares none",
            hint=Meant(hint, f"${name}", f"${other}") if isinstance(guess, Meant) else hint,
        )
        return False

    def _too_large(self, more: int, mark: Mark) -> bool:
        """Whether parameters that refer to each other make a document grow out of bounds; said once."""
        before, self.size = self.size, self.size + more
        if self.size > MOST >= before:
            self._report(
                "params.too_large",
                mark,
                found=f"parameters that together make more than {MOST:,} values",
                expected="a document of a size that a person could write",
                hint="does a list of parameters hold itself many times over?",
            )
        return self.size > MOST

    def _report(self, code: str, mark: Mark, **facts: Any) -> None:
        self.findings.append(
            Finding(
                code=code,
                path=self.document.path,
                line=mark.line,
                column=mark.column,
                json_path=mark.json_path,
                **facts,
            )
        )


def _is_expression(path: tuple[str, ...]) -> bool:
    """Whether a text at this path is an expression or SQL."""
    return (
        path[-1] in EXPRESSION_KEYS
        or not LAW_PLACES.isdisjoint(path)
        or ("emits" in path and "columns" in path[path.index("emits") :])
    )
