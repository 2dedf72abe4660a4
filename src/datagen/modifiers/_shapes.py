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
    from datagen.modifiers.seasonality import Seasonality

    return _parsed(scope.own_modifiers, "seasonality", Seasonality)


def growths(scope: Scope) -> list[tuple[int, Trend]]:
    """The trends on when the rows of this column fall, each with its place among the modifiers."""
    from datagen.modifiers.trend import Trend

    parsed = [
        (place, read_again(Trend, args)) for place, (word, args) in enumerate(scope.own_modifiers) if word == "trend"
    ]
    return [(place, trend) for place, trend in parsed if trend is not None and trend.shapes]


def own_effects(scope: Scope) -> list[Effect]:
    """The effect modifiers of this column."""
    from datagen.modifiers.effect import Effect

    return _parsed(scope.own_modifiers, "effect", Effect)


def table_effects(scope: Scope) -> list[Effect]:
    """The effect modifiers of the table, when this is its time column."""
    from datagen.modifiers.effect import Effect

    return _parsed(scope.table_modifiers, "effect", Effect) if scope.column == scope.time_column else []


def makers(scope: Scope) -> tuple[str, ...]:
    """The words of the generators of this column: of a case, those of its branches."""
    from datagen.plan.names import makers_of

    return tuple(word for word, _ in makers_of(*scope.own_columns[scope.column]))


def takes_seasons(scope: Scope) -> bool:
    """Whether the generators of this column have a density that a seasonality multiplies."""
    return all(word in SEASONED for word in makers(scope))


def shape_reads(scope: Scope) -> list[str | tuple[str, str]]:
    """What the density of a time column reads."""
    from datagen.modifiers._volume_keys import row_ways

    reads: list[str | tuple[str, str]] = []
    tables = table_effects(scope)
    for effect in (*own_effects(scope), *tables):
        ways = row_ways(effect, scope) if effect in tables else {}
        names = [ways.get(local, local) for local in effect.on]
        reads += [*(name for name in names if isinstance(name, str)), *effect_reads(effect, scope)]
    return reads


def bind_shapes(scope: Scope) -> Shapes:
    """The effects of a time column, silently: what is wrong with them is said where they stand."""
    from datagen.modifiers._volume_keys import row_ways

    bound = [bind_effect(effect, scope, {}, loud=False) for effect in own_effects(scope)]
    bound += [bind_effect(effect, scope, row_ways(effect, scope), loud=False) for effect in table_effects(scope)]
    return Shapes(tuple(effect for effect in bound if effect is not None))


def _parsed(modifiers: Sequence[tuple[str, Mapping[str, Any]]], word: str, model: type[Part]) -> list[Any]:
    parsed = [read_again(model, args) for name, args in modifiers if name == word]
    return [part for part in parsed if part is not None]
