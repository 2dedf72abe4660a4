"""Binds the effects of a table to its number of rows, or says why they cannot be known before the rows are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from datagen.contracts import Scope
from datagen.errors import listed
from datagen.generators._interval import TimeBounds
from datagen.generators._reading import read_again
from datagen.modifiers._effect_table import BoundEffect, bind_effect, effect_reads
from datagen.modifiers._shapes import Shapes, own_effects, table_effects
from datagen.modifiers._volume import Picked, VolumeEffect
from datagen.modifiers._volume_keys import Key, key_of

if TYPE_CHECKING:
    from datagen.modifiers.effect import Effect


def volume_reads(time: Scope) -> list[str | tuple[str, str]]:
    """What the number of rows reads because of the table's effects: names of an ancestor's columns, (table, column)s.

    time: the scope of the table's time column.
    """
    reads: list[str | tuple[str, str]] = []
    effects = table_effects(time)
    for effect in (*effects, *(own_effects(time) if effects else ())):
        reads += effect_reads(effect, time)
        for local in effect.on:
            key = key_of(local, time)
            if key is not None and not key.constant:
                reads.append(key.name if key.name else (key.table, key.column))
    return reads


def volume(effects: Sequence[tuple[Effect, Scope]], time: Scope | None) -> VolumeEffect | None:
    """The effects of a table on its number of rows; None after a refusal, or when none of them applies.

    effects: those of the table, in order, each with a scope placed at its own arguments. time: the scope of the table's
    time column, with its bounds, placed at its generator; None when there is none.
    """
    from datagen.generators.datetime_series import DatetimeSeries

    if not effects:
        return None
    first = effects[0][1]
    if time is None or time.own_columns[time.column][0] != "datetime_series":
        first.refuse(
            "effect.no_density",
            (),
            found=f"an effect on the volume of {first.table}, which has no time column with a density",
            expected="a datetime_series column: it says when the rows would fall without the effect",
        )
        return None
    if not first.ancestors:
        first.refuse(
            "effect.no_fanout",
            (),
            found=f"an effect on the volume of {first.table}, whose rows are a fixed number",
            expected="a table with a driving parent",
            hint=f"as a modifier of {time.column} it shapes when the rows fall",
        )
        return None
    bound: list[tuple[BoundEffect, dict[str, Key]]] = []
    for effect, scope in effects:
        if effect.effect_table.lower() == scope.table.lower():
            scope.refuse(
                "effect.own_table",
                "effect_table",
                found=f"the volume of {scope.table} read from {scope.table} itself",
                expected="another table, whose rows are there before these are counted",
            )
            return None
        keys = _keys(effect, scope)
        one = _bind_one(effect, scope, keys or {})
        if one is not None and keys is not None:
            bound.append((one, keys))
    before, picked = _before(time, first), _picked(bound, first)
    series = read_again(DatetimeSeries, time.own_columns[time.column][1])
    density = None if series is None else series.density(time)
    _refuse_row_bounds(time, first)
    if density is None or before is None or not bound:
        return None
    home = f"{time.table}.{time.column}"
    return VolumeEffect(density, before, tuple(one for one, _ in bound), TimeBounds.of(time), picked, home)


def _keys(effect: Effect, scope: Scope) -> dict[str, Key] | None:
    """Where each key is known, or None after a refusal. Names that do not exist are left to the binding."""
    keys: dict[str, Key] = {}
    unknown = []
    for local in effect.on:
        key = key_of(local, scope)
        if key is not None:
            keys[local] = key
        elif scope.type_of(local) is not None:
            unknown.append(local)
    for local in unknown:
        scope.refuse(
            "effect.key_not_known_before_rows",
            ("on", local),
            found=f"{scope.table}.{local}, drawn for each row: there is no row yet when their number is decided",
            expected=f"a column of {scope.ancestors[0]}, a lookup of it or of a looked-up row, or a constant",
            hint="as a modifier of the time column the effect shapes when the rows fall",
        )
    return None if unknown else keys


def _bind_one(effect: Effect, scope: Scope, keys: dict[str, Key]) -> BoundEffect | None:
    from datagen.modifiers.effect import refuse_shape

    refuse_shape(effect, scope)
    ways = {local: key.way(scope) for local, key in keys.items() if not key.picked}
    return bind_effect(effect, scope, ways, loud=True)


def _before(time: Scope, first: Scope) -> Shapes | None:
    """The effects of the time column itself, read as a parent reads them; None after a refusal."""
    bound: list[BoundEffect] = []
    for effect in own_effects(time):
        keys = {local: key_of(local, time) for local in effect.on}
        late = [local for local, key in keys.items() if key is None or key.picked]
        late = [local for local in late if time.type_of(local) is not None]
        if late:
            first.refuse(
                "effect.two_levels",
                (),
                found=f"an effect on the volume beside one on {time.column}, whose key {late[0]} no parent knows",
                expected="effects on the time column whose keys are those of the driving parent",
            )
            return None
        one = bind_effect(
            effect, time, {local: key.way(time) for local, key in keys.items() if key is not None}, loud=False
        )
        if one is not None:
            bound.append(one)
    return Shapes(tuple(bound))


def _picked(bound: Sequence[tuple[BoundEffect, dict[str, Key]]], first: Scope) -> Picked | None:
    """The one lookup whose picks carry keys, or None. Keys of several kinds at once are refused."""
    lookups = sorted({(key.picked, key.table) for _, keys in bound for key in keys.values() if key.picked})
    if not lookups:
        return None
    others = sorted({local for _, keys in bound for local, key in keys.items() if not key.picked})
    if others or len(lookups) > 1:
        names = listed([*(column for column, _ in lookups), *others])
        first.refuse(
            "effect.keys_of_two_rows",
            (),
            found=f"effects on the volume of {first.table} through {names}",
            expected="keys of the driving parent only, or of one looked-up row only",
        )
        return None
    [(column, table)] = lookups
    return Picked(column, table, tuple(tuple(key.column for key in keys.values()) for _, keys in bound))


def _refuse_row_bounds(time: Scope, first: Scope) -> None:
    """Times bounded by a column of their own row: the room of a row is not known when rows are counted."""
    for bound in (*time.lower, *time.upper):
        path = getattr(bound.reader, "path", None)  # a reader without one reads a constant
        if path is not None and path.ancestor is None:
            first.refuse(
                "effect.bounded_by_row",
                (),
                found=f"an effect on the volume of {time.table}, and {bound.text}",
                expected=f"bounds of {time.column} that the driving parent knows",
                hint=f"bound the other column instead, or make the effect a modifier of {time.column}",
            )
