"""Texts of a form that a regular expression describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._regex import Chars, Either, Node, RegexError, Repeat, Row, read, stands_twice
from datagen.kernel import draws

MOST_RANKS = 1 << 62
MOST_LISTED = 1_000  # texts that are told one by one
Places = NDArray[np.int64]
# (n,) choices for some rows: the place of the pattern that asks, and how many texts each choice leads to
Choose = Callable[[str, Sequence[int], Places], Places]


class Pattern(Generator):
    """Texts that match a regular expression.

    Params: regex, with literals, classes (`[A-Z]`, `\\d`, `\\w`, `.` of printable ASCII), groups, alternatives and counted
    repetition (`{3}`, `{2,5}`, `?`); `*`, `+`, references and looking around are refused. Alternatives, numbers of
    repetitions and characters are equally likely. `unique` numbers the possible texts and takes each once, so that longer
    ones, of which there are more, come more often; the pattern must then make each text in one way. Fills text; one draw
    per character and choice.
    """

    MAIN: ClassVar[str | None] = "regex"
    MAKES_UNIQUE: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"pattern": {"regex": "[A-Z]{2}-\\d{4}"}},
        {"pattern": {"regex": "(AA|B[0-9])(-[a-f]{1,3})?"}},
    ]

    regex: str = Field(description="regular expression that the texts match")

    def infer(self, scope: Scope) -> ColumnType:
        return "string"

    def listed(self, scope: Scope) -> list[str] | None:
        try:
            tree = read(self.regex)
        except RegexError:
            return None  # binding says it
        if tree.count > MOST_LISTED:
            return None
        return list(dict.fromkeys(spelled(tree, np.arange(tree.count, dtype=np.int64))))

    def bind(self, scope: Scope) -> Fill:
        scope.fits("string", "")
        try:
            tree = read(self.regex)
        except RegexError as fault:
            scope.refuse(
                "pattern.cannot_make",
                "regex",
                found=f"{fault.why}, at character {fault.place + 1} of '{self.regex}'",
                expected="literals, classes, groups, alternatives and counted repetition such as {2,5}",
            )
            return _nothing
        if scope.unique:
            return self._unique(tree, scope)
        salts = _Salts(scope)

        def fill(block: Block) -> Values:
            return Values("text", written(tree, block.rows, drawn(block, salts)))

        return fill

    def _unique(self, tree: Row, scope: Scope) -> Fill:
        """Every text at most once: the row's rank under a keyed permutation counts the last characters."""
        from datagen.kernel.permute import permuted_rank

        if stands_twice(tree):
            scope.refuse(
                "pattern.two_ways",
                "regex",
                found=f"'{self.regex}', which may make one text in two ways",
                expected="a pattern whose next character always tells where in it one is",
                hint="fixed lengths, and alternatives that begin with different characters",
            )
            return _nothing
        first = len(tree.items)
        while first and Row(tree.items[first - 1 :]).count <= MOST_RANKS:
            first -= 1
        head, tail = Row(tree.items[:first]), Row(tree.items[first:])
        scope.domain(tail.count, "regex")
        salts, key = _Salts(scope), scope.seeded("permutation")
        table, home = scope.table, f"{scope.table}.{scope.column}"

        def fill(block: Block) -> Values:
            if block.total(table) > tail.count:
                raise SchemaError(
                    Finding(
                        code="unique.domain_too_small",
                        json_path=home,
                        found=f"{tail.count:,} possible texts < {block.total(table):,} rows",
                        expected="a longer pattern, or fewer rows",
                    )
                )
            writing = _Writing(tree, block.rows)
            rows = np.arange(block.rows, dtype=np.int64)
            writing.write(head, rows, drawn(block, salts), "")
            ranks = permuted_rank(block.row_number, tail.count, key)
            writing.write(tail, rows, counted(ranks), "")
            return Values("text", writing.series())

        return fill


class _Salts:
    """The salt of every place of a pattern, by its name."""

    def __init__(self, scope: Scope) -> None:
        self._scope, self._known = scope, dict[str, int]()

    def __call__(self, place: str) -> int:
        if place not in self._known:
            self._known[place] = self._scope.salt(f"place {place}")
        return self._known[place]


def drawn(block: Block, salts: Callable[[str], int]) -> Choose:
    """Choices by address: equally likely, each place of the pattern on its own."""

    def choose(place: str, sizes: Sequence[int], rows: Places) -> Places:
        u = draws.uniform(block.address[rows], salts(place))
        return np.floor(u * len(sizes)).astype(np.int64)

    return choose


def counted(ranks: Places) -> Choose:
    """Choices by the number of the text: every number below the count of the pattern makes another way through it."""
    rest = ranks.copy()

    def choose(place: str, sizes: Sequence[int], rows: Places) -> Places:
        if set(sizes) == {1}:  # characters
            rest[rows], one = np.divmod(rest[rows], len(sizes))
            return one
        total, ends = sum(sizes), np.cumsum(np.array(sizes, dtype=np.int64))
        above, inside = np.divmod(rest[rows], total)
        found: Places = np.searchsorted(ends, inside, side="right").astype(np.int64)
        sized = np.array(sizes, dtype=np.int64)
        # what is left counts on inside the choice, then in what comes behind it
        rest[rows] = inside - (ends - sized)[found] + above * sized[found]
        return found

    return choose


class _Writing:
    """Characters of some texts, written from left to right."""

    def __init__(self, tree: Node, rows: int) -> None:
        self.codes = np.zeros((rows, max(tree.longest, 1)), dtype=np.uint32)
        self.ends = np.zeros(rows, dtype=np.int64)

    def write(self, node: Node, rows: Places, choose: Choose, place: str) -> None:
        """Append what a node makes to the texts of some rows. place: its name in the pattern."""
        if not len(rows):
            return
        if isinstance(node, Chars):
            chars = np.array([ord(char) for char in node.chars], dtype=np.uint32)
            found = choose(place, [1] * len(chars), rows) if len(chars) > 1 else np.zeros(len(rows), dtype=np.int64)
            self.codes[rows, self.ends[rows]] = chars[found]
            self.ends[rows] += 1
        elif isinstance(node, Row):
            for nth, item in enumerate(node.items):
                self.write(item, rows, choose, f"{place}.{nth}")
        elif isinstance(node, Either):
            found = choose(place, [item.count for item in node.items], rows)
            for nth, item in enumerate(node.items):  # over alternatives, not rows
                self.write(item, rows[found == nth], choose, f"{place}|{nth}")
        else:
            self._repeat(node, rows, choose, place)

    def _repeat(self, node: Repeat, rows: Places, choose: Choose, place: str) -> None:
        times = np.full(len(rows), node.least, dtype=np.int64)
        if node.most > node.least:
            times += choose(place, node.counts, rows)
        for nth in range(node.most):  # over repetitions, not rows
            self.write(node.item, rows[times > nth], choose, f"{place}*{nth}")

    def series(self) -> Any:
        """(n,) the texts as a Series."""
        import polars as pl

        rows, width = self.codes.shape
        if not rows:
            return pl.Series([], dtype=pl.String)
        if self.codes.max() < 128:
            return pl.Series(self.codes.astype(np.uint8).view(f"S{width}").reshape(rows)).cast(pl.String)
        return pl.Series(self.codes.view(f"U{width}").reshape(rows).tolist(), dtype=pl.String)


def written(tree: Node, rows: int, choose: Choose) -> Any:
    """(n,) texts of a pattern as a Series."""
    writing = _Writing(tree, rows)
    writing.write(tree, np.arange(rows, dtype=np.int64), choose, "")
    return writing.series()


def spelled(tree: Node, ranks: Places) -> list[str]:
    """The texts of some numbers below the count of the pattern."""
    return list(written(tree, len(ranks), counted(ranks)).to_list())


def _nothing(block: Block) -> Values:
    import polars as pl

    return Values("text", pl.Series([""] * block.rows, dtype=pl.String))
