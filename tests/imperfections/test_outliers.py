"""Numbers recorded far off by a factor, times by days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.imperfections.documents import pairs
from tests.parts.proofs import proof


@proof("imperfection", "outliers")
def test_outliers_are_the_number_times_the_factor() -> None:
    column = {
        "lognormal": {"median": 30, "sigma": 0.5},
        "imperfections": {"outliers": {"rate": "10%", "magnitude": "3..9"}},
    }
    pure, dirty = pairs(column)
    factors = dirty / pure
    assert len(factors) == 400
    assert 3 - 1e-6 < factors.min() < 3.2
    assert 8.8 < factors.max() < 9 + 1e-6


def test_outliers_without_a_magnitude_are_three_times_off_at_least() -> None:
    pure, dirty = pairs({"uniform": {"low": 1, "high": 2}, "imperfections": {"outliers": "10%"}})
    assert (dirty / pure).min() > 3 - 1e-6
    assert abs(float((dirty / pure).median()) - 10.0) < 4 * 1.2533 * 5 / np.sqrt(
        400
    )  # 4 errors of a median, sd about 5


@pytest.mark.parametrize(
    "column",
    [
        {"type": "int", "constant": 0},
        {"constant": 0.0, "type": "float"},
        {"constant": 1, "type": "int"},
        {"constant": 1.0, "type": "float", "decimals": 0},
    ],
)
@pytest.mark.parametrize("magnitude", [1, 1.2, 0.9, 7])
def test_every_outlier_differs_however_it_is_rounded(column: dict[str, Any], magnitude: float) -> None:
    _, dirty = pairs({**column, "imperfections": {"outliers": {"rate": "25%", "magnitude": magnitude}}}, rows=100)
    assert len(dirty) == 25


def test_outliers_of_times_are_days_later() -> None:
    for column in ({"datetime_series": {}}, {"type": "date", "datetime_series": {}}):
        pure, dirty = pairs({**column, "imperfections": {"outliers": {"rate": "1%", "magnitude": "180..720"}}})
        days = (dirty - pure).dt.total_days()
        assert len(days) == 40
        assert days.min() >= 180
        assert days.max() <= 720
        assert days.n_unique() > 20
