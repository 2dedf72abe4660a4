"""What arithmetic modifiers share: the value so far as floats, and a refusal where the column is no number."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Scope, Values


def floats(values: Values) -> NDArray[np.float64]:
    """(n,) the numbers of a column as float64, the caller's to change."""
    return np.array(values.array, dtype=np.float64)


def needs_number(scope: Scope, modifier: str) -> bool:
    """True when the value so far is a number; refuses otherwise."""
    if scope.value_type in ("int", "float"):
        return True
    scope.refuse(
        "modifier.needs_number",
        (),
        found=f"{modifier} on {scope.value_type} values",
        expected="a column of type int or float",
    )
    return False


def both(first: NDArray[np.bool_] | None, second: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Where both columns have a value."""
    if first is None:
        return second
    return first if second is None else first & second
