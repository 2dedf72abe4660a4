"""How many events each row of a source emits: a condition, a probability per event, a total drawn first, a share of all.

The emits of one source that share a total (`fill_to`) are counted together: what always happens first, then what may
happen, in order, while there is room, and the filling emit supplies the rest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from datagen.columns import where_true
from datagen.contracts import NUMBERS, Block, Draw, Fill, Only, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.address import child_addresses
from datagen.kernel.draws import uniform
from datagen.rows._contract import BoundRows, RateFactor, RowScope, most_expected, whole
from datagen.schema.model_values import Chance, Share

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FIXED_POINT = 2.0**32  # expected rows are summed as whole numbers of this part, so that no order of blocks shows
MOST_TRIES = 1_000_000_000  # events with a probability each, of one block of source rows
AT_ONCE = 1_000_000


class EmitSpec(BaseModel):
    """What an emit says of its number of events, beside its fan-out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    when: str | bool | None = None
    probability: Chance | None = None
    fill_to: Any = None
    share: Share | None = None


@dataclass(slots=True)
class Source:
    """The emits of one stream in one source: their specs as written, their counts once they are bound."""

    table: str
    key: str  # of the stream
    members: list[str]  # emit tables of this source, in the order written
    below: list[str]  # emit tables of the tables below it
    specs: Mapping[str, EmitSpec]
    counts: dict[str, EmitCounts] = field(default_factory=dict)

    @property
    def filling(self) -> str | None:
        return next((name for name in self.members if self.specs[name].fill_to is not None), None)


@dataclass(slots=True)
class Shares:
    """The emits of one stream that are shares of it."""

    shares: Mapping[str, float]  # by emit table
    others: Sequence[str]  # the emit tables whose numbers are what they are

    def wanted(self, name: str, others: float) -> float:
        """Expected events of an emit beside so many others."""
        return self.shares[name] * others / (1.0 - sum(self.shares.values()))


class EmitRows:
    """The rows of one emit's hidden table. `inner` makes those of its fan-out."""

    SPEC = EmitSpec
    FILLS: Mapping[str, Any] = {}

    def __init__(
        self, spec: EmitSpec, scope: RowScope, inner: Any, source: Source, shares: Shares | None,
        average: Callable[[Any], float | None],
    ) -> None:  # fmt: skip
        """average: what an expression over the source's rows comes to on average, None where that cannot be told."""
        self.spec, self.scope, self.inner, self.source, self.shares = spec, scope, inner, source, shares
        self.average = average

    def reads(self) -> Iterable[Any]:
        found = list(self.inner.reads())
        specs = self.source.specs
        together = self.source.members if self.source.filling else [self.scope.own]
        for name in together:
            for text in (specs[name].when, specs[name].probability):
                found += self.scope.names_in(text) if isinstance(text, str) else ()
            if specs[name].fill_to is not None:
                found += self.scope.law_reads(specs[name].fill_to)
        if self.source.filling:
            found += [Only(name, "#n") for name in self.source.below]
        if self.shares is not None:
            found += [(name, NUMBERS) for name in self.shares.others]
            found.append((self.scope.parent, NUMBERS))
        return found

    def bind(self) -> BoundRows | None:
        scope, spec = self.scope.beside("emit"), self.spec
        when = self._condition(scope)
        chance = None if spec.probability is None else scope.expression(spec.probability, "probability")
        if chance is not None and chance.type not in ("int", "float"):
            scope.refuse(
                "stream.probability",
                "probability",
                found=f"an expression of type {chance.type}",
                expected="a number from 0 to 1",
            )
            return None
        if spec.fill_to is not None:
            return self._filling(scope, when)
        rows = self.inner.bind()
        if rows is None:
            return None
        fills = getattr(rows, "fills", {})  # a law per parent fills nothing
        timed = "time" in fills
        if chance is not None and timed:
            scope.refuse(
                "stream.rate_probability",
                "probability",
                found="a probability beside a fan-out in time",
                expected="one of them",
                hint="multiply the rate of the fan-out instead",
            )
            return None
        share, known = self._share_that_emits()
        expected = rows.expected * share
        guessed = rows.guessed or not known
        if self.shares is not None and scope.own in self.shares.shares:
            bound = [scope.rows_of(name) for name in self.shares.others]
            guessed = any(one is None or one.guessed for one in bound)
            others = sum(scope.expected_rows(name) for name in self.shares.others)
            parents = scope.expected_rows(scope.parent)
            expected = self.shares.wanted(scope.own, others) / max(parents, 1.0)
        counts = EmitCounts(
            name=scope.own,
            when=when,
            chance=chance,
            inner=rows,
            key=scope.key,
            salt=scope.salt("probability"),
            source=self.source,
            expected=expected,
            largest=float(rows.largest),
            guessed=guessed,
            # conditions and chances leave events out
            most_expected=math.inf
            if self.shares is not None and scope.own in self.shares.shares
            else most_expected(rows),
            description=rows.description + (f" with probability {spec.probability}" if chance is not None else ""),
            fills=fills,
        )
        self.source.counts[scope.own] = counts
        return counts

    def _filling(self, scope: RowScope, when: Reader | None) -> BoundRows | None:
        spec = self.spec
        for key in ("probability", "share"):
            if getattr(spec, key) is not None:
                scope.refuse(
                    "stream.fill_beside",
                    key,
                    found=f"{key} beside fill_to",
                    expected="fill_to alone: this emit supplies what is missing to the total",
                )
                return None
        total = scope.law(spec.fill_to, "fill_to")
        if total is None:
            return None
        low, high = total.support()
        others = [name for name in self.source.members if name != scope.own]
        always = [
            name
            for name in others
            if self.source.specs[name].probability is None and self.source.specs[name].when is None
        ]
        if total.constant and low < len(always):
            scope.refuse(
                "stream.fill_too_low",
                "fill_to",
                found=f"a total down to {low:g} events, and {len(always)} that always happen",
                expected=f"a law of at least {len(always)}",
            )
            return None
        mean = total.mean()
        if mean is None and spec.fill_to.get("type") == "constant":
            mean = self.average(spec.fill_to.get("params", {}).get("value"))
        rest = sum(scope.expected_rows(name) for name in (*others, *self.source.below)) / max(
            scope.expected_rows(scope.parent), 1.0
        )
        counts = EmitCounts(
            name=scope.own,
            when=when,
            chance=None,
            inner=None,
            key=scope.key,
            salt=scope.salt("total"),
            source=self.source,
            total=total,
            expected=max((mean if mean is not None else low) - rest, 0.0),
            largest=high,
            guessed=mean is None,
            description="what is missing to the total",
        )
        self.source.counts[scope.own] = counts
        return counts

    def _share_that_emits(self) -> tuple[float, bool]:
        """The share of the events of the fan-out that are let through, 0.5 for each part that is not known; and whether it is."""
        written = [one for one in (self.spec.when, self.spec.probability) if one is not None]
        shares = [self.average(one) for one in written]
        return math.prod(0.5 if one is None else min(max(one, 0.0), 1.0) for one in shares), None not in shares

    def _condition(self, scope: RowScope) -> Reader | None:
        if self.spec.when is None:
            return None
        when = scope.expression(self.spec.when, "when")
        if when.type != "bool":
            scope.refuse(
                "stream.when_type",
                "when",
                found=f"an expression of type {when.type}",
                expected="a condition on the source row, such as status = 'done'",
            )
        return when


@dataclass(frozen=True, slots=True)
class EmitCounts:
    """Events per source row of one emit. `inner` None: what is missing to `total`."""

    name: str
    when: Reader | None
    chance: Reader | None
    inner: Any
    key: int
    salt: int
    source: Source
    expected: float
    largest: float
    guessed: bool
    description: str
    total: Draw | None = None
    most_expected: float = math.inf
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def expected_pairs(self) -> float | None:
        """Pairs of events of one source row, at most; None where it is not known."""
        pairs = getattr(self.inner, "expected_pairs", None)
        return None if pairs is None else pairs()

    def __call__(self, parent: Block) -> Ints:
        if self.source.filling is None:
            return self.alone(parent)
        found: Mapping[str, Ints] = whole(parent, f"{self.source.key} events", lambda: _together(self.source, parent))
        return found[self.name]

    def alone(self, parent: Block) -> Ints:
        """(n,) events before a total has its say."""
        found: Ints = self.inner(parent)
        if self.when is not None:
            found = np.where(where_true(self.when(parent)), found, 0)
        if self.chance is not None:
            found = self._thinned(parent, found)
        return found

    def _thinned(self, parent: Block, events: Ints) -> Ints:
        assert self.chance is not None  # asked for with a probability only
        given = self.chance(parent)
        chance = np.asarray(given.array, dtype=np.float64)
        if given.valid is not None:
            chance = np.where(given.valid, chance, 0.0)
        kept = np.zeros(len(events), dtype=np.int64)
        ends = np.cumsum(events)
        total = int(ends[-1]) if len(ends) else 0
        if total > MOST_TRIES:
            raise SchemaError(
                Finding(
                    code="rows.too_many",
                    json_path=self.name,
                    found=f"{total:,} events of {parent.rows:,} rows, each to be tried with its probability",
                    expected=f"at most {MOST_TRIES:,} of a block of rows",
                    hint="a smaller fanout that has the probability in it",
                )
            )
        for first in range(0, total, AT_ONCE):
            event = np.arange(first, min(first + AT_ONCE, total), dtype=np.int64)
            row = np.searchsorted(ends, event, side="right")
            numbers = event - (ends[row] - events[row])
            u = uniform(child_addresses(parent.address[row], self.key, numbers), self.salt)
            np.add.at(kept, row, (u < chance[row]).astype(np.int64))
        return kept


def _together(source: Source, parent: Block) -> Mapping[str, Ints]:
    """(n,) events of every emit of a source, whose total was drawn first."""
    filling = source.filling
    assert filling is not None  # only such sources count together
    fill = source.counts[filling]
    assert fill.total is not None  # and their filling emit has a law
    total = np.round(fill.total.quantile(parent.uniform(fill.salt), parent)).astype(np.int64)
    room = total
    found: dict[str, Ints] = {}
    sure = [name for name in source.members if source.specs[name].probability is None and name != filling]
    for name in sure:
        found[name] = source.counts[name].alone(parent)
        room = room - found[name]
    for name in source.below:
        room = room - parent.count_below(name)
    if (room < 0).any():
        _refuse_totals(filling, total, total - room)
    for name in source.members:
        if name not in found and name != filling:
            found[name] = np.minimum(source.counts[name].alone(parent), room)
            room = room - found[name]
    found[filling] = room if fill.when is None else np.where(where_true(fill.when(parent)), room, 0)
    return found


def _refuse_totals(filling: str, totals: Ints, events: Ints) -> None:
    """Raise for totals that are below the events that always happen."""
    over = np.flatnonzero(events > totals)
    raise SchemaError(
        Finding(
            code="stream.total_exceeded",
            json_path=filling.replace(":", "."),
            found=f"{len(over):,} of {len(totals):,} rows of one block with more events than their total, "
            f"such as {events[over[0]]:,} and {totals[over[0]]:,}",
            expected="totals that hold what emits without a probability give",
            hint="make the total larger there, such as greatest(total, 2), or give the others a when or a probability",
        )
    )


def share_factor(shares: Shares, name: str, source: str, expected: Any) -> RateFactor:
    """What an emit's rate is multiplied by so that its expected events are a share of the stream.

    expected: function of a block of source rows that gives their expected events before that.
    """

    def made(block: Block) -> float:
        others = sum(block.total(other) for other in shares.others)
        units = 0
        for piece in block.blocks_of(source):
            units += int(np.rint(expected(piece) * FIXED_POINT).astype(np.int64).sum())
        return shares.wanted(name, others) / (units / FIXED_POINT) if units else 0.0

    def factor(block: Block) -> Floats:
        return np.full(block.rows, block.once(("share of a stream", name), lambda: made(block)))

    return RateFactor(factor, None, f"share {shares.shares[name]:g} of the stream")
