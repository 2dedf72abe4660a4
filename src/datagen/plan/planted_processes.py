"""Tells what an analyst should find of stages, states and lives: who goes on, who is lost, who is where, for how long."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.errors import listed
from datagen.plan.binding import Binding
from datagen.plan.effects import PlantedEffect
from datagen.plan.invisible import say_untold
from datagen.plan.model import TablePlan
from datagen.plan.planted_sql import is_written, join_to, keys_between, quoted_text
from datagen.plan.variation import find_variation
from datagen.rows._states_rows import StateRows
from datagen.rows.lifecycle_model import LifecycleRows
from datagen.rows.stage_config import StageRows

Floats = NDArray[np.float64]

FEW = 30  # rows, or losses, that are too few to speak of a share


@dataclass(frozen=True, slots=True)
class Segment:
    """Entities with one value of the column that a process varies by. where: SQL on `e`, "" for everybody."""

    name: str
    share: float
    where: str


@dataclass(frozen=True, slots=True)
class Trial:
    """An experiment on the chances of a process: the control and the first other arm, each with SQL on `t` that finds it."""

    name: str
    column: tuple[str, str]  # of the arm
    arms: tuple[str, str]
    where: tuple[str, str]
    shares: tuple[float, float]
    since: int | None
    json_path: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What all statistics of one process table need. source: SQL of its rows as `t`, joined to the segments as `e`."""

    table: str
    parent: str
    columns: Mapping[str, str]  # by role
    key: str  # of the driving parent, in the table
    source: str
    segment_column: tuple[str, str] | None
    segments: tuple[Segment, ...]
    entities: float
    starts: Floats | None  # equally likely beginnings; None: not known
    opens: int
    end: int
    declared: Mapping[str, Any]  # the process as written
    group: str = ""  # of whom alone is spoken: the control of experiments
    trials: tuple[Trial, ...] = ()
    seen: float = math.inf  # beginnings that were looked at and stand for all; infinitely many where these are known

    def columns_of(self, *roles: str) -> tuple[tuple[str, str], ...]:
        """(table, column)s that take part in a statistic."""
        own = tuple((self.table, self.columns[role]) for role in roles if role in self.columns)
        return own if self.segment_column is None else (self.segment_column, *own)

    def named(self, segment: Segment) -> str:
        """Of whom a statement speaks."""
        named = f"{self.parent} with {self.segment_column[1]} {segment.name}" if self.segment_column else self.parent
        return named + self.group


def process_effects(binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]) -> Iterator[PlantedEffect]:
    """What is planted in the rows of one process table; nothing for all others, and where departures cut it short."""
    from datagen.plan.planted_lives import planted_lives
    from datagen.plan.planted_stages import planted_stage_arms, planted_stages
    from datagen.plan.planted_states import planted_state_arms, planted_states

    rows, found = binding.counts.get(table.id), _settings(binding, table, tables)
    if found is None or not isinstance(rows, StageRows | StateRows | LifecycleRows):
        return
    setting, arms = found
    plain = _in_control(setting, arms)
    if isinstance(rows, StageRows):
        yield from planted_stages(rows, plain)
        yield from planted_stage_arms(rows, replace(setting, trials=arms))
    elif isinstance(rows, StateRows):
        yield from planted_states(rows, plain)
        yield from planted_state_arms(rows, replace(setting, trials=arms))
    else:
        rows, setting = _begun(binding, rows, setting)
        if binding.look:
            _say_of_lives(binding, table, rows, setting)
        yield from planted_lives(rows, setting)


def _settings(
    binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]
) -> tuple[Setting, tuple[Trial, ...]] | None:
    """What all statistics of a process need, and the experiments on it; None where the files do not tell."""
    rows = binding.counts.get(table.id)
    if not isinstance(rows, StageRows | StateRows | LifecycleRows):
        return None
    exposure = rows.exposure if isinstance(rows, StateRows) else rows.rules.exposure
    scope = binding.row_scopes[table.id]
    if scope.leaving or exposure.bounds.upper:
        return None
    setting = _setting(binding, table, tables)
    arms = None if setting is None else _trials(binding, table)
    return None if setting is None or arms is None else (setting, arms)


def dwell_effects(binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]) -> Iterator[PlantedEffect]:
    """How long the stages of a table take, which hangs on no segment and no experiment."""
    from datagen.plan.planted_stages import planted_dwells

    rows, found = binding.counts.get(table.id), _settings(binding, table, tables)
    if isinstance(rows, StageRows) and found is not None:
        yield from planted_dwells(rows, _in_control(*found))


def _say_of_lives(binding: Binding, table: TablePlan, rows: LifecycleRows, setting: Setting) -> None:
    """Leave a finding of what cannot be told of lives."""
    from datagen.plan.planted_lives import why_no_shares, why_untold

    loc = (*binding.tables[table.id].loc, "lifecycle_model")
    nothing, shares = why_untold(rows, setting), why_no_shares(rows, setting)
    if nothing is not None:
        say_untold(binding, loc, f"nothing of the lives in {table.id}", nothing)
    elif shares is not None:
        say_untold(binding, loc, f"not who is where at the end of {table.id}", shares)


def _begun(binding: Binding, rows: LifecycleRows, setting: Setting) -> tuple[LifecycleRows, Setting]:
    """Lives and their setting, with the beginnings of rows that are looked at where no law tells them."""
    if rows.rules.begin is None or setting.starts is not None:
        return rows, setting
    from datagen.plan.looked_lives import seen_lives

    found = seen_lives(binding, rows)
    return (rows, setting) if found is None else (found[0], replace(setting, starts=found[1], seen=found[2]))


def _in_control(setting: Setting, trials: tuple[Trial, ...]) -> Setting:
    """Only those in whom experiments change nothing."""
    if not trials:
        return setting
    only = [one.where[0] for one in trials]
    return replace(
        setting,
        segments=tuple(replace(one, where=" and ".join(filter(None, (one.where, *only)))) for one in setting.segments),
        entities=setting.entities * math.prod(one.shares[0] for one in trials),
        group=f" in {listed([f'{one.arms[0]} of {one.name}' for one in trials])}",
    )


def _trials(binding: Binding, table: TablePlan) -> tuple[Trial, ...] | None:
    """The experiments on the chances of a table; None where the files do not tell who is in which arm."""
    found: dict[str, Trial] = {}
    draft = binding.tables[table.id]
    parent = binding.tables[draft.parent or ""]
    for effect in binding.trials.chances.get(table.id, ()):
        pair = keys_between(binding, draft, parent.id)
        joined = f'"{parent.id}" as e' if effect.unit == parent.id else join_to(binding, parent, effect.unit)
        if pair is None or joined is None or not is_written(binding, effect.unit, effect.name):
            return None
        key = f'{"e" if effect.unit == parent.id else "t"}."{pair[1]}"'
        sql = [
            f't."{pair[0]}" in (select {key} from {joined} where e."{effect.name}" = {quoted_text(arm)})'
            for arm in effect.arms[:2]
        ]
        found[effect.name] = Trial(
            effect.name, (effect.unit, effect.name), (effect.arms[0], effect.arms[1]), (sql[0], sql[1]),
            (effect.shares[0], effect.shares[1]), effect.since, binding.document.place(effect.loc).json_path,
        )  # fmt: skip
    return tuple(found.values())


def _setting(binding: Binding, table: TablePlan, tables: Mapping[str, TablePlan]) -> Setting | None:
    """None where the files do not hold what the statistics ask for."""
    draft, scope = binding.tables[table.id], binding.row_scopes[table.id]
    parent = draft.parent
    pair = None if parent is None else keys_between(binding, draft, parent)
    if parent is None or pair is None or not is_written(binding, table.id, pair[0]) or binding.timeframe is None:
        return None
    word = binding.makers[table.id][0]
    declared = binding.drafting.nodes[table.id][word]
    names = tuple(declared.get("segment_variation") or ())
    source, segment_column = f'"{table.id}" as t', None
    segments: tuple[Segment, ...] = (Segment("", 1.0, ""),)
    if names:
        variation = find_variation(binding, scope, binding.tables[parent], names, "segment_variation")
        if variation is None or variation.shares is None:
            return None
        entity, _, column = variation.name.rpartition(".")
        entity = entity or parent
        joined = join_to(binding, draft, entity)
        if joined is None or not is_written(binding, entity, column):
            return None
        source, segment_column = joined, (entity, column)
        segments = tuple(
            Segment(name, share, f'e."{column}"::varchar = {quoted_text(name)}')
            for name, share in variation.shares.items()
        )
    return Setting(
        table=table.id,
        parent=parent,
        columns={role: name for role, name in scope.filled.items() if is_written(binding, table.id, name)},
        key=pair[0],
        source=source,
        segment_column=segment_column,
        segments=segments,
        entities=tables[parent].expected_rows,
        starts=None if scope.begin is None else scope.begins(),
        opens=binding.timeframe.start,
        end=binding.timeframe.end,
        declared=declared,
    )
