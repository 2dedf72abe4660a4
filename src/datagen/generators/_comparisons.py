"""Parts of a `where` that compare a value of the candidate with one of the row that picks: asked as numbers, pair by pair.

`candidate.x <= y`, `candidate.d is null or candidate.d > y + 1`, `y between candidate.a and candidate.b` need no formula to be
run for each proposal; and where candidates stand in the order of such a value, a row sees at once which of them may hold
(datagen.generators._windows).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Values
from datagen.expressions.tree import Call, Constant, Name, Node
from datagen.generators._key_codes import Codes

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>"}
ASKED: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "<>": operator.ne,
}  # fmt: skip
NEARLY = 1e-9  # of both sides: more than what rounding moves a difference by


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison as it is written: (candidate's side) op (row's side).

    missing: it holds for a candidate without a value. exact: it says all that the condition says there; else whatever
    holds keeps it, and the formula is asked as well.
    """

    theirs: Node
    op: str
    mine: Node
    missing: bool = False
    exact: bool = True


def compared(node: Node, is_candidate: Callable[[str], bool]) -> list[Compared]:
    """What a part of a condition compares; nothing where it is of another form."""
    if not isinstance(node, Call):
        return []
    arguments = node.arguments
    if node.function in FLIPPED:
        whose = [_whose(one, is_candidate) for one in arguments]
        if whose == ["candidate", "row"]:
            return [Compared(arguments[0], node.function, arguments[1])]
        if whose == ["row", "candidate"]:
            return [Compared(arguments[1], FLIPPED[node.function], arguments[0])]
        return _near(node, is_candidate)
    if node.function == "between":
        value, low, high = arguments
        parts = [
            compared(Call(op, (value, end), node.start, node.end), is_candidate)
            for op, end in ((">=", low), ("<=", high))
        ]
        return [one for part in parts for one in part] if all(parts) else []
    if node.function == "or" and len(arguments) == 2:
        for first, second in (arguments, arguments[::-1]):
            if isinstance(first, Call) and first.function == "is null":
                made = compared(second, is_candidate)
                if len(made) == 1 and made[0].exact and _same(first.arguments[0], made[0].theirs):
                    return [replace(made[0], missing=True)]
    return []


def _near(node: Call, is_candidate: Callable[[str], bool]) -> list[Compared]:
    """`abs(candidate.x - y) < c`: x is between y - c and y + c, give or take a rounding."""
    size, most = node.arguments if node.function in ("<", "<=") else node.arguments[::-1]
    if node.function not in ("<", "<=", ">", ">=") or _whose(most, is_candidate) not in ("row", "nobody"):
        return []
    if not (isinstance(size, Call) and size.function == "abs" and isinstance(size.arguments[0], Call)):
        return []
    difference = size.arguments[0]
    sides = {_whose(one, is_candidate): one for one in difference.arguments}
    if difference.function != "-" or set(sides) != {"candidate", "row"}:
        return []
    at = (node.start, node.end)
    middle = sides["row"]
    widths = Call("+", (Call("abs", (middle,), *at), Call("abs", (most,), *at)), *at)
    room = Call("+", (most, Call("*", (Constant(NEARLY, "float", *at), widths), *at)), *at)
    return [
        Compared(sides["candidate"], op, Call(sign, (middle, room), *at), exact=False)
        for op, sign in ((">=", "-"), ("<=", "+"))
    ]


def _whose(node: Node, is_candidate: Callable[[str], bool]) -> str:
    """Whether a part of a formula names the candidate alone, the row alone, both or nobody."""
    found = {is_candidate(name) for name in names_in(node)}
    return "both" if len(found) == 2 else "nobody" if not found else "candidate" if found == {True} else "row"


def names_in(node: Node) -> Iterator[str]:
    """The names in a formula."""
    if isinstance(node, Name):
        yield node.text
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from names_in(argument)


def _same(one: Node, other: Node) -> bool:
    return isinstance(one, Name) and isinstance(other, Name) and one.text.lower() == other.text.lower()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A comparison, ready to be asked. theirs: of all candidates; mine: of some rows of a block, by place.

    side: what tells the candidates' side from others; texts: they are told apart and have no order.
    """

    side: str
    theirs: Callable[[Block], Values]
    op: str
    mine: Callable[[Block, Ints], Values]
    missing: bool
    exact: bool
    texts: bool

    @property
    def ordered(self) -> bool:
        return not self.texts and self.op != "<>"


class Asked:
    """Comparisons with the values of those rows of a block that are asked for."""

    def __init__(self, block: Block, comparisons: tuple[Comparison, ...], rows: Ints) -> None:
        self.comparisons = comparisons
        self._sides = [self._read(block, one, rows) for one in comparisons]

    def _read(self, block: Block, one: Comparison, rows: Ints) -> tuple[Any, Any, Any, Any]:
        """(candidates' values, which there are, rows' values, which there are); None: all."""
        theirs, mine = one.theirs(block), one.mine(block, rows)
        if one.texts:
            codes: Codes = block.once(("compared codes", one.side), lambda: Codes(theirs))
            values, own = codes.of_rows, codes.codes(mine)
        else:
            values, own = numbers(theirs), numbers(mine)
        spread = np.zeros(block.rows, dtype=own.dtype)
        spread[rows] = own
        there = None
        if mine.valid is not None:
            there = np.zeros(block.rows, dtype=np.bool_)
            there[rows] = mine.valid
        return values, theirs.valid, spread, there

    def holds(self, rows: Ints, candidates: Ints) -> Bools:
        """(n,) whether all of them hold for rows, by place in the block, and candidates."""
        found = np.ones(len(rows), dtype=np.bool_)
        for one, (values, valid, own, there) in zip(self.comparisons, self._sides, strict=True):
            hit = ASKED[one.op](values[candidates], own[rows])
            if there is not None:
                hit &= there[rows]
            if valid is not None:
                known = valid[candidates]
                hit = hit | ~known if one.missing else hit & known
            found &= hit
        return found

    def mine(self, place: int, rows: Ints) -> tuple[Any, Any]:
        """(values, which there are or None: all) of rows on their side of a comparison."""
        _, _, own, there = self._sides[place]
        return own[rows], None if there is None else there[rows]


def numbers(values: Values) -> NDArray[Any]:
    array = np.asarray(values.array)
    return array.astype(np.int64) if array.dtype == np.bool_ else array
