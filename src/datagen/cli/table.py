"""Prints tables: drawn by rich on a terminal, as plain aligned text elsewhere; no value can steer the terminal."""

from __future__ import annotations

import datetime
import os
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from datagen.cli import screen

WIDEST = 40  # characters of one value


def plain_value(value: Any) -> Any:
    """A value of a frame as JSON knows it."""
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    return value.isoformat() if isinstance(value, datetime.date) else value


def cell(value: Any) -> str:
    """A value in one line of printable characters."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        text = value.isoformat(sep=" ")
    elif isinstance(value, float):
        text = format(value, ".10g")
    else:
        text = screen.printable(str(value))
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], *, empty: str = ""
) -> None:
    """Print a table with a title. right: which columns are aligned to the right."""
    if sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "") not in ("", "dumb"):
        _drawn(title, header, rows, right, empty)
    else:
        screen.say(_plain(title, header, rows, right, empty))


def _drawn(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], empty: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for first, last in _groups(widths_of(header, rows), console.width):
        title = title if (first, last) == (0, len(header)) else f"{title.split(',')[0]}, columns {first + 1} to {last}"
        table = Table(title=Text(title, style="bold"), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name, to_right in zip(header[first:last], right[first:last], strict=True):
            table.add_column(Text(name), justify="right" if to_right else "left", overflow="ellipsis", no_wrap=True)
        for row in rows:
            table.add_row(*(Text(value, style="dim" if value == "null" else "") for value in row[first:last]))
        console.print(table)
    if not rows:
        console.print(Text(empty, style="dim"))


def _groups(widths: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Runs of columns that fit beside each other, as (first, last exclusive)."""
    groups: list[tuple[int, int]] = []
    first, used = 0, 0
    for place, width in enumerate(widths):
        if place > first and used + width + 3 > most:
            groups.append((first, place))
            first, used = place, 0
        used += width + 3
    return [*groups, (first, len(widths))]


def widths_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """The width that each column needs."""
    return [max(width_of(text) for text in column) for column in zip(header, *rows, strict=True)]


def _plain(title: str, header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool], empty: str) -> str:
    widths = widths_of(header, rows)
    lines = [title]
    for row in (header, *rows):
        cells = (
            " " * (width - width_of(text)) + text if to_right else text + " " * (width - width_of(text))
            for text, width, to_right in zip(row, widths, right, strict=True)
        )
        lines.append("  " + "  ".join(cells).rstrip())
    if not rows:
        lines.append(f"  ({empty})")
    return "\n".join(lines) + "\n\n"


def width_of(text: str) -> int:
    """Columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)
