"""Times recorded too late, by a law of delays or by classes of days."""

from __future__ import annotations

from collections import Counter

import numpy as np

from tests.imperfections.documents import pairs
from tests.parts.proofs import proof


def test_late_times_are_late_by_the_law() -> None:
    column = {
        "datetime_series": {},
        "imperfections": {"late": {"rate": "25%", "delay": {"exponential": {"mean": "6h"}}}},
    }
    pure, dirty = pairs(column)
    hours = (dirty - pure).dt.total_seconds() / 3600
    assert len(hours) == 1000
    assert hours.min() > 0
    assert abs(float(hours.mean()) - 6) < 4 * 6 / np.sqrt(1000)  # 4 standard errors


@proof("imperfection", "late")
def test_a_profile_is_exact_by_class() -> None:
    profile = {"same_day": "80%", "1-3d": "18%", "4-7d": "2%"}
    pure, dirty = pairs({"datetime_series": {}, "imperfections": {"late": {"profile": profile}}})
    days = Counter((dirty - pure).dt.total_days().to_list())
    assert sum(days[k] for k in (1, 2, 3)) == 720
    assert sum(days[k] for k in (4, 5, 6, 7)) == 80
    assert set(days) == {1, 2, 3, 4, 5, 6, 7}
    assert len(dirty) == 800


def test_delays_of_less_than_a_day_move_a_date_by_one() -> None:
    pure, dirty = pairs(
        {"type": "date", "datetime_series": {}, "imperfections": {"late": {"rate": "5%", "delay": "1h..2h"}}}
    )
    assert set((dirty - pure).dt.total_days().to_list()) == {1}
    assert len(dirty) == 200
