"""Says where each planted effect is declared, which nobody could see in data of this size, and of which too little is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from datagen.plan.binding import Binding
from datagen.plan.effects import VISIBLE, PlantedEffect

Loc = tuple[str | int, ...]
MOST_TIMES = 1e12  # times the rows that a message speaks of: nobody has more


def placed(binding: Binding, effects: Sequence[PlantedEffect]) -> tuple[PlantedEffect, ...]:
    """The effects with the place of their declaration; of those that cannot be seen a finding is left."""
    found = []
    for effect in effects:
        loc = effect.loc or declared_at(binding, effect)
        if effect.visible is False:
            _say(binding, effect, loc)
        if effect.unsure and binding.look:
            say_untold(binding, loc, f"{effect.id}: {effect.expected:.4g} without a standard error", effect.unsure)
        found.append(replace(effect, loc=loc, json_path=binding.document.place(loc).json_path))
    return tuple(found)


def _say(binding: Binding, effect: PlantedEffect, loc: Loc) -> None:
    errors = effect.errors
    assert errors is not None  # else nobody knows whether it can be seen
    times = (VISIBLE / errors) * (VISIBLE / errors) if errors > 0 else math.inf  # a power raises where this is too much
    much = f"about {times:,.1f} times the rows would show it" if times < MOST_TIMES else ""
    binding.refuse(
        "effect.invisible",
        loc,
        found=f"{effect.id}: {effect.expected:.4g} ± {effect.standard_error:.2g} at this size, "
        f"{effect.absent:.4g} without it: planted, but {errors:.1f} standard errors are too few to see",
        expected=f"more than {VISIBLE:g} standard errors between the two",
        hint=much,
        severity="info",
    )


def say_untold(binding: Binding, loc: Loc, what: str, why: str) -> None:
    """Leave a finding of what the plan cannot say of something planted."""
    binding.refuse("effect.untold", loc, found=f"{what}: {why}", severity="info")


def declared_at(binding: Binding, effect: PlantedEffect) -> Loc:
    """Where an effect stands in the document, as far as its sort and its columns tell."""
    table, column = effect.columns[0] if effect.columns else (effect.table, "")
    draft = binding.tables[table]
    node = binding.drafting.nodes[draft.id]
    match effect.kind:
        case "segment_rows" | "segment_values":
            spec = node.get("segment_behavior") or {}
            inside = next((key for key in ("segments", "behaviors") if isinstance(spec.get(key), Mapping)), None)
            key = "fanout_multiplier" if effect.kind == "segment_rows" else "value_multiplier"
            value = str(effect.parameters.get("value"))
            return (*draft.loc, "segment_behavior", *([] if inside is None else [inside]), value, key)
        case _:
            found = draft.columns.get(column)
            return draft.loc if found is None else found.loc
