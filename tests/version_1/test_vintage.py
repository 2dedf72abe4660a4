"""The age curves of the original requirements run unchanged: what they declare is asked of the written CSV files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from datagen import api
from tests.recovery.estimates import close, slope
from tests.written import Tables, share_error, written

SCHEMA = Path(__file__).with_name("vintage.json")
CURVE = (1.0, 0.75, 0.6, 0.5, 0.45, 0.4)
RATE = 30 / 731 * 30.4375  # rows of an active user in a month of age: 30 in the whole window


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return written(SCHEMA, tmp_path_factory.mktemp("vintage"))


def test_it_is_planned_without_a_finding() -> None:
    assert api.prepare(SCHEMA).bind().findings == ()


def test_times_stand_on_their_grids_inside_the_window_and_after_the_creation(shop: Tables) -> None:
    assert shop.row(
        """select count(*) filter (created_at != date_trunc('day', created_at)), min(created_at)::varchar < '2023-01-15',
        max(created_at)::varchar < '2025' from user"""
    ) == (0, True, True)
    assert shop.row(
        """select count(*) filter (purchased_at != date_trunc('hour', purchased_at)),
        count(*) filter (purchased_at < created_at), max(purchased_at)::varchar < '2025' from purchase join user using (user_id)"""
    ) == (0, 0, True)


def test_purchases_by_age_and_the_share_of_active_users_follow_the_curve(shop: Tables) -> None:
    for age, wanted in enumerate(CURVE):
        people, rows, active = shop.row(
            f"""with followed as (select * from user where created_at < timestamp '2025-01-01' - to_seconds({(age + 1) * 2629800})),
            aged as (select user_id from purchase join followed using (user_id)
                where floor(epoch(purchased_at - created_at) / 2629800) = {age})
            select (select count(*) from followed), (select count(*) from aged), (select count(distinct user_id) from aged)"""
        )
        # those who leave in a month do so in its last fifth: a tenth of the step to the next month is missing
        there = wanted - 0.1 * (wanted - CURVE[min(age + 1, 5)])
        variance = RATE * there + RATE**2 * there * (1 - there)
        close(f"purchases at age {age}", rows / people, RATE * there, 3 * (variance / people) ** 0.5)
        share = wanted * (1 - np.exp(-RATE))
        close(f"active at age {age}", active / people, share, share_error(share, people, 3) + 0.01)


@pytest.mark.parametrize(("column", "bound"), [("amount", 0.015), ("quantity", 0.05)])
def test_values_grow_with_the_logarithm_of_the_age(shop: Tables, column: str, bound: float) -> None:
    rows = shop.rows(
        f"select ln(1 + epoch(purchased_at - created_at) / 2629800), {column} from purchase join user using (user_id)"
    )
    x, y = (np.array(numbers, dtype=np.float64) for numbers in zip(*rows, strict=True))
    line = slope(x, y)
    base = y.mean() - line.slope * x.mean()
    close(f"growth of {column}", line.slope / base, 0.15, max(bound, 3 * line.error / base))


def test_quantities_stay_whole(shop: Tables) -> None:
    assert shop.value("select count(*) from purchase where quantity != round(quantity) or quantity < 1") == 0
