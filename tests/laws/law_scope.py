"""A stand-in for the plan's scope: expressions are names of given columns, refusals are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Values
from datagen.kernel.address import root_addresses
from datagen.kernel.draws import uniform
from datagen.laws._bind import bind_law


@dataclass
class Column:
    """A column of the row: what an expression of its name gives."""

    array: NDArray[Any]
    type: str = "float"
    valid: NDArray[np.bool_] | None = None

    def __call__(self, block: Any) -> Values:
        return Values("int" if self.type == "int" else "float", self.array[block.places], self.valid_at(block))

    def valid_at(self, block: Any) -> NDArray[np.bool_] | None:
        return None if self.valid is None else self.valid[block.places]


class Rows:
    """A block of some rows of the given columns."""

    def __init__(self, places: NDArray[np.int64]) -> None:
        self.places = places

    @property
    def rows(self) -> int:
        return len(self.places)


@dataclass
class LawScope:
    """What a law asks while it is bound."""

    columns: Mapping[str, Column] = field(default_factory=dict)
    version_1: bool = False
    table: str = "orders"
    column: str = "amount"
    said: list[dict[str, Any]] = field(default_factory=list)

    def expression(self, text: str, field: Any, *, extra: Any = None) -> Column:
        return self.columns[text]

    def length(self, text: str, field: Any) -> Column | None:
        if self.columns[text].type == "duration":
            return self.columns[text]
        self.refuse("law.no_unit", field)
        return None

    def names_in(self, text: str) -> tuple[str, ...]:
        return (text,) if text in self.columns else ()

    def refuse(self, code: str, field: str | Sequence[str | int] = (), **facts: Any) -> None:
        empty = {"severity": "error", "hint": "", "expected": ""}
        self.said.append({"code": code, "field": tuple(field), **empty, **facts})


def law(word: str, /, **params: Any) -> dict[str, Any]:
    """A law in canonical form; `lambda_` is `lambda`, bounds stay beside the parameters."""
    beside = {key: params.pop(key) for key in ("clamp", "truncate", "keep_mean") if key in params}
    return {"type": word, "params": {key.removesuffix("_"): value for key, value in params.items()}, **beside}


def bound(spec: Any, *, durations: bool = False, **columns: Any) -> Any:
    """The draw of a law that must bind. Arrays are columns that its expressions may name."""
    scope = LawScope({name: value if isinstance(value, Column) else Column(value) for name, value in columns.items()})
    draw = bind_law(spec, scope, "law", durations=durations)  # type: ignore[arg-type]
    assert not scope.said, scope.said
    assert draw is not None
    return draw


def refused(spec: Any, *, durations: bool = False, version_1: bool = False) -> list[dict[str, Any]]:
    """The findings of a law that must not bind."""
    scope = LawScope(version_1=version_1)
    draw = bind_law(spec, scope, "law", durations=durations)  # type: ignore[arg-type]
    assert draw is None, draw
    assert scope.said
    return scope.said


def uniforms(n: int, salt: int = 11) -> NDArray[np.float64]:
    """(n,) fixed uniforms."""
    return uniform(root_addresses(1, np.arange(n)), salt)


def whole_block(n: int) -> Rows:
    return Rows(np.arange(n))
