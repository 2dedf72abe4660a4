"""The course of lives through stages, made for a block of entities: which stage when, and the events while it lasts.

A semi-Markov chain: how long a stay lasts and where it leads are draws by (entity, number of the stay), so a longer window
only adds what comes later. The events of a stay are a Poisson process of its own, in cells (`kernel.cells`). Loops over the
numbers of stays and over stages, all living entities of a block at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Dictionary, Draw, Reader
from datagen.kernel import elementary
from datagen.kernel.address import child_addresses
from datagen.kernel.cells import Cells
from datagen.kernel.clock import DAY_US, Times
from datagen.kernel.draws import uniform
from datagen.kernel.guides import GuideTable
from datagen.rows._contract import RateFactor, product
from datagen.rows._exposure import Exposure
from datagen.rows._stages_rules import FAR, LONGEST, refuse_null
from datagen.schema.durations import LENGTHS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Addresses = NDArray[np.uint64]
Lengths = Callable[[Draw, Ints, Floats], Floats]  # (law, places of the stays it is for, their uniforms) -> microseconds

MONTH_US = LENGTHS["month"]
ENTERED = 0  # the code of the event that opens a stay
TYPES = 0x1B873593CC9E2D51  # tells the addresses of kinds of events from those of their places


@dataclass(frozen=True, slots=True)
class LifeStage:
    """A stage. ways, to: running shares of where it leads when it ends; lost: share that churns in a month; rate: events
    per day; kinds (k,) codes of its events, pick: which of them."""

    name: str
    duration: Draw | None  # None: for good
    ways: tuple[float, ...]
    to: tuple[int, ...]
    lost: float
    rate: float
    kinds: Ints
    pick: GuideTable | None

    @property
    def ends(self) -> bool:
        """Whether anything ends it."""
        return self.duration is not None or self.lost > 0


@dataclass(frozen=True, slots=True)
class Rules:
    """A whole lifecycle. names: of the stages, then of the ways to leave that are no stages; gone: the code of churn."""

    stages: tuple[LifeStage, ...]
    names: Dictionary
    types: Dictionary
    gone: int
    begin: Reader | None  # None: where the window begins
    exposure: Exposure  # of each parent, the window's beginning left out
    opens: int  # the window's beginning
    factors: tuple[RateFactor, ...]  # on the rate of events
    key: int
    salts: Mapping[str, int]
    home: str

    @property
    def step(self) -> int:
        """Microseconds to which times are cut."""
        return self.exposure.step


@dataclass(frozen=True, slots=True)
class Course:
    """The rows of a block of parents in order: by parent and time. stage, kind (r,) codes; time (r,) microseconds."""

    counts: Ints
    offsets: Ints
    stage: Ints
    kind: Ints
    time: Times


@dataclass(frozen=True, slots=True)
class Stays:
    """Stays of a block of parents in the order found: (m,) whose, its address, in which stage, and from when to when."""

    owner: Ints
    address: Addresses
    stage: Ints
    start: Times
    end: Times


def course(parent: Block, rules: Rules) -> Course:
    """All rows of a block of parents."""
    stays, high = _stays(parent, rules)
    entered = np.flatnonzero((stays.start >= rules.opens) & (stays.start < high[stays.owner]))
    owner, stage, kind, time = _events(parent, stays, high, rules)
    owner = np.concatenate([stays.owner[entered], owner])
    stage = np.concatenate([stays.stage[entered], stage])
    kind = np.concatenate([np.full(len(entered), ENTERED, dtype=np.int64), kind])
    time = np.concatenate([stays.start[entered], time])
    order = np.lexsort((time, owner))  # stable: an entry comes before the events of its second
    counts = np.bincount(owner, minlength=parent.rows).astype(np.int64)
    return Course(counts, np.cumsum(counts) - counts, stage[order], kind[order], time[order])


def _stays(parent: Block, rules: Rules) -> tuple[Stays, Times]:
    """Every stay that begins before its entity's end, and (n,) that end."""
    low, high = rules.exposure(parent)
    begins, there = np.maximum(low, rules.opens), np.ones(parent.rows, dtype=np.bool_)
    if rules.begin is not None:
        values = rules.begin(parent)
        begins = np.asarray(values.array, dtype=np.int64)
        if values.valid is not None:
            there, begins = values.valid, np.where(values.valid, begins, 0)
        begins = -(-np.maximum(begins, low) // rules.step) * rules.step
    owner = np.flatnonzero(there & (begins < high))
    stage, time = np.zeros(len(owner), dtype=np.int64), begins[owner]
    found: list[tuple[Ints, Addresses, Ints, Times, Times]] = []
    number = 0
    while len(owner):
        address = child_addresses(parent.address[owner], rules.key, np.full(len(owner), number, dtype=np.int64))
        lasting, to = stay(rules, address, stage, _lengths(parent, owner, rules.home))
        end = np.minimum(time + lasting, FAR)
        found.append((owner, address, stage, time, end))
        on = end < high[owner]
        owner, stage, time = owner[on], to[on], end[on]
        number += 1
    if not found:
        none = np.zeros(0, dtype=np.int64)
        return Stays(none, none.astype(np.uint64), none, none, none), high
    return Stays(*(np.concatenate(column) for column in zip(*found, strict=True))), high


def stay(rules: Rules, address: Addresses, stage: Ints, lengths: Lengths) -> tuple[Times, Ints]:
    """(m,) microseconds that each stay lasts, in whole steps, and the stage that follows."""
    lasting, to = np.full(len(stage), FAR, dtype=np.int64), np.full(len(stage), rules.gone, dtype=np.int64)
    for code, one in enumerate(rules.stages):
        at = np.flatnonzero(stage == code) if one.ends else np.zeros(0, dtype=np.int64)
        if not len(at):
            continue
        length = np.full(len(at), LONGEST)
        if one.duration is not None:
            length = lengths(one.duration, at, uniform(address[at], rules.salts["duration"]))
            way = uniform(address[at], rules.salts["way"])
            to[at] = np.array(one.to)[np.searchsorted(np.array(one.ways[:-1]), way, side="right")]
        if one.lost > 0:
            left = _until_lost(uniform(address[at], rules.salts["churn"]), one.lost)
            to[at[left < length]] = rules.gone
            length = np.minimum(length, left)
        whole = np.rint(np.clip(length, 0.0, LONGEST) / rules.step).astype(np.int64)
        lasting[at] = np.maximum(whole, 1) * rules.step
    return lasting, to


def _until_lost(u: Floats, lost: float) -> Floats:
    """(m,) microseconds until churn, of which a share `lost` comes in every month at risk."""
    if lost >= 1.0:
        return u * MONTH_US
    months: Floats = elementary.log(1.0 - u) / elementary.log(np.array([1.0 - lost]))[0]
    return months * MONTH_US


def _lengths(parent: Block, owner: Ints, home: str) -> Lengths:
    """The lengths of stays of some parents, each of them once."""

    def drawn(draw: Draw, at: Ints, u: Floats) -> Floats:
        if draw.constant:
            found = draw.quantile(u, None)
        else:
            whole = np.full(parent.rows, 0.5)
            whole[owner[at]] = u
            found = draw.quantile(whole, parent)[owner[at]]
        refuse_null(found, home, "entities of one block with a parameter of a duration that is null")
        return found

    return drawn


def _events(parent: Block, stays: Stays, high: Times, rules: Rules) -> tuple[Ints, Ints, Ints, Times]:
    """(owner, stage, kind, time) of every event in the window."""
    none = np.zeros(0, dtype=np.int64)
    codes = [code for code, one in enumerate(rules.stages) if one.rate > 0]
    busy = np.flatnonzero(np.isin(stays.stage, codes)) if codes else none
    if not len(busy):
        return none, none, none, none
    owner, stage, address, start = stays.owner[busy], stays.stage[busy], stays.address[busy], stays.start[busy]
    end = np.minimum(stays.end[busy], high[owner])
    rates = np.array([one.rate for one in rules.stages] + [0.0, 0.0])
    rate = rates[stage] * product(rules.factors, parent)[owner] if rules.factors else rates[stage]
    cells = Cells(address, (end - start) / DAY_US * rate, rules.salts["events"])
    stay, place = cells.places(0, len(busy), 0, int(cells.counts.sum()))
    time = start[stay] + np.floor(place / rate[stay] * DAY_US).astype(np.int64)
    time = np.minimum(time, end[stay] - 1)
    time = np.maximum(time - time % rules.step, start[stay])
    ordinal = np.arange(len(stay), dtype=np.int64) - (np.cumsum(cells.counts) - cells.counts)[stay]
    u = uniform(child_addresses(address[stay], rules.salts["events"] ^ TYPES, ordinal), rules.salts["kind"])
    kind = np.zeros(len(stay), dtype=np.int64)
    for code in codes:
        one = rules.stages[code]
        at = np.flatnonzero(stage[stay] == code)
        kind[at] = one.kinds[0] if one.pick is None else one.kinds[one.pick.draw(u[at])]
    seen = time >= rules.opens
    return owner[stay][seen], stage[stay][seen], kind[seen], time[seen]
