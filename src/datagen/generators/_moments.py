"""A moment as users write it, the same for all rows: a date, a time, or an expression over the window's ends."""

from __future__ import annotations

from typing import Any, cast

from datagen.contracts import Block, Scope
from datagen.schema.times import parse_time

WINDOW = ("timeframe.start", "timeframe.end")


class _OneRow:
    """Stands in for a block before there are any: enough to read a constant."""

    rows = 1


def moment(value: Any, scope: Scope, field: tuple[str | int, ...]) -> int | None:
    """Microseconds of a moment, or None after a refusal."""
    if isinstance(value, str):
        time = parse_time(value)
        if isinstance(time, int):
            return time
        names = scope.names_in(value)
        if names and all(name.lower() in WINDOW for name in names) and scope.timeframe is not None:
            reader = scope.expression(value, field)  # type: ignore[arg-type]
            if reader.type in ("datetime", "date"):
                return int(reader(cast(Block, _OneRow())).array[0])
    scope.refuse(
        "time.unreadable",
        field,
        found=f"{value!r}",
        expected="a date or a time such as 2024-11-29, or one counted from timeframe.start or timeframe.end",
    )
    return None
