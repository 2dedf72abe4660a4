"""Brings the short forms inside stages, states, life cycles and streams to the long ones.

Maps of stages become lists, laws take their one form. A state `{churned: 3%, upgraded: 1.25%}` becomes
`{next_states: {…}}`: next states without `transition_prob_per_period` are probabilities per period. A state without
next states is terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from datagen.errors import quoted
from datagen.schema.expand_columns import generator_of
from datagen.schema.expand_fanout import fanout_of
from datagen.schema.expand_laws import law_of
from datagen.schema.expand_modifiers import modifiers_of
from datagen.schema.expand_reading import (
    Reading,
    carry,
    each,
    key_mark,
    made,
    mark_of,
    rewritten,
    value_mark,
    without,
)
from datagen.schema.model_behaviors import State
from datagen.schema.model_values import comment_like, keys_of
from datagen.schema.tree import Map, Mark, Seq

# What makes a node a table of its parent's history.
PROCESS_KEYS = ("stage_config", "state_transition_model", "attribution_chain", "adoption_model", "lifecycle_model")
STATE_KEYS = frozenset(keys_of(State))
# The columns of a process table that declares none; those with `if` only beside that key of the process, those with
# `unless` only without it, those with `of` only for that output.
PROCESS_COLUMNS: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "stage_config": (
        {"name": "journey", "type": "int", "role": "journey", "if": "instances_per_parent"},
        {"name": "stage_index", "type": "int", "role": "stage_index"},
        {"name": "stage_name", "type": "string", "role": "stage"},
        {"name": "event_timestamp", "type": "datetime", "role": "time"},
    ),
    "lifecycle_model": (
        {"name": "stage_index", "type": "int", "role": "stage_index"},
        {"name": "stage_name", "type": "string", "role": "stage"},
        {"name": "event_type", "type": "string"},
        {"name": "event_timestamp", "type": "datetime", "role": "time"},
    ),
    "state_transition_model": (
        {"name": "state", "type": "string", "role": "state"},
        {"name": "previous_state", "type": "string", "nullable": True, "role": "previous_state", "of": "transitions"},
        {"name": "level", "type": "string", "role": "level", "if": "levels"},
        {"name": "value", "type": "float", "role": "level_value", "if": "levels"},
        {"name": "changed_at", "type": "datetime", "role": "time", "of": "transitions"},
        {"name": "valid_from", "type": "datetime", "role": "time", "of": "intervals"},
        {"name": "valid_to", "type": "datetime", "nullable": True, "role": "valid_to", "of": "intervals"},
        {"name": "is_current", "type": "bool", "role": "is_current", "of": "intervals"},
        {"name": "period", "type": "int", "role": "period", "of": "snapshots"},
        {"name": "snapshot_at", "type": "datetime", "role": "time", "of": "snapshots"},
    ),
    "attribution_chain": (
        {"name": "journey", "type": "int", "role": "journey"},
        {"name": "position", "type": "int", "role": "position"},
        {"name": "channel", "type": "string", "role": "touchpoint"},
        {"name": "touched_at", "type": "datetime", "role": "time"},
        {"name": "converted_at", "type": "datetime", "nullable": True, "role": "converted_at"},
    ),
    "adoption_model": (
        {"name": "category", "type": "string", "role": "segment", "if": "innovation_diffusion"},
        {"name": "adopted_at", "type": "datetime", "role": "time", "unless": "engagement_frequency"},
        {"name": "event", "type": "string", "role": "stage", "if": "engagement_frequency"},
        {"name": "event_timestamp", "type": "datetime", "role": "time", "if": "engagement_frequency"},
    ),
}
# Those of the table that an attribution_chain names for its conversions.
CONVERSION_COLUMNS: tuple[Mapping[str, Any], ...] = (
    {"name": "journey", "type": "int", "role": "journey"},
    {"name": "converted_at", "type": "datetime", "role": "time"},
)


def process_steps(reading: Reading) -> Mapping[str, Callable[[Any, Mark], Any]]:
    """What is done to the value of each process key of a node."""

    def inside(steps: Mapping[str, Callable[[Any, Mark], Any]]) -> Callable[[Any, Mark], Any]:
        return lambda value, _: rewritten(value, steps) if isinstance(value, Map) else value

    def law(value: Any, mark: Mark) -> Any:
        return law_of(value, mark, reading)

    def time_law(value: Any, mark: Mark) -> Any:
        return law_of(value, mark, reading, times=True)

    def fanout(value: Any, mark: Mark) -> Any:
        return fanout_of(value, mark, reading)

    def generator(value: Any, _: Mark) -> Any:
        return generator_of(value, reading) if isinstance(value, Map) else value

    def changed(value: Any, mark: Mark) -> Any:
        """A generator, with modifiers beside it if there are any."""
        if not isinstance(value, Map) or "modifiers" not in value:
            return generator(value, mark)
        rest = without(value, ("modifiers",))
        rest = rest["generator"] if set(rest) == {"generator"} else rest
        result = made(value.mark, {"generator": generator(rest, mark)})
        carry(result, value, "modifiers", modifiers_of(value["modifiers"], reading))
        return result

    def generators(value: Any, _: Mark) -> Any:
        return rewritten(value, dict.fromkeys(value, changed)) if isinstance(value, Map) else value

    def items(steps: Mapping[str, Callable[[Any, Mark], Any]]) -> Callable[[Any, Mark], Any]:
        one = inside(steps)
        return lambda value, _: each(value, one) if isinstance(value, Seq) else value

    def stages(scalar: str | None, steps: Mapping[str, Callable[[Any, Mark], Any]]) -> Callable[[Any, Mark], Any]:
        return lambda value, mark: items(steps)(_stages(value, scalar, reading), mark)

    return {
        "stage_config": inside(
            {
                "stages": stages("transition_rate", {"dwell": time_law}),
                "start": inside({"delay": time_law}),
                "instances_per_parent": law,
            }
        ),
        "state_transition_model": inside({"states": lambda value, _: _states(value)}),
        "lifecycle_model": inside({"stages": stages(None, {"duration": time_law})}),
        "attribution_chain": inside({"touches": law, "touchpoints_per_conversion": law}),
        "emits": items({"fanout": fanout, "fill_to": law, "at": changed, "event_type": changed, "columns": generators}),
    }


def with_process_columns(node: Map) -> Map:
    """A process table without columns, with those that its process fills."""
    words = [word for word in PROCESS_COLUMNS if isinstance(node.get(word), Map)]
    if "columns" in node or len(words) != 1:
        return node
    process, mark = node[words[0]], key_mark(node, words[0])
    columns = Seq(mark)
    for column in PROCESS_COLUMNS[words[0]]:
        given = "if" not in column or process.get(column["if"]) is not None
        given = given and ("unless" not in column or process.get(column["unless"]) is None)
        if given and column.get("of") in (None, process.get("output") or "transitions"):
            own = {key: value for key, value in column.items() if key not in ("if", "unless", "of")}
            columns.add(made(mark, own), mark=mark)
    result = without(node, ())
    result.put("columns", columns, key_mark=mark, value_mark=mark)
    return result


def with_conversion_columns(nodes: Seq) -> Seq:
    """Tables of conversions without columns, with those that the attribution_chain which names them fills."""
    named: dict[str, Mark] = {}
    for node in nodes:
        chain = node.get("attribution_chain") if isinstance(node, Map) else None
        if isinstance(chain, Map) and isinstance(chain.get("conversions"), str):
            named[chain["conversions"].lower()] = key_mark(chain, "conversions")

    def filled(node: Any, _: Mark) -> Any:
        name = node.get("id", node.get("name")) if isinstance(node, Map) else None
        if not isinstance(name, str) or name.lower() not in named or "columns" in node:
            return node
        mark, columns = named[name.lower()], Seq(named[name.lower()])
        for column in CONVERSION_COLUMNS:
            columns.add(made(mark, column), mark=mark)
        result = without(node, ())
        result.put("columns", columns, key_mark=mark, value_mark=mark)
        return result

    return each(nodes, filled) if named else nodes


def _stages(value: Any, scalar: str | None, reading: Reading) -> Any:
    """Stages as a list; a map names them in its order, and a bare value is the parameter `scalar`."""
    if not isinstance(value, Map):
        return value
    stages = Seq(value.mark)
    for name, written in value.items():
        mark = key_mark(value, name)
        stage = Map(mark_of(written, mark))
        stage.put("stage_name", name, key_mark=mark, value_mark=mark)
        if isinstance(written, Map):
            if written.get("stage_name", name) != name:
                reading.report(
                    "stage.two_names",
                    key_mark(written, "stage_name"),
                    found=f"stage {quoted(name)} named {quoted(written['stage_name'])}",
                    expected="one name: the key of the map",
                )
            for key in written:
                if key != "stage_name":
                    carry(stage, written, key)
        elif written is not None and scalar is not None and not isinstance(written, Seq):
            stage.put(scalar, written, key_mark=mark, value_mark=value_mark(value, name))
        elif written is not None:
            stages.add(written, mark=value_mark(value, name))
            continue
        stages.add(stage, mark=stage.mark)
    return stages


def _states(value: Any) -> Any:
    if not isinstance(value, Map):
        return value
    return rewritten(value, dict.fromkeys(value, _state))


def _state(value: Any, mark: Mark) -> Any:
    """One state: `{churned: 3%}` are its next states, nothing at all is the end."""
    if value is None:
        return made(mark, {"terminal": True})
    if not isinstance(value, Map) or not STATE_KEYS.isdisjoint(value):
        return value
    leaving = [key for key in value if not comment_like(key)]
    if any(isinstance(value[key], (Map, Seq)) for key in leaving):
        return value
    state, chances = Map(value.mark), Map(value.mark)
    for key in value:
        carry(chances if key in leaving else state, value, key)
    if leaving:
        state.put("next_states", chances)
    else:
        state.put("terminal", True)
    return state
