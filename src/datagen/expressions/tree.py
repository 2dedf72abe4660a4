"""A formula as a tree of names, constants and calls; operators and `case` are calls too. Each node knows its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Name:
    """A column, or anything else that the row knows by a (dotted) name."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written out. type: one of `types.TYPES`; a time is a datetime, date or timedelta, months are an int."""

    value: Any
    type: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator by its name in the table of functions, with its arguments."""

    function: str
    arguments: tuple[Node, ...]
    start: int
    end: int


Node = Name | Constant | Call
