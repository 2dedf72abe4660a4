"""Laws whose parameters vary by row: a mean from a segment, a rate from a forecast.

A mean or a scale moves and stretches a standard table; other parameters go through the exact inverse. Each row's value
depends on its own uniform and parameters alone, never on the rows beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Block, Reader
from datagen.errors import Finding, SchemaError
from datagen.kernel.elementary import exp, log
from datagen.laws._draws import BoundDraw, Row, TableDraw, whole_numbers
from datagen.laws._law import Continuous, Domain, Floats, Parametric, Params
from datagen.laws.constant import Constant


class RowDraw(BoundDraw):
    """A law with parameters that vary by row.

    home: `table.column`, for messages. NaN where a parameter is null. Raises SchemaError "law.parameter_out_of_range".
    """

    constant = False

    def __init__(self, law: Parametric, p: Mapping[str, float | Reader], home: str) -> None:
        self._law, self._p, self._home = law, p, home
        self._facts = {name: math.nan if callable(value) else value for name, value in p.items()}
        only_whole = all(value.type == "int" if callable(value) else value.is_integer() for value in p.values())
        self.discrete = whole_numbers(law) or (isinstance(law, Constant) and only_whole)
        standard = law.affine(self._facts) if isinstance(law, Continuous) else None
        fixed = standard is not None and not any(math.isnan(value) for value in standard[3].values())
        self._standard = TableDraw(standard[2], standard[3]) if standard is not None and fixed else None

    def at(self, block: Block | None) -> Row:
        if block is None:
            raise TypeError("this law's parameters depend on the row: quantile and cdf need the block")
        p, missing = read_parameters(self._law, self._p, block, self._home)
        return _RowsOfLaw(self._law, p, missing, self._standard)

    def support(self) -> tuple[float, float]:
        low, high = self._law.support_of(self._facts)
        return (-math.inf if math.isnan(low) else low), (math.inf if math.isnan(high) else high)


class _RowsOfLaw:
    """A law in the rows of one block."""

    def __init__(
        self, law: Parametric, p: Params, missing: NDArray[np.bool_] | None, standard: TableDraw | None
    ) -> None:
        self._law, self._p, self.missing = law, p, missing
        self._standard = standard
        if standard is not None and isinstance(law, Continuous):
            affine = law.affine(p)
            self._via_exp = law.VIA_EXP
            self._location: Any = affine[0] if affine else 0.0
            self._scale: Any = affine[1] if affine else 1.0

    def quantile(self, u: Floats) -> Floats:
        with np.errstate(over="ignore", under="ignore"):  # what becomes infinite is refused where values are sealed
            return self._quantile(u)

    def _quantile(self, u: Floats) -> Floats:
        if self._standard is None:
            values = self._law.inverse(u, self._p)
        else:
            values = self._standard.quantile(u)
            np.multiply(values, self._scale, out=values)
            np.add(values, self._location, out=values)
            if self._via_exp:
                values = exp(values)
        return values

    def cdf(self, x: Floats) -> Floats:
        if self._standard is None:
            return self._law.cdf(x, self._p)
        if self._via_exp:
            x = log(np.maximum(x, 0.0))
        return self._standard.cdf((x - self._location) / self._scale)


def read_parameters(
    law: Parametric, p: Mapping[str, float | Reader], block: Block, home: str
) -> tuple[dict[str, Any], NDArray[np.bool_] | None]:
    """Parameters in the rows of a block, checked; and the rows where one is null (they get a harmless number)."""
    values: dict[str, Any] = {}
    missing = np.zeros(block.rows, dtype=np.bool_)
    for name, value in p.items():
        if not callable(value):
            values[name] = value
            continue
        column = value(block)
        numbers = np.array(column.array, dtype=np.float64)
        if column.valid is not None:
            numbers[~column.valid] = harmless(law.DOMAINS[name])
            missing |= ~column.valid
        wrong = ~law.DOMAINS[name].holds(numbers)
        if wrong.any():
            raise out_of_range(home, wrong, numbers, name, law.DOMAINS[name].text(name))
        values[name] = numbers
    for holds, field, expected, hint in law.relations(values):
        wrong = np.broadcast_to(~np.asarray(holds), missing.shape) & ~missing
        if wrong.any():
            shown = np.broadcast_to(np.asarray(values.get(field, math.nan), dtype=np.float64), missing.shape)
            raise out_of_range(home, wrong, shown, field, expected, hint)
    return values, missing if missing.any() else None


def harmless(domain: Domain) -> float:
    """A number inside a domain, to calculate with where there is none."""
    return next(number for number in (1.0, 3.0, 0.5, 0.0) if domain.holds(number))


def out_of_range(
    home: str, wrong: NDArray[np.bool_], numbers: Floats, name: str, expected: str, hint: str = ""
) -> SchemaError:
    """What a run says when an expression gives a parameter that the law cannot have."""
    example = numbers[wrong][0]
    return SchemaError(
        Finding(
            code="law.parameter_out_of_range",
            json_path=home,
            found=f"{int(wrong.sum()):,} rows of one block, such as {name} = {example:.10g}",
            expected=expected,
            hint=hint or f"bound the expression of {name}: greatest(…, …), least(…, …)",
        )
    )
