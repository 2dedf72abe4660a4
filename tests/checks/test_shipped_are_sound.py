"""Every shipped data set passes its own checks, at any size and seed: a false finding is worse than a missing check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.checks.broken import failures, judged, publish
from tests.stories.test_shipped import ONE

from datagen.datasets import shipped

SEEDS = (
    1,
    2,
    3,
)  # at k = 4.65 one run in 1,000 has a false finding: one in 14 of all of these together would be too many


def made(name: str, seed: int, scale: float) -> dict[str, Any]:
    """A data set's size: tapflow has totals that go with its number of accounts."""
    if name == "tapflow":
        return {"sets": list(ONE.items()) if scale < 1 else [("heartbeat_hours", 1), ("tap_days", 3)], "seed": seed}
    return {"scale": scale, "seed": seed}


def test_the_shop_is_worth_at_least_95_points(tmp_path: Path) -> None:
    checked = judged(publish("shop", tmp_path / "shop"))
    assert failures(checked) == {}
    assert checked.report.score.total >= 95
    assert len([one for one in checked.report.results if one.code == "effect.missed" and one.score is not None]) >= 30


@pytest.mark.parametrize("name", shipped())
def test_a_small_data_set_has_no_false_finding(name: str, tmp_path: Path) -> None:
    size = made(name, 4, 0.0003 if name == "orders" else 0.1)
    checked = judged(publish(name, tmp_path / "data", "parquet", **size))
    # figures of hardly a row may be any, and a metric has no tolerance but its bounds
    assert [one for one in checked.report.failed if one.code != "metric.missed"] == []
    assert checked.notes == ()


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", shipped())
def test_a_whole_data_set_has_no_false_finding(name: str, seed: int, tmp_path: Path) -> None:
    size = made(name, seed, 0.02 if name == "orders" else 1.0)
    format = ("parquet", "csv", "ndjson")[seed - 1]
    assert failures(judged(publish(name, tmp_path / "data", format, **size))) == {}
