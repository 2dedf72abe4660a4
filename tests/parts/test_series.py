"""`series`: values that remember the ones before them. How well that is found again stands in tests/recovery."""

from __future__ import annotations

import numpy as np

from tests.parts.columns import values
from tests.parts.proofs import proof

ROWS = 4_000


def kept(found: np.ndarray) -> float:  # type: ignore[type-arg]
    """Correlation of neighbours."""
    return float(np.corrcoef(found[1:], found[:-1])[0, 1])


@proof("generator", "series")
def test_neighbours_are_alike_as_much_as_the_weight_says() -> None:
    found = values({"series": {"ar": [0.8], "std": 2}}, rows=ROWS).to_numpy()
    assert found.std() > 0
    # 4 standard errors of sqrt((1 - 0.64) / n)
    assert abs(kept(found) - 0.8) < 4 * (0.36 / ROWS) ** 0.5


@proof("generator", "series")
def test_a_sum_moves_by_the_values_of_the_series() -> None:
    once = values({"series": {"ar": [0.5]}}, rows=ROWS).to_numpy()
    summed = values({"series": {"ar": [0.5], "d": 1}}, rows=ROWS).to_numpy()
    assert np.allclose(np.cumsum(once), summed, atol=1e-4)  # both are written with 10 digits
    assert np.ptp(summed) > np.ptp(once)


def test_a_price_never_falls_to_nought() -> None:
    found = values({"series": {"gbm": {"start": 5, "drift": -0.01, "std": 0.1}}}, rows=ROWS).to_numpy()
    assert found[0] == 5
    assert (found > 0).all()
