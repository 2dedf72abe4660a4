"""Random numbers by a law: normal, lognormal, uniform, Poisson and the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from datagen.contracts import Block, ColumnType, Draw, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError


class Distribution(Generator):
    """One draw per row from a law.

    Params: a law (`type`, `params`, and `clamp` or `truncate`), any of whose parameters may be an expression. Fills float64;
    an int column rounds to nearest. An inequality constraint cuts the draw to the allowed interval. One draw per row.
    Source: inverse CDF.
    """

    STEERED: ClassVar[bool] = True
    EXAMPLES = [
        {"distribution": {"type": "normal", "params": {"mean": 40, "std": 12}, "clamp": [18, 95]}},
        {"distribution": {"type": "poisson", "params": {"lambda": 3}}},
    ]

    type: str
    params: dict[str, Any] = Field(default_factory=dict)
    clamp: list[float | None] | None = None
    truncate: list[float | None] | None = None
    keep_mean: bool = False

    @property
    def law(self) -> dict[str, Any]:
        """The law in canonical form."""
        spec: dict[str, Any] = {"type": self.type, "params": self.params}
        if self.clamp is not None:
            spec["clamp"] = self.clamp
        if self.truncate is not None:
            spec["truncate"] = self.truncate
        if self.keep_mean:
            spec["keep_mean"] = True
        return spec

    def reads(self, scope: Scope) -> Iterable[str]:
        return scope.law_reads(self.law)

    def infer(self, scope: Scope) -> ColumnType:
        from datagen.registry import find

        law = find("law", self.type)
        whole = bool(law is not None and law.discrete) or self.params.get("integers") is True
        return "int" if whole else "float"

    def support(self, scope: Scope) -> tuple[float, float] | None:
        draw = scope.law(self.law, "")
        if draw is None:
            return None
        low, high = draw.support()
        whole = scope.column_type == "int"
        return (float(np.rint(low)), float(np.rint(high))) if whole else (low, high)

    def bind(self, scope: Scope) -> Fill:
        draw = scope.law(self.law, "")
        scope.fits("float", "")
        if draw is None:
            return lambda block: Values("float", np.zeros(block.rows))
        salt = scope.salt("draw")
        if not scope.lower and not scope.upper:
            if scope.unique:
                return _unique_integers(draw, self.type == "uniform" and self.clamp is None, scope)
            return lambda block: Values("float", draw.quantile(block.uniform(salt), block))
        return _steered(draw, salt, scope)


def _unique_integers(draw: Draw, uniform: bool, scope: Scope) -> Fill:
    """Every whole number of a uniform law at most once: the row's rank under a keyed permutation of the domain."""
    from datagen.kernel.permute import permuted_rank

    low, high = draw.support()
    whole = uniform and draw.constant and (draw.discrete or scope.column_type == "int")
    if not whole:
        if draw.discrete or scope.column_type == "int":
            scope.refuse(
                "unique.not_by_law", "type", found="a law whose whole numbers repeat, on a column whose values must be unique",
                expected="uniform whole numbers (`low..high`), a sequence or a uuid",
            )
        salt = scope.salt("draw")
        return lambda block: Values("float", draw.quantile(block.uniform(salt), block))
    size = int(high) - int(low) + 1
    key = scope.salt("permutation")
    scope.domain(size, "")
    table, column = scope.table, scope.column

    def fill(block: Block) -> Values:
        if block.total(table) > size:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small", json_path=f"{table}.{column}",
                    found=f"{size:,} possible values < {block.total(table):,} rows", expected="a wider range, or fewer rows",
                )
            )
        return Values("int", permuted_rank(block.row_number, size, key) + int(low))

    return fill


def _steered(draw: Draw, salt: int, scope: Scope) -> Fill:
    """Draws cut to the interval that the inequality constraints leave in each row."""
    lower, upper = tuple(scope.lower), tuple(scope.upper)
    table, column = scope.table, scope.column
    # the grid that sealing rounds to: bounds move onto it, so that rounding cannot leave them
    whole = scope.column_type == "int" or draw.discrete
    step = 1.0 if whole else 0.0 if scope.decimals is None else 10.0**-scope.decimals

    def fill(block: Block) -> Values:
        u = block.uniform(salt)
        low = np.full(block.rows, -np.inf)
        high = np.full(block.rows, np.inf)
        known = np.ones(block.rows, dtype=np.bool_)
        strict_low = np.zeros(block.rows, dtype=np.bool_)
        strict_high = np.zeros(block.rows, dtype=np.bool_)
        for bounds, edge, strict, better in ((lower, low, strict_low, np.greater), (upper, high, strict_high, np.less)):
            for bound in bounds:
                values = bound.reader(block)
                there = np.ones(block.rows, np.bool_) if values.valid is None else values.valid
                tighter = there & (better(values.array, edge) | ((values.array == edge) & bound.strict))
                edge[tighter] = values.array[tighter]
                strict[tighter] = bound.strict
                known &= there
        if step:
            # a hair of slack keeps 0.1 + 0.2 on the grid point that it means
            first, last = np.ceil(low / step - 1e-6), np.floor(high / step + 1e-6)
            low = np.where(strict_low & (np.abs(first * step - low) < step * 1e-5), first + 1, first) * step
            high = np.where(strict_high & (np.abs(last * step - high) < step * 1e-5), last - 1, last) * step
            empty = low > high + step * 1e-5
        else:
            empty = (low > high) | ((low == high) & (strict_low | strict_high))
        if empty.any():
            at = int(np.flatnonzero(empty)[0])
            raise SchemaError(
                Finding(
                    code="constraint.empty_interval", json_path=f"{table}.{column}",
                    found=f"{int(empty.sum()):,} rows of one block with no value left between {low[at]:g} and {high[at]:g}",
                    expected="bounds that leave room: " + "; ".join(bound.text for bound in (*lower, *upper)),
                )
            )
        # below the smallest allowed value lies probability `left`; whole numbers need the value before it
        left = np.where(np.isfinite(low), draw.cdf(low - 1.0 if whole else low, block), 0.0)
        right = np.where(np.isfinite(high), draw.cdf(high, block), 1.0)
        values = draw.quantile(left + u * np.maximum(right - left, 0.0), block)
        return Values("float", np.clip(values, low, high))

    return fill
