"""`by: {column: {value: {…}, else: {…}}}`: a part whose parameters differ by the value of a column.

Each value's parameters, over those beside `by`, make a part of their own; the part of a row is chosen by the column. All
of them draw from the same address with the same salt, so a row's draw does not depend on which parameters it gets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from datagen.contracts import Block, Change, ColumnType, Fill, Generator, Modifier, Reader, Scope, Values
from datagen.errors import Finding, SchemaError, did_you_mean, listed
from datagen.plan.some_rows import SomeRows, put_together
from datagen.rows._mapped import mapped
from datagen.schema.model_findings import check_part
from datagen.schema.model_words import Branched

ELSE = "else"
FIXED = {"lookup": ("from", "on"), "choice": ("choices_ref",)}  # which table a column points to is one for all rows
WHOLE = ("series",)  # generators that see all rows of a parent
QUOTAS = ("exact", "at_least", "clustered")  # what makes the values of a choice a fact about many rows
TIMES = ("seasonality", "effect")  # modifiers that shape times where they fall, and not row by row


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which branch holds in each row. texts: the listed values; otherwise: there is an `else`, the last branch."""

    name: str
    reader: Reader
    texts: tuple[str, ...]
    otherwise: bool
    home: str

    def __call__(self, block: Block) -> NDArray[np.int64]:
        """(n,) place of the branch of each row. Raises SchemaError "by.unlisted_value" where none holds."""
        values = self.reader(block)
        places = {text: float(place) for place, text in enumerate(self.texts)}
        codes = mapped(values, places, float(len(self.texts))).astype(np.int64)
        left = codes == len(self.texts)
        if not self.otherwise and left.any():
            nulls = values.valid is not None and bool((~values.valid & left).any())
            raise SchemaError(
                Finding(
                    code="by.unlisted_value",
                    json_path=self.home,
                    found=f"{int(left.sum()):,} rows of one block whose {self.name} is "
                    + ("null" if nulls else f"none of {listed(self.texts)}"),
                    expected="a branch for every value of the column",
                    hint="add `else: {…}` for the rest",
                )
            )
        return codes

    def parts(self, block: Block) -> list[tuple[int, SomeRows]]:
        """The branches that hold in a block, each with its rows."""
        return block.memo(("by", self), lambda: self._parts(block))  # type: ignore[no-any-return]

    def _parts(self, block: Block) -> list[tuple[int, SomeRows]]:
        codes = self(block)
        found = [(int(code), SomeRows(block, np.flatnonzero(codes == code))) for code in np.unique(codes)]
        return found or [(0, SomeRows(block, np.zeros(0, dtype=np.int64)))]


def split(params: Mapping[str, Any], law: bool) -> tuple[str, dict[str, dict[str, Any]]]:
    """The first column of `by`, and the full parameters of each of its values."""
    (column, written), *rest = params["by"].items()
    base = {key: value for key, value in params.items() if key != "by"}
    made: dict[str, dict[str, Any]] = {}
    for text, branch in written.items():
        made[text] = merged(base, branch or {}, law=law)
        if rest:
            made[text]["by"] = dict(rest)
    return column, made


def merged(base: Mapping[str, Any], branch: Mapping[str, Any], *, law: bool) -> dict[str, Any]:
    """Parameters with those of a branch over them; of a law its parameters one by one, unless it is another law."""
    whole = {**base, **branch}
    if "weights" in branch and "weights_kind" not in branch:
        whole.pop("weights_kind", None)
    if "weights_kind" in branch and "weights" not in branch:
        whole.pop("weights", None)
    same = branch.get("type", base.get("type")) == base.get("type")
    if law and isinstance(base.get("params"), Mapping) and isinstance(branch.get("params"), Mapping) and same:
        whole["params"] = {**base["params"], **branch["params"]}
    if law and not same and "params" not in branch:
        whole["params"] = {}
    return whole


def all_branches(params: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """The parameters beside `by`, and those of every value."""
    yield params
    for branches in params["by"].values():
        yield from (branch for branch in branches.values() if branch)


def sound(params: Mapping[str, Any], document: Any, loc: tuple[str | int, ...]) -> list[Finding]:
    """What is wrong with the form of `by`."""
    made, findings = check_part(Branched, {"by": params["by"]}, document, loc)
    if made is not None and not (params["by"] and all(params["by"].values())):
        expected = "{column: {value: {…}, else: {…}}}"
        findings = [document.finding("by.empty", (*loc, "by"), found="`by` without a branch", expected=expected)]
    return findings


def choose(scope: Scope, name: str, texts: Iterable[str], steps: tuple[str | int, ...] = ()) -> Chosen | None:
    """How rows choose among the branches of a column; None after a refusal. steps: where `by` stands in the part."""
    texts = tuple(texts)
    at: Any = (*steps, "by", name)
    before = scope.type_of(name)
    reader = scope.read(name, at)
    if before is None:
        return None
    if before not in ("string", "int", "bool"):
        scope.refuse(
            "by.column_type",
            at,
            found=f"{name}, of type {before}",
            expected="a column of texts, whole numbers or true and false",
        )
        return None
    values = tuple(text for text in texts if text != ELSE)
    known = scope.texts_of(name)
    for text in values if known is not None else ():
        if text not in (known or ()):
            scope.refuse(
                "by.unknown_value",
                (*at, text),
                found=f"'{text}', which {name} never is",
                expected=f"a value of it: {listed(known or ())}",
                hint=did_you_mean(text, known or ()),
            )
    missing = [text for text in known or () if text not in values]
    if missing and ELSE not in texts:
        scope.refuse(
            "by.unlisted_value",
            at,
            found=f"no branch for {listed(missing)}",
            expected=f"one for every value of {name}: {listed(known or ())}",
            hint="add `else: {…}` for the rest; `else: {}` keeps what stands beside `by`",
        )
    return Chosen(name, reader, values, ELSE in texts, f"{scope.table}.{scope.column}")


def ordered(texts: Iterable[str]) -> list[str]:
    """Values in the order of their branches: as written, `else` last."""
    values = list(texts)
    return [text for text in values if text != ELSE] + [text for text in values if text == ELSE]


class ByPart:
    """What generators and modifiers with `by` share: the column and the parts by value, `else` last."""

    column: str
    parts: dict[str, Any]

    def names(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        yield self.column
        for part in self.parts.values():
            yield from part.reads(scope)

    def inside(self, scope: Any, text: str) -> Any:
        """The scope of the part of one value."""
        return scope.inside(("by", self.column, text))


class ByGenerator(ByPart, Generator):
    """A generator whose parameters differ by the value of a column."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    column: str
    parts: dict[str, Any]

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        return self.names(scope)

    def infer(self, scope: Scope) -> ColumnType | None:
        kinds = {part.infer(scope) for part in self.parts.values()}
        return next(iter(kinds)) if len(kinds) == 1 else "float" if kinds == {"int", "float"} else None

    def bind(self, scope: Scope) -> Fill:
        if scope.unique:
            scope.refuse(
                "by.unique",
                "by",
                found="`by` on a column of unique values",
                expected="one way to make them, so that no value stands twice",
            )
        chosen = choose(scope, self.column, self.parts)
        fills = [part.bind(self.inside(scope, text)) for text, part in self.parts.items()]

        def fill(block: Block) -> Values:
            assert chosen is not None  # refused
            found = chosen.parts(block)
            return put_together([fills[code](some) for code, some in found], [some.index for _, some in found])

        return fill

    def distinct(self, scope: Scope) -> bool:
        return False

    def leaves_open(self) -> bool:
        return any(part.leaves_open() for part in self.parts.values())

    def support(self, scope: Scope) -> tuple[float, float] | None:
        ends = [part.support(self.inside(scope, text)) for text, part in self.parts.items()]
        if any(one is None for one in ends):
            return None
        return min(low for low, _ in ends), max(high for _, high in ends)

    def nearest(self, scope: Scope, edge: float, side: Literal["below", "above"], strict: bool) -> float:
        found = [part.nearest(self.inside(scope, text), edge, side, strict) for text, part in self.parts.items()]
        return float(max(found) if side == "below" else min(found))

    def listed(self, scope: Scope) -> list[Any] | None:
        values: dict[Any, None] = {}
        for text, part in self.parts.items():
            some = part.listed(self.inside(scope, text))
            if some is None:
                return None
            values |= dict.fromkeys(some)
        return list(values)


class ByModifier(ByPart, Modifier):
    """A modifier whose arguments differ by the value of a column."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    word: str
    column: str
    parts: dict[str, Any]

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        return self.names(scope)

    def bind(self, scope: Scope) -> Change:
        if self.word in TIMES and scope.value_type in ("datetime", "date"):
            scope.refuse(
                "by.shape_of_times",
                "by",
                found=f"`by` in a {self.word} that shapes when rows fall",
                expected="one shape for the column",
                hint="a datetime_series with `by` may have a `pattern` for each value",
            )
        chosen = choose(scope, self.column, self.parts)
        changes = [part.bind(self.inside(scope, text)) for text, part in self.parts.items()]

        def change(block: Block, values: Values) -> Values:
            from datagen.columns import take

            assert chosen is not None  # refused
            found = chosen.parts(block)
            pieces = [changes[code](some, take(values, some.index)) for code, some in found]
            return put_together(pieces, [some.index for _, some in found])

        return change


def by_part(
    kind: str, word: str, model: Any, params: Mapping[str, Any], document: Any, loc: tuple[str | int, ...]
) -> Any:
    """A part with `by` as (part, findings); the part is None after a fault."""
    from datagen.plan.parts import make_part

    findings = sound(params, document, loc)
    if findings:
        return None, findings
    if word in WHOLE:
        found = f"`by` in a {word}, whose values follow from the rows before"
        return None, [document.finding("by.whole", (*loc, "by"), found=found, expected="one way to make all rows")]
    for key in QUOTAS if kind == "generator" and word in ("choice", "bernoulli", "ingested") else ():
        # shares of `ingested` are exact unless it says otherwise
        usual = word == "ingested" and key == "exact" and key not in params
        if any(one.get(key, usual) for one in all_branches(params)):
            found = f"{key} beside `by`: shares that are kept among the rows of one branch alone"
            findings.append(document.finding("quota.by", (*loc, "by"), found=found, expected="one of them"))
    for key in ("unique", "depth") if word == "lookup" else ():
        if any(one.get(key) for one in all_branches(params)):
            found = f"`{key}` beside `by`: a promise about all rows, of which a branch sees its own alone"
            findings.append(document.finding("by.whole", (*loc, "by"), found=found, expected="one of them"))
    if findings:
        return None, findings
    column, branches = split(params, law=word == "distribution")
    parts: dict[str, Any] = {}
    for text in ordered(branches):
        at = (*loc, "by", column, text)
        for key in FIXED.get(word, ()):
            if branches[text].get(key) != params.get(key):
                findings.append(
                    document.finding(
                        "by.fixed_key",
                        (*at, key),
                        found=f"`{key}` in a branch of `by`",
                        expected=f"`{key}` beside `by`: what the column points to is one for all rows",
                    )
                )
        inner = "by" in branches[text]  # a second column: its branches stand beside those of the first
        part, more = make_part(kind, word, model, branches[text], document, loc if inner else at)
        findings += more
        parts[text] = part
    if any(part is None for part in parts.values()) or findings:
        return None, list(dict.fromkeys(findings))
    made = (
        ByGenerator(column=column, parts=parts)
        if kind == "generator"
        else ByModifier(word=word, column=column, parts=parts)
    )
    return made, []
