"""Series are found again in the written files: how much each value keeps of the one before, and where it returns to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datagen.errors import SchemaError
from datagen.kernel.recurrence import Series, moving, recur, stationary_start
from tests.support import plan_of, table_of
from tests.written import Tables, written

STEPS = 2_196  # 4 hours apart over 366 days


def readings(sensors: int = 4, *, on: bool = True, columns: dict[str, Any] | None = None) -> dict[str, Any]:
    made: dict[str, Any] = columns or {
        "level": {"series": {"ar": [0.7], "std": 2}},
        "mixed": {"series": {"ar": [0.6], "ma": [0.3]}},
        "warmth": {"series": {"ou": {"mean": 20, "reversion": 0.5, "std": 3, "time_unit": "day"}}},
        "price": {"series": {"gbm": {"start": 100, "drift": 0.1, "std": 0.2, "time_unit": "year"}}},
    }
    if not on:
        made = {name: {"normal": {"mean": 20, "std": 3}} for name in made}
    return {
        "name": "plant",
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {"name": "sensors", "rows": sensors, "columns": {"code": {"sequence": {}}}},
            {
                "name": "readings",
                "parents": ["sensors"],
                "fanout": {"every": "4h"},
                "columns": {"moment": {"role": "time"}, **made},
            },
        ],
    }


def paths(tables: Tables, column: str) -> np.ndarray[Any, Any]:
    """(sensors, steps) a column in the order of time."""
    rows = tables.rows(f"select sensors_id, {column} from readings order by sensors_id, moment")
    return np.array([value for _, value in rows]).reshape(-1, STEPS)


def kept(values: np.ndarray[Any, Any], lag: int = 1) -> float:
    """Autocorrelation."""
    own = values - values.mean()
    return float((own[:, lag:] * own[:, :-lag]).mean() / (own * own).mean())


def check_phi(tables: Tables, sensors: int) -> None:
    found = kept(paths(tables, "level"))
    # the acceptance tolerance at 2,000 steps; a standard error is sqrt((1 - 0.49) / n)
    bound = max(0.03, 3 * (0.51 / (sensors * STEPS)) ** 0.5)
    assert abs(found - 0.7) < bound, f"phi is {found:.3f}, declared 0.7"


def test_the_autoregressive_weight_is_found(tmp_path: Path):
    check_phi(written(readings(1), tmp_path / "out"), 1)


def test_without_memory_the_weight_is_nought(tmp_path: Path):
    with pytest.raises(AssertionError, match=r"phi is -?0\.0\d+, declared 0\.7"):
        check_phi(written(readings(1, on=False), tmp_path / "out"), 1)


def test_arma_weights_are_found(tmp_path: Path):
    values = paths(written(readings(8), tmp_path / "out"), "mixed")
    phi = kept(values, 2) / kept(values, 1)  # beyond the moving average each autocorrelation is φ times the last
    assert abs(phi - 0.6) < 0.03, f"phi is {phi:.3f}, declared 0.6"
    first = (1 + 0.6 * 0.3) * (0.6 + 0.3) / (1 + 2 * 0.6 * 0.3 + 0.09)
    assert abs(kept(values) - first) < 0.03


def test_the_mean_reversion_is_found_in_time(tmp_path: Path):
    values = paths(written(readings(8), tmp_path / "out"), "warmth")
    found = kept(values)
    assert abs(found - np.exp(-0.5 / 6)) < 0.03, f"{found:.3f} is kept in 4 hours"
    steps = (1 + found) / (1 - found)  # rows that are worth one independent row
    assert abs(values.mean() - 20) < 4 * 3 * (steps / values.size) ** 0.5
    assert abs(values.std() - 3) < 4 * 3 * (steps / 2 / values.size) ** 0.5


def test_the_volatility_of_a_price_is_found(tmp_path: Path):
    values = paths(written(readings(8), tmp_path / "out"), "price")
    moves = np.diff(np.log(values), axis=1)
    assert (values[:, 0] == 100).all()
    assert abs(moves.std() / (0.2 * (4 / 24 / 365.25) ** 0.5) - 1) < 4 / (2 * moves.size) ** 0.5


def test_a_series_starts_as_if_it_had_always_run():
    frame = table_of(plan_of(readings(4_000, columns={"level": {"series": {"ar": [0.9], "ma": [0.5]}}}) | {
        "timeframe": {"start": "2024-01-01", "end": "2024-01-02"}
    }), "readings")  # fmt: skip
    values = frame["level"].to_numpy().reshape(4_000, -1)
    spread = ((1 + 2 * 0.9 * 0.5 + 0.25) / (1 - 0.81)) ** 0.5
    for step in (0, 5, values.shape[1] - 1):
        assert abs(values[:, step].std() / spread - 1) < 4 / (2 * 4_000) ** 0.5, step


@pytest.mark.parametrize("size", [700, 5_000])
def test_series_are_the_same_in_blocks_of_any_size(size: int, monkeypatch: pytest.MonkeyPatch):
    plan = plan_of(readings(6))
    whole = table_of(plan, "readings")
    assert whole.equals(table_of(plan, "readings", block_rows=size))
    monkeypatch.setattr("datagen.engine.grain.WIDE_PARENT", 100)  # a parent's rows then span several blocks
    assert whole.equals(table_of(plan, "readings", block_rows=size))


def test_a_table_without_a_parent_is_one_series():
    plan = plan_of({"tables": [{"name": "days", "rows": 3_000, "columns": {"x": {"series": {"ar": [0.7]}}}}]})
    whole = table_of(plan, "days")
    assert whole.equals(table_of(plan, "days", block_rows=400))
    assert abs(kept(whole["x"].to_numpy()[None, :]) - 0.7) < 3 * (0.51 / 3_000) ** 0.5


def test_rows_out_of_order_follow_their_time(monkeypatch: pytest.MonkeyPatch):
    document = {
        "timeframe": {"start": "2024-01-01", "end": "2024-12-31"},
        "tables": [
            {
                "name": "sites",
                "rows": 1,
                "columns": {"code": {"sequence": {}}},
            },
            {
                "name": "days",
                "parents": ["sites"],
                "fanout": 3_000,
                "columns": {"moment": {"datetime_series": {}}, "x": {"series": {"ar": [0.9]}}},
            },
        ],
    }
    frame = table_of(plan_of(document), "days")
    assert abs(kept(frame.sort("moment", maintain_order=True)["x"].to_numpy()[None, :]) - 0.9) < 0.03
    assert kept(frame["x"].to_numpy()[None, :]) < 0.1
    monkeypatch.setattr("datagen.engine.grain.WIDE_PARENT", 100)  # the rows of one parent then span several blocks
    with pytest.raises(SchemaError, match="not in the order of moment"):
        table_of(plan_of(document), "days", block_rows=1_000)


def test_pieces_give_what_one_step_after_the_other_gives():
    generator = np.random.default_rng(3)
    lengths = np.array([1, 200, 63, 64, 65, 3])
    series = Series(lengths)
    shocks, start = generator.standard_normal(lengths.sum()), generator.standard_normal((6, 2))
    found = recur(series, [0.5, -0.3], shocks, start)
    wanted, at = [], 0
    for own, length in enumerate(lengths):
        one, two = start[own]
        for _ in range(length):
            one, two = 0.5 * one - 0.3 * two + shocks[at], one
            wanted.append(one)
            at += 1
    assert np.allclose(found, wanted, atol=1e-12)


def test_moving_averages_reach_before_the_beginning():
    found = moving(Series(np.array([2, 1])), [0.5, 0.1], np.array([1.0, 2.0, 3.0]), np.array([[4.0, 5.0], [6.0, 7.0]]))
    assert found == pytest.approx([1 + 0.5 * 4 + 0.1 * 5, 2 + 0.5 * 1 + 0.1 * 4, 3 + 0.5 * 6 + 0.1 * 7])


def test_the_covariance_of_a_start_is_that_of_the_textbook():
    assert stationary_start([0.5], [])[0, 0] == pytest.approx(1 / 0.75)
    both = stationary_start([0.5], [0.4])
    assert both[0, 0] == pytest.approx((1 + 2 * 0.5 * 0.4 + 0.16) / 0.75)
    assert both[0, 1] == both[1, 1] == 1.0
