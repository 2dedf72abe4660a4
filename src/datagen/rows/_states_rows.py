"""The rows of a state model, ready to be made: how many each parent has, and what fills their columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Dictionary, Fill, Values
from datagen.kernel.clock import Times
from datagen.kernel.intensity import Pieces
from datagen.rows._contract import Filler, whole
from datagen.rows._exposure import Exposure
from datagen.rows._states_history import NOBODY, Log, Rules, run
from datagen.rows._states_outlook import Outlook

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StateRows:
    """Transitions, intervals or snapshots of the entities of a driving parent."""

    own: str
    parent: str
    rules: Rules
    exposure: Exposure
    output: str
    expected: float
    largest: float
    description: str
    guessed: bool
    outlook: Outlook
    control: Outlook  # where experiments change nothing
    starts: Times  # equally likely moments at which histories begin

    def __call__(self, parent: Block) -> Ints:
        return self.log(parent).counts

    def history(self, parent: Block) -> Log:
        """Every change of a block of parents, worked out once."""
        found: Log = whole(parent, f"{self.own} changes", lambda: self._run(parent))
        return found

    def log(self, parent: Block) -> Log:
        """The rows of a block of parents, worked out once."""
        return whole(parent, self.own, lambda: self._rows(parent))  # type: ignore[no-any-return]

    def _rows(self, parent: Block) -> Log:
        if self.output == "snapshots":
            return self._run(parent, snapshots=True)
        changes = self.history(parent)
        return changes.stays(rungs=True) if self.output == "intervals" else changes

    def _run(self, parent: Block, *, snapshots: bool = False) -> Log:
        start, end = self.exposure(parent)
        return run(parent, start, end, self.rules, snapshots=snapshots)

    @cached_property
    def fills(self) -> Mapping[str, Fill]:
        """What fills the columns of each role."""
        chain = self.rules.chain
        names = chain.dictionary
        rungs = Dictionary([name for name, _ in chain.ladder])
        value = np.array([value for _, value in chain.ladder] or [0.0])

        def texts(codes: Ints, dictionary: Dictionary) -> Values:
            kind = np.uint8 if len(dictionary) <= 255 else np.uint16
            missing = codes == NOBODY
            valid = ~missing if missing.any() else None
            return Values("category", np.where(missing, 0, codes).astype(kind), valid=valid, dictionary=dictionary)

        def worth(log: Log, at: Ints) -> Values:
            return Values("float", np.where(chain.lost[log.after[at]], 0.0, value[log.rung[at]]))

        made: dict[str, Callable[[Log, Ints], Values]] = {
            "state": lambda log, at: texts(log.to[at], names),
            "previous_state": lambda log, at: texts(log.before[at], names),
            "time": lambda log, at: Values("time", log.time[at]),
            "valid_to": lambda log, at: _until(log, at),
            "is_current": lambda log, at: Values("bool", _last(log)[at]),
            "period": lambda log, at: Values("int", log.period[at]),
            "level": lambda log, at: texts(log.rung[at], rungs),
            "level_value": worth,
        }
        if self.output == "intervals":
            made["state"] = lambda log, at: texts(log.after[at], names)
        return {role: self._fill(make) for role, make in made.items()}

    def _fill(self, make: Callable[[Log, Ints], Values]) -> Fill:
        def fill(block: Block) -> Values:
            parent, index = block.ancestor(self.parent)
            log = self.log(parent)
            owner = np.arange(block.rows, dtype=np.int64) if index is None else index
            return make(log, log.offsets[owner] + block.ordinal)

        return fill

    @property
    def outcomes(self) -> Mapping[str, Filler]:
        """When a parent is lost for the first time, null where it is not."""
        return {"lost_at": ("datetime", self._lost_at)} if self.rules.chain.lost.any() else {}

    def _lost_at(self, parent: Block) -> Values:
        log = self.history(parent)
        lost = np.flatnonzero(self.rules.chain.lost[log.to] & (log.before != NOBODY))
        owner, first = np.unique(log.owner[lost], return_index=True)
        time = np.zeros(parent.rows, dtype=np.int64)
        valid = np.zeros(parent.rows, dtype=np.bool_)
        time[owner], valid[owner] = log.time[lost[first]], True
        return Values("time", time, valid=valid)

    def pieces(self, block: Block, at: slice, factors: Floats, start: Times, end: Times) -> Pieces:
        """Factors by state over the time of some rows of a block below this model's driving parent.

        factors (states,); start, end (n,) of the rows. Before its first state an entity counts as in it.
        """
        parent, index = block.ancestor(self.parent)
        log = whole(parent, f"{self.own} stays", lambda: self.history(parent).stays(rungs=False))
        owner = (np.arange(block.rows, dtype=np.int64) if index is None else index)[at]
        first, sizes = log.offsets[owner], log.counts[owner]
        width = max(int(sizes.max(initial=1)), 1)
        place = np.arange(width, dtype=np.int64)[None, :]
        rows = np.minimum(first[:, None] + np.minimum(place, sizes[:, None] - 1), max(len(log.time) - 1, 0))
        there = place < sizes[:, None]
        time = log.time[rows] if len(log.time) else np.zeros(rows.shape, dtype=np.int64)
        state = log.after[rows] if len(log.time) else np.full(rows.shape, self.rules.chain.initial)
        edges = np.empty((len(owner), width + 1), dtype=np.int64)
        edges[:, :-1] = np.where(there, np.clip(time, start[:, None], end[:, None]), end[:, None])
        edges[:, 0], edges[:, -1] = start, end
        state = np.where(sizes[:, None] > 0, state, self.rules.chain.initial)
        return Pieces(edges, factors[state])


def _last(log: Log) -> NDArray[np.bool_]:
    """(rows,) whether a row is the last of its parent."""
    last = np.zeros(len(log.time), dtype=np.bool_)
    last[log.offsets[1:][log.counts > 0] - 1] = True
    return last


def _until(log: Log, at: Ints) -> Values:
    """When a row's stay ends: the time of the next one, null for the last."""
    following: Any = np.append(log.time[1:], 0)
    last = _last(log)[at]
    return Values("time", np.where(last, 0, following[at]), valid=~last if last.any() else None)
