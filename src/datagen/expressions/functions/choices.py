"""Choosing between values: case, if, coalesce and what is made of them. Only the chosen branch may leave its range."""

from __future__ import annotations

from typing import Any

from datagen.expressions.functions.table import Making, Overload, define

GROUP = "Choices"


def nullif(make: Making, a: Any, b: Any) -> Any:
    a = make.hold(a)
    different = (b != a) if a.meta.is_literal() else (a != b)
    return make.where(different.fill_null(True), a)


def fold_case(*parts: Any) -> Any:
    for place in range(0, len(parts) - 1, 2):
        if parts[place]:
            return parts[place + 1]
    return parts[-1] if len(parts) % 2 else None


def fold_coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


FUNCTIONS = (
    define(
        "case",
        GROUP,
        "The value of the first condition that is true, else the last, else null; also `case x when 1 then …`",
        ("case when 1 > 2 then 'a' else 'b' end", "b"),
        # The compiler builds case, if and coalesce itself: what is not chosen must not be able to stop the run.
        Overload("bool, T, T?... -> T", lambda make, *parts: None, fold_case),
        strict=False,
        shown="case when c then a … else b end",
    ),
    define(
        "if",
        GROUP,
        "a when the condition is true, else b",
        ("if(1 > 2, 'a', 'b')", "b"),
        Overload("bool, T, T -> T", lambda make, *parts: None, fold_case),
        aliases=("iff",),
        strict=False,
        shown="if(c, a, b)",
    ),
    define(
        "coalesce",
        GROUP,
        "The first value that is not null",
        ("coalesce(null, 2, 3)", 2),
        Overload("T... -> T", lambda make, *parts: None, fold_coalesce),
        aliases=("ifnull",),
        strict=False,
        absorbs=True,
        shown="coalesce(a, b, …)",
    ),
    define(
        "nullif",
        GROUP,
        "Null when both are equal, else the first",
        ("nullif(1, 1) is null", True),
        Overload("T, T -> T", nullif, nulls=True),
        strict=False,
        shown="nullif(a, b)",
    ),
)
