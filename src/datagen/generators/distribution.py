"""Random numbers by a law: normal, lognormal, uniform, Poisson and the others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from datagen.contracts import Block, ColumnType, Draw, Fill, Generator, Scope, Values
from datagen.errors import Finding, SchemaError
from datagen.generators._foreseen import even_shares
from datagen.generators._steered import on_grid, significant_step, steered

MOST_LISTED = 1_000  # whole numbers of a uniform law that are told one by one
MOST_EXPECTED_PAIRS = 0.01  # of equal values, beyond which a run is too likely to fail


class Distribution(Generator):
    """One draw per row from a law.

    Params: a law (`type`, `params`), any of whose parameters may be an expression; `clamp: [min, max]` (piles up at the
    bounds) or `truncate: [min, max]` (does not; with `keep_mean: true` its mean stays), either end may be null. Fills
    float64; an int column rounds to nearest. An inequality constraint cuts the draw to the allowed interval. One draw
    per row. Source: inverse CDF.
    """

    STEERED: ClassVar[bool] = True
    EXAMPLES: ClassVar[list[dict[str, Any]]] = [
        {"distribution": {"type": "normal", "params": {"mean": 40, "std": 12}, "clamp": [18, 95]}},
        {"distribution": {"type": "poisson", "params": {"lambda": 3}}},
    ]

    type: str = Field(description="word of the law")
    params: dict[str, Any] = Field(
        default_factory=dict, description="parameters of the law by name; any may be an expression"
    )
    clamp: list[float | None] | None = Field(
        default=None, description="[low, high]: values beyond an end are moved to it; null is open"
    )
    truncate: list[float | None] | None = Field(
        default=None, description="[low, high]: the law is cut, nothing piles up at the ends"
    )
    keep_mean: bool = Field(default=False, description="with truncate: move the law so that its mean stays as written")

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

    def listed(self, scope: Scope) -> list[Any] | None:
        whole = self.type == "uniform" and (self.params.get("integers") is True or scope.column_type == "int")
        support = self.support(scope) if whole else None
        if support is None or not 0 <= support[1] - support[0] < MOST_LISTED:
            return None
        return list(range(int(np.rint(support[0])), int(np.rint(support[1])) + 1))

    def foreseen(self, scope: Scope) -> NDArray[np.float64] | None:
        if scope.unique or scope.lower or scope.upper:
            return None  # other than as drawn
        draw = scope.law(self.law, "")
        return None if draw is None or not draw.constant else draw.quantile(even_shares(), None)

    def nearest(self, scope: Scope, edge: float, side: Literal["below", "above"], strict: bool) -> float:
        whole = scope.column_type == "int" or self.infer(scope) == "int"
        sign = 1.0 if side == "above" else -1.0
        return sign * float(on_grid(np.array([sign * edge]), np.array([strict]), 0 if whole else scope.decimals)[0])

    def bind(self, scope: Scope) -> Fill:
        draw = scope.law(self.law, "")
        scope.fits("float", "")
        if draw is None:
            return lambda block: Values("float", np.zeros(block.rows))
        if scope.unique:
            return self._unique(draw, scope)
        if scope.lower or scope.upper:
            return steered(draw, scope)
        salt = scope.salt("draw")
        return lambda block: _drawn(draw.quantile(block.uniform(salt), block), draw)

    def distinct(self, scope: Scope) -> bool:
        return scope.column_type == "int" or self.infer(scope) == "int"

    def _unique(self, draw: Draw, scope: Scope) -> Fill:
        """Whole numbers of a uniform law by a permutation; floats as drawn, where equal ones are not to be expected."""
        salt = scope.salt("draw")
        whole = draw.discrete or scope.column_type == "int"
        found = ""
        if scope.lower or scope.upper:
            found = "unique values that an inequality bounds too"
        elif whole and not (self.type == "uniform" and self.clamp is None and draw.constant):
            found = "a law whose whole numbers repeat, on a column whose values must be unique"
        elif not whole and draw.constant:
            rows = scope.expected_rows(scope.table)
            pairs = rows * (rows - 1) / 2 * chance_of_equal(draw, scope.decimals)
            if pairs > MOST_EXPECTED_PAIRS:
                found = f"about {pairs:.2g} pairs of equal values expected among {rows:,.0f} rows"
        if found:
            scope.refuse(
                "unique.not_by_law",
                "type",
                found=found,
                expected="uniform whole numbers (`low..high`), a sequence or a uuid",
            )
        elif whole:
            return _permuted(draw, scope)
        return lambda block: _drawn(draw.quantile(block.uniform(salt), block), draw)


def chance_of_equal(draw: Draw, decimals: int | None) -> float:
    """Probability that two draws of a continuous law are equal after sealing: the integral of density² × grid step."""
    u = (np.arange(4_000) + 0.5) / 4_000
    x = draw.quantile(u, None)
    widths = np.maximum(np.gradient(x), 1e-300)  # of 1/4,000 of the probability each
    step = significant_step(x) if decimals is None else np.full(len(x), 10.0**-decimals)
    return float(np.mean(np.minimum(step / (widths * len(u)), 1.0)))


def _permuted(draw: Draw, scope: Scope) -> Fill:
    """Every whole number of a uniform law at most once: the row's rank under a keyed permutation of the domain."""
    from datagen.kernel.permute import permuted_rank

    low, high = (int(np.rint(edge)) for edge in draw.support())
    size = high - low + 1
    key = scope.seeded("permutation")
    scope.domain(size, "")
    table, column = scope.table, scope.column

    def fill(block: Block) -> Values:
        if block.total(table) > size:
            raise SchemaError(
                Finding(
                    code="unique.domain_too_small",
                    json_path=f"{table}.{column}",
                    found=f"{size:,} possible values < {block.total(table):,} rows",
                    expected="a wider range, or fewer rows",
                )
            )
        return Values("int", permuted_rank(block.row_number, size, key) + low)

    return fill


def _drawn(values: NDArray[np.float64], draw: Draw) -> Values:
    """Draws as values: where a parameter was null there is none (laws give NaN there)."""
    missing = None if draw.constant else np.isnan(values)
    return Values("float", values, None if missing is None or not missing.any() else ~missing)
