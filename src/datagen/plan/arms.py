"""What the arms of experiments do to rates, values and chances; and both potential outcomes of a value.

A value under another arm comes from the same draws: only the size of the effect differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict

from datagen.contracts import Block, Change, ColumnType, Fill, Generator, Reader, Scope, Values
from datagen.kernel.effects import DAWN, Stretches
from datagen.modifiers._scaled import scaled
from datagen.plan.behaviors import path_to
from datagen.plan.binding import Binding
from datagen.plan.correlations import Drawn
from datagen.plan.drafts import time_column_of
from datagen.plan.names import ColumnDraft, Path, PathReader, TableDraft
from datagen.rows._arms import ArmEffect, Arms, Level
from datagen.rows._contract import RateFactor
from datagen.rows._mapped import mapped

Floats = NDArray[np.float64]
Node = tuple[str, str]

LAST = 1.0 - 2.0**-53


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect of one experiment. since: microseconds, None where it holds from the first row on."""

    name: str
    unit: str
    arms: tuple[str, ...]  # the first changes nothing
    shares: tuple[float, ...]
    since: int | None
    op: str
    size: float
    by: tuple[str, Mapping[str, float]] | None
    loc: tuple[str | int, ...]
    stage: str | None = None  # the stage that it is on, None for all

    @property
    def columns(self) -> tuple[str, ...]:
        """The unit's columns that it reads."""
        return (self.name,) if self.by is None else (self.name, self.by[0])

    @property
    def text(self) -> str:
        return f"experiment {self.name}: {self.op} {self.size:g}"

    def factor_of(self, arm: str, value: str | None) -> float:
        """The factor in an arm, for a value of the column in `by`."""
        if arm == self.arms[0]:
            return 1.0
        found = arm if self.by is not None and self.by[0] == self.name else value
        return self.size if self.by is None or found is None else self.by[1].get(found, self.size)

    def size_of(self, readers: tuple[Reader, ...], block: Block, arm: str | None = None) -> Floats:
        """(n,) the factor of each row; arm: as if all rows were in it."""
        arm = supposed(block).get(self.name) if arm is None else arm
        sizes = np.full(block.rows, self.size)
        by_arm = self.by is not None and self.by[0] == self.name
        if self.by is not None and not by_arm:
            sizes = mapped(readers[1](block), self.by[1], self.size)
        own = {
            one: (self.by[1].get(one, self.size) if self.by is not None and by_arm else 1.0) for one in self.arms[1:]
        }
        if arm is not None:
            there, factor = float(arm != self.arms[0]), own.get(arm, 1.0)
            return np.where(there > 0, factor if by_arm else sizes, 1.0)
        if by_arm:
            return mapped(readers[0](block), own, 1.0)
        return np.where(mapped(readers[0](block), own, 0.0) > 0, sizes, 1.0)

    @property
    def mean(self) -> float | None:
        """Of the factor over the units, where every size is known."""
        return self._mean(1)

    @property
    def second(self) -> float | None:
        """Of its square, likewise."""
        return self._mean(2)

    def _mean(self, power: int) -> float | None:
        if self.by is not None and self.by[0] != self.name:
            return None
        sizes = {} if self.by is None else self.by[1]
        return self.shares[0] + sum(
            s * sizes.get(a, self.size) ** power for a, s in zip(self.arms[1:], self.shares[1:], strict=True)
        )


class Supposed:
    """A block of rows as if all of them were in one arm of an experiment, for all that reads their arm."""

    def __init__(self, block: Block, arms: Mapping[str, str]) -> None:
        self._block, self.arms = block, arms
        self._memo: dict[object, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._block, name)

    def ancestor(self, table: str) -> tuple[Any, NDArray[np.int64] | None]:
        """The block of an ancestor (or this one) and, for each row here, the place of its ancestor in that block."""
        found, index = self._block.ancestor(table)
        return (self, None) if index is None else (found, index)

    def memo(self, key: object, make: Callable[[], Any]) -> Any:
        """Something made once for these rows, as they are supposed to be."""
        if key not in self._memo:
            self._memo[key] = make()
        return self._memo[key]


def supposed(block: Block) -> Mapping[str, str]:
    """The arms that all rows of a block are taken to be in, by experiment."""
    return block.arms if isinstance(block, Supposed) else {}


# what the parts read


def value_reads(binding: Binding, column: ColumnDraft) -> list[str]:
    """Names that the effects on a column read in its row."""
    table, found = binding.tables[column.table], []
    for effect in binding.trials.values.get((column.table, column.name), ()):
        found += [path_to(binding, table, effect.unit, name) for name in effect.columns]
        found += [time_column_of(table)] if effect.since is not None else []
    return [name for name in found if name is not None]


def rate_reads(binding: Binding, table: TableDraft) -> list[str]:
    """Names that the effects on the rows of a table read in its driving parent."""
    parent = binding.tables[table.parent or ""]
    names = [
        path_to(binding, parent, effect.unit, name)
        for effect in (*binding.trials.rates.get(table.id, ()), *binding.trials.chances.get(table.id, ()))
        for name in effect.columns
    ]
    return [name for name in names if name is not None]


# rates


def arm_factors(binding: Binding, table: TableDraft, scope: Any) -> list[RateFactor]:
    """Effects that hold from the first row on."""
    return [
        RateFactor(_rate(binding, table, effect, scope), effect.mean, effect.text, effect.second)
        for effect in binding.trials.rates.get(table.id, ())
        if effect.since is None
    ]


def arm_windows(binding: Binding, table: TableDraft, scope: Any) -> tuple[Any, ...]:
    """Effects that hold from a moment on, as stretches of time."""
    return tuple(
        _window(_rate(binding, table, effect, scope), effect.since)
        for effect in binding.trials.rates.get(table.id, ())
        if effect.since is not None
    )


def refuse_untimed(binding: Binding, table: TableDraft) -> None:
    """Refuse effects on rows that nothing can act on: counted without time, or made by another process."""
    word = binding.makers.get(table.id, ("", None))[0]
    if table.emits:
        _refuse_emits(binding, table)
        return
    for effect in binding.trials.rates.get(table.id, ()):
        if word not in ("", "fanout") or (word == "" and effect.since is not None):
            binding.refuse(
                "experiment.no_time",
                effect.loc,
                found=f"an effect on the rows of {table.id}, "
                + (f"which {word} makes" if word else "which are counted once per parent, whatever the time"),
                expected="a fanout with per: hour, day, week, month, year or window",
            )


def _refuse_emits(binding: Binding, table: TableDraft) -> None:
    from datagen.plan.trials_of_streams import untimed

    for effect in binding.trials.rates.get(table.id, ()):
        why = untimed(binding, table, effect.since)
        if why:
            binding.refuse(
                "experiment.no_time", effect.loc, found=f"an effect on the number of events of {why}",
                expected="an emit with a fanout with per: hour, day, week, month, year or window",
                hint=f"an effect on {table.parent} itself changes how many rows there are to emit",
            )  # fmt: skip


def _rate(binding: Binding, table: TableDraft, effect: Effect, scope: Any) -> Callable[[Block], Floats]:
    parent = binding.tables[table.parent or ""]
    readers = tuple(scope.read(path_to(binding, parent, effect.unit, name)) for name in effect.columns)
    return lambda block: effect.size_of(readers, block)


def _window(factor: Callable[[Block], Floats], since: int) -> Any:
    def windows(parent: Block) -> tuple[Stretches, NDArray[np.int64]]:
        levels, codes = np.unique(factor(parent), return_inverse=True)
        size = len(levels)
        edges = np.empty(2 * size, dtype=np.int64)
        edges[0::2], edges[1::2] = DAWN, since
        factors = np.ones(2 * size)
        factors[1::2] = levels
        return Stretches(np.arange(0, 2 * size + 1, 2, dtype=np.int64), edges, factors), codes.astype(np.int64)

    return windows


# chances of stages and states


def arm_chances(binding: Binding, table: TableDraft, scope: Any) -> Arms:
    """Effects on the chances of a process, with the share of parents that each combination of sizes has."""
    effects = binding.trials.chances.get(table.id, [])
    if not effects:
        return Arms()
    bound = tuple(
        ArmEffect(effect.name, _rate(binding, table, effect, scope), effect.op, effect.since, effect.stage)
        for effect in effects
    )
    kinds = {effect.name: tuple(zip(effect.arms, effect.shares, strict=True)) for effect in effects}
    columns = list(
        dict.fromkeys((one.unit, one.by[0]) for one in effects if one.by is not None and one.by[0] != one.name)
    )
    values, guessed = [], False
    for unit, name in columns:
        column = binding.tables[unit].columns[name]
        shares = column.shares(column) if column.shares is not None else None
        if shares is None:  # every listed value, and any other
            listed = dict.fromkeys(v for one in effects if one.by is not None and one.by[0] == name for v in one.by[1])
            shares, guessed = dict.fromkeys([*listed, ""], 1.0 / (len(listed) + 1)), True
        values.append(tuple(shares.items()))
    guessed = guessed or len(columns) > 1  # they may go together
    levels = []
    for arms in product(*kinds.values()):
        for some in product(*values):
            by = {column: value for column, (value, _) in zip(columns, some, strict=True)}
            of = {name: arm for name, (arm, _) in zip(kinds, arms, strict=True)}
            sizes = tuple(
                one.factor_of(of[one.name], None if one.by is None else by.get((one.unit, one.by[0])))
                for one in effects
            )
            levels.append(Level(math.prod(share for _, share in (*arms, *some)), of, sizes))
    return Arms(bound, tuple(levels), guessed)


# values and chances


@dataclass(frozen=True, slots=True)
class Arm:
    """One effect on the values of a column, bound: the size in each row, 1 before its start."""

    effect: Effect
    readers: tuple[Reader, ...]
    time: Reader | None

    def size(self, block: Block, forced: Mapping[str, str]) -> Floats:
        """(n,) factors; forced: the arm that all rows are taken to be in, by experiment."""
        found = self.effect.size_of(self.readers, block, forced.get(self.effect.name))
        if self.time is None or self.effect.since is None:
            return found
        moments = self.time(block)
        begun = np.asarray(moments.array, dtype=np.int64) >= self.effect.since
        if moments.valid is not None:
            begun &= moments.valid
        return np.where(begun, found, 1.0)

    def changed(self, block: Block, values: Values, forced: Mapping[str, str]) -> Values:
        """Numbers times their factors."""
        return values.changed(kind="float", array=scaled(values, self.size(block, forced)))

    def turned(self, block: Block, u: Floats, forced: Mapping[str, str]) -> Floats:
        """(n,) uniforms below a chance as often as the drawn ones are below the changed chance."""
        size = self.size(block, forced)
        if self.effect.op == "odds":
            return np.minimum(u / (size - (size - 1.0) * u), LAST)
        return np.where(size > 0, np.minimum(u / np.where(size > 0, size, 1.0), LAST), LAST)


def bound_arms(binding: Binding, column: ColumnDraft) -> tuple[Arm, ...]:
    """The effects on the values of a column."""
    table = binding.tables[column.table]
    scope = binding.scope_of(column)
    time = time_column_of(table)
    return tuple(
        Arm(
            effect,
            tuple(scope.read(path_to(binding, table, effect.unit, name) or "") for name in effect.columns),
            None
            if effect.since is None or time is None
            else PathReader(Path(time, None, (), table.id, time), "datetime")  # its source may have one of that name
            if table.emits
            else scope.read(time),
        )
        for effect in binding.trials.values.get((column.table, column.name), ())
    )


def with_arms(column: ColumnDraft, arms: tuple[Arm, ...], scope: Scope, fill: Fill, forced: Mapping[str, str]) -> Fill:
    """The fill of a column of chances; of any other it is as it is."""
    if column.word != "bernoulli" or not arms:
        return fill
    salt = scope.salt("draw")

    def uniforms(block: Block) -> Floats:
        u = block.uniform(salt)
        for arm in arms:
            u = arm.turned(block, u, forced)
        return u

    return lambda block: fill(Drawn(block, salt, uniforms))


def arm_changes(column: ColumnDraft, arms: tuple[Arm, ...], forced: Mapping[str, str]) -> list[Change]:
    """The steps of a column of numbers."""
    if column.word == "bernoulli":
        return []

    def step(arm: Arm) -> Change:
        return lambda block, values: arm.changed(block, values, forced)

    return [step(arm) for arm in arms]


# both outcomes


class Outcome(Generator):
    """A column as it would be if every row were in one arm, from the same draws."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    of: Node
    experiment: str
    arm: str
    binding: Any

    def reads(self, scope: Scope) -> Iterable[Node]:
        return (self.of, *self.binding.reads.get(self.of, ()))

    def infer(self, scope: Scope) -> ColumnType | None:
        found: ColumnType | None = self.binding.tables[self.of[0]].columns[self.of[1]].type
        return found

    def bind(self, scope: Scope) -> Fill:
        make = self.binding.outcomes.get(self.of)
        fill, changes = make({self.experiment: self.arm})

        def values(block: Block) -> Values:
            found: Values = fill(block)
            for change in changes:
                found = change(block, found)
            return found

        return values
