"""Journeys of touches, journey by journey from their parents' addresses: when they end, their touches, who converts.

A journey ends when its fan-out says so; its touches lie in the window before that end, denser towards it. Journeys have
addresses (parent, journey), touches (parent, journey, touch), so more journeys or more touches move no other one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Dictionary, Draw, Fill, Values
from datagen.errors import Finding, SchemaError
from datagen.kernel import elementary
from datagen.kernel.address import child_addresses, root_addresses
from datagen.kernel.clock import SECOND_US, Times
from datagen.kernel.draws import uniform
from datagen.kernel.guides import GuideTable
from datagen.rows._contract import whole
from datagen.rows._conversion_chance import Chance
from datagen.rows._rate import RateRows, Shape
from datagen.rows._units import UnitRows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CROWDING = 3.0  # how many mean ages a window holds: touches lie a third of the window before the end, before it is cut
CROWDED = 1.0 - 0.049787068367863944  # 1 - e^-3
MOST_TOUCHES = 2.0**40


@dataclass(frozen=True, slots=True)
class Siblings:
    """Children of a block of parents, as much of a block as it takes to ask for their times."""

    parent: Block
    index: Ints
    ordinal: Ints

    @property
    def rows(self) -> int:
        return len(self.index)

    def ancestor(self, table: str) -> tuple[Block, Ints]:
        """The parents, and the place of each row's parent among them."""
        return self.parent, self.index


@dataclass(frozen=True, slots=True)
class Journeys:
    """The journeys of a block of parents. owner (j,) place of the parent; number (j,) from 0; touches (j,) at least 1;
    taken (j,) places among the fan-out's rows; offsets (n + 1,) where each parent's touches begin."""

    owner: Ints
    number: Ints
    address: NDArray[np.uint64]
    touches: Ints
    taken: Ints
    offsets: Ints


@dataclass(frozen=True, slots=True)
class Touches:
    """All touches of a block of parents in the order of their rows, and the end of each journey, (j,)."""

    journey: Ints
    position: Ints
    channel: Ints
    time: Times
    end: Times


@dataclass(frozen=True, slots=True)
class Imagined:
    """Journeys that stand for all: (j,) touches of each, and of every touch its journey, channel and age before the end."""

    touches: Ints
    journey: Ints
    channel: Ints
    age: Floats


@dataclass(frozen=True, slots=True)
class Journey:
    """What makes journeys. rows: the fan-out that they come from; window: microseconds; step: to which times are cut.

    effects (channels,): log-odds of a touch by channel; half_life: microseconds, None where touches never fade.
    """

    own: str
    rows: RateRows | UnitRows
    law: Draw
    channels: Dictionary
    pick: GuideTable
    chance: Chance
    effects: Floats
    half_life: int | None
    window: int
    step: int
    key: int
    salts: Mapping[str, int]

    @property
    def shape(self) -> Shape:
        """When parents are there, and how the calendar moves."""
        return self.rows.shape

    # how many

    def journeys(self, parent: Block) -> Journeys:
        """The journeys of a block of parents, worked out once."""
        return whole(parent, f"{self.own} journeys", lambda: self._journeys(parent))  # type: ignore[no-any-return]

    def _journeys(self, parent: Block) -> Journeys:
        counts = self.rows(parent)
        owner = np.repeat(np.arange(parent.rows, dtype=np.int64), counts)
        number = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
        first, end = self._first_end(parent)
        taken = np.flatnonzero((first < end)[owner])  # somebody who is there for a moment has no time for a journey
        owner, number = owner[taken], number[taken]
        address = child_addresses(parent.address[owner], self.key ^ self.salts["journey"], number)
        touches = self._count(parent, owner, number, address)
        each = np.zeros(parent.rows, dtype=np.int64)
        np.add.at(each, owner, touches)
        return Journeys(owner, number, address, touches, taken, np.concatenate([[0], np.cumsum(each)]))

    def _count(self, parent: Block, owner: Ints, number: Ints, address: NDArray[np.uint64]) -> Ints:
        u = uniform(address, self.salts["touches"])
        if self.law.constant:
            found = self.law.quantile(u, None)
        else:
            found = np.empty(len(u), dtype=np.float64)
            for place in range(int(number.max(initial=-1)) + 1):  # over ordinals
                at = np.flatnonzero(number == place)
                spread = np.full(parent.rows, 0.5)
                spread[owner[at]] = u[at]
                found[at] = self.law.quantile(spread, parent)[owner[at]]
        if not self.law.discrete:
            found = np.floor(found + uniform(address, self.salts["touches rounded"]))
        unknown = int(np.isnan(found).sum())
        if unknown:
            raise SchemaError(
                Finding(
                    code="fanout.null",
                    json_path=self.own,
                    found=f"{unknown:,} journeys of one block whose number of touches is null",
                    expected="a number in every row of the parent",
                    hint="coalesce(…, 1) in the parameter gives them one",
                )
            )
        return np.clip(found, 1.0, MOST_TOUCHES).astype(np.int64)

    # when, and through which channel

    def _first_end(self, parent: Block) -> tuple[Times, Times]:
        """(n,) the first moment at which a journey of each parent can end with a touch before it, and when it is gone."""
        start, end = self.shape.interval(parent)
        return -(-(start + self.step) // SECOND_US) * SECOND_US, end

    def touches(self, parent: Block) -> Touches:
        """The touches of a block of parents, worked out once."""
        return whole(parent, f"{self.own} touches", lambda: self._touches(parent))  # type: ignore[no-any-return]

    def _touches(self, parent: Block) -> Touches:
        made = self.journeys(parent)
        opens, ends = self._spans(parent, made)
        journey = np.repeat(np.arange(len(made.owner), dtype=np.int64), made.touches)
        begins = np.cumsum(made.touches) - made.touches
        position = np.arange(len(journey), dtype=np.int64) - begins[journey]
        address = child_addresses(made.address[journey], self.key ^ self.salts["touch"], position)
        channel = self.pick.draw(uniform(address, self.salts["channel"])).astype(np.int64)
        share = before_end(uniform(address, self.salts["age"]))
        calendar, lines = self.shape.calendars(parent)
        line = None if lines is None else lines[made.owner]
        low, high = calendar.days(opens, line), calendar.days(ends, line)
        flat = ends[journey] - (share * (ends - opens)[journey]).astype(np.int64)
        days = high[journey] - share * (high - low)[journey]
        shaped = calendar.time(days, None if line is None else line[journey])
        time = np.where(
            (high > low)[journey], shaped, flat
        )  # where nothing ever happens, no hour is better than another
        time -= time % self.step
        np.clip(time, opens[journey], ends[journey] - self.step, out=time)
        return Touches(journey, position, channel, time[np.lexsort((time, journey))], ends)

    def _spans(self, parent: Block, made: Journeys) -> tuple[Times, Times]:
        """(j,) from when on touches of a journey can fall, and its end."""
        counts = self.rows(parent)
        owner = np.repeat(np.arange(parent.rows, dtype=np.int64), counts)
        number = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
        times = self.rows.fills["time"](cast(Block, Siblings(parent, owner, number)))
        end = np.asarray(times.array, dtype=np.int64)[made.taken]
        first, _ = self._first_end(parent)
        end = np.maximum(end - end % SECOND_US, first[made.owner])
        start, _ = self.shape.interval(parent)
        return np.maximum(end - self.window, start[made.owner]), end

    # who converts

    def converted(self, parent: Block) -> NDArray[np.bool_]:
        """(j,) whether each journey of a block of parents converts."""
        return whole(parent, f"{self.own} converted", lambda: self._converted(parent))  # type: ignore[no-any-return]

    def _converted(self, parent: Block) -> NDArray[np.bool_]:
        made = self.journeys(parent)
        weight = None
        if self.effects.any():
            touches = self.touches(parent)
            age = (touches.end[touches.journey] - touches.time).astype(np.float64)
            weight = self.weight(touches.journey, touches.channel, age, len(made.owner))
        chance: NDArray[np.bool_] = uniform(made.address, self.salts["convert"]) < self.chance(made.touches, weight)
        return chance

    def weight(self, journey: Ints, channel: Ints, age: Floats, journeys: int) -> Floats:
        """(j,) log-odds that the touches of each journey add. age (m,) microseconds before its end."""
        effect = self.effects[channel]
        if self.half_life is not None:
            effect = effect * elementary.exp(age * (-0.6931471805599453 / self.half_life))
        found: Floats = np.bincount(journey, weights=effect, minlength=journeys).astype(np.float64)
        return found  # summed one after the other, each journey alone

    # what to expect

    def imagined(self, journeys: int) -> Imagined:
        """Representative journeys of a full window, for the plan."""
        u = (np.arange(journeys) + 0.5) / journeys
        if self.law.constant:
            counts = np.clip(np.rint(self.law.quantile(u, None)), 1.0, 10_000.0).astype(np.int64)
        else:
            low, high = self.law.support()
            middle = (max(low, 1.0) + high) / 2 if np.isfinite(high) else max(low, 1.0)
            counts = np.full(journeys, max(1, round(middle)), dtype=np.int64)
        journey = np.repeat(np.arange(journeys, dtype=np.int64), counts)
        address = root_addresses(self.salts["touch"], np.arange(len(journey), dtype=np.int64))
        channel = self.pick.draw(uniform(address, self.salts["channel"])).astype(np.int64)
        age = before_end(uniform(address, self.salts["age"])) * self.window
        return Imagined(counts, journey, channel, age)

    def chances(self, of: Imagined) -> Floats:
        """(j,) how likely imagined journeys are to convert."""
        weight = self.weight(of.journey, of.channel, of.age, len(of.touches)) if self.effects.any() else None
        return self.chance(of.touches, weight)

    def outlook(self) -> tuple[float, float]:
        """Mean touches of a journey and the share that converts."""
        found = self.imagined(4_096)
        return float(found.touches.mean()), float(self.chances(found).mean())


def before_end(u: Floats) -> Floats:
    """(n,) how long before the end of its journey a touch lies, as a share of the window: exponential, cut at 1."""
    return elementary.log(1.0 - u * CROWDED) / -CROWDING


@dataclass(frozen=True, slots=True)
class TouchRows:
    """One row per touch, journey after journey."""

    chain: Journey
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool
    nulls: frozenset[str] = frozenset({"converted_at"})

    def __call__(self, parent: Block) -> Ints:
        return np.diff(self.chain.journeys(parent).offsets)

    @property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of a role."""
        return {
            "journey": self._journey,
            "touchpoint": self._touchpoint,
            "position": self._position,
            "time": self._time,
            "converted_at": self._converted_at,
        }

    def _at(self, block: Block) -> tuple[Block, Ints]:
        """The parents, and the place of each row among their touches."""
        parent, index = block.ancestor(self.parent)
        offsets = self.chain.journeys(parent).offsets
        return parent, block.ordinal + (0 if index is None else offsets[index])

    def _journey(self, block: Block) -> Values:
        parent, at = self._at(block)
        number = self.chain.journeys(parent).number
        return Values("int", number[self.chain.touches(parent).journey[at]] + 1)

    def _touchpoint(self, block: Block) -> Values:
        parent, at = self._at(block)
        kind = np.uint8 if len(self.chain.channels) <= 255 else np.uint32
        codes = self.chain.touches(parent).channel[at].astype(kind)
        return Values("category", codes, dictionary=self.chain.channels)

    def _position(self, block: Block) -> Values:
        parent, at = self._at(block)
        return Values("int", self.chain.touches(parent).position[at] + 1)

    def _time(self, block: Block) -> Values:
        parent, at = self._at(block)
        return Values("time", self.chain.touches(parent).time[at])

    def _converted_at(self, block: Block) -> Values:
        parent, at = self._at(block)
        touches = self.chain.touches(parent)
        journey = touches.journey[at]
        return Values("time", touches.end[journey], valid=self.chain.converted(parent)[journey])


@dataclass(frozen=True, slots=True)
class ConversionRows:
    """One row per journey that converts."""

    chain: Journey
    parent: str
    expected: float
    largest: float
    description: str
    guessed: bool

    def __call__(self, parent: Block) -> Ints:
        return np.bincount(self._owners(parent), minlength=parent.rows)

    def _owners(self, parent: Block) -> Ints:
        return self.chain.journeys(parent).owner[self.chain.converted(parent)]

    @property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of a role."""
        return {"journey": self._journey, "time": self._time, "converted_at": self._time}

    def _at(self, block: Block) -> tuple[Block, Ints]:
        """The parents, and the journey that each row is of."""
        parent, index = block.ancestor(self.parent)
        done = np.flatnonzero(self.chain.converted(parent))
        begins = np.searchsorted(self.chain.journeys(parent).owner[done], np.arange(parent.rows))
        return parent, done[block.ordinal + (0 if index is None else begins[index])]

    def _journey(self, block: Block) -> Values:
        parent, at = self._at(block)
        return Values("int", self.chain.journeys(parent).number[at] + 1)

    def _time(self, block: Block) -> Values:
        parent, at = self._at(block)
        return Values("time", self.chain.touches(parent).end[at])
