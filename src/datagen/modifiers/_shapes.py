"""What shapes when the rows of a time column fall: its own seasonalities and effects, and the effects of its table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.generators._reading import read_again
from datagen.kernel.density import TimeDensity
from datagen.kernel.effects import Stretches, multiplied
from datagen.kernel.keyed_density import KeyedLaw, PlainLaw, TimeLaw
from datagen.modifiers._effect_table import BoundEffect, bind_effect, effect_reads

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from datagen.contracts import Part
    from datagen.modifiers.effect import Effect
    from datagen.modifiers.seasonality import Seasonality
    from datagen.modifiers.trend import Trend

Ints = NDArray[np.int64]
SEASONED = ("datetime_series", "after")  # generators of times whose density a seasonality multiplies


@dataclass(frozen=True, slots=True)
class Shapes:
    """Effects that multiply a density. Seasonalities are in the density already."""

    effects: tuple[BoundEffect, ...]

    def law(self, block: Block, density: TimeDensity) -> tuple[TimeLaw, Ints | None]:
        """The density times the effects, and (n,) the key of each row in it."""
        parts = [self.part(effect, block) for effect in self.effects]
        key = ("shaped density", self.effects)
        return shaped(density, parts, block, key)

    @staticmethod
    def part(effect: BoundEffect, block: Block) -> tuple[Stretches, Ints | None]:
        """The stretches of an effect and the key of each row in them."""
        source = effect.source(block)
        effect.refuse_negative(source)
        return source.stretches, effect.codes(block, source)


def shaped(
    density: TimeDensity, parts: Sequence[tuple[Stretches, Ints | None]], block: Block, key: object
) -> tuple[TimeLaw, Ints | None]:
    """A density times several effects. Without keys, or with a single effect, it is made once per run under `key`."""
    if not parts:
        return PlainLaw(density), None
    if len(parts) == 1:
        law: KeyedLaw = block.once((key, id(density)), lambda: KeyedLaw(density, parts[0][0]))
        return law, parts[0][1]
    if all(codes is None for _, codes in parts):
        zero = np.zeros(1, dtype=np.int64)
        law = block.once((key, id(density)), lambda: KeyedLaw(density, multiplied([(one, zero) for one, _ in parts])))
        return law, None
    tuples, codes = combinations([codes for _, codes in parts], block.rows)
    return KeyedLaw(density, multiplied([(one, tuples[:, place]) for place, (one, _) in enumerate(parts)])), codes


def combinations(codes: Sequence[Ints | None], rows: int) -> tuple[NDArray[np.int64], Ints]:
    """(t, parts) the distinct combinations of keys, and (n,) which of them each row has."""
    columns = [np.zeros(rows, dtype=np.int64) if one is None else one for one in codes]
    place, first = np.zeros(rows, dtype=np.int64), np.zeros(min(rows, 1), dtype=np.int64)
    for column in columns:
        mixed = place * (int(column.max(initial=0)) + 1) + column
        _, first, place = np.unique(mixed, return_index=True, return_inverse=True)
    return np.stack([column[first] for column in columns], axis=1), place


def seasons(scope: Scope) -> list[Seasonality]:
    """The seasonality modifiers of this column; those that do not validate are refused where they stand."""
    written = _written(scope.own_modifiers, "seasonality")
    if not written:
        return []
    from datagen.modifiers.seasonality import Seasonality

    return [season for _, season in _parsed(Seasonality, written)]


def growths(scope: Scope) -> list[tuple[int, Trend]]:
    """The trends on when the rows of this column fall, each with its place among the modifiers."""
    written = _written(scope.own_modifiers, "trend")
    if not written:
        return []
    from datagen.modifiers.trend import Trend

    return [(place, trend) for place, trend in _parsed(Trend, written) if trend.shapes]


def own_effects(scope: Scope) -> list[Effect]:
    """The effect modifiers of this column."""
    return _effects(scope.own_modifiers)


def table_effects(scope: Scope) -> list[Effect]:
    """The effect modifiers of the table, when this is its time column."""
    return _effects(scope.table_modifiers) if scope.column == scope.time_column else []


def makers(scope: Scope) -> tuple[str, ...]:
    """The words of the generators of this column: of a case, those of its branches."""
    from datagen.plan.names import makers_of

    return tuple(word for word, _ in makers_of(*scope.own_columns[scope.column]))


def takes_seasons(scope: Scope) -> bool:
    """Whether the generators of this column have a density that a seasonality multiplies."""
    return all(word in SEASONED for word in makers(scope))


def shape_reads(scope: Scope) -> list[str | tuple[str, str]]:
    """What the density of a time column reads."""
    reads: list[str | tuple[str, str]] = []
    for effect, ways in (*((one, {}) for one in own_effects(scope)), *_of_table(scope)):
        names = [ways.get(local, local) for local in effect.on]
        reads += [*(name for name in names if isinstance(name, str)), *effect_reads(effect, scope)]
    return reads


def bind_shapes(scope: Scope) -> Shapes:
    """The effects of a time column, silently: what is wrong with them is said where they stand."""
    bound = [bind_effect(effect, scope, {}, loud=False) for effect in own_effects(scope)]
    bound += [bind_effect(effect, scope, ways, loud=False) for effect, ways in _of_table(scope)]
    return Shapes(tuple(effect for effect in bound if effect is not None))


def _of_table(scope: Scope) -> list[tuple[Effect, dict[str, Any]]]:
    """The effects of the table, when this is its time column, each with the ways to its keys."""
    effects = table_effects(scope)
    if not effects:
        return []
    from datagen.modifiers._volume_keys import row_ways

    return [(effect, row_ways(effect, scope)) for effect in effects]


def _effects(modifiers: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Effect]:
    written = _written(modifiers, "effect")
    if not written:
        return []
    from datagen.modifiers.effect import Effect

    return [effect for _, effect in _parsed(Effect, written)]


def _written(modifiers: Sequence[tuple[str, Mapping[str, Any]]], word: str) -> list[tuple[int, Mapping[str, Any]]]:
    """What is written for one word among modifiers, each with its place. Its file is loaded where there is any."""
    return [(place, args) for place, (name, args) in enumerate(modifiers) if name == word]


def _parsed(model: type[Part], written: Sequence[tuple[int, Mapping[str, Any]]]) -> list[tuple[int, Any]]:
    """The parts of what is written; those that do not validate are left out."""
    parsed = [(place, read_again(model, args)) for place, args in written]
    return [(place, part) for place, part in parsed if part is not None]
