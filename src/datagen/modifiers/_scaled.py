"""A column times or plus an array, without a word where a number becomes too large: sealing says that with a count."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from datagen.contracts import Values
from datagen.modifiers._numbers import floats


def scaled(values: Values, factors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) float64 value × factor; infinite or undefined beyond the floats."""
    numbers = floats(values)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.multiply(numbers, factors, out=numbers)


def shifted(values: Values, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) float64 value + amount; infinite or undefined beyond the floats."""
    numbers = floats(values)
    with np.errstate(over="ignore", invalid="ignore"):
        return np.add(numbers, amounts, out=numbers)
