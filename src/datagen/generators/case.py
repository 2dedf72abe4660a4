"""Values made in different ways in different rows: the first branch whose condition holds makes the value."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PrivateAttr

from datagen.columns import empty_like, take, where_true
from datagen.contracts import Block, ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.errors import listed
from datagen.schema.model_words import Branch

# generators whose values follow from all rows of a table or of a parent, which a branch does not see
WHOLE = frozenset({"series", "enum_list"})
# and keys that make a promise about all of them
TOGETHER = ("exact", "at_least", "clustered", "unique", "depth")
MIXED: Mapping[frozenset[str], ColumnType] = {
    frozenset({"int", "float"}): "float",
    frozenset({"date", "datetime"}): "datetime",
}
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Made:
    """One branch: its condition (None: always), its generator's word and parameters, and the part (None: no value)."""

    when: str | bool | None
    word: str
    part: Generator | None
    steps: tuple[str | int, ...]  # where the parameters of the generator stand inside the case

    @property
    def always(self) -> bool:
        return self.when is None or self.when is True


class Case(Generator):
    """The first branch whose condition holds makes the value of a row.

    Params: cases, a list of branches `{when: condition, <generator>: …}`; the last may leave `when` out and takes the rest.
    A row in which none holds, or whose branch is `expression: "null"`, has no value: the column needs `nullable: true`
    then. A condition that is null does not hold. Branches are generators of one type, whole numbers and floats together
    are floats. All of them draw from the same place, so a row that changes branch keeps its luck. Where all look into the
    same table the column is a key of it.
    """

    MAIN: ClassVar[str | None] = "cases"
    STEERED: ClassVar[bool] = True  # as far as its branches are: `plan.constraints.steers`
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {
            "case": {
                "cases": [
                    {"when": "amount > 60", "distribution": {"type": "normal", "params": {"mean": 5, "std": 1}}},
                    {"when": "genre = 'jazz'", "expression": {"code": "amount / 2.0"}},
                    {"distribution": {"type": "uniform", "params": {"low": 0, "high": 1}}},
                ]
            }
        },
        {
            "case": {
                "cases": [
                    {"when": "ordinal % 3 = 0", "choice": {"choices": ["late", "later"]}},
                    {"choice": {"choices": ["soon", "now"], "weights": [0.8, 0.2]}},
                ]
            }
        },
    ]

    cases: Annotated[list[Branch], Field(min_length=1)] = Field(
        description="branches `{when: condition, <generator>: …}`, the first that holds counts; the last may leave `when` out"
    )

    _made: tuple[Made, ...] = PrivateAttr(default=())

    def with_parts(self, made: Iterable[Made]) -> Self:
        """The same case with the generators of its branches: the plan makes them, so that all their faults are told."""
        whole = self.model_copy()
        whole._made = tuple(made)
        return whole

    @property
    def branches(self) -> tuple[Made, ...]:
        """The branches in the order written."""
        return self._made

    @property
    def covered(self) -> bool:
        """Whether every row has a branch that makes a value."""
        return self._made[-1].always and all(one.part is not None for one in self._made)

    def parts(self, scope: Scope) -> list[tuple[Generator, Scope]]:
        """The generators that make values, each with the scope of its branch."""
        inner = cast(Any, scope).inside
        return [(one.part, inner(one.steps)) for one in self._made if one.part is not None]

    def reads(self, scope: Scope) -> Iterable[str | tuple[str, str]]:
        for one in self._made:
            if isinstance(one.when, str):
                yield from scope.names_in(one.when)
        for part, inner in self.parts(scope):
            yield from part.reads(inner)

    def infer(self, scope: Scope) -> ColumnType | None:
        kinds = {part.infer(inner) for part, inner in self.parts(scope)}
        if len(kinds) == 1:
            return next(iter(kinds))
        return MIXED.get(frozenset(str(kind) for kind in kinds))

    def bind(self, scope: Scope) -> Fill:
        self._refuse(scope)
        conditions = [self._condition(one, scope, place) for place, one in enumerate(self._made)]
        inner = cast(Any, scope).inside
        fills = [None if one.part is None else one.part.bind(inner(one.steps)) for one in self._made]

        return CaseFill(tuple(conditions), tuple(fills), tuple(_spelled(one) for one in self._made))

    def _condition(self, one: Made, scope: Scope, place: int) -> Reader | None:
        """The condition of a branch as a reader; None where it always holds."""
        if one.always:
            return None
        at: Any = ("cases", place, "when")
        checked = scope.checked(one.when, at) if isinstance(one.when, str) else None
        if isinstance(one.when, str) and (checked is None or checked.type != "bool"):
            if checked is not None:
                scope.refuse(
                    "case.when_type",
                    at,
                    found=f"an expression of type {checked.type}",
                    expected="a condition, such as status = 'done'",
                )
            return None  # refused
        return scope.expression(cast(Any, one.when), at)

    def _refuse(self, scope: Scope) -> None:
        """Say what cannot be: branches of several types, unique values, branches that are never reached, rows left over."""
        if scope.unique:
            scope.refuse(
                "case.unique",
                (),
                found="`case` on a column of unique values",
                expected="one way to make them, so that no value stands twice",
            )
        for place, one in enumerate(self._made[:-1]):
            if one.always:
                scope.refuse(
                    "case.never_reached",
                    ("cases", place),
                    found=f"a branch that always holds before {len(self._made) - 1 - place} more",
                    expected="`when` on every branch but the last",
                )
                break
        if not self.covered and not scope.nullable:
            left = "rows in which no branch holds" if not self._made[-1].always else "rows whose branch is null"
            scope.refuse(
                "case.no_value",
                (),
                found=f"{left}, on a column that is not nullable",
                expected="a last branch without `when`, or nullable: true",
            )
        kinds: dict[str, str] = {}
        for one in self._made:
            kind = None if one.part is None else one.part.infer(cast(Any, scope).inside(one.steps))
            if kind is not None:
                kinds.setdefault(kind, one.word)
        if len(kinds) > 1 and frozenset(kinds) not in MIXED:
            scope.refuse(
                "case.types",
                (),
                found="branches of several types: " + listed([f"{word} makes {kind}" for kind, word in kinds.items()]),
                expected="branches of one type",
                hint="cast(… as text) in an expression makes texts",
            )
        for one in self._made:
            self._refuse_whole(one, scope)

    def _refuse_whole(self, one: Made, scope: Scope) -> None:
        if one.word in WHOLE:
            scope.refuse(
                "case.whole",
                one.steps,
                found=f"{one.word} in a branch, which sees some of the rows alone",
                expected="a generator whose values do not follow from other rows",
            )
        for key in TOGETHER:
            if one.part is not None and getattr(one.part, key, None):
                scope.refuse(
                    "case.whole",
                    (*one.steps, key),
                    found=f"`{key}` in a branch, which sees some of the rows alone",
                    expected=f"{key}: false, or a column of its own for all rows",
                )

    def leaves_open(self) -> bool:
        return any(one.part is not None and one.part.leaves_open() for one in self._made)

    def support(self, scope: Scope) -> tuple[float, float] | None:
        ends = [part.support(inner) for part, inner in self.parts(scope)]
        known = [one for one in ends if one is not None]
        if not known or len(known) < len(ends):
            return None
        return min(low for low, _ in known), max(high for _, high in known)

    def nearest(self, scope: Scope, edge: float, side: Literal["below", "above"], strict: bool) -> float:
        found = [part.nearest(inner, edge, side, strict) for part, inner in self.parts(scope)]
        return float(max(found) if side == "below" else min(found)) if found else edge

    def listed(self, scope: Scope) -> list[Any] | None:
        values: dict[Any, None] = {}
        for part, inner in self.parts(scope):
            some = part.listed(inner)
            if some is None:
                return None
            values |= dict.fromkeys(some)
        return list(values)


@dataclass(frozen=True, slots=True)
class CaseFill:
    """Fills a column by the first branch whose condition holds in the row. texts: of the branches, for traces."""

    conditions: tuple[Reader | None, ...]
    fills: tuple[Fill | None, ...]
    texts: tuple[str, ...]

    def __call__(self, block: Block) -> Values:
        return _filled(block, first_true(self.conditions, block), self.fills)

    def told(self, block: Block, place: int) -> str:
        """Which branch made the value of a row."""
        code = int(first_true(self.conditions, block)[place])
        if code == len(self.texts):
            return f"no branch of {len(self.texts)} holds"
        return f"branch {code + 1} of {len(self.texts)}: {self.texts[code]}"


def _spelled(one: Made) -> str:
    """A branch in words."""
    when = "otherwise" if one.always else f"when {one.when}"
    return f"{when}, {'null' if one.part is None else one.word}"


def first_true(conditions: Sequence[Reader | None], block: Block) -> Places:
    """(n,) place of the first condition that holds in each row, as many as there are where none does."""
    codes = np.full(block.rows, len(conditions), dtype=np.int64)
    for place in reversed(range(len(conditions))):  # over branches, not rows
        condition = conditions[place]
        if condition is None:
            codes[:] = place
            continue
        codes[where_true(condition(block))] = place
    return codes


def _filled(block: Block, codes: Places, fills: Sequence[Fill | None]) -> Values:
    """The values of every branch in its own rows; no value where there is no branch."""
    from datagen.plan.some_rows import SomeRows, put_together

    pieces: list[Values] = []
    places: list[Places] = []
    for code, make in enumerate(fills):
        mine = np.flatnonzero(codes == code)
        if make is not None and len(mine):
            pieces.append(make(SomeRows(block, mine)))
            places.append(mine)
    if not pieces:
        some = next(make for make in fills if make is not None)
        none = some(SomeRows(block, np.zeros(0, dtype=np.int64)))
        picks = None if none.picks is None else np.full(block.rows, -1, dtype=np.int64)
        return empty_like(none, block.rows).changed(picks=picks)
    held = np.concatenate(places)
    if len(held) == block.rows:
        return put_together(pieces, places)
    order = np.sort(held)  # the held rows, packed, then spread over the block
    packed = put_together(pieces, [np.searchsorted(order, one) for one in places])
    there = np.zeros(block.rows, dtype=np.bool_)
    there[held] = True
    back = np.cumsum(there) - 1
    spread = take(packed, np.maximum(back, 0), there)
    return spread if spread.picks is None else spread.changed(picks=np.where(there, spread.picks, -1))
