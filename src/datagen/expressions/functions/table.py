"""What a function or operator of the language is: the one record that the checker, the compiler and the docs read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from datagen.expressions.types import Signature, signature

if TYPE_CHECKING:
    import polars as pl

Build = Callable[..., Any]  # (making, *arguments) -> pl.Expr; constants (`!`) come as plain values
Fold = Callable[..., Any]  # the same on plain values without nulls; OverflowError says out of range


class Making(Protocol):
    """What a function may use while it becomes an expression over columns."""

    pl: Any  # the polars module
    result: str  # the type to make
    taken: tuple[str, ...]  # types of the arguments as they come

    def hold(self, value: pl.Expr) -> pl.Expr:
        """The value computed once and kept, to be used several times."""

    def refuse(self, bad: pl.Expr, why: str) -> None:
        """Stop with ExpressionOverflow when `bad` is true in a row that counts."""

    def where(self, condition: pl.Expr, value: Any, other: Any = None) -> pl.Expr:
        """`value` where the condition holds, else `other` (null)."""

    def known(self, value: pl.Expr, *arguments: pl.Expr) -> pl.Expr:
        """`value` where all of the arguments have one, else null."""

    def full(self, value: pl.Expr) -> pl.Expr:
        """The same floats as a column that is surely no scalar (-0.0 becomes 0.0).

        Polars keeps literals, columns of one row and choices that all rows agree on as scalars, and has shortcuts for
        those that move the last bit: x / s becomes x * (1 / s). A row must not depend on the rows made with it.
        """

    def text(self, value: pl.Expr, type: str) -> pl.Expr:
        """A value of any type as text."""


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    overflows: finite floats may give an infinite one. passes: places of float arguments whose infinity or NaN surely
    shows in the result, so that it need not be looked for before. nulls: may give null though no argument is null; as a
    function of the constant arguments (None where not constant) when it depends on them. accepts: what is wrong with
    the constant arguments (None where not constant), or an empty text.
    """

    takes: str
    build: Build
    fold: Fold | None = None
    overflows: bool = False
    passes: tuple[int, ...] = ()
    nulls: bool | Callable[..., bool] = False
    accepts: Callable[..., str] | None = None

    @property
    def signature(self) -> Signature:
        return signature(self.takes)


@dataclass(frozen=True, slots=True)
class Function:
    """An entry of the table. example: a formula of constants and its value, run by the tests and shown in the docs.

    strict: null when any argument is null. absorbs: null only when every argument is. shown: how it is written.
    """

    name: str
    group: str
    doc: str
    example: tuple[str, Any]
    overloads: tuple[Overload, ...]
    aliases: tuple[str, ...] = ()
    strict: bool = True
    absorbs: bool = False
    shown: str = ""

    @property
    def written(self) -> str:
        if self.shown:
            return self.shown
        places = max(len(overload.signature.parameters) for overload in self.overloads)
        return f"{self.name}({'t' if self.group == 'Times' else 'x'})" if places else f"{self.name}()"


def define(
    name: str,
    group: str,
    doc: str,
    example: tuple[str, Any],
    *overloads: Overload,
    aliases: tuple[str, ...] = (),
    strict: bool = True,
    absorbs: bool = False,
    shown: str = "",
) -> Function:
    """An entry of the table, in the order in which the docs show it."""
    return Function(name, group, doc, example, overloads, aliases, strict, absorbs, shown)
