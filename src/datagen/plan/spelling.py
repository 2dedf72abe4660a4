"""Spells a part with its parameters in one line, as plans and traces show it: `trend growth_rate 0.05, time_unit month`."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

WIDTH = 100


def spelled(word: str, params: Mapping[str, Any]) -> str:
    """The word, then names and values; long lists are cut."""
    inside = ", ".join(f"{key} {_value(value)}" for key, value in params.items() if value is not None)
    return textwrap.shorten(f"{word} {inside}".strip(), WIDTH, placeholder=" …")


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "(" + ", ".join(f"{key} {_value(one)}" for key, one in value.items() if one is not None) + ")"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)
