"""Effects on the volume of rows in time: the rate of parents whose key matches, while a window of the effect is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Scope
from datagen.generators._reading import read_again
from datagen.kernel.effects import Stretches
from datagen.modifiers._shapes import Shapes
from datagen.rows._contract import RowScope
from datagen.rows._rate import Windows


def bind_windows(
    effects: Sequence[tuple[Scope, Mapping[str, Any]]],
    of_table: Sequence[tuple[Scope, Mapping[str, Any]]],
    scope: RowScope,
) -> tuple[Windows, ...] | None:
    """The effects of a fan-out and of its table, each with its scope placed at its arguments; None after a refusal.

    The names of a fan-out's effect are its driving parent's, those of a table's effect its own rows'.
    """
    from datagen.modifiers._effect_table import bind_effect
    from datagen.modifiers.effect import Effect, refuse_shape

    bound: list[Windows] = []
    for here, args in (*effects, *of_table):
        effect = read_again(Effect, args) if here in [one for one, _ in of_table] else here.part(Effect, args)  # type: ignore[attr-defined]
        if effect is None:
            return None
        ways: dict[str, Any] = {}
        if here in [one for one, _ in of_table]:
            late = _ways(effect, here, ways)
            if late:
                here.refuse(
                    "effect.key_not_known_before_rows",
                    ("on", late),
                    found=f"{scope.own}.{late}, drawn for each row: there is no row yet when their number is decided",
                    expected=f"a column of {scope.parent}, or a constant",
                    hint="as a modifier of a number the effect changes values",
                )
                return None
        if effect.effect_table.lower() == scope.own.lower():
            here.refuse(
                "effect.own_table",
                "effect_table",
                found=f"the volume of {scope.own} read from {scope.own} itself",
                expected="another table, whose rows are there before these are counted",
            )
            return None
        refuse_shape(effect, here)
        one = bind_effect(effect, here, ways, loud=True)
        if one is None:
            return None

        def windows(parent: Block, one: Any = one) -> tuple[Stretches, NDArray[np.int64] | None]:
            return Shapes.part(one, parent)

        bound.append(windows)
    return tuple(bound)


def _ways(effect: Any, here: Scope, ways: dict[str, Any]) -> str:
    """Find how a parent reads each key of a table's effect; the first key that it cannot know, or nothing."""
    from datagen.modifiers._volume_keys import key_of

    for local in effect.on:
        key = key_of(local, here)
        if key is None and here.type_of(local) is None:
            continue  # an unknown name: the binding says so
        if key is None or key.picked:
            return str(local)
        ways[local] = key.way(here)
    return ""


def window_reads(effects: Sequence[tuple[Scope, Mapping[str, Any]]]) -> list[Any]:
    """What the effects read: names of the driving parent, and (table, column)s of effect tables."""
    from datagen.modifiers._effect_table import effect_reads
    from datagen.modifiers.effect import Effect

    found: list[Any] = []
    for here, args in effects:
        effect = here.part(Effect, args)  # type: ignore[attr-defined]
        if effect is not None:
            found += [*effect.on, *effect_reads(effect, here)]
    return found
