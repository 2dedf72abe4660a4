"""A fan-out with `by`: parents whose rows are made in different ways, by the value of one of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill, Values
from datagen.plan.by import Chosen, choose, merged, ordered, sound, split
from datagen.plan.some_rows import ChildrenOfSome, put_together
from datagen.rows._class_totals import RowsOfClass
from datagen.rows._contract import BoundRows, most_expected

Ints = NDArray[np.int64]

WHOLE = ("total", "mean")  # facts about all parents together


@dataclass(frozen=True, slots=True)
class ByRows:
    """Rows of parents by the value of a column."""

    chosen: Chosen
    rows: tuple[BoundRows, ...]
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    weights: tuple[float, ...] | None = None  # shares of the values among the parents, where they are known
    exact: bool = False  # these shares are kept to the row
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def __call__(self, parent: Block) -> Ints:
        counts = np.zeros(parent.rows, dtype=np.int64)
        for code, some in self.chosen.parts(parent):
            counts[some.index] = self.rows[code](some)
        return counts

    @property
    def whole(self) -> int | None:
        """Rows of the whole table, where they are declared."""
        return next((one.totals.total for one in self.rows if isinstance(one, RowsOfClass)), None)

    @property
    def moves(self) -> str:
        """Why parents that are added change the rows of those that were there before."""
        texts = [getattr(one, "moves", "") for one in self.rows]
        return texts[0] if all(texts) else ""

    @property
    def least(self) -> float:
        """Rows that every parent has for sure."""
        return min(float(getattr(one, "least", 0.0)) for one in self.rows)

    @property
    def most_expected(self) -> float:
        """No less than the expected rows of a parent."""
        most = [most_expected(one) for one in self.rows]
        if self.weights is None:
            return max(most)
        return sum(weight * one for weight, one in zip(self.weights, most, strict=True) if weight > 0)

    def expected_pairs(self) -> float | None:
        """Pairs of rows of one parent; None where nobody can tell."""
        if self.whole is not None:
            return self.expected * self.expected / 2.0
        known: list[float] = []
        for one in self.rows:
            pairs: float | None = one.expected_pairs() if hasattr(one, "expected_pairs") else None
            if pairs is None:
                return None
            known.append(pairs)
        if self.weights is None:
            return max(known)
        found = sum(weight * pairs for weight, pairs in zip(self.weights, known, strict=True))
        if self.exact:  # between the values nothing varies
            each = np.array([most_expected(one) for one in self.rows])
            found -= float(np.average((each - self.most_expected) ** 2, weights=self.weights)) / 2.0
        return found

    def fill(self, role: str) -> Fill:
        """What fills the column of a role, each row by the way its parent's rows are made."""

        def fill(block: Block) -> Values:
            parents, index = block.ancestor(self.parent)
            assert index is not None  # rows of a child
            pieces: list[Values] = []
            places: list[Ints] = []
            for code, some in self.chosen.parts(parents):
                back = np.full(parents.rows, -1, dtype=np.int64)
                back[some.index] = np.arange(some.rows, dtype=np.int64)
                own = back[index]
                at = np.flatnonzero(own >= 0)
                if len(at) or not block.rows:
                    children = ChildrenOfSome(block, at, self.parent, some, own[at])
                    pieces.append(self.rows[code].fills[role](children))
                    places.append(at)
                if not block.rows:
                    break
            return put_together(pieces, places)

        return fill


def has_by(spec: Any) -> bool:
    """Whether a fan-out, or one of its multipliers, differs by a column."""
    return isinstance(spec, Mapping) and (spec.get("by") is not None or _multiplier(spec) is not None)


def _multiplier(spec: Mapping[str, Any]) -> int | None:
    """Place of the first multiplier with `by`."""
    multipliers = spec.get("multipliers")
    for place, one in enumerate(multipliers if isinstance(multipliers, Sequence) else ()):
        args = one.get("args") if isinstance(one, Mapping) else None
        if isinstance(args, Mapping) and args.get("by") is not None:
            return place
    return None


def branches(spec: Mapping[str, Any]) -> tuple[str, dict[str, dict[str, Any]], tuple[str | int, ...]]:
    """The column, the fan-out of each value, and where its `by` stands. A multiplier's branches become fan-outs' own."""
    if spec.get("by") is not None:
        column, made = split(spec, law=True)
        return column, made, ()
    place = _multiplier(spec)
    assert place is not None  # asked only where there is a `by`
    one = spec["multipliers"][place]
    column, args = split(one["args"], law=False)
    made = {}
    for text, own in args.items():
        multipliers = list(spec["multipliers"])
        multipliers[place] = {**one, "args": own}
        made[text] = merged(spec, {"multipliers": multipliers}, law=True)
    return column, made, ("multipliers", place, "args")


def every(spec: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    """Every fan-out that a fan-out with `by` may be."""
    if not has_by(spec):
        yield spec
        return
    for one in branches(spec)[1].values():
        yield from every(one)


def idle_stretches(
    spec: Mapping[str, Any], own: Mapping[str, Any] | None = None, loc: tuple[str | int, ...] = ()
) -> Iterable[tuple[str | int, ...]]:
    """Where a fan-out says `stretch: true` of ends that no total or mean needs. own: what stands at loc itself."""
    exact = any(one.get(key) is not None for one in every(spec) for key in WHOLE)
    if (spec if own is None else own).get("stretch") and not exact:
        yield (*loc, "stretch")
    if spec.get("by") is not None:
        column, made = split(spec, law=True)
        for text, one in made.items():
            yield from idle_stretches(one, spec["by"][column][text] or {}, (*loc, "by", column, text))


class ByMaker:
    """A row maker for each value of a column of the driving parent."""

    def __init__(self, spec: Mapping[str, Any], scope: Any, make: Callable[[Mapping[str, Any], Any], Any]) -> None:
        self.spec, self.scope = spec, scope
        self.column, self.specs, self.steps = branches(spec)
        inner = {
            text: scope if self.steps or has_by(one) else scope.inside(("by", self.column, text))
            for text, one in self.specs.items()
        }
        self.makers = {text: make(self.specs[text], inner[text]) for text in ordered(self.specs)}

    def reads(self) -> Iterable[Any]:
        """What the number of rows reads."""
        yield self.column
        for maker in self.makers.values():
            if maker is not None:
                yield from maker.reads()

    def bind(self) -> ByRows | None:
        """The rows, or None after a refusal."""
        scope = self.scope
        for one in self.specs.values():
            if one.get("each") is not None:
                scope.refuse(
                    "fanout.each_shaped",
                    "each" if "each" in self.spec else (*self.steps, "by"),
                    found="`by` beside each, which has one row of every pair",
                    expected="each alone",
                )
                return None
        chosen = choose(scope, self.column, self.makers, self.steps)
        makers = list(self.makers.values())
        if chosen is None or any(maker is None for maker in makers):
            return None
        exact = next((key for one in self.specs.values() for key in WHOLE if one.get(key) is not None), None)
        rows = [None] * len(makers) if exact is None else self._totals(chosen, exact)
        if rows is None:
            return None
        rows = [maker.bind() if one is None else one for one, maker in zip(rows, makers, strict=True)]
        if any(one is None for one in rows):
            return None
        return by_rows(chosen, tuple(self.makers), rows, scope)

    def _totals(self, chosen: Chosen, key: str) -> list[Any] | None:
        """Rows of the values that have an exact total or mean, None for the others; None after a refusal."""
        from datagen.rows._exact_total_bind import bind_classes

        scope = self.scope
        if any(has_by(one) for one in self.specs.values()):
            scope.refuse(
                "by.exact_total",
                key if key in self.spec else (*self.steps, "by"),
                found=f"`by` over several columns in a fan-out with an exact {key}",
                expected="`by` over one column",
                hint="put the columns together into one, by an expression",
            )
            return None
        if self._divided():
            return None
        shares = None if "." in self.column else scope.shares_of(chosen.name)
        listed = None if shares is None else [shares.get(text, 0.0) for text in chosen.texts]
        if listed is not None and chosen.otherwise:
            listed.append(1.0 - sum(listed))
        own, stretch = self.spec.get("total"), bool(self.spec.get("stretch"))
        return bind_classes(chosen, list(self.makers.values()), list(self.makers), own, stretch, listed, scope)

    def _divided(self) -> bool:
        """Refuse what single values say of a total that all of them share."""
        written = {} if self.steps or self.spec.get("total") is None else self.spec["by"][self.column]
        found = [(text, key) for text, one in written.items() for key in ("total", "stretch") if (one or {}).get(key)]
        for text, key in found:
            self.scope.refuse(
                "fanout.total_of_all",
                ("by", self.column, text, key),
                found=f"{key} of {text}, beside a total of all values together",
                expected="stretch beside the total" if key == "stretch" else "one total, or one for each value",
            )
        return bool(found)


def by_rows(chosen: Chosen, texts: tuple[str, ...], rows: Sequence[Any], scope: Any) -> ByRows:
    """Bound rows of every value as the rows of one table."""
    shares = scope.shares_of(chosen.name)
    if shares is None:
        weights, guessed, known = [1.0 / len(rows)] * len(rows), True, False
    else:
        listed = [shares.get(text, 0.0) for text in chosen.texts]
        weights = [*listed, 1.0 - sum(listed)] if chosen.otherwise else listed
        # the shares are those of the rows of another table, where the column stands in one
        known = "." not in chosen.name
        guessed = any(one.guessed for one in rows) or not known
    whole = next((one.totals.total for one in rows if isinstance(one, RowsOfClass)), None)
    guessed = guessed and whole is None
    roles = set.intersection(*(set(getattr(one, "fills", {})) for one in rows))
    parent = scope.table
    made = ByRows(
        chosen,
        tuple(rows),
        parent,
        sum(weight * one.expected for weight, one in zip(weights, rows, strict=True)),
        max(one.largest for one in rows),
        (f"exactly {whole:,} rows in all, " if whole is not None else "") + _said(chosen.name, texts, rows),
        guessed,
        tuple(weights) if known else None,
        known and scope.keeps_shares(chosen.name),
    )
    return ByRows(
        chosen, made.rows, parent, made.expected, made.largest, made.description, guessed, made.weights, made.exact,
        {role: made.fill(role) for role in sorted(roles)},
    )  # fmt: skip


def _said(name: str, texts: Sequence[str], rows: Sequence[BoundRows]) -> str:
    """What the plan says of every value, of those that say the same together."""
    groups: dict[str, list[str]] = {}
    for text, one in zip(texts, rows, strict=True):
        groups.setdefault(one.description, []).append(text)
    if len(groups) == 1:
        return f"{rows[0].description}, by {name}"
    return f"by {name}: " + "; ".join(f"{', '.join(same)} {description}" for description, same in groups.items())


def faults_of_by(spec: Mapping[str, Any], document: Any, loc: tuple[str | int, ...]) -> list[Any]:
    """What is wrong with the form of every `by` of a fan-out."""
    found = sound(spec, document, loc) if spec.get("by") is not None else []
    multipliers = spec.get("multipliers")
    for place, one in enumerate(multipliers if isinstance(multipliers, Sequence) else ()):
        args = one.get("args") if isinstance(one, Mapping) else None
        if isinstance(args, Mapping) and args.get("by") is not None:
            found += sound(args, document, (*loc, "multipliers", place, "args"))
    return found
