"""The table of functions as a page of the documentation."""

from __future__ import annotations

from typing import Any

from datagen.expressions.functions import FUNCTIONS


def function_tables() -> str:
    """All functions and operators as Markdown tables, by group: how each is written, what it does, an example."""
    groups: dict[str, list[str]] = {}
    for function in FUNCTIONS.values():
        written, value = function.example
        others = [alias for alias in function.aliases if f"{alias}(" not in function.written]
        also = f" (also {', '.join(f'`{alias}`' for alias in others)})" if others else ""
        row = (
            f"| {_code(function.written)}{also} | {_cell(function.doc)} | {_code(written)} is {_code(_shown(value))} |"
        )
        groups.setdefault(function.group, []).append(row)
    head = "| Written | Gives | Example |\n|---|---|---|"
    return "\n\n".join(f"### {group}\n\n{head}\n" + "\n".join(rows) for group, rows in groups.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f"'{value}'"
        if isinstance(value, str)
        else f"{value:.10g}"
        if isinstance(value, float) and value % 1
        else str(value)
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{_cell(text)}`"
