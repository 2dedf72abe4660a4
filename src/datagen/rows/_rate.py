"""Rows that arrive at a rate: a Poisson process per parent, on which segment, age, season and trend all act at once.

Each parent's process runs in operational time (its expected rows so far). Its cells say how many rows there are and
where (`kernel.cells`), the inverse of its intensity says when (`kernel.intensity`). A longer window, another number of
parents or a faster season never moves a row that stays. Source: time change of a Poisson process (Çinlar 1975).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Fill, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel.address import child_addresses
from datagen.kernel.cells import ONE, Cells, fractions, sorted_places
from datagen.kernel.clock import Times
from datagen.kernel.draws import uniform
from datagen.kernel.effects import Stretches
from datagen.kernel.intensity import Calendar, Intensity, Pieces
from datagen.rows._by_state import Stays
from datagen.rows._contract import Ageing, RateFactor, product, spread, whole
from datagen.rows._exposure import Exposure, TimeGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK_CELLS = 2_000_000  # pieces of parents × time worked out at once
MOST_AT_ONCE = 2**31  # rows of the parents of one block: several bytes for each of them are needed at once
FORCED = 0x2545F4914F6CDD1D  # tells the places of capped parents from those of cells

Windows = Callable[[Block], tuple[Stretches, Ints | None]]


@dataclass(frozen=True, slots=True)
class Shape:
    """What every maker of rows in time shares: when parents are there, and how their rate moves."""

    calendar: Calendar
    exposure: Exposure
    factors: tuple[RateFactor, ...]
    ages: tuple[Ageing, ...]
    windows: tuple[Windows, ...]  # effects on the volume
    on_grid: TimeGrid | None
    step: int  # microseconds to which times are cut
    name: str  # of the table
    parent: str
    zones: Callable[[Block, int], tuple[Calendar, Ints]] | None = None  # calendars of parents in zones of their own
    stays: tuple[Stays, ...] = ()  # states of something else that the rate follows

    def intensity(self, parent: Block, scale: Floats, at: slice = slice(None)) -> Intensity:
        """The intensity of some of the parents of a block. scale (n,) rows per average day, of those parents."""
        start, end = self.interval(parent)
        start, end = start[at], end[at]
        pieces: Pieces | None = None
        for age in self.ages:
            created = age.created(parent)
            moments = np.asarray(created.array, dtype=np.int64)[at]
            if created.valid is not None:
                moments = np.where(created.valid[at], moments, start)
            if age.mode == "active_share":
                owner, index = parent.ancestor(age.owner)
                address = (owner.address if index is None else owner.address[index])[at]
                one = _on_or_off(age.curve.bins(moments, start, end), address, age.salt)
            else:
                one = age.curve.pieces(moments, start, end)
            pieces = one if pieces is None else pieces.times(one)
        for windows in self.windows:
            stretches, codes = windows(parent)
            one = _pieces_of(stretches, None if codes is None else codes[at], start, end)
            pieces = one if pieces is None else pieces.times(one)
        for stays in self.stays:
            one = stays.pieces(parent, at, start, end)
            pieces = one if pieces is None else pieces.times(one)
        calendar, group = self.calendars(parent)
        return Intensity(calendar, start, end, scale, group=None if group is None else group[at], pieces=pieces)

    def calendars(self, parent: Block) -> tuple[Calendar, Ints | None]:
        """The calendar of a block of parents, and (n,) the line of each in it; None where there is but one."""
        zones = self.zones
        if zones is None:
            return self.calendar, None

        def make() -> tuple[Calendar, Ints]:
            return zones(parent, int(self.interval(parent)[0].min(initial=self.exposure.end)))

        found: tuple[Calendar, Ints] = whole(parent, f"{self.name} zones", make)
        return found

    def interval(self, parent: Block) -> tuple[Times, Times]:
        """(n,) start and end of each parent."""
        found: tuple[Times, Times] = whole(parent, f"{self.name} interval", lambda: self.exposure(parent))
        return found

    def factor(self, parent: Block) -> Floats:
        """(n,) all constant factors of each parent."""
        found: Floats = whole(parent, f"{self.name} factor", lambda: product(self.factors, parent))
        return found

    def settle(self, times: Times, start: Times, end: Times) -> Times:
        """Times cut to the column's precision and grid, never before the start of their parent."""
        if self.step != 1:
            times = times - times % self.step
        if self.on_grid is not None:
            return self.on_grid.inside(times, start, end)
        return np.maximum(times, start)

    def chunks(self, parents: int) -> Sequence[slice]:
        """Parents in runs that fit in memory with all their pieces."""
        span = self.exposure.end - self.exposure.start
        each = 1 + sum(age.pieces(span) for age in self.ages) + 16 * (len(self.windows) + len(self.stays))
        size = max(1, CHUNK_CELLS // each)
        return [slice(first, min(first + size, parents)) for first in range(0, parents, size)]


@dataclass(frozen=True, slots=True)
class Made:
    """What one block of parents has: counts, and for those whose count was forced by a clamp or none by their cells."""

    counts: Ints
    cells: Cells
    length: Floats
    forced: NDArray[np.bool_] | None


def _refuse_too_many(table: str, length: Floats) -> None:
    """Refuse more rows below the parents of one block than can be counted at once."""
    expected = float(length.sum())
    if not expected <= MOST_AT_ONCE:
        found = f"about {expected:.6g} rows expected for {len(length):,} rows of the table above"
        hint = "make the rate, or what multiplies it, smaller"
        raise SchemaError(
            Finding("rows.too_many", json_path=table, found=found, expected=f"at most {MOST_AT_ONCE:,}", hint=hint)
        )


@dataclass(frozen=True, slots=True)
class RateRows:
    """Rows at a rate. per_day: (n,) rows per average day of each parent of a block, before factors."""

    shape: Shape
    per_day: Callable[[Block], Floats]
    clamp: tuple[float, float]
    key: int
    expected: float
    largest: float
    description: str
    guessed: bool
    free: float  # expected rows without the clamp
    most_expected: float = math.inf
    fills: Mapping[str, Fill] = field(default_factory=dict)

    def __call__(self, parent: Block) -> Ints:
        return self.made(parent).counts

    def expected_pairs(self) -> float | None:
        """Pairs of rows of one parent; None where it is not known how much the parents differ."""
        rows, uneven = min(self.most_expected, self.largest), spread(self.shape.factors)
        return None if uneven is None else rows * rows * uneven / 2.0

    def made(self, parent: Block) -> Made:
        """The rows of a block of parents, worked out once."""
        found: Made = whole(parent, self.shape.name, lambda: self._make(parent))
        return found

    def scale(self, parent: Block) -> Floats:
        """(n,) rows per average day of each parent."""
        return self.per_day(parent) * self.shape.factor(parent)

    def expected_of(self, parent: Block) -> Floats:
        """(n,) rows that each parent is expected to have before the clamp, none of them made."""
        scale = self.scale(parent)
        length = np.empty(parent.rows, dtype=np.float64)
        for at in self.shape.chunks(parent.rows):
            length[at] = self.shape.intensity(parent, scale[at], at).rows
        return length

    def latent(self, parent: Block) -> Floats:
        """(n,) rows that each parent was expected to have, as the truth set tells them."""
        return self.made(parent).length

    def _make(self, parent: Block) -> Made:
        length = self.expected_of(parent)
        _refuse_too_many(self.shape.name, length)
        cells = Cells(parent.address, length, self.key)
        counts, forced = clamped(cells.counts, self.clamp, length)
        return Made(counts, cells, length, forced)

    def times(self, block: Block) -> Values:
        """When the rows of a block happen: sorted within each parent."""
        parent, index = block.ancestor(self.shape.parent)
        if index is None or not block.rows:
            return Values("time", np.zeros(block.rows, dtype=np.int64))
        first, last = int(index[0]), int(index[-1]) + 1
        made = self.made(parent)
        rows = block.rows if last == first + 1 else int(made.counts[first:last].sum())
        owner, place = self.places(made, parent, first, last, int(block.ordinal[0]), rows)
        owner, place = of_parents(owner, place, index)
        at = slice(first, last)
        intensity = self.shape.intensity(parent, self.scale(parent)[at], at)
        times = intensity.time(owner - first, place)
        return Values("time", self.shape.settle(times, intensity.start[owner - first], intensity.end[owner - first]))

    def places(self, made: Made, parent: Block, first: int, last: int, skip: int, rows: int) -> tuple[Ints, Floats]:
        """(parent, place in operational time) of the rows of some parents, in order."""
        forced = None if made.forced is None else np.flatnonzero(made.forced[first:last]) + first
        if forced is None or not len(forced):
            return made.cells.places(first, last, skip, rows)
        own, own_place = forced_places(parent, forced, made.counts[forced], made.length[forced], self.key)
        if last == first + 1:
            return own[skip : skip + rows], own_place[skip : skip + rows]
        cell_rows = int(made.cells.counts[first:last].sum())
        owner, place = made.cells.places(first, last, 0, cell_rows)
        free = ~made.forced[owner] if made.forced is not None else np.ones(len(owner), np.bool_)
        owner, place = np.concatenate([owner[free], own]), np.concatenate([place[free], own_place])
        order = np.argsort(owner, kind="stable")
        return owner[order], place[order]


def of_parents(owner: Ints, place: Floats, index: Ints) -> tuple[Ints, Floats]:
    """Those of the places whose parents have rows: a condition may have taken the rows of others. index: (n,) parents."""
    if len(owner) == len(index):
        return owner, place
    kept = np.isin(owner, index)
    return owner[kept], place[kept]


def clamped(counts: Ints, clamp: tuple[float, float], length: Floats) -> tuple[Ints, NDArray[np.bool_] | None]:
    """(n,) counts inside the clamp, and which of them it changed; None for none.

    length (n,): time that each parent has; where nobody is there, there is none to fill and the count stays.
    """
    low, high = clamp
    if low <= 0 and not np.isfinite(high):
        return counts, None
    capped = np.where(length > 0, np.clip(counts, int(max(low, 0)), int(min(high, 2.0**40))), counts)
    changed = capped != counts
    return (capped, changed) if changed.any() else (counts, None)


def forced_places(parent: Block, who: Ints, counts: Ints, length: Floats, key: int) -> tuple[Ints, Floats]:
    """(parent, place) of rows whose number was settled first: sorted uniform places over each parent's whole length."""
    owner = np.repeat(np.arange(len(who), dtype=np.int64), counts)
    ordinal = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    fraction = fractions(parent.address[who[owner]], key ^ FORCED, ordinal)
    sorted_places(owner, fraction)
    return who[owner], fraction / ONE * length[owner]


def _on_or_off(pieces: Pieces, address: NDArray[np.uint64], salt: int) -> Pieces:
    """Every unit of age at full rate or at none, with the chance that its factor, at most 1, says."""
    rows, width = pieces.factors.shape
    bins = np.tile(np.arange(width, dtype=np.int64), rows)
    u = uniform(child_addresses(np.repeat(address, width), salt, bins), salt).reshape(rows, width)
    return Pieces(pieces.edges, (u < pieces.factors).astype(np.float64))


def _pieces_of(stretches: Stretches, codes: Ints | None, start: Times, end: Times) -> Pieces:
    """The factors of each row's key over its time."""
    key = np.zeros(len(start), dtype=np.int64) if codes is None else codes
    first, sizes = stretches.offsets[key], np.diff(stretches.offsets)[key]
    width = int(sizes.max(initial=1))
    place = np.minimum(np.arange(width)[None, :], sizes[:, None] - 1)
    at = first[:, None] + place
    edges = np.empty((len(start), width + 1), dtype=np.int64)
    edges[:, :-1] = np.clip(stretches.edges[at], start[:, None], end[:, None])
    padding = np.arange(width)[None, :] >= sizes[:, None]
    edges[:, :-1] = np.where(padding, end[:, None], edges[:, :-1])
    edges[:, -1] = end
    return Pieces(edges, stretches.factors[at])
