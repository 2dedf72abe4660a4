"""What to write where a value of another shape stands: the right form, made of what was written where that is plain."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from datagen.schema.expand_laws import PARAMETERS
from datagen.schema.model_values import SHARE, keys_of
from datagen.schema.model_words import LAW_FORMS, LawSpec

NO_TEXTS = ("true", "false", "null")  # unquoted these are values of their own
MOST = 90  # letters of a form made of what was written; a longer one is no help
SHARE_TEXT = re.compile(SHARE)
AN_OBJECT = ("an object", "the parameters as an object")


def form_of(wanted: Any, key: str | int, value: Any, beside: Any) -> tuple[str, str]:
    """What an object at a key should look like, and what to write for the value that stands there.

    wanted: the type that the model gives for the place; beside: the object that holds the key. Two empty texts where
    neither is known.
    """
    if key == "params" and isinstance(beside, Mapping) and beside.get("type") in PARAMETERS:
        return _form_of_law(str(beside["type"]), value)
    if key == "weights" and isinstance(value, Mapping) and isinstance(beside, Mapping) and "choices" in beside:
        return "", f"write choices: {flow(value)}" if len(
            flow(value)
        ) <= MOST else "put the weights beside their choices"
    if key == "on" and isinstance(value, str):
        return "an object such as {key_of_this_row: column}", _hint({value: value})
    if not (isinstance(wanted, type) and issubclass(wanted, BaseModel)):
        return "", ""
    if wanted is LawSpec:
        return LAW_FORMS, f"write {value[0]}..{value[1]}" if _is_pair(value) else ""
    if "generator" in wanted.model_fields:
        meant = isinstance(value, int | float) and not isinstance(value, bool)
        return "a generator such as {uniform: {low: 1, high: 6}}", _hint({"expression": f"{value}"}) if meant else ""
    fields = {field.alias or name: field for name, field in wanted.model_fields.items()}
    needed = [name for name, field in fields.items() if field.is_required()]
    shown = needed or list(keys_of(wanted)[:3])
    form = f"an object such as {{{', '.join(f'{one}: …' for one in shown)}}}" if shown else ""
    text = [one for one in needed if fields[one].annotation is str] if isinstance(value, str) else []
    return form, _hint({text[0]: value}) if len(needed) == len(text) == 1 else ""


def form_beside(word: str, key: str, params: Any) -> str:
    """What to write for a key that belongs one level further down; an empty text for any other."""
    if word == "datetime_series" and key in ("start", "end") and isinstance(params, Mapping):
        ends = {one: params.get(one, "…") for one in ("start", "end")}
        return f"write within: {{start: {ends['start']}, end: {ends['end']}}}"
    return ""


def _form_of_law(law: str, value: Any) -> tuple[str, str]:
    names = [name for name in PARAMETERS[law] if name != "integers"]
    form = f"an object such as {{{', '.join(f'{name}: …' for name in names)}}}"
    if isinstance(value, Sequence) and not isinstance(value, str) and 0 < len(value) <= len(names):
        return form, _hint(dict(zip(names, value, strict=False)))
    return form, ""


def _is_pair(value: Any) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(type(end) in (int, float) for end in value)


def _hint(meant: Mapping[str, Any]) -> str:
    return f"write {flow(meant)}" if len(flow(meant)) <= MOST else ""


def flow(value: Any) -> str:
    """A value on one line, as YAML is written by hand: `{low: 1, high: 2}`."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(inner) for inner in value) + "]"
    if isinstance(value, str) and value[:1].isalpha() and value.replace("_", "").isalnum() and value not in NO_TEXTS:
        return value
    if isinstance(value, str) and SHARE_TEXT.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)
