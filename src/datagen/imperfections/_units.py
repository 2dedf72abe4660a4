"""The smallest difference that a column can show: what an error must move a value by to be seen."""

from __future__ import annotations

from datagen.contracts import Scope

DAY_US = 86_400_000_000
PRECISION_US = {"s": 1_000_000, "ms": 1_000, "us": 1}


def smallest_step(scope: Scope) -> float:
    """1 of whole numbers, 10^-decimals of others (0 without decimals), microseconds of a time."""
    match scope.column_type:
        case "datetime":
            return float(PRECISION_US[scope.precision])
        case "date":
            return float(DAY_US)
        case "int":
            return 1.0
        case _:
            return 0.0 if scope.decimals is None else float(f"1e-{scope.decimals}")
