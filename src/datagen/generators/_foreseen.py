"""How a column's numbers are told before any row is made: as so many values that are about equally likely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

POINTS = 1_000  # shares below 0.1 % are not seen


def even_shares(points: int = POINTS) -> NDArray[np.float64]:
    """(points,) the middles of so many equal parts of [0, 1]."""
    return (np.arange(points) + 0.5) / points


def weighted(values: NDArray[np.float64], shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """(POINTS,) of the values, each as often as its share says."""
    return values[np.minimum(np.searchsorted(np.cumsum(shares), even_shares()), len(values) - 1)]
